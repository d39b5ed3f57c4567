"""What a detector learns from screenshots with boxes, and how its answers are scored."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import (
    SETTINGS_TEXT,
    Shot,
    make_workspace,
    read_coco_tables,
    small_shots,
    write_coco,
    write_coco_tables,
)
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.check import check_screenshots
from toonvision.data.extraction import extract
from toonvision.data.fitting import LARGEST_SIDE
from toonvision.data.groups import frame_keys
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Split
from toonvision.data.workspace import open_workspace
from toonvision.metrics.detection import Found, Objects
from toonvision.metrics.found_objects import in_pictures
from toonvision.metrics.predictions import Predictions
from toonvision.models.cells import corners, middles, peaks, settled
from toonvision.models.grid import STRIDE, shrunk
from toonvision.studies.stress import _grown
from toonvision.tasks import detect
from toonvision.tasks.base import Evaluated
from toonvision.tasks.box_outcomes import AT_EDGE, BESIDE, IN_VIEW, cause, disturbances, height_bands
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect_augmentation import change, middle_windows, window_size
from toonvision.tasks.detect_panels import _shift
from toonvision.tasks.detect_targets import IGNORED, LABEL, Batch, maps_of, objects_in, padded_rows
from toonvision.tasks.registry import kind_of, load_dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

TASK = Task("things", "label", "detect")
SIZE_HW = (64, 96)


def workspace_of(root, shots=None):
    workspace = make_workspace(root / "workspace", shots)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    return workspace


@pytest.fixture(scope="module")
def dataset(small_workspace):
    return load_dataset(small_workspace, TASK, size_hw=SIZE_HW)


def test_the_objects_of_a_screenshot_are_its_annotated_boxes(dataset):
    for frame, rows in zip(dataset.frames, dataset.targets, strict=True):
        assert [dataset.classes[int(row[LABEL])] for row in rows] == [crop.label for crop in frame.crops]
        np.testing.assert_array_equal(rows[:, :4], [crop.box.xyxy for crop in frame.crops])


def test_boxes_of_large_screenshots_are_shrunk_with_them_and_predictions_grow_again(tmp_path):
    shots = [
        Shot(f"{at}", "garden", (("apple", (20 + at, 30, 60, 90)), ("pear", (120, 90 - at, 150, 120))), (320, 200))
        for at in range(12)
    ]
    data = load_dataset(workspace_of(tmp_path, shots), TASK, size_hw=(128, 160))
    indices = data.indices["test"]
    rows = data.targets[indices[0]]
    np.testing.assert_array_equal(rows[:, :4] * 2, [crop.box.xyxy for crop in data.frames[indices[0]].crops])
    found = [(at, row[LABEL], row[:4]) for at, rows in enumerate(data.targets[indices]) for row in rows]
    predictions = Predictions(
        len(indices), np.array([one[0] for one in found]), np.array([int(one[1]) for one in found]),
        np.full(len(found), 0.9, np.float32), boxes=np.array([one[2] for one in found]),
    )  # fmt: skip
    scores = detect.score(predictions, data, "test")
    assert (scores.precision.ap, scores.error) == (pytest.approx(1), pytest.approx(0))
    np.testing.assert_array_equal(scores.truth.boxes, scores.predictions.boxes)
    assert not scores.wrong.any()


def test_a_screenshot_without_objects_is_a_negative_with_a_subset(tmp_path):
    shots = [*small_shots(), *(Shot(f"empty_{at}", "garden", ()) for at in range(6))]
    data = load_dataset(workspace_of(tmp_path, shots), TASK, size_hw=SIZE_HW)
    empty = [at for at, frame in enumerate(data.frames) if not frame.crops]
    assert len(empty) == 6
    assert (data.targets[empty][..., LABEL] == -1).all()
    assert set(empty) <= set(np.concatenate([data.indices[subset] for subset in ("train", "val", "test")]))


def test_the_input_holds_the_most_frequent_screenshot_shrunk_by_a_whole_number(tmp_path):
    shots = [Shot(f"{at}", "garden", (("apple", (2, 3, 40, 50)),), (1280, 720)) for at in range(3)]
    workspace = make_workspace(tmp_path / "workspace", [*shots, Shot("other", "garden", ((("pear"), (2, 3, 40, 50)),))])
    extract(workspace)
    assert detect.input_size(workspace, "detector") == (384, 640)


@pytest.mark.parametrize("screen_hw", [(60, 5_000), (20, 30_000), (9_000, 20)])
def test_the_input_of_long_and_narrow_screenshots_is_one_that_can_be_exported(screen_hw):
    assert max(shrunk(screen_hw, detect.usual_factor(screen_hw))) <= LARGEST_SIDE


def test_a_box_that_lies_below_the_picture_is_left_out_and_others_end_with_it():
    boxes = np.array([[10, 20, 60, 100], [100, 170, 140, 190], [0, 181, 40, 190], [30, 40, 30, 90]], np.float32)
    found = Predictions(1, np.zeros(4, np.int64), np.arange(4), np.linspace(0.9, 0.6, 4, dtype=np.float32), boxes=boxes)
    kept = in_pictures(found, [(1280, 360)], (192, 640))
    assert kept.labels.tolist() == [0, 1]
    assert kept.known_boxes.tolist() == [[20, 40, 120, 200], [200, 340, 280, 360]]


def test_a_detector_without_objects_to_learn_from_is_refused_with_the_counts(dataset):
    pears = dataset.targets.copy()
    pears[dataset.indices["train"], :, IGNORED] = pears[dataset.indices["train"], :, LABEL] == 1
    without = dataset.targets.copy()
    without[dataset.indices["test"], :, LABEL] = -1
    with pytest.raises(InputRejectedError, match=r"needs objects of every class to learn from; pear has none in train"):
        detect._require_learnable(dataclasses.replace(dataset, targets=pears), Split("mine", {}))
    with pytest.raises(
        InputRejectedError,
        match=r"in every subset; test has none\. Objects in .*split --name mine --force",
    ):
        detect._require_learnable(dataclasses.replace(dataset, targets=without), Split("mine", {}))


def test_a_box_that_is_marked_as_difficult_is_ignored(tmp_path):
    root = tmp_path / "workspace"
    make_workspace(root, small_shots())
    (root / "screenshots/garden/shot_00.attributes.json").write_text('{"objects": [{"number": 2, "difficult": true}]}')
    workspace = open_workspace(root)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    data = load_dataset(workspace, TASK, size_hw=SIZE_HW)
    marked = [crop for frame, rows in zip(data.frames, data.targets, strict=True)
              for crop, row in zip(frame.crops, rows, strict=True) if row[IGNORED]]  # fmt: skip
    assert [crop.origin for crop in marked] == ["garden/shot_00.xml, object 2"]


def crowded(root):
    """A workspace with COCO of small shots, in the first of which a crowd and a box to be ignored are marked."""
    write_coco(root / "source", small_shots())
    tables = read_coco_tables(root / "source")
    apple, pear, _ = (category["id"] for category in tables["categories"])
    tables["categories"].append({"id": 9, "name": "stone-pile"})
    tables["annotations"] += [
        {"id": 901, "image_id": 1, "category_id": apple, "bbox": [20, 0, 30, 12], "iscrowd": 1},
        {"id": 902, "image_id": 1, "category_id": pear, "bbox": [0, 36, 10, 12], "ignore": 1},
        {"id": 903, "image_id": 2, "category_id": 9, "bbox": [0, 0, 9, 9], "iscrowd": 1},
    ]
    write_coco_tables(root / "source", tables)
    (root / "w").mkdir()
    settings = SETTINGS_TEXT.replace("[taxonomy.labels]\n", '[taxonomy.labels]\nstone-pile = { kind = "mineral" }\n')
    (root / "w" / "toonvision.toml").write_text(f'{settings}\n[[sources]]\nformat = "coco"\npath = "../source"\n')
    return open_workspace(root / "w")


def test_what_coco_calls_a_crowd_or_ignores_is_neither_learned_by_a_detector_nor_a_false_alarm(tmp_path):
    workspace = crowded(tmp_path)
    summary = extract(workspace)
    assert sorted(finding.code for finding in summary.findings) == ["crowd", "crowd", "ignored"]
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    data = load_dataset(workspace, TASK, size_hw=SIZE_HW)
    assert data.classes == ("apple", "pear", "stone"), "no class is known from a crowd alone"
    (at,) = np.flatnonzero((data.targets[..., IGNORED] > 0).any(axis=1))
    own = data.targets[at][data.targets[at][:, IGNORED] > 0]
    assert sorted(map(tuple, own.tolist())) == [(0, 36, 10, 48, 1, 1), (20, 0, 50, 12, 0, 1)]
    assert [crop.label for crop in data.frames[at].crops[-2:]] == ["apple", "pear"]
    found = Predictions(
        1, np.array([0, 0]), np.array([0, 2]), np.array([0.9, 0.9], np.float32),
        boxes=np.array([(22, 1, 30, 11), (55, 40, 64, 48)], np.float32),
    )  # fmt: skip
    truth = objects_in(data.targets[[at]], np.ones(1, np.float32))
    scores = BoxScores(truth, found, data.classes, (0.5,) * 3, (data.frames[at],))
    outcomes = {(one.prediction, one.outcome) for one in scores.outcomes if one.prediction is not None}
    assert outcomes == {(0, "ignored"), (1, "false alarm")}


def test_no_crop_is_cut_of_what_nobody_need_find_and_nothing_else_counts_it(tmp_path):
    workspace = crowded(tmp_path)
    summary = extract(workspace)
    assert (summary.objects_read, summary.objects_kept, summary.crops_new) == (27, 24, 24)
    known = workspace.known()
    assert sorted(region.label for region in known.regions) == ["apple", "pear", "stone-pile"]
    assert not {crop.box for crop in known.crops if crop.screenshot_id == known.regions[0].screenshot_id} & {
        region.box for region in known.regions
    }
    again = extract(workspace)
    assert (again.pictures_unchanged, again.crops_new) == (12, 0)
    screenshots = check_screenshots(workspace, known)
    assert not [one for one in screenshots.faults if not one.objects], "what is stored is what would be"
    without = dataclasses.replace(known, regions=())
    older = [one for one in check_screenshots(workspace, without).faults if not one.objects]
    assert {one.reason for one in older} == {"differs from what was extracted"}, "nothing was changed"
    for task in (Task("label", "label", "classify"), Task("kind", "kind", "classify")):
        kind = kind_of(task)
        assert list(kind.items(known, workspace, task)) == list(kind.items(without, workspace, task))
    frames, plain = (detect.items(one, workspace, TASK) for one in (known, without))
    assert frame_keys(frames) == frame_keys(plain)
    assert [frame.cut for frame in frames] == [frame.crops for frame in plain]
    tables = read_coco_tables(tmp_path / "source")
    tables["annotations"] = [row for row in tables["annotations"] if row["id"] < 901]
    write_coco_tables(tmp_path / "source", tables)
    extract(workspace)
    with workspace.reading() as catalog:
        assert (catalog.regions(), len(catalog.crops())) == ([], 24)


def test_where_an_object_of_an_ignored_label_is_no_class_is_background_or_a_false_alarm(tmp_path):
    workspace = make_workspace(tmp_path)
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f"[labels]\nignore = ['stone']\n{settings.read_text()}")
    workspace = open_workspace(workspace.root)
    assert extract(workspace).crops_new == 16
    assert extract(workspace).pictures_unchanged == 12
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    data = load_dataset(workspace, TASK, size_hw=SIZE_HW)
    assert data.classes == ("apple", "pear")
    assert detect.occurrences(data).sum() == 16
    at = next(at for at, frame in enumerate(data.frames) if frame.crops[-1].label == "stone")
    box = data.targets[at, len(data.frames[at].crops) - 1, :4]
    left, top, right, bottom = np.rint(box / STRIDE).astype(int)
    middles, _ = maps_of(data.targets[[at]], classes=2, size_hw=SIZE_HW, stride=STRIDE)
    assert (middles[0, top:bottom, left:right] == -1).any(axis=(0, 1)).all(), "of no class"
    found = Predictions(1, np.zeros(2, int), np.arange(2), np.full(2, 0.9, np.float32), boxes=np.stack([box, box]))
    scores = BoxScores(objects_in(data.targets[[at]], np.ones(1, np.float32)), found, data.classes, (0.5,) * 2)
    assert sorted(one.outcome for one in scores.outcomes) == ["ignored", "ignored", "missed"]
    assert [row[2:4] for row in scores.table()[1]][:2] == [["", "apple"], ["", "pear"]]
    assert scores.counts == Found(1, 0, 0)


def test_the_screenshots_of_one_group_have_intervals_that_hold_everything(dataset):
    one = dataclasses.replace(dataset, indices={"test": np.array([0])})
    rows = dataset.targets[0][dataset.targets[0][:, LABEL] >= 0]
    found = Predictions(
        1, np.zeros(len(rows), np.int64), rows[:, LABEL].astype(np.int64), np.full(len(rows), 0.9, np.float32),
        boxes=rows[:, :4].astype(np.float32),
    )  # fmt: skip
    mean = detect.score(found, one, "test").intervals[-1]
    assert mean.ap50.value == pytest.approx(1)
    assert mean.ap50.unknown
    assert mean.ap.unknown


def one_box(box, label=0, ignored=0):
    return padded_rows([[(*box, label, ignored)]])


def test_the_middle_of_an_object_is_one_cell_and_the_map_falls_around_it():
    middles_map, boxes = maps_of(one_box((16, 8, 80, 56)), classes=2, size_hw=SIZE_HW, stride=STRIDE)
    assert middles_map.shape == (1, 8, 12, 2)
    assert middles_map[0, 4, 6, 0] == 1
    assert (middles_map[..., 0] == 1).sum() == 1
    assert not middles_map[..., 1].any()
    assert boxes[..., 4].sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(boxes[0, 4, 6, :4], [16, 8, 80, 56])


def test_an_ignored_box_counts_nowhere_but_where_another_object_is():
    both = padded_rows([[(0, 0, 96, 64, 0, 1), (40, 24, 56, 40, 0, 0)]])
    heat, boxes = maps_of(both, classes=1, size_hw=SIZE_HW, stride=STRIDE)
    assert (heat[0, 4, 6, 0], boxes[..., 4].sum()) == (1, pytest.approx(1, abs=1e-5))
    assert (heat == -1).sum() >= 8 * 12 - 9


edge = st.tuples(st.floats(0, 80), st.floats(0, 50), st.floats(4, 60), st.floats(4, 60))


@given(st.lists(edge, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_changed_boxes_lie_in_the_image_and_none_appears(given_boxes, seed):
    rows = [[(x, y, min(96, x + w), min(64, y + h), 0, 0) for x, y, w, h in given_boxes]] * 4
    images = np.random.default_rng(0).integers(0, 256, (4, *SIZE_HW, 3), dtype=np.uint8)
    settings = Augmentation(flip=True, zoom=0.5, shift=0.2, color=0.3, cast=0.1, mosaic=0.5)
    shown = change(Batch(images, padded_rows(rows)), settings, np.random.default_rng(seed))
    changed, targets = shown.images, shown.targets
    assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
    kept = targets[targets[..., LABEL] >= 0]
    assert (kept[:, 0] < kept[:, 2]).all()
    assert (kept[:, 1] < kept[:, 3]).all()
    assert (kept[:, :2] >= 0).all()
    assert (kept[:, 2:4] <= [96, 64]).all()
    assert (targets[..., LABEL] >= 0).sum(axis=1).max() <= 4 * len(given_boxes)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("mosaic", [0, 1])
@pytest.mark.parametrize("times", [1, 6])
def test_a_box_follows_its_object_in_whole_screenshots_and_in_windows_of_larger_ones(times, seed, mosaic):
    image = np.zeros((times * SIZE_HW[0], times * SIZE_HW[1], 3), np.uint8)
    left, top = 30 * times, 20 * times
    image[top : top + 24, left : left + 30] = 255
    settings = Augmentation(flip=True, zoom=0.3, shift=0.1, mosaic=mosaic)
    images = np.stack([image, np.zeros_like(image), np.zeros_like(image)])
    targets = padded_rows([[(left, top, left + 30, top + 24, 0, 0)], [], []])
    shown = change(Batch(images, targets), settings, np.random.default_rng(seed))
    changed, found = shown.images, shown.targets
    assert changed.shape[1:3] == window_size(image.shape[:2])
    for picture, rows in zip(changed, found, strict=True):
        seen = rows[rows[:, LABEL] >= 0]
        if len(seen) == 1:
            down, across = (np.flatnonzero((picture[..., 0] > 127).any(axis=axis)) for axis in (1, 0))
            edges = [across[0], down[0], across[-1] + 1, down[-1] + 1]
            np.testing.assert_allclose(seen[0, :4], edges, atol=1.5)
        elif not len(seen):
            assert (picture > 127).sum() < 0.1 * (image > 127).sum()


def test_windows_show_rare_classes_as_often_as_others_and_validate_around_the_largest_object():
    images = np.zeros((4, 384, 640, 3), np.uint8)
    rows = [[(30 + 100 * at, 20, 60 + 100 * at, 90, 0, 0) for at in range(6)]] * 3 + [[(500, 300, 540, 380, 1, 0)]]
    targets, rng = padded_rows(rows), np.random.default_rng(0)
    batch = Batch(images, targets)
    windows = [(change(batch, Augmentation(), rng).targets[..., LABEL] == 1).any(axis=1) for _ in range(50)]
    assert 0.3 < np.mean(windows) < 0.5  # half of three quarters, though it is one object of nineteen
    shown = middle_windows(batch)
    assert shown.images.shape == (4, *window_size((384, 640)), 3)
    assert shown.targets[3, 0, :5].tolist() == [180, 172, 220, 252, 1]


def test_figures_are_pasted_where_their_masks_are_known():
    images = np.zeros((2, 384, 640, 3), np.uint8)
    images[1, 100:200, 50:90] = 255
    targets = padded_rows([[], [(50, 100, 90, 200, 0, 0)]])
    instances = (images[..., 0] > 0).astype(np.uint8)
    settings, found = Augmentation(paste=1), []
    for seed in range(10):
        with_masks, without = (
            change(batch, settings, np.random.default_rng(seed)).targets
            for batch in (Batch(images, targets, instances=instances), Batch(images, targets))
        )
        found.append([(one[..., LABEL] >= 0).sum() for one in (with_masks, without)])
    assert np.sum(found, axis=0)[0] > 1.5 * np.sum(found, axis=0)[1]


def test_of_an_object_that_is_hardly_seen_nothing_is_learned():
    image = np.zeros((1, *SIZE_HW, 3), np.uint8)
    cut = padded_rows([[(80, 10, 96, 40, 0, 0)]])
    for seed in range(40):
        found = change(Batch(image, cut), Augmentation(shift=0.4), np.random.default_rng(seed)).targets
        rows = found[0][found[0][:, LABEL] >= 0]
        sides = rows[:, 2:4] - rows[:, :2]
        shares, large = sides.prod(axis=1) / (16 * 30), sides.min(axis=1) > 6.1
        assert (rows[shares < 0.34, IGNORED] == 1).all()
        assert (rows[(shares > 0.36) & large, IGNORED] == 0).all()


def test_a_map_that_says_where_a_box_is_is_decoded_to_that_box():
    sides = np.zeros((1, 8, 12, 4), np.float32)
    centers = np.full((1, 8, 12, 2), -8, np.float32)
    centers[0, 4, 6, 1], centers[0, 4, 7, 1] = 3, 2
    wanted = np.array([16, 8, 80, 56], np.float32)
    sides[0, 4, 6:8] = np.log(np.abs(wanted - middles((8, 12))[0, 4, 6:8]) / 32)
    found = detect.decode((centers, sides))
    assert (found.image.tolist(), found.labels.tolist()) == ([0], [1])
    np.testing.assert_allclose(found.boxes, [wanted], rtol=1e-5)
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-3)))


def test_a_peak_is_no_lower_than_the_eight_cells_around_it():
    scores = np.random.default_rng(0).random((2, 5, 6, 3)).astype(np.float32)
    kept = peaks(scores)
    for image, row, column, label in np.argwhere(kept > 0):
        around = scores[image, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2, label]
        assert scores[image, row, column, label] == around.max()
    assert corners(np.zeros((1, 8, 12, 4), np.float32))[0, 0, 0].tolist() == [-28, -28, 36, 36]


def test_a_box_is_the_mean_of_those_around_it_by_the_square_of_their_confidence():
    boxes, scores = np.zeros((1, 3, 4, 4), np.float32), np.zeros((1, 3, 4, 2), np.float32)
    boxes[0, 1, 1], boxes[0, 1, 2], boxes[0, 1, 3] = 10, 40, 1000
    scores[0, 1, 1, 0], scores[0, 1, 2, 1] = 0.8, 0.4
    np.testing.assert_allclose(settled(boxes, scores)[0, 1, 1], (4 * 10 + 40) / 5, rtol=1e-5)
    np.testing.assert_allclose(settled(boxes[:, :, :1] + 7, scores[:, :, :1]), boxes[:, :, :1] + 7)


def scores_of(objects, found, thresholds=(0.5, 0.5), images=2, classes=("cog", "toon")):
    """Score boxes given as image, label, box and ignored, or score."""
    truth = Objects(
        images, np.array([o[0] for o in objects], np.int64), np.array([o[1] for o in objects], np.int64),
        np.array([o[2] for o in objects], np.float32).reshape(-1, 4), np.array([o[3] for o in objects], bool),
    )  # fmt: skip
    predictions = Predictions(
        images, np.array([f[0] for f in found], np.int64), np.array([f[1] for f in found], np.int64),
        np.array([f[3] for f in found], np.float32), boxes=np.array([f[2] for f in found], np.float32).reshape(-1, 4),
    )  # fmt: skip
    return BoxScores(truth, predictions, classes, thresholds)


@pytest.mark.parametrize(
    ("sizes", "first"),
    [
        ([(1280, 720)], ("0 to 50 px", "0 to 25 px")),
        ([(640, 360)], ("0 to 25 px", "0 to 25 px")),
        ([(1280, 720), (640, 360)], ("0 to 25 px", "0 to 25 px")),
        ([(1280, 720), (1280, 720), (640, 360)], ("0 to 50 px", "0 to 50 px")),
    ],
)
def test_heights_at_the_input_are_told_where_all_screenshots_are_shrunk_alike(sizes, first):
    frames = [SimpleNamespace(shot=SimpleNamespace(size_wh=size)) for size in sizes]
    band, *_ = height_bands(SimpleNamespace(frames=frames, images=np.zeros((len(sizes), 384, 640, 3), np.uint8)))
    assert (band.title, band.at_input) == first


BOX, OTHER, FAR = (0, 0, 10, 20), (30, 0, 40, 20), (60, 60, 70, 80)


def test_misses_false_alarms_and_mixed_up_classes_are_told_apart():
    scores = scores_of(
        [(0, 0, BOX, False), (0, 1, OTHER, False), (1, 1, FAR, True)],
        [(0, 0, BOX, 0.9), (0, 0, OTHER, 0.8), (1, 1, FAR, 0.7), (1, 0, BOX, 0.3)],
    )
    assert [(one.image, one.outcome) for one in scores.outcomes] == [
        (0, "found"), (0, "false alarm"), (0, "missed"), (1, "ignored"),
    ]  # fmt: skip
    assert scores.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert scores.wrong.tolist() == [True, False]
    np.testing.assert_allclose(scores.agreement, [1 / 3, 1])
    assert scores.missed.tolist() == [False, True, False]
    assert (scores.counts.total, scores.counts.found, scores.counts.false_alarms) == (2, 1, 1)


def test_each_miss_and_each_false_alarm_has_its_cause():
    true = [(at, 0, BOX, False) for at in range(5)]
    high, twice = (0, 0, 10, 6), (0, 0, 10, 19)
    found = [
        (0, 1, BOX, 0.9),  # another class
        (1, 0, high, 0.9),  # badly placed
        (2, 0, BOX, 0.3),  # below the threshold
        (4, 0, BOX, 0.9), (4, 0, twice, 0.8), (4, 0, FAR, 0.7),
    ]  # fmt: skip
    scores = scores_of(true, found, images=5)
    causes = {
        outcome: [(one.image, cause(scores, one)) for one in scores.outcomes if one.outcome == outcome]
        for outcome in ("missed", "false alarm")
    }
    assert causes["missed"] == [
        (0, "taken for another class"), (1, "badly placed box"), (2, "not sure enough"), (3, "not seen"),
    ]  # fmt: skip
    assert sorted(causes["false alarm"]) == [
        (0, "object of another class"), (1, "badly placed box"), (4, "nothing there"), (4, "second box of an object"),
    ]  # fmt: skip


def test_what_disturbs_an_object_is_another_box_over_it_or_the_edge():
    objects = [(0, 0, (0, 10, 20, 60), False), (0, 0, (40, 10, 60, 60), False), (0, 0, (50, 10, 55, 30), False),
               (1, 0, (40, 10, 60, 60), False)]  # fmt: skip
    truth = scores_of(objects, []).truth

    def shots(*widths, files=("a", "b", "c")):
        crops = ([SimpleNamespace(file=file) for file in files], [SimpleNamespace(file="d")])
        return [
            SimpleNamespace(shot=SimpleNamespace(size_wh=(width, 100)), crops=own)
            for width, own in zip(widths, crops, strict=True)
        ]

    assert disturbances(truth, shots(100, 100)) == (AT_EDGE, IN_VIEW, BESIDE, IN_VIEW)
    assert disturbances(truth, shots(100, 60))[-1] == AT_EDGE
    regions = shots(100, 100, files=("a", "", "c"))
    assert disturbances(truth, regions)[2] == IN_VIEW, "a region that nobody need find covers nothing"


def test_cases_are_the_objects_that_count_with_what_disturbs_each(tmp_path):
    boxes = (("apple", (0, 10, 20, 40)), ("pear", (30, 10, 50, 40)), ("stone", (31, 11, 40, 30)))
    root = tmp_path / "workspace"
    workspace = make_workspace(root, [*small_shots(), Shot("crowded", "garden", boxes)])
    (root / "screenshots/garden/crowded.attributes.json").write_text('{"objects": [{"number": 2, "difficult": true}]}')
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    data = load_dataset(workspace, TASK, size_hw=SIZE_HW)
    at = next(at for at, frame in enumerate(data.frames) if len(frame.crops) == 3)
    none = Predictions(1, *(np.zeros(0, np.int64) for _ in range(2)), np.zeros(0, np.float32),
                       boxes=np.zeros((0, 4), np.float32))  # fmt: skip
    scores = detect.score(none, dataclasses.replace(data, indices={"test": np.array([at])}), "test")
    cases = detect.cases(Evaluated((), (data.items[at],), data.images[[at]], (scores,), 0))
    found = dict(zip([crop.label for crop in cases.crops], cases.disturbances, strict=True))
    assert found == {"apple": AT_EDGE, "stone": BESIDE}
    assert cases.wrong.tolist() == [[True, True]]


def test_boxes_in_a_smaller_screenshot_are_those_in_the_screenshot_itself(tmp_path):
    boxes = (("apple", (20, 30, 60, 90)), ("pear", (120, 60, 150, 120)))
    shots = [Shot(f"{at}", "garden", boxes, (320, 200)) for at in range(6)]
    workspace = workspace_of(tmp_path, [*shots, *small_shots()])
    data = load_dataset(workspace, TASK, size_hw=(128, 160))
    large = [at for at, frame in enumerate(data.frames) if frame.shot.size_wh == (320, 200)]
    evaluation = Evaluated((), tuple(data.items[at] for at in large), data.images[large], (), 0)
    none = np.zeros(2, np.int64)
    for scale, size in ((0.5, 160), (0.7, 224)):
        factor = -(-size // 160)
        seen = np.array([box for _, box in boxes], np.float32) * scale / factor
        predictions = Predictions(len(large), none, none, np.ones(2, np.float32), boxes=seen)
        grown = _grown(predictions, data, evaluation, scale)
        np.testing.assert_allclose(grown.boxes * 2, [box for _, box in boxes], rtol=1e-5)
    assert _grown(predictions, data, evaluation, 1) is predictions


def test_intervals_of_average_precision_hold_the_value_and_narrow_with_more_screenshots():
    def measured(images):
        true = [(at, 0, BOX, False) for at in range(images)]
        found = [(at, 0, BOX, 0.9 - at / 1000) for at in range(images) if at % 3]
        return scores_of(true, [*found, *((at, 0, FAR, 0.4) for at in range(0, images, 5))], images=images).intervals

    few, many = measured(20), measured(200)
    for cog, toon, mean in (few, many):
        assert cog.ap50.low <= cog.ap50.value <= cog.ap50.high
        assert (mean, toon.plain()) == (cog, {"ap_95": None, "ap50_95": None})
    assert many[0].ap50.high - many[0].ap50.low < 0.5 * (few[0].ap50.high - few[0].ap50.low)


def test_the_interval_of_the_mean_lies_around_the_mean_although_a_class_is_in_one_screenshot_only():
    true = [*((at, 0, BOX, False) for at in range(12)), (0, 1, OTHER, False)]
    scores = scores_of(true, [(at, 0, BOX, 0.9) for at in range(12)], images=12)  # each cog is found, and no toon
    cog, toon, mean = (one.ap50 for one in scores.intervals)
    assert (cog.low, toon.high) == (pytest.approx(1), 0)
    assert (mean.low, mean.value, mean.high) == pytest.approx((0.5, 0.5, 0.5))


def test_the_interval_of_the_mean_rests_on_all_draws_although_each_class_is_in_one_screenshot_only():
    true = [*((at, 0, BOX, False) for at in range(12)), *((at, at, OTHER, False) for at in range(1, 12))]
    found = [(at, label, box, 0.9) for at, label, box, _ in true if at % 2]
    names = tuple(f"class {label}" for label in range(12))
    scores = scores_of(true, found, (0.5,) * 12, images=12, classes=names)
    mean = scores.intervals[-1].ap50
    assert np.isfinite(scores.drawn.mean).all()
    assert mean.low < mean.value < mean.high


def test_screenshots_that_belong_together_are_drawn_together(dataset):
    indices = np.arange(8)
    truth = objects_in(dataset.targets[indices], np.ones(len(indices), np.float32))
    truth = dataclasses.replace(truth, labels=np.zeros_like(truth.labels))
    half = truth.image % 2 == 0
    sure = np.full(half.sum(), 0.9, np.float32)
    predictions = Predictions(len(indices), truth.image[half], truth.labels[half], sure, boxes=truth.boxes[half])
    frames = tuple(dataset.frames[at] for at in indices)
    pairs = tuple(
        dataclasses.replace(
            frame, crops=tuple(dataclasses.replace(crop, recording=f"pair {at // 2}") for crop in frame.crops)
        )
        for at, frame in enumerate(frames)
    )
    alone, together = (
        BoxScores(truth, predictions, ("thing",), (0.5,), own).intervals[0].ap50 for own in (frames, pairs)
    )
    assert together.value == alone.value
    assert together.high - together.low < 1e-9 < alone.high - alone.low


def test_placement_is_measured_in_pixels_of_the_screenshot_by_height():
    true = [(0, 0, (10, 10, 20, 40), False), (1, 0, (10, 10, 40, 90), False)]
    scores = scores_of(true, [(0, 0, (11, 10, 20, 38), 0.9), (1, 0, (10, 10, 40, 94), 0.9)])
    assert scores.placement.summary().shift == (0.5, 0, 0, 1, 1)
    small = scores.placement.within(0, 60).summary()
    assert (small.boxes, small.shift, small.shift_95) == (1, (1, 0, 0, -2, -2), (1, 0, 0, 2, 2))
    assert small.overlap == pytest.approx(9 * 28 / 300)
    assert scores.placement.within(100, 200).summary() is None


def test_edges_that_are_less_than_half_a_pixel_off_have_no_sign():
    assert [_shift(pixels) for pixels in (-0.4, 0.3, -1.6, 2)] == ["0", "0", "-2", "+2"]


def test_rows_of_the_table_hold_every_outcome_with_its_box():
    scores = scores_of([(0, 0, BOX, False), (1, 1, OTHER, False)], [(0, 0, (0, 0, 10, 18), 0.9), (1, 0, FAR, 0.6)])
    columns, rows = scores.table()
    assert columns[:3] == ["outcome", "y_true", "y_pred"]
    assert [row[:4] for row in rows] == [
        [0, "found", "cog", "cog"], [1, "false alarm", "", "cog"], [1, "missed", "toon", ""],
    ]  # fmt: skip
    assert rows[0][5:] == ["0.9000", "0.0", "0.0", "10.0", "18.0"]


def test_thresholds_are_chosen_on_the_boxes_of_validation_screenshots(dataset):
    indices = dataset.indices["val"]
    truth = objects_in(dataset.targets[indices], np.ones(len(indices), np.float32))
    sure = np.where(truth.labels == 0, 0.8, 0.4).astype(np.float32)
    predictions = Predictions(len(indices), truth.image, truth.labels, sure, boxes=truth.boxes)
    chosen = detect.thresholds(predictions, dataset, indices)
    assert chosen == pytest.approx((0.4, 0.2, 0.2))
    assert detect.thresholds(predictions, dataset, indices[:0]) is None


def test_the_loss_of_a_map_that_is_right_is_lower_than_that_of_a_map_that_is_not():
    from toonvision.models.detector import center_loss, side_loss

    middles_map, boxes = maps_of(one_box((16, 8, 80, 56)), classes=1, size_hw=SIZE_HW, stride=STRIDE)
    sure = np.where(middles_map == 1, 6, -6).astype(np.float32)
    assert float(center_loss(middles_map, sure)[0]) < 0.05 < float(center_loss(middles_map, -sure)[0])
    right = np.log(np.maximum(np.abs(boxes[..., :4] - middles((8, 12))), 1e-3) / 32)
    assert float(side_loss(boxes, right)[0]) < 0.01 < float(side_loss(boxes, right + 0.5)[0])
    ignored, _ = maps_of(one_box((0, 0, 96, 64), ignored=1), classes=1, size_hw=SIZE_HW, stride=STRIDE)
    assert float(center_loss(ignored, sure)[0]) == 0


def test_the_loss_of_a_box_falls_as_it_comes_nearer_however_far_it_is():
    from toonvision.models.detector import side_loss

    _, boxes = maps_of(one_box((16, 8, 80, 56)), classes=1, size_hw=SIZE_HW, stride=STRIDE)
    distances = np.maximum(np.abs(boxes[..., :4] - middles((8, 12))), 1e-3)
    found = [np.log(distances * [1, 1, wide, 1] / 32).astype(np.float32) for wide in (20, 8, 3, 1.5, 1)]
    losses = [float(side_loss(boxes, one)[0]) for one in found]
    assert losses == sorted(set(losses), reverse=True)


def test_an_input_that_is_no_multiple_of_32_is_refused_with_one_that_is(dataset):
    odd = dataclasses.replace(dataset, images=np.zeros((1, 72, 100, 3), np.uint8))
    with pytest.raises(UsageError, match=r"multiples of 32; got 72 x 100\. Write e\.g\. --size 64x96"):
        detect.learner(TrainingSettings(network="detector"), odd)


def test_one_class_is_enough(tmp_path):
    text = SETTINGS_TEXT.replace("[taxonomy.tasks]\n", '[taxonomy.tasks]\nfind = { level = "kind", kind = "detect" }\n')
    shots = [Shot(f"{at}", "garden", (("apple", (2 + at, 3, 22 + at, 30)),)) for at in range(12)]
    workspace = make_workspace(tmp_path / "workspace", shots, settings_text=text)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    data = load_dataset(workspace, workspace.taxonomy.task("find"), size_hw=SIZE_HW)
    assert (data.classes, data.left_out) == (("fruit",), ("mineral",))
    picture = Image.fromarray(data.images[0])
    assert picture.size == (96, 64)
