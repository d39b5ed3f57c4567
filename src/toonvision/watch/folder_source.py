"""A folder of screenshots as a source: in the order of their names, as if they were frames of a video."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.data.images import read_whole, room_for
from toonvision.data.source_tree import SourceTree
from toonvision.watch.frames import Frame


class FolderSource:
    """The pictures in a folder and its subfolders."""

    live = False

    def __init__(self, folder: Path, *, rate: float) -> None:
        """List them.

        Args:
            folder: Where they lie.
            rate: How many of them make a second.

        Raises:
            InputRejectedError: If there is none.
        """
        self.title = str(folder)
        self.findings: list[Finding] = []
        self._paths = sorted(SourceTree.of(folder).pictures)
        self._rate = rate
        if not self._paths:
            raise InputRejectedError(f"{folder}: holds no picture. Name a folder of screenshots.")

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield them; one that cannot be read is left out, and said."""
        for number, path in enumerate(self._paths, start=1):
            if stop.is_set():
                return
            try:
                with room_for(path):
                    image = read_whole(path)
            except RejectedItemError as error:
                self.findings.append(error.finding(str(path), pictures=1))
                continue
            yield Frame(number, (number - 1) / self._rate, image, time.monotonic(), path.name)

    def close(self) -> None:
        """Do nothing: no file is open between two frames."""
