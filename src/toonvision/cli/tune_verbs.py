"""The commands about searches for networks: tune, studies."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli.options import TaskArgument
from toonvision.cli.panels import ADVANCED

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace


def tune(
    ws: "Workspace",
    task: TaskArgument,
    name: Annotated[
        str | None, typer.Option(help="What to call the study.", show_default="the strategy and a number")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a study: the named one, or the newest.")] = False,
    tighten: Annotated[
        str | None,
        typer.Option(
            help="A study: search the part of its space that its best tenth spans. Its trials there count.",
            show_default="none",
            rich_help_panel=ADVANCED,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that train at once.", show_default="the measured best", rich_help_panel=ADVANCED
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            help="A database that machines share, as in postgresql://user:password@host/database.",
            show_default="a file in the study's folder",
            rich_help_panel=ADVANCED,
        ),
    ] = None,
    **options: Any,
) -> "Result[Any]":
    """Search for a small network that is good with every seed."""
    return ws.tune(task, name=name, resume=resume, tighten=tighten, workers=workers, storage=storage, **options)


def studies(ws: "Workspace") -> "Result[Any]":
    """List the searches of a workspace."""
    return ws.studies()
