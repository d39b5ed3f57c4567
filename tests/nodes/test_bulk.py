"""Predicting many pictures: the same bytes whatever does the work, and a run that was stopped goes on."""

import itertools
import os
import shutil
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from builders import contents
from nodes import jobs
from toonvision.api import bulk, bulk_answers
from toonvision.api.bulk import Answering, predict_to_file
from toonvision.api.bulk_answers import packaged_answering
from toonvision.api.detecting import objects_csv
from toonvision.api.two_stage import find_packaged
from toonvision.api.watching import Watcher
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import EnvironmentFaultError
from toonvision.data.workspace import create_workspace
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan
from watch.videos import write_video


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder of 9 screenshots and 1 file that is none."""
    folder = tmp_path_factory.mktemp("shots")
    image = draw_screenshot(ScreenshotPlan("ttc_1", "ttc", ("cog_lb_bigwig", "toon_dog"), seed=11)).image
    for number in range(9):
        image.crop((20 * number, 0, 20 * number + 1280, 720)).save(folder / f"shot_{number}.png", compress_level=1)
    (folder / "shot_5b.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def shards_of_two(monkeypatch):
    monkeypatch.setattr(bulk, "SHARD", 2)


@pytest.fixture
def answering():
    return packaged_answering("toontown", find=True)


def test_one_process_several_and_a_cluster_write_the_very_same_bytes(
    pictures, answering, shards_of_two, cluster, tmp_path, tmp_path_factory, monkeypatch
):
    expected = find_packaged("toontown", pictures)
    here = predict_to_file(answering, [pictures], tmp_path / "here.csv")
    monkeypatch.setattr(bulk, "MANY", 1)
    spread = predict_to_file(answering, [pictures], tmp_path / "processes.csv")
    met = str(tmp_path_factory.mktemp("met"))
    both = replace(answering, open=partial(jobs.open_together, met, answering.open))
    ray = predict_to_file(both, [pictures], tmp_path / "ray.csv", ray=cluster.address)
    assert (tmp_path / "here.csv").read_text() == objects_csv(expected)
    assert (tmp_path / "processes.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert here.findings == spread.findings == ray.findings == expected.findings
    assert [finding.item for finding in ray.findings] == [str(pictures / "shot_5b.png")]
    assert set(ray.value.did) == {"alpha", "beta"}
    assert sum(ray.value.did.values()) == ray.value.pictures == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here.csv", "processes.csv", "ray.csv"]


def test_relative_paths_mean_the_same_on_every_node(pictures, answering, shards_of_two, cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(pictures.parent)
    names = [(pictures / f"shot_{number}.png").relative_to(pictures.parent) for number in range(4)]
    predict_to_file(answering, names, tmp_path / "here.csv")
    predict_to_file(answering, names, tmp_path / "ray.csv", ray=cluster.address)
    assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert f"\n{names[0]}," in (tmp_path / "ray.csv").read_text()


def test_frames_of_videos_are_predicted_as_pictures_are_and_a_bad_video_is_one_line(
    pictures, answering, shards_of_two, cluster, tmp_path
):
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(pictures / "shot_0.png", folder / "shot.png")
    shots = [Image.open(pictures / f"shot_{number}.png") for number in range(9)]
    film = write_video(folder / "film.mkv", shots)
    (folder / "no.mp4").write_bytes(b"no video")
    here = predict_to_file(answering, [folder], tmp_path / "here.csv", every=2)
    ray = predict_to_file(answering, [folder], tmp_path / "ray.csv", every=2, ray=cluster.address)
    assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert (here.value.pictures, ray.value.pictures) == (6, 6)
    assert ray.findings == here.findings
    assert [finding.item for finding in ray.findings] == [str(folder / "no.mp4")]
    expected = objects_csv(find_packaged("toontown", [pictures / f"shot_{number}.png" for number in range(0, 9, 2)]))
    for number in range(0, 9, 2):
        expected = expected.replace(str(pictures / f"shot_{number}.png"), f"{film}#t=0.{number}00")
    heading, own, *of_film = (tmp_path / "here.csv").read_text().splitlines()
    assert own.startswith(f"{folder / 'shot.png'},")
    assert [heading, *of_film] == expected.splitlines()


def test_a_run_that_was_stopped_goes_on_and_does_nothing_twice(pictures, shards_of_two, tmp_path):
    tally = tmp_path / "tally.txt"
    stop = Answering("a", partial(open_counting, str(tally), 3), write_names)
    with pytest.raises(KeyboardInterrupt):
        predict_to_file(stop, [pictures], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    assert tally.read_text().count("\n") == 6
    said = []
    on = Answering("a", partial(open_counting, str(tally), 99), write_names)
    result = predict_to_file(on, [pictures], tmp_path / "out.csv", watcher=Watcher(say=said.append))
    assert said == ["6 pictures of 10 were finished before."]
    assert (result.value.pictures, result.value.known, result.value.did) == (10, 6, {"this machine": 4})
    files = sorted(path.name for path in pictures.iterdir())
    assert tally.read_text().splitlines() == files
    assert (tmp_path / "out.csv").read_text().splitlines() == ["picture", *files]


def test_rows_of_an_earlier_format_are_not_joined_with_those_of_this_one(
    pictures, shards_of_two, tmp_path, monkeypatch
):
    def answering(most):
        opened = partial(open_counting, str(tmp_path / "tally.txt"), most)
        return replace(packaged_answering("toontown", find=True), open=opened, csv=write_names)

    with monkeypatch.context() as patched:
        patched.setattr(bulk_answers, "_ROWS", bulk_answers._ROWS - 1)
        earlier = answering(3)
    with pytest.raises(KeyboardInterrupt):
        predict_to_file(earlier, [pictures], tmp_path / "out.csv")
    assert predict_to_file(answering(99), [pictures], tmp_path / "out.csv").value.known == 0


def test_columns_change_with_the_number_of_their_format_alone(pictures):
    heading = objects_csv(find_packaged("toontown", pictures / "shot_5b.png")).strip()
    said = "suit,suit_confidence,suit_none_of_these,suit_novelty,suit_p_bb,suit_p_lb,suit_p_cb,suit_p_sb"
    assert (bulk_answers._ROWS, heading) == (2, f"picture,label,kind,score,x_min,y_min,x_max,y_max,{said}")


def test_a_picture_that_has_changed_is_done_again(pictures, shards_of_two, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    for number in range(6):
        Image.new("RGB", (8, 8)).save(own / f"{number}.png")
    tally = tmp_path / "tally.txt"
    with pytest.raises(KeyboardInterrupt):
        predict_to_file(Answering("a", partial(open_counting, str(tally), 2), write_names), [own], tmp_path / "o.csv")
    Image.new("RGB", (9, 8)).save(own / "0.png")
    predict_to_file(Answering("a", partial(open_counting, str(tally), 99), write_names), [own], tmp_path / "o.csv")
    assert tally.read_text().split() == ["0.png", "1.png", "2.png", "3.png", "0.png", "1.png", "4.png", "5.png"]


def test_pictures_over_which_workers_die_are_named_and_moving_them_away_cures(
    pictures, shards_of_two, tmp_path, monkeypatch
):
    monkeypatch.setattr(bulk, "MANY", 1)
    deadly = Answering("a", partial(open_deadly, "shot_4.png"), write_names)
    target = tmp_path / "out.csv"
    with pytest.raises(EnvironmentFaultError) as stopped:
        predict_to_file(deadly, [pictures], target)
    said = str(stopped.value)
    assert said.startswith(f"2 pictures, {pictures / 'shot_4.png'} to {pictures / 'shot_5.png'}: a worker process died")
    assert said.endswith("4 times. All others are finished, and kept. Free memory, or move these pictures away, then "
                         "run the same command again.")  # fmt: skip
    left = tmp_path / "away"
    left.mkdir()
    for name in ("shot_4.png", "shot_5.png"):
        (pictures / name).rename(left / name)
    try:
        result = predict_to_file(deadly, [pictures], target)
    finally:
        for path in left.iterdir():
            path.rename(pictures / path.name)
    assert (result.value.pictures, result.value.known) == (8, 8)


def test_where_no_picture_can_be_read_the_heading_is_as_ever(tmp_path, answering):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = predict_to_file(answering, [tmp_path / "bad.png"], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == objects_csv(find_packaged("toontown", tmp_path / "bad.png"))
    assert len(result.findings) == 1


def test_a_cluster_proposes_what_this_machine_does(pictures, cluster, tmp_path):
    proposed = []
    for name, ray in (("here", None), ("ray", cluster.address)):
        create_workspace(tmp_path / name, taxonomy="toontown")
        shutil.copytree(pictures, tmp_path / name / "screenshots" / "ttc")
        result = open_workspace(tmp_path / name).propose(ray=ray)
        assert [finding.item for finding in result.findings] == ["ttc/shot_5b.png"]
        proposed.append(contents(tmp_path / name / "proposals"))
    assert len(proposed[0]) == 9 + 1  # the thresholds
    assert proposed[0] == proposed[1]


class Names:
    """Stands for what a step returns."""

    def __init__(self, names):
        self.value, self.findings = names, ()


def write_names(result):
    return "".join(f"{line}\n" for line in ["picture", *result.value])


def open_counting(tally, most, *, threads):
    calls = itertools.count()

    def answer(paths):
        if next(calls) >= most:
            raise KeyboardInterrupt
        with Path(tally).open("a", encoding="utf-8") as file:
            file.writelines(f"{path.name}\n" for path in paths)
        return Names([path.name for path in paths])

    return answer


def open_deadly(name, *, threads):
    def answer(paths):
        if any(path.name == name for path in paths):
            os.kill(os.getpid(), signal.SIGKILL)
        return Names([path.name for path in paths])

    return answer
