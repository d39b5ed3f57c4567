import dataclasses
import shutil
import sqlite3

import pytest
from PIL import Image

import builders
from builders import open_to_all, tree, unprivileged
from toonvision.data.attributes import write_attributes
from toonvision.data.catalog import StoredSplit
from toonvision.data.check import check_catalog, check_crops, check_leftovers, check_screenshots, check_splits
from toonvision.data.extraction import extract
from toonvision.data.workspace import open_workspace


def checked(workspace):
    """Check all of a workspace's data; give faults and doubts as pairs of item and code."""
    known, catalog = check_catalog(workspace)
    areas = [catalog, check_screenshots(workspace, known), check_leftovers(workspace)]
    if known:
        areas += [*check_crops(workspace, known), check_splits(known)]
    return tuple({(f.item, f.code) for area in areas for f in getattr(area, kind)} for kind in ("faults", "doubts"))


def picture(workspace, name):
    return workspace.root / "screenshots" / name


def cut_short(workspace):
    path = picture(workspace, "garden/shot_00.png")
    path.write_bytes(path.read_bytes()[:200])


def break_annotation(workspace):
    picture(workspace, "garden/shot_00.xml").write_text("<annotation>")


def move_a_box(workspace):
    shot = builders.small_shots()[0]
    (label, (left, *others)), second = shot.objects
    before = picture(workspace, "garden/shot_00.png").read_bytes()
    moved = dataclasses.replace(shot, objects=((label, (left + 1, *others)), second))
    builders.write_voc(workspace.root / "screenshots", [moved])
    picture(workspace, "garden/shot_00.png").write_bytes(before)


def add_attributes(workspace):
    write_attributes(picture(workspace, "garden/shot_00.attributes.json"), {1: {"far": True}})


def draw_again(workspace):
    builders.scene("other").save(picture(workspace, "garden/shot_00.png"))


def add_a_picture(workspace):
    builders.write_voc(workspace.root / "screenshots", [dataclasses.replace(builders.small_shots()[0], stem="new")])


def remove_a_picture(workspace):
    for suffix in ("png", "xml"):
        picture(workspace, f"garden/shot_00.{suffix}").unlink()


def remove_a_source(workspace):
    shutil.rmtree(workspace.root / "screenshots")


def empty_a_source(workspace):
    remove_a_source(workspace)
    (workspace.root / "screenshots").mkdir()


def forget_a_label(workspace):
    settings = workspace.root / "toonvision.toml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("stone")))


def remove_a_crop(workspace):
    (workspace.crops / "apple_0000.png").unlink()


def change_a_crop(workspace):
    Image.new("RGB", (5, 5)).save(workspace.crops / "apple_0000.png")


def add_a_crop(workspace):
    shutil.copy(workspace.crops / "apple_0000.png", workspace.crops / "apple_0099.png")


def leave_a_crop_out_of_the_split(workspace):
    sql(workspace, "DELETE FROM split_crops WHERE crop_id = 1")


