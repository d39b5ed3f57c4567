from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import copied, crop, finding_things, mark_of, small_shots, write_picture
from toonvision.api.growing import grow
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import InputRejectedError
from toonvision.data.records import StoredScreenshot
from toonvision.data.splits import Split
from toonvision.label.growing import with_new


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
