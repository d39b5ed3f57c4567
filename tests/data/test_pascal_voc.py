"""What Pascal VOC files say beyond the plain case, and where they may lie."""

import re
import shutil

import pytest

import builders
from builders import Shot, scene
from toonvision.core.errors import InputRejectedError
from toonvision.data.extraction import extract
from toonvision.data.formats import layout, pascal_voc
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.taxonomy.loader import infer

BOX = "<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>60</xmax><ymax>70</ymax></bndbox>"
SIZE_WH = (160, 120)


def write(root, stem, *, picture="{stem}.png", annotation="{stem}.xml", objects="", filename=None, tag="annotation"):
    """Write a picture and an annotation with some objects, each a text of tags."""
    path = root / picture.format(stem=stem)
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(stem, SIZE_WH).save(path)
    xml = root / annotation.format(stem=stem)
    xml.parent.mkdir(parents=True, exist_ok=True)
    xml.write_text(f"<{tag}><filename>{filename or path.name}</filename>{objects}</{tag}>", encoding="utf-8")
    return path


def one(root, *objects):
    """Read the objects of one annotation, each a text of tags after its name."""
    write(root, "a", objects="".join(f"<object><name>cat</name>{text}</object>" for text in objects))
    (picture,) = read(root).pictures
    assert picture.findings == ()
    return picture.objects


def read(root):
    return pascal_voc.read(SourceTree.of(root))


def found(root):
    """Return what the annotations of a source say, by picture."""
    return {picture.name: [entry.label for entry in picture.objects] for picture in read(root).pictures}


CAT, DOG = (f"<object><name>{label}</name>{BOX}</object>" for label in ("cat", "dog"))


def test_an_annotation_of_the_very_name_of_a_picture_is_its_own_and_one_of_another_case_is_not(tmp_path):
    write(tmp_path, "a", objects=CAT)
    write(tmp_path, "A", objects=DOG)
    with pytest.raises(InputRejectedError, match="Rename one of them, and its annotation with it"):
        read(tmp_path)
    (tmp_path / "A.png").rename(tmp_path / "b.png")
    assert found(tmp_path) == {"a.png": ["cat"]}
    assert [finding.item for finding in read(tmp_path).findings] == ["b.png", "A.xml"]
    (tmp_path / "A.xml").rename(tmp_path / "b.xml")
    assert found(tmp_path) == {"a.png": ["cat"], "b.png": ["dog"]}


@pytest.mark.parametrize("annotation", ["{stem}.xml", "Annotations/{stem}.xml"])
def test_of_two_pictures_of_one_stem_an_annotation_means_the_one_that_it_states(tmp_path, annotation):
    write(tmp_path, "a", picture="{stem}.jpg", annotation=annotation)
    write(tmp_path, "a", annotation=annotation, objects=CAT)
    assert found(tmp_path) == {"a.png": ["cat"]}
    assert [str(finding) for finding in read(tmp_path).findings] == [
        "a.jpg: has no annotation (draw its boxes, or save an empty annotation)"
    ]


def test_an_annotation_that_could_be_of_two_pictures_of_its_stem_is_of_none(tmp_path):
    write(tmp_path, "a", picture="{stem}.jpg")
    write(tmp_path, "a", objects=CAT, filename="a")
    (finding,) = [finding for finding in read(tmp_path).findings if finding.skips]
    assert finding.reason == "the picture 'a' could be a.jpg and a.png"
    (tmp_path / "a.jpg").rename(tmp_path / "b.jpg")  # the remedy
    assert found(tmp_path) == {"a.png": ["cat"]}


