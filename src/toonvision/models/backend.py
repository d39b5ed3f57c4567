"""Starting Keras: late, quietly, and on the backend that was measured fastest."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from toonvision.core.errors import EnvironmentFaultError

DEFAULT_BACKEND = "tensorflow"
_ASKED = "TOONVISION_DEVICE"
_DEVICES = {"cpu": ("cpu", "tfrt_cpu"), "gpu": ("gpu", "cuda", "mps", "rocm")}
"""How the backends call a kind of device."""
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
_STOPPED = {7, 8}  # TensorFlow's own numbers: permission denied, resource exhausted
_VERSIONS = (
    "toonvision",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "torch",
    "jax",
    "numpy",
    "pillow",
    "scikit-learn",
    "optuna",
)


def start_keras(*, threads: int | None = None) -> str:
    """Import Keras and run a first operation, keeping the backend's own chatter off the terminal.

    Args:
        threads: How many threads may compute; all cores by default. Only the first start of a process decides.

    Returns:
        The device that will compute, for example ``tensorflow on cpu:0``.

    Raises:
        EnvironmentFaultError: If the backend that `KERAS_BACKEND` names is not installed, or another kind of device
            computes than `TOONVISION_DEVICE` asks for (``cpu`` or ``gpu``).
    """
    name = os.environ.setdefault("KERAS_BACKEND", DEFAULT_BACKEND)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if threads is not None:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    # TensorFlow warns of graphs that are traced again, as they must be for each of several models.
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


@contextlib.contextmanager
def backend_faults() -> Iterator[None]:
    """Turn what TensorFlow raises where the machine stops it into one line: a log on a full disk, too little memory.

    Raises:
        EnvironmentFaultError: If it was stopped; any other error passes as it is.
    """
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
    """Give the versions of what a result depends on, as far as installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _VERSIONS:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


@contextlib.contextmanager
def muted_stderr() -> Iterator[None]:
    """Divert the process's standard error, which native code writes to past Python; errors still raise."""
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
