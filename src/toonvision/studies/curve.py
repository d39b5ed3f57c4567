"""The learning curve: how the error falls with the number of training crops, and what more of them would bring.

Each repeat draws its own order of the training crops; its points learn from the first part of that order, so that a
larger one holds all smaller ones, each with about the same shares of labels. The val and test subsets stay as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.panels import FigurePanel, Table, number_columns
from toonvision.core.seeds import generator
from toonvision.core.wording import counted, interval, listed, percent
from toonvision.data.groups import group_keys
from toonvision.data.workspace import Workspace
from toonvision.metrics.bootstrap import error_draws
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.power_law import PowerLaw, fit_power_law
from toonvision.models.registry import find_network, input_size
from toonvision.studies.fold_assignment import FEWEST_SIZES, curve_jobs
from toonvision.studies.folds import (
    Fold,
    Job,
    StudyWatcher,
    diverged_sentence,
    split_fold,
    task_dataset,
    train_jobs,
    wrong_predictions,
)
from toonvision.studies.store import Study, StudyOptions, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.training.recipes import changed, settings_for

_LINE = 60
"""At how many numbers of crops the fitted curve is drawn."""


@dataclass(frozen=True)
class CurvePoint:
    """The trainings on one share of the training subset.

    Attributes:
        share: Of the training subset, over 0 to 1, as asked for.
        pictures: How many crops each training that did not diverge learned from; screenshots stay together.
        wrong: Wrong predictions of each of those in the test subset.
        diverged: Seeds of the trainings that are left out because their loss became NaN.
    """

    share: float
    pictures: tuple[int, ...]
    wrong: tuple[int, ...]
    diverged: tuple[int, ...] = ()

    @property
    def mean_pictures(self) -> float:
        """Mean number of training crops."""
        return sum(self.pictures) / len(self.pictures)

    @property
    def mean_wrong(self) -> float:
        """Mean number of wrong predictions."""
        return sum(self.wrong) / len(self.wrong)


@dataclass(frozen=True)
class LearningCurve(Study):
    """Measured errors, the power law that fits them, and what it predicts for more training crops.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        seeds: The seeds of each size's trainings.
        split: The split whose training subset was cut down.
        train_share: Share of all samples that are in its training subset, 0 to 1.
        tested: How many crops its test subset has.
        points: From few to many crops; a size of which every training diverged has none.
        law: The fit.
        line: Numbers of crops at which the curve is drawn.
        low: Lower bound of the fitted error there, 0 to 1 (95 %).
        high: Upper bound.
        more: How many more crops were asked about.
        gain: By how much they would probably lower the error, 0 to 1.
        gain_low: Lower bound (95 %).
        gain_high: Upper bound.
        lost: The sizes of which every training diverged.
        findings: Which sizes were left out from the start, and why.
    """

    FILE, WHAT, COMMAND = "curve.json", "learning curve", "curve TASK"

    task: str
    network: str
    seeds: tuple[int, ...]
    split: str
    train_share: float
    tested: int
    points: tuple[CurvePoint, ...]
    law: PowerLaw
    line: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    more: int
    gain: float
    gain_low: float
    gain_high: float
    lost: tuple[float, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def largest(self) -> float:
        """Training crops of the largest point."""
        return self.points[-1].mean_pictures

    @property
    def diverged(self) -> int:
        """How many trainings are left out because they diverged."""
        return sum(len(point.diverged) for point in self.points) + len(self.lost) * len(self.seeds)

    def sentence(self) -> str:
        """Return what more training crops would probably bring, in plain words."""
        now, then = 100 * self.law.at([self.largest, self.largest + self.more])
        in_all = round(self.more / self.train_share) if self.train_share else self.more
        text = (
            f"{counted(self.more, 'more training crop')} would probably lower the error from {now:.1f} % to "
            f"{then:.1f} %, by {100 * self.gain:.1f} points (95 % interval: {100 * self.gain_low:.1f} to "
            f"{100 * self.gain_high:.1f})"
        )
        # The fit never rises, so the lower bound is at least 0: below a tenth of a point it means no gain.
        text += "." if self.gain_low >= 0.001 else "; there may be no gain."
        text += f" For that, about {counted(in_all, 'new crop')} are needed, since some of them validate and test."
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
        more: How many more training crops to ask about.
        split: The split to use.
    """

    sizes: Sequence[float] = (0.125, 0.25, 0.5, 1.0)
    more: int = 100
    split: str = "default"


