"""What the trials of a study show, as values to draw: their history, and each hyperparameter against the loss."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toonvision.core.scales import log_ticks, round_ticks
from toonvision.tuning.race import LEAST_LOSS, log_loss
from toonvision.tuning.result import State, StudyResult, Trial
from toonvision.tuning.space import Dimension

Outcome = Literal["best", "done", "cut short", "diverged"]
"""How a trial ended; ``best`` is the best tenth of those that are done, three at least."""

_MOST_STEPS, _MOST_TICKS = 12, 8
_TOP = 0.9
_FEW = 3
_ORDER: Sequence[Outcome] = ("diverged", "done", "best")
_OUTCOMES: Mapping[State, Outcome] = {"done": "done", "cut short": "cut short", "diverged": "diverged"}


@dataclass(frozen=True)
class Point:
    """A trial's loss beside one of its values.

    Attributes:
        trial: Its number.
        value: The value, for example of a hyperparameter.
        loss: Its validation loss, the lowest so far where it was cut short; None where it diverged.
        outcome: How it ended.
    """

    trial: int
    value: float
    loss: float | None
    outcome: Outcome


@dataclass(frozen=True)
class OptimizationHistory:
    """The trials in their order.

    Attributes:
        points: One for each trial that ended; its value is its number.
        best: Number and loss of each finished trial that was better than all before it.
    """

    points: tuple[Point, ...]
    best: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Slice:
    """One hyperparameter against the loss.

    Attributes:
        name: Of the hyperparameter.
        points: One for each trial.
        medians: Value to the median loss of the finished trials that have it, where three or more do.
        log: Whether the axis is logarithmic.
        steps: The values that it may have, in rising order; empty where there are too many to name.
    """

    name: str
    points: tuple[Point, ...]
    medians: Mapping[float, float]
    log: bool
    steps: tuple[float, ...]


@dataclass(frozen=True)
class Line:
    """A trial through all axes of parallel coordinates.

    Attributes:
        trial: Its number.
        positions: Where it crosses each axis, 0 at the bottom to 1.
        outcome: How it ended.
    """

    trial: int
    positions: tuple[float, ...]
    outcome: Outcome


@dataclass(frozen=True)
class ParallelCoordinates:
    """Trials as lines through all hyperparameters that were varied, to the loss.

    Attributes:
        axes: Name of each axis, from left to right, the last being ``loss``, to its ticks: position and text.
        lines: Finished and diverged trials, the best last, so that they are drawn on top.
    """

    axes: Mapping[str, tuple[tuple[float, str], ...]]
    lines: tuple[Line, ...]


def log_losses(result: StudyResult) -> dict[int, float]:
    """Return the logarithm of the loss of each trial that was trained to its end, as the race compares it.

    Returns:
        Trial number to logarithm, in the order of the trials.
    """
    whole = [point for point in _points(result, _number) if point.outcome != "cut short"]
    return {point.trial: log_loss(point.loss, result.worst_loss) for point in whole}


def optimization_history(result: StudyResult) -> OptimizationHistory:
    """Return the trials in their order, and which were the best so far."""
    points = _points(result, _number)
    best: list[tuple[int, float]] = []
    for point in points:
        if point.loss is not None and point.outcome in ("best", "done") and (not best or point.loss < best[-1][1]):
            best.append((point.trial, point.loss))
    return OptimizationHistory(points, tuple(best))


def slices(result: StudyResult) -> tuple[Slice, ...]:
    """Return each hyperparameter that was varied against the loss."""
    space = result.settings.space
    return tuple(_slice(name, space.dimensions[name], result) for name in space.varied)


def parallel_coordinates(result: StudyResult) -> ParallelCoordinates:
    """Return each finished trial as a line through all hyperparameters that were varied, to its loss.

    Losses are placed by their logarithm; a trial that diverged ends on top, above all numbers.
    """
    space = result.settings.space
    points = [point for point in _points(result, _number) if point.outcome in _ORDER]
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
        positions = [_position_in(space.dimensions[name], draw[name]) for name in space.varied]
        lines.append(Line(point.trial, (*positions, height(point.loss)), point.outcome))
    axes = {name: _ticks(space.dimensions[name]) for name in space.varied} | {"loss": tuple(ticks)}
    return ParallelCoordinates(axes, tuple(sorted(lines, key=lambda line: _ORDER.index(line.outcome))))


def _number(trial: Trial) -> float:
    return float(trial.number)


def _points(result: StudyResult, value: Callable[[Trial], float]) -> tuple[Point, ...]:
    """Return a point for each trial that ended; not of those under way, nor of those that were lost."""
    best = {trial.number for trial in result.best_tenth}
    points = []
    for trial in result.trials:
        outcome: Outcome | None = "best" if trial.number in best else _OUTCOMES.get(trial.state)
        if outcome == "diverged":
            points.append(Point(trial.number, value(trial), None, outcome))
        elif outcome and trial.loss is not None:
            points.append(Point(trial.number, value(trial), max(trial.loss, LEAST_LOSS), outcome))
    return tuple(points)


def _slice(name: str, dimension: Dimension, result: StudyResult) -> Slice:
    points = _points(result, lambda trial: dimension.nearest(trial.draw[name]))
    losses: dict[float, list[float]] = {}
    for point in points:
        if point.loss is not None and point.outcome in ("best", "done"):
            losses.setdefault(point.value, []).append(point.loss)
    medians = {value: statistics.median(some) for value, some in sorted(losses.items()) if len(some) >= _FEW}
    return Slice(name, points, medians, dimension.log, dimension.steps if len(dimension.steps) <= _MOST_STEPS else ())


def _ticks(dimension: Dimension) -> tuple[tuple[float, str], ...]:
    named: Sequence[float] = dimension.steps
    if not 0 < len(named) <= _MOST_TICKS:
        low, high = dimension.low, dimension.high
        named = log_ticks(low, high, most=5) if dimension.log else round_ticks(low, high)
    return tuple((_position_in(dimension, value), f"{value:g}") for value in named)


def _position_in(dimension: Dimension, value: float) -> float:
    return _position(value, dimension.low, dimension.high, log=dimension.log)


def _position(value: float, low: float, high: float, *, log: bool) -> float:
    """Return where a value lies between two ends, 0 to 1; in the middle where they are the same."""
    if low == high:
        return 0.5
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
