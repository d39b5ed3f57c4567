"""What annotation programs write in JSON beyond upright boxes: other shapes, flags, and what is no box at all."""

import base64
import contextlib
import gc
import io
import json
import math
import re
import shlex
import shutil
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from builders import Shot, scene, write_picture
from format_writers import (
    labelme_shape,
    labelstudio_annotation,
    labelstudio_region,
    percent,
    save_json,
    supervisely_object,
    via_region,
    write_createml,
    write_labelme,
    write_labelstudio,
    write_supervisely,
    write_via,
)
from toonvision.core.errors import InputRejectedError
from toonvision.data import sound_objects
from toonvision.data.formats import layout
from toonvision.data.source_tree import SourceTree

SHOT = Shot("a", "garden", (("apple", (1, 2, 30, 40)),))
SIZE = {"imageWidth": 64, "imageHeight": 48}


def read_one(name, root):
    """Read a source of one picture: its objects as label, box and note, and the findings."""
    reading = layout.read(name, root)
    (picture,) = reading.pictures
    drawn = [(entry.label, entry.xyxy, entry.note.removeprefix("the box around its ")) for entry in picture.objects]
    return drawn, [(finding.code, finding.objects) for finding in (*picture.findings, *reading.findings)]


def attributes_of(name, root):
    return [entry.attributes for picture in layout.read(name, root).pictures for entry in picture.objects]


def labelme(root, *shapes, **more):
    write_labelme(root, [SHOT])
    save_json(root / "garden" / "a.json", {"imagePath": "a.png", "shapes": list(shapes), **SIZE, **more})


SQUARE = [[10, 10], [20, 20], [10, 30], [0, 20]]


@pytest.mark.parametrize(
    ("points", "kind", "expected"),
    [
        ([[30, 40], [1, 2]], "rectangle", ((1, 2, 30, 40), "")),
        ([[1, 2], [30, 2], [30, 40], [1, 40]], "rectangle", ((1, 2, 30, 40), "")),
        (SQUARE, "polygon", ((0, 10, 20, 30), "polygon was taken")),
        ([[20, 20], [23, 24]], "circle", ((15, 15, 25, 25), "circle was taken")),
        ([[3, 4], [9, 11]], "mask", ((3, 4, 10, 12), "mask was taken")),
        (SQUARE, "rotation", ((0, 10, 20, 30), "turned box was taken")),
        (SQUARE, "oriented_rectangle", ((0, 10, 20, 30), "turned box was taken")),
    ],
)
def test_the_shapes_of_labelme_become_boxes_and_it_is_said_how(tmp_path, points, kind, expected):
    labelme(tmp_path, labelme_shape("apple", points, kind))
    assert read_one("labelme", tmp_path) == ([("apple", *expected)], [])


def test_a_shape_of_labelme_without_a_type_is_a_polygon_as_it_was_in_early_versions(tmp_path):
    labelme(tmp_path, {"label": "apple", "points": SQUARE, "line_color": None})
    assert read_one("labelme", tmp_path) == ([("apple", (0, 10, 20, 30), "polygon was taken")], [])


@pytest.mark.parametrize(
    ("kind", "points"), [("point", [[3, 4]]), ("line", SQUARE[:2]), ("linestrip", SQUARE), ("points", SQUARE)]
)
def test_what_is_no_box_in_labelme_is_named_and_counted_and_the_rest_is_kept(tmp_path, kind, points):
    labelme(tmp_path, labelme_shape("pear", points, kind), labelme_shape("apple", [[1, 2], [30, 40]]))
    assert read_one("labelme", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [("no-box", 1)])
    ((finding,),) = [picture.findings for picture in layout.read("labelme", tmp_path).pictures]
    assert str(finding) == (
        f"garden/a.json, object 1: is drawn as '{kind}', which is no box (draw it as a rectangle or a polygon)"
    )


def test_a_direction_of_labelme_beyond_all_numbers_is_named(tmp_path):
    labelme(tmp_path, labelme_shape("apple", SQUARE, "rotation", direction=10**400))
    assert read_one("labelme", tmp_path) == ([], [("bad-number", 1)])


def test_flags_and_other_statements_of_labelme_become_attributes(tmp_path):
    shape = labelme_shape(
        "apple", SQUARE, "rotation", direction=math.pi / 4, flags={"Occluded": True}, difficult=True, group_id=3,
        attributes={"colour": "red"}, description="half hidden",
    )  # fmt: skip
    labelme(tmp_path, shape, flags={"night": True})
    assert attributes_of("labelme", tmp_path) == [
        {"rotation": 45, "difficult": True, "group_id": 3, "description": "half hidden", "occluded": True,
         "colour": "red", "night": True}
    ]  # fmt: skip


def test_shapes_of_labelme_of_one_label_and_group_are_one_object(tmp_path):
    left, right = [[1, 2], [9, 2], [9, 12]], [[20, 8], [30, 40]]
    hidden = [labelme_shape("apple", left, "polygon", group_id=3), labelme_shape("apple", right, group_id=3)]
    others = [labelme_shape("pear", right, group_id=3), labelme_shape("apple", right, group_id=4)]
    line, alone = labelme_shape("apple", left, "linestrip", group_id=3), labelme_shape("apple", right)
    labelme(tmp_path, hidden[0], others[0], line, hidden[1], others[1], alone, alone)
    objects, said = read_one("labelme", tmp_path)
    assert objects == [
        ("apple", (1, 2, 30, 40), "grouped shapes was taken"), ("pear", (20, 8, 30, 40), ""),
        *[("apple", (20, 8, 30, 40), "")] * 3,
    ]  # fmt: skip
    assert said == [("no-box", 1)]


def test_shapes_of_labelme_whose_group_was_left_blank_are_objects_of_their_own(tmp_path):
    corners = ([[1, 2], [9, 12]], [[20, 8], [30, 40]])
    labelme(tmp_path, *(labelme_shape("apple", points, group_id="") for points in corners))
    objects, _ = read_one("labelme", tmp_path)
    assert [box for _, box, _ in objects] == [(1, 2, 9, 12), (20, 8, 30, 40)]


def test_a_shape_of_a_group_of_labelme_that_cannot_be_read_does_not_take_the_others_along(tmp_path):
    good = [labelme_shape("cat", points, group_id=0) for points in ([[1, 2], [9, 12]], [[20, 8], [30, 40]])]
    bad = labelme_shape("cat", [[3, 4]], "polygon", group_id=0)
    labelme(tmp_path, *good, bad)
    assert read_one("labelme", tmp_path) == ([("cat", (1, 2, 30, 40), "grouped shapes was taken")], [("no-box", 1)])
    (picture,) = layout.read("labelme", tmp_path).pictures
    assert picture.findings[0].item == "garden/a.json, shape 3"
    labelme(tmp_path, bad, good[1])
    assert read_one("labelme", tmp_path) == ([("cat", (20, 8, 30, 40), "")], [("no-box", 1)])
    labelme(tmp_path, bad, bad)
    assert read_one("labelme", tmp_path) == ([], [("no-box", 1)] * 2)


