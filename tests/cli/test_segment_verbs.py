"""Every verb for a run that names pixels, on a tiny workspace."""

import csv

import numpy as np
import pytest
from PIL import Image

from builders import PIXEL_CLASSES, copied, naming_pixels
from toonvision.core.errors import ModelRefusedError
from toonvision.data.fitting import shrink_factor
from toonvision.data.workspace import open_workspace
from toonvision.deploy.detector import Detector
from toonvision.deploy.segmenter import Segmenter
from toonvision.models.saving import read_card
from toonvision.tasks.registry import load_dataset
from toonvision.training.record import read_record

pytestmark = pytest.mark.usefixtures("eager", "small_bodies")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return naming_pixels(small_workspace, tmp_path_factory.mktemp("segment") / "workspace")


@pytest.fixture
def trained(train_once, workspace):
    """The folder of the run pixels/two, trained once for all tests here."""
    said = ("Over 2 trainings: mean IoU median", "of the pixels of")
    return train_once(workspace, "pixels/two", "--epochs", "12", said=said)


@pytest.fixture
def exported(export_once, workspace, trained):
    """The exported file of that run, written once."""
    said = "On 12 screenshots and 88 changed copies it gives the same answers as Keras"
    return export_once(workspace, "pixels/two", said=said)


def test_watching_refuses_a_run_of_another_taxonomy_than_the_detector_naming_both(run, workspace, exported):
    asked = ("watch", workspace.root / "screenshots", "--headless", "-w", workspace.root, "--with", "toontown")
    outcome = run(*asked, "--street", "pixels/two")
    assert outcome.code == 6
    assert "what names pixels has the taxonomy small (" in outcome.err
    assert "the detector toontown (" in outcome.err
    assert not (workspace.root / "watch").exists()


def test_a_run_that_names_pixels_records_its_kind_size_and_classes(trained):
    record, card = read_record(trained), read_card(trained)
    assert (record.kind, record.level, record.size_hw, record.resize) == ("segment", "pixel", (64, 64), "shrink")
    assert (card.kind, card.classes, card.thresholds, card.temperature) == ("segment", PIXEL_CLASSES, None, None)


