"""Average precision against faster-coco-eval, and what a detector finds at a threshold."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property
from toonvision.metrics.detection import HALF, OVERLAPS, Objects, Precision, match
from toonvision.metrics.predictions import Predictions

EDGE = st.integers(0, 60)


def objects(images, rows):
    """Make objects of rows of image, label, box and whether it is ignored."""
    rows = sorted(rows, key=lambda row: row[0])
    return Objects(
        images,
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[3] for row in rows], np.bool_),
    )


def predictions(images, rows):
    """Make predictions of rows of image, label, box and score."""
    rows = sorted(rows, key=lambda row: row[0])
    return Predictions(
        images,
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[3] for row in rows], np.float32),
        boxes=np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
    )


@st.composite
def boxes(draw, square=False):
    left, top = draw(EDGE), draw(EDGE)
    width = draw(st.integers(1, 40))
    return left, top, left + width, top + (width if square else draw(st.integers(1, 40)))


@st.composite
def moved(draw, box, square):
    """Move the edges of a box a little; those of a square together."""
    steps = st.sampled_from([0, 0, 4])
    if square:
        across, down = draw(steps), draw(steps)
        return box[0] + across, box[1] + down, box[2] + across, box[3] + down
    left, top, right, bottom = (edge + draw(steps) for edge in box)
    return left, top, max(left + 1, right), max(top + 1, bottom)


@st.composite
def scenes(draw, square=False):
    """Draw some images with objects, and predictions that are often near one."""
    images, classes = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    place = st.tuples(st.integers(0, images - 1), st.integers(0, classes - 1))
    true = [(*draw(place), draw(boxes(square)), draw(st.booleans()) and draw(st.booleans())) for _ in range(6)]
    score = st.integers(0, 20).map(lambda value: value / 20)
    near = [
        (image, label, draw(moved(box, square)), draw(score)) for image, label, box, _ in true if draw(st.booleans())
    ]
    others = [(*draw(place), draw(boxes(square)), draw(score)) for _ in range(draw(st.integers(0, 6)))]
    return objects(images, true), predictions(images, near + others), classes


def coco_precisions(truth, found, area=None):
    """Return COCO's precision of each class and threshold, with objects of an area outside of a range ignored."""
    from faster_coco_eval import COCO, COCOeval_faster

    listed = [
        {"id": n, "image_id": int(i) + 1, "category_id": int(label) + 1, "bbox": ltwh(box), "iscrowd": int(ignored),
         "area": float(ltwh(box)[2] * ltwh(box)[3])}
        for n, (i, label, box, ignored) in enumerate(zip(truth.image, truth.labels, truth.boxes, truth.ignored,
                                                         strict=True), start=1)
    ]  # fmt: skip
    results = [
        {"image_id": int(i) + 1, "category_id": int(label) + 1, "bbox": ltwh(box), "score": float(score)}
        for i, label, box, score in zip(found.image, found.labels, found.boxes, found.scores, strict=True)
    ]
    categories = sorted({*truth.labels.tolist(), *found.labels.tolist()})
    pictures = [{"id": n + 1, "width": 200, "height": 200} for n in range(truth.images)]
    named = [{"id": label + 1, "name": str(label)} for label in categories]
    tables = {"images": pictures, "annotations": listed, "categories": named}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(tables)
        evaluation = COCOeval_faster(coco, coco.loadRes(results), "bbox", print_function=lambda *_: None)
        evaluation.params.areaRng = [area or [0, 1e10]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.params.maxDets = [100]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 0]
    return {label: precision[:, :, at].mean(axis=1) for at, label in enumerate(categories)}


def ltwh(box):
    left, top, right, bottom = (float(edge) for edge in box)
    return [left, top, right - left, bottom - top]


@files_property
@given(scenes())
def test_average_precisions_equal_those_of_coco(scene):
    truth, found, _ = scene
    if not len(found.labels):
        return
    for label, expected in coco_precisions(truth, found).items():
        ours = match(truth, found, label=label).average_precisions
        np.testing.assert_allclose(np.nan_to_num(ours, nan=-1), expected, atol=1e-6)


@files_property
@given(scenes(square=True), st.integers(5, 30))
def test_average_precisions_of_a_range_of_heights_equal_cocos_of_areas_for_squares(scene, edge):
    truth, found, _ = scene
    if not len(found.labels):
        return
    for label, expected in coco_precisions(truth, found, [edge**2, 1e10]).items():
        ours = match(truth, found, label=label, heights=(edge, 1e5)).average_precisions
        np.testing.assert_allclose(np.nan_to_num(ours, nan=-1), expected, atol=1e-6)


