import hashlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from toonvision.core.errors import UsageError
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.packaged import (
    DETECTOR,
    MEASURED,
    WEIGHTS,
    accuracy_text,
    detector_accuracy,
    packaged_accuracy,
    packaged_files,
    packaged_models,
    packaged_names,
    packaged_scene,
    proposing_accuracy,
    proposing_files,
)
from toonvision.metrics.boxes import overlaps
from toonvision.taxonomy.loader import built_in
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import plan_sample_set

UNSEEN_SEED = 987
FILES = sorted(WEIGHTS.rglob("*.onnx"))


@cache
def crops():
    """Return crops of new screenshots with their labels."""
    found = []
    for plan in plan_sample_set(seed=UNSEEN_SEED, scale=0.01)[::2]:
        scene = draw_screenshot(plan)
        found += [(scene.image.crop(figure.xyxy), figure.label) for figure in scene.figures]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_model_that_comes_with_the_package_is_small(path):
    assert path.stat().st_size < (500_000 if path.name == DETECTOR else 100_000)


@pytest.mark.parametrize("name", packaged_names())
def test_models_are_of_the_built_in_taxonomy_and_the_coarsest_comes_first(name):
    models = packaged_models(name)
    assert list(models) == ["kind", "suit"]
    for level, model in models.items():
        assert model.bundle.taxonomy == built_in(name).digest
        assert (model.bundle.level, model.bundle.network) == (level, "compact")
        assert model.classes == tuple(category.name for category in built_in(name).level(level).classes)


def test_the_accuracy_that_is_said_was_measured_with_these_very_files():
    for name in packaged_names():
        measured = json.loads((WEIGHTS / name / MEASURED).read_text(encoding="utf-8"))
        files = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in (WEIGHTS / name).rglob("*.onnx")}
        assert {level: one["sha256"] for level, one in measured.items()} == files, "run benchmarks/packaged.py"
        assert all(0.9 < share.share <= 1 for share in packaged_accuracy(name).values())


@pytest.mark.parametrize(("level", "least"), [("kind", 0.95), ("suit", 0.9)])
def test_new_drawings_of_the_world_are_recognised(level, least):
    taxonomy = built_in("toontown")
    model = packaged_models("toontown")[level]
    shown = [(image, name) for image, label in crops() if (name := taxonomy.class_of(label, level))]
    right = sum(model.predict(image).predicted == name for image, name in shown)
    assert len(shown) >= 25
    assert right >= least * len(shown)


@pytest.mark.parametrize("level", ["label", "animal"])
def test_the_models_that_propose_know_new_drawings_and_predict_nothing(level):
    model, taxonomy = Classifier(proposing_files("toontown")[level]), built_in("toontown")
    assert model.classes == tuple(one.name for one in taxonomy.level(level).classes)
    assert (model.bundle.level, model.bundle.taxonomy) == (level, taxonomy.digest)
    assert model.bundle.temperature is not None
    shown = [(image, name) for image, label in crops() if (name := taxonomy.class_of(label, level))]
    assert sum(model.predict(image).predicted == name for image, name in shown) >= 0.6 * len(shown)
    assert level not in packaged_files("toontown")
    assert level not in packaged_accuracy("toontown")


def test_the_scene_finds_and_names_the_figures_of_new_drawings():
    scene = packaged_scene("toontown")
    assert scene.detector.bundle.taxonomy == built_in("toontown").digest
    taxonomy, right, shown = built_in("toontown"), 0, 0
    for plan in plan_sample_set(seed=UNSEEN_SEED, scale=0.02)[::4]:
        drawn = draw_screenshot(plan)
        found = scene.predict(drawn.image)
        for figure in drawn.figures:
            at = [one for one in found if overlap(one.box, figure.xyxy) >= 0.5]
            wanted = [taxonomy.class_of(figure.label, level) for level in ("kind", "suit")]
            right += any([one.levels.get("kind"), one.levels.get("suit")] == wanted for one in at)
            shown += 1
    assert shown >= 10
    assert right >= 0.7 * shown


def overlap(one, other):
    return overlaps(np.array([one], float), np.array([other], float))[0, 0]


def test_what_the_detector_finds_is_said_with_its_false_alarms():
    said = str(detector_accuracy("toontown"))
    assert "objects of 60 pixels and more in real screenshots, with " in said
    assert said.endswith(" false alarms a screenshot")


def test_models_that_were_made_again_have_no_accuracy_until_they_are_measured(tmp_path, monkeypatch):
    (tmp_path / "toontown").mkdir()
    monkeypatch.setattr("toonvision.deploy.packaged.WEIGHTS", tmp_path)
    assert packaged_accuracy("toontown") == {}
    assert detector_accuracy("toontown") is None
    assert proposing_accuracy("toontown", "label") == "was not measured on crops of real screenshots"
    assert accuracy_text("toontown") == "right on crops of real screenshots: not measured"


def test_an_unknown_name_is_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match=r"^models come with the package for toontown; got 'chess'\.$"):
        packaged_models("chess")


def test_a_plain_installation_is_enough():
    code = (
        "import sys, toonvision, numpy\n"
        "models = toonvision.packaged_models('toontown')\n"
        "from toonvision.deploy.classifier import Classifier\n"
        "from toonvision.deploy.packaged import proposing_files\n"
        "for model in (models['kind'], Classifier(proposing_files('toontown')['label'])):\n"
        "    model.predict(numpy.zeros((90, 40, 3), numpy.uint8))\n"
        "lacking = {'keras', 'tensorflow', 'onnx', 'pydantic', 'filelock', 'scipy', 'sklearn', 'typer', 'rich'}\n"
        "print(sorted(lacking & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_files_are_part_of_the_wheel():
    root = Path(__file__).parents[2]
    assert FILES
    assert all(path.is_relative_to(root / "src" / "toonvision") for path in FILES)
    ignored = subprocess.run(["git", "check-ignore", *map(str, FILES)], cwd=root, capture_output=True, text=True)
    assert ignored.stdout == "", "hatchling leaves out what git ignores"
