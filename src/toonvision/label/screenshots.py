"""The screenshots of a workspace, with and without annotation, by short ids that say nothing of their paths."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import read_regular
from toonvision.core.names import derived_name, folded
from toonvision.data import images
from toonvision.data.boxes import AnnotatedPicture, Box, Reading, fit_box, with_sorted_corners
from toonvision.data.contexts import in_contexts
from toonvision.data.formats import layout
from toonvision.data.own_annotations import DONE, Annotation, AnnotationFile, LabelledBox, read_annotations
from toonvision.data.own_readings import Pictures, SourceReading, assigned, without_replaced
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import SCREENSHOTS, Source, Workspace

_ID_LENGTH = 16


@dataclass(frozen=True)
class Screenshot:
    """A picture that can be labelled.

    Attributes:
        id: Names it to a page: letters and digits that do not change.
        source: Its source.
        path: The file.
        name: Its path below the source, with slashes.
        context: Where it was taken, as far as a person or its folder says.
        annotation: The file of what is decided about it, whether it is there or not.
        given: What the source says is in it; None where it says nothing.
    """

    id: str
    source: Source
    path: Path
    name: str
    context: str
    annotation: Path
    given: AnnotatedPicture | None = field(default=None, hash=False, compare=False)

    @property
    def stamp(self) -> str:
        """What another file of its name would differ in: size in bytes and time of writing; empty if there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return ""
        return f"{found.st_size}-{found.st_mtime_ns}"

    def content(self) -> bytes:
        """Return the bytes of its file.

        Raises:
            RejectedItemError: If it cannot be read.
        """
        return read_regular(self.path, limit=images.LARGEST_FILE)

    def decoded(self, content: bytes) -> Image.Image:
        """Return what these bytes of its file show, turned as its boxes were drawn.

        Raises:
            RejectedItemError: As `images.decode`.
        """
        return images.decode(content, has_boxes=self.given is not None, declared_wh=self._declared_wh)

    def shown(self, content: bytes) -> Image.Image:
        """Return the same for a person, also where nobody knows which way its boxes were drawn: then as it is stored.

        Raises:
            RejectedItemError: If it cannot be decoded.
        """
        return images.decode(content, declared_wh=self._declared_wh)

    def size_wh(self) -> tuple[int, int]:
        """Return width and height in pixels of what a person is shown.

        Raises:
            RejectedItemError: If it cannot be read.
        """
        stored = images.size_wh(self.path)
        turned = self._declared_wh == stored[::-1] != stored
        return self.shown(self.content()).size if turned else stored

    @cached_property
    def given_boxes(self) -> tuple[LabelledBox, ...]:
        """The boxes that the source has, rounded, and not fitted into the picture, which is not looked at."""
        boxes = []
        for entry in self.given.objects if self.given else ():
            with suppress(RejectedItemError):
                edges = [max(0, round(edge)) for edge in with_sorted_corners(entry).xyxy or ()]
                if edges and edges[0] < edges[2] and edges[1] < edges[3]:
                    boxes.append(LabelledBox(f"s{entry.number}", entry.label, Box(*edges), "source"))
        return tuple(boxes)

    @property
    def _declared_wh(self) -> tuple[int, int] | None:
        return self.given.size_wh if self.given else None


@dataclass(frozen=True)
class Listed:
    """The screenshots of a workspace, in the order of sources and names; what is known of them, and what is wrong.

    Attributes:
        screenshots: Those that can be labelled.
        files: What was decided about some of them before, by id.
        findings: What is wrong with annotations and contexts.
        readings: What the annotations of the sources say.
    """

    screenshots: tuple[Screenshot, ...]
    files: Mapping[str, AnnotationFile]
    findings: tuple[Finding, ...]
    readings: tuple[SourceReading, ...] = ()


def screenshot_id(source: str, name: str) -> str:
    """Return the id of a screenshot, from the key of its source and its path below that."""
    return hashlib.sha256(f"{source}\0{name}".encode()).hexdigest()[:_ID_LENGTH]


