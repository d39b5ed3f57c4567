"""The commands about searches for networks: tune, studies."""

import shlex
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from toonvision.tuning.strategies import RecipeName, Strategy

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.tasks.base import Dataset
    from toonvision.tuning.result import StudyResult
    from toonvision.tuning.settings import StudySettings

_ALWAYS = {"task", "workspace", "trials", "race", "workers", "storage", "name", "as_json"}
"""What may be given to every search, also one that goes on with an earlier one."""
_RECIPES = "the recipe's"
_WHILE_RESUMING = _ALWAYS | {"resume"}
_WHILE_TIGHTENING = _ALWAYS | {"tighten", "strategy", "max_params"}


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
    from toonvision.report.study import write_study_report
    from toonvision.training.recipes import changed
    from toonvision.tuning.recipes import recipe_for
    from toonvision.tuning.result import read_result
    from toonvision.tuning.settings import Bounds, RaceSettings, StudySettings
    from toonvision.tuning.space import read_space
    from toonvision.tuning.study import find_study, run_study
    from toonvision.tuning.workers import default_workers

    opened = open_workspace(workspace)
    wanted = opened.taxonomy.task(task)
    earlier = read_result(find_study(opened.studies, tighten)) if tighten else None
    if resume:
        folder = _study_to_resume(opened, task, name)
        settings = _resumed(context, read_result(folder), trials=trials, race=race)
    elif earlier:
        settings = _tightened(
            context, wanted.name, earlier, strategy=strategy, max_params=max_params, trials=trials, race=race
        )
        folder = _new_folder(opened, wanted.name, strategy=settings.strategy, name=name, storage=storage)
    else:
        folder = _new_folder(opened, wanted.name, strategy=strategy, name=name, storage=storage)
        usual = recipe_for(recipe, opened.size_hw)
        settings = StudySettings(
            task=wanted.name,
            data="",
            taxonomy=opened.taxonomy.digest,
            split=split,
            size_hw=parse_size(size) if size else usual.size_hw,
            resize=opened.resize,
            strategy=strategy,
            space=read_space(space, usual=usual.space) if space else usual.space,
            bounds=Bounds(max_params, max_ms),
            seed=seed,
            trials=trials,
            repeats=repeats,
            race=replace(RaceSettings(), trainings=race),
            training=changed(usual.training, epochs=epochs, patience=patience, batch_size=batch_size, flip=flip),
        )
    data = _load(opened, settings)
    settings = replace(settings, data=data.digest)
    with TuningDisplay() as display:
        display.started(settings, data, folder.name)
        result = run_study(
            opened,
            folder,
            settings,
            data,
            storage=storage,
            workers=workers or default_workers(settings.size_hw),
            carry=earlier,
            watch=display.update,
        )
    path = write_study_report(folder, result)
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
    from toonvision.tuning.result import read_result
    from toonvision.tuning.study import study_results

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


def _new_folder(opened: "Workspace", task: str, *, strategy: Strategy, name: str | None, storage: str | None) -> Path:
    """Choose where a new study goes; one that others have begun is joined where machines share its storage."""
    from toonvision.core.errors import UsageError
    from toonvision.tuning.result import RESULT
    from toonvision.tuning.study import choose_study_folder

    folder = choose_study_folder(opened.studies, task, strategy=strategy, name=name)
    if (folder / RESULT).exists() and storage is None:
        raise UsageError(
            f"there is a study called {task}/{folder.name} already. Give --resume to go on with it, or choose another "
            "--name."
        )
    return folder


def _study_to_resume(opened: "Workspace", task: str, name: str | None) -> Path:
    from toonvision.core.errors import ModelRefusedError, UsageError
    from toonvision.tuning.result import read_result
    from toonvision.tuning.study import find_study, study_results

    if name is not None:
        return find_study(opened.studies, f"{task}/{name}")
    known = [path.parent for path in study_results(opened.studies) if path.parent.parent.name == task]
    if not known:
        raise UsageError(f"there is no study of {task} to go on with. Run: toonvision tune {task}")
    started = {}
    for folder in known:
        with suppress(ModelRefusedError):  # `toonvision studies` names those
            started[folder] = read_result(folder).started
    return max(known, key=lambda folder: started.get(folder, ""))


def _resumed(context: typer.Context, known: "StudyResult", *, trials: int, race: int) -> "StudySettings":
    """Give a study's own settings, made longer where that was asked for."""
    from toonvision.core.errors import UsageError

    given = given_options(context)
    if others := _listed(given - _WHILE_RESUMING):
        raise UsageError(
            f"a study goes on with what it was told; {others} cannot be given with --resume. Only --trials, --race, "
            "--workers and --storage can."
        )
    settings = known.settings
    if "trials" in given:
        settings = replace(settings, trials=trials)
    return replace(settings, race=replace(settings.race, trainings=race)) if "race" in given else settings


def _tightened(
    context: typer.Context,
    task: str,
    earlier: "StudyResult",
    *,
    strategy: Strategy,
    max_params: int | None,
    trials: int,
    race: int,
) -> "StudySettings":
    """Give an earlier study's settings for a new one in the part of its space that its best tenth spans."""
    from toonvision.core.errors import UsageError
    from toonvision.tuning.study import narrower_space

    given, settings = given_options(context), earlier.settings
    if settings.task != task:
        raise UsageError(f"{earlier.title} is a study of {settings.task}, not of {task}. Tighten one of {task}.")
    if others := _listed(given - _WHILE_TIGHTENING):
        raise UsageError(
            f"a narrower search trains as the earlier one did, so that its trials can count; {others} cannot be given "
            "with --tighten."
        )
    return replace(
        settings,
        space=narrower_space(earlier),
        strategy=strategy if "strategy" in given else settings.strategy,
        bounds=replace(settings.bounds, parameters=max_params or settings.bounds.parameters),
        trials=trials,
        race=replace(settings.race, trainings=race),
    )


def _listed(names: set[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def _load(opened: "Workspace", settings: "StudySettings") -> "Dataset":
    from toonvision.core.errors import UsageError
    from toonvision.tasks.registry import load_dataset

    task = opened.taxonomy.task(settings.task)
    data = load_dataset(opened, task, size_hw=settings.size_hw, split=settings.split, resize=settings.resize)
    if settings.data and (settings.data, settings.taxonomy) != (data.digest, opened.taxonomy.digest):
        raise UsageError(
            f"the split {settings.split!r}, the crops or the taxonomy were changed since that study began. Begin "
            "another one."
        )
    return data
