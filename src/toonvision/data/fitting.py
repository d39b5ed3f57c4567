"""Bringing pictures to the input size of a network."""

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import read_whole, room_for

LARGEST_SIDE = 2_000
"""Of a network's input, in pixels."""
Resize = Literal["stretch", "letterbox", "shrink"]
"""How a picture is brought to a network's input size; see `fit`. Crops are stretched or letterboxed."""


def fit(
    image: Image.Image,
    *,
    size_hw: tuple[int, int],
    resize: Resize = "stretch",
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> npt.NDArray[np.uint8]:
    """Resize a crop, or its mask, to a network's input size.

    Args:
        image: A picture in mode ``RGB``, or a mask in mode ``L``.
        size_hw: Height and width in pixels.
        resize: ``stretch`` fills the whole input (as published); ``letterbox`` keeps the aspect, on black; ``shrink``
            does so by a whole number, at the upper left (see `shrink_factor`), which is quick and blurs nothing.
        resampling: How pixels are found; by default with anti-aliasing.

    Returns:
        Array of shape ``(height, width, 3)``, or ``(height, width)`` of a mask, 0 to 255.
    """
    height, width = size_hw
    if resize == "stretch":
        return np.asarray(image.resize((width, height), resampling))
    if resize == "shrink":
        shrunk = np.asarray(shrink(image, size_hw))
        whole = np.zeros((height, width, *shrunk.shape[2:]), np.uint8)
        whole[: shrunk.shape[0], : shrunk.shape[1]] = shrunk
        return whole
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(image.resize(inner, resampling), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return np.asarray(canvas)


def shrink(image: Image.Image, size_hw: tuple[int, int]) -> Image.Image:
    """Return a picture shrunk by the smallest whole number by which it fits into an input size."""
    factor = shrink_factor(image.size, size_hw)
    return image.reduce(factor) if factor > 1 else image


def shrink_factor(size_wh: tuple[int, int], size_hw: tuple[int, int]) -> int:
    """Return the smallest whole number by which a picture must be shrunk to fit into an input size, both in pixels.

    Examples:
        >>> shrink_factor((1280, 720), (384, 640)), shrink_factor((300, 200), (384, 640))
        (2, 1)
    """
    return max(1, -(-size_wh[0] // size_hw[1]), -(-size_wh[1] // size_hw[0]))


def shown_hw(size_wh: tuple[int, int], size_hw: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width in pixels that a picture has in an input to which it is shrunk; the rest is black.

    Examples:
        >>> shown_hw((1280, 720), (384, 640))
        (360, 640)
    """
    factor = shrink_factor(size_wh, size_hw)
    return min(size_hw[0], -(-size_wh[1] // factor)), min(size_hw[1], -(-size_wh[0] // factor))


def read_picture(path: Path, *, size_hw: tuple[int, int], resize: Resize, digest: str = "") -> npt.NDArray[np.uint8]:
    """Read one picture as a network sees it: `read_whole`, then `fit`.

    Returns:
        Shape ``(height, width, 3)``, 0 to 255.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    with room_for(path):
        return fit(read_whole(path, digest=digest), size_hw=size_hw, resize=resize)


def read_shrunk(path: Path, size_hw: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Read one picture, shrunk by a whole number to an input size.

    Returns:
        Shape ``(height, width, 3)`` of the input, uint8, in RGB; and the picture's own width and height in pixels.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    with room_for(path):
        image = read_whole(path)
        return fit(image, size_hw=size_hw, resize="shrink"), image.size