def test_an_object_of_labelme_keeps_the_number_of_its_shape_beside_grouped_ones(tmp_path):
    points = [[1, 2], [30, 40]]
    grouped = [labelme_shape("apple", [[1, 2], [9, 12]], group_id=1)] * 2
    labelme(tmp_path, *grouped, labelme_shape("pear", points), labelme_shape("stone", [[1, 2]]))
    save_json(tmp_path / "garden" / "a.attributes.json", {"objects": [{"number": 3, "view": "back"}]})
    (picture,) = layout.read("labelme", tmp_path).pictures
    assert [(one.number, one.label) for one in picture.objects] == [(1, "apple"), (3, "pear")]
    assert [one.item for one in picture.findings] == ["garden/a.json, object 4"]
    attributes, complaints = sound_objects.attributes_of(picture, tmp_path)
    assert (attributes[3], complaints) == ({"view": "back"}, [])


def stating(root, **paths):
    """Write pictures and files of labelme by stem, each file with its stem as the label and a path that it states."""
    for stem, path in paths.items():
        write_labelme(root, [Shot(stem, ".", ((stem, (1, 2, 30, 40)),))])
        document = json.loads((root / f"{stem}.json").read_text("utf-8"))
        save_json(root / f"{stem}.json", {**document, "imagePath": path})
    return {picture.name: picture.objects[0].label for picture in layout.read("labelme", root).pictures}


def test_a_file_of_labelme_is_of_the_picture_beside_it_that_it_states(tmp_path):
    (tmp_path / "other").mkdir()
    scene("c").save(tmp_path / "other" / "c.png")
    found = stating(tmp_path, a="b.png", b=".\\a.png", c="other\\c.png", d="gone.png")
    assert found == {"a.png": "b", "b.png": "a", "c.png": "c", "d.png": "d"}


def test_files_of_labelme_that_were_renamed_with_their_pictures_keep_them(tmp_path):
    assert stating(tmp_path, a="0.png", b="a.png", c="b.png") == {"a.png": "a", "b.png": "b", "c.png": "c"}


def test_only_the_files_of_labelme_that_state_one_picture_together_keep_that_of_their_name_and_are_named(tmp_path):
    found = stating(tmp_path, a="b.png", b="a.png", c="c.png", d="c.png", e="d.png", f="gone.png")
    assert found == {"a.png": "b", "b.png": "a", "c.png": "c", "d.png": "d", "e.png": "e", "f.png": "f"}
    (finding,) = layout.read("labelme", tmp_path).findings
    assert str(finding) == (
        "d.json: states a picture that another file states, too; the picture of its own name was taken, as for 1 other "
        "file (correct its imagePath, if it is another one)"
    )
    assert not finding.skips


def test_a_file_of_labelme_finds_its_picture_by_the_stated_path_where_none_has_its_name(tmp_path):
    labelme(tmp_path, labelme_shape("apple", [[1, 2], [30, 40]]))
    path = tmp_path / "garden" / "a.json"
    save_json(
        tmp_path / "labels" / "task 7.json",
        {"shapes": [labelme_shape("pear", [[1, 2], [3, 4]])], "imagePath": "..\\garden\\a.png"},
    )
    path.unlink()
    assert read_one("labelme", tmp_path) == ([("pear", (1, 2, 3, 4), "")], [])


def test_the_picture_and_the_masks_within_a_file_of_labelme_are_not_kept_in_memory(tmp_path):
    shape = labelme_shape("apple", [[1, 2], [29, 39]], "mask", mask="A" * 100_000)
    labelme(tmp_path, shape, imageData="A" * 5_000_000)
    (content,) = SourceTree.of(tmp_path).documents.contents.values()
    assert len(str(content)) < 1000
    assert read_one("labelme", tmp_path) == ([("apple", (1, 2, 30, 40), "mask was taken")], [])


def test_files_of_labelme_that_hold_the_only_copy_of_their_pictures_say_how_to_take_them_out(tmp_path):
    labelme(tmp_path, labelme_shape("apple", [[1, 2], [30, 40]]), imageData="A")
    for name, kind in (("b", "PNG"), ("[c]", "JPEG")):
        content = io.BytesIO()
        scene(name, SHOT.size_wh).save(content, kind)
        document = json.loads((tmp_path / "garden/a.json").read_text("utf-8"))
        within = {"imagePath": f"{name}.{kind.lower()}", "imageData": base64.b64encode(content.getvalue()).decode()}
        save_json(tmp_path / f"day 1/{name}.json", {**document, **within})
    reading = layout.read("labelme", tmp_path)
    (finding,) = reading.findings
    assert (len(reading.pictures), finding.pictures, finding.objects) == (1, 2, 2)
    assert finding.item == "day 1/[c].json"
    assert finding.reason == "holds the only copy of its picture, as 2 files here do"
    save_json(tmp_path / "labels/d.json", {**document, **within, "imagePath": "..\\garden\\a.png"})
    for name, content in (("cut", '{"shapes": ['), ("empty", ""), ("list", "[1]"), ("number", "1")):
        (tmp_path / f"labels/{name}.json").write_text(content, "utf-8")
    words = shlex.split(finding.remedy.partition("folder: python ")[2])
    subprocess.run([sys.executable, *words], cwd=tmp_path, check=True)
    assert list(tmp_path.glob("labels/*.png")) == []
    shutil.rmtree(tmp_path / "labels")
    reading = layout.read("labelme", tmp_path)
    assert [picture.name for picture in reading.pictures] == ["day 1/[c].png", "day 1/b.png", "garden/a.png"]
    assert reading.findings == ()


def labelstudio(root, result, *, data=None, **annotation):
    write_labelstudio(root, [SHOT])
    annotations = [labelstudio_annotation(result, **annotation)]
    save_json(task_file(root), [{"id": 1, "data": data or {"image": "a.png"}, "annotations": annotations}])


def task_file(root):
    return next(root.glob("project*.json"))


def region(value, kind="rectanglelabels", identity="r1"):
    return labelstudio_region(identity, value, SHOT.size_wh, kind)


APPLE = {**percent((1, 2, 30, 40), SHOT.size_wh), "rectanglelabels": ["apple"]}


