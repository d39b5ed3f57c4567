import collections
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import builders
from builders import SIZE_WH, Shot, as_once, contents, copied, encoded, make_workspace, scene, tree, tried, write_voc
from toonvision.core.errors import InputRejectedError
from toonvision.data import extraction, images
from toonvision.data.attributes import attributes_path, write_attributes
from toonvision.data.boxes import CLAMPED, Box
from toonvision.data.catalog import Catalog
from toonvision.data.extraction import crop_file, extract
from toonvision.data.formats import layout
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.taxonomy.loader import infer

ONE = Shot("one", "garden", (("apple", (2, 3, 18, 23)), ("pear", (30, 5, 52, 30))))
TWO = Shot("two", "house", (("apple", (0, 0, 64, 48)),))


def rewrite(workspace, shot):
    """Replace a picture's annotation, leaving the picture alone."""
    picture = workspace.root / "screenshots" / shot.context / f"{shot.stem}.png"
    before = picture.read_bytes()
    write_voc(workspace.root / "screenshots", [shot])
    picture.write_bytes(before)


def sourced(root, name, write):
    """Make a workspace around a source of two pictures, ONE and TWO, in any format."""
    workspace = make_workspace(root / "w", [])
    shutil.rmtree(workspace.root / "screenshots")
    write(root / "source", [ONE, TWO])
    settings_text = f'{builders.SETTINGS_TEXT}\n[[sources]]\nformat = "{name}"\npath = "../source"\n'
    (workspace.root / "toonvision.toml").write_text(settings_text)
    return open_workspace(workspace.root)


def write_two_coco_files(root, shots):
    """Write COCO with the first picture in instances.json and the second in a file of its own."""
    builders.write_coco(root, shots[1:])
    (root / "annotations" / "instances.json").rename(root / "annotations" / "other.json")
    builders.write_coco(root, shots[:1])


def codes(summary):
    return collections.Counter(finding.code for finding in summary.findings)


