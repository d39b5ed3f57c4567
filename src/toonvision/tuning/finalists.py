"""The best networks of a study: how they raced, and the size of all against their error."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from toonvision.metrics.intervals import wilson_interval
from toonvision.tuning.insight import LEAST_LOSS
from toonvision.tuning.race import Interval, Score
from toonvision.tuning.result import Retrained, StudyResult, Trial


@dataclass(frozen=True)
class Racer:
    """A network that raced.

    Attributes:
        trial: The trial.
        results: How its trainings in the race did.
        seeds: What those were trained with, in the same order.
        leads: Whether it leads the race.
        left_after: The round, from 1, after which it left; None for one that is still in it.
        behind: How far its log loss lies above the leader's; None for the leader, and before the third round.
    """

    trial: Trial
    results: Retrained
    seeds: tuple[int, ...]
    leads: bool
    left_after: int | None
    behind: Interval | None

    @property
    def diverged(self) -> int:
        """How many of its trainings diverged; each counts as all wrong."""
        return sum(loss is None for loss in self.results.losses)


@dataclass(frozen=True)
class SizeErrorPoint:
    """A network's size against its error.

    The loss is the mean over all trainings of the network, those of the race among them: that is what the front is
    chosen by. The wrong pictures are those of the race alone where it raced, whose seeds nobody has chosen; elsewhere
    those of the trial, which flatter, since the trial was chosen for them.

    The interval is Wilson's, of the median wrong out of the pictures judged: how much other pictures could change it.
    It is not pooled over the trainings, as those judge the same pictures. What another seed changes is shown by the
    trainings themselves.

    Attributes:
        trial: The trial.
        loss: Mean validation loss in nats.
        losses: Of each training that did not diverge.
        wrong: Wrong pictures of each training that counts here.
        interval: 95 % interval of the median wrong, in pictures.
        raced: Whether the wrong pictures are those of a race.
        on_front: Whether no other network is at least as small and as good.
        winner: Whether it won.
    """

    trial: Trial
    loss: float
    losses: tuple[float, ...]
    wrong: tuple[int, ...]
    interval: tuple[float, float]
    raced: bool
    on_front: bool
    winner: bool

    @property
    def median_wrong(self) -> float:
        """Median of the wrong pictures."""
        return statistics.median(self.wrong)


def racers(result: StudyResult) -> tuple[Racer, ...]:
    """Tell how each network did in the race, the best first; empty where there was none."""
    standing = result.standing
    leader = next(iter(standing.racing), None)
    return tuple(
        Racer(
            result.by_number[one.trial],
            one,
            tuple(seed for seed in result.settings.fresh_seeds() if seed in result.scores.get(one.trial, {})),
            one.trial == leader,
            standing.left.get(one.trial),
            None if one.trial == leader else standing.behind.get(one.trial),
        )
        for one in result.retrained
    )


def sized(result: StudyResult) -> tuple[SizeErrorPoint, ...]:
    """Set the size of each finished trial against its error, the smallest first."""
    front = {trial.number for trial in result.front}
    trained = [trial for trial in result.tried if trial.scores or result.scores.get(trial.number)]
    found = [_sized(trial, result, on_front=trial.number in front) for trial in trained]
    return tuple(sorted(found, key=lambda one: (one.trial.parameters, one.loss)))


def leading(result: StudyResult, most: int) -> list[Trial]:
    """Give the best trials, each layout once: as the race ranks them, then by their loss."""
    ranked = [*(one.trial for one in result.retrained), *(trial.number for trial in result.tried)]
    layouts: dict[str, Trial] = {}
    for number in ranked:
        layouts.setdefault(result.by_number[number].layout, result.by_number[number])
    return list(layouts.values())[:most]


def _sized(trial: Trial, result: StudyResult, *, on_front: bool) -> SizeErrorPoint:
    race: Sequence[Score] = tuple(result.scores.get(trial.number, {}).values())
    wrong = tuple(score.wrong for score in race or trial.scores)
    losses = tuple(max(score.loss, LEAST_LOSS) for score in (*trial.scores, *race) if score.loss is not None)
    low, high = wilson_interval(round(statistics.median(wrong)), result.judged)
    interval = (low * result.judged, high * result.judged)
    winner = result.winner is not None and result.winner.number == trial.number
    return SizeErrorPoint(
        trial, max(result.error(trial), LEAST_LOSS), losses, wrong, interval, bool(race), on_front, winner
    )
