import pytest

from builders import Shot, contents, scene, write_coco, write_picture, write_voc, write_yolo
from format_writers import write_labelme, write_via
from toonvision.data.formats import layout
from toonvision.data.source_tree import SourceTree

SHOTS = [Shot(stem, "garden", (("apple", (3, 4, 20, 30)), ("pear", (30, 4, 50, 30)))) for stem in "abc"]


def pictures(root):
    return [path.relative_to(root).as_posix() for path in SourceTree.of(root).pictures]


def masks(root, *folders, name="{}.png", stems="abc"):
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for stem in stems:
            scene(f"{folder}{stem}").save(root / folder / name.format(stem))


@pytest.mark.parametrize(
    ("format_", "write"),
    [("voc", write_voc), ("yolo", write_yolo), ("coco", write_coco), ("labelme", write_labelme), ("via", write_via)],
)
@pytest.mark.parametrize("around", ["", "images", "screenshots"])
def test_masks_beside_the_pictures_change_nothing_and_are_named_once(tmp_path, format_, write, around):
    write(tmp_path / around, SHOTS)
    before = layout.read(format_, tmp_path)
    masks(tmp_path, "masks/classes/garden", "masks/instances/garden")
    after = layout.read(layout.detect(tmp_path), tmp_path)
    assert (after.pictures, after.unusable) == (before.pictures, before.unusable)
    (note,) = set(after.findings) - set(before.findings)
    assert str(note) == "masks/classes/garden/a.png: is a mask, like 5 others; masks are not taken as screenshots"
    assert not note.skips


def test_the_masks_of_pascal_voc_are_no_pictures(tmp_path):
    write_voc(tmp_path / "VOCdevkit" / "VOC2012", [Shot(one.stem, ".", one.objects) for one in SHOTS], layout="folders")
    masks(tmp_path / "VOCdevkit" / "VOC2012", "SegmentationClass", "SegmentationObject")
    reading = layout.read("voc", tmp_path)
    assert (len(reading.pictures), [finding.code for finding in reading.findings]) == (3, ["masks"])


@pytest.mark.parametrize(
    ("folder", "name"), [("garden", "{}_mask.png"), ("garden", "{}-masks.gif"), ("masks/garden", "{}_mask.png")]
)
def test_a_mask_is_known_by_the_end_of_its_name_beside_its_picture(tmp_path, folder, name):
    write_voc(tmp_path, SHOTS)
    before = pictures(tmp_path)
    masks(tmp_path, folder, name=name)
    assert pictures(tmp_path) == before


@pytest.mark.parametrize(("stems", "others"), [("a", ""), ("ab", ", like 1 other"), ("abc", ", like 2 others")])
def test_the_note_on_masks_counts_the_others(tmp_path, stems, others):
    write_voc(tmp_path, SHOTS)
    masks(tmp_path, "masks", stems=stems)
    (note,) = SourceTree.of(tmp_path).mask_findings()
    assert note.reason == f"is a mask{others}; masks are not taken as screenshots"


def test_a_mask_is_one_in_any_place_where_its_picture_has_an_annotation(tmp_path):
    write_voc(tmp_path / "summer", SHOTS)
    before = pictures(tmp_path)
    masks(tmp_path, "masks")
    assert pictures(tmp_path) == before


def test_pictures_that_are_alone_or_annotated_or_of_another_place_are_no_masks(tmp_path):
    masks(tmp_path / "alone", "masks")
    write_voc(tmp_path / "annotated" / "masks", SHOTS)
    write_voc(tmp_path / "annotated", SHOTS)
    masks(tmp_path / "worn", "mask", "no_mask")
    masks(tmp_path / "others", "images", stems="ab")
    masks(tmp_path / "others", "masks", stems="cd")
    for source in tmp_path.iterdir():
        there = [name for name in contents(source) if not name.endswith(".xml")]
        assert pictures(source) == sorted(there), source.name
    assert {one.objects[0].label for one in layout.read("folders", tmp_path / "worn").pictures} == {"mask", "no_mask"}


def test_a_picture_whose_name_ends_like_a_masks_stays_one_without_another_beside_it(tmp_path):
    write_picture(tmp_path / "garden" / "a_mask.png", SHOTS[0])
    write_picture(tmp_path / "house" / "a.png", SHOTS[1])
    assert pictures(tmp_path) == ["garden/a_mask.png", "house/a.png"]


def test_the_masks_of_defects_are_no_pictures_wherever_the_ground_truth_lies(tmp_path):
    bottle = tmp_path / "bottle"
    masks(bottle, "train/good", "test/good", "test/cut", "test/dirt")
    before = pictures(tmp_path)
    masks(bottle, "ground_truth/cut", "ground_truth/dirt", name="{}_mask.png")
    assert pictures(tmp_path) == before
    reading = layout.read(layout.detect(tmp_path), tmp_path)
    assert [finding.item for finding in reading.findings] == ["bottle/ground_truth/cut/a_mask.png"]
    assert {one.objects[0].label for one in reading.pictures} == {"good", "cut", "dirt"}
