"""What to try next after a training: each sentence says what was measured, and what follows from it."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.wording import counted
from toonvision.data.images import Pictures
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import ClassEvaluation, Evaluation
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.models.registry import TREES
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import CLASSIFY, DETECT
from toonvision.training.history import HISTORY, Epochs, read_history
from toonvision.training.recipes import settings_for
from toonvision.training.record import RepeatRecord, repeat_folder
from toonvision.training.repeat import load_run_data

MOST = 3
_LEARNED = 0.9
"""Share of the training images, augmented as they are, that a network which has learned them predicts correctly; or its
score on the test subset, where it finds objects or names pixels."""
_OFTEN_CONFUSED = 0.2
_MUCH_LARGER = 2.0


@dataclass(frozen=True)
class Trained:
    """What advice is drawn from.

    Attributes:
        evaluation: The run on its test subset.
        dataset: What it was trained on.
        histories: Of each repeat, in their order.
    """

    evaluation: ClassEvaluation
    dataset: Dataset
    histories: Sequence[Epochs]


def advise(workspace: Workspace, run: Path, evaluation: ClassEvaluation) -> tuple[str, ...]:
    """Return what to try next after a run, the most urgent first; nothing where nothing follows from its evaluation.

    Raises:
        InputRejectedError: If the run's history or its data cannot be read.
    """
    seeds = [repeat.seed for repeat in evaluation.record.repeats]
    histories = [read_history(repeat_folder(run, seed) / HISTORY) for seed in seeds]
    return advice_from(Trained(evaluation, load_run_data(workspace, evaluation.record), histories))


def advice_from(trained: Trained) -> tuple[str, ...]:
    """Return at most `MOST` sentences; see `advise`."""
    rules: Sequence[Callable[[Trained], str]] = (
        _train_otherwise,
        _do_not_mirror,
        _add_screenshots,
        _enlarge_the_input,
    )
    if trained.evaluation.record.settings.network == TREES:
        rules = (_add_screenshots,)
    if trained.evaluation.record.kind != CLASSIFY:
        rules = (_train_otherwise,)
    return tuple(sentence for rule in rules if (sentence := rule(trained)))[:MOST]


def _train_otherwise(trained: Trained) -> str:
    """Return one change to the training: with two at once nobody learns which of them helped."""
    return _lower_the_learning_rate(trained) or _train_longer(trained)


def _lower_the_learning_rate(trained: Trained) -> str:
    """Advise it where a training failed, unless that was only cut short."""
    repeats, settings = trained.evaluation.record.repeats, trained.evaluation.record.settings
    failed = [
        repeat
        for repeat, epochs in zip(repeats, trained.histories, strict=True)
        if repeat.failed and not _is_cut_short(trained, repeat, epochs)
    ]
    if not failed:
        return ""
    faults = ["the loss became NaN"] if any(repeat.diverged for repeat in failed) else []
    if not all(repeat.diverged for repeat in failed):
        faults.append(f"the network {kind_of(trained.evaluation.record.as_task).collapse}")
    return (
        f"{len(failed)} of {len(repeats)} trainings failed: {', or '.join(faults)}. Try half the learning rate: "
        f"{settings.at_half_rate}."
    )


def _is_cut_short(trained: Trained, repeat: RepeatRecord, epochs: Epochs) -> bool:
    """Return whether a training took all its epochs, fewer than its recipe has, and its loss did not rise."""
    asked = trained.evaluation.record.settings.epochs
    is_sound = not repeat.diverged and epochs[-1]["loss"] <= epochs[0]["loss"]
    return is_sound and repeat.epochs == asked < _recipe_epochs(trained)


def _recipe_epochs(trained: Trained) -> int:
    record, classes = trained.evaluation.record, len(trained.dataset.classes)
    network, start = record.settings.network, record.settings.start
    return settings_for(network, classes=classes, images=record.learned_from, taxonomy=start).epochs


def _train_longer(trained: Trained) -> str:
    record, whole = trained.evaluation.record, _recipe_epochs(trained)
    settings, ends = record.settings, [repeat.best_epoch for repeat in record.repeats]
    longer = f"Train longer: --epochs {max(2 * settings.epochs, whole)}."
    short = f"after {counted(settings.epochs, 'epoch')}, where the recipe has {whole}. {longer}"
    if same := sum(repeat.collapsed for repeat in record.repeats):
        fault = f"the network {kind_of(record.as_task).collapse}"
        return f"{same} of {len(ends)} trainings failed: {fault}, {short}"
    if record.kind != CLASSIFY:
        cut = map(partial(_is_cut_short, trained), record.repeats, trained.histories)
        return "" if _score(trained.evaluation) >= _LEARNED or not all(cut) else f"The training ended {short}"
    if not settings.takes_all_epochs:
        if statistics.median(ends) < settings.epochs:
            return ""
        return f"The loss was still falling in the last of {settings.epochs} epochs. {longer}"
    right = statistics.median(epochs[-1]["accuracy"] for epochs in trained.histories)
    if right >= _LEARNED or np.isnan(right):
        return ""
    return f"After its last epoch the network predicts {100 * right:.0f} % of its training images correctly. {longer}"


def _score(evaluation: Evaluation[Any]) -> float:
    """Return the AP50 of boxes, or the share of pixels that are right; NaN where there is nothing to find."""
    best = evaluation.best
    return float(best.precision.ap50 if evaluation.record.kind == DETECT else best.quality.right)


def _do_not_mirror(trained: Trained) -> str:
    """Find two classes that are often confused and look like each other's mirror image."""
    evaluation, dataset = trained.evaluation, trained.dataset
    if not evaluation.record.settings.augmentation.flip or evaluation.record.repeats[evaluation.best_index].collapsed:
        return ""
    matrix, train = evaluation.best.matrix, dataset.indices["train"]
    for one, other in combinations(range(len(dataset.classes)), 2):
        both = matrix[[one, other]][:, [one, other]]
        confused = Proportion(int(both[0, 1] + both[1, 0]), int(both.sum()))
        if confused.total and confused.interval[0] > _OFTEN_CONFUSED:
            means = [_mean(dataset.images, train[dataset.targets[train] == index]) for index in (one, other)]
            if _alike(means[0][:, ::-1], means[1]) > _alike(means[0], means[1]):
                titles = [evaluation.classes[index].title for index in (one, other)]
                return (
                    f"{confused.count} of {confused.total} crops of {' and '.join(titles)} are confused, and mirrored "
                    "crops of one look like the other. Do not mirror them: --no-flip."
                )
    return ""


