"""Floors: how good what takes a second is on the same split, to compare a network's accuracy with.

A network that does not clearly beat these has learned nothing that its effort is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.seeds import generator
from toonvision.data.groups import group_keys
from toonvision.data.subsets import Subset
from toonvision.evaluation.score_floors import verdict
from toonvision.metrics.bootstrap import Estimate, paired_difference
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.models.forest import root_shares
from toonvision.models.registry import TREES
from toonvision.tasks.base import Dataset, Scores
from toonvision.taxonomy.labels import CLASSIFY
from toonvision.training.forest import forest_of
from toonvision.training.record import RunRecord

Rights = npt.NDArray[np.bool_]
_PIXELS = 32
"""Of images whose shorter side has more, every second or third pixel is counted: colours need no more."""
MAJORITY, NEIGHBOUR = "majority", "neighbour"
TITLES = {
    MAJORITY: "always predicting the most frequent class",
    NEIGHBOUR: "the nearest neighbour by colour histogram",
    TREES: "colour histograms with randomised trees",
}


@dataclass(frozen=True)
class Floor:
    """What is beaten, or not.

    Attributes:
        name: One of `TITLES`.
        right: Its right predictions.
        difference: The model's accuracy minus its own, -1 to 1, with the paired 95 % interval over screenshots and
            trainings.
    """

    name: str
    right: Proportion
    difference: Estimate

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        return TITLES[self.name]

    @property
    def model_wrong(self) -> float:
        """How many of the same predictions of the model are wrong: the mean over its trainings."""
        return self.right.total * (1 - self.difference.value) - self.right.count

    @property
    def beaten(self) -> bool:
        """Whether the model is clearly better."""
        return self.difference.low > 0

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        return {
            "name": self.name, "right": self.right.plain(), "beaten": self.beaten,
            "difference": self.difference.value, "difference_95": [self.difference.low, self.difference.high],
        }  # fmt: skip


@dataclass(frozen=True)
class Floors:
    """The floors of one evaluation.

    Attributes:
        task: What is predicted.
        network: What is compared with them.
        listed: The floors, the best last; none where the evaluated crops were learned from.
    """

    task: str
    network: str
    listed: tuple[Floor, ...] = ()

    @property
    def best(self) -> Floor | None:
        """The floor with the most right predictions; None if there is none."""
        return self.listed[-1] if self.listed else None

    @property
    def unbeaten(self) -> Floor | None:
        """The best floor that is not clearly beaten; None if all are."""
        return next((floor for floor in reversed(self.listed) if not floor.beaten), None)

    def sentence(self) -> str:
        """Return whether the model beats the floors; empty if there are none."""
        floor = self.unbeaten or self.best
        if floor is None:
            return ""
        value = 100 * floor.difference.value
        counts = (
            f"{floor.right.total - floor.right.count:,} of {floor.right.total:,} wrong, {self.network} "
            f"{floor.model_wrong:,.1f} on average; difference {value:+.1f} points, "
            f"{floor.difference.within('+.1f', times=100)}"
        )
        if floor.beaten:
            return f"The model {self.network} clearly beats the best floor, {floor.title} ({counts})."
        is_trees = floor.name == TREES and value <= 0
        use = f" Run toonvision train {self.task} --model {TREES} to use that." if is_trees else ""
        return f"The model {self.network} {verdict(floor.difference)} its floor, {floor.title} ({counts}).{use}"


def measure_floors(record: RunRecord, data: Dataset, subset: Subset, scores: Sequence[Scores]) -> Floors:
    """Measure the floors of a run on a subset of the data that it was trained with.

    There are none where that subset was learned from, is empty, or is not of classes.

    Args:
        record: The run.
        data: What it was trained with.
        subset: Which subset was evaluated.
        scores: Of each repeat on that subset.
    """
    floors = Floors(record.task, record.settings.network)
    subsets: list[Subset] = ["train", "val"] if record.settings.with_validation else ["train"]
    evaluated = data.indices[subset]
    if subset in subsets or not len(evaluated) or record.kind != CLASSIFY:
        return floors
    learned = np.concatenate([data.indices[one] for one in subsets])
    rights = floor_rights(data, learned, evaluated, without=record.settings.network)
    own = np.stack([~one.wrong for one in scores])
    sound = [not repeat.failed for repeat in record.repeats]
    return compared(
        floors, own[sound] if any(sound) else own, rights, group_keys([data.items[index] for index in evaluated])
    )


def floor_rights(data: Dataset, learned: Indices, evaluated: Indices, *, without: str = "") -> dict[str, Rights]:
    """Return whether each floor is right about each evaluated image, by name, except for one of the name `without`.

    Args:
        data: Images and targets.
        learned: Indices of the images that the floors learn from.
        evaluated: Indices of the images that they predict.
        without: What is compared with them.
    """
    step = max(1, min(data.size_hw) // _PIXELS)
    data = replace(data, images=data.images[:, ::step, ::step])
    methods = {MAJORITY: _majority, NEIGHBOUR: _neighbour, TREES: _trees}
    return {
        name: predict(data, learned, evaluated) == data.targets[evaluated]
        for name, predict in methods.items()
        if name != without
    }


def compared(floors: Floors, own: Rights, rights: Mapping[str, Rights], groups: Sequence[int]) -> Floors:
    """Compare a model with floors on the same crops.

    Args:
        floors: What is compared.
        own: Whether each training of the model is right about each crop, shape ``(trainings, crops)``.
        rights: Whether each floor is, shape ``(crops,)``.
        groups: Screenshot group of each crop.
    """
    listed = [
        Floor(
            name,
            Proportion(int(right.sum()), len(right)),
            paired_difference([(own, right[None])], groups, rng=generator(0, "floors")),
        )
        for name, right in rights.items()
    ]
    listed.sort(key=lambda floor: floor.right.count)
    return replace(floors, listed=tuple(listed))


def _majority(data: Dataset, learned: Indices, evaluated: Indices) -> Indices:
    return np.full(len(evaluated), np.bincount(data.targets[learned]).argmax())


def _neighbour(data: Dataset, learned: Indices, evaluated: Indices) -> Indices:
    """Return the class of the image with the nearest histogram, by Hellinger's distance."""
    known, asked = (root_shares(data.images[indices]) for indices in (learned, evaluated))
    # All rows have the same length, so that the nearest is the one with the largest product.
    nearest: Indices = data.targets[learned[(asked @ known.T).argmax(axis=1)]]
    return nearest


def _trees(data: Dataset, learned: Indices, evaluated: Indices) -> Indices:
    forest = forest_of(data, learned, seed=0)
    votes: Indices = forest.predict_on_batch(data.images[evaluated]).argmax(axis=1)
    return votes
