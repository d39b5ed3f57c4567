import re
import shlex
import sys
from fractions import Fraction
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from builders import scene
from screens import ShownWindow
from toonvision.cli.app import app
from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, UsageError
from toonvision.watch.frames import clock
from toonvision.watch.sources import open_source
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import random_sequence
from watch.videos import SIZE, damaged, pictures, truncated, write_video


def frames_of(source, most=1000):
    stop, found = Event(), []
    for frame in source.frames(stop):
        found.append(frame)
        if len(found) == most:
            stop.set()
    source.close()
    return found


def arrays(frames):
    return [np.asarray(frame.image) for frame in frames]


def said(source):
    return [str(finding) for finding in source.findings]


def test_one_scene_as_screen_as_video_and_as_folder_gives_the_same_frames(display, tmp_path):
    shown = pictures(6)
    folder = tmp_path / "shots"
    folder.mkdir()
    for number, picture in enumerate(shown):
        picture.save(folder / f"{number}.png")
    film = frames_of(open_source(write_video(tmp_path / "film.mkv", shown)))
    files = frames_of(open_source(str(folder)))
    window = ShownWindow("The game", shown[0])
    screen = open_source("window:The game", rate=50)
    grabbed, stop = [], Event()
    for frame in screen.frames(stop):
        grabbed.append(frame)
        if len(grabbed) == len(shown):
            break
        window.show(shown[len(grabbed)])
    screen.close()
    window.close()
    for found in (film, files, grabbed):
        assert [frame.number for frame in found] == [1, 2, 3, 4, 5, 6]
        assert all(frame.image.mode == "RGB" for frame in found)
        for one, picture in zip(arrays(found), shown, strict=True):
            assert np.array_equal(one, np.asarray(picture))
    for found in (film, files):
        assert [round(frame.seconds, 2) for frame in found] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [frame.name for frame in files] == [f"{number}.png" for number in range(6)]


def test_the_drawn_world_is_that_of_sample(tmp_path):
    source = open_source("world:3")
    found = frames_of(source, most=2)
    (plan,) = plan_video(1, seed=3)
    drawn = random_sequence(plan.street, plan.labels, seed=3).frame(1).image
    assert np.array_equal(np.asarray(found[1].image), np.asarray(drawn))
    assert [frame.seconds for frame in found] == [0.0, 0.1]


def test_a_window_that_is_closed_ends_the_source_and_is_said_with_the_time(display):
    window = ShownWindow("Closing", scene("x", SIZE))
    source = open_source("window:Closing", rate=20)
    for number, _ in enumerate(source.frames(Event()), start=1):
        if number == 3:
            window.close()
    assert number == 3
    source.close()
    assert re.search(r"ended at \d+:\d\d\.\d: ", said(source)[0])
    assert "the window 'Closing' was closed" in said(source)[0]


def test_a_window_that_is_hidden_is_said_each_time_and_watched_again_when_it_is_back(display):
    window = ShownWindow("Hiding", scene("x", SIZE))
    source = open_source("window:Hiding", rate=20)
    rounds = iter(range(10))
    changes = {2: window.hide, 5: window.unhide, 7: window.hide}

    def is_over():
        at = next(rounds)
        changes.get(at, lambda: None)()
        return at == 9

    found = list(source.frames(SimpleNamespace(is_set=is_over)))
    source.close()
    window.close()
    assert [frame.number for frame in found] == [1, 2, 6, 7]
    hidden = r"window 'Hiding', 0:\d\d\.\d: it cannot be seen from here on"
    assert [bool(re.search(hidden, one)) for one in said(source)] == [True, True], said(source)


def test_a_damaged_video_is_read_on_and_the_damage_is_said_with_its_time(tmp_path):
    whole = write_video(tmp_path / "whole.mkv", pictures(60), codec="libx264", pix_fmt="yuv420p")
    source = open_source(damaged(whole, tmp_path / "film.mkv"))
    found = frames_of(source)
    assert 10 < len(found) < 60
    assert found[-1].seconds > 4
    seconds = [frame.seconds for frame in found]
    assert seconds == sorted(set(seconds))
    assert any("film.mkv, 0:0" in one and "it is damaged here" in one for one in said(source))


