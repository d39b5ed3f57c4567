"""From results to one HTML file that needs nothing else."""

import base64
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from toonvision.core.files import write_text
from toonvision.data.workspace import Workspace
from toonvision.evaluation.judge import Evaluation
from toonvision.report.assemble import build_contents
from toonvision.report.contents import Picture, ReportContents, Table
from toonvision.report.gather import gather_results

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
    contents = build_contents(gather_results(workspace, run, evaluation), run / FIGURES)
    path = run / REPORT
    write_text(path, render_report(contents))
    return path


def render_report(contents: ReportContents) -> str:
    """Write a report as a self-contained page: pictures and style are in it, nothing is fetched, nothing runs.

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
    style = (files("toonvision.report") / "templates" / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(report=contents, style=Markup(style))
