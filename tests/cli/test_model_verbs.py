import csv
import io
import itertools
import json
import os
import re
import shlex
import signal
import time
from pathlib import Path
from threading import Event, Thread

import keras
import numpy as np
import pytest
from PIL import Image

from builders import Shot, contents, copied, make_workspace, write_voc
from models.hostile import with_lambda_layer
from reliability import disks
from toonvision.api import bulk
from toonvision.core.errors import ModelRefusedError
from toonvision.data.workspace import open_workspace
from toonvision.metrics.calibration import with_temperature
from toonvision.models.saving import load_model, read_card

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("models") / "workspace")


@pytest.fixture
def trained(run, workspace):
    """A workspace with the run label/two of two repeats, trained once for all tests here."""
    if not (workspace.runs / "label" / "two" / "metrics.json").exists():
        outcome = run(
            "train",
            "label",
            "-w",
            workspace.root,
            "--epochs",
            "3",
            "--repeat",
            "2",
            "--batch-size",
            "4",
            "--model",
            "baseline",
            "--learning-rate",
            "0.01",
            "--name",
            "two",
        )
        assert outcome.code == 0, outcome.err
        assert "Over 2 trainings: median" in outcome.out
        assert "Best values over 3 epochs:" in outcome.out
        assert "training 2/2 (seed 1): best epoch" in outcome.err
    return workspace


def test_train_lists_its_run(run, trained):
    outcome = run("runs", "-w", trained.root)
    assert outcome.code == 0
    assert "label/two" in outcome.out
    assert " wrong " in outcome.out
    (listed,) = [r for r in run("runs", "-w", trained.root, "--json").json["runs"] if r["name"] == "two"]
    assert listed["status"] == "done"
    assert listed["wrong"]["worst"] >= listed["wrong"]["median"] >= listed["wrong"]["best"]


def test_evaluate_scores_every_repeat_on_the_subset_asked_for(run, trained):
    data = run("evaluate", "label/two", "-w", trained.root, "--subset", "val", "--json").json
    assert data["subset"] == "val"
    assert len(data["repeats"]) == 2
    assert data["calibration"]["fitted_on_the_evaluated_samples"] is True
    assert (trained.runs / "label" / "two" / "metrics-val.json").is_file()


