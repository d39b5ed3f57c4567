"""The sizes of the input and the maps of networks for screenshots. Without NumPy: each command knows the networks."""

STRIDE = 8
"""Pixels of the input from one cell of a detector's maps to the next."""
PIXEL_STRIDE = 4
"""The same of a segmenter's map."""
SMALLEST = 64
DEEPEST = 32
"""Pixels of the input from one cell of the coarsest map to the next: sides are multiples of it."""


def shrunk(screen_hw: tuple[int, int], factor: int) -> tuple[int, int]:
    """Return the size of the input that screenshots fill which are shrunk by a whole number.

    Examples:
        >>> shrunk((720, 1280), 2)
        (384, 640)
    """
    return padded(*(-(-side // factor) for side in screen_hw))


def padded(height: int, width: int) -> tuple[int, int]:
    """Return the smallest height and width that hold an image and are multiples of 32.

    Examples:
        >>> padded(360, 640)
        (384, 640)
    """
    rows, columns = (max(SMALLEST, DEEPEST * -(-side // DEEPEST)) for side in (height, width))
    return rows, columns
