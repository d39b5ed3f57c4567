"""What the learning curves of all kinds of tasks share: a training of each size, and what their errors say of more.

Each repeat draws its own order of the training samples; its points learn from the first part of that order, so that a
larger one holds all smaller ones, each with about the same shares of classes. The val and test subsets stay as they
are.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError, ModelRefusedError, UsageError
from toonvision.core.progress import unwatched
from toonvision.core.wording import counted
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.data.workspace import Workspace
from toonvision.metrics.power_law import Forecast
from toonvision.models.registry import TREES
from toonvision.studies.curve_jobs import FEWEST_SIZES, curve_jobs
from toonvision.studies.folds import Fold, FoldResult, Job, StudyWatcher, diverged_sentence, train_jobs
from toonvision.studies.store import Study, StudyOptions, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.taxonomy.loader import built_in_name
from toonvision.training.recipes import changed, settings_for


@dataclass(frozen=True)
class SizePoint:
    """The trainings on one share of the training subset.

    Attributes:
        share: Of the training subset, over 0 to 1, as asked for.
        pictures: How many samples each training that did not diverge learned from; screenshots stay together.
        diverged: Seeds of the trainings that are left out because their loss became NaN.
    """

    share: float
    pictures: tuple[int, ...]
    diverged: tuple[int, ...] = field(default=(), kw_only=True)

    @property
    def mean_pictures(self) -> float:
        """Mean number of training samples."""
        return sum(self.pictures) / len(self.pictures)


@dataclass(frozen=True)
class SizeCurve(Study, Forecast):
    """Measured errors, the power law that fits them, and what it predicts for more training samples.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        seeds: The seeds of each size's trainings.
        split: The split whose training subset was cut down.
        train_share: Share of all samples that are in its training subset, 0 to 1.
        tested: How many samples its test subset has.
        points: From few to many samples; a size of which every training diverged has none.
        lost: The sizes of which every training diverged.
        findings: Which sizes were left out from the start, and why.
    """

    UNIT: ClassVar[str]
    """What a sample is."""
    ERROR: ClassVar[str]
    """What the error is."""

    task: str
    network: str
    seeds: tuple[int, ...]
    split: str
    train_share: float
    tested: int
    points: tuple[SizePoint, ...]
    lost: tuple[float, ...] = ()
    findings: tuple[Finding, ...] = ()

    @abstractmethod
    def errors(self, at: int) -> tuple[float, ...]:
        """Return the error of each training of a point, 0 to 1."""

    @abstractmethod
    def interval(self, at: int) -> tuple[float, float]:
        """Return the 95 % interval of the mean of these errors."""

    def mean_error(self, at: int) -> float:
        """Return the mean of the errors of a point."""
        errors = self.errors(at)
        return sum(errors) / len(errors)

    @property
    def largest(self) -> float:
        """Training samples of the largest point."""
        return self.points[-1].mean_pictures

    @property
    def diverged(self) -> int:
        """How many trainings are left out because they diverged."""
        return sum(len(point.diverged) for point in self.points) + len(self.lost) * len(self.seeds)

    @abstractmethod
    def gain_text(self) -> str:
        """Return what the forecast says of the score, with its interval, after "would probably"."""

    def sentence(self) -> str:
        """Return what more training samples would probably bring, what they cost, and what to doubt, in plain words."""
        if not self.falls:
            return (
                f"The error does not fall with more training {self.UNIT}s here, so that nothing can be estimated: "
                f"train {'' if self.network == TREES else 'longer (--epochs), or '}each size more often (--repeat)."
                f"{diverged_sentence(self._diverged())}"
            )
        # The fit never rises, so the lower bound is at least 0: below a thousandth it means no gain.
        text = (
            f"{counted(self.more, f'more training {self.UNIT}')} would probably {self.gain_text()}"
            f"{'.' if self.gain_low >= 0.001 else '; there may be no gain.'}"
        )
        in_all = round(self.more / self.train_share) if self.train_share else self.more
        text += (
            f" For that, about {counted(in_all, f'new {self.UNIT}')} are needed, since some of them belong to the "
            "validation and test subsets."
        )
        alone = " Each size was trained with one seed only, so the interval is too narrow: use --repeat 3."
        return text + alone * (len(self.seeds) == 1) + diverged_sentence(self._diverged())

    def _diverged(self) -> Iterator[tuple[str, int, int]]:
        repeats = len(self.seeds)
        for point in self.points:
            yield f"at size {point.share:g}", len(point.diverged), repeats
        for size in self.lost:
            yield f"at size {size:g}, which has no point", repeats, repeats


@dataclass(frozen=True, kw_only=True)
class CurveOptions(StudyOptions):
    """What a learning curve can be asked for.

    Attributes:
        sizes: Shares of the training subset, over 0 to 1.
        more: How many more training samples to ask about.
        split: The split to use.
    """

    sizes: Sequence[float] = (0.125, 0.25, 0.5, 1.0)
    more: int = 100
    split: str = DEFAULT_SPLIT


Curve = TypeVar("Curve", bound=SizeCurve)
Jobs = Mapping[float, Sequence[Job]]


@dataclass(frozen=True)
class TrainedSizes:
    """The trainings of all sizes.

    Attributes:
        dataset: What they learned from.
        whole: The whole training subset, and the val and test subsets.
        jobs: The trainings of each size.
        results: Their results, also of those that diverged.
    """

    dataset: Dataset
    whole: Fold
    jobs: Jobs
    results: Mapping[float, Sequence[FoldResult]]

    def valid(self, size: float) -> npt.NDArray[np.bool_]:
        """Return which trainings of a size did not diverge, shape ``(trainings,)``."""
        return np.array([not one.diverged for one in self.results[size]])

    @property
    def kept(self) -> list[float]:
        """The sizes of which a training did not diverge."""
        return [size for size in self.jobs if self.valid(size).any()]

    def point(self, size: float) -> dict[str, Any]:
        """Return what a `SizePoint` holds of a size, without the trainings that diverged."""
        each = list(zip(self.jobs[size], self.valid(size), strict=True))
        return {
            "share": size,
            "pictures": tuple(len(job.fold.train) for job, sound in each if sound),
            "diverged": tuple(job.seed for job, sound in each if not sound),
        }

    def curve(self, split: str) -> dict[str, Any]:
        """Return what a `SizeCurve` holds beside its points and what the fit says."""
        first, tested = self.jobs[self.kept[0]], len(self.whole.test)
        return {
            "task": self.dataset.task.name,
            "network": first[0].settings.network,
            "seeds": tuple(job.seed for job in first),
            "split": split,
            "train_share": len(self.whole.train) / (len(self.whole.train) + len(self.whole.val) + tested),
            "tested": tested,
            "lost": tuple(size for size in self.jobs if not self.valid(size).any()),
        }


def measure(
    workspace: Workspace,
    dataset: Dataset,
    whole: Fold,
    options: CurveOptions,
    fit: Callable[[TrainedSizes, str, int], Curve],
    *,
    kind: type[Curve],
    network: str,
    classes: int,
    watcher: StudyWatcher = unwatched,
) -> Curve:
    """Train on larger and larger shares of the training subset, fit the errors, and save the curve.

    `fit` returns the curve of trainings on a split that is asked about so many more training samples. The epochs, asked
    for or of the network's recipe, are those on the whole training subset; on a share of it there are as many more, so
    that all sizes take the same steps.

    Raises:
        UsageError: If a name is unknown, a size is out of range, fewer than three sizes remain, or the curve that is
            there has a size that was not asked for.
        InputRejectedError: If fewer than three sizes have a training that did not diverge.
    """
    taxonomy = built_in_name(workspace.taxonomy)
    usual = settings_for(network, classes=classes, images=len(whole.train), taxonomy=taxonomy)
    settings = changed(usual, epochs=options.epochs)
    jobs, findings = curve_jobs(dataset, whole, sizes=options.sizes, settings=settings, seeds=options.seeds)
    recipe = recipe_of(dataset, settings, kind="curve", split=options.split, seed=options.seed)
    folder = study_folder(workspace, dataset.task.name, recipe, name=options.name, force=options.force)
    if not options.force:
        _require_sizes_of(kind, folder, options.sizes)
    trained = train_sizes(dataset, whole, jobs, folder=folder, watcher=watcher)
    curve = fit(trained, options.split, options.more)
    return replace(curve, findings=tuple(findings), folder=folder).save()


def _require_sizes_of(kind: type[SizeCurve], folder: Path, sizes: Sequence[float]) -> None:
    """Refuse to overwrite a curve with a size that is not among these; one that cannot be read is nothing to keep.

    Raises:
        UsageError: Naming all its sizes beside these.
    """
    with suppress(InputRejectedError, ModelRefusedError):
        before = kind.load(folder)
        known = {*(point.share for point in before.points), *before.lost}
        if not known <= {*sizes}:
            every = ",".join(f"{size:g}" for size in sorted({*known, *sizes}))
            raise UsageError(
                f"{folder} holds a curve of other sizes. To join yours to it, write --sizes {every}. "
                "Or choose another --name; --force replaces it."
            )


def train_sizes(
    dataset: Dataset,
    whole: Fold,
    jobs: Jobs,
    *,
    folder: Path | None = None,
    watcher: StudyWatcher = unwatched,
) -> TrainedSizes:
    """Train all sizes, those that share a job once; finished ones are saved in the folder and used again.

    Raises:
        InputRejectedError: If fewer than three sizes have a training that did not diverge.
    """
    distinct = list(dict.fromkeys(job for row in jobs.values() for job in row))
    result_of = dict(zip(distinct, train_jobs(dataset, distinct, folder=folder, watcher=watcher), strict=True))
    trained = TrainedSizes(dataset, whole, jobs, {size: [result_of[job] for job in row] for size, row in jobs.items()})
    if len(trained.kept) < FEWEST_SIZES:
        raise InputRejectedError(
            f"a curve needs three sizes at which a training did not diverge; got {len(trained.kept)}. Train another "
            "network or size."
        )
    return trained
