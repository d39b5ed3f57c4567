"""Export the models that come with the package and are whole starts: a detector, classifiers of labels and animals.

Run: python docs/make_exports.py [SEED]

The weights that trainings begin with (docs/make_starts.py) are those of whole models. Draws 152 screenshots into a
temporary folder, which these did not learn from, and exports the detector, with the confidences from which on a box
counts in them, and the classifiers that propose before anything is trained, with the temperatures that fit their crops;
each file answers as its model does. Takes less than a minute of a core. The same seed writes the same bytes on the same
machine. Afterwards, benchmarks/packaged.py measures them on real screenshots, and docs/make_commands.py writes the
result into docs/commands.md.
"""

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from toonvision.api.workspace import open_workspace
from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.core.files import write_bytes
from toonvision.data.workspace import Workspace
from toonvision.deploy.box_parity import detector_file
from toonvision.deploy.bundle import Bundle
from toonvision.deploy.conversion import described
from toonvision.deploy.export import describe
from toonvision.deploy.packaged import DETECTOR, MEASURED, PROPOSING, WEIGHTS
from toonvision.deploy.parity import classifier_file
from toonvision.models.saving import ModelCard
from toonvision.models.starting import begin_with, start_file
from toonvision.tasks import classify, detect
from toonvision.tasks.networks import build, network_outputs
from toonvision.training.recipes import settings_for

SCALE = 0.3
TASKS = ("label", "animal")
"""What classifiers propose."""
SIZE_HW = (384, 864)
"""Holds screenshots of 1280 x 720 and 1720 x 720 at half their size, and of 1920 x 1080 at a third."""


def main(seed: int = 20, *, folder: Path = WEIGHTS) -> None:
    """Draw, fit, and export."""
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        draw_into(Path(name), SampleOrder(seed, SCALE, varied=True))
        workspace = open_workspace(name)
        workspace.extract()
        files = workspace.files
        own = folder / files.taxonomy.name
        made = {DETECTOR: exported_detector(files, seed)}
        for name in TASKS:
            made[f"{PROPOSING}/{files.taxonomy.task(name).level}.onnx"] = exported_classifier(files, name, seed)
        for file, content in made.items():
            write_bytes(own / file, content)
            print(f"Wrote {own / file} ({len(content) / 1000:.0f} kB)")
        (own / MEASURED).unlink(missing_ok=True)


def exported_detector(files: Workspace, seed: int) -> bytes:
    """Return the detector as a file, with thresholds chosen on all screenshots."""
    task = files.taxonomy.task("detect")
    frames = detect.items(files.known(), files, task)
    data = detect.dataset_of(files, task, frames, size_hw=SIZE_HW)
    model = build("detector", data)
    begin_with(files.taxonomy.name, model, "detector", data.classes)
    found = detect.decode(network_outputs(model, data.images))
    thresholds = detect.thresholds(found, data, np.arange(len(frames)))
    print(f"Counts from {dict(zip(data.classes, thresholds or (), strict=True))} on {len(frames)} screenshots")
    card = ModelCard(
        "detector", task.name, task.level, data.classes, SIZE_HW, "shrink", files.taxonomy.digest, seed,
        model.count_params(), {}, kind=task.kind, thresholds=thresholds,
    )  # fmt: skip
    bundle = bundle_of(files, card)
    content, parity, *_ = detector_file(files, model, bundle)
    return described(content, replace(bundle, parity=parity).to_metadata())


def exported_classifier(files: Workspace, name: str, seed: int) -> bytes:
    """Return the classifier of a task as a file, with the temperature that fits all crops."""
    task = files.taxonomy.task(name)
    classes = tuple(one.name for one in files.taxonomy.level(task.level).classes)
    settings = settings_for("compact", classes=len(classes))
    size_hw = classify.input_size(files, settings.network)
    known = files.known()
    drawn = classify.dataset_of(files, task, known, known.crops, size_hw=size_hw, resize=files.resize)
    targets = np.array([classes.index(drawn.classes[at]) for at in drawn.targets])
    data = replace(drawn, classes=classes, targets=targets)  # not every label is drawn
    learner = classify.learner(settings, data)
    begin_with(files.taxonomy.name, learner.model, settings.network, classes)
    model = learner.finish()
    found = classify.decode(network_outputs(model, data.images))
    every = np.arange(len(data.images))
    temperature = classify.temperature(found, data, every)
    print(f"{np.mean(found.labels == data.targets):.1%} of {len(every)} crops right, temperature {temperature:.2f}")
    card = ModelCard(
        settings.network, task.name, task.level, classes, size_hw, files.resize, files.taxonomy.digest, seed,
        model.count_params(), {}, temperature=temperature,
    )  # fmt: skip
    bundle = bundle_of(files, card)
    content, parity, _ = classifier_file(files, model, bundle, score=None)
    return described(content, replace(bundle, parity=parity).to_metadata())


def bundle_of(files: Workspace, card: ModelCard) -> Bundle:
    """Return what is said of a model in its file: its weights are those of the start."""
    start = start_file(files.taxonomy.name, card.network, card.classes)
    return describe(files, card, weights=hashlib.sha256(start.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
