import dataclasses
import shutil
import sqlite3

import pytest
from PIL import Image

import builders
from builders import as_once, open_to_all, tree, unprivileged
from toonvision.data.attributes import write_attributes
from toonvision.data.check import check_catalog, check_crops, check_leftovers, check_screenshots, check_splits
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split, plan_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Ratios, Split, read_split, write_split
from toonvision.data.workspace import open_workspace
from toonvision.taxonomy.labels import Task


def checked(workspace):
    """Check all of a workspace's data; give faults and doubts as pairs of item and code."""
    known, catalog = check_catalog(workspace)
    areas = [catalog, check_screenshots(workspace, known), check_leftovers(workspace)]
    if known:
        areas += [*check_crops(workspace, known), check_splits(workspace, known)]
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
    path = workspace.splits / "default.csv"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "shot_00" not in line))


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
        "label 'stone': is not in the taxonomy any more; its 8 crops count nowhere (correct the annotations or add "
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
    assert doubt.reason == "an extraction would cut 24 crops from 12 pictures"
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
    assert screenshots.doubts[0].reason == "an extraction would cut 22 crops from 11 pictures"
    assert tree(own_workspace.root) == before


def test_an_older_catalogue_is_named_with_the_command_that_brings_it_up_to_date(own_workspace):
    as_once(own_workspace, version=1)
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


def test_near_duplicates_in_different_subsets_are_named_together(own_workspace):
    known, _ = check_catalog(own_workspace)
    first, second = sorted({crop.screenshot for crop in known.crops})[:2]
    mark = next(crop.fingerprint for crop in known.crops if crop.screenshot == first)
    alike = [dataclasses.replace(c, fingerprint=mark) if c.screenshot == second else c for c in known.crops]
    subsets = {c.screenshot: "test" if c.screenshot == first else "train" for c in known.crops}
    write_split(own_workspace.splits, Split("default", subsets), replace=True)
    assert check_splits(own_workspace, known).faults == ()
    splits = check_splits(own_workspace, dataclasses.replace(known, crops=alike))
    assert [str(fault) for fault in splits.faults] == [
        f"{first} (test), {second} (train): near-duplicates lie in several subsets of split default (toonvision split "
        "--force, then train again)"
    ]


def renamed(known, name_of):
    """What is known, under other names of the screenshots: `name_of` returns one for the position of the old one."""
    names = {name: name_of(at) for at, name in enumerate(sorted({shot.name for shot in known.screenshots}))}
    return dataclasses.replace(
        known,
        screenshots=[dataclasses.replace(shot, name=names[shot.name]) for shot in known.screenshots],
        crops=[dataclasses.replace(crop, screenshot=names[crop.screenshot]) for crop in known.crops],
    )


@pytest.mark.parametrize(
    ("name_of", "reason"),
    [
        (lambda at: f"s{at // 2}_png.rf.{'ab'[at % 2]}0123456789.jpg", "copies of one source"),
        (lambda at: f"video{at // 3}_frame_{at}.png", "frames of one recording"),
    ],
)
def test_groups_that_a_split_tears_apart_are_faults_with_the_reason_and_splitting_again_cures_them(
    own_workspace, name_of, reason
):
    known = renamed(check_catalog(own_workspace)[0], name_of)
    shots = sorted(shot.name for shot in known.screenshots)
    torn = Split("default", {name: ("train", "val", "test")[at % 3] for at, name in enumerate(shots)})
    write_split(own_workspace.splits, torn, replace=True)
    faults = check_splits(own_workspace, known).faults
    assert {fault.code for fault in faults} == {"torn"}
    assert {name for fault in faults for name in shots if name in fault.item} == set(shots)
    assert all(fault.reason == f"{reason} lie in several subsets of split default" for fault in faults)
    assert faults[0].remedy == "toonvision split --force, then train again"
    again = plan_split(known.crops, ratios=SIXTY_TWENTY_TWENTY, seed=0, screenshots=known.screenshots)
    write_split(own_workspace.splits, again, replace=True)
    assert check_splits(own_workspace, known).faults == ()


def test_the_remedy_for_a_split_draws_it_with_the_ratios_and_the_seed_that_it_had(own_workspace):
    drawn = draw_split(own_workspace, ratios=Ratios(50, 25, 25), seed=7, name="mine")
    known, _ = check_catalog(own_workspace)
    some = dict(list(drawn.subsets.items())[:-2])
    write_split(own_workspace.splits, dataclasses.replace(drawn, subsets=some), replace=True)
    (fault,) = check_splits(own_workspace, known).faults
    assert fault.code == "uncovered"
    command, _, then = fault.remedy.partition(", ")
    assert (command, then) == (
        "toonvision split --name mine --force --ratios 50/25/25 --seed 7", "then train again"
    )  # fmt: skip
    draw_split(own_workspace, ratios=Ratios(50, 25, 25), seed=7, name="mine", replace=True)
    assert read_split(own_workspace.splits, "mine") == drawn
    assert check_splits(own_workspace, known).faults == ()


