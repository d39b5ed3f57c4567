"""Figures of screenshots, cut out along their masks and pasted into others of the batch.

Source:
    Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance segmentation", CVPR 2021. Here
    the class of a figure is drawn first, and then one of its figures, so that rare classes are pasted as often.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.grouping import grouped
from toonvision.data.pixel_masks import NOT_COUNTED
from toonvision.tasks.detect_targets import IGNORED, LABEL, Batch

_SMALLEST_WH = (8, 24)
"""Pixels of a figure that is worth pasting."""
_FILLED = 0.25
"""Share of its box that a figure has to fill: of one behind another too little is seen."""
_SCALES = (0.6, 1.4)
_SECOND = 0.5
"""How often a second figure is pasted."""
_STEP = 12.0
"""Standard deviation of the height at which a figure stands, from where it stood, in pixels."""
_HIDDEN = 0.6
"""Share of a box behind a pasted one from which on its object need not be found."""

Rows = npt.NDArray[np.float32]
"""Objects of one image; see `toonvision.tasks.detect_targets`."""


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """An image and what is learned of it.

    Attributes:
        image: Shape ``(height, width, 3)``, uint8.
        objects: Its objects.
        mask: The class of each pixel, shape ``(height, width)``, uint8; None where pixels are not learned.
    """

    image: npt.NDArray[np.uint8]
    objects: Rows
    mask: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure that is cut out of an image.

    Attributes:
        picture: Its box, shape ``(height, width, 3)``, uint8.
        mask: 255 where the figure is, else 0; shape ``(height, width)``, uint8.
        label: Its class.
        bottom: The lower edge of its box in its image, in pixels.
        pixels: The class of each pixel, 255 where that is not known, shape ``(height, width)``, uint8.
    """

    picture: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    label: int
    bottom: int
    pixels: npt.NDArray[np.uint8]


def figures_of(batch: Batch) -> list[Figure]:
    """Cut out the figures of a batch that are seen well enough; none where no masks of objects are known."""
    if batch.instances is None:
        return []
    found = []
    masks = np.full_like(batch.instances, NOT_COUNTED) if batch.masks is None else batch.masks
    for image, seen, objects, mask in zip(batch.images, batch.instances, batch.targets, masks, strict=True):
        for index in np.flatnonzero((objects[:, LABEL] >= 0) & (objects[:, IGNORED] == 0)).tolist():
            left, top, right, bottom = np.rint(objects[index, :4]).astype(int).tolist()
            own = seen[top:bottom, left:right] == index + 1
            if right - left >= _SMALLEST_WH[0] and bottom - top >= _SMALLEST_WH[1] and own.mean() >= _FILLED:
                cut, pixels = (one[top:bottom, left:right] for one in (image, mask))
                found.append(Figure(cut, own.astype(np.uint8) * 255, int(objects[index, LABEL]), bottom, pixels))
    return found


def with_figures(shown: AnnotatedImage, figures: Sequence[Figure], rng: np.random.Generator) -> AnnotatedImage:
    """Return an image with one or two of some figures pasted into it, its objects and its mask with theirs."""
    by_label = grouped(figures, lambda figure: figure.label)
    for _ in range(1 + int(rng.random() < _SECOND)):
        listed = by_label[sorted(by_label)[rng.integers(len(by_label))]]
        shown = _with_figure(shown, listed[rng.integers(len(listed))], rng)
    return shown


def _with_figure(shown: AnnotatedImage, figure: Figure, rng: np.random.Generator) -> AnnotatedImage:
    height, width = shown.image.shape[:2]
    scale = rng.uniform(*_SCALES)
    own_width, own_height = (max(4, round(side * scale)) for side in figure.mask.shape[::-1])
    x = round(rng.uniform(-own_width / 4, width - own_width * 3 / 4))
    y = min(max(round(figure.bottom + rng.normal(0, _STEP)) - own_height, -own_height // 3), height - own_height // 2)
    box = (max(0, x), max(0, y), min(width, x + own_width), min(height, y + own_height))
    if min(box[2] - box[0], box[3] - box[1]) < _SMALLEST_WH[0]:
        return shown
    bilinear, nearest = Image.Resampling.BILINEAR, Image.Resampling.NEAREST
    picture, mask, pixels = (
        Image.fromarray(one).resize((own_width, own_height), resampling)
        for one, resampling in ((figure.picture, bilinear), (figure.mask, bilinear), (figure.pixels, nearest))
    )
    if rng.random() < 0.5:
        picture, mask, pixels = (one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in (picture, mask, pixels))
    behind = _hidden(shown.objects, box)
    pasted = replace(
        shown,
        image=_pasted(shown.image, picture, (x, y), mask),
        objects=np.vstack([behind, np.array([[*box, figure.label, 0]], np.float32)]),
    )
    if shown.mask is None:
        return pasted
    return replace(pasted, mask=_pasted(shown.mask, pixels, (x, y), mask.point(lambda value: 255 * (value > 127))))


def _pasted(
    image: npt.NDArray[np.uint8], figure: Image.Image, corner: tuple[int, int], mask: Image.Image
) -> npt.NDArray[np.uint8]:
    canvas = Image.fromarray(image)
    canvas.paste(figure, corner, mask)
    return np.asarray(canvas)


def _hidden(objects: Rows, box: Sequence[float]) -> Rows:
    """Return objects behind a box; those of which it covers most are ignored."""
    found = objects.copy()
    sides = np.minimum(objects[:, 2:4], box[2:]) - np.maximum(objects[:, :2], box[:2])
    covered = np.prod(np.maximum(0, sides), axis=1)
    whole = np.prod(objects[:, 2:4] - objects[:, :2], axis=1)
    found[:, IGNORED] = np.maximum(found[:, IGNORED], covered > _HIDDEN * whole)
    return found
