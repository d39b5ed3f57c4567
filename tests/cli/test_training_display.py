import dataclasses

import pytest

from figures import examples
from toonvision.cli.watching import TrainingDisplay


@pytest.mark.parametrize(
    ("kind", "repeat", "said"),
    [
        ("classify", {"collapsed": True}, "FAILED, it predicts one class for every crop; "),
        ("detect", {"collapsed": True}, "FAILED, it finds nothing: its highest confidence is the same in every "),
        ("detect", {"diverged": True}, "FAILED, its loss became NaN; "),
    ],
)
def test_a_training_that_failed_says_how_in_the_words_of_its_kind(kind, repeat, said, capsys):
    record = dataclasses.replace(examples.record(("apple", "pear"), samples=4, repeats=1), kind=kind)
    display = TrainingDisplay(repeats=1)
    display.started(record)
    display.repeat_ended(0, dataclasses.replace(record.repeats[0], **repeat))
    assert f"training 1/1 (seed {record.repeats[0].seed}): {said}" in capsys.readouterr().err
