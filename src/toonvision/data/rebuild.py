"""Making the catalogue again: from the sources, keeping what was decided and still applies.

Everything that can be measured is measured again: sizes, fingerprints, hashes. Of the old catalogue only decisions are
taken over: which number a crop has, and which part of a split it is in. A crop is known again by its label and box, or,
where its row is lost, by the pixels of its file below `crops/`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import TEMPORARY, read_regular, replacing
from toonvision.core.locks import exclusive
from toonvision.core.names import free_name
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.boxes import fit_box
from toonvision.data.catalog import Catalog, Crop, NewCrop, NewScreenshot, StoredSplit
from toonvision.data.examination import Cut, Outcome, PictureTask
from toonvision.data.extraction import (
    ExtractionSummary,
    claim_crops,
    crop_stem,
    cut_and_store,
    files_without_row,
    numbered_stem,
    summarize,
)
from toonvision.data.salvage import Salvage, SalvagedSplit, salvage, set_beside
from toonvision.data.sources import (
    SourceReading,
    plan_tasks,
    read_sources,
    reading_findings,
    refuse_emptied,
    unusable_pictures,
)
from toonvision.data.splits import Ratios, plan_split, split_digest
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import Taxonomy


@dataclass(frozen=True)
class RecordedSplit:
    """What a run remembers of the split that it was trained on.

    Attributes:
        run: What the run is called.
        name: The split's name.
        ratios: What was asked for.
        seed: What it was drawn with.
        grouped: Whether crops of one screenshot stay together.
        level: The level whose classes the run predicts.
        digest: What `split_digest` gave for the crops that have a class there.
    """

    run: str
    name: str
    ratios: Ratios
    seed: int
    grouped: bool
    level: str
    digest: str


@dataclass(frozen=True)
class RestoredSplit:
    """A split of the new catalogue.

    Attributes:
        split: The split.
        gone: How many of its crops are there no more.
        recorded_by: The run that proves it, where it was planned again; empty where it was read.
    """

    split: StoredSplit
    gone: int = 0
    recorded_by: str = ""


@dataclass(frozen=True)
class RebuildSummary:
    """What a rebuilding kept and lost.

    Attributes:
        extraction: What was read and cut.
        numbers_kept: Crops that have the number that they had.
        numbers_new: Crops that got a number.
        splits: The splits of the new catalogue.
        old: Where the old catalogue is kept; None where there was none.
        crops_aside: Where files of crops are that show no object any more; None where there are none.
        losses: What could not be kept.
    """

    extraction: ExtractionSummary
    numbers_kept: int
    numbers_new: int
    splits: tuple[RestoredSplit, ...]
    old: Path | None
    crops_aside: Path | None
    losses: tuple[Finding, ...]


def rebuild(
    workspace: Workspace,
    *,
    recorded: Sequence[RecordedSplit] = (),
    workers: int | None = None,
    progress: Progress = silent,
) -> RebuildSummary:
    """Make the catalogue again; the old one stays in its place until the new one is complete, and beside it then.

    Args:
        workspace: Where to read and write.
        recorded: What the runs remember of splits, the newest first.
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
        old = salvage(workspace.catalog)
        for source, reading in readings:
            refuse_emptied(source, reading, old.screenshots)
        _refuse_nothing(workspace, readings)
        tasks = plan_tasks(readings, old.screenshots, old.crops)
        before = reading_findings(readings, old.screenshots, old.crops)
        with replacing(workspace.catalog) as temporary:
            with Catalog.open(temporary) as catalog:
                claim_crops(workspace, catalog, lost=True)
                labels = {entry.label for task in tasks for entry in task.picture.objects} | old.numbers.keys()
                standing = _StandingCrops(workspace, claimed=_claimed(tasks, old, unusable_pictures(readings)))
                catalog.keep_numbers(standing.last_numbers(labels | workspace.taxonomy.by_name.keys()))
                catalog.keep_numbers(old.numbers)
                outcomes, new = cut_and_store(
                    [replace(task, known=None) for task in tasks], catalog, workspace,
                    workers=workers, adopt=standing.adopt, progress=progress,
                )  # fmt: skip
                unusable = {(o.task.source.key, o.task.picture.name) for o in outcomes if not o.kept}
                catalog.save_screenshots(_waiting(old, unusable | unusable_pictures(readings), standing.taken))
                splits, losses = _restored(old, recorded, catalog.crops(), workspace.taxonomy)
                for one in splits:
                    catalog.save_split(one.split)
                removed = len({crop.file for crop in old.crops} - {crop.file for crop in catalog.crops()})
                summary = summarize(outcomes, before, new=new, removed=removed)
                catalog.save_extraction(summary.counts, summary.findings)
            beside = set_beside(workspace.catalog)
        aside = _set_crops_aside(workspace)
    cuts = [cut for outcome in outcomes for cut in outcome.cuts]
    kept = sum(cut.known is not None for cut in cuts)
    return RebuildSummary(
        summary, kept, len(cuts) - kept, tuple(splits), beside, aside, (*old.findings, *losses)
    )  # fmt: skip