def test_pictures_that_cannot_be_decoded_whole_are_left_out_and_said_with_their_time(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", pictures(30), codec="libx264", pix_fmt="yuv420p")
    with av.open(str(whole)) as container:
        first = next(container.demux(video=0))
        at, size = first.pos, first.size
    content = bytearray(whole.read_bytes())
    content[at + size // 2 : at + size // 2 + 200] = bytes(200)
    (tmp_path / "film.mp4").write_bytes(content)
    source = open_source(tmp_path / "film.mp4")
    assert len(frames_of(source)) < 30
    assert any("0:00.0: it is damaged here (a picture cannot be decoded whole)" in one for one in said(source))


def test_a_video_that_ends_early_is_said_with_the_time(tmp_path):
    whole = write_video(tmp_path / "whole.mkv", pictures(60), codec="libx264", pix_fmt="yuv420p")
    source = open_source(truncated(whole, tmp_path / "film.mkv"))
    assert 10 < len(frames_of(source)) < 50
    assert any("it ends here; its header promises 0:06.0" in one for one in said(source))
    fine = open_source(whole)
    assert len(frames_of(fine)) == 60
    assert said(fine) == []


def test_a_video_that_changes_its_size_goes_on_and_says_when(tmp_path):
    parts = [
        write_video(tmp_path / f"{n}.mjpeg", pictures(5, size), codec="mjpeg", pix_fmt="yuvj420p")
        for n, size in enumerate((SIZE, (160, 90)))
    ]
    film = tmp_path / "film.mjpeg"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    source = open_source(film)
    found = frames_of(source)
    assert {frame.image.size for frame in found} == {SIZE, (160, 90)}
    assert len(found) == 10
    assert any("from here on it has 160 x 90 pixels" in one for one in said(source))


def test_a_video_whose_frame_rate_changes_keeps_the_times_of_its_frames(tmp_path):
    ticks = [*range(0, 500, 100), *range(500, 800, 40)]
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        (stream.width, stream.height), stream.pix_fmt = SIZE, "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for tick, picture in zip(ticks, pictures(len(ticks)), strict=True):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    source = open_source(tmp_path / "film.mkv")
    assert [round(1000 * frame.seconds) for frame in frames_of(source)] == ticks
    assert said(source) == []


@pytest.mark.parametrize(("content", "words"), [(b"hello", "cannot be opened"), (b"", "cannot be opened")])
def test_what_is_no_video_is_refused_with_its_name(tmp_path, content, words):
    (tmp_path / "film.mp4").write_bytes(content)
    with pytest.raises(InputRejectedError, match=f"film.mp4: {words}"):
        open_source(tmp_path / "film.mp4")


def test_a_file_of_which_no_picture_can_be_read_is_refused_with_the_remedy(tmp_path):
    first, *others = pictures(5)
    first.save(tmp_path / "anim.webp", save_all=True, append_images=others)
    with pytest.raises(InputRejectedError, match=r"anim.webp: FFmpeg can read no picture of it.*Convert it to MP4\."):
        frames_of(open_source(tmp_path / "anim.webp"))


def test_a_sound_without_a_picture_is_refused(tmp_path):
    with av.open(str(tmp_path / "film.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        for packet in stream.encode(sound):
            container.mux(packet)
    with pytest.raises(InputRejectedError, match="holds no video"):
        open_source(tmp_path / "film.wav")


def test_a_camera_that_goes_away_ends_the_source_and_is_said_with_the_time(monkeypatch):
    def pictures_of(_):
        for picture in pictures(3):
            yield av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        raise av.error.OSError(5, "Input/output error", "/dev/video0")

    camera = SimpleNamespace(streams=SimpleNamespace(video=["one"]), decode=pictures_of, close=lambda: None)
    opened = []
    monkeypatch.setattr(av, "open", lambda *asked, **options: opened.append((asked, options)) or camera)
    source = open_source("camera:/dev/video7")
    assert len(frames_of(source)) == 3
    assert opened[0][0] == ("/dev/video7",)
    assert re.search(r"camera /dev/video7, \d+:\d\d\.\d", said(source)[0])
    assert "the camera is gone (Input/output error)" in said(source)[0]


def test_a_camera_that_is_not_there_and_a_missing_library_are_said_with_the_remedy(monkeypatch, tmp_path):
    with pytest.raises(EnvironmentFaultError, match="cannot be opened .* Plug it in, or name another: camera:DEVICE"):
        open_source("camera:/dev/video99")
    (tmp_path / "film.mp4").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(EnvironmentFaultError, match=r"need PyAV. Run: pip install 'toonvision\[video\]'"):
        open_source(tmp_path / "film.mp4")


def test_a_picture_of_a_folder_that_cannot_be_read_is_left_out(tmp_path):
    pictures(1)[0].save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    pictures(2)[1].save(tmp_path / "c.png")
    source = open_source(tmp_path, rate=2)
    assert [(frame.number, frame.seconds) for frame in frames_of(source)] == [(1, 0.0), (3, 1.0)]
    assert source.findings[0].pictures == 1
    (tmp_path / "none").mkdir()
    with pytest.raises(InputRejectedError, match="holds no picture"):
        open_source(tmp_path / "none")


def test_frames_of_a_folder_come_in_the_order_of_their_numbers_folder_by_folder(tmp_path):
    names = ["a/2.png", "a/10.png", "b/frame1.png", "b/frame9.png", "b/frame10.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pictures(1)[0].save(tmp_path / name)
    assert [frame.name for frame in frames_of(open_source(tmp_path))] == [Path(name).name for name in names]


@pytest.mark.parametrize("text", ["screen:x", "world:-1", "window:", "region:"])
def test_what_is_no_source_is_refused_with_all_forms(text):
    with pytest.raises(UsageError, match=r"a source is screen\[:NUMBER\].*or a path; got"):
        open_source(text)


def test_a_path_that_is_not_there_is_refused_with_all_forms():
    with pytest.raises(InputRejectedError, match="no/such.mp4: there is no such source. A source is screen"):
        open_source("no/such.mp4")


def test_times_are_written_as_on_a_player():
    assert [clock(at) for at in (0, 59.96, 60, 3599.9, 7325.04)] == [
        "0:00.0",
        "1:00.0",
        "1:00.0",
        "59:59.9",
        "2:02:05.0",
    ]


def test_a_folder_of_separate_screenshots_says_so_with_the_command_that_finds_what_they_show(tmp_path):
    walk, folder = tmp_path / "a walk", tmp_path / "separate shots"
    walked = frames_of(open_source("world:3"), 3)
    separate = [frame for seed in range(3) for frame in frames_of(open_source(f"world:{seed}"), 1)]
    for into, frames in ((walk, walked), (folder, separate)):
        into.mkdir()
        for at, frame in enumerate(frames):
            frame.image.save(into / f"{at}.png")
    sources = [open_source(one) for one in (walk, folder)]
    assert [len(frames_of(one)) for one in sources] == [3, 3]
    assert sources[0].findings == []
    (finding,) = sources[1].findings
    command = finding.remedy.partition("with: ")[2].partition(", or")[0]
    ran = CliRunner().invoke(app, [*shlex.split(command)[1:], "--json"])
    assert ran.exit_code == 0, ran.output
    assert "2.png" in ran.output
