"""Results of a run, made up by hand so that every number of a sentence can be foreseen."""

import dataclasses

import numpy as np

from figures import examples
from toonvision.core.errors import Finding
from toonvision.data.balance import measure_balance
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.figures.values import TrainingCurve
from toonvision.metrics.power_law import PowerLaw
from toonvision.report.results import Results
from toonvision.studies.curve import CurvePoint, LearningCurve
from toonvision.studies.suspects import Suspect, SuspectStudy
from toonvision.tasks.class_scores import ClassScores
from toonvision.tasks.registry import load_dataset
from toonvision.taxonomy.labels import Category, Taxonomy
from toonvision.training.history import HISTORY, write_history
from toonvision.training.record import repeat_folder, write_record

CELLS = ("Platelets", "RBC", "WBC")
COLORS = ("#0072B2", "#E69F00", "#009E73")


def evaluation_of(matrices: list[list[list[int]]], names: tuple[str, ...] = CELLS, **record_options) -> Evaluation:
    """Return an evaluation whose repeats have these confusion matrices; the first is the kept one's.

    A prediction has the probability 0.7, its neighbours share the rest.
    """
    rows = [[(row, column) for row, line in enumerate(m) for column, n in enumerate(line) for _ in range(n)]
            for m in matrices]  # fmt: skip
    y_true = np.array([row for row, _ in rows[0]])
    count = len(names)
    probabilities = np.full((len(rows), len(y_true), count), 0.3 / max(1, count - 1), dtype=np.float32)
    for repeat, pairs in enumerate(rows):
        probabilities[repeat, np.arange(len(pairs)), [column for _, column in pairs]] = 0.7
    classes = tuple(Category(name, name, color) for name, color in zip(names, COLORS, strict=True))
    crops = tuple(examples.crop(names[place], "all", number) for number, place in enumerate(y_true))
    record = examples.record(names, samples=len(y_true), repeats=len(rows), **record_options)
    pictures = np.zeros((len(y_true), 12, 12, 3), dtype=np.uint8)
    scores = tuple(ClassScores(y_true, rows, names, {}) for rows in probabilities)
    return Evaluation(classes, crops, pictures, scores, 0, record, "test")


def results_of(
    evaluation: Evaluation,
    *,
    taxonomy: Taxonomy | None = None,
    crops: list | None = None,
    findings: int = 0,
    torn: bool = False,
) -> Results:
    taxonomy = taxonomy or examples.plain_taxonomy(*evaluation.record.classes)
    crops = crops or [
        examples.crop(name, "all", number)
        for name, count in zip(evaluation.record.classes, (40, 200, 50), strict=False)
        for number in range(count)
    ]
    numbered = [examples.crop(crop.label, crop.context, number) for number, crop in enumerate(crops)]
    curves = tuple(
        TrainingCurve(repeat.seed, examples.history(9, seed=repeat.seed), 7, repeat.seed == evaluation.record.best_seed)
        for repeat in evaluation.record.repeats
    )
    return Results(
        evaluation=evaluation,
        taxonomy=taxonomy,
        balance=measure_balance(numbered, taxonomy),
        split=examples.split_summary(taxonomy, numbered, torn=torn),
        screenshots=145,
        samples=290,
        curves=curves,
        counts={"pictures_read": 145, "objects_skipped": 0},
        findings=tuple(Finding(f"shot_{n}.xml", "no area", "draw it again", "zero", 1) for n in range(findings)),
    )


def curve_of(**changes) -> LearningCurve:
    """Return a learning curve of 40 test pictures whose largest point has the 120 crops of `evaluation_of`."""
    law, line = PowerLaw(2.0, 0.5, 0.0), (30.0, 120.0, 480.0)
    fitted = law.at(line).tolist()
    made = LearningCurve(
        task="label", network="baseline", seeds=(0, 1), split="default", train_share=0.6, tested=40,
        points=(
            CurvePoint(0.25, (30, 30), (14, 16)), CurvePoint(0.5, (60, 60), (10, 11)),
            CurvePoint(1.0, (120, 120), (7, 7)),
        ),
        law=law, line=line, low=tuple(0.8 * error for error in fitted), high=tuple(1.2 * error for error in fitted),
        more=100, gain=0.048, gain_low=0.01, gain_high=0.08,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def suspects_of(crops: list, *, likely: str, samples: int) -> SuspectStudy:
    """Return a search that takes the labels of some crops for another class."""
    found = tuple(
        Suspect(
            file=crop.file, screenshot=crop.screenshot, context=crop.context, box=crop.box.xyxy,
            label=crop.label, given=crop.label, likely=likely, self_confidence=0.04, likely_confidence=0.9,
            margin=-0.86, sure=True,
        )
        for crop in crops
    )  # fmt: skip
    return SuspectStudy(
        task="label", network="binary", folds=5, repeats=3, samples=samples, agreeing=samples - len(found),
        classes=("apple", "pear"), thresholds=(0.8, 0.8), joint=((samples, 0), (0, 0)), estimated_wrong=len(found),
        suspects=found,
    )  # fmt: skip


def evaluated_workspace(workspace: Workspace, *, repeats: int = 2) -> tuple:
    """Leave a run in a workspace as training would, and give its folder and its evaluation."""
    data = load_dataset(workspace, workspace.taxonomy.task("label"), size_hw=workspace.size_hw)
    names = data.classes
    places = data.indices["test"]
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(len(names)), size=(repeats, len(places))).astype(np.float32)
    record = examples.record(names, samples=len(places), repeats=repeats)
    record = record.__class__(**{**vars(record), "data_hash": data.digest, "size_hw": workspace.size_hw})
    run = workspace.runs / "label" / record.name
    write_record(run, record)
    for repeat in record.repeats:
        write_history(repeat_folder(run, repeat.seed) / HISTORY, examples.history(repeat.epochs, seed=repeat.seed))
    by_name = {category.name: category for category in workspace.taxonomy.level("label").classes}
    scores = tuple(ClassScores(data.targets[places], rows, names, {}) for rows in probabilities)
    evaluation = Evaluation(
        tuple(by_name[name] for name in names), tuple(data.items[at] for at in places), data.images[places], scores, 0,
        record, "test",
    )  # fmt: skip
    return run, evaluation
