"""Checking a workspace: what is wrong or doubtful with its data. Nothing is written, not even a lock."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, ToonVisionError
from toonvision.core.files import TEMPORARY
from toonvision.core.folders import UNFINISHED, half_swapped
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.core.wording import listed
from toonvision.data import examination, images
from toonvision.data.boxes import RECOVERED
from toonvision.data.examination import ExtractionResult
from toonvision.data.extraction import files_without_row, numbered_stem
from toonvision.data.groups import RECORD_MORE, Group, find_groups, too_few
from toonvision.data.label_rules import AS_SET
from toonvision.data.listing import relative
from toonvision.data.outliers import ImageStatistics, measure_image, odd_boxes, odd_images
from toonvision.data.own_readings import SourceReading
from toonvision.data.records import Crop, Known
from toonvision.data.split_plan import subset_table
from toonvision.data.splits import Split, again, read_splits, split_names
from toonvision.data.subsets import SUBSETS
from toonvision.data.trainable import missing_labels, untrainable
from toonvision.data.unknown_labels import unknown_labels
from toonvision.data.workspace import ANNOTATIONS, Workspace
from toonvision.taxonomy.labels import CLASSIFY, LABEL_LEVEL, Taxonomy

_NO_SOURCE = "source"
_EXTRACT = "toonvision extract"
_MOST_NAMES = 12
_LEFT_BEHIND = (f"{TEMPORARY}*", f"{UNFINISHED}*")


@dataclass(frozen=True)
class Checked:
    """What was found among `count` things of one kind: faults, and doubts, which may be wrong or intended."""

    what: str
    count: int
    faults: tuple[Finding, ...] = ()
    doubts: tuple[Finding, ...] = ()


def check_catalog(workspace: Workspace) -> tuple[Known | None, Checked]:
    """Read the catalogue, from a copy; it is None, and a fault, where it cannot be read."""
    name = workspace.catalog.name
    try:
        if not workspace.catalog.exists():
            crops = sum(numbered_stem(path.name) is not None for path in workspace.crops.glob("*"))
            if not crops and split_names(workspace.splits):
                fault = Finding(name, "is missing, and so are all crops", _EXTRACT, "no-catalogue")
                return None, Checked("Catalogue", 0, (fault,))
            if not crops:
                doubt = Finding(name, "nothing was extracted yet", _EXTRACT, "no-catalogue")
                return None, Checked("Catalogue", 0, (), (doubt,))
            reason = f"is missing, although crops/ holds {crops} crops"
            return None, Checked("Catalogue", 0, (Finding(name, reason, "toonvision rebuild", "no-catalogue"),))
        with workspace.reading(untouched=True) as catalog:
            return catalog.known(), Checked("Catalogue", 1)
    except ToonVisionError as error:
        reason = str(error).removeprefix(f"{workspace.catalog}: ")
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    return None, Checked("Catalogue", 1, (Finding(name, reason, code="catalogue"),))


def check_screenshots(workspace: Workspace, known: Known | None, *, progress: Progress = silent) -> Checked:
    """Examine the sources as an extraction would, and compare what it would store with what the catalogue says.

    Where the catalogue cannot be read, nothing is known. `progress` counts pictures.
    """
    there = known or Known()
    readings, found = _readings(workspace, there)
    tasks = examination.plan_tasks(readings, there)
    found += examination.reading_findings(readings, there)
    results: list[ExtractionResult] = []
    crops = 0
    with ThreadPoolExecutor(available_cores()) as pool:
        for result in examination.examine_all(tasks, workspace, pool):
            found += result.findings
            crops += len(result.cuts)
            results.append(result.without_contents())
            progress(len(results), len(tasks))
    found += [*examination.recovered(results), *examination.identical_pictures(results)]
    faults = [finding for finding in found if finding.skips or finding.code == _NO_SOURCE]
    doubts = [finding for finding in found if not finding.skips and finding.code not in (_NO_SOURCE, AS_SET, RECOVERED)]
    if known is None:
        kept = sum(result.kept for result in results)
        reason = f"an extraction would cut {crops} crops from {kept} pictures"
        doubts.append(Finding("screenshots", reason, code="not-extracted"))
    else:
        faults += [finding for result in results for finding in _stale(result)]
        faults += _gone(readings, known, workspace)
    unusable = sum(finding.pictures for _, reading in readings for finding in reading.findings)
    return Checked("Screenshots", len(tasks) + unusable, tuple(faults), tuple(doubts))


def check_crops(workspace: Workspace, known: Known, *, progress: Progress = silent) -> list[Checked]:
    """Compare crops with their files, and boxes and pictures with others of their kind; `progress` counts crops."""

    def measure(crop: Crop) -> ImageStatistics | Finding:
        path = workspace.crops / crop.file
        try:
            with images.room_for(path):
                return measure_image(images.read_whole(path, digest=crop.hash))
        except RejectedItemError as error:
            if path.exists():
                return error.finding(f"crops/{crop.file}")
            return Finding(f"crops/{crop.file}", "is missing", f"{_EXTRACT} makes it again", "missing")

    statistics: dict[Crop, ImageStatistics] = {}
    faults: list[Finding] = []
    with ThreadPoolExecutor(available_cores()) as pool:
        for done, (crop, found) in enumerate(zip(known.crops, pool.map(measure, known.crops), strict=True), start=1):
            if isinstance(found, Finding):
                faults.append(found)
            else:
                statistics[crop] = found
            progress(done, len(known.crops))
    faults += [
        Finding(f"crops/{path.name}", "shows no object that the catalogue knows", f"{_EXTRACT} removes it", "no-row")
        for path in files_without_row(workspace, known)
        if not path.name.startswith(TEMPORARY)
    ]
    faults += unknown_labels(known.crops, workspace.taxonomy, workspace.label_rules)
    labels = Counter(crop.label for crop in known.crops if crop.label in workspace.taxonomy.by_name)
    rare = untrainable(labels, finds=bool(workspace.taxonomy.finding), rules=workspace.label_rules)
    alone = _one_class(labels, workspace.taxonomy)
    return [
        Checked("Crops", len(known.crops), tuple(faults), (*rare, *alone, *odd_images(statistics))),
        Checked("Boxes", len(known.crops), (), tuple(odd_boxes(known.crops))),
    ]


def _one_class(labels: Collection[str], taxonomy: Taxonomy) -> list[Finding]:
    """Report the tasks that name objects and know one class of them, where another task can be learned."""
    names = [
        task.name
        for task in taxonomy.tasks
        if task.kind == CLASSIFY and len({taxonomy.class_of(label, task.level) for label in labels} - {None}) == 1
    ]
    if not names or (len(labels) == 1 and not taxonomy.finding):
        return []
    reason = f"{listed(names)} {'has' if len(names) == 1 else 'have'} objects of a single class, and a model needs two"
    remedy = "to train that, annotate something else too, under a label of another class"
    return [Finding("tasks", reason, remedy, "one-class")]


def check_splits(workspace: Workspace, known: Known) -> Checked:
    """Find splits that cannot be read, tear groups apart, lack labels, or do not know crops."""
    splits, faults = read_splits(workspace.splits)
    doubts: list[Finding] = []
    count = len(splits) + len(faults)
    possible = {key for shot in known.screenshots for key in (shot.name, f"{shot.source}/{shot.name}")}
    groups = find_groups(known.crops)
    if known.crops and (fault := too_few(groups)):
        doubts.append(Finding("screenshots", *fault, "few-groups"))
    level = workspace.taxonomy.level(LABEL_LEVEL)
    for split in splits:
        # Taken over again, a split of the source's own would tear the same groups apart.
        drawn = again(replace(split, from_source=False))
        item, remedy = f"split {split.name}", f"{drawn}, then train again"
        torn, cut = _torn(split, groups, remedy)
        faults += torn
        doubts += cut
        table = subset_table(level, split, known.crops, workspace.taxonomy)
        doubts += missing_labels(split, table, rules=workspace.label_rules)
        if missing := sum(split.subset_of(crop) is None for crop in known.crops):
            reason = f"does not know {missing} of {len(known.crops)} crops, which were cut after it was made"
            if split.from_source:
                reason += ", or lie in no subset of the source"
                taken = f"{again(split)} takes over what the source says now"
                doubts.append(Finding(item, reason, taken, "uncovered"))
            else:
                faults.append(Finding(item, reason, remedy, "uncovered"))
        if gone := sorted(split.subsets.keys() - possible):
            reason = f"names {len(gone)} screenshots that the catalogue does not know: {', '.join(gone)}"
            doubts.append(Finding(item, reason, "correct their names; those that are gone do no harm", "unknown"))
    return Checked("Splits", count, tuple(faults), tuple(doubts))


def _torn(split: Split, groups: Sequence[Group[Crop]], remedy: str) -> tuple[list[Finding], list[Finding]]:
    """Return the groups that a split tears apart although it need not, and those that it cannot but cut."""
    torn, cut = [], []
    for group in groups:
        shots = [shot for shot in group.shots if split.subset_of(shot)]
        if not split.tears(shots):
            continue
        names = _names(shots, split)
        if any(split.tears(shot for shot in block if split.subset_of(shot)) for block in group.blocks):
            reason = f"{group.reason} lie in several subsets of split {split.name}"
            torn.append(Finding(names, reason, remedy, "torn"))
        else:
            reason = f"{group.reason} had to be cut for split {split.name}; tests look better than on a new one"
            cut.append(Finding(names, reason, RECORD_MORE, "cut"))
    return torn, cut


def _names(shots: Sequence[Crop], split: Split) -> str:
    """Name the screenshots of a group with their subsets; of a long one the first and the last."""
    if len(shots) <= _MOST_NAMES:
        return ", ".join(f"{shot.screenshot} ({split.subset_of(shot)})" for shot in shots)
    counts = Counter(split.subset_of(shot) for shot in shots)
    listed = ", ".join(f"{counts[subset]} {subset}" for subset in SUBSETS if counts[subset])
    return f"{len(shots)} screenshots from {shots[0].screenshot} to {shots[-1].screenshot} ({listed})"


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
        examination.require_sources(workspace)
    except InputRejectedError as error:
        findings.append(Finding("sources", str(error), code=_NO_SOURCE))
    for source in workspace.sources:
        try:
            reading = examination.read_source(source)
            examination.refuse_emptied(source, reading, known)
            readings.append((source, reading))
        except InputRejectedError as error:
            reason = str(error).removeprefix(f"{source.root}: ")  # it is named already
            findings.append(Finding(f"source {source.key}", reason, code=_NO_SOURCE))
    try:
        return examination.as_set(readings, workspace), findings
    except InputRejectedError as error:
        return readings, [*findings, Finding(ANNOTATIONS, str(error), code=_NO_SOURCE)]


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
        # A catalogue of an earlier version may not know all that is extracted now.
        yield Finding(result.task.picture.annotation, "differs from what was extracted", _EXTRACT, "stale")


def _gone(readings: Sequence[SourceReading], known: Known, workspace: Workspace) -> list[Finding]:
    """Report screenshots that are gone, unless their whole source is, or no source can be read."""
    unread = {source.key for source in workspace.sources} - {source.key for source, _ in readings}
    gone = [shot for shot in examination.gone_screenshots(readings, known) if readings and shot.source not in unread]
    crops = [len(known.crops_of.get((shot.source, shot.name), ())) for shot in gone]
    return [
        Finding(shot.name, f"is gone, but its crops ({count}) are not", f"{_EXTRACT} removes them", "gone")
        for shot, count in zip(gone, crops, strict=True)
    ]
