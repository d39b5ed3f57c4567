import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from builders import tree
from toonvision.data.check import check_catalog
from toonvision.data.splits import Split, read_split, split_digest, write_split
from toonvision.deploy.check_runs import CONFIDENT, check_runs, contradicted_labels
from toonvision.deploy.export import export_run
from toonvision.metrics.predictions import Prediction
from toonvision.models.saving import store_temperature
from toonvision.training.record import read_record, write_record

pytestmark = pytest.mark.usefixtures("eager")

RUN = "runs/label/three"


def checked(workspace):
    known, _ = check_catalog(workspace)
    return check_runs(workspace, known)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-500])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def remove(path):
    path.unlink()


def replace_by_a_folder(path):
    path.unlink()
    path.mkdir()


def garble(path):
    path.write_text("{")


def other_taxonomy(path):
    path.write_text(json.dumps({**json.loads(path.read_text()), "taxonomy": "0123456789abcdef"}))


def test_sound_runs_are_neither_wrong_nor_doubtful(trained):
    found = checked(trained)
    assert (found.count, found.faults, found.doubts) == (2, (), ())


@pytest.mark.parametrize(
    ("file", "spoil", "words"),
    [
        ("run.json", remove, "is missing, so that no command sees this run"),
        ("run.json", replace_by_a_folder, "run.json: is no regular file"),
        ("run.json", garble, "not the record of a run"),
        ("model.json", garble, "not a description of a model"),
        ("model.json", other_taxonomy, "was trained with taxonomy 0123456789abcdef"),
        ("model.keras", remove, "model.keras: is missing"),
        ("model.keras", truncate, "model.keras: is damaged"),
        ("model.keras", flip, "model.keras: is damaged"),
        ("repeats/seed-0/model.keras", garble, "model.keras: is damaged"),
        ("model.keras", replace_by_a_folder, "model.keras: is no regular file"),
        ("model.json", replace_by_a_folder, "model.json: is no regular file"),
    ],
)
def test_a_run_that_cannot_be_used_is_named_with_the_reason_and_nothing_is_written(own, file, spoil, words):
    spoil(own.root / RUN / file)
    before = tree(own.root)
    (fault,) = checked(own).faults
    assert fault.item == "run label/three"
    assert words in fault.reason
    assert "Errno" not in fault.reason
    assert tree(own.root) == before


def test_runs_whose_split_was_made_again_since_are_doubtful(own):
    subsets = read_split(own.splits, "default").subsets
    moved = dict(zip(subsets, reversed(subsets.values()), strict=True))
    write_split(own.splits, Split("default", moved), replace=True)
    assert [(doubt.item, doubt.code) for doubt in checked(own).doubts] == [
        ("run kind/two", "split-changed"),
        ("run label/three", "split-changed"),
    ]


def test_a_run_whose_split_is_missing_says_what_draws_it_again(own):
    (own.splits / "default.csv").unlink()
    first, second = checked(own).doubts
    assert (first.item, second.item, first.code) == ("run kind/two", "run label/three", "split-missing")
    assert first.reason == "was trained on the split default, which is missing, so that evaluate refuses it"
    assert first.remedy == "toonvision split --force draws it again"


def test_a_missing_split_is_drawn_again_with_the_ratios_and_the_seed_that_its_runs_know(own):
    record = read_record(own.root / RUN)
    write_record(own.root / RUN, replace(record, split="mine", ratios=(70, 20, 10), split_seed=3))
    (doubt,) = [one for one in checked(own).doubts if one.code == "split-missing"]
    assert doubt.remedy == "toonvision split --name mine --force --ratios 70/20/10 --seed 3 draws it again"


def test_a_missing_split_that_was_not_drawn_here_is_put_back_or_taken_over_again(own):
    record = read_record(own.root / RUN)

    def remedy(seed):
        write_record(own.root / RUN, replace(record, split="mine", ratios=None, split_seed=seed))
        return next(one.remedy for one in checked(own).doubts if one.code == "split-missing")

    taken = "toonvision split --name mine --force --from-source"
    said = "put its file back, or train again; if it is the source's own, {} takes it over again"
    assert [remedy(None), remedy(3)] == [said.format(taken), said.format(f"{taken} --seed 3")]


def test_of_a_split_that_cannot_be_read_nothing_is_said_beside_each_run(own):
    truncate(own.splits / "default.csv")
    assert checked(own).doubts == ()


def test_an_export_of_an_older_model_and_a_damaged_one_are_doubtful(own):
    run = own.root / RUN
    export_run(own, run)
    assert checked(own).doubts == ()
    store_temperature(run, 2.0)
    (doubt,) = checked(own).doubts
    assert (doubt.item, doubt.code) == ("run label/three", "stale-export")
    assert doubt.remedy == "toonvision export label/three"
    assert doubt.reason == "model.onnx: was exported before the run's temperature was changed"
    (run / "model.onnx").write_bytes(b"no model")
    (doubt,) = checked(own).doubts
    said = "model.onnx: is no ONNX file that ToonVision wrote, or is damaged"
    assert str(doubt) == f"run label/three: {said} (toonvision export label/three)"


def test_runs_are_checked_without_keras(trained):
    code = (
        "import sys; from pathlib import Path; from toonvision.data.workspace import open_workspace; "
        "from toonvision.deploy.check_runs import check_runs; "
        "assert check_runs(open_workspace(Path(sys.argv[1])), None).count == 2; "
        "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(trained.root)], check=True)


def test_labels_that_a_model_contradicts_are_named_the_surest_first_and_unseen_ones_where_the_split_stands(own):
    known, _ = check_catalog(own)
    record = read_record(own.root / RUN)
    crops = known.crops[:5]
    assert {crop.label for crop in crops} == {"apple"}
    answers = {
        0: ("pear", 0.95),
        1: ("apple", 0.99),
        2: ("stone", 0.97),
        3: ("stone", CONFIDENT - 0.01),
        4: ("pear", 1.0),
    }
    predictions = [Prediction(row(*answers[n]), record.classes, own.crops / c.file) for n, c in enumerate(crops)]
    split = Split("default", {crop.screenshot: "train" for crop in known.crops} | {crops[2].screenshot: "test"})
    write_split(own.splits, split, replace=True)
    remade = contradicted_labels(crops, predictions, record, known, own)
    assert not any("never having seen it" in str(doubt) for doubt in remade.doubts)
    record = replace(record, data_hash=split_digest(known.crops, split))
    found = contradicted_labels(crops, predictions, record, known, own)
    assert (found.count, found.faults) == (5, ())
    assert [doubt.item for doubt in found.doubts] == [crops[4].file, crops[2].file, crops[0].file]
    assert "is labelled apple, but label/three, never having seen it, takes it for stone (97.0 %)" in str(
        found.doubts[1]
    )
    assert "is labelled apple, but label/three takes it for pear (95.0 %)" in str(found.doubts[2])


def row(label, confidence):
    """Return the probabilities of a model that is this sure of a label."""
    rest = (1 - confidence) / 2
    return np.array([confidence if name == label else rest for name in ("apple", "pear", "stone")], dtype=np.float32)
