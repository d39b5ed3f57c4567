"""One process's part in a search: it takes a trial, trains it, and takes the next; then the race, the same way.

Processes know of each other only through the storage. Whoever finds something to do, does it; what two of them took at
the same time counts once, for the one with the lower number.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.cost import acceptance
from toonvision.tuning.logs import log_trial
from toonvision.tuning.race import RaceState, Score
from toonvision.tuning.result import best_first, choose_candidates, keep_scores, read_scores, read_trials, stand
from toonvision.tuning.retries import (
    DIVERGED,
    OUTCOME,
    SURPLUS,
    begin,
    counted,
    given_up,
    hand_back,
    is_surplus,
    not_begun,
    retry,
)
from toonvision.tuning.sampling import BoundedSampler, pruner_of, suggest
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.storage import CANDIDATE, SEED, Place, StoredStudy, faults, patiently

if TYPE_CHECKING:
    from toonvision.tasks.base import Dataset

_POLL_S = 0.5


class _DivergedError(Exception):
    """The loss of a training became no number."""


class _SurplusError(Exception):
    """Somebody else has taken this already."""


class Worker:
    """Takes and trains, until there is nothing left to take."""

    def __init__(self, place: Place, study: StoredStudy, data: "Dataset", *, logs: Path) -> None:
        """Join a study.

        Args:
            place: Where it is.
            study: The study, opened by this process.
            data: Samples, and who learns and who judges.
            logs: Where TensorBoard finds the trials.

        Raises:
            UsageError: If the only network of its space is not within the bounds.
        """
        self._place, self._study, self._data, self._logs = place, study, data, logs
        self._settings: StudySettings = study.settings
        accept = acceptance(self._settings, classes=len(data.classes))
        self._sampler = BoundedSampler(self._settings, accept)
        study.trials.sampler = self._sampler
        study.trials.pruner = pruner_of(self._settings)
        study.race.pruner = optuna.pruners.NopPruner()
        self._silent_since: dict[int, float] = {}

    def work(self, *, most: int) -> bool:
        """Train until the study is finished, or `most` trainings were made.

        Returns:
            Whether the study is finished.
        """
        made = 0
        while made < most:
            if patiently(self._place.url, self._step):
                made += 1
            elif patiently(self._place.url, self._finished):
                return True
            else:
                time.sleep(_POLL_S)
        return False

    def _step(self) -> bool:
        self._bury(self._study.trials)
        self._bury(self._study.race)
        return self._take_trial() or self._take_race()

    def _take_trial(self) -> bool:
        study = self._study.trials
        if not _waiting(study) and len(counted(study)) >= self._settings.trials:
            return False
        self._run(study, self._trial)
        return True

    def _take_race(self) -> bool:
        if self._under_way():
            return False
        if not _waiting(self._study.race):
            taken = self._taken()
            job = next((job for job in self._standing().jobs if job not in taken), None)
            if job is None:
                return False
            self._study.race.enqueue_trial({}, user_attrs={CANDIDATE: job[0], SEED: job[1]})
        self._run(self._study.race, self._race_training)
        return True

    def _finished(self) -> bool:
        return (
            not self._under_way()
            and len(counted(self._study.trials)) >= self._settings.trials
            and not self._standing().jobs
        )

    def _standing(self) -> RaceState:
        candidates = choose_candidates(best_first(read_trials(self._study)), self._settings)
        scores = read_scores(self._study, judged=len(self._data.indices["val"]))
        classes = len(self._data.classes)
        return stand(candidates, scores, self._settings, classes=classes)

    def _run(self, study: optuna.Study, objective: Callable[[optuna.Trial], float | tuple[float, ...]]) -> None:
        """Take a trial and train it; what another process ended or the storage broke off is no fault of ours."""
        taken: list[int] = []
        raised: list[Exception] = []

        def watched(trial: optuna.Trial) -> float | tuple[float, ...]:
            taken.append(trial.number)
            try:
                begin(trial, study.get_trials(deepcopy=False)[trial.number])
                return objective(trial)
            except Exception as error:
                raised.append(error)
                raise

        try:
            study.optimize(watched, n_trials=1, catch=(_DivergedError, _SurplusError))
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError) as error:
            # We were silent for too long, and the trial was given to another process: its result counts. Optuna says
            # so with the first where the training asks it, and with a ValueError of its own at the end. Who gave it
            # away may not have put down its retry yet; without one we would draw anew.
            if not taken or (isinstance(error, ValueError) and error in raised):
                raise
            self._return(study, taken[0])
        except faults():
            if not taken:
                raise
            self._return(study, taken[0])

    def _return(self, study: optuna.Study, number: int) -> None:
        """Put a trial that somebody or the storage broke off in the queue again, once the storage is back."""

        def stored() -> optuna.trial.FrozenTrial:
            return study.get_trials(deepcopy=False)[number]

        trial = patiently(self._place.url, stored)
        if trial.state is TrialState.RUNNING:
            hand_back(study, trial)
        elif trial.state is TrialState.FAIL and OUTCOME not in trial.user_attrs:
            retry(study, trial)

    def _trial(self, trial: optuna.Trial) -> float | tuple[float, ...]:
        settings, study = self._settings, self._study.trials
        if is_surplus(study, trial.number, most=settings.trials):
            trial.set_user_attr(OUTCOME, SURPLUS)
            raise _SurplusError
        self._sampler.replaced = None
        draw = suggest(trial, settings.space.distributions())
        layout = settings.space.layout(draw)
        parameters = layout.parameters(settings.size_hw, len(self._data.classes))
        trial.set_user_attr("parameters", parameters)
        if self._sampler.replaced is not None:
            trial.set_user_attr("replaced", self._sampler.replaced)
        several = len(settings.seeds()) > 1 or settings.strategy == "front"
        reporting = _reporting(trial, settings.training.epochs)
        scores = [
            train_once(self._data, settings.training_of(draw), seed, _silent if several else reporting)
            for seed in settings.seeds()
        ]
        log_trial(self._logs, trial.number, draw, parameters, scores)
        loss = self._loss(trial, scores)
        return (loss, parameters) if settings.strategy == "front" else loss

    def _race_training(self, trial: optuna.Trial) -> float:
        # Where another process took what was waiting, Optuna gives a new trial, of nobody and no seed.
        job = (trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED))
        if self._taken().get(job, trial.number) < trial.number or job not in self._standing().jobs:
            trial.set_user_attr(OUTCOME, SURPLUS)
            raise _SurplusError
        stored = self._study.trials.get_trials(deepcopy=False)[job[0]]
        draw = {name: float(value) for name, value in stored.params.items()}
        score = train_once(
            self._data, self._settings.training_of(draw), job[1], _reporting(trial, self._settings.training.epochs)
        )
        return self._loss(trial, [score])

    def _loss(self, trial: optuna.Trial, scores: list[Score]) -> float:
        """Put scores down and give their mean loss; one training that diverged makes the trial a failed one."""
        keep_scores(trial, scores)
        losses = [score.loss for score in scores if score.loss is not None]
        if len(losses) < len(scores):
            trial.set_user_attr(OUTCOME, DIVERGED)
            raise _DivergedError
        return statistics.fmean(losses)

    def _taken(self) -> dict[tuple[int | None, int | None], int]:
        """Give the race's trainings that somebody has begun or ended, and the first trial that did."""
        taken: dict[tuple[int | None, int | None], int] = {}
        for trial in self._study.race.get_trials(deepcopy=False):
            alive = trial.state in (TrialState.RUNNING, TrialState.COMPLETE)
            gone = trial.user_attrs.get(OUTCOME)
            if gone != SURPLUS and (alive or gone == DIVERGED or given_up(trial)):
                taken.setdefault((trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED)), trial.number)
        return taken

    def _under_way(self) -> bool:
        states = (TrialState.RUNNING, TrialState.WAITING)
        return any(trial.state in states for trial in self._study.trials.get_trials(deepcopy=False))

    def _bury(self, study: optuna.Study) -> None:
        """Give up trials of dead processes, and put their retries in the queue.

        Optuna does so where a heart stopped. A process can also die between taking a trial and its first heartbeat;
        such a trial is given up once it has been seen for the grace without anybody having begun with it.
        """
        optuna.storages.fail_stale_trials(study)
        now = time.monotonic()
        for trial in study.get_trials(deepcopy=False):
            if not not_begun(trial):
                self._silent_since.pop(trial._trial_id, None)
            elif now - self._silent_since.setdefault(trial._trial_id, now) > self._place.pulse.grace_s:
                hand_back(study, trial)


