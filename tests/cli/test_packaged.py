import csv
import errno
import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from builders import run_alone
from toonvision.api import bulk
from toonvision.data.formats import pascal_voc
from toonvision.data.videos import _times
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.deploy.packaged import accuracy_text
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan
from watch.videos import write_video

SHOWN = {"toon_dog": ("toon", None), "cog_lb_bigwig": ("cog", "lb"), "cog_cb_shortchange": ("cog", "cb")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of one drawn figure each, one of a plain wall, and one that is damaged."""
    folder = tmp_path_factory.mktemp("pictures")
    for label in SHOWN:
        scene = draw_screenshot(ScreenshotPlan(f"ttc_{label}", "ttc", (label,), seed=11))
        scene.image.crop(scene.figures[0].xyxy).save(folder / f"{label}.png")
    Image.new("RGB", (100, 300), (90, 160, 220)).save(folder / "wall.png")
    (folder / "bad.png").write_bytes(b"no picture")
    return folder


def test_pictures_are_predicted_without_a_workspace_at_both_levels_where_they_apply(run, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("predict", "--with", "toontown", folder, "--json")
    assert outcome.code == 3
    assert [finding["item"] for finding in outcome.json["findings"]] == [str(folder / "bad.png")]
    found = {one["picture"].rpartition("/")[2]: one["levels"] for one in outcome.json["predictions"]}
    assert len(found) == len(SHOWN) + 1
    for label, (kind, suit) in SHOWN.items():
        levels = found[f"{label}.png"]
        assert (levels["kind"]["predicted"], levels["suit"] and levels["suit"]["predicted"]) == (kind, suit)
        assert sum(levels["kind"]["probabilities"].values()) == pytest.approx(1)
    assert found["wall.png"]["kind"]["none_of_these"]
    assert found["wall.png"]["suit"] is None
    assert outcome.json["accuracy"]["suit"]["total"] > outcome.json["accuracy"]["suit"]["count"] > 0
    assert list(tmp_path.iterdir()) == []


def test_people_read_titles_and_how_often_the_models_are_right_on_real_pictures(run, folder):
    outcome = run("predict", "--with", "toontown", folder / "cog_lb_bigwig.png", folder / "wall.png")
    assert outcome.code == 0, outcome.err
    row = next(line for line in outcome.out.splitlines() if "bigwig" in line)
    assert row.split()[1:3] == ["Cog", "Lawbot"]
    assert "none of these   -" in next(line for line in outcome.out.splitlines() if "wall" in line)
    said = " ".join(outcome.out.split())
    assert "None of these: 1 of 2 pictures, unlike" in said
    assert "These models learned from drawings alone; right on crops of real screenshots: kind 9" in said


def test_csv_has_a_row_for_each_picture_and_the_pictures_can_be_drawn_on(run, folder, tmp_path):
    outcome = run("predict", "--with", "toontown", folder, "--csv", "-", "--save", tmp_path / "drawn")
    rows = {row["picture"].rpartition("/")[2]: row for row in csv.DictReader(io.StringIO(outcome.out))}
    assert len(rows) == len(list((tmp_path / "drawn").iterdir())) == len(SHOWN) + 1
    cog, toon = rows["cog_lb_bigwig.png"], rows["toon_dog.png"]
    assert (cog["kind"], cog["suit"], cog["kind_none_of_these"]) == ("cog", "lb", "no")
    assert float(cog["suit_p_lb"]) == pytest.approx(float(cog["suit_confidence"]))
    assert (toon["kind"], toon["suit"], toon["suit_p_lb"]) == ("toon", "", "")


def test_where_the_csv_cannot_be_written_nothing_is_saved_and_the_same_command_works_later(run, folder, tmp_path):
    there, drawn = tmp_path / "there", tmp_path / "drawn"
    there.write_text("a file")
    asked = ("predict", "--with", "toontown", folder / "wall.png", "--save", drawn, "--csv", there / "new" / "all.csv")
    refused = run(*asked)
    assert (refused.code, drawn.exists()) == (4, False)
    assert f"toonvision: {there}: Not a directory." in refused.err
    there.unlink()
    assert run(*asked).code == 0
    assert (there / "new" / "all.csv").is_file()
    assert drawn.is_dir()


@pytest.mark.parametrize("options", [(), ("--find",), ("--csv", "answers.csv")], ids=str)
def test_the_command_that_comes_next_makes_a_workspace_even_where_its_name_is_taken(
    run, folder, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bulk, "MANY", 1)
    monkeypatch.setattr(bulk, "available_cores", lambda: 1)
    (tmp_path / "my-toontown").mkdir()
    said = run("predict", "--with", "toontown", folder / "toon_dog.png", *options)
    assert said.code == 0, said.err
    assert said.next == ["init", "my-toontown-2", "--taxonomy", "toontown"]
    made = run(*said.next)
    assert (made.code, open_workspace(tmp_path / "my-toontown-2").taxonomy.name) == (0, "toontown"), made.err


def test_in_a_workspace_no_other_one_is_offered(run, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("init", "game", "--taxonomy", "toontown").code == 0
    said = run("predict", "--with", "toontown", folder / "toon_dog.png", "-w", "game")
    assert said.next == ["capture", "--context", "br", "--changes", "-w", "game"]


def test_objects_of_whole_screenshots_are_found_and_named_without_a_workspace(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scene = draw_screenshot(ScreenshotPlan("ttc_bigwig", "ttc", ("cog_lb_bigwig",), seed=11))
    scene.image.save("shot.png")
    outcome = run("predict", "--with", "toontown", "--find", "shot.png", "--voc", "boxes", "--json")
    assert outcome.code == 0, outcome.err
    (picture,) = outcome.json["pictures"]
    assert {"kind": "cog", "suit": "lb"} in [one["levels"] for one in picture["objects"]]
    assert outcome.json["accuracy"]["found"]["total"] > 500
    assert (tmp_path / "boxes" / "shot.xml").is_file()
    said = " ".join(run("predict", "--with", "toontown", "--find", "shot.png").out.split())
    assert "learned from drawings alone. The detector finds " in said
    rows = list(
        csv.DictReader(io.StringIO(run("predict", "--with", "toontown", "--find", "shot.png", "--csv", "-").out))
    )
    assert rows[0]["suit"] == "lb"


def test_finding_is_for_the_models_of_the_package(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    outcome = run("predict", "detect/detector-1", "shot.png", "--find", "-w", tmp_path / "w")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "Leave it out." in outcome.err


def test_neither_keras_nor_tensorflow_is_imported(folder):
    asked = ["predict", "--with", "toontown", str(folder / "toon_dog.png"), "--json"]
    printed, imported = run_alone(asked)
    assert len(json.loads(printed)["predictions"]) == 1
    assert imported == "[]"


def test_a_wrong_name_a_run_beside_it_and_options_of_runs_are_refused_in_one_line(run, folder, tmp_path):
    (tmp_path / "runs" / "suit" / "compact-1").mkdir(parents=True)
    (tmp_path / "runs" / "suit" / "compact-1" / "run.json").write_text("{}")
    refused = {
        ("chess", folder): "models come with the package for toontown; got 'chess'.",
        ("toontown", "suit/compact-1", folder): "got the run 'suit/compact-1' too. Leave one of them out.",
        ("toontown", folder, "--boxes"): "without Keras; leave out --boxes.",
        ("toontown", folder, "--keras", "--boxes"): "leave out --boxes and --keras.",
    }
    for asked, words in refused.items():
        outcome = run("predict", "--with", *asked, "-w", tmp_path)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
        assert words in outcome.err


def test_where_there_is_no_run_yet_the_models_are_offered_and_the_offer_works(run, folder, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    picture = folder / "toon_dog.png"
    outcome = run("predict", "suit/compact-1", picture, "-w", tmp_path / "w")
    assert outcome.code == 2
    assert accuracy_text("toontown") in outcome.err
    assert f": toonvision predict --with toontown {picture}" in outcome.err
    assert run(*outcome.err.rpartition("toonvision ")[2].split()).code == 0


def test_a_run_without_pictures_is_wrong_usage(run, tmp_path):
    create_workspace(tmp_path / "w", taxonomy="toontown")
    outcome = run("predict", "crop.png", "-w", tmp_path / "w")
    assert "toonvision predict --with toontown crop.png" in outcome.err
    (tmp_path / "w" / "runs" / "suit" / "compact-1").mkdir(parents=True)
    (tmp_path / "w" / "runs" / "suit" / "compact-1" / "run.json").write_text("{}")
    outcome = run("predict", "suit/compact-1", "-w", tmp_path / "w")
    assert outcome.code == 2
    assert "Name pictures, or folders of pictures, after the run." in outcome.err


def test_answers_about_the_longest_name_are_saved_and_those_of_an_error_leave_nothing(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shot = "s" * 251 + ".png"
    draw_screenshot(ScreenshotPlan("ttc_bigwig", "ttc", ("cog_lb_bigwig",), seed=11)).image.save(shot)
    asked = ("predict", "--with", "toontown", "--find", shot, "--save", "drawn", "--voc", "boxes")

    def full(path, **_):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(pascal_voc, "write", full)
        outcome = run(*asked)
    assert (outcome.code, [path.name for path in tmp_path.iterdir()]) == (4, [shot])
    assert f"toonvision: {tmp_path / 'boxes'}" in outcome.err
    assert "free space on the disk and run again" in outcome.err
    outcome = run(*asked)
    assert outcome.code == 0, outcome.err
    (drawn,), (boxes,) = ((tmp_path / name).iterdir() for name in ("drawn", "boxes"))
    assert drawn.name.startswith("0001-sss")
    assert boxes.name == "s" * 251 + ".xml"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (
            ("--save", "a", "--voc", "a"),
            "--save must be outside what --voc writes, which is a; got a. Choose another --save.",
        ),
        (("--save", "a", "--voc", "./a/in"), "--voc must be outside what --save writes, which is a; got a/in."),
        (("--save", "a/in", "--voc", "a"), "--save must be outside what --voc writes, which is a; got a/in."),
        (("--voc", "a", "--csv", "a"), "--voc must be outside what --csv writes, which is a; got a."),
        (("--save", "a/in", "--csv", "a"), "--save must be outside what --csv writes, which is a; got a/in."),
    ],
)
def test_outputs_that_would_lie_in_each_other_are_refused_before_anything_is_predicted(
    run, folder, tmp_path, monkeypatch, flags, says
):
    monkeypatch.chdir(tmp_path)
    outcome = run("predict", "--with", "toontown", "--find", folder, *flags)
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert says in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_the_csv_file_may_lie_among_the_pictures_that_are_saved(run, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("predict", "--with", "toontown", folder / "wall.png", "--save", "a", "--csv", "a/all.csv")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in Path("a").iterdir()} == {"all.csv", "0001-wall.png"}


@pytest.mark.parametrize("asked", [(), ("--csv", "-"), ("--csv", "found.csv", "--save", "drawn")])
def test_a_cluster_writes_a_csv_file_and_nothing_else(run, folder, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("predict", "--with", "toontown", folder, "--ray", "local", *asked)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    leave = ", and leave out --save" if "--save" in asked else ""
    assert f"--ray writes answers to a file as they come. Add --csv FILE{leave}." in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_videos_are_predicted_frame_by_frame_and_a_bad_one_is_a_line(run, folder, tmp_path, monkeypatch):
    picture, clips = Image.open(folder / "toon_dog.png").resize((120, 240)), tmp_path / "clips"
    clips.mkdir()
    film = write_video(clips / "film.mkv", [picture] * 7)
    (clips / "no.mp4").write_bytes(b"no video")
    outcome = run("predict", "--with", "toontown", clips, "--csv", tmp_path / "all.csv")
    assert (outcome.code, outcome.err.count("no.mp4")) == (3, 1)
    assert f"skipped: {clips / 'no.mp4'}: cannot be opened (" in outcome.err
    heading, *rows = (tmp_path / "all.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == [f"{film}#t=0.{at}00" for at in range(7)]
    run("predict", "--with", "toontown", film, "--every", "3", "--csv", tmp_path / "some.csv")
    assert (tmp_path / "some.csv").read_text().splitlines() == [heading, *rows[::3]]
    assert run("predict", "--with", "toontown", film, "--save", tmp_path / "drawn").code == 0
    assert len(list((tmp_path / "drawn").iterdir())) == 7
    outcome = run("predict", "--with", "toontown", film, "--every", "3")
    assert outcome.code == 2
    assert "--every writes answers to a file as they come. Add --csv FILE." in outcome.err
    monkeypatch.setitem(sys.modules, "av", None)
    _times.cache_clear()
    outcome = run("predict", "--with", "toontown", clips, "--csv", tmp_path / "none.csv")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (4, "", 1)
    assert outcome.err.endswith("Run: pip install 'toonvision[video]'\n")


def test_a_cluster_needs_exported_models(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("toonvision.api.bulk_answers.packaged_answering", lambda *_, **__: None)
    outcome = run("predict", "--with", "toontown", folder, "--ray", "local", "--csv", tmp_path / "found.csv")
    assert outcome.code == 2
    assert "--ray needs exported models, and one of these runs has none. Write it: toonvision export RUN" in outcome.err


def test_many_pictures_go_straight_into_the_file_with_the_same_rows(run, folder, tmp_path, monkeypatch):
    run("predict", "--with", "toontown", folder, "--csv", tmp_path / "few.csv")
    monkeypatch.setattr("toonvision.api.bulk.MANY", 3)
    outcome = run("predict", "--with", "toontown", folder, "--csv", tmp_path / "many.csv", "--json")
    assert outcome.code == 3
    assert (tmp_path / "many.csv").read_bytes() == (tmp_path / "few.csv").read_bytes()
    assert (outcome.json["pictures"], outcome.json["workers"]) == (5, {"this machine": 5})
    assert "Starting " in outcome.err
