import re
from dataclasses import replace

import pytest
from PIL import Image

from builders import Shot, contents, scene, small_shots, write_class_folders, write_coco, write_voc, write_yolo
from format_writers import (
    write_createml,
    write_csv,
    write_cvat,
    write_labelme,
    write_labelstudio,
    write_supervisely,
    write_via,
)
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.balance import measure_balance
from toonvision.data.boxes import SWAPPED
from toonvision.data.extraction import extract
from toonvision.data.formats.layout import READERS
from toonvision.data.label_rules import LabelRules
from toonvision.data.overview import understand
from toonvision.data.setup import SetupRequest, carry_out, plan_setup

BOX = (2, 2, 30, 40)


def planned(root, source, **asked):
    return plan_setup(root / "w", SetupRequest(source, **asked))


def test_an_overview_counts_what_was_read(tmp_path):
    write_voc(tmp_path / "s" / "train", [Shot("a", "garden", (("cat", BOX), ("dog", BOX))), Shot("b", "garden", ())])
    write_voc(tmp_path / "s" / "valid", [Shot("c", "house", (("cat", (0, 0, 20, 10)),))])
    overview = understand(tmp_path / "s")
    assert overview.labels == {"cat": 2, "dog": 1}
    assert (len(overview.reading.pictures), overview.empty_pictures, overview.objects) == (3, 1, 3)
    assert overview.contexts == {"garden": 2, "house": 1}
    assert overview.subsets == {"train": 2, "val": 1}
    assert overview.typical_size_wh == (28, 38)
    assert [kind.first.code for kind in overview.notes] == ["few-objects"]


def test_what_was_left_out_is_grouped_by_kind_with_how_much(tmp_path):
    write_voc(tmp_path, small_shots()[:4])
    for name in ("garden/shot_00.xml", "garden/shot_02.xml"):
        (tmp_path / name).write_text((tmp_path / name).read_text().replace("<xmin>", "<xmin>x", 1))
    (tmp_path / "garden" / "lonely.xml").write_text("<annotation/>")
    losses = {kind.first.code: (kind.left_out, len(kind.findings)) for kind in understand(tmp_path).losses}
    assert losses == {"no-picture": ("1 picture", 1), "bad-number": ("2 objects", 2)}


def test_swapped_corners_are_sorted_and_counted_before_anything_is_made(tmp_path):
    write_voc(tmp_path, [Shot("a", "garden", (("cat", (30, 2, 2, 40)), ("dog", (2, 40, 30, 2)), ("dog", BOX)))])
    overview = understand(tmp_path)
    assert overview.box_notes == {SWAPPED: 2}
    assert overview.typical_size_wh == (28, 38)


def test_pictures_of_another_size_than_declared_are_named_before_anything_is_made(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:5])
    for name in ("garden/shot_00.png", "house/shot_03.png"):
        scene(name, (32, 24)).save(tmp_path / "s" / name)
    exif = Image.Exif()
    exif[0x0112] = 6  # shows 64 x 48, as the annotation says
    scene("turned", (48, 64)).save(tmp_path / "s/garden/shot_02.png", exif=exif)
    (tmp_path / "s/house/shot_01.png").write_bytes(b"")
    plan = planned(tmp_path, tmp_path / "s")
    told = [(kind.first.code, kind.left_out, len(kind.findings)) for kind in plan.overview.losses]
    assert sorted(told) == [
        ("not-a-picture", "1 picture and 2 objects", 1),
        ("size-differs", "2 pictures and 4 objects", 2),
    ]
    summary = extract(carry_out(plan))
    assert (summary.pictures_skipped, summary.objects_skipped) == (3, 6)
    assert {str(one) for one in summary.findings if one.skips} == {
        str(one) for one in plan.overview.findings if one.skips
    }


def test_where_a_source_can_be_read_in_two_ways_both_are_named_and_the_format_decides(tmp_path):
    write_yolo(tmp_path / "s", small_shots())
    write_coco(tmp_path / "s", small_shots()[:3])
    first = understand(tmp_path / "s")
    (other,) = first.others
    assert {first.layout.format, other.format} == {"yolo", "coco"}
    second = understand(tmp_path / "s", format_=other.format)
    assert (second.layout, second.others) == (other, (first.layout,))
    assert {len(one.reading.pictures) for one in (first, second)} == {3, 12}
    assert planned(tmp_path, tmp_path / "s", format=other.format).source == (other.format, tmp_path / "s")


