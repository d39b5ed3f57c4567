"""What saved models predict: those of a run for a subset of its split, evaluated and saved, or one for files."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding
from toonvision.core.files import write_text
from toonvision.core.panels import rows_csv
from toonvision.core.progress import Progress, silent
from toonvision.data.images import Pictures
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.evaluation.box_floors import measure_box_floors
from toonvision.evaluation.floors import Floors, measure_floors
from toonvision.evaluation.pixel_floors import measure_pixel_floors
from toonvision.evaluation.score_floors import ScoreFloors
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.found_objects import found_rows
from toonvision.metrics.named_pixels import named_rows
from toonvision.metrics.novelty import NoveltyTest
from toonvision.metrics.predictions import Answers
from toonvision.models.backend import start_backend
from toonvision.models.file_predictions import answer_screenshots, predict_files_by
from toonvision.models.saving import load_model, read_card, read_novelty
from toonvision.tasks import detect, segment
from toonvision.tasks.base import Dataset, Evaluated, KindScores, Scores
from toonvision.tasks.class_scores import ClassScores
from toonvision.tasks.classify import predict_probabilities
from toonvision.tasks.networks import network_outputs, predict
from toonvision.tasks.outliers import novelty_of, novelty_test
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import DETECT, SEGMENT
from toonvision.training.record import RunRecord, read_record, repeat_folder
from toonvision.training.repeat import load_run_data


@dataclass(frozen=True)
class Evaluation(Evaluated[KindScores]):
    """A run's predictions for one subset of its split.

    Attributes:
        record: The run.
        subset: Which subset was evaluated.
        floors: What a run should beat there; None if that was not asked for.
    """

    record: RunRecord
    subset: Subset
    floors: Floors | ScoreFloors | None = None

    @property
    def title(self) -> str:
        """What its scores are of: the run, the subset, and which of several trainings."""
        several = len(self.record.repeats) > 1
        training = f" (the training with seed {self.record.best_seed}: lowest validation loss)" if several else ""
        return f"{self.record.title} on {self.subset}{training}"


ClassEvaluation = Evaluation[ClassScores]
"""An evaluation of a task of the kind ``classify``."""


def evaluate_run(
    workspace: Workspace,
    run: Path,
    *,
    subset: Subset = "test",
    floors: bool = False,
    novelty: bool = True,
    progress: Progress = silent,
) -> Evaluation[Any]:
    """Evaluate every model of a run on one subset, with the floors of the run and its novelty score if asked for.

    `progress` counts images over all repeats.

    Raises:
        ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
        InputRejectedError: If its split or images are not those that it was trained with.
    """
    record = read_record(run)
    read_card(run, taxonomy=workspace.taxonomy)
    data = load_run_data(workspace, record)
    start_backend(record.settings.network, record.size_hw)
    seeds = [repeat.seed for repeat in record.repeats]
    scores, images = [], len(data.indices[subset])
    for done, seed in enumerate(seeds):
        progress(done * images, len(seeds) * images)
        # What a model has learned from says nothing about its confidence.
        held_out = seed == record.best_seed and not record.settings.with_validation
        scores.append(_scores(data, repeat_folder(run, seed), subset, held_out=held_out))
    progress(len(seeds) * images, len(seeds) * images)
    by_name = workspace.taxonomy.level(record.level).by_name
    return Evaluation(
        record=record,
        subset=subset,
        classes=tuple(by_name[name] for name in record.classes),
        items=tuple(data.items[index] for index in data.indices[subset]),
        images=data.images[data.indices[subset]],
        scores=tuple(scores),
        best_index=seeds.index(record.best_seed),
        novelty=_novelty(workspace, run, data, subset) if novelty else None,
        floors=_floors(record, data, subset, scores) if floors else None,
    )


def _floors(record: RunRecord, data: Dataset, subset: Subset, scores: Sequence[Any]) -> Floors | ScoreFloors:
    if record.kind not in (DETECT, SEGMENT):
        return measure_floors(record, data, subset, scores)
    learned: list[Subset] = ["train", "val"] if record.settings.with_validation else ["train"]
    best = scores[[repeat.seed for repeat in record.repeats].index(record.best_seed)]
    network = record.settings.network
    if record.kind == SEGMENT:
        return measure_pixel_floors(network, data, subset, best, learned=learned)
    floors = measure_box_floors(network, data, subset, best, learned=learned)
    if data.pixels is None or best.pixels is None:
        return floors
    named = replace(data, targets=data.pixels, classes=data.pixel_classes)
    beside = measure_pixel_floors(network, named, subset, best.pixels, learned=learned)
    return replace(floors, listed=(*floors.listed, *beside.listed))


def _scores(data: Dataset, folder: Path, subset: Subset, *, held_out: bool) -> Scores:
    card = read_card(folder)
    kind, model, thresholds = kind_of(data.task), load_model(folder), card.thresholds
    predictions = predict(kind, model, data.images[data.indices[subset]])
    validation = None
    if held_out:
        validation = predictions if subset == "val" else predict(kind, model, data.images[data.indices["val"]])
    return kind.score(predictions, data, subset, validation=validation, thresholds=thresholds)


def _novelty(workspace: Workspace, run: Path, data: Dataset, subset: Subset) -> NoveltyTest | None:
    score = read_novelty(run)
    return novelty_test(load_model(run), score, workspace, data, subset) if score else None


def write_results(evaluation: Evaluation[Any], run: Path) -> None:
    """Write `predictions.csv` and `metrics.json`; of another subset than test, with the subset in their names."""
    suffix = "" if evaluation.subset == "test" else f"-{evaluation.subset}"
    write_text(run / f"predictions{suffix}.csv", predictions_csv(evaluation))
    write_text(run / f"metrics{suffix}.json", json.dumps(metrics_of(evaluation), indent=2) + "\n")


def predictions_csv(evaluation: Evaluation[Any]) -> str:
    """Return one row for each prediction: its image, how many repeats are wrong about that, and what is predicted."""
    columns, rows = evaluation.best.table()
    items, wrong_in, repeats = evaluation.items, evaluation.wrong_in.tolist(), len(evaluation.scores)
    images: list[tuple[object, ...]] = [tuple(item.columns.values()) for item in items]
    named = tuple(items[0].columns) if items else ()
    head: tuple[str, ...] = (*named, "wrong_in_repeats", "repeats", *columns)
    listed = [(index, *images[index], wrong_in[index], repeats, *cells) for index, *cells in rows]
    if evaluation.novelty:
        head = (*head, "none_of_these", "novelty")
        scores = [float(score) for score in evaluation.novelty.scores]
        listed = [(*row, "yes" if scores[row[0]] > 0 else "no", scores[row[0]]) for row in listed]
    return rows_csv((head, *(row[1:] for row in listed)))


def metrics_of(evaluation: Evaluation[Any]) -> dict[str, Any]:
    """Return all scores as plain data, for JSON."""
    spread, record, details = evaluation.spread, evaluation.record, evaluation.best.details()
    return {
        "run": record.title,
        "subset": evaluation.subset,
        "samples": len(evaluation.items),
        "repeats": [
            {"seed": repeat.seed, "wrong": wrong, **scores.summary()}
            for repeat, wrong, scores in zip(record.repeats, spread.wrong, evaluation.scores, strict=True)
        ],
        "floors": [floor.plain() for floor in evaluation.floors.listed] if evaluation.floors else [],
        "wrong": {name: getattr(spread, name).plain() for name in ("best", "median", "worst")},
        "model": {"seed": record.best_seed, "best_by": "lowest validation loss", **details.pop("model")},
        **details,
        "novelty": evaluation.novelty.plain() if evaluation.novelty else None,
    }


def predict_files(
    model_folder: Path, paths: Sequence[Path], *, progress: Progress = silent
) -> tuple[list[Any], list[Finding]]:
    """Return what a saved model says of picture files, and of all pictures in folders, in the order of the paths.

    That is a `Prediction` for each, with the stored temperature; `FoundObjects`; or `NamedPixels`: as its kind is.
    There is a finding for each file that could not be read.

    Raises:
        InputRejectedError: If there is no model.
        ModelRefusedError: If the model cannot be used.
    """
    card = read_card(model_folder)
    classes, size_hw = card.classes, card.size_hw
    if card.kind not in (DETECT, SEGMENT):
        answer = answer_with(model_folder)
        return predict_files_by(answer, paths, classes=classes, size_hw=size_hw, resize=card.resize, progress=progress)
    start_backend(card.network, size_hw)
    outputs = partial(network_outputs, load_model(model_folder))
    if card.kind == SEGMENT:
        named = partial(named_rows, classes=classes)
        return answer_screenshots(
            lambda images: segment.decode(outputs(images)), named, paths, size_hw=size_hw, progress=progress
        )
    thresholds = detect.thresholds_of(card.thresholds, classes)
    found = partial(found_rows, classes=classes, thresholds=thresholds, size_hw=size_hw)
    return answer_screenshots(
        lambda images: detect.decode(outputs(images)), found, paths, size_hw=size_hw, progress=progress
    )


def answer_with(model_folder: Path) -> Callable[[Pictures], Answers]:
    """Return a function from images of the input size to a saved classifier's answers, with its stored temperature.

    Raises:
        InputRejectedError: If there is no model.
        ModelRefusedError: If the model cannot be used.
    """
    card = read_card(model_folder)
    start_backend(card.network, card.size_hw)
    model, score = load_model(model_folder), read_novelty(model_folder)
    novelty = novelty_of(model, score) if score else None

    def answer(images: Pictures) -> Answers:
        rows = predict_probabilities(model, images)
        rows = rows if card.temperature is None else with_temperature(rows, card.temperature)
        return Answers(rows, novelty(images) if novelty else None)

    return answer
