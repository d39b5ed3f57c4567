"""Saved models: weights in `model.keras`, or trees in `trees.npz`, and their meaning in `model.json`.

A run's own model may have a novelty score, in `novelty.json`.

A model file is not trusted: our own code builds the network that `model.json` names, and only the weights are read
from the file. Nothing in it is unpickled or executed.
"""

import math
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toonvision.core.errors import ModelRefusedError, RejectedItemError, ToonVisionError
from toonvision.core.files import LARGEST_MODEL, read_regular, replacing
from toonvision.core.seeds import own_randomness
from toonvision.core.settings import read_json, write_json
from toonvision.core.wording import listed
from toonvision.data.fitting import Resize
from toonvision.metrics.novelty import NoveltyScore
from toonvision.models.forest import Forest, load_forest, save_forest
from toonvision.models.registry import TREES, build_network
from toonvision.taxonomy.labels import PIXEL_LEVEL, Taxonomy

if TYPE_CHECKING:
    import keras

WEIGHTS, FOREST, MEANING, NOVELTY = "model.keras", "trees.npz", "model.json", "novelty.json"
_ARCHIVED = "model.weights.h5"


@dataclass(frozen=True)
class ModelCard:
    """The description of a saved model.

    Attributes:
        network: The name of the network.
        task: Its task.
        level: The level of its classes.
        classes: Names of the outputs, in order.
        size_hw: Height and width of the input in pixels.
        resize: How crops are resized to that size.
        taxonomy: The digest of its taxonomy.
        seed: The seed of its training.
        parameters: Number of weights.
        versions: Versions of the libraries that trained it.
        format: The version of this description, and of the functions of the networks. Since 2 `compact` averages over
            three bands of rows for any number of rows.
        temperature: Divisor of the logits before the softmax of a prediction; None for 1.
        kind: The kind of its task.
        thresholds: For each class the confidence from which on a prediction counts; None where all count.
        pixels: Names of the classes of pixels, in order, of a detector that names these too; else empty.
    """

    network: str
    task: str
    level: str
    classes: tuple[str, ...]
    size_hw: tuple[int, int]
    resize: Resize
    taxonomy: str
    seed: int
    parameters: int
    versions: Mapping[str, str]
    format: Literal[2] = 2
    temperature: float | None = None
    kind: str = "classify"
    thresholds: tuple[float, ...] | None = None
    pixels: tuple[str, ...] = ()


def weights_file(network: str) -> str:
    """Return the name of the file that holds a network's weights, or the trees."""
    return FOREST if network == TREES else WEIGHTS


def save_model(model: "keras.Model | Forest", card: ModelCard, folder: Path) -> None:
    """Save weights, then their description: a folder with a description has its weights."""
    with replacing(folder / weights_file(card.network)) as temporary:
        if isinstance(model, Forest):
            save_forest(model, temporary)
        else:
            model.save(temporary)
    _write_card(card, folder)


def store_temperature(folder: Path, temperature: float | None) -> None:
    """Store a temperature with a saved model, or remove it; the weights do not change. Raises as `read_card`."""
    _write_card(replace(read_card(folder), temperature=temperature), folder)


def store_novelty(folder: Path, score: NoveltyScore) -> None:
    """Store a novelty score with a saved model."""
    write_json(folder / NOVELTY, asdict(score))


def read_novelty(folder: Path) -> NoveltyScore | None:
    """Load the novelty score of a saved model; None where it has none.

    Raises:
        ModelRefusedError: If the file is not valid.
    """
    path = folder / NOVELTY
    if not path.exists():
        return None
    score = read_json(
        path,
        NoveltyScore,
        what="a novelty score",
        missing=f"{path}: is missing. Train again.",
        current=lambda values: {"features": 1, **values},
    )
    if not all(map(math.isfinite, (*score.weights, score.bias))):
        raise ModelRefusedError(f"{path}: a novelty score has finite weights. Train again.")
    return score


def read_card(folder: Path, *, taxonomy: Taxonomy | None = None) -> ModelCard:
    """Load the description of a saved model.

    Args:
        folder: The model's.
        taxonomy: The workspace's, which must be the model's, with its classes of pixels where the model names those;
            by default any may.

    Raises:
        InputRejectedError: If there is no model in the folder.
        ModelRefusedError: If its description is not valid, or it has another taxonomy.
    """
    card = read_json(
        folder / MEANING,
        ModelCard,
        what="a description of a model",
        missing=f"{folder}: holds no trained model. See: toonvision runs",
    )
    if card.temperature is not None and not (math.isfinite(card.temperature) and card.temperature > 0):
        raise ModelRefusedError(
            f"{folder / MEANING}: a temperature is a number above 0; got {card.temperature:g}. Remove it "
            "there, then fit it again: toonvision calibrate RUN"
        )
    if taxonomy is not None:
        _require_taxonomy(card, taxonomy, folder)
    return card