def rounded(objects):
    return [(label, tuple(round(edge, 6) for edge in xyxy), note) for label, xyxy, note in objects]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({**percent((40, 10, 60, 20), (64, 48)), "rotation": 90}, ((30, 10, 40, 30), "turned box was taken")),
        ({**percent((40, 10, 60, 20), (64, 48)), "rotation": 360}, ((40, 10, 60, 20), "")),
        ({"points": [[0, 50], [50, 25], [25, 100]]}, ((0, 12, 32, 48), "polygon was taken")),
        ({"x": 50, "y": 50, "radiusX": 25, "radiusY": 12.5, "rotation": 0}, ((16, 18, 48, 30), "ellipse was taken")),
        ({"x": 50, "y": 50, "radiusX": 25, "radiusY": 25, "rotation": 90}, ((20, 8, 44, 40), "ellipse was taken")),
    ],
)
def test_the_shapes_of_label_studio_become_boxes_in_pixels_and_it_is_said_how(tmp_path, value, expected):
    labelstudio(tmp_path, [region({**value, "rectanglelabels": ["apple"]})])
    objects, codes = read_one("labelstudio", tmp_path)
    assert (rounded(objects), codes) == ([("apple", *expected)], [])


@pytest.mark.parametrize(
    "value",
    [{"format": "rle", "rle": [0, 1, 2]}, {"x": 5, "y": 5, "width": 0.5}, {"vertices": [{"x": 1, "y": 2}]}],
    ids=["brush", "key point", "vector"],
)
def test_what_is_no_box_in_label_studio_is_named_and_counted_and_the_rest_is_kept(tmp_path, value):
    labelstudio(tmp_path, [region({**value, "brushlabels": ["pear"]}), region(APPLE, identity="r2")])
    objects, codes = read_one("labelstudio", tmp_path)
    assert rounded(objects) == [("apple", (1, 2, 30, 40), "")]
    assert codes == [("no-box", 1)]


def test_a_shape_and_its_label_may_be_two_entries_of_one_id(tmp_path):
    plain = percent((1, 2, 30, 40), SHOT.size_wh)
    entries = [region(plain, "rectangle"), region({**plain, "labels": ["apple"]}, "labels")]
    said = {**region({**plain, "choices": ["yes"]}, "choices"), "from_name": "Is hidden"}
    whole = {**region({"choices": ["night"]}, "choices", "r9"), "from_name": "time"}
    arrow = {"from_id": "r1", "to_id": "r1", "type": "relation", "direction": "right"}
    labelstudio(tmp_path, [*entries, said, whole, arrow])
    objects, codes = read_one("labelstudio", tmp_path)
    assert (rounded(objects), codes) == ([("apple", (1, 2, 30, 40), "")], [])
    assert attributes_of("labelstudio", tmp_path) == [{"is_hidden": True, "time": "night"}]


def test_the_choice_for_a_region_is_its_label_where_no_region_has_one(tmp_path):
    plain = percent((1, 2, 30, 40), SHOT.size_wh)
    kind = {**region({**plain, "choices": ["apple"]}, "choices"), "from_name": "kind"}
    hidden = {**region({**plain, "choices": ["yes"]}, "choices"), "from_name": "hidden"}
    labelstudio(tmp_path, [region(plain, "rectangle"), kind, hidden])
    assert read_one("labelstudio", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [("label-attribute", 0)])
    assert attributes_of("labelstudio", tmp_path) == [{"hidden": True}]


def test_the_one_choice_of_a_project_without_shapes_is_the_label_of_the_whole_picture(tmp_path):
    labelstudio(tmp_path, [{**region({"choices": ["apple"]}, "choices")}])
    assert read_one("labelstudio", tmp_path) == ([("apple", None, "")], [])
    labelstudio(tmp_path, [{**region({"choices": ["apple", "pear"]}, "choices")}])
    assert read_one("labelstudio", tmp_path) == ([], [("many-labels", 1)])


def chosen(**said):
    return [{**region({"choices": [word]}, "choices", tag), "from_name": tag} for tag, word in said.items()]


def test_of_two_choices_for_whole_pictures_the_one_that_is_called_label_is_the_label(tmp_path):
    labelstudio(tmp_path, chosen(fruit="apple", time="night"))
    with pytest.raises(InputRejectedError, match="'fruit' and 'time', and none is called label") as caught:
        layout.read("labelstudio", tmp_path)
    assert str(caught.value).endswith("Rename the one that is the label to: label")
    comment = {**region({"text": ["ripe"]}, "textarea", "r8"), "from_name": "comment"}
    labelstudio(tmp_path, [*chosen(time="night", label="apple"), comment])
    assert read_one("labelstudio", tmp_path) == ([("apple", None, "")], [])
    assert attributes_of("labelstudio", tmp_path) == [{"time": "night", "comment": "ripe"}]
    assert layout.read("labelstudio", tmp_path).findings == ()


def test_a_choice_of_a_usual_name_is_the_label_and_it_is_said_which(tmp_path):
    labelstudio(tmp_path, chosen(time="night", choice="apple"))
    assert read_one("labelstudio", tmp_path) == ([("apple", None, "")], [("label-attribute", 0)])
    (note,) = layout.read("labelstudio", tmp_path).findings
    assert (note.code, note.skips) == ("label-attribute", False)
    assert note.reason == "the choice 'choice' is read as the label, and 'time' as what else is known of the objects"


def test_a_picture_without_the_choice_that_is_the_label_is_named(tmp_path):
    labelstudio(tmp_path, chosen(time="night"))
    tasks = json.loads(task_file(tmp_path).read_text("utf-8"))
    Image.new("RGB", SHOT.size_wh).save(tmp_path / "b.png")
    both = labelstudio_annotation(chosen(time="day", label="pear"))
    save_json(task_file(tmp_path), [*tasks, {"id": 2, "data": {"image": "b.png"}, "annotations": [both]}])
    found = {picture.path.name: picture for picture in layout.read("labelstudio", tmp_path).pictures}
    assert [(one.code, one.objects) for one in found["a.png"].findings] == [("many-labels", 1)]
    assert [entry.label for entry in found["b.png"].objects] == ["pear"]


def json_min(root, *rows):
    write_labelstudio(root, [SHOT])
    common = {"annotator": 1, "annotation_id": 7, "created_at": "2026", "updated_at": "2026", "lead_time": 1.5}
    save_json(task_file(root), [{"id": 1, "image": "/data/upload/1/a.png", **row, **common} for row in rows])


@pytest.mark.parametrize("said", [{"choice": "apple"}, {"fruit": "apple"}, {"fruit": {"choices": ["apple"]}}])
def test_the_choices_of_json_min_are_labels_of_whole_pictures(tmp_path, said):
    json_min(tmp_path, said)
    assert layout.detect(tmp_path) == "labelstudio"
    assert read_one("labelstudio", tmp_path) == ([("apple", None, "")], [])


