"""The commands about runs: train, runs, evaluate, calibrate, report, explain, predict, export."""

import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli import options
from toonvision.cli.options import choice
from toonvision.cli.output import say, show_page
from toonvision.cli.panels import ADVANCED
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import UsageError
from toonvision.core.files import write_text
from toonvision.core.wording import counted
from toonvision.deploy.packaged import accuracy_text, detector_accuracy, packaged_names
from toonvision.taxonomy.labels import DETECT, SEGMENT

if TYPE_CHECKING:
    from toonvision.api.bulk import Answering
    from toonvision.api.result import Result
    from toonvision.api.run import Run
    from toonvision.api.workspace import Workspace

FoldsOption = Annotated[
    int | None,
    choice(
        "Cross-validation: train without each of so many folds of screenshots, and predict those.", "no folds",
        min=3, max=50,
    ),
]  # fmt: skip
FOLDS = inspect.Parameter("folds", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=FoldsOption)
"""Of `train`, which is given it among its settings."""
FINDS = "; ".join(f"{name} {detector_accuracy(name) or 'was not measured'}" for name in packaged_names())
PACKAGED = "; ".join(f"{name} ({accuracy_text(name)})" for name in packaged_names())
SubsetOption = Annotated[Literal["train", "val", "test"], typer.Option("--subset", help="Which subset.")]


def train(
    ws: "Workspace",
    task: options.TaskArgument,
    model: Annotated[
        str | None,
        choice(
            "compact, baseline, tuned, binary, trees (on colour histograms), or a layout such as 16c3-p3-p2; for a "
            "task that finds objects, detector, or detector-0.75 with so many times its filters; for one that names "
            "pixels, segmenter; for both at once detector+pixels.",
            "compact, detector or segmenter",
        ),
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Train this often, with seeds SEED, SEED+1, ...")] = 1,
    seed: options.SeedOption = 0,
    name: Annotated[str | None, choice("What to call the run.", "the network's name and a number")] = None,
    size: Annotated[
        str | None, choice("Height x width of the input, as in 600x200.", "what the network wants", advanced=True)
    ] = None,
    split: Annotated[str | None, choice("The split to use.", "default", advanced=True)] = None,
    levels: Annotated[
        bool,
        typer.Option(
            "--levels", help="Learn the coarser levels of the taxonomy too, each in a branch.", rich_help_panel=ADVANCED
        ),
    ] = False,
    from_study: Annotated[
        str | None, choice("Take the network and its settings from this study's winner.", "none", advanced=True)
    ] = None,
    trial: Annotated[int | None, choice("Or from this trial of it.", "the winner", min=0, advanced=True)] = None,
    force: options.ForceOption = False,
    **settings: Any,
) -> "Result[Any]":
    """Train a network, once or often, and evaluate it; or train it without each of some folds."""
    if (folds := settings.pop("folds", None)) is not None:
        if given := [flag for flag, value in (("--split", split), ("--from-study", from_study)) if value]:
            raise UsageError(f"--folds divides all crops anew, and trains no run; leave out {' and '.join(given)}.")
        return ws.cross_validate(
            task, folds=folds, repeat=repeat, seed=seed, name=name, force=force, model=model, levels=levels, size=size,
            **settings,
        )  # fmt: skip
    run = ws.train(
        task,
        model=model,
        repeat=repeat,
        seed=seed,
        name=name,
        size=size,
        split=split,
        levels=levels,
        from_study=from_study,
        trial=trial,
        force=force,
        **settings,
    )
    return run.summary()


def runs(ws: "Workspace") -> "Result[Any]":
    """List the runs of a workspace."""
    return ws.runs()


def evaluate(
    ws: "Workspace",
    run: options.RunArgument,
    subset: SubsetOption = "test",
    stress: Annotated[
        bool,
        typer.Option(
            "--stress",
            help="Also evaluate pictures that are darker, blurred, smaller, compressed, or cut beside the box.",
        ),
    ] = False,
    naive: Annotated[
        bool,
        typer.Option(
            "--naive", help="Also train once on a split that separates crops of one screenshot: how good does it look?"
        ),
    ] = False,
    folds: FoldsOption = None,
    classifier: Annotated[
        str | None,
        choice(
            "Also name what a detector finds with these runs (RUN,RUN), one a level: how often are box and name right?",
            "no",
        ),
    ] = None,
) -> "Result[Any]":
    """Evaluate all trainings of a run on one subset."""
    if naive and subset != "test":
        raise UsageError(f"a naive split is compared on the test subset; got {subset}. Leave out --subset.")
    if classifier and subset != "test":
        raise UsageError(f"two stages are evaluated on the test subset; got {subset}. Leave out --subset.")
    found = ws.run(run)
    namers = [ws.run(name) for name in (classifier or "").split(",") if name]
    result = found.evaluate(subset)
    steps = (
        ("stress", stress, found.stress),
        ("leakage", naive, found.leakage),
        ("folds", folds, lambda: found.cross_validate(folds or 0)),
        ("two_stages", namers, lambda: found.evaluate_stages(namers)),
    )
    for name, wanted, step in steps:
        if wanted:
            more = step()
            data = {**result.data, name: more.data}
            result = replace(result, blocks=(*result.blocks, *more.blocks), data=data)
    return result


def calibrate(
    ws: "Workspace",
    run: options.RunArgument,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the stored temperature.")] = False,
) -> "Result[Any]":
    """Fit a temperature on the validation subset and store it, so that confidences can be believed.

    A training does that already; this does it again, or takes it back.
    """
    return ws.run(run).calibrate(remove=remove)


def report(
    ws: "Workspace",
    run: Annotated[
        str,
        typer.Argument(help="A run's or a study's name, such as label/compact-1, or its folder; a log: watch/<name>."),
    ],
    open_report: options.OpenOption = False,
) -> "Result[Any]":
    """Write the report of a run, a study or a watch: one HTML file."""
    result = ws.report(run)
    show_page(result.value, wanted=open_report)
    return result


def explain(
    ws: "Workspace",
    run: options.RunArgument,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures, or folders of pictures.", show_default="the wrong and least sure ones"),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Most pictures of the test subset to explain.")] = 12,
    layer: Annotated[str | None, choice("The layer whose activations the maps weigh.", "the last with a map")] = None,
    method: Annotated[
        Literal["exact", "gradcam"], typer.Option(help="exact splits the logit up; gradcam is as published.")
    ] = "exact",
    each: Annotated[bool, typer.Option("--each", help="Give each class's map its own scale.")] = False,
    seed: options.SeedOption = 0,
) -> "Result[Any]":
    """Show which regions are evidence for which class, and whether that can be trusted."""
    return ws.run(run).explain(pictures, count=count, layer=layer, method=method, each=each, seed=seed)


