"""Masks from outlines of annotations: polygons and run lengths of COCO, as a published library draws them."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from builders import SETTINGS_TEXT, Shot, read_coco_tables, scene, write_coco, write_coco_tables
from toonvision.core.errors import RejectedItemError
from toonvision.data.arrays import load_instances
from toonvision.data.boxes import AnnotatedPicture, Outline
from toonvision.data.extraction import extract
from toonvision.data.formats.coco_objects import outlines_of
from toonvision.data.outlines import drawn_masks, filled, inside
from toonvision.data.pixel_masks import CLASSES, NOT_COUNTED, masks_of, outlined_masks
from toonvision.data.records import frames_of
from toonvision.data.workspace import open_workspace

SIZE_WH = (40, 30)
SETTINGS = (
    SETTINGS_TEXT.replace("[taxonomy.tasks]\n", '[taxonomy.tasks]\npixels = { level = "pixel", kind = "segment" }\n')
    + "\n[taxonomy.pixels]\nground = {}\nfruit = {}\nstone = {}\n"
)
coordinate = st.integers(-320, 2880).map(lambda number: number / 64)
corners = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8)


def coco_mask():
    return pytest.importorskip("faster_coco_eval").core.mask


def distance_to_edges(points, size_wh):
    """Return how far the middle of each pixel is from the nearest edge of a polygon."""
    width, height = size_wh
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    nearest = np.full((height, width), np.inf)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = np.clip(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1) if length else 0
        nearest = np.minimum(nearest, np.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)))
    return nearest


@given(st.lists(st.tuples(st.floats(1, 39), st.floats(1, 29)), min_size=3, max_size=3))
def test_a_polygon_covers_the_pixels_that_a_published_library_says_but_for_its_edges(points):
    width, height = SIZE_WH
    found = filled(points, SIZE_WH)
    flat = [number for point in points for number in point]
    theirs = coco_mask().decode(coco_mask().frPyObjects([flat], height, width))[..., 0] > 0
    odd = found != theirs
    assert (distance_to_edges(points, SIZE_WH)[odd] <= 1.0).all()


def test_a_rectangle_covers_its_pixels_however_it_is_written():
    flat = [10, 5, 30, 5, 30, 25, 10, 25]
    expected = np.zeros((30, 40), np.bool_)
    expected[5:25, 10:30] = True
    pairs = [flat[at : at + 2] for at in range(0, 8, 2)]
    for shape in (flat, [flat], pairs, [pairs], [flat, [12, 6, 14, 6, 14, 8]]):
        np.testing.assert_array_equal(inside(shape, SIZE_WH), expected)


@given(corners)
def test_a_polygon_that_leaves_the_picture_covers_what_lies_in_it(points):
    wide = filled([(x + 50, y + 50) for x, y in points], (140, 130))
    np.testing.assert_array_equal(filled(points, SIZE_WH), wide[50:80, 50:90])


@given(hnp.arrays(np.bool_, (30, 40)))
def test_run_lengths_are_the_mask_that_a_published_library_wrote(mask):
    compressed = coco_mask().encode(np.asfortranarray(mask.astype(np.uint8)))
    text = compressed["counts"]
    text = text.decode() if isinstance(text, bytes) else text
    np.testing.assert_array_equal(inside({"size": [30, 40], "counts": text}, SIZE_WH), mask)
    column = mask.T.ravel()
    starts = np.flatnonzero(np.diff(np.concatenate([[False], column])))
    counts = np.diff([0, *starts, column.size]).tolist()
    np.testing.assert_array_equal(inside({"size": [30, 40], "counts": counts}, SIZE_WH), mask)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ({"size": [30, 41], "counts": [5, 3]}, "its mask has 41 x 30 pixels, and the picture 40 x 30"),
        ({"size": [30, 40], "counts": [1200, 5]}, "pixels, over the 30 x 40 of its size"),
        ({"size": [30, 40], "counts": [5, -3]}, "segmentation must have a size and counts"),
        ("text", "segmentation must be a list"),
        ([[1, 2, 3]], "segmentation must be a list"),
        ([[1, 2, float("nan"), 4, 5, 6]], "a corner"),
        ([[[1, 2], [3, "x"], [1, 1]]], "segmentation must be a list"),
    ],
)
def test_what_is_no_outline_is_refused(shape, reason):
    with pytest.raises(RejectedItemError, match=reason):
        inside(shape, SIZE_WH)


def test_corners_far_out_are_no_trouble():
    assert filled([(-1e300, -1e300), (1e300, -1e300), (1e300, 1e300), (-1e300, 1e300)], SIZE_WH).all()


def test_small_outlines_are_drawn_over_large_ones_and_what_is_not_known_does_not_count():
    small, large = [[10, 10, 20, 10, 20, 20, 10, 20]], [[0, 0, 40, 0, 40, 30, 0, 30]]
    odd = Outline("stone", {"size": [1, 1], "counts": []})
    crowd = Outline("fruit", [[30, 0, 40, 0, 40, 10, 30, 10]], known=False)
    unknown = Outline("unknown", [[0, 0, 4, 0, 4, 4, 0, 4]])
    outlines = (Outline("fruit", small), Outline("ground", large), odd, unknown, crowd)
    picture = AnnotatedPicture(Path("a.png"), "a.png", "a.json, a.png", "all", outlines=outlines)
    classes, numbers, findings = drawn_masks(picture, SIZE_WH, {"ground": 0, "fruit": 1}.get, beside=NOT_COUNTED)
    assert (classes[10:20, 10:20] == 1).all()
    assert (classes[:4, :4] == NOT_COUNTED).all()
    assert (classes[:10, 30:] == NOT_COUNTED).all()
    assert (classes == 0).sum() == 40 * 30 - 100 - 16 - 100
    assert set(np.unique(numbers[10:20, 10:20])) == {1}
    assert (numbers[25, 35], numbers[5, 35]) == (2, 0)
    assert [finding.item for finding in findings] == ["a.json, a.png, mask 3"]


def test_where_an_outline_fails_or_covers_no_pixel_it_is_not_known_which_pixels_of_its_box_show_the_object():
    bad = [{"size": [1, 1], "counts": []}, [[]], [[1, 2, 9, 2]], [0, 1]]
    rows = [("fruit", {"bbox": [5 * at, 4, 5, 10], "segmentation": shape}) for at, shape in enumerate(bad)]
    rows.append(("fruit", {"bbox": [0, float("nan"), 5, 5], "segmentation": [[]]}))
    picture = AnnotatedPicture(Path("a.png"), "a.png", "a.json, a.png", "all", outlines=outlines_of(rows))
    classes, numbers, findings = drawn_masks(picture, SIZE_WH, {"fruit": 1}.get, beside=0)
    assert (classes[4:14, :20] == NOT_COUNTED).all()
    assert (classes == 0).sum() == 40 * 30 - 10 * 20
    assert not numbers.any()
    assert [finding.item for finding in findings] == ["a.json, a.png, mask 1", "a.json, a.png, mask 5"]


def with_outlines(root):
    """Make a workspace whose screenshots have a COCO file with a polygon for each object."""
    shots = [Shot(f"{at}", "garden", (("apple", (4 + at, 5, 24, 25)), ("stone", (30, 20, 50, 40)))) for at in range(4)]
    root.mkdir()
    (root / "toonvision.toml").write_text(f'{SETTINGS}\n[[sources]]\nformat = "coco"\npath = "../source"\n')
    source = root.parent / "source"
    write_coco(source, shots)
    tables = read_coco_tables(source)
    for row in tables["annotations"]:
        left, top, width, height = row["bbox"]
        right, bottom = left + width, top + height
        row["segmentation"] = [[left, top, right, top, right, bottom, left, bottom]]
    write_coco_tables(source, tables)
    workspace = open_workspace(root)
    extract(workspace)
    return workspace


def shots_of(workspace):
    with workspace.reading() as catalog:
        return frames_of(catalog.screenshots(), catalog.crops())


def test_an_extraction_draws_masks_of_classes_and_of_objects(tmp_path):
    workspace = with_outlines(tmp_path / "workspace")
    frames = shots_of(workspace)
    masks = masks_of(workspace, [frame.shot for frame in frames])
    for frame, mask in zip(frames, masks, strict=True):
        values = np.array(Image.open(mask.path))
        assert mask.size_wh == frame.shot.size_wh
        assert (values[20:40, 30:50] == 2).all()  # by its label
        left, top, right, bottom = frame.crops[0].box.xyxy
        assert (values[top:bottom, left:right] == 1).all()  # by its class at a level
        assert (values == NOT_COUNTED).sum() == values.size - 400 - (right - left) * (bottom - top)
    instances = load_instances(workspace, frames, size_hw=(64, 64))
    assert set(np.unique(instances[0])) == {0, 1, 2}


def test_another_extraction_changes_no_mask_and_a_persons_own_comes_first(tmp_path):
    workspace = with_outlines(tmp_path / "workspace")
    shots = [frame.shot for frame in shots_of(workspace)]
    before = [mask.path.stat().st_mtime_ns for mask in masks_of(workspace, shots)]
    extract(workspace)
    assert [mask.path.stat().st_mtime_ns for mask in masks_of(workspace, shots)] == before
    own = workspace.masks / "classes" / "garden" / "0.png"
    own.parent.mkdir(parents=True)
    Image.fromarray(np.zeros(shots[0].size_wh[::-1], np.uint8)).save(own)
    assert masks_of(workspace, shots)[0].path == own


def test_masks_that_an_earlier_version_drew_are_found_until_the_next_extraction_names_them_anew(tmp_path):
    workspace = with_outlines(tmp_path / "workspace")
    shots = [frame.shot for frame in shots_of(workspace)]
    named = [mask.path for mask in masks_of(workspace, shots)]
    drawn = outlined_masks(workspace, shots[0].source) / CLASSES
    earlier = [drawn / shot.context / f"{Path(shot.name).stem}.png" for shot in shots]
    for path, old in zip(named, earlier, strict=True):
        old.parent.mkdir(parents=True, exist_ok=True)
        path.rename(old)
    assert masks_of(workspace, [shots[0], shots[0]]) == [None] * 2, "of two that share a name nobody knows whose it is"
    assert [mask.path for mask in masks_of(workspace, shots)] == earlier
    extract(workspace)
    assert [mask.path for mask in masks_of(workspace, shots)] == named
    assert not any(old.exists() for old in earlier)


def test_screenshots_of_one_stem_have_masks_of_their_own(tmp_path):
    source, root = tmp_path / "source", tmp_path / "workspace"
    folders = ("train/garden", "valid/garden")
    names = (f"{folders[0]}/a.png", f"{folders[1]}/a.png", f"{folders[0]}/{'b' * 251}.png", f"{folders[0]}/a.bmp")
    images, annotations = [], []
    for number, name in enumerate(names):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(source / name)
        images.append({"id": number, "file_name": name})
        top = 5 + number
        polygon = [[5, top, 25, top, 25, 30, 5, 30]]
        row = {"id": number, "image_id": number, "category_id": 1, "bbox": [5, top, 20, 30 - top]}
        annotations.append(row if name.endswith(".bmp") else {**row, "segmentation": polygon})
    tables = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "stone"}]}
    write_coco_tables(source, tables)
    root.mkdir()
    (root / "toonvision.toml").write_text(f'{SETTINGS}\n[[sources]]\nformat = "coco"\npath = "../source"\n')
    workspace = open_workspace(root)
    extract(workspace)
    shots = [frame.shot for frame in shots_of(workspace)]
    masks = dict(zip([shot.name for shot in shots], masks_of(workspace, shots), strict=True))
    assert masks.pop(names[-1]) is None  # without an outline, beside one of its stem that has one
    areas = {name: (np.array(Image.open(mask.path)) == 2).sum() for name, mask in masks.items()}
    assert areas == {name: 20 * (25 - number) for number, name in enumerate(names[:-1])}


def test_masks_go_with_their_outlines_and_an_outline_that_cannot_be_used_is_named(tmp_path):
    workspace = with_outlines(tmp_path / "workspace")
    path = tmp_path / "source" / "annotations" / "instances.json"
    tables = json.loads(path.read_text())
    for row in tables["annotations"]:
        row["segmentation"] = {"size": [2, 2], "counts": [4]} if row["id"] == 1 else []
    path.write_text(json.dumps(tables))
    summary = extract(workspace)
    assert masks_of(workspace, [frame.shot for frame in shots_of(workspace)]) == [None] * 4
    (finding,) = [one for one in summary.findings if ", mask 1" in one.item]
    assert (finding.reason, finding.remedy) == (
        "its mask has 2 x 2 pixels, and the picture 64 x 48", "export it again",
    )  # fmt: skip
    assert summary.objects_kept == 8


def test_beside_outlines_the_box_of_an_object_without_one_and_a_crowd_are_not_known():
    outline = [[1, 1, 5, 1, 5, 5]]
    rows = [
        ("apple", {"bbox": [1, 1, 4, 4], "segmentation": outline}),
        ("pear", {"bbox": [10, 5, 4, 6]}),
        ("apple", {"bbox": [0, 0, 9, 9], "segmentation": outline, "iscrowd": 1}),
        (None, {"bbox": "odd"}),
    ]
    assert outlines_of(rows) == (
        Outline("apple", outline, box=[[1, 1, 5, 1, 5, 5, 1, 5]]),
        Outline("pear", [[10, 5, 14, 5, 14, 11, 10, 11]], known=False),
        Outline("apple", outline, known=False, box=[[0, 0, 9, 0, 9, 9, 0, 9]]),
    )  # fmt: skip
    assert outlines_of(rows[1:2]) == ()
