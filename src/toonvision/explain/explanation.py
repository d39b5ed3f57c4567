"""An explanation of some predictions: which cells of the images speak for them, and whether that can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toonvision.data.images import Pictures
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.explain.activations import Values
from toonvision.explain.cam import ClassMaps
from toonvision.explain.evidence import Evidence, GroupEvidence, distinctive, evidence_warnings
from toonvision.explain.map_warnings import map_warnings, spot_warning
from toonvision.explain.trust import Randomisation, TrustCurves, curves_warning, randomisation_warning
from toonvision.taxonomy.labels import Category

Sections = Sequence[tuple[str, Sequence[GroupEvidence]]]
"""Headings, such as ``By class``, with the groups below them; the first, of all crops, has an empty heading."""


@dataclass(frozen=True, eq=False)
class Cases:
    """The images to explain.

    Attributes:
        names: What to call them.
        images: Shape ``(images, height, width, 3)``, 0 to 255.
        y_true: Indices of the true classes; None where they are unknown.
        probabilities: Shape ``(images, classes)``.
        evaluation: Of the subset that they are from; None for other images.
        indices: Their indices in that subset.
    """

    names: tuple[str, ...]
    images: Pictures
    y_true: tuple[int | None, ...]
    probabilities: npt.NDArray[np.float32]
    evaluation: ClassEvaluation | None = None
    indices: tuple[int, ...] = ()

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Indices of the predicted classes."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted


@dataclass(frozen=True, eq=False)
class MaskedEvidence:
    """Where the evidence lies, for those crops of an evaluated subset that have masks.

    Attributes:
        indices: Their indices in that subset.
        distinctive: Of the `distinctive` maps, one row for each crop.
        plain: Of the maps as they are, one row for each crop.
        sections: The first averaged: over all crops, by class, by context.
    """

    indices: tuple[int, ...]
    distinctive: Evidence
    plain: Evidence
    sections: Sections


@dataclass(frozen=True, eq=False)
class Explanation:
    """What was computed about some cases.

    Attributes:
        cases: The images.
        classes: The classes, in the order of the probabilities and maps.
        maps: Of all images of the evaluated subset, or else of the cases.
        curves: Deletion and insertion, of the first cases.
        steps: Randomisation, of the same cases.
        evidence: Where the evidence lies; None where there are no masks.
    """

    cases: Cases
    classes: tuple[Category, ...]
    maps: ClassMaps
    curves: TrustCurves
    steps: tuple[Randomisation, ...]
    evidence: MaskedEvidence | None = None

    @property
    def sections(self) -> Sections:
        """Averages of the evidence; empty where there are no masks."""
        return self.evidence.sections if self.evidence else ()

    @cached_property
    def warnings(self) -> list[str]:
        """What speaks against the maps, the most serious first."""
        found = [randomisation_warning(self.steps), curves_warning(self.curves)]
        if self.cases.evaluation:
            own = self.cases.evaluation.best.predicted
            found.append(spot_warning(distinctive(self.maps.values)[np.arange(len(own)), own]))
        found += [warning for _, members in self.sections for group in members for warning in evidence_warnings(group)]
        maps = own_maps(self.cases, self.maps)
        predicted = maps[np.arange(len(maps)), self.cases.predicted]
        flat = map_warnings(predicted, self.cases.names, size_hw=self.cases.images.shape[1:3])
        return [*(warning for warning in found if warning), *flat]


def worst_cases(evaluation: ClassEvaluation, count: int) -> Cases:
    """Return the worst mistakes of an evaluated subset, then its least confident predictions, at most `count`."""
    best = evaluation.best
    indices = list(dict.fromkeys([*evaluation.wrong.tolist(), *best.unsure.tolist()]))[:count]
    return Cases(
        names=tuple(evaluation.crops[index].file for index in indices),
        images=np.asarray(evaluation.images[indices]),
        y_true=tuple(int(best.y_true[index]) for index in indices),
        probabilities=best.probabilities[indices],
        evaluation=evaluation,
        indices=tuple(indices),
    )


def own_maps(cases: Cases, maps: ClassMaps) -> Values:
    """Return the cases' maps, shape ``(images, classes, height, width)``, of those of all images of their subset."""
    return maps.values[list(cases.indices)] if cases.evaluation else maps.values
