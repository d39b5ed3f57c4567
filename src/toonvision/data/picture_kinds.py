"""Which files are pictures, and of what kind: their first bytes decide, and their suffix where those say nothing."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import first_bytes

KINDS_READ = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""The kinds that are always read, as Pillow calls them."""
_AVIF, _RAW = "AVIF", "camera raw"
_SUFFIXES: Mapping[str, str] = {
    "": ".png .apng .jpg .jpeg .jfif .jpe .jif .jfi .bmp .dib .gif .webp .tif .tiff",
    _AVIF: ".avif .avifs",
    "HEIC": ".heic .heif .hif",
    "JPEG XL": ".jxl",
    "JPEG 2000": ".jp2 .j2k .j2c .jpx .jpf .jpc",
    "JPEG XR": ".jxr .wdp .hdp",
    "Photoshop": ".psd .psb",
    "GIMP": ".xcf",
    "SVG": ".svg .svgz",
    "icon": ".ico .cur .icns",
    "TGA": ".tga",
    "PNM": ".ppm .pgm .pbm .pnm .pfm",
    "PCX": ".pcx",
    "EPS": ".eps",
    "OpenEXR": ".exr",
    "DDS": ".dds",
    "DICOM": ".dcm",
    _RAW: ".raw .cr2 .cr3 .crw .nef .nrw .dng .arw .orf .rw2 .raf .pef .srw .x3f",
}
"""Suffixes by kind; the kinds that are read share one line, since only the content distinguishes them."""
_KIND_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_PICTURE_AND_MORE = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|tiff?)[^a-z0-9]")
"""A suffix to which a download has added something, such as ``.jpg_large`` or ``.jpg!d``."""
_OF_OTHERS = frozenset(
    (
        ".txt", ".xml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml", ".names", ".data", ".cfg",
        ".toml", ".md", ".html", ".htm", ".log", ".py", ".ipynb", ".db", ".cache", ".zip", ".mp4", ".npy", ".npz",
    )
)  # fmt: skip
"""Suffixes of files that lie beside pictures in numbers, and that nobody needs to look into."""
_SIGNATURES: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("WEBP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("BMP", re.compile(rb"BM....\0\0\0\0....[\x0c-\x7c]\0\0\0", re.DOTALL)),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]")),
    (_AVIF, re.compile(rb"....ftyp(?:....)*?avi[fs]", re.DOTALL)),
    ("HEIC", re.compile(rb"....ftyp(?:....)*?(?:hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL)),
    (_RAW, re.compile(rb"....ftypcrx |FUJIFILMCCD-RAW", re.DOTALL)),
    ("JPEG XL", re.compile(rb"\0\0\0\x0cJXL \r\n\x87\n")),
    ("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51")),
    ("JPEG XR", re.compile(rb"II\xbc\x01")),
    ("Photoshop", re.compile(rb"8BPS\0[\1\2]")),
    ("GIMP", re.compile(rb"gimp xcf ")),
    ("OpenEXR", re.compile(rb"\x76\x2f\x31\x01")),
)
"""How pictures begin, by kind; the first that fits."""
_BEGINNING = 64
"""Bytes in which a file shows its kind."""


@cache
def kinds_read() -> tuple[str, ...]:
    """Return the kinds that can be read here, as Pillow calls them: AVIF depends on how Pillow was built."""
    from PIL import features

    return (*KINDS_READ, _AVIF) if features.check("avif") else KINDS_READ


def is_picture(name: str) -> bool:
    """Return whether a file is meant to be a picture, by its name alone.

    Examples:
        >>> [is_picture(name) for name in ("a.JPG", "a.heic", "a.jpg_large", "a.txt", "a")]
        [True, True, True, False, False]
    """
    suffix = Path(name).suffix.lower()
    return suffix in _KIND_OF or bool(_PICTURE_AND_MORE.match(suffix))


def kind_of_content(content: bytes) -> str | None:
    """Return the kind that a picture's first 64 bytes show; None where they are those of no known picture.

    Examples:
        >>> kind_of_content(b"GIF89a"), kind_of_content(b"hello")
        ('GIF', None)
    """
    beginning = content[:_BEGINNING]
    return next((kind for kind, signature in _SIGNATURES if signature.match(beginning)), None)


def is_sure(suffix: str) -> bool:
    """Return whether a suffix, such as ``.png``, alone decides whether a file is a picture; nobody looks into it."""
    return suffix in _OF_OTHERS or _KIND_OF.get(suffix) == ""


def unread_kind(path: Path) -> str | None:
    """Return the kind of a picture that cannot be read here, ``""`` for any other, and None for what is no picture.

    A suffix of the kinds that are read is believed: what is wrong with such a file is found when it is decoded.
    """
    suffix = path.suffix.lower()
    by_name = _KIND_OF.get(suffix)
    if is_sure(suffix):
        return by_name
    kind = kind_of_content(first_bytes(path, _BEGINNING))
    if by_name == _RAW and kind == "TIFF":  # which the raw formats of most cameras are built on
        return by_name
    if kind is None:
        kind = "" if _PICTURE_AND_MORE.match(suffix) else by_name
    return "" if kind in kinds_read() else kind


def unread(kind: str) -> RejectedItemError:
    """Return why a picture of a kind cannot be used."""
    reason = f"is a picture of the kind {kind}, which cannot be read here"
    return RejectedItemError(reason, "save it as PNG", code="not-a-picture")
