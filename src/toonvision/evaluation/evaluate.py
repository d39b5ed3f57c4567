"""Evaluating a run: every repeat over one subset of its split, and what is saved of that."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.splits import Subset
from toonvision.data.workspace import Workspace
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.base import Dataset, Evaluated, KindScores, Scores, predict
from toonvision.tasks.class_scores import ClassScores
from toonvision.tasks.registry import kind_of
from toonvision.training.record import RunRecord, read_record, repeat_folder
from toonvision.training.repeat import load_run_data

PREDICTIONS, METRICS = "predictions.csv", "metrics.json"


@dataclass(frozen=True)
class Evaluation(Evaluated[KindScores]):
    """A run's predictions for one subset of its split.

    Attributes:
        record: The run.
        subset: Which subset was evaluated.
    """

    record: RunRecord
    subset: Subset


ClassEvaluation = Evaluation[ClassScores]
"""An evaluation of a task of the kind ``classify``."""


def evaluate_run(
    workspace: Workspace, run: Path, *, subset: Subset = "test", progress: Progress = silent
) -> Evaluation[Any]:
    """Evaluate every model of a run on one subset.

    Args:
        workspace: Where the run was trained.
        run: The run's folder.
        subset: Which subset.
        progress: Called with how many images are done, over all repeats.

    Raises:
        ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
        InputRejectedError: If its split or images are not those that it was trained with.
    """
    record = read_record(run)
    read_card(run, taxonomy=workspace.taxonomy.digest)
    data = load_run_data(workspace, record)
    start_keras()
    seeds = [repeat.seed for repeat in record.repeats]
    scores, images = [], len(data.indices[subset])
    for done, seed in enumerate(seeds):
        progress(done * images, len(seeds) * images)
        # What a model has learned from says nothing about its confidence.
        held_out = seed == record.best_seed and not record.settings.with_validation
        scores.append(_scores(data, repeat_folder(run, seed), subset, held_out=held_out))
    progress(len(seeds) * images, len(seeds) * images)
    by_name = {category.name: category for category in workspace.taxonomy.level(record.level).classes}
    return Evaluation(
        record=record,
        subset=subset,
        classes=tuple(by_name[name] for name in record.classes),
        items=tuple(data.items[index] for index in data.indices[subset]),
        images=data.images[data.indices[subset]],
        scores=tuple(scores),
        best_index=seeds.index(record.best_seed),
    )


def _scores(data: Dataset, folder: Path, subset: Subset, *, held_out: bool) -> Scores:
    kind, model = kind_of(data.task), load_model(folder)
    predictions = predict(kind, model, data.images[data.indices[subset]])
    validation = None
    if held_out:
        validation = predictions if subset == "val" else predict(kind, model, data.images[data.indices["val"]])
    return kind.score(predictions, data, subset, validation=validation)


def write_results(evaluation: Evaluation[Any], run: Path) -> None:
    """Write `predictions.csv` and `metrics.json`; of another subset than test, with the subset in their names."""
    write_text(run / _subset_file(PREDICTIONS, evaluation.subset), predictions_csv(evaluation))
    content = json.dumps(metrics_of(evaluation), indent=2)
    write_text(run / _subset_file(METRICS, evaluation.subset), content + "\n")


def predictions_csv(evaluation: Evaluation[Any]) -> str:
    """Return one row for each prediction: its image, how many repeats are wrong about that, and what is predicted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns, rows = evaluation.best.table()
    writer.writerow(["crop", "screenshot", "context", "label", "wrong_in_repeats", "repeats", *columns])
    wrong_in = evaluation.wrong_in
    for index, *cells in rows:
        item = evaluation.items[index]
        writer.writerow(
            [item.file, item.screenshot, item.context, item.label, int(wrong_in[index]), len(evaluation.scores), *cells]
        )
    return buffer.getvalue()


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
        "wrong": {name: getattr(spread, name).plain() for name in ("best", "median", "worst")},
        "model": {"seed": record.best_seed, "chosen_by": "lowest validation loss", **details.pop("model")},
        **details,
    }


def _subset_file(name: str, subset: Subset) -> str:
    return name if subset == "test" else name.replace(".", f"-{subset}.")
