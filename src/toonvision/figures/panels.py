"""Drawing any figure panel: by the type of its value."""

from functools import singledispatch
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from toonvision.core.panels import FigurePanel, write_rows
from toonvision.figures.contexts import draw_contexts
from toonvision.figures.learning_curve import draw_learning_curve
from toonvision.figures.save import save_png
from toonvision.figures.stress import draw_stress
from toonvision.figures.suspects import draw_suspects
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.curve import LearningCurve
from toonvision.studies.stress import StressTest
from toonvision.studies.suspects import SuspectCrops


@singledispatch
def draw(value: Any) -> Figure:
    """Draw the value of a figure panel."""
    raise TypeError(f"no figure is known for a {type(value).__name__}")


draw.register(ContextStudy)(draw_contexts)
draw.register(LearningCurve)(draw_learning_curve)
draw.register(StressTest)(draw_stress)
draw.register(SuspectCrops)(draw_suspects)


def write_panel(panel: FigurePanel, folder: Path) -> Path:
    """Draw a panel into a folder, as PNG with its values as CSV beside it; return the PNG's path.

    Each file is replaced as a whole. The folder is made where it is missing.
    """
    path = folder / f"{panel.name}.png"
    save_png(draw(panel.value), path)
    write_rows(path.with_suffix(".csv"), panel.rows)
    return path
