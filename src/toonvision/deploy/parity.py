"""Parity: whether an export predicts the same as its network, on which pictures, and within which limits."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from toonvision.core.errors import InputRejectedError, ModelRefusedError, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.seeds import generator
from toonvision.data.arrays import load_screenshots
from toonvision.data.fitting import Resize, read_picture
from toonvision.data.images import Pictures
from toonvision.data.workspace import Workspace
from toonvision.deploy.bundle import Bundle, Parity
from toonvision.deploy.checks import NOVELTY_NAME, OUTPUT_NAME
from toonvision.deploy.classifier import Classifier
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.novelty import NoveltyScore, Scores
from toonvision.metrics.predictions import Probabilities
from toonvision.models.forest import Forest
from toonvision.tasks.augmentation import augment
from toonvision.tasks.classify import predict_probabilities
from toonvision.tasks.outliers import novelty_of
from toonvision.tasks.settings import Augmentation

if TYPE_CHECKING:
    import keras

Answer = TypeVar("Answer")

FEWEST, MOST = 100, 200
LARGEST_DIFFERENCE = 1e-4
LARGEST_NOVELTY_DIFFERENCE = 0.05
"""In log-odds."""
BATCH = 8
"""Pictures that an export is asked about at once, as other programs may ask it."""
_CHANGES = Augmentation(flip=True, rotation_degrees=30, zoom=0.3, color=0.4)
_OF_SCREENSHOTS = Augmentation(flip=True, color=0.4)


def classifier_file(
    workspace: Workspace,
    model: "keras.Model | Forest",
    bundle: Bundle,
    *,
    score: NoveltyScore | None,
    progress: Progress = silent,
) -> tuple[bytes, Parity, int]:
    """Write a classifier as an ONNX file that predicts the same, with its temperature and its novelty score.

    A temperature magnifies the last digits of a sure answer, in which backends differ: so the network is compared
    without it, and the temperature with the formula on what the export itself answers without it.

    Returns:
        The file's bytes, how it compares with the network, and how many of the compared pictures are crops.

    Raises:
        InputRejectedError: If there is no crop, or one cannot be read.
        ModelRefusedError: If the network cannot be exported, or the file predicts something else.
    """
    content = _to_onnx(model, bundle, None, score)
    pictures, crops = parity_pictures(workspace, size_hw=bundle.size_hw, resize=bundle.resize)
    answers = Classifier(content).answer_batch(pictures)
    rows = answers.probabilities
    parity = worse(
        compare(predict_probabilities(model, pictures, progress=progress), rows),
        compare(rows, np.concatenate(in_batches(Classifier(content).run_batch, pictures))),
    )
    if bundle.temperature is not None:
        content = _to_onnx(model, bundle, bundle.temperature, score)
        answers = Classifier(content).answer_batch(pictures)
        parity = worse(parity, compare(with_temperature(rows, bundle.temperature), answers.probabilities))
    require_parity(parity)
    if score:
        require_same_novelty(novelty_of(model, score)(pictures), answers.novelty)
    return content, parity, crops


def _to_onnx(
    model: "keras.Model | Forest", bundle: Bundle, temperature: float | None, score: NoveltyScore | None
) -> bytes:
    if isinstance(model, Forest):
        from toonvision.deploy.forest_graph import forest_to_onnx

        return forest_to_onnx(model, bundle.to_metadata(), temperature=temperature)
    from toonvision.deploy.conversion import to_onnx, with_novelty, with_probabilities

    answering = with_probabilities(model, classes=len(bundle.classes), temperature=temperature)
    if score is None:
        return to_onnx(answering, bundle.to_metadata())
    return to_onnx(with_novelty(answering, model, score), bundle.to_metadata(), (OUTPUT_NAME, NOVELTY_NAME))


def parity_pictures(workspace: Workspace, *, size_hw: tuple[int, int], resize: Resize) -> tuple[Pictures, int]:
    """Return the pictures to compare on: crops from the whole catalogue; if these are few, augmented copies too.

    Args:
        workspace: Where the crops are.
        size_hw: Height and width of the input in pixels.
        resize: How crops are brought to that size.

    Returns:
        `FEWEST` to `MOST` pictures, the crops first, and how many of them are crops.

    Raises:
        InputRejectedError: If there is no crop, or one cannot be read.
    """
    crops = workspace.known_crops()
    if not crops:
        raise InputRejectedError(f"{workspace.root}: there is no crop to compare on. Run: toonvision extract")
    chosen = [crops[index] for index in spread_indices(len(crops), MOST)]
    pictures = []
    for crop in chosen:
        path = workspace.crops / crop.file
        try:
            pictures.append(read_picture(path, size_hw=size_hw, resize=resize, digest=crop.hash))
        except RejectedItemError as error:
            raise InputRejectedError(f"{path}: {error.reason}. Crops can be made again: toonvision extract") from error
    rng = generator(0, "parity")
    while len(pictures) < FEWEST:
        missing = FEWEST - len(pictures)
        pictures += list(augment(np.stack(pictures[: min(len(chosen), missing)]), _CHANGES, rng))
    return np.stack(pictures), len(chosen)


def screenshots_to_compare(workspace: Workspace, size_hw: tuple[int, int]) -> tuple[Pictures, int]:
    """Return 100 pictures to compare on: screenshots; if these are fewer, changed copies too, and how many are not.

    Raises:
        InputRejectedError: If there is no screenshot, or one cannot be read.
    """
    shots = workspace.known_screenshots()
    if not shots:
        raise InputRejectedError(f"{workspace.root}: there is no screenshot to compare on. Run: toonvision extract")
    chosen = [shots[index] for index in spread_indices(len(shots), FEWEST)]
    pictures = np.asarray(load_screenshots(workspace, chosen, size_hw=size_hw))
    rng, copies = generator(0, "parity"), [pictures]
    while sum(map(len, copies)) < FEWEST:
        copies.append(augment(pictures[: FEWEST - sum(map(len, copies))], _OF_SCREENSHOTS, rng))
    return np.concatenate(copies), len(chosen)


def spread_indices(count: int, most: int) -> list[int]:
    """Return at most ``most`` indices below ``count``, evenly spread.

    Examples:
        >>> spread_indices(10, 4)
        [0, 3, 6, 9]
    """
    return [int(index) for index in np.linspace(0, count - 1, min(count, most)).round()]


def compare(expected: Probabilities, found: Probabilities) -> Parity:
    """Compare an export's probabilities with those of its network, both of shape ``(samples, classes)``."""
    return Parity(
        pictures=len(expected),
        largest_difference=float(np.abs(found.astype(np.float64) - expected).max(initial=0)),
        disagreements=int((found.argmax(axis=1) != expected.argmax(axis=1)).sum()),
    )


