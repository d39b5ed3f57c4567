"""What the page of a run shows that is particular to its kind of task."""

from dataclasses import dataclass

from toonvision.core.panels import Panel, Table
from toonvision.report import data_panels as data
from toonvision.report.page import Section
from toonvision.report.results import Results
from toonvision.report.study_panels import curve_panels, suspect_panels


@dataclass(frozen=True)
class RunParts:
    """What is particular to a kind of task on the page of a run; panels that are None are not there.

    Attributes:
        predicts: What the run predicts, as the beginning of a sentence that ends with the number of classes.
        facts: The most important sentences.
        data_fact: What is to be known of the data, in a sentence.
        data: Panels of the data, but for what the last extraction found.
        trainings: A row for each training.
        tests: What its evaluation shows, as the beginning of a sentence that ends with the images.
        evaluation: Panels of the evaluation.
        more: Sections after it.
    """

    predicts: str
    facts: tuple[str, ...]
    data_fact: str
    data: tuple[Panel | None, ...]
    trainings: Table
    tests: str
    evaluation: tuple[Panel | None, ...]
    more: tuple[Section, ...] = ()


def of_objects(results: Results) -> tuple[Panel | None, ...]:
    """Return the panels of annotated objects: collected, split, and studied."""
    level = results.evaluation.record.level
    return (
        data.balance_panel(results.balance, results.taxonomy),
        data.shortages_panel(results.balance, results.taxonomy),
        data.next_table(results.balance),
        data.growth_panel(results.growth, results.taxonomy) if results.growth else None,
        data.object_growth_panel(results.growth, results.taxonomy) if results.growth else None,
        *curve_panels(results),
        data.split_panel(results.split, level),
        *data.split_tables(results.split, level),
        data.near_table(results.split),
        *suspect_panels(results),
    )
