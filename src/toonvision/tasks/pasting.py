"""Figures of screenshots, cut out along their masks and pasted into others of the batch.

Source:
    Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance segmentation", CVPR 2021. Here
    the class of a figure is drawn first, and then one of its figures, so that rare classes are pasted as often.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import Pictures
from toonvision.tasks.detect_targets import IGNORED, LABEL, Targets

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
class Figure:
    """A figure that is cut out of an image.

    Attributes:
        picture: Its box, shape ``(height, width, 3)``, uint8.
        mask: 255 where the figure is, else 0; shape ``(height, width)``, uint8.
        label: Its class.
        bottom: The lower edge of its box in its image, in pixels.
    """

    picture: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    label: int
    bottom: int


def figures_of(images: Pictures, places: Pictures, targets: Targets) -> list[Figure]:
    """Cut out the figures of a batch that are seen well enough.

    Args:
        images: The images.
        places: The place, from 1, that the object of each pixel has among the targets of its image; 0 for none. Shape
            ``(images, height, width)``.
        targets: The objects.
    """
    found = []
    for image, seen, objects in zip(images, places, targets, strict=True):
        for place in np.flatnonzero((objects[:, LABEL] >= 0) & (objects[:, IGNORED] == 0)).tolist():
            left, top, right, bottom = np.rint(objects[place, :4]).astype(int).tolist()
            own = seen[top:bottom, left:right] == place + 1
            if right - left >= _SMALLEST_WH[0] and bottom - top >= _SMALLEST_WH[1] and own.mean() >= _FILLED:
                cut = image[top:bottom, left:right]
                found.append(Figure(cut, own.astype(np.uint8) * 255, int(objects[place, LABEL]), bottom))
    return found


def with_figures(
    image: npt.NDArray[np.uint8], objects: Rows, figures: Sequence[Figure], rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], Rows]:
    """Return an image with one or two of some figures pasted into it, and its objects with theirs."""
    by_label: dict[int, list[Figure]] = {}
    for figure in figures:
        by_label.setdefault(figure.label, []).append(figure)
    for _ in range(1 + int(rng.random() < _SECOND)):
        listed = by_label[sorted(by_label)[rng.integers(len(by_label))]]
        image, objects = _with_figure(image, objects, listed[rng.integers(len(listed))], rng)
    return image, objects


def _with_figure(
    image: npt.NDArray[np.uint8], objects: Rows, figure: Figure, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], Rows]:
    height, width = image.shape[:2]
    scale = rng.uniform(*_SCALES)
    own_width, own_height = (max(4, round(side * scale)) for side in figure.mask.shape[::-1])
    x = round(rng.uniform(-own_width / 4, width - own_width * 3 / 4))
    y = min(max(round(figure.bottom + rng.normal(0, _STEP)) - own_height, -own_height // 3), height - own_height // 2)
    box = (max(0, x), max(0, y), min(width, x + own_width), min(height, y + own_height))
    if min(box[2] - box[0], box[3] - box[1]) < _SMALLEST_WH[0]:
        return image, objects
    picture, mask = (
        Image.fromarray(one).resize((own_width, own_height), Image.Resampling.BILINEAR)
        for one in (figure.picture, figure.mask)
    )
    if rng.random() < 0.5:
        picture, mask = (one.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for one in (picture, mask))
    canvas = Image.fromarray(image)
    canvas.paste(picture, (x, y), mask)
    behind = _hidden(objects, box)
    return np.asarray(canvas), np.vstack([behind, np.array([[*box, figure.label, 0]], np.float32)])


def _hidden(objects: Rows, box: Sequence[float]) -> Rows:
    """Return objects behind a box; those of which it covers most are ignored."""
    found = objects.copy()
    sides = np.minimum(objects[:, 2:4], box[2:]) - np.maximum(objects[:, :2], box[:2])
    covered = np.prod(np.maximum(0, sides), axis=1)
    whole = np.prod(objects[:, 2:4] - objects[:, :2], axis=1)
    found[:, IGNORED] = np.maximum(found[:, IGNORED], covered > _HIDDEN * whole)
    return found
