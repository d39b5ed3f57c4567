"""Reliability diagrams: the confidence of predictions against how often they are right."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import FAINT, INK, MUTED, RIGHT, WIDTH, WRONG, new_figure, quiet_axis, styled
from toonvision.metrics.calibration import Calibration, Reliability


@styled
def draw_calibration(calibration: Calibration) -> Figure:
    """Draw reliability as trained and with the fitted temperature, beside each other."""
    figure = new_figure(WIDTH, 4.6)
    before, after = figure.subplots(1, 2)
    draw_reliability(before, calibration.before, title="As trained")
    fitted = ", fitted on these crops" if calibration.fitted_here else ""
    draw_reliability(after, calibration.after, title=f"With temperature {calibration.temperature:.2f}{fitted}")
    return figure


@styled
def draw_reliability(ax: Axes, reliability: Reliability, *, title: str = "") -> Axes:
    """Draw accuracy against confidence, a dot for each bin with its 95 % interval; calibrated ones are on the diagonal.

    Args:
        ax: Where to draw.
        reliability: The bins and their summary.
        title: What the panel shows.
    """
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)), zorder=1)
    for one in reliability.bins:
        share, color = one.right.share, WRONG if one.right.interval[1] < one.confidence else RIGHT
        ax.plot(one.bounds, [share, share], color=color, linewidth=5, alpha=0.25, solid_capstyle="butt", zorder=2)
        ax.plot([one.confidence] * 2, one.right.interval, color=color, linewidth=1.8, alpha=0.55, zorder=3)
        ax.plot([one.confidence], [share], "o", color=color, markersize=6, zorder=4)
    low, high = reliability.interval
    lines = (
        f"calibration error {100 * reliability.error:.1f} % ({100 * low:.1f}-{100 * high:.1f})",
        f"a calibrated model would stay below {100 * reliability.noise:.1f} %",
        f"confidence minus accuracy {100 * reliability.overconfident:+.1f} %",
    )
    ax.text(
        0.97, 0.04, "\n".join(lines), transform=ax.transAxes, ha="right", va="bottom", fontsize=8.5, color=INK,
        linespacing=1.4, bbox={"boxstyle": "round,pad=0.45", "facecolor": "#FFFFFF", "edgecolor": FAINT}, zorder=5,
    )  # fmt: skip
    first = min(one.bounds[0] for one in reliability.bins)
    lowest = min(first, *(one.right.interval[0] for one in reliability.bins))
    start = min(0.8, int(10 * lowest) / 10)
    ax.set_xlim(start, 1.01)
    ax.set_ylim(start, 1.01)
    ticks = [step / 10 for step in range(round(10 * start), 11, 1 if start >= 0.5 else 2)]
    ax.set_xticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    ax.set_yticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    ax.set_xlabel("Confidence")
    ax.set_ylabel("Accuracy")
    quiet_axis(ax, grid="both")
    ax.tick_params(labelcolor=MUTED)
    ax.set_title(title)
    return ax
