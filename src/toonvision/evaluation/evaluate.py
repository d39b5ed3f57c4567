"""Evaluating a run: every repeat over one subset of its split, and what is saved of that."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.arrays import Pictures
from toonvision.data.catalog import Crop
from toonvision.data.splits import Subset
from toonvision.data.workspace import Workspace
from toonvision.metrics.calibration import Calibration, calibrate
from toonvision.metrics.classification import ClassificationReport, Indices, RolledUp, Spread
from toonvision.metrics.confidence import hardest_order, wrong_order
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card, require_taxonomy
from toonvision.tasks.base import Dataset, predict
from toonvision.tasks.classify import ClassScores
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import Category
from toonvision.training.record import RunRecord, read_record, repeat_folder
from toonvision.training.repeat import load_run_data

PREDICTIONS, METRICS = "predictions.csv", "metrics.json"


@dataclass(frozen=True)
class Evaluation:
    """A run's predictions for one subset of its split.

    Attributes:
        record: The run.
        part: Which subset was evaluated.
        classes: The classes in the order of the labels.
        crops: What the images show.
        pictures: What the network saw, shape ``(images, height, width, 3)``, uint8.
        scores: Of every repeat, as the networks predict: no stored temperature is applied, so that repeats can be
            compared.
        chosen: Which repeat is the run's own model.
        validation: The run's own model on the validation subset; None where it learned from that too.
    """

    record: RunRecord
    part: Subset
    classes: tuple[Category, ...]
    crops: tuple[Crop, ...]
    pictures: Pictures
    scores: tuple[ClassScores, ...]
    chosen: int
    validation: ClassScores | None = None

    @property
    def best(self) -> ClassScores:
        """Scores of the run's own model."""
        return self.scores[self.chosen]

    @property
    def y_true(self) -> Indices:
        """The true classes, shape ``(images,)``."""
        return self.best.y_true

    @cached_property
    def probabilities(self) -> npt.NDArray[np.float32]:
        """Of every repeat, shape ``(repeats, images, classes)``."""
        return np.stack([scores.probabilities for scores in self.scores])

    @property
    def own(self) -> npt.NDArray[np.float32]:
        """Probabilities of the run's own model, shape ``(images, classes)``."""
        return self.best.probabilities

    @property
    def predicted(self) -> Indices:
        """Predictions of the run's own model."""
        return self.best.predicted

    @property
    def report(self) -> ClassificationReport:
        """Scores of the run's own model, class by class."""
        return self.best.report

    def report_of(self, repeat: int) -> ClassificationReport:
        """Scores of one repeat."""
        return self.scores[repeat].report

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(category.name for category in self.classes)

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Confusion matrix of the run's own model: rows true, columns predicted."""
        return self.best.matrix

    @property
    def rolled_up(self) -> tuple[RolledUp, ...]:
        """The run's own model scored at coarser levels; one with a single class cannot be wrong there."""
        return self.best.rolled_up

    @property
    def unsure(self) -> Indices:
        """Indices of all images, the least confident first."""
        return self.best.unsure

    @property
    def macro_f1(self) -> tuple[float, ...]:
        """Macro F1 of every repeat."""
        return tuple(scores.report.macro.f1 for scores in self.scores)

    @property
    def spread(self) -> Spread:
        """How many images each repeat is wrong about."""
        return Spread(tuple(int(scores.wrong.sum()) for scores in self.scores), len(self.crops))

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
        return hardest_order(self.wrong_in, np.mean([scores.agreement for scores in self.scores], axis=0))

    @cached_property
    def calibration(self) -> Calibration | None:
        """Calibration of the run's own model, and what a temperature makes of it; None without images to fit on.

        On the validation subset itself the temperature is fitted on the very images that it is evaluated on, which the
        value says.
        """
        validation = self.validation
        if validation is None or not len(self.y_true) or not len(validation.y_true):
            return None
        return calibrate(
            self.y_true,
            self.own,
            fit_y_true=validation.y_true,
            fit_probabilities=validation.probabilities,
            fitted_here=self.part == "val",
        )


