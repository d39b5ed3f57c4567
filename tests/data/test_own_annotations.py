import re
from dataclasses import replace

import pytest
from PIL import Image

from builders import (
    SETTINGS_TEXT,
    Shot,
    make_workspace,
    read_coco_tables,
    scene,
    small_shots,
    tree,
    write_coco,
    write_coco_tables,
    write_picture,
    write_voc,
)
from toonvision.core.errors import InputRejectedError
from toonvision.data.attributes import write_attributes
from toonvision.data.boxes import Box
from toonvision.data.extraction import extract
from toonvision.data.own_annotations import Annotation, LabelledBox, read_annotation, write_annotation
from toonvision.data.workspace import open_workspace

APPLE = LabelledBox("a1", "apple", Box(1, 2, 30, 40))
RICH = LabelledBox("b2", "pear", Box(4, 5, 60, 44), "corrected", "detect/<b>&x", 0.9123, {"fog": 0.5, "night": True})


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "w", small_shots()[:4])


def of(picture, *boxes, source="screenshots", **more):
    return Annotation(source, picture, (64, 48), boxes, **more)


def labels(workspace, picture):
    return [crop.label for crop in workspace.known_crops() if crop.screenshot == picture]


def codes(found):
    return [finding.code for finding in found.findings]


def test_what_is_written_is_read_back_and_the_same_decisions_give_the_same_bytes(tmp_path):
    given = of(
        "garden/<a>.png", APPLE, RICH, rejected=(LabelledBox("r", "pear", Box(0, 0, 3, 3), model="m", score=0.1),)
    )
    path = tmp_path / "annotations" / "garden" / "a.xml"
    write_annotation(path, given)
    assert read_annotation(path, tmp_path / "annotations").annotation == given
    before = path.read_bytes()
    write_annotation(path, given)
    assert path.read_bytes() == before


def test_where_a_box_came_from_means_nothing_to_a_source_in_pascal_voc(tmp_path):
    workspace = make_workspace(tmp_path / "w", small_shots()[:1])
    path = workspace.root / "screenshots" / "garden" / "shot_00.xml"
    write_annotation(path, of("garden/shot_00.png", APPLE, RICH, rejected=(APPLE,), review="open"))
    assert extract(workspace).objects_kept == 2
    assert [dict(crop.attributes) for crop in workspace.known_crops()] == [{}, {}]


def test_what_is_known_of_an_object_stays_known_when_its_screenshot_is_reviewed(workspace):
    write_attributes(workspace.root / "screenshots/garden/shot_00.attributes.json", {2: {"view": "front"}})
    write_annotation(workspace.annotations / "garden/shot_00.xml", of("garden/shot_00.png", RICH))
    found = extract(workspace)
    assert found.findings == ()
    known = [dict(crop.attributes) for crop in workspace.known_crops() if crop.screenshot == "garden/shot_00.png"]
    assert known == [{"fog": 0.5, "night": True}]


def test_screenshots_of_a_source_that_its_annotations_do_not_name_are_added(tmp_path):
    write_coco(tmp_path / "source", small_shots()[:2])
    write_voc(tmp_path / "more", small_shots()[2:4])
    (tmp_path / "more/garden/shot_02.png").rename(tmp_path / "source/images/garden/new.png")
    workspace = make_workspace(tmp_path / "w", [])
    settings = tmp_path / "w" / "toonvision.toml"
    settings.write_text(settings.read_text() + '\n[[sources]]\nformat = "coco"\npath = "../source"\n')
    workspace = open_workspace(tmp_path / "w")
    before = tree(tmp_path / "source")
    write_annotation(workspace.annotations / "garden/new.xml", of("images/garden/new.png", APPLE, source="../source"))
    found = extract(workspace)
    assert (found.pictures_kept, found.objects_kept, found.pictures_skipped) == (3, 5, 0)
    assert labels(workspace, "images/garden/new.png") == ["apple"]
    assert tree(tmp_path / "source") == before


