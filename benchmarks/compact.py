"""Claims: `compact` is right every time, and each part of its recipe earns its place.

Run: python benchmarks/compact.py FOLDER [VARIANT ...]

Trains variants of the recipe on the sample world in FOLDER/world (the published counts, seed 0), ten seeds each. All
variants together take hours on two cores; finished trainings are reused. A variant is the recipe with one thing
changed: its wrong test and validation crops show what that thing is worth. This recipe learns nothing from the
validation crops, so they count as test crops here, which doubles the sample.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, some_of, write_result
from sample_workspace import sample_workspace

from toonvision.core.runner import Report, available_cores, work_through
from toonvision.data.workspace import open_workspace
from toonvision.models.backend import start_keras, threads_for
from toonvision.models.registry import input_size
from toonvision.tasks.registry import load_dataset
from toonvision.training.recipes import changed, settings_for

_SEEDS = range(10)
_PUBLISHED_SCHEDULE = {"schedule": "constant", "learning_rate": 1e-3, "averaging": 0.0, "epochs": 100, "batch_size": 64}


@dataclass(frozen=True)
class Variant:
    """The recipe with one thing changed.

    Attributes:
        changes: Changed settings.
        network: Name of the function of this file that builds another network.
        size_hw: Another input size.
        task: Another task.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""
    size_hw: tuple[int, int] | None = None
    task: str = "suit"


VARIANTS = {
    "the recipe": Variant(),
    "no normalised copy": Variant(network="without_normalised_copy"),
    "one mean over the whole picture": Variant(network="with_one_mean"),
    "plain convolutions": Variant(network="with_plain_convolutions"),
    "published learning-rate schedule": Variant(_PUBLISHED_SCHEDULE),
    "last weights instead of averaged": Variant({"averaging": 0.0}),
    "label smoothing of 0.05": Variant({"label_smoothing": 0.05}),
    "no change of light and colour": Variant({"color": 0.0, "cast": 0.0, "surround": 0.0}),
    "no change of the light beside the figure": Variant({"surround": 0.0}),
    "no zoom and shift": Variant({"zoom": 0.0, "shift": 0.0}),
    "no flip": Variant({"flip": False}),
    "half the epochs": Variant({"epochs": 45}),
    "100 epochs": Variant({"epochs": 100}),
    "150 x 50": Variant(size_hw=(150, 50)),
    "32 entities": Variant(task="entity"),
    "kinds": Variant(task="binary"),
    "animals": Variant(task="animal"),
    "all labels": Variant(task="label"),
    "all levels at once": Variant({"network": "compact+2"}, task="label"),
}


@dataclass(frozen=True)
class Training:
    """One training: the workspace's folder, the variant's name, the seed."""

    root: Path
    name: str
    seed: int


