"""The commands that train many models to learn about the data: contexts, suspects, curve."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli.model_verbs import parse_size
from toonvision.cli.options import (
    DEFAULT_NETWORK,
    HERE,
    RECIPE,
    ForceOption,
    JsonOption,
    NetworkOption,
    SeedOption,
    SizeOption,
    SplitNameOption,
    StudyNameOption,
    TaskArgument,
    WorkspaceOption,
)
from toonvision.cli.output import exit_for, show
from toonvision.cli.study_display import StudyDisplay, contexts_renderables, curve_renderable, suspects_renderables

if TYPE_CHECKING:
    from toonvision.core.panels import FigurePanel
    from toonvision.studies.contexts import ContextStudy
    from toonvision.studies.curve import LearningCurve
    from toonvision.studies.suspects import SuspectStudy

_MOST_SHORTAGES = 5


def contexts(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    model: Annotated[
        str | None, typer.Option(help="The network.", show_default="the compared run's, or compact")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a context, with seeds SEED, SEED+1, ...")] = 2,
    seed: SeedOption = 0,
    against: Annotated[
        str | None, typer.Option(help="The run to compare with.", show_default="the newest of the network")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most epochs.", show_default="the compared run's, or the recipe's")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Input height x width.", show_default="the compared run's, or what the network wants"),
    ] = None,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Leave out one context after the other: does the model rely on the context?"""
    from toonvision.data.workspace import open_workspace
    from toonvision.studies.contexts import contexts_panel, study_contexts

    size_hw = parse_size(size) if size else None
    with StudyDisplay() as display:
        study = study_contexts(
            open_workspace(workspace), task, network=model, repeat=repeat, seed=seed, against=against, epochs=epochs,
            size_hw=size_hw, name=name, force=force, watcher=display,
        )  # fmt: skip
    data = _data(study, contexts_panel(study), "contexts.json")
    show(data, *contexts_renderables(study), study.sentence(), f"Saved in {study.folder}", as_json=as_json)
    exit_for(study.findings)


def suspects(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    folds: Annotated[int, typer.Option(min=3, max=50, help="Folds; each is predicted by models of the others.")] = 5,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a fold, averaged.")] = 3,
    model: NetworkOption = "binary",
    epochs: Annotated[int, typer.Option(min=1, help="Most epochs a training.")] = 150,
    size: Annotated[str, typer.Option(help="Input height x width.")] = "150x50",
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find labels that are probably wrong: crops that models, trained without them, take for another class."""
    from toonvision.data.workspace import open_workspace
    from toonvision.studies.suspects import MOST_PICTURED, find_suspects, suspect_crops, suspects_panel

    opened = open_workspace(workspace)
    with StudyDisplay() as display:
        study = find_suspects(
            opened, task, folds=folds, repeat=repeat, network=model, epochs=epochs, size_hw=parse_size(size), seed=seed,
            name=name, force=force, watcher=display,
        )  # fmt: skip
    crops = suspect_crops(opened, study, study.suspects[:MOST_PICTURED])
    data = _data(study, suspects_panel(study, crops), "suspects.json")
    level = opened.taxonomy.level(opened.taxonomy.task(task).level)
    titles = {category.name: category.title for category in level.classes}
    show(data, *suspects_renderables(study, titles), study.sentence(), f"Saved in {study.folder}", as_json=as_json)


def curve(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    sizes: Annotated[str, typer.Option(help="Shares of the training subset.")] = "0.125,0.25,0.5,1",
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a size, with seeds SEED, SEED+1, ...")] = 3,
    more: Annotated[
        int, typer.Option(min=1, max=100_000, help="Predict what this many more training crops would bring.")
    ] = 100,
    model: NetworkOption = DEFAULT_NETWORK,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most epochs, on the whole training subset.", show_default=RECIPE)
    ] = None,
    size: SizeOption = None,
    split: SplitNameOption = "default",
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how the error falls with more training crops, and predict what yet more would bring."""
    from toonvision.data.balance import measure_balance
    from toonvision.data.workspace import open_workspace
    from toonvision.studies.curve import curve_panel, measure_curve

    opened = open_workspace(workspace)
    with StudyDisplay() as display:
        study = measure_curve(
            opened, task, sizes=parse_sizes(sizes), repeat=repeat, more=more, network=model, epochs=epochs,
            size_hw=parse_size(size) if size else None, split=split, seed=seed, name=name, force=force, watcher=display,
        )  # fmt: skip
    with opened.reading() as catalog:
        shortages = measure_balance(catalog.crops(), opened.taxonomy).shortages[:_MOST_SHORTAGES]
    following = [
        {"label": s.label.name, "context": s.context.name, "missing": s.missing, "label_missing": s.label_missing}
        for s in shortages
    ]
    data = {**_data(study, curve_panel(study), "curve.json"), "photograph_next": following}
    listed = "; ".join(f"{s.label.title} in {s.context.title} (+{s.missing})" for s in shortages)
    next_text = f"Photograph first: {listed}." if listed else "Every label has its target of samples everywhere."
    show(data, curve_renderable(study), study.sentence(), next_text, f"Saved in {study.folder}", as_json=as_json)
    exit_for(study.findings)


def parse_sizes(text: str) -> tuple[float, ...]:
    """Read shares written as ``0.125,0.25,0.5,1``.

    Raises:
        UsageError: If they are not numbers over 0 and up to 1.

    Examples:
        >>> parse_sizes("0.25,1")
        (0.25, 1.0)
    """
    from toonvision.core.errors import UsageError

    try:
        sizes = tuple(float(field) for field in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or not all(0 < size <= 1 for size in sizes):
        raise UsageError(f"sizes are shares over 0 and up to 1; got {text!r}. Write e.g. --sizes 0.125,0.25,0.5,1.")
    return sizes


def _data(study: "ContextStudy | SuspectStudy | LearningCurve", panel: "FigurePanel", result: str) -> dict[str, Any]:
    """Draw a study's figure into its folder, and return what ``--json`` prints."""
    from toonvision.figures.panels import write_panel

    png = write_panel(panel, study.folder).path
    files = [str(path) for path in (study.folder / result, png.with_suffix(".csv"), png)]
    return {**asdict(study), "folder": str(study.folder), "meaning": study.sentence(), "files": files}
