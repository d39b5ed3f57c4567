"""Which hyperparameters matter, as far as a study's trials show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna

from toonvision.core.seeds import generator
from toonvision.tuning.race import log_loss
from toonvision.tuning.result import StudyResult
from toonvision.tuning.space import Draw

LEAST_TRIALS = 10
_COPIES, _TREES = 19, 24
_COPY = " shuffled"


@dataclass(frozen=True)
class Importance:
    """Each hyperparameter's share of the differences between trials, by itself.

    Attributes:
        shares: Name to share, from 0 to 1, largest first; empty where nothing can be said.
        chance: The largest share that a hyperparameter without influence had: only larger ones mean anything.
        trials: How many trials it was computed from.
        reason: Why nothing can be said; empty where something can.
    """

    shares: Mapping[str, float]
    chance: float
    trials: int
    reason: str = ""

    @property
    def above_chance(self) -> list[str]:
        """Names above chance, the most important first."""
        return [name for name, share in self.shares.items() if share > self.chance]


def importance_of(result: StudyResult) -> Importance:
    """Estimate how important each hyperparameter is, by fANOVA: how a random forest's loss varies with it alone.

    The forest is fitted to the logarithm of the loss of finished trials, also of those that diverged, which count as in
    the race; trials that were cut short are left out, since they were trained for less. The shares are those within
    the whole space, whichever part of it the strategy preferred.

    With a few dozen trials a forest sees influence where there is none. So each hyperparameter has a copy whose values
    are shuffled among the trials; the forest is fitted 19 times, each time with other copies. A share is the mean over
    the fits; the largest share of any copy in any fit is what chance can do. What the shares lack to 1 went to the
    copies.

    Source:
        fANOVA, as Optuna computes it: Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing
        hyperparameter importance", ICML 2014. Shuffled copies: Kursa and Rudnicki, "Feature selection with the Boruta
        package", Journal of Statistical Software 36 (2010).
    """
    losses = log_losses(result)
    draws = [result.by_number[number].draw for number in losses]
    names = [name for name in result.settings.space.varied if len({draw[name] for draw in draws}) > 1]
    reason = ""
    if len(draws) < LEAST_TRIALS:
        reason = f"Too few finished trials to say which hyperparameters matter: {len(draws)}, at least {LEAST_TRIALS}."
    elif not names:
        reason = "No hyperparameter was varied, so none can matter."
    elif len(set(losses.values())) == 1:
        reason = "All trials have the same loss, so no hyperparameter mattered."
    if reason:
        return Importance({}, 0.0, len(draws), reason)
    distributions = {name: one for name, one in result.settings.space.distributions().items() if name in names}
    fits = [_fit(draws, list(losses.values()), distributions, number=n) for n in range(_COPIES)]
    means = {name: sum(fit[name] for fit in fits) / len(fits) for name in names}
    chance = max(fit[name + _COPY] for fit in fits for name in names)
    return Importance(dict(sorted(means.items(), key=lambda item: -item[1])), chance, len(draws))


def log_losses(result: StudyResult) -> dict[int, float]:
    """Return the logarithm of the loss of each trial that was trained to its end, as races compare it, by number."""
    losses = {trial.number: trial.loss for trial in result.trials if trial.state == "done" and trial.loss is not None}
    ended = losses | {trial.number: None for trial in result.trials if trial.state == "diverged"}
    return {number: log_loss(ended[number], result.worst_loss) for number in sorted(ended)}


def _fit(
    draws: Sequence[Draw],
    losses: Sequence[float],
    distributions: Mapping[str, optuna.distributions.BaseDistribution],
    *,
    number: int,
) -> dict[str, float]:
    """Return the share of each hyperparameter and of its shuffled copy."""
    rng = generator(number, "importance")
    params = [{name: draw[name] for name in distributions} for draw in draws]
    for name in distributions:
        for values, index in zip(params, rng.permutation(len(draws)), strict=True):
            values[name + _COPY] = draws[index][name]
    doubled = {**distributions, **{name + _COPY: one for name, one in distributions.items()}}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    optuna.logging.set_verbosity(verbosity)
    for values, loss in zip(params, losses, strict=True):
        study.add_trial(optuna.create_trial(params=values, distributions=doubled, value=loss))
    evaluator = optuna.importance.FanovaImportanceEvaluator(n_trees=_TREES, seed=number)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in shares.items()}
