"""The commands that train many models to learn about the data: contexts, suspects, curve."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli.options import (
    DEFAULT_NETWORK,
    ForceOption,
    SeedOption,
    SizeOption,
    SplitNameOption,
    StudyNameOption,
    TaskArgument,
)

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace


def contexts(
    ws: "Workspace",
    task: TaskArgument,
    model: Annotated[
        str | None, typer.Option(help="The network.", show_default="the compared run's, or compact")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a context, with seeds SEED, SEED+1, ...")] = 2,
    seed: SeedOption = 0,
    against: Annotated[
        str | None, typer.Option(help="The run to compare with.", show_default="the newest of the network")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Input height x width.", show_default="the compared run's, or what the network wants"),
    ] = None,
    name: StudyNameOption = None,
    force: ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Leave out one context after the other: does the model rely on the context?"""
    return ws.contexts(
        task, network=model, repeat=repeat, seed=seed, against=against, size=size, name=name, force=force, **settings
    )


def suspects(
    ws: "Workspace",
    task: TaskArgument,
    folds: Annotated[int, typer.Option(min=3, max=50, help="Folds; each is predicted by models of the others.")] = 5,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a fold, averaged.")] = 3,
    model: Annotated[str | None, typer.Option(help="The network.", show_default="binary")] = None,
    size: Annotated[str | None, typer.Option(help="Input height x width.", show_default="150x50")] = None,
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Find labels that are probably wrong: crops that models, trained without them, take for another class."""
    return ws.suspects(
        task, folds=folds, repeat=repeat, network=model, size=size, seed=seed, name=name, force=force, **settings
    )


def curve(
    ws: "Workspace",
    task: TaskArgument,
    sizes: Annotated[str, typer.Option(help="Shares of the training subset.")] = "0.125,0.25,0.5,1",
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a size, with seeds SEED, SEED+1, ...")] = 3,
    more: Annotated[
        int, typer.Option(min=1, max=100_000, help="Predict what this many more training crops would bring.")
    ] = 100,
    model: Annotated[str, typer.Option(help="The network.")] = DEFAULT_NETWORK,
    size: SizeOption = None,
    split: SplitNameOption = "default",
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Measure how the error falls with more training crops, and predict what yet more would bring."""
    return ws.curve(
        task, sizes=parse_sizes(sizes), repeat=repeat, more=more, network=model, size=size, split=split, seed=seed,
        name=name, force=force, **settings,
    )  # fmt: skip


def parse_sizes(text: str) -> tuple[float, ...]:
    """Return the shares that are written as ``0.125,0.25,0.5,1``.

    Raises:
        UsageError: If they are not numbers over 0 and up to 1.

    Examples:
        >>> parse_sizes("0.25,1")
        (0.25, 1.0)
    """
    from toonvision.core.errors import UsageError

    try:
        sizes = tuple(float(field) for field in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or not all(0 < size <= 1 for size in sizes):
        raise UsageError(f"sizes are shares over 0 and up to 1; got {text!r}. Write e.g. --sizes 0.125,0.25,0.5,1.")
    return sizes
