"""Stress: does a model still know a picture when the light, the lens, the file or the box is not what it learned from?

Each change is made to the crop as it was cut, before it is brought to the network's input size, as the game, the screen
or the hand that draws boxes would make it. Nothing is random, so that two runs are judged on the same pictures.
"""

import io
import statistics
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from toonvision.core.cores import available_cores
from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.files import path_inside
from toonvision.core.progress import Progress, silent
from toonvision.core.settings import read_json
from toonvision.data.arrays import Pictures, read_crop
from toonvision.data.boxes import Box
from toonvision.data.catalog import Crop
from toonvision.data.images import fit, read_whole
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.intervals import Proportion
from toonvision.models.saving import load_model
from toonvision.tasks.classify import predict_probabilities
from toonvision.training.record import repeat_folder

RESULT = "stress.json"

_DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))
_GROUP = 32


@dataclass(frozen=True)
class Change:
    """A change of pictures at one strength.

    Attributes:
        kind: What is changed.
        strength: How much, for people.
        of_crop: Makes it, from the crop as it was cut; None where the box is what is moved.
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
        kind: What was changed; empty for pictures as they are.
        strength: How much.
        samples: Pictures judged.
        own: Wrong predictions of the run's own model.
        wrong: Wrong predictions of every repeat.
    """

    kind: str
    strength: str
    samples: int
    own: int
    wrong: tuple[int, ...]

    @property
    def right(self) -> Proportion:
        """Right answers of the run's own model."""
        return Proportion(self.samples - self.own, self.samples)

    @property
    def mean_accuracy(self) -> float:
        """Over all repeats, 0 to 1."""
        return 1 - statistics.mean(self.wrong) / self.samples


@dataclass(frozen=True)
class StressTest:
    """How a run does under all changes.

    Attributes:
        run: The run.
        part: Which part was judged.
        seeds: Of its repeats.
        scores: The first is of the pictures as they are.
    """

    run: str
    part: str
    seeds: tuple[int, ...]
    scores: tuple[StressScore, ...]

    def sentence(self) -> str:
        """Say what hurts most, and what hurts not at all."""
        plain, *changed = self.scores
        worst = min(changed, key=lambda score: score.right.share)
        lost = plain.right.share - worst.right.share
        if worst.right.interval[1] >= plain.right.interval[0]:
            return (
                f"No change clearly hurts: {plain.right} right as they are, at worst {worst.right} "
                f"({worst.kind}, {worst.strength})."
            )
        clear = [score for score in changed if score.right.interval[1] < plain.right.interval[0]]
        others = len(changed) - len(clear)
        return (
            f"What hurts most is {worst.kind} ({worst.strength}): {worst.right} right, {100 * lost:.0f} points less "
            f"than as they are ({plain.right}). {others} of {len(changed)} changes do not clearly hurt."
        )


