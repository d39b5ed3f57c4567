"""The commands that look after a workspace: check, rebuild."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from toonvision.cli.data_verbs import extraction_text
from toonvision.cli.options import HERE, JsonOption, WorkspaceOption
from toonvision.cli.output import exit_for, finding_lines, progress_bar, report_findings, say, show, table
from toonvision.core.errors import EXIT_SOME_SKIPPED

if TYPE_CHECKING:
    from toonvision.data.check import Checked, Known
    from toonvision.data.rebuild import RebuildSummary
    from toonvision.data.workspace import Workspace


def check(
    workspace: WorkspaceOption = HERE,
    run: Annotated[
        str | None, typer.Option(help="Also name crops whose label this run contradicts.", show_default="no run")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong or doubtful in a workspace; nothing is changed.

    The exit code is 3 where something is wrong; doubts alone leave it 0.
    """
    from toonvision.core.installed import outdated_libraries
    from toonvision.data import check as data
    from toonvision.data.check import Checked
    from toonvision.data.workspace import open_workspace
    from toonvision.deploy.check_runs import check_runs

    opened = open_workspace(workspace, untouched=True)
    known, catalog = data.check_catalog(opened)
    with progress_bar("checking", "screenshots") as progress:
        checked = [catalog, data.check_screenshots(opened, known, progress=progress)]
    if known:
        with progress_bar("checking", "crops") as progress:
            checked += data.check_crops(opened, known, progress=progress)
        checked.append(data.check_splits(opened, known))
    checked.append(check_runs(opened, known))
    if run:
        checked.append(_contradicted(opened, run, known))
    libraries, old = outdated_libraries()
    checked += [data.check_leftovers(opened), Checked("Libraries", len(libraries), tuple(old))]
    faults, doubts = (sum(len(getattr(one, kind)) for one in checked) for kind in ("faults", "doubts"))
    result = {
        "faults": faults,
        "doubts": doubts,
        "checked": [asdict(one) for one in checked],
        "versions": {"python": ".".join(map(str, sys.version_info[:3])), **libraries},
    }
    rows = [[one.what, one.count, len(one.faults), len(one.doubts)] for one in checked]
    show(result, table("Checked", ["What", "Looked at", "Faults", "Doubts"], rows), as_json=as_json)
    if not as_json:
        for line in _check_lines(checked, faults, doubts, run):
            typer.echo(line)
    if faults:
        raise typer.Exit(EXIT_SOME_SKIPPED)


def rebuild(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Make the catalogue again from the screenshots; splits and runs are not touched.

    For a catalogue that is damaged or lost. The old one is kept beside it.
    """
    from toonvision.data.rebuild import rebuild as rebuild_catalog
    from toonvision.data.workspace import open_workspace

    opened = open_workspace(workspace)
    with progress_bar("rebuilding", "screenshots") as progress:
        summary = rebuild_catalog(opened, progress=progress)
    for loss in summary.losses:
        say(f"lost: {loss}")
    report_findings(summary.extraction.findings, folder=workspace)
    data = {
        **summary.extraction.counts,
        "numbers_kept": summary.numbers_kept,
        "numbers_new": summary.numbers_new,
        "splits": {split.name: len(split.subsets) for split in summary.splits},
        "old": str(summary.old) if summary.old else None,
        "crops_aside": str(summary.crops_aside) if summary.crops_aside else None,
        "lost": [asdict(loss) for loss in summary.losses],
        "findings": [asdict(finding) for finding in summary.extraction.findings],
    }
    show(data, _rebuild_text(summary), as_json=as_json)
    if summary.losses:
        raise typer.Exit(EXIT_SOME_SKIPPED)
    exit_for(summary.extraction.findings)


def _contradicted(workspace: "Workspace", run: str, known: "Known | None") -> "Checked":
    """Ask a run about every crop that has a class at its level."""
    from toonvision.cli.model_verbs import predicted_by
    from toonvision.core.errors import InputRejectedError
    from toonvision.deploy.check_runs import contradicted_labels
    from toonvision.models.saving import read_card, require_taxonomy
    from toonvision.training.record import find_run, read_record

    folder = find_run(workspace.runs, run)
    record = read_record(folder)
    require_taxonomy(read_card(folder), workspace.taxonomy.digest, folder)
    if known is None:
        raise InputRejectedError(
            f"{workspace.catalog}: cannot be read, so that no label can be compared. Leave out --run."
        )
    crops = [crop for crop in known.crops if workspace.taxonomy.class_of(crop.label, record.level) is not None]
    predictions, _ = predicted_by(folder, [workspace.crops / crop.file for crop in crops])
    return contradicted_labels(crops, predictions, record, known, workspace)


def _check_lines(checked: "Sequence[Checked]", faults: int, doubts: int, run: str | None) -> list[str]:
    from toonvision.core.wording import counted

    rest = "; --json lists all"
    lines = [line for one in checked for line in finding_lines(one.faults, word=lambda _: "fault", rest=rest)]
    lines += [line for one in checked for line in finding_lines(one.doubts, word=lambda _: "doubt", rest=rest)]
    if run:
        lines.append(
            "A model mostly agrees with the labels that it has learned from, wrong ones too; the thorough way is: "
            "toonvision suspects TASK"
        )
    counts = f"{counted(faults, 'fault')}, {counted(doubts, 'doubt')}"
    found = counts if faults or doubts else "Nothing is wrong, nothing doubtful"
    return [*lines, f"{found}; nothing was changed."]


def _rebuild_text(summary: "RebuildSummary") -> str:
    lines = [
        extraction_text(summary.extraction),
        f"Crops: {summary.numbers_kept} keep their numbers, {summary.numbers_new} have new ones.",
    ]
    lines += [
        f"Split {split.name}: {len(split.subsets)} screenshots, as its file has them." for split in summary.splits
    ]
    if summary.crops_aside:
        lines.append(f"Files of crops that show no object any more were moved to {summary.crops_aside}")
    if summary.old:
        lines.append(f"The old catalogue is kept as {summary.old}")
    return "\n".join(lines)
