"""Region masks of crops: which pixel shows which region of the figure, where a drawn world came with masks.

A mask is a PNG whose pixels are values, not colours: ``masks/parts/<context>/<stem>.png`` holds the region of the
figure (see `REGIONS`), ``masks/instances/<context>/<stem>.png`` the number of the object, from 1, or 0.
"""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import path_inside, read_regular
from toonvision.data.boxes import Box
from toonvision.data.catalog import Crop
from toonvision.data.fitting import Resize, fit
from toonvision.data.images import LARGEST_FILE, LARGEST_PIXELS
from toonvision.data.workspace import Workspace

Mask = npt.NDArray[np.uint8]
"""Shape ``(height, width)``."""

REGIONS = ("background", "other", "cloth", "head", "hands")
"""What the values of a crop's mask mean; background is all that is not the crop's own figure."""

_REMEDY = "Draw the masks again: toonvision sample DIR --masks"


def has_masks(workspace: Workspace) -> bool:
    """Return whether the workspace has masks at all."""
    return (workspace.masks / "parts").is_dir() and (workspace.masks / "instances").is_dir()


def crop_regions(
    workspace: Workspace, crop: Crop, size_hw: tuple[int, int], *, resize: Resize = "stretch"
) -> Mask | None:
    """Return which region of the crop's own figure each pixel of a network's input shows.

    The mask is resized as the crop is, by nearest pixels; the number of the crop's object is found by its box.

    Returns:
        Shape ``size_hw`` (height, width), uint8, indices into `REGIONS`; None where the screenshot has no masks, or the
        box shows nothing of a figure.

    Raises:
        InputRejectedError: If a mask is damaged or does not fit the crop, with the file's name.
    """
    name = f"{crop.context}/{Path(crop.screenshot).stem}.png"
    try:
        files = [path_inside(workspace.masks, f"{kind}/{name}") for kind in ("parts", "instances")]
    except RejectedItemError as error:
        raise InputRejectedError(f"{workspace.masks}: {error.reason}.") from error
    if not all(file.is_file() for file in files):
        return None
    regions, instances = (read_mask(file, remedy=_REMEDY) for file in files)
    if regions.shape != instances.shape:
        raise InputRejectedError(f"{files[0]}: is not as large as {files[1]}. {_REMEDY}")
    if crop.box.x_max > regions.shape[1] or crop.box.y_max > regions.shape[0]:
        raise InputRejectedError(
            f"{files[0]}: has {regions.shape[1]} x {regions.shape[0]} pixels, and the box {crop.box.xyxy} leaves it. "
            f"{_REMEDY}"
        )
    if int(regions.max(initial=0)) >= len(REGIONS):
        raise InputRejectedError(
            f"{files[0]}: a region is a value from 0 to {len(REGIONS) - 1}; got {regions.max()}. {_REMEDY}"
        )
    number = object_in_box(instances, crop.box)
    if number is None:
        return None
    own = np.where(instances == number, regions, 0).astype(np.uint8)
    return cut(own, crop.box, size_hw=size_hw, resize=resize)


def cut(mask: Mask, box: Box, *, size_hw: tuple[int, int], resize: Resize) -> Mask:
    """Return the part of a screenshot's mask in a box, resized as the crop is, by nearest pixels."""
    x_min, y_min, x_max, y_max = box.xyxy
    part = Image.fromarray(mask[y_min:y_max, x_min:x_max])
    return fit(part, size_hw=size_hw, resize=resize, resampling=Image.Resampling.NEAREST)


def object_in_box(instances: Mask, box: Box) -> int | None:
    """Find the object that a box was drawn around: the one whose extent fits the box best.

    The extent comes before the number of pixels, since a figure in front may cover most of another one's box, but
    hardly ever fills just that box.

    Args:
        instances: Number of the object in each pixel of the screenshot, 0 where there is none.
        box: A box inside it.

    Returns:
        The object's number, from 1; None where the box holds no object.
    """
    x_min, y_min, x_max, y_max = box.xyxy
    counts = np.bincount(instances[y_min:y_max, x_min:x_max].ravel(), minlength=1)
    counts[0] = 0
    candidates = np.flatnonzero(counts)
    if not len(candidates):
        return None
    return int(max(candidates, key=lambda number: (_overlap(instances == number, box), counts[number])))


def _overlap(pixels: npt.NDArray[np.bool_], box: Box) -> float:
    """Compute the intersection over union of a box and the bounding box of pixels."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1).overlap(box)


def read_mask(path: Path, *, remedy: str) -> Mask:
    """Decode a mask and keep its values: a palette is for people only.

    Args:
        path: A PNG with a palette, or a grey one.
        remedy: What to do where it cannot be read, a sentence.

    Raises:
        InputRejectedError: If it is no PNG of one value a pixel, damaged, or too large.
    """
    try:
        content = read_regular(path, limit=LARGEST_FILE)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.mode not in ("P", "L"):
                raise InputRejectedError(
                    f"{path}: a mask has one value a pixel (PNG with a palette, or grey); got mode {image.mode}. "
                    f"{remedy}"
                )
            if image.width * image.height > LARGEST_PIXELS:
                raise InputRejectedError(f"{path}: has too many pixels ({image.width} x {image.height}). {remedy}")
            return np.array(image, dtype=np.uint8)
    except (InputRejectedError, MemoryError):
        raise
    except RejectedItemError as error:
        raise InputRejectedError(f"{path}: {error.reason}. {remedy}") from error
    except Exception as error:  # decoders answer hostile bytes with errors of any kind
        raise InputRejectedError(f"{path}: is no mask that can be read ({error}). {remedy}") from error
