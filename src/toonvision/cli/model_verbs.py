"""The commands about models: train, evaluate, report, predict, runs."""

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli.options import (
    DEFAULT_NETWORK,
    HERE,
    RECIPE,
    ForceOption,
    JsonOption,
    RunArgument,
    SeedOption,
    SplitNameOption,
    WorkspaceOption,
    given_options,
)
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show, table
from toonvision.cli.training_display import TrainingDisplay, evaluation_renderables, peaks_text

if TYPE_CHECKING:
    from toonvision.core.errors import Finding
    from toonvision.data.workspace import Workspace
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.metrics.predictions import Prediction
    from toonvision.taxonomy.labels import Task, Taxonomy

_LARGEST_METRICS = 10_000_000
SubsetOption = Annotated[Literal["train", "val", "test"], typer.Option("--part", help="Which part to judge.")]


def train(
    context: typer.Context,
    task: Annotated[str, typer.Argument(help="What to predict, for example suit.")],
    workspace: WorkspaceOption = HERE,
    model: Annotated[
        str, typer.Option(help="The network: compact, baseline, tuned, binary, or a layout such as 16c3-p3-p2.")
    ] = DEFAULT_NETWORK,
    levels: Annotated[
        bool,
        typer.Option("--levels", help="Learn coarser levels too (of a label its kind and suit), each with a branch."),
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Most passes over the training part.", show_default=RECIPE)
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Train this often, with seeds SEED, SEED+1, ...")] = 1,
    seed: SeedOption = 0,
    name: Annotated[
        str | None, typer.Option(help="What to call the run.", show_default="the model and a number")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Input height x width, as in 600x200.", show_default="what the network wants")
    ] = None,
    split: SplitNameOption = "default",
    batch_size: Annotated[int | None, typer.Option(min=1, help="Pictures a step.", show_default=RECIPE)] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-7, max=1.0, help="Of Adam.", show_default=RECIPE)
    ] = None,
    schedule: Annotated[
        Literal["constant", "cosine"] | None,
        typer.Option(
            help="The learning rate's course; cosine takes all epochs and keeps the last one's weights.",
            show_default=RECIPE,
        ),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Epochs without a better validation loss.", show_default=RECIPE)
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(min=0, max=0.9, help="Share of the target that all classes share.", show_default=RECIPE),
    ] = None,
    averaging: Annotated[
        float | None,
        typer.Option(
            min=0, max=0.9999, help="Keep a moving average of the weights, with this momentum.", show_default=RECIPE
        ),
    ] = None,
    class_weights: Annotated[bool, typer.Option("--class-weights", help="Weigh rare classes more.")] = False,
    with_validation: Annotated[
        bool,
        typer.Option(
            "--with-validation", help="Learn from the validation part too; the training loss decides when to stop."
        ),
    ] = False,
    from_study: Annotated[
        str | None,
        typer.Option(help="Take the network and its settings from this study's winner.", show_default="none"),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(min=0, help="Or from this trial of it.", show_default="the winner")
    ] = None,
    flip: Annotated[
        bool | None,
        typer.Option("--flip/--no-flip", help="Mirror half of the training pictures, at random.", show_default=RECIPE),
    ] = None,
    rotation: Annotated[
        float | None, typer.Option(min=0, max=180, help="Turn by up to these degrees.", show_default=RECIPE)
    ] = None,
    zoom: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="Scale by up to this share.", show_default=RECIPE)
    ] = None,
    color: Annotated[
        float | None, typer.Option(min=0, max=1, help="Change colours by up to this share.", show_default=RECIPE)
    ] = None,
    shift: Annotated[
        float | None, typer.Option(min=0, max=0.5, help="Move by up to this share of the sides.", show_default=RECIPE)
    ] = None,
    cast: Annotated[
        float | None, typer.Option(min=0, max=1, help="Spread of a cast of colour.", show_default=RECIPE)
    ] = None,
    surround: Annotated[
        float | None, typer.Option(min=0, max=1, help="Spread of another light at both sides.", show_default=RECIPE)
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train a network, once or often, and judge it."""
    from toonvision.core.errors import UsageError
    from toonvision.core.names import free_name
    from toonvision.data.workspace import open_workspace
    from toonvision.evaluation.evaluate import evaluate_run, metrics_of, write_results
    from toonvision.models.registry import find_network
    from toonvision.training.history import HISTORY, read_history
    from toonvision.training.recipes import changed, settings_for
    from toonvision.training.repeat import train_run
    from toonvision.tuning.choice import chosen_of_study

    opened = open_workspace(workspace)
    wanted = opened.taxonomy.task(task)
    size_hw = parse_size(size) if size else None
    if levels:
        model = _with_levels(model, opened.taxonomy, wanted)
    settings = changed(
        settings_for(find_network(model).name, classes=len(opened.taxonomy.level(wanted.level).classes)),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        schedule=schedule,
        label_smoothing=label_smoothing,
        averaging=averaging,
        patience=patience,
        class_weights=class_weights,
        with_validation=with_validation,
        flip=flip,
        rotation_degrees=rotation,
        zoom=zoom,
        color=color,
        shift=shift,
        cast=cast,
        surround=surround,
    )
    if from_study is None and trial is not None:
        raise UsageError("--trial is a trial of a study. Give --from-study too.")
    if from_study is not None:
        _refuse_own_settings(context)
        chosen = chosen_of_study(opened, from_study, trial, task=wanted.name, with_validation=with_validation)
        settings, size_hw, split = chosen.settings, chosen.size_hw, chosen.split
        name = name or free_name(opened.runs / wanted.name, chosen.name)
    with TrainingDisplay(repeats=repeat, epochs=settings.epochs) as display:
        run = train_run(
            opened,
            wanted,
            settings,
            seeds=range(seed, seed + repeat),
            split_name=split,
            size_hw=size_hw,
            name=name,
            force=force,
            watcher=display,
        )
    judged = evaluate_run(opened, run)
    write_results(judged, run)
    history = read_history(run / HISTORY)
    show(
        {**metrics_of(judged), "folder": str(run)},
        peaks_text(history),
        *evaluation_renderables(judged),
        f"Saved in {run}\nNext: toonvision report {judged.record.title} -w {shlex.quote(str(workspace))}",
        as_json=as_json,
    )


def evaluate(
    run: RunArgument,
    workspace: WorkspaceOption = HERE,
    part: SubsetOption = "test",
    temperature: Annotated[
        bool | None,
        typer.Option(
            "--temperature/--no-temperature",
            help="Keep the temperature that was fitted on the validation part with the model, so that predict's "
            "confidences can be believed; or take it away.",
            show_default="as it is",
        ),
    ] = None,
    stress: Annotated[
        bool,
        typer.Option("--stress", help="Also judge pictures that are darker, blurred, smaller, packed, or cut beside."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Judge all trainings of a run on one part."""
    from toonvision.core.errors import UsageError
    from toonvision.data.workspace import open_workspace
    from toonvision.evaluation.evaluate import metrics_of, write_results
    from toonvision.models.saving import store_temperature

    opened = open_workspace(workspace)
    judged, folder = judge(opened, run, part)
    write_results(judged, folder)
    fitted = judged.calibration
    if temperature and fitted is None:
        raise UsageError(
            f"{judged.record.title} learned from the validation part too, so that no picture is left to fit a "
            "temperature on. Train it without --with-validation."
        )
    if temperature is not None:
        store_temperature(folder, fitted.temperature if temperature and fitted else None)
        stored = f"temperature {fitted.temperature:.4f}" if temperature and fitted else "no temperature"
        say(f"The model of {judged.record.title} has {stored} from now on.")
    data, shown = metrics_of(judged), evaluation_renderables(judged)
    if stress:
        told, more = _stressed(opened, folder, judged)
        data, shown = {**data, "stress": told}, [*shown, *more]
    show(data, *shown, as_json=as_json)


def report(
    run: Annotated[str, typer.Argument(help="A run's or a study's name, such as suit/compact-1, or its folder.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a run's or a study's report: one HTML file."""
    from toonvision.data.workspace import open_workspace
    from toonvision.evaluation.evaluate import write_results
    from toonvision.report.run import write_report
    from toonvision.report.search import write_search_report
    from toonvision.training.record import is_run
    from toonvision.tuning.folders import find_study, is_study
    from toonvision.tuning.result import read_result

    opened = open_workspace(workspace)
    if is_study(opened.studies, run) and not is_run(opened.runs, run):
        study = find_study(opened.studies, run)
        path = write_search_report(study, read_result(study))
        show({"report": str(path)}, f"Report: {path}", as_json=as_json)
        return
    judged, folder = judge(opened, run, "test")
    write_results(judged, folder)
    path = write_report(opened, folder, judged)
    show({"report": str(path)}, f"Report: {path}", as_json=as_json)


def predict(
    run: RunArgument,
    pictures: Annotated[list[Path], typer.Argument(help="Pictures, or folders of pictures.")],
    workspace: WorkspaceOption = HERE,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write all probabilities to this file; - for standard output.")
    ] = None,
    keras: Annotated[
        bool, typer.Option("--keras", help="Ask the trained network itself, also where there is an export.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what is in pictures, with any saved run.

    Where the run was exported, that file answers, so that Keras need not start.
    """
    from toonvision.core.files import write_text
    from toonvision.data.workspace import open_workspace
    from toonvision.models.saving import read_card, require_taxonomy
    from toonvision.training.record import find_run

    to_screen = str(csv_file) == "-"
    target = None if to_screen else csv_file
    if target is not None:
        _require_free(target, force=force)
    opened = open_workspace(workspace)
    folder = find_run(opened.runs, run)
    card = read_card(folder)
    require_taxonomy(card, opened.taxonomy.digest, folder)
    above = {
        level.name: opened.taxonomy.parents(card.level, level.name) for level in opened.taxonomy.coarser(card.level)
    }
    predictions, findings = predicted_by(folder, pictures, keras=keras)
    report_findings(findings, folder=folder)
    data = {
        "predictions": [
            {
                "picture": str(p.path),
                "predicted": p.predicted,
                "levels": {level: classes.get(p.predicted) for level, classes in above.items()},
                "confidence": p.confidence,
                "probabilities": dict(zip(p.classes, p.probabilities.tolist(), strict=True)),
            }
            for p in predictions
        ],
        "findings": [asdict(finding) for finding in findings],
    }
    if target is not None:
        write_text(target, _predictions_csv(predictions, above))
        say(f"Wrote {len(predictions)} predictions to {target}")
    if to_screen and not as_json:
        typer.echo(_predictions_csv(predictions, above), nl=False)
    elif csv_file is None or as_json:
        rows = [
            [p.path, p.predicted, *(classes.get(p.predicted, "-") for classes in above.values()), f"{p.confidence:.1%}"]
            for p in predictions
        ]
        columns = ["Picture", "Predicted", *(level.capitalize() for level in above), "Confidence"]
        none = "No picture could be read, so that there is no prediction."
        show(data, table("Predictions", columns, rows, names=2 + len(above)) if rows else none, as_json=as_json)
    exit_for(findings)


def runs(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """List the runs of a workspace."""
    from toonvision.core.errors import Finding, InputRejectedError, ModelRefusedError
    from toonvision.data.workspace import open_workspace
    from toonvision.training.record import read_record, run_records

    opened = open_workspace(workspace)
    listed, damaged = [], []
    for path in run_records(opened.runs):
        try:
            listed.append((read_record(path.parent), _wrong(path.parent)))
        except ModelRefusedError as error:
            damaged.append(Finding(str(path), str(error).removeprefix(f"{path}: "), code="damaged-run"))
        except InputRejectedError:
            continue  # it is being replaced at this moment
    report_findings(damaged, folder=opened.runs)
    data = {
        "runs": [{**asdict(record), "wrong": wrong} for record, wrong in listed],
        "findings": [asdict(finding) for finding in damaged],
    }
    columns = ["Run", "Status", "Started (UTC)", "Parameters", "Train", "Test", "Repeats", "Wrong: median", "worst"]
    rows = [
        [r.title, r.status, r.started[:16], f"{r.parameters:,}", r.samples["train"], r.samples["test"], len(r.repeats)]
        + ([wrong["median"], wrong["worst"]] if wrong else ["-", "-"])
        for r, wrong in listed
    ]
    empty = "There is no run yet. Next: toonvision train TASK"
    show(data, table("Runs", columns, rows, names=3) if rows else empty, as_json=as_json)


def _require_free(target: Path, *, force: bool) -> None:
    """Refuse a CSV file that is there, before anything is predicted."""
    from toonvision.core.errors import UsageError

    if target.exists() and not target.is_file():
        raise UsageError(f"{target}: is no file that could be written. Choose another --csv.")
    if target.exists() and not force:
        raise UsageError(f"{target} exists already; it was not changed. Choose another --csv, or give --force.")


def predicted_by(
    folder: Path, pictures: Sequence[Path], *, keras: bool = False
) -> "tuple[list[Prediction], list[Finding]]":
    """Predict with a run's export, or with Keras where there is none that can be used."""
    from toonvision.deploy.current import EXPORT, current_export
    from toonvision.models.saving import read_card

    export, why_not = (None, "") if keras else current_export(folder, read_card(folder))
    if why_not:
        say(f"{why_not} It is not used; make it anew: toonvision export RUN")
    if export is not None:
        say(f"Predicting on onnxruntime on cpu:0, with {EXPORT}.")
        with progress_bar("predicting", "pictures") as progress:
            return export.predict_files(pictures, progress=progress)
    from toonvision.evaluation.predict import predict_files
    from toonvision.models.backend import start_keras

    say(f"Predicting on {start_keras()}.")
    with progress_bar("predicting", "pictures") as progress:
        return predict_files(folder, pictures, progress=progress)


def judge(opened: "Workspace", run: str, part: Literal["train", "val", "test"]) -> "tuple[Evaluation, Path]":
    """Find a run, beside which something will be written, and judge it under a progress bar."""
    from toonvision.core.files import require_writable
    from toonvision.evaluation.evaluate import evaluate_run
    from toonvision.models.backend import start_keras
    from toonvision.training.record import find_run

    folder = find_run(opened.runs, run)
    require_writable(folder)
    say(f"Judging on {start_keras()}.")
    with progress_bar("judging", "pictures") as progress:
        return evaluate_run(opened, folder, part=part, progress=progress), folder


def _stressed(opened: "Workspace", folder: Path, judged: "Evaluation") -> tuple[dict[str, Any], list[Any]]:
    """Judge changed pictures under a progress bar and keep what came out; give it as data and for people."""
    from toonvision.figures.panels import write_panel
    from toonvision.studies.stress import RESULT, stress_panel, stress_run

    with progress_bar("changing and evaluating", "crops") as progress:
        test = stress_run(opened, folder, judged, progress=progress)
    png = write_panel(stress_panel(test), folder).path
    files = [str(path) for path in (folder / RESULT, png.with_suffix(".csv"), png)]
    rows = [
        [score.kind or "-", score.strength, score.right, f"{100 * score.mean_accuracy:.1f} %"] for score in test.scores
    ]
    columns = ["Change", "Strength", "Accuracy (95 %)", "Mean of all trainings"]
    shown = [table(f"{test.run} under changes", columns, rows, names=2), test.sentence(), f"Saved in {files[0]}"]
    data = {**asdict(test), "folder": str(folder), "meaning": test.sentence(), "files": files}
    return data, shown


def _refuse_own_settings(context: typer.Context) -> None:
    """Refuse settings beside a study that has its own."""
    from toonvision.core.errors import UsageError

    theirs = {"model", "levels", "epochs", "size", "split", "batch_size", "learning_rate", "patience", "class_weights"}
    theirs |= {"flip", "rotation", "zoom", "color", "shift", "cast", "surround"}
    theirs |= {"schedule", "label_smoothing", "averaging"}
    given = given_options(context) & theirs
    if given:
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(given))
        raise UsageError(f"--from-study brings the network and its settings; {listed} cannot be given beside it.")


def _with_levels(model: str, taxonomy: "Taxonomy", task: "Task") -> str:
    """Name the network that has a branch for each coarser level."""
    from toonvision.core.errors import UsageError

    coarser = taxonomy.grouping(task.level)
    if model != DEFAULT_NETWORK:
        raise UsageError(f"--levels gives {DEFAULT_NETWORK} the branches that it needs. Leave out --model {model}.")
    if not coarser:
        raise UsageError(
            f"no coarser level puts classes of {task.name} together, so that there is none to learn too. Leave out "
            "--levels."
        )
    return f"{model}+{len(coarser)}"


def parse_size(text: str) -> tuple[int, int]:
    """Read an input size written as height x width.

    Raises:
        UsageError: If it is not two whole numbers from 16 to 2000.

    Examples:
        >>> parse_size("600x200")
        (600, 200)
    """
    from toonvision.core.errors import UsageError

    fields = text.lower().split("x")
    if len(fields) != 2 or not all(
        field.isascii() and field.isdecimal() and len(field) <= 4 and 16 <= int(field) <= 2000 for field in fields
    ):
        raise UsageError(
            f"a size is height x width in pixels, 16 to 2000 each; got {text!r}. Write e.g. --size 600x200."
        )
    return int(fields[0]), int(fields[1])


def _wrong(run: Path) -> dict[str, int] | None:
    """Read the judged result of a run, where there is one."""
    from toonvision.core.documents import parse_json
    from toonvision.core.errors import RejectedItemError
    from toonvision.core.files import read_regular

    try:
        metrics: Any = parse_json(read_regular(run / "metrics.json", limit=_LARGEST_METRICS))
        return {name: metrics["wrong"][name]["count"] for name in ("best", "median", "worst")}
    except (RejectedItemError, KeyError, TypeError):
        return None


def _predictions_csv(predictions: "Sequence[Prediction]", above: Mapping[str, Mapping[str, str]]) -> str:
    """Give a row a picture; `above` maps the classes to those of the levels that they determine."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    classes = predictions[0].classes if predictions else ()
    writer.writerow(["picture", "predicted", "confidence", *above, *(f"p_{name}" for name in classes)])
    for p in predictions:
        levels = [names.get(p.predicted, "") for names in above.values()]
        values = [f"{value:.6f}" for value in (p.confidence, *p.probabilities)]
        writer.writerow([p.path, p.predicted, values[0], *levels, *values[1:]])
    return buffer.getvalue()
