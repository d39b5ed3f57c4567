"""The models of a watch: one that finds, and those that name, with what their classes mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.wording import listed
from toonvision.deploy.detector import Detector
from toonvision.deploy.opened import OpenedModel
from toonvision.deploy.scene import Namer, Scene
from toonvision.deploy.segmenter import Segmenter
from toonvision.metrics.found_objects import FoundObject
from toonvision.metrics.named_pixels import Pixels, shown_part
from toonvision.metrics.predictions import Predictions
from toonvision.taxonomy.labels import Taxonomy, unlisted
from toonvision.watch.association import TrackSettings
from toonvision.watch.distance import Heights
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.track import Categories
from toonvision.watch.tracking import Tracker
from toonvision.watch.walkable import FREE

_LEAST_SCORE = TrackSettings().least
_ANYWHERE = (8.0, 8.0, 24.0, 40.0)


@dataclass(frozen=True, eq=False)
class WatchModels:
    """What finds figures and names them.

    Attributes:
        detector: Finds.
        namers: Name what was found, each at a level.
        taxonomy: What the classes mean; None where only the files are known.
        street: Names pixels, to say where one can walk: a segmenter, or a detector that names pixels, which may be the
            one that finds. None where nobody asks for that.
    """

    detector: Detector
    namers: tuple[Namer, ...] = ()
    taxonomy: Taxonomy | None = None
    street: Segmenter | Detector | None = None

    @classmethod
    def of(
        cls, scene: Scene, taxonomy: Taxonomy | None = None, street: Segmenter | Detector | None = None
    ) -> "WatchModels":
        """Return the models of a scene.

        Raises:
            ModelRefusedError: If what names pixels has another taxonomy than the detector.
            UsageError: If it names neither road nor ground.
        """
        models = cls(scene.detector, scene.namers, taxonomy, street)
        if street is not None:
            _require_fitting(street, models.pixel_classes, scene.detector)
        return models

    @property
    def level(self) -> str:
        """The level of what is found."""
        return self.detector.bundle.level

    @property
    def pixel_classes(self) -> tuple[str, ...]:
        """Names of the classes of pixels; none without `street`."""
        if self.street is None:
            return ()
        return self.street.classes if isinstance(self.street, Segmenter) else self.street.pixel_classes

    @cached_property
    def paths(self) -> LevelPaths:
        """Which of the classes go together."""
        if self.taxonomy is not None:
            return LevelPaths.of_taxonomy(self.taxonomy, self.level, [one.level for one in self.namers])
        classes = {one.level: one.classes for one in sorted(self.namers, key=lambda one: len(one.classes))}
        parents = {one.level: one.parents for one in self.namers}
        return LevelPaths.of(self.level, {self.level: self.detector.classes, **classes}, parents)

    @cached_property
    def heights(self) -> Heights | None:
        """How high the objects are; None where no taxonomy says that."""
        return Heights.of(self.taxonomy, self.paths) if self.taxonomy is not None else None

    @cached_property
    def tracking(self) -> TrackSettings:
        """How boxes become tracks: a box is sure from the confidence on at which the detector counts it."""
        return TrackSettings(sure=max(min(self.detector.thresholds), _LEAST_SCORE))

    @cached_property
    def categories(self) -> Categories:
        """The titles and colours of the classes."""
        found = {}
        for name, classes in self.paths.levels.items():
            known = self.taxonomy.level(name).by_name if self.taxonomy else {}
            found[name] = {one: known.get(one) or unlisted(one) for one in classes}
        return found

    def warm_up(self) -> None:
        """Run every model once, and follow once: the first time takes longer than all others."""
        picture = Image.new("RGB", (64, 64))
        self.find(picture)
        if self.street is not None:
            self.find_with_pixels(picture)
        tracker, anything = Tracker(self.paths, self.tracking), FoundObject(self.detector.classes[0], 1.0, _ANYWHERE)
        for at in range(2):
            tracker.update([anything], float(at), picture)
        for one in self.namers:
            one.answer(np.zeros((1, *one.size_hw, 3), np.uint8))

    def find(self, image: Image.Image) -> tuple[FoundObject, ...]:
        """Find the objects in a picture, also those that are too doubtful to count alone.

        Args:
            image: In RGB, of any size.

        Raises:
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        return self._objects(image, self.detector.find_batch(self.detector.fitted(image)))

    def find_with_pixels(self, image: Image.Image) -> tuple[tuple[FoundObject, ...], Pixels]:
        """Find the objects in a picture and name its pixels; one model that does both is run once.

        Args:
            image: In RGB, of any size.

        Returns:
            The objects as `find` returns them, and the class of each pixel of the picture as the network sees it,
            shrunk, shape ``(height, width)``: indices into `pixel_classes`.

        Raises:
            ModelRefusedError: If an output is NaN, or a model cannot be run.
        """
        street = self.street
        assert street is not None
        fitted = street.fitted(image)
        named = street.name_batch(fitted) if isinstance(street, Segmenter) else street.find_batch(fitted, pixels=True)
        assert named.pixels is not None
        found = self._objects(image, named) if street is self.detector else self.find(image)
        return found, shown_part(named.pixels[0], image.size)

    def _objects(self, image: Image.Image, predictions: Predictions) -> tuple[FoundObject, ...]:
        return self.detector.objects_in(image, predictions, least=_LEAST_SCORE)


def _require_fitting(street: OpenedModel, classes: Sequence[str], detector: Detector) -> None:
    """Refuse what names pixels if it does not belong to what finds, or knows nothing that one can walk on."""
    its, own = street.bundle, detector.bundle
    if its.taxonomy != own.taxonomy:
        raise ModelRefusedError(
            f"what names pixels has the taxonomy {its.taxonomy_name} ({its.taxonomy}), the detector "
            f"{own.taxonomy_name} ({own.taxonomy}). Export both from one workspace."
        )
    if not set(FREE) & set(classes):
        raise UsageError(
            f"where one can walk is known by the pixels of {listed(FREE)}; {its.task} names "
            f"{listed(classes) or 'no pixels'}. Leave --street out."
        )
