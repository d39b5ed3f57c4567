"""What a hostile folder is made of: cases, each a few files and what is promised of them."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

Content = bytes | Callable[[Path], object]
"""The bytes of a file, or what makes something else at its path: a pipe, a link."""

SIZE_WH = (64, 48)
CONTEXT = "garden"
BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
GOOD_BOX = BOX.format(0, 0, 4, 4)
GOOD_XML = f"<annotation><object><name>apple</name>{GOOD_BOX}</object></annotation>".encode()


@dataclass(frozen=True)
class Case:
    """One thing that is wrong, or only looks so.

    Attributes:
        name: What is wrong, in words; the stem of its files.
        files: Path below the source to content.
        codes: Codes of the findings that it gives when it is extracted, sorted; empty where all is well.
        kept: Whether its picture is kept.
        picture: Path of its picture below the source; empty where it has none.
        predicted: The code of the finding that its picture gives when a model is asked; empty where it is predicted.
        item: What stands in the finding's item; by default the name as that of a file.
    """

    name: str
    files: Mapping[str, Content]
    codes: tuple[str, ...] = ()
    kept: bool = True
    picture: str = ""
    predicted: str = ""
    item: str = ""

    @property
    def promise(self) -> str:
        """What is promised of it, in words."""
        return ("kept" if self.kept else "skipped") + (f": {', '.join(self.codes)}" if self.codes else "")

    def is_named_by(self, item: str) -> bool:
        """Return whether a finding's item is about this case."""
        plain = self.name.encode(errors="backslashreplace").decode()
        return (self.item or f"/{plain}.") in f"/{item}"


@dataclass(frozen=True)
class Source:
    """A folder of one format.

    Attributes:
        name: The folder's name.
        format: The format of its annotations.
        cases: What is in it.
        shared: Files that belong to no case: path to content.
    """

    name: str
    format: str
    cases: tuple[Case, ...]
    shared: Mapping[str, Content]


@dataclass(frozen=True)
class RefusedSource:
    """A folder that is refused as a whole.

    Attributes:
        name: What is wrong, in words; the folder's name.
        files: Path to content.
        message: What the message must contain.
    """

    name: str
    files: Mapping[str, Content]
    message: tuple[str, ...]


def scene(name: str, size_wh: tuple[int, int] = SIZE_WH) -> Image.Image:
    """Draw a patchwork unlike that of any other name."""
    patches = Image.frombytes("RGB", (8, 6), hashlib.shake_256(name.encode(errors="backslashreplace")).digest(144))
    return patches.resize(size_wh, Image.Resampling.NEAREST)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def good(name: str) -> bytes:
    """Return a good picture, different for each name."""
    return encoded(scene(name))


def write(root: Path, files: Mapping[str, Content]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)
