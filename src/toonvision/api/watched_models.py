"""The models of a watch, as a person names them: those of the package, or exported runs."""

from collections.abc import Sequence
from pathlib import Path

from toonvision.api.base import Opened, StoredRun
from toonvision.core.errors import UsageError
from toonvision.core.wording import listed
from toonvision.deploy.detector import Detector
from toonvision.deploy.packaged import packaged_names
from toonvision.deploy.segmenter import Segmenter
from toonvision.taxonomy.labels import DETECT, SEGMENT
from toonvision.watch.models import WatchModels


def models_of(
    ws: Opened | None,
    *,
    with_: str | None,
    detector: StoredRun | None,
    classifiers: Sequence[StoredRun],
    street: StoredRun | None = None,
) -> tuple[WatchModels, str]:
    """Return the models that are asked for, and what people call them.

    Args:
        ws: The workspace, where there is one.
        with_: Models that come with the package, by the name of their taxonomy.
        detector: A run that finds, which is exported.
        classifiers: Runs that name, each exported, and each at another level.
        street: A run that names pixels, exported, to say where one can walk; one that finds too is also the detector,
            unless another one is given.

    Raises:
        UsageError: If nothing finds, both kinds are asked for, a run has no export that can be used, or the one for
            the street names no ground.
        ModelRefusedError: If models have different taxonomies.
    """
    from toonvision.api.two_stage import require_kinds
    from toonvision.deploy.packaged import packaged_scene
    from toonvision.deploy.scene import Scene
    from toonvision.taxonomy.loader import built_in

    if street is not None and detector is None and with_ is None and street.record.kind == DETECT:
        detector = street
    if detector is not None:
        if with_ is not None:
            raise UsageError("--with and --detector both name what finds. Leave one out.")
        require_kinds(detector, classifiers)
        taxonomy = detector.workspace.files.taxonomy
        scene = Scene(_require_export(detector), *map(_require_export, classifiers))
        ways = _naming_pixels(street, scene.detector if street == detector else None)
        runs = dict.fromkeys(one.name for one in (detector, *classifiers, street) if one is not None)
        return WatchModels.of(scene, taxonomy, ways), listed([*runs])
    if classifiers:
        raise UsageError("a --classifier names what a --detector finds. Add --detector too.")
    own = ws.files.taxonomy if ws else None
    name = with_ or (own.name if own else packaged_names()[0])
    if with_ is None and name not in packaged_names():
        raise UsageError(f"no models come with the package for this workspace's labels. {_own_detector(ws)}.")
    title = f"the package's models for {name}" + (f" and {street.name}" if street else "")
    return WatchModels.of(packaged_scene(name), built_in(name), _naming_pixels(street)), title


def _own_detector(ws: Opened | None) -> str:
    """Return how a run of the workspace comes to find."""
    from toonvision.api.proposers import newest_by_level
    from toonvision.deploy.current import current_export
    from toonvision.models.saving import read_card

    run = newest_by_level(ws, DETECT).get("") if ws else None
    if ws is None or run is None:
        remedy = "Train and export a run that finds, then add --detector RUN"
    elif current_export(run.folder, read_card(run.folder))[0]:
        remedy = f"Add --detector {run.name}"
    else:
        remedy = f"Run: {ws.command('export', run.name)}, then add --detector {run.name}"
    return remedy


def _naming_pixels(run: StoredRun | None, opened: Detector | None = None) -> Segmenter | Detector | None:
    """Return the export of a run that names pixels, which may be opened already; None without a run.

    Raises:
        UsageError: If it names none, or has no export that can be used.
    """
    if run is None:
        return None
    if run.record.kind == SEGMENT:
        return Segmenter(_require_export(run))
    if run.record.kind == DETECT:
        model = opened or Detector(_require_export(run))
        if model.pixel_classes:
            return model
    raise UsageError(f"--street is a run that names pixels; {run.name} does not. Name another.")


def _require_export(run: StoredRun) -> Path:
    """Return the export of a run.

    Raises:
        UsageError: If there is none that can be used.
    """
    from toonvision.api.predicting import usable_export
    from toonvision.deploy.current import EXPORT

    if usable_export(run) is None:
        again = run.workspace.command("export", run.name)
        raise UsageError(f"{run.name} has no export, which watching needs. Run: {again}")
    return run.folder / EXPORT
