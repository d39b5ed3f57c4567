"""What a search found, read from its storage: trials, the race, the front, the winner."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from toonvision.core.errors import ModelRefusedError
from toonvision.core.files import write_text
from toonvision.core.settings import read_json
from toonvision.tuning.front import pareto_front
from toonvision.tuning.race import FIRST_LOOK, RaceState, Score, Scores, race
from toonvision.tuning.retries import DIVERGED, MOST_RETRIES, OUTCOME, SURPLUS, given_up, retries, without_twins
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.space import Draw
from toonvision.tuning.storage import CANDIDATE, SEED, StoredStudy

RESULT, SCORES = "study.json", "scores"
LEAST_BEST = 3
State = Literal["waiting", "running", "done", "cut short", "diverged", "lost"]


@dataclass(frozen=True)
class Trial:
    """One network that was tried.

    Attributes:
        number: The trial's number in the study, from 0.
        state: ``cut short`` by the strategy, ``diverged`` where no loss was a number, ``lost`` where its process died
            and its retry, if any, is another trial.
        draw: The values that were drawn; empty before they were.
        layout: The network.
        parameters: How many weights it has.
        loss: Mean validation loss of its trainings, in nats, in the epochs that they kept; of one that was cut short,
            the lowest so far.
        scores: How each of its trainings did.
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
        """Wrong validation pictures of each training, at its best epoch."""
        return tuple(score.wrong for score in self.scores)

    @property
    def seconds(self) -> float:
        """How long its trainings took together."""
        return sum(score.seconds for score in self.scores)

    @property
    def ended(self) -> bool:
        """Whether its trainings came to an end, whatever end; not where their process died."""
        return self.state in ("done", "cut short", "diverged")

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that were asked for: it ended, or all retries of it were lost."""
        return self.ended or (self.state == "lost" and self.attempt > MOST_RETRIES)


@dataclass(frozen=True)
class Retrained:
    """A network over several trainings with seeds of their own.

    Attributes:
        trial: The trial.
        losses: Validation loss of each training in the epoch that it kept, in nats; None where it diverged.
        wrong: Wrong validation pictures of each.
        best_epochs: The epoch that each kept.
    """

    trial: int
    losses: tuple[float | None, ...]
    wrong: tuple[int, ...]
    best_epochs: tuple[int, ...]

    @property
    def median_wrong(self) -> float:
        """Median of the wrong pictures."""
        return statistics.median(self.wrong)


@dataclass(frozen=True)
class StudyResult:
    """How a study stands or ended.

    Attributes:
        name: The study's name within its task.
        settings: What it was told.
        classes: Names of the classes.
        judged: How many validation pictures there are.
        trials: By number.
        scores: The race: trial to seed to score.
        device: What computed.
        versions: Versions of what took part.
        started: When, in UTC.
        storage: The address without its password.
    """

    name: str
    settings: StudySettings
    classes: tuple[str, ...]
    judged: int
    trials: tuple[Trial, ...]
    scores: Mapping[int, Mapping[int, Score]]
    device: str
    versions: Mapping[str, str]
    started: str
    storage: str

    @property
    def title(self) -> str:
        """What the study is called on the command line."""
        return f"{self.settings.task}/{self.name}"

    @cached_property
    def by_number(self) -> dict[int, Trial]:
        """Trials by their numbers."""
        return {trial.number: trial for trial in self.trials}

    @cached_property
    def tried(self) -> list[Trial]:
        """Trials with a whole result, best first."""
        return best_first(self.trials)

    @property
    def best_tenth(self) -> list[Trial]:
        """The best tenth of the trials with a whole result, three at least, best first."""
        return self.tried[: max(LEAST_BEST, len(self.tried) // 10)]

    @property
    def worst_loss(self) -> float:
        """What a loss that is greater, or no number, counts as, in nats: twice that of guessing."""
        return worst_loss(len(self.classes))

    @cached_property
    def candidates(self) -> list[int]:
        """Who races."""
        return choose_candidates(self.tried, self.settings)

    @cached_property
    def standing(self) -> RaceState:
        """How the race stands."""
        return stand(self.candidates, self.scores, self.settings, classes=len(self.classes))

    @cached_property
    def retrained(self) -> list[Retrained]:
        """The racers, best first: those still in it, then those that left, last to first."""
        left = sorted(self.standing.left, key=lambda one: -self.standing.left[one])
        found = []
        for number in (*self.standing.racing, *left):
            scores = [self.scores.get(number, {}).get(seed) for seed in self.settings.fresh_seeds()]
            known = [score for score in scores if score is not None]
            if known:
                losses, wrong, epochs = zip(*((s.loss, s.wrong, s.best_epoch) for s in known), strict=True)
                found.append(Retrained(number, losses, wrong, epochs))
        return found

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        under_way = any(trial.state in ("waiting", "running") for trial in self.trials)
        enough = sum(trial.counts for trial in self.trials) >= self.settings.trials
        return enough and not under_way and not self.standing.jobs and bool(self.tried)

    @property
    def ended(self) -> int:
        """How many trials ended, and trainings of the race that gave a loss."""
        raced = [score for scores in self.scores.values() for score in scores.values() if score.loss is not None]
        return sum(trial.ended for trial in self.trials) + len(raced)

    @property
    def winner(self) -> Trial | None:
        """The leader of the race, or the best trial where there was none; None while nothing is done."""
        if self.standing.racing:
            return self.by_number[self.standing.racing[0]]
        return self.tried[0] if self.tried else None

    @property
    def winner_retrained(self) -> Retrained | None:
        """How the winner did in the race; None while it has no training there."""
        winner = self.winner
        return next((one for one in self.retrained if winner and one.trial == winner.number), None)

    @cached_property
    def front(self) -> list[Trial]:
        """Trials that no other one beats both in weights and in loss, smallest first."""
        costs = {trial.number: (float(trial.parameters), self.error(trial)) for trial in self.tried}
        return [self.by_number[number] for number in pareto_front(costs)]

    @property
    def replaced(self) -> int:
        """Draws that were out of bounds, in all."""
        return sum(trial.replaced for trial in self.trials if trial.state != "lost" or trial.counts)

    def error(self, trial: Trial) -> float:
        """Give the best estimate of a trial's validation loss: over all its trainings, the race's among them."""
        scores = (*trial.scores, *self.scores.get(trial.number, {}).values())
        known = [score.loss for score in scores if score.loss is not None]
        return statistics.fmean(known) if known else math.inf


def best_first(trials: Sequence[Trial]) -> list[Trial]:
    """Give the trials with a whole result, best first."""
    whole = [trial for trial in trials if trial.state == "done" and trial.loss is not None]
    return sorted(whole, key=lambda trial: (trial.loss, trial.number))


def choose_candidates(tried: "list[Trial]", settings: StudySettings) -> list[int]:
    """Choose who races: the best trials, each network once; for ``front`` the front of size against loss.

    Where some leave, there are no more than the race's trainings bring to where the first may.
    """
    best: dict[tuple[str, float], Trial] = {}
    for trial in tried:
        best.setdefault((trial.layout, trial.draw["learning_rate"]), trial)
    chosen = list(best.values())
    if settings.strategy == "front":
        costs = {trial.number: (float(trial.parameters), trial.loss or math.inf) for trial in chosen}
        on_front = set(pareto_front(costs))
        chosen = [trial for trial in chosen if trial.number in on_front]
        return [trial.number for trial in chosen[: settings.race.candidates]]
    rounds = min(FIRST_LOOK, settings.race.rounds)
    most = min(settings.race.candidates, max(1, settings.race.trainings // rounds))
    return [trial.number for trial in chosen[:most]]


def stand(candidates: list[int], scores: Scores, settings: StudySettings, *, classes: int) -> RaceState:
    """Work out how a study's race stands; a loss above twice that of guessing counts as that."""
    return race(
        candidates,
        scores,
        seeds=settings.fresh_seeds(),
        trainings=settings.race.trainings,
        worst_loss=worst_loss(classes),
        leave=settings.strategy != "front",
    )


