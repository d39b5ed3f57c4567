"""An image that is painted from far to near, while counting what hides what."""

import functools
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from toonvision.world.annotation import CAUSES, Xyxy
from toonvision.world.camera import SIZE_WH
from toonvision.world.masks import CLASSES, Mask, SceneMasks
from toonvision.world.placement import Standing

SOLID_ALPHA: Final = 110
SHADOW: Final = (24, 22, 34)


@dataclass(frozen=True, eq=False)
class Tag:
    """A name above a head.

    Attributes:
        panel: Its RGBA image.
        sink: Share of the figure's height by which it overlaps the head; negative if it floats above.
    """

    panel: Image.Image
    sink: float


class Canvas:
    """The image, and which figure each pixel shows.

    Args:
        frame: RGB image of the empty street; it is changed.
        figures: How many figures will be painted.
        classes: Classes of the empty street if masks are wanted, else None.
    """

    def __init__(self, frame: Image.Image, figures: int, classes: Mask | None = None) -> None:
        self.frame = frame
        self._instances: Mask = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint8)
        self._classes = classes
        self._parts: Mask | None = None if classes is None else np.zeros_like(self._instances)
        self._whole = [0] * (figures + 1)
        self._lost: list[Counter[str]] = [Counter() for _ in range(figures + 1)]
        self._regions: list[tuple[slice, slice]] = [(slice(0), slice(0))] * (figures + 1)

    def set_down(self, thing: Standing, number: int) -> None:
        """Paint a thing and its shadow; `number` is 1 and up for figures, 0 for other things."""
        image, corner = thing.sprite.image, thing.corner
        _shade_ground(self.frame, thing)
        self.frame.paste(image, corner, image)
        if thing.label:
            self._whole[number] = int((np.asarray(image.getchannel("A")) >= SOLID_ALPHA).sum())
        kind = thing.label.partition("_")[0] if thing.label else "obstacle" if thing.obstacle else "prop"
        self._mark(image, corner, number, kind, parts=thing.sprite.parts)

    def hang(self, tag: Tag, thing: Standing, number: int, *, most_hidden: float) -> None:
        """Paint a name above a figure, unless it would hide more than `most_hidden` of another figure."""
        tall = min(thing.sprite.foot_xy[1], thing.sprite.image.height)  # without the air below a flying figure
        above = (
            round(thing.column - tag.panel.width / 2),
            round(thing.corner[1] - tag.panel.height + tag.sink * tall),
        )
        rows, columns, _, _ = _overlap(tag.panel, above)
        below = np.bincount(self._instances[rows, columns].ravel(), minlength=len(self._whole))
        others = [other for other in range(1, len(self._whole)) if other != number]
        if all(below[other] <= most_hidden * self._whole[other] for other in others):
            self.frame.paste(tag.panel, above, tag.panel)
            self._mark(tag.panel, above, 0, "nametag")

    def seen(self, number: int) -> int:
        """Return the number of pixels that show a figure."""
        return self._whole[number] - sum(self._lost[number].values())

    def hidden(self, number: int) -> dict[str, float]:
        """Return the share of a figure that is hidden, by cause."""
        return {cause: self._lost[number][cause] / max(1, self._whole[number]) for cause in CAUSES}

    def box(self, number: int) -> Xyxy:
        """Return the bounding box of a figure's visible pixels, of which there must be some."""
        rows, columns = self._regions[number]
        seen = self._instances[rows, columns] == number
        across, down = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
        left, top = columns.start, rows.start
        return left + int(across[0]), top + int(down[0]), left + int(across[-1]) + 1, top + int(down[-1]) + 1

    def masks(self, numbers: list[int]) -> SceneMasks:
        """Return the masks; the figure painted as ``numbers[i]`` becomes i + 1, all others 0."""
        if self._classes is None or self._parts is None:
            raise ValueError("masks were not asked for when the picture was begun")
        renumbered = np.zeros(len(self._whole), np.uint8)
        renumbered[numbers] = np.arange(1, len(numbers) + 1)
        return SceneMasks(renumbered[self._instances], self._classes, self._parts)

    def _mark(
        self, image: Image.Image, corner: tuple[int, int], number: int, kind: str, *, parts: Mask | None = None
    ) -> None:
        rows, columns, own_rows, own_columns = _overlap(image, corner)
        solid = np.asarray(image.getchannel("A"))[own_rows, own_columns] >= SOLID_ALPHA
        behind = self._instances[rows, columns]
        cause = "figure" if number else kind
        for figure, lost in enumerate(np.bincount(behind[solid], minlength=len(self._whole))):
            if figure and lost:
                self._lost[figure][cause] += int(lost)
        if number:
            self._regions[number] = rows, columns
            self._lost[number]["frame"] = self._whole[number] - int(solid.sum())
        behind[solid] = number
        if self._classes is not None and self._parts is not None:
            self._classes[rows, columns][solid] = CLASSES.index("prop" if kind == "nametag" else kind)
            self._parts[rows, columns][solid] = 0 if parts is None else parts[own_rows, own_columns][solid]


def _overlap(image: Image.Image, corner: tuple[int, int]) -> tuple[slice, slice, slice, slice]:
    """Return rows and columns of the frame that an image covers, then those of the image; they may be empty."""
    columns, own_columns = _span(corner[0], image.width, SIZE_WH[0])
    rows, own_rows = _span(corner[1], image.height, SIZE_WH[1])
    return rows, columns, own_rows, own_columns


def _span(start: int, length: int, limit: int) -> tuple[slice, slice]:
    low = min(max(0, start), limit)
    high = max(low, min(start + length, limit))
    return slice(low, high), slice(low - start, high - start)


@functools.cache
def _shadow() -> Image.Image:
    ramp = np.maximum(0, 1 - np.hypot(*np.meshgrid(np.linspace(-1, 1, 48), np.linspace(-1, 1, 24))))
    return Image.fromarray((np.sqrt(ramp) * 105).astype(np.uint8))


def _shade_ground(frame: Image.Image, thing: Standing) -> None:
    wide = max(3, round(thing.sprite.foot_xy[1] * 0.34))
    blob = _shadow().resize((wide, max(2, wide // 4)))
    frame.paste(SHADOW, (round(thing.column - wide / 2), round(thing.row - blob.height / 2)), blob)
