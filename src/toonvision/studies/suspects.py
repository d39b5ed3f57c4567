"""Suspect labels: crops that models which never saw them keep taking, confidently, for another class.

Every crop is predicted by models that learned from other screenshots, so that none could learn a wrong label by heart;
what follows from their probabilities is computed in `toonvision.metrics.confident_learning`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toonvision.core.errors import InputRejectedError, RejectedItemError
from toonvision.core.panels import FigurePanel, Rows, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.wording import counted, percent
from toonvision.data.arrays import Pictures
from toonvision.data.fitting import read_picture
from toonvision.data.records import Known
from toonvision.data.workspace import Workspace
from toonvision.metrics.classification import Indices
from toonvision.metrics.confident_learning import (
    class_thresholds,
    confident_indices,
    confident_joint,
    estimated_wrong,
    normalized_margin,
    suspect_indices,
)
from toonvision.metrics.predictions import Probabilities
from toonvision.models.registry import find_network
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import FoldResult, Job, StudyWatcher, diverged_sentence, task_dataset, train_jobs
from toonvision.studies.store import Study, StudyOptions, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import class_probabilities
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Category, Taxonomy

SEARCH_SETTINGS = TrainingSettings(
    network="binary", epochs=150, batch_size=32, patience=15, augmentation=Augmentation(flip=True)
)
"""How to train for out-of-fold probabilities, which must be right far more often than labels are wrong.

