"""Rows of classes, with a heading above each group of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from matplotlib.axes import Axes

from toonvision.figures.style import shorten
from toonvision.taxonomy.labels import Category, Level, Taxonomy

_LONGEST = 28


@dataclass(frozen=True)
class Group:
    """Neighbouring labels of one class of a coarser level.

    Attributes:
        title: What they have in common.
        size: How many labels they are.
    """

    title: str
    size: int


@dataclass(frozen=True)
class Rows:
    """Where rows lie, counted downwards from 0.

    Attributes:
        positions: Of each class.
        headings: Of each group, with its title.
        height: Of all together.
    """

    positions: tuple[float, ...]
    headings: tuple[tuple[float, str], ...]
    height: float


def lay_out(count: int, groups: Sequence[Group] = ()) -> Rows:
    """Place rows below each other; each group starts with a heading of a row's height."""
    if not groups:
        return Rows(tuple(float(at) for at in range(count)), (), float(count))
    positions: list[float] = []
    headings = []
    at = 0.0
    for group in groups:
        headings.append((at, group.title))
        positions += [at + 1 + row for row in range(group.size)]
        at += group.size + 1.25
    return Rows(tuple(positions), tuple(headings), at - 0.25)


def label_groups(taxonomy: Taxonomy) -> tuple[Group, ...]:
    """Group neighbouring labels by the most specific level that groups them; empty where that says nothing."""
    grouping = [level for level in taxonomy.levels if not is_single(level, taxonomy)]
    found = [
        Group(title, len(list(members)))
        for title, members in groupby(_group_title(label.name, grouping, taxonomy) for label in taxonomy.labels)
    ]
    return tuple(found) if 1 < len(found) <= len(taxonomy.labels) / 2 else ()


def is_single(level: Level, taxonomy: Taxonomy) -> bool:
    """Whether each class of a level is that of one label alone."""
    members = [label.classes[level.name] for label in taxonomy.labels if level.name in label.classes]
    return len(set(members)) == len(members)


def repeats_labels(level: Level, taxonomy: Taxonomy) -> bool:
    """Whether a level says again what the labels say: one label a class, and most of the labels."""
    members = sum(level.name in label.classes for label in taxonomy.labels)
    return is_single(level, taxonomy) and members > len(taxonomy.labels) / 2


def label_rows(ax: Axes, classes: Sequence[Category], rows: Rows, *, size: float | None = None) -> None:
    """Write the classes' titles, and the groups' in bold, to the left of their rows."""
    titles = [shorten(category.title, _LONGEST) for category in classes]
    positions = [*rows.positions, *(at for at, _ in rows.headings)]
    ax.set_yticks(positions, [*titles, *(shorten(title, _LONGEST) for _, title in rows.headings)])
    for tick in ax.get_yticklabels()[len(titles) :]:
        tick.set_fontweight("bold")
    if size:
        ax.tick_params(axis="y", labelsize=size)
    ax.set_ylim(rows.height - 0.45, -0.55)


def _group_title(label: str, grouping: Sequence[Level], taxonomy: Taxonomy) -> str:
    for level in reversed(grouping):
        name = taxonomy.class_of(label, level.name)
        if name is not None:
            return level.classes[level.order[name]].title
    return "Others"