def worst_loss(classes: int) -> float:
    """Give twice the loss of guessing among some classes, in nats."""
    return 2 * math.log(max(2, classes))


def read_trials(study: StoredStudy) -> tuple[Trial, ...]:
    """Read all trials, but those that were drawn too many."""
    stored = study.trials.get_trials(deepcopy=False)
    return tuple(_trial(one, study.settings) for one in without_twins(stored) if one.user_attrs.get(OUTCOME) != SURPLUS)


def read_scores(study: StoredStudy, *, judged: int) -> Scores:
    """Read the race's trainings that ended, each once: a pair that two processes trained counts as the first did.

    A training that killed its process again and again counts as one that had all `judged` pictures wrong.
    """
    scores: dict[int, dict[int, Score]] = {}
    for one in study.race.get_trials(deepcopy=False):
        kept = one.user_attrs.get(SCORES)
        if kept and (one.state is TrialState.COMPLETE or one.user_attrs.get(OUTCOME) == DIVERGED):
            candidate, seed = one.user_attrs[CANDIDATE], one.user_attrs[SEED]
            scores.setdefault(candidate, {}).setdefault(seed, Score(**kept[0]))
        elif given_up(one) and CANDIDATE in one.user_attrs:
            lost = Score(None, judged, 0, 0.0)
            scores.setdefault(one.user_attrs[CANDIDATE], {}).setdefault(one.user_attrs[SEED], lost)
    return scores


