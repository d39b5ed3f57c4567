"""Values to draw, made up by seed: balances, splits and evaluations without any training."""

import csv
from collections import Counter
from importlib.resources import files

import numpy as np

from toonvision.data.balance import Balance, count_table, measure_balance
from toonvision.data.boxes import Box
from toonvision.data.catalog import Crop
from toonvision.data.split_plan import SUBSET_CATEGORIES, SplitSummary
from toonvision.data.splits import SIXTY_TWENTY_TWENTY
from toonvision.evaluation.evaluate import Evaluation
from toonvision.evaluation.floors import Floor, Floors
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.intervals import Proportion
from toonvision.studies.cross_validation import CrossValidation, FoldScore
from toonvision.tasks.class_scores import ClassScores
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import LABEL_LEVEL, Category, Label, Task, Taxonomy, color_at
from toonvision.taxonomy.loader import built_in
from toonvision.training.record import RepeatRecord, RunRecord


def toontown_crops() -> list[Crop]:
    text = (files("toonvision.world") / "entity_street_counts.csv").read_text()
    crops: list[Crop] = []
    for row in csv.DictReader(text.splitlines()):
        label = row.pop("label")
        for context, count in row.items():
            crops += [crop(label, context, len(crops) + number) for number in range(int(count))]
    return crops


def crop(label: str, context: str, number: int) -> Crop:
    file = f"{label}_{number:04}.png"
    return Crop(
        number, label, number, file, f"{number:064x}", Box(0, 0, 9, 9), number // 2, "screenshots",
        f"{context}/{number // 2}.png", context, "0" * 64, f"{context}/{number // 2}.xml, object 1",
    )  # fmt: skip


def toontown_balance() -> tuple[Balance, Taxonomy]:
    taxonomy = built_in("toontown")
    return measure_balance(toontown_crops(), taxonomy), taxonomy


def plain_taxonomy(*labels: str) -> Taxonomy:
    """Return a taxonomy in which each label is a class of the one task."""
    return Taxonomy(
        "plain", (), tuple(Label(label, label, {}) for label in labels), tasks=(Task(LABEL_LEVEL, LABEL_LEVEL),)
    )


def blood_crops() -> list[Crop]:
    labels = ["RBC"] * 415 + ["WBC"] * 37 + ["Platelets"] * 36
    return [crop(label, "all", number) for number, label in enumerate(labels)]


def split_summary(taxonomy: Taxonomy, crops: list[Crop], *, torn: bool = False) -> SplitSummary:
    parts = {one.id: ("train", "train", "train", "val", "test")[one.id % 5] for one in crops}
    pairs = Counter((one.label, parts[one.id]) for one in crops)
    levels = (taxonomy.level(LABEL_LEVEL), *taxonomy.levels)
    tables = tuple(count_table(level, SUBSET_CATEGORIES, pairs, taxonomy) for level in levels)
    near = (("a.png", "b.png"), ("c.png", "d.png", "e.png"))
    return SplitSummary(
        "default",
        SIXTY_TWENTY_TWENTY,
        0,
        (60.0, 20.0, 20.0),
        120,
        near,
        near[:1] if torn else (),
        (0, 0, 0),
        tables,
        (taxonomy.labels[0].name, 1),
    )


def classes_of(count: int) -> tuple[Category, ...]:
    names = [category.title for category in built_in("toontown").level("entity").classes]
    return tuple(Category(f"c{index}", names[index], color_at(index)) for index in range(count))


def evaluation(
    classes: tuple[Category, ...],
    *,
    samples: int = 120,
    repeats: int = 3,
    size_hw: tuple[int, int] = (60, 20),
    seed: int = 0,
    skill: float = 2.5,
    level: str = LABEL_LEVEL,
    taxonomy: Taxonomy | None = None,
) -> Evaluation:
    """Make up an evaluation whose probabilities favour the true class by `skill`."""
    rng = np.random.default_rng(seed)
    y_true = np.arange(samples) % len(classes)
    logits = rng.normal(size=(repeats, samples, len(classes))) * 1.4
    logits[:, np.arange(samples), y_true] += skill
    shares = np.exp(logits)
    probabilities = (shares / shares.sum(axis=2, keepdims=True)).astype(np.float32)
    names = tuple(category.name for category in classes)
    parents = {}
    if taxonomy is not None:
        parents = {coarser.name: taxonomy.parents(level, coarser.name) for coarser in taxonomy.coarser(level)}
    return Evaluation(
        record=record(names, samples=samples, repeats=repeats, level=level),
        subset="test",
        classes=classes,
        items=tuple(crop(names[place], "all", number) for number, place in enumerate(y_true)),
        images=rng.integers(0, 256, size=(samples, *size_hw, 3), dtype=np.uint8),
        scores=tuple(ClassScores(y_true, rows, names, parents) for rows in probabilities),
        best_index=0,
    )


def record(names: tuple[str, ...], *, samples: int, repeats: int, level: str = LABEL_LEVEL) -> RunRecord:
    return RunRecord(
        task=level, name="baseline-1", status="done", level=level, classes=names, left_out=(),
        settings=TrainingSettings(), size_hw=(60, 20), resize="stretch", split="default", split_seed=0,
        ratios=(60, 20, 20), samples={"train": 3 * samples, "val": samples, "test": samples},
        data_hash="abc", taxonomy=("plain", "def"), parameters=14620, device="tensorflow on cpu:0",
        versions={"python": "3.11", "keras": "3"}, started="2026-01-01T00:00:00+00:00",
        repeats=tuple(RepeatRecord(seed, 9, 7, 0.5, 60.0, diverged=False) for seed in range(repeats)), best_seed=0,
    )  # fmt: skip


def history(epochs: int = 30, *, seed: int = 0) -> tuple[dict[str, float], ...]:
    rng = np.random.default_rng(seed)
    rows = []
    for epoch in range(epochs):
        loss = 1.4 * np.exp(-epoch / 8) + 0.05
        rows.append(
            {
                "loss": loss + rng.normal() * 0.02,
                "accuracy": 1 - loss / 2,
                "val_loss": loss + 0.1 + (epoch / 60) ** 2 + rng.normal() * 0.04,
                "val_accuracy": 0.93 - loss / 2 + rng.normal() * 0.02,
            }
        )
    return tuple(rows)


def unbeaten_floor() -> Floor:
    return Floor("trees", Proportion(85, 100), Estimate(0.01, -0.03, 0.05))


def cross_validation() -> CrossValidation:
    """A network with 3 seeds and 4 folds that beats its floor."""
    folds = tuple(FoldScore(25, 50, wrong) for wrong in ((3, 2, 4), (5, 5, 6), (2, 3, 2), (4, 4, 3)))
    floor = Floor("trees", Proportion(70, 100), Estimate(0.156, 0.08, 0.23))
    return CrossValidation(
        task="label", network="compact", settings=TrainingSettings(network="compact"), size_hw=(96, 32),
        seeds=(0, 1, 2), folds=folds, error=Estimate(0.143, 0.09, 0.2), seed_std=0.028, fold_std=0.045,
        floors=Floors("label", "compact", (floor,)), trained=12,
    )  # fmt: skip
