"""The commands that train many models to learn about the data: contexts, suspects, curve."""

from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.api.training import parse_size
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
from toonvision.cli.output import exit_for, keep_result, report_findings, say, show
from toonvision.cli.study_display import StudyDisplay, contexts_renderables, curve_table, suspects_renderables

if TYPE_CHECKING:
    from toonvision.data.arrays import Samples
    from toonvision.data.workspace import Workspace
    from toonvision.studies.context_study import OrdinaryTest
    from toonvision.studies.folds import Fold
    from toonvision.training.record import RunRecord

_PICTURED, _MOST_SHORTAGES = 48, 5
_WHERE = "street"
"""What a context is called here, as in the help of the other commands."""


def contexts(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    model: Annotated[
        str | None, typer.Option(help="The network.", show_default="the compared run's, or compact")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a street, with seeds SEED, SEED+1, ...")] = 2,
    seed: SeedOption = 0,
    against: Annotated[
        str | None, typer.Option(help="The run to compare with.", show_default="the newest of the network")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most passes.", show_default="the compared run's, or the recipe's")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Input height x width.", show_default="the compared run's, or what the network wants"),
    ] = None,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Leave out one street after the other: does the model lean on the street?"""
    from toonvision.core.errors import UsageError
    from toonvision.data.workspace import open_workspace
    from toonvision.figures.contexts import draw_contexts
    from toonvision.models.registry import find_network, input_size
    from toonvision.studies import context_study as study
    from toonvision.studies.contexts import RESULT, contexts_folder, contexts_rows
    from toonvision.studies.folds import recipe_of, study_folder
    from toonvision.training.recipes import settings_for

    opened = open_workspace(workspace)
    wanted = opened.taxonomy.task(task)
    network = find_network(model).name if model else None
    size_hw = parse_size(size) if size else None
    ordinary, record = _ordinary(opened, wanted.name, wanted.level, against, network, size_hw)
    if record and network and record.settings.network != network:
        raise UsageError(
            f"--against {record.title} is a run of {record.settings.network}; got --model {network}. Leave out --model."
        )
    classes = len(opened.taxonomy.level(wanted.level).classes)
    settings = record.settings if record else settings_for(network or DEFAULT_NETWORK, classes=classes)
    size_hw = size_hw or (record.size_hw if record else input_size(settings.network, opened.size_hw))
    if record and not _trained_alike(record, epochs or settings.epochs, size_hw, opened):
        if against:
            raise UsageError(
                f"--against {record.title} was trained with other epochs, another size or another resize, so what is "
                "compared would not be the street. Leave out --against, or --epochs and --size."
            )
        ordinary = None  # trained here, like the others
    settings = replace(settings, epochs=epochs) if epochs else settings
    samples = _samples(opened, wanted.level, size_hw)
    planned, skipped = study.plan_contexts(samples, seed=seed)
    order = [context.name for context in opened.taxonomy.contexts]
    planned.sort(key=lambda one: order.index(one[0]) if one[0] in order else len(order))
    report_findings(skipped, folder=contexts_folder(opened.root, task))
    whole = ordinary or _stored_fold(opened, samples, wanted.level, "default")
    compared = record.title if record and ordinary else ""
    say(f"Comparing with {compared or 'models trained on the split default, since there is no run like them'}.")
    recipe = recipe_of(samples, settings, kind="contexts", resize=opened.resize, seed=seed, against=compared)
    folder = study_folder(contexts_folder(opened.root, task), recipe, default=settings.network, name=name, force=force)
    with StudyDisplay(settings) as display:
        result = study.study_contexts(
            samples,
            planned,
            whole,
            task=task,
            level=wanted.level,
            settings=settings,
            seeds=range(seed, seed + repeat),
            titles={name: opened.taxonomy.context(name) for name, _ in planned},
            skipped=skipped,
            folder=folder,
            watcher=display,
        )
    files = keep_result(folder, RESULT, asdict(result), contexts_rows(result), draw_contexts(result, what=_WHERE))
    told = result.sentence(_WHERE)
    data = {**asdict(result), "meaning": told, "findings": [asdict(f) for f in skipped], "files": files}
    show(data, *contexts_renderables(result, _WHERE), told, f"Saved in {folder}", as_json=as_json)
    exit_for(skipped)


def suspects(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    folds: Annotated[int, typer.Option(min=3, max=50, help="Folds; each is judged by models of the others.")] = 5,
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a fold, averaged.")] = 3,
    model: NetworkOption = "binary",
    epochs: Annotated[int, typer.Option(min=1, help="Most passes a training.")] = 150,
    size: Annotated[str, typer.Option(help="Input height x width.")] = "150x50",
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find labels that are probably wrong: pictures that models who never saw them are sure to be another class."""
    from toonvision.data.workspace import open_workspace
    from toonvision.figures.suspects import draw_suspects
    from toonvision.models.registry import find_network
    from toonvision.studies import suspects as study
    from toonvision.studies.folds import recipe_of, study_folder, train_jobs

    opened = open_workspace(workspace)
    wanted = opened.taxonomy.task(task)
    settings = replace(study.SEARCH_SETTINGS, network=find_network(model).name, epochs=epochs)
    samples = _samples(opened, wanted.level, parse_size(size))
    jobs = study.fold_jobs(samples, folds=folds, settings=settings, repeats=repeat, seed=seed)
    recipe = recipe_of(samples, settings, kind="suspects", resize=opened.resize, seed=seed, folds=folds)
    folder = study_folder(
        study.suspects_folder(opened.root, task), recipe, default=settings.network, name=name, force=force
    )
    with StudyDisplay(settings) as display:
        fold_results = train_jobs(samples, jobs, folder=folder, watcher=display)
    result = study.find_suspects(
        samples,
        study.average_results(samples, jobs, fold_results),
        task=task,
        network=settings.network,
        folds=folds,
        repeats=repeat,
        diverged=sum(fold_result.diverged for fold_result in fold_results),
    )
    shown = result.suspects[:_PICTURED]
    classes = {category.name: category for category in opened.taxonomy.level(wanted.level).classes}
    figure = draw_suspects(shown, [_crop_picture(opened, samples, one.place) for one in shown], classes)
    files = keep_result(folder, study.RESULT, asdict(result), study.suspects_rows(result), figure)
    data = {**asdict(result), "meaning": result.sentence(), "files": files}
    titles = {key: category.title for key, category in classes.items()}
    show(data, *suspects_renderables(result, titles), result.sentence(), f"Saved in {folder}", as_json=as_json)


def curve(
    task: TaskArgument,
    workspace: WorkspaceOption = HERE,
    sizes: Annotated[str, typer.Option(help="Shares of the training part.")] = "0.125,0.25,0.5,1",
    repeat: Annotated[int, typer.Option(min=1, help="Trainings a size, with seeds SEED, SEED+1, ...")] = 3,
    more: Annotated[int, typer.Option(min=1, max=100_000, help="Say what this many more pictures would bring.")] = 100,
    model: NetworkOption = DEFAULT_NETWORK,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most passes over the whole training part.", show_default=RECIPE)
    ] = None,
    size: SizeOption = None,
    split: SplitNameOption = "default",
    seed: SeedOption = 0,
    name: StudyNameOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how the error falls with more training pictures, and say what yet more would bring."""
    from toonvision.data.balance import measure_balance
    from toonvision.data.workspace import open_workspace
    from toonvision.figures.learning_curve import draw_learning_curve
    from toonvision.models.registry import find_network, input_size
    from toonvision.studies import curve_study as study
    from toonvision.studies.folds import recipe_of, study_folder
    from toonvision.studies.learning_curve import RESULT, curve_rows, curves_folder
    from toonvision.training.recipes import changed, settings_for

    opened = open_workspace(workspace)
    wanted = opened.taxonomy.task(task)
    classes = len(opened.taxonomy.level(wanted.level).classes)
    settings = changed(settings_for(find_network(model).name, classes=classes), epochs=epochs)
    size_hw = parse_size(size) if size else input_size(settings.network, opened.size_hw)
    samples = _samples(opened, wanted.level, size_hw)
    whole = _stored_fold(opened, samples, wanted.level, split)
    jobs, kept, skipped = study.curve_jobs(
        samples, whole, sizes=parse_sizes(sizes), settings=settings, seeds=range(seed, seed + repeat)
    )
    report_findings(skipped, folder=curves_folder(opened.root, task))
    recipe = recipe_of(samples, settings, kind="curve", resize=opened.resize, split=split, seed=seed)
    folder = study_folder(curves_folder(opened.root, task), recipe, default=settings.network, name=name, force=force)
    with StudyDisplay(settings) as display:
        result = study.measure_curve(
            samples, whole, jobs=jobs, sizes=kept, task=task, split=split, more=more, folder=folder, watcher=display
        )
    files = keep_result(folder, RESULT, asdict(result), curve_rows(result), draw_learning_curve(result))
    with opened.reading() as catalog:
        shortages = measure_balance(catalog.crops(), opened.taxonomy).shortages[:_MOST_SHORTAGES]
    following = [
        {"label": s.label.name, "context": s.context.name, "missing": s.missing, "label_missing": s.label_missing}
        for s in shortages
    ]
    data = {
        **asdict(result), "meaning": result.sentence(), "photograph_next": following,
        "findings": [asdict(finding) for finding in skipped], "files": files,
    }  # fmt: skip
    listed = "; ".join(f"{s.label.title} in {s.context.title} (+{s.missing})" for s in shortages)
    next_text = f"Photograph first: {listed}." if listed else "Every label has its target of samples everywhere."
    show(data, curve_table(result), result.sentence(), next_text, f"Saved in {folder}", as_json=as_json)
    exit_for(skipped)


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


def _ordinary(
    opened: "Workspace",
    task: str,
    level: str,
    against: str | None,
    network: str | None,
    size_hw: tuple[int, int] | None,
) -> "tuple[OrdinaryTest | None, RunRecord | None]":
    """Judge the run to compare with: the one asked for, or the newest of the network that still fits the data."""
    from toonvision.core.errors import InputRejectedError, ModelRefusedError, UsageError
    from toonvision.evaluation.evaluate import evaluate_run
    from toonvision.studies.context_study import ordinary_test
    from toonvision.training.record import find_run, read_record

    folders = (
        [find_run(opened.runs, against)] if against else _newest_runs(opened, task, network or DEFAULT_NETWORK, size_hw)
    )
    for folder in folders:
        try:
            record = read_record(folder)
            if record.level != level:
                raise UsageError(f"{record.title} predicts {record.level}, not {level}. Choose another --against.")
            judged = evaluate_run(opened, folder)
            test = ordinary_test(
                record.title,
                judged.crops,
                judged.y_true,
                judged.probabilities,
                diverged=[repeat.diverged for repeat in record.repeats],
                trained_on=record.learned_from,
            )
        except (InputRejectedError, ModelRefusedError, UsageError) as error:
            if against:
                raise
            say(f"not compared with {folder.name}: {error}")
            continue
        if not record.grouped:
            say(f"{record.title} was trained on a split that LEAKS: it looks better than it is.")
        return test, record
    return None, None


def _trained_alike(record: "RunRecord", epochs: int, size_hw: tuple[int, int], opened: "Workspace") -> bool:
    """Whether a run differs from what is about to be trained by its pictures alone."""
    return record.settings.epochs == epochs and record.size_hw == size_hw and record.resize == opened.resize


def _newest_runs(opened: "Workspace", task: str, network: str, size_hw: tuple[int, int] | None) -> list[Path]:
    from toonvision.core.errors import ModelRefusedError
    from toonvision.training.record import read_record, run_records

    found = []
    for path in run_records(opened.runs):
        try:
            record = read_record(path.parent)
        except ModelRefusedError:
            continue  # `toonvision runs` names it
        fits = record.task == task and record.settings.network == network and record.status == "done"
        if fits and record.grouped and size_hw in (None, record.size_hw):
            found.append((record.started, path.parent))
    return [folder for _, folder in sorted(found, reverse=True)]


def _samples(opened: "Workspace", level: str, size_hw: tuple[int, int]) -> "Samples":
    from toonvision.core.errors import InputRejectedError
    from toonvision.data.arrays import load_samples

    with opened.reading() as catalog:
        crops = catalog.crops()
    known = [opened.taxonomy.class_of(crop.label, level) for crop in crops]
    counts = Counter(name for name in known if name is not None)
    if len(counts) < 2:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        raise InputRejectedError(
            f"training needs at least two classes with samples; got {len(counts)}. Samples: {listed}. Annotate more "
            "screenshots, then run toonvision extract."
        )
    return load_samples(opened, crops, level=level, size_hw=size_hw, resize=opened.resize)


def _stored_fold(opened: "Workspace", samples: "Samples", level: str, split_name: str) -> "Fold":
    """Divide samples as a stored split does."""
    import numpy as np

    from toonvision.data.splits import require_trainable, subset_table
    from toonvision.studies.folds import Fold

    with opened.reading() as catalog:
        split = catalog.split(split_name)
    require_trainable(subset_table(opened.taxonomy.level(level), split, samples.crops, opened.taxonomy))
    subset_of = np.array([split.parts.get(crop.id, "") for crop in samples.crops])
    train, val, test = (np.flatnonzero(subset_of == part) for part in ("train", "val", "test"))
    if not split.grouped:
        say(f"The split {split.name} LEAKS: crops of one screenshot may be in several parts.")
    return Fold(f"split {split.name}", train, val, test)


def _crop_picture(opened: "Workspace", samples: "Samples", place: int) -> Any:
    """Read a crop in the workspace's size, which shows more than what the network saw."""
    from toonvision.core.errors import RejectedItemError
    from toonvision.data.images import read_picture

    try:
        path = opened.crops / samples.crops[place].file
        return read_picture(path, size_hw=opened.size_hw, resize=opened.resize)
    except RejectedItemError:
        return samples.pictures[place]
