"""What `predict` does: choose what answers, cut boxes if asked to, warn of pictures that are no crops, draw answers."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from toonvision.api.base import StoredRun
from toonvision.api.result import Result
from toonvision.api.watching import Watcher
from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, UsageError
from toonvision.core.folders import UNFINISHED, new_folder, require_outside
from toonvision.core.panels import rows_csv, table
from toonvision.core.wording import counted, percent
from toonvision.data import images
from toonvision.deploy.current import EXPORT, Opened, current_export
from toonvision.metrics.predictions import BoxPrediction, Prediction, Verdict
from toonvision.models.registry import TREES
from toonvision.models.saving import read_card
from toonvision.tasks.novelty_panels import NO_SCORE
from toonvision.taxonomy.labels import Category

_MOST_MEASURED = 200
_MUCH_LARGER, _OTHER_SHAPE = 4.0, 1.5
"""From which factor on, on the area of the largest crops and on the most extreme shapes, a picture is warned about."""
_USUAL = (0.01, 0.99)
NOTHING_READ = "No picture could be read, so that there is no prediction."


def predict(
    run: StoredRun, pictures: Sequence[Path], *, boxes: bool, save: Path | None, keras: bool
) -> Result[list[Prediction]]:
    """Predict pictures, or the boxes of annotated ones; see `Run.predict`."""
    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    require_paths(pictures, save=save)
    if boxes:
        predictions, findings = _predict_boxes(run, pictures, keras=keras)
    else:
        predictions, findings = predict_files(run, pictures, keras=keras)
        findings = [*findings, *not_crops(run, [one.path for one in predictions])]
    if save is not None:
        draw_answers(predictions, taxonomy.level(card.level).classes, save, run.workspace.watcher)
    result = predictions_result(predictions, findings, taxonomy.all_parents(card.level), boxes=boxes)
    return replace(result, folder=run.folder, next=next_command(run))


def next_command(run: StoredRun) -> str:
    """Return the command that usually comes after predicting pictures with a run that names one object."""
    if not (run.folder / EXPORT).is_file():
        return run.workspace.command("export", run.name)
    return run.workspace.command("report" if run.record.settings.network == TREES else "explain", run.name)


def require_paths(pictures: Sequence[Path], **folders: Path | None) -> None:
    """Make sure that there is a picture, and that what is written has new folders to go into.

    Args:
        pictures: Pictures, or folders of pictures.
        **folders: The folders, by the name of their flag.

    Raises:
        InputRejectedError: If none of the pictures or folders exists.
        UsageError: If a folder to write to is there and not empty, or lies in another one.
    """
    if not any(path.exists() for path in pictures):
        listed = ", ".join(map(str, pictures)) or "no path"
        raise InputRejectedError(f"no picture or folder of pictures was found; got {listed}. Check the path.")
    given = {f"--{name}": folder for name, folder in folders.items() if folder is not None}
    for flag, folder in given.items():
        require_empty(folder, flag)
    for one, other in permutations(given.items(), 2):
        require_outside(*one, *other)


def require_empty(folder: Path, flag: str) -> None:
    """Make sure that a folder that was asked for can be written to without touching anything.

    Raises:
        UsageError: If it is there and not empty.
    """
    if folder.exists() and not (folder.is_dir() and all(path.name.startswith(UNFINISHED) for path in folder.iterdir())):
        raise UsageError(f"{folder}: exists already and is not an empty folder. Choose another {flag}.")


def draw_answers(
    predictions: Sequence[Prediction], classes: Sequence[Category], folder: Path, watcher: Watcher
) -> None:
    """Save copies of pictures with the answers drawn onto them, and say so."""
    from toonvision.report.answers import write_answers

    with new_folder(folder) as built:
        drawn = write_answers(predictions, classes, built)
    if drawn:
        watcher.say(f"Drew the answers onto {counted(drawn, 'picture')} in {folder}")


def predict_files(
    run: StoredRun, pictures: Sequence[Path], *, keras: bool = False, **options: Any
) -> tuple[list[Any], list[Finding]]:
    """Predict with a run's export, or with Keras where there is none that can be used.

    Args:
        run: The run.
        pictures: Pictures, or folders of pictures.
        keras: Use Keras, even where there is an export.
        **options: What only an export must be asked for, such as ``pixels`` of a detector.

    Returns:
        What a model of the run's kind says of each picture, and what could not be read.
    """
    watcher = run.workspace.watcher
    if export := usable_export(run, keras=keras):
        with watcher.progress("predicting", "pictures") as progress:
            return export.predict_files(pictures, progress=progress, **options)
    from toonvision.evaluation.evaluate import predict_files as predict_with_keras
    from toonvision.models.backend import start_backend

    watcher.say(f"Predicting on {start_backend(run.record.settings.network, run.record.size_hw)}, with {run.name}.")
    with watcher.progress("predicting", "pictures") as progress:
        return predict_with_keras(run.folder, pictures, progress=progress)


def usable_export(run: StoredRun, *, keras: bool = False) -> Opened | None:
    """Open a run's export, unless Keras is wanted, and say what is used, or why an existing one is not."""
    watcher = run.workspace.watcher
    export, why_not = (None, "") if keras else current_export(run.folder, read_card(run.folder))
    if why_not:
        again = run.workspace.command("export", run.name)
        watcher.say(f"{run.folder / EXPORT}: {why_not}. It is not used. To make it again: {again}")
    if export is not None:
        watcher.say(f"Predicting on onnxruntime on cpu:0, with {EXPORT} of {run.name}.")
    return export