@pytest.mark.parametrize(
    ("picture", "annotation"),
    [
        ("images/{stem}.png", "annotations/{stem}.xml"),
        ("images/{stem}.png", "annotations/xmls/{stem}.xml"),
        ("{stem}.png", "Annotations/{stem}.xml"),
        ("my shots/{stem}.png", "what I drew/{stem}.xml"),
        ("train/images/{stem}.png", "train/annotations/{stem}.xml"),
        ("images/train/{stem}.png", "xml/{stem}.xml"),
    ],
)
def test_pictures_and_annotations_may_lie_in_any_folders(tmp_path, picture, annotation):
    write(tmp_path, "a", picture=picture, annotation=annotation, objects=CAT)
    write(tmp_path, "b", picture=picture, annotation=annotation, objects=DOG)
    assert found(tmp_path) == {picture.format(stem="a"): ["cat"], picture.format(stem="b"): ["dog"]}
    assert layout.detect(tmp_path) == "voc"


@pytest.mark.parametrize("stated", ["a.png", "a", "C:\\Users\\me\\f\\a.png", "/data/f/a.png", "a.JPEG"])
def test_an_annotation_of_another_name_belongs_to_the_picture_that_it_states(tmp_path, stated):
    write(tmp_path, "a", picture="images/a.png", annotation="labels/0001.xml", objects=CAT, filename=stated)
    reading = read(tmp_path)
    assert [picture.name for picture in reading.pictures] == ["images/a.png"]
    assert reading.findings == ()


def test_a_picture_of_the_stem_comes_before_the_one_that_is_stated(tmp_path):
    write(tmp_path, "a", objects=CAT, filename="b.png")
    write(tmp_path, "b", objects=DOG, filename="a.png")
    assert found(tmp_path) == {"a.png": ["cat"], "b.png": ["dog"]}


def test_an_annotation_whose_picture_is_gone_takes_none_that_has_its_own(tmp_path):
    write(tmp_path, "a", picture="garden/a.png", annotation="garden/a.xml", objects=CAT).unlink()
    write(tmp_path, "a", picture="house/a.png", annotation="house/a.xml", objects=DOG)
    reading = read(tmp_path)
    assert [picture.objects[0].label for picture in reading.pictures] == ["dog"]
    assert [(finding.item, finding.code) for finding in reading.findings] == [("garden/a.xml", "no-picture")]


def test_an_annotation_that_could_be_of_two_pictures_is_named_with_both(tmp_path):
    write(tmp_path, "a", picture="cellar/a.png", annotation="labels/a.xml", objects=CAT)
    write(tmp_path, "a", picture="house/a.png", annotation="labels/a.xml", objects=CAT)
    reading = read(tmp_path)
    assert reading.pictures == ()
    (finding,) = [finding for finding in reading.findings if finding.skips]
    assert (finding.item, finding.code, finding.pictures) == ("labels/a.xml", "ambiguous-picture", 1)
    assert "cellar/a.png and house/a.png" in finding.reason


def test_an_annotation_that_lies_there_twice_counts_once(tmp_path):
    write(tmp_path, "a", picture="images/a.png", annotation="annotations/a.xml", objects=CAT)
    shutil.copy(tmp_path / "annotations" / "a.xml", tmp_path / "images" / "a.xml")
    reading = read(tmp_path)
    assert [len(picture.objects) for picture in reading.pictures] == [1]
    assert [(finding.code, finding.skips) for finding in reading.findings] == [("copy", False)]


@pytest.mark.parametrize(
    "wide_high", [(0, 0), (160, 0), (0, 120), (-1, 120), ("", ""), ("Unspecified", "Unspecified"), (160, "None")]
)
def test_a_size_of_which_a_side_was_not_known_is_no_size(tmp_path, wide_high):
    width, height = wide_high
    write(tmp_path, "a", objects=f"<size><width>{width}</width><height>{height}</height></size>")
    (picture,) = read(tmp_path).pictures
    assert picture.size_wh is None


def test_the_subset_is_that_of_the_folder(tmp_path):
    for stem, folder in (("a", "train"), ("b", "valid"), ("c", "test"), ("d", "cellar")):
        write(tmp_path / folder, stem, objects=CAT)
    subsets = {picture.path.stem: picture.subset for picture in read(tmp_path).pictures}
    assert subsets == {"a": "train", "b": "val", "c": "test", "d": None}
    assert {picture.context for picture in read(tmp_path).pictures} == {"all", "cellar"}