def test_a_screenshot_that_was_moved_and_a_source_with_another_path_are_found_by_the_name(workspace):
    write_annotation(workspace.annotations / "house/shot_00.xml", of("house/shot_00.png", APPLE))
    write_annotation(workspace.annotations / "house/shot_01.xml", of("house/shot_01.png", APPLE, source="../elsewhere"))
    assert extract(workspace).objects_kept == 6
    assert labels(workspace, "garden/shot_00.png") == labels(workspace, "house/shot_01.png") == ["apple"]


def test_an_annotation_of_another_program_is_of_the_picture_of_its_name(workspace):
    path = workspace.annotations / "garden" / "shot_00.xml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "<annotation><object><name>stone</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
        "</bndbox></object></annotation>"
    )
    assert extract(workspace).objects_kept == 7
    assert labels(workspace, "garden/shot_00.png") == ["stone"]


def test_boxes_that_were_drawn_on_a_rotated_picture_here_are_cut_as_they_were_seen(workspace):
    upside_down = Image.Exif()
    upside_down[0x0112] = 3  # which no size can tell
    place = workspace.root / "screenshots" / "garden"
    stored = scene("rotated")
    stored.save(place / "shot_00.png", exif=upside_down)
    assert codes(extract(workspace)) == ["exif-rotation"]
    path = workspace.annotations / "garden" / "shot_00.xml"
    write_annotation(path, of("garden/shot_00.png", APPLE))
    for _ in range(2):  # the second time nothing is decoded
        assert extract(workspace).findings == ()
    (crop,) = [one for one in workspace.known_crops() if one.screenshot == "garden/shot_00.png"]
    with Image.open(workspace.crops / crop.file) as image:
        assert list(image.getdata()) == list(stored.crop(APPLE.box.xyxy).getdata())
    write_annotation(path, of("garden/shot_00.png", RICH))
    path.write_text(re.sub(' picture="[^"]*"| source="[^"]*"', "", path.read_text("utf-8")), "utf-8")
    assert codes(extract(workspace)) == ["exif-rotation"], "another program does not say how it showed the picture"


def test_a_review_leaves_the_crowds_of_the_source_where_nobody_need_find_an_object(tmp_path):
    write_coco(tmp_path / "source", small_shots()[:4])
    tables = read_coco_tables(tmp_path / "source")
    apple = tables["categories"][0]["id"]
    crowd = {"id": 901, "image_id": 1, "category_id": apple, "bbox": [20, 0, 30, 12], "iscrowd": 1}
    tables["annotations"].append(crowd)
    write_coco_tables(tmp_path / "source", tables)
    (tmp_path / "w").mkdir()
    (tmp_path / "w/toonvision.toml").write_text(f'{SETTINGS_TEXT}\n[[sources]]\nformat = "coco"\npath = "../source"\n')
    workspace = open_workspace(tmp_path / "w")

    def crowds():
        extract(workspace)
        with workspace.reading() as catalog:
            return [(region.screenshot, region.box.xyxy) for region in catalog.regions()]

    before = crowds()
    ((name, box),) = before
    assert box == (20, 0, 50, 12)
    write_annotation(workspace.annotations / "own.xml", of(name, APPLE, source="../source"))
    assert crowds() == before
    assert labels(workspace, name) == ["apple"]


def test_a_review_that_is_not_ended_changes_nothing(workspace):
    for name, review in (("garden/shot_00", "open"), ("house/shot_01", "skipped"), ("garden/shot_02", "unsure")):
        write_annotation(workspace.annotations / f"{name}.xml", of(f"{name}.png", APPLE, review=review))
    found = extract(workspace)
    assert (found.objects_kept, codes(found)) == (8, ["open-review"])
    assert not any(finding.skips for finding in found.findings)


def test_a_damaged_annotation_keeps_the_crops_and_does_not_bring_the_source_s_back(workspace):
    path = workspace.annotations / "garden" / "shot_00.xml"
    write_annotation(path, of("garden/shot_00.png", APPLE))
    assert extract(workspace).objects_kept == 7
    path.write_bytes(path.read_bytes()[:-30])
    found = extract(workspace)
    assert (found.pictures_kept, found.pictures_skipped, codes(found)) == (3, 1, ["bad-xml"])
    assert "annotations/garden/shot_00.xml" in str(found.findings[0])
    assert labels(workspace, "garden/shot_00.png") == ["apple"]


