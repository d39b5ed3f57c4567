"""How good boxes are: precision over recall, and parts of screenshots with the boxes on them."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toonvision.explain.boxes import BoxEvidence
from toonvision.figures import style
from toonvision.figures.maps import superimposed
from toonvision.figures.style import DASHED, FAINT, MUTED, PAPER, WIDTH, styled
from toonvision.figures.training import draw_wrong_in
from toonvision.figures.values import BoxSpread
from toonvision.metrics.bootstrap import Estimate
from toonvision.studies.box_contexts import BoxContextStudy
from toonvision.studies.box_folds import BoxFolds
from toonvision.tasks.box_scores import Interval
from toonvision.tasks.box_views import BoxGallery, View, ViewGroup
from toonvision.tasks.detect_panels import ClassCurve

_AP50, _AP = "#0072B2", "#D55E00"
_ASIDE = 0.04
"""How far the scores of one training stand left and right of its seed."""
_ACROSS, _LETTERS = 6, 19
"""Views that stand beside each other, and letters of a group's title that are as wide as a view."""
_HEADING, _LINE = 0.18, 0.16
"""Inches of such a title, beside those of each of its lines."""

_EVIDENCE = (
    ("The box", "what was found"), ("Its middle", "orange: it is likely here"),
    ("What speaks for it", "orange: for it; blue: against"),
)  # fmt: skip
"""Title and legend of the columns of what speaks for a box."""


@styled
def draw_precision_recall(curves: tuple[ClassCurve, ...]) -> Figure:
    """Draw the curves of all classes."""
    figure = style.new_figure(0.6 * WIDTH, 4.4)
    draw_precision_curves(figure.subplots(), curves)
    return figure


@styled
def draw_precision_curves(ax: Axes, curves: tuple[ClassCurve, ...]) -> Axes:
    """Draw precision over recall of each class, with a dot at the chosen threshold."""
    for one in curves:
        color, counts = one.category.color, one.at_threshold
        nothing = "" if counts.predicted else ": no prediction"
        label = f"{one.category.title} (threshold {one.threshold:.2f}{nothing})"
        ax.plot(one.curve.recall, one.curve.precision, color=color, linewidth=2, label=label)
        if counts.predicted:
            at = counts.found / max(1, counts.total), counts.right.share
            ax.plot(*([value] for value in at), "o", color=color, markersize=8)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    names = [f"{100 * tick:.0f} %" for tick in ticks]
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="Recall: found share of the objects")
    ax.set(ylabel="Precision: right share of the predictions")
    ax.set_xticks(ticks, names)
    ax.set_yticks(ticks, names)
    # Below the axes, since a curve may run anywhere in them.
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.13), ncols=2)
    style.quiet_axis(ax, grid="both")
    ax.set_title("Precision and recall")
    return ax


