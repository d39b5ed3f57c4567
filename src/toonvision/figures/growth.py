"""How a data set grew: labels by origin with the errors of runs beside them, and screenshots by context."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from toonvision.figures import style
from toonvision.figures.style import PAPER, WIDTH, WRONG, styled
from toonvision.figures.values import GrowthAreas
from toonvision.taxonomy.labels import Category, color_at

_ORIGINS = {
    "source": "annotated in the source",
    "drawn": "drawn",
    "corrected": "proposed, corrected",
    "accepted": "proposed, accepted",
    "unasked": "accepted unasked",
}


@styled
def draw_growth(value: GrowthAreas) -> Figure:
    """Draw labels by origin over time, with the errors of runs, and below them screenshots by context."""
    growth, contexts = value.growth, [value.taxonomy.context(name) for name in value.growth.screenshots]
    figure = style.new_figure(WIDTH, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, squeeze=True)
    origins = [Category(name, _ORIGINS.get(name, name), color_at(at)) for at, name in enumerate(growth.labels)]
    draw_areas(above, growth.days, origins, list(growth.labels.values()))
    above.set_title("Labels", loc="left")
    if growth.errors:
        beside = above.twinx()
        times = [one.time for one in growth.errors]
        dots = {"color": WRONG, "markersize": 6, "markeredgecolor": PAPER, "markeredgewidth": 1.2}
        beside.plot(times, [100 * one.error for one in growth.errors], "o", **dots)
        beside.set_ylabel("Wrong on test (dots), %")
        beside.set_ylim(bottom=0)
    draw_areas(below, growth.days, contexts, list(growth.screenshots.values()))
    below.set_title("Screenshots", loc="left")
    return figure


def draw_areas(ax: Axes, days: Sequence[date], parts: Sequence[Category], counts: Sequence[Sequence[int]]) -> Axes:
    """Draw sums over time, stacked.

    Args:
        ax: Where to.
        days: The days, ascending.
        parts: What is counted, with title and colour.
        counts: Of each of these the sum at the end of each day.
    """
    if counts and days:
        edges = [datetime.combine(day, time()) for day in (*days, days[-1] + timedelta(days=1))]
        at = [date2num(moment) for moment in edges]  # type: ignore[no-untyped-call] # matplotlib's dates have no types
        stacked = [[*values, values[-1]] for values in counts]
        colors = [part.color for part in parts]
        ax.stackplot(at, stacked, labels=[part.title for part in parts], colors=colors, step="post", linewidth=0)
        look = {"fontsize": 8, "frameon": False, "borderaxespad": 0.2, "handlelength": 1.2, "columnspacing": 1.2}
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=min(6, len(parts)), **look)
    ax.set_ylim(bottom=0)
    locator = AutoDateLocator(minticks=2, maxticks=7)  # type: ignore[no-untyped-call] # matplotlib's dates have no types
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call] # matplotlib's dates have no types
    return ax
