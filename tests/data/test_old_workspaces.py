"""A workspace of the version before splits were files: its catalogue, and the record of a run."""

import logging
import shutil
import sqlite3
from pathlib import Path

import pytest

from builders import Shot, contents, make_workspace, restored, write_voc
from toonvision.core.errors import InputRejectedError
from toonvision.core.folders import exclusive
from toonvision.data.catalog import Catalog
from toonvision.data.extraction import extract
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Ratios, Split, read_split, split_names, write_split
from toonvision.data.workspace import open_workspace
from toonvision.training.record import read_record
from toonvision.training.repeat import load_run_data

OLD = Path(__file__).parent / "old_workspace"


@pytest.fixture
def old(tmp_path):
    """The folder of such a workspace; its crops are those that its screenshots give."""
    root = tmp_path / "mine"
    workspace = make_workspace(root)
    write_voc(root / "screenshots", [Shot("empty", "garden", ())])
    extract(workspace)
    workspace.catalog.unlink()
    restored(OLD / "catalog.sql", workspace.catalog)
    run = workspace.runs / "label" / "baseline-1"
    run.mkdir(parents=True)
    shutil.copy(OLD / "run.json", run)
    return root


def stored(root):
    """The splits as the old tables have them: name to screenshot to its parts."""
    connection = sqlite3.connect(root / "catalog.sqlite")
    rows = connection.execute(
        "SELECT t.name, s.name, p.part FROM split_crops p JOIN splits t ON t.id = p.split_id "
        "JOIN crops c ON c.id = p.crop_id JOIN screenshots s ON s.id = c.screenshot_id"
    ).fetchall()
    connection.close()
    found = {}
    for split, shot, part in rows:
        found.setdefault(split, {}).setdefault(shot, set()).add("val" if part == "validate" else part)
    return found


def test_splits_become_files_with_the_same_subsets_once_and_with_a_message(old, caplog):
    before = stored(old)
    workspace = open_workspace(old)
    assert split_names(workspace.splits) == ["default", "second"]
    for name, ratios, seed in (("default", SIXTY_TWENTY_TWENTY, 0), ("second", Ratios(50, 25, 25), 7)):
        split = read_split(workspace.splits, name)
        assert (split.ratios, split.seed) == (ratios, seed)
        assert {shot: {subset} for shot, subset in split.subsets.items()} == before[name]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "Brought over into" in caplog.text
    assert "default, second" in caplog.text
    caplog.clear()
    files = contents(old)
    open_workspace(old)
    assert contents(old) == files
    assert not caplog.records


def test_a_split_that_tore_screenshots_apart_is_named_and_kept_with_the_old_catalogue(old, caplog):
    before = (old / "catalog.sqlite").read_bytes()
    open_workspace(old)
    assert "not brought over: naive (it tears screenshots apart" in caplog.text
    assert (old / "catalog.sqlite.before-splits").read_bytes() == before


def test_a_run_of_the_old_version_can_still_be_evaluated(old):
    workspace = open_workspace(old)
    record = read_record(workspace.runs / "label" / "baseline-1")
    data = load_run_data(workspace, record)
    assert data.digest == record.data_hash
    assert data.newer == 0
    assert record.samples == {subset: len(indices) for subset, indices in data.indices.items()}


def test_a_file_of_the_same_name_stays_and_the_old_split_is_kept_with_the_old_catalogue(old, caplog):
    mine = write_split(old / "splits", Split("default", {"garden/shot_00.png": "train"})).read_bytes()
    open_workspace(old)
    assert (old / "splits" / "default.csv").read_bytes() == mine
    assert f"default (there is a {old / 'splits' / 'default.csv'} already)" in caplog.text
    assert split_names(old / "splits") == ["default", "second"]


def test_what_was_stopped_halfway_is_completed(old):
    before = stored(old)
    path = old / "catalog.sqlite"
    content = path.read_bytes()
    open_workspace(old)
    path.write_bytes(content)
    open_workspace(old)
    for name in ("default", "second"):
        assert {shot: {subset} for shot, subset in read_split(old / "splits", name).subsets.items()} == before[name]


def test_nothing_is_changed_where_nothing_may_be_changed(old):
    before = contents(old)
    workspace = open_workspace(old, untouched=True)
    with pytest.raises(InputRejectedError, match="its schema is older than this version"), workspace.reading():
        pass
    assert contents(old) == before


def test_while_another_process_writes_the_old_catalogue_waits(old):
    before = (old / "catalog.sqlite").read_bytes()
    with exclusive(old, purpose="test"):
        open_workspace(old)
    assert (old / "catalog.sqlite").read_bytes() == before


def test_ratios_that_no_split_has_are_damage_and_change_nothing(old):
    connection = sqlite3.connect(old / "catalog.sqlite")
    connection.execute("UPDATE splits SET ratios = '60/20/21'")
    connection.commit()
    connection.close()
    before = contents(old)
    workspace = open_workspace(old)
    with (
        pytest.raises(InputRejectedError, match=r"the catalogue is damaged .*toonvision rebuild"),
        Catalog.open(workspace.catalog),
    ):
        pass
    after = contents(old)
    assert {name: after[name] for name in before} == before
    assert not workspace.splits.exists()
