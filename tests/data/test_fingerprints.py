import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance
from scipy.sparse.csgraph import connected_components

from builders import encoded, mark_of, scene
from toonvision.data.fingerprints import LARGEST_DIFFERENCE, fingerprint, near_groups
from toonvision.data.images import decode

SIZE = (340, 240)


def plain(color="#336699", size=SIZE):
    return Image.new("RGB", size, color)


def test_a_fingerprint_says_where_brightness_rises_where_it_falls_and_which_pixels_there_are():
    rising = Image.fromarray(np.repeat(np.arange(17, dtype=np.uint8)[None] * 15, 16, axis=0)).resize(SIZE, 0)
    falling = rising.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert fingerprint(rising)[:128] == "f" * 64 + "0" * 64
    assert fingerprint(falling)[:128] == "0" * 64 + "f" * 64
    assert fingerprint(plain())[:128] == "0" * 128
    assert len(fingerprint(rising)) == 144


def test_the_same_pixels_always_give_the_same_fingerprint():
    assert fingerprint(scene("a", SIZE)) == fingerprint(scene("a", SIZE))
    assert fingerprint(plain()) != fingerprint(plain("#336698"))


@given(
    seed=st.integers(0, 10**6),
    scale=st.floats(0.4, 1.6),
    brightness=st.floats(0.92, 1.0),
    quality=st.sampled_from([None, 60, 90]),
)
def test_a_rescaled_slightly_darker_or_compressed_picture_is_near_its_original(seed, scale, brightness, quality):
    original = scene(seed, SIZE)
    size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
    changed = ImageEnhance.Brightness(original.resize(size)).enhance(brightness)
    if quality:
        changed = decode(encoded(changed, "JPEG", quality=quality))
    assert near_groups([fingerprint(original), fingerprint(changed)]) == [0, 0]


def test_a_slightly_brightened_picture_is_grouped_with_its_original():
    original = ImageEnhance.Brightness(scene("b", SIZE)).enhance(0.8)
    brightened = ImageEnhance.Brightness(original).enhance(1.1)
    assert near_groups([fingerprint(original), fingerprint(brightened)]) == [0, 0]


@given(seeds=st.lists(st.integers(0, 10**6), min_size=2, max_size=8, unique=True))
def test_different_pictures_stand_alone(seeds):
    assert near_groups([fingerprint(scene(seed, SIZE)) for seed in seeds]) == list(range(len(seeds)))


def test_plain_pictures_are_grouped_only_if_their_pixels_are_equal():
    marks = [fingerprint(plain(color)) for color in ("#ffffff", "#fefefe", "#ffffff", "#000000")]
    assert near_groups(marks) == [0, 1, 0, 3]


def test_pictures_of_single_things_are_grouped_only_if_their_pixels_are_equal():
    small = [scene("a", (60, 40)), scene("a", (58, 40)), scene("a", (60, 40))]
    assert near_groups([fingerprint(image) for image in small]) == [0, 1, 0]


def test_no_pictures_make_no_groups():
    assert near_groups([]) == []


def test_groups_reach_through_others_in_whatever_order_they_come():
    ends = mark_of(0), mark_of(0, range(60))
    middle, stranger = mark_of(0, range(30)), mark_of(1)
    assert near_groups(ends) == [0, 1]
    assert near_groups([*ends, middle]) == [0, 0, 0]
    assert near_groups([ends[0], middle, ends[1]]) == [0, 0, 0]
    assert near_groups([stranger, *ends, middle]) == [0, 1, 1, 1]


def signs(mark):
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(mark[:128]), np.uint8)).astype(int)
    return bits[:256] - bits[256:]


def are_near(one, other):
    """State the rule again: of the steps in either picture, few differ."""
    a, b = signs(one), signs(other)
    together = np.count_nonzero((a != 0) | (b != 0))
    return one == other or (together >= 64 and np.count_nonzero(a != b) <= LARGEST_DIFFERENCE * together)


@st.composite
def chained_marks(draw):
    """Fingerprints that differ in some steps from one of a few scenes, so that chains of neighbours are common."""
    return [
        mark_of(draw(st.integers(0, 2)), range(*sorted(draw(st.tuples(*[st.integers(0, 160)] * 2)))))
        for _ in range(draw(st.integers(1, 14)))
    ]


@given(marks=chained_marks())
def test_groups_are_the_connected_components_named_by_their_first_picture(marks):
    near = np.array([[are_near(one, other) for other in marks] for one in marks])
    _, component = connected_components(near, directed=False)
    first = {name: int(np.flatnonzero(component == name)[0]) for name in set(component.tolist())}
    assert near_groups(marks) == [first[name] for name in component.tolist()]