Measured on one fold of the sample world's suits at 150 x 50 with 5 % of the labels flipped, right predictions against
the true labels: `baseline` 87 %, with mirrored crops 90 %, `tuned` 87 %, `binary` (three blocks; it takes any number
of classes) with mirrored crops 94 %, at about the same cost. Wrong labels make the validation loss jump, hence the
patience. The variation that remains between trainings is averaged away over repeats.
"""
SEARCH_SIZE_HW = (150, 50)
"""A seventh of the cost of 600 x 200, so that fifteen trainings cost as much as two."""
MOST_PICTURED = 48
_SURE = 1.645
"""Standard deviations above what guessing would agree with, 95 % of one side of a normal distribution."""


@dataclass(frozen=True)
class Suspect:
    """A crop whose label is probably wrong.

    Attributes:
        file: Its file below `crops/`.
        screenshot: The screenshot that it was cut from.
        context: Where that was taken.
        box: Where it was cut from: x_min, y_min, x_max, y_max in pixels.
        label: Its label in the annotation.
        given: The class of that label.
        likely: The class that the models predict.
        self_confidence: Probability of the given class, 0 to 1.
        likely_confidence: Probability of the likely class, 0 to 1.
        margin: Probability of the given class minus the highest of the others, -1 to 1; the lower, the more suspect.
        sure: Whether the likely class reaches its threshold: off the diagonal of the confident joint.
    """

    file: str
    screenshot: str
    context: str
    box: tuple[int, int, int, int]
    label: str
    given: str
    likely: str
    self_confidence: float
    likely_confidence: float
    margin: float
    sure: bool


@dataclass(frozen=True)
class SuspectStudy(Study):
    """What out-of-fold predictions say of the labels.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        folds: How many folds there were.
        repeats: Trainings a fold, averaged.
        samples: How many crops were evaluated: all of the task but the unevaluated.
        agreeing: Crops whose label is the models' first choice.
        classes: Names of the classes.
        thresholds: Mean self-confidence of each class.
        joint: Confident joint: rows given, columns likely.
        estimated_wrong: How many labels are wrong, by the calibrated joint.
        suspects: The most suspect first.
        diverged: How many trainings are left out because their loss became NaN.
        unevaluated: Crops that no other training evaluated.
        by_chance: Crops whose label would be the first choice of models that predict as often what these predict, but
            without looking.
    """

    FILE, WHAT, COMMAND = "suspects.json", "search for suspect labels", "suspects TASK"

    task: str
    network: str
    folds: int
    repeats: int
    samples: int
    agreeing: int
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    joint: tuple[tuple[int, ...], ...]
    estimated_wrong: float
    suspects: tuple[Suspect, ...]
    diverged: int = 0
    unevaluated: int = 0
    by_chance: float = 0

    @property
    def total(self) -> int:
        """How many crops the task had."""
        return self.samples + self.unevaluated

    def current(self, known: Known, taxonomy: Taxonomy) -> "SuspectStudy":
        """Return the search without suspects that were corrected since: their crops have other labels now, or are gone.

        Args:
            known: What there is now.
            taxonomy: What names the classes now.
        """
        labels = {crop.file: crop.label for crop in known.crops}
        classes = taxonomy.level(taxonomy.task(self.task).level).order
        left = [one for one in self.suspects if labels.get(one.file) == one.label]
        return replace(self, suspects=tuple(one for one in left if {one.given, one.likely} <= {*classes}))

    @property
    def learned(self) -> bool:
        """Whether the models agree with the labels more often than guessing would."""
        return self.agreeing > _surely_above(self.by_chance, self.samples)

    def sentence(self) -> str:
        """Return what was found, in plain words."""
        what = f"in all; {counted(self.unevaluated, 'crop')} could not be checked" if self.unevaluated else "in all"
        return self._found() + diverged_sentence([(what, self.diverged, self.folds * self.repeats)])

    def _found(self) -> str:
        if not self.learned:
            return (
                f"The models predict {self.agreeing} of {self.samples} labels, no better than guessing: they have "
                "learned nothing, so that no label can be called suspect. Annotate more screenshots."
            )
        if not self.suspects:
            return f"No label of {self.samples} is suspect."
        count = len(self.suspects)
        return (
            f"{count} of {self.samples} labels {'is' if count == 1 else 'are'} suspect: models that were trained "
            "without these crops predict another class. Look at them: some may be correct labels of difficult crops."
        )


@dataclass(frozen=True, eq=False)
class SuspectCrops:
    """Suspect labels with their crops, as they are drawn.

    Attributes:
        suspects: The most suspect first.
        pictures: The crops of the first of them, each of shape ``(height, width, 3)``, uint8.
        classes: Class name to its title and colour.
    """

    suspects: tuple[Suspect, ...]
    pictures: tuple[Pictures, ...]
    classes: Mapping[str, Category]


@dataclass(frozen=True, kw_only=True)
class SuspectOptions(StudyOptions):
    """What a search for suspect labels can be asked for; by default `SEARCH_SETTINGS` and `SEARCH_SIZE_HW`.

    Attributes:
        folds: How many folds; each is predicted by models of the others, whose probabilities are averaged.
    """

    folds: int = 5


def find_suspects(
    workspace: Workspace, task: str, options: SuspectOptions, *, watcher: StudyWatcher = unwatched
) -> SuspectStudy:
    """Find labels that are probably wrong, by models that were trained without their crops, and save the search.

    Raises:
        UsageError: If a name is unknown, or there are fewer than three folds.
        InputRejectedError: If a class cannot be learned without one of the folds, or every training diverged.
    """
    network = find_network(options.network or SEARCH_SETTINGS.network).name
    settings = replace(SEARCH_SETTINGS, network=network, epochs=options.epochs or SEARCH_SETTINGS.epochs)
    folds, seed = options.folds, options.seed
    dataset = task_dataset(workspace, workspace.taxonomy.task(task), options.size_hw or SEARCH_SIZE_HW)
    jobs = fold_jobs(dataset, folds=folds, settings=settings, repeats=options.repeat, seed=seed)
    recipe = recipe_of(dataset, settings, kind="suspects", seed=seed, folds=folds)
    folder = study_folder(workspace, task, recipe, name=options.name, force=options.force)
    results = train_jobs(dataset, jobs, folder=folder, watcher=watcher)
    diverged, averaged = sum(result.diverged for result in results), average_results(dataset, jobs, results)
    study = compare_labels(
        dataset, averaged, network=network, folds=folds, repeats=options.repeat, diverged=diverged, folder=folder
    )
    return study.save()


def suspects_rows(suspects: Sequence[Suspect]) -> Rows:
    """Return one row for each suspect label, after a row with the columns' names."""
    head = ("rank", "crop", "screenshot", "context", "x_min", "y_min", "x_max", "y_max", "label", "given", "likely",
            "self_confidence", "likely_confidence", "margin", "sure")  # fmt: skip
    return (
        head,
        *((rank, one.file, one.screenshot, one.context, *one.box, one.label, one.given, one.likely,
           one.self_confidence, one.likely_confidence, one.margin, "yes" if one.sure else "no")
          for rank, one in enumerate(suspects, start=1)),
    )  # fmt: skip


