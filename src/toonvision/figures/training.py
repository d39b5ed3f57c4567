"""How trainings went: loss and accuracy after each epoch, and the spread over trainings that differ by their seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.core.grouping import grouped
from toonvision.core.wording import listed, number
from toonvision.figures import style
from toonvision.figures.style import INK, MUTED, RIGHT, TRAIN, VALIDATE, WIDTH, WRONG, styled
from toonvision.figures.values import TrainingCurve, TrainingSpread
from toonvision.metrics.classification import Spread
from toonvision.metrics.intervals import Proportion
from toonvision.training.history import metric_names

_LINE = (0, (4, 1.5))
_FEW = 25
"""Trainings whose numbers all have room."""


@styled
def draw_curves(curves: tuple[TrainingCurve, ...]) -> Figure:
    """Draw loss and accuracy beside each other: the best training strong, the others thin."""
    figure = style.new_figure(WIDTH, 3.7)
    left, right = figure.subplots(1, 2)
    draw_metric(left, curves, "loss", title="Loss (lower is better)")
    names = metric_names(curves[0].epochs)
    if "accuracy" in names:
        draw_metric(right, curves, "accuracy", title="Accuracy (higher is better)")
    else:
        last, better = names[-1], "lower" if names[-1].endswith("loss") else "higher"
        title = last.upper() if last == "ap50" else last.replace("_", " ").capitalize()
        draw_metric(right, curves, last, title=f"{title} ({better} is better)")
    handles = [
        style.key("Training", color=TRAIN, linewidth=2, linestyle=_LINE),
        style.key("Validation", color=VALIDATE, linewidth=2),
        style.key("Saved epoch", color=INK, marker="o", markersize=6),
    ]
    if len(curves) > 1:
        handles.append(style.key("Thin: the other trainings", color=MUTED, linewidth=0.8))
    style.add_legend(figure, handles)
    return figure


@styled
def draw_metric(ax: Axes, curves: Sequence[TrainingCurve], metric: str, *, title: str) -> Axes:
    """Draw one metric of all trainings over the epochs, training and validation.

    Args:
        ax: Where to draw.
        curves: All trainings.
        metric: One of `metric_names`: ``loss``, ``accuracy``, ``precision`` or ``recall`` of classes.
        title: What the panel shows.
    """
    for curve in sorted(curves, key=lambda curve: curve.best):
        look: style.Look = {"linewidth": 2.2} if curve.best else {"linewidth": 0.8, "alpha": 0.5}
        for name, color, line in ((metric, TRAIN, _LINE), (f"val_{metric}", VALIDATE, "solid")):
            values = np.array([epoch.get(name, np.nan) for epoch in curve.epochs], dtype=float)
            values[~np.isfinite(values)] = np.nan
            numbers = np.arange(1, len(values) + 1)
            if metric not in curve.epochs[0]:  # measured after some epochs only: a line joins them
                numbers, values = numbers[~np.isnan(values)], values[~np.isnan(values)]
            marker = "o" if len(values) == 1 else None
            ax.plot(numbers, values, color=color, linestyle=line, marker=marker, markersize=3, **look)
        if curve.best:
            _mark_saved(ax, curve, f"val_{metric}")
    style.quiet_axis(ax, grid="y")
    ax.spines["bottom"].set_visible(True)
    longest = max(len(curve.epochs) for curve in curves)
    ax.set(xlabel="Epoch", xlim=(1 - 0.02 * longest, 1.04 * longest), title=title)
    ax.locator_params(axis="x", nbins=10, integer=True)
    if metric.endswith("loss"):
        ax.set_ylim(bottom=0)
    else:
        ax.set_ylim(top=1.0 + 0.02 * (1 - ax.get_ylim()[0]))
    return ax


@styled
def draw_spread(value: TrainingSpread) -> Figure:
    """Draw how many predictions of each training are wrong, and in how many trainings each crop is."""
    figure = style.new_figure(WIDTH, 3.9)
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
    few = len(seeds) <= _FEW
    for at, wrong in enumerate(spread.wrong):
        low, high = (bound * spread.total for bound in Proportion(wrong, spread.total).interval)
        color, marker, weight = (RIGHT, "D", "bold") if at == best else ("#8A93A1", "o", "normal")
        ax.plot([at, at], [low, high], color=color, linewidth=2.0, alpha=0.55, solid_capstyle="round")
        ax.plot([at], [wrong], marker, color=color, markersize=8 if few else 4)
        if few:
            style.note(ax, f"{wrong:,}", (at, wrong), (8, 0), fontsize=9, fontweight=weight)
    style.quiet_axis(ax, grid="y")
    ax.set_xlim(-0.5, len(seeds) - 0.35)
    low, high = ax.get_ylim()
    ax.set_ylim(max(-0.03 * high, low), high)  # a mark at 0 is seen whole
    ax.locator_params(axis="y", integer=True)
    _name_lines(ax, spread)
    ax.set_xticks(range(len(seeds)), [str(seed) for seed in seeds], fontsize=9 if few else 6)
    ax.set_xlabel("Seed of the training (diamond: the run's model)")
    ax.set_title(f"Wrong predictions of {spread.total:,}, with 95 % intervals")
    return ax


@styled
def draw_wrong_in(
    ax: Axes, wrong_in: npt.NDArray[np.int64], *, repeats: int, outcome: str = "wrong", things: str = "crops"
) -> Axes:
    """Draw how many crops are wrong in one training, in two, and so on.

    Args:
        ax: Where to draw.
        wrong_in: Shape ``(samples,)``: in how many trainings each sample was wrong.
        repeats: How many trainings there were.
        outcome: What became of them: wrong, or missed.
        things: What the samples are: crops, or objects.
    """
    never, *counts = np.bincount(wrong_in, minlength=repeats + 1).tolist()
    times = range(1, repeats + 1)
    ax.bar(times, counts, 0.72, color=WRONG)
    if repeats <= _FEW:
        for at, count in zip(times, counts, strict=True):
            style.note(ax, f"{count:,}", (at, count), (0, 3), ha="center", va="baseline", fontsize=9)
    style.quiet_axis(ax, grid="y")
    ax.set_ylim(0, max(1, *counts) * 1.12)
    ax.locator_params(axis="y", integer=True, nbins=6)
    ax.set_xlim(0.4, repeats + 0.6)
    ax.set_xticks(times if repeats <= _FEW else range(5, repeats + 1, 5))
    ax.set_xlabel(f"{outcome.capitalize()} in this many of {repeats} trainings")
    ax.set_title(f"{never:,} of {len(wrong_in):,} {things} are never {outcome}")
    return ax


def _mark_saved(ax: Axes, curve: TrainingCurve, name: str) -> None:
    value = curve.epochs[curve.best_epoch - 1].get(name, np.nan)
    if np.isfinite(value):
        ax.axvline(curve.best_epoch, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
        ax.plot([curve.best_epoch], [value], "o", color=VALIDATE, markeredgecolor=INK, markersize=7, zorder=5)
        style.side_title(ax, f"validation {value:.3f} at epoch {curve.best_epoch}")


def _name_lines(ax: Axes, spread: Spread) -> None:
    """Draw lines at best, median and worst, with their names at the right, without overlap."""
    names = grouped(("best", "median", "worst"), lambda name: float(getattr(spread, name).count))
    low, high = ax.get_ylim()
    at = -1.0
    for count, which in sorted(names.items()):
        ax.axhline(count, color=MUTED, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
        at = max(at + 0.06, (count - low) / (high - low))
        style.note(ax, f"{listed(which)} {number(count)}", (1, at), (4, 0), xycoords="axes fraction", color=MUTED)
