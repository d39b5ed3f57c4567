"""Labels and what they mean: levels, classes, contexts, tasks.

A *label* is what an annotation says (`cog_bb_flunky`). It has a *class* at some *levels* (kind `cog`, suit
`bb`, entity `flunky`). A *task* predicts the classes of one level. A *context* is where a screenshot was taken.
"""

import difflib
import hashlib
import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property

from toonvision.core.errors import UsageError
from toonvision.core.names import folded

LABEL_LEVEL = "label"
"""The level that every taxonomy has: each label is its own class."""

PIXEL_LEVEL = "pixel"
"""The level of a taxonomy that names the classes of pixels: what the values of masks mean, whatever the labels are."""

CLASSIFY, DETECT, SEGMENT = "classify", "detect", "segment"
KINDS = [CLASSIFY, DETECT, SEGMENT]
"""Kinds of task: `classify` names what a crop shows, `detect` finds objects in screenshots, `segment` names what each
pixel of a screenshot shows. `toonvision.tasks` has a module for each."""

LONGEST_NAME = 1_000

NO_CONTEXT = "all"
"""The context of screenshots that are in no subfolder."""

PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
    "#332288", "#999933", "#882255", "#44AA99", "#666666",
)  # fmt: skip
"""Colours of classes without one of their own: Okabe and Ito (2008), then Tol's muted scheme (2021)."""


@dataclass(frozen=True)
class Category:
    """One class of a level, or one context.

    Attributes:
        name: The short name in labels, files and tables.
        title: The name that is shown.
        color: ``#rrggbb``, the same in every figure.
    """

    name: str
    title: str
    color: str


@dataclass(frozen=True)
class Level:
    """One way to group labels, with its classes in their fixed order."""

    name: str
    title: str
    classes: tuple[Category, ...]

    @property
    def noun(self) -> str:
        """The title within a sentence."""
        return self.title.lower() if self.title.istitle() else self.title

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Index from 0 by class name: the order of a network's outputs."""
        return {category.name: index for index, category in enumerate(self.classes)}

    @cached_property
    def by_name(self) -> Mapping[str, Category]:
        """Class by name."""
        return {category.name: category for category in self.classes}


@dataclass(frozen=True)
class Label:
    """What an annotation calls an object.

    Attributes:
        name: The name in annotations.
        title: The name that is shown.
        classes: Class name by level name; a label need not have a class at every level.
        color: ``#rrggbb``, used where each label is a class.
    """

    name: str
    title: str
    classes: Mapping[str, str] = field(hash=False)
    color: str = PALETTE[0]


@dataclass(frozen=True)
class Task:
    """What a model predicts: the classes of one level, in one of the ways in `KINDS`."""

    name: str
    level: str
    kind: str = CLASSIFY


@dataclass(frozen=True)
class Targets:
    """How many samples to collect of each label, over all contexts and in each context."""

    per_label: int = 30
    per_context: int = 5

    def __str__(self) -> str:
        """Return the same in words.

        Examples:
            >>> str(Targets(30, 5))
            '30 of each label, at least 5 in each context'
        """
        return f"{self.per_label:,} of each label, at least {self.per_context:,} in each context"


