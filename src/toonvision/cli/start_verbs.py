"""The commands to begin with: demo, quickstart, init, sample."""

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli import options
from toonvision.cli.options import choice
from toonvision.cli.output import report_findings, say, say_result, show_page
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import UsageError
from toonvision.data.formats.names import Format

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace

_WATCHED_S = 3.0
SourceOption = typer.Option("--from", help="A folder of annotated pictures: Pascal VOC, YOLO, COCO and others.")
FormatOption = Annotated[Format | None, choice("The format of --from.", "the likeliest", "--format")]
IgnoreOption = Annotated[
    list[str] | None, choice("Leave this label out; can be repeated.", "none", "--ignore", metavar="<label>")
]
SameOption = Annotated[
    list[str] | None,
    choice("Read a spelling as the label to keep; can be repeated.", "none", "--same", metavar="<keep=spelling>"),
]
TaxonomyOption = Annotated[
    str | None, choice("infer (from the labels found), toontown, or a TOML file.", "infer, except for ToonTown")
]


def demo(
    directory: Annotated[Path, typer.Argument(help="Where to work.")] = Path("toonvision-demo"),
    seed: options.SeedOption = 0,
    scale: Annotated[float, typer.Option(min=0.01, max=10, help="Factor on the published counts.")] = 1.0,
    repeat: Annotated[int, typer.Option(min=1, help="Train this often.")] = 1,
    open_report: options.OpenOption = False,
) -> "Result[Any]":
    """Draw a sample world, train on it, write a report, watch a scene."""
    from toonvision.api.workspace import open_workspace
    from toonvision.cli.sample_world import SampleOrder, draw_into

    seconds = dict[str, float]()
    with _timed("draw", seconds), TERMINAL.progress("drawing the sample world", "screenshots") as progress:
        draw_into(directory, SampleOrder(seed, scale), progress=progress)
    workspace = open_workspace(directory, watcher=TERMINAL)
    with _timed("extract", seconds):
        say(workspace.extract().sentences)
    with _timed("split", seconds):
        say(workspace.split(seed=seed, force=True).sentences)
    with _timed("train", seconds):
        run = workspace.train("suit", repeat=repeat, seed=seed)
    with _timed("report", seconds):
        report = run.report()
    with _timed("watch", seconds):
        watched = _watch_shortly(workspace)
    show_page(report.value, wanted=open_report)
    spent = ", ".join(f"{step} {value:.0f} s" for step, value in seconds.items())
    return replace(
        report,
        blocks=(*report.blocks, *watched, f"({spent}; {sum(seconds.values()):.0f} s in all)"),
        data={**report.data, "seconds": seconds},
    )


def _watch_shortly(ws: "Workspace") -> tuple[str, str]:
    """Watch a short scene of the drawn world, and write the report of that; return what was seen."""
    from toonvision.api.watched import FOLDER, watch
    from toonvision.api.watched_models import models_of
    from toonvision.watch.order import WatchOrder

    order = WatchOrder("world", seconds=_WATCHED_S, name="world")
    models, title = models_of(ws, with_=None, detector=None, classifiers=())
    seen = watch(ws, order, models, title=title, watcher=TERMINAL)
    page = ws.report(f"{FOLDER}/{order.log_name}").value
    return seen.sentences.partition("\n")[0], f"What was seen: {page}. Watch it live: {ws.command('watch', 'world')}"


