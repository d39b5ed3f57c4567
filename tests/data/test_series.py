import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.data.series import all_series, bare_stem, copies, natural_key


def named(*paths):
    return [("screenshots", path) for path in paths]


def series_of(*paths):
    """The series among some paths: the paths in order, and whether they are a video."""
    return [
        ([paths[index] for step in one.steps for index in step], one.is_video, one.seconds)
        for one in all_series(named(*paths))
    ]


COPIES = [
    ("shot_png.rf.0123456789abcdef.jpg", "shot_png.rf.fedcba9876543210.jpg"),
    ("train/images/a b_jpg.rf.aB3dE6gH9jK.jpg", "valid/images/a b_jpg.rf.xY3dE6gH9jK.jpg"),
    ("shot.rf.0123456789abcdef.png", "shot.rf.1123456789abcdef.png"),
    ("shot.png", "shot_png.rf.0123456789abcdef.jpg"),
    ("shot_aug_1.png", "shot_aug_2.png"),
    ("shot.png", "shot-aug3.png"),
    ("shot.png", "shot_flip.png"),
    ("shot.png", "shot_rot90.png"),
    ("shot.png", "hflip_shot.png"),
    (
        "out/a_original_shot.png_1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed.png",
        "out/a_original_shot.png_2b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed.png",
    ),
]


@pytest.mark.parametrize("paths", COPIES)
def test_names_that_augmentation_makes_are_copies_of_one_source(paths):
    others = ["other.png", "house/shot_3.png", "house/next_png.rf.0123456789abcdef.jpg"]
    assert copies(named(*paths, *others)) == [[0, 1]]


@pytest.mark.parametrize(
    "paths",
    [
        ("shot.png", "shot_2.png"),
        ("cog_flip.png", "cog_blur.png"),
        ("cat/0_png.rf.0123456789abcdef.jpg", "dog/0_png.rf.1123456789abcdef.jpg"),
        ("fogaug1.png", "fogaug2.png"),
        ("shot (1).png", "shot (2).png"),
    ],
)
def test_other_names_are_no_copies(paths):
    assert copies(named(*paths)) == []
    assert copies([("one", "shot_aug_1.png"), ("other", "shot_aug_2.png")]) == []


def test_many_pictures_of_a_name_that_a_phone_gives_are_not_one_source():
    names = [f"image_jpg.rf.{letter}123456789abcdef.jpg" for letter in "abcdefghi"]
    assert copies(named(*names)) == []
    assert copies(named(*names[:3])) == [[0, 1, 2]]
    assert len(copies(named(*(name.replace("image", "image7") for name in names)))) == 1


VIDEOS = [
    ("frame_000001.png", "frame_000002.png", "frame_000010.png"),
    ("a/videoFrame1.png", "a/videoFrame2.png", "a/videoFrame10.png"),
    ("train/clip3_1.jpg", "val/clip3_2.jpg", "test/clip3_10.jpg"),
    ("cat/walk.mp4_0001.jpg", "dog/walk.mp4_0002.jpg", "cat/walk.mp4_0003.jpg"),
    ("walk_mp4-1_jpg.rf.0123456789ab.jpg", "walk_mp4-2_jpg.rf.1123456789ab.jpg", "walk_mp4-30_jpg.rf.2123456789ab.jpg"),
    ("walk.mp4#t=1.5.jpg", "walk.mp4#t=1.75.jpg", "walk.mp4#t=12.25.jpg"),
    ("walk_f000100.png", "walk_f000200.png", "walk_f000300.png"),
    ("video7/0001.png", "video7/0002.png", "video7/0003.png"),
    ("90fbb0c7-frame_1.png", "a1fbb0c7-frame_2.png", "b2fbb0c7-frame_3.png"),
    ("0001_video.png", "0002_video.png", "0003_video.png"),
]


@pytest.mark.parametrize("paths", VIDEOS)
def test_names_that_say_video_make_one_series_in_the_order_of_their_numbers(paths):
    assert series_of(*paths[::-1]) == [(list(paths), True, ())]


@pytest.mark.parametrize(
    "paths",
    [
        ("BloodImage_00000.jpg", "BloodImage_00001.jpg"),
        ("clipboard01.png", "clipboard02.png"),
        ("framework_1.png", "framework_2.png"),
        ("ttc/ttc_0001.png", "ttc/ttc_0002.png"),
    ],
)
def test_numbered_names_alone_do_not_say_video(paths):
    assert series_of(*paths) == [(list(paths), False, ())]


def test_pictures_of_other_folders_sources_and_clips_make_series_of_their_own():
    assert series_of("a/f1.png", "b/f2.png", "a/g3.png", "f4.png") == []
    assert all_series([("one", "f1.png"), ("other", "f2.png")]) == []
    clips = [f"clip{clip}_frame_{frame}.png" for clip in range(9) for frame in range(3)]
    assert [len(paths) for paths, *_ in series_of(*clips)] == [3] * 9


TIMES = [
    ("20240501142312_1.jpg", "20240501142315_1.jpg"),
    ("Screenshot 2024-05-01 142312.png", "Screenshot 2024-05-01 142315.png"),
    ("Screenshot 2024-05-01 at 2.23.12 PM.png", "Screenshot 2024-05-01 at 2.23.15 PM.png"),
    ("2024-05-01_14.23.12.png", "2024-05-01_14.23.15.png"),
    ("Game Screenshot 2024.05.01 - 14.23.12.27.png", "Game Screenshot 2024.05.01 - 14.23.15.27.png"),
    ("ttr-screenshot-Wed-May-01-14-23-12-2024-5.jpg", "ttr-screenshot-Wed-May-01-14-23-15-2024-5.jpg"),
    ("1714573392123.png", "1714573395123.png"),
    ("vlcsnap-2024-05-01-14h23m12s001.png", "vlcsnap-2024-05-01-14h23m15s001.png"),
]


@pytest.mark.parametrize("paths", TIMES)
def test_times_in_names_are_read_in_seconds(paths):
    ((found, is_video, seconds),) = series_of(*paths[::-1])
    assert (found, is_video) == (list(paths), False)
    assert seconds[1] - seconds[0] == pytest.approx(3)


def test_digits_that_are_no_time_are_a_number():
    assert series_of("20249950991122.png", "20249950991123.png")[0][2] == ()


def test_frame_9_comes_before_frame_10_whatever_subset_they_lie_in():
    paths = ["train/frame_10.png", "val/frame_9.png", "test/frame_11_png.rf.0123456789ab.jpg"]
    assert sorted(paths, key=natural_key) == [paths[1], paths[0], paths[2]]


@given(paths=st.lists(st.text("ab01._- /()frmpe4", min_size=1, max_size=20), unique=True, max_size=12))
def test_any_names_can_be_read_and_no_picture_is_in_two_series(paths):
    found = [index for one in all_series(named(*paths)) for step in one.steps for index in step]
    assert len(found) == len(set(found))
    found = [index for group in copies(named(*paths)) for index in group]
    assert len(found) == len(set(found))
    assert all(bare_stem(path) for path in paths if path.strip("/. "))
    assert len(sorted(paths, key=natural_key)) == len(paths)
