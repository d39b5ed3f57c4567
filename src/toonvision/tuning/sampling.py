"""Drawing networks: Optuna's samplers, kept within what a network of a study may cost."""

from functools import cache
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution

from toonvision.core.errors import UsageError
from toonvision.core.seeds import generator, own_randomness
from toonvision.core.timing import median_ms
from toonvision.models.grid import SMALLEST
from toonvision.models.layout import Layout
from toonvision.models.registry import build_network, find_network
from toonvision.taxonomy.labels import DETECT
from toonvision.tuning.settings import StudySettings, timed_name
from toonvision.tuning.space import Draw, random_value
from toonvision.tuning.stored_trials import first_attempt

MOST_DRAWS = 2000


class BoundedSampler(optuna.samplers.BaseSampler):
    """Draws until a network is within the bounds, so that no trial is spent on one that is not.

    Each trial is drawn with a seed of its own, which follows from the study's seed and the trial's number: however
    many processes take part, trial 7 of a random search is the same network. A retry is drawn like the trial that it
    retries; values that the dead process had stored are kept.

    Attributes:
        replaced: How many draws out of bounds the last trial discarded; None before one was drawn.
    """

    def __init__(self, settings: StudySettings, *, classes: int) -> None:
        """Draw for a study whose networks predict so many classes.

        Raises:
            UsageError: If the space holds one network only, and that is not within the bounds.
        """
        self._settings, self._classes, self._space = settings, classes, settings.space
        self._milliseconds = dict(settings.milliseconds)
        self._only = {name: one.low for name, one in self._space.dimensions.items() if name not in self._space.varied}
        self.replaced: int | None = None
        if not self._space.varied and not self.accepts(self._only):
            raise UsageError(f"the only network of the space is not within {bounds_text(settings)}. Raise the bound.")

    def accepts(self, draw: Draw) -> bool:
        """Return whether a network is within the bounds; whether its poolings leave something is computed first."""
        network, size_hw, bounds = self._space.network(draw), self._settings.size_of(draw), self._settings.bounds
        if not self._space.finds and self._space.layout(draw).smallest > min(size_hw):
            return False
        if bounds.parameters is not None and parameters_of(network, size_hw, self._classes) > bounds.parameters:
            return False
        if bounds.milliseconds is None:
            return True
        timed = timed_name(network, size_hw)
        if timed not in self._milliseconds:
            self._milliseconds[timed] = _image_milliseconds(network, size_hw, self._classes)
        return self._milliseconds[timed] <= bounds.milliseconds

    def infer_relative_search_space(self, *_: Any) -> dict[str, BaseDistribution]:
        """Return what has more than one value."""
        return {name: one for name, one in self._space.distributions().items() if name not in self._only}

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
                    drawn[name] = random_value(self._space.dimensions[name], rng)
            if guided:
                drawn.update({name: value for name, value in trial.params.items() if name in drawn})
            if self.accepts({**self._only, **drawn}):
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


@cache
@own_randomness()
def parameters_of(network: str, size_hw: tuple[int, int], classes: int) -> int:
    """Return the number of weights of a network: of a layout as computed, of a detector as counted."""
    if find_network(network).kind == DETECT:  # whatever the size of its input
        return int(build_network(network, size_hw=(SMALLEST, SMALLEST), classes=classes).count_params())
    return Layout.parse(network).parameters(size_hw, classes)


def bounds_text(settings: StudySettings) -> str:
    """Return the bounds of a study in words."""
    bounds = []
    if settings.bounds.parameters is not None:
        bounds.append(f"{settings.bounds.parameters:,} parameters")
    if settings.bounds.milliseconds is not None:
        bounds.append(f"{settings.bounds.milliseconds:g} ms for one image")
    height, width = settings.size_hw
    return " and ".join(bounds) or f"what images of {height} x {width} pixels leave room for"


def _image_milliseconds(network: str, size_hw: tuple[int, int], classes: int) -> float:
    """Return how long a network takes for one image; see `median_ms`."""
    import keras

    model = build_network(network, size_hw=size_hw, classes=classes)
    image = np.zeros((1, *size_hw, 3), dtype=np.uint8)
    found = median_ms(lambda: model.predict_on_batch(image))
    keras.backend.clear_session()
    return found
