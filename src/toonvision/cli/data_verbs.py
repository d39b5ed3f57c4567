"""The commands about data: init, sample, extract, balance, split."""

import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli.options import HERE, ForceOption, JsonOption, SeedOption, WorkspaceOption
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show, table
from toonvision.core.errors import UsageError

if TYPE_CHECKING:
    from toonvision.data.balance import Balance, CountTable
    from toonvision.data.extraction import ExtractionSummary
    from toonvision.data.split_summary import SplitSummary
    from toonvision.data.splits import Ratios
    from toonvision.data.workspace import Workspace

_MOST_SHORTAGES = 15
_MOST_GROUPS = 5


def init(
    directory: Annotated[Path, typer.Argument(help="The new workspace's folder.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="Annotated pictures: Pascal VOC, YOLO, COCO or class folders.")
    ] = None,
    taxonomy: Annotated[
        str | None,
        typer.Option(help="toontown, infer (from the labels found), or a TOML file.", show_default="by the labels"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace, empty or around your pictures."""
    from toonvision.data.setup import set_up

    summary = set_up(directory, source=source, taxonomy=taxonomy)
    workspace = summary.workspace
    data: dict[str, Any] = {
        "workspace": str(directory),
        "taxonomy": workspace.taxonomy.name,
        "tasks": [task.name for task in workspace.taxonomy.tasks],
        "size_hw": list(workspace.size_hw),
        "source": [summary.source[0], str(summary.source[1])] if summary.source else None,
        "pictures": summary.pictures,
        "labels": dict(summary.labels),
        "findings": [asdict(finding) for finding in summary.findings],
    }
    report_findings(summary.findings, folder=directory)
    lines = [f"Made the workspace {directory}. Its taxonomy is {summary.taxonomy}; tasks: {', '.join(data['tasks'])}."]
    if summary.source:
        lines.append(
            f"Found {summary.pictures} pictures ({summary.source[0]}) in {summary.source[1]}; they are read from "
            "there, nothing was copied."
        )
        lines.append("Objects: " + ", ".join(f"{label} {count}" for label, count in summary.labels.items()) + ".")
        lines.append(f"Crops will be {workspace.size_hw[0]} x {workspace.size_hw[1]} pixels (height x width).")
    else:
        lines.append(f"Put screenshots and their annotations into {directory / 'screenshots'}/<street>/.")
    lines.append(f"Next: toonvision extract -w {shlex.quote(str(directory))}")
    show(data, "\n".join(lines), as_json=as_json)
    exit_for(summary.findings)


def sample(
    directory: Annotated[Path, typer.Argument(help="The workspace's folder; made where it is missing.")],
    seed: SeedOption = 0,
    scale: Annotated[float, typer.Option(min=0.01, max=100, help="Factor on the counts.")] = 1.0,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="30 of each label, 5 a street, instead of the published counts.")
    ] = False,
    video: Annotated[
        int | None,
        typer.Option(min=1, max=100_000, help="Draw a sequence of this many frames instead, 10 a second."),
    ] = None,
    masks: Annotated[
        bool, typer.Option("--masks", help="Also write masks of figures, classes and parts into masks/.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw annotated screenshots of a sample world."""
    from toonvision.cli.sample_world import SampleOrder, draw_into

    if video is not None and (balanced or scale != 1.0):
        raise UsageError("--video draws one sequence; it goes with neither --scale nor --balanced. Leave them out.")
    order = SampleOrder(seed, scale, balanced, video, masks)
    with progress_bar("drawing", "screenshots") as progress:
        drawn = draw_into(directory, order, progress=progress)
    show(
        {"workspace": str(directory), **asdict(drawn), **asdict(order)},
        f"Drew {drawn.screenshots} screenshots with {drawn.objects} objects into {directory / 'screenshots'}.\n"
        f"Next: toonvision extract -w {shlex.quote(str(directory))}",
        as_json=as_json,
    )


def extract(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Cut new and changed boxes out of the screenshots."""
    from toonvision.data.workspace import SCREENSHOTS, open_workspace

    summary = extract_crops(open_workspace(workspace))
    report_findings(summary.findings, folder=workspace)
    data = {**summary.counts, "findings": [asdict(finding) for finding in summary.findings]}
    none = [f"Put screenshots and their annotations into {workspace / SCREENSHOTS}/<street>/, then run this again."]
    show(data, extraction_text(summary), *([] if summary.pictures_read else none), as_json=as_json)
    exit_for(summary.findings)


def extract_crops(workspace: "Workspace") -> "ExtractionSummary":
    """Extract under a progress bar."""
    from toonvision.data.extraction import extract as extract_all

    with progress_bar("extracting", "screenshots") as progress:
        return extract_all(workspace, progress=progress)


def extraction_text(summary: "ExtractionSummary") -> str:
    """Say what an extraction read, kept and skipped."""
    s = summary
    return (
        f"Pictures: {s.pictures_read} read = {s.pictures_kept} kept + {s.pictures_skipped} skipped "
        f"({s.pictures_unchanged} unchanged).\n"
        f"Objects: {s.objects_read} read = {s.objects_kept} kept + {s.objects_skipped} skipped; "
        f"{s.crops_new} crops written, {s.crops_removed} removed."
    )


def balance(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Count samples; say what to photograph next."""
    from toonvision.data.balance import measure_balance
    from toonvision.data.workspace import open_workspace
    from toonvision.report.data_panels import write_balance_figures

    opened = open_workspace(workspace)
    with opened.reading() as catalog:
        measured = measure_balance(catalog.crops(), opened.taxonomy)
    files = _drawn(lambda: write_balance_figures(measured, opened.taxonomy, opened.figures), opened.figures)
    report_findings(measured.findings, folder=opened.figures)
    data = {
        "crops": measured.crops,
        "tables": {counts.level.name: _count_rows(counts) for counts in measured.tables},
        "photograph_next": [
            {"label": s.label.name, "context": s.context.name, "count": s.count, "missing": s.missing,
             "label_count": s.label_count, "label_missing": s.label_missing}
            for s in measured.shortages
        ],
        "figures": [str(file) for file in files],
        "findings": [asdict(finding) for finding in measured.findings],
    }  # fmt: skip
    tables = [_count_table(f"Samples by {counts.level.title.lower()}", counts) for counts in measured.tables]
    show(data, *tables, *_shortage_table(measured), *_named(files), as_json=as_json)
    exit_for(measured.findings)


def split(
    workspace: WorkspaceOption = HERE,
    ratios: Annotated[str, typer.Option(help="Train/val/test, in percent.")] = "60/20/20",
    seed: SeedOption = 0,
    name: Annotated[str, typer.Option(help="What to call it.")] = "default",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Assign screenshots, and so their crops, to train, val and test.

    Near-duplicate screenshots stay together.
    """
    from toonvision.data.splits import Ratios
    from toonvision.data.workspace import open_workspace
    from toonvision.report.data_panels import write_split_figures

    asked = Ratios.parse(ratios)
    opened = open_workspace(workspace)
    summary = make_split(opened, asked, seed=seed, name=name, force=force)
    data: dict[str, Any] = {
        "name": summary.name, "ratios": list(asked.shares), "achieved": list(summary.achieved), "seed": seed,
        "groups": summary.groups, "near_duplicates": list(summary.near_duplicate_groups), "empty": list(summary.empty),
        "largest_deviation": list(summary.largest_deviation or ()), "file": str(opened.splits / f"{name}.csv"),
        "tables": {counts.level.name: _count_rows(counts) for counts in summary.tables},
    }  # fmt: skip
    files = _drawn(lambda: write_split_figures(summary, opened.figures), opened.figures)
    data["figures"] = [str(file) for file in files]
    tables = [_count_table(f"Split {name} by {counts.level.title.lower()}", counts) for counts in summary.tables]
    show(data, *tables, split_text(summary), *_named(files), as_json=as_json)


def make_split(
    workspace: "Workspace", ratios: "Ratios", *, seed: int, name: str = "default", force: bool = False
) -> "SplitSummary":
    """Draw a split and summarize it."""
    from toonvision.data.split_plan import draw_split
    from toonvision.data.split_summary import summarize_split

    plan = draw_split(workspace, ratios=ratios, seed=seed, name=name, replace=force)
    with workspace.reading() as catalog:
        return summarize_split(plan, catalog.crops(), workspace.taxonomy, screenshots=catalog.screenshots())


def split_text(summary: "SplitSummary") -> str:
    """Say how near a split came to what was asked."""
    achieved = "/".join(f"{share:.1f}" for share in summary.achieved)
    pairs = [" = ".join(group) for group in summary.near_duplicate_groups]
    near = (
        f" Near-duplicates: {'; '.join(pairs[:_MOST_GROUPS])}{'; ...' if len(pairs) > _MOST_GROUPS else ''}."
        if pairs
        else ""
    )
    label, samples = summary.largest_deviation or ("", 0.0)
    deviation = f" The label furthest from {summary.ratios} is {label}, by {samples:.1f} crops." if samples else ""
    train, val, test = summary.empty
    empty = f" Screenshots without objects: {train} train, {val} val, {test} test." if sum(summary.empty) else ""
    return (
        f"Asked for {summary.ratios} of each label, got {achieved} from {summary.groups} groups of screenshots that "
        f"stay together.{near}{deviation}{empty}"
    )


def _drawn(draw: Callable[[], list[Path]], folder: Path) -> list[Path]:
    """Draw figures beside the tables; where that cannot be done the tables are still worth printing."""
    try:
        return draw()
    except OSError as error:
        say(f"{folder}: the figures cannot be written ({error.strerror}).")
        return []


def _named(files: list[Path]) -> list[str]:
    return [f"Figures: {', '.join(map(str, files))}"] if files else []


def _count_rows(counts: "CountTable") -> dict[str, dict[str, int]]:
    columns = [column.name for column in counts.columns]
    return {
        row.name: dict(zip(columns, values, strict=True))
        for row, values in zip(counts.classes, counts.counts.tolist(), strict=True)
    }


def _count_table(title: str, counts: "CountTable") -> Any:
    columns = [counts.level.title, *(column.title for column in counts.columns), "Total"]
    rows = [
        [row.title, *values, sum(values)] for row, values in zip(counts.classes, counts.counts.tolist(), strict=True)
    ]
    totals = counts.counts.sum(axis=0).tolist()
    return table(title, columns, [*rows, ["Total", *totals, sum(totals)]])


def _shortage_table(measured: "Balance") -> list[Any]:
    if not measured.shortages:
        return ["Every label has its target of samples everywhere."]
    rows = [
        [s.label.title, s.context.title, s.count, f"+{s.missing}", s.label_count, f"+{s.label_missing}"]
        for s in measured.shortages[:_MOST_SHORTAGES]
    ]
    columns = ["What", "Where", "Samples there", "Missing there", "Samples in all", "Missing in all"]
    rest = len(measured.shortages) - len(rows)
    more = [f"... and {rest} more pairs (--json lists all)."] if rest > 0 else []
    return [table("Photograph next", columns, rows, names=2), *more]