def test_of_two_choices_of_json_min_the_one_that_is_called_label_is_the_label(tmp_path):
    json_min(tmp_path, {"fruit": "apple", "time": "night"})
    with pytest.raises(InputRejectedError, match="'fruit' and 'time', and none is called label"):
        layout.read("labelstudio", tmp_path)
    json_min(tmp_path, {"label": "apple", "time": "night"})
    assert read_one("labelstudio", tmp_path) == ([("apple", None, "")], [])
    assert attributes_of("labelstudio", tmp_path) == [{"time": "night"}]


def test_the_angle_of_a_turned_box_is_an_attribute(tmp_path):
    labelstudio(tmp_path, [region({**APPLE, "rotation": 12.5})])
    assert attributes_of("labelstudio", tmp_path) == [{"rotation": 12.5}]


def test_a_region_with_two_labels_is_named_and_left_out(tmp_path):
    labelstudio(tmp_path, [region({**APPLE, "rectanglelabels": ["apple", "pear"]})])
    assert read_one("labelstudio", tmp_path) == ([], [("many-labels", 1)])


@pytest.mark.parametrize(
    ("data", "file"),
    [
        ({"picture": "/data/upload/3/90fbb0c7-a.png"}, "a.png"),
        ({"image": "/data/upload/3/10203040-a.png"}, "a.png"),
        ({"image": "/data/upload/3/90fbb0c7-my_shot_1.png"}, "my shot (1).png"),
        ({"text": "a note", "ocr": "https://example.org/files/a%20b.png?sig=1"}, "a b.png"),
        ({"image": "s3://bucket/day one/a.png"}, "a.png"),
        ({"image": "/data/local-files/?d=C%3A%5Cshots%5Ca.png"}, "a.png"),
        ({"image": "/storage-data/uploaded/?filepath=upload/1/aa11bb20-a.png"}, "a.png"),
        ({"image": "/storage-data/uploaded/?filepath=upload/1/10203040-a.png"}, "a.png"),
        ({"image": "/storage-data/presigned/?filepath=upload%2F1%2Faa11bb20-a.png"}, "aa11bb20-a.png"),
        (
            {
                "image": f"/tasks/7/resolve/?fileuri={base64.urlsafe_b64encode('s3://b/größe~?/a.png'.encode()).decode()}"
            },
            "a.png",
        ),
        ({"image": "/tasks/7/presign/?fileuri=czM6Ly9zaG90cy9hLnBuZw"}, "a.png"),
    ],
)
def test_the_picture_of_a_task_is_found_under_any_key_and_by_any_address(tmp_path, data, file):
    labelstudio(tmp_path, [region(APPLE)], data=data)
    picture = tmp_path / "images" / "garden" / "a.png"
    picture.rename(picture.with_name(file))
    (read,) = layout.read("labelstudio", tmp_path).pictures
    assert read.path.name == file
    assert read.size_wh == (64, 48)


def two_pictures(root, data, *regions, rows=None):
    """Write a task that shows a.png and b.png, or rows of JSON-MIN, and read which labels are on which."""
    labelstudio(root, list(regions), data=data)
    Image.new("RGB", SHOT.size_wh).save(root / "b.png")
    if rows:
        save_json(task_file(root), rows)
    reading = layout.read("labelstudio", root)
    found = {one.path.name: [entry.label for entry in one.objects] for one in reading.pictures}
    return found, [one for one in reading.findings if one.skips]


def on(tag, label, identity, **more):
    return {**region({**APPLE, "rectanglelabels": [label]}, identity=identity), "to_name": tag, **more}


PAIR = {"before": "/data/upload/1/a.png", "after": "/data/upload/1/b.png"}


def test_each_region_of_a_task_of_two_pictures_is_that_of_the_picture_that_it_names(tmp_path):
    apple, pear = on("before", "apple", "r1"), on("after", "pear", "r2")
    night = {**region({"choices": ["night"]}, "choices", "r3"), "to_name": "note", "from_name": "time"}
    assert two_pictures(tmp_path, PAIR, apple, pear, night) == ({"a.png": ["apple"], "b.png": ["pear"]}, [])
    assert attributes_of("labelstudio", tmp_path) == [{"time": "night"}] * 2
    assert two_pictures(tmp_path, PAIR, pear) == ({"b.png": ["pear"]}, [])


def test_what_is_said_of_another_picture_of_a_task_is_not_said_of_the_one_that_is_drawn_on(tmp_path):
    night = {**region({"choices": ["night"]}, "choices", "r3"), "to_name": "after", "from_name": "weather"}
    assert two_pictures(tmp_path, PAIR, on("before", "apple", "r1"), night)[0] == {"a.png": ["apple"]}
    assert attributes_of("labelstudio", tmp_path) == [{}]
    alike = {**PAIR, "after": "https://example.org/a.png"}
    assert two_pictures(tmp_path, alike, on("before", "apple", "r1"), night)[0] == {"a.png": ["apple"]}
    assert attributes_of("labelstudio", tmp_path) == [{"weather": "night"}]


@pytest.mark.parametrize(
    "data",
    [
        {"image": "https://x.y/uuid/abc?sig=1", "file_name": "a.png"},
        {"image": "s3://bucket/0f0f.png", "original": "a.png"},
        {"image": "s3://bucket/a.png", "original": "b.png"},
    ],
)
def test_where_one_key_is_drawn_on_its_picture_may_be_named_under_another(tmp_path, data):
    assert two_pictures(tmp_path, data, on("image", "apple", "r1")) == ({"a.png": ["apple"]}, [])


def test_of_two_keys_that_are_annotated_neither_stands_for_the_other(tmp_path):
    data = {"before": "gone.png", "after": "b.png"}
    night = {**region({"choices": ["night"]}, "choices", "r3"), "to_name": "after", "from_name": "weather"}
    found, (finding,) = two_pictures(tmp_path, data, on("before", "apple", "r1"), night)
    assert (found, finding.code) == ({}, "no-picture")


def test_regions_that_could_be_those_of_either_picture_are_named_and_left_out(tmp_path):
    found, (finding,) = two_pictures(tmp_path, PAIR, on("before", "apple", "r1"), on("img-2", "pear", "r2"))
    assert (found, finding.objects, finding.pictures) == ({"a.png": ["apple"]}, 1, 0)
    assert str(finding).endswith(
        "task 1: shows 2 pictures, 'before' and 'after', and does not say on which of them 1 region was drawn: "
        "to_name is 'img-2' (write the key of their picture as to_name)"
    )
    for regions in ([on("img-1", "apple", "r1"), on("img-2", "pear", "r2")], [on("img-2", "pear", "r2")]):
        found, (finding,) = two_pictures(tmp_path, PAIR, *regions)
        assert (found, finding.objects, finding.pictures) == ({}, len(regions), 2)


