"""Models that come with the package: for a taxonomy a folder with a detector and an export for each of some levels.

They learned from drawings alone (docs/make_weights.py, docs/make_exports.py), and were measured on real pictures,
which are not part of this project (benchmarks/packaged.py). Those in the folder `proposing` are too often wrong to
predict with: they only propose, before anything is trained.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.core.errors import UsageError
from toonvision.core.wording import listed
from toonvision.metrics.intervals import Proportion

if TYPE_CHECKING:
    from toonvision.deploy.classifier import Classifier
    from toonvision.deploy.scene import Scene

WEIGHTS = Path(__file__).with_name("weights")
MEASURED = "measured.json"
DETECTOR = "detect.onnx"
PROPOSING = "proposing"


@dataclass(frozen=True)
class DetectorAccuracy:
    """What a detector finds in real screenshots at the confidence from which on a box counts.

    Attributes:
        found: How many of the objects of a height or more it finds, with half of their area or more.
        least_height: That height in pixels.
        false_alarms: Boxes that show no object, per screenshot.
        screenshots: How many screenshots.
    """

    found: Proportion
    least_height: int
    false_alarms: float
    screenshots: int

    def plain(self) -> dict[str, Any]:
        """Return the same as plain data, for JSON."""
        return {**vars(self), "found": self.found.plain()}

    def __str__(self) -> str:
        """Return it as the end of a sentence."""
        return (
            f"finds {self.found} of {self.found.total:,} objects of {self.least_height} pixels and more in real "
            f"screenshots, with {self.false_alarms:.2f} false alarms a screenshot"
        )


def packaged_names() -> tuple[str, ...]:
    """Return the names of the taxonomies that models come with the package for."""
    return tuple(sorted(path.name for path in WEIGHTS.iterdir() if path.is_dir()))


def packaged_models(name: str, *, threads: int | None = None) -> "dict[str, Classifier]":
    """Open the models that come with the package for a taxonomy; a plain installation is enough for them.

    Args:
        name: The taxonomy, for example ``toontown``.
        threads: How many pictures are predicted at once; by default as many as there are cores.

    Returns:
        A classifier by the level that it answers at, from the fewest classes to the most.

    Raises:
        UsageError: If there are none of that name.

    Examples:
        >>> packaged_models("toontown")["suit"].classes
        ('bb', 'lb', 'cb', 'sb')
    """
    from toonvision.deploy.classifier import Classifier

    opened = [Classifier(path, threads=threads) for path in packaged_files(name).values()]
    return {one.bundle.level: one for one in sorted(opened, key=lambda one: len(one.classes))}


def packaged_files(name: str) -> dict[str, Path]:
    """Return the file of each classifier that comes with the package for a taxonomy to predict with, by its level.

    Raises:
        UsageError: If there is none of that name.
    """
    return {path.stem: path for path in sorted(_folder(name).glob("*.onnx")) if path.name != DETECTOR}


def proposing_files(name: str) -> dict[str, Path]:
    """Return the file of each classifier that only proposes, as long as none was trained for it, by its level.

    Raises:
        UsageError: If there is none of that name.
    """
    return {path.stem: path for path in sorted((_folder(name) / PROPOSING).glob("*.onnx"))}


def packaged_scene(name: str, *, threads: int | None = None) -> "Scene":
    """Open the detector that comes with the package for a taxonomy, with the classifiers that name what it finds.

    Args:
        name: The taxonomy, for example ``toontown``.
        threads: How many pictures are predicted at once; by default as many as there are cores.

    Raises:
        UsageError: If there is none of that name.

    Examples:
        >>> [namer.level for namer in packaged_scene("toontown").namers]
        ['suit']
    """
    from toonvision.deploy.detector import Detector
    from toonvision.deploy.scene import Scene

    detector = Detector(_folder(name) / DETECTOR, threads=threads)
    models = packaged_models(name, threads=threads)
    return Scene(detector, *(one for level, one in models.items() if level != detector.bundle.level))


def packaged_accuracy(name: str) -> dict[str, Proportion]:
    """Return how many crops of real screenshots each model to predict with gets right, by its level.

    It is empty where the models were made again and not measured since.
    """
    measured = {level: one for level, one in _measured(name).items() if level in packaged_files(name)}
    return {level: Proportion(one["right"], one["crops"]) for level, one in measured.items()}


def proposing_accuracy(name: str, level: str) -> str:
    """Return how good a classifier that only proposes is on real screenshots, as the end of a sentence."""
    one = _measured(name).get(level)
    if one is None:
        return "was not measured on crops of real screenshots"
    right, first = (Proportion(one[count], one["crops"]) for count in ("right", "first_three"))
    return f"names {right} of {right.total:,} crops of real screenshots right, and has {first} among its first three"


def detector_accuracy(name: str) -> DetectorAccuracy | None:
    """Return what the detector of a taxonomy finds in real screenshots; None where it was not measured since."""
    one = _measured(name).get(Path(DETECTOR).stem)
    if one is None:
        return None
    share, screenshots = Proportion(one["found"], one["objects"]), one["screenshots"]
    return DetectorAccuracy(share, one["least_height"], one["false_alarms"] / screenshots, screenshots)


def accuracy_text(name: str) -> str:
    """Return the same as the end of a sentence."""
    known = [f"{level} {share} of {share.total:,}" for level, share in packaged_accuracy(name).items()]
    return f"right on crops of real screenshots: {listed(known) or 'not measured'}"


def _folder(name: str) -> Path:
    known = packaged_names()
    if name not in known:
        raise UsageError(f"models come with the package for {', '.join(known)}; got {name!r}.")
    return WEIGHTS / name


def _measured(name: str) -> dict[str, Any]:
    path = WEIGHTS / name / MEASURED
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return read
