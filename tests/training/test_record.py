import json
import os
from dataclasses import replace

import pytest

from builders import contents, copied
from figures import examples
from toonvision.api import workspace as api
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.folders import exclusive
from toonvision.data.workspace import open_workspace
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import (
    RECORD,
    find_run,
    publish_run,
    read_record,
    readable_records,
    run_records,
    unfinished_run,
    write_record,
)
from toonvision.training.repeat import train_run

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def run(own_workspace):
    """The folder of a run, of which only the record's name counts here."""
    folder = own_workspace.runs / "label" / "kept"
    folder.mkdir(parents=True)
    (folder / RECORD).write_text("old")
    return folder


def saved(root, folder, *, force):
    with unfinished_run(root, folder.parent) as built:
        (built / RECORD).write_text("new")
        return publish_run(root, built, folder, force=force)


def test_a_run_is_called_as_its_folder_is_whatever_name_was_free_when_it_began(small_workspace, tmp_path):
    workspace = copied(small_workspace, tmp_path / "workspace")
    settings = TrainingSettings(epochs=1, batch_size=4)
    run = train_run(workspace, workspace.taxonomy.task("label"), settings, seeds=[0])
    moved = run.rename(run.with_name("mine"))
    assert (read_record(moved).name, read_record(moved).title) == ("mine", "label/mine")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_run_is_the_one_that_was_started_last_whenever_its_file_was_copied(own_workspace):
    for day, name in enumerate(("z", "m", "a"), start=1):
        folder = own_workspace.runs / "label" / name
        started = f"2026-01-0{day}T00:00:00+00:00"
        write_record(folder, replace(examples.record(("a", "b"), samples=1, repeats=1), started=started))
        os.utime(folder / RECORD, (10 - day, 10 - day))
    (folder.with_name("damaged")).mkdir()
    (folder.with_name("damaged") / RECORD).write_text("{")
    newest_first = ["a", "m", "z"]
    assert [folder.name for folder, _ in readable_records(own_workspace.runs)] == newest_first
    opened = api.open_workspace(own_workspace.root)
    assert [run.folder.name for run in opened.readable_runs()] == newest_first


def test_a_record_of_an_earlier_version_is_read_in_the_words_of_this_one(small_workspace, tmp_path):
    workspace = copied(small_workspace, tmp_path / "workspace")
    settings = TrainingSettings(network="4c3-p4-8c3-p2", epochs=1, batch_size=8)
    run = train_run(workspace, workspace.taxonomy.task("label"), settings, seeds=[5], size_hw=(32, 32))
    record, written = read_record(run), json.loads((run / RECORD).read_text())
    written["chosen"] = written.pop("best_seed")
    written["samples"]["validate"] = written["samples"].pop("val")
    written["grouped"] = True
    del written["kind"]
    (run / RECORD).write_text(json.dumps(written))
    assert read_record(run) == record


def test_by_force_a_run_replaces_the_earlier_one_and_else_takes_a_free_name(own_workspace, run):
    assert saved(own_workspace.root, run, force=False).name == "kept-2"
    assert contents(run) == {RECORD: b"old"}
    assert saved(own_workspace.root, run, force=True) == run
    assert contents(run) == {RECORD: b"new"}
    assert names(run.parent) == ["kept", "kept-2"]


def test_a_run_whose_replacing_was_killed_halfway_is_put_back_when_the_workspace_is_opened(own_workspace, run):
    run.replace(run.with_name(".kept-replaced"))
    workspace = open_workspace(own_workspace.root)
    assert contents(find_run(workspace.runs, "label/kept")) == {RECORD: b"old"}
    assert names(run.parent) == ["kept"]


def test_an_earlier_run_that_a_killed_replacing_left_is_removed_when_the_workspace_is_opened(own_workspace, run):
    (run.parent / ".kept-replaced").mkdir()
    open_workspace(own_workspace.root)
    assert contents(run) == {RECORD: b"old"}
    assert names(run.parent) == ["kept"]


def test_while_another_process_writes_a_hidden_run_stays_hidden_and_reading_goes_on(own_workspace, run):
    run.replace(run.with_name(".kept-replaced"))
    with exclusive(own_workspace.root, purpose="save a run"):
        workspace = open_workspace(own_workspace.root)
    assert run_records(workspace.runs) == []
    with pytest.raises(UsageError, match="no run is called"):
        find_run(workspace.runs, "label/kept")
    assert names(run.parent) == [".kept-replaced"]


def test_a_run_whose_record_is_a_folder_is_found_and_refused_as_the_list_of_runs_refuses_it(own_workspace, run):
    (run / RECORD).unlink()
    (run / RECORD).mkdir()
    assert run_records(own_workspace.runs) == [run / RECORD]
    with pytest.raises(ModelRefusedError, match=r"run\.json: is no regular file\. Train again\."):
        read_record(find_run(own_workspace.runs, "label/kept"))
