"""A round of growing: extract what is new, train again, say what that brought, and propose again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toonvision.api.data_steps import DataSteps
from toonvision.api.result import Block, Result
from toonvision.core.errors import InputRejectedError, ToonVisionError
from toonvision.core.wording import counted, percent
from toonvision.data.splits import DEFAULT_SPLIT, has_split

if TYPE_CHECKING:
    from toonvision.api.run import Run
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.label.growing import Grown, Round


@dataclass(frozen=True)
class GrownModel:
    """What a round of growing made for a task.

    Attributes:
        run: The new run.
        round: How it compares with the newest earlier one; None where there is none to compare with.
    """

    run: "Run"
    round: "Round | None"


@dataclass(frozen=True)
class Growth:
    """What a round of growing made.

    Attributes:
        grown: How the split grew; None where it was drawn for the first time.
        models: The new model of each task that could be trained.
        refused: Why each of the others could not.
    """

    grown: "Grown | None"
    models: Mapping[str, GrownModel]
    refused: Mapping[str, str]


def grow(workspace: DataSteps, tasks: Sequence[str], train: "Callable[[str], Run]", *, seed: int = 0) -> Result[Growth]:
    """Extract what is new, put it into the train and val subsets, train again, and compare with the newest runs.

    The test subset stays as it is, so that errors of all rounds are of the same images. A task that cannot be learned
    yet does not keep the others from being trained.

    Args:
        workspace: The workspace.
        tasks: What to train, in this order, at least one.
        train: Trains one of them.
        seed: Of the split.

    Raises:
        UsageError: If there is no such task, or a setting is impossible.
        InputRejectedError: If no task can be learned from the data.
    """
    from toonvision.label.growing import compare_rounds, grow_split

    for task in tasks:
        workspace.files.taxonomy.task(task)
    earlier = {task: _earlier(workspace, task) for task in tasks}  # before what these learned from changes
    extracted = workspace.extract()
    grown = None
    if has_split(workspace.files.splits, DEFAULT_SPLIT):
        grown = grow_split(workspace.files, DEFAULT_SPLIT, seed=seed)
    else:
        workspace.split(seed=seed)
    blocks: list[Block] = [extracted.sentences, _grown_text(grown)]
    models: dict[str, GrownModel] = {}
    refused: dict[str, InputRejectedError] = {}
    for task, before in earlier.items():
        try:
            run = train(task)
        except InputRejectedError as error:
            refused[task] = error
            blocks.append(f"{task} was not trained: {error}")
            continue
        compared = compare_rounds(before, run.evaluation("test")) if before else None
        models[task] = GrownModel(run, compared)
        blocks += [*run.summary().blocks, _round_text(compared, before)]
    if not models:
        raise next(iter(refused.values()))
    reasons = {task: str(error) for task, error in refused.items()}
    return Result(
        Growth(grown, models, reasons),
        tuple(block for block in blocks if block),
        {
            "joined": {"train": grown.train, "val": grown.val, "left_out": list(grown.left_out)} if grown else None,
            "runs": {task: _plain(one) for task, one in models.items()},
            "refused": reasons,
        },
        findings=extracted.findings,
        folder=workspace.root,
        next=workspace.command("label", "--propose"),
    )


def _plain(model: GrownModel) -> dict[str, Any]:
    compared = model.round
    return {"run": model.run.name, "round": compared and {**vars(compared), "change": vars(compared.change)}}


def _earlier(workspace: DataSteps, task: str) -> "Evaluation[Any] | None":
    """Evaluate the newest run of a task; None where that cannot be."""
    run = next((run for run in workspace.readable_runs() if run.record.task == task), None)
    if run is None:
        return None
    try:
        return run.evaluation("test")
    except ToonVisionError as error:
        workspace.watcher.say(f"{run.folder}: cannot be compared with ({error})")
        return None


def _grown_text(grown: "Grown | None") -> str:
    if grown is None:
        return ""
    text = f"Joined: {counted(grown.train, 'screenshot')} train, {grown.val:,} val; the test subset is as before."
    if grown.left_out:
        text += f" Left out, as they belong to screenshots of the test subset: {len(grown.left_out):,}."
    return text


def _round_text(found: "Round | None", earlier: "Evaluation[Any] | None") -> str:
    if found is None:
        return "" if earlier is None else "No test image is one of the newest run's, so both cannot be compared."
    assert earlier is not None
    change = found.change
    alone = f" ({found.alone:,} that only one of the two has left out)" if found.alone else ""
    return (
        f"This round: error ({found.measure}) {percent(found.before)} with {earlier.record.title}, "
        f"{percent(found.after)} now, on the same {found.images:,} test images{alone}: "
        f"{100 * change.value:+.1f} points ({change.within('+.1f', times=100)})."
    )
