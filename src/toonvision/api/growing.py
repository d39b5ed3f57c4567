"""A round of growing: extract what is new, train again, say what that brought, and propose again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toonvision.api.base import StoredRun
from toonvision.api.data_steps import DataSteps
from toonvision.api.result import Block, Result
from toonvision.core.errors import ToonVisionError
from toonvision.core.wording import counted, percent

if TYPE_CHECKING:
    from toonvision.api.run import Run
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.label.growing import Grown, Round

_SPLIT = "default"


@dataclass(frozen=True)
class GrownModel:
    """What a round of growing made.

    Attributes:
        run: The new run.
        grown: How the split grew; None where it was drawn for the first time.
        round: How the new run compares with the newest earlier one; None where there is none to compare with.
    """

    run: "Run"
    grown: "Grown | None"
    round: "Round | None"


def grow(workspace: DataSteps, task: str, train: "Callable[[], Run]", *, seed: int = 0) -> Result[GrownModel]:
    """Extract what is new, put it into the train and val subsets, train again, and compare with the newest run.

    The test subset stays as it is, so that errors of all rounds are of the same images.

    Args:
        workspace: The workspace.
        task: What to train.
        train: Trains it.
        seed: Of the split.

    Raises:
        UsageError: If there is no such task, or a setting is impossible.
        InputRejectedError: If nothing can be learned from the data.
    """
    from toonvision.label.growing import compare_rounds, grow_split

    workspace.files.taxonomy.task(task)
    earlier = _earlier(workspace, task)
    extracted = workspace.extract()
    grown = None
    if (workspace.files.splits / f"{_SPLIT}.csv").is_file():
        grown = grow_split(workspace.files, _SPLIT, seed=seed)
    else:
        workspace.split(seed=seed)
    run = train()
    compared = compare_rounds(earlier, run.evaluation("test")) if earlier else None
    blocks: list[Block] = [
        extracted.sentences,
        _grown_text(grown),
        *run.summary().blocks,
        _round_text(compared, earlier),
    ]
    data = {
        "run": run.name,
        "joined": {"train": grown.train, "val": grown.val, "left_out": list(grown.left_out)} if grown else None,
        "round": compared and {**vars(compared), "change": vars(compared.change)},
    }
    return Result(
        GrownModel(run, grown, compared),
        tuple(block for block in blocks if block),
        data,
        findings=extracted.findings,
        folder=workspace.root,
        next=workspace.command("label", "--propose"),
    )


def rounds_told(grown: Mapping[str, Result[GrownModel]], proposed: Result[Any]) -> Result[GrownModel]:
    """Return one result of the rounds of some tasks, in their order, and of what is proposed after them."""
    results = [*grown.values(), proposed]
    return replace(
        results[-2],
        blocks=tuple(block for one in results for block in one.blocks),
        data={"grown": {task: one.data for task, one in grown.items()}, "proposed": proposed.data},
        next=proposed.next,
    )


def _earlier(workspace: DataSteps, task: str) -> "Evaluation[Any] | None":
    """Evaluate the newest run of a task, before what it was trained with changes; None where that cannot be."""
    for folder in workspace.newest_runs():
        if folder.parent.name == task:
            try:
                return StoredRun(workspace, folder).evaluation("test")
            except ToonVisionError as error:
                workspace.watcher.say(f"{folder}: cannot be compared with ({error})")
                return None
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
        return "" if earlier is None else "The test images are not those of the newest run, so both cannot be compared."
    assert earlier is not None
    change = found.change
    return (
        f"This round: error ({found.measure}) {percent(found.before)} with {earlier.record.title}, "
        f"{percent(found.after)} now, on the same {found.images:,} test images: {100 * change.value:+.1f} points "
        f"({100 * change.low:+.1f} to {100 * change.high:+.1f})."
    )
