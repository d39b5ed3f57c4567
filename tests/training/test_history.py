import math

import pytest

from toonvision.core.errors import InputRejectedError
from toonvision.training.history import peaks, read_history, write_history


def test_peaks_are_lowest_losses_and_highest_scores_with_their_first_epoch():
    epochs = [
        {"loss": 0.9, "val_loss": 0.8, "accuracy": 0.5, "val_accuracy": 0.6},
        {"loss": 0.4, "val_loss": 0.9, "accuracy": 0.9, "val_accuracy": 0.7},
        {"loss": 0.5, "val_loss": math.nan, "accuracy": 0.9, "val_accuracy": 0.7},
    ]
    assert peaks(epochs) == [
        ("loss", 0.4, 2),
        ("val_loss", 0.8, 1),
        ("accuracy", 0.9, 2),
        ("val_accuracy", 0.7, 2),
    ]


def test_a_history_written_is_read_back(tmp_path):
    epochs = ({"loss": 0.25, "val_loss": 1.5}, {"loss": 0.125, "val_loss": 1.25})
    write_history(tmp_path / "history.csv", epochs)
    assert read_history(tmp_path / "history.csv") == epochs
    assert (tmp_path / "history.csv").read_text().splitlines()[:2] == ["epoch,loss,val_loss", "1,0.25,1.5"]


def test_a_damaged_history_is_refused(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,much\n")
    with pytest.raises(InputRejectedError, match="not the history of a training"):
        read_history(tmp_path / "history.csv")
