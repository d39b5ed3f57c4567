"""The values that the figures of an explanation show, as rows."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from toonvision.data.arrays import Pictures
from toonvision.data.masks import REGIONS
from toonvision.evaluation.evaluate import Evaluation
from toonvision.explain.activations import LayerActivation
from toonvision.explain.explanation import MaskedEvidence
from toonvision.explain.trust import Randomisation, TrustCurves
from toonvision.report.figure_files import Data
from toonvision.taxonomy.labels import Category

_COLOURS = ("red", "green", "blue")
_MOST_OF_CHANNEL, _MOST_OF_LAYER = 1200, 60_000
"""Values of one channel and of one layer, at most: a tile of the figure shows little more, and the file stays below a
megabyte."""


def map_grid_data(maps: npt.NDArray[np.float32], classes: Sequence[Category]) -> Data:
    """Give the maps of all classes for one picture, cell by cell.

    Args:
        maps: Shape ``(classes, height, width)``.
        classes: The classes in that order.
    """
    cells = tuple((classes[k].name, row, column, float(value)) for (k, row, column), value in np.ndenumerate(maps))
    return Data(("class", "row", "column", "evidence"), cells)


def activation_data(activation: LayerActivation) -> Data:
    """Give one row a channel: what it answers in short, then its map.

    A large map is given by square blocks of cells, in the column of each block's upper left cell the mean over the
    block; ``block_side`` says of how many cells, 1 being the map itself.
    """
    values = activation.values.astype(np.float64)
    height, width, channels = values.shape
    side = _block_side(height, width, most=max(1, min(_MOST_OF_CHANNEL, _MOST_OF_LAYER // channels)))
    means = _block_means(values, side)
    columns = ("layer", "kind", "channel", "height", "width", "lowest", "mean", "highest", "share_above_zero",
               "block_side", *_cells(*means.shape[:2], side=side))  # fmt: skip
    short = zip(values.min((0, 1)), values.mean((0, 1)), values.max((0, 1)), (values > 0).mean((0, 1)), strict=True)
    rows = tuple(
        (activation.name, activation.kind, channel, height, width, *map(float, told), side,
         *means[..., channel].ravel().tolist())
        for channel, told in enumerate(short)
    )  # fmt: skip
    return Data(columns, rows)


def first_filters_data(weights: npt.NDArray[np.float32]) -> Data:
    """Give the weights of `explain.filters.first_filters`, one by one."""
    rows = tuple((n, row, column, "RGB"[c], float(value)) for (row, column, c, n), value in np.ndenumerate(weights))
    return Data(("filter", "row", "column", "colour", "weight_0_to_1"), rows)


def ascent_data(
    layer: str, pictures: Pictures, noise_answers: npt.NDArray[np.float32], answers: npt.NDArray[np.float32]
) -> Data:
    """Give one row a filter and colour: how far its ascent came, then the picture, 0 to 255 a pixel.

    Args:
        layer: The convolution.
        pictures: One a filter, shape ``(filters, height, width, 3)``, 0 to 255.
        noise_answers: What each filter answered to the noise that its ascent began with, shape ``(filters,)``.
        answers: What it answers to its picture, same shape.
    """
    columns = ("layer", "filter", "answer_to_noise", "answer", "colour", *_cells(*pictures.shape[1:3], side=1))
    told = zip(pictures, noise_answers.tolist(), answers.tolist(), strict=True)
    rows = tuple(
        (layer, number, before, after, colour, *picture[..., place].ravel().tolist())
        for number, (picture, before, after) in enumerate(told)
        for place, colour in enumerate(_COLOURS)
    )
    return Data(columns, rows)


def trust_curves_data(curves: TrustCurves, names: Sequence[str]) -> Data:
    """Give the probability after each step of deletion and insertion, picture by picture."""
    lines = (curves.deletion, curves.insertion, curves.random_deletion, curves.random_insertion)
    rows = tuple(
        (name, float(share), *(float(line[row, at]) for line in lines))
        for row, name in enumerate(names)
        for at, share in enumerate(curves.shares)
    )
    columns = ("picture", "share_of_pixels", "deletion", "insertion", "random_deletion", "random_insertion")
    return Data(columns, rows)


def randomisation_data(steps: Sequence[Randomisation], names: Sequence[str]) -> Data:
    """Give how alike each picture's map stayed after each step."""
    rows = tuple(
        (name, step.fresh, step.layer, float(similarity))
        for step in steps
        for name, similarity in zip(names, step.similarity, strict=True)
    )
    return Data(("picture", "fresh_layers", "last_fresh_layer", "rank_correlation"), rows)


def evidence_data(judged: Evaluation, evidence: MaskedEvidence) -> Data:
    """Give where each crop's evidence lies; the shares are empty where nothing speaks for the class."""
    names, predicted = judged.class_names, judged.predicted
    tables = {
        "share": evidence.told_apart.shares, "share_of_plain_map": evidence.plain.shares,
        "area": evidence.told_apart.areas,
    }  # fmt: skip
    rows = tuple(
        (judged.crops[at].file, judged.crops[at].screenshot, judged.crops[at].context, names[judged.y_true[at]],
         names[predicted[at]],
         *("" if math.isnan(value) else value for values in tables.values() for value in values[number].tolist()))
        for number, at in enumerate(evidence.places)
    )  # fmt: skip
    columns = ("crop", "screenshot", "context", "actual", "predicted",
               *(f"{what}_{region}" for what in tables for region in REGIONS))  # fmt: skip
    return Data(columns, rows)


def _block_side(height: int, width: int, *, most: int) -> int:
    """Give the smallest side of square blocks of which no more than so many cover a map."""
    return next(side for side in itertools.count(1) if math.ceil(height / side) * math.ceil(width / side) <= most)


def _block_means(values: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """Average ``(height, width, channels)`` over blocks; those at the lower and right edge may be smaller."""
    rows, columns = (np.arange(0, length, side) for length in values.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff([*starts, length]) for starts, length in zip((rows, columns), values.shape, strict=False)
    )
    means: npt.NDArray[np.float64] = sums / (heights[:, None] * widths)[..., None]
    return means


def _cells(height: int, width: int, *, side: int) -> list[str]:
    return [f"row_{row * side}_column_{column * side}" for row in range(height) for column in range(width)]
