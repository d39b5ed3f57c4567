"""The only module that computes gradients: Keras has no call for it that works on every backend.

Tested with TensorFlow. The function for PyTorch follows its documentation and was never run by us.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from toonvision.core.errors import EnvironmentFaultError
from toonvision.explain.activations import Values

Tensor = Any
"""A tensor of Keras' backend."""

Function = Callable[[Tensor], Tensor]
"""From ``(samples, ...)`` to ``(samples, columns)``, float32, each row depending on its own sample alone."""


def column_gradients(function: Function, values: Values, columns: Sequence[int]) -> Iterator[Values]:
    """Yield the gradient of each column of a function with respect to its input, sample by sample.

    Args:
        function: From ``(samples, ...)`` to ``(samples, columns)``; it may use layers and `keras.ops`.
        values: The input, shape ``(samples, ...)``.
        columns: The columns to differentiate.

    Yields:
        One array of the shape of `values` for each of `columns`.

    Raises:
        EnvironmentFaultError: If Keras runs on a backend without gradients.
    """
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise EnvironmentFaultError(
            f"gradients need Keras on {', '.join(_BACKENDS)}; got {backend}. Set KERAS_BACKEND=tensorflow."
        )
    yield from _BACKENDS[backend](function, values, columns)


def _tensorflow(function: Function, values: Values, columns: Sequence[int]) -> Iterator[Values]:
    import tensorflow as tf

    point = tf.convert_to_tensor(values)
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(point)
        # The rows do not depend on each other, so the derivative of their sum holds each row's own.
        sums = [tf.reduce_sum(column) for column in tf.unstack(function(point), axis=1)]
    for column in columns:
        yield np.asarray(tape.gradient(sums[column], point), dtype=np.float32)


def _torch(function: Function, values: Values, columns: Sequence[int]) -> Iterator[Values]:
    torch = importlib.import_module("torch")
    point = keras.ops.convert_to_tensor(values).detach().requires_grad_(True)
    # Keras predicts without recording, so recording is asked for.
    with torch.enable_grad():
        sums = function(point).sum(0)
    for column in columns:
        (gradient,) = torch.autograd.grad(sums[column], point, retain_graph=True)
        yield np.asarray(gradient.detach().cpu().numpy(), dtype=np.float32)


_BACKENDS = {"tensorflow": _tensorflow, "torch": _torch}
