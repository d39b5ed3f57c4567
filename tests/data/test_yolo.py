"""YOLO as the field's programs write it: what names the classes and subsets, what a row may hold, and what is odd."""

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import YOLO_LAYOUTS, Shot, files_property, scene, tried, write_class_folders, write_voc, write_yolo
from toonvision.core.errors import InputRejectedError
from toonvision.data.formats import layout, yolo
from toonvision.data.formats.base import read_objects
from toonvision.data.formats.yolo_rows import parse_row, plain_boxes
from toonvision.data.formats.yolo_settings import Settings
from toonvision.data.source_tree import SourceTree

ROW = "0 0.5 0.5 0.5 0.5\n"
BOX = (16, 12, 48, 36)
"""What the row means in a picture of 64 x 48."""


def put(root, *files, rows=ROW):
    """Write a picture, or a label file of these rows, at each path."""
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt":
            path.write_text(rows, encoding="utf-8")
        else:
            scene(file).save(path)


def pair(root, *stems, pictures="images", labels="labels", rows=ROW):
    for stem in stems:
        put(root, f"{pictures}/{stem}.png", f"{labels}/{stem}.txt", rows=rows)


def read(root):
    return yolo.read(SourceTree.of(root))


def codes(reading):
    return [finding.code for finding in reading.findings]


def subsets(reading):
    return {picture.name: picture.subset for picture in reading.pictures}


def one_row(root, row, *, settings="names: [cat, dog]\n"):
    """Read a source of one picture with one row: its object or, if it was left out, the finding."""
    pair(root, "a", rows=f"{row}\n")
    (root / "data.yaml").write_text(settings, encoding="utf-8")
    (picture,) = read(root).pictures
    return picture.objects[0] if picture.objects else picture.findings[0]


IN_SUBSETS = {
    "as its path says": ("data.yaml", "path: .\ntrain: images/train\nval: images/val\n"),
    "without a path": ("any name.yml", "train: images/train/\nval: ./images/val\n"),
    "of a path beside": ("pets.yaml", "path: ../datasets/pets\ntrain: images/train\nval: images/val\n"),
    "of an absolute path": ("pets.yaml", "path: /content/datasets/pets\ntrain: images/train\nval: images/val\n"),
    "each absolute": ("data.yaml", "train: /other/pets/images/train\nval: /elsewhere/pets/images/val\n"),
    "of windows": ("data.yaml", "path: C:\\Users\\me\\pets\ntrain: images\\train\nval: D:\\pets\\images\\val\n"),
    "with its own name in front": ("data.yaml", "train: pets/images/train\nval: pets/images/val\n"),
    "as lists, nothing for test": ("data.yaml", "path: /x\ntrain: [images/train]\nval:\n- images/val\ntest:\n"),
    "as mappings": ("data.yaml", "train: {0: images/train}\nval: {0: images/val}\n"),
    "with test null": ("data.yaml", "train: images/train\nval: images/val\ntest: null\n"),
    "in a folder of its own": ("config/pets.yaml", "path: ..\ntrain: images/train\nval: images/val\n"),
    "of other case": ("data.yaml", "train: Images/Train\nval: IMAGES/val\n"),
}


@pytest.mark.parametrize("how", IN_SUBSETS)
def test_the_subsets_of_a_yaml_file_are_found_whatever_machine_it_was_written_for(tmp_path, how):
    file, text = IN_SUBSETS[how]
    pair(tmp_path, "train/a", "train/b", "val/a")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(f"{text}names:\n  0: cat\n  1: dog\n")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert subsets(reading) == {
        "images/train/a.png": "train", "images/train/b.png": "train", "images/val/a.png": "val"
    }  # fmt: skip
    assert {entry.label for picture in reading.pictures for entry in picture.objects} == {"cat"}
    assert layout.detect(tmp_path) == "yolo"
    assert yolo.recognise(SourceTree.of(tmp_path)) == f"YOLO, with {file}"


def test_a_data_set_may_lie_a_folder_or_two_below_the_source(tmp_path):
    for place in ("unpacked", "unpacked/again"):
        root = tmp_path / place
        pair(root, "a", "b", pictures="train/images", labels="train/labels")
        (root / "data.yaml").write_text("train: ../train/images\nnames: [cat]\n")
        assert subsets(read(tmp_path)) == {f"{place}/train/images/{stem}.png": "train" for stem in "ab"}
        shutil.rmtree(root)
    pair(tmp_path / "ds", "a", pictures="train/images", labels="train/labels")
    (tmp_path / "data.yaml").write_text("path: ./\ntrain: train/images\nnames: [cat]\n")
    assert read(tmp_path).findings == ()


def test_a_subset_whose_folders_have_no_telling_names_is_that_of_the_yaml_file(tmp_path):
    pair(tmp_path, "monday/a", "tuesday/b", "friday/c")
    (tmp_path / "data.yaml").write_text(
        "train: images/monday\nval: images/tuesday\ntest: images/friday\nnames: [cat]\n"
    )
    assert list(subsets(read(tmp_path)).values()) == ["test", "train", "val"]
    assert {picture.context for picture in read(tmp_path).pictures} == {"monday", "tuesday", "friday"}


@pytest.mark.parametrize(
    "line",
    ["images/{}.png", "./images/{}.png", "/other/pets/images/{}.png", "D:\\pets\\images\\{}.png", "data/pets/{}.png"],
)
def test_a_subset_may_be_a_text_that_lists_its_pictures(tmp_path, line):
    pair(tmp_path, "a", "b", "c")
    (tmp_path / "train.txt").write_text(f"{line.format('a')}\r\n{line.format('c')}\r\n\r\n")
    (tmp_path / "val.txt").write_text(line.format("b"))
    (tmp_path / "pets.yaml").write_text("path: /x/pets\ntrain: train.txt\nval: [val.txt]\nnames: [cat]\n")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert subsets(reading) == {"images/a.png": "train", "images/b.png": "val", "images/c.png": "train"}


def test_pictures_that_a_text_lists_and_that_are_not_there_are_counted(tmp_path):
    pair(tmp_path, "a")
    put(tmp_path, "labels/stray.txt")
    (tmp_path / "train.txt").write_text("images/a.png\nimages/gone.png\nimages/stray.png\nimages/lost.png\n")
    (tmp_path / "pets.yaml").write_text("train: train.txt\nnames: [cat]\n")
    reading = read(tmp_path)
    assert codes(reading) == ["not-there", "no-picture"]
    assert "lists 2 pictures that are not below the source, such as 'images/gone.png'" in reading.findings[0].reason
    assert [finding.pictures for finding in reading.findings] == [0, 1]


