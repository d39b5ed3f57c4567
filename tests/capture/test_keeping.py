import errno
from datetime import datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from builders import contents, scene
from toonvision.capture.keeping import Keeper

NOON = datetime(2026, 7, 1, 12, 0, 0, 250_000)
SIZE = (320, 200)


def later(seconds):
    return NOON + timedelta(seconds=seconds)


def test_a_picture_is_kept_under_its_time_and_one_that_repeats_it_is_left_out(tmp_path):
    keeper = Keeper(tmp_path / "screenshots" / "garden")
    first, new = keeper.keep(scene("a", SIZE), NOON)
    assert (first.name, new) == ("2026-07-01_12-00-00-250000.png", True)
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(scene("a", SIZE)))
    again = keeper.keep(scene("a", SIZE).point(lambda value: value * 0.95), later(1))
    assert again == (first, False)
    assert keeper.keep(scene("b", SIZE), later(2))[1]
    assert keeper.keep(scene("a", SIZE), later(3)) == (first, False)
    assert (len(keeper.kept), keeper.left_out) == (2, 2)
    assert sorted(path.name for path in first.parent.iterdir()) == [path.name for path in keeper.kept]


def test_what_a_removed_picture_showed_can_be_kept_again(tmp_path):
    keeper = Keeper(tmp_path)
    first, _ = keeper.keep(scene("a", SIZE), NOON)
    second, _ = keeper.keep(scene("b", SIZE), later(1))
    keeper.remove(first)
    assert keeper.keep(scene("b", SIZE), later(2)) == (second, False)
    again, new = keeper.keep(scene("a", SIZE), later(3))
    assert new
    assert keeper.kept == sorted(tmp_path.iterdir()) == [second, again]


def test_the_first_picture_is_compared_with_the_newest_that_is_there_from_before(tmp_path):
    Keeper(tmp_path).keep(scene("a", SIZE), NOON)
    keeper = Keeper(tmp_path)
    assert not keeper.changed(scene("a", SIZE))
    assert not keeper.keep(scene("a", SIZE), later(1))[1]
    assert keeper.changed(scene("b", SIZE))


def test_a_full_disk_leaves_what_was_kept_and_no_half_file(tmp_path, monkeypatch):
    keeper = Keeper(tmp_path)
    keeper.keep(scene("a", SIZE), NOON)
    before = contents(tmp_path)

    def full(_image, path, **_):
        path.write_bytes(b"half a pictu")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space left on device: .*12-00-01") as failed:
        keeper.keep(scene("b", SIZE), later(1))
    assert failed.value.filename.endswith("2026-07-01_12-00-01-250000.png")
    assert contents(tmp_path) == before
