"""Every verb for a run that finds objects, on a tiny workspace."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import copied, finding_things
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.data.formats.layout import read_tree
from toonvision.data.source_tree import SourceTree
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.models.saving import read_card
from toonvision.studies import box_contexts
from toonvision.studies.stress import SCREENSHOT_CHANGES
from toonvision.training.record import read_record

pytestmark = pytest.mark.usefixtures("eager", "small_bodies")


EDGES = ("x_min", "y_min", "x_max", "y_max")


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("detect") / "workspace", level="label")


@pytest.fixture
def trained(train_once, workspace):
    """The folder of the run things/two, trained once for all tests here."""
    said = ("Over 2 trainings: AP50 median", "Found: ", "Screenshots: [78] train")
    return train_once(workspace, "things/two", "--epochs", "5", certain=0.04, said=said)


@pytest.fixture
def exported(export_once, workspace, trained):
    """The exported file of that run, written once."""
    said = "On 12 screenshots and 88 changed copies it gives the same answers as Keras"
    return export_once(workspace, "things/two", said=said)


def test_a_run_that_finds_objects_records_its_kind_size_and_thresholds(trained):
    record, card = read_record(trained), read_card(trained)
    assert (record.kind, record.size_hw, record.resize) == ("detect", (64, 64), "shrink")
    assert (card.kind, len(card.thresholds)) == ("detect", 3)


def test_evaluate_says_what_is_found_and_writes_every_box(run, workspace, trained):
    outcome = run("evaluate", "things/two", "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    model = outcome.json["model"]
    assert {one["name"] for one in model["classes"]} == {"apple", "pear", "stone"}
    assert model["recall"]["total"] == sum(one["recall"]["total"] for one in model["classes"])
    assert outcome.json["floors"][0]["name"] == "mean-box"
    for one in (model, *model["classes"]):
        assert one["ap50_95"] is None or one["ap50_95"][0] <= one["ap50"] <= one["ap50_95"][1]
    rows = rows_of(trained / "predictions.csv")
    assert {row["outcome"] for row in rows} <= {"found", "missed", "false alarm", "ignored"}
    found = [row for row in rows if row["outcome"] in {"found", "missed"}]
    assert len(found) == model["recall"]["total"]
    assert sum(row["outcome"] == "found" for row in rows) == model["recall"]["count"]


def test_the_report_of_a_detector_is_one_page_with_its_misses(run, workspace, trained):
    outcome = run("report", "things/two", "-w", workspace.root)
    assert outcome.code == 0, outcome.err
    page = (trained / "report.html").read_text(encoding="utf-8")
    for words in ("Finds objects of 3 classes", "Scores by height", "Precision and recall", "Missed objects",
                  "Spread over 2 trainings", "Why objects are missed", "All screenshots"):  # fmt: skip
        assert words in page
    assert "At the input" not in page  # nothing is shrunk
    assert "0 of these show none" not in page
    assert (trained / "figures" / "precision-recall.png").is_file()
    assert len(rows_of(trained / "figures" / "spread.csv")) == 2
    table = rows_of(trained / "predictions.csv")
    for name, outcome in (("missed", "missed"), ("false-alarms", "false alarm")):
        boxes = [tuple(float(row[edge]) for edge in EDGES) for row in table if row["outcome"] == outcome]
        shown = [
            tuple(round(float(row[edge]), 1) for edge in EDGES) for row in rows_of(trained / "figures" / f"{name}.csv")
        ]
        assert shown
        assert len(shown) <= len(boxes)
        assert set(shown) <= set(boxes)


def test_watching_names_the_run_that_finds_and_how_to_export_it(run, workspace, exported):
    asked = ("watch", workspace.root / "screenshots", "--headless", "--json", "--log-mb", "0", "-w", workspace.root)
    assert "labels. Add --detector things/two." in run(*asked).err
    away = exported.rename(exported.with_suffix(".away"))
    command = f"toonvision export things/two -w {workspace.root}"
    assert f"Run: {command}, then add --detector things/two." in run(*asked).err
    away.rename(exported)
    outcome = run(*asked, "--detector", "things/two")
    assert outcome.code == 0, outcome.err
    assert "horizon" not in outcome.out, "nobody knows how high these objects are"


def test_an_export_finds_the_same_objects_without_keras(run, workspace, exported):
    pictures = sorted((workspace.root / "screenshots").rglob("*.png"))
    with_keras = run("predict", "things/two", *pictures, "-w", workspace.root, "--keras", "--json")
    without = run("predict", "things/two", *pictures, "-w", workspace.root, "--json")
    assert "onnxruntime" in without.err
    assert with_keras.code == without.code == 0
    ours, theirs = without.json["pictures"], with_keras.json["pictures"]
    assert [one["picture"] for one in ours] == [str(path) for path in pictures]
    for one, other in zip(ours, theirs, strict=True):
        assert len(one["objects"]) == len(other["objects"])
        for found, wanted in zip(one["objects"], other["objects"], strict=True):
            assert found["label"] == wanted["label"]
            assert found["levels"] == {
                "label": found["label"],
                "kind": "mineral" if found["label"] == "stone" else "fruit",
            }
            np.testing.assert_allclose(found["box"], wanted["box"], atol=0.2)
            assert found["score"] == pytest.approx(wanted["score"], abs=1e-4)
            assert 0 <= found["box"][0] < found["box"][2] <= 64
            assert 0 <= found["box"][1] < found["box"][3] <= 48


def test_an_opened_export_says_the_same_as_the_command_and_of_an_array_what_it_says_of_a_picture(workspace, exported):
    detector, path = Detector(exported), next((workspace.root / "screenshots").rglob("*.png"))
    (found,), findings = detector.predict_files([path])
    assert (found.path, found.size_wh, findings) == (path, (64, 48), [])
    with Image.open(path) as image:
        assert detector.predict(image) == detector.predict(np.asarray(image.convert("RGB"))) == found.objects
    assert detector.find_batch(np.zeros((0, 64, 64, 3), np.uint8)).images == 0
    with pytest.raises(ModelRefusedError, match=r"is a model of another kind\. Open it with toonvision\.Detector\."):
        Classifier(exported)


def test_after_an_export_comes_the_report_unless_it_is_there_and_then_watching(run, workspace, exported, tmp_path):
    copy = copied(workspace, tmp_path / "copy")
    page = copy.runs / "things" / "two" / "report.html"
    page.unlink(missing_ok=True)
    outcome = run("export", "things/two", "-w", copy.root)
    assert (outcome.code, outcome.next) == (0, ["report", "things/two", "-w", str(copy.root)]), outcome.err
    page.touch()
    watch = ["watch", "screen", "--detector", "things/two", "-w", str(copy.root)]
    assert run("predict", "things/two", copy.root / "screenshots", "-w", copy.root).next == watch
    assert run("runs", "-w", copy.root).next == watch


def test_objects_are_written_as_csv_and_drawn(run, workspace, exported, tmp_path):
    screenshots, target, drawn = workspace.root / "screenshots", tmp_path / "found.csv", tmp_path / "drawn"
    outcome = run("predict", "things/two", screenshots, "-w", workspace.root, "--csv", target, "--save", drawn)
    assert outcome.code == 0, outcome.err
    with target.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["picture", "label", "kind", "score", "x_min", "y_min", "x_max", "y_max"]
    assert len(rows) > 12
    assert f"Wrote {len(rows) - 1} rows about 12 pictures to {target}" in outcome.err
    assert len(list(drawn.glob("*.png"))) == 12


def test_found_boxes_are_written_as_annotations_that_can_be_read_back(run, workspace, exported, tmp_path):
    screenshots = workspace.root / "screenshots"
    outcome = run("predict", "things/two", screenshots, "-w", workspace.root, "--voc", tmp_path / "voc", "--json")
    assert outcome.code == 0, outcome.err
    for one in outcome.json["pictures"]:
        shutil.copy(one["picture"], tmp_path / "voc")
    reading = read_tree("voc", SourceTree.of(tmp_path / "voc"))
    assert len(reading.pictures) == len(outcome.json["pictures"]) == 12
    found = {Path(one["picture"]).name: one["objects"] for one in outcome.json["pictures"]}
    for picture in reading.pictures:
        assert [(one.label, list(one.xyxy)) for one in picture.objects] == [
            (one["label"], one["box"]) for one in found[picture.path.name]
        ]
    again = run("predict", "things/two", screenshots, "-w", workspace.root, "--voc", tmp_path / "voc")
    assert (again.code, "Choose another --voc." in again.err) == (2, True)


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_searched(run, workspace, exported, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    good = next((workspace.root / "screenshots").rglob("*.png"))
    outcome = run("predict", "things/two", good, tmp_path / "broken.png", "-w", workspace.root, "--json")
    assert outcome.code == 3
    assert len(outcome.json["pictures"]) == 1
    assert outcome.json["findings"][0]["item"].endswith("broken.png")


def test_boxes_are_not_asked_for_where_a_run_finds_them(run, workspace, trained):
    screenshots = workspace.root / "screenshots"
    outcome = run("predict", "things/two", screenshots, "--boxes", "-w", workspace.root)
    assert outcome.code == 2
    assert "things/two finds its boxes itself; --boxes is for runs that name one object. Leave it out." in outcome.err
    assert run("predict", "things/two", screenshots, "-w", workspace.root).code == 0


def test_a_narrower_detector_is_trained_saved_and_exported_by_its_name(run, workspace):
    asked = ("train", "things", "-w", workspace.root, "--model", "detector-0.50", "--epochs", "1", "--name", "narrow")
    outcome = run(*asked)
    assert outcome.code == 0, outcome.err
    folder = workspace.runs / "things" / "narrow"
    try:
        assert (read_card(folder).network, read_record(folder).settings.network) == ("detector-0.5", "detector-0.5")
        assert read_record(folder).settings.start == "none"
        assert read_record(folder).parameters < 32_000
        outcome = run("export", "things/narrow", "-w", workspace.root)
        assert outcome.code == 0, outcome.err
        assert Detector(folder / "model.onnx").bundle.network == "detector-0.5"
    finally:
        shutil.rmtree(folder)


def test_suspect_boxes_are_searched_for_saved_and_not_searched_for_again(run, workspace):
    asked = ("suspects", "things", "-w", workspace.root, "--folds", "3", "--epochs", "1", "--json")
    outcome = run(*asked)
    assert outcome.code == 0, outcome.err
    folder = workspace.studies / "things" / "suspects"
    assert outcome.json["screenshots"] == 12
    assert (folder / "box-suspects.json").is_file()
    if outcome.json["suspects"]:
        assert len(rows_of(folder / "suspects.csv")) == len(outcome.json["suspects"])
    before = sorted((folder / "trainings").iterdir())
    assert len(before) == 3
    assert run(*asked).json["suspects"] == outcome.json["suspects"]
    assert sorted((folder / "trainings").iterdir()) == before


def test_what_speaks_for_boxes_is_measured_and_drawn(run, workspace, trained):
    picture = next((workspace.root / "screenshots").rglob("*.png"))
    outcome = run("explain", "things/two", picture, "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["picture"] == [str(picture)]
    assert (trained / "figures/explain/boxes.png").is_file()
    assert len(rows_of(trained / "figures/explain/boxes.csv")) == 1
    own = run("explain", "things/two", "--count", "2", "-w", workspace.root, "--json")
    assert own.code == 0, own.err
    assert set(own.json["note"]) <= {"found", "false alarm"}
    refused = run("explain", "things/two", "--each", "-w", workspace.root)
    assert (refused.code, "Leave them out." in refused.err) == (2, True)


def test_each_context_is_left_out_and_compared_with_the_newest_run(run, workspace, trained):
    outcome = run("contexts", "things", "-w", workspace.root, "--epochs", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert [one["context"] for one in outcome.json["contexts"]] == ["garden", "house"]
    assert sum(one["screenshots"] for one in outcome.json["contexts"]) == 12
    assert outcome.json["against"] == "things/two"
    assert "Comparing with things/two." in outcome.err
    folder = workspace.studies / "things" / "contexts"
    assert {"box-contexts.json", "contexts.csv", "contexts.png"} <= {path.name for path in folder.iterdir()}
    assert run("report", "things/two", "-w", workspace.root).code == 0
    assert "in contexts that it has not seen" in (trained / "report.html").read_text(encoding="utf-8")


def test_where_no_run_has_the_size_that_contexts_are_asked_for_a_run_of_another_size_is_offered(
    run, workspace, trained, monkeypatch
):
    def stop(*_, **__):
        raise InputRejectedError("nothing is trained here")

    monkeypatch.setattr(box_contexts, "plan_detectors", stop)
    asked = ("contexts", "things", "-w", workspace.root, "--size", "96x96")
    told = run(*asked).err
    assert "There is no run of detector of 96 x 96 pixels to compare with." in told
    said, remedy = told.partition("add ")[2].split()[:2]
    assert (said, remedy) == ("--against", "things/two.")
    assert "Comparing with things/two." in run(*asked, said, remedy.rstrip(".")).err


def test_a_detector_is_cross_validated_alone_or_as_a_run_was_trained(run, workspace, trained):
    alone = run("train", "things", "-w", workspace.root, "--folds", "3", "--epochs", "1", "--size", "64x64", "--json")
    assert alone.code == 0, alone.err
    assert sum(fold["screenshots"] for fold in alone.json["folds"]) == 12
    assert "was searched by models that learned without it, in 3 folds" in alone.json["meaning"]
    beside = run("evaluate", "things/two", "-w", workspace.root, "--folds", "3")
    assert beside.code == 0, beside.err
    assert "Cross-validation of detector, 2 seeds" in beside.out
    assert run("report", "things/two", "-w", workspace.root).code == 0
    assert "Cross-validation of detector, 2 seeds" in (trained / "report.html").read_text(encoding="utf-8")


def test_a_learning_curve_is_measured_and_shown_in_the_report(run, workspace, trained):
    outcome = run("curve", "things", "-w", workspace.root, "--epochs", "1", "--sizes", "0.5,0.75,1", "--json")
    assert outcome.code == 0, outcome.err
    assert [len(one["ap50"]) for one in outcome.json["points"]] == [2, 2, 2]
    assert outcome.json["meaning"].startswith("The error does not fall with more training screenshots here")
    folder = workspace.studies / "things" / "curve"
    assert {"box-curve.json", "learning-curve.csv", "learning-curve.png"} <= {path.name for path in folder.iterdir()}
    assert run("report", "things/two", "-w", workspace.root).code == 0
    page = (trained / "report.html").read_text(encoding="utf-8")
    assert "What more training screenshots would probably bring" in page


def test_changed_screenshots_are_searched_and_shown(run, workspace, trained):
    outcome = run("evaluate", "things/two", "--stress", "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    plain, *changed = outcome.json["stress"]["scores"]
    recall = outcome.json["model"]["recall"]
    assert (plain["samples"], plain["own"]) == (recall["total"], recall["total"] - recall["count"])
    assert plain["summary"]["ap50"] == pytest.approx(outcome.json["model"]["ap50"])
    assert [(one["kind"], one["strength"]) for one in changed] == [
        (one.kind, one.strength) for one in SCREENSHOT_CHANGES
    ]
    assert {one["samples"] for one in changed} == {plain["samples"]}
    assert "share of objects found" in outcome.json["stress"]["meaning"]
    assert run("report", "things/two", "-w", workspace.root).code == 0
    page = (trained / "report.html").read_text(encoding="utf-8")
    assert "Under changes of light, sharpness, size and compression" in page


def test_a_step_that_is_for_classes_alone_says_which_tasks_it_is_for(run, workspace, trained):
    outcome = run("train", "things", "--levels", "-w", workspace.root)
    assert outcome.code == 2
    said = "is for tasks of the kind classify; things is of the kind detect. Choose one of those: label, kind."
    assert said in outcome.err


def test_a_search_for_detectors_is_timed_first_and_its_winner_is_trained(run, workspace):
    outcome = run(
        "tune", "things", "-w", workspace.root, "--epochs", "1", "--trials", "1", "--race", "0", "--workers", "1",
        "--max-ms", "1000", "--max-params", "60000", "--json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "Each learns from " in outcome.err
    (trial,) = outcome.json["trials"]
    assert trial["parameters"] <= 60_000
    assert 0 <= trial["loss"] <= 1
    study = json.loads((workspace.studies / "things" / "random-1" / "study.json").read_text())
    assert len(study["settings"]["milliseconds"]) == 4
    assert all(value > 0 for value in study["settings"]["milliseconds"].values())
    assert run("studies", "-w", workspace.root).code == 0
    outcome = run("train", "things", "-w", workspace.root, "--from-study", "things/random-1", "--name", "found")
    assert outcome.code == 0, outcome.err
    folder = workspace.runs / "things" / "found"
    try:
        assert read_record(folder).settings.network == trial["network"].partition(" at ")[0]
    finally:
        shutil.rmtree(folder)


def test_calibrate_says_why_a_detector_has_no_temperature_and_what_it_has_instead(run, workspace, trained):
    outcome = run("calibrate", "things/two", "-w", workspace.root)
    assert outcome.code == 2
    assert "its scores put boxes in order and are no probabilities" in outcome.err
    assert f"run: toonvision evaluate things/two -w {workspace.root}" in outcome.err
    assert run("evaluate", "things/two", "-w", workspace.root).code == 0


def test_a_detector_that_stops_early_shows_its_precision(run, workspace):
    outcome = run(
        "train", "things", "-w", workspace.root, "--schedule", "constant", "--patience", "4", "--epochs", "6",
        "--batch-size", "4", "--name", "early",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert ", validation AP50 " in outcome.err
    folder = workspace.runs / "things" / "early"
    try:
        rows = rows_of(next(folder.rglob("history.csv")))
        assert all(0 <= float(row["val_ap50"]) <= 1 for row in rows)
        assert run("report", "things/early", "-w", workspace.root).code == 0
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "which has the highest validation AP50" in page
    finally:
        shutil.rmtree(folder)


def test_a_setting_that_a_network_is_not_trained_with_is_refused(run, workspace):
    for task, flag in (("things", "--mixup"), ("label", "--mosaic")):
        outcome = run("train", task, "-w", workspace.root, flag, "0.5")
        assert outcome.code == 2
        assert f"is not trained with {flag}. Leave it out." in outcome.err


def test_eight_bits_cost_what_the_command_says(run, workspace, exported):
    folder, before = exported.parent, exported.read_bytes()
    outcome = run("export", "things/two", "--int8", "-w", workspace.root, "--json")
    assert outcome.code == 0, outcome.err
    cost = outcome.json["int8"]
    assert exported.read_bytes() == before
    assert cost["screenshots"] == 2
    assert 0 <= cost["parity"]["disagreements"] <= cost["boxes"]
    assert 0 <= cost["int8_ap50"] <= 1
    assert cost["ap50"] == pytest.approx(
        run("evaluate", "things/two", "-w", workspace.root, "--json").json["model"]["ap50"]
    )
    small = Detector(folder / "model-int8.onnx")
    assert (small.bundle.precision, small.thresholds) == ("int8", Detector(exported).thresholds)
    assert small.find_batch(np.zeros((1, 64, 64, 3), np.uint8)).images == 1
    (folder / "model-int8.onnx").unlink()


def test_an_export_of_other_thresholds_is_not_used(run, workspace, exported):
    card = json.loads((exported.parent / "model.json").read_text())
    changed = {**card, "thresholds": [0.9, 0.9, 0.9]}
    (exported.parent / "model.json").write_text(json.dumps(changed))
    try:
        outcome = run("predict", "things/two", workspace.root / "screenshots", "-w", workspace.root)
        assert "was exported before the run's thresholds were changed. It is not used." in outcome.err
    finally:
        (exported.parent / "model.json").write_text(json.dumps(card))


def test_check_knows_a_detectors_run_and_its_split(run, workspace, exported):
    outcome = run("check", "-w", workspace.root)
    assert outcome.code == 0, outcome.out
    assert "split-changed" not in outcome.out
