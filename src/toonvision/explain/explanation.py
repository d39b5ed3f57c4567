"""All that is found out about some predictions: which places speak for them, and whether that can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toonvision.data.arrays import Pictures
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.explain.cam import ClassMaps
from toonvision.explain.evidence import Evidence, GroupEvidence, Values, distinctive, evidence_warnings
from toonvision.explain.trust import (
    Randomisation,
    TrustCurves,
    check_maps,
    curves_warning,
    fixed_spot,
    map_warnings,
    randomisation_warning,
    spot_warning,
)
from toonvision.taxonomy.labels import Category

Sections = Sequence[tuple[str, Sequence[GroupEvidence]]]
"""Headings, such as ``By class``, with the groups below them; the first, of all crops, has an empty one."""


@dataclass(frozen=True, eq=False)
class Cases:
    """The pictures to explain.

    Attributes:
        names: What to call them.
        pictures: Shape ``(pictures, height, width, 3)``, 0 to 255.
        y_true: Places of the true classes; None where nobody knows.
        probabilities: Shape ``(pictures, classes)``.
        judged: The judged part that they are from; None of other pictures.
        places: Their places in that part.
    """

    names: tuple[str, ...]
    pictures: Pictures
    y_true: tuple[int | None, ...]
    probabilities: npt.NDArray[np.float32]
    judged: ClassEvaluation | None = None
    places: tuple[int, ...] = ()

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Places of the predicted classes."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted


@dataclass(frozen=True, eq=False)
class MaskedEvidence:
    """On what the evidence lies, for those crops of a judged part that have masks.

    Attributes:
        places: Their places in that part.
        told_apart: Of the maps of what tells a picture from the average one, one row a crop.
        plain: Of the maps as they are, one row a crop.
        sections: The first averaged: over all, by class, by place.
    """

    places: tuple[int, ...]
    told_apart: Evidence
    plain: Evidence
    sections: Sections


@dataclass(frozen=True, eq=False)
class Explanation:
    """What was found out about some cases.

    Attributes:
        cases: The pictures.
        classes: The classes, in the order of the probabilities and maps.
        maps: Of all pictures of the judged part, or else of the cases.
        curves: Deletion and insertion, of the first cases.
        steps: Randomisation, of the same cases.
        evidence: On what the evidence lies; None where there are no masks.
    """

    cases: Cases
    classes: tuple[Category, ...]
    maps: ClassMaps
    curves: TrustCurves
    steps: tuple[Randomisation, ...]
    evidence: MaskedEvidence | None = None

    @property
    def own(self) -> Values:
        """Maps of the cases, shape ``(pictures, classes, height, width)``."""
        return own_maps(self.cases, self.maps)

    @property
    def sections(self) -> Sections:
        """Averages of the evidence; empty where there are no masks."""
        return self.evidence.sections if self.evidence else ()

    @cached_property
    def warnings(self) -> list[str]:
        """What speaks against the maps, in plain words, the gravest first."""
        found = [randomisation_warning(self.steps), curves_warning(self.curves)]
        if self.cases.judged:
            told_apart = distinctive(self.maps.values)[
                np.arange(len(self.maps.values)), self.cases.judged.best.predicted
            ]
            found.append(spot_warning(fixed_spot(told_apart)))
        found += [warning for _, members in self.sections for group in members for warning in evidence_warnings(group)]
        predicted = self.own[np.arange(len(self.own)), self.cases.predicted]
        checks = check_maps(predicted, size_hw=self.cases.pictures.shape[1:3])
        return [*(warning for warning in found if warning), *map_warnings(checks, self.cases.names)]


def gravest_cases(judged: ClassEvaluation, count: int) -> Cases:
    """Choose the wrong ones of a judged part, the gravest first, then the least sure, each once.

    Args:
        judged: The judged part.
        count: How many at most.
    """
    places = list(dict.fromkeys([*judged.wrong.tolist(), *judged.best.unsure.tolist()]))[:count]
    return Cases(
        names=tuple(judged.items[at].file for at in places),
        pictures=np.asarray(judged.images[places]),
        y_true=tuple(int(judged.best.y_true[at]) for at in places),
        probabilities=judged.best.probabilities[places],
        judged=judged,
        places=tuple(places),
    )


def own_maps(cases: Cases, maps: ClassMaps) -> Values:
    """Give the maps of the cases out of those of all pictures of their part.

    Returns:
        Shape ``(pictures, classes, height, width)``.
    """
    return maps.values[list(cases.places)] if cases.judged else maps.values
