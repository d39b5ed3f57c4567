"""What the studies of detectors train: the screenshots of a task, and how."""

from dataclasses import replace

from toonvision.data.workspace import Workspace
from toonvision.models.registry import find_network
from toonvision.studies.folds import task_dataset
from toonvision.studies.store import StudyOptions
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.recipes import recipe_in


def plan_detectors(
    workspace: Workspace, task: str, options: StudyOptions, *, learned: float
) -> tuple[Dataset, TrainingSettings]:
    """Return all screenshots of a task, and the recipe for the share of them that each training learns from.

    Raises:
        UsageError: If there is no such task or network.
        InputRejectedError: If there is nothing to find.
    """
    wanted = workspace.taxonomy.task(task)
    kind = kind_of(wanted)
    network = find_network(options.network or kind.default_network).name
    size_hw = options.size_hw or kind.input_size(workspace, network)
    dataset = task_dataset(workspace, wanted, size_hw, network=network)
    settings = recipe_in(workspace, wanted, network, split=None, learned=learned)
    # A schedule that takes all epochs has no use for screenshots that say when to stop.
    return dataset, replace(
        settings, epochs=options.epochs or settings.epochs, with_validation=settings.takes_all_epochs
    )
