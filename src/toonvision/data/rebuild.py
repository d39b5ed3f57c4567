"""Making the catalogue again: the sources are extracted anew, and the decisions, which are files, are read.

Crops keep their files and numbers: a sound catalogue says which file is whose; without one, a file below `crops/` is
recognised by its label and its pixels.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import TEMPORARY, read_regular, replacing
from toonvision.core.locks import exclusive
from toonvision.core.names import free_name
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.catalog import Catalog, Crop
from toonvision.data.catalog.database import NewerCatalogError, is_older, set_beside
from toonvision.data.examination import Cut, Outcome
from toonvision.data.extraction import (
    ExtractionSummary,
    claim_crops,
    crop_stem,
    cut_and_store,
    files_without_row,
    numbered_stem,
    summarize,
)
from toonvision.data.sources import (
    SourceReading,
    gone_screenshots,
    plan_tasks,
    read_sources,
    reading_findings,
    refuse_emptied,
)
from toonvision.data.splits import Split, read_split, split_names
from toonvision.data.workspace import Workspace


@dataclass(frozen=True)
class RebuildSummary:
    """What rebuilding kept and lost.

    Attributes:
        extraction: What was read and cut.
        numbers_kept: Crops that have the number that they had.
        numbers_new: Crops that got a number.
        splits: The splits, as their files have them.
        old: Where the old catalogue is kept; None where there was none.
        crops_aside: Where files of crops are that show no object any more; None where there are none.
        losses: What could not be kept.
    """

    extraction: ExtractionSummary
    numbers_kept: int
    numbers_new: int
    splits: tuple[Split, ...]
    old: Path | None
    crops_aside: Path | None
    losses: tuple[Finding, ...]


def rebuild(workspace: Workspace, *, workers: int | None = None, progress: Progress = silent) -> RebuildSummary:
    """Make the catalogue again; the old one stays in its place until the new one is complete, and beside it then.

    Args:
        workspace: Where to read and write.
        workers: Threads that decode and encode; as many as there are cores by default.
        progress: Told how many pictures are done.

    Raises:
        InputRejectedError: If a source cannot be read as a whole, no source has a picture although there are crops,
            or a newer version wrote the catalogue.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    readings = read_sources(workspace)
    with exclusive(workspace.root, purpose="rebuild"):
        _remove_unfinished(workspace)
        _refuse_nothing(workspace, readings)
        losses = _lost_splits(workspace.catalog)
        with replacing(workspace.catalog) as temporary:
            _copy_sound(workspace.catalog, temporary)
            with Catalog.open(temporary) as catalog:
                outcomes, summary, strays = _extract_anew(readings, catalog, workspace, workers, progress)
            old = set_beside(workspace.catalog)
        aside = _set_aside(strays, workspace)
    splits, broken = _read_splits(workspace)
    kept = sum(cut.known is not None for outcome in outcomes for cut in outcome.cuts)
    total = sum(len(outcome.cuts) for outcome in outcomes)
    return RebuildSummary(summary, kept, total - kept, splits, old, aside, (*losses, *broken))


def _copy_sound(path: Path, copy: Path) -> None:
    """Copy the old catalogue where nothing in it is damaged, so that it still says which file is whose.

    Raises:
        NewerCatalogError: If a newer version wrote it.
    """
    if not path.is_file():
        return
    try:
        with Catalog.open(path, read_only=True, untouched=True) as old:
            old.require_sound()
            old.copy_to(copy)
    except NewerCatalogError:
        raise
    except InputRejectedError:
        copy.unlink(missing_ok=True)


def _extract_anew(
    readings: Sequence[SourceReading], catalog: Catalog, workspace: Workspace, workers: int | None, progress: Progress
) -> tuple[list[Outcome], ExtractionSummary, list[Path]]:
    """Extract as if no picture were known; list also the files that show no object any more."""
    screenshots, crops = catalog.screenshots(), catalog.crops()
    for source, reading in readings:
        refuse_emptied(source, reading, screenshots)
    claim_crops(workspace, catalog, lost=True)
    before = reading_findings(readings, screenshots, crops)
    tasks = [replace(task, known=None) for task in plan_tasks(readings, screenshots, crops)]
    standing = _StandingCrops(workspace, claimed={crop.file for crop in crops})
    labels = {entry.label for task in tasks for entry in task.picture.objects}
    catalog.keep_numbers(standing.last_numbers(labels | workspace.taxonomy.by_name.keys()))
    outcomes, new = cut_and_store(tasks, catalog, workspace, workers=workers, adopt=standing.adopt, progress=progress)
    catalog.forget_screenshots(shot.id for shot in gone_screenshots(readings, screenshots))
    strays = files_without_row(workspace, catalog.crops(), catalog.last_numbers())
    summary = summarize(outcomes, before, new=new, removed=len(strays))
    catalog.save_extraction(summary.counts, summary.findings)
    return outcomes, summary, strays