def suspect_crops(workspace: Workspace, study: SuspectStudy, suspects: Sequence[Suspect], *, most: int) -> SuspectCrops:
    """Read the crops of the first suspect labels in the workspace's size, which shows more than what the network saw.

    At most so many are read. Crops that cannot be read are white.
    """
    level = workspace.taxonomy.level(workspace.taxonomy.task(study.task).level)
    pictures = tuple(_picture(workspace, one) for one in suspects[:most])
    return SuspectCrops(tuple(suspects), pictures, level.by_name)


def suspects_panel(study: SuspectStudy, crops: SuspectCrops) -> FigurePanel:
    """Return the figure of the crops of suspect labels, with a row for every suspect."""
    shown = crops.suspects[: len(crops.pictures)]
    pairs = [f"{crops.classes[one.given].title}, predicted {crops.classes[one.likely].title}" for one in shown[:5]]
    which = f"the {len(shown)} most suspect" if len(shown) < len(study.suspects) else "all, the most suspect first"
    return FigurePanel(
        name="suspects",
        title=f"Suspect labels: {which}",
        alternative=f"{counted(len(shown), 'crop')} whose label is probably wrong, the most suspect first: "
        f"{'; '.join(pairs)}.",
        caption=f"{study.sentence()} The label stands above each crop. The frame and the bold name are the predicted "
        "class; below are the confidence in it and in the label.",
        value=crops,
        rows=suspects_rows(crops.suspects),
    )


def suspects_table(
    study: SuspectStudy, suspects: Sequence[Suspect], classes: Mapping[str, Category], *, of: int = 0, note: str = ""
) -> Table:
    """Return suspect labels of a study as a table, the first `of` so many; `note` follows its own note."""
    columns = ("Crop", "Screenshot", "Label", "Predicted", "p(label)", "p(predicted)")
    rows = tuple(
        (one.file, one.screenshot, classes[one.given].title, classes[one.likely].title, percent(one.self_confidence),
         percent(one.likely_confidence))
        for one in suspects
    )  # fmt: skip
    how = (
        f"Searched with the network {study.network}, {study.folds} folds, {counted(study.repeats, 'training')} each, "
        f"in {counted(study.samples, 'crop')}.{note}"
    )
    return table(
        suspects_title("labels", len(suspects), of), columns, rows, names=4, shown=10,
        note=how if suspects else f"{study.sentence()} {how}",
    )  # fmt: skip


def suspects_title(what: str, shown: int, of: int) -> str:
    """Return the title of a table of suspect labels or annotations that shows some `of` all."""
    return f"The {shown:,} most suspect {what} of {of:,}" if shown < of else f"Suspect {what}: {shown:,}"


