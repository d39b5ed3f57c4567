import dataclasses
import json

import pytest

from toonvision.core.errors import InputRejectedError
from toonvision.metrics.power_law import PowerLaw
from toonvision.studies.learning_curve import (
    RESULT,
    CurvePoint,
    LearningCurve,
    curve_rows,
    newest_curve,
    read_curve,
)

POINTS = (CurvePoint(0.25, (9, 9), (6, 4)), CurvePoint(0.5, (18, 18), (4, 3)), CurvePoint(1.0, (36, 36), (2, 3)))
CURVE = LearningCurve(
    "label", "baseline", (0, 1), "default", 0.6, 12, POINTS, PowerLaw(0.0, 0.5, 0.1), (9.0, 236.0), (0.1, 0.0),
    (0.5, 0.2), 100, 0.012, 0.004, 0.02,
)  # fmt: skip


def test_a_curve_has_a_row_a_training_and_is_read_back_as_it_was(tmp_path):
    head, *rows = curve_rows(CURVE)
    assert [dict(zip(head, row, strict=True))["wrong"] for row in rows] == [6, 4, 4, 3, 2, 3]
    folder = tmp_path / "curves" / "label" / "baseline"
    assert newest_curve(tmp_path, "label") is None
    with pytest.raises(InputRejectedError, match="toonvision curve TASK"):
        read_curve(folder)
    folder.mkdir(parents=True)
    (folder / RESULT).write_text(json.dumps(dataclasses.asdict(CURVE)))
    assert read_curve(folder) == newest_curve(tmp_path, "label") == CURVE


def test_the_sentence_tells_what_more_pictures_bring_and_when_that_could_be_nothing():
    assert "100 more pictures to train on (about 167 photographed" in CURVE.sentence()
    assert CURVE.sentence().endswith("1.2 points (95 % interval: 0.4 to 2.0).")
    assert dataclasses.replace(CURVE, gain_low=0.0).sentence().endswith("it could also be nothing.")


def test_the_sentence_warns_of_one_seed():
    assert "--repeat 3" in dataclasses.replace(CURVE, seeds=(0,)).sentence()


def test_the_sentence_counts_trainings_that_diverged_and_names_a_size_that_lost_all():
    assert "diverged" not in CURVE.sentence()
    first = CurvePoint(0.25, (9,), (4,), diverged=(0,))
    told = dataclasses.replace(CURVE, points=(first, *POINTS[1:]), lost=(0.125,))
    assert told.sentence().endswith(
        " Trainings that diverged are in no mean: 1 of 2 of size 0.25; 2 of 2 of size 0.125, which has no point."
    )
    assert told.diverged == 3
    head, row, *rest = curve_rows(told)
    assert (row[head.index("seed")], len(rest)) == (1, 4)
