"""What the report of a run shows that names one object."""

from toonvision.core.panels import FigurePanel, Table
from toonvision.core.wording import interval, percent
from toonvision.report import run_panels as run
from toonvision.report.explain_panels import case_panels
from toonvision.report.facts import data_fact, main_facts
from toonvision.report.page import section
from toonvision.report.parts import RunParts, of_objects
from toonvision.report.results import CurrentSuspects, Results
from toonvision.studies.contexts import contexts_panel
from toonvision.studies.cross_validation import folds_panel, folds_table
from toonvision.studies.curve import LearningCurve, curve_panel, curve_table
from toonvision.studies.leakage import leakage_table
from toonvision.studies.stress import stress_panel
from toonvision.studies.suspects import suspects_panel, suspects_table
from toonvision.tasks.registry import kind_of


def classification_parts(results: Results) -> RunParts:
    """Return what is particular to a classifier on the page of a run."""
    evaluation, taxonomy = results.evaluation, results.taxonomy
    title = taxonomy.level(evaluation.record.level).title
    kind = kind_of(taxonomy.task(evaluation.record.task))
    return RunParts(
        predicts=f"Predicts the {title.lower() if title.istitle() else title}:",
        facts=main_facts(results),
        data_fact=data_fact(results),
        data=of_objects(results, _curve_panels(results), _suspect_panels(results.suspects)),
        trainings=_trainings(results),
        tests="The predictions of the run's model on",
        evaluation=(
            run.floors_table(evaluation), run.spread_panel(evaluation),
            *kind.panels(evaluation, taxonomy, temperature=results.temperature),
            *run.breakdown_panels(results.breakdowns), run.breakdown_table(results.breakdowns),
            *((folds_panel(results.folds), folds_table(results.folds)) if results.folds else ()),
            contexts_panel(results.contexts) if results.contexts else None,
            stress_panel(results.stress) if results.stress else None,
            leakage_table(results.leakage) if results.leakage else None,
        ),
        more=(
            section(
                "explanations", "Explanations", "Where the model sees evidence for and against each class.",
                *case_panels(results),
            ),
        ),
    )  # fmt: skip


def _trainings(results: Results) -> Table:
    """Return a row for each training: how long it took and how well it predicts."""
    reports = [scores.report for scores in results.evaluation.scores]
    cells = [
        (f"{one.wrong:,}", percent(one.accuracy.share), interval(one.accuracy), f"{one.macro.f1:.3f}")
        for one in reports
    ]
    learned = ", on crops that it learned from too" * results.evaluation.record.settings.with_validation
    return run.trainings_table(results, ("Wrong", "Accuracy", "95 % interval", "Macro F1"), cells, by=learned)


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
        note += f" There are {found.samples:,} crops now. To search again, run toonvision suspects."
    table = suspects_table(study, found.current, found.crops.classes, note=note)
    return (suspects_panel(study, found.crops, found.crops.suspects), table) if found.current else (table,)