def average_results(dataset: Dataset, jobs: Sequence[Job], results: Sequence[FoldResult]) -> Probabilities:
    """Average the probabilities of each sample over the trainings that did not diverge.

    Returns:
        Shape ``(samples, classes)``; NaN where no training evaluated a sample.
    """
    sums = np.zeros((len(dataset.crops), len(dataset.classes)), dtype=np.float64)
    counts = np.zeros((len(dataset.crops), 1), dtype=np.int64)
    for job, result in zip(jobs, results, strict=True):
        if not result.diverged:
            sums[job.fold.test] += class_probabilities(result.predictions)
            counts[job.fold.test] += 1
    averaged: Probabilities = np.where(counts > 0, sums / np.maximum(1, counts), np.nan).astype(np.float32)
    return averaged


def compare_labels(
    dataset: Dataset,
    probabilities: Probabilities,
    *,
    network: str,
    folds: int,
    repeats: int,
    diverged: int = 0,
    folder: Path | None = None,
) -> SuspectStudy:
    """Compare labels with out-of-fold probabilities, shape ``(samples, classes)``, NaN where there are none.

    Raises:
        InputRejectedError: If no sample was evaluated.
    """
    evaluated = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    if not len(evaluated):
        raise InputRejectedError("every training diverged, so no label was checked. Train another network or size.")
    given, probabilities = dataset.targets[evaluated], probabilities[evaluated]
    joint = confident_joint(given, probabilities)
    likely = probabilities.argmax(axis=1)
    agreeing, by_chance = int((likely == given).sum()), _by_chance(given, likely, len(dataset.classes))
    learned = agreeing > _surely_above(by_chance, len(given))
    thresholds = class_thresholds(given, probabilities).tolist()
    return SuspectStudy(
        task=dataset.task.name,
        network=network,
        folds=folds,
        repeats=repeats,
        samples=len(given),
        agreeing=agreeing,
        classes=dataset.classes,
        thresholds=tuple(value if math.isfinite(value) else 1.0 for value in thresholds),
        joint=tuple(tuple(row) for row in joint.tolist()),
        estimated_wrong=estimated_wrong(given, joint),
        suspects=_suspects(dataset, evaluated, probabilities) if learned else (),
        diverged=diverged,
        unevaluated=len(dataset.crops) - len(evaluated),
        by_chance=by_chance,
        folder=folder or Path(),
    )


def _by_chance(given: Indices, likely: Indices, classes: int) -> float:
    """Return how many labels would be predicted if predictions had nothing to do with them, as in Cohen's kappa."""
    shares = np.bincount(given, minlength=classes) * np.bincount(likely, minlength=classes)
    return float(shares.sum() / len(given))


def _surely_above(by_chance: float, samples: int) -> float:
    """Return the number of right predictions that guessing exceeds in one of twenty searches (normal approximation)."""
    share = by_chance / samples
    return by_chance + _SURE * math.sqrt(samples * share * (1 - share))


def _suspects(dataset: Dataset, evaluated: Indices, probabilities: Probabilities) -> tuple[Suspect, ...]:
    """Return the suspect labels among the evaluated samples, whose probabilities are given, the most suspect first."""
    given = dataset.targets[evaluated]
    likely, margin = probabilities.argmax(axis=1), normalized_margin(given, probabilities)
    sure = set(confident_indices(given, probabilities).tolist())
    found = []
    for index in suspect_indices(given, probabilities).tolist():
        crop, other = dataset.crops[evaluated[index]], int(likely[index])
        found.append(
            Suspect(
                file=crop.file,
                screenshot=crop.screenshot,
                context=crop.context,
                box=crop.box.xyxy,
                label=crop.label,
                given=dataset.classes[given[index]],
                likely=dataset.classes[other],
                self_confidence=float(probabilities[index, given[index]]),
                likely_confidence=float(probabilities[index, other]),
                margin=float(margin[index]),
                sure=index in sure,
            )
        )
    return tuple(found)


def _picture(workspace: Workspace, suspect: Suspect) -> Pictures:
    path, size_hw = workspace.crops / suspect.file, workspace.size_hw
    try:
        return read_picture(path, size_hw=size_hw, resize=workspace.resize)
    except RejectedItemError:
        return np.full((*size_hw, 3), 255, dtype=np.uint8)