def predict(
    run: Annotated[
        str, typer.Argument(help="A run's name, such as label/compact-1, or its folder; with --with a picture.")
    ],
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Pictures of one object, as the crops are; screenshots if the run takes these; videos of them; or "
            "folders.",
            show_default=False,
        ),
    ] = None,
    with_: Annotated[
        str | None,
        choice(f"Predict without a run, with models that come with the package: {PACKAGED}.", "a run", "--with"),
    ] = None,
    find: Annotated[
        bool,
        typer.Option("--find", help=f"With --with: find the objects in whole screenshots, and name them; {FINDS}."),
    ] = False,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="The pictures are annotated screenshots: cut out their boxes, predict each.")
    ] = False,
    save: Annotated[
        Path | None, choice("Write the pictures with the answers drawn onto them to this new folder.", "no")
    ] = None,
    detector: Annotated[str | None, choice("Find objects with this run; first comes a picture, no run.", "no")] = None,
    classifier: Annotated[str | None, choice("Name them with these runs (RUN,RUN), one a level.", "no")] = None,
    voc: Annotated[Path | None, choice("Write the boxes found as Pascal VOC to this new folder.", "no")] = None,
    masks: Annotated[Path | None, choice("Write the pixels named as masks to this new folder.", "no")] = None,
    csv_file: Annotated[
        Path | None, choice("Write all probabilities to this file; - for standard output.", "no", "--csv")
    ] = None,
    keras: Annotated[
        bool, typer.Option("--keras", help="Use the trained network itself, even where there is an export.")
    ] = False,
    ray: Annotated[
        str | None,
        choice("Predict on a Ray cluster: local, auto or HOST:PORT; needs --csv, and exported models.", "no"),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Take every so many frames of videos; needs --csv.")] = 1,
    force: options.ForceOption = False,
    workspace: options.WorkspaceOption = options.HERE,
) -> "Result[Any]":
    """Predict the class of each picture, find its objects or name its pixels, with a run or the package's own models.

    Where a run names one object, a picture gets one answer, so it must show one object, as the crops do; whole
    screenshots need --boxes, or --with and --find. A picture unlike anything that the run learned is said to be
    none of the classes. Where the run was exported, that file answers, so that Keras need not start. --with needs
    no run and no workspace: its models learned from drawings alone.

    With --detector and --classifier, boxes are found by one run and named by others, and no run comes first.

    Many pictures are predicted by several processes straight into --csv, or by a cluster with --ray; where that is
    stopped, the same command goes on.
    """
    from toonvision.api.bulk_answers import packaged_answering, run_answering, stages_answering
    from toonvision.api.detecting import objects_csv
    from toonvision.api.packaged import level_predictions_csv, predict_with
    from toonvision.api.packaged_scene import find_packaged
    from toonvision.api.predicting import predictions_csv
    from toonvision.api.segmenting import shares_csv
    from toonvision.api.two_stage import find_and_name

    target, named = _csv_target(csv_file, force=force), pictures or []
    alone = {"--save": save, "--voc": voc, "--masks": masks, "--boxes": boxes, "--keras": keras}
    direct: Callable[[], Result[Any]]
    rows: Callable[[Any], str]
    if detector is not None or classifier is not None:
        given = {"--with": with_ is not None, "--find": find, "--boxes": boxes, "--keras": keras}
        given |= {"--masks": masks is not None}
        named = [Path(run), *named]
        stages = _two_stages(workspace, detector, classifier, named[0], given)
        direct, rows = partial(find_and_name, *stages, named, save=save, voc=voc), objects_csv
        bulk: Callable[[], Answering | None] = partial(stages_answering, *stages)
    elif with_ is None:
        if find:
            raise UsageError(
                "--find is for models that come with the package; a run finds what its task is. Leave it out."
            )
        found = _run_to_predict(workspace, run, named)
        direct = partial(found.predict, named, boxes=boxes, save=save, voc=voc, masks=masks, keras=keras)
        csv_of: dict[str, Callable[[Any], str]] = {DETECT: objects_csv, SEGMENT: shares_csv}
        rows, bulk = csv_of.get(found.record.kind, predictions_csv), partial(run_answering, found)
    else:
        folders = {"--voc": voc is not None and not find, "--masks": masks is not None}
        _refuse_beside_with(workspace / "runs", run, {"--boxes": boxes, "--keras": keras, **folders})
        named, bulk = [Path(run), *named], partial(packaged_answering, with_, find=find)
        if find:
            direct = partial(find_packaged, with_, named, save=save, voc=voc, watcher=TERMINAL)
            rows = objects_csv
        else:
            direct, rows = partial(predict_with, with_, named, save=save, watcher=TERMINAL), level_predictions_csv
    written = _in_bulk(bulk, named, target, ray, every, [flag for flag, value in alone.items() if value])
    if written is not None:
        return written
    result: Result[Any] = direct()
    return result if csv_file is None else _as_csv(result, rows(result), target)


