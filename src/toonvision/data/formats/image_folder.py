"""Class folders: each folder is a label, each picture in it is a crop, at whatever depth.

Folders that only say how a data set is laid out (``images``), or which subset a picture belongs to (``train``), are
passed over wherever they stand. So are the outermost ones where all pictures lie in the same, where they are numbered
(``fold1``), called by a date, or named after subsets (``seg_train``), or where the folders in them are those beside
them (``more/cat`` beside ``cat``), or those in one that is named after a subset (``pets/cat`` beside
``pets-test/cat``). The first folder that is left is the label; what lies deeper belongs to it. Folders are taken for
labels only where nothing else can be meant: see `refusal`.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError, printable
from toonvision.core.wording import counted, some
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Reading, checked_label
from toonvision.data.folder_names import LAYOUT_FOLDERS, MASK_FOLDERS
from toonvision.data.formats import image_sets
from toonvision.data.formats.base import read_pictures
from toonvision.data.formats.beside import annotation_beside
from toonvision.data.formats.tensorflow_csv import COLUMNS
from toonvision.data.mask_files import are_masks
from toonvision.data.source_tree import SourceTree
from toonvision.data.subsets import Subset, named_subset, subset_in
from toonvision.data.videos import VIDEOS, is_video
from toonvision.taxonomy.labels import NO_CONTEXT

TITLE = "class folders"
_NO_LABELS = LAYOUT_FOLDERS | MASK_FOLDERS - {"mask"} | {"unlabeled", "unlabelled"}
"""A mask can be what is worn."""
_NUMBERED = re.compile(
    r"(?:ds|fold|split|part|batch|chunk|shard|set|dataset|session|run|rec|recording|seq|sequence|video|clip|take|cam|"
    r"camera|day|v|version)[ ._-]*\d+"
    r"|.*[ ._-](?:part|fold|split|batch|chunk|shard)[ ._-]*\d+"
    r"|(?:19|20)\d\d([ ._-]?)[01]\d(?:\1[0-3]\d.*)?"
    r"|[1-9]\d\d(?:canon|nikon|_?fuji|apple|media|andro|gopro|olymp|_?pana|msdcf|ricoh|photo)"
)
"""Folders that are numbered, dates, and what cameras call theirs, in lower case."""
_WORD = re.compile(r"[a-z0-9]+")
_MOST_MASKS = 20
_SCREEN_WH, _MOST_MEASURED = (640, 360), 200
_TO_LABEL = (
    "run toonvision init DIR --taxonomy FILE, put them into DIR/screenshots/<context>/, and run toonvision label -w DIR"
)
_SAY_SO = "; or, if the folders are the labels, say so: --format folders"
_NEITHER = frozenset({*VIDEOS, ".ini", ".db"})
"""Suffixes of what is neither picture nor note: videos, and what file managers write."""
_NEW_DATA = frozenset({"pred", "predict", "prediction", "predictions"})
"""What folders of pictures without labels, to be predicted, are named after."""


def recognise(tree: SourceTree) -> str | None:
    """Return in words how class folders lie in a source."""
    return None if refusal(tree) else words_of(tree)


def words_of(tree: SourceTree) -> str | None:
    """Return in words the labels that folders could mean, whatever else lies beside them; None for fewer than two."""
    labels = labels_of(tree)
    return f"class folders ({_some(labels)})" if len(labels) > 1 else None


def refusal(tree: SourceTree) -> str:
    """Return why the folders of a source are not taken for labels, and the way out; an empty text if nothing speaks."""
    labels = labels_of(tree)
    way_out = _SAY_SO if labels else ""
    if beside := annotation_beside(tree, labels):
        reason = f"{tree.relative(beside)} looks like annotations in a form that is not known"
        table = f", or write a table with the columns {COLUMNS}" if beside.suffix.lower() in (".csv", ".tsv") else ""
        return f"{reason}. Export them as Pascal VOC or COCO{table}{way_out}."
    if are_masks(tree.root, tree.pictures[:_MOST_MASKS]):
        reason = "its pictures are masks, as its name and their values say"
        return f"{reason}. Name the folder around it in its place, with the annotated pictures{way_out}."
    if len(labels) == 1:
        return _one_label(next(iter(labels)), tree)
    return ""


def _one_label(label: str, tree: SourceTree) -> str:
    """Return why a source whose folders are those of one label is refused, and the ways out."""
    count = len(tree.pictures)
    others = [path for path, own in _folders(tree).items() if not own]
    pictures = f"all {counted(count, 'picture')} have one" if count > 1 else "the only picture has one"
    more = "Put pictures of another label into a folder beside it"
    way_out = _SAY_SO
    if others:
        labelled = count - len(others)
        pictures = f"only {labelled:,} of {counted(count, 'picture')} {'has' if labelled == 1 else 'have'} a"
        more = f"Put the others, such as {tree.relative(others[0])}, into folders of their labels"
        way_out = _if_a_label(others[0].parent, tree)  # read as folders, these would still be in none of a label
    screens = f"; or, if these are whole screenshots, {_TO_LABEL}" if _screen_size(tree.pictures, tree) else ""
    return (
        f"{pictures} label, {_some([label])}, and a model needs at least two labels, to distinguish them. "
        f"{more}{screens}{way_out}."
    )


def read(tree: SourceTree) -> Reading:
    """Read the pictures in all folders that are labels.

    Raises:
        InputRejectedError: If the names of two pictures differ by case or Unicode form alone.
    """
    folders = _folders(tree)
    unlabelled = _unlabelled(folders, tree)
    subsets, notes = image_sets.read(tree)

    def read_picture(path: Path) -> AnnotatedPicture | Finding:
        name, own = tree.relative(path), folders[path]
        if not own:
            return unlabelled[path.parent]
        try:
            label = checked_label(own[0])
        except RejectedItemError as error:
            return error.finding(name, pictures=1, objects=1)
        subset = tree.subset_of(path) or subsets.get(path) or _subset_in(_before(own[0], path, tree))
        return AnnotatedPicture(path, name, name, NO_CONTEXT, (AnnotatedObject(1, label, None),), subset=subset)

    findings = (
        *_doubt(folders),
        *_beside_subsets(folders, tree),
        *_screens(folders, tree),
        *_empty(folders, tree),
        *_videos(tree),
        *notes,
    )
    return read_pictures(tree.pictures, tree, read_picture, findings, by_stem=False)


def labels_of(tree: SourceTree) -> Mapping[str, int]:
    """Return the folders that look like labels, and how many pictures each holds; sorted."""
    found = Counter(own[0] for own in _folders(tree).values() if own)
    return {} if all(map(_says_nothing, found)) else dict(sorted(found.items()))


def hint(tree: SourceTree) -> str:
    """Return the way out where folders do not look like labels and are some all the same; an empty text if none are."""
    folders = sorted({own[0] for own in _folders(tree).values() if own})
    return f" If the folders are the labels ({_some(folders)}), say so: --format folders." if folders else ""


def _folders(tree: SourceTree) -> dict[Path, tuple[str, ...]]:
    """Return the folders of each picture, from that of its label on; none where it lies in no folder of a label."""
    names = {path: _naming(path.relative_to(tree.root).parts[:-1]) for path in tree.pictures}
    while passed_over := _passed_over([own for own in names.values() if own]):
        names = {path: own[1:] if own and own[0] in passed_over else own for path, own in names.items()}
    return names


def _passed_over(folders: Sequence[tuple[str, ...]]) -> Collection[str]:
    """Return those of the outermost folders of some pictures that are no labels."""
    first = {own[0] for own in folders}
    below = {own[1] for own in folders if len(own) > 1}
    if all(map(_is_numbered, below)):  # or nothing lies below
        return ()
    whole = first - {own[0] for own in folders if len(own) == 1}
    if all(map(_says_nothing, first)) or (len(first) == 1 and (whole or len(below) > 1)):
        return first
    inner = {name: {own[1] for own in folders if own[0] == name} for name in whole}
    if whole == first and any(map(subset_in, first)) and all(names == below for names in inner.values()):
        return first
    return {name for name, names in inner.items() if names <= first - {name}}


def _naming(folders: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that belong neither to a layout nor to a subset, one in a folder of its own name once."""
    kept: list[str] = []
    for name in folders:
        passed_over = name.lower() in _NO_LABELS or named_subset(name) or (kept and kept[-1].lower() == name.lower())
        if not passed_over:
            kept.append(name)
    return tuple(kept)


