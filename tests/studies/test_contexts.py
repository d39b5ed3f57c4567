import dataclasses
import json

import pytest

from toonvision.core.errors import InputRejectedError
from toonvision.metrics.dependence import Estimate
from toonvision.studies.contexts import RESULT, ContextScore, ContextStudy, newest_contexts, read_contexts

SCORE = ContextScore("east", "East", "#332288", 20, 36, (14, 15), (0.6, 0.7), 4, (2, 3), (3, 3))
STUDY = ContextStudy(
    "label", "baseline", (0, 1), (SCORE,), ("south",), "split default", 12, (9, 10), (0.7, 0.8), 36, 4,
    Estimate(-0.1, -0.2, 0.0), {"label": Estimate(0.1, 0.0, 0.2)},
)  # fmt: skip


def test_a_study_is_read_back_as_it_was(tmp_path):
    folder = tmp_path / "contexts" / "label" / "baseline"
    assert newest_contexts(tmp_path, "label") is None
    with pytest.raises(InputRejectedError, match="toonvision contexts TASK"):
        read_contexts(folder)
    folder.mkdir(parents=True)
    (folder / RESULT).write_text(json.dumps(dataclasses.asdict(STUDY)))
    assert read_contexts(folder) == newest_contexts(tmp_path, "label") == STUDY


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (Estimate(-0.12, -0.19, -0.05), "12.0 points worse (95 % interval: -19.0 to -5.0 points"),
        (Estimate(-0.01, -0.04, 0.02), "no difference that these pictures can show."),
        (Estimate(0.03, 0.01, 0.06), "it does not lean on the context."),
        (Estimate(0.0, -0.04, 0.02), "is as good as usual"),
        (Estimate(0.0, 0.0, 0.0), "no difference that these pictures can show"),
        (None, "nothing can be compared"),
    ],
)
def test_the_sentence_says_what_the_interval_allows(difference, told):
    result = dataclasses.replace(STUDY, difference=difference, shared=50)
    assert told in result.sentence()


def test_the_sentence_claims_nothing_of_a_handful_of_pictures_and_warns_of_one_seed():
    few = dataclasses.replace(STUDY, difference=Estimate(-1.0, -1.0, -1.0), shared=1, seeds=(0,))
    assert "too few pictures to tell" in few.sentence()
    assert few.sentence().endswith("one seed alone, whose luck the interval does not know.")
    assert "one seed" not in dataclasses.replace(few, seeds=(0, 1)).sentence()
