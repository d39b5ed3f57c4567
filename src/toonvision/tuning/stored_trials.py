"""Trials and race trainings as Optuna stores them, read and written."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from toonvision.tuning.race import Score, Scores
from toonvision.tuning.result import State, Trial
from toonvision.tuning.retries import CARRIED, DIVERGED, OUTCOME, SURPLUS, given_up, retries, without_twins
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.storage import CANDIDATE, SEED, StoredStudy

SCORES = "scores"
_PARAMETERS, _REPLACED = "parameters", "replaced"
_STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "cut short",
    TrialState.FAIL: "lost",
}


def read_trials(study: StoredStudy) -> tuple[Trial, ...]:
    """Read all trials, except those that were one too many."""
    stored = study.trials.get_trials(deepcopy=False)
    return tuple(_trial(one, study.settings) for one in without_twins(stored) if one.user_attrs.get(OUTCOME) != SURPLUS)


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


def store_network(trial: optuna.Trial, *, parameters: int, replaced: int | None) -> None:
    """Store what is known of a trial before it is trained: its size, and how many draws were out of bounds."""
    trial.set_user_attr(_PARAMETERS, parameters)
    if replaced is not None:
        trial.set_user_attr(_REPLACED, replaced)


def store_scores(trial: optuna.Trial, scores: Sequence[Score]) -> None:
    """Store how good the trainings of a trial are."""
    trial.set_user_attr(SCORES, [asdict(score) for score in scores])


def carried_trials(study: StoredStudy, earlier: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return the trials of another study that this one could have drawn, in a form that its storage can keep."""
    space, most = study.settings.space, study.settings.bounds.parameters
    return [
        {
            "draw": dict(space.nearest(trial.draw)),
            "loss": trial.loss,
            _PARAMETERS: trial.parameters,
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
                    values=[one["loss"], one[_PARAMETERS]][: len(study.trials.directions)],
                    user_attrs={name: one[name] for name in (_PARAMETERS, SCORES)} | {CARRIED: number},
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
        layout=settings.space.layout(draw).name if known else "",
        parameters=attributes.get(_PARAMETERS, 0),
        loss=stored.values[0] if state == "done" else min(seen, default=None),
        scores=tuple(Score(**one) for one in attributes.get(SCORES, ())),
        epochs=max(stored.intermediate_values, default=0),
        replaced=attributes.get(_REPLACED, 0),
        attempt=len(retries(stored)) + 1,
    )