def _refuse_nothing(workspace: Workspace, readings: Sequence[SourceReading]) -> None:
    """Refuse sources that are all empty: where the catalogue is lost too, only the crops show that they were not."""
    empty = not any(reading.pictures for _, reading in readings)
    if empty and any(numbered_stem(path.name) for path in workspace.crops.glob("*")):
        raise InputRejectedError(
            f"{workspace.root}: crops/ holds crops, but no source has an annotated picture; nothing was changed. Bring "
            "the pictures back, or move the crops away."
        )


def _lost_splits(path: Path) -> list[Finding]:
    """Say that the splits of an earlier version are lost with its catalogue."""
    if not is_older(path):
        return []
    reason = "an earlier version kept the splits in it, and they cannot be read"
    return [Finding(path.name, reason, "draw them again with their seeds: toonvision split --seed SEED", "split-lost")]


def _read_splits(workspace: Workspace) -> tuple[tuple[Split, ...], list[Finding]]:
    splits, broken = [], []
    for name in split_names(workspace.splits):
        try:
            splits.append(read_split(workspace.splits, name))
        except InputRejectedError as error:
            broken.append(Finding(f"split {name}", str(error), code="split"))
    return tuple(splits), broken


class _StandingCrops:
    """The files below `crops/`, recognised by what they show; each is given to one object.

    A claimed one is never given to another object that looks the same.
    """

    def __init__(self, workspace: Workspace, *, claimed: set[str]) -> None:
        self._claimed = claimed
        self._hashes: dict[str, str] = {}
        self._same: dict[tuple[str, str], list[str]] = {}
        self._numbers: dict[str, int] = {}
        for path in sorted(workspace.crops.iterdir()):
            stem = numbered_stem(path.name)
            if stem is None:
                continue
            self._numbers[stem] = max(_number(path.name), self._numbers.get(stem, -1))
            try:
                content = read_regular(path, limit=images.LARGEST_FILE)
                self._same.setdefault((stem, _pixels(content)), []).append(path.name)
            except RejectedItemError:
                continue  # it is cut again
            self._hashes[path.name] = hashlib.sha256(content).hexdigest()

    def last_numbers(self, labels: set[str]) -> dict[str, int]:
        """Return the highest number in the names of each label's files."""
        stems = {label: crop_stem(label) for label in labels}
        return {label: self._numbers[stem] for label, stem in stems.items() if stem in self._numbers}

    def adopt(self, outcome: Outcome) -> Outcome:
        """Say of each crop of an outcome whether its file stands already."""
        return replace(outcome, cuts=tuple(self._adopt(cut, outcome) for cut in outcome.cuts))

    def _adopt(self, cut: Cut, outcome: Outcome) -> Cut:
        same = self._same.get((crop_stem(cut.label), _pixels(cut.content)), [])
        file = cut.known.file if cut.known else next((file for file in same if file not in self._claimed), None)
        if file is None:
            return cut
        stands = file in same
        if stands:
            same.remove(file)
        shot = outcome.task.picture
        crop = Crop(
            0, cut.label, _number(file), file, self._hashes.get(file, ""), cut.box, 0, outcome.task.source.key,
            shot.name, shot.context, outcome.fingerprint,
        )  # fmt: skip
        return replace(cut, known=crop, content=b"" if stands else cut.content)


def _number(file: str) -> int:
    return int(file.rpartition("_")[2].removesuffix(".png"))


def _pixels(content: bytes) -> str:
    """Hash what a picture shows, however it is packed."""
    image = images.decode(content)
    return hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()


def _set_aside(strays: Sequence[Path], workspace: Workspace) -> Path | None:
    """Move files of crops that show no object any more out of `crops/`, where the next extraction would delete them."""
    aside = workspace.root / free_name(workspace.root, f"{workspace.crops.name}.before-rebuild")
    for path in strays:
        if path.name.startswith(TEMPORARY):
            path.unlink(missing_ok=True)
            continue
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)
    return aside if aside.exists() else None


def _remove_unfinished(workspace: Workspace) -> None:
    """Remove what a killed rebuilding left behind."""
    for path in workspace.root.glob(f"{TEMPORARY}*{workspace.catalog.suffix}*"):
        path.unlink(missing_ok=True)
