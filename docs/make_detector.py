"""Export the detector that comes with the package: the weights that trainings begin with are a whole one.

Run: python docs/make_detector.py [SEED]

Draws 152 screenshots into a temporary folder, which docs/make_starts.py did not train on, chooses on them the
confidence from which on a box counts, and writes an export that finds the same objects in them; a minute on one core.
The same seed writes the same bytes on the same machine. Afterwards, benchmarks/packaged.py measures it on real
screenshots, and docs/make_commands.py writes the result into docs/commands.md.
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
from toonvision.deploy.box_parity import detector_file
from toonvision.deploy.conversion import described
from toonvision.deploy.export import describe
from toonvision.deploy.packaged import DETECTOR, MEASURED, WEIGHTS
from toonvision.models.saving import ModelCard
from toonvision.models.starting import begin_with, start_file
from toonvision.tasks import detect
from toonvision.tasks.base import build, network_outputs

NETWORK = "detector"
SCALE = 0.3
SIZE_HW = (384, 864)
"""Holds screenshots of 1280 x 720 and 1720 x 720 at half their size, and of 1920 x 1080 at a third."""


def main(seed: int = 20, folder: Path = WEIGHTS) -> None:
    """Draw, choose the thresholds, and export."""
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        draw_into(Path(name), SampleOrder(seed, SCALE, varied=True))
        workspace = open_workspace(name)
        workspace.extract()
        files = workspace.files
        taxonomy, task = files.taxonomy, files.taxonomy.task("detect")
        with files.reading() as catalog:
            frames = detect.items(catalog.known(), files, task)
        data = detect.dataset_of(files, task, frames, size_hw=SIZE_HW)
        model = build(NETWORK, data)
        begin_with(taxonomy.name, model, NETWORK, data.classes)
        found = detect.decode(network_outputs(model, data.images))
        thresholds = detect.thresholds(found, data, np.arange(len(frames)))
        print(f"Counts from {dict(zip(data.classes, thresholds or (), strict=True))} on {len(frames)} screenshots")
        card = ModelCard(
            NETWORK, task.name, task.level, data.classes, SIZE_HW, "shrink", taxonomy.digest, seed,
            model.count_params(), {}, kind=task.kind, thresholds=thresholds,
        )  # fmt: skip
        weights = start_file(taxonomy.name, NETWORK, len(data.classes)).read_bytes()
        bundle = describe(files, card, weights=hashlib.sha256(weights).hexdigest())
        content, parity, _ = detector_file(files, model, bundle)
        path = folder / taxonomy.name / DETECTOR
        write_bytes(path, described(content, replace(bundle, parity=parity).to_metadata()))
        path.with_name(MEASURED).unlink(missing_ok=True)
        print(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
