"""From results to one HTML file that needs nothing else."""

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toonvision.core.files import write_text
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.report.assemble import build_contents
from toonvision.report.contents import Listing, Picture, ReportContents, Table
from toonvision.report.gather import gather_results, look_closer

REPORT, FIGURES = "report.html", "figures"


def write_report(workspace: Workspace, run: Path, evaluation: Evaluation) -> Path:
    """Draw every figure of a run and write its report.

    Args:
        workspace: Where the run was trained.
        run: The run's folder.
        evaluation: The run, judged.

    Returns:
        The page: `report.html` in the run's folder. The figures lie beside it, but the page does not need them.
    """
    results = look_closer(gather_results(workspace, run, evaluation), workspace, run)
    contents = build_contents(results, run / FIGURES)
    path = run / REPORT
    write_text(path, render_report(contents))
    return path


def render_report(contents: ReportContents) -> str:
    """Write a report as a self-contained page: pictures, style and script are in it, nothing is fetched.

    The script sorts tables and closes enlarged pictures by the escape key; without it everything can be read, and
    nothing but it can run.

    Args:
        contents: What to say; every text in it is escaped.
    """
    environment = Environment(
        loader=PackageLoader("toonvision.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    environment.tests["picture"] = lambda part: isinstance(part, Picture)
    environment.tests["table"] = lambda part: isinstance(part, Table)
    environment.tests["listing"] = lambda part: isinstance(part, Listing)
    templates = files("toonvision.report") / "templates"
    script = (templates / "report.js").read_text(encoding="utf-8").strip()
    style = (templates / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        report=contents, style=Markup(style), script=Markup(script), script_hash=_content_hash(script)
    )


def _content_hash(script: str) -> str:
    """Give what the page's content security policy allows to run: this one script, to the letter."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"
