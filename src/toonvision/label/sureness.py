"""How sure a proposal is, as a probability: that an object has its place, as measured, times that it has the label.

A detector's confidence is no probability: boxes of 0.6 may nearly all be right. Multiplied by the probability of a
label it would rank a box of 0.9 with a doubtful label above one of 0.6 with a certain one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_LEAST = 1e-6
"""Confidences are kept this far from 0 and from 1, whose odds have no logarithm."""


@dataclass(frozen=True)
class Sureness:
    """Turns confidences into probabilities, by a line in the logarithm of the odds.

    Attributes:
        slope: At least 0, so that what is surer is never less likely.
        offset: What is added.
    """

    slope: float = 1.0
    offset: float = 0.0

    def of(self, score: float, confidence: float) -> float:
        """Return the probability that a proposal has the place and the label of an object, 0 to 1.

        Args:
            score: Its confidence times the probability of its label.
            confidence: How sure the detector is that there is something, above 0.
        """
        from scipy.special import expit  # which does not overflow where the odds are very low

        odds = self.slope * _log_odds(confidence) + self.offset
        return min(1.0, score / max(confidence, _LEAST)) * float(expit(odds))


def fit_sureness(known: Sequence[tuple[float, bool]]) -> Sureness:
    """Fit confidences to what was found where they were said.

    Args:
        known: Confidences, 0 to 1, each with whether an object had the place of the box.

    Source:
        Platt, "Probabilistic outputs for support vector machines", 1999, with his targets, which are never 0 or 1: so a
        few boxes that are all right do not make all that follow certain.
    """
    from scipy.optimize import minimize

    odds = np.array([_log_odds(confidence) for confidence, _ in known])
    placed = np.array([is_placed for _, is_placed in known], bool)
    right, wrong = int(placed.sum()), int((~placed).sum())
    targets = np.where(placed, (right + 1) / (right + 2), 1 / (wrong + 2))

    def loss(line: Sequence[float]) -> float:
        said = line[0] * odds + line[1]
        return float(np.mean(np.logaddexp(0, said) - targets * said))

    slope, offset = minimize(loss, [1.0, 0.0], method="L-BFGS-B", bounds=[(0, 50), (-50, 50)]).x.tolist()
    return Sureness(slope, offset)


def _log_odds(confidence: float) -> float:
    kept = min(max(confidence, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))
