"""Studies: contexts that were not seen, cross-validation, the learning curve, and stress tests."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.core.wording import between, counted, two_digits
from toonvision.figures import style
from toonvision.figures.style import DASHED, FAINT, INK, MUTED, RIGHT, TRAIN, VALIDATE, WIDTH, WRONG, styled
from toonvision.metrics.intervals import Proportion
from toonvision.studies.box_curve import BoxCurve
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.cross_validation import CrossValidation
from toonvision.studies.curve import LearningCurve
from toonvision.studies.sizes import SizeCurve
from toonvision.studies.stress import StressTest

_OFFSET = 0.17


@styled
def draw_contexts(study: ContextStudy) -> Figure:
    """Draw accuracy and macro F1 on each context that was left out, and the ordinary test beside them."""
    figure = style.new_figure(WIDTH, 2.0 + 0.46 * (len(study.contexts) + 1))
    left, right = figure.subplots(1, 2, width_ratios=(1.75, 1))
    draw_context_accuracy(left, study)
    draw_context_f1(right, study)
    right.set_yticks(left.get_yticks(), [])
    handles = [style.key("Not seen: mean with 95 % interval", color=INK, marker="o", linewidth=2.2, markersize=7)]
    if len(study.seeds) > 1:
        handles.append(style.key("Each training", color=MUTED, marker="|", markersize=9))
    seen = {"color": MUTED, "marker": "D", "markerfacecolor": "white", "linewidth": 1.2, "markersize": 6}
    handles.append(style.key(f"Seen: the ordinary test ({study.ordinary})", **seen))
    if study.diverged:
        handles.append(style.key(f"Left out: {study.diverged} that diverged", linestyle="none"))
    style.add_legend(figure, handles)
    return figure


@styled
def draw_context_accuracy(ax: Axes, study: ContextStudy) -> Axes:
    """Draw the accuracy on each context left out, and on its pictures of the ordinary test, with 95 % intervals."""
    for row, score in enumerate(study.contexts):
        _draw_share(ax, row - _OFFSET, score.accuracy, score.color)
        if len(score.right) > 1:
            ticks = [count / score.samples for count in score.right]
            ax.plot(ticks, [row - _OFFSET] * len(ticks), "|", color=INK, markersize=9, markeredgewidth=1.0, zorder=4)
        if score.shared:
            _draw_share(ax, row + _OFFSET, score.ordinary, MUTED, seen=True)
    last = len(study.contexts)
    _draw_share(ax, last - _OFFSET, study.held_out, INK)
    _draw_share(ax, last + _OFFSET, study.usual, MUTED, seen=True)
    names = [f"{style.shorten(score.title, 26)}  ({score.samples:,})" for score in study.contexts]
    style.name_rows(ax, [*names, f"All together  ({study.held_out.total:,})"], fontsize=9)
    ax.get_yticklabels()[-1].set_fontweight("bold")
    _finish_contexts(ax, last, "Accuracy on a context that was not seen (crops)", percent=True)
    return ax


@styled
def draw_context_f1(ax: Axes, study: ContextStudy) -> Axes:
    """Draw macro F1 on each context left out: the mean of the trainings and their range."""
    last = len(study.contexts)
    rows = [(score.macro_f1, score.color, "o", score.color) for score in study.contexts]
    for row, (values, color, marker, face) in enumerate([*rows, (study.ordinary_macro_f1, MUTED, "D", "white")]):
        mean = sum(values) / len(values)
        _draw_line(ax, row, min(values), max(values), color, 2.4)
        ax.plot([mean], [row], marker, color=color, markerfacecolor=face, markersize=7, zorder=5)
        style.note(ax, f"{mean:.2f}", (max(values), row), (8, 0))
    _finish_contexts(ax, last, "Macro F1, mean and range", percent=False)
    style.note(ax, "ordinary test", (mean, last), (0, -14), ha="center", fontsize=8, color=MUTED)
    return ax


@styled
def draw_learning_curve(curve: LearningCurve | BoxCurve) -> Figure:
    """Draw `draw_curve` in a figure of its own."""
    figure = style.new_figure(8.6, 4.3)
    draw_curve(figure.subplots(), curve)
    return figure


@styled
def draw_curve(ax: Axes, curve: SizeCurve) -> Axes:
    """Draw the error of every training over a logarithmic number of samples, and the fitted curve with its interval.

    Beyond the last point the curve is dashed: there it is a prediction.
    """
    line = np.array(curve.line)
    ax.fill_between(line, curve.low, curve.high, color=TRAIN, alpha=0.13, linewidth=0, label="95 % interval of the fit")
    inside = line <= curve.largest
    joint = np.append(line[inside], curve.largest)
    beyond = np.append(curve.largest, line[~inside])
    law = curve.law
    floor = f" + {100 * law.floor:.1f} %" if law.floor > 0 else ""
    formula = f"fit: {100 * law.scale:.3g} % × n^-{law.exponent:.2g}{floor}"
    ax.plot(joint, law.at(joint), color=TRAIN, linewidth=2.2, label=formula)
    if curve.falls:
        ax.plot(beyond, curve.law.at(beyond), color=TRAIN, linewidth=2.0, linestyle=(0, (4, 2)), label="predicted")
    _draw_points(ax, curve)
    if curve.diverged:
        ax.plot([], [], linestyle="none", label=f"left out: {curve.diverged} that diverged")
    ticks = [round(point.mean_pictures) for point in curve.points]
    if curve.falls:
        _draw_prediction(ax, curve)
        ticks.append(round(curve.largest) + curve.more)
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.set_xticks([], minor=True)
    style.quiet_axis(ax, grid="y")
    ax.spines["bottom"].set_visible(True)
    errors = [error for at in range(len(curve.points)) for error in curve.errors(at)]
    top = min(1.0, 1.18 * max(*errors, float(curve.law.at(line).max()), 0.02))
    ax.set_ylim(0, top)
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    ax.set_xlim(line[0] * 0.88, line[-1])
    ax.set_xlabel(f"Training {curve.UNIT}s (logarithmic)")
    ax.set_title(f"{curve.ERROR} of {curve.network} on {counted(curve.tested, f'test {curve.UNIT}')}")
    ax.legend(loc="upper right" if curve.law.at(line[-1]) < top / 2 else "lower left")
    return ax


@styled
def draw_stress(test: StressTest) -> Figure:
    """Draw `draw_stress_rows` in a figure of its own."""
    figure = style.new_figure(WIDTH, 0.95 + 0.27 * len(test.scores))
    draw_stress_rows(figure.subplots(), test)
    return figure


@styled
def draw_stress_rows(ax: Axes, test: StressTest) -> Axes:
    """Draw a row for each change, unchanged pictures on top: what is right as a dot on its 95 % interval.

    With several trainings a stroke stands at their mean.
    """
    plain = test.scores[0].right
    ax.axvspan(*plain.interval, color=RIGHT, alpha=0.08, linewidth=0, zorder=0)
    ax.axvline(plain.share, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=0)
    for row, score in enumerate(test.scores):
        lower = score.right.interval[1] < plain.interval[0]
        color, weight = (WRONG, "bold") if lower else (RIGHT, "normal")
        style.interval_dot(ax, row, score.right, color, mean=score.mean_accuracy if len(score.wrong) > 1 else None)
        style.note_row(ax, row, f"{100 * score.right.share:.1f} %", color=color, fontweight=weight)
    style.name_rows(ax, [f"{one.kind}, {one.strength}" if one.kind else one.strength for one in test.scores])
    lowest = min(score.right.interval[0] for score in test.scores)
    first = math.floor(lowest * 10) / 10 if lowest < 0.999 else 0.9
    room = 0.006 * (1 - first)
    style.percent_axis(ax, first - room, 1 + room, step=0.02 if first > 0.85 else 0.1)
    style.quiet_axis(ax)
    mean = "; strokes: mean of all trainings" if len(test.seeds) > 1 else ""
    what = f"{test.scores[0].samples:,} {'objects found' if test.finds else 'crops'}"
    start = "Share of" if test.finds else "Accuracy on"
    ax.set_title(f"{start} {what} with 95 % intervals; red: clearly lower{mean}")
    return ax


@styled
def draw_folds(study: CrossValidation) -> Figure:
    """Draw `draw_fold_errors` in a figure of its own."""
    figure = style.new_figure(WIDTH, 1.1 + 0.36 * (len(study.folds) + 1))
    draw_fold_errors(figure.subplots(), study)
    return figure


@styled
def draw_fold_errors(ax: Axes, study: CrossValidation) -> Axes:
    """Draw the error on each fold, and on all: the mean with its 95 % interval, a stroke for each seed.

    The dashed line is the best floor.
    """
    last = len(study.folds)
    ranges = [fold.error.interval for fold in study.folds] + [(study.error.low, study.error.high)]
    means = [sum(fold.wrong) / len(fold.wrong) / fold.samples for fold in study.folds] + [study.error.value]
    seeds = [[wrong / fold.samples for wrong in fold.wrong] for fold in study.folds]
    seeds.append([wrong / study.samples for wrong in study.wrong])
    for row, (bounds, mean, ticks) in enumerate(zip(ranges, means, seeds, strict=True)):
        color = INK if row == last else TRAIN
        _draw_line(ax, row, *bounds, color, 2.4)
        ax.plot([mean], [row], "o", color=color, markersize=8, zorder=5)
        if len(ticks) > 1:
            ax.plot(ticks, [row] * len(ticks), "|", color=MUTED, markersize=11, markeredgewidth=1.0, zorder=4)
        style.note(ax, f"{100 * mean:.1f} %", (bounds[1], row))
    top = max(bound for _, bound in ranges)
    if floor := study.floors.best:
        ax.axvline(1 - floor.right.share, color=WRONG, linewidth=1.0, linestyle=DASHED, zorder=0)
        top = max(top, 1 - floor.right.share)
    ax.axhline(last - 0.5, color=FAINT, linewidth=1.0)
    style.name_rows(ax, [*(f"Fold {n}  ({fold.samples:,})" for n, fold in enumerate(study.folds)),
                         f"All  ({study.samples:,})"])  # fmt: skip
    style.quiet_axis(ax)
    ax.set_xlim(0, max(0.02, 1.15 * top))
    ax.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    strokes = f"; strokes: {len(study.seeds)} seeds" if len(study.seeds) > 1 else ""
    best = f"; dashed: {floor.title}" if floor else ""
    ax.set_title(f"Error of {study.network} on folds that it did not learn from{strokes}{best}", fontsize=9)
    return ax


def _draw_share(ax: Axes, y: float, share: Proportion, color: str, *, seen: bool = False) -> None:
    marker, face, size, width = ("D", "white", 6, 1.2) if seen else ("o", color, 8, 2.4)
    low, high = share.interval
    _draw_line(ax, y, low, high, color, width)
    ax.plot([share.share], [y], marker, color=color, markerfacecolor=face, markersize=size, zorder=5)
    look: style.Look = {"fontsize": 7.5, "color": MUTED} if seen else {}
    style.note(ax, f"{100 * share.share:.0f} %", (high, y), **look)


def _draw_line(ax: Axes, y: float, low: float, high: float, color: str, width: float) -> None:
    ax.plot([low, high], [y, y], color=color, linewidth=width, alpha=0.7, solid_capstyle="round")


def _finish_contexts(ax: Axes, last: int, title: str, *, percent: bool) -> None:
    """Separate the last row, and name shares up to 1 on an axis that begins where the values do."""
    ax.axhline(last - 0.5, color=FAINT, linewidth=1.0)
    ax.set_ylim(last + 0.6, -0.6)
    style.quiet_axis(ax)
    low = max(0.0, min(0.9, ax.get_xlim()[0]))
    style.percent_axis(ax, low, 1.06, step=0.05 if percent and low > 0.6 else 0.1 if low > 0.3 else 0.2)
    if not percent:
        ax.xaxis.set_major_formatter("{x:.1f}")
    ax.set_title(title)


def _draw_points(ax: Axes, curve: SizeCurve) -> None:
    for number, point in enumerate(curve.points):
        own, named = ("", "") if number else ("each training", "mean, with 95 % interval")
        at, mean = point.mean_pictures, curve.mean_error(number)
        ax.plot([at] * 2, curve.interval(number), color=MUTED, linewidth=1.0, zorder=2)
        look: style.Look = {"color": MUTED, "markersize": 4.5, "alpha": 0.6, "markeredgewidth": 0, "zorder": 3}
        ax.plot(point.pictures, curve.errors(number), "o", label=own, **look)
        ax.plot([at], [mean], "o", color=INK, markersize=8, zorder=4, label=named)
        look = {"fontsize": 9, "fontweight": "bold", "zorder": 6, "va": "baseline"}
        style.note(ax, f"{100 * mean:.1f} %", (at, mean), (9, 5), **look)


def _draw_prediction(ax: Axes, curve: SizeCurve) -> None:
    at = curve.largest + curve.more
    error = float(curve.law.at(at))
    ax.axvline(curve.largest, color=FAINT, linewidth=1.0, zorder=0)
    ax.plot([at], [error], "D", color=VALIDATE, markersize=8, zorder=5)
    form = two_digits(100 * curve.gain, least=1)
    text = (
        f"+{curve.more}: {100 * error:{form}} %\n{100 * curve.gain:{form}} points lower\n("
        f"{between(100 * curve.gain_low, 100 * curve.gain_high, form)})"
    )
    style.note(ax, text, (at, error), (6, 14), color=VALIDATE, va="bottom", zorder=6)