def check_agreement(workspace, summary, *, unusable_now=()):
    """Check that catalogue, files and counts agree; pictures that became unusable keep what they had."""
    crops = workspace.known_crops()
    files = contents(workspace.crops)
    assert {crop.file for crop in crops} == set(files)
    assert {crop.file: crop.hash for crop in crops} == {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    assert summary.objects_kept == len([crop for crop in crops if crop.screenshot not in unusable_now])
    assert summary.pictures_kept == len([s for s in workspace.known_screenshots() if s.name not in unusable_now])
    assert summary.pictures_read == summary.pictures_kept + summary.pictures_skipped
    assert summary.objects_read == summary.objects_kept + summary.objects_skipped
    assert sum(finding.pictures for finding in summary.findings) == summary.pictures_skipped
    assert sum(finding.objects for finding in summary.findings) == summary.objects_skipped


def test_every_object_becomes_the_crop_of_its_box(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert summary.findings == ()
    assert summary.counts == {
        "pictures_read": 2, "pictures_kept": 2, "pictures_skipped": 0, "pictures_unchanged": 0, "objects_read": 3,
        "objects_kept": 3, "objects_skipped": 0, "crops_new": 3, "crops_removed": 0,
    }  # fmt: skip
    assert [(c.label, c.number, c.file, c.screenshot, c.context, c.box.xyxy) for c in workspace.known_crops()] == [
        ("apple", 0, "apple_0000.png", "garden/one.png", "garden", (2, 3, 18, 23)),
        ("apple", 1, "apple_0001.png", "house/two.png", "house", (0, 0, 64, 48)),
        ("pear", 0, "pear_0000.png", "garden/one.png", "garden", (30, 5, 52, 30)),
    ]
    for crop in workspace.known_crops():
        with Image.open(workspace.root / "screenshots" / crop.screenshot) as picture:
            expected = np.asarray(picture.convert("RGB").crop(crop.box.xyxy))
        assert (np.asarray(Image.open(workspace.crops / crop.file)) == expected).all()


def test_the_number_of_threads_changes_nothing(tmp_path, monkeypatch):
    results = []
    for workers in (1, 2, 7):
        workspace = make_workspace(tmp_path / str(workers))
        monkeypatch.setattr(extraction, "available_cores", lambda workers=workers: workers)
        extract(workspace)
        results.append((contents(workspace.crops), workspace.known_crops()))
    assert results[0] == results[1] == results[2]


def test_a_second_run_decodes_nothing_and_changes_nothing(tmp_path, monkeypatch):
    workspace = make_workspace(tmp_path)
    extract(workspace)
    before, rows = tree(workspace.crops), (workspace.known_crops(), workspace.known_screenshots())

    def never(*_, **__):
        raise AssertionError("a known picture was decoded")

    monkeypatch.setattr(images, "decode", never)
    again = extract(workspace)
    assert again.pictures_unchanged == again.pictures_kept == 12
    assert (again.crops_new, again.crops_removed) == (0, 0)
    assert tree(workspace.crops) == before
    assert (workspace.known_crops(), workspace.known_screenshots()) == rows
    check_agreement(workspace, again)


def test_progress_counts_to_all_pictures(tmp_path):
    seen = []
    extract(make_workspace(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (12, 12)
    assert seen == sorted(seen)


def test_sources_are_never_changed(tmp_path):
    workspace = make_workspace(tmp_path)
    (workspace.root / "screenshots" / "garden" / "broken.png").write_bytes(b"")
    before = tree(workspace.root / "screenshots")
    extract(workspace)
    extract(workspace)
    assert tree(workspace.root / "screenshots") == before


def test_a_deleted_crop_is_made_again_with_the_same_name_and_bytes(tmp_path):
    workspace = make_workspace(tmp_path)
    extract(workspace)
    before, rows = contents(workspace.crops), workspace.known_crops()
    (workspace.crops / "pear_0003.png").unlink()
    summary = extract(workspace)
    assert (summary.crops_new, summary.crops_removed, summary.pictures_unchanged) == (1, 0, 11)
    assert contents(workspace.crops) == before
    assert workspace.known_crops() == rows


def test_a_damaged_crop_file_is_made_again_with_the_same_bytes(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    before, rows = contents(workspace.crops), workspace.known_crops()
    path = workspace.crops / "pear_0000.png"
    path.write_bytes(path.read_bytes()[:-9])
    assert extract(workspace).crops_new == 1
    assert (contents(workspace.crops), workspace.known_crops()) == (before, rows)


def test_all_crops_can_be_made_again_after_the_folder_is_gone(tmp_path):
    workspace = make_workspace(tmp_path)
    extract(workspace)
    before = contents(workspace.crops)
    shutil.rmtree(workspace.crops)
    extract(workspace)
    assert contents(workspace.crops) == before


def test_a_changed_annotation_leaves_the_other_crops_and_their_numbers_alone(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    before = tree(workspace.crops)
    rewrite(workspace, Shot("one", "garden", (("apple", (2, 3, 19, 23)), ONE.objects[1])))
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert (summary.crops_new, summary.crops_removed) == (1, 1)
    after = tree(workspace.crops)
    assert set(after) == {"apple_0001.png", "apple_0002.png", "pear_0000.png"}
    assert {name: after[name] for name in ("apple_0001.png", "pear_0000.png")} == {
        name: before[name] for name in ("apple_0001.png", "pear_0000.png")
    }


def test_a_number_is_never_given_twice(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    rewrite(workspace, Shot("one", "garden", ()))
    assert extract(workspace).crops_removed == 2
    assert workspace.known_crops() == []
    rewrite(workspace, ONE)
    extract(workspace)
    assert [crop.file for crop in workspace.known_crops()] == ["apple_0001.png", "pear_0001.png"]


def test_the_order_of_objects_in_an_annotation_does_not_matter_to_known_crops(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    before = workspace.known_crops()
    rewrite(workspace, Shot("one", "garden", ONE.objects[::-1]))
    assert extract(workspace).crops_new == 0
    after = workspace.known_crops()
    assert [replace(crop, origin="") for crop in after] == [replace(crop, origin="") for crop in before]
    assert [crop.origin for crop in after] == [f"garden/one.xml, object {n}" for n in (2, 1)]


def test_a_changed_picture_changes_the_bytes_of_its_crops_and_keeps_their_names(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    before = contents(workspace.crops)
    scene("else").save(workspace.root / "screenshots" / "garden" / "one.png")
    summary = extract(workspace)
    check_agreement(workspace, summary)
    after = contents(workspace.crops)
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {"apple_0000.png", "pear_0000.png"}


def test_the_crops_of_a_removed_picture_go(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    for suffix in ("png", "xml"):
        (workspace.root / "screenshots" / "garden" / f"one.{suffix}").unlink()
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert summary.crops_removed == 2
    assert set(contents(workspace.crops)) == {"apple_0001.png"}


def test_a_picture_that_is_no_longer_usable_is_named_and_keeps_its_crops_until_it_is_fixed(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    rows, files = workspace.known_crops(), tree(workspace.crops)
    picture = workspace.root / "screenshots" / "garden" / "one.png"
    good = picture.read_bytes()
    picture.write_bytes(b"text")
    summary = extract(workspace)
    check_agreement(workspace, summary, unusable_now={"garden/one.png"})
    assert (workspace.known_crops(), tree(workspace.crops)) == (rows, files)
    assert "its earlier crops (2) stay as they are" in summary.findings[0].reason
    picture.write_bytes(good)
    fixed = extract(workspace)
    assert (fixed.findings, fixed.crops_new, fixed.crops_removed) == ((), 0, 0)
    assert (workspace.known_crops(), tree(workspace.crops)) == (rows, files)
    assert [(f.item, f.code, f.pictures, f.objects) for f in summary.findings] == [
        ("garden/one.png", "not-a-picture", 1, 2)
    ]


BROKEN_ANNOTATIONS = [
    ("voc", write_voc, "garden/one.xml", b"<annotation><object>", "is not valid XML"),
    ("voc", write_voc, "garden/one.xml", None, "has no annotation"),
    ("yolo", builders.write_yolo, "labels/garden/one.txt", b"\xfe\x00\xff", "is not UTF-8 text"),
    ("yolo", builders.write_yolo, "labels/garden/one.txt", None, "has no label file"),
    ("coco", write_two_coco_files, "annotations/instances.json", b"{", "cannot be read as JSON"),
]


@pytest.mark.parametrize(("name", "write", "file", "broken", "words"), BROKEN_ANNOTATIONS, ids=range(5))
def test_a_picture_whose_annotation_is_broken_keeps_its_crops_until_it_is_fixed(
    tmp_path, name, write, file, broken, words
):
    workspace = sourced(tmp_path, name, write)
    extract(workspace)
    rows, files = workspace.known_crops(), tree(workspace.crops)
    annotation = workspace.sources[0].root / file
    good = annotation.read_bytes()
    annotation.unlink() if broken is None else annotation.write_bytes(broken)
    summary = extract(workspace)
    (reason,) = [finding.reason for finding in summary.findings]
    assert words in reason
    assert "its earlier crops (2) stay as they are" in reason
    assert (workspace.known_crops(), tree(workspace.crops)) == (rows, files)
    annotation.write_bytes(good)
    assert extract(workspace).findings == ()
    assert (workspace.known_crops(), tree(workspace.crops)) == (rows, files)


def test_the_crops_of_a_picture_that_no_annotation_lists_any_more_go(tmp_path):
    workspace = sourced(tmp_path, "coco", write_two_coco_files)
    extract(workspace)
    (workspace.sources[0].root / "annotations" / "instances.json").unlink()
    assert extract(workspace).crops_removed == 2
    assert [crop.screenshot for crop in workspace.known_crops()] == ["images/house/two.png"]


def test_a_moved_picture_takes_the_context_of_its_new_folder(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    shots = workspace.root / "screenshots"
    (shots / "garden").rename(shots / "house")
    check_agreement(workspace, extract(workspace))
    assert {crop.context for crop in workspace.known_crops()} == {"house"}


def test_the_crops_folder_keeps_what_is_not_a_crop(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    (workspace.crops / "notes.txt").write_text("mine")
    (workspace.crops / "holiday_2024.png").write_bytes(b"mine too")
    (workspace.crops / "apple_0007.png").write_bytes(b"left by a killed run")
    (workspace.crops / ".tmp-0123456789abcdef").write_bytes(b"left by a killed run")
    extract(workspace)
    assert set(contents(workspace.crops)) == {"apple_0000.png", "pear_0000.png", "notes.txt", "holiday_2024.png"}


def test_a_crops_folder_that_holds_what_no_extraction_made_is_refused_before_anything_is_written(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    workspace.crops.mkdir()
    (workspace.crops / "apple_0000.png").write_bytes(b"cut by hand, years ago")
    with pytest.raises(InputRejectedError, match=r"apple_0000\.png: was not made by an extraction"):
        extract(workspace)
    assert contents(workspace.crops) == {"apple_0000.png": b"cut by hand, years ago"}


def test_a_pipe_in_place_of_a_crop_is_replaced_rather_than_waited_for(tmp_path):
    workspace = make_workspace(tmp_path / "w", [ONE])
    extract(workspace)
    before = contents(workspace.crops)
    crop = min(workspace.crops.iterdir())
    crop.unlink()
    os.mkfifo(crop)
    extract(workspace)
    assert contents(workspace.crops) == before


def test_a_pipe_in_place_of_a_picture_is_skipped_rather_than_waited_for(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    picture = workspace.root / "screenshots" / TWO.context / f"{TWO.stem}.png"
    picture.unlink()
    os.mkfifo(picture)
    (finding,) = extract(workspace).findings
    assert "is no regular file" in finding.reason


def finding_of(tmp_path, shot, change=None):
    """Extract one faulty picture beside a good one; give the only finding."""
    workspace = make_workspace(tmp_path, [TWO, shot])
    if change:
        change(workspace.root / "screenshots" / shot.context / f"{shot.stem}.png")
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert "house/two.png" in {shot.name for shot in workspace.known_screenshots()}
    (finding,) = summary.findings
    return finding


def test_an_unknown_label_is_named_with_the_nearest_known_one(tmp_path):
    finding = finding_of(tmp_path, Shot("one", "garden", (("aple", (1, 1, 9, 9)), ONE.objects[1])))
    assert str(finding) == (
        "garden/one.xml, object 1: the taxonomy knows no label 'aple'. Did you mean apple? (correct it, add it to the "
        'taxonomy, or leave it out: write ignore = ["aple"] under [labels] in toonvision.toml)'
    )
    assert (finding.code, finding.objects, finding.pictures) == ("unknown-label", 1, 0)


def test_a_class_in_the_place_of_a_label_is_left_out_until_a_person_says_the_label(tmp_path):
    finding = finding_of(tmp_path, Shot("one", "garden", (("fruit", (1, 1, 9, 9)), ONE.objects[1])))
    assert str(finding) == (
        "garden/one.xml, object 1: 'fruit' is a class of the level kind, and no label (say which label each object "
        "has: toonvision label)"
    )
    assert (finding.code, finding.objects, finding.pictures) == ("class-of-level", 1, 0)


def test_an_unknown_context_is_named_with_the_nearest_known_one(tmp_path):
    finding = finding_of(tmp_path, Shot("one", "gardens", ONE.objects))
    assert str(finding) == (
        "contexts: 1 picture lies in the folder 'gardens', which is no context of the taxonomy. Did you mean garden? "
        "(put them into folders named after contexts (garden, house), or choose the context of each on the page of "
        "toonvision label (key k), or add the contexts: write "
        '"gardens" = {} under [contexts] in toonvision.toml)'
    )
    assert (finding.code, finding.objects, finding.pictures) == ("unknown-context", 2, 1)


def test_a_duplicated_object_becomes_one_crop_and_is_reported(tmp_path):
    finding = finding_of(tmp_path, Shot("one", "garden", (ONE.objects[0], ONE.objects[1], ONE.objects[0])))
    assert str(finding) == "garden/one.xml, object 3: repeats object 1: same label, same box (remove one)"
    assert (finding.code, finding.objects) == ("duplicate", 1)


def test_boxes_of_two_labels_in_one_place_are_two_crops(tmp_path):
    workspace = make_workspace(tmp_path, [Shot("one", "garden", (("apple", (1, 1, 9, 9)), ("pear", (1, 1, 9, 9))))])
    assert extract(workspace).objects_kept == 2


@pytest.mark.parametrize(
    ("edges", "code"),
    [
        ((5, 5, 5, 20), "zero-area"),
        ((60, 5, 69, 20), "out-of-bounds"),
        ((-20, 5, 19, 20), "out-of-bounds"),
    ],
)
def test_a_box_that_cannot_be_cut_is_reported_and_its_picture_kept(tmp_path, edges, code):
    finding = finding_of(tmp_path, Shot("one", "garden", (ONE.objects[0], ("pear", edges))))
    assert (finding.item, finding.code, finding.objects, finding.pictures) == ("garden/one.xml, object 2", code, 1, 0)


def test_boxes_that_pass_the_edge_are_cut_there_and_counted_in_one_finding(tmp_path):
    boxes = (("pear", (-1, 0, 65, 49)), ("apple", (-4, 5, 30, 20)), ("pear", (0, 0, 1, 9)))
    workspace = make_workspace(tmp_path, [Shot("one", "garden", boxes), Shot("two", "house", boxes[1:2])])
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert [str(finding) for finding in summary.findings] == [
        "screenshots: the box passed the edge of its picture and was cut there (3 objects, such as garden/one.xml, "
        "object 1)",
        "screenshots: the crop is one pixel wide or high, so that little can be seen in it (1 object, such as "
        "garden/one.xml, object 3)",
    ]
    assert [(finding.code, finding.skips) for finding in summary.findings] == [("recovered", False), ("tiny", False)]
    assert [item for note, item in summary.notes if note == CLAMPED] == [
        "garden/one.xml, object 1", "garden/one.xml, object 2", "house/two.xml, object 1"
    ]  # fmt: skip
    assert {crop.box for crop in workspace.known_crops()} >= {Box(0, 0, 64, 48), Box(0, 5, 30, 20)}
    assert extract(workspace).findings == summary.findings


def test_a_box_whose_corners_are_swapped_is_cut_as_it_was_meant_and_counted(tmp_path):
    boxes = (("pear", (20, 5, 5, 20)), ("apple", (3, 40, 30, 22)))
    workspace = make_workspace(tmp_path, [Shot("one", "garden", boxes), Shot("two", "house", boxes[:1])])
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert [str(finding) for finding in summary.findings] == [
        "screenshots: the corners of the box were swapped and are sorted now (3 objects, such as garden/one.xml, "
        "object 1)"
    ]
    assert {crop.box for crop in workspace.known_crops()} == {Box(5, 5, 20, 20), Box(3, 22, 30, 40)}


def test_a_picture_of_another_size_than_its_annotation_says_is_skipped(tmp_path):
    finding = finding_of(tmp_path, ONE, lambda path: scene("other", (64, 47)).save(path))
    assert "has 64x47 pixels, but its annotation says 64x48" in str(finding)
    assert (finding.code, finding.pictures, finding.objects) == ("size-differs", 1, 2)


def test_of_a_picture_whose_annotation_has_width_and_height_swapped_that_is_said(tmp_path):
    finding = finding_of(tmp_path, ONE, lambda path: scene("other", (48, 64)).save(path))
    assert finding.reason == "has 48x64 pixels, but its annotation says 64x48: width and height look swapped"
    assert finding.remedy == (
        "if the boxes were drawn on the picture as it is, write width 48 and height 64 there; else put the picture of "
        "64x48 pixels back, on which the boxes were drawn, or annotate this one again"
    )


def test_a_rotated_picture_with_boxes_is_skipped_also_when_its_boxes_come_later(tmp_path):
    def rotate(path):
        exif = Image.Exif()
        exif[0x0112] = 3  # upside down, which no size can tell
        path.write_bytes(encoded(scene("rotated"), "JPEG", exif=exif))

    finding = finding_of(tmp_path / "at once", ONE, rotate)
    assert (finding.item, finding.code, finding.pictures, finding.objects) == ("garden/one.png", "exif-rotation", 1, 2)

    workspace = make_workspace(tmp_path / "later", [Shot("one", "garden", ())])
    rotate(workspace.root / "screenshots" / "garden" / "one.png")
    assert extract(workspace).findings == ()
    rewrite(workspace, ONE)
    later = extract(workspace)
    check_agreement(workspace, later, unusable_now={"garden/one.png"})
    assert workspace.known_crops() == []
    assert codes(later) == {"exif-rotation": 1}


def test_a_rotated_picture_whose_size_is_not_declared_any_more_is_refused_as_a_new_one_is(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    workspace = make_workspace(tmp_path, [ONE])
    picture = workspace.root / "screenshots" / "garden" / "one.png"
    scene("one").save(picture, exif=exif)
    assert extract(workspace).findings == ()
    xml = picture.with_suffix(".xml")
    xml.write_text(re.sub("<size>.*</size>", "", xml.read_text(), flags=re.DOTALL))
    summary = extract(workspace)
    assert codes(summary) == {"exif-rotation": 1}
    assert "its earlier crops (2) stay as they are" in summary.findings[0].reason


def test_a_rotated_picture_whose_annotation_declares_the_rotated_size_is_cut_as_it_is_seen(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = scene("seen", (48, 64))
    workspace = make_workspace(tmp_path, [Shot("one", "garden", (("pear", (4, 6, 20, 40)),))])
    picture = workspace.root / "screenshots" / "garden" / "one.png"
    as_stored = seen.transpose(Image.Transpose.ROTATE_90)
    picture.write_bytes(encoded(as_stored, "PNG", exif=exif))
    assert extract(workspace).findings == ()
    xml = picture.with_suffix(".xml")
    stored = xml.read_text()
    xml.write_text(stored.replace("<width>64", "<width>48").replace("<height>48", "<height>64"))
    for _ in range(2):  # the second time nothing is decoded
        summary = extract(workspace)
        check_agreement(workspace, summary)
        assert summary.findings == ()
        (crop,) = workspace.known_crops()
        with Image.open(workspace.crops / crop.file) as image:
            assert (np.asarray(image) == np.asarray(seen.crop((4, 6, 20, 40)))).all()
    assert summary.pictures_unchanged == 1
    xml.write_text(stored)
    extract(workspace)
    with Image.open(workspace.crops / workspace.known_crops()[0].file) as image:
        assert (np.asarray(image) == np.asarray(as_stored.crop((4, 6, 20, 40)))).all()


def test_what_an_annotation_says_of_an_object_comes_after_what_the_attributes_file_says(tmp_path, monkeypatch):
    workspace = make_workspace(tmp_path, [ONE])
    picture = workspace.root / "screenshots" / "garden" / "one.png"

    def with_attributes(name, root, read=layout.read):
        reading = read(name, root)
        said = ({"occluded": True, "view": "side"}, {"truncated": False})
        pictures = [
            shot._replace(
                objects=tuple(entry._replace(attributes=own) for entry, own in zip(shot.objects, said, strict=True))
            )
            for shot in reading.pictures
        ]
        return replace(reading, pictures=tuple(pictures))

    monkeypatch.setattr(layout, "read", with_attributes)
    extract(workspace)
    assert sorted(map(str, attributes_of(workspace).values())) == [
        "{'occluded': True, 'view': 'side'}",
        "{'truncated': False}",
    ]
    many = {f"a{number}": number for number in range(63)}
    write_attributes(attributes_path(picture), {1: {"view": "front"}, 2: many})
    extract(workspace)
    assert sorted(attributes_of(workspace).values(), key=len) == [
        {"view": "front", "occluded": True}, {**many, "truncated": False}
    ]  # fmt: skip


def test_a_jpeg_named_png_is_read_by_its_content(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    path = workspace.root / "screenshots" / "garden" / "one.png"
    path.write_bytes(encoded(scene("photo"), "JPEG"))
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert (summary.findings, summary.objects_kept) == ((), 2)


PLAIN = {
    "palette": (encoded(Image.new("RGB", SIZE_WH, (200, 100, 50)).quantize()), (200, 100, 50)),
    "alpha": (encoded(Image.new("RGBA", SIZE_WH, (200, 100, 50, 51))), (40, 20, 10)),
    "cmyk": (encoded(Image.new("CMYK", SIZE_WH, (0, 255, 255, 0)), "TIFF"), (255, 0, 0)),
    "black and white": (encoded(Image.new("1", SIZE_WH, 1)), (255, 255, 255)),
    "16 bit": (encoded(Image.fromarray(np.full(SIZE_WH[::-1], 0x80FF, np.uint16))), (128, 128, 128)),
    "animation": (
        encoded(Image.new("RGB", SIZE_WH, "red"), "GIF", save_all=True, append_images=[Image.new("RGB", SIZE_WH)]),
        (255, 0, 0),
    ),
}


def test_pictures_of_every_mode_give_crops_of_their_own_pixels(tmp_path):
    shots = [Shot(name, "garden", (("apple", (2, 3, 18, 23)),)) for name in PLAIN]
    workspace = make_workspace(tmp_path / "mine", shots)
    for name, (content, _) in PLAIN.items():
        (workspace.root / "screenshots" / "garden" / f"{name}.png").write_bytes(content)
    assert extract(workspace).findings == ()
    found = {crop.screenshot: np.asarray(Image.open(workspace.crops / crop.file)) for crop in workspace.known_crops()}
    assert {name: np.unique(pixels.reshape(-1, 3), axis=0).tolist() for name, pixels in found.items()} == {
        f"garden/{name}.png": [list(colour)] for name, (_, colour) in PLAIN.items()
    }
    assert {pixels.shape for pixels in found.values()} == {(20, 16, 3)}


def test_a_picture_that_vanishes_after_the_listing_is_skipped(tmp_path, monkeypatch):
    from toonvision.data.formats import layout

    workspace = make_workspace(tmp_path, [ONE, TWO])
    read = layout.read

    def read_then_lose(*args):
        reading = read(*args)
        (workspace.root / "screenshots" / "garden" / "one.png").unlink()
        return reading

    monkeypatch.setattr(layout, "read", read_then_lose)
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert codes(summary) == {"unreadable": 1}


def test_identical_pictures_are_reported_and_both_kept(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    shots = workspace.root / "screenshots"
    shutil.copy(shots / "garden" / "one.png", shots / "house" / "again.png")
    shutil.copy(shots / "garden" / "one.xml", shots / "house" / "again.xml")
    for summary in (extract(workspace), extract(workspace)):
        check_agreement(workspace, summary)
        (finding,) = summary.findings
        assert (finding.item, finding.code, finding.skips) == ("house/again.png", "identical", False)
        assert "is the same file as garden/one.png" in finding.reason
    assert len({shot.fingerprint for shot in workspace.known_screenshots()}) == 2


def test_one_file_under_two_labels_is_said_to_be_wrong_under_one_of_them(tmp_path):
    for label, stem in (("cat", "one"), ("dog", "two")):
        builders.write_picture(tmp_path / "shots" / label / f"{stem}.png", Shot(stem, label, ()))
    for label, stem in (("cat", "again"), ("dog", "wrong")):
        shutil.copy(tmp_path / "shots/cat/one.png", tmp_path / "shots" / label / f"{stem}.png")
    source = ("folders", tmp_path / "shots")
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["cat", "dog"]), source=source)
    for _ in range(2):
        same, wrong = extract(workspace).findings
        assert (same.item, same.code) == ("cat/one.png", "identical")
        assert (wrong.item, wrong.code, wrong.skips) == ("dog/wrong.png", "two-labels", False)
        assert wrong.reason.endswith("but its label is 'dog', and that one's 'cat': one of them is wrong")


def test_what_was_counted_and_found_is_stored(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, Shot("bad", "house", (("plum", (1, 1, 9, 9)),))])
    summary = extract(workspace)
    with workspace.reading() as catalog:
        assert catalog.last_extraction() == (summary.counts, list(summary.findings))


def test_two_pictures_of_one_name_are_refused_before_anything_is_written(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    shutil.copy(workspace.root / "screenshots/garden/one.png", workspace.root / "screenshots/garden/ONE.png")
    before = tree(workspace.root)
    with pytest.raises(InputRejectedError, match="two pictures of one name"):
        extract(workspace)
    assert tree(workspace.root) == before


def test_a_workspace_without_any_source_keeps_its_crops(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    (tmp_path / "screenshots").rename(tmp_path / "elsewhere")
    with pytest.raises(InputRejectedError, match="there is nothing to read"):
        extract(open_workspace(tmp_path))
    assert len(workspace.known_crops()) == 2


def test_a_source_that_has_been_emptied_is_refused_and_the_crops_stay(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    extract(workspace)
    before = contents(workspace.crops), workspace.known_crops()
    shutil.rmtree(tmp_path / "screenshots" / "garden")
    with pytest.raises(InputRejectedError, match="has none now; nothing was changed"):
        extract(workspace)
    assert (contents(workspace.crops), workspace.known_crops()) == before


def test_a_missing_source_is_refused_and_the_crops_stay(tmp_path):
    (tmp_path / "pictures").mkdir()
    builders.write_yolo(tmp_path / "pictures", [ONE, TWO])
    workspace = create_workspace(
        tmp_path / "w", taxonomy=infer(["apple", "pear"]), source=("yolo", tmp_path / "pictures")
    )
    extract(workspace)
    (tmp_path / "pictures").rename(tmp_path / "gone")
    with pytest.raises(InputRejectedError, match="pictures: no such folder"):
        extract(workspace)
    assert len(workspace.known_crops()) == 3


@pytest.mark.parametrize("name", ["voc", "yolo", "coco", "folders"])
def test_every_format_gives_the_same_crops(tmp_path, name):
    shots = [Shot("one", ".", (("apple", (0, 0, 64, 48)),)), Shot("two", ".", (("pear", (0, 0, 64, 48)),))]
    write = {"voc": builders.write_voc, "yolo": builders.write_yolo, "coco": builders.write_coco,
             "folders": builders.write_class_folders}[name]  # fmt: skip
    write(tmp_path / "source", shots)
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["apple", "pear"]), source=(name, tmp_path / "source"))
    before = tree(tmp_path / "source")
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert summary.findings == ()
    assert contents(workspace.crops) == {
        f"{label}_0000.png": images.encode_png(scene(f"./{stem}", SIZE_WH, [(label, (0, 0, 64, 48))]))
        for stem, label in (("one", "apple"), ("two", "pear"))
    }
    assert tree(tmp_path / "source") == before


def describe(workspace, shot, objects):
    """Write the attributes file of a screenshot; give its path."""
    path = attributes_path(workspace.root / "screenshots" / shot.context / f"{shot.stem}.xml")
    write_attributes(path, objects)
    return path


def attributes_of(workspace):
    return {crop.file: crop.attributes for crop in workspace.known_crops()}


NEAR, FAR = {"distance": 3.5, "view": "front"}, {"distance": 40, "hidden": True}
NONE = {"apple_0000.png": {}, "apple_0001.png": {}, "pear_0000.png": {}}


def test_crops_carry_the_attributes_of_their_objects(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    path = describe(workspace, ONE, {2: FAR, 1: NEAR})
    before = path.read_bytes()
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert summary.findings == ()
    assert attributes_of(workspace) == {**NONE, "apple_0000.png": NEAR, "pear_0000.png": FAR}
    assert path.read_bytes() == before


def test_attributes_that_alone_have_changed_are_taken_up_and_the_crops_left_alone(tmp_path, monkeypatch):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    files, rows = tree(workspace.crops), workspace.known_crops()

    def never(*_, **__):
        raise AssertionError("a known picture was decoded")

    monkeypatch.setattr(images, "decode", never)
    for described in ({1: NEAR}, {1: {**NEAR, "distance": 4}}, {2: NEAR}, {2: {"far": True}}, {2: {"far": 1}}, {}):
        describe(workspace, ONE, described)
        summary = extract(workspace)
        check_agreement(workspace, summary)
        assert (summary.pictures_unchanged, summary.crops_new, summary.crops_removed) == (2, 0, 0)
        expected = {**NONE, "apple_0000.png": described.get(1, {}), "pear_0000.png": described.get(2, {})}
        assert repr(attributes_of(workspace)) == repr(expected)
        assert tree(workspace.crops) == files
        assert [replace(crop, attributes={}) for crop in workspace.known_crops()] == rows


def test_an_attributes_file_that_is_removed_clears_the_attributes(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    rows = workspace.known_crops()
    path = describe(workspace, ONE, {1: NEAR, 2: FAR})
    extract(workspace)
    assert workspace.known_crops() != rows
    path.unlink()
    assert extract(workspace).findings == ()
    assert workspace.known_crops() == rows


def test_a_run_over_unchanged_attributes_stores_nothing(tmp_path, monkeypatch):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    describe(workspace, ONE, {1: NEAR, 2: FAR})
    extract(workspace)
    rows = workspace.known_crops()

    def never(*_):
        raise AssertionError("something was stored")

    monkeypatch.setattr(Catalog, "save_screenshots", never)
    assert extract(workspace).pictures_unchanged == 2
    assert workspace.known_crops() == rows


def test_objects_that_are_not_cut_keep_their_numbers(tmp_path):
    objects = (("plum", (1, 1, 9, 9)), ONE.objects[0], ("pear", (5, 5, 5, 9)), ONE.objects[0], ONE.objects[1])
    workspace = make_workspace(tmp_path, [Shot("one", "garden", objects)])
    describe(workspace, ONE, {number: {"place": number} for number in range(1, 6)})
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert codes(summary) == {"unknown-label": 1, "zero-area": 1, "duplicate": 1}
    assert attributes_of(workspace) == {"apple_0000.png": {"place": 2}, "pear_0000.png": {"place": 5}}


def test_an_object_that_could_not_be_read_counts_among_those_that_may_be_described(tmp_path):
    workspace = make_workspace(tmp_path, [ONE])
    xml = workspace.root / "screenshots" / "garden" / "one.xml"
    xml.write_text(xml.read_text().replace("<xmin>2<", "<xmin>nan<"))
    describe(workspace, ONE, {1: NEAR, 2: FAR})
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert codes(summary) == {"bad-number": 1}
    assert attributes_of(workspace) == {"pear_0000.png": FAR}


def break_form(path):
    path.write_text('{"objects": [{"number": 1, "View": "front"}]}')


def break_text(path):
    path.write_bytes(path.read_bytes()[:-9])


def name_object_3(path):
    write_attributes(path, {1: NEAR, 3: FAR})


def link_out(path):
    outside = path.parents[3] / "secret.attributes.json"
    path.rename(outside)
    path.symlink_to(outside)


def link_to_itself(path):
    path.unlink()
    path.symlink_to(path)


def link_nowhere(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def make_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("breaks", "code", "words"),
    [
        (break_form, "bad-attributes", "object 1 has 'View'; the crops are kept without its attributes (correct it"),
        (break_text, "bad-json", "cannot be read as JSON"),
        (name_object_3, "no-object", "describes object 3, but the annotation has 2; the crops are kept without its a"),
        (link_out, "path-escapes", "leads out of its folder; the crops are kept without its attributes"),
        (link_to_itself, "bad-path", "leads nowhere"),
        (link_nowhere, "unreadable", "cannot be read (No such file or directory)"),
        (make_folder, "unreadable", "is no regular file"),
    ],
)
def test_attributes_that_cannot_be_used_are_named_and_the_crops_kept_without_them(tmp_path, breaks, code, words):
    workspace = make_workspace(tmp_path / "w", [ONE, TWO])
    path = describe(workspace, ONE, {1: NEAR})
    describe(workspace, TWO, {1: FAR})
    extract(workspace)
    files = tree(workspace.crops)
    breaks(path)
    for _ in range(2):
        summary = extract(workspace)
        check_agreement(workspace, summary)
        (finding,) = summary.findings
        assert (finding.item, finding.code) == ("garden/one.attributes.json", code)
        assert (finding.skips, finding.pictures, finding.objects) == (True, 0, 0)
        assert words in str(finding)
        assert (summary.pictures_skipped, summary.objects_skipped) == (0, 0)
        assert attributes_of(workspace) == {**NONE, "apple_0001.png": FAR}
        assert tree(workspace.crops) == files


def test_a_link_to_an_attributes_file_inside_the_source_is_followed(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    path = describe(workspace, ONE, {1: NEAR})
    attributes_path(workspace.root / "screenshots" / "house" / "two.png").symlink_to(path)
    assert extract(workspace).findings == ()
    assert attributes_of(workspace) == {**NONE, "apple_0000.png": NEAR, "apple_0001.png": NEAR}


def test_an_attributes_file_that_belongs_to_no_picture_is_named(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    describe(workspace, Shot("oen", "garden", ()), {1: NEAR})
    describe(workspace, Shot(".hidden", "garden", ()), {1: NEAR})
    summary = extract(workspace)
    check_agreement(workspace, summary)
    (finding,) = summary.findings
    assert str(finding) == (
        "garden/oen.attributes.json: belongs to no picture that could be read (name it after its picture, or remove it)"
    )
    assert finding.skips
    assert attributes_of(workspace) == NONE


def test_a_picture_that_is_no_longer_usable_keeps_the_attributes_of_its_crops(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    path = describe(workspace, ONE, {1: NEAR})
    extract(workspace)
    (workspace.root / "screenshots" / "garden" / "one.png").write_bytes(b"text")
    path.unlink()
    extract(workspace)
    assert attributes_of(workspace) == {**NONE, "apple_0000.png": NEAR}


def test_a_catalogue_of_the_first_version_takes_up_attributes_without_cutting_again(tmp_path):
    workspace = make_workspace(tmp_path, [ONE, TWO])
    extract(workspace)
    rows = workspace.known_crops()
    as_once(workspace, version=1)
    with pytest.raises(InputRejectedError, match="its schema is older"):
        workspace.known_crops()
    describe(workspace, ONE, {1: NEAR})
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert (summary.pictures_unchanged, summary.crops_new) == (2, 0)
    after = workspace.known_crops()
    assert [replace(crop, origin="", attributes={}) for crop in after] == [replace(crop, origin="") for crop in rows]
    assert attributes_of(workspace) == {**NONE, "apple_0000.png": NEAR}


FAULTS = ("truncated", "text", "no annotation", "bad xml", "size", "unknown label", "zero area", "duplicate", "outside",
          "clamped", "nan", "context", "link", "empty", "identical", "attributes")  # fmt: skip


def messy(root, faults):
    """Make a workspace with one picture a fault, each with a good object too, and a good picture."""
    workspace = make_workspace(root, [TWO])
    for index, fault in enumerate(faults):
        good = ("apple", (1 + index, 2, 20 + index, 30))
        bad = {
            "unknown label": ("plum", (1, 1, 9, 9)),
            "zero area": ("pear", (5, 5, 5, 9)),
            "duplicate": good,
            "outside": ("pear", (50, 5, 90, 9)),
            "clamped": ("pear", (5, 5, 65, 9)),
        }.get(fault, ("pear", (30, 3, 50, 40)))
        context = "attic" if fault == "context" else "garden"
        shot = Shot(f"shot{index}", context, () if fault == "empty" else (good, bad))
        write_voc(root / "screenshots", [shot])
        picture = root / "screenshots" / context / f"shot{index}.png"
        xml = picture.with_suffix(".xml")
        if fault == "truncated":
            picture.write_bytes(picture.read_bytes()[:-200])
        elif fault == "text":
            picture.write_text("hello")
        elif fault == "no annotation":
            xml.unlink()
        elif fault == "bad xml":
            xml.write_text("<annotation>")
        elif fault == "size":
            scene("small", (32, 32)).save(picture)
        elif fault == "nan":
            xml.write_text(xml.read_text().replace("<xmin>30<", "<xmin>nan<"))
        elif fault == "link":
            picture.unlink()
            picture.symlink_to("/etc/hostname")
        elif fault == "attributes":
            write_attributes(attributes_path(picture), {1: NEAR, 3: FAR})
        elif fault == "identical":
            shutil.copy(root / "screenshots" / "house" / "two.png", picture)
    return workspace


# fault: (pictures skipped, objects read, objects skipped)
EXPECTED = {
    "truncated": (1, 2, 2), "text": (1, 2, 2), "no annotation": (0, 0, 0), "bad xml": (1, 0, 0), "size": (1, 2, 2),
    "unknown label": (0, 2, 1), "zero area": (0, 2, 1), "duplicate": (0, 2, 1), "outside": (0, 2, 1),
    "clamped": (0, 2, 0), "nan": (0, 2, 1), "context": (1, 2, 2), "link": (1, 0, 0), "empty": (0, 0, 0),
    "identical": (0, 2, 0), "attributes": (0, 2, 0),
}  # fmt: skip


@settings(max_examples=max(25, settings().max_examples // 8))
@given(faults=st.lists(st.sampled_from(FAULTS), max_size=5))
def test_read_is_kept_and_skipped_whatever_is_wrong_with_a_folder(tmp_path_factory, faults):
    workspace = messy(tmp_path_factory.mktemp("messy") / "w", faults)
    before = tree(workspace.root / "screenshots")
    summary = extract(workspace)
    check_agreement(workspace, summary)
    skipped, objects, lost = (sum(EXPECTED[fault][column] for fault in faults) for column in range(3))
    unread = faults.count("no annotation")  # which is a note: it is no fault, but a picture to be annotated
    assert (summary.pictures_read, summary.pictures_skipped) == (len(faults) + 1 - unread, skipped)
    assert (summary.objects_read, summary.objects_skipped) == (objects + 1, lost)
    named = {finding.item.split(",")[0] for finding in summary.findings}
    for index, fault in enumerate(faults):
        if fault not in ("identical", "context"):  # of which the later one is named, and the folder
            assert any(f"shot{index}." in item for item in named) is (fault not in ("empty", "clamped"))
    assert codes(summary)["identical"] == faults.count("identical")
    assert codes(summary)["recovered"] == ("clamped" in faults)  # one finding for all of them
    assert codes(summary)["unknown-context"] == ("context" in faults)
    again = extract(workspace)
    assert again.findings == summary.findings
    assert (again.crops_new, again.crops_removed, again.pictures_unchanged) == (0, 0, again.pictures_kept)
    assert tree(workspace.root / "screenshots") == before
    shutil.rmtree(workspace.root)


labels = st.one_of(builders.printable_labels(), st.text(st.characters(codec="utf-8"), max_size=300))


@given(label=labels, number=st.integers(0, 10**6))
def test_a_crops_file_name_is_safe_on_every_file_system(label, number):
    name = crop_file(label, number)
    assert len(name) <= 120
    assert name.isascii()
    assert not set(name) & set('<>:"/\\|?* \0')
    assert not name.startswith((".", "-"))
    assert name.endswith(".png")
    assert name.split(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT1"}


def folded(label):
    return unicodedata.normalize("NFC", label).casefold()


@given(drawn=st.lists(st.tuples(labels, st.integers(0, 20000)), max_size=30, unique_by=lambda d: (folded(d[0]), d[1])))
def test_no_two_crops_share_a_file_name_even_where_case_does_not_count(drawn):
    names = [crop_file(label, number).casefold() for label, number in drawn]
    assert len(set(names)) == len(names)


def test_labels_of_any_kind_go_through_to_the_catalogue(tmp_path):
    names = ["<b>&amp;</b>", "犬 \"a\" 'b'", "../../etc/passwd", "CON", "x" * 300, "-rf", "a\\b"]
    shots = [Shot(f"s{i}", "g", ((name, (i, 1, 20 + i, 30)),)) for i, name in enumerate(names)]
    workspace = make_workspace(tmp_path / "w", shots, settings_text=infer(names))
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert summary.findings == ()
    assert sorted(crop.label for crop in workspace.known_crops()) == sorted(names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w"]


EXTRACT = """
import sys
from pathlib import Path
from toonvision.data.extraction import extract
from toonvision.data.workspace import open_workspace
workspace = open_workspace(Path(sys.argv[1]))
print("ready", flush=True)
extract(workspace)
"""


def killed(root, delay_s):
    """Extract in a process that is killed after a delay; tell whether it was killed before its end."""
    process = subprocess.Popen([sys.executable, "-c", EXTRACT, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    code = process.wait()
    process.stdout.close()
    return code == -signal.SIGKILL


def state(workspace):
    """Return all that an extraction decides, without row numbers."""
    rows = [
        (c.label, c.number, c.file, c.hash, c.box, c.screenshot, c.context, c.fingerprint, c.attributes)
        for c in workspace.known_crops()
    ]
    shots = [
        (s.source, s.name, s.context, s.size_wh, s.picture_hash, s.fingerprint) for s in workspace.known_screenshots()
    ]
    return rows, shots, contents(workspace.crops)


@pytest.fixture(scope="module")
def many_shots(tmp_path_factory):
    """A workspace of 40 pictures, not extracted: three commits; and its state after an undisturbed run."""
    size = (320, 240)
    shots = [
        Shot(
            f"s{i:02}",
            "garden",
            tuple((builders.LABELS[(i + k) % 3], (40 * k, 10, 40 * k + 90, 200)) for k in range(5)),
            size,
        )
        for i in range(40)
    ]
    workspace = make_workspace(tmp_path_factory.mktemp("many") / "w", shots)
    for index, shot in enumerate(shots):
        describe(workspace, shot, {number: {"place": f"{index}/{number}"} for number in range(1, 6)})
    undisturbed = copied(workspace, workspace.root.parent / "undisturbed")
    start = time.monotonic()
    extract(undisturbed)
    return workspace, state(undisturbed), time.monotonic() - start


def test_an_extraction_killed_at_any_moment_is_completed_by_the_next_with_the_same_bytes(many_shots, tmp_path):
    pristine, expected, seconds = many_shots
    sources = tree(pristine.root / "screenshots")
    rng = random.Random(0)
    attempts = hits = 0
    while attempts < 2 or not hits:
        workspace = copied(pristine, tmp_path / str(attempts))
        attempts += 1
        for _ in range(2):
            if killed(workspace.root, rng.uniform(0, 1.1 * seconds)):
                hits += 1
            else:
                seconds /= 2  # the machine may have been busier when it was measured
            acknowledged = {crop.file: crop.hash for crop in tried(InputRejectedError, workspace.known_crops)[0] or ()}
            if acknowledged:
                files = contents(workspace.crops)
                assert {name: hashlib.sha256(files[name]).hexdigest() for name in acknowledged} == acknowledged
        summary = extract(workspace)
        check_agreement(workspace, summary)
        assert state(workspace) == expected
        assert tree(workspace.root / "screenshots") == sources


def test_readers_never_fail_while_an_extraction_writes(many_shots, tmp_path):
    workspace = copied(many_shots[0], tmp_path / "w")
    process = subprocess.Popen([sys.executable, "-c", EXTRACT, str(workspace.root)], stdout=subprocess.PIPE, text=True)
    seen = []
    while process.poll() is None:
        if (workspace.root / "catalog.sqlite").exists():
            _, error = tried(InputRejectedError, lambda: seen.append(len(workspace.known_crops())))
            assert not error or not seen  # before the first commit there is nothing to read
    process.stdout.close()
    assert process.returncode == 0
    assert seen
    assert seen == sorted(seen)
    assert set(seen) <= {0, 80, 160, 200}


def test_the_bccd_pictures_give_4886_crops_and_name_the_two_boxes_without_area(shared_data, tmp_path):
    source = shared_data / "bccd"
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["RBC", "WBC", "Platelets"]), source=("voc", source))
    summary = extract(workspace)
    check_agreement(workspace, summary)
    assert (summary.pictures_read, summary.objects_read, summary.objects_kept) == (364, 4888, 4886)
    without_area = [finding.item for finding in summary.findings if finding.code == "zero-area"]
    assert without_area == [
        "Annotations/BloodImage_00338.xml, object 13",
        "Annotations/BloodImage_00343.xml, object 4",
    ]
    assert [finding for finding in summary.findings if finding.skips and finding.code != "zero-area"] == []
