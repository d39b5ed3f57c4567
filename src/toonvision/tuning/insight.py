"""What the trials of a study show, as values to draw: history, hyperparameters against the loss, size against error."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toonvision.core.scales import log_ticks, round_ticks
from toonvision.metrics.intervals import wilson_interval
from toonvision.tuning.race import LEAST_LOSS
from toonvision.tuning.result import State, StudyResult, Trial
from toonvision.tuning.space import Dimension, nearest

Ending = State | Literal["best"]
"""How a trial ended; ``best`` is the best tenth of those that are done, three at least."""

_MOST_STEPS, _MOST_TICKS = 12, 8
_TOP = 0.9
_FEW = 3
_ORDER: Sequence[Ending] = ("diverged", "done", "best")


@dataclass(frozen=True)
class Point:
    """A trial's loss beside one of its values.

    Attributes:
        trial: Its number.
        value: The value, for example of a hyperparameter.
        loss: Its validation loss, the lowest so far where it was cut short; None where it diverged.
        ending: How it ended.
    """

    trial: int
    value: float
    loss: float | None
    ending: Ending


@dataclass(frozen=True)
class OptimizationHistory:
    """The trials that ended, by number, and number and loss of each finished one that was better than all before it.

    `measure` says what the loss is.
    """

    points: tuple[Point, ...]
    best: tuple[tuple[int, float], ...]
    measure: str = "Validation loss in nats"


@dataclass(frozen=True)
class Slice:
    """One hyperparameter against the loss.

    Attributes:
        medians: Value to the median loss of the finished trials that have it, where three or more do.
        log: Whether the axis is logarithmic.
        steps: The values that it may have, in rising order; empty where there are too many to name.
        measure: What the loss is.
    """

    name: str
    points: tuple[Point, ...]
    medians: Mapping[float, float]
    log: bool
    steps: tuple[float, ...]
    measure: str = "Validation loss"


@dataclass(frozen=True)
class Line:
    """A trial through all axes of parallel coordinates; it crosses each at a position from 0, at the bottom, to 1."""

    trial: int
    positions: tuple[float, ...]
    ending: Ending


@dataclass(frozen=True)
class ParallelCoordinates:
    """Trials as lines through all hyperparameters that were varied, to the loss.

    Attributes:
        axes: Name of each axis, from left to right, the last being ``loss``, to its ticks: position and text.
        lines: Finished and diverged trials, the best last, so that they are drawn on top.
    """

    axes: Mapping[str, tuple[tuple[float, str], ...]]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class SizeErrorPoint:
    """A network's size against its error.

    The loss decides which networks are on the front. The wrong images are those of the race alone where the network
    raced, since nobody chose the network by those seeds; otherwise those of the trial, which are too optimistic.

    The interval is Wilson's: how much other images could change the median. It is not pooled over the trainings, which
    share their images. What another seed changes is shown by the trainings themselves.

    Attributes:
        loss: Mean validation loss over all trainings of the network, also those of the race.
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


_NATS = " in nats"


def optimization_history(result: StudyResult) -> OptimizationHistory:
    """Return the trials in their order, and which were the best so far."""
    points = _points(result)
    best: list[tuple[int, float]] = []
    for point in points:
        if point.loss is not None and point.ending in ("best", "done") and (not best or point.loss < best[-1][1]):
            best.append((point.trial, point.loss))
    return OptimizationHistory(points, tuple(best), result.measure)


def slices(result: StudyResult) -> tuple[Slice, ...]:
    """Return each hyperparameter that was varied against the loss."""
    found = []
    for name in result.settings.space.varied:
        dimension, points = result.settings.space.dimensions[name], _points(result, name)
        losses: dict[float, list[float]] = {}
        for point in points:
            if point.loss is not None and point.ending in ("best", "done"):
                losses.setdefault(point.value, []).append(point.loss)
        medians = {value: statistics.median(some) for value, some in sorted(losses.items()) if len(some) >= _FEW}
        steps = dimension.steps if len(dimension.steps) <= _MOST_STEPS else ()
        found.append(Slice(name, points, medians, dimension.log, steps, result.measure.removesuffix(_NATS)))
    return tuple(found)


