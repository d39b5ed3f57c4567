"""Which folders are taken for labels, and when none are."""

import collections
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import files_property, scene
from toonvision.core.errors import InputRejectedError
from toonvision.data.attributes import write_attributes
from toonvision.data.extraction import extract
from toonvision.data.formats import layout
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import create_workspace
from toonvision.taxonomy.loader import infer


def fill(root, *folders, pictures=1):
    """Put pictures into folders; each is of its own."""
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(pictures):
            scene(f"{folder} {number}", (8, 8)).save(root / folder / f"{number}.png")
    return root


def labels(reading):
    return dict(collections.Counter(entry.label for picture in reading.pictures for entry in picture.objects))


def read(root):
    assert layout.detect(root) == "folders"
    return layout.read("folders", root)


def refused(root):
    with pytest.raises(InputRejectedError) as caught:
        layout.detect(root)
    assert str(caught.value).startswith(f"{root}: ")
    return str(caught.value)


@pytest.mark.parametrize(
    "folders",
    [
        ("cat", "dog"),
        ("PetImages/cat", "PetImages/dog"),
        ("images/cat", "images/dog"),
        ("cat/images", "dog/images"),
        ("animals/animals/cat", "animals/animals/dog"),
        ("train/cat", "train/dog", "val/cat", "val/dog", "test/cat"),
        ("pets/train/cat", "pets/train/dog", "pets/valid/dog"),
        ("cat/train", "cat/test", "dog/train"),
        ("dataset/train/fold1/cat", "dataset/train/fold1/dog", "dataset/test/fold2/cat"),
        ("fold_1/cat", "fold_2/dog"),
        ("seg_train/seg_train/cat", "seg_train/seg_train/dog", "seg_test/seg_test/cat"),
        ("train_images/cat", "test_images/dog"),
        ("cat", "dog", "more/cat", "more/dog"),
        ("train1/cat", "train1/dog", "val_1/cat", "test1/dog"),
        ("pets/cat", "pets/dog", "pets-test-set/cat", "pets-test-set/dog"),
        ("train/cat", "train/dog", "dev/cat", "dev/dog"),
        ("cat/session1", "cat/session2", "dog/session1", "dog"),
        ("a/b/c/cat", "a/b/c/dog/deep/er"),
    ],
)
def test_the_labels_are_found_at_any_depth_and_below_any_subset(tmp_path, folders):
    reading = read(fill(tmp_path, *folders))
    assert labels(reading) == {label: sum(label in folder.split("/") for folder in folders) for label in ("cat", "dog")}
    assert reading.findings == ()


@pytest.mark.parametrize(
    ("folder", "subset"),
    [("train/cat", "train"), ("valid/cat", "val"), ("Testing/cat", "test"), ("cat/val", "val"), ("cat", None),
     ("data/seg_test/seg_test/cat", "test"), ("train_images/cat", "train"), ("train/fold1/cat", "train")],
)  # fmt: skip
def test_the_users_own_subsets_are_known(tmp_path, folder, subset):
    fill(tmp_path, folder, folder.replace("cat", "train_station"))
    assert labels(read(tmp_path)) == {"cat": 1, "train_station": 1}
    assert {picture.subset for picture in read(tmp_path).pictures} == {subset}
    assert {picture.context for picture in read(tmp_path).pictures} == {"all"}


def test_two_pictures_of_one_stem_are_two_crops_of_their_folder(tmp_path):
    fill(tmp_path / "shots", "cat", "dog")
    scene("another", (8, 8)).save(tmp_path / "shots" / "cat" / "0.jpg")
    source = ("folders", tmp_path / "shots")
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["cat", "dog"]), source=source)
    assert extract(workspace).findings == ()
    assert [(crop.label, crop.screenshot) for crop in workspace.known_crops()] == [
        ("cat", "cat/0.jpg"), ("cat", "cat/0.png"), ("dog", "dog/0.png")
    ]  # fmt: skip


