"""How good predictions are: scores of each class, confusion matrices, reliability diagrams, and breakdowns."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from toonvision.core.wording import between
from toonvision.evaluation.breakdown import FEW, Breakdown, Group
from toonvision.figures import style
from toonvision.figures.style import DASHED, FAINT, INK, MUTED, RIGHT, WIDTH, WRONG, styled
from toonvision.metrics.calibration import Calibration, Reliability
from toonvision.metrics.classification import wrong_only
from toonvision.metrics.novelty import NoveltyTest
from toonvision.tasks.classify_panels import ClassRow, ConfusionMatrix
from toonvision.taxonomy.labels import Category

_PRECISION, _RECALL, _DOT = "#0072B2", "#D55E00", "#3C6E9E"
_SCORE_BINS = 50
_MOST_BESIDE = 14
"""Classes of a confusion matrix that has room for another one beside it."""
_BLUES = LinearSegmentedColormap.from_list("right", ["#EAF2FA", "#7FB2DB", "#1F6FB2", "#08386B"])
_REDS = LinearSegmentedColormap.from_list("wrong", ["#FDE7DC", "#F4A582", "#CB3E36", "#6B0F1E"])


@styled
def draw_scores(rows: tuple[ClassRow, ...]) -> Figure:
    """Draw the scores of all classes in a figure of their own."""
    figure = style.new_figure(WIDTH, 1.2 + (0.52 if len(rows) <= 8 else 0.32) * len(rows))
    draw_class_scores(figure.subplots(), rows)
    handles = [
        style.key("Precision: right share of its predictions", color=_PRECISION, marker="o", linewidth=2),
        style.key("Recall: found share of its samples", color=_RECALL, marker="s", linewidth=2),
        style.key("F1", color=INK, marker="|", markersize=11, markeredgewidth=2),
    ]
    style.add_legend(figure, handles)
    return figure


@styled
def draw_class_scores(ax: Axes, rows: Sequence[ClassRow]) -> Axes:
    """Draw a row for each class: precision and recall as dots on their 95 % intervals, F1 as a line."""
    lowest = [row.f1 for row in rows]
    for at, row in enumerate(rows):
        for offset, color, marker, value in ((-0.17, _PRECISION, "o", row.precision), (0.17, _RECALL, "s", row.recall)):
            if value.total:
                style.interval_dot(ax, at + offset, value, color, marker=marker)
                lowest.append(value.interval[0])
        ax.plot([row.f1] * 2, [at - 0.34, at + 0.34], color=INK, linewidth=2)
        style.note_row(ax, at, f"{row.support:,} {'sample' if row.support == 1 else 'samples'}")
    style.name_rows(ax, [style.shorten(row.category.title, 28) for row in rows])
    first = min(8, int(5 * min(lowest)) * 2)
    style.percent_axis(ax, first / 10 - 0.01, 1.01, step=0.1 if first >= 6 else 0.2)
    style.quiet_axis(ax)
    ax.set_title("Precision, recall and F1 with 95 % intervals")
    return ax


@styled
def draw_confusion(confusion: ConfusionMatrix) -> Figure:
    """Draw the whole matrix, and beside it (for many classes below it) the wrong predictions on their own scale."""
    matrix, classes = confusion.matrix, confusion.classes
    beside = len(classes) <= _MOST_BESIDE
    side = min(WIDTH / 2, 3.4 + 0.3 * len(classes)) if beside else 9.2
    figure = style.new_figure(*((2 * side, 0.93 * side) if beside else (side, 1.9 * side)))
    upper, lower = figure.subplots(1, 2) if beside else figure.subplots(2, 1)
    wrong = wrong_only(matrix)
    draw_matrix(upper, matrix, classes, title="All predictions")
    draw_matrix(lower, wrong, classes, title=f"Wrong predictions: {int(wrong.sum()):,}", scale=_REDS, by_row=False)
    return figure


@styled
def draw_matrix(
    ax: Axes,
    matrix: npt.NDArray[np.int64],
    classes: Sequence[Category],
    *,
    title: str,
    scale: Colormap = _BLUES,
    by_row: bool = True,
) -> Axes:
    """Draw one matrix with its counts; cells of 0 stay empty.

    Args:
        ax: Where to draw.
        matrix: Shape ``(classes, classes)``: rows are true, columns predicted.
        classes: The classes, in that order.
        title: What the panel shows.
        scale: Colours from few to many.
        by_row: Shade a cell by its share of its row; otherwise by its share of the largest cell.
    """
    whole = np.maximum(1, matrix.sum(axis=1, keepdims=True) if by_row else matrix.max(initial=0))
    shares = np.where(matrix > 0, matrix / whole, np.nan)
    ax.imshow(shares, cmap=scale, vmin=0, vmax=1)
    count = len(classes)
    size = 13 if count <= 4 else 11 if count <= 6 else 8 if count <= _MOST_BESIDE else 7
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            ink = "#FFFFFF" if shares[row, column] > 0.5 else INK
            style.write_inside(ax, column, row, f"{value:,}", fontsize=size, color=ink)
    _name_cells(ax, [style.shorten(category.title, 20) for category in classes])
    ax.set_title(title)
    return ax


@styled
def draw_calibration(calibration: Calibration) -> Figure:
    """Draw reliability as trained and with the fitted temperature, beside each other."""
    figure = style.new_figure(WIDTH, 4.6)
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
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=DASHED, zorder=1)
    for one in reliability.bins:
        share, color = one.right.share, WRONG if one.right.interval[1] < one.confidence else RIGHT
        ax.plot(one.bounds, [share, share], color=color, linewidth=5, alpha=0.25, solid_capstyle="butt", zorder=2)
        ax.plot([one.confidence] * 2, one.right.interval, color=color, linewidth=1.8, alpha=0.55, zorder=3)
        ax.plot([one.confidence], [share], "o", color=color, markersize=6, zorder=4)
    low, high = reliability.interval
    lines = (
        f"calibration error {100 * reliability.error:.1f} % ({between(100 * low, 100 * high, '.1f')})",
        f"a calibrated model would stay below {100 * reliability.noise:.1f} %",
        f"confidence minus accuracy {100 * reliability.overconfident:+.1f} %",
    )
    look: style.Look = {"fontsize": 8.5, "color": INK, "linespacing": 1.4, "zorder": 5, "ha": "right", "va": "bottom"}
    box: style.Look = {"boxstyle": "round,pad=0.45", "facecolor": "#FFFFFF", "edgecolor": FAINT}
    ax.text(0.97, 0.04, "\n".join(lines), transform=ax.transAxes, bbox=box, **look)
    lowest = min(min(one.bounds[0], one.right.interval[0]) for one in reliability.bins)
    start = min(0.8, int(10 * lowest) / 10)
    ticks = [step / 10 for step in range(round(10 * start), 11, 1 if start >= 0.5 else 2)]
    names = [f"{100 * tick:.0f} %" for tick in ticks]
    ax.set(xlim=(start, 1.01), ylim=(start, 1.01), xlabel="Confidence", ylabel="Accuracy", title=title)
    ax.set_xticks(ticks, names)
    ax.set_yticks(ticks, names)
    style.quiet_axis(ax, grid="both")
    ax.tick_params(labelcolor=MUTED)
    return ax


@styled
def draw_novelty(test: NoveltyTest) -> Figure:
    """Draw the distribution of novelty scores of the crops, and of each group of outliers, in a row each."""
    figure = style.new_figure(WIDTH, 1.4 + 0.62 * (1 + len(test.outliers)))
    draw_novelty_scores(figure.subplots(), test)
    handles = [
        style.key("As it should be: crops left of the line, all else right of it", color=_DOT, marker="s"),
        style.key("On the wrong side", color=WRONG, marker="s"),
    ]
    style.add_legend(figure, handles)
    return figure


@styled
def draw_novelty_scores(ax: Axes, test: NoveltyTest) -> Axes:
    """Draw a histogram for each group, as high as its row, with the threshold as a line; extremes are in the end bins.

    What is on the wrong side of the threshold is red: crops right of it, outliers left of it.
    """
    groups = {"crops": test.scores, **test.outliers}
    low, high = np.quantile(np.concatenate([*groups.values(), [0]]), [0.01, 0.99])
    width = max((high - low) / _SCORE_BINS, 1e-3)
    edges = width * np.arange(math.floor(low / width) - 1, math.ceil(high / width) + 2)  # 0 is one of them
    for row, (name, scores) in enumerate(groups.items()):
        counts, _ = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)
        heights = 0.85 * counts / max(1, counts.max())
        is_wrong = (edges[:-1] >= -width / 2) == (name == "crops")
        colors = [WRONG if wrong else _DOT for wrong in is_wrong]
        ax.bar(edges[:-1], -heights, width, row + 0.45, align="edge", color=colors)
        share = test.share(scores)
        style.note_row(ax, row, f"{share.count:,} of {share.total:,} rejected", fontsize=8, color=MUTED)
    ax.axvline(0, color=INK, linewidth=0.9, linestyle=DASHED)
    style.name_rows(ax, list(groups))
    ax.set_xlabel("Novelty score; right of the line: none of these")
    style.quiet_axis(ax)
    ax.set_title("How unlike all that was learned")
    return ax


@styled
def draw_breakdowns(breakdowns: tuple[Breakdown, ...]) -> Figure:
    """Draw breakdowns as panels in two columns of about equal height: each goes to the shorter column so far."""
    columns: tuple[list[Breakdown], list[Breakdown]] = ([], [])
    heights = [0.0, 0.0]
    for breakdown in breakdowns:
        shorter = int(heights[1] < heights[0])
        columns[shorter].append(breakdown)
        heights[shorter] += _tall(breakdown)
    figure = style.new_figure(WIDTH, max(heights) + 0.35)
    sides = figure.subfigures(1, 2, squeeze=False)[0] if columns[1] else [figure]
    for side, column, height in zip(sides, columns, heights, strict=False):
        spare = max(heights) - height
        ratios = [_tall(breakdown) for breakdown in column] + ([spare] if spare > 0.01 else [])
        panels = side.subplots(len(ratios), 1, squeeze=False, gridspec_kw={"height_ratios": ratios})[:, 0]
        for ax, breakdown in zip(panels, column, strict=False):
            draw_breakdown(ax, breakdown)
        for ax in panels[len(column) :]:
            ax.set_axis_off()
    one = breakdowns[0]
    handles = [
        style.key(f"{one.outcome.capitalize()}, with 95 % interval", color=_DOT, marker="o", linewidth=2),
        style.key("Mean over all trainings", color=INK, marker="|", markersize=9, markeredgewidth=1.4),
        style.key("Clearly more than all others", color=WRONG, marker="o", linewidth=2),
        style.key(f"All; faint: fewer than {FEW} {one.things}", color=MUTED, linewidth=0.9, linestyle=DASHED),
    ]
    if one.repeats == 1:
        del handles[1]
    style.add_legend(figure, handles, ncols=4)
    return figure


@styled
def draw_breakdown(ax: Axes, breakdown: Breakdown) -> Axes:
    """Draw a row for each group: the share of wrong predictions as a dot on its 95 % interval, the counts beside it.

    Groups of fewer than 10 crops are faint.
    """
    groups = breakdown.groups
    for row, group in enumerate(groups):
        more, weight = group.stands_out > 0, "bold" if group.stands_out else "normal"
        mean = group.mean if breakdown.repeats > 1 else None
        style.interval_dot(ax, row, group.wrong, WRONG if more else _DOT, mean=mean, alpha=0.35 if group.few else 1.0)
        counts = f"{group.wrong.count:,} of {group.wrong.total:,}"
        style.note_row(ax, row, counts, fontsize=8, color=WRONG if more else MUTED, fontweight=weight)
    every = (groups[0].wrong.count + groups[0].rest.count) / (groups[0].wrong.total + groups[0].rest.total)
    ax.axvline(every, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=0)
    style.name_rows(ax, [style.shorten(group.title, 24) for group in groups])
    for tick, group in zip(ax.get_yticklabels(), groups, strict=True):
        tick.set_alpha(0.6 if group.few else 1.0)
    _scale(ax, groups)
    style.quiet_axis(ax)
    ax.set_title(breakdown.title)
    return ax


def _name_cells(ax: Axes, titles: Sequence[str]) -> None:
    """Name the rows and columns of a matrix; long names of columns are turned."""
    count = len(titles)
    small = 9.5 if count <= 8 else 7.5
    turned = max(map(len, titles), default=0) * small * 0.6 > 280 / max(1, count)
    ax.set_xticks(range(count), titles, rotation=(90 if count > 8 else 35) if turned else 0, fontsize=small)
    if turned and count <= 8:
        for tick in ax.get_xticklabels():
            tick.set(horizontalalignment="right", rotation_mode="anchor")
    ax.set_yticks(range(count), titles, fontsize=small)
    ax.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    ax.grid(visible=True, which="minor", color=FAINT, linewidth=0.8)
    ax.tick_params(which="both", length=0)
    style.frame(ax, FAINT)
    ax.set_xlabel("Predicted class", color=MUTED)
    ax.set_ylabel("True class", color=MUTED)


def _scale(ax: Axes, groups: Sequence[Group]) -> None:
    """End the axis at the highest bound of a group that is not faint, at a round number."""
    bounds = [group.wrong.interval[1] for group in groups if not group.few]
    shares = [max(group.wrong.share, group.mean) for group in groups]
    highest = max([*bounds, *shares, 0.05])
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25) if highest / step <= 5.2 or step == 0.25)
    last = min(math.ceil(highest / step - 1e-9), round(1 / step)) * step
    style.percent_axis(ax, -0.012 * last, 1.012 * last, step=step)


def _tall(breakdown: Breakdown) -> float:
    return 0.72 + 0.25 * len(breakdown.groups)
