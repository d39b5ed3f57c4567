"""Which hyperparameters matter."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import MUTED, WIDTH, halo, new_figure, quiet_axis, styled
from toonvision.figures.trials import BEST, PLAIN
from toonvision.tuning.importance import Importance


@styled
def draw_importance(importance: Importance) -> Figure:
    """Draw the importance of hyperparameters, at least one, in a figure of its own."""
    figure = new_figure(WIDTH, 1.15 + 0.27 * len(importance.shares))
    draw_importance_bars(figure.subplots(), importance)
    return figure


@styled
def draw_importance_bars(ax: Axes, importance: Importance) -> Axes:
    """Draw a bar for each hyperparameter, the most important on top, and a line at what chance can reach.

    Args:
        ax: Where to draw.
        importance: At least one share.
    """
    names, shares = list(importance.shares), list(importance.shares.values())
    colors = [BEST if name in importance.telling else PLAIN for name in names]
    ax.barh(range(len(names)), shares, 0.66, color=colors)
    for row, share in enumerate(shares):
        ax.annotate(f"{100 * share:.0f} %", (share, row), (5, 0), textcoords="offset points", va="center_baseline",
                    fontsize=8.5, color=MUTED, path_effects=halo(), zorder=5)  # fmt: skip
    ax.axvline(importance.chance, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)), zorder=3)
    ax.annotate(
        "chance", (importance.chance, 0), (4, -3), xycoords=("data", "axes fraction"), textcoords="offset points",
        va="top", ha="center", fontsize=8.5, color=MUTED,
    )  # fmt: skip
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_xlim(0, 1.12 * max(*shares, importance.chance, 0.05))
    ax.set_xticks([])
    quiet_axis(ax)
    ax.set_title(f"Share of the variation between {importance.trials:,} trials; grey: no more than chance can reach")
    return ax
