"""Size against error: the networks that no other one beats in both."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toonvision.figures.style import INK, MUTED, WIDTH, halo, new_figure, quiet_axis, styled
from toonvision.figures.trials import BEST, PLAIN, log_axis
from toonvision.figures.values import SizeErrorFront
from toonvision.tuning.insight import SizeErrorPoint

_WINNER = "#D55E00"


@styled
def draw_front(front: SizeErrorFront) -> Figure:
    """Draw the loss and the wrong predictions of networks against their size."""
    figure = new_figure(WIDTH, 4.3)
    left, right = figure.subplots(1, 2)
    draw_front_loss(left, front)
    draw_front_wrong(right, front)
    handles = [
        Line2D([], [], color=BEST, marker="o", markersize=7, linewidth=1.4, label="On the front"),
        Line2D([], [], color=_WINNER, marker="D", markersize=8, linestyle="none", label="The winner"),
        Line2D([], [], color=PLAIN, marker="o", markersize=4.5, linestyle="none", label="Other networks, or trainings"),
        Line2D([], [], color=BEST, marker="o", markersize=7, markerfacecolor="white", linestyle="none",
               label="Hollow: not retrained"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


@styled
def draw_front_loss(ax: Axes, front: SizeErrorFront) -> Axes:
    """Draw the mean loss of every network, and of those on the front each training too."""
    networks = front.networks
    best = [one for one in networks if one.on_front]
    others = [one for one in networks if not one.on_front]
    ax.plot([one.trial.parameters for one in others], [one.loss for one in others], "o", color=PLAIN, markersize=4.5,
            alpha=0.7, markeredgewidth=0)  # fmt: skip
    ax.step([one.trial.parameters for one in best], [one.loss for one in best], where="post", color=BEST,
            linewidth=1.4, alpha=0.7)  # fmt: skip
    for one in _marked(networks):
        size = one.trial.parameters
        if len(one.losses) > 1:
            ax.plot([size, size], [min(one.losses), max(one.losses)], color=PLAIN, linewidth=1.0, zorder=2)
            ax.plot([size] * len(one.losses), one.losses, "o", color=PLAIN, markersize=3.5, markeredgewidth=0, zorder=3)
        _mark(ax, one, one.loss)
    quiet_axis(ax, grid="y")
    trainings = [loss for one in _marked(networks) for loss in one.losses]
    log_axis(ax, "y", [*(one.loss for one in networks), *trainings])
    _size_axis(ax, front)
    ax.set_title("Mean validation loss in nats (logarithmic)")
    return ax


@styled
def draw_front_wrong(ax: Axes, front: SizeErrorFront) -> Axes:
    """Draw the median wrong of the winner and the networks on the front, with its 95 % interval and each training."""
    networks = front.networks
    for one in _marked(networks):
        size = one.trial.parameters
        color = _WINNER if one.winner else BEST
        ax.plot([size, size], one.interval, color=color, linewidth=2.2, alpha=0.4, solid_capstyle="round", zorder=2)
        if len(one.wrong) > 1:
            ax.plot([size] * len(one.wrong), one.wrong, "o", color=PLAIN, markersize=3.5, markeredgewidth=0, zorder=3)
        _mark(ax, one, one.median_wrong)
    quiet_axis(ax, grid="y")
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=6, integer=True)
    _size_axis(ax, front)
    ax.set_title(f"Median wrong of {front.validated:,}, with 95 % intervals")
    return ax


def _marked(networks: Sequence[SizeErrorPoint]) -> list[SizeErrorPoint]:
    return [one for one in networks if one.on_front or one.winner]


def _mark(ax: Axes, one: SizeErrorPoint, value: float) -> None:
    color = _WINNER if one.winner else BEST
    ax.plot([one.trial.parameters], [value], "D" if one.winner else "o", color=color, markersize=9 if one.winner else 7,
            markerfacecolor=color if one.raced else "white", markeredgewidth=1.6, zorder=5)  # fmt: skip
    ax.annotate(f"{one.trial.number}", (one.trial.parameters, value), (7, 5), textcoords="offset points", fontsize=8.5,
                fontweight="bold" if one.winner else "normal", color=INK, path_effects=halo(), zorder=6)  # fmt: skip


def _size_axis(ax: Axes, front: SizeErrorFront) -> None:
    sizes, bound = [float(one.trial.parameters) for one in front.networks], front.bound
    if bound is not None and bound <= 4 * max(sizes):
        ax.axvline(bound, color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)), zorder=0)
        ax.annotate("bound", (bound, 1), (-3, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                    ha="right", va="top", rotation=90, fontsize=8, color=MUTED)  # fmt: skip
        sizes.append(float(bound))
    log_axis(ax, "x", sizes)
    ax.spines["bottom"].set_visible(True)
    ax.set_xlabel("Parameters (logarithmic)")
