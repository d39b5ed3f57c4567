"""What a study shows, as values to draw: its course, each hyperparameter against the loss, the race, the front."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toonvision.core.intervals import wilson_interval
from toonvision.core.scales import log_ticks, round_ticks
from toonvision.tuning.race import Interval, Score
from toonvision.tuning.result import Retrained, StudyResult, Trial
from toonvision.tuning.space import Choices, Dimension, Range, Space

Outcome = Literal["best", "done", "cut short", "diverged"]
"""What came of a trial; ``best`` is the best tenth of those that are done, three at least."""

_MOST_STEPS, _MOST_TICKS = 12, 8
_TOP = 0.9
_FEW = 3
_LEAST_LOSS = 1e-6
"""What a loss that is less, 0 even, is drawn as: logarithms need one."""


@dataclass(frozen=True)
class Point:
    """A trial beside one of its values.

    Attributes:
        trial: Its number.
        value: The value: of a hyperparameter, say.
        loss: Its validation loss in nats, the lowest so far where it was cut short; None where it diverged.
        outcome: What came of it.
    """

    trial: int
    value: float
    loss: float | None
    outcome: Outcome


@dataclass(frozen=True)
class Course:
    """The trials in their order.

    Attributes:
        points: One a trial that has come to something; its value is its number.
        best: Number and loss of each finished trial that was better than all before it.
    """

    points: tuple[Point, ...]
    best: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Slice:
    """One hyperparameter against the loss.

    Attributes:
        name: Of the hyperparameter.
        points: One a trial.
        medians: Value to the median loss of the finished trials that have it, where three or more do.
        log: Whether orders of magnitude are what matters.
        steps: The values that it may have, in rising order; empty where there are too many to name.
    """

    name: str
    points: tuple[Point, ...]
    medians: Mapping[float, float]
    log: bool
    steps: tuple[float, ...]


@dataclass(frozen=True)
class Coordinate:
    """An upright axis of parallel coordinates.

    Attributes:
        name: A hyperparameter, or ``loss``.
        ticks: Place, from 0 at the bottom to 1, and text of what is named along it.
    """

    name: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Line:
    """A trial through all coordinates.

    Attributes:
        trial: Its number.
        places: Where it crosses each coordinate, 0 to 1.
        outcome: What came of it.
    """

    trial: int
    places: tuple[float, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Parallel:
    """All hyperparameters that were varied, and the loss last.

    Attributes:
        coordinates: From left to right.
        lines: Finished and diverged trials, the best last, so that they are drawn on top.
    """

    coordinates: tuple[Coordinate, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Racer:
    """A network that raced.

    Attributes:
        trial: The trial.
        results: How its trainings in the race did.
        seeds: What those were trained with, in the same order.
        left_after: The round, from 1, after which it left; None for one that is still in it.
        behind: How far its log loss lies above the leader's; None for the leader, and before the third round.
    """

    trial: Trial
    results: Retrained
    seeds: tuple[int, ...]
    left_after: int | None
    behind: Interval | None

    @property
    def diverged(self) -> int:
        """How many of its trainings diverged; each counts as all wrong."""
        return sum(loss is None for loss in self.results.losses)


@dataclass(frozen=True)
class Sized:
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


def log_losses(result: StudyResult) -> dict[int, float]:
    """Give the logarithm of the loss of each trial that was trained to its end; one that diverged counts as in a race.

    Args:
        result: The study.

    Returns:
        Trial to logarithm, in the order of the trials.
    """
    whole = [trial for trial in result.trials if trial.draw and _outcome(trial, result) in ("best", "done", "diverged")]
    worst = result.worst_loss
    losses = {trial.number: worst if trial.loss is None or trial.state == "diverged" else trial.loss for trial in whole}
    return {number: math.log(min(max(loss, _LEAST_LOSS), worst)) for number, loss in losses.items()}


def varied(space: Space) -> list[str]:
    """Give the names of a space that have more than one value."""
    return [name for name, dimension in space.dimensions.items() if len(set(_ends(dimension))) > 1]


def course(result: StudyResult) -> Course:
    """Put the trials in their order, and say which were the best so far."""
    points = tuple(_point(trial, float(trial.number), result) for trial in result.trials if _outcome(trial, result))
    best: list[tuple[int, float]] = []
    for trial in sorted(result.tried, key=lambda trial: trial.number):
        if trial.loss is not None and (not best or trial.loss < best[-1][1]):
            best.append((trial.number, max(trial.loss, _LEAST_LOSS)))
    return Course(points, tuple(best))


def slices(result: StudyResult) -> tuple[Slice, ...]:
    """Set each hyperparameter that was varied against the loss."""
    dimensions = result.settings.space.dimensions
    return tuple(_slice(name, dimensions[name], result) for name in varied(result.settings.space))


def parallel(result: StudyResult) -> Parallel:
    """Lay each finished trial through all hyperparameters that were varied, to its loss.

    Losses are placed by their logarithm; a trial that diverged ends on top, above all numbers.
    """
    space = result.settings.space
    names = varied(space)
    shown = [trial for trial in result.trials if trial.draw and _outcome(trial, result) in ("best", "done", "diverged")]
    losses = [max(trial.loss, _LEAST_LOSS) for trial in result.tried if trial.loss is not None]
    top = _TOP if len(shown) > len(losses) else 1.0
    coordinates = [Coordinate(name, _ticks(space.dimensions[name])) for name in names]
    coordinates.append(Coordinate("loss", _loss_ticks(losses, top)))
    lines = [
        Line(
            trial.number,
            (*(_place(trial.draw[name], space.dimensions[name]) for name in names), _loss_place(trial, losses, top)),
            _outcome(trial, result) or "done",
        )
        for trial in shown
    ]
    order: Sequence[Outcome] = ("diverged", "done", "best")
    return Parallel(tuple(coordinates), tuple(sorted(lines, key=lambda line: order.index(line.outcome))))


def racers(result: StudyResult) -> tuple[Racer, ...]:
    """Tell how each network did in the race, the best first; empty where there was none."""
    standing = result.standing
    return tuple(
        Racer(
            result.by_number[one.trial],
            one,
            tuple(seed for seed in result.settings.fresh_seeds() if seed in result.scores.get(one.trial, {})),
            standing.left.get(one.trial),
            None if one.trial == standing.racing[0] else standing.behind.get(one.trial),
        )
        for one in result.retrained
    )


def sized(result: StudyResult) -> tuple[Sized, ...]:
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


def _outcome(trial: Trial, result: StudyResult) -> Outcome | None:
    """Say what came of a trial; None while it is under way, or where it was lost."""
    if trial.state == "diverged":
        return "diverged"
    if trial.loss is None or trial.state not in ("done", "cut short"):
        return None
    if trial.state == "done" and trial in result.best_tenth:
        return "best"
    return "done" if trial.state == "done" else "cut short"


def _point(trial: Trial, value: float, result: StudyResult) -> Point:
    outcome = _outcome(trial, result)
    assert outcome is not None
    known = outcome != "diverged" and trial.loss is not None
    return Point(trial.number, value, max(trial.loss or 0.0, _LEAST_LOSS) if known else None, outcome)


def _slice(name: str, dimension: Dimension, result: StudyResult) -> Slice:
    steps = _steps(dimension)
    drawn = [trial for trial in result.trials if trial.draw and _outcome(trial, result)]
    points = tuple(_point(trial, _nearest(trial.draw[name], steps), result) for trial in drawn)
    at: dict[float, list[float]] = {}
    for point in points:
        if point.loss is not None and point.outcome in ("best", "done"):
            at.setdefault(point.value, []).append(point.loss)
    medians = {value: statistics.median(losses) for value, losses in sorted(at.items()) if len(losses) >= _FEW}
    return Slice(name, points, medians, _is_log(dimension), steps)


def _nearest(value: float, steps: Sequence[float]) -> float:
    """Give the step that a value is, which a sum of tenths is not to the last digit; the value where there are none."""
    return min(steps, key=lambda step: abs(step - value), default=value)


def _sized(trial: Trial, result: StudyResult, *, on_front: bool) -> Sized:
    race: Sequence[Score] = tuple(result.scores.get(trial.number, {}).values())
    wrong = tuple(score.wrong for score in race or trial.scores)
    losses = tuple(max(score.loss, _LEAST_LOSS) for score in (*trial.scores, *race) if score.loss is not None)
    low, high = wilson_interval(round(statistics.median(wrong)), result.judged)
    interval = (low * result.judged, high * result.judged)
    winner = result.winner is not None and result.winner.number == trial.number
    return Sized(trial, max(result.error(trial), _LEAST_LOSS), losses, wrong, interval, bool(race), on_front, winner)


def _ends(dimension: Dimension) -> tuple[float, float]:
    if isinstance(dimension, Choices):
        return dimension.values[0], dimension.values[-1]
    return dimension.low, dimension.high


def _is_log(dimension: Dimension) -> bool:
    """Tell whether a dimension spans orders of magnitude: a logarithmic range, or choices a factor of 10 apart."""
    if isinstance(dimension, Range):
        return dimension.log
    low, high = _ends(dimension)
    return low > 0 and high >= 10 * low


def _steps(dimension: Dimension) -> tuple[float, ...]:
    if isinstance(dimension, Choices):
        return dimension.values
    if dimension.step is None:
        return ()
    count = round((dimension.high - dimension.low) / dimension.step) + 1
    steps = tuple(float(f"{dimension.low + n * dimension.step:.12g}") for n in range(count))
    return steps if len(steps) <= _MOST_STEPS else ()


def _ticks(dimension: Dimension) -> tuple[tuple[float, str], ...]:
    low, high = _ends(dimension)
    named = _steps(dimension)
    if not 0 < len(named) <= _MOST_TICKS:
        named = tuple(log_ticks(low, high, most=5) if _is_log(dimension) else round_ticks(low, high))
    return tuple((_place(value, dimension), f"{value:g}") for value in named)


def _place(value: float, dimension: Dimension) -> float:
    low, high = _ends(dimension)
    if _is_log(dimension):
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _loss_place(trial: Trial, losses: Sequence[float], top: float) -> float:
    if trial.loss is None or trial.state == "diverged":
        return 1.0
    return _log_place(max(trial.loss, _LEAST_LOSS), losses, top)


def _log_place(loss: float, losses: Sequence[float], top: float) -> float:
    low, high = min(losses), max(losses)
    return top * math.log(loss / low) / math.log(high / low) if high > low else top / 2


def _loss_ticks(losses: Sequence[float], top: float) -> tuple[tuple[float, str], ...]:
    named = log_ticks(min(losses), max(losses)) if losses else []
    ticks = [(_log_place(loss, losses, top), f"{loss:.3g}") for loss in named]
    return (*ticks, *([(1.0, "diverged")] if top < 1 else []))