def quickstart(
    directory: Annotated[Path, typer.Argument(help="The new workspace's folder.")],
    source: Annotated[Path, SourceOption],
    task: Annotated[str | None, choice("What to predict.", "the first task, mostly label")] = None,
    taxonomy: TaxonomyOption = None,
    format_: FormatOption = None,
    ignore: IgnoreOption = None,
    same: SameOption = None,
    repeat: Annotated[int, typer.Option(min=1, help="Train this often, to see how much is luck.")] = 1,
    seed: options.SeedOption = 0,
    open_report: options.OpenOption = False,
) -> "Result[Any]":
    """Go from annotated pictures to a report: init, extract, split, train and report in one go.

    Run again, it reads what has changed, draws the split again, and trains a new model.
    """
    from toonvision.api.workspace import create

    workspace = create(
        directory, source=source, taxonomy=taxonomy, format=format_, ignore=ignore or (), same=_spellings(same),
        watcher=TERMINAL,
    )  # fmt: skip
    about = workspace.about()
    say_result(about)
    extracted = workspace.extract()
    for step in (extracted, workspace.split(seed=seed, force=True)):
        say(step.sentences)
        report_findings(step.findings, folder=directory)
    run = workspace.train(task or workspace.first_task(), repeat=repeat, seed=seed)
    page, summary = run.report(), run.summary()
    show_page(page.value, wanted=open_report)
    return replace(
        summary,
        blocks=(*summary.blocks, *page.blocks),
        data={**summary.data, **page.data},
        faulty=any(finding.skips for finding in (*about.findings, *extracted.findings)),
        next=page.next,
    )


def init(
    directory: Annotated[Path, typer.Argument(help="The new workspace's folder.")],
    source: Annotated[Path | None, SourceOption] = None,
    taxonomy: TaxonomyOption = None,
    format_: FormatOption = None,
    ignore: IgnoreOption = None,
    same: SameOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
) -> "Result[Any]":
    """Make a workspace, empty or around your pictures."""
    from toonvision.api.workspace import create, plan

    asked: dict[str, Any] = {
        "source": source,
        "taxonomy": taxonomy,
        "format": format_,
        "ignore": ignore or (),
        "same": _spellings(same),
    }
    if not dry_run:
        return create(directory, **asked, reuse=False).about()
    again = shlex.join(word for word in ["toonvision", *sys.argv[1:]] if word not in ("--dry-run", "--json"))
    return replace(plan(directory, **asked), next=again)


def sample(
    directory: Annotated[Path, typer.Argument(help="The workspace's folder; made where it is missing.")],
    seed: options.SeedOption = 0,
    scale: Annotated[float, typer.Option(min=0.01, max=100, help="Factor on the counts.")] = 1.0,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="30 of each label, 5 on each street, instead of the published counts.")
    ] = False,
    video: Annotated[
        int | None, choice("Draw a sequence of this many frames instead, 10 a second.", "none", min=1, max=100_000)
    ] = None,
    masks: Annotated[
        bool, typer.Option("--masks", help="Also write masks of figures, classes and body parts into masks/.")
    ] = False,
    varied: Annotated[
        bool, typer.Option("--varied", help="Draw each as on another monitor, to learn what holds on any.")
    ] = False,
) -> "Result[Any]":
    """Draw annotated screenshots of a sample world."""
    from toonvision.api.result import Result
    from toonvision.api.workspace import open_workspace
    from toonvision.cli.sample_world import SampleOrder, draw_into

    if video is not None and (balanced or scale != 1.0):
        raise UsageError("--video draws one sequence; it goes with neither --scale nor --balanced. Leave them out.")
    order = SampleOrder(seed, scale, balanced, video, masks, varied)
    with TERMINAL.progress("drawing", "screenshots") as progress:
        screenshots, objects = draw_into(directory, order, progress=progress)
    return Result(
        order,
        (f"Drew {screenshots} screenshots with {objects} objects into {directory / 'screenshots'}.",),
        {"workspace": str(directory), "screenshots": screenshots, "objects": objects, **asdict(order)},
        next=open_workspace(directory).command("extract"),
    )


def _spellings(given: list[str] | None) -> dict[str, list[str]]:
    """Return the other spellings of labels by the label that is kept.

    Labels that differ by case alone have as many ``=`` themselves: the one in the middle stands between them.
    """
    same: dict[str, list[str]] = {}
    for one in given or ():
        parts = one.split("=")
        kept, spelling = ("=".join(half).strip() for half in (parts[: len(parts) // 2], parts[len(parts) // 2 :]))
        if not (kept and spelling):
            raise UsageError(f"--same is KEEP=SPELLING, such as --same cat=Cat; got {one!r}.")
        same.setdefault(kept, []).append(spelling)
    return same


@contextmanager
def _timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[step] = time.monotonic() - started