def test_a_recording_that_had_to_be_cut_is_a_doubt(own_workspace):
    known = renamed(check_catalog(own_workspace)[0], lambda at: f"clip_{at}.png")
    again = plan_split(known.crops, ratios=SIXTY_TWENTY_TWENTY, seed=0, screenshots=known.screenshots)
    write_split(own_workspace.splits, again, replace=True)
    checked = check_splits(own_workspace, known)
    assert checked.faults == ()
    (doubt,) = checked.doubts
    assert doubt.code == "cut"
    assert "record more, at another time and place" in doubt.remedy
    assert all(f"{shot.name} ({again.subset_of(shot)})" in doubt.item for shot in known.screenshots)


def test_a_task_whose_objects_are_all_of_one_class_is_a_doubt_although_another_can_be_learned(own_workspace):
    known, _ = check_catalog(own_workspace)
    more = Task("things", "label", "detect")
    taxonomy = dataclasses.replace(own_workspace.taxonomy, tasks=(*own_workspace.taxonomy.tasks, more))

    def doubts(workspace, *labels):
        of_labels = dataclasses.replace(known, crops=[crop for crop in known.crops if crop.label in labels])
        return [one for one in check_crops(workspace, of_labels)[0].doubts if one.code in ("one-class", "one-label")]

    (doubt,) = doubts(own_workspace, "apple", "pear")
    assert str(doubt).startswith("tasks: kind has objects of a single class, and a model needs two (to train that, ")
    assert doubts(own_workspace, "apple", "pear", "stone") == []
    assert [one.code for one in doubts(own_workspace, "stone")] == ["one-label"]
    (doubt,) = doubts(dataclasses.replace(own_workspace, taxonomy=taxonomy), "stone")
    assert doubt.reason.startswith("label and kind have objects of a single class")


def test_labels_and_groups_that_cannot_train_are_doubts(own_workspace):
    known, _ = check_catalog(own_workspace)
    few = dataclasses.replace(known, crops=[crop for crop in known.crops if crop.label != "stone" or crop.number < 2])
    rare = check_crops(own_workspace, few)[0].doubts[0]
    assert (rare.code, rare.reason[:43]) == ("few-objects", "the label 'stone' (2) has fewer than 3 obje")
    assert "label-missing" in {doubt.code for doubt in check_splits(own_workspace, few).doubts}, "as split says it"
    subsets = {crop.screenshot: "train" if crop.label == "stone" else "test" for crop in known.crops}
    write_split(own_workspace.splits, Split("default", subsets), replace=True)
    assert "label-missing" in {doubt.code for doubt in check_splits(own_workspace, known).doubts}
    shot = known.crops[0].screenshot
    single = dataclasses.replace(known, crops=[crop for crop in known.crops if crop.screenshot == shot])
    (doubt,) = [doubt for doubt in check_splits(own_workspace, single).doubts if doubt.code == "few-groups"]
    assert doubt.reason == "a split needs at least 3 screenshots; got 1"


def test_splits_that_cannot_be_read_lack_crops_or_name_unknown_screenshots_are_named(own_workspace):
    subsets = dict(read_split(own_workspace.splits, "default").subsets)
    del subsets["garden/shot_00.png"]
    write_split(own_workspace.splits, Split("typed", {**subsets, "garden/shot_0.png": "val"}))
    (own_workspace.splits / "broken.csv").write_text("screenshot,subset\na.png,validate\n")
    known, _ = check_catalog(own_workspace)
    splits = check_splits(own_workspace, known)
    assert (splits.count, [fault.code for fault in splits.faults]) == (3, ["split", "uncovered"])
    assert "line 2: a subset is train, val, test; got 'validate'" in splits.faults[0].reason
    assert "does not know 2 of 24 crops" in splits.faults[1].reason
    assert [str(doubt) for doubt in splits.doubts] == [
        "split typed: names 1 screenshots that the catalogue does not know: garden/shot_0.png (correct their names; "
        "those that are gone do no harm)"
    ]


def test_what_a_killed_process_has_left_is_a_doubt(own_workspace):
    left = ["crops/.tmp-0123456789abcdef", ".tmp-0.sqlite", "runs/label/.unfinished-12"]
    for name in left:
        path = own_workspace.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    faults, doubts = checked(own_workspace)
    assert (faults, doubts) == (set(), {(name, "leftover") for name in left})


def test_of_a_folder_whose_replacing_was_killed_the_old_form_is_named_and_is_not_to_be_removed(own_workspace):
    (own_workspace.runs / "label" / ".kept-replaced").mkdir(parents=True)
    (doubt,) = check_leftovers(own_workspace).doubts
    assert str(doubt) == (
        "runs/label/.kept-replaced: is the old form of a folder that was being replaced (leave it: the next command "
        "settles it)"
    )


def test_a_read_only_workspace_is_checked(small_workspace):
    with open_to_all() as folder:
        workspace = builders.copied(small_workspace, folder / "w")
        for path in [workspace.root, *workspace.root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        with unprivileged():
            assert checked(workspace) == (set(), set())
