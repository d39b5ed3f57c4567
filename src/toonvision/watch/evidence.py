"""What a track is, by all frames in which it was found, and so that the levels agree.

At each level logarithms of probabilities are added up. Frames of one figure that follow one another are alike and make
the same mistakes, so a frame counts the less, the shorter ago the last one was, whatever the frame rate. Old frames are
slowly forgotten. The levels are joined over all classes that can go together (`LevelPaths`): an entity speaks for its
suit, a suit for its kind. A level whose classes are all as probable says nothing about the others. What a detector
finds has one of its classes: ways without one are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from toonvision.deploy.scene import NamedObject
from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.level_paths import LevelPaths

Said = Mapping[str, Mapping[str, float]]
"""Level to class to probability, 0 to 1; the classes of a level that are left out share the rest equally."""

NEWS_SECONDS: Final = 0.2
"""Time after which a frame counts as 63 % of a new one."""
MEMORY_SECONDS: Final = 1.0
"""Time after which what was seen counts 37 %: a track that went over to another figure has to notice that soon."""
DOUBT: Final = 0.1
"""Share of a frame's word that is given to all classes equally: models are too sure of their mistakes."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a track's classes.

    Attributes:
        paths: Which classes go together.
        sums: Level to the sum of logarithms of each class, shape ``(classes,)``; without levels nobody spoke about.
        last: Level to when somebody last did, in seconds.
    """

    paths: LevelPaths
    sums: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    last: Mapping[str, float] = field(default_factory=dict)

    def with_said(self, said: Said, seconds: float) -> "Evidence":
        """Return it with what was said of one more frame, taken after some seconds; unknown levels do not count."""
        sums, last = dict(self.sums), dict(self.last)
        for level, shares in said.items():
            if level not in self.paths.levels:
                continue
            whole = self._whole(level, shares)
            logs = np.log((1 - DOUBT) * whole + DOUBT / len(whole))
            passed = seconds - last[level] if level in last else np.inf
            before = sums[level] * np.exp(-passed / MEMORY_SECONDS) if level in sums else 0.0
            sums[level] = before + (1 - np.exp(-passed / NEWS_SECONDS)) * logs
            last[level] = seconds
        return Evidence(self.paths, sums, last)

    def _whole(self, level: str, shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
        index = self.paths.index[level]
        rest = max(0.0, 1 - sum(shares.values())) / max(1, len(index) - len(shares))
        found = np.full(len(index), rest)
        for name, share in shares.items():
            if name in index:
                found[index[name]] = share
        return found

    @cached_property
    def probabilities(self) -> Mapping[str, Mapping[str, float]]:
        """Level to class to probability, from general to specific, as far as anybody spoke about them.

        Those of a level sum to less than 1 where the track may be something that has no class there.
        """
        shares = self.shares
        return {name: self._at(name, shares) for name in self._known}

    @cached_property
    def path(self) -> Mapping[str, str]:
        """Level to the most probable class: at each level of those that agree with the levels before."""
        shares, table = self.shares.copy(), self.paths.table
        found = {}
        for column, name in enumerate(self._known):
            totals = np.bincount(table[:, column] + 1, shares, minlength=2)
            best = int(totals.argmax()) - 1
            shares = np.where(table[:, column] == best, shares, 0.0)
            if best >= 0:
                found[name] = self.paths.levels[name][best]
        return found

    @property
    def label(self) -> str:
        """The class at the most specific level that is known; an empty text before anything is."""
        return list(self.path.values())[-1] if self.path else ""

    @cached_property
    def confidences(self) -> Mapping[str, float]:
        """Level to the probability of its class in `path`, 0 to 1."""
        return {name: self.probabilities[name][one] for name, one in self.path.items()}

    @property
    def _known(self) -> tuple[str, ...]:
        """The levels up to the most specific one that anybody spoke about: it speaks for those before it."""
        names = tuple(self.paths.levels)
        return names[: max((names.index(name) for name in self.sums), default=-1) + 1]

    @cached_property
    def shares(self) -> npt.NDArray[np.float64]:
        """The probability of each path, shape ``(paths,)``."""
        logs = np.log(self.paths.prior)
        for column, name in enumerate(self.paths.levels):
            if name in self.sums:
                # How much more probable each class is than without news; a path without a class here has no news.
                news = _normalized(self.sums[name]) + np.log(len(self.sums[name]))
                without = -np.inf if name == self.paths.found else 0.0
                logs += np.append(news, without)[self.paths.table[:, column]]
        shares: npt.NDArray[np.float64] = np.exp(_normalized(logs))
        return shares

    def _at(self, level: str, shares: npt.NDArray[np.float64]) -> dict[str, float]:
        column = list(self.paths.levels).index(level)
        classes = self.paths.levels[level]
        totals = np.bincount(self.paths.table[:, column] + 1, shares, minlength=len(classes) + 1)
        return {one: min(1.0, float(totals[at + 1])) for at, one in enumerate(classes)}


def said_of(found: FoundObject, paths: LevelPaths) -> Said:
    """Return what is said of a found object: by the detector, and by classifiers where they were asked.

    A detector's score also says whether there is anything at all; what it leaves open is shared by all classes.
    """
    level = paths.found
    own = found.score + (1 - found.score) / max(1, len(paths.levels[level]))
    said = {level: {found.label: own}}
    if isinstance(found, NamedObject):
        detected = next(iter(found.levels))
        said[level] = {found.levels[detected]: own}
        said |= {name: {one: found.confidences[name]} for name, one in found.levels.items() if name != detected}
    return said


def _normalized(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    highest = logs.max()
    normalized: npt.NDArray[np.float64] = logs - highest - np.log(np.exp(logs - highest).sum())
    return normalized
