"""Figures as PNG: to a file that is whole or absent, or to bytes."""

import io
import warnings
from pathlib import Path

from matplotlib.figure import Figure

from toonvision.core.files import write_bytes

DPI = 150


def to_png(figure: Figure, *, dpi: int = DPI) -> bytes:
    """Render a figure, whose layout is settled by that; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")  # a box stands for it
        _settle_layout(figure, dpi)
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _settle_layout(figure: Figure, dpi: int) -> None:
    """Place the axes once: with a layout engine left, `savefig` draws the figure, images too, twice."""
    engine = figure.get_layout_engine()
    figure.set_dpi(dpi)
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def save_png(figure: Figure, path: Path, *, dpi: int = DPI) -> bytes:
    """Render a figure into a file, which is replaced as a whole, and return the bytes that were written."""
    content = to_png(figure, dpi=dpi)
    write_bytes(path, content)
    return content
