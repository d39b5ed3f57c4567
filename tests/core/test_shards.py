"""Shards of files: what is done stays done, and what has changed is done anew."""

import pytest

from toonvision.core.errors import EnvironmentFaultError
from toonvision.core.nodes import shared_file
from toonvision.core.shards import ShardFolder, shards_of

FILES = [(f"{number}.png", 10, 1) for number in range(7)]


def test_shards_hold_all_files_in_their_order_and_are_bounded():
    shards = shards_of(FILES, "model", size=3)
    assert [file for shard in shards for file in shard.files] == [path for path, *_ in FILES]
    assert [len(shard.files) for shard in shards] == [3, 3, 1]


def test_a_shard_is_called_by_all_that_its_result_depends_on():
    (one,) = shards_of(FILES, "model")
    (again,) = shards_of(FILES, "model")
    others = [
        shards_of(FILES, "another model"),
        shards_of(FILES[1:], "model"),
        shards_of(FILES[::-1], "model"),
        shards_of([("0.png", 11, 1), *FILES[1:]], "model"),
        shards_of([("0.png", 10, 2), *FILES[1:]], "model"),
    ]
    assert again == one
    assert len({one.name, *(shard.name for (shard,) in others)}) == 6


def test_what_was_stored_is_known_to_the_next_run_and_read_in_order(tmp_path):
    shards = shards_of(FILES, "model", size=3)
    folder = ShardFolder(tmp_path / "work")
    for number in (2, 0):
        folder.write(shards[number], {"number": number})
    again = ShardFolder(tmp_path / "work")
    assert [again.has(shard) for shard in shards] == [True, False, True]
    assert list(again.results([shards[0], shards[2]])) == [{"number": 0}, {"number": 2}]


def test_a_damaged_shard_is_removed_so_that_the_next_run_does_it_again(tmp_path):
    (shard,) = shards_of(FILES, "model")
    folder = ShardFolder(tmp_path)
    folder.write(shard, {})
    (tmp_path / f"{shard.name}.json").write_text("{")
    with pytest.raises(EnvironmentFaultError, match=r"cannot be read as JSON .+ run the same command again\.$"):
        list(folder.results([shard]))
    assert not ShardFolder(tmp_path).has(shard)


def test_a_file_that_is_not_there_is_seen_as_such(tmp_path):
    (tmp_path / "a.png").write_bytes(b"123")
    path, size, changed = shared_file(tmp_path / "a.png")
    assert (path, size, changed) == (str(tmp_path / "a.png"), 3, (tmp_path / "a.png").stat().st_mtime_ns)
    assert shared_file(tmp_path / "b.png")[1:] == (-1, -1)
