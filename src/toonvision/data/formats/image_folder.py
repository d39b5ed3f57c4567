"""Class folders: each folder is a label, each picture in it is a crop."""

from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label
from toonvision.data.formats.base import read_pictures
from toonvision.data.source_tree import is_picture, linked_folders, relative, walk
from toonvision.taxonomy.labels import NO_CONTEXT


def read(root: Path) -> Reading:
    """Read the pictures of every folder below a root; the first folder's name is the label.

    Raises:
        InputRejectedError: If there is no such folder, or two pictures share a name.
    """

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        name = relative(path, root)
        if path.parent == root:
            remedy = "move it into the folder of its label"
            return Finding(name, "lies in no folder of a label", remedy, "no-annotation")
        try:
            label = checked_label(path.relative_to(root).parts[0])
        except RejectedItemError as error:
            return error.finding(name, pictures=1, objects=1)
        return AnnotatedPicture(path, name, name, NO_CONTEXT, (AnnotatedObject(1, label, None),))

    paths = sorted(folder / name for folder, names in walk(root) for name in names if is_picture(name))
    return read_pictures(paths, root, read_picture, linked_folders(root, root))
