"""The files of a page: HTML, styles and scripts that come with the package."""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles


def static_routes(room: str) -> list[BaseRoute]:
    """Return the routes of a page: ``/`` is the room's index.html; ``/static/base`` has what all pages share.

    Args:
        room: The package whose folder ``static`` has the page's own files, such as ``label``; they are served below
            ``/static/<room>``.
    """
    own = _folder(room)

    def index(_: Request) -> FileResponse:
        return FileResponse(own / "index.html")

    mounts = [Mount(f"/static/{name}", StaticFiles(directory=folder)) for name, folder in _folders(room).items()]
    return [Route("/", index), *mounts]


def _folders(room: str) -> dict[str, Path]:
    return {"base": _folder("web"), room: _folder(room)}


def _folder(room: str) -> Path:
    return Path(str(files(f"toonvision.{room}"))) / "static"
