"""Parts of screenshots with boxes on them, in galleries."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toonvision.core.grouping import grouped
from toonvision.core.panels import FigurePanel
from toonvision.core.wording import counted
from toonvision.data.fitting import shown_hw
from toonvision.data.images import Pictures
from toonvision.tasks.box_outcomes import (
    AT_EDGE,
    BESIDE,
    IN_VIEW,
    box_of,
    cause,
    disturbances,
    height_bands,
    height_of,
)
from toonvision.tasks.box_scores import BoxEvaluated, Outcome, Shown
from toonvision.tasks.detect_targets import factors_of
from toonvision.taxonomy.labels import Category, Taxonomy

_AROUND, _SMALLEST_VIEW = 2.2, 96
"""How much of an image a view shows: so many times the box's longer side, in pixels no less than the second."""
_MOST_SHOWN, _MOST_CONTEXTS = 3, 6


@dataclass(frozen=True)
class Framed:
    """A box to draw.

    Attributes:
        xyxy: Its edges in pixels of a view, or of an image that views are cut from.
        color: ``#rrggbb``.
        predicted: Whether it was predicted, not annotated.
        subject: Whether the view is about it.
    """

    xyxy: tuple[float, float, float, float]
    color: str
    predicted: bool
    subject: bool = False


@dataclass(frozen=True, eq=False)
class View:
    """A part of a screenshot with boxes.

    Attributes:
        picture: Shape ``(height, width, 3)``, uint8.
        boxes: What is drawn on it.
        title: What it is about.
        notes: Lines more.
    """

    picture: Pictures
    boxes: tuple[Framed, ...]
    title: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ViewGroup:
    """Views that have something in common, which the title says."""

    title: str
    views: tuple[View, ...]


@dataclass(frozen=True, eq=False)
class BoxGallery:
    """At least one group of at least one view, in the order to show them."""

    groups: tuple[ViewGroup, ...]


def view_around(
    image: Pictures, boxes: Sequence[Framed], *, title: str, notes: Sequence[str], shown_hw: tuple[int, int]
) -> View:
    """Cut a square around the boxes that a view is about out of an image, with all others that reach into it.

    Args:
        image: Shape ``(height, width, 3)``, uint8.
        boxes: In pixels of the image; at least one is a subject.
        title: What the view is about.
        notes: Lines more.
        shown_hw: Height and width of what the image shows beside its black border.
    """
    about = np.array([box.xyxy for box in boxes if box.subject])
    box = np.concatenate([about[:, :2].min(axis=0), about[:, 2:].max(axis=0)])
    side = int(min(max(_AROUND * max(box[2:] - box[:2]), _SMALLEST_VIEW), *shown_hw))
    left, top = (
        int(np.clip((box[at] + box[at + 2] - side) / 2, 0, most - side))
        for at, most in ((0, shown_hw[1]), (1, shown_hw[0]))
    )
    found = []
    for one in boxes:
        edges = np.clip(np.array(one.xyxy) - [left, top, left, top], 0, side - 1)
        if edges[2] > edges[0] and edges[3] > edges[1]:
            x_min, y_min, x_max, y_max = edges.tolist()
            found.append(Framed((x_min, y_min, x_max, y_max), one.color, one.predicted, one.subject))
    found.sort(key=lambda one: one.subject)
    return View(np.asarray(image[top : top + side, left : left + side]), tuple(found), title, tuple(notes))


def framed(
    boxes: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    classes: Sequence[Category],
    *,
    predicted: bool,
    subject: int | None,
) -> list[Framed]:
    """Return boxes to draw, in the colours of their classes; `subject` is the index of the one that a view is about."""
    return [
        Framed((float(box[0]), float(box[1]), float(box[2]), float(box[3])), classes[label].color, predicted,
               at == subject)
        for at, (box, label) in enumerate(zip(boxes, labels.tolist(), strict=True))
    ]  # fmt: skip


