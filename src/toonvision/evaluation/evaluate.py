"""Evaluating a run: every repeat over one subset of its split, and what is saved of that."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.catalog import Crop
from toonvision.data.images import Pictures
from toonvision.data.splits import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices, Spread
from toonvision.metrics.confidence import hardest_order, wrong_order
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card, require_taxonomy
from toonvision.tasks.base import Dataset, Scores, predict
from toonvision.tasks.classify import ClassScores
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import Category
from toonvision.training.record import RunRecord, read_record, repeat_folder
from toonvision.training.repeat import load_run_data

PREDICTIONS, METRICS = "predictions.csv", "metrics.json"
KindScores = TypeVar("KindScores", bound=Scores)


@dataclass(frozen=True)
class Evaluation(Generic[KindScores]):
    """A run's predictions for one subset of its split.

    Attributes:
        record: The run.
        subset: Which subset was evaluated.
        classes: The classes in the order of the labels.
        items: What the images show.
        images: What the network saw, shape ``(images, height, width, 3)``, uint8.
        scores: Of every repeat, as the networks predict: no stored temperature is applied, so that repeats can be
            compared.
        best_index: Which repeat is the run's own model.
    """

    record: RunRecord
    subset: Subset
    classes: tuple[Category, ...]
    items: tuple[Crop, ...]
    images: Pictures
    scores: tuple[KindScores, ...]
    best_index: int

    @property
    def best(self) -> KindScores:
        """Scores of the run's own model."""
        return self.scores[self.best_index]

    @property
    def spread(self) -> Spread:
        """How many images each repeat is wrong about."""
        return Spread(tuple(int(scores.wrong.sum()) for scores in self.scores), len(self.items))

    @property
    def wrong_in(self) -> npt.NDArray[np.int64]:
        """For each image how many repeats are wrong about it, shape ``(images,)``."""
        wrong_in: npt.NDArray[np.int64] = np.sum([scores.wrong for scores in self.scores], axis=0)
        return wrong_in

    @property
    def wrong(self) -> Indices:
        """Indices of the images that the run's own model is wrong about, the worst first."""
        return wrong_order(self.best.wrong, self.best.agreement)

    @property
    def hardest(self) -> Indices:
        """Indices of the images that any repeat is wrong about, those that most are wrong about first."""
        return hardest_order(self.wrong_in, self.agreement)

    @property
    def agreement(self) -> npt.NDArray[np.float32]:
        """How far the repeats agree with the ground truth of an image on average, shape ``(images,)``, 0 to 1."""
        agreement: npt.NDArray[np.float32] = np.mean([scores.agreement for scores in self.scores], axis=0)
        return agreement


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
    require_taxonomy(read_card(run), workspace.taxonomy.digest, run)
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
