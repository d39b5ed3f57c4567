"""Every verb for a run that finds objects and names pixels, on a tiny workspace."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import PIXEL_CLASSES, finding_things, naming_pixels
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.data.splits import read_split
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import Scene
from toonvision.evaluation.evaluate import evaluate_run
from toonvision.models.saving import read_card
from toonvision.watch.models import WatchModels

WITHOUT = ["shot_03", "shot_06"]
"""Screenshots without a mask."""

pytestmark = pytest.mark.usefixtures("eager", "small_bodies")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    root = tmp_path_factory.mktemp("joint")
    finding = finding_things(small_workspace, root / "finding", level="label")
    return naming_pixels(finding, root / "workspace", without=WITHOUT)


@pytest.fixture
def trained(train_once, workspace):
    """The folder of the run things/both, trained once for all tests here."""
    said = ("Over 2 trainings: AP50 median", "Scores of each class of pixel", "of the pixels of")
    return train_once(workspace, "things/both", "--model", "detector+pixels", "--epochs", "6", certain=0.04, said=said)


@pytest.fixture
def exported(export_once, workspace, trained):
    """The exported file of that run, written once."""
    return export_once(workspace, "things/both", said="it gives the same answers as Keras")


def test_the_saved_model_knows_the_classes_of_both(trained):
    card = read_card(trained)
    assert (card.kind, card.classes, card.pixels) == ("detect", ("apple", "pear", "stone"), PIXEL_CLASSES)


def test_evaluate_has_the_scores_of_both_and_a_floor_for_each(run, workspace, trained):
    outcome = run("evaluate", "things/both", "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    assert 0 <= outcome.json["model"]["ap50"] <= 1
    assert 0.2 < outcome.json["pixels"]["model"]["miou"]["value"] <= 1
    assert [one["name"] for one in outcome.json["floors"]] == ["mean-box", "majority-of-the-place"]
    assert all("miou" in one for one in outcome.json["repeats"])


@pytest.mark.parametrize("subset", ["train", "val", "test"])
def test_it_is_said_where_some_of_the_screenshots_have_no_mask(run, workspace, trained, subset):
    outcome = run("evaluate", "things/both", "--subset", subset, "-w", workspace.root)
    subsets = read_split(workspace.splits, "default").subsets
    lacks = any(subsets[key] == subset for key in subsets if Path(key).stem in WITHOUT)
    assert ("Other screenshots have no mask." in outcome.out) == lacks


def test_the_report_shows_the_pixels_beside_the_boxes(run, workspace, trained):
    outcome = run("report", "things/both", "-w", workspace.root)
    assert outcome.code == 0, outcome.err
    page = (trained / "report.html").read_text(encoding="utf-8")
    for words in ("Precision and recall at every threshold", "Scores of each class of pixel", "have a mask"):
        assert words in page
    assert (trained / "figures" / "precision-recall.png").is_file()
    assert (trained / "figures" / "pixel-iou.png").is_file()


def test_one_file_answers_both_in_one_pass_as_keras_does(run, workspace, exported, tmp_path):
    detector, path = Detector(exported), next((workspace.root / "screenshots").rglob("*.png"))
    assert detector.pixel_classes == PIXEL_CLASSES
    with Image.open(path) as image:
        objects, pixels = detector.predict_with_pixels(image)
        assert objects == detector.predict(image)
        assert (pixels.shape, pixels.dtype) == ((48, 64), np.uint8)
    (found,), _ = detector.predict_files([path], pixels=True)
    np.testing.assert_array_equal(found.pixels[:48], pixels)
    maps = {}
    for name, more in (("keras", ["--keras"]), ("export", [])):
        folder = tmp_path / name
        outcome = run("predict", "things/both", workspace.root / "screenshots", "-w", workspace.root,
                      "--masks", folder, *more)  # fmt: skip
        assert outcome.code == 0, outcome.err
        assert "Wrote the masks of 12 pictures" in outcome.err
        maps[name] = {one.name: np.array(Image.open(one)) for one in folder.glob("*.png")}
    assert maps["keras"].keys() == maps["export"].keys()
    for name, mask in maps["keras"].items():
        assert mask.shape == (48, 64)
        assert (mask != maps["export"][name]).mean() < 0.001
    np.testing.assert_array_equal(maps["export"][path.name], pixels)


def test_one_that_is_watched_with_says_who_is_there_and_where_one_can_walk(run, workspace, exported):
    asked = ("watch", workspace.root / "screenshots", "--headless", "--json", "--log-mb", "0", "-w", workspace.root)
    for more in (("--street", "things/both"), ("--street", "things/both", "--detector", "things/both")):
        outcome = run(*asked, *more)
        assert outcome.code == 0, outcome.err
        assert "with things/both;" in outcome.err
        *frames, summary = [json.loads(line) for line in outcome.out.splitlines()]
        assert summary["frames"] == len(frames) == 12
        assert all(len(frame["ways"]) == 15 for frame in frames)
        assert any(way["top"] < 1 for frame in frames for way in frame["ways"])


def test_watching_runs_one_that_does_both_once_a_frame(exported, monkeypatch):
    scene, asked = Scene(exported), []
    outputs = Detector._outputs

    def counted(self, names, pictures):
        asked.append(names)
        return outputs(self, names, pictures)

    monkeypatch.setattr(Detector, "_outputs", counted)
    models = WatchModels.of(scene, None, scene.detector)
    picture = Image.new("RGB", (64, 48))
    found, pixels = models.find_with_pixels(picture)
    assert (len(asked), pixels.shape) == (1, (48, 64))
    assert found == models.find(picture)


def test_a_run_whose_pixels_have_other_classes_by_now_is_refused(workspace, trained):
    cards = [trained / "model.json", *trained.glob("repeats/*/model.json")]
    before = [card.read_text() for card in cards]
    for card, text in zip(cards, before, strict=True):
        card.write_text(text.replace('"ground"', '"floor"'))
    try:
        with pytest.raises(ModelRefusedError, match="was trained to name the pixels floor, fruit and mineral, this"):
            evaluate_run(workspace, trained)
    finally:
        for card, text in zip(cards, before, strict=True):
            card.write_text(text)


def test_a_detector_without_pixels_names_none(run, workspace, tmp_path):
    outcome = run(
        "train",
        "things",
        "-w",
        workspace.root,
        "--epochs",
        "1",
        "--name",
        "alone",
        "--averaging",
        "0",
        "--size",
        "64x64",
    )
    assert outcome.code == 0, outcome.err
    assert "Mean IoU" not in outcome.out
    refused = run("predict", "things/alone", workspace.root / "screenshots", "-w", workspace.root, "--masks", tmp_path)
    assert refused.code == 2
    assert "--masks is for runs that name pixels; things/alone finds boxes alone. Leave it out." in refused.err
    watched = run("watch", workspace.root / "screenshots", "--street", "things/alone", "-w", workspace.root)
    assert watched.code == 2
    assert "things/alone has no export, which watching needs." in watched.err
    assert run("export", "things/alone", "-w", workspace.root).code == 0
    with pytest.raises(UsageError, match=r"names no pixels\. Train one that does, and export it"):
        Detector(workspace.runs / "things" / "alone" / "model.onnx").find_batch(
            np.zeros((1, 64, 64, 3), np.uint8), pixels=True
        )
    watched = run("watch", workspace.root / "screenshots", "--street", "things/alone", "-w", workspace.root)
    assert watched.code == 2
    assert "--street is a run that names pixels; things/alone does not. Name another." in watched.err
