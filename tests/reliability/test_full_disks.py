"""Short forms of benchmarks/reliability/disk_full.py: a few faults of each kind, and a real disk that is full."""

import pytest

from reliability import disks
from reliability.injection import FULL, GROWING, calls_of
from reliability.sweeps import fill, sweep

FAULTS = {"extract": 5, "save a run": 4, "migrate": 3, "init": 3}


@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("subject", FAULTS, indirect=True)
def test_a_full_disk_ends_with_4_and_names_the_file_and_what_was_done_is_kept(subject, tmp_path):
    calls = calls_of(subject.job, subject.copied(tmp_path / "calls"), GROWING)
    count = FAULTS[subject.name]
    tally = sweep(subject, tmp_path, FULL, [calls[len(calls) * place // count - 1] for place in range(1, count + 1)])
    assert tally.violations == []
    assert tally.hits


@disks.on_a_disk
@pytest.mark.parametrize(("subject", "step"), [("extract", 40_960), ("save a run", 8192)], indirect=["subject"])
def test_a_real_disk_without_room_ends_with_4_and_with_room_the_job_is_done(subject, step, tmp_path):
    tally = fill(subject, tmp_path, step=step)
    assert tally.violations == []
    assert tally.hits
