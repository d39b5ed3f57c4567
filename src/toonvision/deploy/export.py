"""Exporting a run: its model as one ONNX file beside its weights, written only if it predicts the same as Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.core.errors import ModelRefusedError, UsageError, WorkspaceBusyError
from toonvision.core.files import write_bytes
from toonvision.core.folders import exclusive
from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import Workspace
from toonvision.deploy.box_int8 import Int8Boxes, boxes_in_int8
from toonvision.deploy.box_parity import detector_file
from toonvision.deploy.bundle import FORMAT, Bundle, Parity
from toonvision.deploy.checks import NOVELTY_NAME, OUTPUT_NAME
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.current import EXPORT, INT8_EXPORT, weights_digest
from toonvision.deploy.latency import latencies_ms
from toonvision.deploy.parity import (
    compare,
    in_batches,
    parity_pictures,
    require_parity,
    require_same_novelty,
    spread_indices,
    worse,
)
from toonvision.deploy.pixel_parity import segmenter_file
from toonvision.metrics.calibration import with_temperature
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.novelty import NoveltyScore
from toonvision.metrics.predictions import Probabilities
from toonvision.models.backend import start_backend
from toonvision.models.forest import Forest
from toonvision.models.registry import TREES, find_network
from toonvision.models.saving import ModelCard, load_model, read_card, read_novelty
from toonvision.tasks.base import Dataset
from toonvision.tasks.classify import predict_probabilities
from toonvision.tasks.detect import thresholds_of
from toonvision.tasks.outliers import novelty_of
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT, Taxonomy
from toonvision.training.record import read_record
from toonvision.training.repeat import load_run_data

if TYPE_CHECKING:
    import keras

_TIMED = 50


@dataclass(frozen=True)
class Int8Export:
    """An export that computes with 8 bits, and its cost.

    Attributes:
        path: The file.
        size: Its bytes.
        parity: How it compares with Keras on the test subset.
        right: Correct predictions of the test subset of the float32 export.
        int8_right: The same of this one.
        latency_ms: Median milliseconds for one picture on one core, with the float32 export.
        int8_latency_ms: The same with this one.
    """

    path: Path
    size: int
    parity: Parity
    right: Proportion
    int8_right: Proportion
    latency_ms: float
    int8_latency_ms: float


@dataclass(frozen=True)
class Export:
    """A run's export.

    Attributes:
        network: What was exported.
        path: The file.
        size: Its bytes.
        parity: How it compares with Keras.
        crops: How many of the compared pictures are crops, or screenshots if the run takes these; others are changed
            copies.
        kind: The kind of its task.
        int8: The export that computes with 8 bits, if asked for.
        removed: Names of files of an earlier export that were not written again, and so are removed.
    """

    network: str
    path: Path
    size: int
    parity: Parity
    crops: int
    int8: Int8Export | Int8Boxes | None = None
    removed: tuple[str, ...] = ()
    kind: str = CLASSIFY


def export_run(workspace: Workspace, run: Path, *, int8: bool = False, progress: Progress = silent) -> Export:
    """Write a run's own model as an ONNX file beside its weights.

    Args:
        workspace: Where the run was trained.
        run: The run's folder.
        int8: Write a second file that computes with 8 bits, and measure what that costs.
        progress: Called with how many pictures are compared.

    Raises:
        UsageError: If trees, or a network that names pixels, are asked for in 8 bits.
        InputRejectedError: If there is no model, or its pictures cannot be read.
        ModelRefusedError: If the model cannot be used or exported, or its export predicts something else.
        EnvironmentFaultError: If Keras does not run on TensorFlow.
        WorkspaceBusyError: If another process writes, or has trained the run again meanwhile.
    """
    card = read_card(run, taxonomy=workspace.taxonomy.digest)
    if int8:
        _require_int8(run, card)
    start_backend(card.network, card.size_hw)
    from toonvision.deploy.conversion import described

    bundle = describe(workspace, card, weights=weights_digest(run, card.network))
    model, score = load_model(run), read_novelty(run)

    def calibrated(rows: Probabilities) -> Probabilities:
        return rows if card.temperature is None else with_temperature(rows, card.temperature)

    def written(temperature: float | None) -> bytes:
        return _to_onnx(model, bundle, temperature, score)

    measured = None
    if card.kind != CLASSIFY:
        return _export_of_screenshots(workspace, run, card, bundle, int8=int8, progress=progress)
    try:
        plain = written(None)
        pictures, crops = parity_pictures(workspace, size_hw=card.size_hw, resize=card.resize)
        # A temperature magnifies the last digits of a sure answer, in which backends differ: so the network is compared
        # without it, and the temperature with the formula on what the export itself answers without it.
        answers = Classifier(plain).answer_batch(pictures)
        rows = answers.probabilities
        parity = worse(
            compare(predict_probabilities(model, pictures, progress=progress), rows),
            compare(rows, in_batches(plain, pictures)),
        )
        if card.temperature is not None:
            plain = written(card.temperature)
            answers = Classifier(plain).answer_batch(pictures)
            parity = worse(parity, compare(calibrated(rows), answers.probabilities))
        require_parity(parity)
        if score:
            require_same_novelty(novelty_of(model, score)(pictures), answers.novelty)
        files = {EXPORT: described(plain, replace(bundle, parity=parity).to_metadata())}
        if int8:
            data = load_run_data(workspace, read_record(run))
            expected = calibrated(predict_probabilities(model, data.images[data.indices["test"]], progress=progress))
            files[INT8_EXPORT], measured = _in_int8(run, plain, bundle, data, expected)
    except ModelRefusedError as error:
        raise ModelRefusedError(f"{run}: {error}") from error
    removed = _publish(workspace, run, files, card=card, weights=bundle.weights)
    return Export(card.network, run / EXPORT, len(files[EXPORT]), parity, crops, measured, removed)


def _require_int8(run: Path, card: ModelCard) -> None:
    if card.network == TREES:
        raise UsageError(f"{run}: trees compare whole numbers, which 8 bits cannot hold. Leave out --int8.")
    if card.kind == SEGMENT or find_network(card.network).names_pixels:
        raise UsageError(f"{run}: 8 bits are for runs that name no pixels. Leave out --int8.")


def _export_of_screenshots(
    workspace: Workspace, run: Path, card: ModelCard, bundle: Bundle, *, int8: bool, progress: Progress
) -> Export:
    from toonvision.deploy.conversion import described

    write = {DETECT: detector_file, SEGMENT: segmenter_file}[card.kind]
    try:
        plain, parity, screenshots = write(workspace, load_model(run), bundle, progress=progress)
        files = {EXPORT: described(plain, replace(bundle, parity=parity).to_metadata())}
        cost = None
        if int8:
            data = load_run_data(workspace, read_record(run))
            files[INT8_EXPORT], cost = boxes_in_int8(run, plain, bundle, data)
    except ModelRefusedError as error:
        raise ModelRefusedError(f"{run}: {error}") from error
    removed = _publish(workspace, run, files, card=card, weights=bundle.weights)
    return Export(
        card.network, run / EXPORT, len(files[EXPORT]), parity, screenshots, cost, removed=removed, kind=card.kind
    )


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


def describe(workspace: Workspace, card: ModelCard, *, weights: str) -> Bundle:
    """Return what is said of a model in its export, before it is compared; `weights` is the SHA-256 of their file."""
    titles = {category.name: category.title for category in workspace.taxonomy.level(card.level).classes}
    return Bundle(
        format=FORMAT,
        toonvision=version("toonvision"),
        network=card.network,
        task=card.task,
        level=card.level,
        classes=card.classes,
        titles=tuple(titles[name] for name in card.classes),
        taxonomy_name=workspace.taxonomy.name,
        taxonomy=card.taxonomy,
        size_hw=card.size_hw,
        resize=card.resize,
        temperature=card.temperature,
        weights=weights,
        precision="float32",
        parity=None,
        thresholds=thresholds_of(card.thresholds, card.classes) if card.kind == DETECT else None,
        parents=_parents(workspace.taxonomy, card) or None,
        pixels=card.pixels or None,
    )


def _parents(taxonomy: Taxonomy, card: ModelCard) -> Mapping[str, Mapping[str, str]]:
    """Return the coarser levels in which a classifier's classes have classes."""
    if card.kind != CLASSIFY:
        return {}
    above = taxonomy.all_parents(card.level)
    own = {level: {name: parents[name] for name in card.classes if name in parents} for level, parents in above.items()}
    return {level: parents for level, parents in own.items() if parents}


