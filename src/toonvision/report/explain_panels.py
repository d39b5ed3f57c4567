"""Panels of explanations: maps, activations, filters, checks, and where the evidence lies."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.panels import FigurePanel, Rows
from toonvision.core.wording import counted
from toonvision.data.images import Pictures
from toonvision.data.masks import REGIONS
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.explain.activations import LayerActivation
from toonvision.explain.explanation import Cases, MaskedEvidence
from toonvision.explain.map_warnings import map_warnings
from toonvision.explain.trust import Randomisation, TrustCurves
from toonvision.figures import values as shown
from toonvision.metrics.classification import Indices
from toonvision.report.results import MappedCases, Results
from toonvision.taxonomy.labels import Category

_COLOURS = ("red", "green", "blue")
_MOST_WARNINGS = 3
_MOST_OF_CHANNEL, _MOST_OF_LAYER = 1200, 60_000
"""Values of one channel and of one layer, at most: a tile of the figure shows little more, and the CSV file stays below
a megabyte."""


def case_panels(results: Results) -> tuple[FigurePanel, ...]:
    """Return maps of the worst and of the least confident predictions; none if there are no maps."""
    cases = results.mapped
    if cases is None:
        return ()
    count = len(cases.wrong)
    both = ((cases.wrong, slice(0, count), "maps-wrong", "worst wrong prediction"),
            (cases.unsure, slice(count, None), "maps-unsure", "least confident other prediction"))  # fmt: skip
    return tuple(_case_panel(results.evaluation, cases, *one) for one in both if len(one[0]))


def map_grid_panels(
    cases: Cases, maps: npt.NDArray[np.float32], classes: tuple[Category, ...], *, each: bool, exact: bool
) -> list[FigurePanel]:
    """Return the maps of all classes, shape ``(images, classes, height, width)``, a figure for each image.

    `each` gives each class its own scale; `exact` maps are in logits.
    """
    unit = "Evidence in logits" if exact else "Evidence"
    return [
        _figure(
            f"maps-{at + 1:02}-{Path(name).stem[:60]}",
            shown.MapGrid(cases.images[at], maps[at], classes, cases.y_true[at], cases.probabilities[at], unit, each),
            ("class", "row", "column", "evidence"),
            [(classes[k].name, row, column, float(value)) for (k, row, column), value in np.ndenumerate(maps[at])],
        )
        for at, name in enumerate(cases.names)
    ]


def activation_panels(activations: Sequence[LayerActivation], size_hw: tuple[int, int]) -> list[FigurePanel]:
    """Return the output of every layer for one image of this height and width, a figure for each layer."""
    of_kind: Counter[str] = Counter()
    panels = []
    for number, one in enumerate(activations, start=1):
        of_kind[one.kind] += 1
        value = shown.ActivationTiles(one, size_hw, of_kind[one.kind])
        panels.append(_figure(f"activations-{number:02}-{one.name}", value, *_activation_rows(one)))
    return panels


def first_filters_panel(layer: str, weights: npt.NDArray[np.float32]) -> FigurePanel:
    """Return the weights of the first convolution, shape ``(height, width, 3, filters)``, 0 to 1."""
    rows = [(n, row, column, "RGB"[c], float(value)) for (row, column, c, n), value in np.ndenumerate(weights)]
    head = ("filter", "row", "column", "colour", "weight_0_to_1")
    return _figure(f"filters-01-{layer}", shown.FirstFilters(weights), head, rows)


def filter_images_panel(
    layer: str, number: int, pictures: Pictures, before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]
) -> FigurePanel:
    """Return the images that activate the filters of a convolution most.

    Args:
        layer: The convolution.
        number: Which one it is, from 1.
        pictures: One for each filter, shape ``(filters, height, width, 3)``, uint8.
        before: Activation of each filter by the noise that its ascent began with, shape ``(filters,)``.
        after: Its activation by its image, same shape.
    """
    head = ("layer", "filter", "answer_to_noise", "answer", "colour", *_cells(*pictures.shape[1:3], side=1))
    rows = [
        (layer, at, float(before[at]), float(after[at]), colour, *picture[..., channel].ravel().tolist())
        for at, picture in enumerate(pictures)
        for channel, colour in enumerate(_COLOURS)
    ]
    return _figure(f"filters-{number:02}-{layer}", shown.FilterImages(pictures, number), head, rows)


def check_panels(curves: TrustCurves, steps: Sequence[Randomisation], names: Sequence[str]) -> list[FigurePanel]:
    """Return deletion and insertion, and randomisation, of the images of these names."""
    lines = (curves.deletion, curves.insertion, curves.random_deletion, curves.random_insertion)
    curve_rows = [
        (name, float(share), *(float(line[row, at]) for line in lines))
        for row, name in enumerate(names)
        for at, share in enumerate(curves.shares)
    ]
    step_rows = [
        (name, step.fresh, step.layer, float(similarity))
        for step in steps
        for name, similarity in zip(names, step.similarity, strict=True)
    ]
    curve_head = ("picture", "share_of_pixels", "deletion", "insertion", "random_deletion", "random_insertion")
    step_head = ("picture", "random_layers", "last_random_layer", "rank_correlation")
    return [
        _figure("deletion-insertion", curves, curve_head, curve_rows),
        _figure("randomisation", tuple(steps), step_head, step_rows),
    ]


def evidence_panel(evaluation: ClassEvaluation, evidence: MaskedEvidence) -> FigurePanel:
    """Return where the evidence lies; in the CSV, the shares are empty for a crop without evidence."""
    names, predicted = evaluation.record.classes, evaluation.best.predicted
    tables = {
        "share": evidence.distinctive.shares, "share_of_plain_map": evidence.plain.shares,
        "area": evidence.distinctive.areas,
    }  # fmt: skip
    rows = [
        (evaluation.crops[at].file, evaluation.crops[at].screenshot, evaluation.crops[at].context,
         names[evaluation.best.y_true[at]], names[predicted[at]],
         *("" if math.isnan(value) else value for values in tables.values() for value in values[number].tolist()))
        for number, at in enumerate(evidence.indices)
    ]  # fmt: skip
    head = ("crop", "screenshot", "context", "y_true", "y_pred",
            *(f"{what}_{region}" for what in tables for region in REGIONS))  # fmt: skip
    return _figure("evidence", shown.EvidenceBars(evidence.sections), head, rows)


def _figure(name: str, value: object, head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> FigurePanel:
    """Return a panel that is written as files alone: it has no words around it."""
    return FigurePanel(name, "", "", "", value, (head, *rows))


def _case_panel(
    evaluation: ClassEvaluation, cases: MappedCases, indices: Indices, rows: slice, name: str, what: str
) -> FigurePanel:
    maps = cases.maps.values[rows]
    unit = "Evidence in logits" if cases.maps.exact else "Evidence"
    y_true, probabilities = evaluation.best.y_true[indices], evaluation.best.probabilities[indices]
    value = shown.MapRows(evaluation.images[indices], maps, evaluation.classes, y_true, probabilities, unit)
    total = "The sum of all evidence for a class, plus a constant, is its logit. " if cases.maps.exact else ""
    return FigurePanel(
        name,
        f"Evidence: the {counted(len(indices), what)}",
        f"Class activation maps of {counted(len(indices), 'crop')} for "
        f"{counted(len(evaluation.classes), 'class', 'classes')}, laid over the greyed crops.",
        f"Orange is evidence for the class named below a map, blue against it, all on one scale; a strong frame marks "
        f"the prediction. {total}Layer {cases.maps.layer}.{_warning(evaluation, indices, maps)}",
        value,
        _map_rows(evaluation, cases, indices, rows),
    )


def _warning(evaluation: ClassEvaluation, indices: Indices, maps: npt.NDArray[np.float32]) -> str:
    """Warn of maps of the predicted classes that explain little, the first few by name."""
    own = maps[np.arange(len(indices)), evaluation.best.predicted[indices]]
    names = [evaluation.crops[index].file for index in indices.tolist()]
    found = map_warnings(own, names, size_hw=evaluation.record.size_hw)
    more = f" {len(found) - _MOST_WARNINGS} more are like that." if len(found) > _MOST_WARNINGS else ""
    return f" Beware: {' '.join(found[:_MOST_WARNINGS])}{more}" if found else ""


def _map_rows(evaluation: ClassEvaluation, cases: MappedCases, indices: Indices, rows: slice) -> Rows:
    """Sum up each map: the evidence for and against each class, whose sum is the logit minus the bias if exact."""
    names, maps = evaluation.record.classes, cases.maps
    found: list[tuple[object, ...]] = [
        ("crop", "y_true", "y_pred", "class", "probability", "evidence_for", "evidence_against", "bias", "exact")
    ]
    for at, values in zip(indices.tolist(), maps.values[rows], strict=True):
        given = evaluation.best.probabilities[at]
        found += [
            (evaluation.crops[at].file, names[evaluation.best.y_true[at]], names[given.argmax()], name,
             float(given[index]), float(np.maximum(one, 0).sum()), float(np.minimum(one, 0).sum()),
             float(maps.bias[index]), int(maps.exact))
            for index, (name, one) in enumerate(zip(names, values, strict=True))
        ]  # fmt: skip
    return tuple(found)


def _activation_rows(activation: LayerActivation) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return a row for each channel: a summary of its values, then its map.

    A large map is given by square blocks of cells, in the column of each block's upper left cell the mean over the
    block; ``block_side`` says of how many cells, 1 being the map itself.
    """
    values = activation.values.astype(np.float64)
    height, width, channels = values.shape
    most = max(1, min(_MOST_OF_CHANNEL, _MOST_OF_LAYER // channels))
    sides = itertools.count(1)
    side = next(side for side in sides if math.ceil(height / side) * math.ceil(width / side) <= most)
    means = _block_means(values, side)
    head = ("layer", "kind", "channel", "height", "width", "lowest", "mean", "highest", "share_above_zero",
            "block_side", *_cells(*means.shape[:2], side=side))  # fmt: skip
    summaries = zip(values.min((0, 1)), values.mean((0, 1)), values.max((0, 1)), (values > 0).mean((0, 1)), strict=True)
    rows: list[tuple[object, ...]] = [
        (activation.name, activation.kind, channel, height, width, *map(float, summary), side,
         *means[..., channel].ravel().tolist())
        for channel, summary in enumerate(summaries)
    ]  # fmt: skip
    return head, rows


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
