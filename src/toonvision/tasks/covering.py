"""Figures, cut out of their crops and pasted into other crops: behind the object of a crop, and in front of it.

What is behind an object says nothing of its class, and a network that learns from few crops learns it by heart; so
objects change their background. Where figures stand in front of each other, the box of one shows much of another, and
only what reaches from edge to edge of the box shows which of the two is meant; a network learns that from crops that
are covered and keep their class.

Source:
    Dwibedi, Misra and Hebert, "Cut, paste and learn", ICCV 2017: figures pasted onto others, which they partly hide.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.data.images import Pictures
from toonvision.models.foreground import foreground_of, has_foreground
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY

_LARGEST = 0.2
"""Share of its image that a figure must fill, to be moved, to be covered or to cover."""
_SEEN = (0.25, 0.9)
"""Shares of a figure's pixels that are still seen when it counts as covered: from the lower one on it is recognised."""
_SCALES = (0.6, 1.5)
_ASIDE = 0.8
"""Most of its width by which the figure in front leaves the image."""
_UNEVEN = 0.12
"""Standard deviation of where it stands, as a share of the image's height."""
_TRIES = 6


def with_foreground(dataset: Dataset, settings: TrainingSettings) -> Dataset:
    """Return a dataset of crops with what a network of the package takes for their objects, where no mask says that.

    If the training does not begin with weights of the package, or pastes no figure, it is the dataset as it is given.
    """
    if dataset.task.kind != CLASSIFY or not settings.augmentation.paste or not has_foreground(settings.start):
        return dataset
    known = np.zeros(dataset.images.shape[:3], np.uint8) if dataset.instances is None else dataset.instances
    unknown = ~known.any(axis=(1, 2))
    if not unknown.any():
        return dataset
    instances = np.array(known)
    instances[unknown] = foreground_of(dataset.images[unknown], settings.start)
    return replace(dataset, instances=instances)


def moved(images: Pictures, instances: Pictures, share: float, rng: np.random.Generator) -> Pictures:
    """Return a batch of crops, some of whose objects stand in front of what another crop shows.

    Args:
        images: Shape ``(images, height, width, 3)``, uint8.
        instances: Above 0 where a pixel shows the crop's own object, shape ``(images, height, width)``, uint8.
        share: How many of the objects are moved, 0 to 1, if they are large enough.
        rng: The random generator.

    Returns:
        A new array of the same shape.
    """
    changed, own = images.copy(), instances > 0
    for at in np.flatnonzero(rng.random(len(images)) < share):
        if own[at].mean() >= _LARGEST:
            behind = images[rng.integers(len(images))]
            turned = behind[:, ::-1] if rng.random() < 0.5 else behind
            changed[at] = np.where(own[at][..., None], images[at], turned)
    return changed


def covered(images: Pictures, instances: Pictures, share: float, rng: np.random.Generator) -> Pictures:
    """Return a batch of crops, some of them with a figure of another one in front of their object.

    Args:
        images: Shape ``(images, height, width, 3)``, uint8.
        instances: Above 0 where a pixel shows the crop's own object, shape ``(images, height, width)``, uint8.
        share: How many of the crops are covered, 0 to 1, if a figure is found that hides neither too much nor nothing.
        rng: The random generator.

    Returns:
        A new array of the same shape.
    """
    changed, own = images.copy(), instances > 0
    filled = own.mean(axis=(1, 2))
    fit = np.flatnonzero(filled >= _LARGEST)
    for at in np.flatnonzero(rng.random(len(images)) < share):
        if filled[at] >= _LARGEST:
            for other in rng.choice(fit, _TRIES).tolist():
                stand = _stand(own.shape[1], own.shape[2], rng)
                mask = stand.drawn(instances[other], Image.Resampling.NEAREST) > 0
                if _SEEN[0] <= 1 - mask[own[at]].mean() <= _SEEN[1]:
                    changed[at][mask] = stand.drawn(images[other], Image.Resampling.BILINEAR)[mask]
                    break
    return changed


@dataclass(frozen=True)
class _Stand:
    """How a figure stands in front of another crop: how large its own is there, where, and whether mirrored."""

    size_wh: tuple[int, int]
    corner: tuple[int, int]
    mirrored: bool

    def drawn(self, layer: npt.NDArray[np.uint8], resampling: Image.Resampling) -> npt.NDArray[np.uint8]:
        """Return a layer of its crop as the other crop shows it, of the same shape; 0 where it does not reach."""
        canvas = Image.new("RGB" if layer.ndim == 3 else "L", layer.shape[1::-1])
        turned = layer[:, ::-1] if self.mirrored else layer
        canvas.paste(Image.fromarray(turned).resize(self.size_wh, resampling), self.corner)
        return np.asarray(canvas)


def _stand(height: int, width: int, rng: np.random.Generator) -> _Stand:
    scale = math.exp(rng.uniform(*np.log(_SCALES)))
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    x = round(rng.uniform(-_ASIDE * size_wh[0], width - (1 - _ASIDE) * size_wh[0]))
    y = round(height - size_wh[1] + rng.normal(0, _UNEVEN) * height)
    return _Stand(size_wh, (x, y), bool(rng.random() < 0.5))
