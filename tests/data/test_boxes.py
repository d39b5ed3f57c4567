import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import tried
from toonvision.core.errors import RejectedItemError
from toonvision.data.boxes import (
    CLAMPED,
    SWAPPED,
    TINY,
    AnnotatedObject,
    Box,
    checked_label,
    fit_box,
    fit_object,
    note_findings,
    parse_coordinate,
    with_sorted_corners,
)

sizes = st.tuples(st.integers(1, 200), st.integers(1, 200))


def refusal(xyxy, size_wh):
    with pytest.raises(RejectedItemError) as caught:
        fit_box(xyxy, size_wh)
    return caught.value


@st.composite
def inside(draw):
    """A size and a box of whole pixels in it."""
    width, height = draw(sizes)
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return (left, top, draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))), (width, height)


@given(drawn=inside())
def test_a_box_of_whole_pixels_inside_the_picture_is_kept_as_it_is(drawn):
    xyxy, size_wh = drawn
    assert fit_box(xyxy, size_wh) == (Box(*xyxy), False)
    assert fit_box(tuple(map(float, xyxy)), size_wh) == (Box(*xyxy), False)


@given(drawn=inside(), shift=st.integers(-32, 31).map(lambda part: part / 64))
def test_edges_are_rounded_to_the_nearest_pixel_halves_up(drawn, shift):
    xyxy, size_wh = drawn
    box, moved = fit_box(tuple(edge + shift for edge in xyxy), size_wh)
    assert box.xyxy == xyxy
    assert not moved


def test_just_below_a_half_is_rounded_down():
    assert fit_box((0.49999999999999994, 0, 7.499999999999999, 9.5), (20, 20)) == (Box(0, 0, 7, 10), False)


@given(drawn=inside(), out=st.tuples(*[st.integers(0, 1)] * 4))
def test_a_box_one_pixel_outside_is_clamped_and_reported(drawn, out):
    (left, top, right, bottom), (width, height) = drawn
    given_box = (
        -1 if out[0] else left,
        -1 if out[1] else top,
        width + 1 if out[2] else right,
        height + 1 if out[3] else bottom,
    )
    box, moved = fit_box(given_box, (width, height))
    assert box.xyxy == (
        0 if out[0] else left,
        0 if out[1] else top,
        width if out[2] else right,
        height if out[3] else bottom,
    )
    assert moved is any(out)


@st.composite
def passing_an_edge(draw):
    """A size, and a box of which a known part, left, right, above or below the picture, is outside."""
    (width, height), edge = draw(sizes), draw(st.integers(0, 3))
    inside, outside = draw(st.integers(1, (width, height)[edge % 2])), draw(st.integers(2, 300))
    xyxy = [0, 0, width, height]
    xyxy[edge] = -outside if edge < 2 else (width, height)[edge % 2] + outside
    xyxy[(edge + 2) % 4] = inside if edge < 2 else (width, height)[edge % 2] - inside
    return tuple(xyxy), (width, height), inside, outside


@given(drawn=passing_an_edge())
def test_a_box_that_passes_the_edge_is_cut_there_if_at_least_half_of_it_is_inside_and_else_refused(drawn):
    xyxy, (width, height), inside, outside = drawn
    if inside < outside:
        error = refusal(xyxy, (width, height))
        assert error.code == "out-of-bounds"
        assert f"leaves the picture of {width} x {height} by {outside} pixels, with more than half" in error.reason
        return
    box, clamped = fit_box(xyxy, (width, height))
    assert clamped
    assert box.xyxy == (max(0, xyxy[0]), max(0, xyxy[1]), min(width, xyxy[2]), min(height, xyxy[3]))


def test_half_of_the_area_decides_where_a_box_passes_two_edges():
    assert fit_box((-3, -3, 10, 10), (20, 20)) == (Box(0, 0, 10, 10), True)  # 100 of 169
    assert refusal((-5, -5, 10, 10), (20, 20)).code == "out-of-bounds"  # 100 of 225


def test_the_box_of_an_object_comes_with_what_is_to_be_known_of_it():
    polygon = "the box around its polygon was taken"
    entry = AnnotatedObject(1, "cat", (-4, 2, 10, 3), note=polygon)
    assert fit_object(entry, (20, 20)) == (Box(0, 2, 10, 3), (polygon, CLAMPED, TINY))
    assert fit_object(AnnotatedObject(1, "cat", None), (20, 20)) == (Box(0, 0, 20, 20), ())


def test_objects_of_one_note_are_counted_together_and_nothing_is_lost():
    notes = [(CLAMPED, "a.xml, object 1"), (TINY, "a.xml, object 2"), (CLAMPED, "b.xml, object 1")]
    found = note_findings("shots", notes)
    assert [str(finding) for finding in found] == [
        f"shots: {CLAMPED} (2 objects, such as a.xml, object 1)", f"shots: {TINY} (1 object, such as a.xml, object 2)"
    ]  # fmt: skip
    assert [(finding.code, finding.skips) for finding in found] == [("recovered", False), ("tiny", False)]


@given(drawn=inside(), across=st.booleans())
def test_a_box_without_area_is_refused(drawn, across):
    (left, top, right, bottom), size_wh = drawn
    xyxy = (left, top, left, bottom) if across else (left, top, right, top)
    assert refusal(xyxy, size_wh).code == "zero-area"


