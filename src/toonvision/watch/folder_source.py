"""A folder of screenshots as a source: in the order of their names and numbers, as if they were frames of a video."""

import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.data.fingerprints import differences, fingerprint
from toonvision.data.images import read_whole, room_for
from toonvision.data.series import natural_key
from toonvision.data.source_tree import SourceTree
from toonvision.deploy.packaged import packaged_names
from toonvision.watch.frames import Frame

_COMPARED = 20
"""The first pictures, which are compared with one another: separate ones are seldom mixed with those of a film."""
_SEPARATE = 0.45
"""Share of steps in which successive pictures differ that show another scene.

Measured: frames of two walking scenes of the drawn world, ten a second, differ by at most 0.27; screenshots of the real
game that were kept one by one, in the order of their names, by 0.60 to 0.84.
"""


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
        self._paths = sorted(SourceTree.of(folder).pictures, key=_in_time)
        self._rate = rate
        if not self._paths:
            raise InputRejectedError(f"{folder}: holds no picture. Name a folder of screenshots.")

    def frames(self, stop: Event) -> Iterator[Frame]:
        """Yield them; one that cannot be read is left out, and said. Whether they are separate ones is said, too."""
        marks: list[str] = []
        try:
            for frame in self._read(stop):
                if len(marks) < _COMPARED:
                    marks.append(fingerprint(frame.image))
                yield frame
        finally:  # also where somebody stops early
            if _are_separate(marks):
                self.findings.append(self._separate())

    def _read(self, stop: Event) -> Iterator[Frame]:
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

    def _separate(self) -> Finding:
        find = shlex.join(["toonvision", "predict", "--with", packaged_names()[0], "--find", self.title])
        return Finding(
            self.title,
            "the pictures differ so much from one to the next that nothing can be followed, and what is found in one "
            "picture alone is not counted",
            f"find the objects of each picture with: {find}, or with your own RUN: "
            f"{shlex.join(['toonvision', 'predict', 'RUN', self.title])}",
            "separate-pictures",
        )


def _in_time(path: Path) -> tuple[object, ...]:
    """Return what pictures are sorted by: folder by folder, frame 9 before frame 10."""
    return (path.parent, natural_key(path.name))


def _are_separate(marks: list[str]) -> bool:
    """Return whether most pictures show another scene than the one before, by their fingerprints."""
    pairs = [(at, at + 1) for at in range(len(marks) - 1)]
    return bool(pairs) and float(np.median(differences(marks, pairs))) > _SEPARATE
