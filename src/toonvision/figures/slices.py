"""Each hyperparameter of a search against the loss."""

from collections import defaultdict

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toonvision.figures.style import INK, WIDTH, new_figure, quiet_axis, styled
from toonvision.figures.trials import handles, log_axis, number, put_points
from toonvision.figures.values import Slices
from toonvision.tuning.insight import Point, Slice

_COLUMNS, _MOST_NAMED = 4, 6
_WIDEST = 0.5


@styled
def draw_slices(value: Slices) -> Figure:
    """Draw a panel for each hyperparameter, all with the same scale of the loss."""
    slices = value.slices
    rows = -(-len(slices) // _COLUMNS)
    figure = new_figure(WIDTH, 0.5 + 2.25 * rows)
    panels = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False).ravel()
    for index, (ax, one) in enumerate(zip(panels, slices, strict=False)):
        draw_slice(ax, one)
        if index % _COLUMNS:
            ax.set_ylabel("")
    for ax in panels[len(slices) :]:
        ax.set_axis_off()
    shown = handles({point.ending for one in slices for point in one.points})
    figure.legend(handles=shown, loc="outside upper right", ncols=len(shown))
    return figure


@styled
def draw_slice(ax: Axes, one: Slice) -> Axes:
    """Draw a mark for each trial, those of the same value beside each other, and a bar at the median of each value.

    Args:
        ax: Where to draw.
        one: The hyperparameter, with at least one trial.
    """
    losses = put_points(ax, one.points, _positions(one))
    if one.steps:
        for value, median in one.medians.items():
            ax.plot([one.steps.index(value) + side for side in (-0.32, 0.32)], [median] * 2, color=INK, linewidth=1.6,
                    zorder=8)  # fmt: skip
    quiet_axis(ax, grid="y")
    if losses:
        log_axis(ax, "y", losses, most=5, room=0.14)
    if one.steps:
        every = -(-len(one.steps) // _MOST_NAMED)
        ax.set_xticks(range(0, len(one.steps), every), [number(step) for step in one.steps[::every]])
        ax.set_xlim(-0.6, len(one.steps) - 0.4)
    elif one.log:
        log_axis(ax, "x", [point.value for point in one.points], most=4)
    else:
        ax.locator_params(axis="x", nbins=5)
    ax.spines["bottom"].set_visible(True)
    ax.set_ylabel("Validation loss")
    ax.set_title(one.name)
    return ax


def _positions(one: Slice) -> dict[int, float]:
    """Return each trial's position: its value, or, where values are few, around the index of its value."""
    if not one.steps:
        return {point.trial: point.value for point in one.points}
    together: dict[float, list[Point]] = defaultdict(list)
    for point in one.points:
        together[point.value].append(point)
    return {
        point.trial: one.steps.index(value) + _WIDEST * (at - (len(points) - 1) / 2) / max(1, len(points) - 1)
        for value, points in together.items()
        for at, point in enumerate(points)
    }
