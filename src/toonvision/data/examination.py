"""Examining the sources: what they hold, what the catalogue knows of it, what can be cut out, and what is wrong.

Nothing is written.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, shown
from toonvision.core.files import read_regular
from toonvision.core.wording import listed
from toonvision.data import images
from toonvision.data.attributes import SUFFIX, Attributes, attributes_path, encoded
from toonvision.data.boxes import AnnotatedPicture, Box, Reading, note_findings
from toonvision.data.contexts import in_contexts
from toonvision.data.fingerprints import fingerprint
from toonvision.data.formats import layout
from toonvision.data.listing import relative
from toonvision.data.own_readings import UNANNOTATED, SourceReading, with_own_annotations
from toonvision.data.records import Crop, Known, StoredScreenshot
from toonvision.data.sound_objects import attributes_of, sound_boxes, sound_regions
from toonvision.data.unknown_labels import Vocabulary
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, Source, Workspace

_AHEAD = 32
"""Pictures examined ahead of those that are dealt with."""


@dataclass(frozen=True)
class PictureTask:
    """One picture to examine, and what the catalogue knows of it: its row, if any, its crops and its regions."""

    source: Source
    picture: AnnotatedPicture
    known: StoredScreenshot | None
    crops: tuple[Crop, ...]
    regions: tuple[Crop, ...] = ()


@dataclass(frozen=True)
class Cut:
    """One crop of a screenshot: what it shows, where it is cut from, and what is known of the object.

    Attributes:
        known: What the catalogue knows of it, if anything.
        origin: The object in its annotation.
        content: The bytes of its file; empty where the file stands already.
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
        if known is None or known.origin not in ("", self.origin):  # earlier versions did not store it
            return False
        return encoded(known.attributes) == encoded(self.attributes)


@dataclass(frozen=True)
class ExtractionResult:
    """What became of one picture; see `StoredScreenshot` for what is not explained here.

    Attributes:
        findings: What is wrong with it and its objects.
        cuts: Its crops, if it was kept.
        kept: Whether the picture could be used.
        unchanged: Whether it was known and did not have to be decoded.
        notes: What is to be known of its crops, each with the object in its annotation.
        regions: Where nobody need find an object; no crop is cut there.
    """

    task: PictureTask
    findings: tuple[Finding, ...]
    cuts: tuple[Cut, ...] = ()
    size_wh: tuple[int, int] = (0, 0)
    picture_hash: str = ""
    fingerprint: str = ""
    kept: bool = True
    unchanged: bool = False
    notes: tuple[tuple[str, str], ...] = ()
    regions: tuple[Cut, ...] = ()

    def without_contents(self) -> "ExtractionResult":
        """Return the same without the bytes of its crops, once those are on disk or not needed."""
        return replace(self, cuts=tuple(replace(cut, content=b"") for cut in self.cuts))

    def crop_of(self, cut: Cut, *, number: int, file: str, digest: str) -> Crop:
        """Return one of its crops as it is stored."""
        picture = self.task.picture
        return Crop(
            0, cut.label, number, file, digest, cut.box, 0, self.task.source.key, picture.name, picture.context,
            self.fingerprint, cut.origin, cut.attributes,
        )  # fmt: skip

    @property
    def stored(self) -> bool:
        """Whether the catalogue has all of this already."""
        known, task = self.task.known, self.task
        return (
            known is not None
            and (known.picture_hash, known.context) == (self.picture_hash, task.picture.context)
            and {cut.known for cut in self.cuts} == set(task.crops)
            and all(cut.stored for cut in self.cuts)
            and list(map(_written, self.regions)) == list(map(_written, task.regions))
        )


def read_sources(workspace: Workspace) -> list[SourceReading]:
    """Read the annotations of every source.

    Raises:
        InputRejectedError: If there is no source, one is missing, or two of its pictures have one name.
    """
    require_sources(workspace)
    return as_set([(source, read_source(source)) for source in workspace.sources], workspace)


def read_source(source: Source) -> Reading:
    """Read the annotations of a source as they are.

    Raises:
        InputRejectedError: If it is missing, or two of its pictures have one name.
    """
    return layout.read(source.format, source.root)


def as_set(readings: Sequence[SourceReading], workspace: Workspace) -> list[SourceReading]:
    """Return readings with the workspace's own annotations, and with labels and contexts as its settings want them.

    Raises:
        InputRejectedError: If two own annotations are of one picture.
    """
    return [
        (source, in_contexts(workspace.label_rules.applied(reading), workspace.taxonomy))
        for source, reading in with_own_annotations(readings, workspace)
    ]


def require_sources(workspace: Workspace) -> None:
    """Refuse a workspace without any source.

    Raises:
        InputRejectedError: If there is none.
    """
    if not workspace.sources:
        raise InputRejectedError(
            f"{workspace.root}: there is nothing to read: no folder {SCREENSHOTS} and no [[sources]] in {SETTINGS}. "
            "Put the screenshots back, or name their folder."
        )