def test_two_pictures_of_one_stem_have_an_attributes_file_each(tmp_path):
    fill(tmp_path / "shots", "cat", "dog")
    scene("another", (8, 8)).save(tmp_path / "shots" / "cat" / "0.jpg")
    source = ("folders", tmp_path / "shots")
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["cat", "dog"]), source=source)
    for name in ("cat/0", "cat/0.jpg", "cat/0.png", "dog/0"):
        write_attributes(tmp_path / "shots" / f"{name}.attributes.json", {1: {"of": name}})
    (finding,) = extract(workspace).findings
    assert str(finding) == (
        "cat/0.attributes.json: is not where attributes of cat/0.jpg and cat/0.png are read from (move it to "
        "cat/0.jpg.attributes.json or cat/0.png.attributes.json)"
    )
    found = {crop.screenshot: crop.attributes["of"] for crop in workspace.known_crops()}
    assert found == {"cat/0.jpg": "cat/0.jpg", "cat/0.png": "cat/0.png", "dog/0.png": "dog/0"}


@pytest.mark.parametrize(
    "folders", [("cat",), ("pets/cat",), ("train/cat", "test/cat"), ("cat/session1", "cat/session2")]
)
def test_one_label_alone_is_refused_and_read_where_the_format_is_named(tmp_path, folders):
    said = refused(fill(tmp_path, *folders, pictures=3))
    assert f"all {3 * len(folders)} pictures have one label, cat, and a model needs at least two labels" in said
    assert said.endswith("say so: --format folders.")
    assert labels(layout.read("folders", tmp_path)) == {"cat": 3 * len(folders)}
    fill(tmp_path, folders[0].replace("cat", "dog"))  # the other way out
    assert set(labels(read(tmp_path))) == {"cat", "dog"}


def test_pictures_as_large_as_screens_may_be_screenshots_in_folders_of_their_contexts(tmp_path):
    for size in ((640, 360), (1280, 720)):
        for name in ("castle/a", "castle/b"):
            scene(name, size).save(fill(tmp_path, "castle", pictures=0) / f"{name}.png")
        said = refused(tmp_path)
        assert "; or, if these are whole screenshots, run toonvision init DIR --taxonomy FILE, put them into" in said
        assert "toonvision label -w DIR; or, if the folders are the labels, say so" in said
    scene("c", (1280, 720)).save(fill(tmp_path, "forest", pictures=0) / "forest" / "c.png")
    (finding,) = read(tmp_path).findings
    assert str(finding).startswith("castle and forest: all 3 pictures are 1280 x 720 pixels, as screenshots are")
    scene("d", (1280, 700)).save(tmp_path / "forest" / "d.png")
    assert read(tmp_path).findings == ()
    for name in ("forest/c", "forest/d", "castle/a", "castle/b"):
        scene(name, (639, 360)).save(tmp_path / f"{name}.png")
    assert read(tmp_path).findings == ()


@pytest.mark.parametrize(
    "folders",
    [("train", "test"), ("images",), ("images", "labels"), ("train/images", "valid/images"), ("img", "ann"),
     ("ds0/img",), ("JPEGImages", "xmls"), ("obj_train_data",), ("fold1", "fold2"), (".",), ("train2017", "val2017"),
     ("cars_train", "cars_test")],
)  # fmt: skip
def test_folders_of_a_layout_or_of_subsets_are_no_labels(tmp_path, folders):
    said = refused(fill(tmp_path, *folders, pictures=2))
    assert f"no annotated pictures were found, but {2 * len(folders)} pictures without annotations" in said


def test_folders_that_do_not_look_like_labels_are_read_where_the_format_is_named(tmp_path):
    said = refused(fill(tmp_path, "day1", "day2", "test"))
    assert said.endswith("If the folders are the labels (day1 and day2), say so: --format folders.")
    assert labels(layout.read("folders", tmp_path)) == {"day1": 1, "day2": 1}