def _is_numbered(name: str) -> bool:
    return bool(_NUMBERED.fullmatch(name.lower()))


def _says_nothing(name: str) -> bool:
    """Return whether a folder is numbered, or is named after a subset, as ``seg_train`` is."""
    return _is_numbered(name) or subset_in(name) is not None or not _NEW_DATA.isdisjoint(_WORD.findall(name.lower()))


def _subset_in(folders: Sequence[str]) -> Subset | None:
    """Return the subset that a word of a folder names, as in ``seg_train/cat``."""
    return next((subset for name in folders if (subset := subset_in(name))), None)


def _unlabelled(folders: Mapping[Path, Sequence[str]], tree: SourceTree) -> Mapping[Path, Finding]:
    """Return for each folder whose pictures have no label that it is so."""
    counts = Counter(path.parent for path, own in folders.items() if not own)
    first: dict[Path, Path] = {}
    for path, own in folders.items():
        if not own:
            first.setdefault(path.parent, path)
    return {folder: _no_label(folder, first[folder], count, tree) for folder, count in counts.items()}


def _no_label(folder: Path, first: Path, count: int, tree: SourceTree) -> Finding:
    more = f", as {'do' if count > 2 else 'does'} {counted(count - 1, 'more picture')} beside it" if count > 1 else ""
    remedy = f"move it into the folder of its label{_if_a_label(folder, tree)}"
    return Finding(tree.relative(first), f"lies in no folder of a label{more}", remedy, "no-annotation")