def main(given: Sequence[str] | None = None) -> None:
    """Train the variants; print and write the results."""
    options = parser().parse_args(given)
    workspace = sample_workspace(options.folder / "world")
    path = options.folder / "compact.json"
    known: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = [Training(workspace.root, name, seed) for name in options.variants for seed in _SEEDS]
    missing = [one for one in wanted if f"{one.name}/{one.seed}" not in known]
    for message in work_through(_train, missing, processes=available_cores()):
        if message.done:
            one = missing[message.job]
            known[f"{one.name}/{one.seed}"] = message.content
            path.write_text(json.dumps(known, indent=2), encoding="utf-8")
            print(f"  {one.name}, seed {one.seed}: {message.content}", flush=True)
    result = {}
    for name in VARIANTS:
        trained = [known[key] for seed in _SEEDS if (key := f"{name}/{seed}") in known]
        if trained:
            result[name] = _summary(trained)
            print(f"{name:<40} {_line(result[name])}")
    write_result("compact", {"variants": result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    some_of(options, "variants", list(VARIANTS), metavar="VARIANT")
    return options


def _train(one: Training, _report: Report) -> dict[str, Any]:
    variant = VARIANTS[one.name]
    workspace = open_workspace(one.root)
    size_hw = variant.size_hw or input_size("compact", workspace.size_hw)
    start_keras(threads=threads_for(size_hw))
    import keras

    from toonvision.metrics.calibration import reliability
    from toonvision.metrics.classification import roll_up
    from toonvision.tasks.classify import predict_probabilities
    from toonvision.training.loop import Training, train_fresh

    data = load_dataset(workspace, workspace.taxonomy.task(variant.task), size_hw=size_hw)
    classes = len(data.classes)
    settings = changed(settings_for("compact", classes=classes), **variant.changes)
    train, val = data.indices["train"], data.indices["val"]
    built: Callable[..., Any] | None = globals().get(variant.network)
    started = time.monotonic()
    if built:
        keras.utils.set_random_seed(one.seed)
        model = built(size_hw, classes)
        Training(model, data, settings, train, val, one.seed).run()
    else:
        model, _ = train_fresh(data, train=train, val=val, settings=settings, seed=one.seed)
    seconds = time.monotonic() - started
    found: dict[str, Any] = {"parameters": model.count_params(), "seconds": round(seconds, 1)}
    for subset in ("val", "test"):
        indices = data.indices[subset]
        probabilities = predict_probabilities(model, np.asarray(data.images[indices]))
        y_true = data.targets[indices]
        found[subset] = int((probabilities.argmax(axis=1) != y_true).sum())
        found[f"{subset}_of"] = len(indices)
        found[f"{subset}_calibration_error"] = round(reliability(y_true, probabilities).error, 4)
        for above, parents in data.parents.items():
            rolled = roll_up(y_true, probabilities.argmax(axis=1), data.classes, parents, level=above)
            counts = found.setdefault("coarser", {}).setdefault(above, {"wrong": 0, "of": 0})
            counts["wrong"] += rolled.report.wrong
            counts["of"] += rolled.report.accuracy.total
    return found


def without_normalised_copy(size_hw: tuple[int, int], classes: int) -> Any:
    """Build `compact` without the copy whose colours are normalised."""
    return _built(size_hw, classes, copy=False)


def with_one_mean(size_hw: tuple[int, int], classes: int) -> Any:
    """Build `compact` with one mean over the whole picture instead of one for each third."""
    return _built(size_hw, classes, thirds=False)


def with_plain_convolutions(size_hw: tuple[int, int], classes: int) -> Any:
    """Build `compact` of plain convolutions, with about as many parameters."""
    return _built(size_hw, classes, filters=(8, 14, 16, 18), separable=False)


def _built(
    size_hw: tuple[int, int],
    classes: int,
    *,
    copy: bool = True,
    thirds: bool = True,
    separable: bool = True,
    filters: Sequence[int] = (16, 28, 36, 50),
) -> Any:
    from keras import layers

    from toonvision.models.blocks import BesideNormalized, network

    def normalised(x: Any) -> Any:
        return layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))

    def convolved(x: Any, count: int) -> Any:
        if not separable:
            return normalised(layers.Conv2D(count, 3, padding="same", use_bias=False)(x))
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        return normalised(layers.Conv2D(count, 1, use_bias=False)(x))

    def body(x: Any) -> Any:
        x = layers.Rescaling(1 / 127.5, offset=-1)(x)
        if copy:
            x = BesideNormalized()(x)
        x = normalised(layers.Conv2D(filters[0], 3, strides=2, padding="same", use_bias=False)(x))
        x = convolved(x, filters[1])
        x = convolved(layers.MaxPooling2D(2)(x), filters[2])
        x = convolved(layers.MaxPooling2D(2)(x), filters[3])
        height, width = x.shape[1:3]
        return layers.Flatten()(layers.AveragePooling2D((height // 3 if thirds else height, width))(x))

    return network("variant", size_hw, classes, body)


def _summary(trained: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    both = [(one["test"] + one["val"]) / (one["test_of"] + one["val_of"]) for one in trained]
    return {
        "parameters": trained[0]["parameters"],
        "wrong_of_test": [one["test"] for one in trained],
        "test": trained[0]["test_of"],
        "wrong_of_validation": [one["val"] for one in trained],
        "validation": trained[0]["val_of"],
        "mean_error_of_both": statistics.mean(both),
        "median_calibration_error": statistics.median(one["test_calibration_error"] for one in trained),
        "median_seconds": statistics.median(one["seconds"] for one in trained),
        "wrong_at_coarser_levels": {
            level: {"wrong": [one["coarser"][level]["wrong"] for one in trained], "of": counts["of"]}
            for level, counts in trained[0].get("coarser", {}).items()
        },
    }


def _line(summary: Mapping[str, Any]) -> str:
    wrong = summary["wrong_of_test"]
    above = "".join(
        f"; {level} {statistics.mean(found['wrong']):.1f} of {found['of']} wrong on average"
        for level, found in summary["wrong_at_coarser_levels"].items()
    )
    return (
        f"wrong of {summary['test']}: median {statistics.median(wrong):g}, worst {max(wrong)} ({len(wrong)} seeds); "
        f"error on test and validation {summary['mean_error_of_both']:.2%}; calibration error "
        f"{summary['median_calibration_error']:.3f}; {summary['parameters']:,} parameters; "
        f"{summary['median_seconds']:.0f} s{above}"
    )


if __name__ == "__main__":
    import compact  # other processes find what they run under this name

    compact.main()
