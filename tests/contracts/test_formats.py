"""What every format of annotated pictures promises, and then what each one adds."""

import csv
import functools
import io
import itertools
import json
import math
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image

import builders
import format_writers
from builders import (
    Shot,
    encoded,
    files_property,
    open_to_all,
    printable_labels,
    read_coco_tables,
    scene,
    tree,
    unprivileged,
    write_coco_tables,
)
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.data.attributes import write_attributes
from toonvision.data.boxes import AnnotatedObject, with_sorted_corners
from toonvision.data.extraction import extract
from toonvision.data.folder_names import LAYOUT_FOLDERS, MASK_FOLDERS
from toonvision.data.formats import layout, pascal_voc
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import named_subset
from toonvision.data.workspace import create_workspace
from toonvision.taxonomy.loader import infer

SHOTS = [
    Shot("b", "garden", (("apple", (3, 4, 20, 30)), ("pear", (30, 5, 64, 48)))),
    Shot("a", "garden", (("pear", (0, 0, 64, 48)),)),
    Shot("größe 1", "house", (("stone", (10.5, 11.25, 40, 41.75)), ("apple", (1, 1, 3, 3)), ("apple", (5, 5, 9, 9)))),
    Shot("c", "house", (("pear", (7, 7, 21, 22)),)),
]


class Kind:
    """How tests write one format, and where its parts lie."""

    boxes = True

    def __init__(self, name, write, picture, annotation):
        self.name, self.write, self._picture, self._annotation = name, write, picture, annotation

    def picture(self, root, shot):
        return root / self._picture.format(**self._names(shot))

    def annotation(self, root, shot):
        return root / self._annotation.format(**self._names(shot))

    def _names(self, shot):
        return {"context": shot.context, "stem": shot.stem, "label": shot.objects[0][0]}

    def read(self, root):
        return layout.read(self.name, root)

    def contexts(self, shot):
        return shot.context


class ClassFolders(Kind):
    boxes = False

    def contexts(self, _shot):
        return "all"


class JsonKind(Kind):
    """A format in JSON; tests can reach the objects of a picture, and the first coordinate of an object."""

    def __init__(self, name, write, picture, annotation, objects, coordinate):
        super().__init__(name, write, picture, annotation)
        self.objects, self.coordinate = objects, coordinate

    def change(self, root, shot, change):
        """Change the objects of a picture in place."""
        path = self.annotation(root, shot)
        document = json.loads(path.read_text(encoding="utf-8"))
        change(self.objects(document, shot))
        format_writers.save_json(path, document)


class ListKind(JsonKind):
    """A format whose one document lists the pictures; tests can list one of them under other names."""

    def state(self, root, shot, names):
        path = self.annotation(root, shot)
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document.get("_via_img_metadata") if isinstance(document, dict) else dict(enumerate(document))
        key = next(key for key, row in rows.items() if f"{shot.stem}.png" in json.dumps(row))
        written = json.dumps(rows.pop(key))
        stated = re.search(r'"([^"]*' + shot.stem + r'\.png)"', written)[1]
        rows.update((f"{key} {name}", json.loads(written.replace(stated, json.dumps(name)[1:-1]))) for name in names)
        format_writers.save_json(path, document if isinstance(document, dict) else list(rows.values()))


def listed(rows, name_of, shot):
    """Find the row of a picture among those of a document."""
    return next(row for row in rows if unquote(name_of(row)).endswith(f"{shot.stem}.png"))


BESIDE = Kind("voc", builders.write_voc, "{context}/{stem}.png", "{context}/{stem}.xml")
FOLDERS = Kind(
    "voc",
    lambda root, shots: builders.write_voc(root, shots, layout="folders"),
    "JPEGImages/{context}/{stem}.png",
    "Annotations/{context}/{stem}.xml",
)


def yolo_in(name):
    pictures, labels = (f"{folder}/{{context}}/{{stem}}" for folder in builders.YOLO_LAYOUTS[name])
    return Kind("yolo", functools.partial(builders.write_yolo, layout=name), f"{pictures}.png", f"{labels}.txt")


YOLO = yolo_in("plain")
YOLO_LAYOUTS = {"yolo": YOLO, **{f"yolo {name}": yolo_in(name) for name in builders.YOLO_LAYOUTS if name != "plain"}}
COCO = Kind("coco", builders.write_coco, "images/{context}/{stem}.png", "annotations/instances.json")
LABELME = JsonKind(
    "labelme",
    format_writers.write_labelme,
    "{context}/{stem}.png",
    "{context}/{stem}.json",
    lambda document, _shot: document["shapes"],
    lambda row: (row["points"][0], 0),
)
SUPERVISELY = JsonKind(
    "supervisely",
    format_writers.write_supervisely,
    "{context}/img/{stem}.png",
    "{context}/ann/{stem}.png.json",
    lambda document, _shot: document["objects"],
    lambda row: (row["points"]["exterior"][0], 0),
)
LABELSTUDIO = ListKind(
    "labelstudio",
    format_writers.write_labelstudio,
    "images/{context}/{stem}.png",
    "project-1-at-2026-11-28-12-00-0a1b2c3d.json",
    lambda document, shot: listed(document, lambda row: row["data"]["image"], shot)["annotations"][0]["result"],
    lambda row: (row["value"], "x"),
)
VIA = ListKind(
    "via",
    format_writers.write_via,
    "images/{context}/{stem}.png",
    "via_project.json",
    lambda document, shot: listed(document["_via_img_metadata"].values(), lambda row: row["filename"], shot)["regions"],
    lambda row: (row["shape_attributes"], "x"),
)
CREATEML = ListKind(
    "createml",
    format_writers.write_createml,
    "{context}/{stem}.png",
    "shots.json",
    lambda document, shot: listed(document, lambda row: row["image"], shot)["annotations"],
    lambda row: (row["coordinates"], "x"),
)
ONE_EACH = {"labelme": LABELME, "supervisely": SUPERVISELY}
"""A JSON file for each picture."""
LISTS = {"label studio": LABELSTUDIO, "via": VIA, "createml": CREATEML}
"""One JSON file that lists the pictures."""
CVAT = Kind("cvat", format_writers.write_cvat, "images/{context}/{stem}.png", "annotations.xml")
CSV = Kind("tensorflow-csv", format_writers.write_csv, "images/{context}/{stem}.png", "labels.csv")
CLASSES = ClassFolders("folders", builders.write_class_folders, "{label}/{stem}.png", "{label}/{stem}.png")

PAIRED = {"voc beside": BESIDE, "voc folders": FOLDERS, **YOLO_LAYOUTS, **ONE_EACH}
"""An annotation file for each picture."""
BOXES = {**PAIRED, "coco": COCO, "cvat": CVAT, "csv": CSV, **LISTS}


def kinds(named):
    return pytest.mark.parametrize("kind", named.values(), ids=named.keys())


every_kind = kinds({**BOXES, "class folders": CLASSES})
kinds_with_boxes = kinds(BOXES)
paired_kinds = kinds(PAIRED)
kinds_that_walk = kinds({**PAIRED, "class folders": CLASSES})
"""The others name their pictures one by one, in text."""