def measure_curve(
    workspace: Workspace, task: str, options: CurveOptions, *, watcher: StudyWatcher | None = None
) -> LearningCurve:
    """Train on larger and larger shares of the training subset, fit the errors, and predict what more crops bring.

    The epochs asked for are those on the whole training subset; on a share of it there are as many more.

    Raises:
        UsageError: If a name is unknown, a size is out of range, or fewer than three sizes remain.
        InputRejectedError: If fewer than three sizes have a training that did not diverge.
    """
    wanted, split = workspace.taxonomy.task(task), options.split
    network = find_network(options.network or settings_for().network).name
    classes = len(workspace.taxonomy.level(wanted.level).classes)
    dataset = task_dataset(workspace, wanted, options.size_hw or input_size(network, workspace.size_hw))
    whole = split_fold(workspace, dataset, split)
    usual = settings_for(network, classes=classes, images=len(whole.train), taxonomy=workspace.taxonomy.name)
    settings = changed(usual, epochs=options.epochs)
    jobs, findings = curve_jobs(dataset, whole, sizes=options.sizes, settings=settings, seeds=options.seeds)
    recipe = recipe_of(dataset, settings, kind="curve", resize=workspace.resize, split=split, seed=options.seed)
    folder = study_folder(workspace, task, recipe, name=options.name, force=options.force)
    curve = train_curve(dataset, whole, jobs, split=split, more=options.more, folder=folder, watcher=watcher)
    return replace(curve, findings=tuple(findings)).save()


def curve_panel(curve: LearningCurve) -> FigurePanel:
    """Return the figure of the error by the number of crops; its rows are trainings, the fitted line, and the gain."""
    head = ("what", "share", "pictures", "seed", "wrong", "tested", "error", "error_low", "error_high")
    rows: list[tuple[object, ...]] = [head]
    for point in curve.points:
        seeds = [seed for seed in curve.seeds if seed not in point.diverged]
        for seed, pictures, wrong in zip(seeds, point.pictures, point.wrong, strict=True):
            error = Proportion(wrong, curve.tested)
            rows.append(
                ("training", f"{point.share:g}", pictures, seed, wrong, curve.tested, error.share, *error.interval)
            )
    for count, *errors in zip(curve.line, curve.law.at(curve.line).tolist(), curve.low, curve.high, strict=True):
        rows.append(("fit", "", count, "", "", "", *errors))
    then = curve.largest + curve.more
    gain = (curve.gain, curve.gain_low, curve.gain_high)
    points = [f"{percent(point.mean_wrong / curve.tested)} with {point.mean_pictures:,.0f}" for point in curve.points]
    return FigurePanel(
        name="learning-curve",
        title="What more training crops would probably bring",
        alternative=f"Error of {curve.network} by the number of training crops: {listed(points)}. The fitted curve "
        f"has {percent(float(curve.law.at(then)))} at {then:,.0f}.",
        caption=curve.sentence(),
        value=curve,
        rows=(*rows, (f"gain of {curve.more} more", "", then, "", "", "", *gain)),
    )


def curve_table(curve: LearningCurve, *, note: str = "") -> Table:
    """Return the measured and fitted errors as a table; `note` follows its own note."""
    columns = ("Training crops", "Mean error", "95 % interval", "Lowest to highest training", "Fitted error")
    rows = []
    for point in curve.points:
        low, high = (100 * wrong / curve.tested for wrong in (min(point.wrong), max(point.wrong)))
        rows.append(
            (f"{point.mean_pictures:,.0f}", percent(point.mean_wrong / curve.tested),
             interval(Proportion(round(point.mean_wrong), curve.tested)), f"{low:.1f}–{high:.1f} %",
             percent(float(curve.law.at(point.mean_pictures))))
        )  # fmt: skip
    then = curve.largest + curve.more
    rows.append((f"{then:,.0f} ({curve.more:,} more)", "", "", "", percent(float(curve.law.at(then)))))
    return Table(
        "Error by the number of training crops", columns, tuple(rows), number_columns(columns), totals=1,
        note=f"Measured with the network {curve.network}, {counted(len(curve.seeds), 'training')} a size, on "
        f"{counted(curve.tested, 'test crop')} of the split {curve.split}.{note}",
    )  # fmt: skip