def _refuse_nothing(workspace: Workspace, readings: Sequence[SourceReading]) -> None:
    """Refuse sources that are all empty: where the catalogue is lost too, only the crops tell that they were not."""
    empty = not any(reading.pictures for _, reading in readings)
    if empty and any(numbered_stem(path.name) for path in workspace.crops.glob("*")):
        raise InputRejectedError(
            f"{workspace.root}: crops/ holds crops, but no source has an annotated picture; nothing was changed. Bring "
            "the pictures back, or move the crops away."
        )


class _StandingCrops:
    """The files below `crops/`, known by what they show; each is given to one object.

    A claimed one is never given to another object that looks the same.
    """

    def __init__(self, workspace: Workspace, *, claimed: set[str]) -> None:
        self.taken: set[str] = set()
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
        """Give the highest number in the names of each label's files."""
        stems = {label: crop_stem(label) for label in labels}
        return {label: self._numbers[stem] for label, stem in stems.items() if stem in self._numbers}

    def adopt(self, outcome: Outcome) -> Outcome:
        """Tell an outcome which of its crops stand already, and under which number."""
        return replace(outcome, cuts=tuple(self._adopt(cut, outcome) for cut in outcome.cuts))

    def _adopt(self, cut: Cut, outcome: Outcome) -> Cut:
        stem = crop_stem(cut.label)
        same = [file for file in self._same.get((stem, _pixels(cut.content)), ()) if file not in self.taken]
        known = cut.known if cut.known and cut.known.file not in self.taken else None
        file = known.file if known else next((file for file in same if file not in self._claimed), None)
        if file is None:
            return replace(cut, known=None)
        self.taken.add(file)
        shot = outcome.task.picture
        crop = Crop(
            0, cut.label, _number(file), file, self._hashes.get(file, ""), cut.box, 0, shot.name, shot.context,
            outcome.fingerprint,
        )  # fmt: skip
        return replace(cut, known=crop, content=b"" if file in same else cut.content)


def _claimed(tasks: Sequence[PictureTask], old: Salvage, unusable: set[tuple[str, str]]) -> set[str]:
    """Give the files of crops that the old catalogue knows and whose object is still annotated, or may be."""
    waiting = {shot.id for shot in old.screenshots if (shot.source, shot.name) in unusable}
    files = {crop.file for crop in old.crops if crop.screenshot_id in waiting}
    for task in tasks:
        size_wh = task.known.size_wh if task.known else (0, 0)
        boxes = set()
        for entry in task.picture.objects:
            with suppress(RejectedItemError):
                boxes.add((entry.label, fit_box(entry.xyxy or (0, 0, *size_wh), size_wh)[0]))
        files |= {crop.file for crop in task.crops if (crop.label, crop.box) in boxes}
    return files