def test_json_min_does_not_say_on_which_of_two_pictures_a_region_lies_so_that_none_is_read(tmp_path):
    rectangle = {**APPLE, "original_width": 64, "original_height": 48}
    found, (finding,) = two_pictures(tmp_path, PAIR, rows=[{**PAIR, "id": 1, "label": [rectangle]}])
    assert (found, finding.remedy) == ({}, "export JSON from Label Studio, not JSON-MIN")


def test_pictures_that_a_task_lists_are_told_apart_by_the_index_in_each_region(tmp_path):
    several = {"pages": list(PAIR.values())}
    apple, pear = on("image", "apple", "r1", item_index=0), on("image", "pear", "r2", item_index=1)
    assert two_pictures(tmp_path, several, pear, apple) == ({"a.png": ["apple"], "b.png": ["pear"]}, [])
    assert two_pictures(tmp_path, several, pear) == ({"a.png": [], "b.png": ["pear"]}, [])
    found, (finding,) = two_pictures(tmp_path, several, apple, on("image", "pear", "r2", item_index=7))
    assert (found, finding.reason) == ({"a.png": ["apple"], "b.png": []}, "names no picture; got {'item_index': 7}")
    found, (finding,) = two_pictures(tmp_path, several, on("image", "apple", "r1"))
    assert (found, finding.objects, finding.pictures) == ({}, 1, 2)
    assert finding.remedy == "write the number, from 0, of their picture as item_index"
    rectangle = {**APPLE, "original_width": 64, "original_height": 48}
    found, (finding,) = two_pictures(tmp_path, several, rows=[{**several, "id": 1, "label": [rectangle]}])
    assert (found, finding.remedy) == ({}, "export JSON from Label Studio, not JSON-MIN")


def test_what_is_said_of_a_list_of_pictures_holds_for_each_that_is_drawn_on(tmp_path):
    several = {"pages": [*PAIR.values(), "c.png"]}
    (tmp_path / "c.png").touch()
    apple, pear = on("image", "apple", "r1", item_index=0), on("image", "pear", "r2", item_index=1)
    night = {**region({"choices": ["night"]}, "choices", "r3"), "from_name": "time"}
    red = {**region({"choices": ["red"]}, "choices", "r2"), "from_name": "colour"}
    expected = {"a.png": ["apple"], "b.png": ["pear"], "c.png": []}
    assert two_pictures(tmp_path, several, night, red, apple, pear) == (expected, [])
    assert attributes_of("labelstudio", tmp_path) == [{"time": "night", "colour": "red"}, {"time": "night"}]
    assert two_pictures(tmp_path, several, night, pear) == ({"a.png": [], "b.png": ["pear"], "c.png": []}, [])


def test_a_result_that_is_no_list_is_named_for_each_picture_of_a_list(tmp_path):
    labelstudio(tmp_path, [], data={"pages": list(PAIR.values())})
    (task,) = json.loads(task_file(tmp_path).read_text("utf-8"))
    task["annotations"][0]["result"] = "x"
    save_json(task_file(tmp_path), [task])
    Image.new("RGB", SHOT.size_wh).save(tmp_path / "b.png")
    reading = layout.read("labelstudio", tmp_path)
    assert (reading.pictures, [one.code for one in reading.findings]) == ((), ["bad-row"] * 2)


def test_a_video_of_label_studio_is_named_as_one(tmp_path):
    track = {"labels": ["apple"], "sequence": [{**APPLE, "frame": 1, "enabled": True}], "framesCount": 20}
    labelstudio(tmp_path, [region(track, "videorectangle")], data={"video": "/data/upload/1/v.mp4"})
    finding = layout.read("labelstudio", tmp_path).findings[0]
    assert (finding.objects, finding.pictures) == (1, 1)
    assert str(finding).endswith(
        "task 1: is a video, whose tracks are not read (save single frames of it as pictures, and annotate these)"
    )


def test_of_two_addresses_in_a_task_the_one_of_a_picture_below_the_source_is_meant(tmp_path):
    data = {"page": "https://example.org/day/one", "shot": "/data/upload/1/a.png"}
    assert two_pictures(tmp_path, data, on("img", "apple", "r1"))[0] == {"a.png": ["apple"]}
    data = {"shot": "/data/upload/1/a.png", "note": "either/or"}
    day = {**region({"choices": ["day"]}, "choices", "r3"), "to_name": "note", "from_name": "time"}
    assert two_pictures(tmp_path, data, on("shot", "apple", "r1"), day) == ({"a.png": ["apple"]}, [])
    assert attributes_of("labelstudio", tmp_path) == [{"time": "day"}]
    data = {"image": "/data/upload/1/a.png", "thumbnail": "/data/upload/1/b.png"}
    assert two_pictures(tmp_path, data, on("img", "apple", "r1"))[0] == {"a.png": ["apple"]}


@pytest.mark.parametrize("rows", ["full", "short"])
def test_what_is_no_task_of_label_studio_is_named(tmp_path, rows):
    labelstudio(tmp_path, [region(APPLE)]) if rows == "full" else json_min(tmp_path, {"choice": "apple"})
    save_json(task_file(tmp_path), [*json.loads(task_file(tmp_path).read_text("utf-8")), 5])
    reading = layout.read("labelstudio", tmp_path)
    assert [entry.label for picture in reading.pictures for entry in picture.objects] == ["apple"]
    (finding,) = reading.findings
    assert finding.skips
    assert str(finding) == f"{task_file(tmp_path).name}, row 2: must be a task; got 5 (export again)"


def test_data_of_label_studio_that_names_no_picture_is_shown(tmp_path):
    labelstudio(tmp_path, [region(APPLE)], data={"image": 7})
    reading = layout.read("labelstudio", tmp_path)
    assert "names no picture; got {'image': 7}" in [finding.reason for finding in reading.findings]


def test_a_box_is_that_of_the_picture_as_it_is_however_label_studio_turned_it(tmp_path):
    labelstudio(tmp_path, [{**region(APPLE), "image_rotation": 90}])
    assert rounded(read_one("labelstudio", tmp_path)[0]) == [("apple", (1, 2, 30, 40), "")]


def test_a_size_that_is_not_stated_is_that_of_the_picture(tmp_path):
    labelstudio(tmp_path, [{"type": "rectanglelabels", "value": APPLE}])
    assert rounded(read_one("labelstudio", tmp_path)[0]) == [("apple", (1, 2, 30, 40), "")]


