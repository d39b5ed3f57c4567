"""Extracting on a cluster: the same crops and the same catalogue as on this machine, whatever dies meanwhile."""

import shutil

import pytest

from builders import Shot, contents, make_workspace
from nodes import jobs
from nodes.conftest import add_node
from toonvision.api.watching import Watcher
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import EnvironmentFaultError
from toonvision.data import batches
from toonvision.data.extraction import extract

BOXES = (("apple", (2, 3, 18, 23)), ("pear", (30, 5, 52, 30)), ("apple", (20, 30, 60, 44)))


def made(root, count):
    """Make a workspace of screenshots with one to three boxes each, one of which cannot be read."""
    contexts = ("garden", "house")
    make_workspace(root, [Shot(f"shot_{at:02}", contexts[at % 2], BOXES[: 1 + at % 3]) for at in range(count)])
    (root / "screenshots/garden/shot_04.png").write_bytes(b"no picture")


def pairs(root, count=9):
    """Make two such workspaces."""
    made(root / "here", count)
    shutil.copytree(root / "here", root / "there")
    return root / "here", root / "there"


def state(root):
    """Return the bytes of all crops, and of the catalogue."""
    return contents(root / "crops"), (root / "catalog.sqlite").read_bytes()


@pytest.fixture(autouse=True)
def batches_of_two(monkeypatch):
    monkeypatch.setattr(batches, "_BATCH", 2)


def test_a_cluster_extracts_the_very_same_crops_and_catalogue_as_this_machine(tmp_path, cluster):
    (here, there), said = pairs(tmp_path), []
    own = open_workspace(here).extract()
    ray = open_workspace(there, watcher=Watcher(say=said.append)).extract(ray=cluster.address)
    assert len(state(here)[0]) == 16
    assert state(there) == state(here)
    assert ray.findings == own.findings
    assert [one.item for one in ray.findings if one.skips] == ["garden/shot_04.png"]
    assert {**ray.data, "workers": None} == {**own.data, "workers": None}
    assert set(ray.data["workers"]) <= {"alpha", "beta"}
    assert sum(ray.data["workers"].values()) == 9
    assert said == ["Starting to work on the Ray cluster."]


def test_pictures_over_which_workers_die_are_named_and_all_others_are_extracted(tmp_path, cluster, monkeypatch):
    here, there = pairs(tmp_path)
    monkeypatch.setattr(batches, "_examine_batch", jobs.examine_or_die)
    with pytest.raises(EnvironmentFaultError) as stopped:
        open_workspace(there).extract(ray=cluster.address)
    assert str(stopped.value).startswith("2 pictures, garden/shot_04.png to garden/shot_06.png: a worker on the node ")
    assert "4 times. All others are finished, and kept." in str(stopped.value)
    monkeypatch.undo()
    result = open_workspace(there).extract()
    assert (result.data["pictures_unchanged"], result.data["pictures_kept"]) == (7, 8)
    open_workspace(here).extract()
    assert sorted(state(there)[0].values()) == sorted(state(here)[0].values())


@pytest.mark.slow
def test_what_a_node_examined_that_dies_is_examined_again_and_no_crop_differs(tmp_path, cluster):
    here, there = pairs(tmp_path, 60)
    open_workspace(here).extract()
    victim = add_node(cluster, "victim")
    done = []

    def progress(count, total):
        done.append(count)
        if count > 10 and victim in cluster.worker_nodes:
            cluster.remove_node(victim, allow_graceful=False)

    summary = extract(open_workspace(there).files, ray=cluster.address, progress=progress)
    assert done == sorted(done)
    assert victim not in cluster.worker_nodes
    assert sum(summary.did.values()) == 60
    assert state(there) == state(here)
