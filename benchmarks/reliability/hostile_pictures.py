"""Hostile pictures: each stands beside a good Pascal VOC annotation of one small box."""

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from hostile_cases import CONTEXT, GOOD_XML, Case, Content, encoded, good, scene
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HUGE_WH = (8000, 6250)
"""Just the 50 million pixels that are allowed."""


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(
    size_wh: tuple[int, int], *, depth: int = 8, color: int = 2, row: bytes | None = None, extra: bytes = b""
) -> bytes:
    """Write a PNG by hand, every row alike; with an empty row the pixels are missing."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    line = bytes(1 + size_wh[0] * channels * depth // 8) if row is None else row
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(line) for _ in range(size_wh[1] if line else 0)) + packer.flush()
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size_wh, depth, color, 0, 0, 0))
    return _SIGNATURE + header + extra + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _gif(screen_wh: tuple[int, int], frame_wh: tuple[int, int]) -> bytes:
    """Write a GIF whose only frame may be larger than its screen, and holds next to nothing."""
    colors = b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, *frame_wh, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", *screen_wh, 0x80, 0, 0) + colors + frame + b";"


def _bmp(size_wh: tuple[int, int]) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, *size_wh, 1, 24, 0, 0, 0, 0, 0, 0)


def _jpeg_of(size_wh: tuple[int, int]) -> bytes:
    """Change the size that a JPEG declares."""
    content = bytearray(encoded(scene("jpeg"), "JPEG"))
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = struct.pack(">HH", size_wh[1], size_wh[0])
    return bytes(content)


def _tiff_of(size_wh: tuple[int, int]) -> bytes:
    """Change the size that a TIFF declares: its tags 256 and 257, each one short number."""
    content = encoded(scene("tiff"), "TIFF")
    for tag, side, length in zip((256, 257), (64, 48), size_wh, strict=True):
        content = content.replace(struct.pack("<HHII", tag, 4, 1, side), struct.pack("<HHII", tag, 4, 1, length))
        content = content.replace(struct.pack("<HHIHH", tag, 3, 1, side, 0), struct.pack("<HHII", tag, 4, 1, length))
    return content


def _rotated(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(scene(f"rotated {kind}"), kind, exif=exif)


def _noise(kind: str, share: float, **options: Any) -> bytes:
    """Return the first part of a picture that compresses badly."""
    pixels = np.random.default_rng(1).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(pixels), kind, **options)
    return content[: int(len(content) * share)]


def _flipped(content: bytes, index: int) -> bytes:
    return content[:index] + bytes([content[index] ^ 0x10]) + content[index + 1 :]


def _animated(kind: str, **options: Any) -> bytes:
    frames = [scene(f"{kind} frame {number}") for number in range(3)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)


def _sparse(size: int, start: bytes = b"") -> Content:
    """Make a file that claims many bytes and takes none."""

    def make(path: Path) -> None:
        path.write_bytes(start)
        os.truncate(path, size)

    return make


def _palette(**options: Any) -> bytes:
    return encoded(scene("palette").quantize(16), **options)


def _sixteen_bits(kind: str) -> bytes:
    grey = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
    return encoded(Image.fromarray(grey), kind)


def _unreadable_pictures() -> Iterable[tuple[str, Content, str]]:
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        for share in (0.5, 0.9):
            code = "not-a-picture" if kind == "WEBP" else "damaged"
            yield f"{share:.0%} of a {kind.lower()}.{kind.lower()}", _noise(kind, share), code
    yield "empty.png", b"", "not-a-picture"
    yield "one byte.jpg", b"\xff", "not-a-picture"
    yield "text.png", b"This is no picture.\n", "not-a-picture"
    yield "html.jpg", b"<html><script>alert(1)</script></html>", "not-a-picture"
    yield (
        "svg.png",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "not-a-picture",
    )
    yield "postscript.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n", "not-a-picture"
    yield "pdf.jpg", b"%PDF-1.7\n", "not-a-picture"
    yield "zip.png", b"PK\x03\x04" + bytes(60), "not-a-picture"
    yield "program.bmp", b"MZ" + bytes(200), "not-a-picture"
    yield "shell script.gif", b"#!/bin/sh\ntouch owned\n", "not-a-picture"
    yield "zeros.png", bytes(10_000), "not-a-picture"
    yield "random bytes.png", np.random.default_rng(0).bytes(5000), "not-a-picture"
    for kind in ("PPM", "TGA", "ICO", "PCX"):
        yield f"{kind.lower()}, a kind that is not read.png", encoded(scene(kind), kind), "not-a-picture"
    yield "png signature alone.png", _SIGNATURE, "not-a-picture"
    yield "png without pixels.png", _png((64, 48), row=b""), "damaged"
    yield "png of width 0.png", _png((0, 48)), "not-a-picture"
    yield "png header with a wrong checksum.png", _flipped(good("checksum"), 18), "not-a-picture"
    yield "png with a flipped bit.png", _flipped(_noise("PNG", 1), 20_000), "damaged"
    yield "floating-point pixels.tif", encoded(Image.new("F", (64, 48)), "TIFF"), "float-pixels"
    yield "32-bit pixels.tif", encoded(Image.new("I", (64, 48)), "TIFF"), "float-pixels"
    bomb = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    yield "text bomb of 100 MB.png", _png((64, 48), extra=bomb), "not-a-picture"


def _bombs() -> Iterable[tuple[str, Content, str]]:
    for width, height in ((8000, 6251), (10_000, 9500), (20_000, 20_000), (2**31 - 1, 2**31 - 1)):
        yield f"png of {width} x {height}.png", _png((width, height), row=b""), "too-large"
    yield "gif of 65535 x 65535.gif", _gif((65_535, 65_535), (65_535, 65_535)), "too-large"
    yield "gif with a frame larger than its screen.gif", _gif((8, 8), (65_535, 65_535)), "too-large"
    yield "bmp of 30000 x 30000.bmp", _bmp((30_000, 30_000)), "too-large"
    yield "jpeg of 65500 x 65500.jpg", _jpeg_of((65_500, 65_500)), "too-large"
    yield "tiff of 1000000 x 1000000.tif", _tiff_of((1_000_000, 1_000_000)), "too-large"
    yield "file of 401 MB.png", _sparse(401_000_000, _SIGNATURE), "too-large"


def _odd_but_good() -> Iterable[tuple[str, Content]]:
    yield "jpeg named.png", encoded(scene("jpeg named png"), "JPEG")
    yield "png named.JPG", good("png named jpg")
    yield "gif named.TIFF", encoded(scene("gif named tiff"), "GIF")
    yield "upper-case suffix.PNG", good("upper-case suffix")
    yield "16-bit grey.png", _sixteen_bits("PNG")
    yield "16-bit grey in a tiff.tiff", encoded(Image.fromarray(np.full((48, 64), 40_000, np.uint16)), "TIFF")
    yield "16-bit colour.png", _png((64, 48), depth=16, color=2)
    yield "16-bit colour with alpha.png", _png((64, 48), depth=16, color=6, row=b"\0" + b"\xff\0" * 256)
    yield "palette.png", _palette()
    yield "palette with transparency.png", _palette(transparency=bytes(range(0, 160, 10)))
    yield "transparent colour.png", _png((64, 48), row=b"\0" + bytes([1, 2, 3] * 64), extra=_chunk(b"tRNS", bytes(6)))
    yield "black and white.png", encoded(scene("black and white").convert("1"))
    yield "grey with alpha.png", encoded(scene("grey with alpha").convert("LA"))
    yield "wholly transparent.png", encoded(Image.new("RGBA", (64, 48)))
    yield "cmyk.jpg", encoded(scene("cmyk jpeg").convert("CMYK"), "JPEG")
    yield "cmyk in a tiff.tif", encoded(scene("cmyk tiff").convert("CMYK"), "TIFF")
    yield "progressive.jpg", encoded(scene("progressive"), "JPEG", progressive=True)
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        yield f"animated {kind.lower()}.{kind.lower()}", _animated(kind)
    yield "rubbish behind its end.png", good("rubbish behind") + b"<?php system('id') ?>" * 100
    yield "very wide.png", encoded(scene("wide", (20_000, 4)))
    yield "very tall.png", encoded(scene("tall", (4, 20_000)))


def _heavy() -> Iterable[tuple[str, Content, str]]:
    for number in range(2):
        row = b"\0" + bytes([number, 7]) * _HUGE_WH[0]
        yield f"50 million 16-bit pixels {number}.png", _png(_HUGE_WH, depth=16, color=0, row=row), ""
    yield "50 million transparent pixels.png", _png(_HUGE_WH, color=6), ""
    large = _png((8000, 5000), row=b"\0" + b"\7" * 3 * 8000)
    for number in range(6):
        yield f"40 million pixels without their end {number}.png", large[: len(large) * 19 // 20 + number], "damaged"
    yield "100 MB of zeros.png", _sparse(100_000_000), "not-a-picture"


def _case(file: str, content: Content, code: str = "", *, predicted: str | None = None) -> Case:
    picture = f"{CONTEXT}/{file}"
    stem = Path(file).stem
    return Case(
        stem,
        {picture: content, f"{CONTEXT}/{stem}.xml": GOOD_XML},
        codes=(code,) if code else (),
        kept=not code,
        picture=picture,
        predicted=code if predicted is None else predicted,
    )


def picture_cases() -> list[Case]:
    """List hostile pictures, in Pascal VOC."""
    one_pixel = Case(
        "one pixel",
        {f"{CONTEXT}/one pixel.png": encoded(Image.new("RGB", (1, 1), "red")), f"{CONTEXT}/one pixel.xml": GOOD_XML},
        codes=("out-of-bounds",),
        picture=f"{CONTEXT}/one pixel.png",
    )
    return [
        *(_case(name, content, code) for name, content, code in _unreadable_pictures()),
        *(_case(name, content, code) for name, content, code in _bombs()),
        *(_case(name, content) for name, content in _odd_but_good()),
        *(
            _case(f"{kind.lower()} that exif rotates.{kind.lower()}", _rotated(kind), "exif-rotation", predicted="")
            for kind in ("JPEG", "PNG", "WEBP", "TIFF")
        ),
        one_pixel,
    ]


def heavy_picture_cases() -> list[Case]:
    """List pictures that need much time or memory, however small their files are."""
    return [_case(name, content, code) for name, content, code in _heavy()]
