"""The one point where pixels of screens become pictures: whatever came, an RGB image leaves."""

from PIL import Image


def from_bgra(content: bytes | bytearray, size_wh: tuple[int, int]) -> Image.Image:
    """Return the picture of a screen's memory.

    Args:
        content: Four bytes a pixel, row by row: blue, green, red, and one that is not used.
        size_wh: Width and height in pixels.
    """
    return Image.frombuffer("RGB", size_wh, content, "raw", "BGRX", 0, 1)
