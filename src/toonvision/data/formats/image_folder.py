"""Class folders: each folder is a label, each picture in it is a crop."""

from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label
from toonvision.data.formats.base import read_pictures
from toonvision.data.source_tree import SourceTree
from toonvision.taxonomy.labels import NO_CONTEXT

TITLE = "class folders"


def recognise(tree: SourceTree) -> str | None:
    """Return in words how class folders lie in a source."""
    return "one folder for each class" if any(path.parent != tree.root for path in tree.pictures) else None


def read(tree: SourceTree) -> Reading:
    """Read the pictures of every folder below a root; the first folder's name is the label.

    Raises:
        InputRejectedError: If two pictures share a name.
    """

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        name = tree.relative(path)
        if path.parent == tree.root:
            remedy = "move it into the folder of its label"
            return Finding(name, "lies in no folder of a label", remedy, "no-annotation")
        try:
            label = checked_label(path.relative_to(tree.root).parts[0])
        except RejectedItemError as error:
            return error.finding(name, pictures=1, objects=1)
        return AnnotatedPicture(path, name, name, NO_CONTEXT, (AnnotatedObject(1, label, None),))

    return read_pictures(tree.pictures, tree, read_picture)