def _predict_boxes(run: StoredRun, pictures: Sequence[Path], *, keras: bool) -> tuple[list[Prediction], list[Finding]]:
    """Cut the annotated boxes out of pictures, and predict each."""
    from toonvision.api.annotated_boxes import cut_boxes

    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        cuts, findings = cut_boxes(pictures, Path(name), run.workspace.files)
        answers, unread = predict_files(run, [Path(name)], keras=keras)
    found = [
        BoxPrediction(one.probabilities, one.classes, *cuts[one.path.name], novelty=one.novelty) for one in answers
    ]
    return list(found), [*findings, *unread]


def not_crops(run: StoredRun, pictures: Sequence[Path]) -> list[Finding]:
    """Warn of pictures that are much larger than the crops that the model learned from, or of another shape."""
    try:
        crops = np.array([crop.box.size_wh for crop in run.workspace.files.known_crops()], dtype=np.float64)
    except InputRejectedError:
        return []
    sizes = [(path, size) for path in pictures[:_MOST_MEASURED] if (size := _size_wh(path))]
    if not len(crops) or not sizes:
        return []
    areas, shapes = crops.prod(axis=1), crops[:, 0] / crops[:, 1]
    largest = float(np.quantile(areas, _USUAL[1])) * _MUCH_LARGER
    narrowest, widest = (float(value) for value in np.quantile(shapes, _USUAL))
    odd = [
        (path, (width, height))
        for path, (width, height) in sizes
        if width * height > largest or not narrowest / _OTHER_SHAPE <= width / height <= widest * _OTHER_SHAPE
    ]
    if not odd:
        return []
    path, (width, height) = odd[0]
    typical = " x ".join(f"{side:.0f}" for side in np.median(crops, axis=0))
    what = f"{len(odd)} of {len(sizes)} pictures" if len(sizes) > 1 else str(path)
    example = f" ({path} is {width} x {height})" if len(sizes) > 1 else f" ({width} x {height})"
    reason = (
        f"much larger than the crops that the model learned from, or of another shape{example}; those are about "
        f"{typical} pixels (width x height). The model gives one answer for a whole picture, so these are not reliable"
    )
    return [Finding(what, reason, "cut out the objects first; if they are annotated, add --boxes", "not-a-crop")]


def _size_wh(path: Path) -> tuple[int, int] | None:
    try:
        return images.size_wh(path)
    except (RejectedItemError, OSError):
        return None