def write_image_sets(root, lists, *, stems="abcd", folder="ImageSets/Main"):
    for stem in stems:
        write(root, stem, picture="JPEGImages/{stem}.png", annotation="Annotations/{stem}.xml", objects=CAT)
    for name, content in lists.items():
        path = root / folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def test_dev_is_val_and_what_is_evaluated_at_the_end_is_test(tmp_path):
    for stem, folder in (("a", "train"), ("b", "dev"), ("c", "eval")):
        write(tmp_path, stem, picture=f"{folder}/{{stem}}.png", annotation=f"{folder}/{{stem}}.xml", objects=CAT)
    assert [picture.subset for picture in read(tmp_path).pictures] == ["val", "test", "train"]


@pytest.mark.parametrize("folder", ["ImageSets/Main", "ImageSets"])
@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"train": "a\nb\n", "val": "c\n", "trainval": "a\nb\nc\n", "test": "d\n"}, ["train", "train", "val", "test"]),
        ({"trainval": "a\nb\n", "test": "c\nd\n"}, ["train", "train", "test", "test"]),
        ({"train": "a\nb.png\n", "cat_train": "a  1\nc -1\n", "default": "d"}, ["train", "train", None, None]),
    ],
)
def test_the_subset_is_that_of_the_image_sets(tmp_path, lists, expected, folder):
    write_image_sets(tmp_path / "VOCdevkit" / "VOC2007", lists, folder=folder)
    reading = read(tmp_path)
    assert reading.findings == ()
    assert [picture.subset for picture in reading.pictures] == expected
    assert {picture.context for picture in reading.pictures} == {"all"}


def test_the_image_sets_of_two_years_are_those_of_their_own_pictures(tmp_path):
    write_image_sets(tmp_path / "VOC2007", {"train": "a\n", "test": "b\n"}, stems="ab")
    write_image_sets(tmp_path / "VOC2012", {"train": "b\n", "test": "a\n"}, stems="ab")
    subsets = {picture.name: picture.subset for picture in read(tmp_path).pictures}
    assert subsets == {
        "VOC2007/JPEGImages/a.png": "train",
        "VOC2007/JPEGImages/b.png": "test",
        "VOC2012/JPEGImages/a.png": "test",
        "VOC2012/JPEGImages/b.png": "train",
    }


def test_names_in_image_sets_without_a_picture_or_in_two_subsets_are_counted(tmp_path):
    write_image_sets(tmp_path, {"train": "a\nb\nx\ny\n", "test": "b\n"})
    reading = read(tmp_path)
    assert [picture.subset for picture in reading.pictures] == ["train", None, None, None]
    assert [(str(finding), finding.skips) for finding in reading.findings] == [
        ("ImageSets/Main/train.txt: lists 2 of 4 names of which there is no picture", False),
        (
            "1 pictures: are in the lists of two subsets, JPEGImages/b.png for one; they are taken to be in none "
            "(take each out of one list)",
            False,
        ),
    ]


def test_image_sets_that_cannot_be_read_are_named(tmp_path):
    source = tmp_path / "source"
    write_image_sets(source, {"val": "c\n", "test": "d\n"})
    lists = source / "ImageSets" / "Main"
    lists.joinpath("test.txt").write_bytes(b"\xff\xe4\0")
    (tmp_path / "train.txt").write_text("a\nb\n")
    lists.joinpath("train.txt").symlink_to(tmp_path / "train.txt")
    reading = read(source)
    assert [picture.subset for picture in reading.pictures] == [None, None, "val", None]
    assert [(one.item, one.code, one.files) for one in reading.findings] == [
        ("ImageSets/Main/test.txt", "encoding", 1),
        ("ImageSets/Main/train.txt", "path-escapes", 1),
    ]
    lists.rename(tmp_path / "Main")
    lists.symlink_to(tmp_path / "Main")
    assert [(one.item, one.code) for one in read(source).findings] == [("ImageSets/Main", "linked-folder")]


