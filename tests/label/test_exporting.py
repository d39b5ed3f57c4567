import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import LABELS, files_property, scene
from toonvision.data.boxes import Box, fit_object
from toonvision.data.formats import layout
from toonvision.label.annotations import Proposal
from toonvision.label.exporting import Labelled, export_annotations

SIZE_WH = (64, 48)
BOXES = st.builds(
    lambda x, y, wide, high: Box(x, y, min(64, x + wide), min(48, y + high)),
    st.integers(0, 60), st.integers(0, 44), st.integers(2, 60), st.integers(2, 44),
)  # fmt: skip
SHOTS = st.lists(
    st.lists(st.tuples(st.sampled_from(LABELS), BOXES), max_size=4, unique=True).map(tuple), min_size=1, max_size=4
)


def written(folder: Path, shots, target, proposals=()):
    (folder / "in").mkdir()
    listed = []
    for at, boxes in enumerate(shots):
        path = folder / "in" / f"{at}.png"
        scene(at, SIZE_WH).save(path)
        listed.append(Labelled(path, f"garden/shot_{at}.png", SIZE_WH, boxes, proposals))
    export_annotations(listed, folder / "out", target, labels=LABELS)
    return folder / "out"


def read_back(root):
    """The name of each picture, without the layout's folders, and its boxes."""
    found = {}
    for picture in layout.read(layout.detect(root), root).pictures:
        assert picture.context == "garden"
        found[picture.path.name] = [(one.label, fit_object(one, SIZE_WH)[0]) for one in picture.objects]
    return found


@pytest.mark.parametrize("target", ["voc", "yolo", "coco", "labelstudio"])
@files_property
@given(shots=SHOTS)
def test_what_is_written_is_read_back_as_it_was(target, shots):
    if not any(shots):
        return  # a folder without any object is of no format
    with tempfile.TemporaryDirectory() as name:
        root = written(Path(name), shots, target)
        assert layout.detect(root) == target
        expected = {f"shot_{at}.png": list(boxes) for at, boxes in enumerate(shots)}
        assert read_back(root) == expected


def test_label_studio_has_what_models_propose_in_percent_with_their_name_and_score(tmp_path):
    sure = Proposal("apple", Box(16, 12, 32, 24), 0.87654321, "detect/one", "label")
    vague = Proposal("fruit", Box(1, 1, 9, 9), 0.5, "detect/one", "kind")
    root = written(tmp_path, [None], "labelstudio", (sure, vague))
    (task,) = json.loads((root / "tasks.json").read_text())
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("detect/one", 0.8765)
    (region,) = prediction["result"]
    assert region["value"] == {
        "x": 25, "y": 25, "width": 25, "height": 25, "rotation": 0, "rectanglelabels": ["apple"],
    }  # fmt: skip
    assert task["annotations"] == []
    assert '<Label value="apple"/>' in (root / "labelling-setup.txt").read_text()


def test_screenshots_that_nobody_annotated_are_no_examples_for_the_other_formats(tmp_path):
    root = written(tmp_path, [(("apple", Box(1, 2, 30, 40)),), None], "voc")
    assert [path.name for path in (root / "images" / "garden").iterdir() if path.suffix == ".png"] == ["shot_0.png"]


def test_what_exif_data_rotate_is_written_as_its_boxes_were_drawn(tmp_path):
    path = tmp_path / "1.jpg"
    turned = Image.Exif()
    turned[0x0112] = 6
    scene(1, SIZE_WH).save(path, exif=turned)
    boxes = (("apple", Box(1, 2, 30, 40)),)
    for size_wh in (SIZE_WH, SIZE_WH[::-1]):
        shot = Labelled(path, "garden/1.png", size_wh, boxes, is_rotated=True)
        root = tmp_path / f"{size_wh[0]}"
        export_annotations([shot], root, "yolo", labels=LABELS)
        with Image.open(root / "images" / "garden" / "1.png") as image:
            assert (image.format, image.size, dict(image.getexif())) == ("PNG", size_wh, {})
