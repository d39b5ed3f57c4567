"""A detector and classifiers together: boxes with labels as exact as the classifiers allow."""

import csv
import dataclasses
import json
import shlex
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from builders import copied, finding_things
from toonvision.api import two_stage
from toonvision.api.detecting import keep, objects_csv
from toonvision.api.run import Run
from toonvision.api.two_stage import exact_label
from toonvision.api.two_stage_scores import evaluate_stages
from toonvision.api.watching import NOBODY
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.data.boxes import fit_box
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import Namer, Scene
from toonvision.metrics.found_objects import FoundObject, FoundObjects
from toonvision.metrics.predictions import Answers, Predictions, Verdict
from toonvision.report import answers
from toonvision.taxonomy.loader import built_in

pytestmark = pytest.mark.usefixtures("eager", "small_bodies")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("stages") / "workspace", level="kind")


@pytest.fixture
def trained(run, workspace):
    """A workspace with the runs things/one and label/one, each trained once for all tests here."""
    wanted = {"things": ("detector", "2"), "label": ("4c3-p4", "3")}
    for task, (model, epochs) in wanted.items():
        if not (workspace.runs / task / "one").exists():
            asked = ("--model", model, "--epochs", epochs, "--batch-size", "4", "--name", "one")
            assert run("train", task, "-w", workspace.root, *asked).code == 0
    return workspace


@pytest.fixture
def found(monkeypatch, workspace):
    """What the detector finds instead: the annotated boxes, all of them said to be fruit."""
    crops = workspace.known_crops()

    def find(_run, pictures):
        (folder,) = pictures
        listed = []
        for path in sorted(folder.rglob("*.png")):
            own = [crop for crop in crops if crop.screenshot == path.relative_to(folder).as_posix()]
            objects = tuple(FoundObject("fruit", 0.9, tuple(map(float, crop.box.xyxy))) for crop in own)
            listed.append(FoundObjects(path, (64, 48), objects))
        return listed, []

    monkeypatch.setattr(two_stage, "predict_files", find)
    return crops


def test_boxes_are_named_by_the_classifier_as_it_names_the_crops_and_contradictions_are_told(
    run, trained, found, tmp_path
):
    screenshots, target = trained.root / "screenshots", tmp_path / "objects.csv"
    asked = ("--detector", "things/one", "--classifier", "label/one", "-w", trained.root)
    outcome = run("predict", screenshots, *asked, "--json")
    assert outcome.code == 0, outcome.err
    crops = run("predict", "label/one", trained.crops, "-w", trained.root, "--json").json["predictions"]
    named = {one["picture"].rpartition("/")[2]: one for one in crops}
    objects = [one for picture in outcome.json["pictures"] for one in picture["objects"]]
    assert len(objects) == len(found) == 24
    stones = 0
    for picture in outcome.json["pictures"]:
        for one in picture["objects"]:
            crop = next(c for c in found if picture["picture"].endswith(c.screenshot) and [*c.box.xyxy] == one["box"])
            wanted = named[crop.file]
            assert one["label"] == one["levels"]["label"] == wanted["predicted"]
            assert one["confidences"]["label"] == pytest.approx(wanted["confidence"], abs=1e-5)
            assert one["levels"]["kind"] == "fruit"
            stones += wanted["predicted"] == "stone"
    told = [one for one in outcome.json["findings"] if one["code"] == two_stage.DISAGREE]
    assert len(told) == stones
    assert all("the detector says fruit, label/one says stone" in one["reason"] for one in told)
    assert run("predict", screenshots, *asked, "--csv", target).code == 0
    with target.open(newline="") as file:
        heading, *rows = csv.reader(file)
    said = ["confidence", "none_of_these", "novelty", *(f"p_{name}" for name in ("apple", "pear", "stone"))]
    edges = ["x_min", "y_min", "x_max", "y_max"]
    assert heading == ["picture", "label", "kind", "score", *edges, *(f"label_{name}" for name in said)]
    for row in map(dict, (zip(heading, row, strict=True) for row in rows)):
        shares = {name: float(row[f"label_p_{name}"]) for name in ("apple", "pear", "stone")}
        assert (row["label"], float(row["label_confidence"])) == max(shares.items(), key=lambda item: item[1])
        assert (row["kind"], float(row["score"])) == ("fruit", 0.9)


