"""One process's part in a search: it takes a trial, trains it, and takes the next; then the race, the same way.

Processes know of each other only through the storage. Whichever finds something to do, does it; what two of them took
at the same time counts once, for the one with the lower number.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import optuna
from optuna.trial import TrialState

from toonvision.core.progress import unwatched
from toonvision.tasks.base import Dataset
from toonvision.tasks.networks import predict
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import EpochWatcher
from toonvision.tuning import stored_trials as stored
from toonvision.tuning.logs import log_trial
from toonvision.tuning.race import Score
from toonvision.tuning.result import StudyResult
from toonvision.tuning.sampling import BoundedSampler, parameters_of, pruner_of
from toonvision.tuning.space import Draw
from toonvision.tuning.storage import FAULTS, Address, patiently
from toonvision.tuning.stored_trials import CANDIDATE, DIVERGED, OUTCOME, SEED, SURPLUS, StoredStudy, counted

_POLL_S = 0.5

_Loss = float | tuple[float, ...]


class _DivergedError(Exception):
    """The loss of a training became NaN."""


class _SurplusError(Exception):
    """Another process has taken this already."""


class Worker:
    """Takes trials and trains them, until there is nothing left to take."""

    def __init__(
        self,
        address: Address,
        study: StoredStudy,
        data: Dataset,
        *,
        logs: Path,
        load: Callable[[tuple[int, int]], Dataset] | None = None,
    ) -> None:
        """Join a study that this process has opened; TensorBoard's files go to the folder `logs`.

        `load` returns the dataset at another size of the input, where that is searched.

        Raises:
            UsageError: If the only network of its space is not within the bounds.
        """
        self._address, self._study, self._data, self._logs = address, study, data, logs
        self._load, self._loaded = load, {data.size_hw: data}
        self._settings = study.settings
        self._sampler = BoundedSampler(self._settings, classes=len(data.classes))
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
        trials, race = self._study.trials, self._study.race
        self._replace_dead(trials)
        self._replace_dead(race)
        if _has(trials, TrialState.WAITING) or len(counted(trials)) < self._settings.trials:
            self._run(trials, self._trial)
            return True
        if _has(trials, TrialState.RUNNING, TrialState.WAITING):
            return False
        if not _has(race, TrialState.WAITING):
            taken = stored.taken(race)
            job = next((job for job in self._jobs() if job not in taken), None)
            if job is None:
                return False
            race.enqueue_trial({}, user_attrs={CANDIDATE: job[0], SEED: job[1]})
        self._run(race, self._race_training)
        return True

    def _finished(self) -> bool:
        trials = self._study.trials
        enough = len(counted(trials)) >= self._settings.trials
        return enough and not _has(trials, TrialState.RUNNING, TrialState.WAITING) and not self._jobs()

    def _jobs(self) -> tuple[tuple[int, int], ...]:
        """Return the trials and seeds that the race needs next."""
        evaluated = len(self._data.indices["val"])
        trials, scores = stored.read_trials(self._study), stored.read_scores(self._study, evaluated=evaluated)
        return StudyResult(self._settings, self._data.classes, evaluated, trials, scores).standing.jobs

    def _run(self, study: optuna.Study, objective: Callable[[optuna.Trial], _Loss]) -> None:
        """Take a trial and train it; that another process ended it, or the storage broke off, is no error here."""
        taken: list[int] = []
        raised: list[Exception] = []

        def watched(trial: optuna.Trial) -> _Loss:
            taken.append(trial.number)
            try:
                stored.begin(trial, study.get_trials(deepcopy=False)[trial.number])
                return objective(trial)
            except Exception as error:
                raised.append(error)
                raise

        try:
            study.optimize(watched, n_trials=1, catch=(_DivergedError, _SurplusError))
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError, *FAULTS) as error:
            # We were silent for too long, and the trial was given to another process: its result counts. Optuna raises
            # the first where the training asks it, and a ValueError of its own at the end. The process that gave the
            # trial away may not have stored its retry yet; without one a new trial would be drawn.
            if not taken or (isinstance(error, ValueError) and error in raised):
                raise
            self._return(study, taken[0])

    def _return(self, study: optuna.Study, number: int) -> None:
        """Put a trial that was broken off in the queue again, once the storage is back."""
        trial = patiently(self._address.url, lambda: study.get_trials(deepcopy=False)[number])
        if trial.state is TrialState.RUNNING:
            stored.hand_back(study, trial)
        elif trial.state is TrialState.FAIL and OUTCOME not in trial.user_attrs:
            stored.retry(study, trial)

    def _trial(self, trial: optuna.Trial) -> _Loss:
        settings = self._settings
        if stored.is_surplus(self._study.trials, trial.number, most=settings.trials):
            trial.set_user_attr(OUTCOME, SURPLUS)
            raise _SurplusError
        self._sampler.replaced = None
        draw = settings.space.suggest(trial)
        parameters = parameters_of(settings.space.network(draw), settings.size_of(draw), len(self._data.classes))
        trial.set_user_attr(stored.PARAMETERS, parameters)
        if self._sampler.replaced is not None:
            trial.set_user_attr(stored.REPLACED, self._sampler.replaced)
        # Several trainings of a trial, or several objectives, have no single value for each epoch.
        followed = len(settings.seeds()) == 1 and settings.strategy != "front"
        watcher = self._watcher(trial) if followed else unwatched.epoch_ended
        data = self._data_of(draw)
        scores = [train_once(data, settings.training_of(draw), seed, watcher) for seed in settings.seeds()]
        log_trial(self._logs, trial.number, draw, parameters, scores)
        loss = _stored_loss(trial, scores)
        return (loss, parameters) if settings.strategy == "front" else loss

    def _race_training(self, trial: optuna.Trial) -> _Loss:
        # Where another process took what was waiting, Optuna returns a new trial without candidate and seed.
        job = (trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED))
        if stored.taken(self._study.race).get(job, trial.number) < trial.number or job not in self._jobs():
            trial.set_user_attr(OUTCOME, SURPLUS)
            raise _SurplusError
        params = self._study.trials.get_trials(deepcopy=False)[job[0]].params
        draw = {name: float(value) for name, value in params.items()}
        score = train_once(self._data_of(draw), self._settings.training_of(draw), job[1], self._watcher(trial))
        return _stored_loss(trial, [score])

    def _watcher(self, trial: optuna.Trial) -> EpochWatcher:
        """Return what follows a training; the losses of a detector are not what its trials are compared by."""
        settings = self._settings
        return unwatched.epoch_ended if settings.space.finds else _reporting(trial, settings.training.epochs)

    def _data_of(self, draw: Draw) -> Dataset:
        """Return the dataset at the size of a draw."""
        size_hw = self._settings.size_of(draw)
        if size_hw not in self._loaded:
            assert self._load is not None
            self._loaded[size_hw] = self._load(size_hw)
        return self._loaded[size_hw]

    def _replace_dead(self, study: optuna.Study) -> None:
        """Fail the trials of dead processes, and put their retries in the queue.

        Optuna does so where a heartbeat stopped. A process can also die between taking a trial and its first
        heartbeat; such a trial is failed once nobody has begun with it for the grace period.
        """
        optuna.storages.fail_stale_trials(study)
        now = time.monotonic()
        for trial in study.get_trials(deepcopy=False):
            if not stored.not_begun(trial):
                self._silent_since.pop(trial._trial_id, None)
            elif now - self._silent_since.setdefault(trial._trial_id, now) > self._address.grace_s:
                stored.hand_back(study, trial)


def train_once(
    data: Dataset, settings: TrainingSettings, seed: int, watcher: EpochWatcher = unwatched.epoch_ended
) -> Score:
    """Train a fresh network and return how good it is on the validation subset; the network is discarded."""
    from toonvision.training.loop import train_fresh

    train, val = data.indices["train"], data.indices["val"]
    model, history = train_fresh(data, train=train, val=val, settings=settings, seed=seed, watcher=watcher)
    if not history.best_epoch or (history.diverged and settings.takes_all_epochs):
        return Score(None, len(val), 0, history.seconds)
    kind, loss = kind_of(data.task), history.epochs[history.best_epoch - 1]["val_loss"]
    found = predict(kind, model, data.images[val])
    scores = kind.score(found, data, "val", thresholds=kind.thresholds(found, data, val))
    if kind.watched is not None:  # losses at two sizes of the input cannot be compared
        loss = 1 - scores.summary()[kind.watched]
    return Score(loss, int(scores.wrong.sum()), history.best_epoch, history.seconds)


def _has(study: optuna.Study, *states: TrialState) -> bool:
    return any(trial.state in states for trial in study.get_trials(deepcopy=False))


def _stored_loss(trial: optuna.Trial, scores: list[Score]) -> float:
    """Store scores and return their mean loss; one training that diverged makes the trial a failed one."""
    trial.set_user_attr(stored.SCORES, [asdict(score) for score in scores])
    losses = [score.loss for score in scores if score.loss is not None]
    if len(losses) < len(scores):
        trial.set_user_attr(OUTCOME, DIVERGED)
        raise _DivergedError
    return statistics.fmean(losses)


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
