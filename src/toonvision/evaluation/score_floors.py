"""Floors that are compared by a score over screenshots, such as AP50: what takes no training, and must be beaten."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.metrics.bootstrap import DIFFERENCE, Estimate, estimate

METRIC_TITLES = {"ap50": "AP50", "miou": "mean IoU"}
"""What the scores of models of screenshots are called, by their names in files."""


def verdict(difference: Estimate) -> str:
    """Return how a model compares with its floor, by its score minus the floor's."""
    if difference.low > 0:
        return "clearly beats"
    return "is clearly worse than" if difference.high < 0 else "does not clearly beat"


@dataclass(frozen=True)
class ScoreFloor:
    """What is beaten, or not.

    Attributes:
        name: What it is called in files.
        title: What it is.
        metric: The score, a key of `METRIC_TITLES`.
        value: Its score, 0 to 1.
        own: The model's score, with its 95 % interval over screenshots.
        difference: The model's score minus its own, -1 to 1, with the paired 95 % interval over screenshots.
    """

    name: str
    title: str
    metric: str
    value: float
    own: Estimate
    difference: Estimate

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        metric: str,
        *,
        values: tuple[float, float],
        drawn: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    ) -> "ScoreFloor":
        """Compare the model's score with the floor's: of all screenshots, and of sets drawn with replacement."""
        own, its = values
        difference = estimate(own - its, drawn[0] - drawn[1], widest=DIFFERENCE)
        return cls(name, title, metric, its, estimate(own, drawn[0]), difference)

    @property
    def beaten(self) -> bool:
        """Whether the model is clearly better."""
        return self.difference.low > 0

    def plain(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        return {
            "name": self.name, self.metric: self.value, "beaten": self.beaten, f"model_{self.metric}": self.own.value,
            f"model_{self.metric}_95": [self.own.low, self.own.high], "difference": self.difference.value,
            "difference_95": [self.difference.low, self.difference.high],
        }  # fmt: skip


@dataclass(frozen=True)
class ScoreFloors:
    """The floor of one evaluation.

    Attributes:
        network: What is compared with it.
        listed: The floor of each of its answers; none where the evaluated screenshots were learned from.
    """

    network: str
    listed: tuple[ScoreFloor, ...] = ()

    @property
    def unbeaten(self) -> ScoreFloor | None:
        """The floor, if it is not clearly beaten."""
        return next((floor for floor in self.listed if not floor.beaten), None)

    def sentence(self) -> str:
        """Return whether the model beats the floor of each of its answers; empty if there is none."""
        return " ".join(map(self._sentence, self.listed))

    def _sentence(self, floor: ScoreFloor) -> str:
        one = floor.difference
        counts = (
            f"{METRIC_TITLES[floor.metric]} {floor.value:.3f}, {self.network} {floor.own.value:.3f}, "
            f"{floor.own.within()}; difference {one.value:+.3f}, {one.within('+.3f')}"
        )
        return f"The model {self.network} {verdict(one)} its floor, {floor.title} ({counts})."