def _in_int8(
    run: Path, plain: bytes, bundle: Bundle, data: Dataset, expected: Probabilities
) -> tuple[bytes, Int8Export]:
    """Quantise on the train subset, and measure on the test subset what that costs."""
    from toonvision.deploy.conversion import described
    from toonvision.deploy.quantize import MOST_PICTURES, quantized

    learned, test = data.indices["train"], data.indices["test"]
    seen = data.images[learned[spread_indices(len(learned), MOST_PICTURES)]]
    pictures, y_true = data.images[test], data.targets[test]

    def right(rows: Probabilities) -> Proportion:
        return Proportion(int((rows.argmax(axis=1) == y_true).sum()), len(y_true))

    small = replace(bundle, precision="int8")
    content = quantized(plain, seen, small.to_metadata())
    before, after = Classifier(plain), Classifier(content)
    rows = after.predict_batch(pictures)
    parity = compare(expected, rows)
    latency, int8_latency = latencies_ms([before, after], pictures[:_TIMED])
    content = described(content, replace(small, parity=parity).to_metadata())
    return content, Int8Export(
        path=run / INT8_EXPORT,
        size=len(content),
        parity=parity,
        right=right(before.predict_batch(pictures)),
        int8_right=right(rows),
        latency_ms=latency,
        int8_latency_ms=int8_latency,
    )


def _publish(
    workspace: Workspace, run: Path, files: Mapping[str, bytes], *, card: ModelCard, weights: str
) -> tuple[str, ...]:
    """Write files beside the model that they were made from, unless it changed; return names of removed older ones."""
    with exclusive(workspace.root, purpose="save an export"):
        if weights_digest(run, card.network) != weights or read_card(run) != card:
            why = "was trained again or calibrated meanwhile; nothing was written. Export it again."
            raise WorkspaceBusyError(f"{run}: {why}")
        for name, content in files.items():
            write_bytes(run / name, content)
        older = tuple(name for name in (EXPORT, INT8_EXPORT) if name not in files and (run / name).exists())
        for name in older:
            (run / name).unlink()
        return older
