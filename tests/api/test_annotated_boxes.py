from pathlib import Path

import pytest

from builders import Shot, make_workspace, small_shots, write_coco, write_picture, write_voc
from toonvision.api.annotated_boxes import cut_boxes
from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import Annotation, LabelledBox, write_annotation
from toonvision.data.workspace import open_workspace

PEAR = LabelledBox("p", "pear", Box(1, 2, 30, 40))


@pytest.fixture
def workspace(tmp_path):
    return make_workspace(tmp_path / "w", small_shots()[:3])


def drawn(workspace, picture, *, source="screenshots", review="done"):
    path = (workspace.annotations / picture).with_suffix(".xml")
    write_annotation(path, Annotation(source, picture, (64, 48), (PEAR,), review=review))


def cut(workspace, *paths):
    """Return each box with its picture and label, and the codes of what was found."""
    folder = workspace.root.parent / "cut"
    folder.mkdir(exist_ok=True)
    cuts, findings = cut_boxes(paths, folder, workspace)
    return [(path, label, box.xyxy) for path, _, label, box, _ in cuts.values()], [one.code for one in findings]


def test_boxes_that_were_drawn_on_the_labelling_page_are_cut_out(tmp_path):
    workspace = make_workspace(tmp_path / "w", [])
    shots = workspace.root / "screenshots"
    write_picture(shots / "a" / "one.png", Shot("one", "a", ()))
    drawn(workspace, "a/one.png")
    expected = [(shots / "a" / "one.png", "pear", (1, 2, 30, 40))]
    for path in (shots, shots / "a", shots / "a" / "one.png"):
        assert cut(workspace, path) == (expected, [])


def test_what_was_corrected_on_the_labelling_page_takes_the_place_of_what_the_source_says(workspace):
    shots = workspace.root / "screenshots"
    drawn(workspace, "garden/shot_00.png")
    found, _ = cut(workspace, shots / "garden")
    assert [label for path, label, _ in found if path.stem == "shot_00"] == ["pear"]
    assert {path.stem for path, *_ in found} == {"shot_00", "shot_02"}
    assert len(cut(workspace, shots)[0]) == 5
    drawn(workspace, "garden/shot_00.png", review="open")
    found, codes = cut(workspace, shots)
    assert (len(found), codes) == (6, ["open-review"])


def test_a_picture_is_called_what_it_was_asked_for_as(workspace, monkeypatch):
    drawn(workspace, "garden/shot_00.png")
    monkeypatch.chdir(workspace.root / "screenshots")
    ((path, label, _),), _ = cut(workspace, Path("garden/shot_00.png"))
    assert (path, label) == (Path("garden/shot_00.png"), "pear")


def test_a_folder_of_a_source_is_read_as_the_source_is(tmp_path):
    workspace = make_workspace(tmp_path / "w", [])
    write_coco(tmp_path / "s", small_shots()[:3])
    (workspace.root / "toonvision.toml").open("a").write('[[sources]]\nformat = "coco"\npath = "../s"\n')
    workspace = open_workspace(workspace.root)
    drawn(workspace, "images/garden/shot_00.png", source="../s")
    found, _ = cut(workspace, tmp_path / "s" / "images" / "garden")
    assert sorted((path.name, label) for path, label, _ in found) == [
        ("shot_00.png", "pear"),
        ("shot_02.png", "apple"),
        ("shot_02.png", "stone"),
    ]


def test_pictures_elsewhere_are_what_their_files_say(workspace, tmp_path):
    write_voc(tmp_path / "other", small_shots()[:2])
    drawn(workspace, "garden/shot_00.png")
    found, codes = cut(workspace, tmp_path / "other", tmp_path / "other" / "house" / "shot_01.png")
    assert (len(found), codes) == (6, [])


def test_a_picture_whose_annotation_is_damaged_is_named_with_what_is_wrong(workspace):
    picture = workspace.root / "screenshots" / "garden" / "shot_00.png"
    picture.with_suffix(".xml").write_text("<annotation", encoding="utf-8")
    with pytest.raises(InputRejectedError, match="no annotated box was found") as refused:
        cut(workspace, picture)
    (finding,) = refused.value.findings
    assert finding.item == "garden/shot_00.xml"
    assert len(cut(workspace, picture.parent.parent)[0]) == 4
