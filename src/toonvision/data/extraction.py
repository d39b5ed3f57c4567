"""Extraction: annotated screenshots become crops and rows of the catalogue.

An extraction can be repeated and resumed: a screenshot whose file and annotation are known is not decoded again, a crop
keeps its file and number as long as its label and box stay the same, and a number is never used twice. A screenshot is
decoded once for all of its crops, in several threads (Pillow releases the interpreter's lock). Crops are written
before their rows are committed: a killed run leaves at most files that the next run writes again with the same bytes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from toonvision.core.cluster import workers_at
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.files import TEMPORARY, write_many
from toonvision.core.folders import exclusive
from toonvision.core.nodes import shared_file
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.core.workers import Workers
from toonvision.data import examination
from toonvision.data.batches import batches, batches_elsewhere
from toonvision.data.catalog import Catalog
from toonvision.data.examination import ExtractionResult
from toonvision.data.outlined import write_outlined
from toonvision.data.own_readings import SourceReading
from toonvision.data.records import Known, StoredScreenshot
from toonvision.data.workspace import SETTINGS, Workspace

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
        notes: What is to be known of single crops, which the findings count: pairs of a note and the object.
        did: How many pictures each node of a cluster examined.
    """

    pictures_read: int
    pictures_skipped: int
    pictures_unchanged: int
    objects_read: int
    objects_skipped: int
    crops_new: int
    crops_removed: int
    findings: tuple[Finding, ...]
    notes: tuple[tuple[str, str], ...] = ()
    did: Mapping[str, int] = field(default_factory=dict)

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


def extract(
    workspace: Workspace,
    *,
    ray: str | None = None,
    say: Callable[[str], None] = lambda _: None,
    progress: Progress = silent,
) -> ExtractionSummary:
    """Bring crops and catalogue in line with the sources.

    Args:
        workspace: Whose sources they are.
        ray: The address of a Ray cluster that reads pictures and cuts; by default threads of this process do. All is
            written here.
        say: Called at once with a message about nodes that may not work.
        progress: Counts pictures.

    Raises:
        UsageError: If Ray is not installed, or has no such address.
        EnvironmentFaultError: If a cluster is lost, or gave up some pictures; what was finished is kept.
        InputRejectedError: If there is no source, one is missing, or two of its pictures have one name.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    readings = examination.read_sources(workspace)
    pictures = [picture.path for _, reading in readings for picture in reading.pictures]
    files = [shared_file(path) for path in (workspace.root / SETTINGS, *pictures)] if ray else []
    workers = workers_at(ray, files, say=say)
    with exclusive(workspace.root, purpose="extract"):
        if not workspace.catalog.exists():
            _refuse_strange_crops(workspace)  # while there is no catalogue that seems to know of nothing
        with Catalog.open(workspace.catalog) as catalog:
            claim_crops(workspace, catalog)
            summary, _, strays = extract_into(catalog, workspace, readings, workers=workers, progress=progress)
        for path in strays:
            path.unlink(missing_ok=True)
    return replace(summary, findings=(*workers.refused, *summary.findings), did=dict(workers.did))


def extract_into(
    catalog: Catalog,
    workspace: Workspace,
    readings: Sequence[SourceReading],
    *,
    adopt: Callable[[ExtractionResult], ExtractionResult] | None = None,
    workers: Workers | None = None,
    progress: Progress = silent,
) -> tuple[ExtractionSummary, list[ExtractionResult], list[Path]]:
    """Write the crops of the sources, and store what they are.

    Where `adopt` is given, every picture is decoded again, whatever the catalogue says of it; `adopt` is called with
    the pictures in order, and finds the crops that have a file already. A cluster that leads `workers` reads and cuts.

    Returns:
        What is reported; what became of each picture, without the bytes of its crops; and the files below `crops/` that
        an extraction wrote and that show no object any more.

    Raises:
        InputRejectedError: If a source that had pictures has none.
    """
    known = catalog.known()
    for source, reading in readings:
        examination.refuse_emptied(source, reading, known)
    before = examination.reading_findings(readings, known)
    tasks = examination.plan_tasks(readings, known)
    if adopt:
        tasks = [replace(task, known=None) for task in tasks]
    threads = available_cores()
    results: list[ExtractionResult] = []
    outlined: list[Finding] = []
    new = 0
    with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(threads) as writers:
        if workers and workers.leader:
            found = batches_elsewhere(tasks, workspace, workers)
        else:
            examined = examination.examine_all(tasks, workspace, pool)
            found = batches(map(adopt, examined) if adopt else examined)
        for batch in found:
            new += _store(batch, catalog, workspace, writers)
            outlined += write_outlined(workspace, batch)
            results += [result.without_contents() for result in batch]
            progress(len(results), len(tasks))
    catalog.forget_screenshots(shot.id for shot in examination.gone_screenshots(readings, known))
    now = catalog.known()
    removed = len({crop.file for crop in known.crops} - {crop.file for crop in now.crops})
    summary = _summarize(results, [*before, *outlined], new=new, removed=removed)
    catalog.save_extraction(summary.counts, summary.findings)
    return summary, results, files_without_row(workspace, now)


def claim_crops(workspace: Workspace, catalog: Catalog, *, lost: bool = False) -> None:
    """Take possession of the folder `crops/` before the first file is written.

    With `lost` the catalogue that knew whether an extraction ever began is lost: files there may be ours all the same.

    Raises:
        InputRejectedError: If the folder holds files that no extraction made.
    """
    workspace.crops.mkdir(exist_ok=True)
    if not catalog.has_begun():
        if not lost:
            _refuse_strange_crops(workspace)
        catalog.begin()


def _refuse_strange_crops(workspace: Workspace) -> None:
    strange = next((path for path in workspace.crops.glob("*") if not path.name.startswith(".")), None)
    if strange:
        raise InputRejectedError(
            f"{strange}: was not made by an extraction; crops/ must be ours. Move it elsewhere; or, if the "
            f"catalogue was lost: toonvision rebuild -w {workspace.root}"
        )


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
            crops.append(result.crop_of(cut, number=number, file=file, digest=digest))
        crops += [result.crop_of(region, number=0, file="", digest="") for region in result.regions]
        source, picture = result.task.source.key, result.task.picture
        shot = (source, picture.name, picture.context, result.size_wh, result.picture_hash, result.fingerprint)
        stored.append((StoredScreenshot(0, *shot), crops))
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
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", label) and len(label) <= _LONGEST_STEM:
        return label
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-")[:40]
    return f"{plain}~{hashlib.sha256(label.encode()).hexdigest()[:6]}"  # the hash is no other label's


def files_without_row(workspace: Workspace, known: Known) -> list[Path]:
    """List files below `crops/` that an extraction wrote and the catalogue does not know."""
    if not workspace.crops.is_dir():
        return []
    files = {crop.file for crop in known.crops}
    ours = {crop_stem(label) for label in known.numbers}
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
    findings = (*before, *during, *examination.recovered(results), *examination.identical_pictures(results))
    pictures = [result.task.picture for result in results]
    return ExtractionSummary(
        pictures_read=len(results) + sum(finding.pictures for finding in before),
        pictures_skipped=sum(finding.pictures for finding in findings),
        pictures_unchanged=sum(result.kept and result.unchanged for result in results),
        objects_read=sum(picture.object_count for picture in pictures) + sum(finding.objects for finding in before),
        objects_skipped=sum(finding.objects for finding in findings),
        crops_new=new,
        crops_removed=removed,
        findings=findings,
        notes=tuple(note for result in results for note in result.notes),
    )