@given(scenes())
def test_each_object_is_found_at_most_once_and_an_ignored_one_never_counts(scene):
    truth, found, _ = scene
    matches = match(truth, found)
    assert len(matches.prediction) == len(set(matches.prediction)) == len(found.scores)
    for at in range(len(OVERLAPS)):
        hit = matches.objects[:, at][~matches.neutral[:, at] & (matches.objects[:, at] >= 0)]
        assert len(hit) == len(set(hit))
        assert not truth.ignored[hit].any()
    counts = matches.at(0)
    assert (counts.total, counts.found <= counts.total) == ((~truth.ignored).sum(), True)


def test_images_that_are_drawn_twice_count_twice():
    truth = objects(2, [(0, 0, (0, 0, 10, 10), False), (1, 0, (0, 0, 10, 10), False)])
    matches = match(truth, predictions(2, [(0, 0, (0, 0, 10, 10), 0.9)]), label=0)
    drawn = matches.drawn(np.array([(1, 1), (2, 0), (0, 2), (3, 1)]))
    np.testing.assert_allclose(drawn[:, 0], [51 / 101, 1, 0, 76 / 101])


@given(scenes(), st.lists(st.booleans(), min_size=4, max_size=4))
def test_an_image_that_is_not_drawn_is_as_if_it_were_not_there(scene, drawn):
    truth, found, _ = scene
    left = np.flatnonzero(drawn[: truth.images])
    number = {old: new for new, old in enumerate(left)}
    true = zip(truth.image, truth.labels, truth.boxes, truth.ignored, strict=True)
    predicted = zip(found.image, found.labels, found.boxes, found.scores, strict=True)
    fewer = match(
        objects(len(left), [(number[image], *row) for image, *row in true if image in number]),
        predictions(len(left), [(number[image], *row) for image, *row in predicted if image in number]),
        label=0,
    )
    times = np.array([drawn[: truth.images]], np.int64)
    np.testing.assert_allclose(match(truth, found, label=0).drawn(times)[0], fewer.average_precisions)


def test_a_prediction_in_a_difficult_box_neither_rewards_nor_punishes():
    truth = objects(1, [(0, 0, (0, 0, 10, 10), False), (0, 0, (20, 20, 60, 60), True)])
    sure = (0, 0, (0, 0, 10, 10), 0.9)
    inside = (0, 0, (22, 22, 40, 40), 0.95)
    for rows in ([sure], [sure, inside]):
        matches = match(truth, predictions(1, rows), label=0)
        assert matches.average_precisions.mean() == pytest.approx(1)
        assert (matches.at(0.5).found, matches.at(0.5).false_alarms) == (1, 0)


def test_a_second_box_on_one_object_is_a_false_alarm():
    truth = objects(1, [(0, 0, (0, 0, 10, 10), False)])
    found = predictions(1, [(0, 0, (0, 0, 10, 10), 0.9), (0, 0, (0, 0, 10, 9), 0.8)])
    counts = match(truth, found, label=0, thresholds=HALF).at(0.5)
    assert (counts.total, counts.found, counts.false_alarms) == (1, 1, 1)


def test_the_threshold_of_the_best_f1_lies_between_what_is_taken_and_what_is_not():
    truth = objects(2, [(0, 0, (0, 0, 10, 10), False), (1, 0, (0, 0, 10, 10), False)])
    right = [(0, 0, (0, 0, 10, 10), 0.9), (1, 0, (0, 0, 10, 10), 0.6)]
    found = predictions(2, [*right, (1, 0, (30, 30, 40, 40), 0.4)])
    assert match(truth, found, label=0).curve.best_threshold(0.3) == pytest.approx(0.5)
    assert match(truth, predictions(2, []), label=0).curve.best_threshold(0.3) == 0.3


def test_a_class_without_an_object_has_no_average_precision_and_is_left_out_of_the_mean():
    found = predictions(1, [(0, 0, (0, 0, 10, 10), 0.9)])
    none = Precision.of(match(objects(1, []), found, label=0).average_precisions)
    assert np.isnan(none.ap)
    some = Precision(0.4, 0.6, 0.5)
    assert Precision.mean([none, some]) == some
    assert np.isnan(Precision.mean([none]).ap50)