def _require_taxonomy(card: ModelCard, taxonomy: Taxonomy, folder: Path) -> None:
    remedy = "Train again, or use the workspace that it was trained in."
    if card.taxonomy != taxonomy.digest:
        raise ModelRefusedError(
            f"{folder}: was trained with taxonomy {card.taxonomy}, this workspace has {taxonomy.digest}. {remedy}"
        )
    learned = card.classes if card.level == PIXEL_LEVEL else card.pixels
    pixels = tuple(one.name for one in taxonomy.pixels)
    if learned and learned != pixels:
        raise ModelRefusedError(
            f"{folder}: was trained to name the pixels {listed(learned)}, this workspace names "
            f"{listed(pixels) or 'none'}. {remedy}"
        )


@own_randomness()
def load_model(folder: Path | str) -> "keras.Model | Forest":
    """Load a saved model: build the network that it names, and read its weights; or read its trees.

    Args:
        folder: The model's; a run's is ``runs/<task>/<name>``.

    Raises:
        ModelRefusedError: If the network is unknown, or the weights are of another network or damaged.
    """
    folder = Path(folder)
    card = read_card(folder)
    path = _weights(folder, card.network)
    if card.network == TREES:
        return _load_trees(path, card)
    try:
        model = build_network(
            card.network, size_hw=card.size_hw, classes=len(card.classes), pixels=max(2, len(card.pixels))
        )
        with warnings.catch_warnings():
            # If a file lacks weights, Keras only warns and leaves them random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except ToonVisionError as error:
        raise ModelRefusedError(f"{folder / MEANING}: {error}") from error
    except Exception as error:
        # A damaged archive can make Keras raise any exception.
        height, width = card.size_hw
        first_line, _, _ = str(error).partition("\n")
        raise ModelRefusedError(
            f"{path}: its weights cannot be loaded into {card.network} for {height}x{width} pixels and "
            f"{len(card.classes)} classes, which {MEANING} describes ({first_line}). Train again."
        ) from error
    return model


def require_sound_weights(folder: Path) -> None:
    """Refuse a file of weights that is missing or damaged, without starting Keras.

    Raises:
        InputRejectedError: If there is no model in the folder.
        ModelRefusedError: If it is not a complete archive with weights in it.
        OSError: If it cannot be read.
    """
    card = read_card(folder)
    path = _weights(folder, card.network)
    if card.network == TREES:
        _load_trees(path, card)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip() or (_ARCHIVED if _ARCHIVED not in archive.namelist() else None)
    except FileNotFoundError:
        raise ModelRefusedError(f"{path}: is missing. Train again.") from None
    except Exception as error:  # hostile bytes can make unpacking raise any exception
        if isinstance(error, OSError) and error.errno:
            raise
        raise ModelRefusedError(f"{path}: is damaged ({error}). Train again.") from error
    if damaged:
        raise ModelRefusedError(f"{path}: is damaged ({damaged}). Train again.")


def _load_trees(path: Path, card: ModelCard) -> Forest:
    try:
        content = read_regular(path, limit=LARGEST_MODEL)
        return load_forest(content, size_hw=card.size_hw, classes=len(card.classes))
    except RejectedItemError as error:
        raise ModelRefusedError(f"{path}: {error.reason}. Train again.") from error
    except MemoryError:
        raise
    except Exception as error:  # hostile bytes can make unpacking raise any exception
        first_line, _, _ = str(error).partition("\n")
        raise ModelRefusedError(f"{path}: is damaged ({first_line}). Train again.") from error


def _weights(folder: Path, network: str) -> Path:
    """Return the path of the weights; refuse a pipe or a device, which would be read without end."""
    path = folder / weights_file(network)
    if path.exists() and not path.is_file():
        raise ModelRefusedError(f"{path}: is no regular file. Train again.")
    return path


def _write_card(card: ModelCard, folder: Path) -> None:
    write_json(folder / MEANING, asdict(card))
