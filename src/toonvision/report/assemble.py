"""From results to the contents of a report: which figure and table stands where."""

from pathlib import Path

from toonvision.core.wording import counted
from toonvision.report.contents import ReportContents, Results, Section, section, warnings_of
from toonvision.report.drawings import (
    balance_pictures,
    breakdown_pictures,
    calibration_picture,
    case_pictures,
    contexts_picture,
    curves_picture,
    score_pictures,
    split_picture,
    spread_picture,
    stress_picture,
)
from toonvision.report.explanations import explanation_pictures
from toonvision.report.facts import SUBSET_NAMES, data_fact, telling_facts
from toonvision.report.figure_files import drop_figures
from toonvision.report.studies import curve_picture, curve_table, suspects_picture, suspects_table
from toonvision.report.tables import (
    breakdown_table,
    calibration_table,
    findings_table,
    hardest_table,
    levels_table,
    near_table,
    next_table,
    peaks_table,
    repeats_table,
    scores_table,
    settings_table,
    split_tables,
)

_OPTIONAL_FIGURES = (
    "shortages", "spread", "wrong", "hardest", "unsure", "breakdown", "recorded", "contexts", "calibration",
    "maps-wrong", "maps-unsure", "learning-curve", "suspects", "stress",
)  # fmt: skip


def build_contents(results: Results, folder: Path) -> ReportContents:
    """Draw the figures into a folder and put the report together."""
    drop_figures(folder, _OPTIONAL_FIGURES)
    evaluation = results.evaluation
    record = evaluation.record
    title = results.taxonomy.level(record.level).title
    return ReportContents(
        title=record.title,
        subtitle=(
            f"Predicts the {title.lower() if title.istitle() else title} among "
            f"{counted(len(evaluation.classes), 'class', 'classes')}; judged on "
            f"{counted(len(evaluation.crops), 'crop')} of the {SUBSET_NAMES[evaluation.part]} part; trained "
            f"{record.started[:10]}."
        ),
        facts=telling_facts(results),
        warnings=warnings_of(results),
        sections=tuple(
            one
            for one in (
                _data_section(results, folder),
                _training_section(results, folder),
                _evaluation_section(results, folder),
                _explanations_section(results, folder),
                Section("settings", "Settings", "What is needed to make this run again.", (settings_table(results),)),
            )
            if one.parts
        ),
    )


def _data_section(results: Results, folder: Path) -> Section:
    level = results.evaluation.record.level
    pictures = balance_pictures(results.balance, results.taxonomy, folder)
    return section(
        "data", "Data", f"What was collected, how it was divided, and what is still missing. {data_fact(results)}",
        *pictures, next_table(results.balance), curve_picture(results, folder), curve_table(results),
        split_picture(results.split, level, folder), *split_tables(results.split, level), near_table(results.split),
        suspects_picture(results, folder), suspects_table(results), findings_table(results.counts, results.findings),
    )  # fmt: skip


def _training_section(results: Results, folder: Path) -> Section:
    kept = next(curve for curve in results.curves if curve.chosen)
    return section(
        "training", "Training", "How the network learned.",
        curves_picture(results.curves, folder), peaks_table(kept), repeats_table(results),
    )  # fmt: skip


def _evaluation_section(results: Results, folder: Path) -> Section:
    evaluation = results.evaluation
    part = SUBSET_NAMES[evaluation.part]
    return section(
        "evaluation", "Evaluation", f"What the kept model makes of the {part} part, which it has not seen."
        if evaluation.part == "test" else f"What the kept model makes of the {part} part, which shaped it.",
        spread_picture(evaluation, folder), *score_pictures(evaluation, folder), scores_table(evaluation),
        levels_table(evaluation, results.taxonomy), *case_pictures(evaluation, folder), hardest_table(evaluation),
        *breakdown_pictures(results.breakdowns, folder), breakdown_table(results.breakdowns),
        contexts_picture(results.contexts, folder), stress_picture(results.stress, folder),
        calibration_picture(evaluation, folder),
        calibration_table(evaluation.calibration, results.temperature),
    )  # fmt: skip


def _explanations_section(results: Results, folder: Path) -> Section:
    """Show where the model sees evidence; empty where no maps were asked for."""
    return section(
        "explanations", "Explanations", "Where the kept model sees evidence for and against each class.",
        *explanation_pictures(results, folder),
    )  # fmt: skip