def test_of_several_annotations_the_newest_is_read_unless_one_is_ground_truth_and_the_others_are_counted(tmp_path):
    labelstudio(tmp_path, [])
    pear = {**APPLE, "rectanglelabels": ["pear"]}
    old = labelstudio_annotation([region(APPLE), region(APPLE, identity="r2")], updated_at="2026-11-01T10:00:00Z")
    new = labelstudio_annotation([region(pear)], updated_at="2026-11-02T10:00:00Z")
    skipped = labelstudio_annotation([region(pear)], updated_at="2026-11-03T10:00:00Z", was_cancelled=True)
    task = {"id": 1, "data": {"image": "a.png"}}
    save_json(task_file(tmp_path), [{**task, "annotations": [new, old, skipped]}])
    objects, codes = read_one("labelstudio", tmp_path)
    assert [label for label, _, _ in objects] == ["pear"]
    assert codes == [("cancelled", 1), ("more-annotations", 2)]
    save_json(task_file(tmp_path), [{**task, "annotations": [new, {**old, "ground_truth": True}]}])
    objects, codes = read_one("labelstudio", tmp_path)
    assert [label for label, _, _ in objects] == ["apple", "apple"]
    assert codes == [("more-annotations", 1)]


def test_predictions_and_skipped_annotations_are_no_annotations_and_are_said(tmp_path):
    labelstudio(tmp_path, [])
    task = {"id": 1, "data": {"image": "a.png"}, "annotations": [], "predictions": [{"result": [region(APPLE)]}]}
    save_json(task_file(tmp_path), [task])
    reading = layout.read("labelstudio", tmp_path)
    assert reading.pictures == ()
    assert [finding.code for finding in reading.findings] == ["prediction"]  # and no other remedy for its picture
    cancelled = labelstudio_annotation([region(APPLE)], was_cancelled=True)
    save_json(task_file(tmp_path), [{**task, "annotations": [cancelled]}])
    reading = layout.read("labelstudio", tmp_path)
    assert reading.pictures == ()
    assert [(finding.code, finding.objects) for finding in reading.findings] == [("cancelled", 1)]
    both = {**task, "data": {"images": ["a.png", "b.png"]}, "annotations": [cancelled]}
    write_picture(tmp_path / "images/garden/b.png", SHOT)
    save_json(task_file(tmp_path), [both])
    assert {*layout.read("labelstudio", tmp_path).unusable} == {"images/garden/a.png", "images/garden/b.png"}
    save_json(task_file(tmp_path), [both, {**task, "annotations": [labelstudio_annotation([region(APPLE)])]}])
    assert {*layout.read("labelstudio", tmp_path).unusable} == {"images/garden/b.png"}


def test_the_short_export_of_label_studio_is_read_too(tmp_path):
    labelstudio(tmp_path, [])
    rectangle = {**percent((1, 2, 30, 40), SHOT.size_wh), "original_width": 64, "original_height": 48}
    old = {"image": "/data/upload/1/90fbb0c7-a.png", "id": 4, "annotator": 1, "updated_at": "2026-11-01T10:00:00Z",
           "label": [{**rectangle, "rectanglelabels": ["pear"]}]}  # fmt: skip
    new = {**old, "updated_at": "2026-11-02T10:00:00Z", "label": [{**rectangle, "rectanglelabels": ["apple"]}]}
    save_json(task_file(tmp_path), [new, old])
    assert layout.detect(tmp_path) == "labelstudio"
    objects, codes = read_one("labelstudio", tmp_path)
    assert (rounded(objects), codes) == ([("apple", (1, 2, 30, 40), "")], [("more-annotations", 1)])
    parts = {"box": [rectangle], "label": [{**rectangle, "labels": ["apple"]}], "label2": []}
    save_json(task_file(tmp_path), [{"image": "a.png", "id": 4, **parts}])
    assert rounded(read_one("labelstudio", tmp_path)[0]) == [("apple", (1, 2, 30, 40), "")]


def test_a_single_task_and_an_annotation_as_a_storage_receives_it_are_read_too(tmp_path):
    labelstudio(tmp_path, [])
    annotation = labelstudio_annotation([region(APPLE)])
    task = {"id": 1, "data": {"image": "a.png"}}
    for document in ({**task, "completions": [annotation]}, {**annotation, "task": task}):
        save_json(task_file(tmp_path), document)
        assert rounded(read_one("labelstudio", tmp_path)[0]) == [("apple", (1, 2, 30, 40), "")]


def via(root, *regions, **project):
    write_via(root, [SHOT])
    pictures = {"a.png123": {"filename": "a.png", "size": 123, "regions": list(regions), "file_attributes": {}}}
    save_json(root / "via_project.json", {"_via_img_metadata": pictures, **project} if project else pictures)


LABEL = {"label": "apple"}


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (via_region(LABEL, x=1, y=2, width=29, height=38), ((1, 2, 30, 40), "")),
        (via_region(LABEL, "circle", cx=20, cy=20, r=5), ((15, 15, 25, 25), "circle was taken")),
        (via_region(LABEL, "ellipse", cx=20, cy=20, rx=5, ry=8), ((15, 12, 25, 28), "ellipse was taken")),
        (
            via_region(LABEL, "ellipse", cx=20, cy=20, rx=5, ry=8, theta=math.pi / 2),
            ((12, 15, 28, 25), "ellipse was taken"),
        ),
        (
            via_region(LABEL, "polygon", all_points_x=[10, 20, 10, 0], all_points_y=[10, 20, 30, 20]),
            ((0, 10, 20, 30), "polygon was taken"),
        ),
        (
            via_region(LABEL, "polyline", all_points_x=[10, 20, 10], all_points_y=[10, 20, 30]),
            ((10, 10, 20, 30), "points was taken"),
        ),
    ],
)
def test_the_shapes_of_via_become_boxes_and_it_is_said_how(tmp_path, drawn, expected):
    via(tmp_path, drawn)
    assert read_one("via", tmp_path) == ([("apple", *expected)], [])


def test_a_table_of_via_that_excel_saved_is_read(tmp_path):
    via(tmp_path)
    (tmp_path / "via_project.json").unlink()
    header = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
    shape = '"{""name"":""rect"",""x"":1,""y"":2,""width"":29,""height"":38}"'
    row = f'a.png;1;{{}};1;0;{shape};"{{""fruit"":""apple"",""name"":""not_defined""}}"'
    (tmp_path / "via.csv").write_text(f"sep=;\n{header.replace(',', ';')}\n{row}\n", encoding="utf-8")
    assert layout.detect(tmp_path) == "via"
    assert read_one("via", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [])


