"""Two stages, one answer: a detector finds objects, and classifiers name what its boxes show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from toonvision.api.base import StoredRun
from toonvision.api.detecting import keep, objects_result, of_run
from toonvision.api.predicting import predict_files, require_paths, usable_export, verdict_data
from toonvision.api.result import Result
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import Finding, UsageError
from toonvision.core.names import Paths, paths_of
from toonvision.core.wording import counted, percent
from toonvision.data.images import read_whole, room_for
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.packaged import detector_accuracy, packaged_scene
from toonvision.deploy.scene import NamedObject, Namer, named
from toonvision.metrics.found_objects import FoundObject, FoundObjects
from toonvision.models.saving import read_card
from toonvision.tasks.novelty_panels import NO_SCORE
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
    says of an object is not asked about it. Where two of them contradict each other, that is a finding.

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
    card = read_card(detector.folder, taxonomy=taxonomy)
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
    order = [one.name for one in taxonomy.all_levels]
    namers = sorted(namers, key=lambda one: order.index(one.level))
    named = [named_file(one, level, namers, taxonomy) for one in found]
    notes = [note for _, own in named for note in own]
    levels = [level, *(one.level for one in namers)]
    columns = ["Object", *(name.capitalize() for name in levels)]
    classes = {one.level: one.classes for one in namers}
    objects = [one for one, _ in named]
    result = objects_result(
        levels, objects, [*findings, *notes], columns, _cells_of(levels, taxonomy), named_data, classes=classes
    )
    return replace(result, blocks=(*result.blocks, *_novelty_text(objects)))


def _cells_of(levels: Sequence[str], taxonomy: Taxonomy) -> Callable[[FoundObject], list[str]]:
    """Return what writes a named object as cells of a table: its title, and at each level the class with its share."""
    classes = {level: taxonomy.level(level).by_name for level in levels}
    titles = {one.name: one.title for level in taxonomy.all_levels for one in level.classes}

    def cell(one: NamedObject, level: str) -> str:
        if level not in one.levels:
            return "-"
        if level not in one.trusted:
            return f"none of these ({one.verdicts[level].novelty:+.1f})"
        return f"{classes[level][one.levels[level]].title} {percent(one.confidences[level])}"

    def cells(one: FoundObject) -> list[str]:
        assert isinstance(one, NamedObject)
        return [titles[one.label], *(cell(one, level) for level in levels)]

    return cells


def _novelty_text(pictures: Sequence[FoundObjects]) -> tuple[str, ...]:
    """Say how many objects are none of a classifier's classes; nothing where no classifier was asked."""
    asked = [one for picture in pictures for one in picture.objects if isinstance(one, NamedObject) and one.verdicts]
    if not asked:
        return ()
    if all(verdict.novelty is None for one in asked for verdict in one.verdicts.values()):
        return (NO_SCORE,)
    count = sum(len(one.trusted) < len(one.levels) for one in asked)
    said = (
        f"None of these: {count} of {counted(len(asked), 'object')} that a classifier was asked about. The novelty "
        "score of such an object, in brackets, is above 0: it is unlike anything that the classifier learned, and its "
        "class there does not count."
    )
    return (said,)


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
    card = read_card(run.folder, taxonomy=taxonomy)
    parents = taxonomy.all_parents(card.level)
    ready = partial(Namer, run.name, card.level, card.classes, card.size_hw, card.resize, parents)
    if isinstance(export := usable_export(run), Classifier):
        return ready(export.answer_batch)
    from toonvision.evaluation.evaluate import answer_with

    return ready(answer_with(run.folder))


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
        `NamedObject`s, without boxes of less than a pixel, and which of the models contradict each other.
    """
    titles = {level: "the detector"} | {one.level: one.title for one in namers}
    above = {name: taxonomy.all_parents(name) for name in titles}
    objects, findings = [], []
    for one in named(image, found.objects, level, namers):
        objects.append(replace(one, label=exact_label(one.trusted, taxonomy)))
        where = ", ".join(f"{edge:g}" for edge in one.box)
        findings += [
            Finding(f"{found.path}, {where}", reason, code=DISAGREE)
            for reason in _contradictions(one.trusted, above, titles)
        ]
    return replace(found, objects=tuple(objects)), findings


def _contradictions(
    said: Mapping[str, str], above: Mapping[str, Mapping[str, Mapping[str, str]]], titles: Mapping[str, str]
) -> list[str]:
    """Return which two levels say of an object what cannot be true of both.

    Args:
        said: The class at each level.
        above: For each of these the class at each coarser level, by its own class.
        titles: What says it.
    """
    return [
        f"{titles[coarse]} says {name}, {titles[fine]} says {said[fine]}"
        for fine in said
        for coarse, name in said.items()
        if (parents := above[fine].get(coarse)) and parents.get(said[fine]) != name
    ]


def named_data(one: FoundObject) -> dict[str, Any]:
    """Return what models say of a named object at all levels, with all probabilities, as plain data."""
    assert isinstance(one, NamedObject)
    verdicts = {level: verdict_data(said) for level, said in one.verdicts.items()}
    return {"levels": dict(one.levels), "confidences": dict(one.confidences), "verdicts": verdicts}