def gallery_panel(evaluation: BoxEvaluated, taxonomy: Taxonomy, outcome: Outcome) -> FigurePanel | None:
    """Return missed objects or false alarms, by what disturbs or causes them, height and context; None without one.

    Each is shown once, in the first group that has room for it: the tallest misses, the most confident alarms.
    """
    best = evaluation.best
    listed = [one for one in best.outcomes if one.outcome == outcome]
    if not listed:
        return None
    missed = outcome == "missed"
    listed.sort(key=lambda one: -height_of(best, one) if missed else -float(best.taken.scores[one.prediction or 0]))
    groups, rows, shown = [], [], set()
    for title, members in _groups(evaluation, taxonomy, listed, missed=missed):
        new = [one for one in members if id(one) not in shown][:_MOST_SHOWN]
        shown |= set(map(id, new))
        if new:
            groups.append(ViewGroup(f"{title}: {len(members):,}", tuple(_view(evaluation, one) for one in new)))
            rows += [(title, *_row(evaluation, one)) for one in new]
    name = "Missed objects" if missed else "False alarms"
    which = f"{len(rows):,} of {len(listed):,}" if len(rows) < len(listed) else f"all {len(listed):,}"
    return FigurePanel(
        "missed" if missed else "false-alarms",
        f"{name}: {which}",
        f"Parts of screenshots with {counted(len(rows), name.lower().rstrip('s'))}, in groups: "
        f"{'; '.join(group.title for group in groups)}.",
        f"{'The tallest' if missed else 'The most confident'} of each group, each shown once. The thick box is the one "
        "in question; solid boxes are true, dashed ones predicted, in the colours of their classes.",
        BoxGallery(tuple(groups)),
        (("group", "screenshot", "context", "class", "cause", "height", "x_min", "y_min", "x_max", "y_max"), *rows),
    )


def _groups(
    evaluation: BoxEvaluated, taxonomy: Taxonomy, listed: Sequence[Shown], *, missed: bool
) -> list[tuple[str, list[Shown]]]:
    """Return groups of outcomes, which overlap: by what disturbs or by cause, by height, and by context."""
    best = evaluation.best
    if missed:
        disturbing = disturbances(best.truth, evaluation.frames)
        first = {name: [one for one in listed if disturbing[one.truth or 0] == name]
                 for name in (BESIDE, AT_EDGE, IN_VIEW)}  # fmt: skip
    else:
        causes = [cause(best, one) for one in listed]
        first = {name: [one for one, own in zip(listed, causes, strict=True) if own == name]
                 for name in dict.fromkeys(sorted(causes))}  # fmt: skip
    heights = {
        f"{band.title} high": [one for one in listed if band.holds(height_of(best, one))]
        for band in height_bands(evaluation)
    }
    contexts = grouped(listed, lambda one: taxonomy.context(evaluation.items[one.image].context).title)
    most = sorted(contexts.items(), key=lambda pair: -len(pair[1]))[:_MOST_CONTEXTS]
    found = [*first.items(), *heights.items(), *most]
    return [(name[0].upper() + name[1:], members) for name, members in found]


def _row(evaluation: BoxEvaluated, one: Shown) -> tuple[object, ...]:
    best, item = evaluation.best, evaluation.items[one.image]
    return (
        item.screenshot, item.context, _class_of(evaluation, one).name, cause(best, one), height_of(best, one),
        *map(float, box_of(best, one)),
    )  # fmt: skip


def _class_of(evaluation: BoxEvaluated, one: Shown) -> Category:
    best = evaluation.best
    missed = one.prediction is None
    return evaluation.classes[int(best.truth.labels[one.truth or 0] if missed else best.taken.labels[one.prediction])]


def _view(evaluation: BoxEvaluated, one: Shown) -> View:
    best, image, frame = evaluation.best, evaluation.images[one.image], evaluation.frames[one.image]
    factor = factors_of([frame], image.shape[:2])[0]
    boxes = []
    for given, index in ((best.truth, one.truth), (best.taken, one.prediction)):
        own = np.flatnonzero(given.image == one.image)
        if given.boxes is not None:
            subject = None if index is None else int(np.searchsorted(own, index))
            boxes += framed(given.boxes[own] / factor, given.labels[own], evaluation.classes,
                            predicted=given is best.taken, subject=subject)  # fmt: skip
    sure = "" if one.prediction is None else f"{100 * best.taken.scores[one.prediction]:.0f} %, "
    notes = (f"{sure}{height_of(best, one):.0f} px high", cause(best, one))
    shown = shown_hw(frame.shot.size_wh, (image.shape[0], image.shape[1]))
    return view_around(image, boxes, title=_class_of(evaluation, one).title, notes=notes, shown_hw=shown)
