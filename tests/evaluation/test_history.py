"""What is read of the results that evaluations have written."""

import json

import pytest

from toonvision.evaluation.history import median_and_worst

WRONG = {name: {"count": count, "total": 75} for name, count in (("best", 70), ("median", 74), ("worst", 75))}


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([{"wrong": 70}, {"wrong": 74}, {"wrong": 75}], ("74 wrong", "75 wrong")),
        ([{"ap50": 0.5}, {"ap50": 0.25}, {"ap50": 0.75}], ("AP50 0.500", "AP50 0.250")),
        ([{"ap50": 0.5, "miou": 0.1}], ("AP50 0.500", "AP50 0.500")),
        ([{"miou": 0.5}, {"miou": 0.7}], ("mIoU 0.600", "mIoU 0.500")),
        ([{"ap50": None}], None),
        ([], None),
    ],
)
def test_a_run_is_listed_with_the_score_of_its_kind(tmp_path, scores, shown):
    (tmp_path / "metrics.json").write_text(json.dumps({"wrong": WRONG, "repeats": scores}))
    assert median_and_worst(tmp_path) == shown


def test_a_run_that_was_not_evaluated_has_no_result(tmp_path):
    assert median_and_worst(tmp_path) is None
