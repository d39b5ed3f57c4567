import pytest

from builders import copied
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.repeat import train_run


@pytest.fixture(scope="session")
def trained(small_workspace, tmp_path_factory):
    """A workspace with the runs label/three and kind/two, trained once: read it, do not change it."""
    workspace = copied(small_workspace, tmp_path_factory.mktemp("deploy") / "workspace")
    settings = TrainingSettings(epochs=3, batch_size=4, learning_rate=0.01)
    for task, name in (("label", "three"), ("kind", "two")):
        train_run(workspace, workspace.taxonomy.task(task), settings, seeds=[0], name=name)
    return workspace


@pytest.fixture
def own(trained, tmp_path):
    """A copy of it that the test may change."""
    return copied(trained, tmp_path / "workspace")
