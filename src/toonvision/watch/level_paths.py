"""Which classes of the levels of a taxonomy can be those of one object: an entity has one suit, a suit one kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toonvision.taxonomy.labels import Taxonomy

Parents = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Level to coarser level to the class there of each class of the level."""


@dataclass(frozen=True)
class LevelPaths:
    """All ways through the levels that an object can be of.

    Attributes:
        found: The level whose classes a detector finds.
        levels: Names of the classes by level, from general to specific.
        paths: For each way the index of its class at each level, in the same order; -1 where it has none there.

    Examples:
        >>> parents = {"suit": {"kind": {"bb": "cog", "lb": "cog"}}}
        >>> LevelPaths.of("kind", {"kind": ["cog", "toon"], "suit": ["bb", "lb"]}, parents).paths
        ((0, 0), (0, 1), (1, -1))
    """

    found: str
    levels: Mapping[str, tuple[str, ...]]
    paths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, found: str, levels: Mapping[str, Sequence[str]], parents: Parents) -> "LevelPaths":
        """Return the ways through some levels.

        Args:
            found: The level whose classes a detector finds, one of `levels`.
            levels: Names of the classes by level, from general to specific.
            parents: Which class a class determines. Levels without such a relation are independent of each other.
        """
        known = {name: tuple(classes) for name, classes in levels.items()}
        rows: list[dict[str, str]] = [{}]
        for name in reversed(known):
            rows = [*_extended(rows, name, known[name], parents)]
        paths = [tuple(_index(row.get(name), known[name]) for name in known) for row in rows]
        return cls(found, known, tuple(sorted(set(paths), key=lambda path: [at % (1 << 30) for at in path])))

    @classmethod
    def of_taxonomy(cls, taxonomy: Taxonomy, found: str, levels: Iterable[str] = ()) -> "LevelPaths":
        """Return the ways through levels of a taxonomy: that of a detector, and those of classifiers."""
        wanted = {found, *levels}
        ordered = [level.name for level in taxonomy.levels if level.name in wanted]
        ordered += sorted(wanted - set(ordered))
        classes = {name: [one.name for one in taxonomy.level(name).classes] for name in ordered}
        return cls.of(found, classes, {name: taxonomy.all_parents(name) for name in ordered})

    @cached_property
    def index(self) -> Mapping[str, Mapping[str, int]]:
        """Level to class to index."""
        return {name: {one: at for at, one in enumerate(classes)} for name, classes in self.levels.items()}

    @cached_property
    def table(self) -> npt.NDArray[np.int64]:
        """The paths as an array of shape ``(paths, levels)``."""
        return np.array(self.paths, np.int64).reshape(-1, len(self.levels))

    @cached_property
    def prior(self) -> npt.NDArray[np.float64]:
        """The probability of each path before anything is known: at each level all that can follow are as probable."""
        found = np.ones(len(self.paths))
        for column in range(len(self.levels)):
            following: dict[tuple[int, ...], set[int]] = {}
            for path in self.paths:
                following.setdefault(path[:column], set()).add(path[column])
            found /= [len(following[path[:column]]) for path in self.paths]
        return found


def _extended(rows: list[dict[str, str]], name: str, classes: Sequence[str], parents: Parents) -> list[dict[str, str]]:
    """Return paths through finer levels with the class at one more level, and paths that begin at it."""
    found, covered = [], set()
    for row in rows:
        above = [parents.get(finer, {}).get(name, {}) for finer in row]
        related = [one for one in above if one]
        if not related:
            found += [{**row, name: one} for one in classes]
            covered |= set(classes)
            continue
        own = [one[row[finer]] for finer, one in zip(row, above, strict=True) if row[finer] in one]
        found.append({**row, name: own[0]} if own else row)
        covered |= set(own)
    return found + [{name: one} for one in classes if one not in covered]


def _index(name: str | None, classes: Sequence[str]) -> int:
    return -1 if name is None else classes.index(name)
