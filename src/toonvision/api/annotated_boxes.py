"""The annotated boxes of pictures, each cut out as a picture of its own."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import read_regular
from toonvision.data import images
from toonvision.data.boxes import Box, Reading, fit_object, note_findings
from toonvision.data.examination import decode_screenshot, read_source
from toonvision.data.listing import name_text
from toonvision.data.own_readings import with_own_annotations
from toonvision.data.workspace import Source, Workspace

Cut = tuple[Path, int, str, Box, tuple[int, int]]
"""Where a crop was cut: the last fields of a `BoxPrediction`."""


def cut_boxes(paths: Sequence[Path], folder: Path, workspace: Workspace) -> tuple[dict[str, Cut], list[Finding]]:
    """Write each annotated box as a picture of its own; return by file name where it comes from.

    Args:
        paths: Pictures, or folders of pictures, in sources of the workspace or elsewhere.
        folder: Where to write.
        workspace: Its settings say which labels are left out or joined, and what a person drew in it counts.

    Raises:
        InputRejectedError: If there is no annotated box.
    """
    cuts: dict[str, Cut] = {}
    findings: list[Finding] = []
    own = cache(lambda: dict(with_own_annotations([(one, read_source(one)) for one in workspace.sources], workspace)))
    for path in paths:
        notes: list[tuple[str, str]] = []
        reading = workspace.label_rules.applied(_annotated(path, workspace, own))
        findings += [*reading.findings, *(finding for one in reading.pictures for finding in one.findings)]
        for picture in reading.pictures:
            try:
                content = read_regular(picture.path, limit=images.LARGEST_FILE)
                decoded = decode_screenshot(picture, content)
            except RejectedItemError as error:
                findings.append(error.finding(picture.name, pictures=1, objects=len(picture.objects)))
                continue
            for entry in picture.objects:
                try:
                    box, known_of_it = fit_object(entry, decoded.size)
                except RejectedItemError as error:
                    findings.append(error.finding(picture.item(entry.number), objects=1))
                    continue
                file = f"{len(cuts):08}.png"
                (folder / file).write_bytes(images.encode_png(decoded.crop(box.xyxy)))
                cuts[file] = (picture.path, entry.number, entry.label, box, decoded.size)
                notes += [(note, picture.item(entry.number)) for note in known_of_it]
        findings += note_findings(str(path), notes)
    if not cuts:
        raise _no_boxes(paths[0], findings)
    return cuts, findings


def _annotated(path: Path, workspace: Workspace, own: Callable[[], Mapping[Source, Reading]]) -> Reading:
    """Read the annotated pictures at a path: in a source of the workspace as `extract` does, else as the files say."""
    folder = path if path.is_dir() else path.parent
    if source := _source_of(folder, workspace):
        root, reading = source.root, own()[source]
    else:
        root, reading = folder, _as_files_say(folder)
    within = folder.resolve().relative_to(root.resolve()) / ("" if path.is_dir() else path.name)
    if within == Path():
        pictures, unusable, findings = reading.pictures, reading.unusable, reading.findings
    else:
        name = name_text(within.as_posix())
        pictures = tuple(one for one in reading.pictures if f"{one.name}/".startswith(f"{name}/"))
        unusable = {key: one for key, one in reading.unusable.items() if f"{key}/".startswith(f"{name}/")}
        findings = tuple(dict.fromkeys(unusable.values()))
    as_asked = (one._replace(path=path / one.path.relative_to(root / within)) for one in pictures)
    return Reading(tuple(as_asked), findings, unusable)


def _source_of(folder: Path, workspace: Workspace) -> Source | None:
    """Return the source that a folder belongs to; the innermost one where several do."""
    above = [one for one in workspace.sources if folder.resolve().is_relative_to(one.root.resolve())]
    return max(above, key=lambda one: len(one.root.resolve().parts), default=None)


def _as_files_say(root: Path) -> Reading:
    """Read the annotated pictures of a folder; one in which nothing looks like annotations has no boxes."""
    from toonvision.data.formats import layout, not_read
    from toonvision.data.source_tree import SourceTree

    tree = SourceTree.of(root)
    found = layout.layouts(tree)
    if not found and not not_read.foreign_annotations(tree):
        raise _no_boxes(root)
    return layout.read_tree((found or layout.recognised(tree))[0].format, tree)


def _no_boxes(path: Path, findings: Sequence[Finding] = ()) -> InputRejectedError:
    return InputRejectedError(
        f"{path}: no annotated box was found, so that there is nothing to predict. Leave out --boxes for pictures that "
        "show one object each.",
        findings,
    )
