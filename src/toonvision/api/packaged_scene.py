"""Finding and naming objects with the models that come with the package, before anything is annotated or trained."""

from dataclasses import replace
from pathlib import Path

from toonvision.api.detecting import keep
from toonvision.api.predicting import require_empty, require_paths
from toonvision.api.result import Result
from toonvision.api.run import Paths, paths_of
from toonvision.api.two_stage import named_result
from toonvision.api.watching import NOBODY, Watcher
from toonvision.deploy.packaged import detector_accuracy, packaged_scene
from toonvision.metrics.found_objects import FoundObjects
from toonvision.taxonomy.loader import built_in


def find_packaged(
    name: str,
    pictures: Paths,
    *,
    save: Path | str | None = None,
    voc: Path | str | None = None,
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
    folders = {flag: None if one is None else Path(one) for flag, one in (("save", save), ("voc", voc))}
    require_paths(paths, folders["save"])
    if folders["voc"] is not None:
        require_empty(folders["voc"], "--voc")
    level = scene.detector.bundle.level
    with watcher.progress("predicting", "pictures") as progress:
        found, findings = scene.detector.predict_files(paths, progress=progress)
    result = named_result(found, findings, level, scene.namers, taxonomy)
    keep(taxonomy, watcher, result.value, save=folders["save"], voc=folders["voc"])
    accuracy = detector_accuracy(name)
    learned = f"These models learned from drawings alone. The detector {accuracy or 'was not measured'}."
    return replace(
        result, blocks=(*result.blocks, learned), data={**result.data, "accuracy": accuracy and accuracy.plain()}
    )
