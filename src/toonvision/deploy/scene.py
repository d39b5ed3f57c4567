"""Finding and naming with exported files: a detector, and classifiers that name what its boxes show.

ONNX Runtime, NumPy and Pillow, and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import ModelRefusedError, RejectedItemError, UsageError
from toonvision.data.boxes import fit_box
from toonvision.data.fitting import Resize, fit
from toonvision.data.images import Pictures
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.opened import image_of
from toonvision.metrics.found_objects import FoundObject
from toonvision.metrics.predictions import Answers, Verdict


@dataclass(frozen=True)
class NamedObject(FoundObject):
    """An object that was found, and what classifiers say of it.

    Attributes:
        levels: The class at each level that was asked about, the detector's first.
        confidences: The probability of each of these, 0 to 1.
        verdicts: All that was answered at each level that a classifier was asked about.
    """

    levels: Mapping[str, str]
    confidences: Mapping[str, float]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict, compare=False)

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """The probability of every class, 0 to 1, at each level that a classifier was asked about."""
        return {
            level: dict(zip(said.classes, said.probabilities.tolist(), strict=True))
            for level, said in self.verdicts.items()
        }

    @property
    def trusted(self) -> dict[str, str]:
        """The class at each level whose classifier does not say that the object is none of its classes."""
        return {
            level: name
            for level, name in self.levels.items()
            if level not in self.verdicts or not self.verdicts[level].none_of_these
        }

    @property
    def confidence(self) -> float:
        """How sure the class is at the last level that can be trusted, 0 to 1."""
        return self.confidences[list(self.trusted)[-1]]


@dataclass(frozen=True)
class Namer:
    """A classifier that is ready to name crops.

    Attributes:
        title: What people call it.
        level: The level of its classes.
        classes: Their names.
        size_hw: Height and width of its input in pixels.
        resize: How crops are brought to that size.
        parents: Coarser level to the class there of each of its classes that has one.
        answer: Returns the probabilities and the novelty scores of crops of that size.
    """

    title: str
    level: str
    classes: tuple[str, ...]
    size_hw: tuple[int, int]
    resize: Resize
    parents: Mapping[str, Mapping[str, str]]
    answer: Callable[[Pictures], Answers]

    def knows(self, name: str, level: str) -> bool:
        """Return whether one of its classes can belong to a class of another level."""
        parents = self.parents.get(level, {})
        above = {parents[one] for one in self.classes if one in parents}
        return not above or name in above

    def __call__(self, crops: Sequence[Image.Image]) -> list[Verdict]:
        """Return what it says of each crop."""
        if not crops:
            return []
        answers = self.answer(np.stack([fit(crop, size_hw=self.size_hw, resize=self.resize) for crop in crops]))
        return [Verdict(row, self.classes, novelty=novelty) for row, novelty in answers.rows]


class Scene:
    """Exported models that find objects in screenshots and name them.

    Attributes:
        detector: What finds.
        namers: What names, in the order in which they are asked.

    Examples:
        >>> scene = Scene("detect.onnx", "suit.onnx", "entity.onnx")  # doctest: +SKIP
        >>> scene.predict(Image.open("screenshot.png"))[0].levels  # doctest: +SKIP
        {'kind': 'cog', 'suit': 'bb', 'entity': 'flunky'}
    """

    def __init__(
        self, detector: Detector | Path | str, *classifiers: Classifier | Path | str, threads: int | None = None
    ) -> None:
        """Open models that are not open yet.

        Args:
            detector: What finds, or its file.
            *classifiers: What names, or their files.
            threads: How many crops are named at once; by default as many as there are cores.

        Raises:
            InputRejectedError: If there is no such file.
            ModelRefusedError: If a file is no such model, or one has another taxonomy than the detector.
            UsageError: If two of them name the same level.
        """
        self.detector = detector if isinstance(detector, Detector) else Detector(detector, threads=threads)
        opened = [one if isinstance(one, Classifier) else Classifier(one, threads=threads) for one in classifiers]
        own = self.detector.bundle
        levels = [one.bundle.level for one in opened]
        if own.level in levels:
            raise UsageError(
                f"the detector and a classifier both name the level {own.level}: leave the classifier out."
            )
        for one in opened:
            if levels.count(one.bundle.level) > 1:
                raise UsageError(f"two classifiers both name the level {one.bundle.level}: leave one of them out.")
            if one.bundle.taxonomy != own.taxonomy:
                raise ModelRefusedError(
                    f"the classifier of the level {one.bundle.level} has the taxonomy {one.bundle.taxonomy_name} "
                    f"({one.bundle.taxonomy}), the detector {own.taxonomy_name} ({own.taxonomy}). Export both from one "
                    "workspace."
                )
        self.namers = tuple(namer_of_export(one) for one in opened)

    def __repr__(self) -> str:
        """Return what finds and what names."""
        named = "".join(f", then {namer.level} by {namer.title}" for namer in self.namers)
        return f"Scene of {self.detector!r}{named}"

    def predict(self, picture: Image.Image | npt.NDArray[np.uint8]) -> tuple[NamedObject, ...]:
        """Find the objects in one picture of any size and name them, the most confident first.

        Boxes are cut from the picture in its full size. A classifier none of whose classes can belong to what the
        detector says of an object is not asked about it. The label is the answer of the last classifier that was and
        does not say that the object is none of its classes.

        Args:
            picture: A picture, or an array of shape ``(height, width, 3)``, uint8, 0 to 255.

        Raises:
            UsageError: If an array is no picture, a picture has no pixel, or its pixels are floating-point numbers.
            ModelRefusedError: If an output is NaN, or a model cannot be run.
        """
        image = image_of(picture)
        return tuple(named(image, self.detector.predict(image), self.detector.bundle.level, self.namers))


def namer_of_export(classifier: Classifier) -> Namer:
    """Return what names crops with an exported classifier."""
    bundle = classifier.bundle
    return Namer(
        bundle.task,
        bundle.level,
        classifier.classes,
        bundle.size_hw,
        bundle.resize,
        bundle.parents or {},
        classifier.answer_batch,
    )


def named(image: Image.Image, objects: Sequence[FoundObject], level: str, namers: Sequence[Namer]) -> list[NamedObject]:
    """Name the objects that were found in a picture.

    Args:
        image: The picture in its full size.
        objects: What was found in it; those of less than a pixel are left out.
        level: The level at which they were found.
        namers: What names them.
    """
    crops, boxed = [], []
    for one in objects:
        try:
            box, _ = fit_box(one.box, image.size)
        except RejectedItemError:  # less than a pixel wide or high
            continue
        crops.append(image.crop(box.xyxy))
        boxed.append(one)
    answers: dict[str, dict[int, Verdict]] = {}
    for namer in namers:
        known = [at for at, one in enumerate(boxed) if namer.knows(one.label, level)]
        answers[namer.level] = dict(zip(known, namer([crops[at] for at in known]), strict=True))
    found = []
    for at, one in enumerate(boxed):
        verdicts = {name: said[at] for name, said in answers.items() if at in said}
        names = {level: one.label} | {name: said.predicted for name, said in verdicts.items()}
        sure = {level: one.score} | {name: said.confidence for name, said in verdicts.items()}
        thing = NamedObject(one.label, one.score, one.box, names, sure, verdicts)
        found.append(replace(thing, label=list(thing.trusted.values())[-1]))
    return found
