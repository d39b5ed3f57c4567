import contextlib
import sys
from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import scene
from reliability import disks
from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.metrics.found_objects import FoundObject
from toonvision.report import answers
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.meter import Meter
from toonvision.watch.recording import VIDEO_SUFFIXES, UncertainFrames, VideoFile, draw_tracks
from toonvision.watch.sources import open_source
from toonvision.watch.tracking import Tracker
from watch.standins import ReadySource, ToldModels


def scenes(source, monkeypatch, pictures):
    """Let a source show pictures instead of plain grey."""
    whole = source.frames

    def frames(stop):
        for frame in whole(stop):
            object.__setattr__(frame, "image", pictures(frame.number))
            yield frame

    source.frames = frames
    return source


def test_a_video_is_written_with_boxes_at_the_times_of_the_frames(tmp_path):
    models = ToldModels()
    video = VideoFile(tmp_path / "made" / "film.mp4", models.categories)
    for frame in watch_frames(ReadySource(30, size_wh=(161, 121)), models):
        video.see(frame)
    video.close()
    source = open_source(video.path)
    read = list(source.frames(Event()))
    source.close()
    assert [round(frame.seconds, 1) for frame in read] == [round(at / 10, 1) for at in range(30)]
    assert {frame.image.size for frame in read} == {(160, 120)}
    plain, boxed = (np.asarray(frame.image).astype(int) for frame in (read[0], read[-1]))
    assert np.ptp(plain) < 40
    assert np.ptp(boxed[:60, :60]) > 100


@pytest.mark.parametrize("size", [(160, 240), (320, 120), (161, 240), (80, 60)])
def test_a_frame_of_another_size_than_the_first_is_in_the_video_as_a_whole(tmp_path, monkeypatch, size):
    other = Image.new("RGB", size, (0, 160, 0))
    other.paste((0, 0, 160), (0, size[1] // 2, *size))
    source = scenes(ReadySource(2), monkeypatch, lambda number: Image.new("RGB", (160, 120)) if number == 1 else other)
    video = VideoFile(tmp_path / "film.mp4", ToldModels().categories)
    for frame in watch_frames(source, ToldModels(find_at=lambda _: ())):
        video.see(frame)
    video.close()
    written = open_source(video.path)
    *_, read = written.frames(Event())
    written.close()
    assert read.image.size == (160, 120)
    colors = np.asarray(read.image).astype(int)[[35, 85], 80]
    assert colors.argmax(axis=1).tolist() == [1, 2], "green above, blue below"


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_a_frame_of_a_single_row_or_column_makes_a_video_too(tmp_path, size):
    video = VideoFile(tmp_path / "film.mp4", ToldModels().categories)
    write_all(video, ReadySource(3, size_wh=size))
    source = open_source(video.path)
    assert len(list(source.frames(Event()))) == 3
    source.close()


def test_a_box_beyond_the_edge_is_drawn_within_the_picture():
    found = FoundObject("cog", 0.9, (-20.0, 60.0, 200.0, 150.0))
    *_, frame = watch_frames(ReadySource(4, size_wh=(160, 120)), ToldModels(find_at=lambda _: (found,)))
    drawn = np.asarray(draw_tracks(frame.image, frame.tracks, ToldModels().categories)).astype(int)
    for row, column in ((100, 0), (100, 159), (119, 80)):
        assert np.ptp(drawn[row, column]) > 40, "the edge of the box, not the grey picture"


@given(
    boxes=st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 200), st.sampled_from(["1 Cog 93%", "12 Sellbot 8%", "2"])),
        min_size=2,
        max_size=6,
    )
)
def test_no_text_of_a_box_is_drawn_over_another(boxes):
    image, drawn = Image.new("RGB", (400, 600)), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "_write", lambda _, left, top, text, *__: drawn.append((left, top, text)))
        answers.draw_boxes(image, [answers.TitledBox((x, y, x + 60, y + 90), text, "#aa0000") for x, y, text in boxes])
    assert [text for *_, text in drawn] == [text for *_, text in boxes]
    high = answers._band(answers.letters_of(image))
    lines = [(top, left, left + answers._width(text, 18)) for left, top, text in drawn]
    assert all(0 <= top <= image.height - high for top, *_ in lines)
    for at, (top, left, right) in enumerate(lines):
        for other, start, end in lines[:at]:
            assert abs(top - other) >= high - 1e-6 or right <= start or end <= left


def test_a_video_that_cannot_be_written_is_refused_before_anything_starts(tmp_path, monkeypatch):
    models = ToldModels()
    (tmp_path / "film.mp4").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already; it was not changed. Choose another --save-video"):
        VideoFile(tmp_path / "film.mp4", models.categories)
    with pytest.raises(UsageError, match="a video is a file .mp4 or .mkv"):
        VideoFile(tmp_path / "film.gif", models.categories)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(EnvironmentFaultError, match=r"pip install 'toonvision\[video\]'"):
        VideoFile(tmp_path / "other.mp4", models.categories)


def test_the_frames_that_the_models_are_least_sure_of_are_kept_none_twice(tmp_path, monkeypatch):
    models = ToldModels(sure=0.55)
    kept = UncertainFrames(tmp_path)
    source = scenes(ReadySource(60), monkeypatch, lambda number: scene(number // 20, (320, 200)))
    for frame in watch_frames(source, models):
        kept.see(frame)
    assert len(list(tmp_path.glob("*.png"))) == len(kept.files) == 3
    sure = UncertainFrames(tmp_path / "sure")
    for frame in watch_frames(ReadySource(60), ToldModels(sure=0.999)):
        sure.see(frame)
    assert len(list((tmp_path / "sure").glob("*.png"))) <= 1, "while it is new, nobody is sure"


def test_of_too_many_uncertain_frames_the_surest_are_removed(tmp_path, monkeypatch):
    def see(at):
        return (FoundObject("toon", 0.9 if at < 30 else 0.45, (5.0, 5.0, 25.0, 45.0 + at % 2)),)

    kept = UncertainFrames(tmp_path, most=2)
    source = scenes(ReadySource(80), monkeypatch, lambda number: scene(number // 5, (320, 200)))
    for frame in watch_frames(source, ToldModels(find_at=see)):
        kept.see(frame)
    assert len(list(tmp_path.glob("*.png"))) == len(kept.files) <= 2


@pytest.mark.parametrize(("score", "count"), [(0.6, 1), (0.95, 0)])
def test_a_detector_of_one_class_is_unsure_by_its_score(tmp_path, score, count):
    tracker, uncertain = Tracker(LevelPaths.of("kind", {"kind": ["monster"]}, {})), UncertainFrames(tmp_path)
    for at in range(3):
        tracks = tracker.update([FoundObject("monster", score, (5.0, 5.0, 25.0, 45.0))], at / 10)
        uncertain.see(WatchedFrame(at + 1, at / 10, 0.0, 0, tracks, scene("a", (64, 48))))
    assert len(uncertain.files) == count


def doubtful(at, letter, doubt):
    """A frame of a scene, with one track that the models are unsure of."""
    paths = LevelPaths.of("kind", {"kind": ["cog", "toon"]}, {})
    track = SimpleNamespace(found=True, evidence=SimpleNamespace(confidences={"kind": 1 - doubt}, paths=paths))
    return SimpleNamespace(image=scene(letter, (320, 200)), seconds=2.0 * at, tracks=[track])


@pytest.mark.parametrize(
    ("doubts", "kept"),
    [
        ((("a", 0.4), ("b", 0.5), ("a", 0.9)), "a"),
        ((("a", 0.4), ("a", 0.9), ("b", 0.5)), "a"),
        ((("a", 0.9), ("a", 0.4), ("b", 0.5)), "a"),
        ((("a", 0.4), ("b", 0.5), ("a", 0.4)), "b"),
    ],
)
def test_the_scene_of_the_most_uncertain_frame_is_kept_whenever_that_came(tmp_path, doubts, kept):
    uncertain = UncertainFrames(tmp_path, most=1)
    for at, (letter, doubt) in enumerate(doubts):
        uncertain.see(doubtful(at, letter, doubt))
    (path,) = tmp_path.iterdir()
    assert uncertain.files == uncertain.keeper.kept == [path]
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(scene(kept, (320, 200))))


def test_the_meter_counts_frames_drops_and_delays_within_a_hundredth():
    meter = Meter()
    for frame in watch_frames(ReadySource(50), ToldModels(wait_s=0.004)):
        meter.see(frame)
    summary = meter.summary()
    assert (summary.frames, summary.drops) == (50, 0)
    assert 4 <= summary.p50_ms <= summary.p95_ms
    assert summary.plain()["frames_per_second"] > 0
    assert Meter().summary().plain()["delay_p50_ms"] is None


def test_a_video_without_a_frame_is_no_file(tmp_path):
    video = VideoFile(tmp_path / "film.mp4", ToldModels().categories)
    video.close()
    assert list(tmp_path.iterdir()) == []


def write_all(video, source):
    with contextlib.closing(video):
        for frame in watch_frames(source, ToldModels()):
            video.see(frame)


@disks.on_a_disk
@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_a_video_on_a_full_disk_is_named_and_leaves_no_file(tmp_path, monkeypatch, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    source = scenes(ReadySource(60), monkeypatch, lambda number: Image.fromarray(np.roll(noise, 7 * number, axis=0)))
    with disks.small_disk(tmp_path, size=1 << 18) as disk:
        video = VideoFile(disk / f"film{suffix}", ToldModels().categories)
        with pytest.raises(OSError, match="No space") as caught:
            write_all(video, source)
        assert caught.value.filename == str(video.path)
        assert list(disk.iterdir()) == []
