"""Handing annotations, and what models propose, to other programs."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened
from toonvision.api.predicting import require_empty
from toonvision.api.result import Result
from toonvision.core.errors import Finding, RejectedItemError, UsageError
from toonvision.core.names import derived_name
from toonvision.core.wording import counted
from toonvision.data import images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Box, Reading
from toonvision.data.examination import decode_screenshot, sound_boxes
from toonvision.data.own_annotations import DONE
from toonvision.taxonomy.labels import require_known

if TYPE_CHECKING:
    from toonvision.label.annotations import Sheet
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
        raise UsageError(str(findings[0]) if findings else lacking)
    labels = [label.name for label in workspace.files.taxonomy.labels]
    exporting.export_annotations(wanted, folder, target, labels=labels)
    proposed = sum(one.is_exact for shot in wanted for one in shot.proposals) if target == "labelstudio" else 0
    handed = Handed(folder, len(wanted), sum(len(shot.boxes or ()) for shot in wanted), proposed)
    text = f"Wrote {counted(handed.screenshots, 'screenshot')} with {counted(handed.boxes, 'box', 'boxes')}"
    more = f" and {proposed:,} proposed ones" if proposed else ""
    return Result(
        handed,
        (f"{text}{more} as {TARGETS[target]} to {folder}",),
        {**vars(handed), "folder": str(folder), "findings": [vars(finding) for finding in findings]},
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

    of, listed = proposals_of(workspace.files), list_screenshots(workspace.files)
    findings += listed.unread
    for shot in listed.screenshots:
        try:
            sheet = load_sheet(workspace.files, shot, of(shot))
            if sheet.is_fitted:
                reason = "has another size than when it was annotated, so that its boxes are left out"
                findings.append(Finding(shot.name, reason, "review it again: toonvision label", "size-differs"))
            picture = _annotated(shot, sheet)
            if picture is None and not (with_proposals and sheet.proposals):
                continue
            _require_sound(shot, picture)
            is_rotated = images.is_rotated(shot.path)
        except RejectedItemError as error:
            findings.append(error.finding(shot.name, pictures=1))
            continue
        boxes = _boxes(picture, sheet, workspace, findings) if picture else None
        named = shot.annotation.relative_to(workspace.files.annotations)
        named = named.with_name(derived_name(named.stem, ".png" if is_rotated else shot.path.suffix))
        yield Labelled(shot.path, named.as_posix(), sheet.annotation.size_wh, boxes, sheet.proposals, is_rotated)


def _annotated(shot: "Screenshot", sheet: "Sheet") -> AnnotatedPicture | None:
    """Return what is said of a screenshot, by the workspace or by its source; None where nothing is, or not yet all."""
    if not sheet.is_own:
        return shot.given
    if sheet.annotation.review != DONE:
        return None
    objects = [AnnotatedObject(at, one.label, one.box.xyxy) for at, one in enumerate(sheet.annotation.boxes, start=1)]
    return AnnotatedPicture(
        shot.path, shot.name, shot.annotation.name, shot.context, tuple(objects), findings=sheet.findings
    )  # fmt: skip


def _require_sound(shot: "Screenshot", picture: AnnotatedPicture | None) -> None:
    """Refuse a screenshot that an extraction would refuse, before anything is written.

    A person sees a picture as it is stored, and draws on that: what EXIF data say does not matter then.

    Raises:
        RejectedItemError: Saying why.
    """
    if picture and picture is shot.given:
        decode_screenshot(picture, shot.content())
    else:
        images.read_whole(shot.path)


def _boxes(
    picture: AnnotatedPicture, sheet: "Sheet", workspace: Opened, findings: list[Finding]
) -> tuple[tuple[str, Box], ...]:
    """Return the objects of a screenshot as the settings want them; those that cannot be used become findings."""
    (picture,) = workspace.files.label_rules.applied(Reading((picture,))).pictures
    boxes, refused, _ = sound_boxes(picture, sheet.annotation.size_wh, workspace.files.taxonomy)
    findings += (*picture.findings, *refused)
    return tuple(boxes)