@dataclass(frozen=True)
class Taxonomy:
    """All labels with their levels, contexts, tasks and targets.

    Levels go from general to specific. Without contexts every folder's name is one. Tasks are what can be trained.
    `pixels` are the classes of pixels, in the order of the values in masks, from 0. `heights` says of labels how high
    their objects are, in any unit: that of their distances.
    """

    name: str
    levels: tuple[Level, ...]
    labels: tuple[Label, ...]
    contexts: tuple[Category, ...] = ()
    tasks: tuple[Task, ...] = ()
    targets: Targets = Targets()
    pixels: tuple[Category, ...] = ()
    heights: Mapping[str, float] = field(default_factory=dict, hash=False)

    @cached_property
    def by_name(self) -> Mapping[str, Label]:
        """Label by name."""
        return {label.name: label for label in self.labels}

    @property
    def all_levels(self) -> tuple[Level, ...]:
        """The levels, the coarsest first, and then the level `label`, which every taxonomy has."""
        return (*self.levels, self.level(LABEL_LEVEL))

    def level(self, name: str) -> Level:
        """Return the level of a name; every taxonomy has the level `label`, and `pixel` if it names those classes.

        Raises:
            UsageError: If there is no such level.
        """
        for level in self.levels:
            if level.name == name:
                return level
        if name == LABEL_LEVEL:
            categories = (Category(label.name, label.title, label.color) for label in self.labels)
            return Level(LABEL_LEVEL, "Label", tuple(categories))
        if name == PIXEL_LEVEL and self.pixels:
            return Level(PIXEL_LEVEL, "Pixel", self.pixels)
        raise UsageError(f"a level is one of {_listed(level.name for level in self.levels)}; got {name!r}.")

    def task(self, name: str) -> Task:
        """Return the task of a name.

        Raises:
            UsageError: If there is no such task.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        names = [task.name for task in self.tasks]
        does = {DETECT: ("finds objects", "detection"), SEGMENT: ("names pixels", "segmentation")}
        lacking = [does[kind] for kind in does.keys() - {task.kind for task in self.tasks}]
        hint = did_you_mean(name, names) or "".join(
            f" How to add one that {what}: docs/{page}.md." for what, page in sorted(lacking)
        )
        raise UsageError(f"a task of this taxonomy is one of {_listed(names)}; got {name!r}.{hint}")

    def level_with(self, name: str) -> Level | None:
        """Return the finest level that has a class of a name, or None if no level has one."""
        return next((level for level in reversed(self.levels) if name in level.order), None)

    def class_of(self, label: str, level: str) -> str | None:
        """Return the class of a label at a level, or None if it has none there or is unknown."""
        return self.classes_at(level).get(label)

    def classes_at(self, level: str) -> Mapping[str, str]:
        """Return the class at a level of each label that has one there, in the order of the labels."""
        return self._by_level.get(level, {})

    def separates_labels(self, level: str) -> bool:
        """Return whether no two labels have the same class at a level."""
        classes = [*self.classes_at(level).values()]
        return len(classes) == len(set(classes))

    @cached_property
    def _by_level(self) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for label in self.labels:
            for level, name in {**label.classes, LABEL_LEVEL: label.name}.items():
                found.setdefault(level, {})[label.name] = name
        return found

    def context(self, name: str) -> Category:
        """Return the context of a name; an unknown one is `unlisted`."""
        other = unlisted(name)
        if name == NO_CONTEXT:
            other = replace(other, title="No context")
        return next((one for one in self.contexts if one.name == name), other)

    def coarser(self, level: str) -> tuple[Level, ...]:
        """Return the other levels that the classes of a level determine, in the taxonomy's order.

        For example, an entity determines its suit and its kind; a kind determines neither.
        """
        return tuple(other for other in self.levels if other.name != level and self._determines(level, other.name))

    def grouping(self, level: str) -> tuple[Level, ...]:
        """Return the coarser levels that join classes of a level: for `label` its kind and suit, not its entity."""

        def groups(other: Level) -> bool:
            parents = self.parents(level, other.name)
            return 1 < len(set(parents.values())) < len(parents)

        return tuple(other for other in self.coarser(level) if groups(other))

    def _determines(self, level: str, other: str) -> bool:
        above = self.parents(level, other)
        names = {self.class_of(label.name, level) for label in self.labels} - {None}
        return bool(above) and (len(above) < len(names) or not self.parents(other, level))

    def parents(self, level: str, other: str) -> Mapping[str, str]:
        """Return the class at another level by class of a level; empty if a class has more than one."""
        found: dict[str, str | None] = {}
        for label in self.labels:
            child, parent = self.class_of(label.name, level), self.class_of(label.name, other)
            if child is None:
                continue
            if found.setdefault(child, parent) != parent:
                return {}
        return {child: parent for child, parent in found.items() if parent is not None}

    def all_parents(self, level: str) -> dict[str, Mapping[str, str]]:
        """Return for each coarser level, by name, the class there by class of a level; see `coarser` and `parents`."""
        return {other.name: self.parents(level, other.name) for other in self.coarser(level)}

    @cached_property
    def digest(self) -> str:
        """Hash of what decides the meaning of a model's outputs: labels, levels and their order."""
        meaning = {
            "labels": [[label.name, dict(label.classes)] for label in self.labels],
            "levels": [[level.name, [c.name for c in level.classes]] for level in self.levels],
        }
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]

    def with_targets(self, targets: Targets) -> "Taxonomy":
        """Return the same taxonomy with other targets."""
        return replace(self, targets=targets)

    @property
    def finding(self) -> tuple[str, ...]:
        """The names of the tasks that find objects, which need but one label."""
        return tuple(task.name for task in self.tasks if task.kind == DETECT)

    def without(self, labels: Set[str]) -> "Taxonomy":
        """Return the same taxonomy without some labels, and without the classes and levels that only these have."""
        kept = tuple(label for label in self.labels if label.name not in labels)
        if len(kept) == len(self.labels):
            return self
        levels = []
        for level in self.levels:
            gone = {label.classes.get(level.name) for label in self.labels} - {
                label.classes.get(level.name) for label in kept
            }
            levels.append(replace(level, classes=tuple(one for one in level.classes if one.name not in gone)))
        there = {LABEL_LEVEL, PIXEL_LEVEL, *(level.name for level in levels if level.classes)}
        return replace(
            self,
            labels=kept,
            levels=tuple(level for level in levels if level.name in there),
            tasks=tuple(task for task in self.tasks if task.level in there),
        )


