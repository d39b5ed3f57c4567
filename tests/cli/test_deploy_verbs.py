import json
import subprocess
import sys

import pytest

from builders import copied, run_alone
from toonvision.deploy.current import EXPORT, INT8_EXPORT
from toonvision.models.saving import WEIGHTS

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("deploy") / "workspace")


@pytest.fixture
def own(run, workspace, tmp_path):
    """A copy of a workspace with the run label/one, trained once for all tests here."""
    if not (workspace.runs / "label" / "one").exists():
        training = ("--epochs", "2", "--batch-size", "4", "--name", "one")
        assert run("train", "label", "-w", workspace.root, *training).code == 0
    return copied(workspace, tmp_path / "workspace")


def test_export_says_where_it_is_and_how_it_was_compared(run, own):
    outcome = run("export", "label/one", "-w", own.root)
    assert outcome.code == 0, outcome.err
    said = " ".join(outcome.out.split())
    assert "On 24 crops and 76 changed copies it gives the same answers as Keras; the largest difference" in said
    assert "Comparing with tensorflow on cpu:0." in outcome.err
    assert (own.runs / "label" / "one" / EXPORT).is_file()
    assert not (own.runs / "label" / "one" / INT8_EXPORT).exists()


def test_export_in_json_and_in_eight_bits(run, own):
    data = run("export", "label/one", "-w", own.root, "--int8", "--json").json
    assert data["path"].endswith("label/one/model.onnx")
    assert data["parity"]["pictures"] == 100
    assert data["int8"]["path"].endswith("label/one/model-int8.onnx")
    assert data["int8"]["right"]["total"] == data["int8"]["parity"]["pictures"]
    outcome = run("export", "label/one", "-w", own.root, "--int8")
    said = " ".join(outcome.out.split())
    assert "In 8 bits to" in said
    assert "predictions differ. One crop takes" in said
    outcome = run("export", "label/one", "-w", own.root)
    assert "model-int8.onnx of an earlier export was removed; --int8 writes it again." in outcome.out
    assert "earlier" not in run("export", "label/one", "-w", own.root).out


def test_predict_shows_the_same_with_the_export_as_with_keras_and_says_which(run, own):
    run("export", "label/one", "-w", own.root)
    (own.root / "bad.png").write_text("no picture")
    asked = ("predict", "label/one", own.crops, own.root / "bad.png", "-w", own.root)
    through, keras = run(*asked, "--json"), run(*asked, "--keras", "--json")
    assert through.code == keras.code == 3
    assert "Predicting on onnxruntime on cpu:0, with model.onnx of label/one." in through.err
    assert "Predicting on tensorflow on cpu:0, with label/one." in keras.err
    assert through.json["findings"] == keras.json["findings"]
    assert len(through.json["predictions"]) == len(keras.json["predictions"]) == 24
    for one, other in zip(through.json["predictions"], keras.json["predictions"], strict=True):
        assert one["picture"] == other["picture"]
        assert one["predicted"] == other["predicted"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=2e-6)
    assert run(*asked).out == run(*asked, "--keras").out
    assert run(*asked, "--csv", "-").out.splitlines()[0] == run(*asked, "--keras", "--csv", "-").out.splitlines()[0]


def test_predict_with_an_export_imports_neither_keras_nor_tensorflow(run, own):
    run("export", "label/one", "-w", own.root)
    printed, imported = run_alone(["predict", "label/one", str(own.crops), "-w", str(own.root), "--json"])
    assert len(json.loads(printed)["predictions"]) == 24
    assert imported == "[]"


def test_predict_does_not_use_a_stale_export_and_says_so(run, own):
    folder = own.runs / "label" / "one"
    asked = ("predict", "label/one", own.crops, "-w", own.root)
    run("export", "label/one", "-w", own.root)
    run("calibrate", "label/one", "--remove", "-w", own.root)
    outcome = run(*asked)
    assert outcome.code == 0
    assert (
        "was exported before the run's temperature was changed. It is not used. To make it again: toonvision"
        in outcome.err
    )
    assert "Predicting on tensorflow" in outcome.err
    run("export", "label/one", "-w", own.root)
    assert "Predicting on onnxruntime" in run(*asked).err
    kept = (folder / EXPORT).read_bytes()
    retrained = run("train", "label", "-w", own.root, "--epochs", "1", "--name", "one", "--seed", "5", "--force")
    assert retrained.code == 0
    assert not (folder / EXPORT).exists(), "a run that is trained again starts without an export"
    (folder / EXPORT).write_bytes(kept)
    outcome = run(*asked)
    assert "was exported from other weights than the run has now. It is not used" in outcome.err
    (folder / EXPORT).write_bytes(b"damaged")
    outcome = run(*asked)
    assert outcome.code == 0
    assert "is no ONNX file that ToonVision wrote, or is damaged" in outcome.err


def test_a_damaged_model_is_refused_with_six_and_leaves_no_export(run, own):
    folder = own.runs / "label" / "one"
    (folder / WEIGHTS).write_bytes(b"no weights")
    outcome = run("export", "label/one", "-w", own.root)
    assert outcome.code == 6
    assert "its weights cannot be loaded" in outcome.err
    assert not (folder / EXPORT).exists()


def test_an_export_that_disagrees_is_refused_with_six_and_leaves_no_file(run, own, monkeypatch):
    monkeypatch.setattr("toonvision.deploy.parity.LARGEST_DIFFERENCE", 0.0)
    outcome = run("export", "label/one", "-w", own.root)
    assert outcome.code == 6
    assert "Nothing was written." in outcome.err
    assert not (own.runs / "label" / "one" / EXPORT).exists()


def test_an_unknown_run_is_wrong_usage(run, own):
    assert run("export", "label/two", "-w", own.root).code == 2


def test_a_plain_installation_says_what_the_commands_need():
    code = "import sys\nsys.modules['typer'] = None\nfrom toonvision.__main__ import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "pip install 'toonvision[train]'" in done.stderr
