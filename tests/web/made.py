"""A small application, and requests as a browser sends them."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from toonvision.web.answers import error_answers, read_object
from toonvision.web.security import Access

ACCESS = Access(8123, "right")


class Counting:
    """An application that counts what reaches it, and what it was told to keep."""

    def __init__(self) -> None:
        self.reached = 0
        self.kept: list[object] = []
        routes = [
            Route("/", self._page),
            Route("/kept", self._keep, methods=["PUT"]),
            WebSocketRoute("/live", self._live),
        ]
        self.app = Starlette(routes=routes, exception_handlers=error_answers())

    def _page(self, _: Request) -> Response:
        self.reached += 1
        return PlainTextResponse("hello")

    async def _keep(self, request: Request) -> Response:
        self.reached += 1
        self.kept.append(await read_object(request))
        return JSONResponse({"kept": len(self.kept)})

    async def _live(self, socket: WebSocket) -> None:
        self.reached += 1
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()


def browser_headers(access: Access, **changed: str) -> dict[str, str]:
    """The headers that the page's own script sends; a changed one may be an empty text, for none."""
    headers = {"Host": access.host, "Origin": access.origin, "Cookie": f"{access.cookie}={access.token}"}
    headers |= {name.capitalize(): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value}