def is_name(text: str) -> bool:
    r"""Return whether a text can be a name or a title: at most 1,000 characters, no control characters.

    Examples:
        >>> is_name("Bossbot\u00a0Nr. 1"), is_name("two\nlines")
        (True, False)
    """
    return len(text) <= LONGEST_NAME and not control_characters(text)


def control_characters(text: str) -> list[str]:
    """Return the control characters of a text, and the halves of surrogate pairs."""
    return [character for character in text if unicodedata.category(character) in {"Cc", "Cs"}]


def color_at(index: int) -> str:
    """Return the colour of the class at an index; after its end the palette is repeated in lighter tones.

    Examples:
        >>> color_at(0), color_at(11)
        ('#0072B2', '#5ea6ce')
    """
    base = PALETTE[index % len(PALETTE)]
    share = 1 - 0.63 ** (index // len(PALETTE))
    if not share:
        return base
    return "#" + "".join(f"{round(c + (255 - c) * share):02x}" for c in bytes.fromhex(base[1:]))


def unlisted(name: str) -> Category:
    """Return a class or a context that a taxonomy does not list: its colour depends on its name alone."""
    index = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    return Category(name, name, color_at(index % len(PALETTE)))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a suggestion of the most similar known name, with a leading blank, or an empty text.

    Examples:
        >>> did_you_mean("cog_bb_flunkey", ["cog_bb_flunky", "toon_dog"]), did_you_mean("ACE", ["ace"])
        (' Did you mean cog_bb_flunky?', ' Did you mean ace?')
    """
    names = {folded(one): one for one in known}
    near = difflib.get_close_matches(folded(name), list(names), n=1, cutoff=0.75)
    return f" Did you mean {names[near[0]]}?" if near else ""


def require_known(what: str, name: object, known: Collection[str]) -> None:
    """Refuse a name that is none of those that are known.

    Raises:
        UsageError: Naming those, and the most similar one.
    """
    if not isinstance(name, str) or name not in known:
        raise UsageError(f"{what} is one of {', '.join(known)}; got {name!r}.{did_you_mean(str(name), known)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