def test_a_detector_itself_finds_boxes_that_are_named_and_drawn(run, trained, tmp_path):
    screenshots = trained.root / "screenshots"
    asked = ("--detector", "things/one", "--classifier", "label/one", "-w", trained.root)
    outcome = run("predict", screenshots, *asked, "--save", tmp_path / "drawn", "--voc", tmp_path / "voc", "--json")
    assert outcome.code == 0, outcome.err
    assert len(list((tmp_path / "drawn").glob("*.png"))) == len(list((tmp_path / "voc").glob("*.xml"))) == 12
    for picture in outcome.json["pictures"]:
        for one in picture["objects"]:
            assert {"kind"} <= set(one["levels"]) == set(one["confidences"]) <= {"kind", "label"}


def test_runs_that_are_exported_watch(run, trained):
    runs = ("--detector", "things/one", "--classifier", "label/one", "-w", trained.root)
    asked = ("watch", trained.root / "screenshots" / "garden", "--headless", *runs)
    refused = run(*asked)
    assert refused.code == 2
    assert "things/one has no export, which watching needs. Run: toonvision export things/one" in refused.err
    for name in ("things/one", "label/one"):
        exported = run("export", name, "-w", trained.root)
        assert exported.code == 0
        assert run(*exported.next, "--json").code == 0
    outcome = run(*asked, "--json")
    assert outcome.code == 0, outcome.err
    *frames, summary = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(frames) == summary["frames"] == 6
    assert {level for frame in frames for track in frame["tracks"] for level in track["levels"]} <= {"kind", "label"}
    both = run(*asked, "--with", "toontown")
    assert both.code == 2
    assert "--with and --detector both name what finds. Leave one out." in both.err