def test_a_point_of_via_is_named_and_counted_and_regions_may_be_an_object(tmp_path):
    via(tmp_path)
    regions = {"0": via_region(LABEL, "point", cx=1, cy=2), "1": via_region(LABEL, x=1, y=2, width=29, height=38)}
    save_json(tmp_path / "via_project.json", {"a.png1": {"filename": "a.png", "regions": regions}})
    assert read_one("via", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [("no-box", 1)])


BOX = {"x": 1, "y": 2, "width": 29, "height": 38}


@pytest.mark.parametrize(
    ("attributes", "label", "others", "said"),
    [
        ({"fruit": "apple"}, "apple", {}, []),
        ({"fruit": "apple", "note": ""}, "apple", {}, []),
        ({"Class": "apple", "occluded": "yes"}, "apple", {"occluded": True}, ["label-attribute"]),
        ({"name": {"apple": True, "pear": False}}, "apple", {}, []),
        ({"label": "apple", "state": {"is_turned": True}}, "apple", {"is_turned": True}, []),
    ],
)
def test_the_attribute_of_via_that_is_the_label_is_found_and_the_others_are_kept(
    tmp_path, attributes, label, others, said
):
    via(tmp_path, via_region(attributes, **BOX))
    reading = layout.read("via", tmp_path)
    assert [entry.label for entry in reading.pictures[0].objects] == [label]
    assert [finding.code for finding in reading.findings] == said
    assert attributes_of("via", tmp_path) == [others]


def test_where_no_attribute_of_via_is_called_like_a_label_they_are_named_and_renaming_one_cures_it(tmp_path):
    via(tmp_path, via_region({"fruit": "apple", "colour": "red"}, **BOX))
    with pytest.raises(InputRejectedError, match="'colour' and 'fruit', and none is called label") as caught:
        layout.read("via", tmp_path)
    assert str(caught.value).endswith("Rename the one that is the label to: label")
    via(tmp_path, via_region({"label": "apple", "colour": "red"}, **BOX))
    assert [label for label, _, _ in read_one("via", tmp_path)[0]] == ["apple"]


def test_a_region_of_via_with_two_ticks_or_none_is_left_out_and_named(tmp_path):
    both, none = ({"name": {"apple": tick, "pear": tick}} for tick in (True, False))
    via(tmp_path, via_region(both, **BOX), via_region(none, **BOX), via_region({}, **BOX))
    assert read_one("via", tmp_path) == ([], [("many-labels", 1), ("no-label", 1), ("no-label", 1)])


def test_a_numbered_option_of_a_project_of_via_is_read_as_the_word_it_stands_for(tmp_path):
    options = {"type": "radio", "options": {"1": "apple", "2": "pear"}}
    via(tmp_path, via_region({"fruit": "1"}, **BOX), _via_attributes={"region": {"fruit": options}})
    assert [label for label, _, _ in read_one("via", tmp_path)[0]] == ["apple"]


HEADER = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes"
CSV_BOX = '"{""name"":""rect"",""x"":1,""y"":2,""width"":29,""height"":38}"'


