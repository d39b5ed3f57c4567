"""What in a picture speaks for a box: the heatmap of middles, and how sure the detector is with parts covered.

A part that is covered shows the picture's mean colour. What the detector is less sure without speaks for the box.

Source:
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2 (occlusion).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Table, number_columns
from toonvision.core.wording import counted, percent
from toonvision.data.images import Pictures
from toonvision.models.grid import STRIDE
from toonvision.taxonomy.labels import Category

Values = npt.NDArray[np.float32]
Answer = Callable[[Pictures], Values]
"""From images to how likely a middle of each class is in each cell, ``(images, rows, columns, classes)``, 0 to 1."""
_PARTS, _SMALLEST = 8, 8
"""Into how many parts a box's longer side is cut, each of so many pixels at least."""
_AROUND = 1.0
"""Sides of a box that are covered part by part on each side of it."""
_GROUP = 32


@dataclass(frozen=True, eq=False)
class BoxEvidence:
    """What speaks for a box.

    Attributes:
        name: Of the picture.
        category: The class that was found.
        note: What is known of the box, in a few words.
        image: What the network saw, shape ``(height, width, 3)``, uint8.
        box: Left, upper, right and lower edge in pixels of that.
        heat: How likely a middle of the class is in each cell, shape ``(rows, columns)``, 0 to 1.
        lost: How much less sure the detector is with each pixel's part covered, shape ``(height, width)``, -1 to 1.
        score: How sure it is, 0 to 1.
        without_context: The same with all but the box covered.
        without_box: The same with the box covered.
    """

    name: str
    category: Category
    note: str
    image: Pictures
    box: tuple[float, float, float, float]
    heat: Values
    lost: Values
    score: float
    without_context: float
    without_box: float

    @property
    def inside(self) -> float:
        """Share of the evidence for the box that lies in it, 0 to 1; NaN where there is none."""
        left, top, right, bottom = _pixels(self.box, self.lost.shape)
        gained = np.maximum(self.lost, 0)
        total = float(gained.sum())
        return float(gained[top:bottom, left:right].sum()) / total if total else float("nan")


def measure_box(
    answer: Answer, image: Pictures, *, box: tuple[float, float, float, float], label: int, category: Category,
    name: str, note: str,
) -> BoxEvidence:  # fmt: skip
    """Measure what speaks for a box that a detector found in an image.

    Args:
        answer: The detector's map of middles.
        image: Shape ``(height, width, 3)``, uint8.
        box: In pixels of the image.
        label: Its class, from 0.
        category: The same, with its title and colour.
        name: Of the picture.
        note: What is known of the box.
    """
    left, top, right, bottom = _pixels(box, image.shape[:2])
    mean = image.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    alone, gone = np.empty_like(image), image.copy()
    alone[:] = mean
    alone[top:bottom, left:right] = image[top:bottom, left:right]
    gone[top:bottom, left:right] = mean
    maps = answer(np.stack([image, alone, gone]))[..., label]
    score, without_context, without_box = (float(_near(one, box)) for one in maps)
    lost = np.zeros(image.shape[:2], np.float32)
    parts = _parts(box, image.shape[:2])
    for start in range(0, len(parts), _GROUP):
        group = parts[start : start + _GROUP]
        covered = np.repeat(image[None], len(group), axis=0)
        for one, part in zip(covered, group, strict=True):
            one[part] = mean
        for part, found in zip(group, answer(covered)[..., label], strict=True):
            lost[part] = score - float(_near(found, box))
    return BoxEvidence(name, category, note, image, box, maps[0], lost, score, without_context, without_box)


def boxes_panel(evidence: tuple[BoxEvidence, ...]) -> FigurePanel:
    """Return the figure of what speaks for some boxes, at least one."""
    head = ("picture", "class", "note", "x_min", "y_min", "x_max", "y_max", "score", "without_context", "without_box",
            "evidence_inside")  # fmt: skip
    rows = tuple(
        (one.name, one.category.name, one.note, *one.box, one.score, one.without_context, one.without_box, one.inside)
        for one in evidence
    )
    return FigurePanel(
        "boxes", "What speaks for a box",
        f"{counted(len(evidence), 'box', 'boxes')}: the picture, the heatmap of middles, and which parts speak for the "
        "box.",
        "Left: the box. Middle: how likely the middle of an object of this class is. Right: without orange parts the "
        "detector is less sure of the box, without blue ones surer.",
        evidence, (head, *rows),
    )  # fmt: skip


def boxes_table(evidence: tuple[BoxEvidence, ...], which: str) -> Table:
    """Return how sure the detector is of boxes with the context, or the box, covered; `which` says which boxes."""
    columns = ("Picture", "Found", "What it is", "Sure", "Context covered", "Box covered", "Evidence in the box")
    rows = tuple(
        (one.name, one.category.title, one.note, percent(one.score), percent(one.without_context),
         percent(one.without_box), percent(one.inside))
        for one in evidence
    )  # fmt: skip
    return Table(
        "What speaks for boxes", columns, rows, number_columns(columns, 3),
        note=f"{counted(len(evidence), 'box', 'boxes')}: {which}. Covered parts show the picture's mean colour. A "
        "detector that is sure of a box whose content is covered relies on the context.",
    )  # fmt: skip


def _near(found: Values, box: tuple[float, float, float, float]) -> np.float32:
    """Return the highest value in the cell of a box's middle and the eight around it."""
    row, column = (int((box[at] + box[at + 2]) / 2 / STRIDE) for at in (1, 0))
    around: np.float32 = found[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max()
    return around


def _parts(box: tuple[float, float, float, float], size_hw: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Return squares that lie side by side on a box and around it."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    side = max(_SMALLEST, round(max(width, height) / _PARTS))
    around = (left - _AROUND * width, top - _AROUND * height, right + _AROUND * width, bottom + _AROUND * height)
    x_min, y_min, x_max, y_max = _pixels(around, size_hw)
    return [
        (slice(row, min(row + side, y_max)), slice(column, min(column + side, x_max)))
        for row in range(y_min, y_max, side)
        for column in range(x_min, x_max, side)
    ]


def _pixels(box: tuple[float, float, float, float], size_hw: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return whole edges of a box that lie in an image, at least one pixel apart."""
    edges = []
    for low, high, most in ((box[0], box[2], size_hw[1]), (box[1], box[3], size_hw[0])):
        start = min(max(0, round(low)), most - 1)
        edges.append((start, min(max(start + 1, round(high)), most)))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom
