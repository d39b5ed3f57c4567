import _thread
import json
import re
import sys
import threading
import time
import types
from dataclasses import fields, replace
from pathlib import Path

import pytest
from PIL import Image

import toonvision
from screens import ShownWindow
from toonvision.api import watch_words
from toonvision.core.errors import EnvironmentFaultError, ModelRefusedError, UsageError
from toonvision.deploy.packaged import packaged_scene
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch import bot, loop
from toonvision.watch.asking import Asking
from toonvision.watch.distance import Heights, Whereabouts
from toonvision.watch.frames import Frame, at_their_times
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.mailbox import Mailbox
from toonvision.watch.meter import Meter
from toonvision.watch.models import WatchModels
from toonvision.watch.sources import open_source
from toonvision.watch.tracking import Tracker
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import random_sequence
from watch.standins import COG, ReadySource, ToldModels
from watch.videos import write_video

WATCHING = Path(__file__).parents[2] / "docs" / "watching.md"


def test_of_a_file_every_frame_is_looked_at_however_slow_that_is():
    source = ReadySource(30)
    found = list(watch_frames(source, ToldModels(wait_s=0.01)))
    assert [frame.number for frame in found] == list(range(1, 31))
    assert found[-1].drops == 0
    assert source.closed
    assert [one.number for one in found[-1].tracks] == [1]


def test_of_a_live_source_the_newest_frame_wins_and_drops_are_counted():
    ended = threading.Event()

    def find(_):
        assert ended.wait(30)
        return ()

    source = ReadySource(40, live=True, before=lambda number: None if number else ended.set())
    found = list(watch_frames(source, ToldModels(find_at=find)))
    assert len(found) <= 2, "while the first was looked at, all others came"
    assert found[-1].number == 40, "the newest is not lost"
    assert found[-1].drops == 40 - len(found)


def test_a_live_source_that_is_slower_than_the_loop_drops_nothing():
    free = threading.Semaphore()

    def find(_):
        free.release()
        return ()

    source = ReadySource(10, live=True, before=lambda number: number and free.acquire(timeout=30))
    found = list(watch_frames(source, ToldModels(find_at=find)))
    assert (len(found), found[-1].drops) == (10, 0)


def test_frames_come_at_their_times_and_late_ones_at_once():
    at, waited = [100.0], []

    def wait(seconds):
        waited.append(seconds)
        at[0] += seconds

    def read(costs):
        for number, cost in enumerate(costs):
            at[0] += cost  # seconds that reading it takes
            yield Frame(number, number / 4, Image.new("RGB", (8, 8)), at[0])

    came = [(at[0] - 100, one.taken - 100) for one in at_their_times(read((0, 0, 0, 0.75, 0, 0)), wait, lambda: at[0])]
    assert waited == [0, 0.25, 0.25, 0, 0, 0]
    assert came == [(0, 0), (0.25, 0.25), (0.5, 0.5), (1.25, 1.25), (1.25, 1.25), (1.25, 1.25)]


def test_a_file_is_watched_at_its_own_speed_where_that_is_asked_for(monkeypatch):
    paced = []
    monkeypatch.setattr(loop, "at_their_times", lambda frames, wait: paced.append(wait) or frames)
    for source, realtime in ((ReadySource(3), False), (ReadySource(3, live=True), True), (ReadySource(3), True)):
        assert paced == []
        assert list(watch_frames(source, ToldModels(), realtime=realtime))
    assert len(paced) == 1


def test_an_end_that_is_asked_for_or_a_loop_that_is_left_closes_the_source():
    source = ReadySource(1000)
    assert len(list(watch_frames(source, ToldModels(), seconds=1.05))) == 10
    assert source.closed
    other = ReadySource(1000)
    for _ in watch_frames(other, ToldModels()):
        break
    assert other.closed
    assert not [one for one in threading.enumerate() if one.name.startswith("Thread") and "_grab" in one.name]


def test_the_time_of_a_live_source_ends_while_it_shows_nothing():
    source = ReadySource(9, live=True, before=lambda number: number == 3 and time.sleep(2))
    assert all(frame.number < 3 for frame in watch_frames(source, ToldModels(), seconds=0.5))


def test_models_that_cannot_be_run_end_the_watch_before_it_begins_and_the_source_is_closed(monkeypatch):
    def refuse(_):
        raise ModelRefusedError("its predictions are NaN")

    source = ReadySource(3)
    monkeypatch.setattr(ToldModels, "warm_up", refuse)
    with pytest.raises(ModelRefusedError, match="NaN"):
        next(watch_frames(source, ToldModels()))
    assert source.closed


def test_a_source_that_fails_raises_after_the_frames_before_it():
    source = ReadySource(3, error=EnvironmentFaultError("the screen cannot be seen any more"))
    found = []
    with pytest.raises(EnvironmentFaultError, match="any more"):
        found.extend(frame.number for frame in watch_frames(source, ToldModels()))
    assert found == [1, 2, 3]


def test_classifiers_are_asked_about_new_and_unsure_tracks_more_often():
    sure, doubtful = ToldModels(sure=0.999), ToldModels(sure=0.6)
    for models in (sure, doubtful):
        list(watch_frames(ReadySource(100), models))
    assert len(sure.named) < 20
    assert 30 < len(doubtful.named) <= 51, "five times a second at most"


@pytest.mark.parametrize(("growth", "least", "most"), [(1.0, 10, 14), (1.04, 15, 30)])
def test_a_track_that_has_grown_is_asked_about_again(growth, least, most):
    models = ToldModels(sure=0.999)
    tracker, asking = Tracker(models.paths, models.tracking), Asking(models.namers, models.level)
    image = Image.new("RGB", (64, 600))
    for at in range(100):
        tracks = tracker.update([FoundObject("cog", 0.9, (0.0, 0.0, 15.0, 10.0))], at / 10)
        tracks = tuple(replace(one, box=(0.0, 0.0, 15.0, 10.0 * growth**at)) for one in tracks)
        tracker.learn(asking.ask(image, tracks, at / 10))
    assert least <= len(models.named) <= most


def test_a_class_that_no_classifier_knows_is_not_asked_about():
    models = ToldModels(find_at=lambda _: (FoundObject("toon", 0.95, (5.0, 5.0, 25.0, 45.0)),))
    found = list(watch_frames(ReadySource(20), models))
    assert models.named == []
    assert found[-1].plain()["tracks"][0]["levels"] == {"kind": "toon"}


def test_a_result_is_plain_data_with_every_level():
    plain = list(watch_frames(ReadySource(20), ToldModels()))[-1].plain()
    (track,) = json.loads(json.dumps(plain))["tracks"]
    assert track["levels"] == {"kind": "cog", "suit": "bb"}
    assert track["confidences"]["suit"] > 0.8
    assert (plain["frame"], plain["seconds"], plain["drops"]) == (20, 2.0, 0)
    assert len(track["box"]) == 4
    assert {"bearing_deg", "distance", "nearest", "farthest", "trend", "in_front_of"} <= set(track)


@pytest.fixture(scope="module")
def models():
    return WatchModels.of(packaged_scene("toontown"), built_in("toontown"))


def test_one_scene_as_screen_as_video_and_as_folder_gives_the_same_boxes(display, models, tmp_path):
    (plan,) = plan_video(1, seed=4)
    drawn = random_sequence(plan.street, plan.labels, seed=4)
    shown = [drawn.frame(at).image.crop((440, 180, 1080, 540)) for at in range(3)]
    folder = tmp_path / "shots"
    folder.mkdir()
    for number, picture in enumerate(shown):
        picture.save(folder / f"{number}.png")
    film = [models.find(f.image) for f in open_source(write_video(tmp_path / "f.mkv", shown)).frames(threading.Event())]
    files = [models.find(frame.image) for frame in open_source(folder).frames(threading.Event())]
    window = ShownWindow("The game", shown[0], at=(0, 0))
    source, grabbed = open_source("window:The game"), []
    for frame in source.frames(threading.Event()):
        grabbed.append(models.find(frame.image))
        if len(grabbed) == len(shown):
            break
        window.show(shown[len(grabbed)])
    source.close()
    window.close()
    assert film == files == grabbed
    assert any(film)


def test_models_that_are_warm_have_found_followed_and_named(models, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ModuleNotFoundError):  # it is what assigns boxes to tracks
        models.warm_up()


def test_a_program_of_ones_own_watches_in_a_few_lines(tmp_path):
    (plan,) = plan_video(1, seed=4)
    drawn = random_sequence(plan.street, plan.labels, seed=4)
    for at in range(4):
        drawn.frame(at).image.save(tmp_path / f"{at}.png")
    for watching in (toonvision.watch, toonvision.watch):  # before and after its modules were imported
        found = [(frame.number, len(frame.tracks)) for frame in watching(tmp_path)]
        assert [number for number, _ in found] == [1, 2, 3, 4]
        assert found[-1][1] >= 1
    assert isinstance(toonvision.watch, types.ModuleType), "and the package is itself, too"
    with pytest.raises(UsageError, match="those that come with the package are called toontown"):
        toonvision.watch(tmp_path, models="chess")


def test_the_bot_of_the_documentation_says_which_cogs_come_nearer_and_how_far_away_they_are(capsys, monkeypatch):
    blocks = re.findall(r"^```python\n(.*?)^```", WATCHING.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (shown,) = (block for block in blocks if "where.trend" in block)

    def coming_nearer(at):
        return (FoundObject("cog", 0.9, (20.0 - at / 2, 5.0, 40.0 + at / 2, 25.0 + at)),)

    models = ToldModels(coming_nearer)
    models.heights = Heights(((2.0,),) * len(models.paths.paths))
    monkeypatch.setattr(toonvision, "watch", lambda *_, **__: watch_frames(ReadySource(12), models), raising=False)
    exec(compile(shown, "docs/watching.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said
    assert all(re.fullmatch(r"1: (bb|unknown suit), \d+ away \(\d+ to \d+\)", line) for line in said), said


def test_what_is_yielded_is_listed_where_one_looks_for_it():
    page = WATCHING.read_text(encoding="utf-8")
    for said, kind in (("where", Whereabouts), ("frame", WatchedFrame)):
        for name in {one.name for one in fields(kind)} - {"heights"}:
            assert f"{said}.{name}" in page
            assert f"``{name}``" in bot.watch.__doc__


def test_what_is_there_is_said_with_its_number_behind_it_so_that_no_title_needs_a_plural(monkeypatch):
    said, models = [], ToldModels(lambda _: (*COG, FoundObject("cog", 0.9, (35.0, 5.0, 55.0, 45.0))))
    monkeypatch.setattr(watch_words, "_SAY_EVERY_S", 0.0)
    meter = Meter()
    status = watch_words.Status(said.append, meter, models.categories)
    for frame in watch_frames(ReadySource(2), models):
        meter.see(frame)
        status.see(frame)
    assert [line.partition("there: ")[2] for line in said] == ["nothing", "Bb 2"]


def test_ctrl_c_is_raised_where_the_loop_stands_and_closes_the_source_and_its_thread():
    def interrupt(number):
        if number == 3:
            _thread.interrupt_main()
            time.sleep(0.2)

    source, before = ReadySource(1000, before=interrupt), threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        for _ in watch_frames(source, ToldModels()):
            pass
    assert source.closed
    assert threading.active_count() == before


def test_a_mailbox_that_is_closed_lets_nothing_in_and_gives_what_it_has():
    box = Mailbox[int](newest=True)
    assert box.put(1)
    assert box.put(2)
    box.close(ValueError("ended"))
    assert not box.put(3)
    assert (box.take(), box.drops) == (2, 1)
    with pytest.raises(ValueError, match="ended"):
        box.take()
