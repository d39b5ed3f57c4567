"""The only decoder: pictures of any allowed kind become 8-bit RGB, by rules that are stated here.

The kind is recognised by content, never by the suffix. 16-bit grey keeps its upper byte. Transparent areas lie on
black. Of an animation the first frame is taken. Pixels are taken as stored: a rotation in the EXIF data is
not applied (that of a TIFF is, being part of its format), unless the annotation declares the size of the rotated
picture. A rotated picture that has boxes is refused where nobody can know which way they were drawn. Pixels of 32 bits,
whose range nobody states, are refused too.
"""

import hashlib
import io
import math
import stat
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import open_regular, read_regular
from toonvision.data.picture_kinds import kind_of_content, kinds_read, unread
from toonvision.data.videos import is_frame, read_frame

LARGEST_PIXELS = 50_000_000
LARGEST_RUN_LENGTH_PIXELS = 10_000_000
"""The most pixels of a BMP that is packed by run lengths: Pillow unpacks it pixel by pixel, in Python."""
LARGEST_AVIF_PIXELS = 30_000_000
"""The most pixels of an AVIF picture, which is unpacked as a whole, several times."""
LARGEST_FILE = 400_000_000
SIZE_DIFFERS = "size-differs"
"""The code of what `require_size` refuses."""
ORIENTATION_TAG, UPRIGHT = 0x0112, 1
"""EXIF's number of the orientation, and its value for a picture that is not to be turned."""
_ROTATED = range(2, 9)
_QUARTER_TURNS: Mapping[int, Image.Transpose] = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned as its EXIF orientation says, where that exchanges width and height."""
_SIXTEEN_BITS = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
_TOO_FINE = {"F": "floating-point", "I": "32-bit"}
_STRIP = 1024
_HEAD = 4096
_LFS_POINTER = b"version https://git-lfs"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF_CHUNKS = frozenset({b"eXIf", b"tEXt", b"zTXt"})
_EXIF_MARKS = (b"Exif\0\0", b"eXIf")
"""What EXIF data begin with in a JPEG and in a PNG."""
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2})
"""JPEG's markers of baseline, extended and progressive frames: the ones that are decoded."""
_BEFORE_FRAME = frozenset({0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})
"""Markers of segments that may precede a frame: tables, what programs add, comments."""
_MANY_PIXELS, _MANY_BYTES = 8_000_000, 30_000_000
_turn = threading.Lock()
# Of Pillow's own blocks of 16 MB the C library keeps many for itself when a large picture is let go; a single block is
# given back. Smaller pictures still take only what they need.
Image.core.set_block_size(256 * 1024**2)  # type: ignore[attr-defined]

Pictures = npt.NDArray[np.uint8]
"""Shape ``(samples, height, width, 3)``, 0 to 255."""


def size_wh(path: Path) -> tuple[int, int]:
    """Read a picture's width and height in pixels from its header.

    Raises:
        RejectedItemError: If the file cannot be read, or its header is not that of a picture we read.
    """
    stated = _stated_size(read_regular(path, limit=LARGEST_FILE, first=_HEAD))
    if stated:
        return stated
    with open_regular(path, limit=LARGEST_FILE) as file, _open(file) as image:
        return image.size


def is_rotated(path: Path) -> bool:
    """Return whether the EXIF data of a picture rotate it.

    Raises:
        RejectedItemError: If its header cannot be read.
    """
    with open_regular(path, limit=LARGEST_FILE) as file, _open(file) as image, _reporting_damage():
        has_exif = image.format != "PNG" or _may_hold_exif(path)  # Pillow decodes a PNG whole to look for it
        return has_exif and image.getexif().get(ORIENTATION_TAG, UPRIGHT) in _ROTATED


def check_header(path: Path, *, has_boxes: bool, declared_wh: tuple[int, int] | None) -> None:
    """Refuse a picture that cannot be extracted, as far as its header says so, in about the time of opening the file.

    Raises:
        RejectedItemError: As `decode` and `require_size`; damage farther in is not seen.
    """
    head = read_regular(path, limit=LARGEST_FILE, first=_HEAD)
    stated, is_marked = _stated_size(head), any(mark in head for mark in _EXIF_MARKS)
    if stated and not is_marked and not (declared_wh == stated[::-1] and _may_hold_exif(path)):
        require_size(stated, declared_wh)
        return
    with open_regular(path, limit=LARGEST_FILE) as file, _open(file) as image, _reporting_damage():
        turn = _rotation(image, has_boxes, declared_wh)
        require_size(image.size if turn is None else image.size[::-1], declared_wh)