def test_end_to_end_an_object_is_right_if_its_box_and_its_class_are(run, trained, monkeypatch):
    workspace = open_workspace(trained.root)
    detector, classifier = workspace.run("things/one"), workspace.run("label/one")
    evaluation, named = detector.evaluation(), classifier.evaluation()
    best = evaluation.best
    sure = np.full(len(best.truth.labels), 0.9, np.float32)
    every = Predictions(best.truth.images, best.truth.image, 0 * best.truth.labels, sure, boxes=best.truth.boxes)
    finding = dataclasses.replace(best, predictions=every, thresholds=(0.5, 0.5))
    result = evaluate_stages(detector, [classifier], dataclasses.replace(evaluation, scores=(finding,)))
    assert result.next == workspace.command("report", "things/one")
    (scores,) = result.value
    assert (scores.all.total, scores.all.found) == (len(named.items), len(named.items))
    assert scores.all.right == len(named.items) - named.spread.wrong[0]
    assert sum(one.total for one in scores.bands[:-1]) == scores.all.total
    with monkeypatch.context() as unlike:
        unlike.setattr(Verdict, "none_of_these", True)
        asked = dataclasses.replace(evaluation, scores=(finding,))
        (rejected,) = evaluate_stages(detector, [classifier], asked).value
    assert (rejected.all.found, rejected.all.right) == (len(named.items), 0)
    nothing = dataclasses.replace(finding, thresholds=(0.95, 0.95))
    (scores,) = evaluate_stages(detector, [classifier], dataclasses.replace(evaluation, scores=(nothing,))).value
    assert (scores.all.found, scores.all.right) == (0, 0)
    outcome = run("evaluate", "things/one", "--classifier", "label/one", "-w", trained.root, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["two_stages"]["classifiers"][0]["heights"][-1]["objects"] == len(named.items)


def test_end_to_end_is_refused_where_the_classifier_learned_from_these_screenshots(run, trained):
    here = ("-w", trained.root)
    assert run("split", "--name", "other", "--seed", "1", *here).code == 0
    asked = ("--model", "4c3-p4", "--epochs", "1", "--batch-size", "4", *here)
    assert run("train", "label", "--split", "other", "--name", "two", *asked).code == 0
    outcome = run("evaluate", "things/one", "--classifier", "label/two", *here)
    assert (outcome.code, "label/two learned from" in outcome.err) == (2, True)
    words = shlex.split(outcome.err.partition("Train it on that run's split: toonvision ")[2].splitlines()[0])
    assert run(*words, "--model", "4c3-p4", "--epochs", "1", "--name", "three").code == 0
    assert run("evaluate", "things/one", "--classifier", "label/three", *here).code == 0
    other = run("evaluate", "things/one", "--classifier", "label/one", "--subset", "val", *here)
    assert (other.code, "Leave out --subset." in other.err) == (2, True)


def test_two_stages_need_both_runs_of_the_right_kinds_and_no_run_first(run, trained, monkeypatch):
    screenshots, here = trained.root / "screenshots", ("-w", trained.root)
    both = ("--detector", "things/one", "--classifier", "label/one")
    refused = {
        ("--detector", "things/one"): "Add --detector and --classifier.",
        ("--detector", "label/one", "--classifier", "label/one"): "--detector is a run of the kind detect",
        ("--detector", "things/one", "--classifier", "things/one"): "--classifier is a run of the kind classify",
        ("--detector", "things/one", "--classifier", "label/one,label/one"): (
            "label/one names the level label already, and so does label/one: leave one of them out of --classifier."
        ),
        (*both, "--boxes"): "leave out --boxes",
    }
    first = run("predict", "things/one", screenshots, *both, *here)
    assert (first.code, "--detector takes the place of a run" in first.err) == (2, True)
    for words, said in refused.items():
        outcome = run("predict", screenshots, *words, *here)
        assert (outcome.code, said in outcome.err) == (2, True), outcome.err
    monkeypatch.setattr(Run, "evaluate", lambda *_: pytest.fail("the screenshots were searched first"))
    asked = ("evaluate", "things/one", "--classifier")
    assert "--classifier is a run of the kind classify" in run(*asked, "things/one", *here).err
    assert "leave one of them out of --classifier" in run(*asked, "label/one,label/one", *here).err


def test_beside_a_detector_of_labels_a_classifier_of_labels_is_left_out():
    def one(name, kind):
        return SimpleNamespace(name=name, record=SimpleNamespace(kind=kind, level="label"))

    said = "find/detector-1 names the level label already, and so does label/compact-1: leave out --classifier."
    with pytest.raises(UsageError, match=said):
        two_stage.require_kinds(one("find/detector-1", "detect"), [one("label/compact-1", "classify")])


def test_a_label_is_as_exact_as_the_levels_allow():
    toontown = built_in("toontown")
    assert exact_label({"kind": "cog", "suit": "bb", "entity": "flunky"}, toontown) == "cog_bb_flunky"
    assert exact_label({"kind": "toon", "animal": "dog"}, toontown) == "toon_dog"
    assert exact_label({"kind": "cog", "suit": "bb"}, toontown) == "bb"
    assert exact_label({"kind": "cog"}, toontown) == "cog"
    assert exact_label({"kind": "cog", "label": "cog_sb_twoface"}, toontown) == "cog_sb_twoface"
    assert exact_label({"kind": "toon", "suit": "bb", "entity": "flunky"}, toontown) == "flunky"


def namer(level, novelty=None, **shares):
    """A classifier of a level of ToonTown that says the same of every crop."""

    def answer(crops):
        scores = None if novelty is None else np.full(len(crops), novelty, np.float32)
        return Answers(np.tile(np.array([[*shares.values()]], np.float32), (len(crops), 1)), scores)

    parents = built_in("toontown").all_parents(level)
    return Namer(f"{level}/one", level, tuple(shares), (8, 8), "stretch", parents, answer)


@pytest.fixture
def cog(tmp_path):
    """Return what is said of a Cog that was found with a confidence of 0.6, by classifiers."""
    Image.new("RGB", (90, 90)).save(tmp_path / "cog.png")
    found = FoundObjects(tmp_path / "cog.png", (90, 90), (FoundObject("cog", 0.6, (10, 40, 60, 80)),))
    return lambda *namers: two_stage.named_result([found], [], "kind", namers, built_in("toontown"))


def test_each_level_stands_in_the_table_with_its_title_and_probability_the_coarsest_first(cog):
    result = cog(namer("entity", flunky=0.75, yesman=0.25), namer("suit", bb=0.5, lb=0.25))
    table, *_ = result.blocks
    assert table.columns[1:5] == ("Object", "Kind", "Suit", "Entity")
    assert table.rows[0][1:5] == ("Flunky", "Cog 60.0 %", "Bossbot 50.0 %", "Flunky 75.0 %")


def test_the_probability_that_is_drawn_is_that_of_the_class_that_is_drawn(cog, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(answers, "draw_boxes", lambda _, shown: drawn.extend(one.text for one in shown))
    toontown = built_in("toontown")
    for namers in ([namer("suit", bb=0.48, lb=0.12)], [namer("suit", novelty=0.5, bb=0.48, lb=0.12)]):
        keep(toontown, NOBODY, cog(*namers).value, save=tmp_path / str(len(drawn)), voc=None)
    assert drawn == ["Bossbot 48%", "Cog 60%"]


def test_an_object_that_is_none_of_a_classifiers_classes_has_none_of_them(cog):
    result = cog(namer("suit", novelty=1.25, bb=0.9, lb=0.1), namer("entity", novelty=-3.0, coldcaller=0.75, yesman=0))
    (found,) = result.value[0].objects
    assert (found.label, result.findings) == ("cog_sb_coldcaller", ())
    table, _, text = result.blocks
    assert table.rows[0][1:5] == ("Cold Caller", "Cog 60.0 %", "none of these (+1.2)", "Cold Caller 75.0 %")
    assert text.startswith("None of these: 1 of 1 object ")
    (said,) = result.data["pictures"][0]["objects"]
    assert (said["verdicts"]["suit"]["none_of_these"], said["verdicts"]["entity"]["none_of_these"]) == (True, False)
    row = dict(zip(*csv.reader(objects_csv(result).splitlines()), strict=True))
    assert (row["label"], row["suit"], row["suit_none_of_these"]) == ("cog_sb_coldcaller", "bb", "yes")
    assert (row["suit_novelty"], row["entity_p_coldcaller"]) == ("1.250000", "0.750000")
    (alone,) = cog(namer("suit", novelty=1.25, bb=0.9, lb=0.1)).value[0].objects
    assert (alone.label, alone.confidence) == ("cog", 0.6)


def test_classifiers_that_contradict_each_other_are_named_with_what_they_say(cog):
    (finding,) = cog(namer("suit", bb=0.9, lb=0.1), namer("entity", coldcaller=0.75, yesman=0.25)).findings
    assert finding.reason == "suit/one says bb, entity/one says coldcaller"
    assert finding.code == two_stage.DISAGREE
    assert cog(namer("suit", bb=0.9, lb=0.1), namer("entity", coldcaller=0.25, yesman=0.75)).findings == ()


def test_a_classifier_is_not_asked_about_what_none_of_its_classes_can_be(tmp_path):
    toontown = built_in("toontown")
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    found = FoundObjects(
        tmp_path / "a.png", (40, 40), (FoundObject("cog", 0.9, (0, 0, 9, 9)), FoundObject("toon", 0.8, (9, 9, 30, 30)))
    )
    named, findings = two_stage.named_file(found, "kind", [namer("suit", bb=0.2, lb=0.8)], toontown)
    assert [dict(one.levels) for one in named.objects] == [{"kind": "cog", "suit": "lb"}, {"kind": "toon"}]
    assert [one.label for one in named.objects] == ["lb", "toon"]
    assert findings == []


def test_exported_files_find_and_name_without_the_workspace(run, trained):
    for name in ("things/one", "label/one"):
        outcome = run("export", name, "-w", trained.root)
        assert outcome.code == 0, outcome.err
    files = [trained.runs / name / "model.onnx" for name in ("things/one", "label/one")]
    detector, classifier = Detector(files[0]), Classifier(files[1])
    assert classifier.bundle.parents["kind"]["stone"] != "fruit"
    detector.bundle = dataclasses.replace(detector.bundle, thresholds=(0.01, 0.01))  # a beginner is never sure
    scene = Scene(detector, classifier)
    image = Image.open(next((trained.root / "screenshots").rglob("*.png"))).convert("RGB")
    boxes, found = detector.predict(image), scene.predict(image)
    assert 0 < len(found) <= len(boxes)
    for one in found:
        wanted = classifier.predict(image.crop(fit_box(one.box, image.size)[0].xyxy))
        assert one.levels["kind"] in detector.classes
        assert one.label == one.levels["label"] == wanted.predicted
        assert one.confidences["label"] == pytest.approx(wanted.confidence, abs=1e-6)
    with pytest.raises(UsageError, match="two classifiers both name the level label: leave one of them out."):
        Scene(Detector(files[0]), files[1], Classifier(files[1]))
    of_labels = Detector(files[0])
    of_labels.bundle = dataclasses.replace(of_labels.bundle, level="label")
    with pytest.raises(UsageError, match="the detector and a classifier both name the level label: leave the"):
        Scene(of_labels, classifier)
    other = Classifier(files[1])
    other.bundle = dataclasses.replace(other.bundle, taxonomy="0" * 16)
    with pytest.raises(ModelRefusedError, match=r"level label has the taxonomy \S+ \(\w+\), the detector \S+ \(\w+\)"):
        Scene(files[0], other)


def test_a_run_with_a_report_and_an_export_is_followed_by_what_it_is_for(trained, tmp_path):
    workspace = open_workspace(copied(trained, tmp_path / "own").root)
    folder = workspace.run("label/one").folder
    for file in ("report.html", "model.onnx"):
        (folder / file).touch()
    assert workspace.run("label/one").next_step() == workspace.command("label", "--propose")
    shutil.rmtree(workspace.run("things/one").folder)
    assert workspace.run("label/one").next_step() == workspace.command("train", "things")
    (folder / "report.html").unlink()
    assert workspace.run("label/one").next_step() == workspace.command("report", "label/one")
