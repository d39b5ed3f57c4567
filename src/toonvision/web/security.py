"""Who may use a local page: only a browser that was given its address, at that address.

A page on loopback can be reached by every web page that is open in the same browser, and by every program of the
machine. So the Host must be the one that the page is served at (a foreign name that leads here is refused), the Origin
must be the page's own (never that of the request's Host), and a token, which stands once in the printed address,
becomes a cookie that scripts cannot read and other sites do not send.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
_HTTP_PORT = 80
_SAFE = frozenset({"GET", "HEAD"})
_TOKEN = "token"
_REFUSED_SOCKET = 1008
"""The code with which a WebSocket is closed that breaks a rule; before it is open it is answered with 403."""
_ENTRANCE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0;url=/">'
    '<link rel="icon" href="data:,"><title>ToonVision</title><a href="/">Continue</a></html>'
)
"""Leads to the page itself: after a redirect from another site a browser would not send the cookie. The page's scripts
do not learn where it was come from, for that address has the token."""


@dataclass(frozen=True)
class Access:
    """Where a page is served, and what lets a browser in.

    Attributes:
        port: The port on loopback.
        token: What the printed address has and the cookie keeps; a new one each time.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def host(self) -> str:
        """The Host header of a request that was meant for the page."""
        return LOOPBACK if self.port == _HTTP_PORT else f"{LOOPBACK}:{self.port}"

    @property
    def origin(self) -> str:
        """The Origin header of a request that the page itself sends."""
        return f"http://{self.host}"

    @property
    def url(self) -> str:
        """The address to print and to open."""
        return f"{self.origin}/?{_TOKEN}={self.token}"

    @property
    def cookie(self) -> str:
        """The name of the cookie; pages at other ports have others, since cookies do not know ports."""
        return f"toonvision-{self.port}"

    def is_token(self, given: str) -> bool:
        """Return whether a text is the token; the time that takes reveals nothing."""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self.token.encode())


class Guard:
    """An ASGI application around another one, which only reaches that with what may come in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Guard an application.

        Args:
            app: The application.
            access: Where it is served.
        """
        self._app = app
        self._access = access
        self._headers = _safe_headers(access)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it before anything of it is read."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_socket = scope["type"] == "websocket"
        reason = self._refusal(Headers(scope=scope), needs_origin=is_socket or scope["method"] not in _SAFE)
        if is_socket and (reason or not self._has_cookie(Headers(scope=scope))):
            await send({"type": "websocket.close", "code": _REFUSED_SOCKET})
        elif is_socket:
            await self._app(scope, receive, send)
        elif reason:
            await self._answer(_refused(reason), scope, receive, send)
        elif given := self._given_token(scope):
            await self._answer(self._entered(given), scope, receive, send)
        elif not self._has_cookie(Headers(scope=scope)):
            why = "Open the address that the terminal shows: it has the key of this page, a new one at each start."
            await self._answer(_refused(why), scope, receive, send)
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _refusal(self, headers: Headers, *, needs_origin: bool) -> str:
        """Return why a request may not come in, whoever sends it; empty where it may."""
        if headers.getlist("host") != [self._access.host]:
            return f"This page is at {self._access.origin} and nowhere else."
        origins = headers.getlist("origin")
        if (origins or needs_origin) and origins != [self._access.origin]:
            return "Another page asked for this."
        return ""

    def _given_token(self, scope: Scope) -> str:
        if scope["path"] != "/" or scope["method"] != "GET":
            return ""
        given = parse_qs(scope["query_string"].decode(errors="replace"), keep_blank_values=True).get(_TOKEN)
        return (given[-1] or " ") if given else ""

    def _entered(self, given: str) -> Response:
        if not self._access.is_token(given):
            return _refused("This address is of an earlier start. Open the one that the terminal shows now.")
        response = HTMLResponse(_ENTRANCE)
        response.set_cookie(self._access.cookie, self._access.token, httponly=True, samesite="strict", path="/")
        return response

    def _has_cookie(self, headers: Headers) -> bool:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load("; ".join(headers.getlist("cookie")))
        except CookieError:
            return False
        found = cookies.get(self._access.cookie)
        return found is not None and self._access.is_token(found.value)

    async def _answer(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        return with_headers


def _safe_headers(access: Access) -> Mapping[str, str]:
    """Return the headers of every answer: nothing from a network, no script in a page, nothing kept by the browser."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: data:",
        "connect-src": f"'self' ws://{access.host}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _refused(reason: str) -> Response:
    return PlainTextResponse(reason, status_code=403)
