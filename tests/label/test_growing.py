from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import copied, crop, finding_things, mark_of, small_shots, write_picture
from toonvision.api.growing import grow
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import InputRejectedError
from toonvision.data.records import Frame, StoredScreenshot
from toonvision.data.splits import Split
from toonvision.label.growing import compare_rounds, with_new
from toonvision.metrics.detection import Objects
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.class_scores import ClassScores


def shot(number, mark=None):
    return StoredScreenshot(
        number, "screenshots", f"garden/{number}.png", "garden", (64, 48), "h", mark or mark_of(number)
    )


def crops_of(shots):
    return [
        replace(crop(one.id, "apple" if one.id % 2 else "pear"), screenshot_id=one.id, source=one.source,
                screenshot=one.name, fingerprint=one.fingerprint)
        for one in shots
    ]  # fmt: skip


KNOWN = Split("default", {"garden/1.png": "train", "garden/2.png": "val", "garden/3.png": "test"})


@given(st.integers(4, 14), st.integers(0, 3))
def test_what_is_known_stays_and_nothing_new_joins_the_test_subset(last, seed):
    shots = [shot(number) for number in range(1, last + 1)]
    grown = with_new(KNOWN, shots, crops_of(shots), seed=seed)
    assert {name: grown.split.subsets[name] for name in KNOWN.subsets} == KNOWN.subsets
    new = [subset for name, subset in grown.split.subsets.items() if name not in KNOWN.subsets]
    assert set(new) <= {"train", "val"}
    assert (new.count("train"), new.count("val")) == (grown.train, grown.val)
    assert len(new) + len(grown.left_out) == last - 3
    assert grown == with_new(KNOWN, shots, crops_of(shots), seed=seed)


def test_a_screenshot_that_belongs_to_a_known_one_joins_it_and_one_of_a_test_screenshot_is_left_out():
    shots = [*map(shot, (1, 2, 3)), *(shot(10 + of, mark_of(of)) for of in (1, 2, 3))]
    grown = with_new(KNOWN, shots, crops_of(shots))
    subsets = grown.split.subsets
    assert (subsets["garden/11.png"], subsets["garden/12.png"]) == ("train", "val")
    assert "garden/13.png" not in subsets
    assert grown.left_out == ("garden/13.png",)


def test_without_anything_new_the_split_stays_as_it_is():
    shots = [*map(shot, (1, 2, 3))]
    assert with_new(KNOWN, shots, crops_of(shots)).split is KNOWN


def test_a_round_is_compared_on_the_same_test_images(small_workspace, tmp_path, eager):
    workspace = open_workspace(finding_things(small_workspace, tmp_path / "w", level="kind").root)
    workspace.split()
    settings = {"model": "4c3-p4", "epochs": 2, "batch_size": 4}
    first = workspace.grow("kind", **settings)
    assert first.value.models["kind"].round is None
    before = (workspace.files.splits / "default.csv").read_bytes()
    second = workspace.grow("kind", seed=1, **settings)
    found = second.value.models["kind"].round
    assert found is not None
    assert found.change.low <= found.after - found.before <= found.change.high
    assert "on the same" in second.sentences
    assert (workspace.files.splits / "default.csv").read_bytes() == before
    picture = next((workspace.root / "screenshots").rglob("*.png"))
    write_picture(picture.with_name("new.png"), small_shots()[0])
    picture.with_name("new.xml").write_bytes(picture.with_suffix(".xml").read_bytes())
    workspace.train("label", **settings)
    third = workspace.grow("kind", "label", seed=2, **settings)
    assert third.value.grown.train + third.value.grown.val + len(third.value.grown.left_out) == 1
    assert list(third.value.models) == list(third.data["runs"]) == ["kind", "label"]
    assert all(one.round is not None for one in third.value.models.values())
    assert third.sentences.count("Joined: ") == 1


def test_a_task_that_cannot_be_learned_yet_is_told_and_keeps_no_other_from_being_trained(
    small_workspace, tmp_path, eager
):
    workspace = open_workspace(copied(small_workspace, tmp_path / "w").root)

    def train(task):
        if task != "kind":
            raise InputRejectedError(f"{task} has too few samples.")
        return workspace.train(task, model="4c3-p4", epochs=1, batch_size=4)

    told = grow(workspace, ("label", "kind"), train)
    assert list(told.value.models) == ["kind"]
    assert told.value.refused == told.data["refused"] == {"label": "label has too few samples."}
    assert "label was not trained: label has too few samples." in told.sentences
    with pytest.raises(InputRejectedError, match="label has too few"):
        grow(workspace, ("label",), train)


NAMES = ("apple", "pear")


def of_run(items, scores, classes=NAMES):
    return SimpleNamespace(items=items, best=scores, scores=(scores,), record=SimpleNamespace(classes=classes))


def named(labels, true, classes=NAMES):
    probabilities = np.eye(len(classes), dtype=np.float32)[labels]
    return ClassScores(np.array(true), probabilities, classes, {})


def test_crops_that_one_run_has_alone_are_left_out_of_a_comparison_and_corrected_labels_count_for_both():
    crops = [replace(one, hash=f"h{one.screenshot_id}") for one in crops_of(map(shot, range(4)))]
    before = of_run(crops[:3], named([0, 1, 1], [0, 1, 0]))
    corrected = of_run(crops[1:], named([2, 0, 0], [0, 2, 0], ("pear", "plum", "apple")), ("pear", "plum", "apple"))
    found = compare_rounds(before, corrected)
    assert (found.images, found.alone) == (2, 2)
    assert (found.before, found.after) == (0.5, 1)  # pear and pear are said, pear and apple are true
    assert compare_rounds(before, of_run(crops[3:], named([0], [0]))) is None


def searched(boxes, found, images):
    """Return scores of boxes given as image and left edge, all of one class, of screenshots of one size."""
    image, left = (np.array(part) for part in zip(*boxes, strict=True))
    own, own_left = (np.array(part) for part in zip(*found, strict=True))
    edges = [np.stack([at, 0 * at, at + 10, 0 * at + 10], axis=1).astype(np.float32) for at in (left, own_left)]
    labels = [np.zeros(len(one), np.int64) for one in edges]
    truth = Objects(len(images), image, labels[0], edges[0], labels[0] > 0)
    predictions = Predictions(len(images), own, labels[1], np.full(len(own), 0.9, np.float32), boxes=edges[1])
    return of_run(images, BoxScores(truth, predictions, ("apple",), (0.5,), tuple(images)), ("apple",))


def test_a_box_added_to_a_test_screenshot_counts_for_both_detectors():
    shots = [replace(shot(number), picture_hash=f"h{number}") for number in range(4)]
    frames = [Frame(one, (own,)) for one, own in zip(shots, crops_of(shots), strict=True)]
    added = [frames[1], replace(frames[2], crops=frames[2].crops * 2), frames[3]]
    before = searched([(0, 0), (1, 0), (2, 0)], [(0, 0), (1, 0), (2, 0)], frames[:3])
    after = searched([(0, 0), (1, 0), (1, 40), (2, 0)], [(0, 0), (1, 0), (1, 40)], added)
    found = compare_rounds(before, after)
    assert before.best.precision.ap50 == 1
    assert (found.images, found.alone) == (2, 2)
    assert found.before == pytest.approx(1 - 67 / 101)  # two of three are found, of which the earlier run knew two
    assert found.after == 0
