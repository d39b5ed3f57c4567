"""Folders of pictures with boxes that are named after the label of all objects in them: those are no contexts."""

import re
from collections import defaultdict
from collections.abc import Sequence

from toonvision.core.names import folded
from toonvision.data.boxes import AnnotatedPicture
from toonvision.taxonomy.labels import NO_CONTEXT

_WORD = re.compile(r"[^\W_]+")


def without_label_folders(pictures: Sequence[AnnotatedPicture]) -> tuple[AnnotatedPicture, ...]:
    """Return pictures without contexts where each folder has objects of one label alone, which its name contains.

    In ``n02085620-Chihuahua`` all dogs are of the breed ``Chihuahua``, wherever they were photographed.
    """
    labels: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        if picture.context != NO_CONTEXT:
            labels[picture.context].update(entry.label for entry in picture.objects)
    filled = {context: own for context, own in labels.items() if own}
    if filled and all(len(own) == 1 and _contains(context, *own) for context, own in filled.items()):
        return tuple(picture._replace(context=NO_CONTEXT) for picture in pictures)
    return tuple(pictures)


def _contains(folder: str, label: str) -> bool:
    """Return whether the words of a label are among those of a folder, one after the other; a plural is the same."""
    words, own = (" ".join(word.rstrip("s") for word in _WORD.findall(folded(name))) for name in (folder, label))
    return bool(own) and f" {own} " in f" {words} "
