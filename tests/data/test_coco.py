"""What COCO files of several programs say, and where they lie."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from builders import files_property, scene, tried
from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.data import documents
from toonvision.data.boxes import AnnotatedObject
from toonvision.data.formats import coco, layout
from toonvision.data.formats.base import read_objects
from toonvision.data.formats.coco_objects import are_plain, plain_objects, read_object
from toonvision.data.formats.listed import Canvas
from toonvision.data.source_tree import SourceTree

SIZE_WH = (160, 120)
CATEGORIES = [{"id": 0, "name": "pets"}, {"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
BOXES = [{"category_id": 1, "bbox": [10, 10, 50, 60]}, {"category_id": 2, "bbox": [90, 40, 50, 60]}]


def write(root, file, names, *, objects=None, folder=".", **tables):
    """Write pictures in a folder, and a COCO file that lists them, each with the same objects."""
    for name in names:
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(f"{folder}/{name}", SIZE_WH).save(path)
    write_tables(root, file, names, objects=objects, **tables)


def write_tables(root, file, names, *, objects=None, **tables):
    images = [{"id": n, "file_name": name, "width": 160, "height": 120} for n, name in enumerate(names)]
    rows = [{**row, "image_id": n} for n in range(len(names)) for row in (BOXES if objects is None else objects)]
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    content = {"images": images, "annotations": rows, "categories": CATEGORIES, **tables}
    (root / file).write_text(json.dumps(content), encoding="utf-8")


def read(root):
    return coco.read(SourceTree.of(root))


def one(root, *objects):
    write(root, "c.json", ["a.png"], objects=objects)
    (picture,) = read(root).pictures
    return picture


def labels(reading):
    return {picture.name: [entry.label for entry in picture.objects] for picture in reading.pictures}


def subsets(reading):
    return {picture.name: picture.subset for picture in reading.pictures}


def test_the_official_layout_is_read_with_its_subsets(tmp_path):
    write(tmp_path, "annotations/instances_train2017.json", ["1.jpg", "2.jpg"], folder="train2017")
    write(tmp_path, "annotations/instances_val2017.json", ["3.jpg"], folder="val2017")
    reading = read(tmp_path)
    assert layout.detect(tmp_path) == "coco"
    assert reading.findings == ()
    assert subsets(reading) == {"train2017/1.jpg": "train", "train2017/2.jpg": "train", "val2017/3.jpg": "val"}
    assert {picture.context for picture in reading.pictures} == {"all"}


def test_pictures_beside_the_files_of_the_official_layout_are_read_too(tmp_path):
    write(tmp_path, "annotations/instances_train2017.json", ["1.jpg"], folder="annotations")
    write(tmp_path, "annotations/instances_val2017.json", ["3.jpg"], folder="annotations")
    assert subsets(read(tmp_path)) == {"annotations/1.jpg": "train", "annotations/3.jpg": "val"}


def test_the_files_of_roboflow_lie_beside_the_pictures_of_each_subset(tmp_path):
    for folder in ("train", "valid", "test"):
        write(tmp_path, f"{folder}/_annotations.coco.json", [f"{folder}_jpg.rf.0123.jpg"], folder=folder)
    reading = read(tmp_path)
    assert layout.detect(tmp_path) == "coco"
    assert reading.findings == ()
    assert [picture.subset for picture in reading.pictures] == ["test", "train", "val"]
    assert set(map(tuple, labels(reading).values())) == {("cat", "dog")}


STATED = ["images\\1/90fbb0c7-a.png", "..\\..\\label-studio\\media\\upload\\4\\90fbb0c7-a.png", "90fbb0c7-a",
          "/data/local-files/?d=pets/90fbb0c7-a.png", "http://localhost:8080/data/upload/4/90fbb0c7-a.png",
          "s3://bucket/pets/90fbb0c7-a.png", "one folder too many/90fbb0c7-a.png", "90fbb0c7%2Da.png",
          "90FBB0C7-A.PNG", "./90fbb0c7-a.png", "a.png"]  # fmt: skip


@pytest.mark.parametrize("stated", STATED)
def test_a_picture_is_found_whatever_machine_and_program_wrote_its_name(tmp_path, stated):
    write(tmp_path, "result.json", ["90fbb0c7-a.png", "b.png"], folder="images")
    write_tables(tmp_path, "result.json", [stated, "b.png"])
    reading = read(tmp_path)
    assert reading.findings == ()
    assert labels(reading) == {"images/90fbb0c7-a.png": ["cat", "dog"], "images/b.png": ["cat", "dog"]}


SQUARE = [10, 10, 60, 10, 60, 70, 10, 70]
RUNS = [10 * 120 + 10, *[60, 60] * 49, 60, 120 * 160 - 59 * 120 - 70]
"""The run lengths of a mask of 160 x 120 pixels whose box is (10, 10, 60, 70)."""
COMPRESSED = "jU1l1l1" + "0" * 97 + "ff;"
"""The same, as pycocotools 2.0 wrote it."""


@pytest.mark.parametrize("bbox", [{}, {"bbox": None}, {"bbox": []}, {"bbox": [0, 0, 0, 0]}, {"bbox": [10, 10, 50, 0]}])
@pytest.mark.parametrize(
    ("segmentation", "note"),
    [
        ([SQUARE], "the box around its polygon was taken"),
        (SQUARE, "the box around its polygon was taken"),
        ([SQUARE[:4] * 2, SQUARE[4:] * 2], "the box around its polygon was taken"),
        ({"size": [120, 160], "counts": RUNS}, "the box around its mask was taken"),
        ({"size": [120, 160], "counts": COMPRESSED}, "the box around its mask was taken"),
    ],
    ids=["polygon", "flat polygon", "two polygons", "run lengths", "compressed run lengths"],
)
def test_without_a_box_the_one_around_the_segmentation_is_taken(tmp_path, segmentation, note, bbox):
    picture = one(tmp_path, {"category_id": 1, "segmentation": segmentation, **bbox})
    assert picture.findings == ()
    (entry,) = picture.objects
    assert (entry.label, entry.xyxy, entry.note) == ("cat", (10, 10, 60, 70), note)


def test_without_a_box_a_mask_of_another_size_than_its_picture_is_left_out(tmp_path):
    picture = one(tmp_path, {"category_id": 1, "bbox": [], "segmentation": {"size": [10, 10], "counts": [5, 10]}})
    assert picture.objects == ()
    (finding,) = picture.findings
    assert finding.skips
    assert finding.reason == "its mask has 10 x 10 pixels, and the picture 160 x 120"


def test_a_box_beside_a_segmentation_is_the_box(tmp_path):
    (entry,) = one(tmp_path, {"category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": [SQUARE]}).objects
    assert (entry.xyxy, entry.note) == ((1, 2, 4, 6), "")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"bbox": None},
        {"bbox": [], "segmentation": []},
        {"segmentation": "polygon"},
        {"segmentation": [[1, 2, 3]]},
        {"segmentation": [[1, 2]]},
        {"segmentation": {"size": [120, 160], "counts": []}},
        {"segmentation": {"size": [120, 160], "counts": "\x00"}},
        {"segmentation": {"size": [120, 160], "counts": "o" * 1000}},
        {"segmentation": {"size": [2, 2], "counts": [1, 5]}},
        {"segmentation": {"size": [0, 0], "counts": [0, 0]}},
        {"segmentation": {"size": "120 x 160", "counts": RUNS}},
        {"segmentation": {"size": [120, 160], "counts": [1, -5]}},
    ],
)
def test_an_object_that_has_neither_a_box_nor_a_segmentation_is_named(tmp_path, row):
    picture = one(tmp_path, {"category_id": 1, **row}, BOXES[1])
    assert [entry.label for entry in picture.objects] == ["dog"]
    (finding,) = picture.findings
    assert (finding.item, finding.objects) == ("c.json, a.png, object 1", 1)


WHOLE = {"size": [120, 160], "counts": [0, 19200]}


@pytest.mark.parametrize("crowd", [1, True, "1"])
def test_a_crowd_is_left_out_and_named(tmp_path, crowd):
    row = {"category_id": 1, "bbox": [0, 0, 160, 120], "iscrowd": crowd, "segmentation": WHOLE}
    picture = one(tmp_path, *({**box, "iscrowd": 0} for box in BOXES), row)
    assert [entry.label for entry in picture.objects] == ["cat", "dog"]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("crowd", 1)]
    assert "crowd of 'cat'" in picture.findings[0].reason
    assert picture.regions == (AnnotatedObject(3, "cat", (0, 0, 160, 120), {"iscrowd": True}),)


def test_a_region_that_nobody_need_find_has_a_label_and_a_box(tmp_path):
    crowd = {"category_id": 2, "bbox": [5, 6, 20, 30], "iscrowd": 1}
    without_box, without_label = {**crowd, "bbox": None}, {**crowd, "category_id": 99}
    picture = one(tmp_path, BOXES[0], crowd, without_box, without_label)
    assert [(entry.number, entry.label, entry.xyxy) for entry in picture.regions] == [(2, "dog", (5, 6, 25, 36))]


@pytest.mark.parametrize(
    "place",
    [
        {"bbox": "5 6 20 30"},
        {"bbox": {"x": 5, "y": 6, "width": 20, "height": 30}},
        {"segmentation": [[5, 6, 25, 6, 25, 36]]},
        {"bbox": [0, 0, 0, 0], "segmentation": {"size": [120, 160], "counts": [606, 30, 2250, 30, 16284]}},
    ],
)
@pytest.mark.parametrize("mark", ["ignore", "iscrowd"])
def test_a_region_that_nobody_need_find_lies_where_an_object_written_like_it_lies(tmp_path, place, mark):
    marked, plain = {"category_id": 2, mark: 1, **place}, {"category_id": 2, **place}
    picture = one(tmp_path, BOXES[0], marked, plain)
    (region,), (_, twin) = picture.regions, picture.objects
    assert region.xyxy == twin.xyxy == (5, 6, 25, 36)
    assert region.attributes == {mark: True}


MASK = {"category_id": 1, "bbox": [10, 10, 50, 60], "iscrowd": 1, "segmentation": {"size": [120, 160], "counts": RUNS}}
CROWD_NOTE = "its mask is called a crowd, as CVAT calls every mask, and was read as one object"


def drawn(picture):
    return [(entry.label, entry.xyxy, entry.note) for entry in picture.objects]


@pytest.mark.parametrize("bbox", [[10, 10, 50, 60], []])
def test_masks_that_are_called_crowds_are_objects_where_all_of_the_source_are(tmp_path, bbox):
    picture = one(tmp_path, {**MASK, "bbox": bbox}, {**MASK, "category_id": 2})
    assert picture.findings == ()
    assert drawn(picture) == [("cat", (10, 10, 60, 70), CROWD_NOTE), ("dog", (10, 10, 60, 70), CROWD_NOTE)]
    assert [outline.known for outline in picture.outlines] == [True, True]
    assert picture.regions == ()
    picture = one(tmp_path, MASK, {**BOXES[1], "iscrowd": 0, "segmentation": []})  # as of what COCO itself annotated
    assert [finding.code for finding in picture.findings] == ["crowd"]
    assert [entry.label for entry in picture.regions] == ["cat"]


def test_masks_of_cvat_are_objects_beside_others_of_their_label_and_its_crowds_are_none(tmp_path):
    of_cvat, crowd = {"attributes": {"occluded": False}}, {"attributes": {"occluded": False, "is_crowd": True}}
    picture = one(tmp_path, {**MASK, **of_cvat}, {**BOXES[0], **of_cvat, "iscrowd": 0}, {**MASK, **crowd})
    assert [note for _, _, note in drawn(picture)] == [CROWD_NOTE, ""]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("crowd", 1)]


def test_a_crowd_of_one_file_is_one_where_another_file_of_the_source_has_single_objects(tmp_path):
    write(tmp_path, "annotations/instances_train2017.json", ["a.png"], folder="train2017")
    write(tmp_path, "annotations/instances_val2017.json", ["b.png"], folder="val2017", objects=[MASK, BOXES[1]])
    assert list(labels(read(tmp_path)).values()) == [["cat", "dog"], ["dog"]]


def test_a_large_file_keeps_the_masks_of_its_crowds(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "_LARGE", 0)
    assert [note for _, _, note in drawn(one(tmp_path, MASK, MASK))] == [CROWD_NOTE] * 2


@pytest.mark.parametrize("ignore", [1, True, "1"])
def test_what_is_marked_to_be_ignored_is_left_out_and_named(tmp_path, ignore):
    row = {"category_id": 1, "bbox": [0, 0, 160, 120], "ignore": ignore, "segmentation": [[0, 0, 9, 0, 9, 9]]}
    picture = one(tmp_path, {**BOXES[0], "ignore": 0}, row)
    assert [entry.label for entry in picture.objects] == ["cat"]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("ignored", 1)]
    assert picture.findings[0].reason == "is a 'cat' that is marked to be ignored"
    assert [(entry.xyxy, entry.attributes) for entry in picture.regions] == [((0, 0, 160, 120), {"ignore": True})]
    assert [outline.known for outline in picture.outlines] == [False, False]


def test_attributes_are_kept_and_a_rotation_turns_the_box(tmp_path):
    own = {"occluded": True, "rotation": 90.0, "Fur Colour": "grey"}
    first, second = one(tmp_path, {**BOXES[0], "attributes": own}, {**BOXES[1], "truncated": 1}).objects
    assert first.attributes == {"occluded": True, "rotation": 90.0, "fur_colour": "grey"}
    assert (first.xyxy, first.note) == ((5, 15, 65, 65), "the box around its turned box was taken")
    assert (second.attributes, second.note) == ({"truncated": 1}, "")


@pytest.mark.parametrize("kinds", [(str, int), (int, str), (str, str), (float, int), (lambda n: f"img-{n}",) * 2])
def test_ids_may_be_numbers_or_words_or_both(tmp_path, kinds):
    of_image, of_row = kinds
    write(tmp_path, "c.json", ["a.png", "b.png"])
    tables = json.loads((tmp_path / "c.json").read_text())
    for row in tables["images"]:
        row["id"] = of_image(row["id"])
    for row in tables["categories"]:
        row["id"] = of_image(row["id"])
    for row in tables["annotations"]:
        row.update(image_id=of_row(row["image_id"]), category_id=of_row(row["category_id"]))
    (tmp_path / "c.json").write_text(json.dumps(tables))
    reading = read(tmp_path)
    assert reading.findings == ()
    assert labels(reading) == {"a.png": ["cat", "dog"], "b.png": ["cat", "dog"]}


@pytest.mark.parametrize("of_image", [str, "{:04}".format])
@pytest.mark.parametrize("of_row", [int, "{:02}".format])
def test_an_id_with_zeros_before_it_is_the_number_that_is_meant(tmp_path, of_image, of_row):
    write(tmp_path, "c.json", ["a.png", "b.png"])
    tables = json.loads((tmp_path / "c.json").read_text())
    for row in (*tables["images"], *tables["categories"]):
        row["id"] = of_image(row["id"])
    for row in tables["annotations"]:
        row.update(image_id=of_row(row["image_id"]), category_id=of_row(row["category_id"]))
    (tmp_path / "c.json").write_text(json.dumps(tables))
    reading = read(tmp_path)
    assert (labels(reading), reading.findings) == ({"a.png": ["cat", "dog"], "b.png": ["cat", "dog"]}, ())


def test_an_id_that_two_with_zeros_could_be_is_named(tmp_path):
    images = [{"id": "01", "file_name": "a.png"}, {"id": "001", "file_name": "b.png"}]
    write(tmp_path, "c.json", ["a.png", "b.png"], images=images)
    reading = read(tmp_path)
    assert labels(reading) == {"a.png": [], "b.png": []}
    assert [str(finding) for finding in reading.findings if finding.skips][1:] == [
        "c.json, image 1: is not in the table images (add it)"
    ]


@pytest.mark.parametrize(
    "stated",
    [
        {"coco_url": "http://images.example.org/val2017/000000397133.jpg"},
        {"file_name": "", "path": "/datasets/pets/000000397133.jpg"},
        {"file_name": None, "coco_url": None, "path": "val2017/000000397133.jpg"},
    ],
)
def test_an_image_without_a_file_name_is_found_by_its_address_or_path(tmp_path, stated):
    write(tmp_path, "lvis_v1_val.json", ["000000397133.jpg"], folder="val2017", images=[{"id": 0, **stated}])
    reading = read(tmp_path)
    assert (labels(reading), reading.findings) == ({"val2017/000000397133.jpg": ["cat", "dog"]}, ())


def test_an_image_that_states_no_name_is_called_by_its_id(tmp_path):
    write(tmp_path, "c.json", ["a.png"], images=[{"id": 0}, {"id": 7, "file_name": 5}])
    said = [str(finding) for finding in read(tmp_path).findings if finding.skips]
    assert said == [
        "c.json, image 0: names no picture; got None (export again)",
        "c.json, image 7: names no picture; got 5 (export again)",
    ]


def test_the_objects_of_a_picture_that_a_file_lists_under_several_ids_count_once_each(tmp_path):
    images = [{"id": n, "file_name": "a.png"} for n in range(3)]
    first, second = ({**row, "image_id": 0} for row in BOXES)
    rows = [first, {**first, "image_id": 1}, {**second, "image_id": 1}]
    write(tmp_path, "c.json", ["a.png"], images=images, annotations=rows)
    reading = read(tmp_path)
    (picture,) = reading.pictures
    assert [(picture.item(one.number), one.label) for one in picture.objects] == [
        ("c.json, a.png, object 1", "cat"), ("c.json, a.png, object 2", "dog")
    ]  # fmt: skip
    (note,) = reading.findings
    assert str(note) == "c.json: lists 1 picture under several ids, such as a.png; the objects of all ids count"
    assert not note.skips


def test_pictures_that_share_an_id_are_left_out_with_all_its_objects(tmp_path):
    images = [{"id": 0, "file_name": "a.png"}, {"id": 0, "file_name": "b.png"}, {"id": 2, "file_name": "c.png"}]
    write(tmp_path, "c.json", ["a.png", "b.png", "c.png"], images=images)
    reading = read(tmp_path)
    assert labels(reading) == {"c.png": ["cat", "dog"]}
    assert [(one.item, one.code, one.pictures, one.objects) for one in reading.findings if "id" in one.code] == [
        ("c.json, a.png", "duplicate-id", 1, 2),
        ("c.json, b.png", "duplicate-id", 1, 0),
    ]
    assert "shares its id with b.png" in reading.findings[0].reason
    assert reading.unusable.keys() == {"a.png", "b.png"}


def test_a_picture_that_a_file_lists_with_sizes_that_differ_is_left_out(tmp_path):
    images = [{"id": n, "file_name": "a.png", "width": 160 + 160 * n, "height": 120} for n in range(2)]
    write(tmp_path, "c.json", ["a.png", "b.png"], images=images)
    (finding,) = [one for one in read(tmp_path).findings if one.pictures]
    assert (finding.item, finding.reason) == (
        "c.json, a.png", "is listed with sizes that differ, 160x120 and 320x120",
    )  # fmt: skip


def test_a_mask_on_a_picture_that_exif_data_turn_is_one_of_its_declared_size(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    mask = {"size": [160, 120], "counts": [160 * 10 + 20, 30, 160 * 110 - 50]}
    row = {"id": 0, "file_name": "a.png", "width": 120, "height": 160}
    write(tmp_path, "c.json", ["a.png"], images=[row], objects=[{"category_id": 1, "segmentation": mask}])
    scene("a", SIZE_WH).save(tmp_path / "a.png", exif=turned)
    (picture,) = read(tmp_path).pictures
    assert [(entry.xyxy, picture.findings) for entry in picture.objects] == [((10, 20, 11, 50), ())]


def test_two_images_of_one_file_with_the_same_objects_are_said_to_list_it_twice(tmp_path):
    images = [{"id": n, "file_name": "a.png"} for n in range(2)]
    write(tmp_path, "c.json", ["a.png", "b.png"], images=images)
    assert str(read(tmp_path).findings[0]) == (
        "c.json: lists 1 picture twice, with the same objects; each counts once (remove what is double)"
    )


def test_a_picture_without_annotations_is_one_without_objects(tmp_path):
    write(tmp_path, "c.json", ["a.png"], objects=[])
    assert labels(read(tmp_path)) == {"a.png": []}


def test_an_image_that_a_table_lists_twice_counts_once(tmp_path):
    image = {"id": 0, "file_name": "a.png"}
    write(tmp_path, "c.json", ["a.png"], images=[image, image])
    reading = read(tmp_path)
    assert (labels(reading), reading.findings) == ({"a.png": ["cat", "dog"]}, ())


OTHER_KINDS = {
    "captions": {"annotations": [{"image_id": 0, "caption": "A cat."}], "categories": None},
    "keypoints": {"annotations": [{"image_id": 0, "category_id": 1, "keypoints": [1, 2, 2], "bbox": [1, 2, 3, 4]}]},
    "panoptic": {"annotations": [{"image_id": 0, "file_name": "a.png", "segments_info": []}]},
    "no table annotations": {"annotations": None},
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_files_of_other_kinds_beside_instances_are_named_and_refuse_nothing(tmp_path, kind):
    write(tmp_path, "annotations/instances_train2017.json", ["a.png"], folder="train2017")
    write_tables(tmp_path, "annotations/other_train2017.json", ["a.png"], **OTHER_KINDS[kind])
    reading = read(tmp_path)
    assert labels(reading) == {"train2017/a.png": ["cat", "dog"]}
    (finding,) = reading.findings
    assert (finding.item, finding.code, finding.skips) == ("annotations/other_train2017.json", "other-coco", False)
    assert (kind.split()[0] if kind != "panoptic" else "panoptic masks") in finding.reason


@pytest.mark.parametrize("kind", ["captions", "panoptic", "no table annotations"])
def test_files_of_other_kinds_alone_are_refused_by_name(tmp_path, kind):
    write(tmp_path, "other.json", ["a.png"], **OTHER_KINDS[kind])
    with pytest.raises(InputRejectedError, match=r"other\.json: (holds|has no table)"):
        read(tmp_path)
    with pytest.raises(InputRejectedError):
        layout.detect(tmp_path)


def test_keypoints_alone_are_read_by_their_boxes(tmp_path):
    write(tmp_path, "keypoints.json", ["a.png"], **OTHER_KINDS["keypoints"])
    assert labels(read(tmp_path)) == {"a.png": ["cat"]}


def test_a_subset_that_is_not_there_is_one_finding_and_the_others_are_read(tmp_path):
    write(tmp_path, "annotations/instances_train2017.json", ["a.png"], folder="train2017")
    write_tables(tmp_path, "annotations/instances_val2017.json", [f"{number:012}.jpg" for number in range(5000)])
    reading = read(tmp_path)
    assert labels(reading) == {"train2017/a.png": ["cat", "dog"]}
    (finding,) = reading.findings
    assert (finding.item, finding.pictures, finding.objects) == ("annotations/instances_val2017.json", 5000, 10000)
    assert "none of the 5,000 pictures of val" in finding.reason


def test_where_many_pictures_are_missing_an_archive_that_is_not_unpacked_is_named(tmp_path):
    write(tmp_path, "annotations/instances_val2017.json", [f"{n}.jpg" for n in range(20)], folder="val2017")
    shutil.make_archive(str(tmp_path / "val2017"), "zip", tmp_path, "val2017")
    shutil.rmtree(tmp_path / "val2017")
    (finding,) = read(tmp_path).findings
    assert finding.remedy == f"unpack val2017.zip, or put them below {tmp_path}"
    shutil.unpack_archive(tmp_path / "val2017.zip", tmp_path)
    assert len(read(tmp_path).pictures) == 20


def test_two_categories_of_one_name_are_a_doubt_if_objects_are_of_both(tmp_path):
    write(tmp_path, "c.json", ["a.png"], categories=[{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}])
    (alike,) = read(tmp_path).findings
    assert (alike.item, alike.code) == ("c.json", "alike")
    assert alike.reason == "names the categories 1 and 2 alike, 'cat': they become one label"
    write_tables(tmp_path, "c.json", ["a.png"], categories=[*CATEGORIES, {"id": 3, "name": "cat"}])
    assert read(tmp_path).findings == ()


def test_two_categories_of_one_id_and_name_are_one_and_of_another_name_are_refused(tmp_path):
    write(tmp_path, "c.json", ["a.png"], categories=[*CATEGORIES, {"id": 1, "name": "cat"}])
    assert labels(read(tmp_path)) == {"a.png": ["cat", "dog"]}
    write_tables(tmp_path, "c.json", ["a.png"], categories=[*CATEGORIES, {"id": 1, "name": "cow"}])
    with pytest.raises(InputRejectedError, match="two categories share an id"):
        read(tmp_path)


numbers = st.integers(-5, 200) | st.floats(allow_nan=True) | st.just(10**400) | st.text(max_size=3) | st.none()
values = st.recursive(numbers, lambda inner: st.lists(inner, max_size=5), max_leaves=8)
masks = st.fixed_dictionaries({"size": st.lists(numbers, max_size=3), "counts": values | st.text(max_size=20)})


@files_property
@given(
    row=st.fixed_dictionaries(
        {"category_id": st.sampled_from([1, "1", 1.0, None, "x"])},
        optional={
            "bbox": values | st.dictionaries(st.sampled_from(["x", "Y", "w", "h", "xmax", "ymax"]), numbers),
            "segmentation": values | masks,
            "iscrowd": values,
            "attributes": values,
            "truncated": values,
        },
    )
)
@example(row={"category_id": 1, "bbox": [1.5, 10**400, 1, 1]})
@example(row={"category_id": 1, "bbox": {"x": 1e308, "y": 1, "w": 1e308, "h": 10**400}})
@example(row={"category_id": 1, "segmentation": [10**400, 1, float("inf"), 2]})
@example(row={"category_id": 1, "segmentation": {"size": [0, 10**400], "counts": [1, 1]}})
@example(row={"category_id": 1, "bbox": [1, 2, 3, 4], "attributes": {"rotation": 10**400, "": float("nan")}})
def test_any_object_is_read_or_named(tmp_path_factory, row):
    root = tmp_path_factory.mktemp("coco")
    write(root, "c.json", ["a.png"], objects=[row])
    reading, _ = tried(InputRejectedError, read, root)
    (picture,) = reading.pictures
    assert len(picture.objects) + len(picture.findings) == 1


def test_numbers_written_as_text_are_read_and_other_words_are_named(tmp_path):
    texts = [{"category_id": 1, "bbox": ["10", 10, "50.0", "6e1"]}, {"category_id": 2, "bbox": ["ten", 1, 2, 3]}]
    picture = one(tmp_path, *texts)
    assert [entry.xyxy for entry in picture.objects] == [(10, 10, 60, 70)]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("bad-number", 1)]


@pytest.mark.parametrize(
    "bbox",
    [
        {"x": 10, "y": 10, "w": 50, "h": 60},
        {"x": "10", "y": 10.0, "width": 50, "height": 60},
        {"left": 10, "top": 10, "width": 50, "height": 60},
        {"xmin": 10, "ymin": 10, "xmax": 60, "ymax": 70},
        {"X1": 10, "Y1": 10, "X2": 60, "Y2": 70},
        "10,10,50,60",
        "[10, 10.0, 50, 60]",
        "10 10 50 60",
    ],
)
def test_a_box_may_be_written_with_names_or_as_a_text(tmp_path, bbox):
    picture = one(tmp_path, {"category_id": 1, "bbox": bbox})
    assert picture.findings == ()
    assert [entry.xyxy for entry in picture.objects] == [(10, 10, 60, 70)]


@pytest.mark.parametrize("bbox", [{"x": 1, "y": 2, "w": 3}, {"x": 1, "y": 2, "w": 3, "h": [4]}, {}, "1,2,3", "left", 7])
def test_a_box_that_is_not_four_numbers_is_named_with_how_to_write_it(tmp_path, bbox):
    picture = one(tmp_path, {"category_id": 1, "bbox": bbox}, BOXES[1])
    assert [entry.label for entry in picture.objects] == ["dog"]
    (finding,) = picture.findings
    assert (finding.code, finding.objects) == ("bad-number", 1)


def test_where_no_annotation_says_where_its_object_is_the_category_is_the_label_of_the_picture(tmp_path):
    picture = one(tmp_path, {"category_id": 1}, {"category_id": 1})
    assert picture.findings == ()
    assert [(entry.label, entry.xyxy) for entry in picture.objects] == [("cat", None)]
    picture = one(tmp_path, {"category_id": 1}, {"category_id": 2})
    assert [(one.code, one.objects) for one in picture.findings] == [("many-labels", 1)]
    picture = one(tmp_path, {"category_id": 99})
    assert [(one.code, one.objects) for one in picture.findings] == [("unknown-class", 1)]


def test_two_pictures_of_one_stem_are_told_apart_by_the_file_names_that_are_stated(tmp_path):
    write(tmp_path, "c.json", ["a.png", "a.jpg"])
    reading = read(tmp_path)
    assert reading.findings == ()
    assert labels(reading) == {"a.jpg": ["cat", "dog"], "a.png": ["cat", "dog"]}


def test_a_large_file_is_read_without_its_polygons_to_the_same_boxes(tmp_path, monkeypatch):
    objects = [
        {"category_id": 1, "bbox": [10, 10, 50, 60], "segmentation": [SQUARE]},
        {"category_id": 1, "bbox": [0, 0, 0, 0], "segmentation": [SQUARE]},
    ]
    write(tmp_path, "c.json", ["a.png"], objects=objects)
    small = read(tmp_path)
    monkeypatch.setattr(documents, "_LARGE", 0)
    tree = SourceTree.of(tmp_path)
    (content,) = tree.documents.contents.values()
    assert ["segmentation" in row for row in content["annotations"]] == [False, True]
    large = coco.read(tree)
    assert [one._replace(outlines=()) for one in large.pictures] == [
        one._replace(outlines=()) for one in small.pictures
    ]
    assert [[outline.known for outline in one.outlines] for one in large.pictures] == [[False, True]]
    assert [[outline.known for outline in one.outlines] for one in small.pictures] == [[True, True]]


def test_a_file_of_too_many_lists_is_refused_with_a_way_out(tmp_path, monkeypatch):
    write(tmp_path, "train.json", ["a.png", "b.png"])
    monkeypatch.setattr(documents, "_MOST_LISTS", 13)
    with pytest.raises(InputRejectedError, match=r"has 17 lists and objects, over 13 \(split it into files\)"):
        read(tmp_path)
    (tmp_path / "train.json").unlink()
    for name in ("a", "b"):
        write(tmp_path, f"{name}.json", [f"{name}.png"])
    assert labels(read(tmp_path)) == {"a.png": ["cat", "dog"], "b.png": ["cat", "dog"]}


@pytest.mark.parametrize(
    ("bbox", "said"),
    [
        ([10, 10, 60, 70], ""),
        ([80, 40, 150, 110], "look like two corners, in place of corner, width and height: they leave their pictures"),
        ([0.1, 0.1, 0.4, 0.5], "lie within one pixel: they look like shares of the picture's size"),
    ],
)
def test_boxes_that_were_meant_in_another_way_are_doubted_together(tmp_path, bbox, said):
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        scene(name, (160, 120)).save(tmp_path / name)
    images = [{"id": number, "file_name": name, "width": 160, "height": 120} for number, name in enumerate(names)]
    annotations = [{"id": number, "image_id": number, "category_id": 1, "bbox": bbox} for number in range(4)]
    tables = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "a.json").write_text(json.dumps(tables), encoding="utf-8")
    doubts = [finding for finding in layout.read("coco", tmp_path).findings if finding.code in ("corners", "shares")]
    assert [f"all 4 boxes of the source {said}" in str(finding) for finding in doubts] == [True] * bool(said)


def test_of_pictures_of_one_name_the_one_of_the_subset_of_its_file_is_meant(tmp_path):
    for subset, category in (("train", 1), ("val", 2)):
        (tmp_path / f"{subset}2017").mkdir()
        scene(subset, (160, 120)).save(tmp_path / f"{subset}2017/0001.png")
        tables = {
            "images": [{"id": 1, "file_name": "0001.png"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": category, "bbox": [10, 10, 50, 60]}],
            "categories": CATEGORIES,
        }
        (tmp_path / f"instances_{subset}2017.json").write_text(json.dumps(tables), encoding="utf-8")
    reading = coco.read(SourceTree.of(tmp_path))
    assert reading.findings == ()
    assert {picture.name: picture.objects[0].label for picture in reading.pictures} == {
        "train2017/0001.png": "cat",
        "val2017/0001.png": "dog",
    }


NUMBERS = st.sampled_from([0, 1, 5.5, -3, -0.0, 1e9, 1e308, 10**400, float("nan"), float("inf"), True, "7", None])
ROWS = st.fixed_dictionaries(
    {"category_id": st.just(1)},
    optional={
        "bbox": st.lists(st.sampled_from([3, 5.5, 60]), min_size=4, max_size=4)
        | st.lists(NUMBERS, max_size=5)
        | NUMBERS,
        "iscrowd": st.sampled_from([0, 1, 2, True, "1", None]),
        "segmentation": st.sampled_from([[], [[1, 1, 9, 1, 9, 9]], {"size": [9, 9], "counts": [3, 4, 74]}, 7]),
        "score": st.just(0.5),
        "attributes": st.just({"rotation": 30.0}),
    },
)
LABELS = st.sampled_from(["cat", "dog", None, RejectedItemError("has no label", "name it", code="no-label")])


@given(rows=st.lists(st.tuples(LABELS, ROWS), max_size=3))
@example(
    rows=[("cat", {"bbox": [10.5, 10, 50, 60.0], "iscrowd": 0, "segmentation": []}), ("dog", {"bbox": [-1, 2, 3, 4]})]
)
@example(rows=[("cat", {"bbox": [0, 0, 0, 0], "segmentation": [[1, 1, 9, 1, 9, 9]]})])
def test_objects_that_are_read_at_once_are_read_as_one_after_the_other(rows):
    at_once = plain_objects(rows) if are_plain([row for _, row in rows]) else None
    singly = read_objects(rows, read_object, "a.json", Canvas(Path("a.png")))
    assert at_once is None or repr(singly) == repr((at_once, ()))
    usual = all(type(label) is str and not row.keys() & {"score", "attributes", "iscrowd"} for label, row in rows)
    boxed = all(
        isinstance(box := row.get("bbox"), list) and len(box) == 4 and {*box} <= {3, 5.5, 60} for _, row in rows
    )
    assert (at_once is not None) >= (usual and boxed)
