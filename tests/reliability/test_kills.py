"""Short forms of benchmarks/reliability/kill_sweep.py: a few kills of each kind, at the calls that matter most."""

import random

import pytest

from reliability.injection import KILL, calls_of
from reliability.sweeps import kill_at_random, sweep

pytestmark = pytest.mark.usefixtures("strace")

KILLS = {"extract": 4, "extract again": 4, "split": 2, "save a run": 4, "migrate": 4}


def spread(calls, count):
    """Choose calls, the last among them, at even distances."""
    return [calls[len(calls) * place // count - 1] for place in range(1, count + 1)]


@pytest.mark.parametrize("subject", KILLS, indirect=True)
def test_killed_at_a_call_that_changes_files_nothing_done_is_lost_and_a_rerun_gives_the_same_bytes(subject, tmp_path):
    calls = spread(calls_of(subject.job, subject.copied(tmp_path / "calls")), KILLS[subject.name])
    tally = sweep(subject, tmp_path, KILL, calls)
    assert tally.violations == []
    assert tally.hits == tally.faults == len(calls)


@pytest.mark.parametrize("subject", ["save a run"], indirect=True)
def test_killed_at_each_rename_of_a_run_the_old_or_the_new_one_is_there(subject, tmp_path):
    calls = [call for call in calls_of(subject.job, subject.copied(tmp_path / "calls")) if call.name == "rename"]
    tally = sweep(subject, tmp_path, KILL, calls)
    assert tally.violations == []
    assert tally.hits == len(calls) >= 6


@pytest.mark.parametrize("subject", ["extract again"], indirect=True)
def test_killed_at_a_random_moment_with_all_its_threads_an_extraction_is_completed_by_the_next(subject, tmp_path):
    tally = kill_at_random(subject, tmp_path, random.Random(0), kills=2)
    assert tally.violations == []
    assert tally.hits == 2


@pytest.mark.parametrize("subject", ["save a run"], indirect=True)
def test_a_sweep_sees_what_is_broken(subject, tmp_path):
    for harm in (spoil_source, drop_crop, spoil_run, spoil_split):
        root = subject.copied(tmp_path / harm.__name__)
        harm(root)
        assert subject.broken(root), harm.__name__


def spoil_source(root):
    next((root / "screenshots").rglob("*.png")).write_bytes(b"")


def drop_crop(root):
    next((root / "crops").glob("*.png")).unlink()


def spoil_run(root):
    (root / "runs" / "label" / "kept" / "run.json").write_bytes(b"half")


def spoil_split(root):
    path = root / "splits" / "default.csv"
    path.write_text(path.read_text().replace(",train", ",test"))
