"""Exporting a run: its model as one ONNX file beside its weights, written only if it predicts the same as Keras."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from toonvision.core.errors import ModelRefusedError, UsageError, WorkspaceBusyError
from toonvision.core.files import write_bytes
from toonvision.core.folders import exclusive
from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import Workspace
from toonvision.deploy.box_parity import detector_file
from toonvision.deploy.bundle import FORMAT, Bundle, Parity
from toonvision.deploy.current import EXPORT, INT8_EXPORT, weights_digest
from toonvision.deploy.int8 import Int8Boxes, Int8Export, boxes_in_int8, crops_in_int8
from toonvision.deploy.parity import classifier_file
from toonvision.deploy.pixel_parity import segmenter_file
from toonvision.models.backend import start_backend
from toonvision.models.registry import TREES, find_network
from toonvision.models.saving import ModelCard, load_model, read_card, read_novelty
from toonvision.tasks.detect import thresholds_of
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT, Taxonomy
from toonvision.training.record import read_record
from toonvision.training.repeat import load_run_data


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
        boxes: Of a detector, how many boxes it finds in the compared pictures; None of others.
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
    boxes: int | None = None


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
    card = read_card(run, taxonomy=workspace.taxonomy)
    if int8:
        _require_int8(run, card)
    start_backend(card.network, card.size_hw)
    from toonvision.deploy.conversion import described

    bundle, model = describe(workspace, card, weights=weights_digest(run, card.network)), load_model(run)
    writers: dict[str, Callable[..., tuple[Any, ...]]] = {
        CLASSIFY: partial(classifier_file, score=read_novelty(run)), DETECT: detector_file, SEGMENT: segmenter_file,
    }  # fmt: skip
    cost: Int8Export | Int8Boxes | None = None
    try:
        plain, parity, shown, *boxes = writers[card.kind](workspace, model, bundle, progress=progress)
        files = {EXPORT: described(plain, replace(bundle, parity=parity).to_metadata())}
        if int8:
            data = load_run_data(workspace, read_record(run))
            if card.kind == DETECT:
                files[INT8_EXPORT], cost = boxes_in_int8(run, plain, bundle, data)
            else:
                files[INT8_EXPORT], cost = crops_in_int8(run, plain, bundle, data, model, progress=progress)
    except ModelRefusedError as error:
        raise ModelRefusedError(f"{run}: {error}") from error
    removed = _publish(workspace, run, files, card=card, weights=bundle.weights)
    size = len(files[EXPORT])
    return Export(card.network, run / EXPORT, size, parity, shown, cost, removed, card.kind, *boxes)


def _require_int8(run: Path, card: ModelCard) -> None:
    if card.network == TREES:
        raise UsageError(f"{run}: trees compare whole numbers, which 8 bits cannot hold. Leave out --int8.")
    if card.kind == SEGMENT or find_network(card.network).names_pixels:
        raise UsageError(f"{run}: 8 bits are for runs that name no pixels. Leave out --int8.")


def describe(workspace: Workspace, card: ModelCard, *, weights: str) -> Bundle:
    """Return what is said of a model in its export, before it is compared; `weights` is the SHA-256 of their file."""
    by_name = workspace.taxonomy.level(card.level).by_name
    return Bundle(
        format=FORMAT,
        toonvision=version("toonvision"),
        network=card.network,
        task=card.task,
        level=card.level,
        classes=card.classes,
        titles=tuple(by_name[name].title for name in card.classes),
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
