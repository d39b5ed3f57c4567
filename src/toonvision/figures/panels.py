"""Drawing any figure panel, by the type of its value, and saving figures as PNG."""

import io
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from toonvision.core.files import write_bytes
from toonvision.core.panels import FigurePanel, write_rows
from toonvision.figures.style import DPI

DOTS_AN_INCH = 100
"""CSS pixels for an inch of a figure: text in it is then about as large as that of a page."""


@dataclass(frozen=True)
class WrittenFigure:
    """A figure that was drawn into a file.

    Attributes:
        path: The PNG; beside it lie its values as CSV.
        png: The file's bytes.
        width: Its natural width in CSS pixels.
    """

    path: Path
    png: bytes
    width: int


_DRAWN_BY = {
    "ActivationTiles": ("activations", "draw_activation"),
    "Architecture": ("architecture", "draw_architectures"),
    "BalanceBars": ("data", "draw_balance"),
    "BoxGallery": ("detection", "draw_box_gallery"),
    "BoxEvidence": ("detection", "draw_box_evidence"),
    "BoxContextStudy": ("detection", "draw_box_contexts"),
    "BoxFolds": ("detection", "draw_box_folds"),
    "BoxCurve": ("studies", "draw_learning_curve"),
    "BoxSpread": ("detection", "draw_box_spread"),
    "Breakdown": ("evaluation", "draw_breakdowns"),
    "Calibration": ("evaluation", "draw_calibration"),
    "ClassCurve": ("detection", "draw_precision_recall"),
    "ClassRow": ("evaluation", "draw_scores"),
    "ConfusionMatrix": ("evaluation", "draw_confusion"),
    "ContextStudy": ("studies", "draw_contexts"),
    "CrossValidation": ("studies", "draw_folds"),
    "CountTable": ("data", "draw_subsets"),
    "EvidenceBars": ("trust", "draw_evidence"),
    "FilterImages": ("activations", "draw_filter_images"),
    "FirstFilters": ("activations", "draw_first_filters"),
    "Gallery": ("pictures", "draw_gallery"),
    "GrowthAreas": ("growth", "draw_growth"),
    "Importance": ("trials", "draw_importance"),
    "LearningCurve": ("studies", "draw_learning_curve"),
    "LeastConfident": ("pictures", "draw_unsure"),
    "MapGrid": ("maps", "draw_map_grid"),
    "MapRows": ("maps", "draw_map_rows"),
    "MaskGallery": ("segmentation", "draw_mask_gallery"),
    "NoveltyTest": ("evaluation", "draw_novelty"),
    "ObjectGrowthAreas": ("growth", "draw_object_growth"),
    "OptimizationHistory": ("trials", "draw_search_history"),
    "ParallelCoordinates": ("trials", "draw_parallel"),
    "PixelRow": ("segmentation", "draw_iou"),
    "Race": ("race", "draw_race"),
    "Randomisation": ("trust", "draw_randomisations"),
    "ShortageMap": ("data", "draw_shortages"),
    "SizeErrorFront": ("race", "draw_front"),
    "Sightings": ("watched", "draw_sightings"),
    "Slice": ("trials", "draw_slices"),
    "StressTest": ("studies", "draw_stress"),
    "SuspectCrops": ("pictures", "draw_suspects"),
    "TrainingCurve": ("training", "draw_curves"),
    "TrainingSpread": ("training", "draw_spread"),
    "TrustCurves": ("trust", "draw_trust_curves"),
    "WatchTimeline": ("watched", "draw_timeline"),
}
"""Type of a value, or of those in a tuple, to the module and the function that draw it. They are imported when they are
first needed: figures of the data need not wait for the libraries of a search."""


def draw(value: Any) -> Figure:
    """Draw the value of a figure panel.

    Args:
        value: A result such as a `LearningCurve`, a value of `toonvision.figures.values`, or a tuple of at least one
            `Architecture`, `Breakdown`, `ClassRow`, `Randomisation`, `Slice` or `TrainingCurve`.
    """
    one = value[0] if isinstance(value, tuple) else value
    module, function = _DRAWN_BY[type(one).__name__]
    figure: Figure = getattr(import_module(f"toonvision.figures.{module}"), function)(value)
    return figure


def write_panel(panel: FigurePanel, folder: Path) -> WrittenFigure:
    """Draw a panel into a folder, as PNG with its values as CSV beside it, each file replaced as a whole.

    Args:
        panel: The figure.
        folder: Where the files go; made where it is missing.
    """
    figure = draw(panel.value)
    path = folder / f"{panel.name}.png"
    png = save_png(figure, path)
    write_rows(path.with_suffix(".csv"), panel.rows)
    return WrittenFigure(path, png, round(figure.get_figwidth() * DOTS_AN_INCH))


def to_png(figure: Figure, *, dpi: int = DPI) -> bytes:
    """Render a figure, whose layout is settled by that; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # a box stands for it
        engine = figure.get_layout_engine()
        figure.set_dpi(dpi)
        if engine is not None:  # with a layout engine left, `savefig` draws the figure, images too, twice
            engine.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def save_png(figure: Figure, path: Path, *, dpi: int = DPI) -> bytes:
    """Render a figure into a file, which is replaced as a whole, and return the bytes that were written."""
    content = to_png(figure, dpi=dpi)
    write_bytes(path, content)
    return content