def refuse_emptied(source: Source, reading: Reading, known: Known) -> None:
    """Refuse a source that had pictures and has none: a drive that is not mounted must not cost all crops.

    Raises:
        InputRejectedError: Naming the source.
    """
    if not (reading.pictures or reading.unusable) and any(shot.source == source.key for shot in known.screenshots):
        raise InputRejectedError(
            f"{source.root}: had annotated pictures at the last extraction and has none now; nothing was changed. "
            "Bring them back, or take the source out of toonvision.toml."
        )


def plan_tasks(readings: Iterable[SourceReading], known: Known) -> list[PictureTask]:
    """List the pictures to examine, each with what the catalogue knows of it."""
    shots = {(shot.source, shot.name): shot for shot in known.screenshots}
    found = [(source, picture, (source.key, picture.name)) for source, own in readings for picture in own.pictures]
    return [
        PictureTask(
            source, picture, shots.get(key), tuple(known.crops_of.get(key, ())), tuple(known.regions_of.get(key, ()))
        )
        for source, picture, key in found
    ]


def gone_screenshots(readings: Sequence[SourceReading], known: Known) -> list[StoredScreenshot]:
    """List the screenshots that the catalogue knows and no source has.

    One that is there but cannot be used now is not gone: its crops stay until it can be.
    """
    there = {(source.key, picture.name) for source, reading in readings for picture in reading.pictures}
    there |= {(source.key, name) for source, reading in readings for name in reading.unusable}
    return [shot for shot in known.screenshots if (shot.source, shot.name) not in there]


def reading_findings(readings: Sequence[SourceReading], known: Known) -> list[Finding]:
    """List what is wrong with the annotations, and how many earlier crops stay in spite of it.

    Of a picture on which nobody could draw, it is said why, not that its boxes are missing.
    """
    findings: list[Finding] = []
    for source, reading in readings:
        earlier: Counter[Finding] = Counter()
        said: dict[Finding, Finding] = {}
        for name, finding in reading.unusable.items():
            earlier[finding] += len(known.crops_of.get((source.key, name), ()))
            if (finding.item, finding.code) == (name, UNANNOTATED):
                said[finding] = _drawable(source.root / name, finding)
        findings += [staying(said.get(finding, finding), earlier[finding]) for finding in reading.findings]
    return findings + [stray for source, reading in readings for stray in stray_attributes(source.root, reading)]


def _drawable(path: Path, finding: Finding) -> Finding:
    """Return why a picture cannot be read, as far as its header says so; else the finding that it is not annotated."""
    try:
        if path.is_file():
            images.check_header(path, has_boxes=False, declared_wh=None)
    except RejectedItemError as error:
        return error.finding(finding.item)
    return finding


def examine(task: PictureTask, vocabulary: Vocabulary, crops_folder: Path) -> ExtractionResult:
    """Read one picture and cut what is new in it; many threads can do so at once, large pictures one at a time.

    The files of known crops are in `crops_folder`. Of a picture that cannot be used there is but a finding.
    """
    picture = task.picture
    try:
        with images.room_for(picture.path):
            return _examine(task, vocabulary, crops_folder)
    except RejectedItemError as error:
        whole = error.finding(picture.name, pictures=1, objects=len(picture.objects))
        return ExtractionResult(task, (*picture.findings, staying(whole, len(task.crops))), kept=False)


def _examine(task: PictureTask, vocabulary: Vocabulary, crops_folder: Path) -> ExtractionResult:
    picture, known = task.picture, task.known
    content = read_regular(picture.path, limit=images.LARGEST_FILE)
    digest = hashlib.sha256(content).hexdigest()
    decoded = None
    if known is not None and known.picture_hash == digest and _fits(picture, known.size_wh):
        size_wh, mark = known.size_wh, known.fingerprint
    else:
        known = None
        decoded = decode_screenshot(picture, content)
        size_wh, mark = decoded.size, fingerprint(decoded)
    boxes, findings, notes = sound_boxes(picture, size_wh, vocabulary)
    attributes, complaints = attributes_of(picture, task.source.root)
    crops = {(crop.label, crop.box): crop for crop in task.crops}
    cuts = []
    for (label, box), number in boxes.items():
        crop = crops.get((label, box))
        fresh = b""
        if not (crop and known and _file_hash(crops_folder / crop.file) == crop.hash):
            decoded = decoded or decode_screenshot(picture, content)
            fresh = images.encode_png(decoded.crop(box.xyxy))
        cuts.append(Cut(label, box, crop, picture.item(number), fresh, attributes.get(number, {})))
    found = (*picture.findings, *findings, *complaints)
    regions = tuple(
        Cut(entry.label, box, None, picture.item(entry.number), attributes=entry.attributes)
        for entry, box in sound_regions(picture, size_wh, vocabulary)
    )
    return ExtractionResult(
        task, found, tuple(cuts), size_wh, digest, mark, unchanged=decoded is None, notes=notes, regions=regions
    )


