"""The labelling page's application: what its script asks for, and what a person decides."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import parse_json, read_regular, write_text
from toonvision.label.annotations import Sheet
from toonvision.label.history import ConflictError
from toonvision.label.pictures import picture_bytes
from toonvision.label.plain import (
    plain_classes,
    plain_contexts,
    plain_labels,
    plain_progress,
    plain_row,
    plain_sheet,
    read_change,
)
from toonvision.label.proposals import read_thresholds
from toonvision.label.session import Session
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.web.answers import error_answers, read_object
from toonvision.web.static import static_routes

_MOST_ROWS = 200
_POSITION = "labelling.json"
"""Where the page was, in `cache/`."""
_LARGEST_POSITION = 10_000
_STATES = {"left": ("new", "source", "open"), "reviewed": ("done", "empty"), "put-off": ("skipped", "unsure")}
"""Groups of states that can be asked for by one word."""


def label_app(session: Session, *, then: Sequence[str] = (), end: Callable[[], None] = lambda: None) -> Starlette:
    """Return the application of a review; it is to be served behind a guard.

    Args:
        session: The review.
        then: The tasks that are trained once it has ended; with some, the page can end it.
        end: Called to end it.
    """
    page = _Page(session, then, end)
    routes = [
        *static_routes("label"),
        Route("/api/start", page.start),
        Route("/api/queue", page.queue),
        Route("/api/rows", page.rows),
        Route("/api/sheets/{shot}", page.sheet),
        Route("/api/sheets/{shot}/changes", page.change, methods=["POST"]),
        Route("/api/undo", page.undo, methods=["POST"]),
        Route("/api/redo", page.redo, methods=["POST"]),
        Route("/api/end", page.end, methods=["POST"]),
        Route("/api/position", page.position, methods=["PUT"]),
        Route("/pictures/{shot}", page.picture),
    ]
    return Starlette(routes=routes, exception_handlers={**error_answers(), ConflictError: page.conflict})


class _Page:
    """The endpoints; those that are plain functions run in threads of their own."""

    def __init__(self, session: Session, then: Sequence[str], end: Callable[[], None]) -> None:
        self._session, self._then, self._end = session, then, end
        self._position = session.workspace.cache / _POSITION

    def start(self, _: Request) -> Response:
        session = self._session
        taxonomy, root = session.workspace.taxonomy, session.workspace.root.resolve()
        return JSONResponse(
            {
                "workspace": root.name,
                "key": hashlib.sha256(str(root).encode()).hexdigest()[:16],
                "labels": plain_labels(taxonomy),
                "classes": plain_classes(taxonomy),
                "contexts": plain_contexts(session),
                "same_object": SAME_OBJECT,
                "position": self._read_position(),
                "then": list(self._then),
                "unasked": self._unasked(),
                "progress": plain_progress(session.progress()),
            }
        )

    def _unasked(self) -> str:
        """Say by what right boxes are accepted without asking; empty where none are."""
        stored = read_thresholds(self._session.workspace)
        proven = stored.thresholds.proven if stored else None
        if proven is None or not proven.total:
            return ""
        return f"When models proposed last, boxes that are as sure were right in {proven} of {proven.total:,}."

    def queue(self, request: Request) -> Response:
        wanted = {name: request.query_params.get(name, "") for name in ("context", "label", "state", "search")}
        return JSONResponse({"ids": list(self._filtered(**wanted))})

    def _filtered(self, *, context: str, label: str, state: str, search: str) -> Iterable[str]:
        tallies = self._session.tallies()
        states = _STATES.get(state, (state,))
        for shot in self._session.screenshots:
            tally = tallies[shot.id]
            if (
                (not context or context == (tally.context or shot.context))
                and (not label or label in tally.labels)
                and (not state or tally.state in states)
                and search.casefold() in shot.name.casefold()
            ):
                yield shot.id

    def rows(self, request: Request) -> Response:
        ids = request.query_params.get("ids", "").split(",")[:_MOST_ROWS]
        return JSONResponse({"rows": [plain_row(self._session, shot) for shot in ids if self._session.has(shot)]})

    def sheet(self, request: Request) -> Response:
        shot = self._shot(request)
        return JSONResponse(plain_sheet(self._session, shot, self._session.sheet(shot)))

    async def change(self, request: Request) -> Response:
        shot = self._shot(request)
        version = request.headers.get("if-match", "").strip('"')
        if not version:
            raise HTTPException(HTTPStatus.PRECONDITION_REQUIRED, "a change needs If-Match")
        wanted = read_change(await read_object(request))
        return await run_in_threadpool(lambda: self._changed(shot, self._session.change(shot, wanted, version=version)))

    def undo(self, _: Request) -> Response:
        return self._stepped(self._session.undo())

    def redo(self, _: Request) -> Response:
        return self._stepped(self._session.redo())

    def _stepped(self, found: tuple[str, Sheet] | None) -> Response:
        return self._changed(*found) if found else JSONResponse({"sheet": None})

    def _changed(self, shot: str, sheet: Sheet) -> Response:
        return JSONResponse(
            {
                "sheet": plain_sheet(self._session, shot, sheet),
                "row": plain_row(self._session, shot),
                "progress": plain_progress(self._session.progress()),
            }
        )

    def conflict(self, request: Request, error: Exception) -> Response:
        """Answer a decision on an older version with the present one."""
        assert isinstance(error, ConflictError)
        reason = "This screenshot was changed in the meantime, in another tab or by another program."
        shot = request.path_params.get("shot")
        sheet = plain_sheet(self._session, shot, error.sheet) if shot else None
        return JSONResponse({"error": reason, "sheet": sheet}, HTTPStatus.PRECONDITION_FAILED)

    def end(self, _: Request) -> Response:
        if not self._then:
            raise HTTPException(HTTPStatus.CONFLICT, "Nothing follows this review: Ctrl-C in the terminal ends it.")
        self._end()
        return JSONResponse({})

    async def position(self, request: Request) -> Response:
        where = await read_object(request)
        text = json.dumps(where)
        if len(text) > _LARGEST_POSITION:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no position is that long")
        await run_in_threadpool(write_text, self._position, text)
        return JSONResponse({})

    def _read_position(self) -> Any:
        try:
            return parse_json(read_regular(self._position, limit=_LARGEST_POSITION))
        except RejectedItemError:
            return {}

    def picture(self, request: Request) -> Response:
        shot = self._session.screenshot(self._shot(request))
        stamp = shot.stamp  # before it is read: a picture that is replaced just then is fetched once more
        content, media = picture_bytes(shot)
        return Response(content, media_type=media, headers={"ETag": f'"{stamp}"'})

    def _shot(self, request: Request) -> str:
        shot = str(request.path_params["shot"])
        if not self._session.has(shot):
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such screenshot.")
        return shot
