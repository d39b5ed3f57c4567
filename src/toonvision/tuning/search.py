"""One process's part in a search: it takes a trial, trains it, and takes the next; then the race, the same way.

Processes know of each other only through the storage. Whichever finds something to do, does it; what two of them took
at the same time counts once, for the one with the lower number.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import optuna
from optuna.trial import TrialState

from toonvision.tasks.base import Dataset, predict
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.cost import acceptance
from toonvision.tuning.logs import log_trial
from toonvision.tuning.race import Score
from toonvision.tuning.result import StudyResult
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
from toonvision.tuning.sampling import BoundedSampler, pruner_of
from toonvision.tuning.storage import CANDIDATE, FAULTS, SEED, Address, StoredStudy, patiently
from toonvision.tuning.stored_trials import read_scores, read_trials, store_network, store_scores

_POLL_S = 0.5

EpochWatcher = Callable[[int, Mapping[str, float]], None]


class _DivergedError(Exception):
    """The loss of a training became NaN."""


class _SurplusError(Exception):
    """Another process has taken this already."""


class Worker:
    """Takes trials and trains them, until there is nothing left to take."""

    def __init__(self, address: Address, study: StoredStudy, data: Dataset, *, logs: Path) -> None:
        """Join a study.

        Args:
            address: Where it is.
            study: The study, opened by this process.
            data: The dataset.
            logs: TensorBoard's folder.

        Raises:
            UsageError: If the only network of its space is not within the bounds.
        """
        self._address, self._study, self._data, self._logs = address, study, data, logs
        self._settings = study.settings
        self._sampler = BoundedSampler(self._settings, acceptance(self._settings, classes=len(data.classes)))
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
            if patiently(self._address.url, self._step):
                made += 1
            elif patiently(self._address.url, self._finished):
                return True
            else:
                time.sleep(_POLL_S)
        return False

    def _step(self) -> bool:
        """Train one trial or one training of the race; return whether there was one to take."""
        self._replace_dead(self._study.trials)
        self._replace_dead(self._study.race)
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
            job = next((job for job in self._jobs() if job not in taken), None)
            if job is None:
                return False
            self._study.race.enqueue_trial({}, user_attrs={CANDIDATE: job[0], SEED: job[1]})
        self._run(self._study.race, self._race_training)
        return True

    def _finished(self) -> bool:
        enough = len(counted(self._study.trials)) >= self._settings.trials
        return enough and not self._under_way() and not self._jobs()

    def _jobs(self) -> tuple[tuple[int, int], ...]:
        """Return the trials and seeds that the race needs next."""
        evaluated = len(self._data.indices["val"])
        trials, scores = read_trials(self._study), read_scores(self._study, evaluated=evaluated)
        return StudyResult(self._settings, self._data.classes, evaluated, trials, scores).standing.jobs

    def _run(self, study: optuna.Study, objective: Callable[[optuna.Trial], float | tuple[float, ...]]) -> None:
        """Take a trial and train it; that another process ended it, or the storage broke off, is no error here."""
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
            # We were silent for too long, and the trial was given to another process: its result counts. Optuna raises
            # the first where the training asks it, and a ValueError of its own at the end. The process that gave the
            # trial away may not have stored its retry yet; without one a new trial would be drawn.
            if not taken or (isinstance(error, ValueError) and error in raised):
                raise
            self._return(study, taken[0])
        except FAULTS:
            if not taken:
                raise
            self._return(study, taken[0])

    def _return(self, study: optuna.Study, number: int) -> None:
        """Put a trial that was broken off in the queue again, once the storage is back."""
        trial = patiently(self._address.url, lambda: study.get_trials(deepcopy=False)[number])
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
        draw = settings.space.suggest(trial)
        parameters = settings.space.layout(draw).parameters(settings.size_hw, len(self._data.classes))
        store_network(trial, parameters=parameters, replaced=self._sampler.replaced)
        # Several trainings of a trial, or several objectives, have no single value for each epoch.
        followed = len(settings.seeds()) == 1 and settings.strategy != "front"
        watcher = _reporting(trial, settings.training.epochs) if followed else None
        scores = [train_once(self._data, settings.training_of(draw), seed, watcher) for seed in settings.seeds()]
        log_trial(self._logs, trial.number, draw, parameters, scores)
        loss = self._loss(trial, scores)
        return (loss, parameters) if settings.strategy == "front" else loss

    def _race_training(self, trial: optuna.Trial) -> float:
        # Where another process took what was waiting, Optuna returns a new trial without candidate and seed.
        job = (trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED))
        if self._taken().get(job, trial.number) < trial.number or job not in self._jobs():
            trial.set_user_attr(OUTCOME, SURPLUS)
            raise _SurplusError
        stored = self._study.trials.get_trials(deepcopy=False)[job[0]]
        training = self._settings.training_of({name: float(value) for name, value in stored.params.items()})
        return self._loss(trial, [train_once(self._data, training, job[1], _reporting(trial, training.epochs))])

    def _loss(self, trial: optuna.Trial, scores: list[Score]) -> float:
        """Store scores and return their mean loss; one training that diverged makes the trial a failed one."""
        store_scores(trial, scores)
        losses = [score.loss for score in scores if score.loss is not None]
        if len(losses) < len(scores):
            trial.set_user_attr(OUTCOME, DIVERGED)
            raise _DivergedError
        return statistics.fmean(losses)

    def _taken(self) -> dict[tuple[int | None, int | None], int]:
        """Return the race's trainings that a process has begun or ended, and the first trial that did."""
        taken: dict[tuple[int | None, int | None], int] = {}
        for trial in self._study.race.get_trials(deepcopy=False):
            alive = trial.state in (TrialState.RUNNING, TrialState.COMPLETE)
            outcome = trial.user_attrs.get(OUTCOME)
            if outcome != SURPLUS and (alive or outcome == DIVERGED or given_up(trial)):
                taken.setdefault((trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED)), trial.number)
        return taken

    def _under_way(self) -> bool:
        states = (TrialState.RUNNING, TrialState.WAITING)
        return any(trial.state in states for trial in self._study.trials.get_trials(deepcopy=False))

    def _replace_dead(self, study: optuna.Study) -> None:
        """Fail the trials of dead processes, and put their retries in the queue.

        Optuna does so where a heartbeat stopped. A process can also die between taking a trial and its first
        heartbeat; such a trial is failed once nobody has begun with it for the grace period.
        """
        optuna.storages.fail_stale_trials(study)
        now = time.monotonic()
        for trial in study.get_trials(deepcopy=False):
            if not not_begun(trial):
                self._silent_since.pop(trial._trial_id, None)
            elif now - self._silent_since.setdefault(trial._trial_id, now) > self._address.grace_s:
                hand_back(study, trial)


def _waiting(study: optuna.Study) -> bool:
    return any(trial.state is TrialState.WAITING for trial in study.get_trials(deepcopy=False))


def train_once(data: Dataset, settings: TrainingSettings, seed: int, watcher: EpochWatcher | None = None) -> Score:
    """Train a fresh network and return how good it is on the validation subset; the network is discarded."""
    from toonvision.training.loop import train_fresh

    train, val = data.indices["train"], data.indices["val"]
    watcher = watcher or (lambda _epoch, _logs: None)
    model, history = train_fresh(data, train=train, val=val, settings=settings, seed=seed, watcher=watcher)
    if not history.best_epoch or (history.diverged and settings.takes_all_epochs):
        return Score(None, len(val), 0, history.seconds)
    kind, loss = kind_of(data.task), history.epochs[history.best_epoch - 1]["val_loss"]
    scores = kind.score(predict(kind, model, data.images[val]), data, "val")
    return Score(loss, int(scores.wrong.sum()), history.best_epoch, history.seconds)


def _reporting(trial: optuna.Trial, epochs: int) -> EpochWatcher:
    """Return what stores the lowest validation loss so far after each epoch, and stops where the strategy says so.

    After the last epoch there is nothing to stop: a training that reached its end is not thrown away.
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