@given(drawn=inside(), across=st.booleans())
def test_swapped_corners_are_sorted_with_a_note_that_leaves_another_one(drawn, across):
    (left, top, right, bottom), size_wh = drawn
    xyxy = (right, top, left, bottom) if across else (left, bottom, right, top)
    assert with_sorted_corners(AnnotatedObject(1, "cat", xyxy)) == AnnotatedObject(1, "cat", drawn[0], note=SWAPPED)
    assert with_sorted_corners(AnnotatedObject(1, "cat", xyxy, note="other")).note == "other"
    for entry in (AnnotatedObject(1, "cat", drawn[0]), AnnotatedObject(1, "cat", None)):
        assert with_sorted_corners(entry) is entry
    assert refusal(xyxy, size_wh).code == "zero-area"


@given(drawn=inside(), across=st.integers(1, 1000))
def test_a_box_beside_the_picture_is_refused_even_if_it_touches_it(drawn, across):
    _, (width, height) = drawn
    assert refusal((width, 0, width + across, height), (width, height)).code == "out-of-bounds"
    assert refusal((-1, 0, 0, height), (width, height)).code == "out-of-bounds"


@given(xyxy=st.tuples(*[st.floats(-1e300, 1e300)] * 4), size_wh=sizes)
def test_any_finite_box_is_either_inside_the_picture_or_refused(xyxy, size_wh):
    fitted, error = tried(RejectedItemError, fit_box, xyxy, size_wh)
    if error:
        assert error.code in {"zero-area", "out-of-bounds"}
    else:
        box, _ = fitted
        assert 0 <= box.x_min < box.x_max <= size_wh[0]
        assert 0 <= box.y_min < box.y_max <= size_wh[1]
        wanted = (min(max(edge, 0), limit) for edge, limit in zip(xyxy, size_wh * 2, strict=True))
        assert all(abs(edge - asked) <= 0.5 for edge, asked in zip(box.xyxy, wanted, strict=True))


@pytest.mark.parametrize("xyxy", [(0, 0, 0, 5), (0, 0, 5, 0), (5, 0, 4, 5), (-1, 0, 4, 5), (0, -1, 4, 5)])
def test_a_box_without_area_or_left_of_the_picture_cannot_be_made(xyxy):
    with pytest.raises(ValueError, match="a box needs 0 <= min < max; got"):
        Box(*xyxy)


def test_the_size_of_a_box_counts_its_pixels():
    assert Box(2, 3, 10, 20).size_wh == (8, 17)


@given(value=st.floats(allow_nan=False, allow_infinity=False), before=st.text(" \t\r\n", max_size=3))
def test_a_written_number_is_read_back_whatever_blanks_stand_around_it(value, before):
    assert parse_coordinate(f"{before}{value!r}{before[::-1]}", "xmin") == value


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("+3.", 3), (".5", 0.5), ("-1e2", -100), ("007", 7)])
def test_decimal_numbers_in_every_common_form_are_read(text, value):
    assert parse_coordinate(text, "xmin") == value


NO_NUMBERS = ["", None, " ", "nan", "NaN", "inf", "-Infinity", "1e400", "-1e999", "١٢", "１２", "²", "1_000", "0x10",
              "1,5", "1 2", "1\u00a0", "12px", "--1", "1e", "e5", ".", "½", "1\0"]  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_finite_decimal_in_ascii_digits_is_refused(text):
    with pytest.raises(RejectedItemError, match="xmin must be") as caught:
        parse_coordinate(text, "xmin")
    assert caught.value.code == "bad-number"


@given(text=st.text() | st.text("0123456789.eE+- \t٣３"))
def test_any_text_is_a_finite_number_or_refused(text):
    value, error = tried(RejectedItemError, parse_coordinate, text, "xmin")
    assert error or (math.isfinite(value) and text.isascii())


@pytest.mark.parametrize("text", [None, "", "  ", "\n"])
def test_an_empty_label_is_refused(text):
    with pytest.raises(RejectedItemError, match="has no label"):
        checked_label(text)


@pytest.mark.parametrize("text", ["a\0b", "a\nb", "\x1b[31mred", "a\u202eb", "\ud800", "a\u2028b"])
def test_a_label_that_cannot_be_printed_is_refused(text):
    with pytest.raises(RejectedItemError) as caught:
        checked_label(text)
    assert caught.value.code == "unprintable-label"


def test_a_label_of_1000_characters_is_read_and_a_longer_one_refused_in_few_words():
    assert checked_label("x" * 1000) == "x" * 1000
    with pytest.raises(RejectedItemError, match="has 1001 characters, over 1000") as caught:
        checked_label("x" * 1001)
    assert caught.value.code == "long-label"
    assert len(caught.value.reason) < 200


def test_blanks_around_a_label_do_not_count():
    assert checked_label("  Mover & Shaker\n") == "Mover & Shaker"


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2009", "\u202f"])
def test_a_blank_of_any_width_within_a_label_is_a_plain_one(blank):
    assert checked_label(f"大きい{blank}猫{blank}") == checked_label("大きい 猫") == "大きい 猫"


@pytest.mark.parametrize(
    ("xyxy", "reason"),
    [
        ((0, 40.1, 80, 40.4), "the box (0, 40, 80, 40) is less than a pixel high"),
        ((4.6, 0, 5.2, 9), "the box (5, 0, 5, 9) is less than a pixel wide"),
        ((4.6, 4.6, 5.2, 5.2), "the box (5, 5, 5, 5) is less than a pixel wide and high"),
        ((5, 5, 5, 9), "the box (5, 5, 5, 9) has no area"),
    ],
)
def test_a_box_that_is_thinner_than_a_pixel_is_said_to_be(xyxy, reason):
    assert refusal(xyxy, (100, 100)).reason == reason
