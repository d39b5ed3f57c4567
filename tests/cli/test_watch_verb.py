import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from toonvision.watch import recording
from toonvision.watch.log import LogReader
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import random_sequence
from watch.videos import pictures, write_video


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A folder with some frames of a drawn scene."""
    folder = tmp_path_factory.mktemp("walk")
    (plan,) = plan_video(1, seed=4)
    drawn = random_sequence(plan.street, plan.labels, seed=4)
    for at in range(6):
        drawn.frame(at).image.save(folder / f"{at}.png")
    return folder


@pytest.fixture
def toons(run, tmp_path):
    """An empty workspace with the built-in taxonomy."""
    assert run("init", tmp_path / "toons", "--taxonomy", "toontown").code == 0
    return tmp_path / "toons"


def test_each_frame_is_a_line_of_json_and_the_summary_is_the_last(run, walk, toons):
    outcome = run("watch", walk, "--headless", "-w", toons, "--json", "--context", "ttc", "--name", "walk")
    assert outcome.code == 0, outcome.err
    *frames, summary = [json.loads(line) for line in outcome.out.splitlines()]
    assert [one["frame"] for one in frames] == [1, 2, 3, 4, 5, 6]
    assert [one["file"] for one in frames] == [f"{at}.png" for at in range(6)]
    assert {"track", "label", "levels", "confidences", "box"} <= set(frames[-1]["tracks"][0])
    assert (summary["frames"], summary["drops"], summary["findings"]) == (6, 0, [])
    assert 0 < summary["delay_p50_ms"] <= summary["delay_p95_ms"]
    log = LogReader(toons / "watch" / "walk")
    assert log.sessions()[0].context == "ttc"
    assert len(log.tracks()) >= len(frames[-1]["tracks"]) > 0


def test_without_a_workspace_it_is_watched_and_nothing_is_logged(run, walk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("watch", walk, "--headless", "--seconds", "0.35")
    assert outcome.code == 0, outcome.err
    assert "Watched 4 frames" in outcome.out
    assert list(tmp_path.iterdir()) == []


STEERING = "e\x1b[31mred\nx.mp4"


@pytest.mark.parametrize("there", ["nothing", "no video", "a video", "a folder", "an empty folder"])
def test_no_name_of_what_is_watched_steers_the_terminal(run, walk, tmp_path, monkeypatch, there):
    monkeypatch.chdir(tmp_path)
    named = tmp_path / STEERING
    if there == "no video":
        named.write_bytes(b"nothing")
    elif there == "a video":
        write_video(named.with_suffix(".mkv"), pictures(2)).rename(named)
    elif there == "a folder":
        shutil.copytree(walk, named)
    elif there == "an empty folder":
        named.mkdir()
    outcome = run("watch", STEERING, "--headless", "--seconds", "0.1")
    assert outcome.code == (0 if there in ("a video", "a folder") else 3), outcome.err
    assert "e\\x1b[31mred\\nx.mp4" in outcome.err
    assert [line for line in (outcome.out + outcome.err).splitlines() if not line.isprintable()] == []
    assert [line for line in outcome.err.splitlines() if line.startswith("x.mp4")] == []


def test_a_picture_that_cannot_be_read_is_left_out_and_ends_with_3(run, walk, toons, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"no picture")
    (folder / "1.png").write_bytes((walk / "1.png").read_bytes())
    outcome = run("watch", folder, "--headless", "-w", toons)
    assert outcome.code == 3
    assert "skipped" in outcome.err
    assert "Watched 1 frame" in outcome.out


def test_what_was_not_kept_is_not_listed(run, toons, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"no picture")
    video, unsure = tmp_path / "film.mp4", tmp_path / "unsure"
    asked = ("watch", folder, "--headless", "-w", toons, "--save-video", video, "--uncertain", unsure)
    outcome = run(*asked, "--json")
    assert outcome.code == 3, outcome.err
    files = json.loads(outcome.out.splitlines()[-1])["files"]
    assert len(files) == 1
    assert all(Path(one).is_file() for one in files)
    said = run(*asked)
    assert "Log: " in said.out
    assert not video.exists()
    assert str(video) not in said.out
    assert f"No new uncertain frame was kept in {unsure}." in said.out


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("camera:/dev/video99",), 4, "camera /dev/video99: cannot be opened (No such file or directory). Plug it in,"),
        (("nowhere.mp4",), 3, "nowhere.mp4: there is no such source. A source is screen"),
        (("world:x",), 2, "a source is screen"),
        (("world", "--with", "chess"), 2, "models come with the package for toontown; got 'chess'"),
        (("world", "--classifier", "suit/one"), 2, "no run is called 'suit/one'"),
        (("world", "--name", "../x"), 2, "the name of a log is made of letters"),
        (("world", "--save-video", "x.gif"), 2, "a video is a file .mp4 or .mkv"),
        (("world", "--context", "nowhere"), 2, "add --context, one of br, dd,"),
        (("world", "--uncertain", "/dev/null/x"), 4, "/dev/null/x"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_a_page_is_named(run, toons, asked, code, said):
    outcome = run("watch", *asked, "--no-browser", "--port", "0", "-w", toons)
    assert outcome.code == code
    assert outcome.out == ""
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (toons / "watch").exists()


def test_a_taxonomy_without_packaged_models_needs_a_run_that_finds(run, own_workspace, walk):
    outcome = run("watch", walk, "--headless", "-w", own_workspace.root)
    assert outcome.code == 2
    assert (
        "no models come with the package for this workspace's labels. Train and export a run that finds" in outcome.err
    )


def test_uncertain_frames_that_were_kept_as_screenshots_are_labelled_next(run, walk, toons, tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_LEAST_UNSURE", 0.0)
    asked = ("watch", walk, "--headless", "-w", toons, "--uncertain")
    elsewhere = run(*asked, tmp_path / "unsure")
    assert (elsewhere.code, elsewhere.next[0]) == (0, "report"), elsewhere.err
    kept = toons / "screenshots" / "ttc"
    outcome = run(*asked, kept)
    assert outcome.code == 0, outcome.err
    assert f"Kept 1 frame that the models were least sure of in {kept}." in outcome.out
    assert len(list(kept.iterdir())) == 1
    assert outcome.next[:2] == ["label", "--propose"]
    assert run(*outcome.next).code == 0
    assert run("report", "watch/walk0", "-w", toons).next[:2] == ["label", "--propose"]


def test_the_report_of_a_log_is_written_by_its_name(run, walk, toons):
    assert run("watch", walk, "--headless", "-w", toons, "--name", "walk").code == 0
    outcome = run("report", "watch/walk", "-w", toons)
    assert outcome.code == 0, outcome.err
    assert (toons / "watch" / "walk" / "report.html").is_file()
    refused = run("report", "watch/none", "-w", toons)
    assert refused.code == 2
    assert "nothing was logged there. Watch first: toonvision watch SOURCE" in refused.err


def test_the_first_line_is_the_address_of_the_page_whose_key_lets_in(walk, toons):
    asked = ["watch", str(walk), "-w", str(toons), "--realtime", "--no-browser", "--port", "0"]
    command = [sys.executable, "-m", "toonvision", *asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            origin, _, key = url.partition("/?token=")
            assert origin.startswith("http://127.0.0.1:")
            assert len(key) > 20
            with urllib.request.urlopen(url) as answer:
                assert answer.headers["Set-Cookie"].startswith("toonvision-")
            for path in ("/", "/about", "/history"):
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(origin + path)
                assert refused.value.code == 403
            assert any("The page stays until Ctrl-C" in line for line in process.stderr)
        finally:
            process.terminate()
        assert "Watched 6 frames" in process.stdout.read()
        assert process.wait(120) == 0
