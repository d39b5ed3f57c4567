import pytest

from builders import contents
from toonvision.data.workspace import open_workspace


def test_a_sample_is_drawn_again_with_the_same_bytes_and_never_over_other_screenshots(run, tmp_path):
    first = run("sample", tmp_path / "world", "--scale", "0.01", "--json").json
    assert first["objects"] == 82, "two of each of the 41 labels that the published counts hold"
    drawn = contents(tmp_path / "world")
    assert run("sample", tmp_path / "world", "--scale", "0.01").code == 0
    assert contents(tmp_path / "world") == drawn
    refused = run("sample", tmp_path / "world", "--scale", "0.01", "--seed", "1")
    assert refused.code == 2
    assert "holds other screenshots, which are never overwritten" in refused.err
    assert contents(tmp_path / "world") == drawn


def test_a_sample_with_masks_has_attributes_that_the_catalogue_reads(run, tmp_path):
    world = tmp_path / "world"
    drawn = run("sample", world, "--video", "3", "--masks", "--json").json
    assert drawn["screenshots"] == 3
    pictures = sorted(path.relative_to(world / "screenshots") for path in world.glob("screenshots/*/*.png"))
    for kind in ("instances", "classes", "parts"):
        folder = world / "masks" / kind
        assert sorted(path.relative_to(folder) for path in folder.rglob("*.png")) == pictures
    outcome = run("extract", "-w", world)
    assert outcome.code == 0, outcome.err
    crops = open_workspace(world).known_crops()
    assert len(crops) == drawn["objects"] > 3
    assert {crop.attributes["pose"] for crop in crops} == {"walking"}
    labels = {}
    for crop in crops:
        assert labels.setdefault(crop.attributes["track"], crop.label) == crop.label


def test_masks_can_be_asked_for_later_and_change_nothing_else(run, tmp_path):
    world = tmp_path / "world"
    plain = run("sample", world, "--video", "2", "--json").json
    drawn = contents(world / "screenshots")
    masked = run("sample", world, "--video", "2", "--masks", "--json").json
    assert masked["objects"] == plain["objects"]
    assert len(list(world.glob("masks/*/*/*.png"))) == 6
    again = contents(world / "screenshots")
    assert again == drawn
    assert run("sample", world, "--video", "2", "--json").json["objects"] == plain["objects"]


def test_a_balanced_sample_is_not_the_published_one(run, tmp_path):
    drawn = run("sample", tmp_path / "world", "--balanced", "--scale", "0.01", "--json").json
    assert drawn["objects"] >= 2 * 43, "two of each label, the two that the published counts lack included"
    refused = run("sample", tmp_path / "world", "--scale", "0.01")
    assert refused.code == 2
    assert "holds other screenshots" in refused.err


def test_a_video_goes_with_neither_scale_nor_balance(run, tmp_path):
    for option in (("--balanced",), ("--scale", "0.5")):
        refused = run("sample", tmp_path / "world", "--video", "3", *option)
        assert refused.code == 2
        assert "--video draws one sequence" in refused.err
    assert not (tmp_path / "world").exists()


@pytest.mark.slow
def test_the_demo_goes_all_the_way_to_a_report_and_says_five_things(run, tmp_path):
    outcome = run("demo", tmp_path / "demo", "--scale", "0.01")
    assert outcome.code == 0, outcome.err
    report = tmp_path / "demo" / "runs" / "suit" / "compact-1" / "report.html"
    assert report.is_file()
    assert f"Report: {report}" in outcome.out.replace("\n", "")
    facts = [line for line in outcome.out.splitlines() if line[:2] in {"1.", "2.", "3.", "4.", "5."}]
    assert len(facts) == 5
    assert "Objects: 82 read = 82 kept + 0 skipped" in outcome.err
    assert "Watched 30 frames" in outcome.out
    assert (tmp_path / "demo" / "watch" / "world" / "report.html").is_file()
