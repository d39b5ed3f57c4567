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
from toonvision.taxonomy.labels import require_known

if TYPE_CHECKING:
    from toonvision.label.exporting import Labelled, Target

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
    shots = list(_labelled(workspace, findings))
    wanted = [one for one in shots if one.boxes is not None or (target == "labelstudio" and one.proposals)]
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


def _labelled(workspace: Opened, findings: list[Finding]) -> "Iterator[Labelled]":
    """Yield all screenshots, each with what is decided, if its review is ended, and with what is not."""
    from toonvision.label.annotations import load_sheet
    from toonvision.label.exporting import Labelled
    from toonvision.label.proposals import proposals_of
    from toonvision.label.screenshots import list_screenshots

    of = proposals_of(workspace.files)
    for shot in list_screenshots(workspace.files).screenshots:
        try:
            sheet = load_sheet(workspace.files, shot, of(shot))
            is_rotated = images.is_rotated(shot.path)
            if is_rotated:
                images.read_whole(shot.path)  # what is damaged is said before anything is written
        except RejectedItemError as error:
            findings.append(error.finding(shot.name, pictures=1))
            continue
        if sheet.is_fitted:
            reason = "has another size than when it was annotated, so that its boxes are left out"
            findings.append(Finding(shot.name, reason, "review it again: toonvision label", "size-differs"))
        annotation = sheet.annotation
        is_annotated = annotation.review == "done" if sheet.is_own else shot.given is not None
        boxes = tuple((one.label, one.box) for one in annotation.boxes) if is_annotated else None
        named = shot.annotation.relative_to(workspace.files.annotations)
        named = named.with_name(derived_name(named.stem, ".png" if is_rotated else shot.path.suffix))
        yield Labelled(shot.path, named.as_posix(), annotation.size_wh, boxes, sheet.proposals, is_rotated)
