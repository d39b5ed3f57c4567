"""What a training needs to go on after an interruption: its state after an epoch, in a file of the cache."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from toonvision.core.files import replacing
from toonvision.tasks.settings import TrainingSettings

_EVERY_S = 30.0
"""Seconds from one saved state to the next: what is lost at most."""
_NOTES = "notes"


@dataclass(frozen=True)
class State:
    """A training after some epochs.

    Attributes:
        epochs: The metrics of each.
        best_weights: The weights of the best one.
        seconds: How long they took.
    """

    epochs: tuple[Mapping[str, float], ...]
    best_weights: list[np.ndarray[Any, Any]]
    seconds: float


class Checkpoint:
    """The saved state of one training; without a file nothing is saved, and every training begins anew."""

    def __init__(self, file: Path | None, model: keras.Model, generators: Sequence[np.random.Generator]) -> None:
        self._file, self._model, self._generators = file, model, generators
        self._saved_s = time.monotonic()

    def load(self) -> State | None:
        """Put the model, its optimizer and the random generators into the saved state; None where there is none."""
        if self._file is None or not self._file.is_file():
            return None
        stored: dict[str, Any] = {}
        with suppress(Exception):  # a damaged file is as good as none, and NumPy answers it with errors of many kinds
            with np.load(self._file, allow_pickle=False) as archive:
                stored = {name: archive[name] for name in archive.files}
            notes = json.loads(str(stored.pop(_NOTES)))
            variables = self._variables()
            if [one.shape for one in variables] == [stored[f"v{at}"].shape for at in range(len(variables))]:
                for at, variable in enumerate(variables):
                    variable.assign(stored[f"v{at}"])
                for generator, state in zip(self._generators, notes["generators"], strict=True):
                    generator.bit_generator.state = state
                best = [stored[f"b{at}"] for at in range(len(self._model.weights))]
                return State(tuple(notes["epochs"]), best, float(notes["seconds"]))
        return None

    def save(self, state: State) -> None:
        """Save a state, if the last one was saved some time ago."""
        if self._file is None or time.monotonic() - self._saved_s < _EVERY_S:
            return
        notes = {
            "epochs": list(state.epochs),
            "generators": [one.bit_generator.state for one in self._generators],
            "seconds": state.seconds,
        }
        arrays = {f"v{at}": keras.ops.convert_to_numpy(one) for at, one in enumerate(self._variables())}
        arrays |= {f"b{at}": one for at, one in enumerate(state.best_weights)}
        with replacing(self._file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays, **{_NOTES: np.array(json.dumps(notes))})
        self._saved_s = time.monotonic()

    def remove(self) -> None:
        """Remove the saved state, since the training has ended."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _variables(self) -> list[Any]:
        """Return all variables, in their order: weights, the states of dropout, and the optimizer's."""
        return [*self._model.variables, *self._model.optimizer.variables]


def checkpoint_file(cache: Path, settings: TrainingSettings, seed: int, *facts: object) -> Path:
    """Return the path of the saved state of a training, which depends on all that decides about its result.

    Args:
        cache: The folder of the workspace's cache.
        settings: How it trains.
        seed: Its seed.
        *facts: What else it depends on, as plain data.
    """
    digest = hashlib.sha256(json.dumps([asdict(settings), seed, *facts], default=str).encode()).hexdigest()
    return cache / f"training-{digest[:16]}.npz"
