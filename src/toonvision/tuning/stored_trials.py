"""A study as Optuna stores it: its trials and their retries, and the trainings of its race.

A network whose processes die is tried several times, and counts once.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from toonvision.tuning.race import Score, Scores
from toonvision.tuning.result import State, Trial
from toonvision.tuning.settings import MOST_RETRIES, StudySettings

OUTCOME, DIVERGED, SURPLUS = "outcome", "diverged", "surplus"
CANDIDATE, SEED = "candidate", "seed"
SCORES, CARRIED = "scores", "carried"
PARAMETERS, REPLACED = "parameters", "replaced"
_BEGUN, _HISTORY = "begun", "retry_history"
_STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "cut short",
    TrialState.FAIL: "lost",
}


@dataclass(frozen=True)
class StoredStudy:
    """An opened study: its search, and its race with a trial for each training, whose candidate and seed are stored."""

    settings: StudySettings
    trials: optuna.Study
    race: optuna.Study


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
    for trial in _without_twins(study):
        if _counts(trial):
            found.setdefault(first_attempt(trial), trial.number)
    return found


def taken(race: optuna.Study) -> dict[tuple[int | None, int | None], int]:
    """Return each candidate and seed of a race that some process has taken, with the first trial that did."""
    found: dict[tuple[int | None, int | None], int] = {}
    for trial in race.get_trials(deepcopy=False):
        if _counts(trial):
            found.setdefault((trial.user_attrs.get(CANDIDATE), trial.user_attrs.get(SEED)), trial.number)
    return found


def _counts(trial: FrozenTrial) -> bool:
    outcome = trial.user_attrs.get(OUTCOME)
    alive = trial.state is not TrialState.FAIL or outcome == DIVERGED or given_up(trial)
    return alive and outcome != SURPLUS


def _without_twins(study: optuna.Study) -> Iterator[FrozenTrial]:
    """Return the trials without those of another study that a second machine carried over at the same moment."""
    seen: set[int | None] = set()
    for trial in study.get_trials(deepcopy=False):
        carried = trial.user_attrs.get(CARRIED)
        if carried is None or carried not in seen:
            yield trial
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


def read_trials(study: StoredStudy) -> tuple[Trial, ...]:
    """Read all trials, except those that were one too many."""
    stored = [one for one in _without_twins(study.trials) if one.user_attrs.get(OUTCOME) != SURPLUS]
    return tuple(_trial(one, study.settings) for one in stored)


def read_scores(study: StoredStudy, *, evaluated: int) -> Scores:
    """Read the race's trainings that ended, each once: of a pair that two processes trained, the first counts.

    A training that killed its process again and again counts as one that had all `evaluated` images wrong.
    """
    scores: dict[int, dict[int, Score]] = {}
    for one in study.race.get_trials(deepcopy=False):
        stored = one.user_attrs.get(SCORES)
        if stored and (one.state is TrialState.COMPLETE or one.user_attrs.get(OUTCOME) == DIVERGED):
            score = Score(**stored[0])
        elif given_up(one) and CANDIDATE in one.user_attrs:
            score = Score(None, evaluated, 0, 0.0)
        else:
            continue
        scores.setdefault(one.user_attrs[CANDIDATE], {}).setdefault(one.user_attrs[SEED], score)
    return scores


def carried_trials(study: StoredStudy, earlier: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return the trials of another study that this one could have drawn, in a form that its storage can keep."""
    space, most = study.settings.space, study.settings.bounds.parameters
    return [
        {
            "draw": dict(space.nearest(trial.draw)),
            "loss": trial.loss,
            PARAMETERS: trial.parameters,
            SCORES: [asdict(score) for score in trial.scores],
        }
        for trial in earlier
        if (most is None or trial.parameters <= most) and space.holds(trial.draw)
    ]


def carry_over(study: StoredStudy) -> None:
    """Begin a study with the trials that it was given; after a kill, with those that it does not have yet.

    A machine that joins at this moment adds some of them too; of such twins the first counts.
    """
    given: list[dict[str, Any]] = study.trials.user_attrs.get(CARRIED, [])
    known = {trial.user_attrs.get(CARRIED) for trial in study.trials.get_trials(deepcopy=False)}
    for number, one in enumerate(given):
        if number not in known:
            study.trials.add_trial(
                optuna.create_trial(
                    params=one["draw"],
                    distributions=study.settings.space.distributions(),
                    values=[one["loss"], one[PARAMETERS]][: len(study.trials.directions)],
                    user_attrs={name: one[name] for name in (PARAMETERS, SCORES)} | {CARRIED: number},
                )
            )


def _trial(stored: FrozenTrial, settings: StudySettings) -> Trial:
    attributes, names = stored.user_attrs, settings.space.dimensions.keys()
    draw = {name: float(value) for name, value in stored.params.items() if name in names}
    known = draw.keys() == names
    state: State = "diverged" if attributes.get(OUTCOME) == DIVERGED else _STATES[stored.state]
    seen = [value for value in stored.intermediate_values.values() if math.isfinite(value)]
    return Trial(
        number=stored.number,
        state=state,
        draw=draw if known else {},
        layout=settings.title_of(draw) if known else "",
        parameters=attributes.get(PARAMETERS, 0),
        loss=stored.values[0] if state == "done" else min(seen, default=None),
        scores=tuple(Score(**one) for one in attributes.get(SCORES, ())),
        epochs=max(stored.intermediate_values, default=0),
        replaced=attributes.get(REPLACED, 0),
        attempt=len(retries(stored)) + 1,
    )
