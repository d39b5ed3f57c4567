"""Small, explained vision models made from your own screenshots.

From pictures to a model that is evaluated, explained and exported:

    ws = toonvision.create("my-game", source="annotated")
    ws.extract(); ws.split(seed=0)
    run = ws.train("suit", repeat=5)
    run.evaluate(); run.explain(); run.report()
    ws.suspects("suit"); ws.tune("suit", max_params=6000)
    run.export().predict("new/")

Before anything is annotated, models that come with the package predict pictures of ToonTown:

    toonvision.predict_with("toontown", "new/")

A program that plays the game sees what is on the screen:

    for frame in toonvision.watch("window:Toontown"):
        print([(track.number, track.evidence.label, track.box) for track in frame.tracks])

Each step returns a result that `print` shows briefly and a notebook as tables and figures; `result.value` holds the
numbers. `toonvision.open` opens a workspace that is there already. All steps are methods of `Workspace` and `Run`, and
the commands of the command line call the same ones.

Names are imported when they are first used, so that importing the package costs nothing. The figures have a namespace
of their own: `from toonvision import figures`.
"""

from typing import TYPE_CHECKING

from toonvision.core.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from toonvision.api.packaged import predict_with
    from toonvision.api.result import Result
    from toonvision.api.run import Run
    from toonvision.api.workspace import Workspace, create
    from toonvision.api.workspace import open_workspace as open  # noqa: A004 - `toonvision.open` reads best
    from toonvision.core.errors import ToonVisionError
    from toonvision.deploy.classifier import Classifier
    from toonvision.deploy.detector import Detector
    from toonvision.deploy.packaged import packaged_models, packaged_scene
    from toonvision.deploy.scene import Scene
    from toonvision.deploy.segmenter import Segmenter
    from toonvision.explain.activations import layer_activations
    from toonvision.explain.cam import class_maps
    from toonvision.explain.filters import first_filters
    from toonvision.explain.trust import trust_curves
    from toonvision.metrics.calibration import fit_temperature, reliability, with_temperature
    from toonvision.models.registry import build_network
    from toonvision.models.saving import load_model
    from toonvision.tasks.settings import Augmentation, TrainingSettings
    from toonvision.training.recipes import settings_for
    from toonvision.watch.bot import watch

__all__ = [
    "Augmentation",
    "Classifier",
    "Detector",
    "Result",
    "Run",
    "Scene",
    "Segmenter",
    "ToonVisionError",
    "TrainingSettings",
    "Workspace",
    "build_network",
    "class_maps",
    "create",
    "first_filters",
    "fit_temperature",
    "layer_activations",
    "load_model",
    "open",
    "packaged_models",
    "packaged_scene",
    "predict_with",
    "reliability",
    "settings_for",
    "trust_curves",
    "watch",
    "with_temperature",
]

__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "Augmentation": "tasks.settings",
        "Classifier": "deploy.classifier",
        "Detector": "deploy.detector",
        "Result": "api.result",
        "Run": "api.run",
        "Scene": "deploy.scene",
        "Segmenter": "deploy.segmenter",
        "ToonVisionError": "core.errors",
        "TrainingSettings": "tasks.settings",
        "Workspace": "api.workspace",
        "build_network": "models.registry",
        "class_maps": "explain.cam",
        "create": "api.workspace",
        "first_filters": "explain.filters",
        "fit_temperature": "metrics.calibration",
        "layer_activations": "explain.activations",
        "load_model": "models.saving",
        "open": "api.workspace:open_workspace",
        "packaged_models": "deploy.packaged",
        "packaged_scene": "deploy.packaged",
        "predict_with": "api.packaged",
        "reliability": "metrics.calibration",
        "settings_for": "training.recipes",
        "trust_curves": "explain.trust",
        "watch": "watch.bot",
        "with_temperature": "metrics.calibration",
    },
)
