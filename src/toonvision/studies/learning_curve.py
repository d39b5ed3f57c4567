"""The learning curve: how the error falls with the number of training pictures, and what more of them would bring."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.settings import read_json
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.power_law import PowerLaw
from toonvision.studies.folds import newest_study, told_diverged

CURVES, RESULT = "curves", "curve.json"


@dataclass(frozen=True)
class CurvePoint:
    """The trainings on one share of the training part.

    Attributes:
        share: Of the training part, over 0 to 1, as asked for.
        pictures: How many each repeat that did not diverge learned from, since screenshots stay together.
        wrong: Wrong answers of each of those in the test part.
        diverged: Seeds of the repeats that are left out, since their loss became no number.
    """

    share: float
    pictures: tuple[int, ...]
    wrong: tuple[int, ...]
    diverged: tuple[int, ...] = ()

    @property
    def mean_pictures(self) -> float:
        """Average number of pictures."""
        return sum(self.pictures) / len(self.pictures)

    @property
    def mean_wrong(self) -> float:
        """Average wrong answers."""
        return sum(self.wrong) / len(self.wrong)


@dataclass(frozen=True)
class LearningCurve:
    """A learning curve with the power law that fits it, and what that promises.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        seeds: The repeats' seeds.
        split: The split whose training part was cut down.
        train_share: Share of all samples that the split gives to train, 0 to 1.
        tested: Pictures of the test part.
        points: From few to many pictures; a size of which every repeat diverged has none.
        law: The fit.
        line: Numbers of pictures for the curve.
        low: Lower bound of the fitted error there, 0 to 1 (95 %).
        high: Upper bound.
        more: How many pictures more were asked about.
        gain: Fall of the error that they would likely bring, 0 to 1.
        gain_low: Lower bound (95 %).
        gain_high: Upper bound.
        lost: The sizes of which every repeat diverged.
    """

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

    @property
    def largest(self) -> float:
        """Pictures of the largest point."""
        return self.points[-1].mean_pictures

    @property
    def diverged(self) -> int:
        """How many trainings are left out, since they diverged."""
        return sum(len(point.diverged) for point in self.points) + len(self.lost) * len(self.seeds)

    def sentence(self) -> str:
        """Say in plain words what more pictures would likely bring."""
        now, then = 100 * self.law.at([self.largest, self.largest + self.more])
        span = f"95 % interval: {100 * self.gain_low:.1f} to {100 * self.gain_high:.1f}"
        photographed = round(self.more / self.train_share) if self.train_share else self.more
        told = (
            f"{self.more} more pictures to train on (about {photographed} photographed, the split's other parts "
            f"included) would likely take the error from {now:.1f} to {then:.1f} %: {100 * self.gain:.1f} points "
            f"({span})"
        )
        # The bounds are of a fall that the fit makes zero at least: below a tenth of a point it is none.
        told = f"{told}." if self.gain_low >= 0.001 else f"{told}; it could also be nothing."
        alone = " Each size was trained with one seed alone, whose luck the interval does not know: use --repeat 3."
        return told + alone * (len(self.seeds) == 1) + told_diverged(self._diverged())

    def _diverged(self) -> Iterator[tuple[str, int, int]]:
        repeats = len(self.seeds)
        for point in self.points:
            yield f"of size {point.share:g}", len(point.diverged), repeats
        for size in self.lost:
            yield f"of size {size:g}, which has no point", repeats, repeats


def curves_folder(root: Path, task: str) -> Path:
    """Give the folder of a task's learning curves in a workspace."""
    return root / CURVES / task


def read_curve(folder: Path) -> LearningCurve:
    """Read a curve that was written to its folder.

    Raises:
        InputRejectedError: If there is none.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no learning curve. Run: toonvision curve TASK"
    return read_json(folder / RESULT, LearningCurve, what="a learning curve", missing=missing)


def newest_curve(root: Path, task: str, *, network: str | None = None) -> LearningCurve | None:
    """Give a task's curve that was written last, if there is one."""
    folder = newest_study(curves_folder(root, task), RESULT, network=network)
    return read_curve(folder) if folder else None


def curve_rows(curve: LearningCurve) -> list[list[Any]]:
    """Give one row a training that did not diverge, the head first, for CSV."""
    rows: list[list[Any]] = [["share", "pictures", "seed", "wrong", "tested", "error", "error_low", "error_high"]]
    for point in curve.points:
        seeds = [seed for seed in curve.seeds if seed not in point.diverged]
        for seed, pictures, wrong in zip(seeds, point.pictures, point.wrong, strict=True):
            share = Proportion(wrong, curve.tested)
            low, high = share.interval
            rows.append(
                [f"{point.share:g}", pictures, seed, wrong, curve.tested, f"{share.share:.6f}", f"{low:.6f}",
                 f"{high:.6f}"]
            )  # fmt: skip
    return rows
