"""Parallel coordinates: the trials of a search through all of their hyperparameters."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.figures.style import INK, MUTED, WIDTH, halo, new_figure, styled
from toonvision.figures.trials import BAD, BEST, PLAIN
from toonvision.tuning.insight import Ending, Line, ParallelCoordinates

_APART, _STEP = 0.05, 0.62
_STYLES: Mapping[Ending, Mapping[str, Any]] = {
    "diverged": {"color": BAD, "linewidth": 1.0, "linestyle": (0, (4, 2)), "alpha": 0.8},
    "done": {"color": PLAIN, "linewidth": 0.9, "alpha": 0.55},
    "best": {"color": BEST, "linewidth": 2.2, "alpha": 0.95},
}
_WORDS: Mapping[Ending, str] = {"best": "Best trials", "done": "Other finished trials", "diverged": "Diverged"}


@styled
def draw_parallel(parallel: ParallelCoordinates) -> Figure:
    """Draw parallel coordinates, with at least one trial, in a figure of their own."""
    figure = new_figure(max(WIDTH, _STEP * len(parallel.axes)), 4.3)
    draw_coordinates(figure.subplots(), parallel)
    seen = {line.ending for line in parallel.lines}
    handles = [Line2D([], [], **_STYLES[one], label=word) for one, word in _WORDS.items() if one in seen]
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles))
    return figure


@styled
def draw_coordinates(ax: Axes, parallel: ParallelCoordinates) -> Axes:
    """Draw an upright line for each hyperparameter and the loss at the right, and each trial as a line through all.

    Trials of the same value run a little apart, so that they can be distinguished.

    Args:
        ax: Where to draw.
        parallel: Coordinates and trials, at least one of each.
    """
    count = len(parallel.axes)
    for line, heights in zip(parallel.lines, _spread(parallel.lines), strict=True):
        ax.plot(range(count), heights, **_STYLES[line.ending], solid_joinstyle="round", zorder=2)
    for index, ticks in enumerate(parallel.axes.values()):
        ax.plot([index, index], [-_APART, 1 + _APART], color=INK if index == count - 1 else MUTED, linewidth=1.0,
                zorder=3)  # fmt: skip
        for at, text in ticks:
            ax.annotate(text, (index, at), (4, 0), textcoords="offset points", va="center_baseline", fontsize=8,
                        path_effects=halo(), zorder=5)  # fmt: skip
    many = count > 7
    ax.set_xticks(range(count), list(parallel.axes), rotation=30 if many else 0, ha="left" if many else "center",
                  rotation_mode="anchor", fontsize=8.5)  # fmt: skip
    ax.tick_params(axis="x", length=0, top=False, labeltop=True, labelbottom=False)
    ax.get_xticklabels()[-1].set_fontweight("bold")
    ax.set_yticks([])
    for side in ("left", "right", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.set_xlim(-0.1, count - 1 + 0.1 * count / 2)
    ax.set_ylim(-0.08, 1.08)
    return ax


def _spread(lines: tuple[Line, ...]) -> list[list[float]]:
    """Move lines that cross a coordinate at the same point apart, in their order by loss; the loss stays exact."""
    ranks = np.argsort(np.argsort([line.positions[-1] for line in lines]))
    shift = _APART * (ranks / max(1, len(lines) - 1) - 0.5)
    rows = [line.positions for line in lines]
    return [[*(at + by for at in row[:-1]), row[-1]] for row, by in zip(rows, shift, strict=True)]
