"""The commands that train many models: to learn about the data (contexts, suspects, curve), and to find networks."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli import options
from toonvision.cli.options import choice
from toonvision.core.errors import UsageError
from toonvision.data.splits import DEFAULT_SPLIT

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace


def contexts(
    ws: "Workspace",
    task: options.TaskArgument,
    model: Annotated[str | None, choice("The network.", "the compared run's, or compact")] = None,
    repeat: Annotated[
        int | None, choice("Trainings a context, with seeds SEED, SEED+1, ...", "2, or 1 for boxes", min=1)
    ] = None,
    seed: options.SeedOption = 0,
    against: Annotated[str | None, choice("The run to compare with.", "the newest of the network")] = None,
    size: Annotated[
        str | None, choice("Input height x width.", "the compared run's, or what the network wants")
    ] = None,
    name: options.StudyNameOption = None,
    force: options.ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Leave out one context after the other: does the model rely on the context?"""
    return ws.contexts(
        task, model=model, repeat=repeat, seed=seed, against=against, size=size, name=name, force=force, **settings
    )


def suspects(
    ws: "Workspace",
    task: options.TaskArgument,
    folds: Annotated[
        int | None, choice("Folds; each is predicted by models of the others.", "5, or 4 for boxes", min=3, max=50)
    ] = None,
    repeat: Annotated[int | None, choice("Trainings a fold, averaged.", "3, or 1 for boxes", min=1)] = None,
    model: Annotated[
        str | None,
        choice(
            "The network. binary takes any number of classes, and was most often right in this search.",
            "binary, or detector",
        ),
    ] = None,
    size: Annotated[str | None, choice("Input height x width.", "150x50, or what a detector wants")] = None,
    seed: options.SeedOption = 0,
    name: options.StudyNameOption = None,
    force: options.ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Find annotations that are probably wrong: models that were trained without them predict something else."""
    return ws.suspects(
        task, folds=folds, repeat=repeat, model=model, size=size, seed=seed, name=name, force=force, **settings
    )


def curve(
    ws: "Workspace",
    task: options.TaskArgument,
    sizes: Annotated[str, typer.Option(help="At least three shares of the training subset.")] = "0.125,0.25,0.5,1",
    repeat: Annotated[
        int | None, choice("Trainings a size, with seeds SEED, SEED+1, ...", "3, or 2 for boxes", min=1)
    ] = None,
    more: Annotated[
        int,
        typer.Option(min=1, max=100_000, help="Predict what this many more training crops or screenshots would bring."),
    ] = 100,
    model: Annotated[str | None, choice("The network.", "compact, or detector")] = None,
    size: Annotated[str | None, choice("Input height x width.", "what the network wants")] = None,
    split: Annotated[str, typer.Option(help="The split to use.")] = DEFAULT_SPLIT,
    seed: options.SeedOption = 0,
    name: options.StudyNameOption = None,
    force: options.ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Measure how the error falls with more training samples, and predict what yet more would bring."""
    return ws.curve(
        task, sizes=parse_sizes(sizes), repeat=repeat, more=more, model=model, size=size, split=split, seed=seed,
        name=name, force=force, **settings,
    )  # fmt: skip


def tune(
    ws: "Workspace",
    task: options.TaskArgument,
    name: Annotated[str | None, choice("What to call the study.", "the strategy and a number")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a study: the named one, or the newest.")] = False,
    tighten: Annotated[
        str | None,
        choice(
            "A study: search the part of its space that its best tenth spans. Its trials there count.",
            "none",
            advanced=True,
        ),
    ] = None,
    workers: Annotated[
        int | None, choice("Processes that train at once.", "the measured best", min=1, advanced=True)
    ] = None,
    storage: Annotated[
        str | None,
        choice(
            "A database that machines share, as in postgresql://user:password@host/database.",
            "a file in the study's folder",
            advanced=True,
        ),
    ] = None,
    **options: Any,
) -> "Result[Any]":
    """Search for a small network that is good with every seed."""
    return ws.tune(task, name=name, resume=resume, tighten=tighten, workers=workers, storage=storage, **options)


def studies(ws: "Workspace") -> "Result[Any]":
    """List the searches for networks, which `tune` made.

    Studies of contexts, folds, suspects and the learning curve are not listed; they lie in studies/TASK/NAME.
    """
    return ws.studies()


def parse_sizes(text: str) -> tuple[float, ...]:
    """Return the shares that are written as ``0.125,0.25,0.5,1``.

    Raises:
        UsageError: If they are not numbers over 0 and up to 1.

    Examples:
        >>> parse_sizes("0.25,1")
        (0.25, 1.0)
    """
    try:
        sizes = tuple(float(field) for field in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or not all(0 < size <= 1 for size in sizes):
        raise UsageError(f"sizes are shares over 0 and up to 1; got {text!r}. Write e.g. --sizes 0.125,0.25,0.5,1.")
    return sizes
