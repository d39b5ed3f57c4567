"""Which pictures are kept, and their files: near-duplicates are left out, and a file is whole or not there."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import replacing
from toonvision.data.fingerprints import LARGEST_DIFFERENCE, differences, fingerprint
from toonvision.data.images import read_whole

_SUFFIX = ".png"
_QUICK = 1
"""Compression of PNG: a 1280 x 720 screenshot takes a fifth of the time of the default, for a tenth more bytes."""


@dataclass
class Keeper:
    """Keeps pictures of a folder that are not near-duplicates of each other.

    Attributes:
        folder: Where they are written, named after the time.
        kept: The files that were written, in order.
        left_out: How many were near-duplicates.
    """

    folder: Path
    kept: list[Path] = field(default_factory=list)
    left_out: int = 0
    _marks: list[str] = field(default_factory=list)
    _paths: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look at the newest picture that is there already, which the first one may repeat."""
        there = [path for path in self.folder.glob(f"*{_SUFFIX}") if not path.name.startswith(".")]
        if there:
            newest = max(there, key=lambda path: path.stat().st_mtime)
            with suppress(RejectedItemError):
                self._remember(newest, fingerprint(read_whole(newest)))

    def likest(self, mark: str) -> tuple[float, Path | None]:
        """Return how much the most similar kept picture differs, 0 to 1, and which it is; 1 where there is none."""
        if not self._marks:
            return 1.0, None
        found = differences([*self._marks, mark], [(at, len(self._marks)) for at in range(len(self._marks))])
        at = int(np.argmin(found))
        return float(found[at]), self._paths[at]

    def changed(self, picture: Image.Image) -> bool:
        """Return whether a picture shows another scene than the picture that was kept last."""
        return not self._marks or bool(
            differences([self._marks[-1], fingerprint(picture)], [(0, 1)])[0] > LARGEST_DIFFERENCE
        )

    def keep(self, picture: Image.Image, when: datetime) -> tuple[Path, bool]:
        """Write a picture, unless it is a near-duplicate of one that was kept.

        Args:
            picture: In RGB.
            when: Its time, after which the file is named.

        Returns:
            The file, and whether it is new: otherwise it is the one that the picture repeats.

        Raises:
            OSError: If it cannot be written; then there is no file of it.
        """
        mark = fingerprint(picture)
        difference, known = self.likest(mark)
        if known is not None and difference <= LARGEST_DIFFERENCE:
            self.left_out += 1
            return known, False
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{when:%Y-%m-%d_%H-%M-%S-%f}{_SUFFIX}"
        with replacing(path) as temporary:
            picture.save(temporary, compress_level=_QUICK)
        self._remember(path, mark)
        self.kept.append(path)
        return path, True

    def remove(self, path: Path) -> None:
        """Remove a picture that was kept; another that shows the same can then be kept."""
        at = self._paths.index(path)
        del self._paths[at], self._marks[at]
        self.kept.remove(path)
        path.unlink(missing_ok=True)

    def _remember(self, path: Path, mark: str) -> None:
        self._marks.append(mark)
        self._paths.append(path)
