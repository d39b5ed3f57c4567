"""What `train` is asked for: from a network's or a study's settings to those of one run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toonvision.core.errors import UsageError
from toonvision.data.fitting import LARGEST_SIDE
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.models.registry import DEFAULT_NETWORK
from toonvision.training.recipes import PlannedRun, changed, recipe_in

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.taxonomy.labels import Task, Taxonomy

_SMALLEST = 16

Size = str | tuple[int, int]
"""An input size: ``600x200``, or height and width in pixels."""


def plan_run(
    workspace: "Workspace", task: "Task", *, name: str | None, from_study: str | None, trial: int | None, **asked: Any
) -> PlannedRun:
    """Plan a run that `Workspace.train` was asked for.

    Raises:
        UsageError: If there is no such network, study or trial, or a setting is unknown or impossible.
    """
    if from_study is not None:
        planned = _plan_from_study(workspace, task, from_study, trial, **asked)
    elif trial is not None:
        raise UsageError("--trial is a trial of a study. Add --from-study too.")
    else:
        planned = _plan_network(workspace, task, **asked)
    return replace(planned, name=name or planned.name)


def _plan_network(
    workspace: "Workspace",
    task: "Task",
    *,
    model: str | None,
    levels: bool,
    size: Size | None,
    split: str | None,
    whole: bool = False,
    **settings: object,
) -> PlannedRun:
    """Plan a run of a network by its recipe, with some settings changed; None changes nothing.

    Without a split to follow, for the `whole` of the crops, the recipe is that for all of them.
    """
    from toonvision.models.registry import find_network
    from toonvision.tasks.registry import kind_of, require_step

    network = model or kind_of(task).default_network
    if levels:
        require_step(task, workspace.taxonomy, what="--levels")
        network = _with_levels(network, workspace.taxonomy, task)
    split = split or DEFAULT_SPLIT
    recipe = recipe_in(workspace, task, find_network(network).name, split=None if whole else split)
    size_hw = parse_size(size) if size else None
    return PlannedRun(changed(recipe, **settings), size_hw, split, None)


def _plan_from_study(
    workspace: "Workspace",
    task: "Task",
    study: str,
    trial: int | None,
    *,
    with_validation: bool | None = None,
    **others: object,
) -> PlannedRun:
    """Plan a run of a study's winner, or of one of its trials, trained as there; all other settings must be None."""
    from toonvision.tuning.folders import run_of_study

    if given := [name for name, value in others.items() if value not in (None, False)]:
        listed = ", ".join(f"--{name.removesuffix('_degrees').replace('_', '-')}" for name in sorted(given))
        raise UsageError(f"--from-study brings the network and its settings; {listed} cannot be given beside it.")
    return run_of_study(workspace, study, trial, task=task.name, with_validation=bool(with_validation))


def parse_size(size: Size) -> tuple[int, int]:
    """Return the height and width that a size stands for.

    Args:
        size: ``600x200`` or a pair of numbers.

    Raises:
        UsageError: If it is not two whole numbers from 16 to 2000.

    Examples:
        >>> parse_size("600x200"), parse_size((96, 32))
        ((600, 200), (96, 32))
    """
    sides = size.lower().split("x") if isinstance(size, str) else size
    fields = [str(side) for side in sides] if isinstance(sides, Sequence) else []
    if len(fields) != 2 or not all(
        field.isascii() and field.isdecimal() and len(field) <= 4 and _SMALLEST <= int(field) <= LARGEST_SIDE
        for field in fields
    ):
        raise UsageError(
            f"a size is height x width in pixels, {_SMALLEST} to {LARGEST_SIDE} each; got {size!r}. Write e.g. --size "
            "600x200."
        )
    return int(fields[0]), int(fields[1])


def _with_levels(network: str, taxonomy: "Taxonomy", task: "Task") -> str:
    """Return the name of the network that has a branch for each coarser level."""
    coarser = taxonomy.grouping(task.level)
    if network != DEFAULT_NETWORK:
        raise UsageError(f"--levels adds branches to {DEFAULT_NETWORK}. Leave out --model {network}.")
    if not coarser:
        raise UsageError(
            f"no coarser level groups classes of {task.name}, so there is none to learn. Leave out --levels."
        )
    return f"{network}+{len(coarser)}"
