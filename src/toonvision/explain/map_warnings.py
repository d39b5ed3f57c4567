"""What speaks against maps by themselves: that they are flat, empty, or heavy at the border, and a fixed spot."""

from collections.abc import Sequence

import numpy as np

from toonvision.explain.activations import Values
from toonvision.explain.evidence import enlarge

FLAT_BELOW = 0.15
"""Contrast, standard deviation over mean size, below which a map counts as flat; a map of one bright half has 1."""
BORDER_MARGIN, BORDER_RATIO = 0.05, 2.0
"""The border's width as a share of height and width; how many times its area's share its evidence may be."""
SPOT_GRID, SPOT_RATIO = 5, 3.0
"""How many rows and columns of blocks are searched for a fixed spot; how many times its area it must hold."""


def map_warnings(maps: Values, names: Sequence[str], *, size_hw: tuple[int, int]) -> tuple[str, ...]:
    """Return a warning for each map that should not be read as an explanation.

    The maps are signed evidence of the explained class, shape ``(images, h, w)``; the border is measured at the images'
    height and width in pixels.
    """
    inside = np.zeros(size_hw, dtype=bool)
    top, left = (max(1, round(BORDER_MARGIN * side)) for side in size_hw)
    inside[top:-top, left:-left] = True
    border_area = float(1 - inside.mean())
    found = []
    for one, name in zip(maps, names, strict=True):
        positive = np.maximum(enlarge(one, size_hw), 0).astype(np.float64)
        border = float(positive[~inside].sum() / max(positive.sum(), np.finfo(np.float64).tiny))
        if one.max() <= 0:
            found.append(f"{name}: nothing in the image speaks for this class, so the map shows nothing.")
        elif one.std(dtype=np.float64) < FLAT_BELOW * np.abs(one).mean(dtype=np.float64):
            found.append(f"{name}: the map is nearly even, so it does not show where the network looked.")
        elif border > BORDER_RATIO * border_area:
            found.append(
                f"{name}: {100 * border:.0f} % of the evidence lies at the border, which is {100 * border_area:.0f} % "
                "of the image. Look for a mark at the edge, or the surroundings."
            )
    return tuple(found)


def spot_warning(maps: Values) -> str | None:
    """Return a warning if evidence lies at one spot of the edge in image after image: a mark, or a panel of a game.

    Objects stand in the middle of their crops, so only blocks of the rim are searched. It needs no masks.

    Args:
        maps: One map for each image, of its own predicted class, shape ``(images, h, w)``, signed; better those of
            `evidence.distinctive`.

    Returns:
        The block of the rim with the largest mean share, if that is over `SPOT_RATIO` times its area; else None.
    """
    side = 20 * SPOT_GRID
    positive = np.maximum([enlarge(one, (side, side)) for one in maps], 0).astype(np.float64)
    positive = positive[positive.any(axis=(1, 2))]
    if not len(positive):
        return None
    mean = (positive / positive.sum(axis=(1, 2), keepdims=True)).mean(axis=0)
    blocks = mean.reshape(SPOT_GRID, 20, SPOT_GRID, 20).sum(axis=(1, 3))
    blocks[1:-1, 1:-1] = 0
    row, column = np.unravel_index(blocks.argmax(), blocks.shape)
    share, area = float(blocks.max()), 1 / SPOT_GRID**2
    if share <= SPOT_RATIO * area:
        return None
    return (
        f"In image after image {100 * share:.0f} % of the evidence lies in one spot, the "
        f"{_spot_in_words(int(row), int(column))}, on {100 * area:.0f} % of the area. Look for a mark there that "
        "reveals the class."
    )


def _spot_in_words(row: int, column: int) -> str:
    last = SPOT_GRID - 1
    vertical = {0: "upper", last: "lower"}.get(row, "")
    horizontal = {0: "left", last: "right"}.get(column, "")
    return f"{vertical} {horizontal} corner" if vertical and horizontal else f"{vertical or horizontal} edge"
