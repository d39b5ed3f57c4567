"""Pictures that are masks of others: which pixel belongs to what. They are passed over, and named once."""

import re
from collections.abc import Sequence
from pathlib import Path

from toonvision.core.errors import Finding
from toonvision.data.listing import stem_key
from toonvision.data.source_tree import SourceTree

_FOLDERS = frozenset({"masks", "segmentationclass", "segmentationobject", "trimaps"})
"""What folders of masks are called, in lower case."""
_MASK_OF = re.compile(r"(.+)[ _-]mask(?:[ _-]?[0-9]+)?")


def mask_pictures(tree: SourceTree) -> list[Path]:
    """Return the pictures in folders of masks, and those that are named after one beside them (``a_mask.png``)."""
    stems = {(path.parent, stem_key(path.stem)) for path in tree.pictures}
    named = {path: _MASK_OF.fullmatch(stem_key(path.stem)) for path in tree.pictures}
    return [
        path
        for path, found in named.items()
        if path.parent.name.lower() in _FOLDERS or (found and (path.parent, found[1]) in stems)
    ]


def unused(masks: Sequence[Path], tree: SourceTree) -> list[Finding]:
    """Report masks, as one."""
    if not masks:
        return []
    others = f", like {len(masks) - 1:,} others" if len(masks) > 1 else ""
    return [Finding(tree.relative(masks[0]), f"is a mask{others}; masks are not read", code="masks")]