def test_a_training_stores_a_temperature_which_predict_uses_and_calibrate_removes_and_fits_again(
    run, trained, tmp_path
):
    other = copied(trained, tmp_path / "workspace")
    folder = other.runs / "label" / "two"
    asked = ("predict", "label/two", other.crops, "-w", other.root, "--json")
    fitted = read_card(folder).temperature
    assert fitted == run("evaluate", "label/two", "-w", other.root, "--json").json["calibration"]["temperature"]
    scaled = [one["probabilities"] for one in run(*asked).json["predictions"]]
    removed = run("calibrate", "label/two", "--remove", "-w", other.root)
    assert "has no temperature from now on" in removed.out
    assert read_card(folder).temperature is None
    plain = [one["probabilities"] for one in run(*asked).json["predictions"]]
    for before, after in zip(plain, scaled, strict=True):
        expected = with_temperature(np.array([list(before.values())], dtype=np.float32), fitted)[0]
        assert list(after.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    outcome = run("calibrate", "label/two", "-w", other.root)
    assert f"has the temperature {fitted:.4f} from now on" in outcome.out
    assert outcome.err.splitlines()[-1] == f"Next: toonvision export label/two -w {other.root}"
    assert read_card(folder).temperature == fitted
    assert [one["probabilities"] for one in run(*asked).json["predictions"]] == scaled


def test_a_card_from_before_there_were_temperatures_is_read_and_a_senseless_one_is_refused(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    card = other.runs / "label" / "two" / "model.json"
    content = json.loads(card.read_text())
    del content["temperature"]
    card.write_text(json.dumps(content))
    assert read_card(card.parent).temperature is None
    for senseless in ("0", "-1", "Infinity", "NaN"):
        card.write_text(json.dumps(content)[:-1] + f', "temperature": {senseless}}}')
        with pytest.raises(ModelRefusedError, match="temperature"):
            read_card(card.parent)


def test_report_writes_one_file_that_names_the_run(run, trained):
    outcome = run("report", "label/two", "-w", trained.root, "--json")
    assert outcome.code == 0
    page = Path(outcome.json["report"]).read_text(encoding="utf-8")
    assert "label/two" in page
    assert "<script src" not in page
    assert '<section id="explanations">' in page
    figures = {file.stem for file in (trained.runs / "label" / "two" / "figures").glob("*.csv")}
    assert figures >= {"breakdown", "calibration", "maps-unsure"}
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_predict_prints_a_table_and_writes_all_probabilities(run, trained, tmp_path):
    outcome = run("predict", "label/two", trained.crops, "-w", trained.root)
    assert outcome.code == 0
    assert outcome.out.count("apple_0") == 8
    assert "No novelty score is stored with this run" in outcome.out
    run("predict", "label/two", trained.crops, "-w", trained.root, "--csv", tmp_path / "all.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text())))
    assert len(rows) == 24
    assert all(abs(sum(float(row[f"p_{name}"]) for name in ("apple", "pear", "stone")) - 1) < 1e-5 for row in rows)
    kinds = {"apple": "fruit", "pear": "fruit", "stone": "mineral"}
    assert all(row["kind"] == kinds[row["predicted"]] for row in rows)
    (first, *_) = run("predict", "label/two", trained.crops, "-w", trained.root, "--json").json["predictions"]
    assert first["levels"] == {"kind": kinds[first["predicted"]]}
    assert (first["none_of_these"], first["novelty"]) == (None, None)
    assert {row["none_of_these"] for row in rows} == {""}
    printed = run("predict", "label/two", trained.crops, "-w", trained.root, "--csv", "-")
    assert printed.out == (tmp_path / "all.csv").read_text()


def test_predict_names_what_it_cannot_read_and_ends_with_three(run, trained, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    outcome = run("predict", "label/two", tmp_path / "bad.png", tmp_path / "absent.png", "-w", trained.root)
    assert outcome.code == 3
    assert f"skipped: {tmp_path / 'bad.png'}: is not a picture" in outcome.err
    assert f"skipped: {tmp_path / 'absent.png'}: cannot be read" in outcome.err


def test_predict_says_that_nothing_is_there_before_it_loads_anything(run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("toonvision.api.predicting.predict_files", lambda *_, **__: pytest.fail("a model was loaded"))
    outcome = run("predict", "label/two", tmp_path / "absent", "-w", trained.root)
    assert outcome.code == 3
    assert f"no picture or folder of pictures was found; got {tmp_path / 'absent'}" in outcome.err


def test_an_unknown_task_or_model_or_run_is_wrong_usage_with_a_suggestion(run, trained):
    root = trained.root
    assert "Did you mean label?" in run("train", "labl", "-w", root).err
    assert "Did you mean tuned?" in run("train", "label", "-w", root, "--model", "tund").err
    assert "There are: label/two" in run("report", "label/too", "-w", root).err
    assert run("train", "labl", "-w", root).code == 2


@pytest.mark.parametrize("size", ["600", "0x10", "axb", "600x200x3", "5000x10"])
def test_a_bad_size_is_wrong_usage(run, trained, size):
    outcome = run("train", "label", "-w", trained.root, "--size", size)
    assert outcome.code == 2
    assert "Write e.g. --size 600x200." in outcome.err


def test_a_run_name_that_is_taken_is_refused(run, trained):
    outcome = run("train", "label", "-w", trained.root, "--epochs", "1", "--name", "two")
    assert outcome.code == 2
    assert "there is a run called label/two already" in outcome.err


def test_a_damaged_model_is_refused_with_six(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    (other.runs / "label" / "two" / "model.keras").write_bytes(b"no weights")
    outcome = run("predict", "label/two", trained.crops, "-w", other.root)
    assert outcome.code == 6
    assert "its weights cannot be loaded" in outcome.err


@pytest.mark.parametrize("verb", ["evaluate", "predict", "explain", "export", "report"])
def test_a_hostile_model_is_refused_by_every_verb_in_one_line_and_nothing_in_it_is_run(run, trained, tmp_path, verb):
    own, canary = copied(trained, tmp_path / "workspace"), tmp_path / "canary"
    for weights in (own.runs / "label" / "two").rglob("model.keras"):
        weights.write_bytes(with_lambda_layer(canary))
    before = contents(own.runs)
    outcome = run(verb, "label/two", *([own.crops] if verb == "predict" else []), "-w", own.root)
    assert outcome.code == 6
    said = outcome.err.splitlines()[-1]
    assert str(own.runs / "label" / "two") in said
    assert "model.keras: its weights cannot be loaded into" in said
    assert not canary.exists()
    assert contents(own.runs) == before


@pytest.mark.parametrize("verb", ["evaluate", "predict", "explain", "export", "report"])
def test_a_model_of_another_taxonomy_is_refused_by_every_verb_naming_both(run, trained, tmp_path, verb):
    own = copied(trained, tmp_path / "workspace")
    settings = own.root / "toonvision.toml"
    settings.write_text(settings.read_text() + '\n[taxonomy.labels.plum]\ntitle = "Plum"\nkind = "fruit"\n')
    before = contents(own.runs)
    outcome = run(verb, "label/two", *([own.crops] if verb == "predict" else []), "-w", own.root)
    assert outcome.code == 6
    trained_with, has = trained.taxonomy.digest, open_workspace(own.root).taxonomy.digest
    assert f"was trained with taxonomy {trained_with}, this workspace has {has}" in outcome.err
    assert contents(own.runs) == before


def test_one_network_learns_all_levels_and_is_asked_and_exported_as_any(run, own_workspace):
    root = own_workspace.root
    outcome = run("train", "label", "--levels", "--epochs", "1", "--batch-size", "4", "-w", root)
    assert outcome.code == 0, outcome.err
    assert read_card(own_workspace.runs / "label" / "compact+1-1").network == "compact+1"
    assert run("export", "label/compact+1-1", "-w", root).code == 0
    picture = next((own_workspace.crops).glob("pear*.png"))
    (answer,) = run("predict", "label/compact+1-1", picture, "-w", root, "--json").json["predictions"]
    assert answer["levels"]["kind"] == {"apple": "fruit", "pear": "fruit", "stone": "mineral"}[answer["predicted"]]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("kind", "--levels"), "no coarser level groups classes of kind"),
        (
            ("label", "--levels", "--model", "tuned"),
            "--levels adds branches to compact. Leave out --model tuned.",
        ),
        (("label", "--model", "compact+2"), "compact+2 learns 2 coarser levels too, and these classes have 1"),
    ],
)
def test_levels_that_cannot_be_learned_are_refused(run, workspace, given, told):
    outcome = run("train", *given, "--epochs", "1", "-w", workspace.root)
    assert outcome.code == 2
    assert told in " ".join(outcome.err.split())
    assert not list(workspace.runs.glob("*/.*"))


def test_a_training_on_a_device_that_is_absent_ends_with_four_and_leaves_nothing(run, own_workspace, monkeypatch):
    monkeypatch.setenv("TOONVISION_DEVICE", "gpu")
    outcome = run("train", "label", "-w", own_workspace.root, "--epochs", "1")
    assert outcome.code == 4
    assert "TOONVISION_DEVICE=gpu asks for another device than tensorflow computes on, cpu:0." in outcome.err
    assert not list(own_workspace.runs.glob("*/*"))


def test_a_training_that_breaks_off_keeps_its_last_good_weights_and_is_said_to_have_failed(
    run, own_workspace, monkeypatch
):
    real_step, steps = keras.Model.train_on_batch, itertools.count(1)

    def step(model, *given, **options):
        if next(steps) == 9:  # of four an epoch
            model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
        return real_step(model, *given, **options)

    monkeypatch.setattr(keras.Model, "train_on_batch", step)
    told = ("--model", "baseline", "--epochs", "5", "--batch-size", "4", "--name", "broken")
    outcome = run("train", "label", "-w", own_workspace.root, *told)
    assert re.search(r"FAILED, its loss became NaN; best epoch [12] of 3, validation loss \d", outcome.err)
    (listed,) = run("runs", "-w", own_workspace.root, "--json").json["runs"]
    assert listed["status"] == "failed"
    kept = load_model(own_workspace.runs / "label" / "broken")
    assert all(np.isfinite(weights).all() for weights in kept.get_weights())
    assert run("predict", "label/broken", own_workspace.crops, "-w", own_workspace.root).code == 0


def test_predict_never_overwrites_a_file_unasked(run, trained, tmp_path):
    (tmp_path / "mine.xml").write_text("precious")
    asked = ("predict", "label/two", trained.crops, "-w", trained.root, "--csv", tmp_path / "mine.xml")
    refused = run(*asked)
    assert refused.code == 2
    assert "exists already; it was not changed" in refused.err
    assert (tmp_path / "mine.xml").read_text() == "precious"
    assert run(*asked, "--force").code == 0
    assert (tmp_path / "mine.xml").read_text().startswith("picture,predicted")
    assert run(*asked[:-1], tmp_path).code == 2


def test_predict_writes_the_file_also_when_json_is_printed(run, trained, tmp_path):
    outcome = run("predict", "label/two", trained.crops, "-w", trained.root, "--csv", tmp_path / "a.csv", "--json")
    assert len(outcome.json["predictions"]) == 24
    assert (tmp_path / "a.csv").read_text().count("\n") == 25


def test_a_damaged_run_is_named_and_the_others_are_listed(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    broken = other.runs / "label" / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{}")
    outcome = run("runs", "-w", other.root)
    assert outcome.code == 0
    assert "label/two" in outcome.out
    assert str(broken) in outcome.err


@pytest.mark.parametrize("content", [b"", b"\0garb"], ids=["empty", "garbled"])
def test_damaged_results_of_a_run_are_named_and_evaluating_it_again_cures(run, trained, tmp_path, content):
    other = copied(trained, tmp_path / "workspace")
    (other.runs / "label" / "two" / "metrics.json").write_bytes(content)
    listed, checked = run("runs", "-w", other.root), run("check", "-w", other.root)
    assert (listed.code, checked.code) == (0, 3)
    assert "note: run label/two: metrics.json: cannot be read as JSON" in listed.err
    assert "run label/two: metrics.json: cannot be read as JSON" in checked.out + checked.err
    assert "(toonvision evaluate label/two)" in " ".join((checked.out + checked.err).split())
    remedy = re.search(r"\((toonvision evaluate .+)\)$", listed.err, re.MULTILINE)[1]
    assert run(*shlex.split(remedy)[1:]).code == 0
    assert "metrics.json" not in run("runs", "-w", other.root).err
    assert run("check", "-w", other.root).code == 0


def test_a_pipe_in_place_of_the_metrics_of_a_run_blocks_nothing(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    metrics = other.runs / "label" / "two" / "metrics.json"
    metrics.unlink(missing_ok=True)
    os.mkfifo(metrics)
    outcome = run("runs", "-w", other.root, "--json")
    assert outcome.code == 0
    assert "two" in [one["name"] for one in outcome.json["runs"]]


def test_an_average_without_a_course_that_ends_is_refused(own_workspace, run):
    refused = run("train", "label", "-w", own_workspace.root, "--model", "baseline", "--averaging", 0.9)
    assert (refused.code, "Add --schedule cosine too." in refused.err) == (2, True)


def test_stress_is_printed_stored_and_shown_in_the_report(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    folder = other.runs / "label" / "two"
    outcome = run("evaluate", "label/two", "-w", other.root, "--stress")
    assert outcome.code == 0, outcome.err
    assert "label/two under changes" in outcome.out
    assert "box moved" in outcome.out
    assert {f"stress{suffix}" for suffix in (".json", ".csv", ".png")} <= {path.name for path in folder.iterdir()}
    assert run("report", "label/two", "-w", other.root).code == 0
    assert "Under changes of light" in (folder / "report.html").read_text(encoding="utf-8")
    told = run("evaluate", "label/two", "-w", other.root, "--stress", "--json").json["stress"]
    assert told["scores"][0]["strength"] == "unchanged"
    assert told["meaning"]


def test_a_naive_split_is_a_comparison_that_evaluate_makes(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    refused = run("evaluate", "label/two", "-w", other.root, "--naive", "--subset", "val")
    assert (refused.code, "compared on the test subset; got val" in refused.err) == (2, True)
    told = run("evaluate", "label/two", "-w", other.root, "--naive", "--json")
    assert told.code == 0, told.err
    assert told.json["leakage"]["run"] == "label/two"
    assert told.json["leakage"]["meaning"].startswith("On a naive split")


def test_predict_warns_of_whole_screenshots_cuts_their_boxes_and_draws_the_answers(run, trained, tmp_path):
    shots = trained.root / "screenshots"
    asked = ("predict", "label/two", "-w", trained.root, "--json")
    whole = run(*asked, shots)
    assert whole.code == 0
    (note,) = [finding for finding in whole.json["findings"] if finding["code"] == "not-a-crop"]
    assert "12 of 12 pictures" in note["item"]
    assert "add --boxes" in note["remedy"]
    assert not run(*asked, trained.crops).json["findings"]
    cut = run(*asked, shots, "--boxes", "--save", tmp_path / "drawn").json
    assert not cut["findings"]
    assert sorted(one["label"] for one in cut["predictions"]) == ["apple"] * 8 + ["pear"] * 8 + ["stone"] * 8
    assert len(list((tmp_path / "drawn").glob("*.png"))) == 12
    refused = run(*asked, shots, "--boxes", "--save", tmp_path / "drawn")
    assert (refused.code, "not an empty folder" in refused.json["error"]) == (2, True)


def test_many_pictures_are_warned_about_too_and_the_next_command_works(run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "MANY", 4)
    monkeypatch.setattr(bulk, "available_cores", lambda: 1)
    other = copied(trained, tmp_path / "workspace")
    assert run("export", "label/two", "-w", other.root).code == 0
    shots, crops = tmp_path / "shots.csv", tmp_path / "crops.csv"
    whole = run("predict", "label/two", other.root / "screenshots", "-w", other.root, "--csv", shots)
    assert (whole.code, len(shots.read_text().splitlines())) == (0, 13), whole.err
    assert "Wrote the answers about 12 pictures" in whole.err
    assert "note: 12 of 12 pictures: much larger than the crops that the model learned from" in whole.err
    cut = run("predict", "label/two", other.crops, "-w", other.root, "--csv", crops)
    assert "note:" not in cut.err
    assert run(*cut.next).code == 0


def test_predict_cuts_boxes_as_they_were_drawn_and_names_pictures_that_cannot_be_read(run, trained, tmp_path):
    shots = tmp_path / "shots"
    boxes = (("apple", (-4, 6, 24, 40)),)
    write_voc(shots, [Shot(stem, "garden", boxes, size_wh=(48, 64)) for stem in ("seen", "unread")])
    with Image.open(shots / "garden" / "seen.png") as picture:
        stored, exif = picture.transpose(Image.Transpose.ROTATE_90), Image.Exif()
    exif[0x0112] = 6
    stored.save(shots / "garden" / "seen.png", exif=exif)
    (shots / "garden" / "unread.png").unlink()
    (shots / "garden" / "unread.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    said = run("predict", "label/two", "-w", trained.root, shots, "--boxes", "--save", tmp_path / "drawn", "--json")
    assert said.code == 3
    assert [(one["label"], one["box"]) for one in said.json["predictions"]] == [("apple", [0, 6, 24, 40])]
    assert {finding["item"]: finding["code"] for finding in said.json["findings"]} == {
        "garden/unread.heic": "not-a-picture",
        str(shots): "recovered",
    }
    (drawn,) = (tmp_path / "drawn").iterdir()
    with Image.open(drawn) as image:
        assert image.size == (48, 64)
    alone = run("predict", "label/two", "-w", trained.root, shots / "garden" / "unread.heic")
    assert alone.code == 3
    assert "unread.heic: is a picture of the kind HEIC, which cannot be read here (save it as PNG)" in alone.err


def test_the_whole_loop_works_in_a_folder_with_blanks_and_umlauts(run, tmp_path):
    root = make_workspace(tmp_path / "größere Bilder, 2. Fassung").root
    kept = root / "runs" / "label" / "klein"
    assert run("extract", "-w", root).code == 0
    assert run("split", "-w", root).code == 0
    assert run("train", "label", "-w", root, "--epochs", "1", "--model", "baseline", "--name", "klein").code == 0
    assert run("evaluate", "label/klein", "-w", root).code == 0
    assert run("export", kept, "-w", root).code == 0
    predicted = run("predict", kept, root / "screenshots", "-w", root, "--csv", tmp_path / "wörter dazu.csv")
    assert predicted.code == 0, predicted.err
    assert "größere Bilder, 2. Fassung" in (tmp_path / "wörter dazu.csv").read_text(encoding="utf-8")


@disks.on_a_disk
def test_a_workspace_that_cannot_be_written_to_is_read_and_what_would_write_ends_with_4_before_it_begins(
    run, trained, tmp_path
):
    root = copied(trained, tmp_path / "nur zum Lesen").root
    before = contents(root)
    with disks.read_only(root):
        for reads in (("balance",), ("runs",), ("studies",), ("predict", "label/two", root / "crops")):
            outcome = run(*reads, "-w", root)
            assert outcome.code == 0, outcome.err
        for writes in (
            ("extract",), ("split",), ("split", "--force"), ("train", "label"), ("evaluate", "label/two"),
            ("report", "label/two"), ("explain", "label/two"), ("export", "label/two"), ("tune", "label"),
            ("contexts", "label"), ("suspects", "label"), ("curve", "label"),
        ):  # fmt: skip
            outcome = run(*writes, "-w", root)
            assert outcome.code == 4, (writes, outcome.err)
            (line,) = [line for line in outcome.err.splitlines() if line.startswith("toonvision: ")]
            assert str(root) in line
            assert line.endswith("run again.")
            assert "Judging" not in outcome.err
            assert "epoch 1" not in outcome.err
    assert contents(root) == before


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_training_ends_with_130_at_once_and_leaves_nothing_behind(run, own_workspace, wanted):
    task, sent, ended = own_workspace.runs / "label", [], Event()

    def interrupt():
        while not list(task.glob(".unfinished-*/tensorboard/*/*")):
            if ended.wait(0.05):
                return
        sent.append(time.monotonic())
        os.kill(os.getpid(), wanted)

    interrupting = Thread(target=interrupt)
    interrupting.start()
    outcome = run("train", "label", "-w", own_workspace.root, "--epochs", "10000", "--batch-size", "4")
    ended.set()
    interrupting.join()
    assert time.monotonic() - sent[0] < 20, "10,000 epochs take minutes"
    assert outcome.code == 130, outcome.err
    assert outcome.err.splitlines()[-1] == "toonvision: interrupted; what was saved is kept, run again to go on"
    assert "Traceback" not in outcome.err
    assert list(task.iterdir()) == []