def in_batches(run: Callable[[Pictures], Answer], pictures: Pictures, *, size: int = BATCH) -> list[Answer]:
    """Return what an export answers about pictures in batches of a size, one by one: see `Classifier.run_batch`."""
    return [run(pictures[start : start + size]) for start in range(0, len(pictures), size)]


def worse(one: Parity, other: Parity) -> Parity:
    """Return the worse of two comparisons of the same pictures, figure by figure; NaN is the worst difference."""
    return Parity(
        pictures=min(one.pictures, other.pictures),
        largest_difference=float(np.maximum(one.largest_difference, other.largest_difference)),
        disagreements=max(one.disagreements, other.disagreements),
    )


def require_parity(parity: Parity, *, otherwise: str = "for {} of {} another class comes first") -> None:
    """Raise `ModelRefusedError` with the figures if an export predicts something else than its network.

    `otherwise` says of how many disagreements in how many pictures what is different.
    """
    if parity.disagreements or not parity.largest_difference < LARGEST_DIFFERENCE or parity.pictures < FEWEST:
        raise ModelRefusedError(
            f"the export must predict the same as its network on {FEWEST} pictures or more, with differences below "
            f"{LARGEST_DIFFERENCE:g}; {otherwise.format(parity.disagreements, parity.pictures)}, and the largest "
            f"difference is {parity.largest_difference:.2g}. Nothing was written."
        )


def require_same_novelty(expected: Scores, found: Scores | None) -> None:
    """Raise `ModelRefusedError` if an export's novelty scores differ from those of its network."""
    largest = np.inf if found is None else float(np.abs(found - expected).max(initial=0))
    if not largest < LARGEST_NOVELTY_DIFFERENCE:
        raise ModelRefusedError(
            f"the export must have the novelty scores of its network, with differences below "
            f"{LARGEST_NOVELTY_DIFFERENCE:g}; the largest difference is {largest:.2g}. Nothing was written."
        )
