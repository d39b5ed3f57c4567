"""The command that watches a game."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli import options
from toonvision.cli.options import choice
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import UsageError
from toonvision.deploy.packaged import packaged_names

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace
    from toonvision.watch.loop import WatchedFrame

_SOURCES = (
    "screen, screen:2, region:LEFT,TOP,WIDTHxHEIGHT, window:TITLE, camera, world (the drawn world, to try it), "
    "a video, or a folder of screenshots."
)


def watch(
    source: Annotated[str, typer.Argument(help=_SOURCES)],
    with_: Annotated[
        str | None,
        choice(
            f"Find and name with models that come with the package: {', '.join(packaged_names())}.",
            "those of the workspace's taxonomy",
            "--with",
        ),
    ] = None,
    detector: Annotated[str | None, choice("Find with this run instead, which is exported.", "no")] = None,
    classifier: Annotated[str | None, choice("Name with these runs (RUN,RUN), one a level.", "no")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="A file at the speed at which it was taken.")] = False,
    seconds: Annotated[float | None, choice("Stop after so much time.", "its end, or Ctrl-C", min=0.1)] = None,
    rate: Annotated[
        float | None, choice("Frames a second of a screen or a folder.", "30 and 10", min=0.1, max=240)
    ] = None,
    context: Annotated[str, choice("Where you are in the game, for the log and for pictures.", "none")] = "",
    name: Annotated[str | None, choice("What to call the log in watch/.", "the source")] = None,
    log_mb: Annotated[float, typer.Option("--log-mb", min=0, help="Size the log is kept within; 0 for no log.")] = 256,
    save_video: Annotated[Path | None, choice("Write a video with boxes to this new .mp4 or .mkv.", "no")] = None,
    uncertain: Annotated[
        Path | None, choice("Keep the frames that the models are least sure of in this folder.", "no")
    ] = None,
    workspace: options.WorkspaceOption = options.HERE,
    as_json: bool = False,
) -> "Result[Any]":
    """Watch the game: find, follow, name and count what is on the screen, live.

    With --json each frame is a line on standard output, and so is the summary at the end. Without a workspace nothing
    is logged.
    """  # fmt: skip
    from toonvision.api.watched import WatchOrder, models_of
    from toonvision.api.watched import watch as watch_it

    ws = _opened(workspace, needed=detector is not None or classifier is not None)
    found = ws.run(detector) if ws and detector else None
    namers = [ws.run(one) for one in (classifier or "").split(",") if one] if ws else []
    models, title = models_of(ws, with_=with_, detector=found, classifiers=namers)
    order = WatchOrder(source, realtime, seconds, rate, context, name, log_mb, save_video, uncertain)
    lines = [_Lines()] if as_json else []
    return watch_it(ws, order, models, title=title, followers=lines, watcher=TERMINAL)


class _Lines:
    """Prints each result as one line of JSON."""

    def see(self, frame: "WatchedFrame") -> None:
        """Print one."""
        typer.echo(json.dumps(frame.plain(), ensure_ascii=False, allow_nan=False))

    def close(self) -> None:
        """Do nothing."""


def _opened(folder: Path, *, needed: bool) -> "Workspace | None":
    """Open the workspace of a folder; None where there is none, and none is needed."""
    from toonvision.api.workspace import open_workspace

    try:
        return open_workspace(folder, watcher=TERMINAL)
    except UsageError:
        if needed or folder != options.HERE:
            raise
        return None
