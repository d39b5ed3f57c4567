"""The demo: the whole way, from drawn screenshots to a report, in one go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from toonvision.cli.options import DEFAULT_NETWORK, JsonOption, SeedOption
from toonvision.cli.output import progress_bar, say, show


def demo(
    directory: Annotated[Path, typer.Argument(help="Where to work.")] = Path("toonvision-demo"),
    seed: SeedOption = 0,
    scale: Annotated[float, typer.Option(min=0.01, max=10, help="Factor on the published counts.")] = 1.0,
    repeat: Annotated[int, typer.Option(min=1, help="Train this often.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Draw a sample world, train on it, write a report."""
    from toonvision.cli.data_verbs import extract_crops, extraction_text, make_split, split_text
    from toonvision.cli.sample_world import SampleOrder, draw_into
    from toonvision.cli.training_display import TrainingDisplay
    from toonvision.data.splits import SIXTY_TWENTY_TWENTY
    from toonvision.data.workspace import open_workspace
    from toonvision.evaluation.evaluate import evaluate_run, write_results
    from toonvision.report.facts import telling_facts_of
    from toonvision.report.run import write_report
    from toonvision.training.recipes import settings_for
    from toonvision.training.repeat import train_run

    seconds: dict[str, float] = {}
    with _timed("draw", seconds), progress_bar("drawing the sample world", "screenshots") as progress:
        draw_into(directory, SampleOrder(seed, scale), progress=progress)
    workspace = open_workspace(directory)
    with _timed("extract", seconds):
        say(extraction_text(extract_crops(workspace)))
    with _timed("split", seconds):
        say(split_text(make_split(workspace, SIXTY_TWENTY_TWENTY, seed=seed, force=True)))
    settings = settings_for(DEFAULT_NETWORK)
    with _timed("train", seconds), TrainingDisplay(repeats=repeat, epochs=settings.epochs) as display:
        seeds = range(seed, seed + repeat)
        run = train_run(workspace, workspace.taxonomy.task("suit"), settings, seeds=seeds, watcher=display)
    with _timed("judge and report", seconds):
        judged = evaluate_run(workspace, run)
        write_results(judged, run)
        report = write_report(workspace, run, judged)
    facts = telling_facts_of(workspace, judged)
    listed = "\n".join(f"{number}. {fact}" for number, fact in enumerate(facts, start=1))
    spent = ", ".join(f"{step} {value:.0f} s" for step, value in seconds.items())
    show(
        {"report": str(report), "facts": list(facts), "seconds": seconds},
        f"\n{listed}\n\nReport: {report.resolve()}\n({spent}; {sum(seconds.values()):.0f} s in all)",
        as_json=as_json,
    )


@contextmanager
def _timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[step] = time.monotonic() - started
