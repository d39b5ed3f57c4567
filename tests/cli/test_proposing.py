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
    assert outcome.json["models"] == "the package's detector + the package's suit"
    assert outcome.json["labels"]["lb"] >= 1
    assert "finds " in outcome.err
    assert (tmp_path / "w" / "proposals" / "ttc" / "shot.json").is_file()
    outcome = run("label", "--propose", "-w", tmp_path / "w")
    assert f"toonvision label -w {tmp_path / 'w'}" in outcome.err + outcome.out


def test_options_about_proposing_are_refused_without_it(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    outcome = run("label", "--every", "--detector", "detect/detector-1", "-w", tmp_path / "w")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "--detector and --every are about proposing. Give --propose, too." in outcome.err
