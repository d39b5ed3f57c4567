"""The models of a watch: one that finds, and those that name, with what their classes mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from toonvision.data.images import fit
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import Namer, Scene
from toonvision.metrics.found_objects import FoundObject, objects_of
from toonvision.taxonomy.labels import Category, Taxonomy, color_at
from toonvision.watch.association import TrackSettings
from toonvision.watch.distance import Heights
from toonvision.watch.level_paths import LevelPaths

_LEAST_SCORE = TrackSettings().least


@dataclass(frozen=True, eq=False)
class WatchModels:
    """What finds figures and names them.

    Attributes:
        detector: Finds.
        namers: Name what was found, each at a level.
        taxonomy: What the classes mean; None where only the files are known.
    """

    detector: Detector
    namers: tuple[Namer, ...] = ()
    taxonomy: Taxonomy | None = None

    @classmethod
    def of(cls, scene: Scene, taxonomy: Taxonomy | None = None) -> "WatchModels":
        """Return the models of a scene."""
        return cls(scene.detector, scene.namers, taxonomy)

    @property
    def level(self) -> str:
        """The level of what is found."""
        return self.detector.bundle.level

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
    def categories(self) -> Mapping[str, Mapping[str, Category]]:
        """Level to class to its title and colour."""
        found = {}
        for name, classes in self.paths.levels.items():
            known = {one.name: one for one in self.taxonomy.level(name).classes} if self.taxonomy else {}
            listed = enumerate(classes)
            found[name] = {one: known.get(one) or Category(one, one, color_at(at)) for at, one in listed}
        return found

    def warm_up(self) -> None:
        """Run every model once: its first answer takes longer than all others."""
        self.find(Image.new("RGB", (64, 64)))
        for one in self.namers:
            one.answer(np.zeros((1, *one.size_hw, 3), np.uint8))

    def find(self, image: Image.Image) -> tuple[FoundObject, ...]:
        """Find the objects in a picture, also those that are too doubtful to count alone.

        Args:
            image: In RGB, of any size.

        Raises:
            ModelRefusedError: If an output is NaN, or the model cannot be run.
        """
        bundle = self.detector.bundle
        fitted = fit(image, size_hw=bundle.size_hw, resize=bundle.resize)
        (found,) = objects_of(
            self.detector.find_batch(fitted[None]),
            [image.size],
            classes=self.detector.classes,
            thresholds=[min(_LEAST_SCORE, one) for one in self.detector.thresholds],
            size_hw=bundle.size_hw,
        )
        return found
