"""The report of a run."""

from pathlib import Path
from typing import Any

from toonvision.core.wording import counted
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.models.registry import TREES
from toonvision.report import data_panels as data
from toonvision.report import run_panels as run
from toonvision.report.classification import classification_parts
from toonvision.report.detection import detection_parts
from toonvision.report.facts import SUBSET_NAMES, warnings_of
from toonvision.report.page import Page, section, write_page
from toonvision.report.results import Results, gather_results, with_details
from toonvision.report.segmentation import segmentation_parts
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT

_LEARNED = {
    False: "How the network learned.",
    True: "Trees are grown at once, without epochs, from counts of colours: there is no curve to show, and no map of "
    "evidence.",
}
_PARTS = {CLASSIFY: classification_parts, DETECT: detection_parts, SEGMENT: segmentation_parts}


def write_report(workspace: Workspace, folder: Path, evaluation: Evaluation[Any]) -> Page:
    """Draw every figure of a run and write its report, `report.html`, into the run's folder; return what it says.

    The page needs no other file.
    """
    page = run_page(with_details(gather_results(workspace, folder, evaluation), workspace, folder))
    write_page(page, folder)
    return page


def run_page(results: Results) -> Page:
    """Return a run's report: which panel stands where."""
    evaluation, record = results.evaluation, results.evaluation.record
    parts = _PARTS[record.kind](results)
    subset, unit = SUBSET_NAMES[evaluation.subset], kind_of(record.as_task).unit
    seen = "which it has not seen" if evaluation.subset == "test" else "which were used for training"
    trees = record.settings.network == TREES
    return Page(
        title=record.title,
        subtitle=(
            f"{parts.predicts} {counted(len(evaluation.classes), 'class', 'classes')}. Evaluated on "
            f"{counted(len(evaluation.items), f'{subset} {unit}')}. Trained {record.started[:10]}."
        ),
        facts=parts.facts,
        warnings=warnings_of(results),
        sections=(
            section(
                "data", "Data", parts.data_fact, *parts.data, data.findings_table(results.counts, results.findings)
            ),
            section(
                "training", "Training", _LEARNED[trees],
                *(() if trees else (run.curves_panel(results.curves), run.peaks_table(results.best_curve))),
                parts.trainings,
            ),
            section("evaluation", "Evaluation", f"{parts.tests} the {subset} {unit}s, {seen}.", *parts.evaluation),
            *parts.more,
            section("settings", "Settings", "What is needed to repeat this run.", run.settings_table(results)),
        ),
    )  # fmt: skip
