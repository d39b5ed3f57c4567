"""Extraction: annotated screenshots become crops and rows of the catalogue.

Idempotent and resumable: a screenshot whose file and annotation are known is not decoded again, a crop keeps its
file and number as long as its label and box stay the same, and a number is never given twice. A screenshot is
decoded once for all of its crops, in as many threads as asked for (Pillow releases the interpreter's lock).
Crops are written before their rows are committed, so that a killed run leaves at most files that the next run
writes again with the same bytes.
"""

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.files import write_many
from toonvision.core.progress import Progress, silent
from toonvision.data import formats
from toonvision.data.attributes import encoded
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.catalog import Catalog, Crop, NewCrop, NewScreenshot
from toonvision.data.examination import Outcome, PictureTask, examine, stray_attributes
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, Source, Workspace

_BATCH = 16
"""Screenshots a commit: few enough to lose little, enough that waiting for the disk does not count."""

_CROP_FILE = re.compile(r".+_\d{4,}\.png")
_LONGEST_STEM = 100


@dataclass(frozen=True)
class ExtractionSummary:
    """What an extraction did; read = kept + skipped, for pictures and for objects.

    Attributes:
        pictures_read: Pictures found in the sources.
        pictures_skipped: Those that could not be used.
        pictures_unchanged: Those that were known already and not decoded again.
        objects_read: Objects found in the annotations.
        objects_skipped: Those that could not be used, all of a skipped picture's among them.
        crops_new: Crops written.
        crops_removed: Crops whose object is gone or changed.
        findings: Everything that was wrong or is worth knowing.
    """

    pictures_read: int
    pictures_skipped: int
    pictures_unchanged: int
    objects_read: int
    objects_skipped: int
    crops_new: int
    crops_removed: int
    findings: tuple[Finding, ...]

    @property
    def pictures_kept(self) -> int:
        """Pictures that are in the catalogue now."""
        return self.pictures_read - self.pictures_skipped

    @property
    def objects_kept(self) -> int:
        """Objects that are crops now."""
        return self.objects_read - self.objects_skipped

    @property
    def counts(self) -> dict[str, int]:
        """All numbers by name."""
        names = ("pictures_read", "pictures_kept", "pictures_skipped", "pictures_unchanged", "objects_read",
                 "objects_kept", "objects_skipped", "crops_new", "crops_removed")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def extract(workspace: Workspace, *, workers: int | None = None, progress: Progress = silent) -> ExtractionSummary:
    """Bring crops and catalogue in line with the sources.

    Args:
        workspace: Where to read and write.
        workers: Threads that decode and encode; as many as there are cores by default.
        progress: Told how many pictures are done.

    Raises:
        InputRejectedError: If there is no source, one is missing, or its names cannot be told apart.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    if not workspace.sources:
        raise InputRejectedError(
            f"{workspace.root}: there is nothing to read: no folder {SCREENSHOTS} and no [[sources]] in {SETTINGS}. "
            "Put the screenshots back, or name their folder."
        )
    readings = [(source, formats.read(source.format, source.root)) for source in workspace.sources]
    before = [finding for _, reading in readings for finding in reading.findings]
    before += [finding for source, reading in readings for finding in stray_attributes(source.root, reading)]
    threads = workers or available_cores()
    with (
        workspace.writing("extract", begin=True) as catalog,
        ThreadPoolExecutor(threads) as pool,
        ThreadPoolExecutor(threads) as writers,
    ):
        _claim_crops(workspace, catalog)
        pictures = [(source, picture) for source, reading in readings for picture in reading.pictures]
        tasks = _plan(pictures, catalog)
        _refuse_emptied_sources(readings, catalog)
        outcomes: list[Outcome] = []
        new = 0
        for batch in _batches(_examined(tasks, workspace, pool)):
            new += _store(batch, catalog, workspace, writers)
            outcomes += [replace(outcome, cuts=()) for outcome in batch]  # the crops' bytes are on disk now
            progress(len(outcomes), len(tasks))
        removed = _forget(tasks, outcomes, catalog, workspace)
        during = [finding for outcome in outcomes for finding in outcome.findings]
        findings = (*before, *during, *_identical(outcomes))
        summary = _summary(outcomes, before, findings, new=new, removed=removed)
        catalog.save_extraction(summary.counts, findings)
    return summary


def _claim_crops(workspace: Workspace, catalog: Catalog) -> None:
    """Make the folder of crops ours before the first file is written; refuse one that is somebody else's.

    Raises:
        InputRejectedError: If it is a link, holds a source, or holds files that no extraction of ours made.
    """
    folder = workspace.crops
    for source in workspace.sources:
        for derived in (folder, workspace.cache, workspace.figures, workspace.runs):
            if source.root.resolve().is_relative_to(derived.resolve()):
                raise InputRejectedError(f"{source.root}: a source cannot lie in {derived}, which is written by us.")
    if folder.is_symlink():
        raise InputRejectedError(f"{folder}: is a link; crops are only written inside the workspace. Remove the link.")
    folder.mkdir(exist_ok=True)
    if not catalog.has_begun():
        strange = next((path for path in folder.iterdir() if not path.name.startswith(".")), None)
        if strange:
            raise InputRejectedError(
                f"{strange}: was not made by an extraction; crops/ must be ours. Move it elsewhere."
            )
        catalog.begin()


def _refuse_emptied_sources(readings: Iterable[tuple[Source, Reading]], catalog: Catalog) -> None:
    """Refuse a source that had pictures and has none: a drive that is not mounted must not cost all splits."""
    known = {shot.source for shot in catalog.screenshots()}
    for source, reading in readings:
        if source.key in known and not reading.pictures:
            raise InputRejectedError(
                f"{source.root}: had annotated pictures at the last extraction and has none now; nothing was changed. "
                "Bring them back, or take the source out of toonvision.toml."
            )


def _plan(pictures: Iterable[tuple[Source, AnnotatedPicture]], catalog: Catalog) -> list[PictureTask]:
    known = {(shot.source, shot.name): shot for shot in catalog.screenshots()}
    crops: dict[int, list[Crop]] = {}
    for crop in catalog.crops():
        crops.setdefault(crop.screenshot_id, []).append(crop)
    tasks = []
    for source, picture in pictures:
        shot = known.get((source.key, picture.name))
        tasks.append(PictureTask(source, picture, shot, tuple(crops.get(shot.id, ())) if shot else ()))
    return tasks


def _examined(tasks: Sequence[PictureTask], workspace: Workspace, pool: Executor) -> Iterator[Outcome]:
    """Examine pictures in parallel, in order; enough ahead that no thread waits while a batch is written."""
    waiting: deque[Future[Outcome]] = deque()
    for task in tasks:
        waiting.append(pool.submit(examine, task, workspace.taxonomy, workspace.crops))
        if len(waiting) > 2 * _BATCH:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _batches(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    batch: list[Outcome] = []
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _store(batch: Sequence[Outcome], catalog: Catalog, workspace: Workspace, writers: Executor) -> int:
    """Write the new crops of a batch, then commit its rows; give the number of new crops."""
    numbers = Counter({label: last + 1 for label, last in catalog.last_numbers().items()})
    contents: dict[str, bytes] = {}
    stored = []
    for outcome in batch:
        if not outcome.kept or (outcome.unchanged and _rows_match(outcome)):
            continue
        crops = []
        for cut in outcome.cuts:
            number = cut.known.number if cut.known else numbers[cut.label]
            numbers[cut.label] += not cut.known
            file = cut.known.file if cut.known else crop_file(cut.label, number)
            if cut.content:
                contents[file] = cut.content
            digest = hashlib.sha256(cut.content).hexdigest() if cut.content or not cut.known else cut.known.hash
            crops.append(NewCrop(cut.label, cut.box, digest, number, file, cut.attributes))
        picture = outcome.task.picture
        stored.append(
            NewScreenshot(
                outcome.task.source.key, picture.name, picture.context, outcome.size_wh,
                outcome.picture_hash, outcome.fingerprint, tuple(crops),
            )
        )  # fmt: skip
    if stored:
        write_many(workspace.crops, contents, writers)
        catalog.save_screenshots(stored)
    return len(contents)


def _rows_match(outcome: Outcome) -> bool:
    """Tell whether the catalogue already says all that this outcome would say."""
    known = outcome.task.known
    return (
        known is not None
        and known.context == outcome.task.picture.context
        and {cut.known for cut in outcome.cuts} == set(outcome.task.crops)
        and all(cut.known and encoded(cut.attributes) == encoded(cut.known.attributes) for cut in outcome.cuts)
    )


def crop_file(label: str, number: int) -> str:
    """Name the file of a crop; any label gives a name that every file system takes, and never that of another.

    Examples:
        >>> crop_file("cog_bb_flunky", 12)
        'cog_bb_flunky_0012.png'
    """
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", label) and len(label) <= _LONGEST_STEM
    stem = label if plain else _safe_stem(label)
    return f"{stem}_{number:04}.png"


def _safe_stem(label: str) -> str:
    """Keep what is safe of a label and tell it from others by its hash."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-")[:40]
    return f"{plain}~{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def _forget(tasks: Sequence[PictureTask], outcomes: Sequence[Outcome], catalog: Catalog, workspace: Workspace) -> int:
    """Remove rows of pictures that are gone, then files of crops that have no row.

    A picture that is there but cannot be used now keeps its rows: once it is mended, its crops are in their splits.
    """
    there = {(outcome.task.source.key, outcome.task.picture.name) for outcome in outcomes}
    gone = [shot for shot in catalog.screenshots() if (shot.source, shot.name) not in there]
    gone_crops = {crop.file for crop in catalog.crops() if crop.screenshot_id in {shot.id for shot in gone}}
    before = gone_crops | {crop.file for task in tasks for crop in task.crops}
    catalog.forget_screenshots(shot.id for shot in gone)
    files = {crop.file for crop in catalog.crops()}
    ours = {crop_file(label, 0).rpartition("_")[0] for label in catalog.last_numbers()}
    for path in workspace.crops.iterdir():
        is_crop = _CROP_FILE.fullmatch(path.name) and path.name.rpartition("_")[0] in ours
        if path.name not in files and (path.name.startswith(".tmp-") or is_crop):
            path.unlink(missing_ok=True)
    return len(before - files)


