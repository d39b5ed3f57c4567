"""How a data set grew: labels by origin, screenshots by context, the errors of runs, and objects by class."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from matplotlib.axes import Axes
from matplotlib.dates import date2num, num2date
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from toonvision.core.grouping import grouped
from toonvision.data.growth import ErrorPoint
from toonvision.figures import style
from toonvision.figures.style import FAINT, PAPER, WIDTH, Look, styled
from toonvision.figures.values import GrowthAreas, ObjectGrowthAreas
from toonvision.taxonomy.labels import Category, Level, color_at

_ORIGINS = {
    "source": "annotated in the source",
    "drawn": "drawn",
    "corrected": "proposed, corrected",
    "accepted": "proposed, accepted",
    "unasked": "accepted unasked",
}
_MOST_CLASSES = 10
"""Of a level with more, the others are one area: more colours would look alike."""
_MOST_RUNS_NAMED = 12
_MOST_TICKS = 7


@styled
def draw_growth(value: GrowthAreas) -> Figure:
    """Draw labels by origin over time, screenshots by context, and the errors of runs by task, where there are any."""
    growth, contexts = value.growth, [value.taxonomy.context(name) for name in value.growth.screenshots]
    rows = 3 if growth.errors else 2
    figure = style.new_figure(WIDTH, 2.6 * rows)
    labels, screenshots, *errors = figure.subplots(rows, 1, sharex=True, squeeze=False)[:, 0]
    origins = [Category(name, _ORIGINS.get(name, name), color_at(at)) for at, name in enumerate(growth.labels)]
    draw_areas(labels, growth.days, origins, list(growth.labels.values())).set_title("Labels", loc="left")
    draw_areas(screenshots, growth.days, contexts, list(growth.screenshots.values()))
    screenshots.set_title("Screenshots", loc="left")
    for ax in errors:
        draw_run_errors(ax, growth.errors).set_title("Wrong on test, %", loc="left")
    return figure


@styled
def draw_object_growth(value: ObjectGrowthAreas) -> Figure:
    """Draw objects over time by class, for each level below the other."""
    growth = value.growth
    levels = [value.taxonomy.level(name) for name, classes in growth.objects.items() if classes]
    figure = style.new_figure(WIDTH, 2.8 * len(levels))
    for ax, level in zip(figure.subplots(len(levels), 1, sharex=True, squeeze=False)[:, 0], levels, strict=True):
        classes, counts = _most(level, growth.objects[level.name])
        draw_areas(ax, growth.days, classes, counts).set_title(level.title, loc="left")
    return figure


def _most(level: Level, sums: Mapping[str, tuple[int, ...]]) -> tuple[list[Category], list[tuple[int, ...]]]:
    """Return the classes of a level with most objects, in its order, and their sums; the others as one."""
    classes = [one for one in level.classes if one.name in sums]
    if len(classes) <= _MOST_CLASSES:
        return classes, [sums[one.name] for one in classes]
    most = sorted(classes, key=lambda one: -sums[one.name][-1])[: _MOST_CLASSES - 1]
    shown = [one for one in classes if one in most]
    others = [sums[one.name] for one in classes if one not in most]
    rest = Category("", f"{len(others)} others", FAINT)
    return [*shown, rest], [*(sums[one.name] for one in shown), tuple(map(sum, zip(*others, strict=True)))]


def draw_run_errors(ax: Axes, errors: Sequence[ErrorPoint]) -> Axes:
    """Draw the errors of runs over time, a line for each task; few enough are named.

    Args:
        ax: Where to.
        errors: The errors, ascending by time.
    """
    for at, (task, points) in enumerate(sorted(grouped(errors, lambda one: one.task).items())):
        times = [_number(one.time) for one in points]
        dots: Look = {"color": color_at(at), "markersize": 6, "markeredgecolor": PAPER, "linewidth": 1.2}
        ax.plot(times, [100 * one.error for one in points], "o-", label=task, **dots)
        for when, one in zip(times, points, strict=True):
            if len(errors) <= _MOST_RUNS_NAMED:
                near: Look = {"xytext": (5, 3), "textcoords": "offset points", "fontsize": 7, "color": color_at(at)}
                ax.annotate(one.run.partition("/")[2], (when, 100 * one.error), **near)
    ax.set_ylim(bottom=0)
    _legend(ax)
    _name_days(ax)
    return ax


def draw_areas(ax: Axes, days: Sequence[date], parts: Sequence[Category], counts: Sequence[Sequence[int]]) -> Axes:
    """Draw sums over time, stacked.

    Args:
        ax: Where to.
        days: The days, ascending.
        parts: What is counted, with title and colour.
        counts: Of each of these the sum at the end of each day.
    """
    if counts and days:
        at = [_number(datetime.combine(day, time())) for day in (*days, days[-1] + timedelta(days=1))]
        stacked = [[*values, values[-1]] for values in counts]
        colors = [part.color for part in parts]
        ax.stackplot(at, stacked, labels=[part.title for part in parts], colors=colors, step="post", linewidth=0)
        _legend(ax)
    ax.set_ylim(bottom=0)
    _name_days(ax)
    return ax


def _number(moment: datetime) -> float:
    return float(date2num(moment))  # type: ignore[no-untyped-call] # matplotlib's dates have no types


def _legend(ax: Axes) -> None:
    look: Look = {"fontsize": 8, "frameon": False, "borderaxespad": 0.2, "handlelength": 1.2, "columnspacing": 1.2}
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=6, **look)


def _name_days(ax: Axes) -> None:
    """Put ticks at whole days, each with its month and year: those of two months are never confused."""
    ax.xaxis.set_major_locator(MaxNLocator(_MOST_TICKS, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(_day_name))


def _day_name(number: float, _: object = None) -> str:
    day = num2date(number)  # type: ignore[no-untyped-call] # matplotlib's dates have no types
    return f"{day.day} {day:%b %Y}"
