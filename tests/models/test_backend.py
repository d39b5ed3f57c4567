import os
import subprocess
import sys

import pytest

from toonvision.core.errors import EnvironmentFaultError
from toonvision.models.backend import installed_versions, start_keras


def test_the_device_that_computes_is_said():
    assert start_keras() == "tensorflow on cpu:0"


@pytest.mark.parametrize("asked", ["gpu", "GPU 7"])
def test_a_device_that_is_asked_for_and_absent_is_a_fault_of_the_environment(monkeypatch, asked):
    monkeypatch.setenv("TOONVISION_DEVICE", asked)
    with pytest.raises(EnvironmentFaultError) as caught:
        start_keras()
    assert str(caught.value) == (
        f"TOONVISION_DEVICE={asked} asks for another device than tensorflow computes on, cpu:0. It can ask for cpu or "
        "gpu; make the device usable for tensorflow, or unset TOONVISION_DEVICE."
    )


def test_a_device_that_is_asked_for_and_there_is_used(monkeypatch):
    monkeypatch.setenv("TOONVISION_DEVICE", "cpu")
    assert start_keras() == "tensorflow on cpu:0"


def test_the_versions_of_what_a_result_depends_on_are_known():
    assert {"python", "toonvision", "keras", "numpy", "pillow", "scikit-learn"} <= set(installed_versions())


@pytest.mark.parametrize("backend", ["nonsense", "torch"])
def test_a_backend_that_cannot_start_is_a_fault_of_the_environment_in_one_line(backend):
    code = "import sys; sys.modules['torch'] = None; from toonvision.models.backend import start_keras; start_keras()"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(
        f"toonvision.core.errors.EnvironmentFaultError: Keras cannot start on KERAS_BACKEND={backend} ("
    )
    assert last.endswith("Install it, or unset KERAS_BACKEND.")
