"""The kinds of task by name."""

from toonvision.core.errors import UsageError
from toonvision.data.images import Resize
from toonvision.data.workspace import Workspace
from toonvision.tasks import classify
from toonvision.tasks.base import Dataset, TaskKind
from toonvision.taxonomy.labels import Task, did_you_mean

TASK_KINDS: dict[str, TaskKind] = {classify.name: classify}


def find_kind(name: str) -> TaskKind:
    """Return a kind of task.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in TASK_KINDS:
        known = ", ".join(TASK_KINDS)
        raise UsageError(f"a kind of task is one of {known}; got {name!r}.{did_you_mean(name, TASK_KINDS)}")
    return TASK_KINDS[name]


def kind_of(task: Task) -> TaskKind:
    """Return the kind of a task; see `find_kind`."""
    return find_kind(task.kind)


def load_dataset(
    workspace: Workspace,
    task: Task,
    *,
    size_hw: tuple[int, int],
    split: str | None = "default",
    resize: Resize | None = None,
) -> Dataset:
    """Load a task's dataset; see `TaskKind.load`.

    Args:
        workspace: Where the data is.
        task: What is predicted.
        size_hw: Height and width of the input in pixels.
        split: Which split to use; None for all items and no subsets.
        resize: How images are brought to that size; by default as the workspace's settings say.
    """
    return kind_of(task).load(workspace, task, split=split, size_hw=size_hw, resize=resize or workspace.resize)
