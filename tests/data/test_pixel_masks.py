"""Masks of screenshots: where they are found, how they are shrunk, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import PIXEL_CLASSES, copied, naming_pixels
from toonvision.core.errors import InputRejectedError
from toonvision.data.arrays import load_instances, load_masks, load_own_pixels
from toonvision.data.pixel_masks import masks_of
from toonvision.data.records import StoredMask, frames_of
from toonvision.data.workspace import open_workspace
from toonvision.tasks import pixel_targets
from toonvision.tasks.registry import load_dataset


@pytest.fixture
def workspace(small_workspace, tmp_path):
    return naming_pixels(small_workspace, tmp_path / "workspace")


def mask_of(tmp_path, values):
    path = tmp_path / "mask.png"
    Image.fromarray(np.array(values, np.uint8)).save(path)
    return StoredMask(path, (len(values[0]), len(values)), "x")


def test_a_mask_is_found_by_context_and_stem_and_a_screenshot_need_not_have_one(small_workspace, tmp_path):
    some = naming_pixels(small_workspace, tmp_path / "some", without=("shot_00", "shot_03"))
    shots = some.known_screenshots()
    for shot, mask in zip(shots, masks_of(some, shots), strict=True):
        stem = Path(shot.name).stem
        if stem in ("shot_00", "shot_03"):
            assert mask is None
        else:
            assert mask.path == (some.masks / "classes" / shot.context / f"{stem}.png").resolve()
            assert mask.size_wh == shot.size_wh


def test_a_mask_stays_where_the_folder_says_when_a_person_decided_on_another_context(workspace):
    shots = workspace.known_screenshots()
    moved = [replace(shot, context="elsewhere") for shot in shots]
    assert masks_of(workspace, moved) == masks_of(workspace, shots)


def test_screenshots_without_a_mask_are_neither_learned_from_nor_evaluated(small_workspace, tmp_path):
    whole = naming_pixels(small_workspace, tmp_path / "whole")
    shots = whole.known_screenshots()
    left_out = Path(shots[0].name).stem
    some = naming_pixels(small_workspace, tmp_path / "some", without=(left_out,))
    names = {
        name: [item.screenshot for item in load_dataset(one, one.taxonomy.task("pixels"), size_hw=(64, 64)).items]
        for name, one in (("whole", whole), ("some", some))
    }
    assert set(names["whole"]) - set(names["some"]) == {s.name for s in shots if Path(s.name).stem == left_out}


def test_the_masks_of_a_source_are_found_beside_its_screenshots_and_those_of_the_workspace_come_first(
    small_workspace, tmp_path
):
    source = naming_pixels(small_workspace, tmp_path / "source").root
    linked = copied(small_workspace, tmp_path / "linked")
    settings = (source / "toonvision.toml").read_text()
    (linked.root / "screenshots").rename(tmp_path / "unused")
    (linked.root / "toonvision.toml").write_text(
        settings.replace("[image]", '[[sources]]\nformat = "voc"\npath = "../source"\n\n[image]')
    )
    workspace = open_workspace(linked.root)
    from toonvision.data.extraction import extract

    extract(workspace)
    shots = workspace.known_screenshots()
    masks = masks_of(workspace, shots)
    assert [mask.path.is_relative_to(source) for mask in masks] == [True] * len(shots)
    own = workspace.masks / "classes" / shots[0].context / f"{Path(shots[0].name).stem}.png"
    own.parent.mkdir(parents=True)
    own.write_bytes(masks[0].path.read_bytes())
    assert masks_of(workspace, shots)[0].path == own.resolve()


def test_a_shrunk_mask_has_the_middle_pixels_and_nothing_counts_beside_it(workspace, tmp_path):
    mask = mask_of(tmp_path, [[0, 1, 2, 0], [1, 2, 0, 255], [2, 0, 1, 1]])
    (plain,) = load_masks(workspace, [mask], classes=3, size_hw=(4, 5))
    np.testing.assert_array_equal(plain[:3, :4], np.array(Image.open(mask.path)))
    assert (plain[3:] == 255).all()
    assert (plain[:, 4:] == 255).all()
    (half,) = load_masks(workspace, [mask], classes=3, size_hw=(2, 2))
    np.testing.assert_array_equal(half, [[2, 255], [0, 1]])


def test_a_mask_that_is_drawn_again_is_read_again(workspace):
    task = workspace.taxonomy.task("pixels")
    before = load_dataset(workspace, task, size_hw=(64, 64))
    path = before.frames[0].mask.path
    values = np.array(Image.open(path))
    values[:] = 1
    Image.fromarray(values).save(path)
    after = load_dataset(workspace, task, size_hw=(64, 64))
    assert (after.targets[0][:48] == 1).all()
    assert after.digest != before.digest


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((48, 64), 3, np.uint8), "the values of a mask are 0 to 2, one for each class of pixels, and 255"),
        (np.zeros((24, 32), np.uint8), "a mask is as large as its screenshot, 64 x 48 pixels; got 32 x 24"),
        (np.zeros((48, 64, 3), np.uint8), "a mask has one value a pixel"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_with_its_name(workspace, values, words):
    task = workspace.taxonomy.task("pixels")
    path = load_dataset(workspace, task, size_hw=(64, 64)).frames[0].mask.path
    Image.fromarray(values).save(path)
    with pytest.raises(InputRejectedError, match=words) as refused:
        load_dataset(workspace, task, size_hw=(64, 64))
    assert str(path) in str(refused.value)
    assert str(refused.value).endswith("Draw the mask again, or remove it.")
    path.unlink()  # the remedy
    load_dataset(workspace, task, size_hw=(64, 64))


def test_a_damaged_mask_is_refused_with_its_name(workspace):
    task = workspace.taxonomy.task("pixels")
    path = load_dataset(workspace, task, size_hw=(64, 64)).frames[0].mask.path
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputRejectedError, match="is no mask that can be read"):
        load_dataset(workspace, task, size_hw=(64, 64))


def test_a_split_without_masks_in_a_subset_is_refused_with_those_and_where_masks_go(workspace):
    task = workspace.taxonomy.task("pixels")
    dataset = load_dataset(workspace, task, size_hw=(64, 64))
    for at in dataset.indices["val"]:
        dataset.frames[at].mask.path.unlink()
    with pytest.raises(
        InputRejectedError, match="val of the split 'default' has none. Draw masks of screenshots of val"
    ):
        load_dataset(workspace, task, size_hw=(64, 64))


def test_the_pixels_of_a_class_that_too_few_masks_show_do_not_count(workspace, monkeypatch):
    task = workspace.taxonomy.task("pixels")
    dataset = load_dataset(workspace, task, size_hw=(64, 64))
    assert dataset.left_out == ()
    monkeypatch.setattr(pixel_targets, "_RARE", 0.2)  # of twelve masks, two may be too few
    path = dataset.frames[0].mask.path
    values = np.array(Image.open(path))
    values[:8, :8] = 3
    Image.fromarray(values).save(path)
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f"{settings.read_text()}kerb = {{}}\n")
    rare = load_dataset(open_workspace(workspace.root), task, size_hw=(64, 64))
    assert (rare.classes, rare.left_out) == ((*PIXEL_CLASSES, "kerb"), ("kerb",))
    assert (rare.targets[0][:8, :8] == 255).all()
    np.testing.assert_array_equal(rare.targets[1:], dataset.targets[1:])
    np.testing.assert_array_equal(rare.targets[0][8:], dataset.targets[0][8:])


def test_classes_of_pixels_are_in_the_order_of_the_values(workspace):
    level = workspace.taxonomy.level("pixel")
    assert tuple(one.name for one in level.classes) == PIXEL_CLASSES
    assert len({one.color for one in level.classes}) == len(PIXEL_CLASSES)


def with_numbered_objects(workspace, frames):
    """Write masks in which each box is filled with a number of its own, later boxes behind earlier ones."""
    for frame in frames:
        numbers = np.zeros(frame.shot.size_wh[::-1], np.uint8)
        for number, crop in enumerate(reversed(frame.crops), start=5):
            left, top, right, bottom = crop.box.xyxy
            numbers[top:bottom, left:right] = number
        path = workspace.masks / "instances" / frame.shot.context / f"{Path(frame.shot.name).stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers).save(path)


def test_each_pixel_names_the_place_of_its_object_among_those_of_its_screenshot(workspace):
    known = workspace.known()
    frames = frames_of(known.screenshots, known.crops)
    size_hw = (frames[0].shot.size_wh[1], frames[0].shot.size_wh[0])
    assert load_instances(workspace, frames, size_hw=size_hw) is None
    with_numbered_objects(workspace, frames[1:])
    instances = load_instances(workspace, frames, size_hw=size_hw)
    assert instances.shape == (len(frames), *size_hw)
    assert not instances[0].any()
    for frame, found in zip(frames[1:], instances[1:], strict=True):
        for number, crop in enumerate(frame.crops, start=1):
            left, top, right, bottom = crop.box.xyxy
            assert (found[top:bottom, left:right] == number).mean() > 0.5
        assert set(np.unique(found)) - {0} == set(range(1, len(frame.crops) + 1))


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_each_crop_shows_where_its_own_object_is_seen(workspace, resize):
    size_hw = (24, 16)
    known = workspace.known()
    frames = frames_of(known.screenshots, known.crops)

    def load():
        return load_own_pixels(workspace, known, known.crops, level="label", size_hw=size_hw, resize=resize)

    assert load() is None
    with_numbered_objects(workspace, frames[1:])
    instances = load()
    assert instances.shape == (len(known.crops), *size_hw)
    without = {crop.id for crop in frames[0].crops}
    front = {frame.crops[0].id for frame in frames[1:] if frame.crops}
    for crop, found in zip(known.crops, instances, strict=True):
        width, height = crop.box.size_wh
        scale = min(16 / width, 24 / height)
        whole = 1.0 if resize == "stretch" else round(width * scale) * round(height * scale) / (24 * 16)
        assert set(np.unique(found)) <= {0, 1}
        if crop.id in without:
            assert not found.any()
        elif crop.id in front:
            assert found.mean() == pytest.approx(whole)
        else:
            assert 0 < found.mean() <= whole
