import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from figures import examples
from toonvision.data.boxes import Box
from toonvision.data.outliers import ImageStatistics, measure_image
from toonvision.evaluation.breakdown import FEW, Breakdown, Group, bands, break_down
from toonvision.metrics.intervals import Proportion
from toonvision.taxonomy.labels import Category, Taxonomy


def evaluated(wrong, *, contexts=None, heights=None, attributes=None, labels=None):
    """Return an evaluation of two repeats; the second is right about everything."""
    wrong = np.array(wrong, dtype=bool)
    made = examples.evaluation(examples.classes_of(3), samples=len(wrong), repeats=2)
    probabilities = np.full((2, len(wrong), 3), 0.1, dtype=np.float32)
    probabilities[:, np.arange(len(wrong)), made.best.y_true] = 0.8
    probabilities[0, wrong] = np.roll(probabilities[0, wrong], 1, axis=1)
    crops = []
    for at, crop in enumerate(made.items):
        box = Box(0, 0, 9, heights[at]) if heights else crop.box
        context = contexts[at] if contexts else crop.context
        extra = attributes[at] if attributes else {}
        crops.append(dataclasses.replace(crop, context=context, box=box, attributes=extra))
    scores = tuple(dataclasses.replace(made.best, probabilities=rows) for rows in probabilities)
    return dataclasses.replace(made, items=tuple(crops), scores=scores)


def taxonomy():
    return Taxonomy("plain", (), (), contexts=(Category("a", "Alley", "#112233"), Category("b", "Bridge", "#445566")))


def divided(evaluation, name, image_statistics=()):
    return next(one for one in break_down(evaluation, taxonomy(), image_statistics) if one.name == name)


def test_every_breakdown_counts_every_image_and_every_error_once():
    rng = np.random.default_rng(0)
    made = evaluated(
        rng.random(90) < 0.3, contexts=list("ab" * 45), heights=rng.integers(20, 400, 90).tolist(),
        attributes=[{"pose": "sits" if n % 3 else "stands", "fog": float(n % 40), "shaded": n % 2 == 0}
                    for n in range(90)],
    )  # fmt: skip
    image_statistics = [ImageStatistics(*pair) for pair in rng.random((90, 2))]
    found = break_down(made, taxonomy(), image_statistics)
    assert [one.name for one in found] == [
        "context", "label", "height", "sharpness", "brightness", "fog", "pose", "shaded",
    ]  # fmt: skip
    for one in found:
        assert sum(group.wrong.total for group in one.groups) == 90
        assert sum(group.wrong.count for group in one.groups) == made.best.report.wrong
        for group in one.groups:
            assert group.wrong.total + group.rest.total == 90


def test_contexts_have_their_titles_and_the_worst_comes_first():
    made = evaluated([True] * 6 + [False] * 24, contexts=["b"] * 10 + ["a"] * 20)
    worst, best = divided(made, "context").groups
    assert (worst.title, worst.wrong) == ("Bridge", Proportion(6, 10))
    assert (best.title, best.wrong, best.rest) == ("Alley", Proportion(0, 20), Proportion(6, 10))


def test_the_mean_is_taken_over_all_trainings():
    made = evaluated([True] * 6 + [False] * 24, contexts=["b"] * 10 + ["a"] * 20)
    assert [group.mean for group in divided(made, "context").groups] == [pytest.approx(0.3), 0.0]


def test_recorded_values_are_taken_as_they_are_and_numbers_in_bands():
    made = evaluated(
        [False] * 40,
        attributes=[{"shaded": n < 10, "distance": n / 2, "track": n % 3} for n in range(39)] + [{}],
    )
    assert {group.title for group in divided(made, "shaded").groups} == {"yes", "no", "not recorded"}
    assert {group.title for group in divided(made, "track").groups} == {"0", "1", "2", "not recorded"}
    distances = divided(made, "distance").groups
    assert [group.title for group in distances][-1] == "not recorded"
    assert [group.wrong.total for group in distances] == [9, 10, 10, 10, 1]
    assert distances[0].title == "0.0 to 4.0"


def test_what_divides_nothing_is_left_out():
    assert [one.name for one in break_down(evaluated([False] * 9), taxonomy())] == ["label"]


def test_very_many_values_are_gathered():
    made = evaluated([False] * 60, attributes=[{"pose": f"p{min(n, 40)}"} for n in range(60)])
    groups = divided(made, "pose").groups
    assert len(groups) == 13
    assert "other values" in {group.title for group in groups}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(2, 6))
def test_no_band_is_empty_and_every_value_is_in_one(values, most):
    array = np.array(values, dtype=float)
    edges = bands(array, most)
    assert edges == sorted(set(edges))
    assert len(edges) < most
    counts = np.bincount(np.digitize(array, edges), minlength=len(edges) + 1)
    assert counts.min() > 0
    assert bool(edges) == (len(set(values)) > 1)


def test_bands_of_different_values_hold_comparable_counts():
    counts = np.bincount(np.digitize(np.arange(103.0), bands(np.arange(103.0), 5)))
    assert counts.max() - counts.min() <= 1


def group(wrong, total, rest_wrong, rest_total):
    return Group("small", Proportion(wrong, total), 0.0, Proportion(rest_wrong, rest_total))


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (group(9, 20, 5, 100), 1),
        (group(3, 3, 5, 100), 0),
        (group(3, 20, 5, 100), 0),
        (group(0, 100, 20, 40), -1),
        (group(9, 20, 0, 5), 0),
    ],
)
def test_only_a_clear_difference_between_enough_images_stands_out(one, expected):
    assert one.stands_out == expected
    assert one.few == (one.wrong.total < FEW)


def test_a_finding_gives_counts_and_intervals_and_nothing_is_no_finding():
    clear = Breakdown("height", "Height of the crop", (group(9, 20, 5, 100), group(2, 30, 12, 90)), 1)
    assert clear.finding == (
        "Height of the crop: clearly more often wrong: small (9 of 20 wrong, 45.0 %, interval 25.8–65.8 %; all "
        "others 5 of 100 wrong, 5.0 %, interval 2.2–11.2 %)."
    )
    assert Breakdown("height", "Height", (group(2, 30, 12, 90),), 1).finding == ""


def test_bands_of_sharpness_do_not_separate_dark_crops_from_bright_ones():
    noise = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    coarser = [np.kron(noise, np.ones((size, size), np.uint8)) for size in (1, 3, 9)]
    pictures = [pixels // darker for pixels in coarser for darker in (1, 4) for _ in range(FEW)]
    dark = [darker == 4 for _ in coarser for darker in (1, 4) for _ in range(FEW)]
    image_statistics = [measure_image(Image.fromarray(pixels)) for pixels in pictures]
    sharpness = divided(evaluated(dark), "sharpness", image_statistics)
    assert [(group.wrong.count, group.wrong.total) for group in sharpness.groups] == [(FEW, 2 * FEW)] * 3
