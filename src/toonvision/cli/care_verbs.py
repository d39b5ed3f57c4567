"""The commands that look after a workspace: check, rebuild."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from toonvision.cli.data_verbs import extraction_text
from toonvision.cli.options import HERE, JsonOption, WorkspaceOption
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show
from toonvision.core.errors import EXIT_SOME_SKIPPED

if TYPE_CHECKING:
    from toonvision.data.rebuild import RebuildSummary


def rebuild(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Make the catalogue again from the screenshots, with the splits that still apply.

    For a catalogue that is damaged, lost or not to be trusted. The old one is kept beside it.
    """
    from toonvision.data.rebuild import rebuild as rebuild_catalog
    from toonvision.data.workspace import open_workspace
    from toonvision.training.record import recorded_splits

    opened = open_workspace(workspace)
    with progress_bar("rebuilding", "screenshots") as progress:
        summary = rebuild_catalog(opened, recorded=recorded_splits(opened.runs), progress=progress)
    for loss in summary.losses:
        say(f"lost: {loss}")
    report_findings(summary.extraction.findings, folder=workspace)
    data = {
        **summary.extraction.counts,
        "numbers_kept": summary.numbers_kept,
        "numbers_new": summary.numbers_new,
        "splits": [
            {"name": one.split.name, "places": len(one.split.parts), "gone": one.gone, "proved_by": one.recorded_by}
            for one in summary.splits
        ],
        "old": str(summary.old) if summary.old else None,
        "crops_aside": str(summary.crops_aside) if summary.crops_aside else None,
        "lost": [asdict(loss) for loss in summary.losses],
        "findings": [asdict(finding) for finding in summary.extraction.findings],
    }
    show(data, _rebuild_text(summary), as_json=as_json)
    if summary.losses:
        raise typer.Exit(EXIT_SOME_SKIPPED)
    exit_for(summary.extraction.findings)


def _rebuild_text(summary: "RebuildSummary") -> str:
    lines = [
        extraction_text(summary.extraction),
        f"Crops: {summary.numbers_kept} keep their numbers, {summary.numbers_new} have new ones.",
    ]
    for one in summary.splits:
        gone = f"; {one.gone} of its crops are gone" if one.gone else ""
        proof = f", planned again with its seed, as the run {one.recorded_by} proves" if one.recorded_by else ""
        lines.append(f"Split {one.split.name}: the places of {len(one.split.parts)} crops{proof}{gone}.")
    if not summary.splits:
        lines.append("There is no split.")
    if summary.crops_aside:
        lines.append(f"Files of crops that show no object any more were moved to {summary.crops_aside}")
    lines.append(
        f"The old catalogue is kept as {summary.old}" if summary.old else "There was no catalogue before this one: a "
        "split that no run was trained on cannot be known."
    )  # fmt: skip
    return "\n".join(lines)