def require_size(size_wh: tuple[int, int], declared_wh: tuple[int, int] | None) -> None:
    """Refuse a picture whose annotation declares another size than it has, both in pixels.

    Raises:
        RejectedItemError: Naming both.
    """
    if declared_wh in (None, size_wh):
        return
    pixels, declared = ("x".join(map(str, size)) for size in (size_wh, declared_wh or ()))
    reason = f"has {pixels} pixels, but its annotation says {declared}"
    remedy = f"put the picture of {declared} pixels back, on which the boxes were drawn, or annotate this one again"
    if declared_wh == size_wh[::-1]:
        reason += ": width and height look swapped"
        remedy = (
            f"if the boxes were drawn on the picture as it is, write width {size_wh[0]} and height {size_wh[1]} there; "
            f"else {remedy}"
        )
    raise RejectedItemError(reason, remedy, code=SIZE_DIFFERS)


def _stated_size(head: bytes) -> tuple[int, int] | None:
    """Return the width and height that the first bytes of a picture say, if they do and it is not too large."""
    found = _png_size(head) or _jpeg_size(head)
    return found if found and 0 < found[0] * found[1] <= LARGEST_PIXELS else None


def _may_hold_exif(path: Path) -> bool:
    """Return whether a PNG has a chunk in which EXIF data may lie, behind the pixels too; these are not decoded."""
    with open_regular(path, limit=LARGEST_FILE) as file:
        at = len(_PNG_SIGNATURE)
        if file.read(at) == _PNG_SIGNATURE:
            while len(chunk := file.read(8)) == 8:
                length, kind = struct.unpack(">I4s", chunk)
                if kind in _EXIF_CHUNKS:
                    return True
                at += length + 12
                file.seek(at)
    return False


@contextmanager
def _reporting_damage() -> Iterator[None]:
    """Refuse a picture that its decoder stumbles over: decoders answer hostile bytes with errors of any kind."""
    try:
        yield
    except (RejectedItemError, MemoryError):
        raise
    except Exception as error:
        raise RejectedItemError(f"is damaged ({error})", "take or save it again", code="damaged") from error


def _png_size(head: bytes) -> tuple[int, int] | None:
    """Return the width and height that a PNG begins with; None if it is none."""
    if len(head) < 24 or not head.startswith(_PNG_SIGNATURE) or head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Return the width and height in a JPEG's frame header; None if it is none, or the header lies farther in."""
    at = 2 if head.startswith(b"\xff\xd8\xff") else len(head)
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        if head[at + 1] not in _BEFORE_FRAME:
            return None
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None


def decode(content: bytes, *, has_boxes: bool = False, declared_wh: tuple[int, int] | None = None) -> Image.Image:
    """Decode a whole picture to mode ``RGB``, 8 bits per channel.

    Args:
        content: The bytes of its file.
        has_boxes: Whether boxes were drawn on it by a program that may have rotated it first.
        declared_wh: Width and height in pixels that its annotation states, where it does. A picture that its EXIF data
            rotates is rotated if it has this size then, and not before.

    Raises:
        RejectedItemError: If it is no picture that we read, is damaged, too large, or, where it `has_boxes`, rotated by
            its EXIF data, with a declared size that does not show which way they were drawn.
    """
    with _open(io.BytesIO(content)) as image, _reporting_damage():
        turn = _rotation(image, has_boxes, declared_wh)
        image.load()
        decoded = to_rgb(image)
        return decoded if turn is None else decoded.transpose(turn)


