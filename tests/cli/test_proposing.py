import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from builders import SETTINGS_TEXT, Shot, copied, make_workspace, scene, write_picture
from reliability import disks
from toonvision.api.result import Result
from toonvision.api.workspace import Workspace
from toonvision.core.errors import UsageError
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import Annotation, LabelledBox, write_annotation
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.label.annotations import Proposal
from toonvision.label.proposals import Proposals, picture_hash, write_proposals
from toonvision.label.screenshots import list_screenshots
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan

OUTSIDE = (
    "<object><name>pear</name><bndbox><xmin>60</xmin><ymin>40</ymin><xmax>90</xmax><ymax>90</ymax></bndbox></object>"
)


def test_the_command_says_what_is_proposed_and_what_comes_next(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    folder = tmp_path / "w" / "screenshots" / "ttc"
    folder.mkdir(parents=True)
    draw_screenshot(ScreenshotPlan("ttc_1", "ttc", ("cog_lb_bigwig",), seed=1)).image.save(folder / "shot.png")
    outcome = run("label", "--propose", "-w", tmp_path / "w", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["models"] == "the package's models"
    assert outcome.json["exact"] == outcome.json["boxes"] >= 1
    assert any(label.startswith("cog_lb_") for label in outcome.json["labels"])
    assert "the package's detector finds " in outcome.err
    assert "comes with the package names " in outcome.err
    assert "crops of real screenshots right, and has " in outcome.err
    assert (tmp_path / "w" / "proposals" / "ttc" / "shot.json").is_file()
    refused = run("label", "--every", "-w", tmp_path / "w")
    assert "Add --propose, too." in refused.err
    assert run("label", "--every", "--propose", "-w", tmp_path / "w").code == 0
    outcome = run("label", "--propose", "-w", tmp_path / "w")
    assert f"toonvision label -w {tmp_path / 'w'}" in outcome.err + outcome.out


def test_options_about_proposing_are_refused_without_it(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    outcome = run("label", "--every", "--detector", "detect/detector-1", "-w", tmp_path / "w")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "--detector and --every are about proposing. Add --propose, too." in outcome.err


def test_an_unknown_task_to_train_is_refused_before_anything_is_done(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    outcome = run("label", "--propose", "--then-train", "suit,shoe", "-w", tmp_path / "w")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "shoe" in outcome.err
    nothing = run("label", "--propose", "--then-train", " , ", "-w", tmp_path / "w")
    assert (nothing.code, nothing.out) == (2, "")
    assert "Name one, or several as detect,suit." in nothing.err


def test_without_a_detector_nothing_is_trained_for_proposals_that_cannot_be_made(run, tmp_path):
    root = make_workspace(tmp_path / "w").root
    for asked in (("--propose", "--then-train", "label"), ("--then-train", "label"), ("--propose", "--detector", "no")):
        outcome = run("label", *asked, "-w", root)
        assert (outcome.code, outcome.out) == (2, "")
        assert ("no detector was trained yet" in outcome.err) != ("toonvision train TASK -w " in outcome.err)
    assert not (root / "crops").exists()


def test_what_was_trained_is_said_even_if_nothing_can_be_proposed_then(run, tmp_path, monkeypatch):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    grown = Result(None, ("This round: error 12 %",), {"runs": {"suit": "suit/compact-1"}})
    monkeypatch.setattr(Workspace, "grow", lambda *_: grown)
    monkeypatch.setattr(Workspace, "propose", lambda *_, **__: (_ for _ in ()).throw(UsageError("there is none.")))
    outcome = run("label", "--propose", "--then-train", "suit", "-w", tmp_path / "w")
    assert outcome.code == 3
    assert "This round: error 12 %" in outcome.out
    assert "Nothing was proposed: there is none." in outcome.out
    outcome = run("label", "--propose", "--then-train", "suit", "-w", tmp_path / "w", "--json")
    assert outcome.json == {**grown.plain, "proposed": None}


def test_with_json_the_address_of_the_page_is_on_standard_error(run, tmp_path, monkeypatch):
    root = make_workspace(tmp_path / "w").root
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    asked = ("label", "--no-browser", "--port", "0", "-w", root)
    said = run(*asked)
    assert said.out.startswith("http://127.0.0.1:")
    said = run(*asked, "--json")
    assert said.json["total"] == 12
    assert "http://127.0.0.1:" in said.err


@pytest.mark.parametrize("target", ["voc", "yolo", "coco", "labelstudio"])
def test_annotations_go_to_another_program_and_come_in_again(run, small_workspace, tmp_path, target):
    out, again = tmp_path / "out", tmp_path / "again"
    root = copied(small_workspace, tmp_path / "w").root
    outcome = run("label", "--to", target, "--save", out, "-w", root)
    assert outcome.code == 0, outcome.err
    assert f"toonvision init NEW --from {out}" in outcome.out + outcome.err
    outcome = run("init", again, "--from", out, "--json")
    assert (outcome.code, outcome.json["findings"]) == (0, [])
    before = [run("extract", "-w", one, "--json").json["objects_kept"] for one in (root, again)]
    assert before[0] == before[1] > 0
    outcome = run("label", "--to", target, "--save", out, "-w", root)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "Choose another --save." in outcome.err


def test_a_format_needs_a_folder(run, small_workspace, tmp_path):
    asked = ("label", "--to", "yolo", "-w", copied(small_workspace, tmp_path / "w").root)
    outcome = run(*asked)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Add both." in outcome.err
    assert run(*asked, "--save", tmp_path / "out").code == 0


def test_where_reviews_are_begun_alone_it_is_said_how_to_go_on(run, tmp_path):
    root = make_workspace(tmp_path / "w", []).root
    write_picture(root / "screenshots" / "garden" / "a.png", Shot("a", "garden", ()))
    drawn = (LabelledBox("d1", "apple", Box(1, 2, 30, 40)),)
    own = Annotation("screenshots", "garden/a.png", (64, 48), drawn, review="open")
    write_annotation(root / "annotations" / "garden" / "a.xml", own)
    outcome = run("label", "--to", "voc", "--save", tmp_path / "out", "-w", root)
    assert outcome.code == 2
    assert f"nothing is annotated yet. Run: toonvision label -w {root}" in outcome.err


def test_what_exif_data_rotate_comes_in_again_and_what_is_damaged_is_said(run, small_workspace, tmp_path):
    root = copied(small_workspace, tmp_path / "w").root
    place = root / "screenshots" / "garden"
    for name, orientation in (("aside", 6), ("half", 6), ("head_down", 3)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        scene(5, (64, 48)).save(place / f"{name}.jpg", exif=exif)
        own = Annotation(
            "screenshots", f"garden/{name}.jpg", (64, 48), (LabelledBox("d1", "apple", Box(1, 2, 30, 40)),)
        )
        write_annotation(root / "annotations" / "garden" / f"{name}.xml", own)
    (place / "half.jpg").write_bytes((place / "half.jpg").read_bytes()[:-200])
    outcome = run("label", "--to", "yolo", "--save", tmp_path / "out", "-w", root)
    assert outcome.code == 3
    assert "garden/half.jpg" in outcome.err
    outcome = run("init", tmp_path / "again", "--from", tmp_path / "out", "--json")
    assert (outcome.code, outcome.json["findings"]) == (0, [])
    folder = tmp_path / "out" / "images" / "garden"
    assert [path.name for path in folder.glob("[!s]*")] == ["aside.png", "head_down.png"]


@pytest.mark.parametrize("target", ["voc", "yolo", "coco", "labelstudio"])
def test_what_an_extraction_refuses_is_not_handed_to_another_program_and_named(run, tmp_path, target):
    head_down = Image.Exif()
    head_down[0x0112] = 3
    object_ = ("apple", (1, 2, 30, 40))
    names = ("fine", "larger", "outside", "cut_off", "head_down", "unread")
    root = make_workspace(tmp_path / "w", [Shot(name, "garden", (object_,)) for name in names]).root
    place = root / "screenshots" / "garden"
    for name, old, new in (
        ("outside", "</annotation>", f"{OUTSIDE}</annotation>"),
        ("unread", "<annotation>", "<annotation"),
    ):
        path = place / f"{name}.xml"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    scene(1, (128, 96)).save(place / "larger.png")
    (place / "cut_off.png").write_bytes((place / "cut_off.png").read_bytes()[:-200])
    scene(1, (64, 48)).save(place / "head_down.png", exif=head_down)
    outcome = run("label", "--to", target, "--save", tmp_path / "out", "-w", root, "--json")
    assert (outcome.code, outcome.json["screenshots"], outcome.json["boxes"]) == (3, 2, 2)
    named = {(one["item"], one["code"]) for one in outcome.json["findings"]}
    assert named == {
        ("garden/larger.png", "size-differs"),
        ("garden/outside.xml, object 2", "out-of-bounds"),
        ("garden/cut_off.png", "damaged"),
        ("garden/head_down.png", "exif-rotation"),
        ("garden/unread.xml", "bad-xml"),
    }
    assert {path.stem for path in (tmp_path / "out").rglob("*.png")} == {"fine", "outside"}


@pytest.mark.parametrize("target", ["voc", "labelstudio"])
def test_another_program_gets_what_an_extraction_cuts_and_hears_what_it_leaves_out(run, tmp_path, target):
    object_ = ("apple", (1, 2, 30, 40))
    shots = [Shot(name, "garden", (object_,)) for name in ("fine", "mended", "unread", "begun")]
    root = make_workspace(tmp_path / "w", [*shots, Shot("afar", "moon", (object_, object_))]).root
    for name in ("mended", "unread"):
        path = root / "screenshots" / "garden" / f"{name}.xml"
        path.write_text(path.read_text("utf-8").replace("<annotation>", "<annotation"), "utf-8")
    for name, review in (("mended", "done"), ("begun", "open")):
        own = Annotation(
            "screenshots", f"garden/{name}.png", (64, 48), (LabelledBox("d1", "pear", Box(1, 2, 30, 40)),), (), review
        )
        write_annotation(root / "annotations" / "garden" / f"{name}.xml", own)
    outcome = run("label", "--to", target, "--save", tmp_path / "out", "-w", root, "--json")
    extracted = run("extract", "-w", root, "--json")
    assert (outcome.code, outcome.json["boxes"]) == (3, extracted.json["objects_kept"])
    assert outcome.json["findings"] == extracted.json["findings"]
    named = {(one["item"], one["code"]) for one in outcome.json["findings"]}
    assert named == {
        ("garden/unread.xml", "bad-xml"), ("contexts", "unknown-context"), ("annotations", "open-review")
    }  # fmt: skip
    assert {path.stem for path in (tmp_path / "out").rglob("*.png")} == {"fine", "mended", "begun"}


def test_proposals_for_a_screenshot_outside_all_contexts_are_not_handed_on(run, tmp_path):
    root = make_workspace(tmp_path / "w", [Shot("fine", "garden", (("apple", (1, 2, 30, 40)),))]).root
    workspace = open_workspace(root)
    for context in ("garden", "moon"):
        write_picture(root / "screenshots" / context / "new.png", Shot("new", context, ()))
    found = (Proposal("pear", Box(4, 4, 60, 40), 0.9, "detect/one", "label"),)
    write_proposals(
        workspace,
        [
            (shot, Proposals("screenshots", shot.name, picture_hash(shot), (64, 48), "m", "", found))
            for shot in list_screenshots(workspace).screenshots
        ],
    )
    outcome = run("label", "--to", "labelstudio", "--save", tmp_path / "out", "-w", root, "--json")
    assert (outcome.code, outcome.json["screenshots"], outcome.json["boxes"]) == (3, 2, 1)
    assert [one["code"] for one in outcome.json["findings"]] == ["unknown-context"]


def test_another_program_gets_the_labels_that_the_settings_keep(run, tmp_path):
    shots = [Shot("a", "garden", (("Apfel", (1, 2, 30, 40)), ("pear", (5, 5, 20, 20)), ("stone", (9, 9, 20, 20))))]
    settings = f'{SETTINGS_TEXT}\n[labels]\nignore = ["pear"]\n[labels.same]\napple = ["Apfel"]\n'
    root = make_workspace(tmp_path / "w", shots, settings_text=settings).root
    outcome = run("label", "--to", "voc", "--save", tmp_path / "out", "-w", root)
    assert outcome.code == 0, outcome.err
    (path,) = (tmp_path / "out").rglob("*.xml")
    assert [one.text for one in ElementTree.parse(path).iter("name")] == ["apple", "stone"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--propose", "--port", "1"], "--propose and --port"),
        (["--then-train", "suit", "--sure", "90"], "--then-train and --sure"),
    ],
)
def test_an_export_refuses_options_that_it_would_ignore(run, small_workspace, tmp_path, more, named):
    outcome = run("label", "--to", "yolo", "--save", tmp_path / "out", *more, "-w", small_workspace.root)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert f"--to writes what is annotated, and ends. Leave out {named}." in outcome.err
    assert not (tmp_path / "out").exists()


@disks.on_a_disk
def test_an_export_to_a_full_disk_names_what_it_could_not_write_and_can_be_run_again(run, small_workspace, tmp_path):
    (tmp_path / "disk").mkdir()
    with disks.small_disk(tmp_path / "disk", size=1 << 20) as disk:
        filler = disks.fill_but(disk, 1 << 14)
        asked = ("label", "--to", "voc", "--save", disk / "out", "-w", small_workspace.root)
        outcome = run(*asked)
        assert (outcome.code, outcome.err.count("\n")) == (4, 1)
        assert f"toonvision: {disk / 'out'}" in outcome.err
        assert list(disk.iterdir()) == [filler]
        filler.unlink()
        assert run(*asked).code == 0


def test_proposals_for_the_longest_names_are_stored_and_taken_over(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    folder = tmp_path / "w" / "screenshots" / "ttc"
    folder.mkdir(parents=True)
    drawn = draw_screenshot(ScreenshotPlan("ttc_1", "ttc", ("cog_lb_bigwig",), seed=1)).image
    for name in ("l" * 251 + ".png", "g" * 250 + ".jpeg"):
        drawn.save(folder / name)
    outcome = run("label", "--propose", "--sure", "50", "-w", tmp_path / "w", "--json")
    assert outcome.code == 0, outcome.err
    assert len(list((tmp_path / "w" / "proposals" / "ttc").iterdir())) == 2
    assert run("label", "--to", "labelstudio", "--save", tmp_path / "out", "-w", tmp_path / "w").code == 0
    assert len(list((tmp_path / "out" / "images" / "ttc").iterdir())) == 2
