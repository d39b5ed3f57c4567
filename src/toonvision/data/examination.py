"""Examining annotated pictures: what can be cut out of each, and what is wrong with it. Nothing is written."""

import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import followed_inside, read_regular
from toonvision.data import images
from toonvision.data.attributes import SUFFIX, Attributes, encoded, read_attributes
from toonvision.data.boxes import AnnotatedPicture, Box, Reading, fit_box
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.fingerprints import fingerprint
from toonvision.data.source_tree import relative
from toonvision.data.workspace import Source, Workspace
from toonvision.taxonomy.labels import Taxonomy, did_you_mean

_AHEAD = 32
"""Pictures examined ahead of those that are dealt with."""


@dataclass(frozen=True)
class PictureTask:
    """One picture to look at.

    Attributes:
        source: Where it is from.
        picture: The picture with its annotation.
        known: What the catalogue knows of it, if anything.
        crops: Its crops that the catalogue knows.
    """

    source: Source
    picture: AnnotatedPicture
    known: StoredScreenshot | None
    crops: tuple[Crop, ...]


@dataclass(frozen=True)
class Cut:
    """One crop of a screenshot.

    Attributes:
        label: What it shows.
        box: Where it is cut from.
        known: What the catalogue knows of it, if anything.
        origin: The object in its annotation.
        content: The bytes of its file; empty where the file stands already.
        attributes: What else is known of the object.
    """

    label: str
    box: Box
    known: Crop | None
    origin: str
    content: bytes = b""
    attributes: Attributes = field(default_factory=dict)

    @property
    def stored(self) -> bool:
        """Whether the catalogue has all of this already."""
        known = self.known
        return (
            known is not None
            and known.origin in ("", self.origin)  # earlier versions did not store it
            and encoded(known.attributes) == encoded(self.attributes)
        )


@dataclass(frozen=True)
class ExtractionResult:
    """What became of one picture.

    Attributes:
        task: The picture.
        findings: What is wrong with it and its objects.
        cuts: Its crops, if it was kept.
        size_wh: Width and height in pixels.
        picture_hash: SHA-256 of the file.
        fingerprint: What near-duplicates are recognised by.
        kept: Whether the picture could be used.
        unchanged: Whether it was known and did not have to be decoded.
    """

    task: PictureTask
    findings: tuple[Finding, ...]
    cuts: tuple[Cut, ...] = ()
    size_wh: tuple[int, int] = (0, 0)
    picture_hash: str = ""
    fingerprint: str = ""
    kept: bool = True
    unchanged: bool = False

    def without_contents(self) -> "ExtractionResult":
        """Return the same without the bytes of its crops, once those are on disk or not needed."""
        return replace(self, cuts=tuple(replace(cut, content=b"") for cut in self.cuts))

    @property
    def stored(self) -> bool:
        """Whether the catalogue has all of this already."""
        known, task = self.task.known, self.task
        return (
            known is not None
            and (known.picture_hash, known.context) == (self.picture_hash, task.picture.context)
            and {cut.known for cut in self.cuts} == set(task.crops)
            and all(cut.stored for cut in self.cuts)
        )


def examine(task: PictureTask, taxonomy: Taxonomy, crops_folder: Path) -> ExtractionResult:
    """Read one picture and cut what is new in it; many threads can do so at once, large pictures one at a time.

    Args:
        task: The picture.
        taxonomy: The labels and contexts that there are.
        crops_folder: Where the files of known crops are.

    Returns:
        Its crops and findings; a picture that cannot be used is one finding.
    """
    with images.room_for(task.picture.path):
        return _examine(task, taxonomy, crops_folder)


def _examine(task: PictureTask, taxonomy: Taxonomy, crops_folder: Path) -> ExtractionResult:
    picture = task.picture
    try:
        if taxonomy.contexts and picture.context not in {context.name for context in taxonomy.contexts}:
            raise _unknown_context(picture.context, taxonomy)
        content = read_regular(picture.path, limit=images.LARGEST_FILE)
        digest = hashlib.sha256(content).hexdigest()
        same_picture = task.known is not None and task.known.picture_hash == digest
        decoded = None
        has_boxes = any(entry.xyxy for entry in picture.objects)
        if task.known is not None and same_picture:
            size_wh, mark = task.known.size_wh, task.known.fingerprint
        else:
            decoded = images.decode(content, has_boxes=has_boxes)
            size_wh, mark = decoded.size, fingerprint(decoded)
        if picture.size_wh not in {None, size_wh}:
            raise _wrong_size(picture.size_wh, size_wh)
        boxes, findings = _boxes(picture, size_wh, taxonomy)
        attributes, complaints = _attributes(picture, task.source.root)
        known = {(crop.label, crop.box): crop for crop in task.crops}
        cuts = []
        for (label, box), number in boxes.items():
            crop = known.get((label, box))
            stands = crop is not None and same_picture and _file_hash(crops_folder / crop.file) == crop.hash
            if not stands and decoded is None:
                decoded = images.decode(content, has_boxes=has_boxes)
            fresh = b"" if stands or decoded is None else images.encode_png(decoded.crop(box.xyxy))
            cuts.append(Cut(label, box, crop, picture.item(number), fresh, attributes.get(number, {})))
    except RejectedItemError as error:
        whole = error.finding(picture.name, pictures=1, objects=len(picture.objects))
        return ExtractionResult(task, (*picture.findings, staying(whole, len(task.crops))), kept=False)
    unchanged = decoded is None
    found = (*picture.findings, *findings, *complaints)
    return ExtractionResult(task, found, tuple(cuts), size_wh, digest, mark, unchanged=unchanged)


