"""Jobs on a Ray cluster: each is done once, whatever dies meanwhile, and nodes that differ are refused by name."""

import shutil
from collections import Counter

import pytest

from nodes import jobs
from nodes.conftest import TESTS, add_node
from toonvision.core import cluster as ray_cluster
from toonvision.core.cluster import ray_leader
from toonvision.core.errors import EnvironmentFaultError, ModelRefusedError, UsageError
from toonvision.core.nodes import shared_file
from toonvision.core.runner import Leader, Lost, work_through

SOURCE = TESTS.parent / "src"


def work(cluster, function, given, *, again=3, files=(), notes=None):
    leader = ray_leader(cluster.address, files)
    note = (lambda _: None) if notes is None else notes.append
    return work_through(function, given, leader=leader, again=again, note=note)


class Notes(list):
    """What was noted; jobs end once there is something."""

    def __init__(self, marker):
        super().__init__()
        self.marker = marker

    def append(self, note):
        super().append(note)
        self.marker.touch()

    def jobs(self, count):
        return [(number, str(self.marker)) for number in range(count)]


def test_every_job_is_done_once_by_both_nodes(cluster, tmp_path):
    messages = list(work(cluster, jobs.square_among, [(number, str(tmp_path), 2) for number in range(12)]))
    assert {one.job: one.content for one in messages} == {number: number**2 for number in range(12)}
    assert len(messages) == 12
    assert {one.by for one in messages} == {"alpha", "beta"}


def test_a_job_whose_worker_dies_is_done_again(cluster, tmp_path):
    messages = list(work(cluster, jobs.die_once, [(number, str(tmp_path)) for number in range(6)]))
    assert {one.job: one.content for one in messages} == {number: number**2 for number in range(6)}


def test_a_job_that_kills_its_worker_each_time_is_given_up_and_all_others_are_done(cluster):
    messages = {one.job: one.content for one in work(cluster, jobs.die_on_two, range(5), again=2)}
    lost = messages.pop(2)
    assert isinstance(lost, Lost)
    assert "a worker on the node" in lost.reason
    assert messages == {number: number**2 for number in (0, 1, 3, 4)}


def test_the_error_of_a_job_ends_all_with_its_own_words(cluster):
    with pytest.raises(ModelRefusedError, match=r"^the model answers NaN\.$"):
        list(work(cluster, jobs.refuse, range(3)))


@pytest.mark.slow
def test_what_a_node_did_that_dies_is_done_again_by_the_others(cluster, tmp_path):
    victim = add_node(cluster, "victim")
    messages, done_by = [], Counter()
    for one in work(cluster, jobs.square_among, [(number, str(tmp_path), 3) for number in range(30)]):
        messages.append(one)
        done_by[one.by] += 1
        if done_by["victim"] == 2 and victim in cluster.worker_nodes:
            cluster.remove_node(victim, allow_graceful=False)
    assert {one.job: one.content for one in messages} == {number: number**2 for number in range(30)}
    assert len(messages) == 30
    assert victim not in cluster.worker_nodes
    assert done_by["victim"] < 10


@pytest.mark.slow
def test_a_node_with_another_version_of_the_package_is_refused_by_name_and_does_nothing(cluster, tmp_path):
    shutil.copytree(SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / "src" / "toonvision" / "core" / "wording.py"
    changed.write_text(changed.read_text() + "\n")
    node = add_node(cluster, "gamma", PYTHONPATH=f"{tmp_path / 'src'}:{TESTS}")
    notes = Notes(tmp_path / "noted")
    try:
        messages = list(work(cluster, jobs.square_after, notes.jobs(8), notes=notes))
    finally:
        cluster.remove_node(node)
    assert {one.by for one in messages} <= {"alpha", "beta"}  # one may do all before the other has begun
    (refused,) = notes
    assert refused.item == "the node gamma"
    assert "another version of the files of toonvision" in refused.reason
    assert refused.remedy == "install the same there"


BLIND = """
import os
seen = os.stat
def stat(path, *args, **kwargs):
    if str(path).endswith("shot.png"):
        raise FileNotFoundError(path)
    return seen(path, *args, **kwargs)
os.stat = stat
"""


@pytest.mark.slow
def test_a_node_without_the_storage_is_refused_by_name_and_does_nothing(cluster, tmp_path):
    (tmp_path / "blind").mkdir()
    (tmp_path / "blind" / "sitecustomize.py").write_text(BLIND)
    (tmp_path / "shot.png").write_bytes(b"a picture")
    node = add_node(cluster, "delta", PYTHONPATH=f"{tmp_path / 'blind'}:{SOURCE}:{TESTS}")
    notes = Notes(tmp_path / "noted")
    try:
        files = [shared_file(tmp_path / "shot.png")]
        messages = list(work(cluster, jobs.square_after, notes.jobs(8), files=files, notes=notes))
    finally:
        cluster.remove_node(node)
    assert {one.by for one in messages} <= {"alpha", "beta"}  # one may do all before the other has begun
    (refused,) = notes
    assert refused.item == "the node delta"
    assert f"does not see {tmp_path / 'shot.png'} as this machine does" in refused.reason


def test_where_every_node_is_refused_the_work_does_not_begin(cluster, tmp_path):
    other = (str(tmp_path / "absent.png"), 17, 1)
    with pytest.raises(EnvironmentFaultError, match=r"no node .+ the node alpha: does not see .+absent\.png"):
        list(work(cluster, jobs.slow_square, range(8), files=[other]))


def test_a_cluster_that_does_not_answer_is_named_with_the_remedy():
    leader = ray_leader("127.0.0.1:9", ())
    with pytest.raises(EnvironmentFaultError, match=r"127\.0\.0\.1:9 cannot be joined .+ ray start --head"):
        list(work_through(jobs.slow_square, range(2), leader=leader))


def test_an_address_that_is_none_is_refused():
    for address in ("ray://host:10001", "host", "host:port", ""):
        with pytest.raises(UsageError, match="--ray takes local, auto, or the HOST:PORT"):
            ray_leader(address, ())


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ray_cluster.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'toonvision\[ray\]'$"):
        ray_leader("local", ())


def test_no_more_jobs_are_sent_than_there_is_room_for():
    messages = list(work_through(jobs.slow_square, range(20), leader=Leader(jobs.lead_slowly, "it died.")))
    assert len(messages) == 20
    assert max(one.content for one in messages) == 2


def test_a_leader_that_dies_is_a_fault_of_the_environment():
    with pytest.raises(EnvironmentFaultError, match=r"^it died\.$"):
        list(work_through(jobs.slow_square, range(3), leader=Leader(die_at_once, "it died.")))


def die_at_once(_function, _again, _pipe):
    raise SystemExit(1)
