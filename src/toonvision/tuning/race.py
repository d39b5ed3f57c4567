"""A race between the best trials: all are trained with the same fresh seeds until it is clear who is better.

One training says little: the published network, trained again, made 2 to 50 mistakes. So the best trials run in rounds.
A round trains each of them with the same new seed, which makes their results pairs: what a seed does to all of them
cancels in the difference. After each round from the third on, whoever is clearly worse than the leader leaves.

Clearly means: the 95 % interval of the mean paired difference of the logarithm of the validation loss (Student's t over
the rounds) lies above 0. The logarithm, since losses differ by factors and one failed training would otherwise outweigh
all others. The interval is looked at after each round without a correction for looking often, as racing algorithms do
(Maron and Moore, "Hoeffding races", 1994; Birattari et al., "A racing algorithm for configuring metaheuristics", 2002):
who leaves by mistake was close to the leader, so that little is lost.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FIRST_LOOK, LEAST_ROUNDS = 3, 5
_CONFIDENCE = 0.95
_LEAST_LOSS = 1e-6


@dataclass(frozen=True)
class Score:
    """How one training did on the validation part.

    Attributes:
        loss: The mean cross entropy in the epoch that is kept, in nats; None where it never was a number.
        wrong: Wrong pictures in that epoch.
        best_epoch: That epoch, from 1.
        seconds: How long the training took.
    """

    loss: float | None
    wrong: int
    best_epoch: int
    seconds: float


Scores = Mapping[int, Mapping[int, Score]]
"""Candidate to seed to score."""


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
        racing: Candidates that are still in it, best first.
        left: Candidate to the round, from 1, after which it left.
        rounds: Rounds that are complete.
        jobs: Candidates and seeds to be trained next; none when the race is over.
        behind: Candidate, but the leader, to how far its log loss lies above the leader's, over the rounds that it ran.
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
    """Work out how a race stands; the same scores give the same answer on every machine.

    Args:
        candidates: Who races, best first.
        scores: What has been trained.
        seeds: The seed of each round, in order.
        trainings: Most trainings of all candidates together.
        worst_loss: What a loss that is greater, or no number, counts as, in nats.
        leave: Whether who is clearly worse leaves; where all are wanted, as on a front, they all stay.
    """
    racing, spent = list(candidates), 0
    left: dict[int, int] = {}
    behind: dict[int, Interval] = {}
    for number, seed in enumerate(seeds, start=1):
        over = len(racing) == 1 and number > LEAST_ROUNDS
        if over or not racing or spent + len(racing) > trainings:
            return RaceState(tuple(racing), left, number - 1, (), behind)
        missing = tuple((one, seed) for one in racing if seed not in scores.get(one, {}))
        if missing:
            return RaceState(tuple(racing), left, number - 1, missing, behind)
        spent += len(racing)
        run = seeds[:number]
        logs = {one: [_log(scores[one][s], worst_loss) for s in run] for one in racing}
        racing.sort(key=lambda one: statistics.fmean(logs[one]))  # stable: equals stay in the order of the trials
        if number < FIRST_LOOK:
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
    """Give the mean of ``first - second`` with its interval by Student's t.

    Args:
        first: One number a pair, two or more.
        second: Its partners.

    Examples:
        >>> paired_interval([2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
        Interval(mean=1.0, low=1.0, high=1.0)
    """
    from scipy import stats

    differences = np.subtract(first, second)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(differences) - 1)) * error
    return Interval(mean, mean - reach, mean + reach)


def _log(score: Score, worst_loss: float) -> float:
    loss = worst_loss if score.loss is None else min(score.loss, worst_loss)
    return math.log(max(loss, _LEAST_LOSS))
