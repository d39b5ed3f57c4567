"""What a search found: trials, the race, the front, the winner; kept as JSON in the study's folder."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from toonvision.core.errors import ModelRefusedError
from toonvision.core.settings import read_json, write_json
from toonvision.core.wording import counted
from toonvision.tuning.race import FIRST_TEST, Interval, RaceState, Score, Scores, race
from toonvision.tuning.settings import MOST_RETRIES, StudySettings
from toonvision.tuning.space import Draw

RESULT = "study.json"
LEAST_BEST = 3
State = Literal["waiting", "running", "done", "cut short", "diverged", "lost"]


@dataclass(frozen=True)
class Trial:
    """One network that was tried.

    Attributes:
        number: The trial's number in the study, from 0.
        state: ``cut short`` by the strategy, ``diverged`` where every loss was NaN, ``lost`` where its process died
            and its retry, if any, is another trial.
        draw: The values that were drawn; empty before they were.
        layout: The network, for people.
        parameters: How many weights it has.
        loss: Mean validation loss of its trainings in their best epochs; of one that was cut short, the lowest so far.
        scores: How good each of its trainings is.
        epochs: Epochs seen so far, where one training is followed.
        replaced: Draws that were out of bounds before this one.
        attempt: 1, or more for a retry.
    """

    number: int
    state: State
    draw: Draw
    layout: str
    parameters: int
    loss: float | None
    scores: tuple[Score, ...]
    epochs: int
    replaced: int
    attempt: int

    @property
    def wrong(self) -> tuple[int, ...]:
        """Wrong validation images of each training, in its best epoch."""
        return tuple(score.wrong for score in self.scores)

    @property
    def seconds(self) -> float:
        """How long its trainings took together."""
        return sum(score.seconds for score in self.scores)

    @property
    def ended(self) -> bool:
        """Whether its trainings ended, in whatever way; not where their process died."""
        return self.state in ("done", "cut short", "diverged")

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that were asked for: it ended, or all retries of it were lost."""
        return self.ended or (self.state == "lost" and self.attempt > MOST_RETRIES)


@dataclass(frozen=True)
class Racer:
    """A network that raced.

    Attributes:
        scores: Seed to how good its training in the race is, in the order of the rounds; at least one.
        leads: Whether it leads the race.
        left_after: The round, from 1, after which it left; None for one that is still in it.
        behind: How far its log loss lies above the leader's; None for the leader, and before the third round.
    """

    trial: Trial
    scores: Mapping[int, Score]
    leads: bool
    left_after: int | None
    behind: Interval | None

    @property
    def losses(self) -> tuple[float | None, ...]:
        """Validation loss of each training in its best epoch; None where it diverged."""
        return tuple(score.loss for score in self.scores.values())

    @property
    def wrong(self) -> tuple[int, ...]:
        """Wrong validation images of each training."""
        return tuple(score.wrong for score in self.scores.values())

    @property
    def median_wrong(self) -> float:
        """Median of the wrong images."""
        return statistics.median(self.wrong)

    @property
    def diverged(self) -> int:
        """How many of its trainings diverged; each counts as all wrong."""
        return sum(loss is None for loss in self.losses)


