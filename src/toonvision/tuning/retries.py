"""Trials and their retries: a network that is tried may go through several processes that die, and counts once."""

from collections.abc import Iterable, Iterator

import optuna
from optuna.trial import FrozenTrial, TrialState

MOST_RETRIES = 3
OUTCOME, DIVERGED, SURPLUS = "outcome", "diverged", "surplus"
CARRIED = "carried"
_BEGUN, _HISTORY = "begun", "retry_history"


def retries(trial: FrozenTrial) -> list[int]:
    """Give the numbers of the trials that this one retries, first to last."""
    numbers: list[int] = trial.system_attrs.get(_HISTORY, [])
    return numbers


def lineage(trial: FrozenTrial) -> int:
    """Give the number of the trial that this one goes back to: its own, or that of the first it retries."""
    return next(iter(retries(trial)), trial.number)


def given_up(trial: FrozenTrial) -> bool:
    """Tell whether a trial's process died, as did those of all that it retries."""
    died = trial.state is TrialState.FAIL and OUTCOME not in trial.user_attrs
    return died and len(retries(trial)) >= MOST_RETRIES


def counted(study: optuna.Study) -> dict[int, int]:
    """Give the lineages that count as tried or being tried, each with the trial that counts for it.

    A trial whose process died counts through its retry; one that was drawn too many, or whose retry was never put
    down, does not count. Where two processes put down a retry, the first counts.

    Returns:
        In the order of the trials' numbers. What stands before a trial never grows, so that all processes agree on
        who is one too many: numbers are given in order, and a retry has a number of its own.
    """
    found: dict[int, int] = {}
    for trial in without_twins(study.get_trials(deepcopy=False)):
        outcome = trial.user_attrs.get(OUTCOME)
        alive = trial.state is not TrialState.FAIL or outcome == DIVERGED or given_up(trial)
        if alive and outcome != SURPLUS:
            found.setdefault(lineage(trial), trial.number)
    return found


def without_twins(trials: Iterable[FrozenTrial]) -> Iterator[FrozenTrial]:
    """Leave out trials that were taken over from another study once more, by a second machine at the same moment."""
    seen: set[int] = set()
    for trial in trials:
        carried = trial.user_attrs.get(CARRIED)
        if carried is None or carried not in seen:
            yield trial
        if carried is not None:
            seen.add(carried)


def is_surplus(study: optuna.Study, number: int, *, most: int) -> bool:
    """Tell whether a trial that was taken is one too many: others that count were there before, or its like was."""
    return number not in list(counted(study).values())[:most]


def retry(study: optuna.Study, trial: FrozenTrial) -> None:
    """Put a trial whose process died in the queue again, unless somebody has, or it was done often enough."""
    if any(retries(other)[-1:] == [trial.number] for other in study.get_trials(deepcopy=False)):
        return
    optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES)(study, trial)


def begin(trial: optuna.Trial, stored: FrozenTrial) -> None:
    """Put down that a process has begun with a trial and that its heart beats.

    From now on its death shows as silence. Before, it shows in nothing: see `not_begun`.
    """
    trial.storage.record_heartbeat(trial._trial_id)  # type: ignore[attr-defined]  # all our storages have one
    trial.set_user_attr(_BEGUN, len(retries(stored)) + 1)


def not_begun(trial: FrozenTrial) -> bool:
    """Tell whether a trial was taken, and nobody has begun with it; a retry inherits what its predecessor put down."""
    return trial.state is TrialState.RUNNING and trial.user_attrs.get(_BEGUN) != len(retries(trial)) + 1


def hand_back(study: optuna.Study, trial: FrozenTrial) -> None:
    """Fail a trial on behalf of a process that cannot go on with it, and put it in the queue again."""
    try:
        failed = study._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    except optuna.exceptions.UpdateFinishedTrialError:
        return
    if failed:
        retry(study, trial)
