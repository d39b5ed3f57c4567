"""The commands about runs: train, runs, evaluate, calibrate, report, explain, export."""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli import options
from toonvision.cli.options import choice, given_flags, names_in
from toonvision.cli.output import show_page
from toonvision.cli.panels import ADVANCED
from toonvision.core.errors import UsageError

if TYPE_CHECKING:
    from toonvision.api.result import Result
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
        if given := given_flags({"--split": split, "--from-study": from_study}):
            raise UsageError(
                f"--folds divides all screenshots anew, and trains no run; leave out {' and '.join(given)}."
            )
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
    from toonvision.api.two_stage import require_kinds

    if naive and subset != "test":
        raise UsageError(f"a naive split is compared on the test subset; got {subset}. Leave out --subset.")
    if classifier and subset != "test":
        raise UsageError(f"two stages are evaluated on the test subset; got {subset}. Leave out --subset.")
    found = ws.run(run)
    for what, given in (("stress", stress), ("a naive split", naive), ("cross-validation", folds)):
        if given:
            found.require_step(what)  # before all pictures are evaluated
    if namers := [ws.run(name) for name in names_in(classifier)]:
        require_kinds(found, namers)
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
            data, findings = {**result.data, name: more.data}, (*result.findings, *more.findings)
            result = replace(result, blocks=(*result.blocks, *more.blocks), data=data, findings=findings)
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
        typer.Argument(
            help="The name of a run or of a study of tune, such as label/compact-1, or its folder; or watch/<name>."
        ),
    ],
    open_report: options.OpenOption = False,
) -> "Result[Any]":
    """Write the report of a run, a study of tune or a watch: one HTML file."""
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


def export(
    ws: "Workspace",
    run: options.RunArgument,
    int8: Annotated[
        bool, typer.Option("--int8", help="Write a second file that computes with 8 bits, and measure what that costs.")
    ] = False,
) -> "Result[Any]":
    """Write a run's model as one ONNX file, which needs no Keras."""
    return ws.run(run).export(int8=int8)
