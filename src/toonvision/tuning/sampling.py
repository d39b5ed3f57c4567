"""Drawing networks: Optuna's samplers, kept within the bounds of a study."""

from collections.abc import Callable
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator
from toonvision.tuning.retries import first_attempt
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.space import Draw

MOST_DRAWS = 2000


class BoundedSampler(optuna.samplers.BaseSampler):
    """Draws until a network is within the bounds, so that no trial is spent on one that is not.

    Each trial is drawn with a seed of its own, which follows from the study's seed and the trial's number: however
    many processes take part, trial 7 of a random search is the same network. A retry is drawn like the trial that it
    retries; values that the dead process had stored are kept.

    Attributes:
        replaced: How many draws out of bounds the last trial discarded; None before one was drawn.
    """

    def __init__(self, settings: StudySettings, accept: Callable[[Draw], bool]) -> None:
        """Draw for a study.

        Args:
            settings: The study's.
            accept: Returns whether a draw is within the bounds.

        Raises:
            UsageError: If the space holds one network only, and that is not.
        """
        self._settings = settings
        self._accept = accept
        self._space = settings.space.distributions()
        self._only = {name: settings.space.dimensions[name].low for name, one in self._space.items() if one.single()}
        self.replaced: int | None = None
        if len(self._only) == len(self._space) and not accept(self._only):
            raise UsageError(f"the only network of the space is not within {bounds_text(settings)}. Raise the bound.")

    def infer_relative_search_space(self, *_: Any) -> dict[str, BaseDistribution]:
        """Return what has more than one value."""
        return {name: one for name, one in self._space.items() if name not in self._only}

    def sample_relative(
        self, study: optuna.Study, trial: optuna.trial.FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw all values of a trial together.

        Raises:
            UsageError: If no draw of `MOST_DRAWS` is within the bounds.
        """
        rng = generator(self._settings.seed, "draw", first_attempt(trial))
        guided = self._settings.strategy in ("bayesian", "front")
        inner = optuna.samplers.TPESampler(seed=int(rng.integers(2**31))) if guided else None
        for number in range(MOST_DRAWS):
            drawn = inner.sample_relative(study, trial, search_space) if inner else {}
            for name in search_space:
                if name not in drawn:
                    drawn[name] = self._settings.space.dimensions[name].random(rng)
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
        """Refuse to draw a name that is not of the space."""
        raise KeyError(drawn[2])


def pruner_of(settings: StudySettings) -> optuna.pruners.BasePruner:
    """Return what stops a trial early: Hyperband's rule for ``hyperband``, else nothing but patience."""
    if settings.strategy != "hyperband":
        return optuna.pruners.NopPruner()
    epochs = settings.training.epochs
    return optuna.pruners.HyperbandPruner(min_resource=max(1, epochs // 9), max_resource=epochs, reduction_factor=3)


def bounds_text(settings: StudySettings) -> str:
    """Return the bounds of a study in words."""
    bounds = []
    if settings.bounds.parameters is not None:
        bounds.append(f"{settings.bounds.parameters:,} parameters")
    if settings.bounds.milliseconds is not None:
        bounds.append(f"{settings.bounds.milliseconds:g} ms for one image")
    height, width = settings.size_hw
    return " and ".join(bounds) or f"what images of {height} x {width} pixels leave room for"