def test_lists_elsewhere_name_subsets_by_the_first_word_of_each_line(tmp_path):
    write_image_sets(
        tmp_path, {"trainval": "# name class\na 1 1 1\nb 2 1 2\n", "test": "c 1 1 1\n"}, folder="annotations"
    )
    (tmp_path / "train.txt").write_text("some words about the training,\nand of no picture\n")
    (tmp_path / "val.txt").write_bytes(b"\xff\xe4\0")
    reading = read(tmp_path)
    assert [picture.subset for picture in reading.pictures] == ["train", "train", "test", None]
    assert [(one.item, one.code, one.skips) for one in reading.findings] == [("val.txt", "encoding", False)]


def test_the_sets_of_another_task_of_pascal_voc_are_not_those_of_the_boxes(tmp_path):
    write_image_sets(tmp_path, {"train": "a\nb\n"})
    write_image_sets(tmp_path, {"val": "a\nb\n"}, folder="ImageSets/Segmentation")
    assert [picture.subset for picture in read(tmp_path).pictures] == ["train", "train", None, None]


def test_what_an_annotation_says_of_an_object_becomes_its_attributes(tmp_path):
    own = "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><occluded>yes</occluded>"
    cvat = "<attributes><attribute><name>Fur colour</name><value>grey</value></attribute></attributes>"
    first, second = one(tmp_path, own + BOX + cvat, "<pose>Unspecified</pose>" + BOX)
    assert first.attributes == {
        "pose": "Left", "truncated": True, "difficult": False, "occluded": True, "fur_colour": "grey",
    }  # fmt: skip
    assert second.attributes == {}


def rotation(degrees):
    return f"<attributes><attribute><name>rotation</name><value>{degrees}</value></attribute></attributes>{BOX}"


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        ("90.0", (5, 15, 65, 65)),
        ("180", (10, 10, 60, 70)),
        ("270.0", (5, 15, 65, 65)),
        ("45.0", (35 - 55 / 2**0.5, 40 - 55 / 2**0.5, 35 + 55 / 2**0.5, 40 + 55 / 2**0.5)),
    ],
)
def test_a_rotation_turns_the_box_and_says_so(tmp_path, degrees, expected):
    (entry,) = one(tmp_path, rotation(degrees))
    assert entry.xyxy == pytest.approx(expected, abs=1e-5)
    assert entry.attributes == {"rotation": float(degrees)}
    assert entry.note == "the box around its turned box was taken"


def test_a_rotation_by_nothing_leaves_the_box_as_it_is(tmp_path):
    (entry,) = one(tmp_path, rotation("0.0"))
    assert (entry.xyxy, entry.note) == ((10, 10, 60, 70), "")


def test_a_turned_box_of_rolabelimg_is_enclosed(tmp_path):
    box = "<cx>35</cx><cy>40</cy><w>50</w><h>60</h><angle>1.5707963268</angle>"
    (entry,) = one(tmp_path, f"<type>robndbox</type><robndbox>{box}</robndbox>")
    assert entry.xyxy == pytest.approx((5, 15, 65, 65), abs=1e-5)
    assert entry.note == "the box around its turned box was taken"


@pytest.mark.parametrize(
    "polygon",
    [
        "<polygon><x1>10</x1><y1>70</y1><x2>60</x2><y2>20</y2><x3>30</x3><y3>10</y3></polygon>",
        "<polygon><pt><x>10</x><y>70</y></pt><pt><x>60</x><y>20</y></pt><pt><x>30</x><y>10</y></pt></polygon>",
        "<polygon><username>me</username><point><x>10</x><y>70</y></point><point><x>60</x><y>10</y></point></polygon>",
    ],
)
def test_a_polygon_without_a_box_is_enclosed(tmp_path, polygon):
    (entry,) = one(tmp_path, polygon)
    assert (entry.xyxy, entry.note) == ((10, 10, 60, 70), "the box around its polygon was taken")