SIDECARS = {
    "a text of a picture's stem": ("cat/0.txt", "a cat on a sofa\n"),
    "a text in a folder of its own": ("labels/0.txt", "a cat on a sofa\n"),
    "a document of a picture's stem": ("dog/0.json", '{"what": []}'),
    "a document that lists pictures": ("all.json", '{"regions": [{"of": "C:\\\\shots\\\\0.png", "box": 3}]}'),
    "lines that list pictures": ("all.jsonl", '{"of": "cat/0.png"}\n'),
    "a table of boxes": ("boxes.csv", "name,x,y,w,h\nother.png,1,2,3,4\n0.png,1,2,3,4\n"),
    "a table of other labels": ("labels.tsv", "0.png\tapple\n"),
    "a text of boxes": ("train.txt", "shots/0.png 1,2,3,4,0\n"),
    "an XML file that lists pictures": ("all.xml", "<root><file n='0.png'/></root>"),
    "names of darknet": ("obj.names", "cat\ndog\n"),
    "names in a yaml file": ("pets.yaml", "nc: 2\nnames: [apple, pear]\n"),
    "a damaged document": ("some.json", "{"),
}


@pytest.mark.parametrize("name", SIDECARS)
def test_folders_are_no_labels_where_annotations_of_an_unknown_form_lie_beside_them(tmp_path, name):
    path, text = SIDECARS[name]
    fill(tmp_path, "cat", "dog", pictures=2)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    said = refused(tmp_path)
    assert path in said
    assert labels(layout.read("folders", tmp_path)) == {"cat": 2, "dog": 2}
    (tmp_path / path).unlink()
    assert layout.detect(tmp_path) == "folders"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.txt", "Pictures such as 0.png\n"),
        ("classes.txt", "cat\ndog\n"),
        ("train.txt", "cat/0.png 0\n"),
        ("pets.csv", "path,label\ntrain/cat/0.png,cat\ndog/1.png,Dog\n"),
        ("submission.csv", "id,label\n17,0.5\n"),
        ("class_indices.json", '{"0": "cat", "1": "dog"}'),
        ("model.h5", "binary"),
        ("run.yaml", "epochs: 3\n"),
        ("pets.zip", "PK"),
        ("desktop.ini", "[.ShellClassInfo]"),
        ("cat/Thumbs.db", "x"),
        ("__MACOSX/cat/._0.png", "x"),
        ("cat/.DS_Store", "x"),
    ],
)
def test_files_that_say_nothing_of_pictures_beyond_their_folders_disturb_nobody(tmp_path, path, text):
    fill(tmp_path, "cat", "dog", pictures=2)
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    reading = read(tmp_path)
    assert labels(reading) == {"cat": 2, "dog": 2}
    assert reading.findings == ()


def test_where_the_folders_can_be_read_in_two_ways_both_are_named_and_the_remedy_chooses(tmp_path):
    folders = [f"{first}/{second}" for first in ("day", "night") for second in ("cat", "dog")]
    reading = read(fill(tmp_path, *folders))
    assert labels(reading) == {"day": 2, "night": 2}
    (finding,) = reading.findings
    assert str(finding) == (
        "day and night: the folders could also be read with the labels cat and dog, which lie one level deeper (if "
        "those are the labels, call the folders around them train, val and test, or set_1, set_2 and so on)"
    )
    assert not finding.skips
    (tmp_path / "day").rename(tmp_path / "set_1")
    (tmp_path / "night").rename(tmp_path / "set_2")
    reading = read(tmp_path)
    assert (labels(reading), reading.findings) == ({"cat": 2, "dog": 2}, ())


@pytest.mark.parametrize("folder", ["test-multiple_fruits", "runs/classify/train"])
def test_a_label_beside_folders_of_subsets_in_which_the_others_lie_is_doubted(tmp_path, folder):
    subsets = fill(tmp_path, "train/cat", "train/dog", "val/cat")
    assert read(subsets).findings == ()
    label = folder.partition("/")[0]
    (finding,) = read(fill(tmp_path, folder)).findings
    assert (finding.item, finding.code, finding.skips) == (label, "beside-subsets", False)