def list_screenshots(workspace: Workspace) -> Listed:
    """Find every screenshot of every source; those of a kind that cannot be read are left out.

    Raises:
        InputRejectedError: If there is none, a source cannot be read, or two annotations are of one picture.
    """
    readings: list[SourceReading] = []
    wholes: list[SourceReading] = []
    for source in workspace.sources:
        tree = SourceTree.of(source.root)
        reading = layout.read_tree(source.format, tree)
        readings.append((source, reading))
        wholes.append((source, _whole(tree, reading)))
    files, broken = read_annotations(workspace.annotations)
    own, _ = assigned(files, Pictures(wholes))
    paths = _Paths(workspace.annotations, [*own.values()], list(broken))
    findings = [*broken.values()]
    for source, reading in readings:
        done = [name for (key, name), file in own.items() if key == source.key and file.annotation.review == DONE]
        findings += [finding for finding in without_replaced(reading, done).findings if finding.skips]
    found: dict[str, Screenshot] = {}
    decided: dict[str, AnnotationFile] = {}
    for source, reading in wholes:
        known = in_contexts(_decided(reading, own, source), workspace.taxonomy)
        contexts = {picture.name: picture.context for picture in known.pictures}
        findings += known.findings
        for picture in reading.pictures:
            shot_id = screenshot_id(source.key, picture.name)
            context = contexts.get(picture.name, picture.context)
            file = own.get((source.key, picture.name))
            path = file.path if file else paths.free(context, picture.name, shot_id)
            given = picture if picture.annotation else None
            shot = Screenshot(shot_id, source, picture.path, picture.name, context, path, given)
            found[shot_id] = shot
            if file:
                decided[shot_id] = replace(file, annotation=fitted(file.annotation, shot)[0])
    if not found:
        raise InputRejectedError(
            f"{workspace.root}: there is no screenshot to label. Put some into {workspace.root / SCREENSHOTS}, in a "
            "folder for each context."
        )
    return Listed(tuple(found.values()), decided, tuple(findings), tuple(readings))


def fitted(known: Annotation, shot: Screenshot) -> tuple[Annotation, tuple[str, ...]]:
    """Return what was decided about a picture as far as it fits the present one, to be reviewed anew if not all does.

    Whether a picture has the size of its annotation is asked as an extraction asks, so that the review cures what that
    complains about.
    """
    size_wh = _present_size(shot, known.size_wh) if all(known.size_wh) else known.size_wh
    if size_wh == known.size_wh:
        return known, ()
    now, before = ("x".join(map(str, size)) for size in (size_wh, known.size_wh))
    note = (
        f"This picture has {now} pixels, but was annotated with {before}. Boxes are cut at its edges, and those of "
        "which more than half lies beyond are left out: look whether the others fit, and review it again."
    )
    boxes, rejected = _inside(known.boxes, size_wh), _inside(known.rejected, size_wh)
    review = "open" if known.review == DONE else known.review
    return replace(known, size_wh=size_wh, boxes=boxes, rejected=rejected, review=review), (note,)


def _present_size(shot: Screenshot, declared_wh: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height of a picture in pixels: as declared where it has these, or cannot be read."""
    try:
        images.check_header(shot.path, has_boxes=False, declared_wh=declared_wh)
    except RejectedItemError as error:
        with suppress(RejectedItemError):
            if error.code == images.SIZE_DIFFERS:
                return shot.size_wh()
    return declared_wh


def _inside(boxes: Iterable[LabelledBox], size_wh: tuple[int, int]) -> tuple[LabelledBox, ...]:
    """Return the boxes that lie in a picture, cut at its edges."""
    found = []
    for one in boxes:
        with suppress(RejectedItemError):
            found.append(replace(one, box=fit_box(one.box.xyxy, size_wh)[0]))
    return tuple(found)


def _decided(reading: Reading, own: Mapping[tuple[str, str], AnnotationFile], source: Source) -> Reading:
    """Return the pictures of a source in the contexts that a person decided on."""
    contexts = {name: file.annotation.context for (key, name), file in own.items() if key == source.key}
    pictures = (one._replace(context=contexts.get(one.name) or one.context) for one in reading.pictures)
    return replace(reading, pictures=tuple(pictures))


def _whole(tree: SourceTree, reading: Reading) -> Reading:
    """Return the pictures of a source that have no annotation, too; these have no name of an annotation."""
    known = {picture.name: picture for picture in reading.pictures}
    pictures = []
    for path in tree.pictures:
        name = tree.relative(path)
        if path in tree.unread or tree.confined(path):
            continue
        pictures.append(known.get(name) or AnnotatedPicture(path, name, "", tree.context_of(path)))
    return Reading(tuple(pictures))


class _Paths:
    """Finds a path for each annotation: ``<context>/<stem>.xml``, with a part of the id where that is another's."""

    def __init__(self, root: Path, files: list[AnnotationFile], broken: list[Path]) -> None:
        self._root = root
        self._taken = {folded(str(path)) for path in (*(file.path for file in files), *broken)}

    def free(self, context: str, name: str, shot_id: str) -> Path:
        """Return a path that no other screenshot has."""
        stem = Path(name).stem
        for ending in (".xml", f"~{shot_id[:6]}.xml", f"~{shot_id}.xml"):
            path = self._root / context / derived_name(stem, ending)
            if folded(str(path)) not in self._taken:
                break
        self._taken.add(folded(str(path)))
        return path
