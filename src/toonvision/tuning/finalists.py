"""The best networks of a study: which they are, and the size of all against their error."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from toonvision.metrics.intervals import wilson_interval
from toonvision.tuning.race import LEAST_LOSS, Score
from toonvision.tuning.result import StudyResult, Trial


@dataclass(frozen=True)
class SizeErrorPoint:
    """A network's size against its error.

    The loss is the mean over all trainings of the network, also those of the race: it decides which networks are on the
    front. The wrong images are those of the race alone where the network raced, since nobody chose the network by those
    seeds; otherwise those of the trial, which are too optimistic, since the trial was chosen by them.

    The interval is Wilson's, of the median wrong out of the validation images: how much other images could change it.
    It is not pooled over the trainings, which share their images. What another seed changes is shown by the trainings
    themselves.

    Attributes:
        trial: The trial.
        loss: Mean validation loss.
        losses: Of each training that did not diverge.
        wrong: Wrong images of each training that counts here.
        interval: 95 % interval of the median wrong, in images.
        raced: Whether the wrong images are those of a race.
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
        """Median of the wrong images."""
        return statistics.median(self.wrong)


def size_error_points(result: StudyResult) -> tuple[SizeErrorPoint, ...]:
    """Return the size of each finished trial against its error, the smallest first."""
    trained = [trial for trial in result.tried if trial.scores or result.scores.get(trial.number)]
    points = [_point(trial, result) for trial in trained]
    return tuple(sorted(points, key=lambda one: (one.trial.parameters, one.loss)))


def leading(result: StudyResult, most: int) -> list[Trial]:
    """Return the best trials, each layout once: as the race ranks them, then by their loss."""
    layouts: dict[str, Trial] = {}
    for trial in (*(racer.trial for racer in result.racers), *result.tried):
        layouts.setdefault(trial.layout, trial)
    return list(layouts.values())[:most]


def _point(trial: Trial, result: StudyResult) -> SizeErrorPoint:
    race: Sequence[Score] = tuple(result.scores.get(trial.number, {}).values())
    wrong = tuple(score.wrong for score in race or trial.scores)
    low, high = wilson_interval(round(statistics.median(wrong)), result.evaluated)
    return SizeErrorPoint(
        trial=trial,
        loss=max(result.error(trial), LEAST_LOSS),
        losses=tuple(max(score.loss, LEAST_LOSS) for score in (*trial.scores, *race) if score.loss is not None),
        wrong=wrong,
        interval=(low * result.evaluated, high * result.evaluated),
        raced=bool(race),
        on_front=trial in result.front,
        winner=trial is result.winner,
    )