def test_pictures_in_a_numbered_folder_of_a_subset_have_no_label(tmp_path):
    reading = read(fill(tmp_path, "train/cat", "train/dog", "test1"))
    assert labels(reading) == {"cat": 1, "dog": 1}
    assert [finding.item for finding in reading.findings if finding.skips or finding.code == "no-annotation"] == [
        "test1/0.png"
    ]


def test_one_label_beside_folders_that_are_passed_over_is_refused_with_the_way_to_make_them_labels(tmp_path):
    said = refused(fill(tmp_path, "train", "test", "cat", pictures=3))
    assert "only 3 of 9 pictures have a label, cat, and a model needs at least two labels" in said
    assert said.endswith(
        "Put the others, such as test/0.png, into folders of their labels; if 'test' is a label, rename the folder to "
        "label_test."
    )
    (tmp_path / "test").rename(tmp_path / "label_test")
    assert labels(read(tmp_path)) == {"cat": 3, "label_test": 3}
    fill(tmp_path / "few", "test", "cat", pictures=1)
    assert "only 1 of 2 pictures has a label, cat" in refused(tmp_path / "few")


def test_folders_without_pictures_beside_those_of_labels_and_videos_are_named_but_not_folders_of_notes(tmp_path):
    fill(tmp_path, "train/cat", "train/dog", "test/cat")
    for folder in ("train/bird", "train/notes", "test/dog/more", "test/images", "elsewhere/fox"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "train/notes/readme.txt").write_text("drawn in May")
    (tmp_path / "train/bird/clip.mp4").write_bytes(b"a video")
    reading = read(tmp_path)
    assert [str(finding) for finding in reading.findings] == [
        "test/dog and train/bird: hold no picture",
        "train/bird: holds 1 video, which is not read (save single frames of it as pictures, and move it away)",
    ]
    assert labels(reading) == {"cat": 2, "dog": 1}


def test_folders_of_one_name_but_for_case_or_form_are_refused_as_folders_and_one_renaming_cures(tmp_path):
    composed, decomposed = "B\u00e4r", "Ba\u0308r"
    for one, other in (("cat", "Cat"), (composed, decomposed)):
        root = tmp_path / one
        fill(root, one, other, "dog", pictures=3)
        with pytest.raises(InputRejectedError, match="two folders of one name") as caught:
            layout.read("folders", root)
        assert ("('B\\xe4r' and 'Ba\\u0308r')" in str(caught.value)) == (one == composed)
        (root / other).rename(root / "other")
        assert labels(layout.read("folders", root)) == {one: 3, "other": 3, "dog": 3}


def test_two_folders_of_one_label_are_joined_as_is_said(tmp_path):
    fill(tmp_path, "cat", "Cat", "dog", pictures=3)
    with pytest.raises(InputRejectedError, match="if both mean the same, put their pictures into one of them, under n"):
        layout.read("folders", tmp_path)
    for picture in [*(tmp_path / "Cat").iterdir()]:
        picture.rename(tmp_path / "cat" / f"more-{picture.name}")
    (tmp_path / "Cat").rmdir()
    assert labels(layout.read("folders", tmp_path)) == {"cat": 6, "dog": 3}


def test_pictures_in_no_folder_of_a_label_are_named_once_a_folder(tmp_path):
    fill(tmp_path, "bus", "car")
    fill(tmp_path, ".", "train", pictures=3)
    fill(tmp_path, "val", pictures=2)
    reading = read(tmp_path)
    assert labels(reading) == {"bus": 1, "car": 1}
    assert [str(finding) for finding in reading.findings] == [
        "0.png: lies in no folder of a label, as do 2 more pictures beside it (move it into the folder of its label)",
        "train/0.png: lies in no folder of a label, as do 2 more pictures beside it (move it into the folder of its "
        "label; if 'train' is a label, rename the folder to label_train)",
        "val/0.png: lies in no folder of a label, as does 1 more picture beside it (move it into the folder of its "
        "label; if 'val' is a label, rename the folder to label_val)",
    ]
    shutil.rmtree(tmp_path / "val")
    reading = read(tmp_path)
    assert set(reading.unusable) == {f"{folder}{number}.png" for folder in ("", "train/") for number in range(3)}
    (tmp_path / "train").rename(tmp_path / "label_train")
    assert labels(read(tmp_path)) == {"bus": 1, "car": 1, "label_train": 3}


