"""A race between the best trials: all are trained with the same new seeds until it is clear which is better.

One training shows little: the published network, trained again, made 2 to 50 mistakes. So the best trials run in
rounds. A round trains each of them with the same new seed, so that their results are pairs: what a seed does to all of
them cancels out in the difference. After each round from the third on, a network that is clearly worse than the leader
leaves.

"Clearly" means: the 95 % interval of the mean paired difference of the logarithm of the validation loss (Student's t
over the rounds) lies above 0. The logarithm, because losses differ by factors, and one failed training would otherwise
outweigh all others. The interval is computed after each round without a correction for repeated tests, as racing
algorithms do (Maron and Moore, "Hoeffding races", 1994; Birattari et al., "A racing algorithm for configuring
metaheuristics", 2002): a network that leaves by mistake was close to the leader, so that little is lost.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FIRST_TEST, LEAST_ROUNDS = 3, 5
LEAST_LOSS = 1e-6
"""Smaller losses, also 0, count and are drawn as this one: logarithms need a positive number."""
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Score:
    """How good one training is on the validation subset.

    Attributes:
        loss: The mean validation loss in the best epoch, for a classifier the cross entropy in nats, for a detector
            1 - AP50; None if it was NaN in every epoch.
        wrong: Number of wrong images in that epoch.
        best_epoch: That epoch, from 1.
        seconds: How long the training took.
    """

    loss: float | None
    wrong: int
    best_epoch: int
    seconds: float


Scores = Mapping[int, Mapping[int, Score]]
"""Trial number to seed to score."""


@dataclass(frozen=True)
class Interval:
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class RaceState:
    """How a race stands.

    Attributes:
        racing: Trials that are still in it, best first.
        left: Trial to the round, from 1, after which it left.
        rounds: Number of complete rounds.
        jobs: Trials and seeds to be trained next; empty when the race is over.
        behind: Each trial but the leader to how far its log loss lies above the leader's, over the rounds that it ran.
    """

    racing: tuple[int, ...]
    left: Mapping[int, int]
    rounds: int
    jobs: tuple[tuple[int, int], ...]
    behind: Mapping[int, Interval]

    @property
    def decided(self) -> bool:
        """Whether the leader is clearly better than all others."""
        return len(self.racing) == 1


def race(
    candidates: Sequence[int],
    scores: Scores,
    *,
    seeds: Sequence[int],
    trainings: int,
    worst_loss: float,
    leave: bool = True,
) -> RaceState:
    """Return how a race stands; the same scores give the same answer on every machine.

    Args:
        candidates: The trials that race, best first.
        scores: What has been trained.
        seeds: The seed of each round, in order.
        trainings: Largest number of trainings of all candidates together.
        worst_loss: What a larger loss, or NaN, counts as.
        leave: Whether trials that are clearly worse leave; where all are wanted, as on a front, they all stay.
    """
    racing, spent = list(candidates), 0
    left: dict[int, int] = {}
    behind: dict[int, Interval] = {}
    for number, seed in enumerate(seeds, start=1):
        decided = len(racing) == 1 and number > LEAST_ROUNDS
        over = decided or not racing or spent + len(racing) > trainings
        missing = () if over else tuple((one, seed) for one in racing if seed not in scores.get(one, {}))
        if over or missing:
            return RaceState(tuple(racing), left, number - 1, missing, behind)
        spent += len(racing)
        run = seeds[:number]
        logs = {one: [log_loss(scores[one][s].loss, worst_loss) for s in run] for one in racing}
        racing.sort(key=lambda one: statistics.fmean(logs[one]))  # stable: equals stay in the order of the trials
        if number < FIRST_TEST:
            continue
        leader = racing[0]
        behind.pop(leader, None)  # it may have been behind another one before
        for one in racing[1:]:
            behind[one] = paired_interval(logs[one], logs[leader])
        gone = [one for one in racing[1:] if leave and behind[one].low > 0]
        left.update(dict.fromkeys(gone, number))
        racing = [one for one in racing if one not in gone]
    return RaceState(tuple(racing), left, len(seeds), (), behind)


def paired_interval(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Return the mean of ``first - second``, over two pairs or more, with its interval by Student's t.

    Examples:
        >>> paired_interval([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
        Interval(mean=1.0, low=1.0, high=1.0)
    """
    from scipy.special import stdtrit

    differences = np.subtract(first, second)
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(len(differences))
    reach = float(stdtrit(len(differences) - 1, (1 + _CONFIDENCE) / 2)) * error
    return Interval(mean, mean - reach, mean + reach)


def log_loss(loss: float | None, worst_loss: float) -> float:
    """Return the logarithm of a loss as races compare it; None, for NaN, counts as `worst_loss`."""
    return math.log(max(worst_loss if loss is None else min(loss, worst_loss), LEAST_LOSS))
