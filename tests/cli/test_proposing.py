import pytest

from builders import copied, make_workspace
from toonvision.api.result import Result
from toonvision.api.workspace import Workspace
from toonvision.core.errors import UsageError
from toonvision.data.workspace import create_workspace
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan


def test_the_command_says_what_is_proposed_and_what_comes_next(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    folder = tmp_path / "w" / "screenshots" / "ttc"
    folder.mkdir(parents=True)
    draw_screenshot(ScreenshotPlan("ttc_1", "ttc", ("cog_lb_bigwig",), seed=1)).image.save(folder / "shot.png")
    outcome = run("label", "--propose", "-w", tmp_path / "w", "--json")
    assert outcome.code == 0, outcome.err
    models = [f"the package's {name}" for name in ("detector", "suit", "animal", "label")]
    assert outcome.json["models"] == " + ".join(models)
    assert outcome.json["exact"] == outcome.json["boxes"] >= 1
    assert any(label.startswith("cog_lb_") for label in outcome.json["labels"])
    assert "comes with the package finds " in outcome.err
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
    assert outcome.json == {**grown.data, "proposed": None}


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
    assert run("init", again, "--from", out).code == 0
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