def add_picture(kind, root, shot, name):
    """Let the file of a kind that lists pictures list another one, that has the objects of a shot's."""
    path = kind.annotation(root, shot)
    text, other = path.read_text(encoding="utf-8"), f"{shot.context}/{name}"
    if kind is COCO:
        tables = json.loads(text)
        tables["images"].append({"id": len(tables["images"]) + 1, "file_name": other})
        text = json.dumps(tables)
    elif kind is CVAT:
        text = text.replace("</annotations>", f'<image name="{other}"/></annotations>')
    elif kind is CSV:
        text += f"{other},,,,,,,\n"
    path.write_text(text, encoding="utf-8")


def by_stem(reading):
    return {picture.path.stem: picture for picture in reading.pictures}


@every_kind
def test_the_objects_read_are_those_that_were_drawn(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    reading = kind.read(tmp_path)
    assert reading.findings == ()
    found = by_stem(reading)
    assert set(found) == {shot.stem for shot in SHOTS}
    for shot in SHOTS:
        picture = found[shot.stem]
        expected = shot.objects if kind.boxes else ((shot.objects[0][0], None),)
        assert [entry.label for entry in picture.objects] == [label for label, _ in expected]
        assert [entry.number for entry in picture.objects] == list(range(1, len(expected) + 1))
        for entry, (_, edges) in zip(picture.objects, expected, strict=True):
            assert entry.xyxy == (edges and pytest.approx(edges, abs=1e-9))
        assert picture.size_wh in {None, shot.size_wh}
        assert picture.findings == ()


@every_kind
def test_an_attributes_file_disturbs_no_reading_and_lies_where_the_annotation_of_the_picture_does(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    before, detected = kind.read(tmp_path), layout.detect(tmp_path)
    beside = {shot.stem: kind.picture(tmp_path, shot) for shot in SHOTS}
    if kind.name == "voc":
        beside = {shot.stem: kind.annotation(tmp_path, shot) for shot in SHOTS}
    for picture in before.pictures:
        assert picture.attributes == beside[picture.path.stem].with_name(f"{picture.path.stem}.attributes.json")
        assert picture.object_count == len(picture.objects)
        picture.attributes.write_text('{"objects": [{"number": 1, "view": "front"}]}')
    assert kind.read(tmp_path) == before
    assert layout.detect(tmp_path) == detected


@pytest.mark.parametrize("content", ['{"objects": []}', "{", '{"images": [], "annotations": [], "categories": []}'])
def test_an_attributes_file_is_never_taken_for_coco(tmp_path, content):
    COCO.write(tmp_path, SHOTS)
    before = COCO.read(tmp_path)
    for folder in (tmp_path, tmp_path / "annotations"):
        (folder / "a.attributes.json").write_text(content)
    assert COCO.read(tmp_path) == before


@every_kind
def test_attributes_reach_the_catalogue(tmp_path, kind):
    kind.write(tmp_path / "source", SHOTS)
    for number, shot in enumerate(SHOTS):
        picture = by_stem(kind.read(tmp_path / "source"))[shot.stem]
        write_attributes(picture.attributes, {len(picture.objects): {"shot": number}})
    workspace = create_workspace(
        tmp_path / "w", taxonomy=infer(builders.LABELS), source=(kind.name, tmp_path / "source")
    )
    assert extract(workspace).findings == ()
    described = {Path(crop.screenshot).stem: crop for crop in workspace.known_crops() if crop.attributes}
    assert {stem: crop.attributes for stem, crop in described.items()} == {
        shot.stem: {"shot": number} for number, shot in enumerate(SHOTS)
    }
    for shot in SHOTS:
        assert described[shot.stem].label == shot.objects[-1 if kind.boxes else 0][0]


def crops_of(kind, root):
    kind.write(root / "source", SHOTS)
    workspace = create_workspace(root / "w", taxonomy=infer(builders.LABELS), source=(kind.name, root / "source"))
    assert extract(workspace).objects_skipped == 0
    return sorted((path.name.partition("_")[0], path.read_bytes()) for path in workspace.crops.iterdir())


@kinds_with_boxes
def test_the_same_boxes_in_any_format_give_the_same_crops_byte_by_byte(tmp_path, kind):
    assert crops_of(kind, tmp_path / "this") == crops_of(BESIDE, tmp_path / "voc")


@every_kind
def test_the_context_is_the_folder_of_the_picture(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    found = by_stem(kind.read(tmp_path))
    assert {stem: picture.context for stem, picture in found.items()} == {s.stem: kind.contexts(s) for s in SHOTS}


@every_kind
def test_pictures_that_lie_in_no_folder_of_their_own_have_the_context_all(tmp_path, kind):
    kind.write(tmp_path, [Shot(shot.stem, ".", shot.objects) for shot in SHOTS])
    assert {picture.context for picture in kind.read(tmp_path).pictures} == {"all"}


@every_kind
def test_names_are_paths_below_the_source_with_slashes(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    for picture in kind.read(tmp_path).pictures:
        assert tmp_path / picture.name == picture.path
        assert picture.path.is_file()
        assert "\\" not in picture.name


@every_kind
def test_the_order_is_that_of_the_names_whatever_the_order_of_writing(tmp_path, kind):
    readings = []
    for index, shots in enumerate(itertools.islice(itertools.permutations(SHOTS), 0, 24, 7)):
        root = tmp_path / str(index)
        kind.write(root, shots)
        names = [picture.name for picture in kind.read(root).pictures]
        assert names == sorted(names)
        readings.append(names)
    assert len(readings) == 4
    assert all(names == readings[0] for names in readings)


@every_kind
def test_reading_changes_nothing(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    before = tree(tmp_path)
    kind.read(tmp_path)
    assert tree(tmp_path) == before


@every_kind
def test_its_format_is_recognised_by_what_lies_there(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    assert layout.detect(tmp_path) == kind.name


@paired_kinds
def test_a_picture_without_annotation_is_reported_and_the_rest_is_read(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    kind.annotation(tmp_path, SHOTS[0]).unlink()
    reading = kind.read(tmp_path)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = reading.findings
    assert finding.item == kind.picture(tmp_path, SHOTS[0]).relative_to(tmp_path).as_posix()
    assert (finding.code, finding.skips) == ("no-annotation", False)
    assert finding.remedy


@kinds_with_boxes
def test_an_annotation_without_picture_is_reported_and_the_rest_is_read(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    kind.picture(tmp_path, SHOTS[0]).unlink()
    reading = kind.read(tmp_path)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = reading.findings
    assert finding.code == "no-picture"
    assert kind.annotation(tmp_path, SHOTS[0]).relative_to(tmp_path).as_posix() in finding.item
    (tmp_path / "val2017.zip").write_bytes(b"PK")
    (finding,) = kind.read(tmp_path).findings
    assert finding.remedy.startswith("unpack val2017.zip, or ")


def test_a_picture_in_no_class_folder_is_reported(tmp_path):
    CLASSES.write(tmp_path, SHOTS)
    scene("stray").save(tmp_path / "stray.png")
    reading = CLASSES.read(tmp_path)
    assert len(reading.pictures) == 4
    (finding,) = reading.findings
    assert (finding.item, finding.code, finding.skips) == ("stray.png", "no-annotation", False)


CONFUSABLE = [("shot.png", "shot.jpg"), ("Shot.png", "shot.png"), ("caf\u00e9.png", "cafe\u0301.png")]


@every_kind
@pytest.mark.parametrize("names", CONFUSABLE, ids=["suffix", "case", "Unicode form"])
def test_two_pictures_that_could_be_confused_are_refused_and_both_named(tmp_path, kind, names):
    kind.write(tmp_path, [SHOTS[1]])
    first = kind.picture(tmp_path, SHOTS[1])
    pictures = [first.with_name(name) for name in names]
    for path in pictures:
        shutil.copy(first, path)
    if kind in (COCO, CVAT, CSV):
        for name in names:
            add_picture(kind, tmp_path, SHOTS[1], name)
    if isinstance(kind, ListKind):
        kind.state(tmp_path, SHOTS[1], [path.relative_to(tmp_path).as_posix() for path in pictures])
    whole = kind in (BESIDE, FOLDERS, CLASSES, COCO, CVAT, CSV) or isinstance(kind, ListKind)
    if whole and names is CONFUSABLE[0]:  # whole names are stated, or no annotation could be of either
        reading = kind.read(tmp_path)
        found = {picture.name for picture in reading.pictures} | reading.unusable.keys()
        assert found >= {path.relative_to(tmp_path).as_posix() for path in pictures}
        return
    with pytest.raises(InputRejectedError) as caught:
        kind.read(tmp_path)
    assert all(str(path) in str(caught.value) for path in pictures)


@every_kind
def test_a_picture_that_is_a_link_out_of_the_source_is_not_read(tmp_path, kind):
    root, secret = tmp_path / "root", tmp_path / "secret.png"
    kind.write(root, SHOTS)
    scene("secret").save(secret)
    link = kind.picture(root, SHOTS[0])
    link.unlink()
    link.symlink_to(secret)
    reading = kind.read(root)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = reading.findings
    assert (finding.code, finding.pictures) == ("path-escapes", 1)


@every_kind
def test_a_picture_that_is_a_link_to_itself_is_reported(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    link = kind.picture(tmp_path, SHOTS[0])
    link.unlink()
    link.symlink_to(link.name)
    reading = kind.read(tmp_path)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = reading.findings
    assert (finding.code, finding.pictures) == ("bad-path", 1)


@paired_kinds
def test_an_annotation_that_is_a_link_out_of_the_source_is_not_read(tmp_path, kind):
    root = tmp_path / "root"
    kind.write(root, SHOTS)
    link = kind.annotation(root, SHOTS[0])
    shutil.move(link, tmp_path / "secret")
    link.symlink_to(tmp_path / "secret")
    reading = kind.read(root)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    assert [finding.code for finding in reading.findings] == ["path-escapes"]


@kinds_that_walk
def test_a_pipe_in_place_of_an_annotation_is_reported_rather_than_waited_for(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    path = kind.annotation(tmp_path, SHOTS[0])
    path.unlink()
    os.mkfifo(path)
    reading = kind.read(tmp_path)
    if kind is CLASSES:  # whose pictures are read later
        assert len(reading.pictures) == 4
        return
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = reading.findings
    assert (finding.reason, finding.code, finding.pictures) == ("is no regular file", "unreadable", 1)


def test_a_pipe_in_place_of_a_coco_file_is_refused_rather_than_waited_for(tmp_path):
    COCO.write(tmp_path, SHOTS)
    COCO.annotation(tmp_path, SHOTS[0]).unlink()
    os.mkfifo(COCO.annotation(tmp_path, SHOTS[0]))
    with pytest.raises(InputRejectedError, match=r"annotations/instances\.json: is no regular file"):
        COCO.read(tmp_path)


def test_label_files_without_picture_are_reported_and_other_texts_of_yolo_left_alone(tmp_path):
    YOLO.write(tmp_path, SHOTS)
    (tmp_path / "labels" / "garden" / "classes.txt").write_text("apple\npear\n")
    (tmp_path / "README.txt").write_text("Thank you.")
    assert YOLO.read(tmp_path).findings == ()
    (tmp_path / "labels" / "house" / "gone.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    reading = YOLO.read(tmp_path)
    assert len(reading.pictures) == 4
    assert [(f.item, f.code, f.pictures) for f in reading.findings] == [("labels/house/gone.txt", "no-picture", 1)]


def test_label_files_without_picture_are_reported_also_where_they_lie_beside_the_pictures(tmp_path):
    YOLO.write(tmp_path, SHOTS)
    shutil.copytree(tmp_path / "labels", tmp_path / "images", dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "labels")
    assert YOLO.read(tmp_path).findings == ()
    YOLO.picture(tmp_path, SHOTS[0]).unlink()
    assert [finding.item for finding in YOLO.read(tmp_path).findings] == ["images/garden/b.txt"]


def test_a_coco_file_that_is_a_link_out_of_the_source_is_not_read(tmp_path):
    root = tmp_path / "root"
    COCO.write(root, SHOTS)
    link = COCO.annotation(root, SHOTS[0])
    shutil.move(link, tmp_path / "secret.json")
    link.symlink_to(tmp_path / "secret.json")
    with pytest.raises(InputRejectedError, match="no JSON file with the tables"):
        COCO.read(root)


@kinds_that_walk
def test_a_linked_folder_is_not_followed_but_reported(tmp_path, kind):
    root = tmp_path / "root"
    kind.write(root, SHOTS)
    kind.write(tmp_path / "elsewhere", [Shot("d", "garden", (("apple", (1, 1, 5, 5)),))])
    parent = kind.picture(root, SHOTS[0]).parent.parent
    (parent / "linked").symlink_to(kind.picture(tmp_path / "elsewhere", SHOTS[0]).parent)
    reading = kind.read(root)
    assert set(by_stem(reading)) == {"a", "b", "größe 1", "c"}
    (finding,) = reading.findings
    assert finding.code == "linked-folder"
    assert finding.item.endswith("linked")


def test_a_name_with_a_backslash_cannot_hide_a_link_out_of_the_source(tmp_path):
    root = tmp_path / "root"
    CLASSES.write(root, SHOTS)
    scene("secret").save(tmp_path / "secret.png")
    (root / "pear" / "x\\y.png").symlink_to(tmp_path / "secret.png")
    reading = CLASSES.read(root)
    assert len(reading.pictures) == 4
    assert [finding.code for finding in reading.findings] == ["path-escapes"]


@kinds_that_walk
def test_a_file_name_that_is_not_utf_8_is_read_and_named_in_text(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    for path in {kind.picture(tmp_path, SHOTS[0]), kind.annotation(tmp_path, SHOTS[0])}:
        path.rename(os.fsdecode(os.fsencode(path.parent) + b"/\xe9" + os.fsencode(path.suffix)))
    reading = kind.read(tmp_path)
    assert reading.findings == ()
    odd = next(picture for picture in reading.pictures if "\\" in picture.name)
    assert odd.name.endswith("/\\udce9.png")
    assert odd.path.is_file()
    assert odd.objects[0].label == SHOTS[0].objects[0][0]


HOSTILE_NAMES = ["../secret.png",
                 "garden/../../secret.png", "{outside}/secret.png", "..\\secret.png", "\\\\host\\s.png",
                 "file:///secret.png", "a\0b.png", "\ud800.png", "x" * 5000, "", "."]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_named_by_an_annotation_is_never_read_outside_the_source(tmp_path, name):
    root = tmp_path / "root"
    scene("secret").save(tmp_path / "secret.png")
    COCO.write(root, SHOTS)
    tables = read_coco_tables(root)
    tables["images"][0]["file_name"] = name.format(outside=tmp_path)
    write_coco_tables(root, tables)
    reading = COCO.read(root)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    (finding,) = (finding for finding in reading.findings if finding.skips)
    assert finding.code in {"path-escapes", "bad-path", "no-picture", "missing-tag"}
    assert (finding.pictures, finding.objects) == (1, 2)


@kinds(LISTS)
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_named_in_a_list_is_never_read_outside_the_source(tmp_path, kind, name):
    root = tmp_path / "root"
    scene("secret").save(tmp_path / "secret.png")
    kind.write(root, SHOTS)
    kind.state(root, SHOTS[0], [name.format(outside=tmp_path)])
    reading = kind.read(root)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    lost, unlisted = reading.findings
    assert lost.code in {"path-escapes", "bad-path", "no-picture", "missing-tag"}
    assert (lost.pictures, lost.objects) == (1, 2)
    assert (Path(unlisted.item).name, unlisted.code, unlisted.skips) == ("b.png", "no-annotation", False)


segments = st.sampled_from(
    ["..", ".", "", "garden", "secret.png", "a.png", "images", "C:", "~", "\0", "\ud800", "e\u0301"]
)


@files_property
@given(parts=st.lists(segments | st.text(max_size=4), max_size=6), separator=st.sampled_from(["/", "\\"]))
@example(parts=["", "", "host", "share", "x.png"], separator="\\")
def test_whatever_file_an_annotation_names_only_those_of_the_source_are_read(tmp_path_factory, parts, separator):
    base = tmp_path_factory.mktemp("named")
    scene("secret").save(base / "secret.png")
    COCO.write(base / "root", SHOTS[:2])
    tables = read_coco_tables(base / "root")
    tables["images"][0]["file_name"] = separator.join(parts)
    tables["images"] = tables["images"][:1]
    write_coco_tables(base / "root", tables)
    reading = COCO.read(base / "root")
    for picture in reading.pictures:
        assert picture.path.resolve().is_relative_to((base / "root").resolve())
    assert len(reading.pictures) + sum(finding.pictures for finding in reading.findings) == 1
    shutil.rmtree(base)


CLASS_LISTS = {"classes", "predefined_classes", "labels", "class_names", "class_list", "names", "label_map"}
"""What text files are called that list YOLO's classes, and so are no annotation of a picture."""
any_name = (
    st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=40)
    .map(lambda name: os.fsdecode(name.encode(errors="ignore") or b"x"))
    .filter(lambda name: name[0] != "." and len(os.fsencode(name)) < 200)
)


@kinds_that_walk
@files_property
@given(name=any_name, odd=st.binary(max_size=3))
@example(name="\x1b]0;owned\x07", odd=b"")
@example(name="line\nbreak", odd=b"\xff")
@example(name="CON", odd=b"")
@example(name="n" * 240, odd=b"")
def test_a_picture_of_any_name_is_read_and_its_name_can_be_stored_and_printed(tmp_path_factory, kind, name, odd):
    stem = name + os.fsdecode(odd.replace(b"/", b"").replace(b"\0", b""))
    assume(kind.name != "yolo" or stem not in CLASS_LISTS)
    root = tmp_path_factory.mktemp("names")
    kind.write(root, [SHOTS[1]])
    for path in {kind.picture(root, SHOTS[1]), kind.annotation(root, SHOTS[1])}:
        path.rename(path.with_name(f"{stem}{path.suffix}"))
    reading = kind.read(root)
    assert reading.findings == ()
    (picture,) = reading.pictures
    assert picture.path.name == f"{stem}.png"
    assert picture.path.is_file()
    assert picture.name.encode()
    assert str(Finding(picture.name, "is odd")).isprintable()
    shutil.rmtree(root)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_in_voc_are_ignored_since_the_picture_is_found_by_its_stem(tmp_path, name):
    BESIDE.write(tmp_path, SHOTS)
    shown = name.format(outside="/tmp") if name.isprintable() else "x"
    xml = BESIDE.annotation(tmp_path, SHOTS[0])
    text = xml.read_text(encoding="utf-8")
    xml.write_text(
        text.replace("<filename>b.png</filename>", f"<filename>{shown}</filename><path>{shown}</path>"),
        encoding="utf-8",
    )
    reading = BESIDE.read(tmp_path)
    assert by_stem(reading)["b"].path == tmp_path / "garden" / "b.png"
    assert reading.findings == ()


@pytest.mark.parametrize("entry", ["../elsewhere", "{outside}", "..", "a\0b", "x" * 5000, "nowhere"])
def test_yolo_folders_outside_the_source_are_named_and_never_read(tmp_path, entry):
    root = tmp_path / "root"
    YOLO.write(root, SHOTS)
    YOLO.write(tmp_path / "elsewhere", [Shot("d", "garden", (("apple", (1, 1, 5, 5)),))])
    names = ["apple", "pear", "stone"]
    (root / "data.yaml").write_text(json.dumps({"train": entry.format(outside=tmp_path), "names": names}))
    reading = YOLO.read(root)
    assert set(by_stem(reading)) == {"a", "b", "größe 1", "c"}
    assert [(finding.item, finding.code, finding.skips) for finding in reading.findings] == [
        ("data.yaml", "no-subset", False)
    ]


def test_yolo_labels_are_not_sought_outside_the_source(tmp_path):
    root = tmp_path / "images" / "set"
    YOLO.write(tmp_path / "labels" / "set", SHOTS)
    root.mkdir(parents=True)
    scene("a").save(root / "a.png")
    (root / "data.yaml").write_text('{"train": ".", "names": ["apple"]}')
    (tmp_path / "labels" / "set" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    reading = YOLO.read(root)
    assert reading.pictures == ()
    assert [finding.code for finding in reading.findings] == ["no-annotation"]


def test_a_folder_that_cannot_be_read_is_refused_rather_than_passed_over():
    with open_to_all() as root:
        BESIDE.write(root, SHOTS)
        (root / "house").chmod(0o000)
        with unprivileged(), pytest.raises(InputRejectedError, match=r"house: cannot be read \(Permission denied\)"):
            BESIDE.read(root)


@kinds({"voc beside": BESIDE, "voc folders": FOLDERS, **YOLO_LAYOUTS})
@pytest.mark.parametrize("gone", ["picture", "annotation"])
def test_a_file_that_vanishes_after_the_listing_is_skipped_and_named(tmp_path, kind, gone, monkeypatch):
    kind.write(tmp_path, SHOTS)
    path = getattr(kind, gone)(tmp_path, SHOTS[0])
    listed = SourceTree.refuse_confusable

    def lose_one(*arguments, **options):
        listed(*arguments, **options)
        path.unlink()

    monkeypatch.setattr(SourceTree, "refuse_confusable", lose_one)
    reading = kind.read(tmp_path)
    if kind.name != "yolo" and gone == "picture":  # which is opened later, by the extraction
        assert len(reading.pictures) == 4
        return
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    assert path.relative_to(tmp_path).with_suffix("").name in {Path(f.item).stem for f in reading.findings}
    assert len(reading.findings) == 1


@every_kind
def test_a_source_that_is_not_there_is_refused(tmp_path, kind):
    with pytest.raises(InputRejectedError) as caught:
        kind.read(tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)


def spoil(kind, root, shot, number, how):
    """Make one object of a picture unusable."""
    path = kind.annotation(root, shot)
    if isinstance(kind, JsonKind):
        wrong = {"nan": float("nan"), "huge": float("inf"), "words": "١٢"}[how]

        def spoil_one(rows):
            holder, key = kind.coordinate(rows[number - 1])
            holder[key] = wrong

        kind.change(root, shot, spoil_one)
        return
    if kind is COCO:
        tables = read_coco_tables(root)
        image = next(row["id"] for row in tables["images"] if shot.stem in row["file_name"])
        row = [row for row in tables["annotations"] if row["image_id"] == image][number - 1]
        row["bbox"] = {"nan": [1, float("nan"), 2, 2], "huge": [1, 1e400, 2, 2], "words": ["١", "2", "3", "4"]}[how]
        write_coco_tables(root, tables)
        return
    written = {"nan": "nan", "huge": "1e400", "words": "١٢"}[how]
    text = path.read_text(encoding="utf-8")
    if kind is CSV:
        rows = list(csv.reader(io.StringIO(text)))
        [row for row in rows if shot.stem in row[0]][number - 1][4] = written
        stream = io.StringIO()
        csv.writer(stream).writerows(rows)
        path.write_text(stream.getvalue(), encoding="utf-8")
        return
    if kind is CVAT:
        before, image = text.split(f"{shot.stem}.png")
        parts = image.split(' xtl="')
        parts[number] = written + parts[number][parts[number].index('"') :]
        path.write_text(f"{before}{shot.stem}.png" + ' xtl="'.join(parts), encoding="utf-8")
        return
    if kind.name == "yolo":
        rows = text.splitlines()
        rows[number - 1] = " ".join([rows[number - 1].split()[0], written, *rows[number - 1].split()[2:]])
        path.write_text("\n".join(rows), encoding="utf-8")
    else:
        parts = text.split("<xmin>")
        parts[number] = written + parts[number][parts[number].index("</xmin>") :]
        path.write_text("<xmin>".join(parts), encoding="utf-8")


@kinds_with_boxes
@pytest.mark.parametrize("how", ["nan", "huge", "words"])
def test_an_object_that_cannot_be_read_is_reported_and_the_others_of_its_picture_are_kept(tmp_path, kind, how):
    kind.write(tmp_path, SHOTS)
    spoil(kind, tmp_path, SHOTS[2], 2, how)
    reading = kind.read(tmp_path)
    assert reading.findings == ()
    picture = by_stem(reading)["größe 1"]
    assert [(entry.number, entry.label) for entry in picture.objects] == [(1, "stone"), (3, "apple")]
    (finding,) = picture.findings
    assert finding.item.endswith("object 2")
    assert finding.item.startswith(picture.annotation)
    assert (finding.code, finding.objects, finding.pictures) == ("bad-number", 1, 0)


@paired_kinds
@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"\x80\x81<<", None], ids=["binary", "broken", "unreadable"])
def test_an_annotation_that_cannot_be_read_is_reported_and_the_rest_is_read(tmp_path, kind, content):
    kind.write(tmp_path, SHOTS)
    path = kind.annotation(tmp_path, SHOTS[0])
    path.unlink()
    if content is None:
        path.symlink_to(path.name)
    else:
        path.write_bytes(content)
    reading = kind.read(tmp_path)
    assert set(by_stem(reading)) == {"a", "größe 1", "c"}
    assert [finding.pictures for finding in reading.findings] == [1]


@kinds_with_boxes
def test_an_annotation_without_any_object_is_valid(tmp_path, kind):
    kind.write(tmp_path, [SHOTS[0], Shot("empty", "house", ())])
    reading = kind.read(tmp_path)
    assert reading.findings == ()
    assert by_stem(reading)["empty"].objects == ()


@every_kind
@files_property
@given(label=printable_labels().filter(lambda text: "/" not in text and text not in {".", ".."}))
@example("<script>alert(1)</script>".replace("/", "|"))
@example("Straße 犬 & Söhne")
def test_any_printable_label_is_read_as_it_was_written(tmp_path_factory, kind, label):
    is_layout = label.lower() in LAYOUT_FOLDERS | MASK_FOLDERS or named_subset(label)  # such folders name no label
    if kind is CLASSES and (label.startswith(".") or len(label.encode()) > 200 or is_layout):
        label = "x"
    root = tmp_path_factory.mktemp("labels")
    kind.write(root, [Shot("a", "garden", ((label, (1, 2, 30, 40)),))])
    (picture,) = kind.read(root).pictures
    assert [entry.label for entry in picture.objects] == [label]
    shutil.rmtree(root)


coordinates = st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9)
objects = st.lists(st.tuples(printable_labels(), st.tuples(*[coordinates] * 4)), max_size=6)


@files_property
@given(drawn=objects, size_wh=st.tuples(st.integers(1, 10**5), st.integers(1, 10**5)))
@example(drawn=[("<b>犬 & 'x' \"y\"</b>", (1e6, 0.1, 1e300, -0.0))], size_wh=(3, 4))
def test_voc_reads_back_exactly_what_it_wrote(tmp_path_factory, drawn, size_wh):
    root = tmp_path_factory.mktemp("voc")
    scene("a").save(root / "a.png")
    given = tuple(AnnotatedObject(n, label, xyxy) for n, (label, xyxy) in enumerate(drawn, start=1))
    pascal_voc.write(root / "a.xml", picture="a.png", size_wh=size_wh, objects=given)
    (picture,) = pascal_voc.read(SourceTree.of(root)).pictures
    assert picture.objects == tuple(map(with_sorted_corners, given))
    assert picture.size_wh == size_wh
    assert picture.findings == ()
    shutil.rmtree(root)


@pytest.mark.parametrize("name", HOSTILE_NAMES[:3])
def test_writing_voc_touches_only_the_file_it_is_given(tmp_path, name):
    pascal_voc.write(tmp_path / "a.xml", picture=name, size_wh=(3, 4), objects=())
    assert [path.name for path in tmp_path.iterdir()] == ["a.xml"]


def test_numpys_numbers_are_written_as_plain_ones(tmp_path):
    import numpy as np

    edges = tuple(np.array([0.5, 1.0, 2.25, 3e7]))
    pascal_voc.write(tmp_path / "a.xml", picture="a.png", size_wh=(3, 4), objects=[AnnotatedObject(1, "x", edges)])
    scene("a").save(tmp_path / "a.png")
    assert pascal_voc.read(SourceTree.of(tmp_path)).pictures[0].objects[0].xyxy == (0.5, 1.0, 2.25, 3e7)


def one_voc(tmp_path, content):
    """Read a VOC source of one good picture and one whose XML has these bytes; give the latter's outcome."""
    BESIDE.write(tmp_path, [SHOTS[1]])
    scene("x").save(tmp_path / "x.png")
    (tmp_path / "x.xml").write_bytes(content)
    reading = BESIDE.read(tmp_path)
    found = by_stem(reading)
    assert found.pop("a").objects
    return found.get("x"), [finding.code for finding in reading.findings]


GOOD = (
    "<annotation><size><width>64</width><height>48</height></size><object><name>{name}</name>"
    "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>"
)
LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in itertools.pairwise("abcdefghij"))
    + "]><annotation><object><name>&j;</name></object></annotation>"
)
HOSTILE_XML = {
    "dtd": ("<!DOCTYPE annotation SYSTEM 'http://127.0.0.1:9/x.dtd'>" + GOOD.format(name="x"), "xml-entities"),
    "billion laughs": (LAUGHS, "xml-entities"),
    "external entity": (
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + GOOD.format(name="&x;"),
        "xml-entities",
    ),
    "undeclared entity": (GOOD.format(name="&x;"), "bad-xml"),
    "truncated": (GOOD.format(name="x")[:-30], "bad-xml"),
    "over 10 MB": (GOOD.format(name="x").replace("<size>", "<!--" + "x" * 10_000_000 + "--><size>"), "too-large"),
    "empty file": ("", "bad-xml"),
    "no XML": ("{'annotation': 3}", "bad-xml"),
    "control characters": (GOOD.format(name="a\x01b"), "bad-xml"),
    "nested without end": ("<a>" * 200_000, "bad-xml"),
}


@pytest.mark.parametrize("name", HOSTILE_XML)
def test_hostile_xml_is_reported_and_never_expanded(tmp_path, name):
    text, code = HOSTILE_XML[name]
    assert one_voc(tmp_path, text.encode()) == (None, [code])


def test_deep_nesting_that_closes_again_is_read(tmp_path):
    nested = f"<annotation>{'<a>' * 20_000}{GOOD.format(name='x')}{'</a>' * 20_000}</annotation>"
    picture, codes = one_voc(tmp_path, nested.encode())
    assert codes == []
    assert [entry.label for entry in picture.objects] == ["x"]


ENCODED = {
    "utf-8 with mark": "é犬".join(GOOD.split("{name}")).encode("utf-8-sig"),
    "utf-16": f'<?xml version="1.0" encoding="utf-16"?>{GOOD.format(name="é犬")}'.encode("utf-16"),
    "utf-16, declared as utf-8": f'<?xml version="1.0" encoding="utf-8"?>{GOOD.format(name="é犬")}'.encode("utf-16"),
    "utf-16 without declaration": GOOD.format(name="é犬").encode("utf-16"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_xml_in_an_encoding_that_the_parser_knows_is_read(tmp_path, name):
    picture, codes = one_voc(tmp_path, ENCODED[name])
    assert codes == []
    assert [entry.label for entry in picture.objects] == ["é犬"]


def test_xml_in_a_single_byte_encoding_is_read_as_declared(tmp_path):
    text = f'<?xml version="1.0" encoding="iso-8859-1"?>{GOOD.format(name="Größe")}'
    picture, codes = one_voc(tmp_path, text.encode("iso-8859-1"))
    assert codes == []
    assert picture.objects[0].label == "Größe"


def test_a_bare_ampersand_is_named_with_what_to_write(tmp_path):
    BESIDE.write(tmp_path, [SHOTS[1]])
    BESIDE.annotation(tmp_path, SHOTS[1]).write_text(GOOD.format(name="a &amp; b & co"), encoding="utf-8")
    (finding,) = BESIDE.read(tmp_path).findings
    assert (finding.code, finding.remedy) == ("bad-xml", "write &amp; in place of & in line 1")


@pytest.mark.parametrize(
    ("declared", "y_true", "words"),
    [
        ("gb2312", "gb2312", "is written in gb2312, which cannot be read"),
        ("big5", "big5", "is written in big5, which cannot be read"),
        ("no-such-code", "utf-8", "is written in no-such-code, which cannot be read"),
        ("zlib", "utf-8", "is written in zlib, which cannot be read"),
        ("utf-8", "gb2312", "is not written in utf-8, as it should be"),
        ("utf-16", "utf-8", "is not written in utf-16, as it should be"),
        (None, "gb2312", "is not written in UTF-8, as it should be"),
        (None, "iso-8859-1", "is not written in UTF-8, as it should be"),
    ],
)
def test_xml_in_an_encoding_that_cannot_be_read_is_reported_with_its_name(tmp_path, declared, y_true, words):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    name = "é" if y_true == "iso-8859-1" else "中文"
    BESIDE.write(tmp_path, [SHOTS[1]])
    BESIDE.annotation(tmp_path, SHOTS[1]).write_bytes((declaration + GOOD.format(name=name)).encode(y_true))
    reading = BESIDE.read(tmp_path)
    assert reading.pictures == ()
    more = "" if declared in (None, "utf-8") else ', with encoding="UTF-8" in its first line'
    assert [str(finding) for finding in reading.findings] == [f"garden/a.xml: {words} (save it as UTF-8{more})"]


@pytest.mark.parametrize(
    ("gone", "code"),
    [
        ("<name>x</name>", "no-label"),
        ("<xmin>1</xmin>", "missing-tag"),
        ("<ymax>4</ymax>", "missing-tag"),
        ("<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>", "missing-tag"),
    ],
)
def test_an_object_with_a_missing_tag_is_reported(tmp_path, gone, code):
    picture, codes = one_voc(tmp_path, GOOD.format(name="x").replace(gone, "").encode())
    assert codes == []
    assert picture.objects == ()
    assert [(finding.item, finding.code, finding.objects) for finding in picture.findings] == [
        ("x.xml, object 1", code, 1)
    ]


@pytest.mark.parametrize("size", ["", "<size/>", "<size><width>0</width><height>0</height></size>", "<annotation/>"])
def test_an_annotation_need_not_know_the_size_of_its_picture(tmp_path, size):
    text = GOOD.format(name="x").replace("<size><width>64</width><height>48</height></size>", size)
    picture, codes = one_voc(tmp_path, text.encode())
    assert (codes, picture.size_wh, len(picture.objects)) == ([], None, 1)


def test_a_size_that_is_no_number_is_reported(tmp_path):
    picture, codes = one_voc(tmp_path, GOOD.format(name="x").replace("64", "NaN").encode())
    assert (picture, codes) == (None, ["bad-number"])


def test_two_annotations_of_one_picture_that_differ_are_refused_and_both_named(tmp_path):
    FOLDERS.write(tmp_path, SHOTS)
    stray = tmp_path / "JPEGImages" / "garden" / "a.xml"
    shutil.copy(FOLDERS.annotation(tmp_path, SHOTS[0]), stray)
    with pytest.raises(InputRejectedError, match="annotate one picture") as caught:
        FOLDERS.read(tmp_path)
    assert str(stray) in str(caught.value)
    assert str(FOLDERS.annotation(tmp_path, SHOTS[1])) in str(caught.value)


FRAGMENTS = ["<annotation>", "</annotation>", "<object>", "</object>", "<name>", "x", "</name>", "<bndbox>",
             "<xmin>", "1", "</xmin>", "&amp;", "&#0;", "<![CDATA[", "]]>", "<!--",
             "<?x", "<!DOCTYPE a>", "\0", " a='b'"]  # fmt: skip


@files_property
@given(
    content=st.binary(max_size=200)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(lambda p: "".join(p).encode())
)
@pytest.mark.parametrize("kind", [BESIDE, YOLO], ids=["voc", "yolo"])
def test_any_bytes_as_an_annotation_are_read_or_reported(tmp_path_factory, kind, content):
    root = tmp_path_factory.mktemp("bytes")
    kind.write(root, SHOTS[:2])
    kind.annotation(root, SHOTS[0]).write_bytes(content)
    reading = kind.read(root)
    assert sum(finding.pictures for finding in reading.findings) + len(reading.pictures) == 2
    assert "a" in by_stem(reading)
    shutil.rmtree(root)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@files_property
@given(
    table=st.sampled_from(["images", "annotations", "categories"]),
    key=st.sampled_from(["id", "file_name", "width", "image_id", "category_id", "bbox", "name", None]),
    value=json_values,
)
@example("annotations", "bbox", [1, 2, 3, 10**400])
@example("images", "file_name", "\ud800")
@example("images", None, None)
@example("annotations", "image_id", [1])
@example("categories", "id", True)
def test_any_value_in_a_coco_table_is_read_or_reported(tmp_path_factory, table, key, value):
    root = tmp_path_factory.mktemp("coco")
    COCO.write(root, SHOTS)
    tables = read_coco_tables(root)
    if key is None:
        tables[table][0] = value
    else:
        tables[table][0][key] = value
    write_coco_tables(root, tables)
    reading = COCO.read(root)
    left_out = sum(finding.objects for finding in reading.findings)
    left_out += sum(finding.objects for picture in reading.pictures for finding in picture.findings)
    assert sum(len(picture.objects) for picture in reading.pictures) + left_out == 7
    assert len(reading.pictures) + sum(finding.pictures for finding in reading.findings) == 4
    shutil.rmtree(root)


@kinds({"coco": COCO, "cvat": CVAT, "csv": CSV, **LISTS})
def test_a_picture_that_two_files_list_with_the_same_objects_counts_once_and_with_others_is_refused(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    document = kind.annotation(tmp_path, SHOTS[0])
    copy = document.with_name(f"copy of it{document.suffix}")
    shutil.copy(document, copy)
    reading = kind.read(tmp_path)
    assert sum(len(picture.objects) for picture in reading.pictures) == 7
    assert [(finding.code, finding.skips) for finding in reading.findings] == [("listed-twice", False)]
    copy.write_text(copy.read_text(encoding="utf-8").replace("apple", "plum"), encoding="utf-8")
    with pytest.raises(InputRejectedError, match="list one picture") as caught:
        kind.read(tmp_path)
    assert document.name in str(caught.value)
    assert copy.name in str(caught.value)
    document.unlink()
    assert len(kind.read(tmp_path).pictures) == 4


@kinds({**ONE_EACH, **LISTS})
def test_a_json_file_of_another_kind_is_left_alone_and_one_that_cannot_be_read_is_reported(tmp_path, kind):
    kind.write(tmp_path, SHOTS)
    for name, content in {
        "empty": "{}",
        "list": "[]",
        "words": '["a", {"b": [1]}]',
        "colours": '{"red": {"x": 1}}',
    }.items():
        (tmp_path / f"{name}.json").write_text(content)
    assert kind.read(tmp_path).findings == ()
    (tmp_path / "half.json").write_text("[{")
    reading = kind.read(tmp_path)
    assert len(reading.pictures) == 4
    assert [(f.item, f.code, f.files, f.pictures) for f in reading.findings] == [("half.json", "bad-json", 1, 0)]


def changed_somewhere(draw, value, replacement):
    """Replace a value of a JSON document, or the document itself."""
    if isinstance(value, dict | list) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        value[key] = changed_somewhere(draw, value[key], replacement)
        return value
    return replacement


@kinds({**ONE_EACH, **LISTS})
@files_property
@given(data=st.data(), replacement=json_values)
def test_any_value_within_an_object_of_a_json_file_is_read_or_reported(tmp_path_factory, kind, data, replacement):
    root = tmp_path_factory.mktemp("json")
    kind.write(root, SHOTS)

    def replace_one(rows):
        rows[1] = changed_somewhere(data.draw, rows[1], replacement)

    kind.change(root, SHOTS[2], replace_one)
    reading = kind.read(root)
    lost = sum(finding.objects for finding in reading.findings)
    lost += sum(finding.objects for picture in reading.pictures for finding in picture.findings)
    assert sum(len(picture.objects) for picture in reading.pictures) + lost == 7
    assert len(reading.pictures) == 4
    assert all(
        math.isfinite(edge) for picture in reading.pictures for entry in picture.objects for edge in entry.xyxy or ()
    )
    shutil.rmtree(root)


@kinds({**ONE_EACH, **LISTS})
@files_property
@given(data=st.data(), replacement=json_values)
def test_any_value_in_a_json_file_is_read_or_refused(tmp_path_factory, kind, data, replacement):
    root = tmp_path_factory.mktemp("json")
    kind.write(root, SHOTS)
    path = kind.annotation(root, SHOTS[2])
    document = changed_somewhere(data.draw, json.loads(path.read_text(encoding="utf-8")), replacement)
    format_writers.save_json(path, document)
    reading, _ = builders.tried(InputRejectedError, kind.read, root)
    if reading is not None:
        read = {picture.name for picture in reading.pictures}
        unread = {finding.item for finding in reading.findings if not finding.objects} | set(reading.unusable)
        lost = sum(finding.pictures for finding in reading.findings)
        assert len(read) + lost + len([item for item in unread if item.endswith(".png")]) >= 4
        assert all(str(finding).isprintable() for finding in reading.findings)
    shutil.rmtree(root)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda text: text[:-20], "cannot be read as JSON"),
        (lambda text: text.replace('"images"', '"annotations"'), "the key 'annotations' comes twice"),
        (lambda _text: "[" * 100_000, "cannot be read as JSON"),
        (lambda text: text.replace('"categories"', '"classes"'), "has no table categories"),
        (lambda text: text.replace('"images": [', '"images": [' + "0," * 1_000_000), "rows, over 1,000,000"),
    ],
    ids=["truncated", "a table twice", "deep", "a table missing", "too many rows"],
)
def test_a_damaged_coco_file_beside_pictures_is_refused_rather_than_taken_for_class_folders(tmp_path, content, words):
    COCO.write(tmp_path, SHOTS)
    path = COCO.annotation(tmp_path, SHOTS[0])
    path.write_text(content(path.read_text()))
    for read in (layout.detect, COCO.read):
        with pytest.raises(InputRejectedError, match=words) as caught:
            read(tmp_path)
        assert f"{tmp_path}: " in str(caught.value)
        assert "annotations/instances.json: " in str(caught.value)


@kinds_with_boxes
def test_an_annotation_with_more_objects_than_anybody_draws_is_skipped_and_they_are_counted(tmp_path, kind):
    many = [Shot("many", "garden", (("apple", (1, 1, 2, 2)),) * 10_001), SHOTS[1]]
    kind.write(tmp_path, many)
    reading = kind.read(tmp_path)
    assert set(by_stem(reading)) == {"a"}
    (finding,) = reading.findings
    assert (finding.code, finding.pictures, finding.objects) == ("too-many-objects", 1, 10_001)


@kinds_with_boxes
def test_messages_stay_short_however_long_the_value_that_is_wrong(tmp_path, kind):
    shot = Shot("a", "garden", (("apple", (1, 2, 30, 40)),))
    kind.write(tmp_path, [shot])
    path = kind.annotation(tmp_path, shot)
    if kind.name == "yolo":
        files = ("data.yaml", "fruit.yaml", "classes.txt", "obj.names")
        path = next(tmp_path / file for file in files if (tmp_path / file).exists())
    path.write_text(path.read_text().replace("apple", "x" * 100_000))
    if kind.name == "yolo":
        with pytest.raises(InputRejectedError) as caught:
            kind.read(tmp_path)
        assert len(str(caught.value)) < 500
        return
    (finding,) = by_stem(kind.read(tmp_path))["a"].findings
    assert finding.code == "long-label"
    assert len(str(finding)) < 300


def test_a_json_file_that_cannot_be_read_is_reported_and_one_of_another_kind_is_left_alone(tmp_path):
    COCO.write(tmp_path, SHOTS)
    (tmp_path / "annotations" / "half.json").write_text('{"images": [')
    (tmp_path / "annotations" / "captions.json").write_text('{"info": 3}')
    reading = COCO.read(tmp_path)
    assert len(reading.pictures) == 4
    assert [(finding.item, finding.code) for finding in reading.findings] == [("annotations/half.json", "bad-json")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("0 0.5 0.5 0.5", "bad-row"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "bad-row"),
        ("9 0.5 0.5 0.5 0.5", "unknown-class"),
        ("0.5 0.5 0.5 0.5 0.5", "bad-number"),
        ("apple 0.5 0.5 0.5 0.5", "bad-number"),
    ],
)
def test_a_yolo_row_that_is_no_box_of_a_known_class_is_reported(tmp_path, row, code):
    YOLO.write(tmp_path, SHOTS)
    YOLO.annotation(tmp_path, SHOTS[0]).write_text(f"{row}\n1 0.5 0.5 0.5 0.5\n")
    picture = by_stem(YOLO.read(tmp_path))["b"]
    assert [(entry.number, entry.label, entry.xyxy) for entry in picture.objects] == [(2, "pear", (16, 12, 48, 36))]
    assert [(finding.item, finding.code) for finding in picture.findings] == [("labels/garden/b.txt, object 1", code)]


BAD_YAML = {
    "no mapping": "[1, 2]",
    "no names": "train: images",
    "names are numbers of classes": "names: 3",
    "names nested": "names: [[a, b]]",
    "billion laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in itertools.pairwise("abcdefghijk"))
    + "names: [*k]\ntrain: *k\n",
    "code": "names: !!python/object/apply:os.system ['touch owned']",
    "long number": "names: [" + "9" * 5000 + "]",
    "empty integer": "names: [!!int '']",
    "no truth": "names: [!!bool maybe]",
    "deep": "names: " + "[" * 3000 + "]" * 3000,
    "not UTF-8": b"names: [\xff]",
    "tab": "names:\n\t- a",
    "a number twice": "names: {0: apple, 1: pear, 0: stone}",
    "a number written twice": "names: {0: apple, 1: pear, '00': stone}",
    "a key twice": "names: [apple, pear, stone]\ntrain: images\ntrain: images/house",
}


@pytest.mark.parametrize("name", BAD_YAML)
def test_bad_yolo_settings_are_refused_naming_the_file(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    YOLO.write(tmp_path / "set", SHOTS)
    content = BAD_YAML[name]
    (tmp_path / "set" / "data.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputRejectedError) as caught:
        YOLO.read(tmp_path / "set")
    assert str(tmp_path / "set" / "data.yaml") in str(caught.value)
    assert len(str(caught.value)) < 20_000
    assert not Path("owned").exists()


def test_yolo_settings_that_are_missing_or_too_large_are_refused_with_the_plain_reason(tmp_path):
    YOLO.write(tmp_path, SHOTS)
    with (tmp_path / "data.yaml").open("a") as file:
        file.write("#" * 1_000_001)
    with pytest.raises(InputRejectedError, match=r"data\.yaml: is too large \(1\.0 MB, over 1 MB\)\. To fix it, make"):
        YOLO.read(tmp_path)
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(InputRejectedError, match=r"classes\.txt: is missing, and no other file names the classes"):
        YOLO.read(tmp_path)


def test_yolo_exports_of_another_machine_are_found_below_the_source(tmp_path):
    YOLO.write(tmp_path, SHOTS)
    (tmp_path / "data.yaml").write_text(
        "path: /content/fruit\ntrain: ../images/garden\nval: images/house\nnames: {0: apple, 1: pear, 2: stone}\n"
    )
    reading = YOLO.read(tmp_path)
    assert len(reading.pictures) == 4
    assert reading.findings == ()


def test_a_folder_of_nothing_that_can_be_read_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputRejectedError, match="no annotated pictures were found"):
        layout.detect(tmp_path)


def test_hidden_files_are_passed_over(tmp_path):
    BESIDE.write(tmp_path, SHOTS)
    (tmp_path / "garden" / "._b.png").write_bytes(b"macOS was here")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.png").write_bytes(b"")
    assert BESIDE.read(tmp_path).findings == ()


def test_upper_case_suffixes_are_pictures_and_annotations_too(tmp_path):
    BESIDE.write(tmp_path, SHOTS)
    for shot in SHOTS:
        picture, xml = BESIDE.picture(tmp_path, shot), BESIDE.annotation(tmp_path, shot)
        picture.write_bytes(encoded(scene("x", boxes=shot.objects), "JPEG"))
        picture.rename(picture.with_suffix(".JPG"))
        xml.rename(xml.with_suffix(".XML"))
    reading = BESIDE.read(tmp_path)
    assert len(reading.pictures) == 4
    assert reading.findings == ()


@kinds({"voc beside": BESIDE, "voc folders": FOLDERS, "coco": COCO, "yolo": YOLO})
def test_a_picture_that_exif_rotates_is_cut_as_it_was_annotated_where_the_annotation_declares_its_size(tmp_path, kind):
    seen = Shot("a", "garden", (("pear", (4, 6, 20, 40)),), size_wh=(48, 64))
    kind.write(tmp_path / "source", [seen])
    picture, exif = kind.picture(tmp_path / "source", seen), Image.Exif()
    with Image.open(picture) as drawn:
        drawn.load()
    exif[0x0112] = 6
    picture.write_bytes(encoded(drawn.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif))
    source = (kind.name, tmp_path / "source")
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(builders.LABELS), source=source)
    summary = extract(workspace)
    if kind.name == "yolo":  # which declares none
        assert [finding.code for finding in summary.findings] == ["exif-rotation"]
        picture.write_bytes(encoded(drawn))  # the remedy
        summary = extract(workspace)
    assert (summary.findings, summary.objects_kept) == ((), 1)
    with Image.open(next(workspace.crops.iterdir())) as crop:
        assert crop.tobytes() == drawn.convert("RGB").crop((4, 6, 20, 40)).tobytes()
