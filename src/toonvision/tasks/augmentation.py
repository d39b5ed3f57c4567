"""Random changes to training images, and mixtures of them, one batch at a time."""

import numpy as np
import numpy.typing as npt

from toonvision.data.images import Pictures
from toonvision.tasks.settings import Augmentation

Factors = npt.NDArray[np.float32]
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in the luma (ITU-R BT.601)."""

_MIDDLE, _SIDES = 0.15, 0.35
"""Distances from the middle, as shares of the width, at which the other light begins and is complete."""
_SURROUNDED = 0.7


def augment(pictures: Pictures, settings: Augmentation, rng: np.random.Generator) -> Pictures:
    """Return a batch of randomly changed images, shape ``(samples, height, width, 3)``, uint8, as a new array.

    Pixels from outside the image repeat its edge.
    """
    changed = pictures.copy()
    if settings.flip:
        chosen = rng.random(len(changed)) < 0.5
        changed[chosen] = changed[chosen, :, ::-1]
    if settings.rotation_degrees or settings.zoom or settings.shift:
        changed = _moved(changed, settings, rng)
    if settings.color or settings.cast or settings.surround:
        changed = _relit(changed, settings, rng)
    return changed


def mix(
    pictures: Pictures, targets: npt.NDArray[np.float32], parameter: float, rng: np.random.Generator
) -> tuple[Pictures, npt.NDArray[np.float32]]:
    """Return each image mixed with another one of its batch, and their targets in the same shares.

    That is mixup (Zhang et al. 2018). Each image keeps the larger share of its own place, so that its weight in the
    loss still is its own.

    Args:
        pictures: Shape ``(images, height, width, 3)``, uint8; neither array is changed.
        targets: The probability of each class, shape ``(images, classes)``.
        parameter: Of the beta distribution that shares are drawn from, above 0.
        rng: The random generator.
    """
    drawn = rng.beta(parameter, parameter, len(pictures)).astype(np.float32)
    share, others = np.maximum(drawn, 1 - drawn), rng.permutation(len(pictures))
    of_pixel, of_target = share[:, None, None, None], share[:, None]
    values = pictures * of_pixel + pictures[others] * (1 - of_pixel)
    mixed: Pictures = np.rint(values, out=values).astype(np.uint8)
    return mixed, targets * of_target + targets[others] * (1 - of_target)


def _moved(pictures: Pictures, settings: Augmentation, rng: np.random.Generator) -> Pictures:
    """Return rotated, scaled and shifted images, by nearest-neighbour sampling."""
    count, height, width = pictures.shape[:3]
    turn = np.deg2rad(settings.rotation_degrees)
    angle = rng.uniform(-turn, turn, (count, 1, 1)).astype(np.float32)
    scale = rng.uniform(1 - settings.zoom, 1 + settings.zoom, (2, count, 1, 1)).astype(np.float32)
    shift = rng.uniform(-settings.shift, settings.shift, (2, count, 1, 1)).astype(np.float32)
    down, right = (
        (np.arange(side, dtype=np.float32) - (side - 1) / 2).reshape(shape)
        for side, shape in ((height, (1, -1, 1)), (width, (1, 1, -1)))
    )
    down, right = down / scale[0] - shift[0] * height, right / scale[1] - shift[1] * width
    if settings.rotation_degrees:  # without rotation rows and columns are independent, which is much faster
        down, right = np.cos(angle) * down - np.sin(angle) * right, np.sin(angle) * down + np.cos(angle) * right
    rows, columns = (
        np.clip(np.rint(position + (side - 1) / 2), 0, side - 1).astype(np.intp)
        for position, side in ((down, height), (right, width))
    )
    moved: Pictures = pictures[np.arange(count)[:, None, None], rows, columns]
    return moved


def _relit(pictures: Pictures, settings: Augmentation, rng: np.random.Generator) -> Pictures:
    """Return images of other colours, and with another light left and right of the middle; both are rounded once."""
    values = pictures.astype(np.float32)
    if settings.color or settings.cast:
        values = _recolored(values, settings, rng)
    if settings.surround:
        values *= _side_lights(len(pictures), pictures.shape[2], settings.surround, rng)
    values += 0.5
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


def color_changes(count: int, settings: Augmentation, rng: np.random.Generator) -> tuple[Factors, Factors, Factors]:
    """Draw other brightness, contrast, saturation and cast for some images.

    Returns:
        For each image the matrix that its colours, as rows, are multiplied by, shape ``(count, 3, 3)``; which share of
        its mean luma is added to them, ``(count, 1, 1)``; and the cast that this share has, ``(count, 1, 3)``.
    """
    factors = rng.uniform(1 - settings.color, 1 + settings.color, (3, count, 1, 1)).astype(np.float32)
    brightness, contrast, saturation = factors
    cast = np.exp(rng.normal(0, settings.cast, (count, 1, 3))).astype(np.float32)
    gray = np.broadcast_to(LUMA[:, None], (3, 3))
    mixed = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * gray
    return mixed * (brightness * contrast * cast), (1 - contrast) * brightness, cast


def _recolored(
    values: npt.NDArray[np.float32], settings: Augmentation, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return images of other colours."""
    count, height, width = values.shape[:3]
    matrices, shares, casts = color_changes(count, settings, rng)
    flat = values.reshape(count, height * width, 3)
    mean = np.full((1, height * width), 1 / (height * width), dtype=np.float32) @ flat  # four times as fast as `mean`
    middle = (mean @ LUMA)[..., None]
    flat = flat @ matrices
    flat += shares * middle * casts
    recolored: npt.NDArray[np.float32] = flat.reshape(values.shape)
    return recolored


def _side_lights(count: int, width: int, spread: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the factors of another light left and right of the middle: shape ``(count, 1, width, 3)``.

    A bounding box shows the object mostly in its middle and the background mostly at its sides.
    """
    aside = np.abs(np.linspace(-0.5, 0.5, width, dtype=np.float32)).reshape(1, 1, width, 1)
    share = np.clip((aside - _MIDDLE) / (_SIDES - _MIDDLE), 0, 1)
    chosen = rng.random((count, 1, 1, 1)) < _SURROUNDED
    logarithms = rng.normal(0, spread, (count, 1, 1, 3)) + rng.normal(0, spread, (count, 1, 1, 1))
    lights = np.exp(logarithms).astype(np.float32)
    return (1 + share * np.where(chosen, lights - 1, np.float32(0))).astype(np.float32)