def test_a_box_beside_a_polygon_is_the_box(tmp_path):
    (entry,) = one(tmp_path, BOX + "<polygon><x1>1</x1><y1>2</y1><x2>3</x2><y2>4</y2></polygon>")
    assert (entry.xyxy, entry.note) == ((10, 10, 60, 70), "")


def test_a_part_is_no_object_and_its_box_not_that_of_the_object(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></part>"
    (entry,) = one(tmp_path, part + BOX)
    assert (entry.label, entry.xyxy, entry.attributes) == ("cat", (10, 10, 60, 70), {})


def test_the_xml_of_labelme_is_read_and_what_was_deleted_there_is_not(tmp_path):
    polygon = "<polygon><pt><x>10</x><y>10</y></pt><pt><x>60</x><y>70</y></pt></polygon>"
    write(
        tmp_path,
        "a",
        objects="<imagesize><nrows>120</nrows><ncols>160</ncols></imagesize>"
        f"<object><name>cat</name><deleted>0</deleted><occluded>no</occluded><id>0</id>{polygon}</object>"
        f"<object><name>dog</name><deleted>1</deleted>{polygon}</object>",
    )
    (picture,) = read(tmp_path).pictures
    assert picture.size_wh == SIZE_WH
    assert [(entry.label, entry.xyxy, entry.attributes) for entry in picture.objects] == [
        ("cat", (10, 10, 60, 70), {"occluded": False})
    ]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("deleted", 1)]


@pytest.mark.parametrize(
    "text", ["<polygon><x1>1</x1><y1>2</y1></polygon>", "<polygon><x1>1</x1></polygon>", "<polygon/>", ""]
)
def test_an_object_that_no_box_can_be_drawn_around_is_named(tmp_path, text):
    write(tmp_path, "a", objects=f"<object><name>cat</name>{text}</object>{CAT}")
    (picture,) = read(tmp_path).pictures
    assert len(picture.objects) == 1
    assert [(finding.item, finding.objects) for finding in picture.findings] == [("a.xml, object 1", 1)]


@pytest.mark.parametrize("prefix", ["", "v:"])
def test_an_annotation_in_a_namespace_is_read(tmp_path, prefix):
    path = write(tmp_path, "a", objects=CAT)
    text = path.with_suffix(".xml").read_text("utf-8").replace("</", "</" + prefix)
    text = re.sub(r"<(?=\w)", "<" + prefix, text.replace("<annotation>", "<annotation xmlns='urn:x' xmlns:v='urn:v'>"))
    path.with_suffix(".xml").write_text(text, "utf-8")
    assert layout.detect(tmp_path) == "voc"
    assert found(tmp_path) == {"a.png": ["cat"]}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_blanks_before_the_declaration_do_no_harm(tmp_path, mark):
    path = write(tmp_path, "a", objects=CAT).with_suffix(".xml")
    path.write_text(f"{mark}\n  <?xml version='1.0' encoding='utf-8'?>\n{path.read_text('utf-8')}", "utf-8")
    assert layout.detect(tmp_path) == "voc"
    assert found(tmp_path) == {"a.png": ["cat"]}


