"""The short form of benchmarks/reliability/concurrency.py."""

from reliability.crowd import READERS, WRITERS, Done, broken, crowded
from reliability.sweeps import with_everything


def test_of_many_processes_one_writes_others_learn_that_and_readers_never_fail(tmp_path):
    done, violations = crowded(with_everything(tmp_path / "w").root, processes=3, operations=8)
    assert violations == []
    assert {one.name for one in done} == {*READERS, *WRITERS}


def test_what_breaks_a_promise_is_seen():
    who = "process 1, extract, since 12:00:00"
    assert not broken(Done("extract", 5, who, 4.0))
    assert broken(Done("extract", 5, who, 6.0))
    assert broken(Done("extract", 5, "busy", 1.0))
    assert broken(Done("balance", 5, who, 1.0))
    assert broken(Done("split", 2, "no such thing", 1.0))
    assert not broken(Done("split", 2, "there is one already", 1.0))
    assert broken(Done("save a run", 1, "OSError()", 1.0))