def _mean(images: Pictures, indices: Indices) -> npt.NDArray[np.float64]:
    """Return the mean image, less its mean colour."""
    mean = np.mean(images[indices], axis=0)
    return np.asarray(mean - mean.mean(axis=(0, 1)), np.float64)


def _alike(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return the correlation of two images without a mean."""
    return float((one * other).sum() / max(1e-9, np.sqrt((one**2).sum() * (other**2).sum())))


def _add_screenshots(trained: Trained) -> str:
    """Find the class that is clearly worse than the others and has fewer training crops than most."""
    evaluation, dataset = trained.evaluation, trained.dataset
    best = evaluation.best
    learned = np.bincount(dataset.targets[dataset.indices["train"]], minlength=len(dataset.classes))
    found = []
    for index, category in enumerate(evaluation.classes):
        own = best.y_true == index
        wrong, rest = (Proportion(int(best.wrong[of].sum()), int(of.sum())) for of in (own, ~own))
        if own.any() and learned[index] < np.median(learned) and wrong.interval[0] > rest.share:
            found.append((wrong.share, category.title, wrong, int(learned[index])))
    if not found:
        return ""
    _, title, wrong, count = max(found)
    return (
        f"{title} is wrong most often, {wrong.count} of {wrong.total}, and has only {count} training crops, where half "
        f"of the classes have {np.median(learned):g} or more. Add screenshots of it."
    )


def _enlarge_the_input(trained: Trained) -> str:
    evaluation, (height, width) = trained.evaluation, trained.dataset.size_hw
    boxes = [item.box for item in trained.dataset.crops]
    tall = statistics.median(box.y_max - box.y_min for box in boxes)
    wide = statistics.median(box.x_max - box.x_min for box in boxes)
    if not evaluation.best.wrong.any() or min(tall / height, wide / width) < _MUCH_LARGER:
        return ""
    return (
        f"The network sees crops at {height} x {width} pixels; half of them are larger than {tall:.0f} x {wide:.0f}. "
        f"If the classes differ only in small details, try a larger input: --size {2 * height}x{2 * width}."
    )
