"""The kinds of task by name."""

from toonvision.core.errors import UsageError
from toonvision.data.images import Resize
from toonvision.data.workspace import Workspace
from toonvision.tasks import classify
from toonvision.tasks.base import Dataset, TaskKind
from toonvision.taxonomy.labels import Task, did_you_mean

TASK_KINDS: dict[str, TaskKind] = {classify.name: classify}


def kind_of(task: Task) -> TaskKind:
    """Return the kind of a task.

    Raises:
        UsageError: If there is none of that name.
    """
    if task.kind not in TASK_KINDS:
        known = ", ".join(TASK_KINDS)
        raise UsageError(f"a kind of task is one of {known}; got {task.kind!r}.{did_you_mean(task.kind, TASK_KINDS)}")
    return TASK_KINDS[task.kind]


def load_dataset(
    workspace: Workspace,
    task: Task,
    *,
    size_hw: tuple[int, int],
    split: str | None = "default",
    resize: Resize | None = None,
) -> Dataset:
    """Load a task's dataset, by default resized as the workspace's settings say; see `TaskKind.load`."""
    return kind_of(task).load(workspace, task, split=split, size_hw=size_hw, resize=resize or workspace.resize)