def test_darknets_files_name_classes_and_subsets(tmp_path):
    put(tmp_path, "obj_train_data/a.png", "obj_train_data/a.txt", "obj_train_data/b.png", "obj_train_data/b.txt")
    put(tmp_path, "obj_train_data/c.png", "obj_train_data/c.txt", rows="1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = backup/\n"
    )
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    (tmp_path / "train.txt").write_text("data/obj_train_data/a.png\ndata/obj_train_data/b.png\n")
    (tmp_path / "valid.txt").write_text("data/obj_train_data/c.png\n")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [picture.subset for picture in reading.pictures] == ["train", "train", "val"]
    assert [picture.objects[0].label for picture in reading.pictures] == ["cat", "cat", "dog"]


@pytest.mark.parametrize("name", ["{}.txt", "autosplit_{}.txt"])
def test_lists_name_the_subsets_where_the_settings_do_not(tmp_path, name):
    pair(tmp_path, "a", "b", "c")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    (tmp_path / name.format("train")).write_text("./images/a.png\n./images/b.png\n")
    (tmp_path / name.format("val")).write_text("./images/c.png\n")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert subsets(reading) == {"images/a.png": "train", "images/b.png": "train", "images/c.png": "val"}


def test_a_subset_that_is_named_and_absent_is_one_note_and_the_rest_is_read(tmp_path):
    pair(tmp_path, "a", pictures="train/images", labels="train/labels")
    pair(tmp_path, "b", pictures="valid/images", labels="valid/labels")
    put(tmp_path, "images/other.png")
    text = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\nnames: ['cat', 'dog']\n"
    (tmp_path / "data.yaml").write_text(text)
    reading = read(tmp_path)
    assert subsets(reading) == {"train/images/a.png": "train", "valid/images/b.png": "val"}
    note, other = reading.findings
    assert str(note) == (
        "data.yaml: names '../test/images' for test, which is not below the source "
        "(put it there, or take it out of data.yaml)"
    )
    assert (note.skips, other.item, other.code) == (False, "images", "unnamed-folder")
    (tmp_path / "data.yaml").write_text(text.replace("test: ../test/images\n", ""))  # the remedy
    assert codes(read(tmp_path)) == ["unnamed-folder"]


def test_a_subset_whose_folder_is_empty_or_holds_no_picture_is_said_to_be_there(tmp_path):
    pair(tmp_path, "train/a")
    (tmp_path / "valid/images").mkdir(parents=True)
    (tmp_path / "test").mkdir()
    (tmp_path / "test/README.md").write_text("later")
    text = "train: images/train\nval: valid/images\ntest: test\nnames: [cat]\n"
    (tmp_path / "data.yaml").write_text(text)
    assert [str(finding) for finding in read(tmp_path).findings] == [
        f"data.yaml: names '{folder}' for {subset}, which holds no picture "
        "(put its pictures there, or take it out of data.yaml)"
        for subset, folder in (("val", "valid/images"), ("test", "test"))
    ]
    pair(tmp_path, "b", pictures="valid/images", labels="valid/labels")  # the remedy
    (tmp_path / "data.yaml").write_text(text.replace("test: test\n", ""))
    assert read(tmp_path).findings == ()


def test_pictures_are_found_by_their_labels_where_a_yaml_file_names_no_folder_that_exists(tmp_path):
    pair(tmp_path, "a", "b", pictures="shots", labels="shots")
    (tmp_path / "data.yaml").write_text("train: elsewhere/x\nval: elsewhere/y\nnames: [cat]\n")
    reading = read(tmp_path)
    assert len(reading.pictures) == 2
    assert codes(reading) == ["no-subset", "no-subset"]


def test_labelled_pictures_that_no_subset_names_are_read_and_said(tmp_path):
    pair(tmp_path, "train/a", "val/b", "test/c")
    put(tmp_path, "runs/detect/results.png")
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\ntest:\nnames: [cat]\n")
    reading = read(tmp_path)
    assert set(subsets(reading).values()) == {"train", "val", "test"}
    assert [finding.item for finding in reading.findings] == ["images/test", "runs/detect"]
    assert not any(finding.skips for finding in reading.findings)


def test_pictures_that_two_subsets_name_are_in_neither_unless_their_folder_decides(tmp_path):
    pair(tmp_path, "a", "b")
    (tmp_path / "data.yaml").write_text("train: images\nval: images\nnames: [cat]\n")
    assert set(subsets(read(tmp_path)).values()) == {None}
    assert read(tmp_path).findings == (), "one folder for both states no split"
    (tmp_path / "data.yaml").write_text("train: images\nval: .\nnames: [cat]\n")
    assert "train and val alike, as are 2 pictures" in read(tmp_path).findings[0].reason
    pair(tmp_path, "valid/c")
    (tmp_path / "data.yaml").write_text("val: images/valid\ntest: images/valid\nnames: [cat]\n")
    assert subsets(read(tmp_path))["images/valid/c.png"] == "val"


CLASS_FILES = ["classes.txt", "labels/classes.txt", "predefined_classes.txt", "_darknet.labels", "obj.names",
               "my.names", "data/obj.names", "images/classes.txt"]  # fmt: skip


@pytest.mark.parametrize("file", CLASS_FILES)
def test_the_classes_may_be_lines_of_a_text(tmp_path, file):
    pair(tmp_path, "a", "b", rows="1 0.5 0.5 0.5 0.5\n")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes("\ufeffcat\r\nWau Wäu \r\n\r\n".encode())
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [(entry.label, entry.xyxy) for picture in reading.pictures for entry in picture.objects] == [
        ("Wau Wäu", BOX), ("Wau Wäu", BOX)
    ]  # fmt: skip
    assert layout.detect(tmp_path) == "yolo"


