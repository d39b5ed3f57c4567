"""What CVAT's XML says beyond plain boxes."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import builders
from builders import files_property, scene
from toonvision.core.errors import InputRejectedError
from toonvision.data.formats import cvat, layout
from toonvision.data.source_tree import SourceTree

SIZE_WH = (160, 120)
BOX = '<box label="cat" occluded="0" source="manual" xtl="10.0" ytl="10.0" xbr="60.0" ybr="70.0" z_order="0"/>'


def write(root, images, *, file="annotations.xml", picture="images/{name}", meta=""):
    """Write annotations.xml with images, each a name and a text of shapes, and their pictures."""
    listed = ""
    for name, shapes in images.items():
        path = root / picture.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(name, SIZE_WH).save(path)
        listed += f'<image id="0" name="{name}" width="160" height="120">{shapes}</image>'
    (root / file).write_text(f"<annotations><version>1.1</version>{meta}{listed}</annotations>", encoding="utf-8")


def read(root):
    return cvat.read(SourceTree.of(root))


def one(root, shapes):
    write(root, {"a.png": shapes})
    (picture,) = read(root).pictures
    return picture


SHAPES = {
    "turned box": ('<box label="cat" xtl="10" ytl="10" xbr="60" ybr="70" rotation="90.0"/>', (5, 15, 65, 65)),
    "polygon": ('<polygon label="cat" points="10,70;60.5,20;30,10"/>', (10, 10, 60.5, 70)),
    "polyline": ('<polyline label="cat" points="10.0,70.0;60.0,10.0"/>', (10, 10, 60, 70)),
    "points": ('<points label="cat" points="10,70;60,10;30,30"/>', (10, 10, 60, 70)),
    "ellipse": ('<ellipse label="cat" cx="35" cy="40" rx="25" ry="30"/>', (10, 10, 60, 70)),
    "turned ellipse": ('<ellipse label="cat" cx="35" cy="40" rx="25" ry="30" rotation="90"/>', (5, 15, 65, 65)),
    "mask": ('<mask label="cat" rle="0, 12, 1" left="10" top="10" width="50" height="60"/>', (10, 10, 60, 70)),
    "skeleton": (
        '<skeleton label="cat"><points label="nose" outside="0" points="10,70"/>'
        '<points label="ear" outside="0" points="60,10"/><points label="tail" outside="1" points="0,0"/></skeleton>',
        (10, 10, 60, 70),
    ),
    "cuboid": (
        '<cuboid label="cat" xtl1="10" ytl1="12" xbl1="10" ybl1="70" xtr1="40" ytr1="12" xbr1="40" ybr1="70" '
        'xtl2="60" ytl2="10" xbl2="60" ybl2="60" xtr2="30" ytr2="10" xbr2="30" ybr2="60"/>',
        (10, 10, 60, 70),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_box_around_any_shape_is_taken_and_it_says_so(tmp_path, name):
    shape, expected = SHAPES[name]
    picture = one(tmp_path, shape)
    assert picture.findings == ()
    (entry,) = picture.objects
    assert entry.label == "cat"
    assert entry.xyxy == pytest.approx(expected, abs=1e-6)
    assert entry.note.startswith("the box around its ")


def test_a_plain_box_is_taken_as_it_is_and_its_attributes_with_it(tmp_path):
    named = '<attribute name="Fur Colour">grey</attribute><attribute name="asleep">false</attribute>'
    box = f'<box label="cat" occluded="1" xtl="10" ytl="10" xbr="60" ybr="70" z_order="0">{named}</box>'
    picture = one(tmp_path, box)
    (entry,) = picture.objects
    assert (entry.xyxy, entry.note) == ((10, 10, 60, 70), "")
    assert entry.attributes == {"occluded": True, "fur_colour": "grey", "asleep": False}
    assert picture.size_wh == SIZE_WH


@pytest.mark.parametrize(
    "shape",
    [
        '<box xtl="10" ytl="10" xbr="60" ybr="70"/>',
        '<box label="cat" xtl="10" ytl="10" xbr="60"/>',
        '<box label="cat" xtl="10" ytl="x" xbr="60" ybr="70"/>',
        '<box label="cat" xtl="10" ytl="10" xbr="60" ybr="70" rotation="much"/>',
        '<points label="cat" points="10,10"/>',
        '<polygon label="cat" points=""/>',
        '<polygon label="cat" points="1,2;3"/>',
        '<skeleton label="cat"/>',
        '<blob label="cat"/>',
    ],
)
def test_a_shape_that_has_no_box_is_named_and_the_others_are_read(tmp_path, shape):
    picture = one(tmp_path, shape + BOX)
    assert [entry.number for entry in picture.objects] == [2]
    (finding,) = picture.findings
    assert (finding.item, finding.objects) == ("annotations.xml, a.png, object 1", 1)


def test_tags_label_whole_pictures_where_nothing_else_is_drawn(tmp_path):
    write(tmp_path, {"a.png": '<tag label="cat"/>', "b.png": '<tag label="dog"/>'})
    reading = read(tmp_path)
    assert [(entry.label, entry.xyxy) for picture in reading.pictures for entry in picture.objects] == [
        ("cat", None),
        ("dog", None),
    ]


def test_tags_beside_boxes_are_left_out_and_counted(tmp_path):
    picture = one(tmp_path, f'<tag label="night"/><tag label="rain"/>{BOX}')
    assert [entry.label for entry in picture.objects] == ["cat"]
    assert [(finding.code, finding.objects) for finding in picture.findings] == [("picture-label", 2)]
    assert picture.object_count == 3


def test_the_subset_of_a_picture_is_the_one_that_is_stated(tmp_path):
    write(tmp_path, {"a.png": BOX}, picture="images/train/{name}", file="annotations.xml")
    path = tmp_path / "annotations.xml"
    scene("other", SIZE_WH).save(tmp_path / "images" / "b.png")
    (tmp_path / "images" / "Validation").mkdir()
    (tmp_path / "images" / "b.png").rename(tmp_path / "images" / "Validation" / "a.png")
    train = path.read_text(encoding="utf-8").replace('name="a.png"', 'name="a.png" subset="train"')
    image = f'<image name="a.png" subset="Validation">{BOX}</image></annotations>'
    path.write_text(train.replace("</annotations>", image), encoding="utf-8")
    reading = read(tmp_path)
    assert reading.findings == ()
    assert {picture.name: picture.subset for picture in reading.pictures} == {
        "images/train/a.png": "train",
        "images/Validation/a.png": "val",
    }


@pytest.mark.parametrize("stated", ["a", "cats/a.png", "C:\\shots\\a.PNG", "shots/cats/a.jpg"])
def test_pictures_are_found_by_the_name_that_is_stated(tmp_path, stated):
    write(tmp_path, {"a.png": BOX}, picture="images/cats/{name}")
    path = tmp_path / "annotations.xml"
    path.write_text(path.read_text(encoding="utf-8").replace('name="a.png"', f'name="{stated}"'), encoding="utf-8")
    reading = read(tmp_path)
    assert [(picture.name, picture.context) for picture in reading.pictures] == [("images/cats/a.png", "cats")]


VIDEO = '<annotations><track id="0" label="cat"><box frame="0" xtl="1" ytl="1" xbr="5" ybr="5"/></track></annotations>'


def test_cvat_for_video_is_refused_by_name_with_the_export_that_works(tmp_path):
    scene("a").save(tmp_path / "frame_000000.png")
    (tmp_path / "annotations.xml").write_text(VIDEO, encoding="utf-8")
    assert layout.detect(tmp_path) == "cvat"
    with pytest.raises(InputRejectedError, match="is CVAT for video.*'CVAT for images 1.1'"):
        read(tmp_path)


def test_one_file_that_cannot_be_read_does_not_refuse_the_others(tmp_path):
    write(tmp_path, {"a.png": BOX})
    scene("b").save(tmp_path / "images" / "b.png")
    (tmp_path / "video.xml").write_text(VIDEO, encoding="utf-8")
    reading = read(tmp_path)
    assert [picture.name for picture in reading.pictures] == ["images/a.png"]
    assert [(finding.item, finding.code, finding.files) for finding in reading.findings] == [
        ("video.xml", "cvat-video", 1)
    ]
    assert reading.unusable.keys() == {"images/b.png"}


def test_a_picture_that_two_files_list_with_the_same_objects_counts_once_and_with_others_is_refused(tmp_path):
    write(tmp_path, {"a.png": BOX, "b.png": ""})
    write(tmp_path, {"a.png": BOX}, file="task_2.xml")
    reading = read(tmp_path)
    assert [len(picture.objects) for picture in reading.pictures] == [1, 0]
    assert [str(finding) for finding in reading.findings] == [
        "task_2.xml: lists 1 picture that annotations.xml lists too, with the same objects; each counts once "
        "(remove what is double)"
    ]
    write(tmp_path, {"a.png": BOX.replace("cat", "dog")}, file="task_2.xml")
    with pytest.raises(InputRejectedError, match=r"annotations\.xml, a\.png and task_2\.xml, a\.png list one picture"):
        read(tmp_path)


fragments = st.sampled_from(
    ["<annotations>", "</annotations>", '<image name="a.png">', "</image>", "<image/>", "<box/>", BOX, "<track/>",
     '<polygon label="x" points=";;"/>', '<mask label="x"/>', '<tag label="x"/>', "<skeleton>", "&amp;", "<!--"]
)  # fmt: skip


@files_property
@given(parts=st.lists(fragments, max_size=8), value=st.text(max_size=8))
@example(parts=[], value="1e400")
@example(parts=[], value="nan")
def test_any_file_of_such_tags_and_any_coordinate_are_read_or_refused(tmp_path_factory, parts, value):
    root = tmp_path_factory.mktemp("cvat")
    write(root, {"a.png": ""})
    for text in ("".join(parts), f"<annotations>{''.join(parts)}</annotations>"):
        (root / "annotations.xml").write_text(text, encoding="utf-8")
        _, refused = builders.tried(InputRejectedError, read, root)
        assert refused is None or str(root) in str(refused)
    (root / "annotations.xml").write_text('<annotations><image name="a.png"/></annotations>', encoding="utf-8")
    document = ElementTree.parse(root / "annotations.xml")
    box = ElementTree.SubElement(document.find("image"), "box", label="cat", xtl="1", ytl="1", ybr="9")
    box.set("xbr", "".join(c for c in value if c.isprintable()))
    document.write(root / "annotations.xml", encoding="utf-8")
    (picture,) = read(root).pictures
    assert picture.object_count == 1


def test_a_linked_file_is_read_unless_it_leads_out_of_the_source(tmp_path):
    source = tmp_path / "source"
    write(source, {"a.png": BOX}, file="kept.data")
    (source / "linked.xml").symlink_to("kept.data")
    assert layout.detect(source) == "cvat"
    write(source, {"b.png": BOX}, file="../secret.xml")
    (source / "out.xml").symlink_to(tmp_path / "secret.xml")
    reading = read(source)
    assert [picture.name for picture in reading.pictures] == ["images/a.png"]
    assert ("out.xml", "path-escapes", 1) in [(one.item, one.code, one.files) for one in reading.findings]


def test_of_pictures_of_one_name_the_nearest_to_the_file_is_meant(tmp_path):
    for job in ("job1", "job2"):
        (tmp_path / job).mkdir()
        write(tmp_path / job, {"a.png": BOX.replace('"cat"', f'"{job}"')})
    reading = read(tmp_path)
    assert not [finding for finding in reading.findings if finding.skips]
    assert {picture.name: picture.objects[0].label for picture in reading.pictures} == {
        "job1/images/a.png": "job1",
        "job2/images/a.png": "job2",
    }
