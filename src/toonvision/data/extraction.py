"""Extraction: annotated screenshots become crops and rows of the catalogue.

Idempotent and resumable: a screenshot whose file and annotation are known is not decoded again, a crop keeps its
file and number as long as its label and box stay the same, and a number is never given twice. A screenshot is
decoded once for all of its crops, in as many threads as asked for (Pillow releases the interpreter's lock).
Crops are written before their rows are committed, so that a killed run leaves at most files that the next run
writes again with the same bytes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.files import TEMPORARY, write_many
from toonvision.core.progress import Progress, silent
from toonvision.data.catalog import Catalog, Crop, NewCrop, NewScreenshot, StoredScreenshot
from toonvision.data.examination import Outcome, PictureTask, examine_all, identical_pictures
from toonvision.data.sources import gone_screenshots, plan_tasks, read_sources, reading_findings, refuse_emptied
from toonvision.data.workspace import Workspace

_BATCH = 16
"""Screenshots a commit: few enough to lose little, enough that waiting for the disk does not count."""

_CROP_FILE = re.compile(r".+_[0-9]{4,9}\.png")
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
    readings = read_sources(workspace)
    with workspace.writing("extract", begin=True) as catalog:
        claim_crops(workspace, catalog)
        screenshots, crops = catalog.screenshots(), catalog.crops()
        for source, reading in readings:
            refuse_emptied(source, reading, screenshots)
        tasks = plan_tasks(readings, screenshots, crops)
        before = reading_findings(readings, screenshots, crops)
        outcomes, new = cut_and_store(tasks, catalog, workspace, workers=workers, progress=progress)
        removed = _forget(gone_screenshots(readings, screenshots), crops, catalog, workspace)
        summary = summarize(outcomes, before, new=new, removed=removed)
        catalog.save_extraction(summary.counts, summary.findings)
    return summary


def cut_and_store(
    tasks: Sequence[PictureTask],
    catalog: Catalog,
    workspace: Workspace,
    *,
    workers: int | None = None,
    adopt: Callable[[Outcome], Outcome] = lambda outcome: outcome,
    progress: Progress = silent,
) -> tuple[list[Outcome], int]:
    """Examine pictures, write their new crops, and store what they are.

    Args:
        tasks: The pictures.
        catalog: Where to store.
        workspace: Where the crops go.
        workers: Threads that decode and encode; as many as there are cores by default.
        adopt: May tell an outcome, in order, of crops that stand already.
        progress: Told how many pictures are done.

    Returns:
        An outcome for each task, without the bytes of its crops, and how many crops were written.
    """
    threads = workers or available_cores()
    outcomes: list[Outcome] = []
    new = 0
    with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as writers:
        for batch in _batches(map(adopt, examine_all(tasks, workspace, pool))):
            new += _store(batch, catalog, workspace, writers)
            outcomes += [outcome.without_contents() for outcome in batch]
            progress(len(outcomes), len(tasks))
    return outcomes, new


def claim_crops(workspace: Workspace, catalog: Catalog, *, lost: bool = False) -> None:
    """Make the folder of crops ours before the first file is written; refuse one that is somebody else's.

    Args:
        workspace: Whose folder.
        catalog: What knows whether an extraction ever began.
        lost: The catalogue that knew it is lost, so that nothing is concluded from this one.

    Raises:
        InputRejectedError: If it holds files that no extraction of ours made.
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
        if not outcome.kept or (outcome.unchanged and outcome.stored):
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


def crop_file(label: str, number: int) -> str:
    """Name the file of a crop; any label gives a name that every file system takes, and never that of another.

    Examples:
        >>> crop_file("cog_bb_flunky", 12)
        'cog_bb_flunky_0012.png'
    """
    return f"{crop_stem(label)}_{number:04}.png"


def crop_stem(label: str) -> str:
    """Give what the file names of a label's crops begin with."""
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", label) and len(label) <= _LONGEST_STEM
    return label if plain else _safe_stem(label)


def _safe_stem(label: str) -> str:
    """Keep what is safe of a label and tell it from others by its hash."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-")[:40]
    return f"{plain}~{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def _forget(gone: Sequence[StoredScreenshot], before: Sequence[Crop], catalog: Catalog, workspace: Workspace) -> int:
    """Remove the rows of pictures that are gone, then files of crops that have no row; count the crops that went."""
    catalog.forget_screenshots(shot.id for shot in gone)
    for path in files_without_row(workspace, catalog.crops(), catalog.last_numbers()):
        path.unlink(missing_ok=True)
    return len({crop.file for crop in before} - {crop.file for crop in catalog.crops()})


def files_without_row(workspace: Workspace, crops: Iterable[Crop], labels: Iterable[str]) -> list[Path]:
    """List files below `crops/` that an extraction wrote and the catalogue does not know.

    Args:
        workspace: Whose folder.
        crops: What the catalogue knows.
        labels: Of which an extraction ever cut a crop.
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
    """Give what comes before the number in the name of a crop's file; None for any other name."""
    return name.rpartition("_")[0] if _CROP_FILE.fullmatch(name) else None


def summarize(outcomes: Sequence[Outcome], before: Sequence[Finding], *, new: int, removed: int) -> ExtractionSummary:
    """Count; `before` are the findings of pictures and objects that never came as far as an outcome."""
    during = [finding for outcome in outcomes for finding in outcome.findings]
    findings = (*before, *during, *identical_pictures(outcomes))
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
