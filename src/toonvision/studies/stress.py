"""Stress test: how a run does on crops that are darker, blurred, smaller, compressed, or cut beside their box.

Each change is made to the crop as it was cut, before it is resized to the network's input. Nothing is random, so that
two runs are evaluated on the same changed crops.
"""

import io
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import FigurePanel, Table, number_columns
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.core.wording import interval, listed, percent
from toonvision.data.arrays import Pictures, read_crop, screenshot_reader
from toonvision.data.boxes import Box
from toonvision.data.catalog import Crop
from toonvision.data.images import fit
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.metrics.intervals import Proportion
from toonvision.models.saving import load_model
from toonvision.studies.store import Study
from toonvision.tasks.classify import predict_probabilities
from toonvision.training.record import repeat_folder

_DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_GROUP = 32


@dataclass(frozen=True)
class Change:
    """A change of crops at one strength.

    Attributes:
        kind: What is changed.
        strength: How much, for people.
        of_crop: Changes the crop as it was cut; None where the box is moved instead.
        shift: By which share of its sides the box is moved.
    """

    kind: str
    strength: str
    of_crop: Callable[[Image.Image], Image.Image] | None = None
    shift: float = 0.0


@dataclass(frozen=True)
class StressScore:
    """How a run does under one change.

    Attributes:
        kind: What was changed; empty for unchanged crops.
        strength: How much.
        samples: How many crops were evaluated.
        own: Wrong predictions of the run's best model.
        wrong: Wrong predictions of every training.
    """

    kind: str
    strength: str
    samples: int
    own: int
    wrong: tuple[int, ...]

    @property
    def right(self) -> Proportion:
        """Right predictions of the run's best model."""
        return Proportion(self.samples - self.own, self.samples)

    @property
    def mean_accuracy(self) -> float:
        """Over all trainings, 0 to 1."""
        return 1 - statistics.mean(self.wrong) / self.samples


@dataclass(frozen=True)
class StressTest(Study):
    """How a run does under all changes.

    Attributes:
        run: The run.
        part: Which subset was evaluated.
        seeds: Of its trainings.
        scores: The first is of unchanged crops.
    """

    FILE, WHAT, COMMAND = "stress.json", "stress test", "evaluate RUN --stress"

    run: str
    part: str
    seeds: tuple[int, ...]
    scores: tuple[StressScore, ...]

    def sentence(self) -> str:
        """Return which change does most harm, in plain words."""
        plain, *changed = self.scores
        worst = min(changed, key=lambda score: score.right.share)
        lost = plain.right.share - worst.right.share
        clear = [score for score in changed if score.right.interval[1] < plain.right.interval[0]]
        if worst not in clear:
            return (
                f"No change clearly lowers the accuracy: {plain.right} on unchanged crops, at worst {worst.right} "
                f"({worst.kind}, {worst.strength})."
            )
        return (
            f"The accuracy falls most with {worst.kind} ({worst.strength}): {worst.right}, {100 * lost:.0f} points "
            f"less than on unchanged crops ({plain.right}). {len(changed) - len(clear)} of {len(changed)} changes do "
            "not clearly lower it."
        )


def _as_jpeg(image: Image.Image, *, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _small(image: Image.Image, *, height: int) -> Image.Image:
    """Shrink a crop to a height, as if it were seen from afar; smaller ones stay as they are."""
    share = min(1.0, height / image.height)
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.BOX)