def _in_bulk(
    bulk: "Callable[[], Answering | None]",
    pictures: Sequence[Path],
    target: Path | None,
    ray: str | None,
    every: int,
    alone: Sequence[str],
) -> "Result[Any] | None":
    """Predict many pictures straight into a file; None where that is not what is asked, or there is no export."""
    from toonvision.api.bulk import are_many, predict_to_file

    asked = "--ray" if ray is not None else "--every" if every > 1 else ""
    if asked and (target is None or alone):
        leave = f", and leave out {' and '.join(alone)}" if alone else ""
        raise UsageError(f"{asked} writes answers to a file as they come. Give --csv FILE{leave}.")
    if target is None or alone or (not asked and not are_many(pictures)):
        return None
    answering = bulk()
    if answering is None:
        if asked:
            raise UsageError(
                f"{asked} needs exported models, and one of these runs has none. Write it: toonvision export RUN"
            )
        return None
    result = predict_to_file(answering, pictures, target, every=every, ray=ray, watcher=TERMINAL)
    say(f"Wrote the answers about {counted(result.value.pictures, 'picture')} to {target}")
    return result


def _as_csv(result: "Result[Any]", text: str, target: Path | None) -> "Result[Any]":
    """Write a result as CSV to a file, or show it as such."""
    if target is not None:
        write_text(target, text)
        say(f"Wrote {len(result.value)} predictions to {target}")
    return replace(result, blocks=(text.rstrip("\n"),) if target is None else ())


