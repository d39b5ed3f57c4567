"""The watching page: the picture with what is known of it, who is there, and charts; served on loopback.

A page asks for the next frame when it has drawn the last one, so that a slow browser delays nothing. Picture and boxes
come in one message: they are always of the same frame. A program that asks for `result` gets the same without picture.
"""

import asyncio
import contextlib
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.status import WS_1003_UNSUPPORTED_DATA
from starlette.websockets import WebSocket, WebSocketDisconnect

from toonvision.watch.loop import WatchedFrame
from toonvision.watch.shown import Shown
from toonvision.web.answers import error_answers, read_object
from toonvision.web.static import static_routes

_LOOK_EVERY_S: Final = 0.01
_LEAST_APART_S: Final = 1 / 30
_QUIET_S: Final = 1.0
"""Seconds without a new frame after which a page hears that all is well, or that it has ended."""
_RESULT: Final = "result"
"""What a program sends that wants the plain data of the next frame, as `--json` prints it."""
Snapshot = Callable[[Image.Image, str], tuple[Path, bool]]


@dataclass(frozen=True)
class PageOptions:
    """What a page can do.

    Attributes:
        contexts: Names and titles of the contexts that a snapshot can be of.
        context: The one that is chosen at first, and that of a snapshot that names none; empty for none.
        snapshot: Keeps a picture in a context; returns its file, and whether it is new. None without a workspace.
    """

    contexts: Sequence[tuple[str, str]] = ()
    context: str = ""
    snapshot: Snapshot | None = None


def watching_app(shown: Shown, options: PageOptions) -> Starlette:
    """Return the page of a watch, unguarded.

    Args:
        shown: What it shows.
        options: What it can do.
    """

    async def about(_: Request) -> Response:
        contexts = [{"name": name, "title": title} for name, title in options.contexts]
        more = {"contexts": contexts, "context": options.context, "can_snapshot": options.snapshot is not None}
        return JSONResponse({**shown.about(), **more})

    async def history(_: Request) -> Response:
        return JSONResponse(await run_in_threadpool(shown.history))

    async def snapshot(request: Request) -> Response:
        asked = await read_object(request)
        number, context = asked.get("frame"), asked.get("context") or options.context
        if options.snapshot is None:
            raise HTTPException(409, "There is no workspace to keep it in. Start toonvision watch with -w WORKSPACE.")
        image = shown.image(number) if isinstance(number, int) else None
        if image is None or not isinstance(context, str):
            raise HTTPException(409, "This frame is gone. Try again with the one that is shown now.")
        path, new = await run_in_threadpool(options.snapshot, image, context)
        return JSONResponse({"file": path.name, "folder": path.parent.name, "new": new})

    async def live(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await _send_frames(socket, shown)

    routes = [
        *static_routes("watch"),
        Route("/plotly.js", lambda _: FileResponse(_plotly(), media_type="text/javascript")),
        Route("/about", about),
        Route("/history", history),
        Route("/snapshot", snapshot, methods=["POST"]),
        WebSocketRoute("/live", live),
    ]
    return Starlette(routes=routes, exception_handlers=error_answers())


async def _send_frames(socket: WebSocket, shown: Shown) -> None:
    """Send the newest frame whenever the page asks, until it is closed or everything has ended."""
    last = 0
    while True:
        try:
            asked = await socket.receive_text()
        except KeyError:  # as Starlette says that a message is bytes
            return await socket.close(WS_1003_UNSUPPORTED_DATA)
        frame = await _next(shown, last)
        if frame is None:
            await socket.send_text(json.dumps({"ended": shown.ended}))
            continue
        last = frame.number
        if asked == _RESULT:
            await socket.send_text(json.dumps(frame.plain(), ensure_ascii=False))
            continue
        data, picture = await run_in_threadpool(shown.message, frame)
        said = json.dumps(data, ensure_ascii=False).encode()
        await socket.send_bytes(struct.pack("<I", len(said)) + said + picture)
        await asyncio.sleep(_LEAST_APART_S)


async def _next(shown: Shown, last: int) -> WatchedFrame | None:
    """Return the newest frame once it is newer than the last one; None where none comes for a while."""
    waited = 0.0
    while waited < _QUIET_S:
        frame = shown.newest()
        if frame is not None and frame.number != last:
            return frame
        if shown.ended:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
        waited += _LOOK_EVERY_S
    return None


def _plotly() -> Path:
    """Return Plotly's JavaScript, as its wheel ships it."""
    return Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
