"""Sources that hold annotations in more than one format: which is read, and what is said of the others."""

import pytest

import builders
from builders import Shot, scene
from format_writers import write_createml, write_labelme
from toonvision.core.errors import InputRejectedError
from toonvision.data.formats import layout
from toonvision.data.overview import understand
from toonvision.data.source_tree import SourceTree

CAT = (("cat", (1, 2, 30, 40)),)
ROW = "0 0.5 0.5 0.5 0.5\n"


def shots(*stems):
    return [Shot(stem, ".", CAT) for stem in stems]


def with_texts(root, *stems):
    for stem in stems:
        scene(stem).save(root / f"{stem}.png")
        (root / f"{stem}.txt").write_text(ROW, encoding="utf-8")


def formats(root):
    return [one.format for one in layout.layouts(SourceTree.of(root))]


@pytest.mark.parametrize(("texts", "first"), [("d", "voc"), ("def", "yolo"), ("defg", "yolo")])
def test_of_formats_with_a_file_for_each_picture_the_one_with_the_most_comes_first(tmp_path, texts, first):
    builders.write_voc(tmp_path, shots("a", "b", "c"))
    with_texts(tmp_path, *texts)
    (tmp_path / "classes.txt").write_text("cat\n", encoding="utf-8")
    assert formats(tmp_path)[0] == first
    assert {*formats(tmp_path)} >= {"voc", "yolo"}


def test_files_for_more_pictures_than_one_file_of_another_format_knows_come_first(tmp_path):
    builders.write_voc(tmp_path, shots("a", "b", "c"))
    write_createml(tmp_path, shots("d"))
    assert formats(tmp_path) == ["voc", "createml"]
    write_createml(tmp_path, shots("d", "e", "f"))
    assert formats(tmp_path) == ["createml", "voc"], "as many"


def test_a_source_that_is_refused_in_its_likeliest_format_says_in_which_other_it_can_be_read(tmp_path):
    builders.write_voc(tmp_path, shots("a", "b"))
    with_texts(tmp_path, "c", "d")
    with pytest.raises(InputRejectedError, match=r"classes\.txt: is missing.* Or read it as Pascal VOC.*--format voc"):
        understand(tmp_path)
    assert len(understand(tmp_path, format_="voc").reading.pictures) == 2


@pytest.mark.parametrize(("write", "name"), [(write_labelme, "labelme"), (write_createml, "createml")])
def test_boxes_in_a_file_of_another_format_are_not_asked_to_be_drawn_again(tmp_path, write, name):
    write(tmp_path, shots("a", "b", "c"))
    builders.write_voc(tmp_path, shots("d"))
    with_texts(tmp_path, "e")
    scene("f").save(tmp_path / "f.png")
    (tmp_path / "f.txt").write_text("a cat on a mat\n", encoding="utf-8")
    remedies = {finding.item: finding.remedy for finding in layout.read(name, tmp_path).findings}
    assert remedies["d.png"].startswith("its boxes may be those of d.xml, which is Pascal VOC: move both to a folder")
    assert remedies["e.png"].startswith("its boxes may be those of e.txt, which is YOLO: move both, with classes.txt,")
    assert remedies["f.png"] == "draw its boxes, and save or export again"


def test_many_pictures_whose_boxes_are_in_files_of_another_format_are_named_at_once_with_one_of_these(tmp_path):
    write_createml(tmp_path, [Shot("a", "read", CAT)])
    builders.write_voc(tmp_path / "drawn", shots(*"bcdefghijklm"))
    (finding,) = layout.read("createml", tmp_path).findings
    assert finding.reason == "none of its 12 pictures has an annotation"
    assert finding.remedy.startswith("their boxes may be those of files such as drawn/b.xml, which is Pascal VOC: ")
