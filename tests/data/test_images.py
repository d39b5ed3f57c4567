import io
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImageOps

from builders import encoded, run_length_bmp, scene, tried
from toonvision.core.errors import RejectedItemError
from toonvision.data.images import check_header, decode, encode_png, require_size, room_for, size_wh, to_rgb


def pixels(content, **options):
    image = decode(content, **options)
    assert image.mode == "RGB"
    return np.asarray(image)


def refusal(content, **options):
    with pytest.raises(RejectedItemError) as caught:
        decode(content, **options)
    return caught.value


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, *, depth=8, color=2, rows=b"", extra=b""):
    """Write a PNG by hand; rows are unfiltered bytes with a 0 before each row."""
    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + packed + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_upper_byte(kind):
    grey = np.array([[0, 255, 256, 511, 512], [0x7FFF, 0x8000, 0xFF00, 0xFFFF, 0x1234]], dtype=np.uint16)
    expected = np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2)
    assert (pixels(encoded(Image.fromarray(grey), kind)) == expected).all()


def test_16_bit_rgb_keeps_its_upper_byte():
    row = b"\0" + struct.pack(">6H", 0x1234, 0x80FF, 0xFFFF, 0x00FF, 0x0100, 0xFF00)
    assert pixels(png((2, 1), depth=16, color=2, rows=row)).tolist() == [[[0x12, 0x80, 0xFF], [0, 1, 0xFF]]]


def test_16_bit_grey_of_the_other_byte_order_keeps_its_upper_byte():
    width, height, bits, compression, photometric, offset, samples, rows = 3, 1, 16, 1, 1, 110, 1, 1
    tags = {
        256: width,
        257: height,
        258: bits,
        259: compression,
        262: photometric,
        273: offset,
        277: samples,
        278: rows,
    }
    directory = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags.items())
    header = struct.pack(">2sHIH", b"MM", 42, 8, len(tags)) + directory + bytes(4)
    assert len(header) == offset
    tiff = header + struct.pack(">3H", 0x1234, 0x00FF, 0xFF00)
    assert pixels(tiff).tolist() == [[[0x12] * 3, [0] * 3, [0xFF] * 3]]


def test_16_bits_with_alpha_keep_their_upper_bytes_and_lie_on_black():
    grey = b"\0" + struct.pack(">4H", 0x80FF, 0xFFFF, 0x80FF, 0x00FF)
    assert pixels(png((2, 1), depth=16, color=4, rows=grey)).tolist() == [[[0x80] * 3, [0] * 3]]
    colour = b"\0" + struct.pack(">8H", 0x1234, 0x80FF, 0xFFFF, 0xFF00, 1, 2, 3, 0)
    assert pixels(png((2, 1), depth=16, color=6, rows=colour)).tolist() == [[[0x12, 0x80, 0xFF], [0, 0, 0]]]


@given(value=st.integers(0, 0xFFFF), kind=st.sampled_from(["PNG", "TIFF"]))
def test_any_16_bit_value_keeps_its_upper_byte_and_never_saturates(value, kind):
    content = encoded(Image.fromarray(np.full((1, 1), value, np.uint16)), kind)
    assert pixels(content).tolist() == [[[value >> 8] * 3]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "CMYK", "I;16"])
def test_a_tall_picture_is_converted_strip_by_strip_to_the_same_pixels(mode):
    rng = np.random.default_rng(0)
    shape = {"RGBA": (2500, 7, 4), "LA": (2500, 7, 2), "CMYK": (2500, 7, 4)}.get(mode, (2500, 7))
    depth = np.uint16 if mode == "I;16" else np.uint8
    image = Image.fromarray(rng.integers(0, np.iinfo(depth).max, shape, dtype=depth))
    if mode in {"LA", "CMYK"}:
        image = Image.frombytes(mode, image.size, image.tobytes())
    if mode == "P":
        image.putpalette(rng.integers(0, 256, 768).tolist())
        image.info["transparency"] = bytes(range(256))
    whole = np.asarray(to_rgb(image))
    for top in (0, 1000, 1020, 2047, 2499):
        rows = slice(top, top + 10)
        assert (whole[rows] == np.asarray(to_rgb(image.crop((0, top, 7, min(top + 10, 2500)))))).all()


