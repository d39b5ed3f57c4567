"""What is read of the results that evaluations have written."""

import json
import math

import pytest

from toonvision.api.run_words import spread_text
from toonvision.core.wording import number
from toonvision.evaluation.history import median_and_worst, results_damage, wrong_on_test
from toonvision.metrics.classification import Spread

WRONG = {name: {"count": count, "total": 75} for name, count in (("best", 70), ("median", 74), ("worst", 75))}


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([{"wrong": 70}, {"wrong": 74}, {"wrong": 75}], ("74 wrong", "75 wrong")),
        ([{"ap50": 0.5}, {"ap50": 0.25}, {"ap50": 0.75}], ("AP50 0.500", "AP50 0.250")),
        ([{"ap50": 0.5, "miou": 0.1}], ("AP50 0.500", "AP50 0.500")),
        ([{"miou": 0.5}, {"miou": 0.7}], ("mean IoU 0.600", "mean IoU 0.500")),
        ([{"ap50": None}], None),
        ([{"ap50": math.nan}], None),
    ],
)
def test_a_run_is_listed_with_the_score_of_its_kind(tmp_path, scores, shown):
    (tmp_path / "metrics.json").write_text(json.dumps({"wrong": WRONG, "repeats": scores}))
    assert median_and_worst(tmp_path) == shown
    assert results_damage(tmp_path) == ""


@pytest.mark.parametrize("wrong", [(3, 4), (1, 5, 3)])
def test_the_list_of_runs_has_the_median_that_evaluate_says(tmp_path, wrong):
    spread = Spread(wrong, 75)
    written = {name: getattr(spread, name).plain() for name in ("best", "median", "worst")}
    (tmp_path / "metrics.json").write_text(json.dumps({"wrong": written, "repeats": [{}]}))
    found = wrong_on_test(tmp_path)
    assert found is not None
    assert found["median"] == spread.median
    assert median_and_worst(tmp_path) == (f"{number(spread.median.count)} wrong", f"{max(wrong)} wrong")


def test_the_list_of_runs_has_the_median_score_that_evaluate_says(tmp_path):
    metrics = {"wrong": WRONG, "repeats": [{"ap50": 0.6}, {"ap50": 0.8}]}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    assert median_and_worst(tmp_path) == ("AP50 0.700", "AP50 0.600")
    assert spread_text("AP50", [0.6, 0.8]) == "AP50 median 0.700, worst 0.600, best 0.800"


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