def _rotation(image: Image.Image, has_boxes: bool, declared_wh: tuple[int, int] | None) -> Image.Transpose | None:
    """Return how a picture has to be rotated to have the declared size."""
    orientation = image.getexif().get(ORIENTATION_TAG, UPRIGHT)
    if orientation not in _ROTATED:
        return None
    if orientation in _QUARTER_TURNS and image.width != image.height:
        if declared_wh == image.size:
            return None
        if declared_wh == image.size[::-1] and image.format != "TIFF":  # which Pillow has rotated itself
            return _QUARTER_TURNS[orientation]
    if has_boxes:
        raise RejectedItemError(
            "is rotated by its EXIF data, and its annotation does not show which way its boxes were drawn",
            "replace it with a copy that is saved as you see it, without EXIF data, and look whether its boxes fit",
            code="exif-rotation",
        )
    return None


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a loaded picture of any mode to ``RGB``, 8 bits per channel, by the rules above.

    Raises:
        RejectedItemError: If its pixels are floating-point or 32-bit numbers.
    """
    if image.mode in _TOO_FINE:
        raise RejectedItemError(f"holds {_TOO_FINE[image.mode]} pixels", "save it with 8 bits", code="float-pixels")
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.height <= _STRIP:
        return _strip_to_rgb(image)
    # Several copies of a large picture would not fit into memory; several of a strip do.
    whole = Image.new("RGB", image.size)
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        whole.paste(_strip_to_rgb(strip), (0, top))
    return whole


def _strip_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "black"), layered).convert("RGB")
    return image.convert("RGB")


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Wait, before a large picture is read, until no other thread works on one: each takes up to half a gigabyte."""
    with _turn if _is_large(path) else nullcontext():
        yield


def _is_large(path: Path) -> bool:
    with suppress(Exception):  # whoever reads it reports what is wrong with it
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return False
        if status.st_size > _MANY_BYTES:
            return True
        return math.prod(size_wh(path)) > _MANY_PIXELS
    return False


def encode_png(image: Image.Image) -> bytes:
    """Encode as PNG, quickly: only runs of equal bytes are compressed, which suits drawn pictures best."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return buffer.getvalue()


def read_whole(path: Path, *, digest: str = "", declared_wh: tuple[int, int] | None = None) -> Image.Image:
    """Read one picture, or a frame of a video, in its own size.

    Of a picture, `digest` is the SHA-256 that its file must have, if any, and the size that its annotation declares
    decides about a rotation, as in `decode`.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    if is_frame(path):
        return read_frame(path)
    content = read_regular(path, limit=LARGEST_FILE)
    if digest and hashlib.sha256(content).hexdigest() != digest:
        raise RejectedItemError("is not what was extracted", "toonvision extract makes it again", code="changed")
    return decode(content, declared_wh=declared_wh)


def _open(file: io.FileIO | io.BytesIO) -> Image.Image:
    """Open a picture from the beginning of its file, whatever was read of it; only its header is read."""
    try:
        image = Image.open(file, formats=kinds_read())
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, Image.DecompressionBombError):
            raise RejectedItemError("has too many pixels", "make it smaller", code="too-large") from error
        file.seek(0)
        head = file.read(_HEAD)
        if not head:
            raise RejectedItemError("is empty", "copy it again, or remove it", code="not-a-picture") from error
        kind = kind_of_content(head)
        if kind and kind not in kinds_read():
            raise unread(kind) from error
        if head.startswith(_LFS_POINTER):
            reason, remedy = "is a pointer that Git LFS left in place of the picture", "fetch it: git lfs pull"
            raise RejectedItemError(reason, remedy, code="not-a-picture") from error
        reason = f"is not a picture that can be read ({', '.join(kinds_read())})"
        raise RejectedItemError(reason, "replace it with a PNG, or remove it", code="not-a-picture") from error
    limit, of_its_kind = LARGEST_PIXELS, ""
    if any(tile.codec_name == "bmp_rle" for tile in image.tile):
        limit, of_its_kind = LARGEST_RUN_LENGTH_PIXELS, " in a BMP packed by run lengths"
    elif image.format == "AVIF":
        limit, of_its_kind = LARGEST_AVIF_PIXELS, " in AVIF"
    if image.width * image.height > limit:
        reason = f"has {image.width} x {image.height} pixels, more than {limit // 1_000_000} million{of_its_kind}"
        raise RejectedItemError(reason, "save it as PNG" if of_its_kind else "make it smaller", code="too-large")
    return image
