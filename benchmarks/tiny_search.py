"""What benchmarks of the search itself share: trainings that take a second, on a few crops of 48 x 16 pixels."""

from pathlib import Path

from sample_workspace import sample_workspace

from toonvision.data.workspace import Workspace
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.settings import RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Range, Space

LEVEL, SIZE_HW = "suit", (48, 16)


def tiny_workspace(root: Path) -> Workspace:
    """Draw, extract and split a twentieth of the sample world, or find it done."""
    return sample_workspace(root, scale=0.05)


def tiny_settings(workspace: Workspace, data: Dataset) -> StudySettings:
    """Return the settings of a random search without a race: networks of one block, one epoch each."""
    space = Space(
        {
            "filters_1": Choices((2, 4)),
            "kernel_1": Choices((1, 3)),
            "pool_1a": Range(2, 4, 1),
            "pool_1b": Choices((1, 2)),
            "dropout_1": Range(0.0, 0.5, 0.1),
            "learning_rate": Choices((1e-3, 1e-2)),
        }
    )
    return StudySettings(
        task=LEVEL,
        data=data.digest,
        taxonomy=workspace.taxonomy.digest,
        size_hw=SIZE_HW,
        space=space,
        race=RaceSettings(trainings=0),
        training=TrainingSettings(epochs=1, batch_size=64),
    )
