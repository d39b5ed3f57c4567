"""The learning curve: how the error falls with the number of training crops, and what more of them would bring."""

from dataclasses import dataclass

import numpy as np

from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.seeds import generator
from toonvision.core.wording import between, change, counted, interval, listed, percent
from toonvision.data.groups import group_keys
from toonvision.data.workspace import Workspace
from toonvision.metrics.bootstrap import error_draws
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.power_law import forecast
from toonvision.models.registry import find_network, input_size
from toonvision.studies.folds import StudyWatcher, split_fold, task_dataset, wrong_predictions
from toonvision.studies.sizes import CurveOptions, SizeCurve, SizePoint, TrainedSizes, measure
from toonvision.training.recipes import settings_for


@dataclass(frozen=True)
class CurvePoint(SizePoint):
    """The trainings on one share of the training crops.

    Attributes:
        wrong: Wrong predictions of each of those that did not diverge in the test subset.
    """

    wrong: tuple[int, ...]

    @property
    def mean_wrong(self) -> float:
        """Mean number of wrong predictions."""
        return sum(self.wrong) / len(self.wrong)


@dataclass(frozen=True)
class LearningCurve(SizeCurve):
    """The errors of classifiers that learned from few to many crops."""

    FILE, WHAT, COMMAND = "curve.json", "learning curve", "curve TASK"
    UNIT, ERROR = "crop", "Error"

    points: tuple[CurvePoint, ...]

    def errors(self, at: int) -> tuple[float, ...]:
        """Return the error of each training of a point, 0 to 1."""
        return tuple(wrong / self.tested for wrong in self.points[at].wrong)

    def interval(self, at: int) -> tuple[float, float]:
        """Return the 95 % interval of the mean of these errors."""
        return Proportion(round(self.points[at].mean_wrong), self.tested).interval

    def gain_text(self) -> str:
        """Return by how much the error would fall."""
        now, then = 100 * self.law.at([self.largest, self.largest + self.more])
        bounds = (100 * self.gain_low, 100 * self.gain_high)
        return f"lower the error {change(now, then, bounds, least=1, unit=' %', of_change=' points')}"


def measure_curve(
    workspace: Workspace, task: str, options: CurveOptions, *, watcher: StudyWatcher = unwatched
) -> LearningCurve:
    """Train classifiers on larger and larger shares of the training crops; see `toonvision.studies.sizes.measure`."""
    wanted = workspace.taxonomy.task(task)
    network = find_network(options.network or settings_for().network).name
    classes = len(workspace.taxonomy.level(wanted.level).classes)
    dataset = task_dataset(workspace, wanted, options.size_hw or input_size(network, workspace.size_hw))
    whole = split_fold(workspace, dataset, options.split)
    return measure(
        workspace, dataset, whole, options, fit_curve, kind=LearningCurve, network=network,
        classes=classes, watcher=watcher,
    )  # fmt: skip


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
    fitted = f" The fitted curve has {percent(float(curve.law.at(then)))} at {then:,.0f}." * curve.falls
    return FigurePanel(
        name="learning-curve",
        title="What more training crops would probably bring",
        alternative=f"Error of {curve.network} by the number of training crops: {listed(points)}.{fitted}",
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
             interval(Proportion(round(point.mean_wrong), curve.tested)), f"{between(low, high, '.1f')} %",
             percent(float(curve.law.at(point.mean_pictures))))
        )  # fmt: skip
    then = curve.largest + curve.more
    if curve.falls:
        rows.append((f"{then:,.0f} ({curve.more:,} more)", "", "", "", percent(float(curve.law.at(then)))))
    return table(
        "Error by the number of training crops", columns, rows, totals=int(curve.falls),
        note=f"Measured with the network {curve.network}, {counted(len(curve.seeds), 'training')} a size, on "
        f"{counted(curve.tested, 'test crop')} of the split {curve.split}.{note}",
    )  # fmt: skip


def fit_curve(trained: TrainedSizes, split: str, more: int) -> LearningCurve:
    """Fit a power law to the errors.

    The interval is from a bootstrap that draws trainings and test screenshots at once and fits each draw anew.
    Trainings that diverged are left out.
    """
    dataset, test, kept = trained.dataset, trained.whole.test, trained.kept
    wrong = np.stack(
        [[wrong_predictions(dataset, job, one)
          for job, one in zip(trained.jobs[size], trained.results[size], strict=True)]
         for size in kept]
    )  # fmt: skip
    points = tuple(
        CurvePoint(**trained.point(size), wrong=tuple(own[trained.valid(size)].sum(axis=1).tolist()))
        for size, own in zip(kept, wrong, strict=True)
    )
    tested, keys = len(test), group_keys(dataset.crops)
    drawn = error_draws(
        wrong, np.stack([trained.valid(size) for size in kept]), [keys[index] for index in test],
        rng=generator(0, "curve", "bootstrap"),
    )  # fmt: skip
    errors = [point.mean_wrong / tested for point in points]
    found = forecast([point.mean_pictures for point in points], errors, drawn, tested=tested, more=more)
    return LearningCurve(**vars(found), **trained.curve(split), points=points)
