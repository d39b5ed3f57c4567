"""What in a picture speaks for a box: the heatmap of middles, and how sure the detector is with parts covered.

A part that is covered shows the picture's mean colour. What the detector is less sure without speaks for the box.

Source:
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2 (occlusion).
"""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.seeds import generator
from toonvision.core.wording import between, counted, percent
from toonvision.data.boxes import Xyxy
from toonvision.data.images import Pictures
from toonvision.explain.activations import Values
from toonvision.explain.evidence import bootstrap_intervals
from toonvision.models.grid import STRIDE
from toonvision.taxonomy.labels import Category

Answer = Callable[[Pictures], Values]
"""From images to how likely a middle of each class is in each cell, ``(images, rows, columns, classes)``, 0 to 1."""
_PARTS, _SMALLEST = 8, 8
"""Into how many parts a box's longer side is cut, each of so many pixels at least."""
_AROUND = 1.0
"""Sides of a box that are covered part by part on each side of it."""
_WINDOW, _SMALLEST_WINDOW = 2.2, 96
"""Sides of a box that the square around it has which is shown, of so many pixels at least."""
_GROUP = 32


@dataclass(frozen=True, eq=False)
class BoxCase:
    """A box to explain.

    Attributes:
        name: Of the picture.
        image: What the network sees, shape ``(height, width, 3)``, uint8.
        shown_hw: Height and width of what that shows beside its black border, in pixels.
        box: The box, in pixels of what the network sees.
        label: Its class, from 0.
        note: What is known of it, in a few words.
        screenshot: What its picture is counted as where pictures are drawn for an interval.
        figure: Which pixels show the object that was found, shape ``(height, width)``, bool; None where no mask says.
    """

    name: str
    image: Pictures
    shown_hw: tuple[int, int]
    box: Xyxy
    label: int
    note: str
    screenshot: Hashable = None
    figure: npt.NDArray[np.bool_] | None = None

    @property
    def around(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of the pixels that are covered part by part."""
        left, top, right, bottom = self.box
        width, height = _AROUND * (right - left), _AROUND * (bottom - top)
        return _pixels((left - width, top - height, right + width, bottom + height), self.shown_hw)

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge of a square around the box, to show."""
        edges = np.array(self.box)
        side = int(min(max(_WINDOW * max(edges[2:] - edges[:2]), _SMALLEST_WINDOW), *self.shown_hw))
        left, top = (
            int(np.clip((edges[at] + edges[at + 2] - side) / 2, 0, self.shown_hw[1 - at] - side)) for at in (0, 1)
        )
        return left, top, left + side, top + side


@dataclass(frozen=True, eq=False)
class BoxEvidence:
    """What speaks for a box.

    Attributes:
        case: The box.
        category: The class that was found.
        heat: How likely a middle of the class is in each cell, shape ``(rows, columns)``, 0 to 1.
        lost: How much less sure the detector is with each pixel's part covered, shape ``(height, width)``, -1 to 1.
        score: How sure it is, 0 to 1.
        without_context: The same with all but the box covered.
        without_box: The same with the box covered.
    """

    case: BoxCase
    category: Category
    heat: Values
    lost: Values
    score: float
    without_context: float
    without_box: float

    @property
    def inside(self) -> float:
        """Share of the evidence for the box that lies in it, 0 to 1; NaN where there is none."""
        left, top, right, bottom = _pixels(self.case.box, self.lost.shape)
        inside = np.zeros(self.lost.shape, np.bool_)
        inside[top:bottom, left:right] = True
        return self._share_on(inside)

    @property
    def on_figure(self) -> float:
        """Share of the evidence for the box that lies on its object, 0 to 1; NaN without evidence or a mask."""
        return math.nan if self.case.figure is None else self._share_on(self.case.figure)

    @property
    def figure_area(self) -> float:
        """Share of the covered pixels that show the object, which even evidence would have; NaN without a mask."""
        if self.case.figure is None:
            return math.nan
        left, top, right, bottom = self.case.around
        return float(self.case.figure[top:bottom, left:right].mean())

    def _share_on(self, pixels: npt.NDArray[np.bool_]) -> float:
        gained = np.maximum(self.lost, 0)
        total = float(gained.sum())
        return float(gained[pixels].sum()) / total if total else math.nan


def measure_box(answer: Answer, case: BoxCase, category: Category) -> BoxEvidence:
    """Measure what speaks for a box that a detector found in an image.

    Args:
        answer: The detector's map of middles.
        case: The box.
        category: Its class.
    """
    image, box, label = case.image, case.box, case.label
    left, top, right, bottom = _pixels(box, image.shape[:2])
    mean = image.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    alone, gone = np.empty_like(image), image.copy()
    alone[:] = mean
    alone[top:bottom, left:right] = image[top:bottom, left:right]
    gone[top:bottom, left:right] = mean
    maps = answer(np.stack([image, alone, gone]))[..., label]
    score, without_context, without_box = (float(_near(one, box)) for one in maps)
    lost = np.zeros(image.shape[:2], np.float32)
    parts = _parts(case)
    for start in range(0, len(parts), _GROUP):
        group = parts[start : start + _GROUP]
        covered = np.repeat(image[None], len(group), axis=0)
        for one, part in zip(covered, group, strict=True):
            one[part] = mean
        for part, found in zip(group, answer(covered)[..., label], strict=True):
            lost[part] = score - float(_near(found, box))
    return BoxEvidence(case, category, maps[0], lost, score, without_context, without_box)


def boxes_panel(evidence: tuple[BoxEvidence, ...]) -> FigurePanel:
    """Return the figure of what speaks for some boxes, at least one."""
    head = ("picture", "class", "note", "x_min", "y_min", "x_max", "y_max", "score", "without_context", "without_box",
            "evidence_inside", "evidence_on_figure", "figure_area")  # fmt: skip
    rows = tuple(
        (one.case.name, one.category.name, one.case.note, *one.case.box, one.score, one.without_context,
         one.without_box, *("" if math.isnan(share) else share
                            for share in (one.inside, one.on_figure, one.figure_area)))
        for one in evidence
    )  # fmt: skip
    return FigurePanel(
        "boxes", "What speaks for a box",
        f"{counted(len(evidence), 'box', 'boxes')}: the picture, the heatmap of middles, and which parts speak for the "
        "box.",
        "Left: the box, with what is around it. Middle: how likely the middle of an object of this class is. Right: "
        "without orange parts the detector is less sure of the box, without blue ones surer.",
        evidence, (head, *rows),
    )  # fmt: skip


def boxes_table(evidence: tuple[BoxEvidence, ...], which: str) -> Table:
    """Return how sure the detector is of boxes with the context, or the box, covered; `which` says which boxes."""
    masked = any(one.case.figure is not None for one in evidence)
    columns = ("Picture", "Found", "What it is", "Sure", "Context covered", "Box covered", "Evidence in the box",
               *["On the figure", "Its area"] * masked)  # fmt: skip
    rows = tuple(
        (one.case.name, one.category.title, one.case.note, percent(one.score), percent(one.without_context),
         percent(one.without_box), percent(one.inside), *[percent(one.on_figure), percent(one.figure_area)] * masked)
        for one in evidence
    )  # fmt: skip
    return table(
        "What speaks for boxes", columns, rows, names=3,
        note=f"{counted(len(evidence), 'box', 'boxes')}: {which}. Covered parts show the picture's mean colour. A "
        "detector that is sure of a box whose content is covered relies on the context.",
    )  # fmt: skip


def figures_sentence(evidence: Sequence[BoxEvidence]) -> str:
    """Return how much of the evidence for boxes lies on their objects, as far as masks show these."""
    known = [one for one in evidence if math.isfinite(one.on_figure)]
    if not known:
        return "No mask shows a figure that was found, so it is not known how much of the evidence lies on the figures."
    shares = np.array([[one.on_figure] for one in known])
    ((low, high),) = bootstrap_intervals(shares, [one.case.screenshot for one in known], generator(0, "box-evidence"))
    area = float(np.mean([one.figure_area for one in known]))
    return (
        f"Of what speaks for {counted(len(known), 'box', 'boxes')} with a mask, {percent(float(shares.mean()))} lies "
        f"on the figure (95 % interval {between(100 * low, 100 * high, '.1f')} %), which has {percent(area)} of the "
        "covered area."
    )


def _near(found: Values, box: Xyxy) -> np.float32:
    """Return the highest value in the cell of a box's middle and the eight around it."""
    row, column = (int((box[at] + box[at + 2]) / 2 / STRIDE) for at in (1, 0))
    around: np.float32 = found[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max()
    return around


def _parts(case: BoxCase) -> list[tuple[slice, slice]]:
    """Return squares that lie side by side on a box and around it."""
    left, top, right, bottom = case.box
    side = max(_SMALLEST, round(max(right - left, bottom - top) / _PARTS))
    x_min, y_min, x_max, y_max = case.around
    return [
        (slice(row, min(row + side, y_max)), slice(column, min(column + side, x_max)))
        for row in range(y_min, y_max, side)
        for column in range(x_min, x_max, side)
    ]


def _pixels(box: Xyxy, size_hw: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return whole edges of a box that lie in an image, at least one pixel apart."""
    edges = []
    for low, high, most in ((box[0], box[2], size_hw[1]), (box[1], box[3], size_hw[0])):
        start = min(max(0, round(low)), most - 1)
        edges.append((start, min(max(start + 1, round(high)), most)))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom
