"""What the trials of a study show, as values to draw: their course, and each hyperparameter against the loss."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from toonvision.core.scales import log_ticks, round_ticks
from toonvision.tuning.result import StudyResult, Trial
from toonvision.tuning.space import Choices, Dimension, Range, Space

Outcome = Literal["best", "done", "cut short", "diverged"]
"""What came of a trial; ``best`` is the best tenth of those that are done, three at least."""

LEAST_LOSS = 1e-6
"""What a loss that is less, 0 even, is drawn as: logarithms need one."""

_MOST_STEPS, _MOST_TICKS = 12, 8
_TOP = 0.9
_FEW = 3


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
    return {number: math.log(min(max(loss, LEAST_LOSS), worst)) for number, loss in losses.items()}


def varied(space: Space) -> list[str]:
    """Give the names of a space that have more than one value."""
    return [name for name, dimension in space.dimensions.items() if len(set(_ends(dimension))) > 1]


def course(result: StudyResult) -> Course:
    """Put the trials in their order, and say which were the best so far."""
    points = tuple(_point(trial, float(trial.number), result) for trial in result.trials if _outcome(trial, result))
    best: list[tuple[int, float]] = []
    for trial in sorted(result.tried, key=lambda trial: trial.number):
        if trial.loss is not None and (not best or trial.loss < best[-1][1]):
            best.append((trial.number, max(trial.loss, LEAST_LOSS)))
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
    losses = [max(trial.loss, LEAST_LOSS) for trial in result.tried if trial.loss is not None]
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
    return Point(trial.number, value, max(trial.loss or 0.0, LEAST_LOSS) if known else None, outcome)


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
    return _log_place(max(trial.loss, LEAST_LOSS), losses, top)


def _log_place(loss: float, losses: Sequence[float], top: float) -> float:
    low, high = min(losses), max(losses)
    return top * math.log(loss / low) / math.log(high / low) if high > low else top / 2


def _loss_ticks(losses: Sequence[float], top: float) -> tuple[tuple[float, str], ...]:
    named = log_ticks(min(losses), max(losses)) if losses else []
    ticks = [(_log_place(loss, losses, top), f"{loss:.3g}") for loss in named]
    return (*ticks, *([(1.0, "diverged")] if top < 1 else []))