def test_a_format_can_be_forced_where_nothing_was_recognised(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:2])
    assert understand(tmp_path / "s", format_="folders").layout.format == "folders"
    with pytest.raises(UsageError, match=r"--format is one of .*voc.*; got 'vocs'\. Did you mean voc\?"):
        planned(tmp_path, tmp_path / "s", format="vocs")


WRITERS = {
    "voc": write_voc,
    "yolo": write_yolo,
    "coco": write_coco,
    "cvat": write_cvat,
    "labelstudio": write_labelstudio,
    "labelme": write_labelme,
    "via": write_via,
    "createml": write_createml,
    "supervisely": write_supervisely,
    "tensorflow-csv": write_csv,
    "folders": write_class_folders,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_format_that_does_not_fit_is_refused_with_the_option_that_does(tmp_path, name):
    WRITERS[name](tmp_path, small_shots()[:4])
    for asked in READERS.keys() - {name, "folders"}:
        with pytest.raises(InputRejectedError, match=f"is not in the format {asked}, but can be read as .*") as caught:
            understand(tmp_path, format_=asked)
        (option,) = re.findall("--format ([a-z-]+)", str(caught.value))
        assert understand(tmp_path, format_=option).layout.format == name


def test_folders_are_taken_for_labels_if_asked_for_but_not_where_there_are_none(tmp_path):
    write_voc(tmp_path / "s", [replace(shot, context="") for shot in small_shots()[:4]])
    with pytest.raises(InputRejectedError, match="is not in the format folders, but can be read as Pascal VOC"):
        understand(tmp_path / "s", format_="folders")


def test_a_format_that_is_not_read_is_named_whatever_was_asked_for(tmp_path):
    scene("a").save(tmp_path / "a.png")
    (tmp_path / "a.json").write_text('{"assets": {}, "tags": []}', encoding="utf-8")
    with pytest.raises(InputRejectedError, match=r"a\.json is VoTT, which is not read\. Export Pascal VOC from VoTT"):
        understand(tmp_path, format_="coco")


def test_of_many_files_three_are_named(tmp_path):
    for name in "abcde":
        write_coco(tmp_path / name, [Shot(f"shot_{name}", "garden", (("cat", BOX), ("dog", BOX)))])
    words = (
        "COCO, in a/annotations/instances.json, b/annotations/instances.json, c/annotations/instances.json and 2 more"
    )
    assert understand(tmp_path).layout.words == words


def test_a_plan_writes_nothing_and_carrying_it_out_makes_what_was_planned(tmp_path):
    write_voc(tmp_path / "s", small_shots())
    before = contents(tmp_path)
    plan = planned(tmp_path, tmp_path / "s", rules=LabelRules.of(["stone"], {"apple": ["pear"]}))
    assert contents(tmp_path) == before
    assert not (tmp_path / "w").exists()
    workspace = carry_out(plan)
    assert workspace.label_rules == LabelRules.of(["stone"], {"apple": ["pear"]})
    assert [label.name for label in workspace.taxonomy.labels] == ["apple"]
    assert workspace.size_hw == plan.size_hw


def test_pictures_with_boxes_give_a_task_that_finds_their_objects_and_crops_do_not(tmp_path):
    write_voc(tmp_path / "shots", small_shots())
    write_class_folders(tmp_path / "crops", small_shots())
    kinds = []
    for name in ("shots", "crops"):
        workspace = carry_out(plan_setup(tmp_path / f"of-{name}", SetupRequest(tmp_path / name)))
        kinds.append({task.name: task.kind for task in workspace.taxonomy.tasks})
    assert kinds == [{"label": "classify", "detect": "detect"}, {"label": "classify"}]


def test_labels_that_look_alike_are_named_with_their_letters_escaped(tmp_path):
    write_voc(tmp_path / "s", [Shot("a", "garden", (("caf\xe9", BOX), ("cafe\u0301", BOX), ("Caf\xe9", (1, 1, 9, 9))))])
    with pytest.raises(InputRejectedError) as caught:
        planned(tmp_path, tmp_path / "s")
    assert r"'caf\xe9' (1 object)" in str(caught.value)
    assert r"'cafe\u0301' (1 object)" in str(caught.value)
    assert "'Caf\xe9' (1 object)" in str(caught.value), "which looks like no other"


def test_screenshots_in_a_new_folder_are_taken_up_by_the_next_extraction(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:6])
    workspace = carry_out(planned(tmp_path, tmp_path / "s"))
    assert extract(workspace).pictures_kept == 6
    write_voc(tmp_path / "s", [Shot("new", "attic", small_shots()[0].objects)])
    write_voc(tmp_path / "s", [Shot("outside", "", small_shots()[1].objects)])
    summary = extract(workspace)
    assert (summary.pictures_kept, summary.pictures_skipped, summary.crops_new) == (8, 0, 4)
    crops = workspace.known().crops
    columns = measure_balance(crops, workspace.taxonomy).tables[0].columns
    assert [column.name for column in columns] == ["all", "attic", "garden", "house"]


