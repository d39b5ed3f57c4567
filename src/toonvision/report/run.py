"""The report of a run."""

from pathlib import Path
from typing import Any

from toonvision.core.panels import FigurePanel, Table
from toonvision.core.wording import counted
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.models.registry import TREES
from toonvision.report import data_panels as data
from toonvision.report import run_panels as run
from toonvision.report.detection import detection_page
from toonvision.report.explain_panels import case_panels
from toonvision.report.facts import SUBSET_NAMES, data_fact, telling_facts, warnings_of
from toonvision.report.page import Page, section, write_page
from toonvision.report.results import CurrentSuspects, Results, gather_results, with_details
from toonvision.report.segmentation import segmentation_page
from toonvision.studies.contexts import contexts_panel
from toonvision.studies.cross_validation import folds_panel, folds_table
from toonvision.studies.curve import LearningCurve, curve_panel, curve_table
from toonvision.studies.leakage import leakage_table
from toonvision.studies.stress import stress_panel
from toonvision.studies.suspects import suspects_panel, suspects_table
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import DETECT, SEGMENT

_LEARNED = {
    False: "How the network learned.",
    True: "Trees are grown at once, without epochs, from counts of colours: there is no curve to show, and no map of "
    "evidence.",
}


def write_report(workspace: Workspace, folder: Path, evaluation: Evaluation[Any]) -> Page:
    """Draw every figure of a run and write its report, `report.html`, into the run's folder; return what it says.

    The page needs no other file.
    """
    page = run_page(with_details(gather_results(workspace, folder, evaluation), workspace, folder))
    write_page(page, folder)
    return page


def run_page(results: Results) -> Page:
    """Return a run's report: which panel stands where."""
    if page := {DETECT: detection_page, SEGMENT: segmentation_page}.get(results.evaluation.record.kind):
        return page(results)
    evaluation, level = results.evaluation, results.evaluation.record.level
    subset, title = SUBSET_NAMES[evaluation.subset], results.taxonomy.level(level).title
    kind = kind_of(results.taxonomy.task(evaluation.record.task))
    seen = "which it has not seen" if evaluation.subset == "test" else "which was used for training"
    trees = evaluation.record.settings.network == TREES
    return Page(
        title=evaluation.record.title,
        subtitle=(
            f"Predicts the {title.lower() if title.istitle() else title}: "
            f"{counted(len(evaluation.classes), 'class', 'classes')}. Evaluated on "
            f"{counted(len(evaluation.items), f'{subset} crop')}. Trained {evaluation.record.started[:10]}."
        ),
        facts=telling_facts(results),
        warnings=warnings_of(results),
        sections=(
            section(
                "data", "Data", data_fact(results), data.balance_panel(results.balance, results.taxonomy),
                data.shortages_panel(results.balance, results.taxonomy), data.next_table(results.balance),
                data.growth_over_time(results.growth, results.taxonomy),
                *_curve_panels(results), data.split_panel(results.split, level),
                *data.split_tables(results.split, level), data.near_table(results.split),
                *_suspect_panels(results.suspects),
                data.findings_table(results.counts, results.findings),
            ),
            section(
                "training", "Training", _LEARNED[trees],
                *(() if trees else (run.curves_panel(results.curves), run.peaks_table(results.best_curve))),
                run.repeats_table(results),
            ),
            section(
                "evaluation", "Evaluation", f"The predictions of the run's model on the {subset} subset, {seen}.",
                run.floors_table(evaluation), run.spread_panel(evaluation),
                *kind.panels(evaluation, results.taxonomy, temperature=results.temperature),
                *run.breakdown_panels(results.breakdowns), run.breakdown_table(results.breakdowns),
                *((folds_panel(results.folds), folds_table(results.folds)) if results.folds else ()),
                contexts_panel(results.contexts) if results.contexts else None,
                stress_panel(results.stress) if results.stress else None,
                leakage_table(results.leakage) if results.leakage else None,
            ),
            section(
                "explanations", "Explanations", "Where the model sees evidence for and against each class.",
                *case_panels(results),
            ),
            section("settings", "Settings", "What is needed to repeat this run.", run.settings_table(results)),
        ),
    )  # fmt: skip


def _curve_panels(results: Results) -> tuple[FigurePanel | Table, ...]:
    """Return the learning curve, with a note on how this run differs from what it was measured with."""
    curve = results.curve
    return (curve_panel(curve), curve_table(curve, note=_curve_note(results, curve))) if curve else ()


def _curve_note(results: Results, curve: LearningCurve) -> str:
    record = results.evaluation.record
    note = ""
    if curve.network != record.settings.network:
        note = f" This run has another network, {record.settings.network}, for which the numbers may differ."
    last = curve.points[-1]
    if last.share == 1 and round(last.mean_pictures) != record.samples["train"]:
        note += f" This run learned from {record.samples['train']:,} crops, not {last.mean_pictures:,.0f}."
    return note


def _suspect_panels(found: CurrentSuspects | None) -> tuple[FigurePanel | Table, ...]:
    """Return suspect labels, with a note on what has changed since the search."""
    if found is None:
        return ()
    study, note = found.study, ""
    changed = len(study.suspects) - len(found.current)
    if changed:
        note = f" {changed:,} of its suspects {'has' if changed == 1 else 'have'} been corrected since."
    if study.samples + study.unevaluated != found.samples:
        note += f" There are {found.samples:,} crops now. To search again: toonvision suspects {study.task}"
    table = suspects_table(study, found.current, found.crops.classes, note=note)
    return (suspects_panel(study, found.crops), table) if found.current else (table,)