def parallel_coordinates(result: StudyResult) -> ParallelCoordinates:
    """Return each finished trial as a line through all hyperparameters that were varied, to its loss.

    Losses are placed by their logarithm; a trial that diverged ends on top, above all numbers.
    """
    varied = {name: result.settings.space.dimensions[name] for name in result.settings.space.varied}
    points = [point for point in _points(result) if point.ending in _ORDER]
    losses = [point.loss for point in points if point.loss is not None]
    low, high = min(losses, default=1.0), max(losses, default=1.0)
    top = _TOP if len(losses) < len(points) else 1.0

    def height(loss: float | None) -> float:
        return 1.0 if loss is None else top * _position(loss, low, high, log=True)

    ticks = [(height(tick), f"{tick:.3g}") for tick in (log_ticks(low, high) if losses else ())]
    if top < 1:
        ticks.append((1.0, "diverged"))
    lines = []
    for point in points:
        draw = result.by_number[point.trial].draw
        positions = [_position(draw[name], one.low, one.high, log=one.log) for name, one in varied.items()]
        lines.append(Line(point.trial, (*positions, height(point.loss)), point.ending))
    axes = {name: _ticks(one) for name, one in varied.items()} | {"loss": tuple(ticks)}
    return ParallelCoordinates(axes, tuple(sorted(lines, key=lambda line: _ORDER.index(line.ending))))


def size_error_points(result: StudyResult) -> tuple[SizeErrorPoint, ...]:
    """Return the size of each finished trial against its error, the smallest first."""
    points = []
    for trial in result.tried:
        raced = tuple(result.scores.get(trial.number, {}).values())
        if not (trial.scores or raced):
            continue
        losses = [score.loss for score in result.scores_of(trial) if score.loss is not None]
        wrong = tuple(score.wrong for score in raced or trial.scores)
        low, high = wilson_interval(statistics.median(wrong), result.evaluated)
        points.append(
            SizeErrorPoint(
                trial=trial,
                loss=max(result.error(trial), LEAST_LOSS),
                losses=tuple(max(loss, LEAST_LOSS) for loss in losses),
                wrong=wrong,
                interval=(low * result.evaluated, high * result.evaluated),
                raced=bool(raced),
                on_front=trial in result.front,
                winner=trial is result.winner,
            )
        )
    return tuple(sorted(points, key=lambda one: (one.trial.parameters, one.loss)))


def _points(result: StudyResult, name: str = "") -> tuple[Point, ...]:
    """Return a point for each trial that ended, with the value of a hyperparameter, or with the trial's number."""
    best = {trial.number for trial in result.best_tenth}
    points = []
    for trial in result.trials:
        diverged = trial.state == "diverged"
        if diverged or (trial.ended and trial.loss is not None):
            value = nearest(result.settings.space.dimensions[name], trial.draw[name]) if name else float(trial.number)
            loss = None if diverged or trial.loss is None else max(trial.loss, LEAST_LOSS)
            points.append(Point(trial.number, value, loss, "best" if trial.number in best else trial.state))
    return tuple(points)


def _ticks(dimension: Dimension) -> tuple[tuple[float, str], ...]:
    low, high, log = dimension.low, dimension.high, dimension.log
    named: Sequence[float] = dimension.steps
    if not 0 < len(named) <= _MOST_TICKS:
        named = log_ticks(low, high, most=5) if log else round_ticks(low, high)
    return tuple((_position(value, low, high, log=log), f"{value:g}") for value in named)


def _position(value: float, low: float, high: float, *, log: bool) -> float:
    """Return where a value lies between two ends, 0 to 1; in the middle where they are the same."""
    if low == high:
        return 0.5
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
