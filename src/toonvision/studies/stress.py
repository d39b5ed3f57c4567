"""Stress test: how a run does on pictures that are darker, blurred, smaller, compressed, or cut beside their box.

Each change is made to the crop as it was cut, or to the whole screenshot, before it is resized to the network's input.
Nothing is random, so that two runs are evaluated on the same changed pictures.
"""

import io
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.core.wording import interval, listed, percent
from toonvision.data.arrays import Pictures, read_crop, screenshot_reader
from toonvision.data.boxes import Box
from toonvision.data.catalog import Crop
from toonvision.data.fitting import fit, shrink_factor
from toonvision.data.records import Item
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Predictions, concatenated
from toonvision.models.saving import load_model, read_card
from toonvision.studies.store import Study
from toonvision.tasks.base import Dataset
from toonvision.tasks.networks import predict
from toonvision.tasks.registry import kind_of
from toonvision.training.record import repeat_folder
from toonvision.training.repeat import load_run_data

_DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_GROUP = 32


@dataclass(frozen=True)
class Change:
    """A change of pictures at one strength.

    Attributes:
        kind: What is changed.
        strength: How much, for people.
        of_crop: Changes the crop as it was cut, or the screenshot; None where the box is moved instead.
        shift: By which share of its sides the box is moved.
        scale: How large the changed screenshot is, as a share of the original.
    """

    kind: str
    strength: str
    of_crop: Callable[[Image.Image], Image.Image] | None = None
    shift: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class StressScore:
    """How a run does under one change.

    Attributes:
        kind: What was changed; empty for unchanged pictures.
        strength: How much.
        samples: How many crops were evaluated, or objects searched for.
        own: Wrong predictions, or missed objects, of the run's best model.
        wrong: The same of every training.
        summary: The most informative scores of the run's best model, by name.
    """

    kind: str
    strength: str
    samples: int
    own: int
    wrong: tuple[int, ...]
    summary: dict[str, float] = field(default_factory=dict)

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
        subset: Which subset was evaluated.
        seeds: Of its trainings.
        scores: The first is of unchanged pictures.
        finds: Whether the run finds objects; else it names what crops show.
    """

    FILE, WHAT, COMMAND = "stress.json", "stress test", "evaluate RUN --stress"
    EARLIER_NAMES: ClassVar[Mapping[str, str]] = {"part": "subset"}

    run: str
    subset: str
    seeds: tuple[int, ...]
    scores: tuple[StressScore, ...]
    finds: bool = False

    @property
    def measure(self) -> str:
        """What is measured: the accuracy, or the share of the objects that are found."""
        return "share of objects found" if self.finds else "accuracy"

    @property
    def pictures(self) -> str:
        """What is changed."""
        return "screenshots" if self.finds else "crops"

    def sentence(self) -> str:
        """Return which change does most harm, in plain words."""
        plain, *changed = self.scores
        worst = min(changed, key=lambda score: score.right.share)
        lost = plain.right.share - worst.right.share
        clear = [score for score in changed if score.right.interval[1] < plain.right.interval[0]]
        if worst not in clear:
            return (
                f"No change clearly lowers the {self.measure}: {plain.right} on unchanged {self.pictures}, at worst "
                f"{worst.right} ({worst.kind}, {worst.strength})."
            )
        return (
            f"The {self.measure} falls most with {worst.kind} ({worst.strength}): {worst.right}, {100 * lost:.0f} "
            f"points less than on unchanged {self.pictures} ({plain.right}). {len(changed) - len(clear)} of "
            f"{len(changed)} changes do not clearly lower it."
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


def _rescaled(image: Image.Image, *, share: float) -> Image.Image:
    """Shrink a screenshot, as on a smaller screen."""
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.BOX)


SCREENSHOT_CHANGES = (
    *(change for change in CHANGES if change.kind not in ("small", "box moved")),
    *(Change("smaller", f"{share:g} x", partial(_rescaled, share=share), scale=share) for share in (0.7, 0.5)),
)
"""The same for whole screenshots, which may come from a smaller screen. They enter a network shrunk by their own whole
number, so that objects may be as large there as before."""


def stress_run(
    workspace: Workspace, folder: Path, evaluation: Evaluation[Any], *, progress: Progress = silent
) -> StressTest:
    """Evaluate all models of a run under every change, and save the result in the run's folder.

    Raises:
        InputRejectedError: If there is no sample, or a crop or its screenshot cannot be read.
        ModelRefusedError: If a model cannot be used.
    """
    total, record = len(evaluation.items), evaluation.record
    if not total:
        raise InputRejectedError(f"{folder}: the subset {evaluation.subset!r} has no sample to evaluate.")
    kind, data = kind_of(record.as_task), load_run_data(workspace, record)
    finds = kind.unit == "screenshot"
    changes = SCREENSHOT_CHANGES if finds else CHANGES
    folders = [repeat_folder(folder, repeat.seed) for repeat in record.repeats]
    models = [load_model(one) for one in folders]
    found: list[list[list[Predictions]]] = [[[] for _ in models] for _ in changes]
    for start, changed in _changed(workspace, evaluation, changes):
        for own, pictures in zip(found, changed, strict=True):
            for answers, model in zip(own, models, strict=True):
                answers.append(predict(kind, model, pictures))
        progress(start + changed.shape[1], total)
    thresholds = [read_card(one).thresholds for one in folders]
    scores = [_score("", "unchanged", evaluation)]
    for change, own in zip(changes, found, strict=True):
        predictions = [_grown(concatenated(answers), data, evaluation, change.scale) for answers in own]
        each = tuple(
            kind.score(one, data, evaluation.subset, thresholds=least)
            for one, least in zip(predictions, thresholds, strict=True)
        )
        scores.append(_score(change.kind, change.strength, replace(evaluation, scores=each)))
    seeds = tuple(repeat.seed for repeat in record.repeats)
    return StressTest(record.title, evaluation.subset, seeds, tuple(scores), finds, folder=folder).save()


def _score(kind: str, strength: str, evaluation: Evaluation[Any]) -> StressScore:
    """Return how many of the crops, or of the objects, are wrong."""
    cases = kind_of(evaluation.record.as_task).cases(evaluation)
    wrong = tuple(int(count) for count in cases.wrong.sum(axis=1))
    total = cases.wrong.shape[1]
    return StressScore(kind, strength, total, wrong[evaluation.best_index], wrong, evaluation.best.summary())


def _grown(predictions: Predictions, data: Dataset, evaluation: Evaluation[Any], scale: float) -> Predictions:
    """Return boxes and pixels in screenshots of another scale as they would be in the screenshots themselves."""
    if scale == 1:
        return predictions
    sizes = [frame.shot.size_wh for frame in evaluation.frames]
    factors = [
        shrink_factor((round(width * scale), round(height * scale)), data.size_hw)
        / (scale * shrink_factor((width, height), data.size_hw))
        for width, height in sizes
    ]
    boxes, pixels = predictions.boxes, predictions.pixels
    return replace(
        predictions,
        boxes=None if boxes is None else boxes * np.array(factors, np.float32)[predictions.image, None],
        pixels=None if pixels is None else np.stack(list(map(_grown_map, pixels, factors))),
    )


def _grown_map(pixels: npt.NDArray[np.uint8], factor: float) -> npt.NDArray[np.uint8]:
    """Return a map of classes enlarged from its upper left corner, cut to the size that it had."""
    rows, columns = (np.minimum((np.arange(side) + 0.5) / factor, side - 1).astype(int) for side in pixels.shape)
    return pixels[np.ix_(rows, columns)]


def stress_panel(test: StressTest) -> FigurePanel:
    """Return the figure of the accuracy under each change, with a row for each."""
    plain, *changed = test.scores
    worst = sorted(changed, key=lambda score: score.right.share)[:3]
    lowest = listed([f"{s.kind}, {s.strength} ({percent(s.right.share)})" for s in worst])
    head = ("change", "strength", "samples", "right", "share", "interval_low", "interval_high",
            *(f"right_seed_{seed}" for seed in test.seeds))  # fmt: skip
    rows = (
        (score.kind or "none", score.strength, score.samples, score.right.count, score.right.share,
         *score.right.interval, *(score.samples - wrong for wrong in score.wrong))
        for score in test.scores
    )  # fmt: skip
    return FigurePanel(
        name="stress",
        title=f"Under changes of light, sharpness, size{' and compression' if test.finds else ', compression and box'}",
        alternative=f"{test.measure.capitalize()} under {len(changed)} changes of the {test.pictures}; "
        f"{percent(plain.right.share)} unchanged, lowest with {lowest}.",
        caption=test.sentence(),
        value=test,
        rows=(head, *rows),
    )


def stress_table(test: StressTest) -> Table:
    """Return the accuracy under each change as a table."""
    names = tuple(test.scores[0].summary) if test.finds else ()
    columns = ("Change", "Strength", "Found" if test.finds else "Accuracy", "95 % interval", "Mean of all trainings",
               *(name.upper() for name in names))  # fmt: skip
    rows = tuple(
        (score.kind or "none", score.strength, percent(score.right.share), interval(score.right),
         percent(score.mean_accuracy), *(f"{score.summary[name]:.3f}" for name in names))
        for score in test.scores
    )  # fmt: skip
    return table(f"{test.run} under changes", columns, rows, names=2)


def _changed(
    workspace: Workspace, evaluation: Evaluation[Any], changes: Sequence[Change]
) -> Iterator[tuple[int, Pictures]]:
    """Yield the index of the first sample of each group, and its pictures ``(changes, samples, height, width, 3)``."""
    record = evaluation.record
    read_screenshot = screenshot_reader(workspace)

    def change_all(numbered: tuple[int, Item]) -> Pictures:
        number, item = numbered
        whole = read_screenshot(item.screenshot_id)
        image = read_crop(workspace, item) if isinstance(item, Crop) else whole
        changed = [
            _cut_beside(whole, item.box, change.shift, number)
            if change.of_crop is None and isinstance(item, Crop)
            else (change.of_crop or Image.Image.copy)(image)
            for change in changes
        ]
        return np.stack([fit(one, size_hw=record.size_hw, resize=record.resize) for one in changed])

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(evaluation.items), _GROUP):
            numbered = enumerate(evaluation.items[start : start + _GROUP], start=start)
            yield start, np.stack(list(pool.map(change_all, numbered)), axis=1)


def _cut_beside(whole: Image.Image, box: Box, share: float, number: int) -> Image.Image:
    """Cut a box that is moved by a share of its sides, as far as the screenshot reaches."""
    right, down = _DIRECTIONS[number % len(_DIRECTIONS)]
    width, height = box.size_wh
    x_min = min(max(0, box.x_min + round(right * share * width)), whole.width - width)
    y_min = min(max(0, box.y_min + round(down * share * height)), whole.height - height)
    return whole.crop((x_min, y_min, x_min + width, y_min + height))