def test_transparent_colours_of_a_palette_lie_on_black():
    image = Image.new("P", (3, 1))
    image.putpalette([200, 100, 50, 0, 255, 0, 255, 255, 255])
    image.putdata([0, 1, 2])
    assert pixels(encoded(image, transparency=1)).tolist() == [[[200, 100, 50], [0, 0, 0], [255, 255, 255]]]
    halves = encoded(image, transparency=bytes([255, 128, 0]))
    assert pixels(halves).tolist() == [[[200, 100, 50], [0, 128, 0], [0, 0, 0]]]


def test_transparent_areas_lie_on_black_and_half_transparent_ones_are_half_as_bright():
    rgba = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 51]]], dtype=np.uint8)
    assert pixels(encoded(Image.fromarray(rgba))).tolist() == [[[200, 100, 50], [0, 0, 0], [40, 20, 10]]]
    grey = np.array([[[200, 255], [200, 0]]], dtype=np.uint8)
    assert pixels(encoded(Image.fromarray(grey, "LA"))).tolist() == [[[200] * 3, [0] * 3]]


def test_a_colour_that_a_png_calls_transparent_lies_on_black():
    rows = b"\0" + bytes([1, 2, 3, 4, 5, 6])
    keyed = png((2, 1), rows=rows, extra=chunk(b"tRNS", struct.pack(">3H", 4, 5, 6)))
    assert pixels(keyed).tolist() == [[[1, 2, 3], [0, 0, 0]]]


def test_grey_and_black_and_white_become_rgb():
    assert pixels(encoded(Image.fromarray(np.array([[0, 7, 255]], dtype=np.uint8)))).tolist() == [
        [[0] * 3, [7] * 3, [255] * 3]
    ]
    assert pixels(encoded(Image.new("1", (2, 1), 1))).tolist() == [[[255] * 3] * 2]


def test_cmyk_is_converted():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert pixels(encoded(image, "TIFF"))[0, 0].tolist() == [255, 0, 0]
    red = pixels(encoded(image, "JPEG", quality=95))[8, 8].astype(int)
    assert np.abs(red - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (8, 8), color) for color in ("#ff0000", "#0000ff")]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert (pixels(content) == [255, 0, 0]).all()


def rotated(kind="JPEG", orientation=6, size_wh=(64, 48)):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(scene("rotated", size_wh), kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_that_exif_rotates_is_refused_if_it_has_boxes_and_taken_as_stored_if_not(kind):
    error = refusal(rotated(kind), has_boxes=True)
    assert error.code == "exif-rotation"
    assert "saved as you see it, without EXIF data" in error.remedy
    turned = kind == "TIFF"  # where the orientation is part of the format
    assert pixels(rotated(kind)).shape == ((64, 48, 3) if turned else (48, 64, 3))
    assert pixels(rotated(kind, orientation=1), has_boxes=True).shape == (48, 64, 3)


KINDS = ["JPEG", "PNG", "WEBP"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_the_declared_size_says_whether_boxes_were_drawn_on_the_rotated_picture(kind, orientation):
    content = rotated(kind, orientation)
    stored, turned = (
        decode(content, has_boxes=True, declared_wh=(64, 48)),
        decode(content, has_boxes=True, declared_wh=(48, 64)),
    )
    with Image.open(io.BytesIO(content)) as image:
        assert (np.asarray(stored) == np.asarray(image.convert("RGB"))).all()
        assert (np.asarray(turned) == np.asarray(ImageOps.exif_transpose(image).convert("RGB"))).all()


@pytest.mark.parametrize(
    ("orientation", "size_wh", "declared_wh"),
    [
        (6, (64, 48), None),
        (6, (64, 48), (32, 24)),
        (6, (48, 48), (48, 48)),
        (3, (64, 48), (64, 48)),
        (2, (64, 48), (64, 48)),
    ],
    ids=["no size", "another size", "square", "upside down", "mirrored"],
)
def test_a_rotated_picture_with_boxes_is_refused_where_its_declared_size_tells_nothing(
    orientation, size_wh, declared_wh
):
    error = refusal(rotated("JPEG", orientation, size_wh), has_boxes=True, declared_wh=declared_wh)
    assert error.code == "exif-rotation"
    upright = encoded(scene("as it is seen", size_wh), "JPEG")
    assert decode(upright, has_boxes=True, declared_wh=declared_wh).size == size_wh


def test_a_rotated_tiff_is_rotated_by_its_format():
    assert decode(rotated("TIFF"), has_boxes=True, declared_wh=(48, 64)).size == (48, 64)
    assert refusal(rotated("TIFF"), has_boxes=True, declared_wh=(64, 48)).code == "exif-rotation"


def late_exif(content):
    """Return a PNG whose EXIF data lie behind its pixels."""
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4])
    last = content.index(b"IEND") - 4
    return content[:start] + content[end:last] + content[start:end] + content[last:]


