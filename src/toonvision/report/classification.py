"""What the report of a run shows that names one object."""

from toonvision.core.panels import Table
from toonvision.core.wording import interval, percent
from toonvision.report import run_panels as run
from toonvision.report.explain_panels import case_panels
from toonvision.report.facts import data_fact, main_facts
from toonvision.report.page import section
from toonvision.report.parts import RunParts, of_objects
from toonvision.report.results import Results
from toonvision.report.study_panels import context_panels, fold_panels
from toonvision.studies.leakage import leakage_table
from toonvision.studies.stress import stress_panel
from toonvision.tasks.registry import kind_of


def classification_parts(results: Results) -> RunParts:
    """Return what is particular to a classifier on the page of a run."""
    evaluation, taxonomy = results.evaluation, results.taxonomy
    kind = kind_of(taxonomy.task(evaluation.record.task))
    return RunParts(
        predicts=f"Predicts the {taxonomy.level(evaluation.record.level).noun}:",
        facts=main_facts(results),
        data_fact=data_fact(results),
        data=of_objects(results),
        trainings=_trainings(results),
        tests="The predictions of the run's model on",
        evaluation=(
            run.floors_table(evaluation), run.spread_panel(evaluation),
            *kind.panels(evaluation, taxonomy, temperature=results.temperature),
            *run.breakdown_panels(results.breakdowns), run.breakdown_table(results.breakdowns),
            *fold_panels(results), *context_panels(results),
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
