"""Extraction: annotated screenshots become crops and rows of the catalogue.

An extraction can be repeated and resumed: a screenshot whose file and annotation are known is not decoded again, a crop
keeps its file and number as long as its label and box stay the same, and a number is never used twice. A screenshot is
decoded once for all of its crops, in several threads (Pillow releases the interpreter's lock). Crops are written
before their rows are committed: a killed run leaves at most files that the next run writes again with the same bytes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.files import TEMPORARY, write_many
from toonvision.core.progress import Progress, silent
from toonvision.data.catalog import Catalog, Crop, NewCrop, NewScreenshot
from toonvision.data.examination import ExtractionResult, examine_all, identical_pictures
from toonvision.data.sources import (
    SourceReading,
    gone_screenshots,
    plan_tasks,
    read_sources,
    reading_findings,
    refuse_emptied,
)
from toonvision.data.workspace import Workspace

_BATCH = 16
"""Screenshots per commit: few enough to lose little, enough that waiting for the disk does not count."""

_CROP_FILE = re.compile(r".+_[0-9]{4,9}\.png")
_LONGEST_STEM = 100


@dataclass(frozen=True)
class ExtractionSummary:
    """What an extraction did; read = kept + skipped, for pictures and for objects.

    Attributes:
        pictures_read: Annotated pictures found in the sources.
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


@dataclass(frozen=True)
class Extracted:
    """What became of the pictures of a workspace.

    Attributes:
        summary: What is reported.
        results: One for each picture, without the bytes of its crops.
        strays: Files below `crops/` that an extraction wrote and that show no object any more.
    """

    summary: ExtractionSummary
    results: Sequence[ExtractionResult]
    strays: Sequence[Path]


def extract(workspace: Workspace, *, workers: int | None = None, progress: Progress = silent) -> ExtractionSummary:
    """Bring crops and catalogue in line with the sources.

    Args:
        workspace: Where to read and write.
        workers: Threads that decode and encode; as many as there are cores by default.
        progress: Called with the number of pictures that are done.

    Raises:
        InputRejectedError: If there is no source, one is missing, or two of its pictures have one name.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    readings = read_sources(workspace)
    with workspace.writing("extract", begin=True) as catalog:
        claim_crops(workspace, catalog)
        extracted = extract_into(catalog, workspace, readings, workers=workers, progress=progress)
        for path in extracted.strays:
            path.unlink(missing_ok=True)
    return extracted.summary


def extract_into(
    catalog: Catalog,
    workspace: Workspace,
    readings: Sequence[SourceReading],
    *,
    adopt: Callable[[ExtractionResult], ExtractionResult] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Extracted:
    """Write the crops of the sources, and store what they are.

    Args:
        catalog: Where to store.
        workspace: Where the crops go.
        readings: The annotations.
        adopt: Finds the crops of a picture, in order, that have a file already. With it every picture is decoded again,
            whatever the catalogue says of it.
        workers: Threads that decode and encode; as many as there are cores by default.
        progress: Called with the number of pictures that are done.

    Raises:
        InputRejectedError: If a source that had pictures has none.
    """
    screenshots, crops = catalog.screenshots(), catalog.crops()
    for source, reading in readings:
        refuse_emptied(source, reading, screenshots)
    before = reading_findings(readings, screenshots, crops)
    tasks = plan_tasks(readings, screenshots, crops)
    if adopt:
        tasks = [replace(task, known=None) for task in tasks]
    threads = workers or available_cores()
    results: list[ExtractionResult] = []
    new = 0
    with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as writers:
        examined = examine_all(tasks, workspace, pool)
        for batch in _batches(map(adopt, examined) if adopt else examined):
            new += _store(batch, catalog, workspace, writers)
            results += [result.without_contents() for result in batch]
            progress(len(results), len(tasks))
    catalog.forget_screenshots(shot.id for shot in gone_screenshots(readings, screenshots))
    now = catalog.crops()
    removed = len({crop.file for crop in crops} - {crop.file for crop in now})
    summary = _summarize(results, before, new=new, removed=removed)
    catalog.save_extraction(summary.counts, summary.findings)
    return Extracted(summary, results, files_without_row(workspace, now, catalog.last_numbers()))


def claim_crops(workspace: Workspace, catalog: Catalog, *, lost: bool = False) -> None:
    """Take possession of the folder `crops/` before the first file is written.

    Args:
        workspace: The workspace.
        catalog: Knows whether an extraction ever began.
        lost: Whether the catalogue that knew it is lost, so that files there may be ours all the same.

    Raises:
        InputRejectedError: If the folder holds files that no extraction made.
    """
    folder = workspace.crops
    folder.mkdir(exist_ok=True)
    if not catalog.has_begun():
        strange = next((path for path in folder.iterdir() if not path.name.startswith(".")), None)
        if strange and not lost:
            raise InputRejectedError(
                f"{strange}: was not made by an extraction; crops/ must be ours. Move it elsewhere; or, if the "
                f"catalogue was lost: toonvision rebuild -w {workspace.root}"
            )
        catalog.begin()


def _batches(results: Iterator[ExtractionResult]) -> Iterator[list[ExtractionResult]]:
    while batch := list(islice(results, _BATCH)):
        yield batch


def _store(batch: Sequence[ExtractionResult], catalog: Catalog, workspace: Workspace, writers: Executor) -> int:
    """Write the new crops of a batch, then commit its rows; return the number of new crops."""
    numbers = Counter({label: last + 1 for label, last in catalog.last_numbers().items()})
    contents: dict[str, bytes] = {}
    stored = []
    for result in batch:
        if not result.kept or (result.unchanged and result.stored):
            continue
        crops = []
        for cut in result.cuts:
            number = cut.known.number if cut.known else numbers[cut.label]
            numbers[cut.label] += not cut.known
            file = cut.known.file if cut.known else crop_file(cut.label, number)
            if cut.content:
                contents[file] = cut.content
            digest = hashlib.sha256(cut.content).hexdigest() if cut.content or not cut.known else cut.known.hash
            crops.append(NewCrop(cut.label, cut.box, digest, number, file, cut.origin, cut.attributes))
        picture = result.task.picture
        stored.append(
            NewScreenshot(
                result.task.source.key, picture.name, picture.context, result.size_wh,
                result.picture_hash, result.fingerprint, tuple(crops),
            )
        )  # fmt: skip
    if stored:
        write_many(workspace.crops, contents, writers)
        catalog.save_screenshots(stored)
    return len(contents)


def crop_file(label: str, number: int) -> str:
    """Return the file name of a crop; it is valid on every file system, and no two labels share one.

    Examples:
        >>> crop_file("cog_bb_flunky", 12)
        'cog_bb_flunky_0012.png'
    """
    return f"{crop_stem(label)}_{number:04}.png"


def crop_stem(label: str) -> str:
    """Return what the file names of a label's crops begin with."""
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", label) and len(label) <= _LONGEST_STEM
    return label if plain else _safe_stem(label)