def sql(workspace, *statements):
    connection = sqlite3.connect(workspace.catalog, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


FAULTS = [
    (cut_short, {("garden/shot_00.png", "damaged")}),
    (break_annotation, {("garden/shot_00.xml", "bad-xml")}),
    (move_a_box, {("garden/shot_00.xml", "stale")}),
    (add_attributes, {("garden/shot_00.xml", "stale")}),
    (draw_again, {("garden/shot_00.png", "stale")}),
    (add_a_picture, {("garden/new.png", "new")}),
    (remove_a_picture, {("garden/shot_00.png", "gone")}),
    (remove_a_source, {("sources", "source")}),
    (empty_a_source, {("source screenshots", "source")}),
    (remove_a_crop, {("crops/apple_0000.png", "missing")}),
    (change_a_crop, {("crops/apple_0000.png", "changed")}),
    (add_a_crop, {("crops/apple_0099.png", "no-row")}),
    (leave_a_crop_out_of_the_split, {("split default", "uncovered")}),
]


def test_a_sound_workspace_has_no_faults_and_no_doubts(small_workspace):
    assert checked(small_workspace) == (set(), set())


@pytest.mark.parametrize(("spoil", "expected"), FAULTS, ids=[spoil.__name__ for spoil, _ in FAULTS])
def test_a_fault_is_named_alone_and_nothing_is_written(own_workspace, spoil, expected):
    spoil(own_workspace)
    workspace = open_workspace(own_workspace.root)
    before = tree(workspace.root)
    assert checked(workspace)[0] == expected
    assert tree(workspace.root) == before


def test_a_label_that_left_the_taxonomy_is_named_once_with_its_crops(own_workspace):
    forget_a_label(own_workspace)
    workspace = open_workspace(own_workspace.root)
    known, _ = check_catalog(workspace)
    crops, _ = check_crops(workspace, known)
    assert [str(fault) for fault in crops.faults] == [
        "label 'stone': is not in the taxonomy any more; its 8 crops count nowhere. (correct the annotations or add "
        "the label to the taxonomy, then run toonvision extract)"
    ]
    objects = {fault.item for fault in check_screenshots(workspace, known).faults if fault.code == "unknown-label"}
    assert len(objects) == 8


def test_what_an_extraction_would_give_is_said_where_there_is_no_catalogue(tmp_path):
    workspace = builders.make_workspace(tmp_path / "w")
    before = tree(workspace.root)
    known, catalog = check_catalog(workspace)
    assert known is None
    assert [doubt.reason for doubt in catalog.doubts] == ["nothing was extracted yet"]
    (doubt,) = check_screenshots(workspace, None).doubts
    assert doubt.reason == "an extraction would give 24 crops from 12 pictures"
    assert tree(workspace.root) == before
    extract(workspace)
    workspace.catalog.unlink()
    faults, _ = checked(workspace)
    assert faults == {("catalog.sqlite", "no-catalogue")}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO migrations VALUES ('0099_of_the_future')", "a newer version wrote it"),
        ("DELETE FROM migrations WHERE name LIKE '0002%'", "the catalogue is damaged"),
        ("UPDATE screenshots SET fingerprint = 'xyz'", "'xyz' is no fingerprint"),
        ("UPDATE crops SET file = '../secret.png' WHERE id = 1", "no file name"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_one_fault_and_the_sources_are_checked_all_the_same(
    own_workspace, statement, words
):
    sql(own_workspace, statement)
    cut_short(own_workspace)
    before = tree(own_workspace.root)
    known, catalog = check_catalog(own_workspace)
    assert known is None
    assert words in catalog.faults[0].reason
    screenshots = check_screenshots(own_workspace, known)
    assert [(fault.item, fault.code) for fault in screenshots.faults] == [("garden/shot_00.png", "damaged")]
    assert screenshots.doubts[0].reason == "an extraction would give 22 crops from 11 pictures"
    assert tree(own_workspace.root) == before


def test_an_older_catalogue_is_named_with_the_command_that_brings_it_up_to_date(own_workspace):
    sql(own_workspace, "ALTER TABLE crops DROP COLUMN attributes", "DELETE FROM migrations WHERE name LIKE '0002%'")
    _, catalog = check_catalog(own_workspace)
    assert "its schema is older than this version. Run: toonvision extract" in catalog.faults[0].reason


def test_what_a_killed_writer_has_left_is_read_through_and_left(own_workspace):
    connection = sqlite3.connect(own_workspace.catalog, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("UPDATE crops SET hash = hex(randomblob(20000))")
    journal = own_workspace.catalog.with_name("catalog.sqlite-journal")
    found = {path: path.read_bytes() for path in (own_workspace.catalog, journal)}
    connection.execute("ROLLBACK")
    connection.close()
    for path, content in found.items():
        path.write_bytes(content)
    before = tree(own_workspace.root)
    assert checked(own_workspace) == (set(), set())
    assert tree(own_workspace.root) == before


def test_screenshots_that_a_split_has_torn_apart_are_named_with_their_parts(own_workspace):
    with own_workspace.writing("test") as catalog:
        crops = catalog.crops()
        parts = dict(catalog.split("default").parts)
        first, second = [crop for crop in crops if crop.screenshot == "garden/shot_00.png"]
        catalog.save_split(StoredSplit("torn", (60, 20, 20), 0, True, {**parts, first.id: "train", second.id: "test"}))
        catalog.save_split(
            StoredSplit("naive", (60, 20, 20), 0, False, {**parts, first.id: "train", second.id: "test"})
        )
    known, _ = check_catalog(own_workspace)
    splits = check_splits(known)
    assert [str(fault) for fault in splits.faults] == [
        "garden/shot_00.png (test and train): its crops lie in several parts of split torn (toonvision split --name "
        "torn --force, then train again)"
    ]
    assert [doubt.item for doubt in splits.doubts] == ["split naive"]
    assert "LEAKS, as it was asked to: 1 screenshots" in splits.doubts[0].reason


def test_near_duplicates_in_different_parts_are_named_together(own_workspace):
    known, _ = check_catalog(own_workspace)
    one, other = sorted({crop.screenshot_id for crop in known.crops})[:2]
    mark = next(crop.fingerprint for crop in known.crops if crop.screenshot_id == one)
    crops = [
        dataclasses.replace(crop, fingerprint=mark) if crop.screenshot_id == other else crop for crop in known.crops
    ]
    parts = {crop.id: "test" if crop.screenshot_id == one else "train" for crop in crops}
    split = StoredSplit("default", (60, 20, 20), 0, True, parts)
    (fault,) = check_splits(dataclasses.replace(known, crops=crops, splits=[split])).faults
    names = sorted({crop.screenshot for crop in crops if crop.screenshot_id in {one, other}})
    assert all(name in fault.item for name in names)
    assert "near-duplicates lie in several parts of split default" in fault.reason


def test_what_a_killed_process_has_left_is_a_doubt(own_workspace):
    left = ["crops/.tmp-0123456789abcdef", ".tmp-0.sqlite", "runs/label/.unfinished-12"]
    for name in left:
        path = own_workspace.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    faults, doubts = checked(own_workspace)
    assert (faults, doubts) == (set(), {(name, "leftover") for name in left})


def test_of_a_run_whose_replacing_was_killed_the_old_form_is_named_and_nobody_is_told_to_remove_it(own_workspace):
    (own_workspace.runs / "label" / ".kept-replaced").mkdir(parents=True)
    (doubt,) = check_leftovers(own_workspace).doubts
    assert str(doubt) == (
        "runs/label/.kept-replaced: is the old form of a run that was being replaced (leave it: the next command "
        "settles it)"
    )


def test_a_read_only_workspace_is_checked(small_workspace):
    with open_to_all() as folder:
        workspace = builders.copied(small_workspace, folder / "w")
        for path in [workspace.root, *workspace.root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        with unprivileged():
            assert checked(workspace) == (set(), set())
