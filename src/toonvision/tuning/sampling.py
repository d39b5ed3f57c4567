"""Drawing networks: Optuna's samplers, kept within a budget."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator
from toonvision.tuning.retries import lineage
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.space import Draw, step_value

MOST_DRAWS = 2000


class BoundedSampler(optuna.samplers.BaseSampler):
    """Draws until a network is within the bounds, so that no trial is spent on one that is not.

    Each trial is drawn with a seed of its own, which follows from the study's seed and the trial's number: however
    many processes take part, trial 7 of a random search is the same network. A retry is drawn as what it retries; where
    the process died in the middle of putting its values down, those that it did put down are kept.

    Attributes:
        replaced: Draws that the last trial threw away, since they were out of bounds; None before one was drawn.
    """

    def __init__(self, settings: StudySettings, accept: Callable[[Draw], bool]) -> None:
        """Draw for a study.

        Args:
            settings: The study's.
            accept: Tells whether a draw is within the bounds.

        Raises:
            UsageError: If the space holds one network only, and that is not.
        """
        self._settings = settings
        self._accept = accept
        self._space = settings.space.distributions()
        self._only = {name: only_value(one) for name, one in self._space.items() if one.single()}
        self.replaced: int | None = None
        if len(self._only) == len(self._space) and not accept(self._only):
            raise UsageError(f"the only network of the space is not within {bounds_text(settings)}. Raise the bound.")

    def infer_relative_search_space(self, *_: Any) -> dict[str, BaseDistribution]:
        """Give all that is drawn; what has one value only is not."""
        return {name: one for name, one in self._space.items() if name not in self._only}

    def sample_relative(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw all values of a trial together.

        Raises:
            UsageError: If no draw of `MOST_DRAWS` is within the bounds.
        """
        rng = generator(self._settings.seed, "draw", lineage(trial))
        guided = self._settings.strategy in ("bayesian", "front")
        inner = optuna.samplers.TPESampler(seed=int(rng.integers(2**31))) if guided else None
        for number in range(MOST_DRAWS):
            drawn = inner.sample_relative(study, trial, search_space) if inner else {}
            for name, one in search_space.items():
                if name not in drawn:
                    drawn[name] = random_value(one, rng)
            if guided:
                drawn.update({name: value for name, value in trial.params.items() if name in drawn})
            if self._accept({**self._only, **drawn}):
                self.replaced = number
                return drawn
        raise UsageError(
            f"none of {MOST_DRAWS:,} networks drawn is within {bounds_text(self._settings)}. Raise the bound, or widen "
            "the space."
        )

    def sample_independent(self, *drawn: Any) -> Any:
        """Draw one value; only a name that is not of the space is drawn alone, and there is none."""
        raise KeyError(drawn[2])


def pruner_of(settings: StudySettings) -> optuna.pruners.BasePruner:
    """Give what cuts a trial short: Hyperband's rule for ``hyperband``, else nothing but patience."""
    if settings.strategy != "hyperband":
        return optuna.pruners.NopPruner()
    epochs = settings.training.epochs
    return optuna.pruners.HyperbandPruner(min_resource=max(1, epochs // 9), max_resource=epochs, reduction_factor=3)


def suggest(trial: optuna.Trial, distributions: Mapping[str, BaseDistribution]) -> Draw:
    """Read the values that a trial was given."""
    drawn: dict[str, float] = {}
    for name, one in distributions.items():
        if isinstance(one, optuna.distributions.CategoricalDistribution):
            drawn[name] = float(trial.suggest_categorical(name, one.choices))  # type: ignore[arg-type]
        elif isinstance(one, optuna.distributions.FloatDistribution):
            drawn[name] = trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)
    return drawn


def random_value(distribution: BaseDistribution, rng: Any) -> Any:
    """Draw one value, all alike."""
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return distribution.choices[int(rng.integers(len(distribution.choices)))]
    assert isinstance(distribution, optuna.distributions.FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is not None:
        return step_value(low, step, int(rng.integers(round((high - low) / step) + 1)))
    if distribution.log:
        return min(high, max(low, math.exp(rng.uniform(math.log(low), math.log(high)))))
    return float(rng.uniform(low, high))


def only_value(distribution: BaseDistribution) -> float:
    """Give the value of a distribution that has one."""
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return float(distribution.choices[0])  # type: ignore[arg-type]
    assert isinstance(distribution, optuna.distributions.FloatDistribution)
    return distribution.low


def bounds_text(settings: StudySettings) -> str:
    """Say the bounds."""
    parts = []
    if settings.bounds.parameters is not None:
        parts.append(f"{settings.bounds.parameters:,} parameters")
    if settings.bounds.milliseconds is not None:
        parts.append(f"{settings.bounds.milliseconds:g} ms a picture")
    smallest = f"what pictures of {settings.size_hw[0]} x {settings.size_hw[1]} leave room for"
    return " and ".join(parts) or smallest
