"""The commands about searches for networks: tune, studies."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from toonvision.cli.model_verbs import parse_size
from toonvision.cli.options import (
    HERE,
    JsonOption,
    SeedOption,
    SplitNameOption,
    TaskArgument,
    WorkspaceOption,
    given_options,
)
from toonvision.cli.output import report_findings, show, table
from toonvision.cli.tune_display import TuningDisplay, study_data, study_renderables, study_row
from toonvision.tuning.options import RecipeName, Strategy

_RECIPES = "the recipe's"


def tune(
    context: typer.Context,
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    strategy: Annotated[
        Strategy,
        typer.Option(
            help="How networks are drawn: at random; at random, the bad ones cut short; near what did well; or on the "
            "front of size against error."
        ),
    ] = "random",
    recipe: Annotated[
        RecipeName,
        typer.Option(
            help="What is drawn, and how it is trained: as published; or small normalised networks, as compact is."
        ),
    ] = "published",
    trials: Annotated[int, typer.Option(min=1, help="How many networks are tried.")] = 25,
    max_params: Annotated[
        int | None, typer.Option(min=1, help="Most weights of a network.", show_default="any number")
    ] = None,
    max_ms: Annotated[
        float | None,
        typer.Option(min=0.001, help="Most milliseconds for one picture on this machine.", show_default="any"),
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="What to draw from, in TOML.", show_default="the recipe's space")
    ] = None,
    tighten: Annotated[
        str | None,
        typer.Option(
            help="A study: search the part of its space that its best tenth spans, with its strategy, bounds and "
            "training; its trials there count."
        ),
    ] = None,
    race: Annotated[int, typer.Option(min=0, help="Most trainings, with fresh seeds, to tell the best apart.")] = 30,
    repeats: Annotated[int, typer.Option(min=1, help="Trainings of each trial, with the same seeds for all.")] = 1,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most passes over the training part.", show_default=_RECIPES)
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Epochs without a better validation loss.", show_default=_RECIPES)
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Pictures a step.", show_default=_RECIPES)] = None,
    flip: Annotated[
        bool | None,
        typer.Option(
            "--flip/--no-flip", help="Mirror half of the training pictures, at random.", show_default=_RECIPES
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Input height x width.", show_default="the workspace's, or what compact wants"),
    ] = None,
    split: SplitNameOption = "default",
    seed: SeedOption = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that train at once.", show_default="the measured best")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            help="A database that machines share, as in postgresql://user:password@host/database.",
            show_default="a file in the study's folder",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the study.", show_default="the strategy and a number")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a study: the named one, or the newest.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Search for a small network that is good every time."""
    from toonvision.data.workspace import open_workspace
    from toonvision.report.search import write_search_report
    from toonvision.tuning.options import SearchOptions
    from toonvision.tuning.study import tune as search

    given, opened = given_options(context), open_workspace(workspace)
    options = SearchOptions(
        strategy=strategy if "strategy" in given else None,
        recipe=recipe if "recipe" in given else None,
        trials=trials if "trials" in given else None,
        max_params=max_params,
        max_ms=max_ms,
        space=space,
        race=race if "race" in given else None,
        repeats=repeats if "repeats" in given else None,
        epochs=epochs,
        patience=patience,
        batch_size=batch_size,
        flip=flip,
        size_hw=parse_size(size) if size else None,
        split=split if "split" in given else None,
        seed=seed if "seed" in given else None,
    )
    with TuningDisplay() as display:
        result = search(
            opened,
            task,
            options,
            name=name,
            resume=resume,
            tighten=tighten,
            storage=storage,
            workers=workers,
            watcher=display,
        )
    folder = opened.studies / result.title
    path = write_search_report(folder, result)
    again = f"toonvision train {task} --from-study {result.title} --repeat 10 -w {shlex.quote(str(workspace))}"
    show(
        {**study_data(result), "folder": str(folder), "report": str(path)},
        *study_renderables(result),
        f"Report: {path}\nNext: {again}",
        as_json=as_json,
    )


def studies(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """List the searches of a workspace."""
    from toonvision.core.errors import Finding, ModelRefusedError
    from toonvision.data.workspace import open_workspace
    from toonvision.tuning.folders import study_results
    from toonvision.tuning.result import read_result

    opened = open_workspace(workspace)
    listed, damaged = [], []
    for path in study_results(opened.studies):
        try:
            listed.append(read_result(path.parent))
        except ModelRefusedError as error:
            damaged.append(Finding(str(path), str(error).removeprefix(f"{path}: "), code="damaged-study"))
    report_findings(damaged, folder=opened.studies)
    columns = [
        "Study",
        "State",
        "Started (UTC)",
        "Strategy",
        "Tried",
        "Best: network",
        "parameters",
        "wrong: median",
        "worst",
    ]
    empty = "There is no study yet. Next: toonvision tune TASK"
    data = {"studies": [study_data(one) for one in listed], "findings": [asdict(finding) for finding in damaged]}
    rows = [study_row(one) for one in listed]
    show(data, table("Studies", columns, rows, names=4) if rows else empty, as_json=as_json)