def _as_jpeg(image: Image.Image, *, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _small(image: Image.Image, *, height: int) -> Image.Image:
    """Show a crop as if it had been seen from so far that it is only so high; smaller ones stay as they are."""
    share = min(1.0, height / image.height)
    return image.resize((max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.BOX)


def _lit(image: Image.Image, *, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def _contrasted(image: Image.Image, *, factor: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(factor)


def _blurred(image: Image.Image, *, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


CHANGES = (
    *(Change("darker", f"{factor:g} x", partial(_lit, factor=factor))
      for factor in (0.7, 0.5)),
    *(Change("brighter", f"{factor:g} x", partial(_lit, factor=factor))
      for factor in (1.3, 1.6)),
    *(Change("contrast", f"{factor:g} x", partial(_contrasted, factor=factor))
      for factor in (0.5, 1.5)),
    *(Change("blur", f"{radius} px", partial(_blurred, radius=radius)) for radius in (2, 4)),
    *(Change("small", f"{height} px high", partial(_small, height=height)) for height in (40, 20)),
    *(Change("JPEG", f"quality {quality}", partial(_as_jpeg, quality=quality)) for quality in (50, 20)),
    *(Change("box moved", f"{100 * share:.0f} % of a side", shift=share) for share in (0.05, 0.1)),
)  # fmt: skip
"""Blur is the standard deviation of a Gaussian, in pixels of the screenshot. A moved box goes left, right, up and down
in turn, from crop to crop, as far as the screenshot reaches."""


def stress_run(
    workspace: Workspace, folder: Path, evaluation: Evaluation, *, progress: Progress = silent
) -> StressTest:
    """Ask all models of a run about its pictures under every change.

    Args:
        workspace: Where crops and screenshots are.
        folder: The run's folder.
        evaluation: The run as it was judged, with at least one sample.
        progress: Told how many pictures were changed, of how many.

    Raises:
        InputRejectedError: If there is nothing to judge, or a crop or its screenshot cannot be read.
        ModelRefusedError: If a model cannot be used.
    """
    if not evaluation.crops:
        raise InputRejectedError(f"{folder}: there is no sample in the part {evaluation.part!r} to be judged on.")
    record = evaluation.record
    models = [load_model(repeat_folder(folder, repeat.seed)) for repeat in record.repeats]
    wrong = np.zeros((len(CHANGES), len(models)), dtype=np.int64)
    done = 0
    for places, pictures in _changed(workspace, evaluation):
        for row, model in enumerate(models):
            flat = pictures.reshape(-1, *pictures.shape[2:])
            answers = predict_probabilities(model, flat).argmax(axis=1).reshape(pictures.shape[:2])
            wrong[:, row] += (answers != evaluation.y_true[places]).sum(axis=1)
        done += pictures.shape[1]
        progress(done, len(evaluation.crops))
    total = len(evaluation.crops)
    plain = StressScore("", "as they are", total, evaluation.report.wrong, evaluation.spread.wrong)
    scores = (
        StressScore(change.kind, change.strength, total, int(row[evaluation.chosen]), tuple(map(int, row)))
        for change, row in zip(CHANGES, wrong, strict=True)
    )
    return StressTest(record.title, evaluation.part, tuple(repeat.seed for repeat in record.repeats), (plain, *scores))


def stress_rows(test: StressTest) -> list[list[Any]]:
    """Give a row a change, the names of the columns first."""
    head = ["change", "strength", "samples", "right", "share", "interval_low", "interval_high"]
    rows = [
        [score.kind or "none", score.strength, score.samples, score.right.count, score.right.share,
         *score.right.interval, *(score.samples - wrong for wrong in score.wrong)]
        for score in test.scores
    ]  # fmt: skip
    return [[*head, *(f"right_seed_{seed}" for seed in test.seeds)], *rows]


def read_stress(folder: Path) -> StressTest | None:
    """Read the stress test of a run; None where there was none.

    Raises:
        ModelRefusedError: If its file is damaged.
    """
    path = folder / RESULT
    return read_json(path, StressTest, what="a stress test", missing="") if path.is_file() else None


def _changed(workspace: Workspace, evaluation: Evaluation) -> Iterator[tuple[slice, Pictures]]:
    """Give groups of samples and what becomes of them: shape ``(changes, samples, height, width, 3)``."""
    files = _screenshot_files(workspace)
    record = evaluation.record

    def screenshot_of(crop: Crop) -> Image.Image:
        if crop.screenshot_id not in files:
            raise InputRejectedError(f"{crop.screenshot}: its source is gone from the workspace's settings.")
        path, digest = files[crop.screenshot_id]
        try:
            return read_whole(path, digest=digest)
        except RejectedItemError as error:
            raise InputRejectedError(f"{path}: {error.reason}. Extract again: toonvision extract") from error

    def change_all(numbered: tuple[int, Crop]) -> Pictures:
        number, crop = numbered
        image = read_crop(workspace, crop)
        whole = screenshot_of(crop)
        changed = [
            change.of_crop(image) if change.of_crop else _cut_beside(whole, crop.box, change.shift, number)
            for change in CHANGES
        ]
        return np.stack([fit(one, size_hw=record.size_hw, resize=record.resize) for one in changed])

    with ThreadPoolExecutor(available_cores()) as pool:
        for start in range(0, len(evaluation.crops), _GROUP):
            places = slice(start, min(start + _GROUP, len(evaluation.crops)))
            numbered = enumerate(evaluation.crops[places], start=start)
            yield places, np.stack(list(pool.map(change_all, numbered)), axis=1)


def _cut_beside(whole: Image.Image, box: Box, share: float, number: int) -> Image.Image:
    """Cut a box that is moved by a share of its sides, as far as the picture reaches."""
    right, down = _DIRECTIONS[number % len(_DIRECTIONS)]
    width, height = box.size_wh
    x_min = min(max(0, box.x_min + round(right * share * width)), whole.width - width)
    y_min = min(max(0, box.y_min + round(down * share * height)), whole.height - height)
    return whole.crop((x_min, y_min, x_min + width, y_min + height))


def _screenshot_files(workspace: Workspace) -> Mapping[int, tuple[Path, str]]:
    roots = {source.key: source.root for source in workspace.sources}
    with workspace.reading() as catalog:
        listed = catalog.screenshots()
    try:
        return {
            shot.id: (path_inside(roots[shot.source], shot.name), shot.picture_hash)
            for shot in listed
            if shot.source in roots
        }
    except RejectedItemError as error:
        raise InputRejectedError(f"{workspace.root}: {error.reason}. {error.remedy}") from error
