"""Two stages, one answer: a detector finds objects, and classifiers name what its boxes show."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from toonvision.api.base import StoredRun
from toonvision.api.detecting import keep, objects_result, of_run
from toonvision.api.predicting import predict_files, require_paths, usable_export
from toonvision.api.result import Result
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import Finding, UsageError
from toonvision.core.names import Paths, paths_of
from toonvision.data.images import read_whole, room_for
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.packaged import detector_accuracy, packaged_scene
from toonvision.deploy.scene import NamedObject, Namer, named
from toonvision.metrics.found_objects import FoundObject, FoundObjects
from toonvision.models.saving import read_card
from toonvision.taxonomy.exact import exact_label
from toonvision.taxonomy.labels import CLASSIFY, DETECT, Taxonomy
from toonvision.taxonomy.loader import built_in

DISAGREE = "levels-disagree"


def find_and_name(
    detector: StoredRun,
    classifiers: Sequence[StoredRun],
    pictures: Sequence[Path],
    *,
    save: Path | None = None,
    voc: Path | None = None,
) -> Result[list[FoundObjects]]:
    """Find the objects in pictures with one run, and name each with others.

    Boxes are cut from the pictures in their full size. A classifier none of whose classes belongs to what the detector
    says of an object is not asked about it; where it contradicts the detector, that is a finding.

    Args:
        detector: A run of a task of the kind ``detect``.
        classifiers: Runs of tasks of the kind ``classify``, of any levels.
        pictures: Pictures, or folders of pictures.
        save: A new folder for copies of the pictures with the boxes drawn onto them.
        voc: A new folder for the boxes as Pascal VOC.

    Raises:
        UsageError: If a run is of the other kind, two name one level, or a folder is not empty.
        InputRejectedError: If no such picture exists.
        ModelRefusedError: If a model cannot be used, or has another taxonomy.
    """
    taxonomy = detector.workspace.files.taxonomy
    require_kinds(detector, classifiers)
    card = read_card(detector.folder, taxonomy=taxonomy.digest)
    require_paths(pictures, save=save, voc=voc)
    namers = [namer_of(run, taxonomy) for run in classifiers]
    found, findings = predict_files(detector, pictures)
    result = named_result(found, findings, card.level, namers, taxonomy)
    keep(taxonomy, detector.workspace.watcher, result.value, save=save, voc=voc)
    return of_run(detector, result)


def find_packaged(
    name: str,
    pictures: Paths,
    *,
    save: Path | None = None,
    voc: Path | None = None,
    watcher: Watcher = NOBODY,
) -> Result[list[FoundObjects]]:
    """Find the objects in pictures and name them with the models that come with the package; no workspace is needed.

    Args:
        name: The taxonomy that the models are for, such as ``toontown``.
        pictures: Pictures, or folders of pictures.
        save: A new folder for copies of the pictures with the boxes drawn onto them.
        voc: A new folder for the boxes as Pascal VOC.
        watcher: What watches the progress.

    Raises:
        UsageError: If the package has no models for that taxonomy, or a folder is not empty.
        InputRejectedError: If no such picture exists.
    """
    scene, taxonomy, paths = packaged_scene(name), built_in(name), paths_of(pictures) or []
    require_paths(paths, save=save, voc=voc)
    with watcher.progress("predicting", "pictures") as progress:
        found, findings = scene.detector.predict_files(paths, progress=progress)
    result = named_result(found, findings, scene.detector.bundle.level, scene.namers, taxonomy)
    keep(taxonomy, watcher, result.value, save=save, voc=voc)
    accuracy = detector_accuracy(name)
    learned = f"These models learned from drawings alone. The detector {accuracy or 'was not measured'}."
    data = {**result.data, "accuracy": accuracy and accuracy.plain()}
    return replace(result, blocks=(*result.blocks, learned), data=data)


def named_result(
    found: Sequence[FoundObjects],
    findings: Sequence[Finding],
    level: str,
    namers: Sequence[Namer],
    taxonomy: Taxonomy,
) -> Result[list[FoundObjects]]:
    """Name the objects that a detector of a level found in picture files, as a table and as plain data.

    Args:
        found: What was found.
        findings: What could not be read.
        level: The level at which the detector names.
        namers: What names its objects.
        taxonomy: What the labels mean.
    """
    named = [named_file(one, level, namers, taxonomy) for one in found]
    notes = [note for _, own in named for note in own]
    levels = [level, *(one.level for one in namers)]
    return objects_result(levels, [one for one, _ in named], [*findings, *notes], named_data)


def require_kinds(detector: StoredRun, classifiers: Sequence[StoredRun]) -> None:
    """Refuse runs that are not of the kinds that two stages need, or that name one level twice.

    Raises:
        UsageError: Saying which.
    """
    for run, kind, flag in (
        (detector, DETECT, "--detector"),
        *((one, CLASSIFY, "--classifier") for one in classifiers),
    ):
        if run.record.kind != kind:
            raise UsageError(
                f"{flag} is a run of the kind {kind}; {run.name} is of the kind {run.record.kind}. Name another."
            )
    naming = {detector.record.level: detector.name}
    for run in classifiers:
        level = run.record.level
        if level in naming:
            remedy = "leave out --classifier" if len(classifiers) == 1 else "leave one of them out of --classifier"
            raise UsageError(f"{naming[level]} names the level {level} already, and so does {run.name}: {remedy}.")
        naming[level] = run.name


def namer_of(run: StoredRun, taxonomy: Taxonomy) -> Namer:
    """Return what answers for a classifier: its export, or Keras where there is none that can be used.

    Raises:
        ModelRefusedError: If its model cannot be used, or has another taxonomy.
    """
    card = read_card(run.folder, taxonomy=taxonomy.digest)
    parents = taxonomy.all_parents(card.level)
    ready = partial(Namer, run.name, card.level, card.classes, card.size_hw, card.resize, parents)
    if isinstance(export := usable_export(run), Classifier):
        return ready(export.predict_batch)
    from toonvision.evaluation.evaluate import answer_with

    answer = answer_with(run.folder)
    return ready(lambda images: answer(images).probabilities)


def named_file(
    found: FoundObjects, level: str, namers: Sequence[Namer], taxonomy: Taxonomy
) -> tuple[FoundObjects, list[Finding]]:
    """Name the objects of one picture file."""
    if not found.objects:
        return found, []
    with room_for(found.path):
        image = read_whole(found.path)
    return named_in(image, found, level, namers, taxonomy)


def named_in(
    image: Image.Image, found: FoundObjects, level: str, namers: Sequence[Namer], taxonomy: Taxonomy
) -> tuple[FoundObjects, list[Finding]]:
    """Name the objects of one picture.

    Args:
        image: The picture in its full size.
        found: What was found in it.
        level: The level at which the detector names.
        namers: What names its objects.
        taxonomy: What the labels mean.

    Returns:
        `NamedObject`s, without boxes of less than a pixel, and where a classifier contradicts the detector.
    """
    objects, findings = [], []
    for one in named(image, found.objects, level, namers):
        kind = one.levels[level]
        objects.append(replace(one, label=exact_label(one.levels, taxonomy)))
        for namer in namers:
            said = one.levels.get(namer.level)
            if said is not None and namer.parents.get(level) and namer.parents[level].get(said) != kind:
                where = ", ".join(f"{edge:g}" for edge in one.box)
                reason = f"the detector says {kind}, {namer.title} says {said}"
                findings.append(Finding(f"{found.path}, {where}", reason, code=DISAGREE))
    return replace(found, objects=tuple(objects)), findings


def named_data(one: FoundObject) -> dict[str, Any]:
    """Return the classes of a named object at all levels, with their probabilities, as plain data."""
    assert isinstance(one, NamedObject)
    return {"levels": dict(one.levels), "confidences": dict(one.confidences)}