def _if_a_label(folder: Path, tree: SourceTree) -> str:
    """Return what to do where a folder that is passed over is a label; an empty text for the source itself."""
    name = printable(folder.name)
    return f"; if {name!r} is a label, rename the folder to label_{name}" if folder != tree.root else ""


def _doubt(folders: Mapping[Path, Sequence[str]]) -> list[Finding]:
    """Name the other labels that the folders could mean, where all pictures lie deeper than in that of their label."""
    labelled = [own for own in folders.values() if own]
    deeper = sorted({own[1] for own in labelled if len(own) > 1})
    if len(deeper) < 2 or any(len(own) == 1 for own in labelled):
        return []
    reason = f"the folders could also be read with the labels {_some(deeper)}, which lie one level deeper"
    remedy = "if those are the labels, call the folders around them train, val and test, or set_1, set_2 and so on"
    return [Finding(_some(sorted({own[0] for own in labelled})), reason, remedy, "two-readings")]


def _beside_subsets(folders: Mapping[Path, Sequence[str]], tree: SourceTree) -> Iterator[Finding]:
    """Doubt the labels beside folders of subsets, where other labels lie inside those."""
    labels = {own[0] for own in folders.values() if own}
    inside = {own[0] for path, own in folders.items() if own and _subset_in(_before(own[0], path, tree))}
    if len(inside) > 1 and (beside := sorted(labels - inside)):
        reason = "lies beside the folders of train, val or test, in which the other labels lie"
        yield Finding(_some(beside), reason, "if it is no label, move it out of the source", "beside-subsets")


def _empty(folders: Mapping[Path, Sequence[str]], tree: SourceTree) -> list[Finding]:
    """Name the folders beside those of labels that hold no picture; one of notes is meant for no label."""
    around = {tree.root.joinpath(*_before(own[0], path, tree)) for path, own in folders.items() if own}
    kept = {path.parent for path in tree.files if path.suffix.lower() not in _NEITHER}
    filled = {folder for own in kept for folder in (own, *own.parents)}
    found = [one for one in tree.folders if one.parent in around and one not in filled and _naming([one.name])]
    if not found:
        return []
    reason = f"{'hold' if len(found) > 1 else 'holds'} no picture"
    return [Finding(some([*map(tree.relative, found)]), reason, code="empty-folder")]


def _videos(tree: SourceTree) -> Iterator[Finding]:
    """Name the folders that hold videos, which are no examples of a label."""
    for folder, count in sorted(Counter(path.parent for path in tree.files if is_video(path)).items()):
        name = tree.relative(folder) if folder != tree.root else printable(tree.root.name)
        them, reason = ("it", "which is not read") if count == 1 else ("them", "which are not read")
        remedy = f"save single frames of {them} as pictures, and move {them} away"
        yield Finding(name, f"holds {counted(count, 'video')}, {reason}", remedy, "video")


def _before(label: str, path: Path, tree: SourceTree) -> tuple[str, ...]:
    """Return the folders of a picture before that of its label."""
    folders = path.relative_to(tree.root).parts
    return folders[: folders.index(label)]


def _screens(folders: Mapping[Path, Sequence[str]], tree: SourceTree) -> list[Finding]:
    """Doubt that the folders are labels, where all pictures have the size of a screen."""
    paths = [path for path, own in folders.items() if own]
    size = _screen_size(paths, tree)
    if size is None:
        return []
    every = f"all {counted(len(paths), 'picture')} are" if len(paths) > 1 else "the only picture is"
    reason = f"{every} {size[0]} x {size[1]} pixels, as screenshots are: the folders may be where they were taken"
    return [Finding(_some(sorted({folders[path][0] for path in paths})), reason, f"if so, {_TO_LABEL}", "screens")]


def _screen_size(paths: Sequence[Path], tree: SourceTree) -> tuple[int, int] | None:
    """Return the width and height in pixels of pictures that all have the same, that of a screen; else None."""
    size: tuple[int, int] | None = None
    for path in paths[:: 1 + len(paths) // _MOST_MEASURED]:
        try:
            tree.require_confined(path)
            found = images.size_wh(path)
        except (RejectedItemError, OSError):
            continue  # it is named when it is extracted
        if found[0] < _SCREEN_WH[0] or found[1] < _SCREEN_WH[1] or size not in (None, found):
            return None
        size = found
    return size


def _some(labels: Iterable[str]) -> str:
    return some([*map(printable, labels)])