words = st.sampled_from(["train", "val", "images", "fold1", "a", "b", "Cat", "cat", "dog", "set2", "masks", "x y", "ü"])


@files_property
@given(folders=st.sets(st.lists(words, max_size=4).map("/".join), max_size=6))
def test_every_picture_in_any_folders_is_read_or_named(tmp_path_factory, folders):
    root = tmp_path_factory.mktemp("folders")
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / f"{len(list(root.rglob('*.png')))}.png").write_bytes(b"")
    reading = layout.read("folders", root)
    pictures = {path.relative_to(root).as_posix() for path in root.rglob("*.png")}
    assert {picture.name for picture in reading.pictures} | set(reading.unusable) == pictures
    assert all(picture.objects[0].label in picture.name.split("/") for picture in reading.pictures)
    shutil.rmtree(root)


def test_settings_of_yolo_that_only_repeat_the_labels_are_no_annotations(tmp_path):
    fill(tmp_path, "train/cat", "train/dog", "val/cat", "val/dog")
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nnames: [Cat, dog]\n", encoding="utf-8")
    assert labels(read(tmp_path)) == {"cat": 2, "dog": 2}
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nnames: [apple, pear]\n", encoding="utf-8")
    assert "data.yaml looks like annotations in a form that is not known" in refused(tmp_path)


def test_a_list_with_the_boxes_of_a_picture_below_its_name_is_named(tmp_path):
    fill(tmp_path, "images/0--Parade", "images/1--Riot")
    rows = "0--Parade/0.png\n1\n10 10 50 60 0 0 0 0 0 0\n1--Riot/0.png\n1\n1 1 5 6 0 0 0 0 0 0\n"
    (tmp_path / "boxes_train.txt").write_text(rows, encoding="utf-8")
    assert "boxes_train.txt looks like annotations in a form that is not known" in refused(tmp_path)
    (tmp_path / "boxes_train.txt").write_text("0--Parade/0.png 1 1\n1--Riot/0.png 2 1\n", encoding="utf-8")
    assert labels(read(tmp_path)) == {"0--Parade": 1, "1--Riot": 1}


@pytest.mark.parametrize("folder", ["@eaDir/0.png", "#recycle", "$RECYCLE.BIN", "System Volume Information"])
def test_what_systems_and_storages_put_beside_pictures_are_no_pictures(tmp_path, folder):
    fill(tmp_path, "cat", "dog", f"cat/{folder}", folder)
    assert labels(read(tmp_path)) == {"cat": 1, "dog": 1}


def test_masks_of_pictures_are_no_examples_of_their_label_and_are_named_once(tmp_path):
    fill(tmp_path, "cat/images", "dog/images", "cat/masks", "dog/masks")
    for name in ("0_mask", "0_mask_1"):
        shutil.copy(tmp_path / "cat/masks/0.png", tmp_path / f"dog/images/{name}.png")
    reading = read(tmp_path)
    assert labels(reading) == {"cat": 1, "dog": 1}
    assert [str(finding) for finding in reading.findings] == [
        "cat/masks/0.png: is a mask, like 3 others; masks are not taken as screenshots"
    ]