@pytest.mark.parametrize("header", [HEADER, f"#{HEADER}", f"\ufeff{HEADER}"])
def test_the_table_of_via_is_read_too(tmp_path, header):
    via(tmp_path)
    (tmp_path / "via_project.json").unlink()
    scene("b").save(tmp_path / "images" / "b.png")
    rows = [
        f'a.png,123,"{{}}",2,0,{CSV_BOX},"{{""label"":""apple""}}"',
        'a.png,123,"{}",2,1,"{""name"":","{}"',
        'b.png,99,"{}",0,0,"{}","{}"',
    ]
    (tmp_path / "via_export_csv.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    assert layout.detect(tmp_path) == "via"
    reading = layout.read("via", tmp_path)
    assert [(picture.path.name, len(picture.objects)) for picture in reading.pictures] == [("b.png", 0), ("a.png", 1)]
    assert [finding.code for picture in reading.pictures for finding in picture.findings] == ["bad-row"]
    assert reading.findings == ()


def test_a_table_of_via_that_cannot_be_read_is_named(tmp_path):
    via(tmp_path)
    (tmp_path / "more.csv").write_bytes(f"{HEADER}\n".encode() + b"\xff\xfe")
    (finding,) = layout.read("via", tmp_path).findings
    assert (finding.item, finding.code, finding.files) == ("more.csv", "encoding", 1)


def test_the_keys_of_apples_documentation_are_read_like_those_of_labelimg(tmp_path):
    write_createml(tmp_path, [SHOT])
    annotation = {"label": "apple", "coordinates": {"x": 15.5, "y": 21, "width": 29, "height": 38}, "occluded": True}
    save_json(tmp_path / "shots.json", [{"imagefilename": "a.png", "annotation": [annotation]}])
    assert layout.detect(tmp_path) == "createml"
    assert read_one("createml", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [])
    assert attributes_of("createml", tmp_path) == [{"occluded": True}]


def test_a_picture_of_createml_that_is_listed_again_without_a_box_that_cannot_be_read_is_refused(tmp_path):
    write_createml(tmp_path, [SHOT])
    (path,) = tmp_path.rglob("*.json")
    (row,) = json.loads(path.read_text("utf-8"))
    broken = [{**one, "coordinates": {}} for one in row["annotations"]]
    save_json(path, [{**row, "annotations": broken}, {**row, "annotations": []}])
    words = (
        "a.png lists one picture, .*a.png, twice, with other objects or faults. Put all its objects into one of them"
    )
    with pytest.raises(InputRejectedError, match=words):
        layout.read("createml", tmp_path)
    save_json(path, [{**row, "annotations": broken}] * 2)
    assert [one.code for one in layout.read("createml", tmp_path).findings] == ["listed-twice"]


def test_a_box_of_createml_in_shares_of_the_picture_is_named(tmp_path):
    write_createml(tmp_path, [SHOT])
    annotation = {"label": "apple", "coordinates": {"x": 0.5, "y": 0.5, "width": 0.25, "height": 0.5}}
    save_json(tmp_path / "shots.json", [{"image": "a.png", "annotations": [annotation]}])
    assert read_one("createml", tmp_path) == ([], [("not-pixels", 1)])


def test_coordinates_of_createml_that_are_written_as_texts_are_read_as_those_of_coco_are(tmp_path):
    write_createml(tmp_path, [SHOT])
    path = tmp_path / "shots.json"
    path.write_text(re.sub(r'"(x|y|width|height)": ([0-9.]+)', r'"\1": "\2"', path.read_text()))
    assert '"x": "' in path.read_text()
    assert read_one("createml", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [])


def test_roboflows_createml_keeps_the_subsets_and_the_pictures_beside_its_files(tmp_path):
    for subset in ("train", "valid", "test"):
        write_createml(tmp_path / subset, [Shot("a", ".", SHOT.objects)])
    reading = layout.read("createml", tmp_path)
    assert {picture.name: picture.subset for picture in reading.pictures} == {
        "train/a.png": "train", "valid/a.png": "val", "test/a.png": "test",
    }  # fmt: skip
    assert {picture.context for picture in reading.pictures} == {"all"}


def supervisely(root, *objects, **more):
    write_supervisely(root, [SHOT])
    document = {"size": {"height": 48, "width": 64}, "objects": list(objects), **more}
    save_json(root / "garden" / "ann" / "a.png.json", document)


def exterior(*points):
    return {"points": {"exterior": [list(point) for point in points], "interior": []}}


def bitmap(size_wh, origin):
    buffer = io.BytesIO()
    Image.new("1", size_wh, 1).save(buffer, "PNG")
    packed = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    return {"bitmap": {"data": packed, "origin": list(origin)}}


@pytest.mark.parametrize(
    ("kind", "geometry", "expected"),
    [
        ("rectangle", exterior((29, 39), (1, 2)), ((1, 2, 30, 40), "")),
        ("rectangle", exterior((1.5, 2), (30, 40)), ((1.5, 2, 30, 40), "")),
        ("polygon", exterior(*SQUARE), ((0, 10, 21, 31), "polygon was taken")),
        ("bitmap", bitmap((7, 5), (3, 4)), ((3, 4, 10, 9), "mask was taken")),
        ("oriented_bbox", {"points": [[10, 10], [29, 19]], "angle": math.pi / 2},
         ((15, 5, 25, 25), "turned box was taken")),
    ],
)  # fmt: skip
def test_the_figures_of_supervisely_become_boxes_with_their_last_pixels(tmp_path, kind, geometry, expected):
    supervisely(tmp_path, supervisely_object("apple", kind, **geometry))
    objects, codes = read_one("supervisely", tmp_path)
    assert (rounded(objects), codes) == ([("apple", *expected)], [])


@pytest.mark.parametrize(
    ("kind", "geometry", "code"),
    [
        ("point", exterior((1, 2)), "no-box"),
        ("line", exterior((1, 2), (3, 4)), "no-box"),
        ("graph", {"nodes": {}}, "no-box"),
        ("bitmap", {"bitmap": {"data": "no base64!", "origin": [1, 2]}}, "bad-mask"),
        ("bitmap", {"bitmap": {"data": base64.b64encode(zlib.compress(b"x" * 50)).decode(), "origin": [1, 2]}},
         "bad-mask"),
        ("bitmap", {"bitmap": {"origin": [1, 2]}}, "bad-mask"),
    ],
)  # fmt: skip
def test_what_is_no_box_in_supervisely_is_named_and_counted_and_the_rest_is_kept(tmp_path, kind, geometry, code):
    box = supervisely_object("apple", **exterior((1, 2), (29, 39)))
    supervisely(tmp_path, supervisely_object("pear", kind, **geometry), box)
    assert read_one("supervisely", tmp_path) == ([("apple", (1, 2, 30, 40), "")], [(code, 1)])


def test_tags_of_supervisely_become_attributes(tmp_path):
    tags = [{"name": "occluded", "value": None}, {"name": "Colour", "value": "red"}, {"id": 3}]
    box = supervisely_object("apple", **exterior((1, 2), (29, 39)), tags=tags)
    supervisely(tmp_path, box, tags=[{"name": "night"}])
    assert attributes_of("supervisely", tmp_path) == [{"occluded": True, "colour": "red", "night": True}]
    angle = supervisely_object("apple", "oriented_bbox", points=[[10, 10], [29, 19]], angle=-math.pi / 2)
    supervisely(tmp_path, angle)
    assert attributes_of("supervisely", tmp_path) == [{"rotation": 270}]


def test_pictures_of_one_name_in_two_data_sets_of_supervisely_keep_their_own_boxes(tmp_path):
    shots = [Shot("a", name, ((label, (1, 2, 30, 40)),)) for name, label in (("ds0", "apple"), ("ds1", "pear"))]
    write_supervisely(tmp_path, shots)
    reading = layout.read("supervisely", tmp_path)
    assert [(picture.name, picture.objects[0].label) for picture in reading.pictures] == [
        ("ds0/img/a.png", "apple"), ("ds1/img/a.png", "pear"),
    ]  # fmt: skip


def flagged(root, *names, shapes=()):
    """Write a picture for labelme whose flags have these names, and are raised."""
    number = len(list(root.glob("*.json")))
    scene(number, (160, 120)).save(root / f"{number}.png")
    flags = {"unsure": False, **dict.fromkeys(names, True)}
    document = {"version": "5.0.1", "flags": flags, "shapes": list(shapes), "imagePath": f"{number}.png"}
    (root / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")


def test_flags_of_labelme_label_whole_pictures_where_nothing_is_drawn(tmp_path):
    for names in (("cat",), ("dog",), (), ("cat", "dog")):
        flagged(tmp_path, *names)
    found = layout.read("labelme", tmp_path).pictures
    assert [[(entry.label, entry.xyxy) for entry in one.objects] for one in found] == [
        [("cat", None)],
        [("dog", None)],
        [],
        [],
    ]
    assert [str(finding) for finding in found[3].findings] == [
        "3.json, object 1: has 2 flags; got ['cat', 'dog'] (leave one)"
    ]
    flagged(tmp_path, shapes=[{"label": "cat", "points": [[10, 10], [60, 70]], "shape_type": "rectangle"}])
    assert [len(one.objects) for one in layout.read("labelme", tmp_path).pictures] == [0, 0, 0, 0, 1]


def test_tags_of_supervisely_label_whole_pictures_where_nothing_is_drawn(tmp_path):
    for name in ("cat", "dog"):
        scene(name, (160, 120)).save(tmp_path / f"{name}.png")
        document = {"tags": [{"name": name, "value": None}], "size": {"height": 120, "width": 160}, "objects": []}
        (tmp_path / f"{name}.png.json").write_text(json.dumps(document), encoding="utf-8")
    found = layout.read("supervisely", tmp_path).pictures
    assert [[(entry.label, entry.xyxy) for entry in one.objects] for one in found] == [[("cat", None)], [("dog", None)]]


def test_what_errors_leave_in_memory_is_freed_soon_where_a_source_is_read_again_and_again(tmp_path):
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    gc.collect()
    for _ in range(20):
        with contextlib.suppress(InputRejectedError):
            layout.read("coco", tmp_path)
    gc.collect(1)
    assert not any(isinstance(one, SourceTree) for one in gc.get_objects())
