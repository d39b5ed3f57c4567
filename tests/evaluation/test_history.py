"""What is read of the results that evaluations have written."""

import json
import math

import pytest

from toonvision.evaluation.history import median_and_worst, results_damage

WRONG = {name: {"count": count, "total": 75} for name, count in (("best", 70), ("median", 74), ("worst", 75))}


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([{"wrong": 70}, {"wrong": 74}, {"wrong": 75}], ("74 wrong", "75 wrong")),
        ([{"ap50": 0.5}, {"ap50": 0.25}, {"ap50": 0.75}], ("AP50 0.500", "AP50 0.250")),
        ([{"ap50": 0.5, "miou": 0.1}], ("AP50 0.500", "AP50 0.500")),
        ([{"miou": 0.5}, {"miou": 0.7}], ("mIoU 0.600", "mIoU 0.500")),
        ([{"ap50": None}], None),
        ([{"ap50": math.nan}], None),
    ],
)
def test_a_run_is_listed_with_the_score_of_its_kind(tmp_path, scores, shown):
    (tmp_path / "metrics.json").write_text(json.dumps({"wrong": WRONG, "repeats": scores}))
    assert median_and_worst(tmp_path) == shown
    assert results_damage(tmp_path) == ""


def test_a_run_that_was_not_evaluated_has_no_result(tmp_path):
    assert median_and_worst(tmp_path) is None
    assert results_damage(tmp_path) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read as JSON"),
        (b"\0garb", "cannot be read as JSON"),
        (b"5", "holds no results of an evaluation"),
        (b"{}", "holds no results of an evaluation"),
        (json.dumps({"wrong": WRONG, "repeats": []}).encode(), "holds no results of an evaluation"),
        (json.dumps({"wrong": WRONG, "repeats": [{"ap50": "x"}]}).encode(), "holds no results of an evaluation"),
        (json.dumps({"wrong": {**WRONG, "best": {"count": math.inf, "total": 1}}}).encode(), "holds no results"),
    ],
)
def test_damaged_results_are_none_and_are_said(tmp_path, content, said):
    (tmp_path / "metrics.json").write_bytes(content)
    assert median_and_worst(tmp_path) is None
    assert results_damage(tmp_path).startswith(f"metrics.json: {said}")
