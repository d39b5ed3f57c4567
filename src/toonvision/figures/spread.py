"""The spread over the trainings of a run, which differ by their seed alone."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import INK, MUTED, RIGHT, WIDTH, WRONG, halo, new_figure, quiet_axis, styled
from toonvision.figures.values import TrainingSpread
from toonvision.metrics.classification import Spread
from toonvision.metrics.intervals import Proportion


@styled
def draw_spread(value: TrainingSpread) -> Figure:
    """Draw how many predictions of each training are wrong, and in how many trainings each crop is."""
    figure = new_figure(WIDTH, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    draw_wrong_per_seed(left, value.spread, value.seeds, best=value.best)
    draw_wrong_in(right, value.wrong_in, repeats=len(value.seeds))
    return figure


@styled
def draw_wrong_per_seed(ax: Axes, spread: Spread, seeds: Sequence[int], *, best: int) -> Axes:
    """Draw the wrong predictions of each training as a dot with its 95 % interval.

    Args:
        ax: Where to draw.
        spread: Wrong predictions of each training.
        seeds: The seeds, in the same order.
        best: Index of the training whose model is the run's.
    """
    few = len(seeds) <= 25
    for at, wrong in enumerate(spread.wrong):
        low, high = (bound * spread.total for bound in Proportion(wrong, spread.total).interval)
        color = RIGHT if at == best else "#8A93A1"
        ax.plot([at, at], [low, high], color=color, linewidth=2.0, alpha=0.55, solid_capstyle="round")
        ax.plot([at], [wrong], "D" if at == best else "o", color=color, markersize=8 if few else 4)
        if few:
            ax.annotate(
                f"{wrong:,}", (at, wrong), (8, 0), textcoords="offset points", va="center_baseline",
                fontsize=9, fontweight="bold" if at == best else "normal", path_effects=halo(),
            )  # fmt: skip
    quiet_axis(ax, grid="y")
    ax.set_xlim(-0.5, len(seeds) - 0.35)
    low, high = ax.get_ylim()
    ax.set_ylim(max(0.0, low), high)
    _name_lines(ax, spread)
    ax.set_xticks(range(len(seeds)), [str(seed) for seed in seeds], fontsize=9 if few else 6)
    ax.set_xlabel("Seed of the training (diamond: the run's model)")
    ax.set_title(f"Wrong predictions of {spread.total:,}, with 95 % intervals")
    return ax


@styled
def draw_wrong_in(ax: Axes, wrong_in: npt.NDArray[np.int64], *, repeats: int) -> Axes:
    """Draw how many crops are wrong in one training, in two, and so on.

    Args:
        ax: Where to draw.
        wrong_in: Shape ``(samples,)``: in how many trainings each sample was wrong.
        repeats: How many trainings there were.
    """
    counts = np.bincount(wrong_in, minlength=repeats + 1)
    bars = ax.bar(range(1, repeats + 1), counts[1:], 0.72, color=WRONG)
    for bar, count in zip(bars, counts[1:].tolist(), strict=True):
        if repeats <= 25:
            ax.annotate(f"{count:,}", (bar.get_x() + bar.get_width() / 2, count), (0, 3), textcoords="offset points",
                        ha="center", fontsize=9, color=INK)  # fmt: skip
    quiet_axis(ax, grid="y")
    ax.set_ylim(0, max(1, int(counts[1:].max(initial=0))) * 1.12)
    ax.locator_params(axis="y", integer=True, nbins=6)
    ax.set_xlim(0.4, repeats + 0.6)
    ax.set_xticks(range(1, repeats + 1) if repeats <= 25 else range(5, repeats + 1, 5))
    ax.set_xlabel(f"Wrong in this many of {repeats} trainings")
    ax.set_title(f"{int(counts[0]):,} of {len(wrong_in):,} crops are never wrong")
    return ax


def _name_lines(ax: Axes, spread: Spread) -> None:
    """Draw lines at best, median and worst, with their names at the right, without overlap."""
    names: dict[int, list[str]] = {}
    for name in ("best", "median", "worst"):
        names.setdefault(getattr(spread, name).count, []).append(name)
    low, high = ax.get_ylim()
    at = -1.0
    for count, which in sorted(names.items()):
        ax.axhline(count, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
        at = max(at + 0.06, (count - low) / (high - low))
        name = " and ".join(", ".join(which).rsplit(", ", 1))
        ax.annotate(f"{name} {count:,}", (1, at), (4, 0), xycoords="axes fraction",
                    textcoords="offset points", va="center_baseline", fontsize=8.5, color=MUTED)  # fmt: skip