@pytest.mark.parametrize("source", ["masks", "masks/classes", "SegmentationClass"])
@pytest.mark.parametrize("mode", ["P", "L"])
def test_a_folder_of_masks_is_no_folder_of_labels_and_is_said_to_be_one(tmp_path, source, mode):
    root = fill(tmp_path / source, "garden", "house", pictures=2)
    for path in root.rglob("*.png"):
        Image.open(path).convert(mode).save(path)
    said = refused(root)
    assert said == (
        f"{root}: its pictures are masks, as its name and their values say. Name the folder around it in its place, "
        "with the annotated pictures; or, if the folders are the labels, say so: --format folders."
    )
    assert labels(layout.read("folders", root)) == {"garden": 2, "house": 2}


@pytest.mark.parametrize(("source", "mode"), [("mask", "P"), ("masks", "RGB"), ("symbols", "P")])
def test_pictures_of_masks_that_are_worn_and_pictures_of_few_colours_are_pictures(tmp_path, source, mode):
    root = fill(tmp_path / source, "paper", "venice")
    for path in root.rglob("*.png"):
        Image.open(path).convert(mode).save(path)
    assert labels(read(root)) == {"paper": 1, "venice": 1}


@pytest.mark.parametrize("folder", ["meta", ".", "splits"])
def test_lists_of_pictures_put_class_folders_into_subsets(tmp_path, folder):
    fill(tmp_path, "images/apple_pie", "images/waffles", pictures=3)
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "train.txt").write_text("apple_pie/0\napple_pie/1\nwaffles/1\n")
    (tmp_path / folder / "test.txt").write_text("apple_pie/2\nwaffles/0\n")
    (tmp_path / folder / "classes.txt").write_text("apple_pie\nwaffles\n")
    found = {picture.name: picture.subset for picture in read(tmp_path).pictures}
    assert list(found.values()) == ["train", "train", "test", "test", "train", None]


@pytest.mark.parametrize(
    "folders",
    [
        ("HAM10000_images_part_1", "HAM10000_images_part_2"),
        ("my game fold1", "my game fold2"),
        ("2026-11-01", "2026-11-02"),
        ("20261101_1200", "202612"),
        ("100CANON", "101CANON"),
    ],
)
def test_parts_dates_and_folders_of_cameras_are_no_labels(tmp_path, folders):
    fill(tmp_path, *folders)
    assert "no annotated pictures were found" in refused(tmp_path)
    fill(tmp_path, *(f"{folder}/{label}" for folder in folders for label in ("cat", "dog")))
    for folder in folders:
        (tmp_path / folder / "0.png").unlink()
    assert labels(read(tmp_path)) == {"cat": 2, "dog": 2}


@pytest.mark.parametrize(("annotated", "found"), [(1, ["voc", "folders"]), (2, ["voc", "folders"]), (3, ["voc"])])
def test_class_folders_are_offered_too_where_few_pictures_have_an_annotation(tmp_path, annotated, found):
    fill(tmp_path, "cat", "dog", pictures=3)
    for number in range(annotated):
        (tmp_path / f"cat/{number}.xml").write_text("<annotation/>")
    assert [one.format for one in layout.layouts(SourceTree.of(tmp_path))] == found
    assert labels(layout.read("folders", tmp_path)) == {"cat": 3, "dog": 3}


def test_a_label_that_ends_in_mask_is_one(tmp_path):
    fill(tmp_path, "mask", "without_mask")
    (tmp_path / "mask/0.png").rename(tmp_path / "mask/face_mask.png")
    assert labels(read(tmp_path)) == {"mask": 1, "without_mask": 1}


def test_a_linked_folder_is_named_where_there_is_nothing_else(tmp_path):
    fill(tmp_path / "real", "cat", "dog")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/cat").symlink_to(tmp_path / "real/cat")
    assert "cat: is a link to a folder, which is not followed (put the folder here, or " in refused(tmp_path / "source")


def test_links_to_nowhere_and_pipes_are_not_counted_as_pictures(tmp_path):
    for name in "ab":
        Image.new("RGB", (64, 64)).save(tmp_path / f"{name}.png")
    (tmp_path / "lost.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    assert "but 2 pictures without annotations" in refused(tmp_path)
