"""Trials and their retries: a network whose processes die is tried several times, and counts once."""

from collections.abc import Iterable, Iterator

import optuna
from optuna.trial import FrozenTrial, TrialState

from toonvision.tuning.settings import MOST_RETRIES

OUTCOME, DIVERGED, SURPLUS = "outcome", "diverged", "surplus"
CARRIED = "carried"
_BEGUN, _HISTORY = "begun", "retry_history"


def retries(trial: FrozenTrial) -> list[int]:
    """Return the numbers of the trials that this one retries, first to last."""
    numbers: list[int] = trial.system_attrs.get(_HISTORY, [])
    return numbers


def first_attempt(trial: FrozenTrial) -> int:
    """Return the number of the trial that this one retries in the end: the first of them, or its own."""
    return next(iter(retries(trial)), trial.number)


def given_up(trial: FrozenTrial) -> bool:
    """Return whether a trial's process died, and those of all trials that it retries, and none is retried again."""
    died = trial.state is TrialState.FAIL and OUTCOME not in trial.user_attrs
    return died and len(retries(trial)) >= MOST_RETRIES


def counted(study: optuna.Study) -> dict[int, int]:
    """Return which trials count as tried, or as being tried.

    A trial whose process died counts through its retry. It does not count if its retry was never stored, nor if it was
    one too many. Where two processes stored a retry, the first counts.

    Returns:
        First attempt to the trial that counts for it, in the order of the trials' numbers. What stands before a trial
        never grows, so all processes agree on which trial is one too many: numbers are given in order, and a retry has
        a number of its own.
    """
    found: dict[int, int] = {}
    for trial in without_twins(study.get_trials(deepcopy=False)):
        outcome = trial.user_attrs.get(OUTCOME)
        alive = trial.state is not TrialState.FAIL or outcome == DIVERGED or given_up(trial)
        if alive and outcome != SURPLUS:
            found.setdefault(first_attempt(trial), trial.number)
    return found


def without_twins(trials: Iterable[FrozenTrial]) -> Iterator[FrozenTrial]:
    """Leave out trials of another study that a second machine carried over at the same moment."""
    seen: set[int] = set()
    for trial in trials:
        carried = trial.user_attrs.get(CARRIED)
        if carried is None or carried not in seen:
            yield trial
        if carried is not None:
            seen.add(carried)


def is_surplus(study: optuna.Study, number: int, *, most: int) -> bool:
    """Return whether a trial is one too many: enough that count came before it, or it does not count."""
    return number not in list(counted(study).values())[:most]


def retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Put a trial whose process died in the queue again, unless another process has, or it was retried too often."""
    if any(retries(other)[-1:] == [trial.number] for other in study.get_trials(deepcopy=False)):
        return
    optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES)(study, trial)


def begin(trial: optuna.Trial, stored: FrozenTrial) -> None:
    """Store that a process has begun with a trial and that its heart beats.

    From now on its death shows as silence. A death before that shows in nothing: see `not_begun`.
    """
    trial.storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]  # all our storages have one
    trial.set_user_attr(_BEGUN, len(retries(stored)) + 1)


def not_begun(trial: FrozenTrial) -> bool:
    """Return whether a trial was taken and nobody has begun with it; a retry inherits what was stored before it."""
    return trial.state is TrialState.RUNNING and trial.user_attrs.get(_BEGUN) != len(retries(trial)) + 1


def hand_back(study: optuna.Study, trial: FrozenTrial) -> None:
    """Fail a trial on behalf of a process that cannot go on with it, and put it in the queue again."""
    try:
        failed = study._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    except optuna.exceptions.UpdateFinishedTrialError:
        return
    if failed:
        retry(study, trial)
