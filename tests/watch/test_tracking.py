"""Following figures from frame to frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from toonvision.core.errors import UsageError
from toonvision.metrics.found_objects import FoundObject
from toonvision.watch import evidence
from toonvision.watch.association import DEFAULT_TRACKING, TrackSettings
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.track import Track
from toonvision.watch.tracking import Tracker

KINDS = LevelPaths.of("kind", {"kind": ["cog", "toon"]}, {})
Box = tuple[float, float, float, float]


def found(
    left: float, top: float = 100.0, *, wide: float = 40.0, score: float = 0.9, label: str = "cog"
) -> FoundObject:
    return FoundObject(label, score, (left, top, left + wide, top + 2 * wide))


def followed(frames: Sequence[Sequence[FoundObject]], *, rate: float = 10.0) -> list[tuple[Track, ...]]:
    tracker = Tracker(KINDS)
    return [tracker.update(objects, at / rate) for at, objects in enumerate(frames)]


def numbers(frames: Sequence[tuple[Track, ...]]) -> list[list[int]]:
    return [[track.number for track in frame if track.found] for frame in frames]


def test_a_track_counts_from_its_second_frame_on():
    frames = followed([[found(0)], [found(2)], [found(4)]])
    assert numbers(frames) == [[], [1], [1]]
    (track,) = frames[-1]
    assert (track.first_seen, track.last_seen, track.hits, track.missing) == (0.0, 0.2, 3, 0.0)
    assert track.found_box == found(4).box
    assert track.box == pytest.approx(found(4).box, abs=0.5)


def test_a_walking_figure_has_its_velocity_in_pixels_per_second():
    (track,) = followed([[found(3.0 * at)] for at in range(40)])[-1]
    assert track.velocity[0] == pytest.approx(30, rel=0.05)
    assert np.abs(track.velocity[1:]).max() < 1


def test_the_box_of_a_track_is_nearer_to_the_figure_than_what_is_found_of_it():
    rng = np.random.default_rng(1)
    true = [found(6.0 * at).box for at in range(60)]
    seen = [np.array(box) + rng.normal(0, 5, 4) for box in true]
    frames = followed([[FoundObject("cog", 0.9, tuple(map(float, box)))] for box in seen])[10:]
    off = [
        [np.abs(np.subtract(box, truth)).mean() for box, truth in zip(boxes, true[10:], strict=True)]
        for boxes in zip(*((track.box, track.found_box) for (track,) in frames), strict=True)
    ]
    assert np.median(off[0]) < 0.8 * np.median(off[1])


def test_a_figure_behind_another_for_a_second_keeps_its_number():
    seen = [[found(6.0 * at)] if not 15 <= at < 25 else [] for at in range(40)]
    assert numbers(followed(seen))[-1] == [1]


def test_while_it_is_hidden_it_is_expected_further_on_and_says_for_how_long():
    frames = followed([[found(6.0 * at)] if at < 20 else [] for at in range(25)])
    (track,) = frames[-1]
    assert track.found is None
    assert track.missing == pytest.approx(0.5)
    assert 6.0 * 20 < track.box[0] < 6.0 * 25


def test_a_track_ends_after_seconds_whatever_the_frame_rate():
    for rate in (5.0, 60.0):
        seen = [[found(0)] if at < rate else [] for at in range(int(rate * 13))]
        frames = followed(seen, rate=rate)
        last = max(at for at, frame in enumerate(frames) if frame) / rate
        assert last == pytest.approx(11.0, abs=1.5 / rate)


def test_a_false_alarm_of_one_frame_never_counts():
    frames = followed([[found(0), *([found(600)] if at == 5 else [])] for at in range(10)])
    assert {number for frame in numbers(frames) for number in frame} == {1}


def test_an_unsure_box_goes_on_with_a_track_but_begins_none():
    frames = followed([[found(2.0 * at, score=0.9 if at < 5 else 0.2), found(600, score=0.2)] for at in range(10)])
    assert numbers(frames)[-1] == [1]
    assert frames[-1][0].hits == 10


def test_a_figure_that_is_found_as_two_classes_is_one_track():
    frames = followed([[found(at), found(at, score=0.5, label="toon")] for at in range(5)])
    assert numbers(frames)[-1] == [1]
    assert frames[-1][0].evidence.path == {"kind": "cog"}


def test_two_that_cross_keep_their_numbers():
    def frame(at: int) -> list[FoundObject]:
        return [found(10.0 * at), found(400 - 10.0 * at, 110, label="toon")]

    frames = followed([frame(at) for at in range(41)])
    first, last = frames[2], frames[-1]
    assert first[0].box[0] < first[1].box[0]
    assert last[0].box[0] > last[1].box[0]
    assert [track.number for track in last] == [track.number for track in first]


def test_another_tracker_knows_nothing_of_the_first():
    before = followed([[found(0)], [found(2)]])
    followed([[found(50)], [found(52)], [found(54)]])
    assert [[track.number for track in frame] for frame in followed([[found(0)], [found(2)]])] == [
        [track.number for track in frame] for frame in before
    ]


def test_time_that_does_not_go_on_is_refused():
    tracker = Tracker(KINDS)
    tracker.update([], 1.0)
    with pytest.raises(UsageError, match=r"in the order of time; got 1\.0 s after 1\.0 s"):
        tracker.update([], 1.0)


def test_what_classifiers_say_later_counts_for_its_track():
    paths = LevelPaths.of(
        "kind", {"kind": ["cog", "toon"], "suit": ["bb", "lb"]}, {"suit": {"kind": {"bb": "cog", "lb": "cog"}}}
    )
    tracker = Tracker(paths)
    for at in range(2):
        tracker.update([found(at)], at / 10)
    (track,) = tracker.learn({1: {"suit": {"lb": 0.9}}})
    assert track.evidence.path == {"kind": "cog", "suit": "lb"}
    assert tracker.tracks == (track,)


edges = st.tuples(st.floats(0, 1500), st.floats(0, 600), st.floats(1, 200), st.floats(1, 300))
objects = st.builds(
    lambda edge, score, label: FoundObject(label, score, (edge[0], edge[1], edge[0] + edge[2], edge[1] + edge[3])),
    edges,
    st.floats(0, 1),
    st.sampled_from(["cog", "toon"]),
)
videos = st.lists(st.lists(objects, max_size=6), max_size=8)


def plain(frames: Sequence[tuple[Track, ...]]) -> list[list[tuple[object, ...]]]:
    return [
        [(one.number, one.box, one.velocity, one.hits, one.missing, one.evidence.label) for one in frame]
        for frame in frames
    ]


@settings(max_examples=60, deadline=None)
@given(videos, st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_changes_nothing(video, random):
    mixed = [random.sample(frame, len(frame)) for frame in video]
    assert plain(followed(mixed)) == plain(followed(video))


@settings(max_examples=60, deadline=None)
@given(videos)
def test_no_number_is_there_twice_and_none_comes_back(video):
    frames = numbers(followed(video))
    assert all(len(set(frame)) == len(frame) for frame in frames)
    assert all(frame == sorted(frame) for frame in frames)


@given(st.integers(0, 50))
def test_an_empty_video_has_no_tracks(length):
    assert not any(followed([[]] * length))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-8, 8), min_size=30, max_size=30),
    st.lists(st.floats(-8, 8), min_size=30, max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_two_far_figures_never_swap(steps, others, hidden):
    one, other = np.cumsum(steps), 1000 + np.cumsum(others)
    video = [
        [found(float(left), 100), *([] if gone else [found(float(right), 100)])]
        for left, right, gone in zip(one, other, hidden, strict=True)
    ]
    sides = {(track.number, track.box[0] < 500) for frame in followed(video) for track in frame if track.found}
    assert len({number for number, _ in sides}) == len(sides)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.floats(-60, 60))
def test_the_frame_rate_changes_no_identity(times, speed):
    """A figure that is seen one to four times as often is one figure all the same."""
    rate = 10.0 * times
    frames = followed([[found(500 + speed * at / rate), found(50)] for at in range(20 * times)], rate=rate)
    assert {number for frame in numbers(frames) for number in frame} == {1, 2}
    assert frames[-1][0].evidence.path == {"kind": "cog"}


steps = st.lists(st.tuples(st.integers(-99, 99), st.booleans() | st.just(True)), min_size=12, max_size=12)
walks = st.lists(steps, min_size=1, max_size=2).map(
    lambda figures: [
        [found(500.0 * at + sum(step for step, _ in one[: now + 1])) for at, one in enumerate(figures) if one[now][1]]
        for now in range(12)
    ]
)
"""Figures that walk hither and thither, now and then hidden; before a plain picture all look the same."""
PLAIN = Image.new("RGB", (1700, 900), (90, 90, 90))


def slower(settings: TrackSettings, times: float) -> TrackSettings:
    """Return settings for a world in which everything takes so many times as long."""
    noise = settings.noise
    return replace(
        settings,
        reach=(settings.reach[0], settings.reach[1] / times),
        patience=settings.patience * times,
        fading=settings.fading / times,
        lasting=settings.lasting * times,
        noise=replace(
            noise,
            push=noise.push / times**1.5,
            push_size=noise.push_size / times**1.5,
            speed=noise.speed / times,
            memory=noise.memory * times,
        ),
    )


@settings(max_examples=60, deadline=None)
@given(walks | videos, st.sampled_from([1 / 16, 1 / 4, 4.0, 16.0]), st.sampled_from([0.125, 1.0, 8.0]))
def test_where_all_takes_longer_by_a_factor_only_times_and_speeds_change_and_by_it_exactly(video, times, frame_s):
    """Powers of four have square roots without rounding: what is asked for is the same to the last bit."""

    def known(scale: float) -> list[list[tuple[object, ...]]]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("NEWS_SECONDS", "MEMORY_SECONDS"):
                patch.setattr(evidence, name, getattr(evidence, name) * scale)
            tracker = Tracker(KINDS, slower(DEFAULT_TRACKING, scale))
            frames = [tracker.update(found, at * frame_s * scale, PLAIN) for at, found in enumerate(video)]
            return [
                [
                    (one.number, one.box, tuple(edge * scale for edge in one.velocity), one.hits, one.best_score,
                     one.first_seen / scale, one.last_seen / scale, one.missing / scale, one.evidence.probabilities)
                    for one in frame
                ]
                for frame in frames
            ]  # fmt: skip

    assert known(times) == known(1.0)


GREY, RED, BLUE = (90, 90, 90), (200, 40, 30), (20, 60, 180)


def painted(objects: Sequence[tuple[FoundObject, tuple[int, int, int]]]) -> Image.Image:
    picture = np.full((300, 800, 3), GREY, np.uint8)
    for one, colour in objects:
        left, top, right, bottom = (int(edge) for edge in one.box)
        picture[top:bottom, max(0, left) : right] = colour
    return Image.fromarray(picture)


def coloured(video: Sequence[Sequence[tuple[FoundObject, tuple[int, int, int]]]]) -> list[tuple[Track, ...]]:
    tracker = Tracker(KINDS)
    return [tracker.update([one for one, _ in objects], at / 10, painted(objects)) for at, objects in enumerate(video)]


def test_a_figure_that_turns_back_while_it_is_hidden_is_known_by_its_colours():
    video = [[(found(200 + 5.0 * at), RED)] for at in range(15)]
    video += [[]] * 20
    video += [[(found(190 - 5.0 * at), RED)] for at in range(5)]
    assert numbers(coloured(video))[-1] == [1]


def test_another_figure_that_comes_from_behind_the_same_thing_is_a_new_track():
    video = [[(found(200 + 5.0 * at), RED)] for at in range(15)]
    video += [[]] * 10
    video += [[(found(270 + 5.0 * at), BLUE)] for at in range(5)]
    assert numbers(coloured(video))[-1] == [2]


def test_two_that_meet_and_turn_back_do_not_change_places():
    def frame(at: int) -> list[tuple[FoundObject, tuple[int, int, int]]]:
        near = 100 + 10.0 * min(at, 38 - at)
        return [(found(near), RED), (found(580 - near + 20), BLUE)]

    frames = coloured([frame(at) for at in range(39)])
    assert frames[-1][0].box[0] < frames[-1][1].box[0]
    assert frames[2][0].box[0] < frames[2][1].box[0]
    assert numbers(frames)[-1] == [1, 2]


def test_of_two_that_look_alike_the_one_that_was_seen_later_comes_back():
    video = [[(found(100), RED), (found(500), RED)] for _ in range(5)]
    video += [[(found(500), RED)]] * 30
    video += [[]] * 20
    video += [[(found(300 + at), RED)] for at in range(3)]
    assert numbers(coloured(video))[-1] == [2]


def belted(left: float, high: int) -> list[tuple[FoundObject, tuple[int, int, int]]]:
    """Return what to paint for a red figure with a blue belt of so many of its 80 pixels of height."""
    return [(found(left), RED), (FoundObject("cog", 0.9, (left, 140.0 - high / 2, left + 40, 140.0 + high / 2)), BLUE)]


def test_a_box_that_looks_like_a_hidden_figure_is_not_of_the_similar_one_that_is_expected_there():
    plain_one, with_belt = [(found(100), RED)], belted(500, 18)
    tracker = Tracker(KINDS)
    for at in range(43):
        there = plain_one + with_belt if at < 10 else plain_one if at < 40 else belted(100, 18)
        boxes = [one for one, _ in there if one.box[3] - one.box[1] == 80]
        tracks = tracker.update(boxes, at / 10, painted(there))
    assert [track.number for track in tracks if track.found] == [2]


def test_a_figure_is_known_by_what_it_looked_like_for_long_not_by_the_last_second():
    tracker = Tracker(KINDS)
    for at in range(73):
        there = [(found(100), RED)] if at < 50 else belted(100, 40) if at < 60 else []
        there += [(found(200), RED), *belted(300, 40)] if at >= 70 else []
        boxes = [one for one, _ in there if one.box[3] - one.box[1] == 80]
        tracks = tracker.update(boxes, at / 10, painted(there))
    assert {track.number: track.found_box[0] for track in tracks if track.found} == {1: 200.0, 2: 300.0}


def test_a_box_at_a_figure_that_is_followed_begins_no_track():
    frames = followed([[found(100), *([found(115, score=0.8)] if at > 2 else [])] for at in range(8)])
    assert numbers(frames)[-1] == [1]


def test_a_box_that_is_only_just_sure_goes_on_with_a_track_but_begins_none():
    score = DEFAULT_TRACKING.sure + 0.05
    frames = followed([[found(2.0 * at, score=0.9 if at < 3 else score), found(600, score=score)] for at in range(9)])
    assert numbers(frames)[-1] == [1]
    assert frames[-1][0].hits == 9