def test_tags_of_another_case_are_read(tmp_path):
    path = write(tmp_path, "a", objects=CAT).with_suffix(".xml")
    text = re.sub(r"(?<=[</])(\w)(?=\w*>)", lambda first: first[1].upper(), path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    assert "<Annotation>" in text
    assert "<Name>cat</Name>" in text
    assert layout.detect(tmp_path) == "voc"
    assert found(tmp_path) == {"a.png": ["cat"]}


def test_some_tags_of_another_case_are_read(tmp_path):
    write(tmp_path, "a", objects=CAT + DOG.replace("object>", "Object>"))
    assert found(tmp_path) == {"a.png": ["cat", "dog"]}


def test_boxes_that_no_object_is_read_from_are_reported(tmp_path):
    write(tmp_path, "a", objects=CAT + DOG.replace("object>", "item>"))
    write(tmp_path, "b", objects=CAT.replace(BOX, 3 * BOX))
    part = f"<part><name>head</name>{BOX}</part>"
    write(tmp_path, "c", objects=CAT.replace(BOX, f"{BOX}<polygon><x1>1</x1><y1>1</y1></polygon>{part}{part}"))
    write(tmp_path, "d", objects=CAT.replace("object>", "rejected>"))
    a, b, c, d = read(tmp_path).pictures
    assert [(str(one), one.objects) for one in a.findings] == [
        ("a.xml: has 1 box in '<item>', not in <object> (put each into an <object>)", 1)
    ]
    assert [(str(one), one.objects) for one in b.findings] == [
        ("b.xml, object 1: has 3 boxes, of which the first is read (give each an <object> of its own)", 2)
    ]
    assert (c.findings, d.findings, d.objects) == ((), (), ())


def test_xml_of_another_kind_is_named_and_never_taken_for_an_annotation_without_objects(tmp_path):
    write(tmp_path, "a", objects=CAT)
    write(tmp_path, "b", tag="project")
    (tmp_path / "settings.xml").write_text("<?xml version='1.0'?><!-- mine --><settings/>", encoding="utf-8")
    reading = read(tmp_path)
    assert [picture.name for picture in reading.pictures] == ["a.png"]
    assert sorted((f.item, f.code, f.pictures) for f in reading.findings) == [
        ("b.xml", "other-xml", 1),
        ("settings.xml", "other-xml", 0),
    ]
    assert [f.reason for f in reading.findings if f.item == "b.xml"] == [
        "is no Pascal VOC annotation: its first tag is '<project>'"
    ]


def test_xml_of_another_kind_alone_is_no_pascal_voc(tmp_path):
    (tmp_path / "settings.xml").write_text("<settings/>", encoding="utf-8")
    scene("a").save(tmp_path / "a.png")
    with pytest.raises(InputRejectedError):
        layout.detect(tmp_path)


def test_a_picture_whose_boxes_are_in_a_yolo_file_says_so_and_the_remedy_cures(tmp_path):
    root, apart = tmp_path / "pets", tmp_path / "yolo"
    builders.write_voc(root, [Shot("a", ".", (("cat", (1, 2, 30, 40)),))])
    scene("b").save(root / "b.png")
    (root / "b.txt").write_text("0 0.5 0.5 0.5 0.5\n", encoding="utf-8")
    (root / "classes.txt").write_text("dog\n", encoding="utf-8")
    (finding,) = read(root).findings
    assert (finding.item, finding.code) == ("b.png", "no-annotation")
    assert finding.remedy == (
        "its boxes may be those of b.txt, which is YOLO: move both, with classes.txt, to a folder outside this "
        'source, and add that to toonvision.toml as [[sources]] with format = "yolo"'
    )
    apart.mkdir()
    for name in ("b.png", "b.txt", "classes.txt"):
        shutil.move(root / name, apart / name)
    create_workspace(tmp_path / "w", taxonomy=infer(["cat", "dog"]), source=("voc", root))
    settings = tmp_path / "w" / "toonvision.toml"
    settings.write_text(settings.read_text() + f'\n[[sources]]\nformat = "yolo"\npath = "{apart}"\n')
    assert extract(open_workspace(tmp_path / "w")).objects_kept == 2


def test_annotations_without_a_suffix_are_read(tmp_path):
    for label in ("cat", "dog"):
        write(tmp_path, f"{label}_1", picture=f"Images/{label}/{{stem}}.png", annotation=f"Annotation/{label}/{{stem}}",
              objects=f"<object><name>{label}</name>{BOX}</object>")  # fmt: skip
    (tmp_path / "LICENSE").write_text("for all pictures", encoding="utf-8")
    assert layout.detect(tmp_path) == "voc"
    reading = layout.read("voc", tmp_path)
    assert reading.findings == ()
    assert sorted(entry.label for picture in reading.pictures for entry in picture.objects) == ["cat", "dog"]