def test_label_studios_notes_name_the_classes_where_nothing_else_does(tmp_path):
    pair(tmp_path, "9f3a0c1b-a", rows="1 0.5 0.5 0.5 0.5\n")
    notes = {"categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}], "info": {"version": "1.0"}}
    (tmp_path / "notes.json").write_text(json.dumps(notes))
    assert read(tmp_path).pictures[0].objects[0].label == "dog"
    (tmp_path / "classes.txt").write_text("eel\nfox\n")
    assert read(tmp_path).pictures[0].objects[0].label == "fox"


def test_a_label_file_finds_its_picture_behind_the_escapes_of_an_address(tmp_path):
    put(tmp_path, "images/Prise_décran.png", "labels/Prise_d%C3%A9cran.txt")
    put(tmp_path, "images/my shot (0).png", "labels/9f3a0c1b-my%20shot%20%280%29.txt")
    put(tmp_path, "images/a%20b.png", "labels/a%20b.txt", "images/a b.png", "labels/a b.txt")
    (tmp_path / "classes.txt").write_text("cat\n")
    reading = read(tmp_path)
    assert (len(reading.pictures), reading.findings) == (4, ())
    assert {picture.name: picture.annotation for picture in reading.pictures}["images/a%20b.png"] == "labels/a%20b.txt"


@pytest.mark.parametrize("text", ["9f3a0c1b-a.txt", "a.png.txt", "90fbb0c7-1111-2222-3333-444455556666__a.txt"])
def test_a_label_file_finds_its_picture_behind_a_hash_or_a_suffix(tmp_path, text):
    put(tmp_path, "images/a.png", f"labels/{text}")
    (tmp_path / "classes.txt").write_text("cat\n")
    (picture,) = read(tmp_path).pictures
    assert (picture.name, picture.annotation) == ("images/a.png", f"labels/{text}")


@pytest.mark.parametrize(("rows", "many"), [(ROW, "the label of class 0"), (f"{ROW}2 0.1 0.1 0.1 0.1\n", "3 lines")])
def test_label_files_without_class_names_are_refused_and_the_remedy_cures(tmp_path, rows, many):
    pair(tmp_path, "a", "b", rows=rows)
    assert layout.detect(tmp_path) == "yolo"
    with pytest.raises(InputRejectedError, match=many) as caught:
        read(tmp_path)
    file = tmp_path / "classes.txt"
    assert str(caught.value).startswith(f"{file}: is missing")
    file.write_text("cat\ndog\neel\n")
    assert len(read(tmp_path).pictures) == 2


def test_a_yaml_file_that_only_counts_the_classes_takes_their_names_from_a_text_or_numbers_them(tmp_path):
    pair(tmp_path, "a", rows="1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "data.yaml").write_text("train: images\nnc: 2\n")
    reading = read(tmp_path)
    assert (reading.pictures[0].objects[0].label, codes(reading)) == ("class_1", ["no-names"])
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    reading = read(tmp_path)
    assert (reading.pictures[0].objects[0].label, codes(reading)) == ("dog", [])


def test_names_are_the_words_that_are_written(tmp_path):
    words = ["no", "on", "007", "1e3", "2024-13-45", "null", "x: y"]
    pair(tmp_path, "a", rows="".join(f"{number} 0.5 0.5 0.5 0.5\n" for number in range(len(words))))
    (tmp_path / "data.yaml").write_text("names: [no, on, 007, 1e3, 2024-13-45, null, 'x: y']\n")
    assert [entry.label for entry in read(tmp_path).pictures[0].objects] == words


def test_two_files_that_name_the_classes_differently_are_refused_unless_one_is_of_another_data_set(tmp_path):
    pair(tmp_path, "train/a")
    (tmp_path / "pets.yaml").write_text("train: images/train\nnames: [cat]\n")
    (tmp_path / "coco.yaml").write_text("path: ../coco\ntrain: train2017.txt\nval: val2017.txt\nnames: [person]\n")
    reading = read(tmp_path)
    assert (reading.pictures[0].objects[0].label, reading.findings) == ("cat", ())
    (tmp_path / "other.yaml").write_text("train: images/train\nnames: [dog]\n")
    with pytest.raises(InputRejectedError, match=r"other\.yaml and .*pets\.yaml name the classes differently"):
        read(tmp_path)
    (tmp_path / "other.yaml").unlink()  # the remedy
    assert read(tmp_path).findings == ()


def test_a_yaml_file_of_something_else_stops_nothing_but_a_broken_one_of_a_data_set_does(tmp_path):
    pair(tmp_path / "one", "a")
    (tmp_path / "one" / "data.yaml").write_text("train: images\nnames: [cat]\n")
    (tmp_path / "one" / "people.yaml").write_text("names: {first: Ada}\n")
    assert read(tmp_path).findings == ()
    pair(tmp_path / "two", "b")
    (tmp_path / "two" / "data.yaml").write_text("names: [cat\n")
    with pytest.raises(InputRejectedError, match=r"two/data\.yaml: cannot be read as YAML"):
        read(tmp_path)


def test_each_data_set_below_a_source_has_its_own_classes(tmp_path):
    pair(tmp_path / "one", "a")
    pair(tmp_path / "two", "b")
    (tmp_path / "one" / "data.yaml").write_text("train: images\nnames: [cat]\n")
    (tmp_path / "two" / "classes.txt").write_text("dog\n")
    labels = [picture.objects[0].label for picture in read(tmp_path).pictures]
    assert labels == ["cat", "dog"]


POLYGON = "the box around its polygon was taken"
ROWS = {
    "a box": (ROW, BOX, ""),
    "tabs and blanks": ("0\t0.5   0.5\t 0.5 0.5  ", BOX, ""),
    "a class with a point": ("0.0 0.5 0.5 0.5 0.5", BOX, ""),
    "powers of ten": ("0 5e-1 5.0E-01 .5 +0.5", BOX, ""),
    "a share over 1": ("0 0.5 0.5 1.01 1", (-0.32, 0, 64.32, 48), ""),
    "a polygon": ("0 0.25 0.25 0.75 0.25 0.75 0.75 0.5 0.75 0.25 0.6", BOX, POLYGON),
    "a triangle": ("0 0.25 0.25 0.75 0.25 0.5 0.75", BOX, POLYGON),
    "a turned box": ("0 0.5 0.25 0.75 0.5 0.5 0.75 0.25 0.5", BOX, POLYGON),
    "a confidence": (f"{ROW.strip()} 0.91", BOX, "its sixth column was taken for the confidence"),
    "a track": (f"{ROW.strip()} 17", BOX, "its sixth column was left out"),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_may_hold_a_box_or_a_polygon_in_any_spelling_of_numbers(tmp_path, name):
    row, box, note = ROWS[name]
    found = one_row(tmp_path, row)
    assert (found.label, found.xyxy, found.note) == ("cat", pytest.approx(box), note)
    assert found.attributes == ({"confidence": 0.91} if name == "a confidence" else {})


@pytest.mark.parametrize(
    ("shape", "points"), [("[3, 3]", "0.1 0.1 2 0.2 0.2 1 0 0 0"), ("[2, 2]", "0.1 0.1 0.9 0.9"), ("[1, 2]", "0.3 0.4")]
)
def test_the_key_points_of_a_pose_are_left_out_and_its_box_is_read(tmp_path, shape, points):
    found = one_row(tmp_path, f"{ROW.strip()} {points}", settings=f"kpt_shape: {shape}\nnames: [cat]\n")
    assert (found.xyxy, found.note) == (BOX, "its key points were left out")


def test_key_points_that_no_yaml_file_declares_are_named_and_the_remedy_cures(tmp_path):
    row = f"{ROW.strip()} 0.4 0.4 0.98 0.3 0.7 0.71 0.6 0.6 0.12"
    finding = one_row(tmp_path, row)
    assert (finding.code, finding.objects) == ("bad-row", 1)
    shape = re.search(r"kpt_shape: \[3, 3\]", finding.remedy)
    assert one_row(tmp_path, row, settings=f"{shape[0]}\nnames: [cat]\n").xyxy == BOX


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        ("0 32 24 32 24", "pixels", "look like pixels"),
        ("0 10 10 60 10 60 40", "pixels", "look like pixels"),
        ("0,0.5,0.5,0.5,0.5", "bad-row", "between its columns"),
        ("0, 0.5, 0.5, 0.5, 0.5", "bad-row", "between its columns"),
        ("0 0,5 0,5 0,5 0,5", "bad-row", "in its numbers"),
        ("0 0.5 0.5 0.5", "bad-row", "has 4 columns"),
        ("2 0.5 0.5 0.5 0.5", "unknown-class", "class '2' has no name: data.yaml has 2 names"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(tmp_path, row, code, words):
    finding = one_row(tmp_path, row)
    assert (finding.code, finding.objects) == (code, 1)
    assert words in finding.reason


@pytest.mark.parametrize(("row", "old", "new"), [("0, 0.5, 0.5, 0.5, 0.5", ",", " "), ("0 0,5 0,5 0,5 0,5", ",", ".")])
def test_commas_replaced_as_the_remedy_says_are_read(tmp_path, row, old, new):
    assert ("blanks" if new == " " else "points") in one_row(tmp_path, row).remedy
    assert one_row(tmp_path, row.replace(old, new)).xyxy == BOX


FROM_1 = {
    "data.yaml": ("names: [cat, dog]\n", "names: [unused, cat, dog]\n", "as in names: [unused, cat, dog]"),
    "pets.yaml": ("names:\n  0: cat\n  1: dog\n", "names:\n  1: cat\n  2: dog\n", "from 1, as in 1: cat"),
    "classes.txt": ("cat\ndog\n", "unused\ncat\ndog\n", "put a line before the first one, such as: unused"),
}


@pytest.mark.parametrize("file", FROM_1)
def test_class_numbers_that_look_counted_from_1_are_said_first_and_the_remedy_cures(tmp_path, file):
    before, after, remedy = FROM_1[file]
    pair(tmp_path, "a", "b", rows="1 0.5 0.5 0.5 0.5\n2 0.25 0.25 0.25 0.25\n")
    (tmp_path / file).write_text(before)
    reading = read(tmp_path)
    doubt = reading.findings[0]
    assert (doubt.item, doubt.code) == (file, "counted-from-1")
    assert "ids 1..2 against names 0..1 look counted from 1" in doubt.reason
    assert remedy in doubt.remedy
    assert {finding.remedy for picture in reading.pictures for finding in picture.findings} == {doubt.remedy}
    (tmp_path / file).write_text(after)
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [entry.label for entry in reading.pictures[0].objects] == ["cat", "dog"]


@pytest.mark.parametrize("named", ["names:\n  1: cat\n  2: dog\n", "names: [background, cat, dog]\n"])
def test_class_numbers_that_look_counted_from_0_against_names_from_1_are_said_first_and_the_remedy_cures(
    tmp_path, named
):
    pair(tmp_path, "a", "b", rows="0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.25 0.25\n")
    (tmp_path / "data.yaml").write_text(named)
    reading = read(tmp_path)
    doubt = reading.findings[0]
    assert "ids 0..1 against names 1..2 look counted from 0" in doubt.reason
    assert "'dog' is never used" in doubt.reason
    assert doubt.remedy == "number the names from 0, as in 0: cat"
    assert {finding.remedy for picture in reading.pictures for finding in picture.findings} <= {doubt.remedy}
    (tmp_path / "data.yaml").write_text("names:\n  0: cat\n  1: dog\n")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [entry.label for entry in reading.pictures[0].objects] == ["cat", "dog"]


@pytest.mark.parametrize("rows", ["0 0.5 0.5 0.5 0.5\n2 0.2 0.2 0.1 0.1\n", "1 0.5 0.5 0.5 0.5\n"])
def test_class_numbers_that_need_not_be_counted_from_0_raise_no_doubt(tmp_path, rows):
    pair(tmp_path, "a", rows=rows)
    (tmp_path / "data.yaml").write_text("names:\n  1: cat\n  2: dog\n")
    assert "counted-from-0" not in codes(read(tmp_path))


def test_a_negative_class_does_not_hide_that_the_others_look_counted_from_1(tmp_path):
    pair(tmp_path, "a", rows="-1 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n2 0.25 0.25 0.25 0.25\n")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert "counted-from-1" in codes(read(tmp_path))


@pytest.mark.parametrize("rows", ["0 0.5 0.5 0.5 0.5\n2 0.2 0.2 0.1 0.1\n", "1 0.5 0.5 0.5 0.5\n"])
def test_class_numbers_that_need_not_be_counted_from_1_raise_no_doubt(tmp_path, rows):
    pair(tmp_path, "a", rows=rows)
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert codes(read(tmp_path)) == []


TEXTS = ["README.txt", "README.roboflow.txt", "notes.txt", "requirements.txt", "train.txt", "labels/log.txt"]


def test_texts_that_are_no_label_files_are_left_alone_and_stray_labels_are_not(tmp_path):
    pair(tmp_path, "a", pictures=".", labels=".")
    (tmp_path / "classes.txt").write_text("cat\n")
    (tmp_path / "labels").mkdir()
    for text in TEXTS:
        (tmp_path / text).write_text("numpy==2.0\nimages/a.png\n")
    assert read(tmp_path).findings == ()
    put(tmp_path, "gone.txt")
    put(tmp_path, "empty.txt", rows="")
    assert [finding.item for finding in read(tmp_path).findings] == ["empty.txt", "gone.txt"]


def test_a_second_label_file_of_a_picture_is_named_and_a_caption_is_none(tmp_path):
    pair(tmp_path, "a")
    (tmp_path / "classes.txt").write_text("cat\n")
    put(tmp_path, "captions/a.txt", rows="a cat on a mat\n")
    assert read(tmp_path).findings == ()
    put(tmp_path, "images/a.txt", rows="0 0.1 0.1 0.1 0.1\n")
    reading = read(tmp_path)
    assert reading.pictures[0].annotation == "labels/a.txt"
    assert [(finding.item, finding.code, finding.files) for finding in reading.findings] == [
        ("images/a.txt", "second-label-file", 1)
    ]


def test_a_label_file_of_the_very_name_of_a_picture_comes_before_one_of_another_case(tmp_path):
    pair(tmp_path, "a")
    put(tmp_path, "labels/A.txt", rows="1 0.1 0.1 0.1 0.1\n")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    reading = read(tmp_path)
    assert [picture.annotation for picture in reading.pictures] == ["labels/a.txt"]
    assert [finding.item for finding in reading.findings] == ["labels/A.txt"]
    put(tmp_path, "images/b.png")  # what was A.png before it was renamed
    (tmp_path / "labels/A.txt").rename(tmp_path / "labels/b.txt")  # the remedy
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [[one.label for one in picture.objects] for picture in reading.pictures] == [["cat"], ["dog"]]


def test_a_label_file_that_could_mean_two_pictures_is_named_with_both(tmp_path):
    put(tmp_path, "garden/a.png", "house/a.png", "texts/a.txt", "garden/b.png", "texts/b.txt")
    (tmp_path / "classes.txt").write_text("cat\n")
    reading = read(tmp_path)
    (finding,) = [finding for finding in reading.findings if finding.code == "ambiguous-picture"]
    assert (finding.item, finding.pictures) == ("texts/a.txt", 1)
    assert "garden/a.png and house/a.png" in finding.reason


def test_a_picture_that_has_an_xml_file_instead_says_so(tmp_path):
    write_voc(tmp_path, [Shot("a", ".", (("cat", (1, 1, 9, 9)),))])
    pair(tmp_path, "b", pictures=".", labels=".")
    (tmp_path / "classes.txt").write_text("cat\n")
    (finding,) = read(tmp_path).findings
    assert str(finding) == "a.png: has no label file, but an XML file of its name (save it as YOLO too)"
    put(tmp_path, "a.txt")  # the remedy
    assert read(tmp_path).findings == ()


NO_YOLO = {
    "a network's plan": ("yolov8n.yaml", "nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n"),
    "a workflow": ("docker-compose.yml", "services: {web: {image: x}}\nnames: [a]\n"),
    "class names": ("classes.txt", "cat\ndog\n"),
    "captions": ("cat/a.txt", "a cat, 3 years old\n"),
    "a list": ("train.txt", "cat/a.png\ndog/b.png\n"),
    "a damaged yaml": ("data.yaml", "names: [cat\n"),
}


@pytest.mark.parametrize("name", NO_YOLO)
def test_a_stray_text_makes_no_yolo_of_class_folders(tmp_path, name):
    shots = [Shot("a", ".", (("cat", BOX),)), Shot("b", ".", (("dog", BOX),))]
    write_class_folders(tmp_path, shots)
    file, text = NO_YOLO[name]
    (tmp_path / file).write_text(text)
    assert yolo.recognise(SourceTree.of(tmp_path)) is None


@pytest.mark.parametrize("text", ["1 2 3 4\n", "0 100 200 30 40\n", "cat 0.5 0.5 0.5 0.5\n", "0.5 0.5 0.5 0.5 0.5\n"])
def test_numbers_beside_pictures_are_no_yolo_without_class_names_unless_they_are_shares(tmp_path, text):
    pair(tmp_path, "a", rows=text)
    assert yolo.recognise(SourceTree.of(tmp_path)) is None


numbers = st.floats() | st.integers(-(10**6), 10**6) | st.floats(0, 1)
columns = st.lists(numbers.map(str) | st.sampled_from(["x", "1_0", "٣", "0,5", "-", "1e999", "\0", "nan"]), max_size=12)


@files_property
@given(rows=st.lists(columns, max_size=4), shape=st.sampled_from(["", "kpt_shape: [2, 3]\n", "kpt_shape: [[], {}]\n"]))
@example(rows=[["0", "1e308", "0.5", "1e308", "0.5"]], shape="")
@example(rows=[["0", "0"], ["0", "0", "0", "0", "0", "0", "0", "0"]], shape="")
def test_any_rows_are_objects_of_finite_boxes_or_counted_findings(tmp_path_factory, rows, shape):
    root = tmp_path_factory.mktemp("rows")
    text = "\n".join(" ".join(row) for row in rows)
    pair(root, "a", rows=text)
    (root / "data.yaml").write_text(f"{shape}names: [cat, dog]\n")
    (picture,) = read(root).pictures
    assert picture.object_count == len([line for line in text.splitlines() if line.strip()])
    assert all(math.isfinite(edge) for entry in picture.objects for edge in entry.xyxy)
    assert all(finding.objects == 1 and finding.remedy for finding in picture.findings)
    shutil.rmtree(root)


yaml_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["images", "a.txt"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["names", "nc", "path", "train", "val", "test", "kpt_shape"]


@files_property
@given(settings=st.dictionaries(st.sampled_from(KEYS), yaml_values, max_size=7))
@example({"names": {"0": "cat"}, "train": "\0", "path": "x" * 5000})
@example({"names": ["cat"], "val": ["..", "../..", "/"], "path": "\ud800"})
@example({"names": {"-1": "cat"}})
@example({"nc": "9" * 5000, "train": "images"})
@example({"nc": 0, "train": "images"})
def test_any_settings_are_used_or_refused_and_read_nothing_outside(tmp_path_factory, settings):
    root = tmp_path_factory.mktemp("settings")
    pair(root, "a", "b", rows=f"{ROW}1 0.5 0.5 0.1 0.1\n")
    (root / "data.yaml").write_text(json.dumps(settings))
    reading, error = tried(InputRejectedError, read, root)
    if error:
        assert str(root) in str(error)
        assert len(str(error)) < 1000
    else:
        assert {picture.path.stem for picture in reading.pictures} == {"a", "b"}
        assert sum(picture.object_count for picture in reading.pictures) == 4
    shutil.rmtree(root)


def test_yolo_written_and_read_again_gives_the_same_boxes_in_every_layout(tmp_path):
    shots = [Shot("a", "garden", (("cat", (1, 2, 30, 40)), ("dog", (10.5, 11.25, 40, 41.75))))]
    read_back = []
    for name in YOLO_LAYOUTS:
        write_yolo(tmp_path / name, shots, layout=name)
        reading = read(tmp_path / name)
        assert reading.findings == ()
        read_back.append([(entry.label, entry.xyxy) for entry in reading.pictures[0].objects])
    assert all(found == read_back[0] for found in read_back)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("name", ["classes.txt", "obj.names", "data.yaml"])
def test_names_and_rows_may_begin_with_the_mark_of_their_encoding(tmp_path, name, encoding):
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    pair(tmp_path, "a")
    names = "names: [kätzchen, dog]\n" if name == "data.yaml" else "kätzchen\ndog\n"
    (tmp_path / name).write_bytes(f"{mark}{names}".encode(encoding))
    (tmp_path / "labels" / "a.txt").write_bytes(f"{mark}{ROW}".encode(encoding))
    assert layout.detect(tmp_path) == "yolo"
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [(entry.label, entry.xyxy) for entry in reading.pictures[0].objects] == [("kätzchen", BOX)]


KEY_POINTS = " 0.4 0.4 2 0.6 0.6 1 0.5 0.5 0"


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (f"{ROW.strip()}{KEY_POINTS}", "its key points were left out"),
        (f"{ROW.strip()} 0.4 0.4 2", "its key points were left out"),
        (
            f"{ROW.strip()} 0.81 3",
            "its sixth and seventh columns, a confidence and the number of a track, were left out",
        ),
        (
            f"{ROW.strip()} 0.81 1",
            "its sixth and seventh columns, a confidence and the number of a track, were left out",
        ),
    ],
)
def test_the_box_is_read_where_key_points_or_a_track_follow_it_unannounced(tmp_path, row, note):
    found = one_row(tmp_path, row)
    assert (found.xyxy, found.note) == (BOX, note)


CORNERS = ("0.0625 0.1 0.375 0.1 0.375 0.6 0.0625 0.6", "0.5625 0.3 0.875 0.3 0.875 0.8 0.5625 0.8")
BOXED = ("0.21875 0.35 0.3125 0.5", "0.71875 0.55 0.3125 0.5")
POINTS = ("0.1 0.2 {} 0.3 0.5 {} 0 0 0 0.2 0.4 {}", "0.6 0.4 {} 0.8 0.6 {} 0.7 0.7 {} 0.65 0.5 {}")
FOLLOWED = "the box around its polygon was taken, without the confidence or the track that follows it"
POSED = "its key points were left out"
POSE = "kpt_shape: [4, 3]\nnames: [cat]\n"


def posed(at, *, seen="0.7", follow=""):
    return f"{BOXED[at]} {POINTS[at].replace('{}', seen)}{follow}"


FORMS = {
    "polygons": (lambda at: CORNERS[at], "", POLYGON, 0),
    "polygons with a confidence": (lambda at: f"{CORNERS[at]} 0.93", "", FOLLOWED, 0),
    "triangles with a confidence": (lambda at: f"{CORNERS[at].rsplit(maxsplit=2)[0]} 0.93", "", FOLLOWED, 0),
    "polygons with a track": (lambda at: f"{CORNERS[at]} {at + 2}", "", FOLLOWED, 0),
    "polygons with a confidence and a track": (lambda at: f"{CORNERS[at]} 0.93 {at + 1}", "", FOLLOWED, 0),
    "polygons with a confidence, one tracked": (lambda at: f"{CORNERS[at]} 0.93{at * ' 2'}", "", FOLLOWED, 0),
    "polygons with one and the same track": (lambda at: f"{CORNERS[at]} 0.93 1", "", FOLLOWED, 0),
    "a pose": (posed, POSE, POSED, 0),
    "a pose with a confidence": (lambda at: posed(at, follow=" 0.93"), POSE, POSED, 0),
    "a pose with a track": (lambda at: posed(at, follow=f" {at + 1}"), POSE, POSED, 0),
    "a pose with both": (lambda at: posed(at, follow=f" 0.93 {at + 1}"), POSE, POSED, 0),
    "an undeclared pose": (lambda at: posed(at, seen="2"), "", POSED, 1),
    "an undeclared pose, predicted": (posed, "", POSED, 1),
    "an undeclared pose, predicted with a confidence": (lambda at: posed(at, follow=" 0.93"), "", POSED, 1),
    "an undeclared pose, predicted with both": (lambda at: posed(at, follow=f" 0.93 {at + 1}"), "", POSED, 1),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_follows_boxes_and_polygons_in_all_rows_is_told_from_corners(tmp_path, name):
    row, settings, note, doubted = FORMS[name]
    for stem in "abc":
        pair(tmp_path, stem, rows="".join(f"0 {row(at)}\n" for at in (0, 1)))
    (tmp_path / "data.yaml").write_text(settings or "names: [cat]\n", encoding="utf-8")
    reading = read(tmp_path)
    found = [entry for picture in reading.pictures for entry in picture.objects]
    assert {entry.note for entry in found} == {note}
    assert [entry.xyxy for entry in found[:2]] == [
        pytest.approx(box) for box in ((4, 4.8, 24, 28.8), (36, 14.4, 56, 38.4))
    ]
    assert codes(reading) == ["key-points"] * doubted
    if doubted:
        assert "write kpt_shape: [4, 3] into data.yaml" in str(reading.findings[0])
        (tmp_path / "data.yaml").write_text(POSE, encoding="utf-8")  # the remedy
        assert read(tmp_path).findings == ()


def test_a_polygon_whose_last_corner_lies_on_the_edge_keeps_it(tmp_path):
    pair(tmp_path, "a", rows="0 0.2 0.2 0.4 0.2 0.4 0.5 0.93 1\n")
    pair(tmp_path, *"bcde", rows="0 0.2 0.2 0.4 0.2 0.4 0.5 0.3 0.9\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\n", encoding="utf-8")
    picture, *_ = read(tmp_path).pictures
    assert picture.objects[0].xyxy == pytest.approx((12.8, 9.6, 59.52, 48))


def test_polygons_that_all_end_in_a_corner_of_the_picture_keep_it(tmp_path):
    pair(tmp_path, *"abcd", rows="0 0.2 0.4 0.9 0.5 1 1 0 1\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\n", encoding="utf-8")
    assert [entry.xyxy for one in read(tmp_path).pictures for entry in one.objects] == [
        pytest.approx((0, 19.2, 64, 48))
    ] * 4


def test_a_polygon_that_lost_a_number_is_named_among_others(tmp_path):
    pair(tmp_path, "a", rows=f"0 {CORNERS[0]}\n0 {CORNERS[1].rpartition(' ')[0]}\n")
    (tmp_path / "data.yaml").write_text("names: [cat]\n", encoding="utf-8")
    ((finding,),) = [picture.findings for picture in read(tmp_path).pictures]
    assert (finding.code, finding.remedy) == ("bad-row", "write its box again")


@pytest.mark.parametrize("row", [f"{ROW.strip()} 0.4 0.4 3", "0 0.9 0.5 0.5 0.5 0.4 0.4 2"])
def test_columns_that_are_no_key_points_are_not_taken_for_some(tmp_path, row):
    assert one_row(tmp_path, row).code == "bad-row"


def test_a_triangle_is_no_box_with_a_track(tmp_path):
    assert one_row(tmp_path, "0 0.25 0.25 0.75 0.25 0.5 0.75").xyxy == BOX


@pytest.mark.parametrize("other", ["labels/classes.txt", "notes.json"])
def test_files_that_name_a_class_differently_are_doubted_both(tmp_path, other):
    pair(tmp_path, "a")
    used = "data.yaml" if other == "labels/classes.txt" else "classes.txt"
    (tmp_path / used).write_text("names: [dog, cat, eel]\n" if used == "data.yaml" else "dog\ncat\neel\n")
    notes = json.dumps({"categories": [{"id": "0", "name": "cat"}, {"id": 1, "name": "dog"}]})
    (tmp_path / other).write_text("cat\ndog\n" if other == "labels/classes.txt" else notes)
    reading = read(tmp_path)
    assert (reading.pictures[0].objects[0].label, codes(reading)) == ("dog", ["other-names"])
    assert reading.findings[0].reason == (
        f"names classes otherwise than {other}, so that labels may be wrong: class 0 is 'dog', there 'cat'; "
        f"class 1 is 'cat', there 'dog'. Those of {used} are used"
    )
    (tmp_path / used).unlink()  # the remedy
    reading = read(tmp_path)
    assert (reading.pictures[0].objects[0].label, codes(reading)) == ("cat", [])


def test_a_class_below_0_is_named_though_all_rows_have_it(tmp_path):
    pair(tmp_path, "a", "b", rows=ROW.replace("0 ", "-1 ", 1))
    with pytest.raises(InputRejectedError, match="with the label of class 0"):
        read(tmp_path)
    (tmp_path / "classes.txt").write_text("cat\n")
    assert layout.detect(tmp_path) == "yolo"
    assert {finding.code for picture in read(tmp_path).pictures for finding in picture.findings} == {"no-class"}


@pytest.mark.parametrize(
    ("file", "text", "own"),
    [("classes.txt", "cat,dog\n", "on a line"), ("a.yaml", "names: ['cat,dog']", "as an entry")],
)
def test_names_with_a_comma_are_named_where_a_class_has_no_name(tmp_path, file, text, own):
    pair(tmp_path, "a", rows=f"{ROW}1 0.5 0.5 0.5 0.5\n")
    (tmp_path / file).write_text(text)
    ((finding,),) = [picture.findings for picture in read(tmp_path).pictures]
    assert str(finding).endswith(
        f"class '1' has no name: {file} has 1 name, with a comma in 'cat,dog' (write each name {own} of its own)"
    )


def test_a_class_number_with_a_fraction_is_said_to_be_no_whole_number(tmp_path):
    finding = one_row(tmp_path, "0.5 0.5 0.5 0.5 0.5")
    assert (finding.code, finding.reason) == ("bad-number", "class '0.5' is no whole number")


@pytest.mark.parametrize("names", ["0: cat\n1: dog\n", "1 cat\n2 dog", "0=cat\n1=dog\n\n"])
def test_numbers_before_class_names_are_no_part_of_them(tmp_path, names):
    pair(tmp_path, "a", rows=f"{ROW}1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "classes.txt").write_text(names, encoding="utf-8")
    (picture,) = read(tmp_path).pictures
    assert [entry.label for entry in picture.objects] == ["cat", "dog"]


def test_class_names_that_begin_with_other_numbers_are_left_as_they_are(tmp_path):
    pair(tmp_path, "a", rows=f"{ROW}1 0.5 0.5 0.5 0.5\n")
    (tmp_path / "classes.txt").write_text("7 eleven\n3 musketeers\n", encoding="utf-8")
    (picture,) = read(tmp_path).pictures
    assert [entry.label for entry in picture.objects] == ["7 eleven", "3 musketeers"]


def test_a_table_of_numbers_beside_many_pictures_is_no_label_file(tmp_path):
    for label in ("cat", "dog"):
        put(tmp_path, f"images/{label}/a_{label}.png", f"images/{label}/b_{label}.png")
    (tmp_path / "classes.txt").write_text("1 cat\n2 dog\n", encoding="utf-8")
    (tmp_path / "bounding_boxes.txt").write_text("1 10.0 10.0 20.0 20.0\n2 5.0 5.0 9.0 9.0\n", encoding="utf-8")
    with pytest.raises(InputRejectedError, match=r"bounding_boxes.txt looks like annotations .* --format folders"):
        layout.detect(tmp_path)


def test_a_path_of_windows_in_the_settings_is_named_with_what_to_write(tmp_path):
    pair(tmp_path, "a")
    (tmp_path / "data.yaml").write_text('path: "D:\\new\\data"\nnames: [cat, dog]\n', encoding="utf-8")
    with pytest.raises(InputRejectedError, match=r"(?i)write / in place of each . in that line"):
        layout.read("yolo", tmp_path)


def four(root, row):
    pair(root, *"abcd", rows=f"{row}\n")
    (root / "classes.txt").write_text("cat\n", encoding="utf-8")
    return [finding for finding in layout.read("yolo", root).findings if finding.code == "corners"]


def test_rows_that_look_like_corners_are_doubted_together(tmp_path):
    (doubt,) = four(tmp_path, "0 0.1 0.1 0.6 0.7")
    assert str(doubt) == (
        "labels/a.txt: all 4 boxes of the source look like two corners, in place of centre, width and height: they "
        "leave their pictures (write centre, width and height in their place, or export them again)"
    )


@pytest.mark.parametrize("row", ["0 0.5 0.5 1.02 1.01", "0 0.5 0.5 0.9 0.9", "0 0.1 0.1 0.6 0.05"])
def test_large_boxes_and_boxes_at_the_edge_are_no_corners(tmp_path, row):
    assert not four(tmp_path, row)


COLUMNS = st.sampled_from(["0", "1", "0.5", ".25", "1e-3", "-0", "1.001", "-0.1", "nan", "1e999", "1_0", "\uff11", "x"])


@given(rows=st.lists(st.lists(COLUMNS, min_size=4, max_size=6), max_size=3))
@example(rows=[["1", "0.5", "0.25", "1", "1e-3"], ["0", "0.1", "0", "1", ".3"]])
def test_rows_that_are_read_at_once_are_read_as_one_after_the_other(rows):
    settings = Settings(Path("classes.txt"), Path("classes.txt"), {0: "cat", 1: "dog"}, 0, "")
    at_once = plain_boxes(rows, (160, 120), settings)
    singly = read_objects(rows, parse_row, "a.txt", (160, 120), settings)
    assert at_once is None or singly == (at_once, ())
    usual = all(len(row) == 5 and {*row} <= {"0", "1", "0.5", ".25", "1e-3", "-0"} for row in rows)
    assert (at_once is not None) >= (bool(rows) and usual and all(row[0] in ("0", "1", "-0") for row in rows))


@pytest.mark.parametrize("before", ["\n", "\n \n"])
def test_blank_lines_before_the_first_class_name_shift_no_label(tmp_path, before):
    pair(tmp_path, "a", rows=f"{ROW}1 0.25 0.25 0.25 0.25\n")
    (tmp_path / "classes.txt").write_text(f"{before}cat\ndog\n")
    (picture,) = read(tmp_path).pictures
    assert [entry.label for entry in picture.objects] == ["cat", "dog"]


def test_names_that_are_no_list_are_named_as_they_are(tmp_path):
    with pytest.raises(InputRejectedError, match=r"names is 'cat, dog', which is no list.*as in names: \[cat, dog\]"):
        one_row(tmp_path, "1 0.5 0.5 0.5 0.5", settings="names: cat, dog\n")


def test_names_that_are_a_class_file_are_those_of_that_beside_them(tmp_path):
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert one_row(tmp_path, "1 0.5 0.5 0.5 0.5", settings="names: data/classes.txt\nnc: 2\n").label == "dog"
    one_row(tmp_path, "1 0.5 0.5 0.5 0.5", settings="names: classes.txt\nnc: 3\n")
    assert codes(read(tmp_path)) == ["other-count"]


def test_names_that_come_twice_and_another_number_of_classes_are_doubts(tmp_path):
    pair(tmp_path, "a")
    (tmp_path / "data.yaml").write_text("nc: 3\nnames: [cat, dog, cat, eel]\n")
    count, alike = read(tmp_path).findings
    assert (count.code, count.reason) == ("other-count", "says that there are 3 classes, and names 4")
    assert alike.reason == "names the classes 0 and 2 alike, 'cat': they become one label"


def test_darknet_s_number_of_classes_is_compared_with_its_names(tmp_path):
    put(tmp_path, "obj/a.png", "obj/a.txt")
    (tmp_path / "obj.data").write_text("classes = 3\nnames = data/obj.names\n")
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    assert codes(read(tmp_path)) == ["other-count"]


@pytest.mark.parametrize("bad", ["1 0.7 0.4 0.2", "None 0.7 0.4 0.2 0.1", "1 0.3 0.4 0.2 nan"])
def test_one_bad_row_in_every_label_file_hides_no_data_set(tmp_path, bad):
    pair(tmp_path, "a", "b", rows=f"{ROW}{bad}\n")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert layout.detect(tmp_path) == "yolo"
    assert [len(picture.objects) for picture in read(tmp_path).pictures] == [1, 1]


def test_a_class_named_in_place_of_its_number_is_said_with_the_number(tmp_path):
    pair(tmp_path, "a", rows="traffic light 0.5 0.5 0.5 0.5\neel 0.5 0.5 0.5 0.5\n")
    (tmp_path / "classes.txt").write_text("cat\ntraffic light\n")
    assert layout.detect(tmp_path) == "yolo"
    (picture,) = read(tmp_path).pictures
    named, unknown = picture.findings
    assert named.reason == "its class must be the number of one that classes.txt names; got 'traffic light'"
    assert named.remedy == "write 1 in its place"
    assert "got 'eel'" in unknown.reason


@pytest.mark.parametrize(
    ("file", "content", "remedy"),
    [("classes.txt", "cat\ndog\n", "write its name on line 16, counted from the first name"),
     ("data.yaml", "names: [cat, dog]\n", "add its name under the number 15")],
)  # fmt: skip
def test_the_remedy_for_a_class_without_a_name_says_where_it_belongs(tmp_path, file, content, remedy):
    pair(tmp_path, "a", rows="15 0.5 0.5 0.5 0.5\n")
    (tmp_path / file).write_text(content)
    (picture,) = read(tmp_path).pictures
    assert picture.findings[0].remedy == remedy
    (tmp_path / "classes.txt").write_text("cat\ndog" + 14 * "\n" + "eel\n")
    (tmp_path / "data.yaml").unlink(missing_ok=True)
    assert [entry.label for entry in read(tmp_path).pictures[0].objects] == ["eel"]


def test_a_count_of_classes_that_is_no_count_changes_nothing(tmp_path):
    row = "1 0.5 0.5 0.5 0.5"
    assert one_row(tmp_path, row, settings="nc: 99999999999\nnames: [cat, dog]\n").label == "dog"


def test_names_with_their_numbers_behind_them_are_read(tmp_path):
    assert one_row(tmp_path, "1 0.5 0.5 0.5 0.5", settings="names: {dog: 1, cat: 0}\n").label == "dog"
    with pytest.raises(InputRejectedError, match="one class number for two labels"):
        one_row(tmp_path, "1 0.5 0.5 0.5 0.5", settings="names: {dog: 1, cat: 1}\n")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("names:\n\t- cat\n", "line 2: found character"),
        ("names: ['cat' 'dog']\n", "line 1: expected ',' or ']'"),
        ("all: &all [cat]\nnames: *all\n", "line 2: aliases are not read; write the values out"),
        ("names: !!python/tuple [cat]\n", "line 1: tags are not read"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_with_the_line(tmp_path, content, fault):
    pair(tmp_path, "a")
    (tmp_path / "data.yaml").write_text(content)
    with pytest.raises(InputRejectedError) as refused:
        read(tmp_path)
    assert f"cannot be read as YAML ({fault}" in str(refused.value)
    assert str(refused.value).endswith("To fix it, correct that line.")
