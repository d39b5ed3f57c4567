"""From panels to one HTML file that needs nothing else."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from toonvision.core.files import write_text
from toonvision.core.panels import FigurePanel, Listing, Panel, Table
from toonvision.figures.panels import WrittenFigure, write_panel

REPORT, FIGURES = "report.html", "figures"
_OPTION = re.compile(r"(?<!\S)--[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Section:
    """A section of a page: a heading, a sentence below it (`lead`), and panels; links point to its `id`."""

    id: str
    title: str
    lead: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Page:
    """A whole report; sections without a panel are not shown."""

    title: str
    subtitle: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def figures(self) -> tuple[FigurePanel, ...]:
        """The figures of all sections."""
        return tuple(panel for one in self.sections for panel in one.panels if isinstance(panel, FigurePanel))


def section(name: str, title: str, lead: str, *panels: Panel | None) -> Section:
    """Return a section of the panels that there are."""
    return Section(name, title, lead, tuple(panel for panel in panels if panel is not None))


def write_page(page: Page, folder: Path) -> Path:
    """Draw a page's figures into `figures` below a folder, and write the page, `report.html`, into the folder.

    Figures of an earlier page that are not part of this one are removed.

    Returns:
        The page's file. It does not need the figures' files.
    """
    figures = folder / FIGURES
    written = {panel.name: write_panel(panel, figures) for panel in page.figures}
    for values in figures.glob("*.csv"):
        if values.stem not in written and values.with_suffix(".png").is_file():
            values.with_suffix(".png").unlink()
            values.unlink()
    write_text(folder / REPORT, render_page(page, written))
    return folder / REPORT


def render_page(page: Page, figures: Mapping[str, WrittenFigure]) -> str:
    """Return a page as self-contained HTML: images, style and script are in it, nothing is fetched.

    The script sorts tables and closes enlarged images by the escape key; without it everything can be read. The page's
    content security policy allows no other script.

    Args:
        page: What to show; every text in it is escaped.
        figures: The figures of all figure panels, by name.
    """
    environment = Environment(
        loader=PackageLoader("toonvision.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = _sentence
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    for name, kind in (("figure", FigurePanel), ("table", Table), ("listing", Listing)):
        environment.tests[name] = lambda panel, kind=kind: isinstance(panel, kind)
    templates = files("toonvision.report") / "templates"
    script = (templates / "report.js").read_text(encoding="utf-8").strip()
    style = (templates / "report.css").read_text(encoding="utf-8")
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        report=page, figures=figures, style=Markup(style), script=Markup(script), script_hash=f"sha256-{script_hash}"
    )


def _sentence(text: str) -> Markup:
    """Return a text as HTML, escaped, with options of commands as code, which no line ends within."""
    return Markup(_OPTION.sub(r"<code>\g<0></code>", str(escape(text))))