def test_labels_that_differ_by_case_are_refused_with_the_options_that_join_them(tmp_path):
    boxes = (("cat", BOX), ("Cat", BOX), ("cat", (1, 1, 9, 9)), ("big dog", BOX), ("Big dog", BOX), ("BIG DOG", BOX))
    write_voc(tmp_path / "s", [Shot("a", "garden", boxes)])
    with pytest.raises(InputRejectedError) as caught:
        planned(tmp_path, tmp_path / "s")
    assert "'cat' (2 objects) and 'Cat' (1 object)" in str(caught.value)
    assert str(caught.value).endswith("add: --same cat=Cat --same 'big dog=Big dog' --same 'big dog=BIG DOG'")
    same = {"cat": ["Cat"], "big dog": ["Big dog", "BIG DOG"]}
    plan = planned(tmp_path, tmp_path / "s", rules=LabelRules.of(same=same))
    assert plan.overview.labels == {"cat": 3, "big dog": 3}


def test_a_source_of_which_everything_is_ignored_is_refused(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:1])
    with pytest.raises(InputRejectedError, match="besides those of --ignore. Leave out less"):
        planned(tmp_path, tmp_path / "s", rules=LabelRules.of(["apple", "pear"]))


def test_an_option_about_a_label_that_no_object_has_is_refused_with_the_nearest_one(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:3])
    for rules in (LabelRules.of(["stoone"]), LabelRules.of(same={"apple": ["stoone"]})):
        with pytest.raises(
            InputRejectedError, match=r"no object has the label 'stoone'\. Did you mean stone\? Correct"
        ):
            planned(tmp_path, tmp_path / "s", rules=rules)


def test_faulty_items_are_all_part_of_the_refusal(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:5])
    for path in (tmp_path / "s").rglob("*.xml"):
        path.write_text("<annotation>")
    with pytest.raises(InputRejectedError, match="Correct what is listed here") as caught:
        planned(tmp_path, tmp_path / "s")
    assert len(caught.value.findings) == 5


def test_options_about_a_source_need_one(tmp_path):
    for asked in ({"format": "voc"}, {"rules": LabelRules.of(["cat"])}):
        with pytest.raises(UsageError, match="are about a source. Name its folder with --from"):
            planned(tmp_path, None, **asked)


def test_rules_that_leave_nothing_of_a_given_taxonomy_are_refused_before_anything_is_written(tmp_path):
    write_voc(tmp_path / "s", small_shots()[:2])
    (tmp_path / "one.toml").write_text("[labels]\napple = {}\n", encoding="utf-8")
    with pytest.raises(InputRejectedError, match="leaves nothing to learn"):
        planned(tmp_path, tmp_path / "s", taxonomy=str(tmp_path / "one.toml"), rules=LabelRules.of(["apple"]))
    assert not (tmp_path / "w").exists()


def test_copies_and_frames_are_seen_from_their_names_and_tiny_objects_are_named(tmp_path):
    boxes = (("cat", BOX), ("dog", (5, 5, 6, 40)))
    names = [f"a_png.rf.{'0a1b2c' * 5}{n}" for n in range(3)] + [f"video_{n:04}" for n in range(4)]
    write_voc(tmp_path, [Shot(name, "garden", boxes) for name in names])
    overview = understand(tmp_path)
    assert overview.groups == (
        "3 pictures are copies of 1 source, by their names; those of one source stay together in a split",
        "4 pictures are frames of 1 video, by their names; those of one video stay together in a split",
    )
    assert [kind.first.reason for kind in overview.notes] == [
        "7 objects are less than 4 pixels wide or high: too little to learn from"
    ]
