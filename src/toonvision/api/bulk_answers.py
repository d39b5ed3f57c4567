"""What answers about many pictures: exported models as bytes, which another process or machine can open."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from toonvision.api.base import StoredRun
from toonvision.api.bulk import Answer, Answering
from toonvision.api.detecting import found_result, objects_csv
from toonvision.api.packaged import level_predictions_csv, predict_levels
from toonvision.api.predicting import next_command, not_crops, predictions_csv, predictions_result, usable_export
from toonvision.api.result import Result
from toonvision.api.segmenting import shares_csv, shares_result
from toonvision.api.two_stage import named_result, require_kinds
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.current import EXPORT
from toonvision.deploy.detector import Detector
from toonvision.deploy.packaged import DETECTOR, WEIGHTS, packaged_files, packaged_models, packaged_scene
from toonvision.deploy.scene import Namer, namer_of_export
from toonvision.deploy.segmenter import Segmenter
from toonvision.models.saving import read_card
from toonvision.taxonomy.labels import DETECT, SEGMENT, Taxonomy
from toonvision.taxonomy.loader import built_in

_ROWS = 2
"""The number of the format of the rows, raised with every change of their columns or of what these mean."""


def packaged_answering(name: str, *, find: bool) -> Answering:
    """Return what answers with the models that come with the package, which every node has.

    Args:
        name: The taxonomy that they are for.
        find: Whether objects are found in whole screenshots and named; else pictures show one object each.

    Raises:
        UsageError: If the package has no models for that taxonomy.
    """
    files = [*packaged_files(name).values(), WEIGHTS / name / DETECTOR]
    identity = _identity([name, str(find)], [path.read_bytes() for path in files])
    if find:
        return Answering(identity, partial(_open_scene, name), objects_csv)
    return Answering(identity, partial(_open_levels, name), level_predictions_csv)


def run_answering(run: StoredRun) -> Answering | None:
    """Return what answers with a run's export; None where it has none that can be used.

    Raises:
        ModelRefusedError: If the run's model is of another taxonomy.
    """
    if (model := _export_bytes(run)) is None:
        return None
    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    above = taxonomy.all_parents(card.level)
    identity = _identity([run.record.kind, run.name, taxonomy.digest], [model])
    report = run.workspace.command("report", run.name)
    if run.record.kind == DETECT:
        return Answering(identity, partial(_open_detector, model, card.level, above), objects_csv, next=report)
    if run.record.kind == SEGMENT:
        by_name = taxonomy.level(card.level).by_name
        titles = {name: by_name[name].title for name in card.classes}
        return Answering(identity, partial(_open_segmenter, model, titles), shares_csv, next=report)
    opened, warn = partial(_open_classifier, model, above), partial(not_crops, run)
    return Answering(identity, opened, predictions_csv, warn, next_command(run))


def stages_answering(detector: StoredRun, classifiers: Sequence[StoredRun]) -> Answering | None:
    """Return what finds with the export of one run and names with those of others; None where one has none.

    Raises:
        UsageError: If a run is of another kind, or two name the same level.
        ModelRefusedError: If a run's model is of another taxonomy.
    """
    require_kinds(detector, classifiers)
    taxonomy, runs = detector.workspace.files.taxonomy, [detector, *classifiers]
    level, *_ = [read_card(run.folder, taxonomy=taxonomy).level for run in runs]
    models = [_export_bytes(run) for run in runs]
    found = [model for model in models if model is not None]
    if len(found) < len(models):
        return None
    names = [run.name for run in runs]
    identity = _identity(["stages", *names, taxonomy.digest], found)
    opened = partial(_open_stages, found, names, level, taxonomy)
    return Answering(identity, opened, objects_csv, next=detector.workspace.command("report", detector.name))


def _export_bytes(run: StoredRun) -> bytes | None:
    return (run.folder / EXPORT).read_bytes() if usable_export(run) else None


def _identity(texts: Sequence[str], models: Sequence[bytes]) -> str:
    """Return a text that differs where these models answer otherwise, or where their answers are written otherwise."""
    digests = [hashlib.sha256(model).hexdigest() for model in models]
    return "\n".join([version("toonvision"), str(_ROWS), *texts, *digests])


def _open_levels(name: str, *, threads: int) -> Answer:
    return partial(predict_levels, packaged_models(name, threads=threads), built_in(name))


def _open_scene(name: str, *, threads: int) -> Answer:
    scene = packaged_scene(name, threads=threads)
    return partial(_find_and_name, scene.detector, scene.detector.bundle.level, scene.namers, built_in(name))


def _open_stages(
    models: Sequence[bytes], names: Sequence[str], level: str, taxonomy: Taxonomy, *, threads: int
) -> Answer:
    opened = [namer_of_export(Classifier(model, threads=threads)) for model in models[1:]]
    namers = [
        replace(one, title=name, parents=taxonomy.all_parents(one.level))
        for one, name in zip(opened, names[1:], strict=True)
    ]
    return partial(_find_and_name, Detector(models[0], threads=threads), level, namers, taxonomy)


def _find_and_name(
    detector: Detector, level: str, namers: Sequence[Namer], taxonomy: Taxonomy, paths: Sequence[Path]
) -> Result[Any]:
    return named_result(*detector.predict_files(paths), level, namers, taxonomy)


def _open_classifier(model: bytes, above: Mapping[str, Mapping[str, str]], *, threads: int) -> Answer:
    classifier = Classifier(model, threads=threads)
    return lambda paths: predictions_result(*classifier.predict_files(paths), above)


def _open_detector(model: bytes, level: str, above: Mapping[str, Mapping[str, str]], *, threads: int) -> Answer:
    detector = Detector(model, threads=threads)
    return lambda paths: found_result(level, above, *detector.predict_files(paths))


def _open_segmenter(model: bytes, titles: Mapping[str, str], *, threads: int) -> Answer:
    segmenter = Segmenter(model, threads=threads)
    return lambda paths: shares_result(*segmenter.predict_files(paths), titles)
