"""How exact it is where one can walk, on frames of the drawn world, of which every pixel and the camera are known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from toonvision.deploy.packaged import packaged_scene
from toonvision.deploy.segmenter import Segmenter
from toonvision.taxonomy.loader import built_in
from toonvision.watch.distance import Ground, Lens
from toonvision.watch.models import WatchModels
from toonvision.watch.walkable import Way, ways
from toonvision.world.masks import CLASSES
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import random_sequence

ENOUGH = 10.0
"""Distance up to which a way has to be free, to be called free here."""
APART = 60
"""Each frame of so many is looked at."""
_FAR = 100.0


@dataclass(frozen=True)
class Pair:
    """One direction of one frame: its true way, and what was said of it by whom."""

    by: str
    true: Way
    said: Way


def ways_of_video(seed: int, frames: int, grounds: Sequence[Ground], street: Segmenter | None) -> list[Pair]:
    """Return all directions of some frames of a video: as true masks say them, and as a model does.

    Args:
        seed: Of the video.
        frames: How many frames it has.
        grounds: How the camera stands, as watching said it in each frame that is looked at.
        street: What names pixels; None for true masks alone.
    """
    (plan,) = plan_video(1, seed=seed)
    sequence = random_sequence(plan.street, plan.labels, seed=plan.seed)
    camera, found = sequence.shot.camera, []
    for at, ground in zip(range(0, frames, APART), grounds, strict=True):
        scene = sequence.frame(at, with_masks=True)
        assert scene.masks is not None
        mask = scene.masks.classes
        high = mask.shape[0]
        lens = Lens(view_degrees=math.degrees(2 * math.atan2(high / 2, camera.focal)))
        true = ways(mask, CLASSES, lens=lens, ground=Ground(camera.horizon / high, camera.height))
        level = Ground(camera.horizon / high)
        said = {
            "true pixels": ways(mask, CLASSES),
            "true pixels and horizon": ways(mask, CLASSES, ground=level),
            "true pixels and camera as watched": ways(mask, CLASSES, ground=ground),
        }
        if at > 0:
            said["the same, not the first frame"] = said["true pixels and camera as watched"]
        if street is not None:
            said["model and camera as watched"] = _by_model(scene.image, street, ground)
        found += [Pair(by, *pair) for by, some in said.items() for pair in zip(true, some, strict=True)]
    return found


def _by_model(image: Image.Image, street: Segmenter, ground: Ground) -> tuple[Way, ...]:
    models = WatchModels.of(packaged_scene("toontown"), built_in("toontown"), street)
    return ways(models.find_with_pixels(image)[1], models.pixel_classes, ground=ground)


def summed_ways(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return by who said it how many ways were rightly called free, how many missed, and how far distances are off."""
    found = {}
    for by in dict.fromkeys(one.by for one in pairs):
        both = np.array([(one.true.distance, one.said.distance) for one in pairs if one.by == by])
        true, said = both.T >= ENOUGH
        near = both[(both > 0).all(axis=1) & (both[:, 0] < _FAR)]
        errors = abs(np.minimum(near[:, 1], _FAR) / near[:, 0] - 1)
        rows = [abs(one.true.top - one.said.top) for one in pairs if one.by == by]
        found[by] = {
            "ways": len(both),
            "free": round(float(true.mean()), 4),
            "called_free_and_is": round(float((true & said).sum() / max(1, said.sum())), 4),
            "free_but_missed": round(float((true & ~said).sum() / max(1, true.sum())), 4),
            "median_error": round(float(np.median(errors)), 4),
            "median_row_error": round(float(np.median(rows)), 4),
        }
    return found
