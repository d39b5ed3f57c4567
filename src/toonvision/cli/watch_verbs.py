"""The command that watches a game."""

import json
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli import options
from toonvision.cli.interrupts import heed
from toonvision.cli.options import choice, names_in
from toonvision.cli.output import say
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import UsageError
from toonvision.deploy.packaged import packaged_names

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace
    from toonvision.watch.loop import WatchedFrame

_LOOK_EVERY_S = 0.5
_SOURCES = (
    "screen, screen:2, region:LEFT,TOP,WIDTHxHEIGHT, window:TITLE, camera, world (the drawn world, to try it), "
    "a video, or a folder of frames that follow one another."
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
    street: Annotated[str | None, choice("Say where one can walk with this run, which names pixels.", "no")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Without the page in the browser.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The page's port, or the next free one; 0 for any.")
    ] = 8791,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the page's address.")] = False,
    workspace: options.WorkspaceOption = options.HERE,
    as_json: bool = False,
    **settings: Any,
) -> "Result[Any]":
    """Watch the game: find, follow, name and count what is on the screen, live.

    Without --headless its page opens in the browser: the picture with boxes, what is there, and charts over time.
    With --json each frame is a line on standard output, and so is the summary at the end. Without a workspace nothing
    is logged.
    """  # fmt: skip
    import webbrowser

    from toonvision.api.watched import Follower, watching_page
    from toonvision.api.watched import watch as watch_it
    from toonvision.api.watched_models import models_of
    from toonvision.watch.order import WatchOrder
    from toonvision.watch.shown import Shown

    ws = _opened(workspace, needed=bool(detector or classifier or street))
    found, walk = (ws.run(one) if ws and one else None for one in (detector, street))
    namers = [ws.run(one) for one in names_in(classifier)] if ws else []
    models, title = models_of(ws, with_=with_, detector=found, classifiers=namers, street=walk)
    order = WatchOrder(source, **settings)
    followers: list[Follower] = [_Lines()] if as_json else []
    if headless:
        return watch_it(ws, order, models, title=title, followers=followers, watcher=TERMINAL)
    shown = Shown(models, source)
    followers.append(shown)
    with ExitStack() as page:

        def serve() -> None:
            url = page.enter_context(watching_page(ws, order, shown, port=port, watcher=TERMINAL))
            typer.echo(url, err=as_json)
            sys.stdout.flush()
            if not no_browser:
                webbrowser.open(url)

        result = watch_it(ws, order, models, title=title, followers=followers, ready=serve, watcher=TERMINAL)
        if not (as_json or order.seconds or result.data["interrupted"]):
            _wait()
    return result


def _wait() -> None:
    """Leave the page open until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        say("That was all. The page stays until Ctrl-C.")
        while True:
            heed()
            time.sleep(_LOOK_EVERY_S)


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
