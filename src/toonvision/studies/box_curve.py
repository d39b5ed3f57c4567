"""The learning curve of a detector: how AP50 grows with the number of training screenshots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.seeds import generator
from toonvision.core.wording import between, change, counted, listed
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import Workspace
from toonvision.metrics.bootstrap import Estimate, estimate, training_shares
from toonvision.metrics.power_law import forecast
from toonvision.models.registry import find_network
from toonvision.studies.folds import Fold, StudyWatcher
from toonvision.studies.sizes import CurveOptions, SizeCurve, SizePoint, TrainedSizes, measure
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.detect import score
from toonvision.tasks.registry import kind_of, load_dataset


@dataclass(frozen=True)
class BoxCurvePoint(SizePoint):
    """The trainings on one share of the training screenshots.

    Attributes:
        ap50: AP50 of each of those that did not diverge on the test subset.
        ap: The same of AP.
        mean: The mean of AP50, with its 95 % interval over trainings and test screenshots.
    """

    ap50: tuple[float, ...]
    ap: tuple[float, ...]
    mean: Estimate


@dataclass(frozen=True)
class BoxCurve(SizeCurve):
    """The AP50 of detectors that learned from few to many screenshots; what the power law fits is 1 - AP50.

    Attributes:
        objects: How many objects count in the test subset.
    """

    FILE, WHAT, COMMAND = "box-curve.json", "learning curve of a detector", "curve TASK"
    UNIT, ERROR = "screenshot", "1 - AP50"

    points: tuple[BoxCurvePoint, ...]
    objects: int = 0

    def errors(self, at: int) -> tuple[float, ...]:
        """Return 1 - AP50 of each training of a point, 0 to 1."""
        return tuple(1 - value for value in self.points[at].ap50)

    def interval(self, at: int) -> tuple[float, float]:
        """Return the 95 % interval of the mean of these errors."""
        mean = self.points[at].mean
        return 1 - mean.high, 1 - mean.low

    def gain_text(self) -> str:
        """Return by how much AP50 would rise."""
        now, then = 1 - self.law.at([self.largest, self.largest + self.more])
        return f"raise AP50 {change(now, then, (self.gain_low, self.gain_high), least=3)}"


def measure_box_curve(
    workspace: Workspace, task: str, options: CurveOptions, *, watcher: StudyWatcher = unwatched
) -> BoxCurve:
    """Train detectors on larger and larger shares of the training screenshots, and fit 1 - AP50.

    See `toonvision.studies.sizes.measure`.

    Raises:
        InputRejectedError: If a class could not be learned or evaluated.
    """
    wanted, split = workspace.taxonomy.task(task), options.split
    kind = kind_of(wanted)
    network = find_network(options.network or kind.default_network).name
    size_hw = options.size_hw or kind.input_size(workspace, network)
    dataset = load_dataset(workspace, wanted, size_hw=size_hw, split=split, network=network)
    whole = Fold(f"split {split}", *(dataset.indices[subset] for subset in SUBSETS))
    classes = len(dataset.classes)
    return measure(
        workspace, dataset, whole, options, fit_box_curve, kind=BoxCurve, network=network,
        classes=classes, watcher=watcher,
    )  # fmt: skip


def fit_box_curve(trained: TrainedSizes, split: str, more: int) -> BoxCurve:
    """Score the trainings of each size on the test subset, and fit a power law to 1 - AP50.

    The intervals are from a bootstrap that draws trainings and test screenshots at once and fits each draw anew.
    Trainings that diverged are left out.
    """
    kept = trained.kept
    tested = replace(trained.dataset, indices={"test": trained.whole.test})
    scores = [[score(one.predictions, tested, "test") for one in trained.results[size]] for size in kept]
    drawn = _drawn(scores, np.stack([trained.valid(size) for size in kept]))
    points = tuple(_point(trained, size, scores[at], drawn[:, at]) for at, size in enumerate(kept))
    objects = int((~scores[0][0].truth.ignored).sum())
    found = forecast(
        [point.mean_pictures for point in points], [1 - point.mean.value for point in points], 1 - drawn,
        tested=objects, more=more,
    )  # fmt: skip
    return BoxCurve(**vars(found), **trained.curve(split), objects=objects, points=points)


def box_curve_panel(curve: BoxCurve) -> FigurePanel:
    """Return the figure of 1 - AP50 by the number of screenshots; its rows are trainings, the fit, and the gain."""
    head = ("what", "share", "pictures", "seed", "tested", "ap50", "ap50_low", "ap50_high", "ap")
    rows: list[tuple[object, ...]] = []
    for point in curve.points:
        seeds = [seed for seed in curve.seeds if seed not in point.diverged]
        rows += [
            ("training", f"{point.share:g}", pictures, seed, curve.tested, ap50, "", "", ap)
            for seed, pictures, ap50, ap in zip(seeds, point.pictures, point.ap50, point.ap, strict=True)
        ]
        mean = point.mean
        rows.append(
            ("mean", f"{point.share:g}", point.mean_pictures, "", curve.tested, mean.value, mean.low, mean.high, "")
        )
    fitted = (1 - curve.law.at(curve.line)).tolist()
    for count, ap50, low, high in zip(curve.line, fitted, curve.high, curve.low, strict=True):
        rows.append(("fit", "", count, "", "", ap50, 1 - low, 1 - high, ""))
    then = curve.largest + curve.more
    rows.append(
        (f"gain of {curve.more} more", "", then, "", "", curve.gain, curve.gain_low, curve.gain_high, "")
    )  # fmt: skip
    points = [f"{point.mean.value:.3f} with {point.mean_pictures:,.0f}" for point in curve.points]
    expected = f" The fitted curve has {1 - float(curve.law.at(then)):.3f} at {then:,.0f}." * curve.falls
    return FigurePanel(
        "learning-curve", "What more training screenshots would probably bring",
        f"AP50 of {curve.network} by the number of training screenshots: {listed(points)}.{expected}",
        curve.sentence(), curve, (head, *rows),
    )  # fmt: skip


def box_curve_table(curve: BoxCurve, *, note: str = "") -> Table:
    """Return the measured and fitted AP50 as a table; `note` follows its own note."""
    columns = ("Training screenshots", "Mean AP50", "95 % interval", "Lowest to highest training", "Mean AP",
               "Fitted AP50")  # fmt: skip
    rows = [
        (f"{point.mean_pictures:,.0f}", f"{point.mean.value:.3f}", between(point.mean.low, point.mean.high),
         between(min(point.ap50), max(point.ap50)), f"{sum(point.ap) / len(point.ap):.3f}",
         f"{1 - float(curve.law.at(point.mean_pictures)):.3f}")
        for point in curve.points
    ]  # fmt: skip
    then = curve.largest + curve.more
    if curve.falls:
        rows.append((f"{then:,.0f} ({curve.more:,} more)", "", "", "", "", f"{1 - float(curve.law.at(then)):.3f}"))
    return table(
        "AP50 by the number of training screenshots", columns, rows,
        totals=int(curve.falls),
        note=f"Measured with the network {curve.network}, {counted(len(curve.seeds), 'training')} a size, on "
        f"{counted(curve.objects, 'object')} in {counted(curve.tested, 'test screenshot')} of the split "
        f"{curve.split}.{note}",
    )  # fmt: skip


def _drawn(scores: Sequence[Sequence[BoxScores]], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Draw trainings and test screenshots: the AP50 of each set of trainings, shape ``(draws, sets)``."""
    each = np.stack([[one.drawn.mean[:, 0] for one in row] for row in scores])  # (sets, trainings, draws)
    shares = training_shares(valid, draws=each.shape[2], rng=generator(0, "box-curve", "bootstrap"))
    drawn: npt.NDArray[np.float64] = np.einsum("dsr,srd->ds", shares, np.where(valid[..., None], each, 0))
    return drawn


def _point(
    trained: TrainedSizes, size: float, scores: Sequence[BoxScores], drawn: npt.NDArray[np.float64]
) -> BoxCurvePoint:
    """Leave out the trainings that diverged."""
    found = [one.precision for one, sound in zip(scores, trained.valid(size), strict=True) if sound]
    ap50 = tuple(one.ap50 for one in found)
    mean = estimate(sum(ap50) / len(ap50), drawn)
    return BoxCurvePoint(**trained.point(size), ap50=ap50, ap=tuple(one.ap for one in found), mean=mean)
