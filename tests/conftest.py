"""Fixtures that every stage's tests share, and how many examples a property gets.

`small_workspace` is a real workspace, extracted and split: 12 pictures of 64 x 48 pixels, 24 crops, the labels apple,
pear and stone (8 each; kinds fruit and mineral), the contexts garden and house, crops entering networks at 32 x 32.
It is made once and must not be changed; `own_workspace` is a copy of it for tests that write.
`shared_data` is the folder with the published counts and the BCCD pictures, where it is there.
"""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
_COMMON = {"deadline": None, "suppress_health_check": _SLOW, "database": None, "derandomize": "CI" in os.environ}
settings.register_profile("suite", max_examples=200, **_COMMON)
settings.register_profile("long", max_examples=10_000, **_COMMON)
settings.load_profile(os.environ.get("TOONVISION_PROPERTIES", "suite"))

# Tests run beside each other, one process a core: more threads would only wait for each other.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"))
# Test modules import Keras before `start_keras` can ask for these kernels, as it does in the processes they start.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"

# What is imported while tests are collected is never freed, so that nothing is gained by looking for garbage there.
gc.disable()

# What is imported below makes its settings of the profile that is loaded above.
import builders  # noqa: E402
from toonvision.data.extraction import extract  # noqa: E402
from toonvision.data.split_plan import draw_split  # noqa: E402
from toonvision.data.splits import SIXTY_TWENTY_TWENTY  # noqa: E402
from toonvision.data.workspace import Workspace  # noqa: E402


def pytest_collection_finish() -> None:
    """Leave what was imported out of garbage collections: Keras asks for one before each training."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_disks() -> Iterator[None]:
    """Let no test wait for a disk: what a kill leaves is tested in processes of their own, in tests/reliability."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture(scope="session")
def small_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An extracted and split workspace, made once: read it, do not change it."""
    workspace = builders.make_workspace(tmp_path_factory.mktemp("small") / "workspace")
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    return workspace


@pytest.fixture
def own_workspace(small_workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of `small_workspace` that the test may change, without what tests before it have put into the cache."""
    copy = builders.copied(small_workspace, tmp_path / "workspace")
    shutil.rmtree(copy.cache, ignore_errors=True)
    return copy


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the published counts and the BCCD pictures; the test is skipped where it is absent."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Let networks compute without being traced into a graph first, which takes longer than the few steps of a test.

    For modules whose trainings take a few steps only: `pytestmark = pytest.mark.usefixtures("eager")`.
    """
    import tensorflow as tf

    gc.freeze()
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def small_bodies() -> Iterator[None]:
    """Let networks for screenshots have three convolutions before their heads instead of eleven.

    For modules about what is done with such a network, whatever it is: `usefixtures("eager", "small_bodies")`.
    """
    from keras import layers

    from toonvision.models import detector, segmenter
    from toonvision.models.blocks import around_zero, normalized

    def pyramid(images: Any, width: float = 1.0) -> tuple[Any, Any]:
        stem = layers.Conv2D(detector.scaled(16, width), 3, strides=2, padding="same", use_bias=False)
        finest = detector.separable(normalized(stem(around_zero(images))), detector.scaled(32, width), strides=2)
        return finest, detector.separable(finest, detector.scaled(48, width), 5, strides=2)

    with pytest.MonkeyPatch.context() as patch:
        for module in (detector, segmenter):
            patch.setattr(module, "pyramid", pyramid)
        yield