UPRIGHT = {kind: encoded(scene("upright"), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF")}
TURNED = {kind: rotated(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF")}
AS_SAVED = {**UPRIGHT, **{f"rotated {kind}": content for kind, content in TURNED.items()}}
AS_SAVED |= {"upside down": rotated("JPEG", 3), "late": late_exif(rotated("PNG")), "empty": b"", "text": b"text"}


@pytest.mark.parametrize("declared_wh", [None, (64, 48), (48, 64), (32, 24)])
@pytest.mark.parametrize("name", AS_SAVED)
def test_the_header_says_as_much_as_decoding_says(tmp_path, name, declared_wh):
    (tmp_path / "a").write_bytes(AS_SAVED[name])

    def whole():
        require_size(decode(AS_SAVED[name], has_boxes=True, declared_wh=declared_wh).size, declared_wh)

    _, wanted = tried(RejectedItemError, whole)
    _, error = tried(RejectedItemError, check_header, tmp_path / "a", has_boxes=True, declared_wh=declared_wh)
    assert (error and (error.code, str(error))) == (wanted and (wanted.code, str(wanted)))


def test_a_header_is_checked_without_decoding(tmp_path, monkeypatch):
    for name in ("JPEG", "PNG", "rotated JPEG", "rotated PNG"):
        (tmp_path / name).write_bytes(AS_SAVED[name])
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was decoded"))
    for declared_wh in ((64, 48), (48, 64), (32, 24)):
        for path in tmp_path.iterdir():
            tried(RejectedItemError, check_header, path, has_boxes=True, declared_wh=declared_wh)


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_means_nothing_rotates_nothing(orientation):
    assert decode(rotated("PNG", orientation), has_boxes=True).size == (64, 48)


def test_the_kind_is_recognised_by_content_not_by_suffix(tmp_path):
    path = tmp_path / "photo.PNG"
    path.write_bytes(encoded(scene("a"), "JPEG"))
    assert size_wh(path) == (64, 48)
    assert pixels(path.read_bytes()).shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_half_a_picture_is_refused(kind, share):
    content = encoded(scene("noise", (200, 150)), kind)
    error = refusal(content[: int(len(content) * share)])
    assert error.code in {"damaged", "not-a-picture"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_the_size_is_that_of_the_decoded_picture(tmp_path, kind):
    (tmp_path / "a").write_bytes(encoded(scene("a", (37, 21)), kind))
    assert size_wh(tmp_path / "a") == (37, 21)


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"comment": b"x" * 60_000}, {"exif": b"Exif\0\0" + b"x" * 900}]
)
def test_the_size_of_a_jpeg_is_found_behind_whatever_precedes_it(tmp_path, options):
    (tmp_path / "a.jpg").write_bytes(encoded(scene("a", (37, 21)), "JPEG", **options))
    assert size_wh(tmp_path / "a.jpg") == (37, 21)


def test_half_a_jpeg_with_a_good_header_is_refused_only_when_decoded_fully(tmp_path):
    path = tmp_path / "half.jpg"
    content = encoded(scene("noise", (200, 150)), "JPEG")
    path.write_bytes(content[: len(content) // 2])
    assert size_wh(path) == (200, 150)
    assert refusal(path.read_bytes()).code == "damaged"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=["empty", "text", "svg", "postscript", "png signature"],
)
def test_what_is_no_picture_is_refused(content, tmp_path):
    assert refusal(content).code in {"not-a-picture", "damaged"}
    (tmp_path / "words.png").write_bytes(content)
    with pytest.raises(RejectedItemError):
        size_wh(tmp_path / "words.png")


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX"])
def test_kinds_that_are_not_allowed_are_refused_however_well_they_are_made(kind):
    assert refusal(encoded(scene("a"), kind)).code == "not-a-picture"


@pytest.mark.parametrize("size", [(8000, 6251), (20000, 20000), (2**31 - 1, 2**31 - 1)])
def test_more_than_50_megapixels_are_refused_before_anything_is_decoded(size):
    content = png(size, rows=bytes(1000))
    tracemalloc.start()
    error = refusal(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.code == "too-large"
    assert peak < 5_000_000


def test_50_megapixels_are_allowed(tmp_path):
    (tmp_path / "large.png").write_bytes(png((8000, 6250)))
    assert size_wh(tmp_path / "large.png") == (8000, 6250)
    (tmp_path / "larger.png").write_bytes(png((8000, 6251)))
    with pytest.raises(RejectedItemError, match="has 8000 x 6251 pixels, more than 50 million"):
        size_wh(tmp_path / "larger.png")


def test_a_bmp_packed_by_run_lengths_is_limited_further_since_one_byte_can_take_seconds():
    unpacked = run_length_bmp((3, 2), b"\2\1\1\0\0\0" + b"\3\1\0\1")
    assert pixels(unpacked).shape == (2, 3, 3)
    error = refusal(run_length_bmp((2_000_000, 9), b"\1\1\0\0"))
    assert error.code == "too-large"
    assert error.reason == "has 2000000 x 9 pixels, more than 10 million in a BMP packed by run lengths"
    assert error.remedy == "save it as PNG"


def peak_memory(content):
    """Return the most memory in MB that Python and NumPy hold at once while decoding."""
    tracemalloc.start()
    decode(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def test_16_bit_pictures_are_brought_to_8_bits_without_wide_copies():
    content = encoded(Image.fromarray(np.zeros((1000, 1000), dtype=np.uint16)))
    assert peak_memory(content) < 10


@pytest.mark.parametrize(("mode", "words"), [("F", "floating-point"), ("I", "32-bit")])
def test_pixels_whose_range_nobody_states_are_refused(mode, words):
    error = refusal(encoded(Image.new(mode, (4, 4)), "TIFF"))
    assert (error.code, error.reason) == ("float-pixels", f"holds {words} pixels")


def test_one_large_picture_at_a_time_is_worked_on_and_small_ones_do_not_wait(tmp_path):
    (tmp_path / "large.png").write_bytes(png((8000, 6250)))
    (tmp_path / "bytes.png").write_bytes(bytes(30_000_001))
    scene("small").save(tmp_path / "small.png")
    entered = []

    def enter(name):
        with room_for(tmp_path / name):
            entered.append(name)

    with ThreadPoolExecutor(4) as pool:
        with room_for(tmp_path / "large.png"):
            pool.submit(enter, "small.png").result(30)
            pool.submit(enter, "nobody.png").result(30)
            waiting = [pool.submit(enter, name) for name in ("large.png", "bytes.png")]
            assert not any(future.done() for future in waiting)
            assert entered == ["small.png", "nobody.png"]
        for future in waiting:
            future.result(30)
    assert len(entered) == 4


@given(seed=st.integers(0, 50), size=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_a_crop_survives_encoding_pixel_for_pixel_and_always_gives_the_same_bytes(seed, size):
    image = scene(seed, size)
    assert (pixels(encode_png(image)) == np.asarray(image)).all()
    assert encode_png(image) == encode_png(image.copy())


WHOLE = [encoded(scene("fuzz"), kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")]
WHOLE += [rotated("PNG"), rotated("TIFF"), encoded(scene("fuzz").quantize(16), "PNG", transparency=3)]
WHOLE += [encoded(scene("fuzz"), "TIFF", compression=name) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg")]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=settings().max_examples * 2)
@given(
    content=st.sampled_from(WHOLE),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    near_start=st.booleans(),
    has_boxes=st.booleans(),
)
def test_a_picture_with_changed_bytes_is_decoded_or_refused_and_never_anything_else(
    content, changes, near_start, has_boxes
):
    damaged = bytearray(content)
    for place, value in changes:
        damaged[int(place * (min(200, len(damaged)) if near_start else len(damaged)))] = value
    image, error = tried(RejectedItemError, decode, bytes(damaged), has_boxes=has_boxes)
    if error:
        assert error.code
        assert error.remedy
    else:
        assert image.mode == "RGB"


def test_a_picture_that_cannot_be_found_is_rejected_with_the_reason(tmp_path):
    with pytest.raises(RejectedItemError, match="cannot be read \\(No such file or directory\\)"):
        size_wh(tmp_path / "nobody.png")
