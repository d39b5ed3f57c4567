"""The figures of an explanation, as files of their own: each a PNG with its values as CSV beside it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.progress import Progress, silent
from toonvision.data.arrays import Pictures
from toonvision.evaluation.evaluate import Evaluation
from toonvision.explain.activations import LayerActivation
from toonvision.explain.explanation import Cases, MaskedEvidence
from toonvision.explain.trust import Randomisation, TrustCurves
from toonvision.figures.activations import draw_activation
from toonvision.figures.filters import draw_ascent, draw_first_filters
from toonvision.figures.maps import draw_map_grid
from toonvision.figures.trust import draw_evidence, draw_randomisations, draw_trust_curves
from toonvision.report import explain_data as data
from toonvision.report.figure_files import write_figure
from toonvision.taxonomy.labels import Category


def write_map_grids(
    cases: Cases,
    maps: npt.NDArray[np.float32],
    classes: Sequence[Category],
    folder: Path,
    *,
    each: bool,
    exact: bool,
    progress: Progress = silent,
) -> None:
    """Draw the maps of all classes, one figure a picture.

    Args:
        cases: The pictures.
        maps: Their maps, shape ``(pictures, classes, height, width)``.
        classes: The classes in that order.
        folder: Where the files go.
        each: Whether each class has its own scale.
        exact: Whether the maps are in logits.
        progress: Told how many pictures are done.
    """
    for at, (name, y_true, predicted) in enumerate(zip(cases.names, cases.y_true, cases.predicted, strict=True)):
        figure = draw_map_grid(
            cases.pictures[at], maps[at], classes, y_true, int(predicted),
            cases.probabilities[at], normalise_each=each, unit="Evidence in logits" if exact else "Evidence",
        )  # fmt: skip
        stem = f"maps-{at + 1:02}-{Path(name).stem[:60]}"
        write_figure(folder, stem, figure, data.map_grid_data(maps[at], classes))
        progress(at + 1, len(cases.names))


def write_activations(activations: Sequence[LayerActivation], size_hw: tuple[int, int], folder: Path) -> None:
    """Draw what every layer makes of a picture, one figure a layer.

    Args:
        activations: In the order of the network.
        size_hw: Height and width of the picture.
        folder: Where the files go.
    """
    of_kind: Counter[str] = Counter()
    for number, activation in enumerate(activations, start=1):
        of_kind[activation.kind] += 1
        figure = draw_activation(activation, size_hw, number=of_kind[activation.kind])
        write_figure(folder, f"activations-{number:02}-{activation.name}", figure, data.activation_data(activation))


def write_first_filters(layer: str, weights: npt.NDArray[np.float32], folder: Path) -> None:
    """Draw the weights of the first convolution, shape ``(height, width, 3, filters)``, 0 to 1."""
    write_figure(folder, f"filters-01-{layer}", draw_first_filters(weights), data.first_filters_data(weights))


def write_ascent(
    layer: str,
    number: int,
    pictures: Pictures,
    noise_answers: npt.NDArray[np.float32],
    answers: npt.NDArray[np.float32],
    folder: Path,
) -> None:
    """Draw what the filters of a convolution answer to most.

    Args:
        layer: The convolution.
        number: Which one it is, from 1.
        pictures: One a filter, shape ``(filters, height, width, 3)``, 0 to 255.
        noise_answers: What each filter answered to the noise that its ascent began with, shape ``(filters,)``.
        answers: What it answers to its picture, same shape.
        folder: Where the files go.
    """
    values = data.ascent_data(layer, pictures, noise_answers, answers)
    write_figure(folder, f"filters-{number:02}-{layer}", draw_ascent(pictures, number=number), values)


def write_checks(curves: TrustCurves, steps: Sequence[Randomisation], names: Sequence[str], folder: Path) -> None:
    """Draw deletion, insertion and randomisation.

    Args:
        curves: Deletion and insertion.
        steps: Randomisation.
        names: What the checked pictures are called.
        folder: Where the files go.
    """
    write_figure(folder, "deletion-insertion", draw_trust_curves(curves), data.trust_curves_data(curves, names))
    write_figure(folder, "randomisation", draw_randomisations(steps), data.randomisation_data(steps, names))


def write_evidence(judged: Evaluation, evidence: MaskedEvidence, folder: Path) -> None:
    """Draw on what the evidence lies."""
    write_figure(folder, "evidence", draw_evidence(evidence.sections), data.evidence_data(judged, evidence))