def test_an_annotation_without_a_picture_and_two_of_one_are_told(workspace):
    write_annotation(workspace.annotations / "garden/gone.xml", of("garden/gone.png", APPLE))
    found = extract(workspace)
    assert (found.pictures_skipped, codes(found)) == (1, ["no-picture"])
    assert "put the picture back" in str(found.findings[0])
    write_annotation(workspace.annotations / "a.xml", of("garden/shot_00.png", APPLE))
    write_annotation(workspace.annotations / "b.xml", of("garden/shot_00.png", APPLE))
    with pytest.raises(InputRejectedError, match=r"a\.xml and .*b\.xml annotate one picture"):
        extract(workspace)


def test_an_annotation_that_leads_out_of_its_source_or_folder_is_not_followed(workspace, tmp_path):
    (tmp_path / "secret.png").write_bytes((workspace.root / "screenshots/garden/shot_00.png").read_bytes())
    write_annotation(workspace.annotations / "garden/x.xml", of("../../secret.png", APPLE))
    write_annotation(tmp_path / "outside.xml", of("garden/shot_00.png", APPLE))
    (workspace.annotations / "garden/y.xml").symlink_to(tmp_path / "outside.xml")
    found = extract(workspace)
    assert (found.objects_kept, sorted(codes(found))) == (8, ["no-picture", "path-escapes"])


@pytest.mark.parametrize(("kind", "write", "folder"), [("voc", write_voc, ""), ("coco", write_coco, "images/")])
def test_of_a_picture_without_an_annotation_it_is_said_that_its_review_is_not_ended(tmp_path, kind, write, folder):
    write(tmp_path / "s", small_shots()[:2])
    name = f"{folder}garden/new.png"
    write_picture(tmp_path / "s" / name, small_shots()[2])
    settings = f'{SETTINGS_TEXT}\n[[sources]]\nformat = "{kind}"\npath = "../s"\n'
    workspace = make_workspace(tmp_path / "w", [], settings_text=settings)
    assert f"{name}: has no annotation" in "".join(map(str, extract(workspace).findings))
    given = of(name, APPLE, source="../s", review="open")
    write_annotation(workspace.annotations / "garden/new.xml", given)
    said = list(map(str, extract(workspace).findings))
    assert f"{name}: its review is not ended (end it: toonvision label)" in said
    assert "no annotation" not in "".join(said)
    write_annotation(workspace.annotations / "garden/new.xml", replace(given, review="done"))
    assert "new.png" not in "".join(map(str, extract(workspace).findings))


def test_of_many_pictures_without_an_annotation_those_whose_review_is_begun_or_ended_are_not_counted(tmp_path):
    write_coco(tmp_path / "s", small_shots()[:2])
    names = [f"images/new/{number:02}.png" for number in range(12)]
    for number, name in enumerate(names):
        write_picture(tmp_path / "s" / name, Shot(f"new_{number}", "garden", small_shots()[2].objects))
    settings = f'{SETTINGS_TEXT}\n[[sources]]\nformat = "coco"\npath = "../s"\n'
    workspace = make_workspace(tmp_path / "w", [], settings_text=settings)

    def said():
        return [str(finding).partition(" (")[0] for finding in extract(workspace).findings if "new" in finding.item]

    def review(number, state):
        given = of(names[number], APPLE, source="../s", review=state)
        write_annotation(workspace.annotations / f"new/{number:02}.xml", given)

    assert said() == ["images/new: none of its 12 pictures has an annotation"]
    review(0, "open")
    review(1, "done")
    assert said() == [
        "images/new/00.png: its review is not ended",
        "images/new: 10 of its 12 pictures have no annotation",
    ]
    for number in range(11):
        review(number, "done")
    assert said() == ["images/new: 1 of its 12 pictures has no annotation"]
    review(11, "done")
    assert said() == []
