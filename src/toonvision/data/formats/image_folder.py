"""Class folders: each folder is a label, each picture in it is a crop."""

from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label, gathered
from toonvision.data.source_tree import confined, is_picture, linked_folders, refuse_confusable, relative, walk
from toonvision.taxonomy.labels import NO_CONTEXT


def read(root: Path) -> Reading:
    """Read the pictures of every folder below a root; the first folder's name is the label.

    Raises:
        InputRejectedError: If there is no such folder, or two pictures share a name.
    """
    paths = [folder / name for folder, names in walk(root) for name in names if is_picture(name)]
    refuse_confusable(paths, root)
    results = {relative(path, root): _read_picture(path, root) for path in sorted(paths)}
    return gathered(results, linked_folders(root, root))


def _read_picture(path: Path, root: Path) -> AnnotatedPicture | Finding:
    name = relative(path, root)
    if outside := confined(path, root):
        return outside
    if path.parent == root:
        return Finding(name, "lies in no folder of a label", "move it into the folder of its label", "no-annotation")
    try:
        label = checked_label(path.relative_to(root).parts[0])
    except RejectedItemError as error:
        return error.finding(name, pictures=1, objects=1)
    return AnnotatedPicture(path, name, name, NO_CONTEXT, (AnnotatedObject(1, label, None),))
