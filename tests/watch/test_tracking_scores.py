"""How good tracks are, as a published evaluator says."""

import warnings

import numpy as np
import pytest
from tracking_scores import NumberedBoxes, TrackingScores, tracking_scores, without_ignored

NOTHING = NumberedBoxes(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4), np.float32))


def video(seed: int, *, frames: int = 60, objects: int = 5) -> tuple[NumberedBoxes, NumberedBoxes]:
    """Return objects that walk through one another, and tracks of them with gaps, noise, switches and false alarms."""
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(0, 300, (objects, 2)), rng.normal(0, 6, (objects, 2))
    numbers = np.arange(objects) + 10
    truth, tracks = [], []
    for frame in range(frames):
        if rng.random() < 0.15:
            numbers = rng.permutation(numbers) if rng.random() < 0.5 else numbers + rng.integers(0, 2, objects) * 100
        here = start + speed * frame
        boxes = np.concatenate([here, here + np.array([40, 80])], axis=1)
        noisy = boxes + rng.normal(0, 5, boxes.shape)
        truth += [(frame, one, *boxes[one]) for one in range(objects) if rng.random() < 0.9]
        tracks += [(frame, numbers[one], *noisy[one]) for one in range(objects) if rng.random() < 0.85]
        if rng.random() < 0.3:
            tracks.append((frame, 900 + frame, *rng.uniform(0, 100, 2), *rng.uniform(120, 300, 2)))
    return numbered(truth), numbered(tracks)


def numbered(rows) -> NumberedBoxes:
    table = np.array(rows, np.float64)
    return NumberedBoxes(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:].astype(np.float32))


@pytest.mark.parametrize("seed", range(12))
def test_scores_equal_those_of_a_published_evaluator(seed):
    truth, tracks = video(seed)
    scores = tracking_scores(truth, tracks)
    expected = published(truth, tracks)
    assert scores.mota == pytest.approx(expected["mota"], abs=1e-6)
    assert scores.idf1 == pytest.approx(expected["idf1"], abs=1e-6)
    assert scores.switches == expected["num_switches"]
    assert scores.misses == expected["num_misses"]
    assert scores.false_alarms == expected["num_false_positives"]


def published(truth: NumberedBoxes, tracks: NumberedBoxes) -> dict[str, float]:
    motmetrics = pytest.importorskip("motmetrics", reason="the published evaluator is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        accumulator = motmetrics.MOTAccumulator(auto_id=True)
        for frame in range(int(max(truth.frame.max(), tracks.frame.max())) + 1):
            own, others = truth.frame == frame, tracks.frame == frame
            distances = [[distance(one, other) for other in tracks.boxes[others]] for one in truth.boxes[own]]
            accumulator.update(truth.number[own].tolist(), tracks.number[others].tolist(), distances)
        names = ["mota", "idf1", "num_switches", "num_misses", "num_false_positives"]
        summary = motmetrics.metrics.create().compute(accumulator, metrics=names)
    return {name: float(summary[name].iloc[0]) for name in names}


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """One less intersection over union, NaN where it is less than half; its own formula fails with NumPy 2."""
    wide, high = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = max(wide, 0.0) * max(high, 0.0)
    share = common / (np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - common)
    return float(1 - share) if share >= 0.5 else float("nan")


def test_tracks_that_are_the_truth_are_without_error():
    truth, _ = video(0)
    scores = tracking_scores(truth, truth)
    assert (scores.mota, scores.idf1, scores.switches) == (1.0, 1.0, 0)


def test_two_numbers_that_change_places_half_way_are_two_switches_and_half_of_the_identities():
    frames = np.repeat(np.arange(10), 2)
    boxes = np.tile(np.array([[0, 0, 10, 20], [100, 0, 110, 20]], np.float32), (10, 1))
    truth = NumberedBoxes(frames, np.tile([0, 1], 10), boxes)
    swapped = NumberedBoxes(frames, np.concatenate([np.tile([5, 6], 5), np.tile([6, 5], 5)]), boxes)
    scores = tracking_scores(truth, swapped)
    assert (scores.switches, scores.idf1) == (2, 0.5)


def test_nothing_found_and_nothing_there():
    truth, tracks = video(0)
    assert tracking_scores(truth, NOTHING).mota == 0
    assert tracking_scores(truth, NOTHING).idf1 == 0
    assert np.isnan(tracking_scores(NOTHING, NOTHING).mota)
    assert np.isnan(tracking_scores(NOTHING, NOTHING).idf1)
    assert tracking_scores(NOTHING, tracks).false_alarms == len(tracks.frame)


def test_an_ignored_object_need_not_be_found_and_its_track_is_no_false_alarm():
    boxes = np.array([[0, 0, 10, 20], [100, 0, 110, 20], [300, 0, 310, 20]], np.float32)
    truth = NumberedBoxes(np.zeros(3, np.int64), np.array([1, 2, 3]), boxes)
    tracks = NumberedBoxes(np.zeros(3, np.int64), np.array([7, 8, 9]), boxes + np.array([[0], [0], [200]], np.float32))
    scores = tracking_scores(*without_ignored(truth, np.array([False, True, True]), tracks))
    assert (scores.objects, scores.misses, scores.false_alarms) == (1, 0, 1)


def test_counts_of_videos_are_summed():
    one, other = (tracking_scores(*video(seed)) for seed in (1, 2))
    both = one + other
    assert both == TrackingScores(*(a + b for a, b in zip(vars(one).values(), vars(other).values(), strict=True)))
    assert min(one.mota, other.mota) <= both.mota <= max(one.mota, other.mota)