def _lit(image: Image.Image, *, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def _contrasted(image: Image.Image, *, factor: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(factor)


def _blurred(image: Image.Image, *, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


CHANGES = (
    *(Change("darker", f"{factor:g} x", partial(_lit, factor=factor)) for factor in (0.7, 0.5)),
    *(Change("brighter", f"{factor:g} x", partial(_lit, factor=factor)) for factor in (1.3, 1.6)),
    *(Change("contrast", f"{factor:g} x", partial(_contrasted, factor=factor)) for factor in (0.5, 1.5)),
    *(Change("blur", f"{radius} px", partial(_blurred, radius=radius)) for radius in (2, 4)),
    *(Change("small", f"{height} px high", partial(_small, height=height)) for height in (40, 20)),
    *(Change("JPEG", f"quality {quality}", partial(_as_jpeg, quality=quality)) for quality in (50, 20)),
    *(Change("box moved", f"{100 * share:.0f} % of a side", shift=share) for share in (0.05, 0.1)),
)  # fmt: skip
"""Blur is the standard deviation of a Gaussian, in pixels of the screenshot. A moved box goes left, right, up and down
in turn, from crop to crop, as far as the screenshot reaches."""


def stress_run(
    workspace: Workspace, folder: Path, evaluation: ClassEvaluation, *, progress: Progress = silent
) -> StressTest:
    """Evaluate all models of a run under every change, and save the result in the run's folder.

    Raises:
        InputRejectedError: If there is no sample, or a crop or its screenshot cannot be read.
        ModelRefusedError: If a model cannot be used.
    """
    total = len(evaluation.crops)
    if not total:
        raise InputRejectedError(f"{folder}: the subset {evaluation.subset!r} has no sample to evaluate.")
    record = evaluation.record
    models = [load_model(repeat_folder(folder, repeat.seed)) for repeat in record.repeats]
    wrong = np.zeros((len(CHANGES), len(models)), dtype=np.int64)
    done = 0
    for indices, pictures in _changed(workspace, evaluation):
        for row, model in enumerate(models):
            flat = pictures.reshape(-1, *pictures.shape[2:])
            predicted = predict_probabilities(model, flat).argmax(axis=1).reshape(pictures.shape[:2])
            wrong[:, row] += (predicted != evaluation.best.y_true[indices]).sum(axis=1)
        done += pictures.shape[1]
        progress(done, total)
    plain = StressScore("", "unchanged", total, evaluation.best.report.wrong, evaluation.spread.wrong)
    scores = (
        StressScore(change.kind, change.strength, total, int(row[evaluation.best_index]), tuple(map(int, row)))
        for change, row in zip(CHANGES, wrong, strict=True)
    )
    seeds = tuple(repeat.seed for repeat in record.repeats)
    return StressTest(record.title, evaluation.subset, seeds, (plain, *scores), folder=folder).save()


def stress_panel(test: StressTest) -> FigurePanel:
    """Return the figure of the accuracy under each change, with a row for each."""
    plain, *changed = test.scores
    worst = sorted(changed, key=lambda score: score.right.share)[:3]
    head = ("change", "strength", "samples", "right", "share", "interval_low", "interval_high",
            *(f"right_seed_{seed}" for seed in test.seeds))  # fmt: skip
    rows = (
        (score.kind or "none", score.strength, score.samples, score.right.count, score.right.share,
         *score.right.interval, *(score.samples - wrong for wrong in score.wrong))
        for score in test.scores
    )  # fmt: skip
    return FigurePanel(
        name="stress",
        title="Under changes of light, sharpness, size, compression and box",
        alternative=f"Accuracy under {len(changed)} changes of the crops; {percent(plain.right.share)} unchanged, "
        f"lowest with {listed([f'{s.kind}, {s.strength} ({percent(s.right.share)})' for s in worst])}.",
        caption=test.sentence(),
        value=test,
        rows=(head, *rows),
    )


def stress_table(test: StressTest) -> Table:
    """Return the accuracy under each change as a table."""
    columns = ("Change", "Strength", "Accuracy", "95 % interval", "Mean of all trainings")
    rows = tuple(
        (score.kind or "none", score.strength, percent(score.right.share), interval(score.right),
         percent(score.mean_accuracy))
        for score in test.scores
    )  # fmt: skip
    return Table(f"{test.run} under changes", columns, rows, number_columns(columns, 2))


def _changed(workspace: Workspace, evaluation: ClassEvaluation) -> Iterator[tuple[slice, Pictures]]:
    """Yield groups of samples with their changed crops, shape ``(changes, samples, height, width, 3)``."""
    record = evaluation.record
    read_screenshot = screenshot_reader(workspace)

    def change_all(numbered: tuple[int, Crop]) -> Pictures:
        number, crop = numbered
        image = read_crop(workspace, crop)
        whole = read_screenshot(crop.screenshot_id)
        changed = [
            change.of_crop(image) if change.of_crop else _cut_beside(whole, crop.box, change.shift, number)
            for change in CHANGES
        ]
        return np.stack([fit(one, size_hw=record.size_hw, resize=record.resize) for one in changed])

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(evaluation.crops), _GROUP):
            indices = slice(start, min(start + _GROUP, len(evaluation.crops)))
            numbered = enumerate(evaluation.crops[indices], start=start)
            yield indices, np.stack(list(pool.map(change_all, numbered)), axis=1)


def _cut_beside(whole: Image.Image, box: Box, share: float, number: int) -> Image.Image:
    """Cut a box that is moved by a share of its sides, as far as the screenshot reaches."""
    right, down = _DIRECTIONS[number % len(_DIRECTIONS)]
    width, height = box.size_wh
    x_min = min(max(0, box.x_min + round(right * share * width)), whole.width - width)
    y_min = min(max(0, box.y_min + round(down * share * height)), whole.height - height)
    return whole.crop((x_min, y_min, x_min + width, y_min + height))