def _fits(picture: AnnotatedPicture, size_wh: tuple[int, int]) -> bool:
    """Return whether a picture was decoded to a size as `decode_screenshot` would decode it now."""
    if picture.size_wh is None:
        return not (picture.may_be_rotated and images.is_rotated(picture.path))
    return picture.size_wh == size_wh


def decode_screenshot(picture: AnnotatedPicture, content: bytes) -> Image.Image:
    """Decode the file of an annotated picture to the pixels that its boxes were drawn on.

    Raises:
        RejectedItemError: If it cannot be decoded, or has another size than its annotation declares.
    """
    decoded = images.decode(content, has_boxes=picture.may_be_rotated, declared_wh=picture.size_wh)
    images.require_size(decoded.size, picture.size_wh)
    return decoded


def examine_all(tasks: Sequence[PictureTask], workspace: Workspace, pool: Executor) -> Iterator[ExtractionResult]:
    """Examine pictures in parallel and in order, some ahead, so that no thread waits for whoever uses the results."""
    waiting: deque[Future[ExtractionResult]] = deque()
    vocabulary = vocabulary_of((task.picture for task in tasks), workspace)
    for task in tasks:
        waiting.append(pool.submit(examine, task, vocabulary, workspace.crops))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def vocabulary_of(pictures: Iterable[AnnotatedPicture], workspace: Workspace) -> Vocabulary:
    """Return the labels that the objects of pictures may have in a workspace, and those that they have besides."""
    labels = (entry.label for picture in pictures for entry in picture.objects)
    return Vocabulary.of(labels, workspace.taxonomy, workspace.label_rules)


def staying(finding: Finding, crops: int) -> Finding:
    """Add to the finding of a picture that cannot be used now how many of its earlier crops stay."""
    reason = f"{finding.reason}; its earlier crops ({crops}) stay as they are"
    return replace(finding, reason=reason) if crops else finding


def recovered(results: Iterable[ExtractionResult]) -> list[Finding]:
    """Count the crops of each source whose box is not the stated one, or that need another look: one finding a note."""
    notes: dict[Source, list[tuple[str, str]]] = {}
    for result in results:
        notes.setdefault(result.task.source, []).extend(result.notes)
    return [finding for source, own in notes.items() for finding in note_findings(source.root.name, own)]


def identical_pictures(results: Iterable[ExtractionResult]) -> list[Finding]:
    """Report pictures whose files are the same byte for byte, and those of them that are given two labels."""
    first: dict[str, AnnotatedPicture] = {}
    kept = [(result.picture_hash, result.task.picture) for result in results if result.kept]
    pairs = [(picture, first.setdefault(digest, picture)) for digest, picture in kept]
    return [_identical(picture, other) for picture, other in pairs if other is not picture]


def _identical(picture: AnnotatedPicture, other: AnnotatedPicture) -> Finding:
    same, label, others = f"is the same file as {other.name}", _whole_label(picture), _whole_label(other)
    if label and others and label != others:
        reason = f"{same}, but its label is {shown(label)}, and that one's {shown(others)}: one of them is wrong"
        return Finding(picture.name, reason, "remove the one that is wrong", "two-labels")
    return Finding(picture.name, f"{same}; a split keeps both in one subset", "remove one", "identical")


def _whole_label(picture: AnnotatedPicture) -> str:
    """Return the label of a picture that has one as a whole; an empty text for any other."""
    return next((entry.label for entry in picture.objects if entry.xyxy is None), "")


def stray_attributes(root: Path, reading: Reading) -> list[Finding]:
    """Report attributes files that lie among the pictures and belong to none."""
    used = {picture.attributes for picture in reading.pictures} | reading.replaced
    folders = {path.parent for path in used} | {picture.path.parent for picture in reading.pictures}
    strays = {path for folder in folders for path in folder.glob(f"[!.]*{SUFFIX}")} - used
    return [_stray(path, root, reading) for path in sorted(strays)]


def _stray(path: Path, root: Path, reading: Reading) -> Finding:
    reason, remedy = "belongs to no picture that could be read", "name it after its picture, or remove it"
    near = [picture for picture in reading.pictures if attributes_path(picture.path) == path]
    if near:  # whose stems are one, or whose annotations lie elsewhere
        reason = f"is not where attributes of {listed([picture.name for picture in near])} are read from"
        remedy = f"move it to {' or '.join(relative(picture.attributes, root) for picture in near)}"
    return Finding(relative(path, root), reason, remedy, "no-picture", files=1)


def _file_hash(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path, limit=images.LARGEST_FILE)).hexdigest()
    except RejectedItemError:
        return ""


def _written(region: Cut | Crop) -> tuple[object, ...]:
    return region.label, region.box, region.origin, encoded(region.attributes)
