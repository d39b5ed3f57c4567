"""Videos for tests, written by PyAV."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from builders import scene

SIZE = (320, 180)


def pictures(count: int, size: tuple[int, int] = SIZE) -> list[Image.Image]:
    """Return pictures that differ from each other: a patch that moves over a patchwork."""
    found = []
    for at in range(count):
        picture = scene("video", size)
        picture.paste(scene(f"patch {at}", (40, 40)), (4 * at % (size[0] - 40), 20))
        found.append(picture)
    return found


def write_video(
    path: Path, frames: Sequence[Image.Image], *, codec: str = "ffv1", pix_fmt: str = "bgr0", rate: int = 10
) -> Path:
    """Write a video, by default without loss."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = pix_fmt
        for picture in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def damaged(path: Path, target: Path, *, at: float = 0.4, count: int = 3_000) -> Path:
    """Write a copy of a file in which bytes are wrong from a share of it on."""
    content = bytearray(path.read_bytes())
    start = int(at * len(content))
    for index in range(start, min(len(content), start + count)):
        content[index] = (content[index] * 7 + 13) & 255
    target.write_bytes(content)
    return target


def turned(path: Path, target: Path) -> Path:
    """Write a copy of an MP4 that players are to show turned clockwise by 90 degrees, as phones say it."""
    content = bytearray(path.read_bytes())
    upright, clockwise = (
        struct.pack(">9i", *(round(65536 * one) for one in matrix))
        for matrix in ((1, 0, 0, 0, 1, 0, 0, 0, 16384), (0, 1, 0, -1, 0, 0, 0, 0, 16384))
    )
    at = content.index(upright, content.index(b"tkhd"))
    content[at : at + len(upright)] = clockwise
    target.write_bytes(content)
    return target


def truncated(path: Path, target: Path, *, share: float = 0.5) -> Path:
    content = path.read_bytes()
    target.write_bytes(content[: int(share * len(content))])
    return target