def _identical(outcomes: Iterable[Outcome]) -> list[Finding]:
    """Report pictures whose files are the same byte for byte."""
    first: dict[str, str] = {}
    findings = []
    for outcome in outcomes:
        name = outcome.task.picture.name
        if outcome.kept and (other := first.setdefault(outcome.picture_hash, name)) != name:
            reason = f"is the same file as {other}; a split keeps both in one part"
            findings.append(Finding(name, reason, "remove one", "identical"))
    return findings


def _summary(
    outcomes: Sequence[Outcome],
    before: Sequence[Finding],
    findings: tuple[Finding, ...],
    *,
    new: int,
    removed: int,
) -> ExtractionSummary:
    """Count; `before` are the findings of pictures and objects that never came as far as an outcome."""
    pictures = [outcome.task.picture for outcome in outcomes]
    unreadable = sum(finding.objects for picture in pictures for finding in picture.findings)
    return ExtractionSummary(
        pictures_read=len(outcomes) + sum(finding.pictures for finding in before),
        pictures_skipped=sum(finding.pictures for finding in findings),
        pictures_unchanged=sum(outcome.kept and outcome.unchanged for outcome in outcomes),
        objects_read=sum(len(picture.objects) for picture in pictures)
        + unreadable
        + sum(finding.objects for finding in before),
        objects_skipped=sum(finding.objects for finding in findings),
        crops_new=new,
        crops_removed=removed,
        findings=findings,
    )
