"""Screenshots as a browser shows them, pixel for pixel as they are extracted."""

import io

from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.data import images
from toonvision.data.picture_kinds import kind_of_content
from toonvision.label.screenshots import Screenshot

_SHOWN = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp"}
"""The kinds that every browser shows, and their media types."""


def picture_bytes(shot: Screenshot) -> tuple[bytes, str]:
    """Return a picture for a browser, and its media type.

    It is the file itself where a browser shows that as we decode it: one that its EXIF data rotates is decoded here.

    Raises:
        RejectedItemError: If it cannot be read.
    """
    content = shot.content()
    media = _SHOWN.get(kind_of_content(content) or "")
    if media and _is_upright(content):
        return content, media
    return images.encode_png(shot.shown(content)), "image/png"


def _is_upright(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_SHOWN)) as image:
            return bool(image.getexif().get(images.ORIENTATION_TAG, images.UPRIGHT) == images.UPRIGHT)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason, remedy = f"is damaged ({error})", "take or save it again"
        raise RejectedItemError(reason, remedy, code="damaged") from error
