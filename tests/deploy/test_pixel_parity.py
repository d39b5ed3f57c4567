"""What is said of an exported segmenter that names pixels unlike its network."""

from types import SimpleNamespace

import numpy as np
import pytest

from toonvision.core.errors import ModelRefusedError
from toonvision.deploy import conversion, pixel_parity
from toonvision.deploy.parity import FEWEST
from toonvision.deploy.pixel_parity import segmenter_file

SURE = np.tile(np.float32([3, -3]), (FEWEST, 2, 2, 1))
"""Logits of two classes for 2 x 2 cells of each picture."""


@pytest.fixture
def export_answers(monkeypatch):
    """Return a function that writes a segmenter whose network is sure, and whose file answers with these logits."""

    def write(answer):
        pictures = np.zeros((FEWEST, 8, 8, 3), np.uint8)
        monkeypatch.setattr(conversion, "to_onnx", lambda *_, **__: b"")
        monkeypatch.setattr(pixel_parity, "screenshots_to_compare", lambda *_: (pictures, FEWEST))
        monkeypatch.setattr(pixel_parity, "network_outputs", lambda *_, **__: (SURE,))
        monkeypatch.setattr(pixel_parity, "Segmenter", lambda _: SimpleNamespace(run_batch=answer))
        bundle = SimpleNamespace(size_hw=(8, 8), to_metadata=dict)
        return segmenter_file(None, None, bundle)

    return write


def test_a_picture_that_differs_alone_and_in_a_batch_counts_once(export_answers):
    with pytest.raises(ModelRefusedError, match=f"for {FEWEST} of {FEWEST} another class comes first"):
        export_answers(lambda some: -SURE[: len(some)])


def test_a_segmenter_that_differs_only_in_a_batch_is_not_written(export_answers):
    with pytest.raises(ModelRefusedError, match="Nothing was written"):
        export_answers(lambda some: SURE[: len(some)] if len(some) == 1 else -SURE[: len(some)])


def test_a_segmenter_that_names_pixels_alike_is_written(export_answers):
    _, parity, _ = export_answers(lambda some: SURE[: len(some)])
    assert (parity.pictures, parity.largest_difference, parity.disagreements) == (FEWEST, 0.0, 0)
