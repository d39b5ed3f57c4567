"""Panels of a run that finds objects and names pixels: what is shown of the pixels beside the boxes."""

from dataclasses import replace

from toonvision.core.panels import FigurePanel, Panel, Table
from toonvision.tasks.base import Evaluated
from toonvision.tasks.box_scores import BoxEvaluated
from toonvision.tasks.pixel_scores import PixelEvaluated, PixelScores
from toonvision.tasks.segment_panels import pixel_panels, pixels_table
from toonvision.taxonomy.labels import PIXEL_LEVEL, Taxonomy


def pixels_of(evaluation: BoxEvaluated, taxonomy: Taxonomy) -> PixelEvaluated | None:
    """Return the evaluation of the pixels of those screenshots that have a mask; None where none are named."""
    scores: list[PixelScores] = [one.pixels for one in evaluation.scores if one.pixels is not None]
    if not scores:
        return None
    masked = list(scores[0].masked)
    return Evaluated(
        classes=taxonomy.level(PIXEL_LEVEL).classes,
        items=tuple(evaluation.items[at] for at in masked),
        images=evaluation.images[masked],
        scores=tuple(scores),
        best_index=evaluation.best_index,
    )


def joint_panels(evaluation: BoxEvaluated, taxonomy: Taxonomy) -> list[Panel]:
    """Return what a report shows of the pixels of a run that also finds boxes; nothing where it names none."""
    pixels = pixels_of(evaluation, taxonomy)
    named = [] if pixels is None else pixel_panels(pixels)
    return [replace(one, name=f"pixel-{one.name}") if isinstance(one, FigurePanel) else one for one in named]


def joint_table(evaluation: BoxEvaluated, taxonomy: Taxonomy) -> Table | None:
    """Return the scores of each class of pixel of a run that also finds boxes; None where it names none."""
    pixels = pixels_of(evaluation, taxonomy)
    return None if pixels is None else pixels_table(pixels)