def test_evaluate_writes_the_scores_of_each_screenshot_and_class_and_beats_its_floor(run, workspace, trained):
    outcome = run("evaluate", "pixels/two", "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    model, (floor,) = outcome.json["model"], outcome.json["floors"]
    assert [one["name"] for one in model["classes"]] == list(PIXEL_CLASSES)
    assert sum(one["share"] for one in model["classes"]) == pytest.approx(1)
    means = [one["iou"]["value"] for one in model["classes"] if one["iou"]["value"] is not None]
    assert model["miou"]["value"] == pytest.approx(np.mean(means))
    low, high = model["miou"]["interval_95"]
    assert low <= model["miou"]["value"] <= high
    assert floor["name"] == "majority-of-the-place"
    assert floor["model_miou"] == pytest.approx(model["miou"]["value"])
    assert floor["difference"] > 0.1
    with (trained / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == outcome.json["samples"]
    assert all(0 <= float(row["pixels_right"]) <= 1 for row in rows)
    confusion = np.array(outcome.json["confusion"]["rows_true_columns_predicted"])
    assert confusion.sum() == 64 * 48 * len(rows)
    assert model["pixels_right"]["value"] == pytest.approx(np.trace(confusion) / confusion.sum())


def test_the_report_of_a_segmenter_is_one_page_with_its_best_and_worst_maps(run, workspace, trained):
    outcome = run("report", "pixels/two", "-w", workspace.root)
    assert outcome.code == 0, outcome.err
    page = (trained / "report.html").read_text(encoding="utf-8")
    for words in ("Names each pixel: 3 classes", "Scores of each class of pixel", "of which the least is right"):
        assert words in page
    assert (trained / "figures" / "iou.png").is_file()
    assert (trained / "figures" / "worst-masks.png").is_file()


def test_an_export_names_the_same_pixels_without_keras(run, workspace, exported, tmp_path):
    pictures = sorted((workspace.root / "screenshots").rglob("*.png"))
    maps = {}
    for name, more in (("keras", ["--keras"]), ("export", [])):
        folder = tmp_path / name
        outcome = run("predict", "pixels/two", *pictures, "-w", workspace.root, "--masks", folder, "--json", *more)
        assert outcome.code == 0, outcome.err
        assert [one["picture"] for one in outcome.json["pictures"]] == [str(path) for path in pictures]
        for one in outcome.json["pictures"]:
            assert sum(one["shares"].values()) == pytest.approx(1)
            assert list(one["shares"]) == list(PIXEL_CLASSES)
        maps[name] = {path.name: np.array(Image.open(path)) for path in folder.glob("*.png")}
    assert "onnxruntime" in outcome.err
    assert maps["keras"].keys() == maps["export"].keys()
    assert len(maps["keras"]) == 12
    for name, mask in maps["keras"].items():
        assert mask.shape == (48, 64)
        assert (mask != maps["export"][name]).mean() < 0.001


def test_an_opened_export_says_the_same_as_the_command_and_of_an_array_what_it_says_of_a_picture(workspace, exported):
    segmenter, path = Segmenter(exported), next((workspace.root / "screenshots").rglob("*.png"))
    (named,), findings = segmenter.predict_files([path])
    assert (named.path, named.size_wh, findings) == (path, (64, 48), [])
    with Image.open(path) as image:
        np.testing.assert_array_equal(segmenter.predict(image), named.whole)
        np.testing.assert_array_equal(segmenter.predict(np.asarray(image.convert("RGB"))), named.whole)
        large = image.resize((200, 150))
    assert segmenter.predict(large).shape == (150, 200)
    assert segmenter.name_batch(np.zeros((0, 64, 64, 3), np.uint8)).images == 0
    with pytest.raises(ModelRefusedError, match=r"is a model of another kind\. Open it with toonvision\.Segmenter\."):
        Detector(exported)


def test_masks_that_a_run_writes_can_be_learned_from(run, workspace, exported, tmp_path):
    masks = workspace.masks / "classes"
    right = {path.relative_to(masks): np.array(Image.open(path)) for path in masks.rglob("*.png")}
    found = []
    for context in ("garden", "house"):
        folder = tmp_path / context
        outcome = run("predict", "pixels/two", workspace.root / "screenshots" / context, "-w", workspace.root,
                      "--masks", folder)  # fmt: skip
        assert outcome.code == 0, outcome.err
        found += [np.array(Image.open(path)) == right[path.relative_to(tmp_path)] for path in folder.glob("*.png")]
    assert len(found) == 12
    assert np.mean(found) > 0.8


@pytest.mark.parametrize(("verb", "more"), [("predict", ["screenshots"]), ("evaluate", []), ("export", [])])
def test_a_run_is_refused_where_the_classes_of_pixels_are_others_by_now(run, workspace, trained, tmp_path, verb, more):
    other = copied(workspace, tmp_path / "workspace").root
    settings = other / "toonvision.toml"
    settings.write_text(settings.read_text().replace("ground = {}\nfruit = {}", "fruit = {}\nground = {}"))
    outcome = run(verb, "pixels/two", *(other / one for one in more), "-w", other)
    assert outcome.code == 6, outcome.err
    assert "was trained to name the pixels ground, fruit and mineral, this workspace names fruit, ground and" in (
        outcome.err
    )


def test_shares_are_written_as_csv_and_classes_are_painted(run, workspace, exported, tmp_path):
    screenshots, target, drawn = workspace.root / "screenshots", tmp_path / "shares.csv", tmp_path / "drawn"
    outcome = run("predict", "pixels/two", screenshots, "-w", workspace.root, "--csv", target, "--save", drawn)
    assert outcome.code == 0, outcome.err
    with target.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["picture", "confidence", *PIXEL_CLASSES]
    assert len(rows) == 13
    painted = sorted(drawn.glob("*.png"))
    assert len(painted) == 12
    height, width, _ = np.array(Image.open(painted[0])).shape
    assert (width, height > 48) == (64, True)  # the names of the classes stand below


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--boxes"], "pixels/two names pixels; --boxes is for runs that name one object. Leave it out."),
        (["--voc", "there"], "--voc is for runs that find boxes; pixels/two names pixels. Leave it out."),
    ],
)
def test_what_a_run_that_names_pixels_cannot_do_is_refused(run, workspace, trained, tmp_path, flags, words):
    flags = [str(tmp_path / one) if one == "there" else one for one in flags]
    outcome = run("predict", "pixels/two", workspace.root / "screenshots", "-w", workspace.root, *flags)
    assert outcome.code == 2
    assert words in outcome.err


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("calibrate pixels/two", "classify"),
        ("evaluate pixels/two --folds 3", "classify or detect"),
        ("evaluate pixels/two --stress", "classify or detect"),
        ("explain pixels/two", "classify or detect"),
        ("contexts pixels", "classify or detect"),
        ("tune pixels", "classify or detect"),
    ],
)
def test_a_step_that_is_not_for_pixels_says_which_tasks_it_is_for_before_it_does_anything(
    run, workspace, trained, words, kinds
):
    outcome = run(*words.split(), "-w", workspace.root)
    assert outcome.code == 2
    assert f"is for tasks of the kind {kinds}; pixels is of the kind segment. Choose one of those: " in outcome.err
    assert "Evaluating" not in outcome.err


def test_the_sample_world_draws_masks_that_can_be_learned_from(run, tmp_path):
    world = tmp_path / "world"
    for words in (("sample", world, "--video", "3", "--masks"), ("extract", "-w", world)):
        assert run(*words).code == 0
    workspace = open_workspace(world)
    dataset = load_dataset(workspace, workspace.taxonomy.task("street"), size_hw=(96, 192), split=None)
    assert len(dataset.items) == 3
    figures = np.isin(dataset.targets, [dataset.classes.index(name) for name in ("cog", "toon")])
    boxes = np.zeros_like(figures)
    for inside, frame in zip(boxes, dataset.frames, strict=True):
        for crop in frame.crops:
            left, top, right, bottom = np.array(crop.box.xyxy) // shrink_factor(frame.shot.size_wh, (96, 192))
            inside[top : bottom + 1, left : right + 1] = True
    assert figures.any()
    assert boxes[figures].mean() > 0.99


def test_masks_are_for_runs_that_name_pixels(run, small_workspace, tmp_path):
    (tmp_path / "one.png").write_bytes(b"")
    outcome = run("predict", "--with", "toontown", tmp_path / "one.png", "--masks", tmp_path / "masks")
    assert outcome.code == 2
    assert "leave out --masks" in outcome.err