@styled
def draw_box_spread(spread: BoxSpread) -> Figure:
    """Draw AP50 and AP of each training, and in how many trainings each object is missed."""
    figure = style.new_figure(WIDTH, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    draw_precisions(left, spread.precisions, spread.seeds, best=spread.best)
    draw_wrong_in(right, spread.missed_in, repeats=len(spread.seeds), outcome="missed", things="objects")
    handles = [style.key(name, color=color, marker="o", linewidth=2) for name, color in (("AP50", _AP50), ("AP", _AP))]
    style.add_legend(figure, handles)
    return figure


@styled
def draw_precisions(ax: Axes, precisions: Sequence[Interval], seeds: Sequence[int], *, best: int) -> Axes:
    """Draw AP50 and AP of each training as dots on their 95 % intervals.

    Args:
        ax: Where to draw.
        precisions: Of each training.
        seeds: The seeds, in the same order.
        best: Index of the training whose model is the run's.
    """
    for at, one in enumerate(precisions):
        marker, size, weight = ("D", 8, "bold") if at == best else ("o", 6, "normal")
        for value, color, aside in ((one.ap50, _AP50, -_ASIDE), (one.ap, _AP, _ASIDE)):
            x = at + aside
            ax.plot([x, x], [value.low, value.high], color=color, linewidth=2.2, alpha=0.5)
            ax.plot([x], [value.value], marker, color=color, markersize=size)
            left: style.Look = {"ha": "right"} if aside < 0 else {}
            style.note(
                ax, f"{value.value:.3f}", (x, value.value), (math.copysign(8, aside), 0), fontweight=weight, **left
            )
    style.quiet_axis(ax, grid="y")
    ax.set(xlim=(-0.5, len(seeds) - 0.35), ylim=(0, 1), xlabel="Seed of the training (diamond: the run's model)")
    ax.set_xticks(range(len(seeds)), [str(seed) for seed in seeds])
    ax.set_title("Average precision, with 95 % intervals over screenshots")
    return ax


@styled
def draw_box_contexts(study: BoxContextStudy) -> Figure:
    """Draw AP50 in each context that was left out, on its 95 % interval; the dashed line is the ordinary test's."""
    rows = [*((one.title, one.ap50) for one in study.contexts), ("All together", study.together)]
    figure, ax = _with_intervals(rows, "AP50 in contexts that it has not seen, with 95 % intervals")
    if study.usual is not None:
        ax.axvline(study.usual, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=0)
        style.side_title(ax, f"dashed: {study.against} in the ordinary test, {study.usual:.3f}")
    return figure


@styled
def draw_box_folds(study: BoxFolds) -> Figure:
    """Draw AP50 in each fold, on its 95 % interval, with a stroke for each seed; the dashed line is the floor's."""
    rows = [*((f"Fold {at}  ({one.screenshots:,})", one.ap50) for at, one in enumerate(study.folds)),
            ("All", study.ap50)]  # fmt: skip
    figure, ax = _with_intervals(rows, f"AP50 of {study.network} on folds that it did not learn from")
    notes = ["95 % intervals"]
    if len(study.seeds) > 1:
        notes.append(f"strokes: {len(study.seeds)} seeds")
        for at, one in enumerate(study.folds):
            ax.plot(one.each, [at] * len(one.each), "|", color=MUTED, markersize=11, markeredgewidth=1.0, zorder=4)
    for floor in study.floors.listed:
        notes.append(f"dashed: mean boxes, {floor.value:.3f}")
        ax.axvline(floor.value, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=0)
    style.side_title(ax, "; ".join(notes))
    return figure


def _with_intervals(rows: Sequence[tuple[str, Estimate]], title: str) -> tuple[Figure, Axes]:
    """Draw AP50 on its interval in a row for each, the last one for all."""
    figure = style.new_figure(WIDTH, 1.1 + 0.36 * len(rows))
    ax = figure.subplots()
    for at, (_, one) in enumerate(rows):
        ax.plot([one.low, one.high], [at, at], color=_AP50, linewidth=2.2, alpha=0.5)
        ax.plot([one.value], [at], "o", color=_AP50, markersize=7)
        style.note_row(ax, at, f"{one.value:.3f}")
    style.name_rows(ax, [name for name, _ in rows])
    ax.set_xlim(-0.01, 1.01)
    style.quiet_axis(ax)
    ax.set_title(title)
    return figure, ax


@styled
def draw_box_evidence(evidence: tuple[BoxEvidence, ...]) -> Figure:
    """Draw for each box what is around it, the heatmap of middles, and which parts speak for it, two boxes in a row."""
    across = min(2, len(evidence))
    whole = WIDTH / 2 if across == 2 else 0.75 * WIDTH
    side = whole / 3 - 0.1
    step, top = side + 0.62, 0.5
    figure = style.sheet(across * whole, top + step * -(-len(evidence) // across))
    for number in range(3 * across):
        half, column = divmod(number, 3)
        heading = style.axes_at(figure, half * whole + column * (side + 0.05) + 0.05, 0, side, top)
        heading.set_axis_off()
        title, legend = _EVIDENCE[column]
        heading.text(0, 0.62, title, fontsize=9, fontweight="bold", va="center")
        heading.text(0, 0.22, legend, fontsize=7.5, color=MUTED, va="center")
    for number, one in enumerate(evidence):
        row, half = divmod(number, across)
        limit = max(0.05, float(np.abs(one.lost).max()))
        image, (x, y, x_end, y_end) = one.case.image, one.case.window
        shown = (image, superimposed(image, one.heat, limit=1), superimposed(image, one.lost, limit=limit))
        for column, picture in enumerate(shown):
            left = half * whole + column * (side + 0.05) + 0.05
            ax = style.axes_at(figure, left, top + row * step + 0.05, side, side)
            style.show_picture(ax, picture[y:y_end, x:x_end], FAINT)
            x_min, y_min, x_max, y_max = (edge - start for edge, start in zip(one.case.box, (x, y, x, y), strict=True))
            for color, line in ((PAPER, 2.4), (one.category.color, 1.2)):
                ax.add_patch(Rectangle((x_min, y_min), x_max - x_min, y_max - y_min, fill=False, edgecolor=color,
                                       linewidth=line))  # fmt: skip
            if column == 1:
                sure = (
                    f"{100 * one.score:.0f} % sure; context covered {100 * one.without_context:.0f} %, box covered "
                    f"{100 * one.without_box:.0f} %"
                )
                style.write_below(ax, (f"{one.category.title}, {one.case.note}", {"fontweight": "bold"}),
                                  (sure, {"fontsize": 7.5, "color": MUTED}))  # fmt: skip
    return figure


@styled
def draw_box_gallery(gallery: BoxGallery) -> Figure:
    """Draw parts of screenshots, each group below its title; groups that have room for that stand beside each other."""
    cell = WIDTH / _ACROSS
    side, step = cell - 0.1, cell + 0.55
    rows = _in_rows(gallery.groups)
    headings = [_HEADING + _LINE * max(len(_title_lines(group)) for group in row) for row in rows]
    tall = [
        heading + step * -(-max(len(group.views) for group in row) // _ACROSS)
        for heading, row in zip(headings, rows, strict=True)
    ]
    figure = style.sheet(WIDTH, sum(tall))
    for number, (heading, groups) in enumerate(zip(headings, rows, strict=True)):
        top, first = sum(tall[:number]), 0
        for group in groups:
            across = min(len(group.views), _ACROSS)
            ax = style.axes_at(figure, first * cell + 0.05, top, across * cell, heading)
            ax.set_axis_off()
            ax.text(0, 0.15, "\n".join(_title_lines(group)), fontsize=9.5, fontweight="bold", linespacing=1.1)
            for at, view in enumerate(group.views):
                row, column = divmod(at, _ACROSS)
                left = (first + column) * cell + 0.05
                draw_view(style.axes_at(figure, left, top + heading + row * step, side, side), view)
            first += across
    return figure


def _title_lines(group: ViewGroup) -> list[str]:
    """Return the title of a group in lines that are no wider than its views."""
    return textwrap.wrap(group.title, _LETTERS * min(len(group.views), _ACROSS))


def _in_rows(groups: Sequence[ViewGroup]) -> list[list[ViewGroup]]:
    """Put as many groups into a row as have room for their views beside each other; one may need more than a row."""
    rows: list[list[ViewGroup]] = [[]]
    for group in groups:
        if rows[-1] and sum(len(one.views) for one in (*rows[-1], group)) > _ACROSS:
            rows.append([])
        rows[-1].append(group)
    return rows


@styled
def draw_view(ax: Axes, view: View) -> Axes:
    """Draw a part of a screenshot: true boxes as lines, predicted ones dashed, the box in question thick."""
    style.show_picture(ax, view.picture, FAINT)
    for box in view.boxes:
        left, top, right, bottom = box.xyxy
        width = 2.2 if box.subject else 1.1
        for color, wide in ((PAPER, width + 1.2), (box.color, width)):
            look: style.Look = {
                "fill": False,
                "edgecolor": color,
                "linewidth": wide,
                "alpha": 1 if box.subject else 0.8,
            }
            look["linestyle"] = DASHED if box.predicted and color != PAPER else "solid"
            ax.add_patch(Rectangle((left, top), right - left, bottom - top, **look))
    notes = [(note, {"fontsize": 7.5, "color": MUTED}) for note in view.notes]
    style.write_below(ax, (view.title, {"fontweight": "bold"}), *notes)
    return ax
