"""The kinds of task by name."""

from toonvision.core.errors import UsageError
from toonvision.data.fitting import Resize
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.data.workspace import Workspace
from toonvision.models.registry import find_network
from toonvision.tasks import classify, detect, segment
from toonvision.tasks.base import Dataset, TaskKind
from toonvision.tasks.pixel_targets import with_pixels
from toonvision.taxonomy.labels import CLASSIFY, DETECT, Task, Taxonomy, require_known

TASK_KINDS: dict[str, TaskKind] = {classify.name: classify, detect.name: detect, segment.name: segment}
DETECTORS_TOO = frozenset({"contexts", "cross-validation", "curve", "explain", "stress", "suspects", "tune"})
"""Of the steps that are not for all kinds of task, those that are for ``detect`` as well as for ``classify``."""


def kind_of(task: Task) -> TaskKind:
    """Return the kind of a task.

    Raises:
        UsageError: If there is none of that name.
    """
    require_known("a kind of task", task.kind, TASK_KINDS)
    return TASK_KINDS[task.kind]


def require_step(task: Task, taxonomy: Taxonomy, *, what: str) -> None:
    """Refuse a step that is not for tasks of this kind.

    Raises:
        UsageError: Naming the tasks that it is for.
    """
    kinds = [CLASSIFY, DETECT] if what in DETECTORS_TOO else [CLASSIFY]
    if task.kind not in kinds:
        known = ", ".join(one.name for one in taxonomy.tasks if one.kind in kinds) or "none yet"
        raise UsageError(
            f"{what} is for tasks of the kind {' or '.join(kinds)}; {task.name} is of the kind {task.kind}. Choose one "
            f"of those: {known}."
        )


def load_dataset(
    workspace: Workspace,
    task: Task,
    *,
    size_hw: tuple[int, int],
    split: str | None = DEFAULT_SPLIT,
    resize: Resize | None = None,
    network: str | None = None,
) -> Dataset:
    """Load a task's dataset, by default resized as the workspace's settings say; see `TaskKind.load`.

    It has the classes of pixels too where the network names them beside its objects.
    """
    dataset = kind_of(task).load(workspace, task, split=split, size_hw=size_hw, resize=resize or workspace.resize)
    return with_pixels(workspace, dataset) if network and find_network(network).names_pixels else dataset