def evaluate_run(workspace: Workspace, run: Path, *, part: Subset = "test", progress: Progress = silent) -> Evaluation:
    """Evaluate every model of a run on one subset.

    Args:
        workspace: Where the run was trained.
        run: The run's folder.
        part: Which subset.
        progress: Called with how many images are done, over all repeats.

    Raises:
        ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
        InputRejectedError: If its split or images are not those that it was trained with.
    """
    record = read_record(run)
    require_taxonomy(read_card(run), workspace.taxonomy.digest, run)
    data = load_run_data(workspace, record)
    start_keras()
    indices = data.indices[part]
    seeds = [repeat.seed for repeat in record.repeats]
    chosen = seeds.index(record.best_seed)
    unseen = not record.settings.with_validation  # what a model has learned from says nothing about its confidence
    total = len(indices) * len(seeds) + (len(data.indices["val"]) if unseen and part != "val" else 0)
    scores = []
    for done, seed in enumerate(seeds, start=1):
        scores.append(_scored(data, repeat_folder(run, seed), part))
        progress(done * len(indices), total)
    validation = None
    if unseen:
        validation = scores[chosen] if part == "val" else _scored(data, run, "val")
    progress(total, total)
    by_name = {category.name: category for category in workspace.taxonomy.level(record.level).classes}
    return Evaluation(
        record=record,
        part=part,
        classes=tuple(by_name[name] for name in record.classes),
        crops=tuple(data.items[index] for index in indices),
        pictures=data.images[indices],
        scores=tuple(scores),
        chosen=chosen,
        validation=validation,
    )


def _scored(data: Dataset, folder: Path, subset: Subset) -> Any:
    kind, indices = kind_of(data.task), data.indices[subset]
    return kind.score(predict(kind, load_model(folder), data.images[indices]), data, indices)


def write_results(evaluation: Evaluation, run: Path) -> None:
    """Write `predictions.csv` and `metrics.json`; of another subset than test, with the subset in their names."""
    write_text(run / _subset_file(PREDICTIONS, evaluation.part), predictions_csv(evaluation))
    content = json.dumps(metrics_of(evaluation), indent=2)
    write_text(run / _subset_file(METRICS, evaluation.part), content + "\n")


def predictions_csv(evaluation: Evaluation) -> str:
    """Return one row for each prediction: its image, how many repeats are wrong about that, and what is predicted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    columns, rows = evaluation.best.table()
    writer.writerow(["crop", "screenshot", "context", "label", "wrong_in_repeats", "repeats", *columns])
    wrong_in = evaluation.wrong_in
    for index, *cells in rows:
        crop = evaluation.crops[index]
        writer.writerow(
            [crop.file, crop.screenshot, crop.context, crop.label, int(wrong_in[index]), len(evaluation.scores), *cells]
        )
    return buffer.getvalue()


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """Return all scores as plain data, for JSON."""
    spread, record, details = evaluation.spread, evaluation.record, evaluation.best.details()
    return {
        "run": record.title,
        "part": evaluation.part,
        "samples": len(evaluation.crops),
        "repeats": [
            {"seed": repeat.seed, "wrong": wrong, **scores.summary()}
            for repeat, wrong, scores in zip(record.repeats, spread.wrong, evaluation.scores, strict=True)
        ],
        "wrong": {name: getattr(spread, name).plain() for name in ("best", "median", "worst")},
        "model": {"seed": record.best_seed, "chosen_by": "lowest validation loss", **details.pop("model")},
        **details,
        "calibration": _calibration(evaluation.calibration),
    }


def _calibration(calibration: Calibration | None) -> Mapping[str, Any] | None:
    if calibration is None:
        return None
    return {
        "temperature": calibration.temperature,
        "fitted_on_validation_samples": calibration.fitted_on,
        "fitted_on_the_judged_samples": calibration.fitted_here,
        **{
            name: {
                "expected_calibration_error": reliability.error,
                "interval_95": list(reliability.interval),
                "error_of_a_calibrated_model_95": reliability.noise,
                "negative_log_likelihood": reliability.likelihood,
                "confidence_minus_accuracy": reliability.overconfident,
            }
            for name, reliability in (("as_trained", calibration.before), ("with_temperature", calibration.after))
        },
    }


def _subset_file(name: str, subset: Subset) -> str:
    return name if subset == "test" else name.replace(".", f"-{subset}.")
