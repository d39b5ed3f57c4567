"""What a report says: plain values, so that it can be tested without drawing or parsing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from toonvision.core.errors import Finding
from toonvision.data.arrays import Pictures
from toonvision.data.balance import Balance
from toonvision.data.split_summary import SplitSummary
from toonvision.evaluation.breakdown import Breakdown
from toonvision.evaluation.evaluate import Evaluation
from toonvision.explain.cam import ClassMaps
from toonvision.figures.curves import Curve
from toonvision.figures.scores import ClassRow
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.curve import LearningCurve
from toonvision.studies.stress import StressTest
from toonvision.studies.suspects import Suspect, SuspectStudy
from toonvision.taxonomy.labels import Taxonomy


@dataclass(frozen=True)
class MappedCases:
    """Class activation maps of the gravest wrong and the least sure predictions.

    Attributes:
        wrong: Places of wrong samples, the gravest first.
        unsure: Places of other samples, the least confident first.
        maps: Of `wrong`, then of `unsure`, for all classes.
    """

    wrong: Indices
    unsure: Indices
    maps: ClassMaps

    @property
    def places(self) -> Indices:
        """All places, in the order of the maps."""
        return np.concatenate([self.wrong, self.unsure])


@dataclass(frozen=True, eq=False)
class SuspectLabels:
    """What a search for suspect labels found, as far as it still holds.

    Attributes:
        study: The search.
        standing: Its suspects whose crops still have the label that it doubted, the most suspect first.
        pictures: Of the first of those, shape ``(pictures, height, width, 3)``, 0 to 255.
        samples: How many crops of the task there are now.
    """

    study: SuspectStudy
    standing: tuple[Suspect, ...]
    pictures: Pictures
    samples: int


@dataclass(frozen=True)
class Results:
    """All that a report is made from.

    Attributes:
        evaluation: The run's predictions.
        taxonomy: What the labels mean.
        balance: What was collected.
        split: How the split that was trained on came out.
        screenshots: How many screenshots the task's crops come from.
        curves: The course of each training.
        counts: Numbers of the last extraction.
        findings: What the last extraction found.
        newer: Crops that the split does not know.
        breakdowns: Wrong predictions by where, what and how the pictures were taken.
        contexts: The newest study of contexts that were left out, of the same task and network, if there is one.
        curve: The newest learning curve of the same task, if there is one.
        suspects: The newest search for suspect labels of the same task, if there is one.
        stress: The run under changes of light, lens, file and box, where that was measured.
        mapped: Class activation maps of some pictures, where they were asked for.
        temperature: What is stored with the model, if anything.
        unread: What should be part of the report and cannot be read, in one sentence each.
    """

    evaluation: Evaluation
    taxonomy: Taxonomy
    balance: Balance
    split: SplitSummary
    screenshots: int
    curves: tuple[Curve, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    newer: int = 0
    breakdowns: tuple[Breakdown, ...] = ()
    contexts: ContextStudy | None = None
    curve: LearningCurve | None = None
    suspects: SuspectLabels | None = None
    stress: StressTest | None = None
    mapped: MappedCases | None = None
    temperature: float | None = None
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: What it shows.
        columns: The columns' headings.
        rows: The cells.
        numbers: Places of the columns that hold numbers, which stand to the right.
        note: What must be known to read it.
        shown: How many rows are seen before unfolding.
        totals: How many of the last rows sum up the others; they stay last however the table is sorted.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""
    shown: int = 1000
    totals: int = 0


@dataclass(frozen=True)
class Picture:
    """One drawn figure.

    Attributes:
        name: Its file name.
        title: What it shows.
        alternative: What is to be seen, for those who do not see it.
        caption: How to read it.
        png: The file's bytes.
        width: Its natural width in CSS pixels.
    """

    name: str
    title: str
    alternative: str
    caption: str
    png: bytes = field(repr=False)
    width: int


@dataclass(frozen=True)
class Listing:
    """Lines to be copied as they stand: a command, or what a file holds.

    Attributes:
        title: What it is.
        text: The lines.
        note: What it is for.
    """

    title: str
    text: str
    note: str = ""


Subset = Picture | Table | Listing


@dataclass(frozen=True)
class Section:
    """A part of the report: pictures, tables and listings in the order in which they stand.

    Attributes:
        id: What links point to.
        title: Its heading.
        lead: A sentence below the heading.
        parts: What it shows.
    """

    id: str
    title: str
    lead: str
    parts: tuple[Subset, ...]


def section(name: str, title: str, lead: str, *parts: Subset | None) -> Section:
    """Put a part of a report together from what there is; what is None is left out."""
    return Section(name, title, lead, tuple(part for part in parts if part is not None))


@dataclass(frozen=True)
class ReportContents:
    """A whole report.

    Attributes:
        title: What the run or the study is called.
        subtitle: What was predicted, from what, when.
        facts: Some sentences.
        warnings: What must be known before a number is believed.
        sections: Such as data, training, evaluation, explanations, settings.
    """

    title: str
    subtitle: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]


def class_rows(evaluation: Evaluation) -> tuple[ClassRow, ...]:
    """Score each class that occurs among samples or predictions, with the counts that the shares are made of."""
    matrix = evaluation.matrix
    rows = []
    for place, category in enumerate(evaluation.classes):
        right, said, there = int(matrix[place, place]), int(matrix[:, place].sum()), int(matrix[place].sum())
        if said + there:
            f1 = 2 * right / (said + there)
            rows.append(ClassRow(category, Proportion(right, said), Proportion(right, there), f1))
    return tuple(rows)


def warnings_of(results: Results) -> tuple[str, ...]:
    """Say what must be known before a number is believed."""
    record = results.evaluation.record
    found = []
    if results.split.torn:
        found.append(
            "The split leaks: it does not keep near-duplicate screenshots together, so test pictures resemble training "
            "pictures and every score here is likely too good. Draw one that does: toonvision split."
        )
    if results.newer:
        verb = "is" if results.newer == 1 else "are"
        found.append(
            f"{results.newer:,} newer {'crop' if results.newer == 1 else 'crops'} {verb} not part of the split. "
            "Make the split again to use them."
        )
    found += [f"Left out of this report: {reason}" for reason in results.unread]
    diverged = [str(repeat.seed) for repeat in record.repeats if repeat.diverged]
    if diverged:
        found.append(f"The loss became no number with seed {', '.join(diverged)}; a lower learning rate may help.")
    collapsed = [str(repeat.seed) for repeat in record.repeats if repeat.collapsed and not repeat.diverged]
    if collapsed:
        found.append(
            f"With seed {', '.join(collapsed)} the network gives one answer to every picture it learned from; train it "
            "longer, or with another learning rate."
        )
    return tuple(found)


def number_columns(columns: Sequence[str], first: int = 1) -> frozenset[int]:
    """Let all columns from one on hold numbers."""
    return frozenset(range(first, len(columns)))