def _waiting(study: optuna.Study) -> bool:
    return any(trial.state is TrialState.WAITING for trial in study.get_trials(deepcopy=False))


def train_once(
    data: "Dataset",
    settings: TrainingSettings,
    seed: int,
    watcher: Callable[[int, Mapping[str, float]], None],
) -> Score:
    """Train a fresh network and say how it does on the validation part; the network is not kept."""
    from toonvision.training.loop import train_fresh

    train, val = data.indices["train"], data.indices["val"]
    _, history = train_fresh(data, train=train, val=val, settings=settings, seed=seed, watcher=watcher)
    if not history.best_epoch or (history.diverged and settings.takes_all_epochs):
        return Score(None, len(val), 0, history.seconds)
    best = history.epochs[history.best_epoch - 1]
    wrong = round((1 - best["val_accuracy"]) * len(val))
    return Score(best["val_loss"], wrong, history.best_epoch, history.seconds)


def _reporting(trial: optuna.Trial, epochs: int) -> Callable[[int, Mapping[str, float]], None]:
    """Put the lowest validation loss so far down after each epoch, and stop where the strategy says so.

    After the last epoch there is nothing to stop: what was trained to its end is not thrown away.
    """
    best = math.inf

    def epoch_ended(epoch: int, logs: Mapping[str, float]) -> None:
        nonlocal best
        best = min(best, logs["val_loss"]) if math.isfinite(logs["val_loss"]) else best
        if math.isfinite(best):
            trial.report(best, epoch)
            if epoch < epochs and trial.should_prune():
                raise optuna.TrialPruned

    return epoch_ended


def _silent(_epoch: int, _logs: Mapping[str, float]) -> None:
    """Say nothing: several trainings of a trial, or several objectives, have no single value a step."""