def examine_all(tasks: Sequence[PictureTask], workspace: Workspace, pool: Executor) -> Iterator[ExtractionResult]:
    """Examine pictures in parallel and in order, some ahead, so that no thread waits for whoever uses the results."""
    waiting: deque[Future[ExtractionResult]] = deque()
    for task in tasks:
        waiting.append(pool.submit(examine, task, workspace.taxonomy, workspace.crops))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def staying(finding: Finding, crops: int) -> Finding:
    """Add to the finding of a picture that cannot be used now how many of its earlier crops stay."""
    if not crops:
        return finding
    return replace(finding, reason=f"{finding.reason}; its earlier crops ({crops}) stay as they are")


def identical_pictures(results: Iterable[ExtractionResult]) -> list[Finding]:
    """Report pictures whose files are the same byte for byte."""
    first: dict[str, str] = {}
    findings = []
    for result in results:
        name = result.task.picture.name
        if result.kept and (other := first.setdefault(result.picture_hash, name)) != name:
            reason = f"is the same file as {other}; a split keeps both in one subset"
            findings.append(Finding(name, reason, "remove one", "identical"))
    return findings


def stray_attributes(root: Path, reading: Reading) -> list[Finding]:
    """Report attributes files that lie among the pictures and belong to none."""
    used = {picture.attributes for picture in reading.pictures}
    folders = {path.parent for path in used} | {picture.path.parent for picture in reading.pictures}
    strays = {path for folder in folders for path in folder.glob(f"[!.]*{SUFFIX}")} - used
    reason, remedy = "belongs to no picture that could be read", "name it after its picture, or remove it"
    return [Finding(relative(path, root), reason, remedy, "no-picture", files=1) for path in sorted(strays)]


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path, limit=images.LARGEST_FILE)).hexdigest()
    except RejectedItemError:
        return ""


def _unknown_context(name: str, taxonomy: Taxonomy) -> RejectedItemError:
    known = [context.name for context in taxonomy.contexts]
    return RejectedItemError(
        f"lies in the folder {name!r}, which is no context of the taxonomy.{did_you_mean(name, known)}",
        f"move it to one of {', '.join(known)}, or add the context",
        code="unknown-context",
    )


def _wrong_size(declared: tuple[int, int] | None, actual: tuple[int, int]) -> RejectedItemError:
    shown = "x".join(map(str, declared or ()))
    return RejectedItemError(
        f"has {actual[0]}x{actual[1]} pixels, but its annotation says {shown}",
        "the boxes were drawn on another size: annotate it again",
        code="size-differs",
    )


def _boxes(
    picture: AnnotatedPicture, size_wh: tuple[int, int], taxonomy: Taxonomy
) -> tuple[dict[tuple[str, Box], int], list[Finding]]:
    """Return the number of each object that can be cut, by label and box; each other one becomes a finding."""
    boxes: dict[tuple[str, Box], int] = {}
    findings = []
    for entry in picture.objects:
        try:
            if entry.label not in taxonomy.by_name:
                raise RejectedItemError(
                    f"the taxonomy knows no label {entry.label!r}.{did_you_mean(entry.label, taxonomy.by_name)}",
                    "correct the label, or add it to toonvision.toml",
                    code="unknown-label",
                )
            box, moved = fit_box(entry.xyxy or (0, 0, *size_wh), size_wh)
            if (entry.label, box) in boxes:
                raise RejectedItemError(
                    f"repeats object {boxes[entry.label, box]}: same label, same box",
                    "remove one",
                    code="duplicate",
                )
        except RejectedItemError as error:
            findings.append(error.finding(picture.item(entry.number), objects=1))
            continue
        boxes[entry.label, box] = entry.number
        if moved:
            findings.append(
                Finding(
                    picture.item(entry.number),
                    "the box left the picture by one pixel; it was clamped",
                    code="clamped",
                )
            )
    return boxes, findings


def _attributes(picture: AnnotatedPicture, root: Path) -> tuple[Mapping[int, Attributes], list[Finding]]:
    """Read what is known of the objects of a picture; a file that cannot be used becomes a finding."""
    path = picture.attributes
    if not os.path.lexists(path):
        return {}, []
    name = relative(path, root)
    try:
        followed_inside(root, path, name=name)
        found = read_attributes(path)
        last = max(found, default=0)
        if last > picture.object_count:
            raise RejectedItemError(
                f"describes object {last}, but the annotation has {picture.object_count}",
                "correct the number; objects are counted from 1",
                code="no-object",
            )
    except RejectedItemError as error:
        reason = f"{error.reason}; the crops are kept without attributes"
        return {}, [Finding(name, reason, error.remedy, error.code, files=1)]
    return found, []
