"""All checks of a workspace, one after the other; nothing is written."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from toonvision.api.base import Opened, StoredRun
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.installed import outdated_libraries
from toonvision.data import check as data
from toonvision.data.check import Checked
from toonvision.data.label_rules import in_one_line
from toonvision.data.records import Known
from toonvision.deploy.check_runs import check_runs, contradicted_labels
from toonvision.training.record import find_run


def check_workspace(workspace: Opened, run: str | None) -> tuple[list[Checked], dict[str, str]]:
    """Check catalogue, screenshots, crops, splits, runs, leftovers and libraries; `run` is asked about every label.

    Return what was found in each part, and the versions of Python and the libraries.
    """
    files, watcher = workspace.files, workspace.watcher
    known, catalog = data.check_catalog(files)
    with watcher.progress("checking", "screenshots") as progress:
        checked = [catalog, *_part("Screenshots", lambda: [data.check_screenshots(files, known, progress=progress)])]
    if known:
        with watcher.progress("checking", "crops") as progress:
            checked += _part("Crops", lambda: data.check_crops(files, known, progress=progress))
        checked += _part("Splits", lambda: [data.check_splits(files, known)])
    checked += _part("Runs", lambda: [check_runs(files, known)])
    if run:
        checked.append(_contradicted(workspace, run, known))
    libraries, old = outdated_libraries()
    checked += [data.check_leftovers(files), Checked("Libraries", len(libraries), tuple(old))]
    return _in_one_line(checked), {"python": ".".join(map(str, sys.version_info[:3])), **libraries}


def _in_one_line(checked: Sequence[Checked]) -> list[Checked]:
    """Return what was found with one line for all labels that can be left out."""
    findings = iter(in_one_line(finding for one in checked for finding in (*one.faults, *one.doubts)))
    return [
        replace(
            one,
            faults=tuple(islice(findings, len(one.faults))),
            doubts=tuple(islice(findings, len(one.doubts))),
        )
        for one in checked
    ]


def _part(what: str, check: Callable[[], list[Checked]]) -> list[Checked]:
    """Return what a check finds; a folder that may not be read is its fault, and the other checks go on."""
    try:
        return check()
    except PermissionError as error:
        reason = f"cannot be read ({error.strerror})"
        return [Checked(what, 0, (Finding(str(error.filename), reason, "allow reading", "unreadable"),))]


def _contradicted(workspace: Opened, name: str, known: Known | None) -> Checked:
    """Ask a run about every crop that has a class at its level."""
    from toonvision.api.predicting import predict_files
    from toonvision.models.saving import read_card

    files = workspace.files
    run = StoredRun(workspace, find_run(files.runs, name))
    run.require_step("check --run")
    read_card(run.folder, taxonomy=files.taxonomy)
    if known is None:
        raise InputRejectedError(f"{files.catalog}: cannot be read, so that no label can be compared. Leave out --run.")
    crops = [crop for crop in known.crops if files.taxonomy.class_of(crop.label, run.record.level) is not None]
    predictions, _ = predict_files(run, [Path(files.crops / crop.file) for crop in crops])
    return contradicted_labels(crops, predictions, run.record, known, files)