def train_curve(
    dataset: Dataset,
    whole: Fold,
    jobs: Mapping[float, Sequence[Job]],
    *,
    split: str,
    more: int = 100,
    folder: Path | None = None,
    watcher: StudyWatcher | None = None,
) -> LearningCurve:
    """Train all sizes, those that share a job once, and fit a power law to their errors.

    The interval is from a bootstrap that draws trainings and test screenshots at once and fits each draw anew.
    Trainings that diverged are left out. Finished ones are saved in the folder and used again; without one nothing is
    saved.

    Raises:
        InputRejectedError: If fewer than three sizes have a training that did not diverge.
    """
    distinct = list(dict.fromkeys(job for row in jobs.values() for job in row))
    result_of = dict(zip(distinct, train_jobs(dataset, distinct, folder=folder, watcher=watcher), strict=True))
    valid = {size: np.array([not result_of[job].diverged for job in row]) for size, row in jobs.items()}
    kept = [size for size in jobs if valid[size].any()]
    if len(kept) < FEWEST_SIZES:
        raise InputRejectedError(
            f"a curve needs three sizes at which a training did not diverge; got {len(kept)}. Train another network "
            "or size."
        )
    wrong = {size: np.stack([wrong_predictions(dataset, job, result_of[job]) for job in jobs[size]]) for size in kept}
    points = tuple(_point(size, jobs[size], wrong[size], valid[size]) for size in kept)
    tested, pictures = len(whole.test), [point.mean_pictures for point in points]
    most = pictures[-1]
    line = np.geomspace(pictures[0], max(2 * most, most + 2 * more), _LINE)
    law = fit_power_law(pictures, [point.mean_wrong / tested for point in points], tested=tested)
    laws = _drawn_laws(
        dataset, whole, np.stack(list(wrong.values())), np.stack([valid[size] for size in kept]), pictures
    )
    low, high = np.quantile([one.at(line) for one in laws], [0.025, 0.975], axis=0)
    gain_low, gain_high = np.quantile([_gain(one, most, more) for one in laws], [0.025, 0.975])
    return LearningCurve(
        task=dataset.task.name,
        network=distinct[0].settings.network,
        seeds=tuple(job.seed for job in jobs[kept[0]]),
        split=split,
        train_share=len(whole.train) / (len(whole.train) + len(whole.val) + len(whole.test)),
        tested=tested,
        points=points,
        law=law,
        line=tuple(line.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        more=more,
        gain=_gain(law, most, more),
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        lost=tuple(size for size in jobs if not valid[size].any()),
        folder=folder or Path(),
    )


def _drawn_laws(
    dataset: Dataset,
    whole: Fold,
    wrong: npt.NDArray[np.bool_],
    valid: npt.NDArray[np.bool_],
    pictures: Sequence[float],
) -> list[PowerLaw]:
    """Fit a power law to each draw of trainings and test screenshots; `wrong` and `valid` as in `error_draws`."""
    keys = group_keys(dataset.crops)
    groups = [keys[index] for index in whole.test]
    draws = error_draws(wrong, valid, groups, rng=generator(0, "curve", "bootstrap"))
    return [fit_power_law(pictures, errors, tested=len(whole.test)) for errors in draws]


def _point(size: float, jobs: Sequence[Job], wrong: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]) -> CurvePoint:
    """Leave out the trainings that diverged."""
    kept = [job for job, sound in zip(jobs, valid, strict=True) if sound]
    return CurvePoint(
        share=size,
        pictures=tuple(len(job.fold.train) for job in kept),
        wrong=tuple(wrong[valid].sum(axis=1).tolist()),
        diverged=tuple(job.seed for job, sound in zip(jobs, valid, strict=True) if not sound),
    )


def _gain(law: PowerLaw, pictures: float, more: int) -> float:
    now, then = law.at([pictures, pictures + more])
    return float(now - then)
