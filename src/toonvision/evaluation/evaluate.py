"""Judging a run: every repeat over one part of its split, and what is kept of that on disk."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import InputRejectedError
from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.arrays import Pictures
from toonvision.data.catalog import Crop
from toonvision.data.splits import Subset
from toonvision.data.workspace import Workspace
from toonvision.evaluation.predict import predict_probabilities
from toonvision.metrics.calibration import Calibration, Probabilities, calibrate
from toonvision.metrics.classification import (
    ClassificationReport,
    Indices,
    RolledUp,
    Spread,
    classification_report,
    confusion_matrix,
    roll_up,
    spread,
    wrong_counts,
)
from toonvision.metrics.confidence import hardest_order, unsure_order, wrong_order
from toonvision.metrics.intervals import Proportion
from toonvision.models.backend import start_keras
from toonvision.models.saving import load_model, read_card, require_taxonomy
from toonvision.taxonomy.labels import Category
from toonvision.training.record import RunRecord, read_record, repeat_folder
from toonvision.training.repeat import load_task_data

PREDICTIONS, METRICS = "predictions.csv", "metrics.json"


@dataclass(frozen=True)
class ValidationPredictions:
    """What the run's own model makes of the validation part, on which a temperature can be fitted.

    Attributes:
        y_true: The true classes, shape ``(samples,)``.
        probabilities: Shape ``(samples, classes)``, as the network gives them.
    """

    y_true: Indices
    probabilities: Probabilities


@dataclass(frozen=True)
class Evaluation:
    """A run's predictions for one part of its split.

    Attributes:
        record: The run.
        part: Which part was judged.
        classes: The classes in the order of the probabilities.
        crops: The samples.
        pictures: What the network saw, shape ``(samples, height, width, 3)``, 0 to 255.
        y_true: The true classes, shape ``(samples,)``.
        probabilities: Of every repeat, shape ``(repeats, samples, classes)``, as the networks give them: no stored
            temperature is applied, so that repeats can be compared.
        chosen: Which repeat is the run's own model.
        rolled_up: The run's own model scored at coarser levels; one with a single class cannot be wrong there.
        held: The validation part's predictions by the run's own model; None where they were not asked for.
    """

    record: RunRecord
    part: Subset
    classes: tuple[Category, ...]
    crops: tuple[Crop, ...]
    pictures: Pictures
    y_true: Indices
    probabilities: npt.NDArray[np.float32]
    chosen: int
    rolled_up: tuple[RolledUp, ...]
    held: ValidationPredictions | None = None

    @property
    def own(self) -> npt.NDArray[np.float32]:
        """Probabilities of the run's own model, shape ``(samples, classes)``."""
        own: npt.NDArray[np.float32] = self.probabilities[self.chosen]
        return own

    @property
    def predicted(self) -> Indices:
        """Predictions of the run's own model."""
        predicted: Indices = self.own.argmax(axis=1)
        return predicted

    @property
    def report(self) -> ClassificationReport:
        """Scores of the run's own model."""
        return self.report_of(self.chosen)

    def report_of(self, repeat: int) -> ClassificationReport:
        """Scores of one repeat."""
        return classification_report(self.y_true, self.probabilities[repeat].argmax(axis=1), self.class_names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(category.name for category in self.classes)

    @property
    def matrix(self) -> npt.NDArray[np.int64]:
        """Confusion matrix of the run's own model: rows true, columns predicted."""
        return confusion_matrix(self.y_true, self.predicted, len(self.classes))

    @property
    def spread(self) -> Spread:
        """Wrong predictions of every repeat."""
        return spread(self.y_true, self.probabilities)

    @property
    def wrong_in(self) -> npt.NDArray[np.int64]:
        """For each sample in how many repeats it was wrong."""
        return wrong_counts(self.y_true, self.probabilities)

    @property
    def macro_f1(self) -> tuple[float, ...]:
        """Macro F1 of every repeat."""
        return tuple(self.report_of(repeat).macro.f1 for repeat in range(len(self.probabilities)))

    @property
    def wrong(self) -> Indices:
        """Places of the wrong samples, the gravest first."""
        return wrong_order(self.y_true, self.own)

    @property
    def unsure(self) -> Indices:
        """Places of all samples, the least confident first."""
        return unsure_order(self.own)

    @property
    def hardest(self) -> Indices:
        """Places of the samples that any repeat was wrong about, those that most were wrong about first."""
        return hardest_order(self.y_true, self.probabilities)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Calibration of the run's own model, and what a temperature makes of it; None without predictions to fit on.

        Pictures that a model has learned from say nothing about its confidence: there is nothing to fit on either.
        On the validation part itself the fitted temperature has seen what it is judged on, which the value says.
        """
        if (
            self.held is None
            or self.record.settings.with_validation
            or not len(self.y_true)
            or not len(self.held.y_true)
        ):
            return None
        return calibrate(
            self.y_true,
            self.own,
            fit_y_true=self.held.y_true,
            fit_probabilities=self.held.probabilities,
            fitted_here=self.part == "val",
        )


def evaluate_run(workspace: Workspace, run: Path, *, part: Subset = "test", progress: Progress = silent) -> Evaluation:
    """Ask every model of a run about one part of its split.

    Args:
        workspace: Where the run was trained.
        run: The run's folder.
        part: Which part to judge.
        progress: Told how many pictures are done, over all repeats.

    Raises:
        ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
        InputRejectedError: If its split or samples are not those that it was trained with.
    """
    record = read_record(run)
    require_taxonomy(read_card(run), workspace.taxonomy.digest, run)
    data = load_task_data(
        workspace, record.level, split_name=record.split, size_hw=record.size_hw, resize=record.resize
    )
    if data.digest != record.data_hash:
        raise InputRejectedError(
            f"{run}: the split {record.split!r} is not what it was when the run was trained, so pictures that it has "
            "learned could now be in the test. Train again."
        )
    start_keras()
    places = data.places[part]
    pictures = data.samples.pictures[places]
    val_indices = data.places["val"]
    seeds = [repeat.seed for repeat in record.repeats]
    chosen = seeds.index(record.chosen)
    total = len(places) * len(seeds) + (len(val_indices) if part != "val" else 0)
    rows, held = [], np.zeros((0, len(record.classes)), np.float32)
    for index, seed in enumerate(seeds):
        model = load_model(repeat_folder(run, seed))
        rows.append(predict_probabilities(model, pictures))
        progress((index + 1) * len(places), total)
        if index == chosen:
            held = rows[-1] if part == "val" else predict_probabilities(model, data.samples.pictures[val_indices])
    progress(total, total)
    y_true = data.samples.targets[places]
    by_name = {category.name: category for category in workspace.taxonomy.level(record.level).classes}
    rolled = tuple(
        roll_up(y_true, rows[chosen].argmax(axis=1), record.classes, parents, level=level.name)
        for level in workspace.taxonomy.coarser(record.level)
        if (parents := workspace.taxonomy.parents(record.level, level.name))
        # Where all pictures are of Cogs, none can be right or wrong about an animal.
        and any(record.classes[place] in parents for place in np.unique(y_true))
    )
    return Evaluation(
        record=record,
        part=part,
        classes=tuple(by_name[name] for name in record.classes),
        crops=tuple(data.samples.crops[place] for place in places),
        pictures=pictures,
        y_true=y_true,
        probabilities=np.stack(rows),
        chosen=chosen,
        rolled_up=rolled,
        held=ValidationPredictions(data.samples.targets[val_indices], held),
    )


def write_results(evaluation: Evaluation, run: Path) -> None:
    """Write `predictions.csv` and `metrics.json`; of another part than test, with the part in their names."""
    write_text(run / _part_file(PREDICTIONS, evaluation.part), predictions_csv(evaluation))
    content = json.dumps(metrics_of(evaluation), indent=2)
    write_text(run / _part_file(METRICS, evaluation.part), content + "\n")


def predictions_csv(evaluation: Evaluation) -> str:
    """Give one row a sample: where it is from, true and predicted class, all probabilities."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = evaluation.class_names
    writer.writerow(
        ["crop", "screenshot", "context", "label", "actual", "predicted", "confidence", "wrong_in_repeats", "repeats"]
        + [f"p_{name}" for name in names]
    )
    rows = zip(evaluation.crops, evaluation.y_true, evaluation.own, evaluation.wrong_in, strict=True)
    for crop, y_true, row, wrong in rows:
        place = int(row.argmax())
        writer.writerow(
            [crop.file, crop.screenshot, crop.context, crop.label, names[y_true], names[place], f"{row[place]:.6f}"]
            + [int(wrong), len(evaluation.probabilities)]
            + [f"{value:.6f}" for value in row]
        )
    return buffer.getvalue()


def metrics_of(evaluation: Evaluation) -> dict[str, Any]:
    """Give all scores as plain data, for JSON."""
    spread_, record = evaluation.spread, evaluation.record
    return {
        "run": record.title,
        "part": evaluation.part,
        "samples": len(evaluation.crops),
        "repeats": [
            {
                "seed": repeat.seed,
                "wrong": wrong,
                "accuracy": Proportion(spread_.total - wrong, spread_.total).share,
                "macro_f1": f1,
            }
            for repeat, wrong, f1 in zip(record.repeats, spread_.wrong, evaluation.macro_f1, strict=True)
        ],
        "wrong": {name: _proportion(getattr(spread_, name)) for name in ("best", "median", "worst")},
        "model": {"seed": record.chosen, "chosen_by": "lowest validation loss", **_report(evaluation.report)},
        "confusion": {
            "classes": list(evaluation.class_names),
            "rows_true_columns_predicted": evaluation.matrix.tolist(),
        },
        "rolled_up": [
            {
                "level": up.level,
                "level_classes": list(up.classes),
                "wrong_within": up.within,
                "wrong_across": up.across,
                **_report(up.report),
            }
            for up in evaluation.rolled_up
        ],
        "calibration": _calibration(evaluation.calibration),
    }


def _report(report: ClassificationReport) -> Mapping[str, Any]:
    return {
        "accuracy": _proportion(report.accuracy),
        "classes": [asdict(scores) for scores in report.classes],
        "macro": asdict(report.macro),
        "weighted": asdict(report.weighted),
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


def _proportion(value: Proportion) -> Mapping[str, Any]:
    return {
        "count": value.count,
        "total": value.total,
        "share": None if math.isnan(value.share) else value.share,
        "interval_95": list(value.interval),
    }


def _part_file(name: str, part: Subset) -> str:
    return name if part == "test" else name.replace(".", f"-{part}.")