def _safe_stem(label: str) -> str:
    """Keep the safe characters of a label, with a hash that no other label has."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-")[:40]
    return f"{plain}~{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def files_without_row(workspace: Workspace, crops: Iterable[Crop], labels: Iterable[str]) -> list[Path]:
    """List files below `crops/` that an extraction wrote and the catalogue does not know.

    Args:
        workspace: The workspace.
        crops: What the catalogue knows.
        labels: The labels of which an extraction ever cut a crop.
    """
    files = {crop.file for crop in crops}
    ours = {crop_stem(label) for label in labels}
    if not workspace.crops.is_dir():
        return []
    return [
        path
        for path in sorted(workspace.crops.iterdir())
        if path.name not in files and (path.name.startswith(TEMPORARY) or numbered_stem(path.name) in ours)
    ]


def numbered_stem(name: str) -> str | None:
    """Return what precedes the number in the name of a crop's file; None for any other name."""
    return name.rpartition("_")[0] if _CROP_FILE.fullmatch(name) else None


def _summarize(
    results: Sequence[ExtractionResult], before: Sequence[Finding], *, new: int, removed: int
) -> ExtractionSummary:
    """Count; `before` are the findings of pictures and objects that have no result."""
    during = [finding for result in results for finding in result.findings]
    findings = (*before, *during, *identical_pictures(results))
    pictures = [result.task.picture for result in results]
    unreadable = sum(finding.objects for picture in pictures for finding in picture.findings)
    return ExtractionSummary(
        pictures_read=len(results) + sum(finding.pictures for finding in before),
        pictures_skipped=sum(finding.pictures for finding in findings),
        pictures_unchanged=sum(result.kept and result.unchanged for result in results),
        objects_read=sum(len(picture.objects) for picture in pictures)
        + unreadable
        + sum(finding.objects for finding in before),
        objects_skipped=sum(finding.objects for finding in findings),
        crops_new=new,
        crops_removed=removed,
        findings=findings,
    )
