"""Start Keras: late, without messages of its backend, on the backend that was measured fastest."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from toonvision.core.errors import EnvironmentFaultError
from toonvision.core.seeds import own_randomness
from toonvision.models.registry import TREES

DEFAULT_BACKEND = "tensorflow"
_ASKED = "TOONVISION_DEVICE"
_DEVICES = {"cpu": ("cpu", "tfrt_cpu"), "gpu": ("gpu", "cuda", "mps", "rocm")}
"""Names of a kind of device in the backends."""
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_SMALL_PIXELS = 10_000
_STOPPED = {7, 8}  # TensorFlow's error codes: permission denied, resource exhausted
_BACKENDS = ("tensorflow-cpu", "tensorflow", "torch", "jax")
_VERSIONS = ("toonvision", "keras", *_BACKENDS, "numpy", "pillow", "scikit-learn", "optuna")


@own_randomness()
def start_keras(*, threads: int | None = None) -> str:
    """Import Keras and run a first operation, without the backend's messages on the terminal.

    Args:
        threads: How many threads may compute; by default one per core. Only the first call in a process has an effect.

    Returns:
        The device that computes, for example ``tensorflow on cpu:0``.

    Raises:
        EnvironmentFaultError: If the backend that `KERAS_BACKEND` names is not installed, or the device is not of the
            kind that `TOONVISION_DEVICE` asks for (``cpu`` or ``gpu``).
    """
    name = os.environ.setdefault("KERAS_BACKEND", DEFAULT_BACKEND)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves these kernels out on AMD's processors, where they are 1.5 times as fast for our networks.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if threads is not None:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    # TensorFlow warns when graphs are traced again, which several models need.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with muted_stderr():
            import keras

            device = str(keras.ops.zeros(1).device)
    except (ImportError, ValueError, RuntimeError) as error:
        raise EnvironmentFaultError(
            f"Keras cannot start on KERAS_BACKEND={name} ({error}). Install it, or unset KERAS_BACKEND."
        ) from error
    device = device.rpartition("device:")[2].lower()
    asked = os.environ.get(_ASKED, "")
    if asked and not device.startswith(_DEVICES.get(asked, ())):
        raise EnvironmentFaultError(
            f"{_ASKED}={asked} asks for another device than {name} computes on, {device}. It can ask for "
            f"{' or '.join(_DEVICES)}; make the device usable for {name}, or unset {_ASKED}."
        )
    return f"{name} on {device}"


def start_backend(network: str, size_hw: tuple[int, int]) -> str:
    """Start what computes a network with an input of that height and width: Keras, or nothing where it is trees.

    Returns the name of what computes; raises as `start_keras`.
    """
    return "numpy on cpu:0" if network == TREES else start_keras(threads=threads_for(size_hw))


def threads_for(size_hw: tuple[int, int]) -> int | None:
    """Return how many threads a network has by its input's height and width: 1 for a small one, else None (all).

    Sums of floats depend on the number of threads. Whatever starts Keras for a network gives it the same number, so
    that the same seed gives the same weights whether it is trained, or something is predicted with it, first.

    Examples:
        >>> threads_for((96, 32)), threads_for((600, 200))
        (1, None)
    """
    return 1 if size_hw[0] * size_hw[1] <= _SMALL_PIXELS else None


@contextlib.contextmanager
def backend_faults() -> Iterator[None]:
    """Raise `EnvironmentFaultError` of one line for TensorFlow's errors about a full disk or too little memory."""
    try:
        yield
    except Exception as error:
        if getattr(error, "error_code", None) not in _STOPPED:
            raise
        reason = str(error).splitlines()[0].rpartition("}} ")[2].replace("; ", ": ", 1)
        raise EnvironmentFaultError(
            f"{reason}. Nothing of this training was kept; free space and run again."
        ) from error


def installed_versions() -> dict[str, str]:
    """Return the installed versions of the libraries that a result depends on."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _VERSIONS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error; exceptions are still raised."""
    sys.stderr.flush()
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
