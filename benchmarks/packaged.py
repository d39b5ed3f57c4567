"""Claim: the models that come with the package are right on real pictures as often as `predict --with` says.

Run: python benchmarks/packaged.py REAL

REAL is a folder of annotated screenshots with ToonTown's labels, which is only read. Counts right answers on its crops,
and which of the right ones, of background and of whole screenshots are said to be none of the classes. The counts of
right answers are written into the package, beside the models. Takes two minutes for 430 screenshots.
"""

import argparse
import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, write_result
from PIL import Image

from toonvision.api.workspace import Workspace, create
from toonvision.core.files import write_text
from toonvision.data.background import background
from toonvision.data.catalog import Crop
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.packaged import MEASURED, WEIGHTS, packaged_models

NAME = "toontown"


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, and write the results."""
    options = parser().parse_args(given)
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        workspace = create(Path(name) / "real", source=options.real, taxonomy=NAME)
        workspace.extract()
        with workspace.files.reading() as catalog:
            crops = catalog.crops()
        found = {level: measured(workspace, crops, level, model) for level, model in packaged_models(NAME).items()}
    for level, one in found.items():
        print(f"{level}: {one}")
    counted = {
        level: {"right": one["right"], "crops": one["crops"], "sha256": digest(WEIGHTS / NAME / f"{level}.onnx")}
        for level, one in found.items()
    }
    write_text(WEIGHTS / NAME / MEASURED, json.dumps(counted, indent=2) + "\n")
    write_result("packaged", found)


def measured(workspace: Workspace, crops: Sequence[Crop], level: str, model: Classifier) -> dict[str, Any]:
    """Count right answers on the crops that have a class at a level, and what the model rejects."""
    taxonomy, folder = workspace.files.taxonomy, workspace.files.crops
    targets = {crop: name for crop in crops if (name := taxonomy.class_of(crop.label, level))}
    verdicts = {crop: model.predict(Image.open(folder / crop.file)) for crop in targets}
    right = [crop for crop, name in targets.items() if verdicts[crop].predicted == name]
    confused = Counter((targets[crop], verdicts[crop].predicted) for crop in targets.keys() - set(right))
    pairs = list(background(workspace.files, crops, size_hw=model.bundle.size_hw, resize=model.bundle.resize))
    beside, whole = (rejected(model, np.concatenate(pictures)) for pictures in zip(*pairs, strict=True))
    return {
        "right": len(right),
        "crops": len(targets),
        "confused": {f"{true} for {said}": count for (true, said), count in sorted(confused.items())},
        "right and rejected": sum(verdicts[crop].none_of_these for crop in right),
        "background rejected": beside,
        "screenshots rejected": whole,
    }


def rejected(model: Classifier, pictures: Any) -> list[int]:
    """Return how many pictures are none of the classes, and how many there are."""
    scores = model.answer_batch(pictures).novelty
    return [int((scores > 0).sum()) if scores is not None else 0, len(pictures)]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = arguments(__doc__)
    made.add_argument("real", metavar="REAL", type=Path, help="annotated screenshots with ToonTown's labels")
    return made


if __name__ == "__main__":
    main()
