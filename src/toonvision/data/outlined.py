"""The masks that an extraction draws from outlines of annotations, as files of the cache."""

import io
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from toonvision.core.errors import Finding
from toonvision.core.files import write_bytes
from toonvision.data.examination import ExtractionResult
from toonvision.data.masks import Mask
from toonvision.data.outlines import drawn_masks
from toonvision.data.pixel_masks import CLASSES, INSTANCES, NOT_COUNTED, earlier_name, outlined_masks, outlined_name
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import Taxonomy

BACKGROUND = "background"
"""The class of pixels, if a taxonomy names one so, that those in no outline have."""


def write_outlined(workspace: Workspace, results: Iterable[ExtractionResult]) -> Iterator[Finding]:
    """Write the masks of screenshots whose annotations draw outlines, and remove those of others.

    Yields:
        The outlines that cannot be used.
    """
    names = [one.name for one in workspace.taxonomy.pixels]
    beside = names.index(BACKGROUND) if BACKGROUND in names else NOT_COUNTED
    for result in results:
        picture, own = result.task.picture, outlined_masks(workspace, result.task.source.key)
        paths = [own / folder / outlined_name(picture.name) for folder in (CLASSES, INSTANCES)]
        earlier = [own / folder / earlier_name(picture.context, picture.name) for folder in (CLASSES, INSTANCES)]
        if not picture.outlines or not result.kept:
            _remove([*paths, *earlier] if own.is_dir() else ())
            continue
        class_of = partial(class_of_pixels, workspace.taxonomy)
        *masks, findings = drawn_masks(picture, result.size_wh, class_of, beside=beside)
        yield from findings
        for path, mask, nothing in zip(paths, masks, (NOT_COUNTED, 0), strict=True):
            if (mask == nothing).all():
                path.unlink(missing_ok=True)
            else:
                _write(path, mask)
        _remove(earlier)


def class_of_pixels(taxonomy: Taxonomy, label: str) -> int | None:
    """Return the class of pixels that a label's have: that of its name, or of its class at any level."""
    order = {one.name: at for at, one in enumerate(taxonomy.pixels)}
    names = [label, *(taxonomy.class_of(label, level.name) for level in taxonomy.levels)]
    return next((order[name] for name in names if name in order), None)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _write(path: Path, mask: Mask) -> None:
    content = io.BytesIO()
    Image.fromarray(mask).save(content, "PNG", compress_level=1)
    if not path.is_file() or path.read_bytes() != content.getvalue():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.getvalue())