def _two_stages(
    workspace: Path,
    detector: str | None,
    classifier: str | None,
    first: Path,
    switches: Mapping[str, bool],
) -> "tuple[Run, list[Run]]":
    """Return the run that finds, and those that name."""
    from toonvision.api.workspace import open_workspace
    from toonvision.training.record import is_run

    if detector is None or classifier is None:
        raise UsageError("two stages need a run that finds and one that names. Give --detector and --classifier.")
    if given := [flag for flag, on in switches.items() if on]:
        raise UsageError(
            f"--detector finds boxes, and exports or Keras answer as they can; leave out {' and '.join(given)}."
        )
    if is_run(workspace / "runs", str(first)):
        raise UsageError(f"--detector takes the place of a run; got the run {str(first)!r} too. Leave it out.")
    ws = open_workspace(workspace, watcher=TERMINAL)
    return ws.run(detector), [ws.run(name) for name in classifier.split(",") if name]


def _csv_target(csv_file: Path | None, *, force: bool) -> Path | None:
    """Return the file that CSV goes to, if it may be written; None for standard output."""
    target = None if str(csv_file) == "-" else csv_file
    if target is not None and target.exists():
        if not target.is_file():
            raise UsageError(f"{target}: is no file that could be written. Choose another --csv.")
        if not force:
            raise UsageError(f"{target} exists already; it was not changed. Choose another --csv, or give --force.")
    return target


def _run_to_predict(workspace: Path, name: str, pictures: Sequence[Path]) -> "Run":
    """Return a run; where there is none yet, offer the models that come with the package for the taxonomy."""
    from toonvision.api.workspace import open_workspace

    ws = open_workspace(workspace, watcher=TERMINAL)
    try:
        found = ws.run(name)
    except UsageError as error:
        taxonomy = ws.files.taxonomy.name
        if taxonomy not in packaged_names() or ws.newest_runs():
            raise
        offered = shlex.join(["toonvision", "predict", "--with", taxonomy, *([*map(str, pictures)] or [name])])
        said = f"{error}, or use models that come with the package ({accuracy_text(taxonomy)}): {offered}"
        raise UsageError(said) from None
    if not pictures:
        raise UsageError("pictures to predict are missing. Name pictures, or folders of pictures, after the run.")
    return found


def _refuse_beside_with(runs: Path, first: str, switches: Mapping[str, bool]) -> None:
    from toonvision.training.record import is_run

    if is_run(runs, first):
        raise UsageError(f"--with takes the place of a run; got the run {first!r} too. Leave one of them out.")
    if given := [flag for flag, on in switches.items() if on]:
        raise UsageError(f"--with predicts pictures of one object, without Keras; leave out {' and '.join(given)}.")


def export(
    ws: "Workspace",
    run: options.RunArgument,
    int8: Annotated[
        bool, typer.Option("--int8", help="Write a second file that computes with 8 bits, and measure what that costs.")
    ] = False,
) -> "Result[Any]":
    """Write a run's model as one ONNX file, which needs no Keras."""
    return ws.run(run).export(int8=int8)
