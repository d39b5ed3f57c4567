"""Stress tests: the accuracy under each change of the crops."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import INK, MUTED, RIGHT, WIDTH, WRONG, new_figure, percent_axis, quiet_axis, styled
from toonvision.studies.stress import StressScore, StressTest

_ROW, _HEAD = 0.27, 0.95


@styled
def draw_stress(test: StressTest) -> Figure:
    """Draw a row for each change: the accuracy of the run's model as a dot on its 95 % interval."""
    figure = new_figure(WIDTH, _HEAD + _ROW * len(test.scores))
    draw_stress_rows(figure.subplots(), test)
    return figure


@styled
def draw_stress_rows(ax: Axes, test: StressTest) -> Axes:
    """Draw the rows of a stress test, unchanged crops on top.

    Args:
        ax: Where to draw.
        test: The scores; with several trainings a stroke stands at their mean.
    """
    plain = test.scores[0].right
    ax.axvspan(*plain.interval, color=RIGHT, alpha=0.08, linewidth=0, zorder=0)
    ax.axvline(plain.share, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)), zorder=0)
    for row, score in enumerate(test.scores):
        color = WRONG if score.right.interval[1] < plain.interval[0] else RIGHT
        ax.plot(score.right.interval, [row, row], color=color, linewidth=2.2, alpha=0.5, solid_capstyle="butt")
        if len(score.wrong) > 1:
            ax.plot([score.mean_accuracy], [row], "|", color=INK, markersize=9, markeredgewidth=1.4)
        ax.plot([score.right.share], [row], "o", color=color, markersize=6, markeredgewidth=0)
        ax.annotate(
            f"{100 * score.right.share:.1f} %", (1, row), (6, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center_baseline", fontsize=8.5, color=color,
            fontweight="bold" if color == WRONG else "normal",
        )  # fmt: skip
    ax.set_yticks(range(len(test.scores)), [_title(score) for score in test.scores])
    ax.set_ylim(len(test.scores) - 0.4, -0.6)
    lowest = min(score.right.interval[0] for score in test.scores)
    first = math.floor(lowest * 10) / 10 if lowest < 0.999 else 0.9
    room = 0.006 * (1 - first)
    percent_axis(ax, first - room, 1 + room, step=0.02 if first > 0.85 else 0.1)
    quiet_axis(ax)
    mean = "; strokes: mean of all trainings" if len(test.seeds) > 1 else ""
    ax.set_title(f"Accuracy on {test.scores[0].samples:,} crops with 95 % intervals; red: clearly lower{mean}")
    return ax


def _title(score: StressScore) -> str:
    return f"{score.kind}, {score.strength}" if score.kind else score.strength
