"""Leave-one-context-out: accuracy on a context that was not seen, beside that of an ordinary test."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.figures.style import (
    FAINT,
    INK,
    MUTED,
    WIDTH,
    halo,
    new_figure,
    percent_axis,
    quiet_axis,
    shorten,
    styled,
)
from toonvision.metrics.intervals import Proportion
from toonvision.studies.contexts import ContextStudy

_ALL = "All together"
_OFFSET = 0.17


@styled
def draw_contexts(study: ContextStudy) -> Figure:
    """Draw accuracy and macro F1 on each context that was left out, and the ordinary test beside them.

    Args:
        study: The result of leaving out each context.
    """
    figure = new_figure(WIDTH, 2.0 + 0.46 * (len(study.contexts) + 1))
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    draw_context_accuracy(left, study)
    draw_context_f1(right, study)
    right.set_yticks(left.get_yticks(), [])
    right.set_ylim(left.get_ylim())
    several = len(study.seeds) > 1
    handles = [
        Line2D([], [], color=INK, marker="o", linewidth=2.2, markersize=7, label="Not seen: mean with 95 % interval"),
        Line2D([], [], color=MUTED, marker="D", markerfacecolor="white", linewidth=1.2, markersize=6,
               label=f"Seen: the ordinary test ({study.ordinary})"),
    ]  # fmt: skip
    if several:
        handles.insert(
            1, Line2D([], [], color=MUTED, marker="|", linestyle="none", markersize=9, label="Each training")
        )
    if study.diverged:
        handles.append(Line2D([], [], linestyle="none", label=f"Left out: {study.diverged} that diverged"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


@styled
def draw_context_accuracy(ax: Axes, study: ContextStudy) -> Axes:
    """Draw the accuracy on each context left out, and on its pictures of the ordinary test, with 95 % intervals.

    Args:
        ax: Where to draw.
        study: The result of leaving out each context.
    """
    for row, score in enumerate(study.contexts):
        _dot(ax, row - _OFFSET, score.accuracy, color=score.color, marker="o", strong=True)
        if len(score.right) > 1:
            ticks = [count / score.samples for count in score.right]
            ax.plot(ticks, [row - _OFFSET] * len(ticks), "|", color=INK, markersize=9, markeredgewidth=1.0, zorder=4)
        if score.shared:
            _dot(ax, row + _OFFSET, score.ordinary, color=MUTED, marker="D", strong=False)
    last = len(study.contexts)
    ax.axhline(last - 0.5, color=FAINT, linewidth=1.0)
    _dot(ax, last - _OFFSET, study.held_out, color=INK, marker="o", strong=True)
    _dot(ax, last + _OFFSET, study.usual, color=MUTED, marker="D", strong=False)
    names = [f"{shorten(score.title, 26)}  ({score.samples:,})" for score in study.contexts]
    ax.set_yticks(range(last + 1), [*names, f"{_ALL}  ({study.held_out.total:,})"], fontsize=9)
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ax.set_ylim(last + 0.6, -0.6)
    quiet_axis(ax)
    _share_axis(ax, percent=True)
    ax.set_title("Accuracy on a context that was not seen (crops)")
    return ax


@styled
def draw_context_f1(ax: Axes, study: ContextStudy) -> Axes:
    """Draw macro F1 on each context left out: the mean of the trainings and their range.

    Args:
        ax: Where to draw.
        study: The result of leaving out each context.
    """
    for row, score in enumerate(study.contexts):
        _range(ax, row, score.macro_f1, color=score.color, marker="o")
    last = len(study.contexts)
    _range(ax, last, study.ordinary_macro_f1, color=MUTED, marker="D")
    ax.axhline(last - 0.5, color=FAINT, linewidth=1.0)
    ax.set_ylim(last + 0.6, -0.6)
    quiet_axis(ax)
    _share_axis(ax, percent=False)
    ax.set_title("Macro F1, mean and range")
    mean = sum(study.ordinary_macro_f1) / len(study.ordinary_macro_f1)
    ax.annotate("ordinary test", (mean, last), (0, -14), textcoords="offset points", ha="center",
                va="center_baseline", fontsize=8, color=MUTED, path_effects=halo())  # fmt: skip
    return ax


def _dot(ax: Axes, y: float, share: Proportion, *, color: str, marker: str, strong: bool) -> None:
    low, high = share.interval
    ax.plot([low, high], [y, y], color=color, linewidth=2.4 if strong else 1.2, alpha=0.7, solid_capstyle="round")
    ax.plot([share.share], [y], marker, color=color, markerfacecolor=color if strong else "white",
            markersize=8 if strong else 6, zorder=5)  # fmt: skip
    ax.annotate(f"{100 * share.share:.0f} %", (high, y), (6, 0), textcoords="offset points", va="center_baseline",
                fontsize=8.5 if strong else 7.5, color=INK if strong else MUTED, path_effects=halo())  # fmt: skip


def _range(ax: Axes, row: float, values: tuple[float, ...], *, color: str, marker: str) -> None:
    mean = sum(values) / len(values)
    ax.plot([min(values), max(values)], [row, row], color=color, linewidth=2.4, alpha=0.7, solid_capstyle="round")
    ax.plot([mean], [row], marker, color=color, markerfacecolor="white" if marker == "D" else color,
            markersize=7, zorder=5)  # fmt: skip
    ax.annotate(f"{mean:.2f}", (max(values), row), (8, 0), textcoords="offset points", va="center_baseline",
                fontsize=8.5, path_effects=halo())  # fmt: skip


def _share_axis(ax: Axes, *, percent: bool) -> None:
    """Name shares up to 1 on an axis that begins where the values do."""
    low = max(0.0, min(0.9, ax.get_xlim()[0]))
    percent_axis(ax, low, 1.06, step=0.05 if percent and low > 0.6 else 0.1 if low > 0.3 else 0.2)
    if not percent:
        ax.xaxis.set_major_formatter("{x:.1f}")
