"""The sources of a workspace: what they hold now, and what the catalogue knows of it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.data.boxes import Reading
from toonvision.data.catalog import Crop, StoredScreenshot
from toonvision.data.examination import PictureTask, staying, stray_attributes
from toonvision.data.formats import layout
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, Source, Workspace

SourceReading = tuple[Source, Reading]


def read_sources(workspace: Workspace) -> list[SourceReading]:
    """Read the annotations of every source.

    Raises:
        InputRejectedError: If there is no source, one is missing, or two of its pictures have one name.
    """
    require_sources(workspace)
    return [(source, layout.read(source.format, source.root)) for source in workspace.sources]


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


def refuse_emptied(source: Source, reading: Reading, screenshots: Iterable[StoredScreenshot]) -> None:
    """Refuse a source that had pictures and has none: a drive that is not mounted must not cost all crops.

    Raises:
        InputRejectedError: Naming the source.
    """
    if not reading.pictures and any(shot.source == source.key for shot in screenshots):
        raise InputRejectedError(
            f"{source.root}: had annotated pictures at the last extraction and has none now; nothing was changed. "
            "Bring them back, or take the source out of toonvision.toml."
        )


def plan_tasks(
    readings: Iterable[SourceReading], screenshots: Iterable[StoredScreenshot], crops: Iterable[Crop]
) -> list[PictureTask]:
    """List the pictures to examine, each with what the catalogue knows of it."""
    known = {(shot.source, shot.name): shot for shot in screenshots}
    crops_of: dict[int, list[Crop]] = {}
    for crop in crops:
        crops_of.setdefault(crop.screenshot_id, []).append(crop)
    tasks = []
    for source, reading in readings:
        for picture in reading.pictures:
            shot = known.get((source.key, picture.name))
            tasks.append(PictureTask(source, picture, shot, tuple(crops_of.get(shot.id, ())) if shot else ()))
    return tasks


def gone_screenshots(
    readings: Sequence[SourceReading], screenshots: Iterable[StoredScreenshot]
) -> list[StoredScreenshot]:
    """List the screenshots that the catalogue knows and no source has.

    One that is there but cannot be used now is not gone: its crops stay until it can be.
    """
    there = {(source.key, picture.name) for source, reading in readings for picture in reading.pictures}
    there |= {(source.key, name) for source, reading in readings for name in reading.unusable}
    return [shot for shot in screenshots if (shot.source, shot.name) not in there]


def reading_findings(
    readings: Sequence[SourceReading], screenshots: Iterable[StoredScreenshot], crops: Iterable[Crop]
) -> list[Finding]:
    """List what is wrong with the annotations, and how many earlier crops stay in spite of it."""
    by_picture = {(shot.source, shot.name): shot.id for shot in screenshots}
    counts = Counter(crop.screenshot_id for crop in crops)
    findings: list[Finding] = []
    for source, reading in readings:
        earlier: Counter[Finding] = Counter()
        for name, finding in reading.unusable.items():
            earlier[finding] += counts[by_picture.get((source.key, name), 0)]
        findings += [staying(finding, earlier[finding]) for finding in reading.findings]
    for source, reading in readings:
        findings += stray_attributes(source.root, reading)
    return findings
