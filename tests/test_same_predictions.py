"""The comparison of two versions of the project finds what differs, and nothing else."""

import contextlib
import io
import json
import sqlite3
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import same_predictions


def side(folder: Path, *, crop=b"pixels", subset="train", weight=1.0, wrong=3, probability="0.250000", newer=True):
    """Write what same_predictions.py compares of one version."""
    workspace = folder / "workspace"
    run = workspace / "runs" / "suit" / "same"
    model = run / "repeats" / "seed-0" / "model.keras"
    for made in (workspace / "crops", workspace / "splits", model.parent):
        made.mkdir(parents=True)
    (workspace / "crops" / "a_0000.png").write_bytes(crop)
    if newer:
        (workspace / "splits" / "default.csv").write_text(f"# drawn\nscreenshot,subset\na.png,{subset}\nb.png,test\n")
    else:
        with contextlib.closing(sqlite3.connect(workspace / "catalog.sqlite")) as catalog:
            catalog.executescript(f"""
                CREATE TABLE screenshots (id, name); INSERT INTO screenshots VALUES (1, 'a.png');
                CREATE TABLE crops (id, screenshot_id); INSERT INTO crops VALUES (1, 1);
                CREATE TABLE splits (id, name); INSERT INTO splits VALUES (1, 'default');
                CREATE TABLE split_crops (split_id, crop_id, part); INSERT INTO split_crops VALUES (1, 1, '{subset}');
            """)
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.float32([weight])
        file["optimizer/vars/0"] = np.random.default_rng().random(2)
    with zipfile.ZipFile(model, "w") as archive:
        archive.writestr("model.weights.h5", weights.getvalue())
    (run / "metrics.json").write_text(json.dumps({"repeats": [{"seed": 0, "wrong": wrong}]}))
    for name in ("keras.csv", "exported.csv"):
        (folder / name).write_text(f"picture,predicted,p_bb,p_lb\ncrops/a_0000.png,lb,{probability},0.750000\n")
    return folder


def differences(old: Path, new: Path) -> set[str]:
    return {one.what for one in same_predictions.compare(old, new, task="suit") if not one.same}


def test_the_same_results_are_found_the_same_even_if_the_older_version_keeps_splits_in_its_catalogue(
    tmp_path,
):
    new = side(tmp_path / "new", subset="val", probability="0.250001")
    assert differences(side(tmp_path / "old", subset="validate", newer=False), new) == set()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"subset": "test"}, {"subsets of screenshots"}),
        ({"weight": 1.0000001}, {"weights of each training"}),
        ({"wrong": 4}, {"wrong test crops of each training"}),
        ({"probability": "0.250003"}, {"predictions by Keras", "predictions by the exported file"}),
        ({"crop": b"others"}, {"crops", "predictions by Keras", "predictions by the exported file"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_difference_between_two_versions_is_found(tmp_path, change, expected):
    assert differences(side(tmp_path / "old"), side(tmp_path / "new", **change)) == expected
