"""Checking a workspace: what is wrong or doubtful with its data. Nothing is written, not even a lock."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from toonvision.core.cores import available_cores
from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, ToonVisionError
from toonvision.core.files import TEMPORARY, read_regular
from toonvision.core.folders import UNFINISHED, half_swapped
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.balance import unknown_labels
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.examination import ExtractionResult, examine_all, identical_pictures
from toonvision.data.extraction import files_without_row, numbered_stem
from toonvision.data.formats import layout
from toonvision.data.groups import screenshot_groups
from toonvision.data.outliers import ImageStatistics, measure_image, odd_boxes, odd_images
from toonvision.data.source_tree import relative
from toonvision.data.sources import (
    SourceReading,
    gone_screenshots,
    plan_tasks,
    reading_findings,
    refuse_emptied,
    require_sources,
)
from toonvision.data.splits import Split, read_split, split_names
from toonvision.data.workspace import Workspace

_NO_SOURCE = "source"
_EXTRACT = "toonvision extract"
_LEFT_BEHIND = (f"{TEMPORARY}*", f"{UNFINISHED}*")


@dataclass(frozen=True)
class Checked:
    """What was found among things of one kind.

    Attributes:
        what: The kind, as a heading.
        count: How many were checked.
        faults: What is wrong.
        doubts: What may be wrong or intended.
    """

    what: str
    count: int
    faults: tuple[Finding, ...] = ()
    doubts: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Known:
    """All that the catalogue says; `numbers` are the last that each label has used."""

    screenshots: Sequence[StoredScreenshot] = ()
    crops: Sequence[Crop] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)


def check_catalog(workspace: Workspace) -> tuple[Known | None, Checked]:
    """Read the catalogue, from a copy; it is None, and a fault, where it cannot be read."""
    name = workspace.catalog.name
    if not workspace.catalog.exists():
        folder = workspace.crops
        left = sum(numbered_stem(path.name) is not None for path in folder.iterdir()) if folder.is_dir() else 0
        if left:
            reason, remedy = f"is missing, although crops/ holds {left} crops", "toonvision rebuild"
            return None, Checked("Catalogue", 0, (Finding(name, reason, remedy, "no-catalogue"),))
        return None, Checked(
            "Catalogue", 0, (), (Finding(name, "nothing was extracted yet", _EXTRACT, "no-catalogue"),)
        )
    try:
        with workspace.reading(untouched=True) as catalog:
            known = Known(catalog.screenshots(), catalog.crops(), catalog.last_numbers())
    except ToonVisionError as error:
        reason = str(error).removeprefix(f"{workspace.catalog}: ")
        return None, Checked("Catalogue", 1, (Finding(name, reason, code="catalogue"),))
    except OSError as error:
        return None, Checked("Catalogue", 1, (Finding(name, f"cannot be read ({error.strerror})", code="catalogue"),))
    return known, Checked("Catalogue", 1)


def check_screenshots(workspace: Workspace, known: Known | None, *, progress: Progress = silent) -> Checked:
    """Examine the sources as an extraction would, and compare what it would store with what is stored.

    Args:
        workspace: The workspace.
        known: What the catalogue says; None where it cannot be read.
        progress: Called with the number of pictures that are done.
    """
    there = known or Known()
    readings, found = _readings(workspace, there)
    tasks = plan_tasks(readings, there.screenshots, there.crops)
    found += reading_findings(readings, there.screenshots, there.crops)
    results: list[ExtractionResult] = []
    crops = 0
    with ThreadPoolExecutor(available_cores()) as pool:
        for result in examine_all(tasks, workspace, pool):
            found += result.findings
            crops += len(result.cuts)
            results.append(result.without_contents())
            progress(len(results), len(tasks))
    found += identical_pictures(results)
    faults: list[Finding] = []
    doubts: list[Finding] = []
    for finding in found:
        (faults if finding.skips or finding.code == _NO_SOURCE else doubts).append(finding)
    if known is None:
        kept = sum(result.kept for result in results)
        reason = f"an extraction would give {crops} crops from {kept} pictures"
        doubts.append(Finding("screenshots", reason, code="not-extracted"))
    else:
        faults += [finding for result in results for finding in _stale(result)]
        faults += _gone(readings, known, workspace)
    unusable = sum(finding.pictures for _, reading in readings for finding in reading.findings)
    return Checked("Screenshots", len(tasks) + unusable, tuple(faults), tuple(doubts))


def check_crops(workspace: Workspace, known: Known, *, progress: Progress = silent) -> list[Checked]:
    """Compare crops with their files, and boxes and pictures with others of their kind.

    Args:
        workspace: The workspace.
        known: What the catalogue says.
        progress: Called with the number of crops that are done.
    """

    def measure(crop: Crop) -> ImageStatistics | Finding:
        path = workspace.crops / crop.file
        try:
            with images.room_for(path):
                content = read_regular(path, limit=images.LARGEST_FILE)
                if hashlib.sha256(content).hexdigest() != crop.hash:
                    raise RejectedItemError("is not what was extracted", f"{_EXTRACT} makes it again", code="changed")
                return measure_image(images.decode(content))
        except RejectedItemError as error:
            missing = not path.exists()
            reason, remedy = ("is missing", f"{_EXTRACT} makes it again") if missing else (error.reason, error.remedy)
            return Finding(f"crops/{crop.file}", reason, remedy, "missing" if missing else error.code)

    statistics: dict[Crop, ImageStatistics] = {}
    faults: list[Finding] = []
    with ThreadPoolExecutor(available_cores()) as pool:
        for done, (crop, found) in enumerate(zip(known.crops, pool.map(measure, known.crops), strict=True), start=1):
            if isinstance(found, Finding):
                faults.append(found)
            else:
                statistics[crop] = found
            progress(done, len(known.crops))
    strays = files_without_row(workspace, known.crops, known.numbers)
    faults += [
        Finding(f"crops/{path.name}", "shows no object that the catalogue knows", f"{_EXTRACT} removes it", "no-row")
        for path in strays
        if not path.name.startswith(TEMPORARY)
    ]
    faults += unknown_labels(known.crops, workspace.taxonomy)
    return [
        Checked("Crops", len(known.crops), tuple(faults), tuple(odd_images(statistics))),
        Checked("Boxes", len(known.crops), (), tuple(odd_boxes(known.crops))),
    ]


def check_splits(workspace: Workspace, known: Known) -> Checked:
    """Find splits that cannot be read or tear near-duplicates apart, and crops that a split does not know."""
    faults: list[Finding] = []
    doubts: list[Finding] = []
    names = split_names(workspace.splits)
    for name in names:
        item, remedy = f"split {name}", f"toonvision split --name {name} --force, then train again"
        try:
            split = read_split(workspace.splits, name)
        except InputRejectedError as error:
            faults.append(Finding(item, str(error), code="split"))
            continue
        faults += _torn_groups(split, known.crops, remedy)
        if missing := sum(split.subset_of(crop) is None for crop in known.crops):
            reason = f"does not know {missing} of {len(known.crops)} crops, which were cut after it was made"
            faults.append(Finding(item, reason, remedy, "uncovered"))
        if gone := sorted(split.subsets.keys() - _possible_keys(known.screenshots)):
            listed = f"{', '.join(gone[:3])}{', ...' if len(gone) > 3 else ''}"
            reason = f"names {len(gone)} screenshots that the catalogue does not know: {listed}"
            doubts.append(Finding(item, reason, "correct their names; those that are gone do no harm", "unknown"))
    return Checked("Splits", len(names), tuple(faults), tuple(doubts))


def _possible_keys(screenshots: Iterable[StoredScreenshot]) -> set[str]:
    return {key for shot in screenshots for key in (shot.name, f"{shot.source}/{shot.name}")}


def check_leftovers(workspace: Workspace) -> Checked:
    """Find what killed processes left behind; it may also belong to one that is at work."""
    folders = [workspace.root, *map(Path, workspace.own_folders())]
    left = [path for folder in folders for pattern in _LEFT_BEHIND for path in sorted(folder.glob(pattern))]
    reason, remedy = "is not complete: a process was killed, or is still at work", "remove it if none is at work"
    doubts = [Finding(relative(path, workspace.root), reason, remedy, "leftover") for path in left]
    swaps = [path for folder in folders for path in sorted(half_swapped(folder))]
    # To remove it by hand could cost what it holds: there may be no other copy.
    reason, remedy = "is the old form of a folder that was being replaced", "leave it: the next command settles it"
    doubts += [Finding(relative(path, workspace.root), reason, remedy, "half-replaced") for path in swaps]
    return Checked("Leftovers", len(doubts), (), tuple(doubts))


def _readings(workspace: Workspace, known: Known) -> tuple[list[SourceReading], list[Finding]]:
    """Read the sources one by one; one that cannot be read at all is a fault."""
    readings: list[SourceReading] = []
    findings = []
    try:
        require_sources(workspace)
    except InputRejectedError as error:
        findings.append(Finding("sources", str(error), code=_NO_SOURCE))
    for source in workspace.sources:
        try:
            reading = layout.read(source.format, source.root)
            refuse_emptied(source, reading, known.screenshots)
            readings.append((source, reading))
        except InputRejectedError as error:
            findings.append(Finding(f"source {source.key}", str(error), code=_NO_SOURCE))
    return readings, findings


def _stale(result: ExtractionResult) -> Iterable[Finding]:
    """Report that a picture differs from what the catalogue says of it."""
    known, name = result.task.known, result.task.picture.name
    if not result.kept or result.stored:
        return
    if known is None:
        yield Finding(name, f"was not extracted yet; it has {len(result.cuts)} objects", _EXTRACT, "new")
    elif known.picture_hash != result.picture_hash:
        yield Finding(name, "was changed after it was extracted", _EXTRACT, "stale")
    else:
        yield Finding(result.task.picture.annotation, "was changed after it was extracted", _EXTRACT, "stale")


def _gone(readings: Sequence[SourceReading], known: Known, workspace: Workspace) -> list[Finding]:
    """Report screenshots that are gone, unless their whole source is, or no source can be read."""
    unread = {source.key for source in workspace.sources} - {source.key for source, _ in readings}
    crops = Counter(crop.screenshot_id for crop in known.crops)
    return [
        Finding(shot.name, f"is gone, but its crops ({crops[shot.id]}) are not", f"{_EXTRACT} removes them", "gone")
        for shot in gone_screenshots(readings, known.screenshots)
        if readings and shot.source not in unread
    ]


def _torn_groups(split: Split, crops: Sequence[Crop], remedy: str) -> list[Finding]:
    """Report groups of near-duplicate screenshots that lie in several subsets of a split."""
    reason = f"near-duplicates lie in several subsets of split {split.name}"
    findings = []
    for group in screenshot_groups([crop for crop in crops if split.subset_of(crop)]):
        if len({split.subset_of(shot) for shot in group}) > 1:
            names = ", ".join(sorted(f"{shot.screenshot} ({split.subset_of(shot)})" for shot in group))
            findings.append(Finding(names, reason, remedy, "torn"))
    return findings
