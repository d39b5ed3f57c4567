"""Frames of videos: each has a path of its own, and looks as when the video is read from its beginning."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from toonvision.core.errors import EnvironmentFaultError, RejectedItemError
from toonvision.data import videos
from toonvision.data.images import read_whole
from toonvision.data.videos import file_of, frames_of, picture_of
from watch.videos import damaged, pictures, truncated, turned, write_video

CODECS = {
    "film.mkv": ("ffv1", "bgr0"), "film.mp4": ("libx264", "yuv420p"), "film.webm": ("libvpx-vp9", "yuv420p"),
    "film.avi": ("mpeg4", "yuv420p"), "film.MPG": ("mpeg2video", "yuv420p"), "film.flv": ("libx264", "yuv420p"),
}  # fmt: skip


def film(path, count=60, rate=25):
    codec, pix_fmt = CODECS[path.name]
    return write_video(path, pictures(count), codec=codec, pix_fmt=pix_fmt, rate=rate)


def as_read_from_the_beginning(path):
    import av

    with av.open(str(path)) as container:
        return [np.asarray(picture_of(frame)) for frame in container.decode(container.streams.video[0])]


@pytest.mark.parametrize("name", CODECS)
def test_frames_in_any_order_and_of_many_threads_look_as_when_the_video_is_read_from_its_beginning(tmp_path, name):
    path = film(tmp_path / name)
    expected = as_read_from_the_beginning(path)
    frames, wrong = frames_of(path)
    assert (len(frames), wrong) == (60, [])
    assert [frame.name for frame in frames[:3]] == [f"{name}#t=0.000", f"{name}#t=0.040", f"{name}#t=0.080"]
    assert {file_of(frame) for frame in frames} == {path}
    shuffled = random.Random(0).sample(range(60), 60)
    with ThreadPoolExecutor(3) as pool:
        found = dict(zip(shuffled, pool.map(lambda at: np.asarray(read_whole(frames[at])), shuffled), strict=True))
    for at, frame in enumerate(expected):
        assert np.array_equal(found[at], frame)


def test_frames_are_turned_as_players_show_them(tmp_path):
    upright = film(tmp_path / "film.mp4", 2)
    lying = turned(upright, tmp_path / "turned.mp4")
    for one, other in zip(frames_of(upright)[0], frames_of(lying)[0], strict=True):
        assert np.array_equal(np.rot90(np.asarray(read_whole(one)), -1), np.asarray(read_whole(other)))


def test_every_so_many_frames_are_those_of_all(tmp_path):
    path = film(tmp_path / "film.mkv", 25, rate=10)
    frames, _ = frames_of(path)
    assert frames_of(path, every=10)[0] == [frames[0], frames[10], frames[20]]


def test_a_path_that_only_looks_like_one_of_a_frame_is_a_picture():
    for name in ("shot.png#t=1.000", "clip.mp4#t=1", "clip.mp4", "clip.mp4#t=1.000.png"):
        assert file_of(Path(name)) == Path(name)


def test_what_is_no_video_and_what_is_damaged_is_said_in_one_line_each(tmp_path):
    whole = film(tmp_path / "film.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    (tmp_path / "empty.mkv").touch()
    for name in ("bad.mp4", "empty.mkv", "absent.avi"):
        frames, (wrong,) = frames_of(tmp_path / name)
        assert frames == []
        assert wrong.item == str(tmp_path / name)
        assert wrong.files == 1
        assert wrong.remedy
    short = truncated(film(tmp_path / "film.mkv"), tmp_path / "short.mkv")
    frames, (wrong,) = frames_of(short)
    assert 10 < len(frames) < 50
    assert "what is there is read" in str(wrong)
    assert not wrong.skips
    assert len(frames_of(whole)[0]) == 60


def test_a_frame_where_the_video_is_damaged_is_refused_and_the_others_are_read(tmp_path):
    path = damaged(film(tmp_path / "film.mp4"), tmp_path / "hurt.mp4", at=0.6, count=2000)
    frames, _ = frames_of(path)
    assert len(frames) == 60
    said = [tried(frame) for frame in frames]
    assert said.count("") > 20
    assert set(said) == {"", "cannot be decoded; the video is damaged there"}


def tried(frame):
    try:
        read_whole(frame)
    except RejectedItemError as error:
        return error.reason
    return ""


def test_without_pyav_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = film(tmp_path / "film.mkv", 2)
    monkeypatch.setitem(sys.modules, "av", None)
    videos._times.cache_clear()
    with pytest.raises(EnvironmentFaultError, match=r"film\.mkv: videos and cameras need PyAV.+toonvision\[video\]'$"):
        frames_of(path)
