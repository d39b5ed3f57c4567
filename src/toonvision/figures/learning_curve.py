"""The learning curve: error against training crops, its fit, and the prediction for more crops."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import FAINT, INK, MUTED, TRAIN, VALIDATE, halo, new_figure, quiet_axis, styled
from toonvision.metrics.intervals import Proportion
from toonvision.studies.curve import LearningCurve


@styled
def draw_learning_curve(curve: LearningCurve) -> Figure:
    """Draw the error of every training, the fitted curve with its interval, and the prediction for more crops."""
    figure = new_figure(8.6, 4.3)
    draw_curve(figure.subplots(), curve)
    return figure


@styled
def draw_curve(ax: Axes, curve: LearningCurve) -> Axes:
    """Draw a learning curve over a logarithmic number of crops; beyond the last point the curve is dashed.

    Args:
        ax: Where to draw.
        curve: Errors and their fit.
    """
    line = np.array(curve.line)
    fitted = curve.law.at(line)
    ax.fill_between(line, curve.low, curve.high, color=TRAIN, alpha=0.13, linewidth=0, label="95 % interval of the fit")
    inside = line <= curve.largest
    joint = np.append(line[inside], curve.largest)
    beyond = np.append(curve.largest, line[~inside])
    ax.plot(joint, curve.law.at(joint), color=TRAIN, linewidth=2.2, label=_formula(curve))
    ax.plot(beyond, curve.law.at(beyond), color=TRAIN, linewidth=2.0, linestyle=(0, (4, 2)), label="predicted")
    _draw_points(ax, curve)
    if curve.diverged:
        ax.plot([], [], linestyle="none", label=f"left out: {curve.diverged} that diverged")
    _draw_prediction(ax, curve)
    ax.set_xscale("log")
    ticks = [*(round(point.mean_pictures) for point in curve.points), round(curve.largest) + curve.more]
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.set_xticks([], minor=True)
    quiet_axis(ax, grid="y")
    ax.spines["bottom"].set_visible(True)
    errors = [wrong / curve.tested for point in curve.points for wrong in point.wrong]
    top = min(1.0, 1.18 * max(*errors, float(fitted.max()), 0.02))
    ax.set_ylim(0, top)
    ax.set_yticks(ax.get_yticks(), [f"{100 * tick:g} %" for tick in ax.get_yticks()])
    ax.set_ylim(0, top)
    ax.set_xlim(line[0] * 0.88, line[-1])
    ax.set_xlabel("Training crops (logarithmic)")
    ax.set_title(f"Error of {curve.network} on {curve.tested:,} test crops")
    ax.legend(loc="upper right" if curve.law.at(line[-1]) < top / 2 else "lower left")
    return ax


def _draw_points(ax: Axes, curve: LearningCurve) -> None:
    for number, point in enumerate(curve.points):
        share = Proportion(round(point.mean_wrong), curve.tested)
        ax.plot([point.mean_pictures] * 2, share.interval, color=MUTED, linewidth=1.0, zorder=2)
        ax.plot(point.pictures, [wrong / curve.tested for wrong in point.wrong], "o", color=MUTED, markersize=4.5,
                alpha=0.6, markeredgewidth=0, zorder=3, label="" if number else "each training")  # fmt: skip
        mean = point.mean_wrong / curve.tested
        ax.plot([point.mean_pictures], [mean], "o", color=INK, markersize=8, zorder=4,
                label="" if number else "mean, with 95 % interval")  # fmt: skip
        ax.annotate(f"{100 * mean:.1f} %", (point.mean_pictures, mean), (9, 5), textcoords="offset points",
                    fontsize=9, fontweight="bold", path_effects=halo(), zorder=6)  # fmt: skip


def _draw_prediction(ax: Axes, curve: LearningCurve) -> None:
    at = curve.largest + curve.more
    error = float(curve.law.at(at))
    ax.axvline(curve.largest, color=FAINT, linewidth=1.0, zorder=0)
    ax.plot([at], [error], "D", color=VALIDATE, markersize=8, zorder=5)
    ax.annotate(
        f"+{curve.more}: {100 * error:.1f} %\n{100 * curve.gain:.1f} points lower\n({100 * curve.gain_low:.1f} to "
        f"{100 * curve.gain_high:.1f})",
        (at, error), (6, 14), textcoords="offset points", fontsize=8.5, color=VALIDATE, va="bottom",
        path_effects=halo(), zorder=6,
    )  # fmt: skip


def _formula(curve: LearningCurve) -> str:
    law = curve.law
    floor = f" + {100 * law.floor:.1f} %" if law.floor > 0 else ""
    return f"fit: {100 * law.scale:.3g} % × n^-{law.exponent:.2g}{floor}"
