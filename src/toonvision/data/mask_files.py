"""Which picture files are masks: they show what is where in another picture, and are none to learn from."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from toonvision.core.files import first_bytes
from toonvision.core.names import folded
from toonvision.data.folder_names import LAYOUT_FOLDERS, MASK_FOLDERS
from toonvision.data.subsets import named_subset

_WORN = "mask"
_PNG_HEAD = 26
"""Bytes of a PNG up to its colour type."""
_ONE_CHANNEL = (0, 3)
"""The colour types grey and palette."""
_SUFFIX = re.compile(r"[ ._-]masks?(?:[ _-]?[0-9]+)?$")


def masks_among(pictures: Sequence[Path], annotations: Iterable[Path], root: Path) -> frozenset[Path]:
    """Return the masks among pictures below a root.

    A mask lies in a folder of masks and has the stem of a picture outside of those, in the corresponding folder
    (``masks/classes/a`` to ``images/a``) or with an annotation of that stem; or it lies beside the picture and is
    called ``<stem>_mask``. One that is called so in a folder of masks may be in another subset, or in none
    (``ground_truth/cut/a_mask`` to ``test/cut/a``, as MVTec has it). What has an annotation of its own is a picture:
    `annotations` are files that may be some.
    """
    named = [(path, *_folder_and_stem(path)) for path in pictures]
    folders = {folder: _lowered(folder, root) for folder in {folder for _, folder, _ in named}}
    apart = {folder for folder, names in folders.items() if not MASK_FOLDERS.isdisjoint(names)}
    candidates = [one for one in named if one[1] in apart or ("mask" in one[2] and _SUFFIX.search(one[2]))]
    if not candidates:
        return frozenset()
    places = {folder: _place(names) for folder, names in folders.items()}
    outside: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for _, folder, stem in named:
        if folder not in apart:
            outside[stem].append(places[folder])
    annotated: dict[bool, set[str]] = {True: set(), False: set()}
    for path in annotations:
        folder, stem = _folder_and_stem(path)
        annotated[not MASK_FOLDERS.isdisjoint(_lowered(folder, root))].add(stem)

    def is_mask(folder: str, stem: str) -> bool:
        place, bare = places[folder], _SUFFIX.sub("", stem)
        if stem in annotated[folder in apart]:
            return False
        if folder not in apart:
            return place in outside.get(bare, ())
        of_stem = outside.get(stem, [])
        if of_stem and stem in annotated[False]:
            return True
        of_bare = outside.get(bare, ()) if bare != stem else ()
        return any(_ends(place, other) for other in of_stem) or any(
            _ends(_without_subsets(place), _without_subsets(other)) for other in of_bare
        )

    return frozenset(path for path, folder, stem in candidates if is_mask(folder, stem))


def are_masks(root: Path, pictures: Iterable[Path]) -> bool:
    """Return whether a folder is called after masks, or that around it, and all pictures in it are PNG of one channel.

    Such are values of classes, and grey values, which photographs of masks that are worn hardly have.
    """
    resolved = root.resolve()
    if (MASK_FOLDERS - {_WORN}).isdisjoint((resolved.name.lower(), resolved.parent.name.lower())):
        return False
    heads = [first_bytes(path, _PNG_HEAD) for path in pictures]
    return bool(heads) and all(len(head) == _PNG_HEAD and head[-1] in _ONE_CHANNEL for head in heads)


def _folder_and_stem(path: Path) -> tuple[str, str]:
    """Return the text of a file's folder, and its stem as stems are compared; quicker than a path's own."""
    folder, _, name = str(path).rpartition(os.sep)
    stem, dot, _ = name.rpartition(".")
    return folder, folded(stem if dot else name)


def _lowered(folder: str, root: Path) -> list[str]:
    return [name.lower() for name in Path(folder).relative_to(root).parts]


def _place(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of a file's folders that belong neither to a layout nor to masks."""
    return tuple(name for name in names if name not in LAYOUT_FOLDERS and name not in MASK_FOLDERS)


def _without_subsets(place: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in place if not named_subset(name))


def _ends(place: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether the last folders of a place are those of another."""
    return place[len(place) - len(other) :] == other
