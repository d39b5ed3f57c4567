"""A planted shortcut is found: a coloured corner reveals the class, and the checks show where the network looks."""

from dataclasses import dataclass

import keras
import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.data.arrays import batch_order
from toonvision.explain.cam import class_maps
from toonvision.explain.evidence import Evidence, distinctive, evidence_warnings, measure_evidence, summarise
from toonvision.explain.map_warnings import spot_warning
from toonvision.models.registry import build_network
from toonvision.tasks import classify
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import predict_probabilities
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

pytestmark = pytest.mark.slow

SIZE = HEIGHT, WIDTH = 96, 64
COLORS = np.array([[230, 60, 40], [40, 200, 70], [50, 80, 230]])
CLASSES, CORNER, EPOCHS, BATCH = 3, 16, 20, 30
CLOTH = 2


def figures_on_patchwork(count, *, planted, seed):
    """Random patchwork with a figure whose tint is its class; the mark in the corner has the class's colour, too."""
    rng = generator(seed, "shortcut")
    targets = np.arange(count) % CLASSES
    pictures = rng.integers(0, 256, (count, HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 1).repeat(8, 2).astype(float)
    masks = np.zeros((count, *SIZE), np.uint8)
    for picture, mask, target in zip(pictures, masks, targets, strict=True):
        top, left = 20 + rng.integers(9), 16 + rng.integers(5)
        mask[top : top + 48, left : left + 28] = CLOTH
        picture[mask > 0] = 0.65 * picture[mask > 0] + 0.35 * COLORS[target]
        if planted:
            picture[:CORNER, :CORNER] = COLORS[target]
    return pictures.astype(np.uint8), targets, masks


@dataclass
class Checked:
    """What is known of a network trained with or without the mark."""

    accuracy: float
    evidence: Evidence
    corner: float
    spot: str | None
    warnings: tuple[str, ...]


def train_and_check(*, planted):
    pictures, targets, _ = figures_on_patchwork(180, planted=planted, seed=0)
    keras.utils.set_random_seed(0)
    model = build_network("baseline", size_hw=SIZE, classes=CLASSES)
    dataset = Dataset(Task("figure", "figure"), pictures, targets, (), ("red", "green", "blue"))
    classify.set_loss(model, keras.optimizers.Adam(3e-3), settings=TrainingSettings(), dataset=dataset)
    rng = generator(0, "order")
    for _ in range(EPOCHS):
        for batch in batch_order(np.arange(len(pictures)), batch_size=BATCH, rng=rng):
            model.train_on_batch(*classify.batch(dataset, batch, augmentation=Augmentation(), rng=None))
    shown, y_true, masks = figures_on_patchwork(30, planted=planted, seed=1)
    predicted = predict_probabilities(model, shown).argmax(axis=1)
    maps = distinctive(class_maps(model, shown).values)[np.arange(len(shown)), predicted]
    evidence = measure_evidence(maps, masks)
    corner = np.zeros_like(masks)
    corner[:, :CORNER, :CORNER] = 1
    (group,) = summarise(evidence, ["All"] * len(shown))
    return Checked(
        accuracy=float((predicted == y_true).mean()),
        evidence=evidence,
        corner=float(measure_evidence(maps, corner).share("other").mean()),
        spot=spot_warning(maps),
        warnings=evidence_warnings(group),
    )


@pytest.fixture(scope="module")
def clean():
    return train_and_check(planted=False)


@pytest.fixture(scope="module")
def planted():
    return train_and_check(planted=True)


def test_the_score_alone_does_not_reveal_the_shortcut(clean, planted):
    assert clean.accuracy > 0.9
    assert planted.accuracy > 0.9


def test_the_planted_mark_is_found_without_masks_and_named(planted):
    assert "of the evidence lies in one spot, the upper left corner, on 4 % of the area" in planted.spot


def test_the_network_trained_without_the_mark_is_not_flagged(clean):
    assert clean.spot is None
    assert clean.warnings == ()


def test_the_share_of_evidence_on_the_corner_reveals_the_mark(clean, planted):
    area = CORNER**2 / (HEIGHT * WIDTH)
    assert clean.corner < area
    assert planted.corner > 3 * area


def test_the_share_of_evidence_on_the_figure_falls_with_the_mark(clean, planted):
    assert clean.evidence.share("figure").mean() > 2 * clean.evidence.area("figure").mean()
    assert planted.evidence.share("figure").mean() < clean.evidence.share("figure").mean() - 0.15
