"""A local page in this process: a port on loopback, a server, the address for people, and a clean end."""

import contextlib
import errno
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

import uvicorn
from starlette.types import ASGIApp

from toonvision.core.errors import EnvironmentFaultError
from toonvision.web.security import LOOPBACK, Access, Guard

_PORTS_TRIED = 50
_LAST_PORT = 65_535
_LONGEST_END_S = 3
"""How long open connections may delay the end."""
_READY_EVERY_S = 0.01
_LONGEST_START_S = 10.0
_BUSY = {errno.EADDRINUSE, errno.EACCES if sys.platform == "win32" else errno.EADDRINUSE}


class PageServer:
    """Serves one application on loopback, to the browser of the person who started it."""

    def __init__(self, app: ASGIApp, *, port: int, note: Callable[[str], None]) -> None:
        """Take a port; whoever connects from now on waits until the server runs.

        Args:
            app: What is served, unguarded.
            port: The port wanted; the next free one is taken, and noted, if another program has it. 0 for any.
            note: Called with messages for a person.

        Raises:
            EnvironmentFaultError: If there is no such port for us.
        """
        self._socket = _listening(port, note)
        self.access = Access(self._socket.getsockname()[1])
        config = uvicorn.Config(
            Guard(app, self.access), log_config=None, access_log=False, server_header=False, lifespan="off",
            timeout_graceful_shutdown=_LONGEST_END_S,
        )  # fmt: skip
        self._server = uvicorn.Server(config)

    def run(self, *, browser: bool, to: TextIO | None = None) -> None:
        """Print the address as a line, open it in the browser if asked, and serve until Ctrl-C.

        Args:
            browser: Whether to open it.
            to: Where the address is printed; None is standard output.
        """
        print(self.access.url, file=to, flush=True)  # waits in the socket's queue until the server runs
        if browser:
            threading.Thread(target=_open, args=[self.access.url], daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt), self._closing():
            self._server.run(sockets=[self._socket])

    @contextlib.contextmanager
    def in_background(self) -> Iterator[Access]:
        """Serve in a thread while the block runs; the server answers when the block begins."""
        thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        with self._closing():
            thread.start()
            deadline = time.monotonic() + _LONGEST_START_S
            while not self._server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(_READY_EVERY_S)
            try:
                yield self.access
            finally:
                self.stop()
                thread.join()

    def stop(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self._server.should_exit = True

    @contextlib.contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._socket.close()


def _listening(port: int, note: Callable[[str], None]) -> socket.socket:
    """Return a socket that listens on loopback, at the wanted port or the first free one after it."""
    tried = range(port, min(port + _PORTS_TRIED, _LAST_PORT) + 1) if port else (0,)
    for number in tried:
        try:
            found = _bound(number)
        except OSError as error:
            if error.errno in _BUSY and number != tried[-1]:
                continue
            raise EnvironmentFaultError(
                f"port {number} of {LOOPBACK} cannot be used ({error.strerror}). Take any free one: --port 0"
            ) from error
        if number != port:
            note(f"Port {port} is taken by another program; this uses {number}.")
        return found
    raise AssertionError("a range of ports is never empty")


def _bound(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # where it would let two programs have one port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((LOOPBACK, port))
        found.listen()
    except OSError:
        found.close()
        raise
    return found


def _open(url: str) -> None:
    import webbrowser

    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(url)
