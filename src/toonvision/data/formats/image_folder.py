"""Class folders: each folder is a label, each picture in it is one crop."""

from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label
from toonvision.data.source_tree import confined, is_picture, linked_folders, refuse_confusable, relative, walk
from toonvision.taxonomy.labels import NO_CONTEXT


def read(root: Path) -> Reading:
    """Read the pictures of every folder below a root; the first folder's name is the label.

    Raises:
        InputRejectedError: If there is no such folder, or two pictures share a name.
    """
    paths = [folder / name for folder, names in walk(root) for name in names if is_picture(name)]
    refuse_confusable(paths, root)
    pictures: list[AnnotatedPicture] = []
    unusable: dict[str, Finding] = {}
    for path in sorted(paths):
        name = relative(path, root)
        if outside := confined(path, root):
            unusable[name] = outside
            continue
        if path.parent == root:
            reason, remedy = "lies in no folder of a label", "move it into the folder of its label"
            unusable[name] = Finding(name, reason, remedy, "no-annotation")
            continue
        try:
            label = checked_label(path.relative_to(root).parts[0])
        except RejectedItemError as error:
            unusable[name] = error.finding(name, pictures=1, objects=1)
            continue
        pictures.append(AnnotatedPicture(path, name, name, NO_CONTEXT, (AnnotatedObject(1, label, None),)))
    return Reading(tuple(pictures), (*unusable.values(), *linked_folders(root, root)), unusable)
