import pytest

from toonvision.api.run import _best_values
from toonvision.cli.watching import _ending
from toonvision.training.recipes import settings_for
from toonvision.training.record import RepeatRecord


def test_the_names_of_metrics_stand_in_one_column_however_long():
    history = [{"loss": 2.0, "val_centers_loss": 0.5}, {"loss": 1.0, "val_centers_loss": 0.7}]
    assert _best_values(history, averaged=True).splitlines() == [
        "Best values over 2 epochs; val_ in epoch 2 is of the averaged weights, which are used:",
        "  loss             1.0000 in epoch 2",
        "  val_centers_loss 0.5000 in epoch 1",
    ]  # fmt: skip
    assert _best_values(history[:1], averaged=False).startswith("Best values over 1 epoch:\n  loss")


USED = "all 10 epochs trained; the weights averaged over the last steps are used, validation loss 2.161 with these"


@pytest.mark.parametrize(
    ("network", "collapsed", "said"),
    [
        ("compact", False, USED),
        ("compact", True, f"FAILED, it predicts one class for every crop; {USED}"),
        ("baseline", False, "best epoch 10 of 10, validation loss 2.161"),
    ],
)
def test_the_end_of_a_training_says_of_which_weights_its_loss_is(network, collapsed, said):
    record = RepeatRecord(0, 10, 10, 2.161, 5.0, diverged=False, collapsed=collapsed)
    assert _ending(record, settings_for(network), "predicts one class for every crop") == said
