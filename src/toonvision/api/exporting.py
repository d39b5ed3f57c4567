"""Handing annotations, and what models propose, to other programs."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened
from toonvision.api.predicting import require_empty
from toonvision.api.result import Result
from toonvision.core.errors import Finding, RejectedItemError, UsageError
from toonvision.core.names import derived_name
from toonvision.core.wording import counted
from toonvision.data import images
from toonvision.data.boxes import AnnotatedPicture
from toonvision.data.examination import as_set, decode_screenshot, vocabulary_of
from toonvision.data.own_readings import OPEN_REVIEW, SourceReading
from toonvision.data.sound_objects import sound_boxes
from toonvision.taxonomy.labels import require_known

if TYPE_CHECKING:
    from toonvision.label.exporting import Labelled, Target
    from toonvision.label.screenshots import Screenshot

TARGETS = {"voc": "Pascal VOC", "yolo": "YOLO", "coco": "COCO", "labelstudio": "Label Studio"}


@dataclass(frozen=True)
class Handed:
    """What was written for another program.

    Attributes:
        folder: Where it is.
        screenshots: How many screenshots.
        boxes: How many boxes somebody annotated.
        proposals: How many boxes models propose.
    """

    folder: Path
    screenshots: int
    boxes: int
    proposals: int


def export_annotations(workspace: Opened, target: "Target", folder: Path) -> Result[Handed]:
    """Write the annotated screenshots into a new folder, in the format of another program.

    Raises:
        UsageError: If there is no such target, the folder is not empty, or nothing could be written.
        InputRejectedError: If there is no screenshot.
    """
    from toonvision.label import exporting

    require_known("a target", target, TARGETS)
    require_empty(folder, "--save")
    findings: list[Finding] = []
    wanted = list(_labelled(workspace, findings, with_proposals=target == "labelstudio"))
    if not wanted:
        lacking = f"{workspace.root}: nothing is annotated yet. Run: {workspace.command('label')}"
        raise UsageError(next((str(finding) for finding in findings if finding.skips), lacking))
    labels = [label.name for label in workspace.files.taxonomy.labels]
    exporting.export_annotations(wanted, folder, target, labels=labels)
    proposed = sum(one.is_exact for shot in wanted for one in shot.proposals) if target == "labelstudio" else 0
    handed = Handed(folder, len(wanted), sum(len(shot.boxes or ()) for shot in wanted), proposed)
    text = f"Wrote {counted(handed.screenshots, 'screenshot')} with {counted(handed.boxes, 'box', 'boxes')}"
    more = f" and {proposed:,} proposed ones" if proposed else ""
    return Result(
        handed,
        (f"{text}{more} as {TARGETS[target]} to {folder}",),
        {**vars(handed), "folder": str(folder)},
        findings=tuple(findings),
        next=shlex.join(["toonvision", "init", "NEW", "--from", str(folder)]),
    )


def _labelled(workspace: Opened, findings: list[Finding], *, with_proposals: bool) -> "Iterator[Labelled]":
    """Yield the screenshots that are annotated, each with what an extraction would cut, and those with proposals.

    What an extraction would refuse becomes a finding.
    """
    from toonvision.label.annotations import load_sheet
    from toonvision.label.exporting import Labelled
    from toonvision.label.proposals import proposals_of
    from toonvision.label.screenshots import list_screenshots

    files = workspace.files
    of, listed = proposals_of(files), list_screenshots(files)
    offered = {shot: of(shot) for shot in listed.screenshots} if with_proposals else {}
    readings = as_set(_with_proposed(listed.readings, [shot for shot, own in offered.items() if own]), files)
    findings += [finding for _, reading in readings for finding in reading.findings if _is_said(finding)]
    pictures = {(source.key, picture.name): picture for source, reading in readings for picture in reading.pictures}
    vocabulary = vocabulary_of(pictures.values(), files)
    for shot in listed.screenshots:
        picture = pictures.get((shot.source.key, shot.name))
        if picture is None:
            continue
        try:
            proposals = load_sheet(files, shot, offered[shot]).proposals if with_proposals else ()
            if not (picture.annotation or proposals):
                continue
            size_wh = decode_screenshot(picture, shot.content()).size
            is_rotated = images.is_rotated(shot.path)
        except RejectedItemError as error:
            findings.append(error.finding(shot.name, pictures=1, objects=len(picture.objects)))
            continue
        boxes = None
        if picture.annotation:
            sound, refused, _ = sound_boxes(picture, size_wh, vocabulary)
            findings += (*picture.findings, *refused)
            boxes = tuple(sound)
        named = shot.annotation.relative_to(files.annotations)
        named = named.with_name(derived_name(named.stem, ".png" if is_rotated else shot.path.suffix))
        yield Labelled(shot.path, named.as_posix(), size_wh, boxes, proposals, is_rotated)


def _with_proposed(readings: Sequence[SourceReading], proposed: Sequence["Screenshot"]) -> list[SourceReading]:
    """Return readings that have the screenshots with proposals, too, of which the sources say nothing."""
    found = []
    for source, reading in readings:
        known = {picture.name for picture in reading.pictures}
        known |= {name for name, finding in reading.unusable.items() if finding.skips}
        more = [
            AnnotatedPicture(shot.path, shot.name, "", shot.context)
            for shot in proposed
            if shot.source.key == source.key and shot.name not in known
        ]
        found.append((source, replace(reading, pictures=(*reading.pictures, *more))))
    return found


def _is_said(finding: Finding) -> bool:
    """Return whether a finding is about what is left out, or about a review that is not ended."""
    return finding.skips or finding.code == OPEN_REVIEW