def _number(file: str) -> int:
    return int(file.rpartition("_")[2].removesuffix(".png"))


def _pixels(content: bytes) -> str:
    """Hash what a picture shows, however it is packed."""
    image = images.decode(content)
    return hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()


def _waiting(old: Salvage, unusable: set[tuple[str, str]], taken: set[str]) -> list[NewScreenshot]:
    """Take over the rows of pictures that are there but cannot be used now."""
    crops_of: dict[int, list[NewCrop]] = {}
    for crop in old.crops:
        if crop.file not in taken:
            row = NewCrop(crop.label, crop.box, crop.hash, crop.number, crop.file, crop.attributes)
            crops_of.setdefault(crop.screenshot_id, []).append(row)
    return [
        NewScreenshot(
            shot.source, shot.name, shot.context, shot.size_wh, shot.picture_hash, shot.fingerprint,
            tuple(crops_of.get(shot.id, ())),
        )
        for shot in old.screenshots
        if (shot.source, shot.name) in unusable
    ]  # fmt: skip


def _restored(
    old: Salvage, recorded: Sequence[RecordedSplit], crops: Sequence[Crop], taxonomy: Taxonomy
) -> tuple[list[RestoredSplit], list[Finding]]:
    """Restore splits: as they were read, or planned again where a run proves that this gives the same."""
    read = {split.name: split for split in old.splits}
    names = [*read, *(() if old.all_splits else dict.fromkeys(record.name for record in recorded))]
    rows = {crop.file: crop.id for crop in crops}
    splits, losses = [], []
    for name in dict.fromkeys(names):
        split = read.get(name)
        if split and split.whole:
            splits.append(_as_read(split, rows))
            continue
        again = (_planned_again(record, crops, taxonomy) for record in recorded if record.name == name)
        restored = next((one for one in again if one), None)
        if restored:
            splits.append(restored)
            continue
        if split and split.parts:
            splits.append(_as_read(split, rows))
        losses.append(_lost(name, split, next((one for one in recorded if one.name == name), None)))
    return splits, losses


def _as_read(split: SalvagedSplit, rows: Mapping[str, int]) -> RestoredSplit:
    parts = {rows[file]: part for file, part in split.parts.items() if file in rows}
    stored = StoredSplit(split.name, split.ratios.shares, split.seed, split.grouped, parts)
    return RestoredSplit(stored, gone=len(split.parts) - len(parts))


def _planned_again(record: RecordedSplit, crops: Sequence[Crop], taxonomy: Taxonomy) -> RestoredSplit | None:
    try:
        plan = plan_split(crops, ratios=record.ratios, seed=record.seed, grouped=record.grouped, name=record.name)
    except InputRejectedError:
        return None
    used = [crop for crop in crops if taxonomy.class_of(crop.label, record.level) is not None]
    return RestoredSplit(plan, recorded_by=record.run) if split_digest(used, plan.parts) == record.digest else None


def _lost(name: str, split: SalvagedSplit | None, record: RecordedSplit | None) -> Finding:
    made = split or record
    asked = f" --ratios {made.ratios} --seed {made.seed}{'' if made.grouped else ' --naive'}" if made else ""
    what = f"only {len(split.parts)} of its places could be read" if split and split.parts else "its places are lost"
    reason = f"{what}, and no run proves that planning it again gives the same"
    force = " --force" if split and split.parts else ""
    return Finding(f"split {name}", reason, f"make it anew: toonvision split --name {name}{asked}{force}", "split-lost")


def _set_crops_aside(workspace: Workspace) -> Path | None:
    """Move files of crops that show no object any more out of `crops/`, where the next extraction would delete them."""
    with workspace.reading() as catalog:
        strays = files_without_row(workspace, catalog.crops(), catalog.last_numbers())
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