def predictions_result(
    predictions: list[Prediction],
    findings: Sequence[Finding],
    above: Mapping[str, Mapping[str, str]],
    *,
    boxes: bool = False,
) -> Result[list[Prediction]]:
    """Return predictions as a table and as plain data.

    Args:
        predictions: One for each picture, or each box.
        findings: What could not be read, and what is to be known.
        above: Coarser level to the class there of each class.
        boxes: Whether annotated boxes were predicted.
    """
    own = ["Object", "Annotated as"] if boxes else []
    columns = ["Picture", *own, "Predicted", *(level.capitalize() for level in above), "None of these", "Confidence"]
    rows, data = [], []
    for p in predictions:
        about = {"object": p.number, "label": p.label, "box": p.box.xyxy} if isinstance(p, BoxPrediction) else {}
        levels = {level: classes.get(p.predicted) for level, classes in above.items()}
        data.append({"picture": str(p.path), **about, "levels": levels, **verdict_data(p)})
        coarser = [name or "-" for name in levels.values()]
        rows.append(
            [p.path, *list(about.values())[:2], p.predicted, *coarser, _rejected(p.novelty), percent(p.confidence)]
        )
    none = (NOTHING_READ,)
    return Result(
        predictions,
        (table("Predictions", columns, rows, names=len(columns) - 1), _novelty_text(predictions)) if rows else none,
        {"predictions": data},
        findings=tuple(findings),
    )


def _rejected(novelty: float | None) -> str:
    return "?" if novelty is None else f"yes ({novelty:+.1f})" if novelty > 0 else f"no ({novelty:+.1f})"


def _novelty_text(predictions: Sequence[Prediction]) -> str:
    if predictions[0].novelty is None:
        return NO_SCORE
    count = sum(one.none_of_these for one in predictions)
    return (
        f"None of these: {count} of {counted(len(predictions), 'answer')}. The novelty score of such a picture, in "
        "brackets, is above 0: it is unlike anything that the model learned, and its class means nothing."
    )


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return a prediction as plain data."""
    return {
        "predicted": verdict.predicted,
        "confidence": verdict.confidence,
        "none_of_these": None if verdict.novelty is None else verdict.none_of_these,
        "novelty": verdict.novelty,
        "probabilities": dict(zip(verdict.classes, verdict.probabilities.tolist(), strict=True)),
    }


def verdict_columns(level: str, classes: Iterable[str]) -> list[str]:
    """Return the headings of what `verdict_cells` returns of a classifier of a level."""
    own = [f"{level}_confidence", f"{level}_none_of_these", f"{level}_novelty"]
    return [level, *own, *(f"{level}_p_{name}" for name in classes)]


def verdict_cells(data: Mapping[str, Any], levels: Sequence[str] = ()) -> list[str]:
    """Return what `verdict_data` returns as cells of CSV; classes of other levels stand behind the confidence."""
    score = data["novelty"]
    rejected = ["", ""] if score is None else ["yes" if data["none_of_these"] else "no", f"{score:.6f}"]
    probabilities = [f"{value:.6f}" for value in data["probabilities"].values()]
    return [data["predicted"], f"{data['confidence']:.6f}", *levels, *rejected, *probabilities]


def predictions_csv(result: Result[list[Prediction]]) -> str:
    """Return a row for each prediction: what was predicted, at every level, and all probabilities."""
    listed = result.data["predictions"]
    first = listed[0] if listed else {"levels": {}, "probabilities": {}}
    extra = [name for name in ("object", "label", "box") if name in first]
    names = [f"p_{name}" for name in first["probabilities"]]
    novelty = ["none_of_these", "novelty"]
    rows = [("picture", *extra, "predicted", "confidence", *first["levels"], *novelty, *names)]
    for one in listed:
        own = [" ".join(map(str, one[name])) if name == "box" else one[name] for name in extra]
        levels = [value or "" for value in one["levels"].values()]
        rows.append((one["picture"], *own, *verdict_cells(one, levels)))
    return rows_csv(tuple(rows))
