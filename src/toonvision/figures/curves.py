"""Loss and accuracy after each epoch, of all trainings of a run."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.figures.style import INK, MUTED, TRAIN, VALIDATE, WIDTH, new_figure, quiet_axis, styled
from toonvision.figures.values import TrainingCurve, TrainingCurves


@styled
def draw_curves(value: TrainingCurves) -> Figure:
    """Draw loss and accuracy beside each other: the best training strong, the others thin."""
    curves = value.curves
    figure = new_figure(WIDTH, 3.7)
    left, right = figure.subplots(1, 2)
    draw_metric(left, curves, "loss", title="Loss (lower is better)")
    draw_metric(right, curves, "accuracy", title="Accuracy (higher is better)")
    handles = [
        Line2D([], [], color=TRAIN, linewidth=2, linestyle=(0, (4, 1.5)), label="Training"),
        Line2D([], [], color=VALIDATE, linewidth=2, label="Validation"),
        Line2D([], [], color=INK, marker="o", markersize=6, linestyle="none", label="Saved epoch"),
    ]
    if len(curves) > 1:
        handles.append(Line2D([], [], color=MUTED, linewidth=0.8, label="Thin: the other trainings"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


@styled
def draw_metric(ax: Axes, curves: Sequence[TrainingCurve], metric: str, *, title: str) -> Axes:
    """Draw one metric of all trainings over the epochs, training and validation.

    Args:
        ax: Where to draw.
        curves: All trainings.
        metric: ``loss``, ``accuracy``, ``precision`` or ``recall``.
        title: What the panel shows.
    """
    for curve in sorted(curves, key=lambda curve: curve.best):
        numbers = range(1, len(curve.epochs) + 1)
        for name, color, line in ((metric, TRAIN, (0, (4, 1.5))), (f"val_{metric}", VALIDATE, "solid")):
            values = np.array([epoch.get(name, np.nan) for epoch in curve.epochs], dtype=float)
            values[~np.isfinite(values)] = np.nan
            width, alpha = (2.2, 1.0) if curve.best else (0.8, 0.5)
            ax.plot(
                numbers, values, color=color, linewidth=width, alpha=alpha, linestyle=line,
                marker="o" if len(values) == 1 else None, markersize=3,
            )  # fmt: skip
        if curve.best:
            _mark_saved(ax, curve, f"val_{metric}")
    quiet_axis(ax, grid="y")
    ax.spines["bottom"].set_visible(True)
    ax.set_xlabel("Epoch")
    longest = max(len(curve.epochs) for curve in curves)
    ax.set_xlim(1 - 0.02 * longest, longest + 0.04 * longest)
    ax.locator_params(axis="x", nbins=10, integer=True)
    if metric == "loss":
        ax.set_ylim(bottom=0)
    else:
        ax.set_ylim(top=1.0 + 0.02 * (1 - ax.get_ylim()[0]))
    ax.set_title(title)
    return ax


def _mark_saved(ax: Axes, curve: TrainingCurve, name: str) -> None:
    value = curve.epochs[curve.best_epoch - 1].get(name, np.nan)
    if not np.isfinite(value):
        return
    ax.axvline(curve.best_epoch, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
    ax.plot([curve.best_epoch], [value], "o", color=VALIDATE, markeredgecolor=INK, markersize=7, zorder=5)
    text = f"validation {value:.3f} at epoch {curve.best_epoch}"
    ax.set_title(text, loc="right", fontsize=9, fontweight="normal", color=MUTED)