def keep_scores(trial: optuna.Trial, scores: list[Score]) -> None:
    """Put the scores of a trial's trainings down beside it."""
    trial.set_user_attr(SCORES, [asdict(score) for score in scores])


def write_result(folder: Path, result: StudyResult) -> None:
    """Write a study's result into its folder."""
    write_text(folder / RESULT, json.dumps(asdict(result), indent=2, allow_nan=False) + "\n")


def read_result(folder: Path) -> StudyResult:
    """Read what `write_result` wrote.

    Raises:
        InputRejectedError: If there is no study in the folder.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no study. See: toonvision studies"
    result = read_json(
        folder / RESULT, StudyResult, what="the result of a study", missing=missing, remedy="Search again."
    )
    names, numbers = result.settings.space.dimensions.keys(), {trial.number for trial in result.trials}
    sound = (
        len(numbers) == len(result.trials)
        and result.scores.keys() <= numbers
        and all(trial.draw.keys() == names for trial in result.trials if trial.loss is not None)
        and len(result.classes) > 1
    )
    if not sound:
        raise ModelRefusedError(f"{folder / RESULT}: contradicts itself. Search again.")
    return result


def _trial(stored: FrozenTrial, settings: StudySettings) -> Trial:
    attributes: Mapping[str, Any] = stored.user_attrs
    names = settings.space.dimensions.keys()
    draw = {name: float(value) for name, value in stored.params.items() if name in names}
    known = draw.keys() == names
    scores = tuple(Score(**one) for one in attributes.get(SCORES, ()))
    seen = [value for value in stored.intermediate_values.values() if math.isfinite(value)]
    value = stored.values[0] if stored.state is TrialState.COMPLETE and stored.values else None
    return Trial(
        number=stored.number,
        state=_state(stored),
        draw=draw if known else {},
        layout=settings.space.layout(draw).name if known else "",
        parameters=attributes.get("parameters", 0),
        loss=value if value is not None else (min(seen) if seen else None),
        scores=scores,
        epochs=max(stored.intermediate_values, default=0),
        replaced=attributes.get("replaced", 0),
        attempt=len(retries(stored)) + 1,
    )


def _state(stored: FrozenTrial) -> State:
    if stored.user_attrs.get(OUTCOME) == DIVERGED:
        return "diverged"
    states: dict[TrialState, State] = {
        TrialState.WAITING: "waiting",
        TrialState.RUNNING: "running",
        TrialState.COMPLETE: "done",
        TrialState.PRUNED: "cut short",
    }
    return states.get(stored.state, "lost")