@dataclass(frozen=True)
class StudyResult:
    """How a study stands or ended.

    Attributes:
        evaluated: Number of validation images.
        trials: By number.
        scores: The race: trial to seed to score.
        name: The study's name within its task.
        device: What computed.
        versions: Library to its version.
        started: When, in UTC.
        storage: The storage's address without its password.
        guessed_wrong: How many validation crops the commonest class alone is wrong about; None where it is not known,
            and for detectors.
    """

    settings: StudySettings
    classes: tuple[str, ...]
    evaluated: int
    trials: tuple[Trial, ...] = ()
    scores: Scores = field(default_factory=dict)
    name: str = ""
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    storage: str = ""
    guessed_wrong: int | None = None

    @property
    def title(self) -> str:
        """What the study is called on the command line."""
        return f"{self.settings.task}/{self.name}"

    @property
    def unit(self) -> str:
        """What is evaluated: a crop, or a screenshot."""
        return "screenshot" if self.settings.space.finds else "crop"

    @property
    def validated(self) -> str:
        """How many of these there are, in words."""
        return counted(self.evaluated, f"validation {self.unit}")

    @property
    def measure(self) -> str:
        """What the loss is."""
        return "1 - AP50" if self.settings.space.finds else "Validation loss in nats"

    @cached_property
    def by_number(self) -> dict[int, Trial]:
        """Trials by their numbers."""
        return {trial.number: trial for trial in self.trials}

    @cached_property
    def tried(self) -> list[Trial]:
        """Trials with a whole result, best first."""
        whole = [trial for trial in self.trials if trial.state == "done" and trial.loss is not None]
        return sorted(whole, key=lambda trial: (trial.loss, trial.number))

    @property
    def best_tenth(self) -> list[Trial]:
        """The best tenth of the trials with a whole result, three at least, best first."""
        return self.tried[: max(LEAST_BEST, len(self.tried) // 10)]

    @property
    def worst_loss(self) -> float:
        """What a larger loss, or NaN, counts as: twice the loss of guessing, in nats; nothing found, for a detector."""
        if self.settings.space.finds:
            return 1.0
        return 2 * math.log(max(2, len(self.classes)))

    @cached_property
    def candidates(self) -> list[int]:
        """The trials that race: the best, each network once; for ``front`` the front of size against loss.

        Where some leave, there are no more of them than the race's trainings bring to the round after which the first
        may leave.
        """
        best: dict[tuple[str, float], Trial] = {}
        for trial in self.tried:
            best.setdefault((trial.layout, trial.draw["learning_rate"]), trial)
        limits, chosen = self.settings.race, [trial.number for trial in best.values()]
        if self.settings.strategy == "front":
            costs = {trial.number: (float(trial.parameters), trial.loss or 0.0) for trial in best.values()}
            front = set(pareto_front(costs))
            return [number for number in chosen if number in front][: limits.candidates]
        rounds = min(FIRST_TEST, limits.rounds)
        return chosen[: min(limits.candidates, max(1, limits.trainings // rounds))]

    @cached_property
    def standing(self) -> RaceState:
        """How the race stands."""
        return race(
            self.candidates,
            self.scores,
            seeds=self.settings.fresh_seeds(),
            trainings=self.settings.race.trainings,
            worst_loss=self.worst_loss,
            leave=self.settings.strategy != "front",
        )

    @cached_property
    def racers(self) -> tuple[Racer, ...]:
        """The networks that raced, best first: those still in it, then those that left, last to first."""
        standing, seeds = self.standing, self.settings.fresh_seeds()
        left = sorted(standing.left, key=lambda number: -standing.left[number])
        found = []
        for number in (*standing.racing, *left):
            known = self.scores.get(number, {})
            if scores := {seed: known[seed] for seed in seeds if seed in known}:
                leads = number == standing.racing[0]
                behind = None if leads else standing.behind.get(number)
                found.append(Racer(self.by_number[number], scores, leads, standing.left.get(number), behind))
        return tuple(found)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        under_way = any(trial.state in ("waiting", "running") for trial in self.trials)
        enough = sum(trial.counts for trial in self.trials) >= self.settings.trials
        return enough and not under_way and not self.standing.jobs and bool(self.tried)

    @property
    def ended(self) -> int:
        """Number of trials that ended, and of the race's trainings that have a loss."""
        raced = [score for scores in self.scores.values() for score in scores.values() if score.loss is not None]
        return sum(trial.ended for trial in self.trials) + len(raced)

    @property
    def winner(self) -> Trial | None:
        """The leader of the race, or the best trial where there was none; None while nothing is done."""
        racing = self.standing.racing
        return self.by_number[racing[0]] if racing else None

    @property
    def winner_raced(self) -> Racer | None:
        """How the winner did in the race; None while it has no training there."""
        return next((racer for racer in self.racers if racer.leads), None)

    @property
    def only_guesses(self) -> bool:
        """Whether the winner is no better than the commonest class alone, as far as that is known."""
        winner, raced = self.winner, self.winner_raced
        wrong = raced.wrong if raced else winner.wrong if winner else ()
        return self.guessed_wrong is not None and bool(wrong) and statistics.median(wrong) >= self.guessed_wrong

    @cached_property
    def front(self) -> list[Trial]:
        """Trials that no other one beats both in weights and in loss, smallest first."""
        costs = {trial.number: (float(trial.parameters), self.error(trial)) for trial in self.tried}
        return [self.by_number[number] for number in pareto_front(costs)]

    @property
    def replaced(self) -> int:
        """Number of all draws that were out of bounds."""
        return sum(trial.replaced for trial in self.trials if trial.state != "lost" or trial.counts)

    def leading(self, most: int) -> list[Trial]:
        """Return the best trials, each layout once: as the race ranks them, then by their loss."""
        layouts: dict[str, Trial] = {}
        for trial in (*(racer.trial for racer in self.racers), *self.tried):
            layouts.setdefault(trial.layout, trial)
        return list(layouts.values())[:most]

    def scores_of(self, trial: Trial) -> tuple[Score, ...]:
        """Return how good all trainings of a trial are, also those of the race."""
        return (*trial.scores, *self.scores.get(trial.number, {}).values())

    def error(self, trial: Trial) -> float:
        """Return the best estimate of a trial's validation loss: the mean over all its trainings, also the race's."""
        known = [score.loss for score in self.scores_of(trial) if score.loss is not None]
        return statistics.fmean(known) if known else math.inf


def pareto_front(costs: Mapping[int, tuple[float, float]]) -> list[int]:
    """Return the keys of which no other is at least as good in both costs and better in one, by rising first cost.

    Less is better. What has NaN or infinity is never returned.

    Examples:
        >>> pareto_front({7: (1, 9), 3: (4, 4), 5: (5, 4), 4: (9, 1)})
        [7, 3, 4]
    """
    front: list[int] = []
    best = math.inf
    known = [(pair, key) for key, pair in costs.items() if all(map(math.isfinite, pair))]
    for (_, second), key in sorted(known, key=lambda item: item[0]):
        if second < best:
            front.append(key)
            best = second
    return front


def write_result(folder: Path, result: StudyResult) -> None:
    """Write a study's result into its folder."""
    write_json(folder / RESULT, asdict(result))


def read_result(folder: Path) -> StudyResult:
    """Read what `write_result` wrote.

    Raises:
        InputRejectedError: If there is no study in the folder.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no study. See: toonvision studies"
    result = read_json(
        folder / RESULT,
        StudyResult,
        what="the result of a study",
        missing=missing,
        remedy="Search again.",
        current=_current,
    )
    names, numbers = result.settings.space.dimensions.keys(), {trial.number for trial in result.trials}
    sound = (
        len(numbers) == len(result.trials)
        and result.scores.keys() <= numbers
        and all(trial.draw.keys() == names for trial in result.trials if trial.loss is not None)
        and len(result.classes) > (0 if result.settings.space.finds else 1)
    )
    if not sound:
        raise ModelRefusedError(f"{folder / RESULT}: contradicts itself. Search again.")
    return result


def _current(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a study in the present words; those of earlier versions are read for good."""
    return {"evaluated" if name == "judged" else name: value for name, value in values.items()}
