"""Claim: the models that come with the package are right on real pictures as often as `predict --with` says.

Run: python benchmarks/packaged.py REAL

REAL is a folder of annotated screenshots with ToonTown's labels, which is only read. Counts right answers on its crops,
and which of the right ones, of background and of whole screenshots are said to be none of the classes, what the
detector finds in the screenshots, and how what it finds is proposed to a person, with the classifiers that only propose
and without them. The counts of right answers and of objects found are written into the package, beside the models.
Takes three minutes for 430 screenshots.
"""

import argparse
import hashlib
import json
import math
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
from toonvision.data.boxes import fit_object
from toonvision.data.catalog import Crop
from toonvision.data.formats import layout
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.packaged import DETECTOR, MEASURED, WEIGHTS, packaged_files, packaged_models, proposing_files
from toonvision.deploy.scene import Scene
from toonvision.label.naming import proposal_of
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.metrics.detection import EVERY_HEIGHT, HALF, Precision, match
from toonvision.metrics.found_objects import in_pictures
from toonvision.metrics.predictions import Verdict
from toonvision.tasks import detect
from toonvision.tasks.detect_targets import factors_of, objects_in
from toonvision.taxonomy.loader import built_in

NAME = "toontown"
LEAST_HEIGHT = 60
"""Pixels of an object in a screenshot of 1280 x 720 by which a person recognises it."""


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print, and write the results."""
    options = parser().parse_args(given)
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        workspace = create(Path(name) / "real", source=options.real, taxonomy=NAME)
        workspace.extract()
        crops = workspace.files.known_crops()
        files = {**packaged_files(NAME), **proposing_files(NAME)}
        found = {level: measured(workspace, crops, level, Classifier(path)) for level, path in files.items()}
        finding = objects_found(workspace, Detector(WEIGHTS / NAME / DETECTOR))
    proposing = {level: Classifier(path) for level, path in proposing_files(NAME).items()}
    naming = {}
    for levels in ((), *((level,) for level in proposing), tuple(proposing)):
        counts = proposed(options.real, *(proposing[level] for level in levels))
        naming[f"proposed with {' and '.join(levels) or 'none of these'}"] = counts
    for level, one in {**found, "detector": finding, **naming}.items():
        print(f"{level}: {one}")
    counted = {
        level: {
            **{name: one[name] for name in ("right", "first_three", "crops")},
            "sha256": digest(files[level]),
        }
        for level, one in found.items()
    }
    names = ("found", "objects", "least_height", "false_alarms", "screenshots")
    path = WEIGHTS / NAME / DETECTOR
    counted[path.stem] = {**{name: finding[name] for name in names}, "sha256": digest(path)}
    write_text(WEIGHTS / NAME / MEASURED, json.dumps(counted, indent=2) + "\n")
    write_result("packaged", {**found, "detector": finding, **naming})


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
        "first_three": sum(name in first(verdicts[crop]) for crop, name in targets.items()),
        "crops": len(targets),
        "confused": {f"{true} for {said}": count for (true, said), count in sorted(confused.items())},
        "right and rejected": sum(verdicts[crop].none_of_these for crop in right),
        "background rejected": beside,
        "screenshots rejected": whole,
    }


def objects_found(workspace: Workspace, detector: Detector) -> dict[str, Any]:
    """Count the objects that the detector finds at the confidence from which on a box counts, and false alarms."""
    files, size_hw = workspace.files, detector.bundle.size_hw
    task = files.taxonomy.task("detect")
    frames = detect.items(files.known(), files, task)
    data = detect.dataset_of(files, task, frames, size_hw=size_hw)
    found = detector.find_batch(data.images)
    predictions = in_pictures(found, [one.shot.size_wh for one in frames], size_hw)
    truth = objects_in(data.targets, factors_of(frames, size_hw))
    places = [(at, detector.classes.index(name)) for at, name in enumerate(data.classes)]

    def counts(heights: tuple[float, float]) -> list[Any]:
        return [
            match(truth, predictions, label=at, thresholds=HALF, heights=heights).at(detector.thresholds[own])
            for at, own in places
        ]

    every, large = counts(EVERY_HEIGHT), counts((LEAST_HEIGHT, math.inf))
    precision = Precision.mean(
        [Precision.of(match(truth, predictions, label=at).average_precisions) for at, _ in places]
    )
    return {
        "found": sum(one.found for one in large),
        "objects": sum(one.total for one in large),
        "least_height": LEAST_HEIGHT,
        "false_alarms": sum(one.false_alarms for one in every),
        "screenshots": len(frames),
        "of any height": {name: [one.found, one.total] for name, one in zip(data.classes, every, strict=True)},
        "of that height": {name: [one.found, one.total] for name, one in zip(data.classes, large, strict=True)},
        "ap": precision.ap,
        "ap50": precision.ap50,
        "thresholds": list(detector.thresholds),
    }


def first(verdict: Verdict, count: int = 3) -> set[str]:
    """Return the likeliest classes."""
    return {verdict.classes[at] for at in np.argsort(-verdict.probabilities)[:count]}


def proposed(real: Path, *proposing: Classifier) -> dict[str, int]:
    """Count what is proposed for the objects that the detector finds, by its suits and by other classifiers."""
    suits, taxonomy = packaged_models(NAME)["suit"], built_in(NAME)
    scene = Scene(WEIGHTS / NAME / DETECTOR, suits, *proposing)
    counts: Counter[str] = Counter()
    for picture in layout.read("voc", real).pictures:
        assert picture.size_wh is not None
        left = [(one.label, fit_object(one, picture.size_wh)[0]) for one in picture.objects]
        for thing in scene.predict(Image.open(picture.path)):
            one = proposal_of(thing, picture.size_wh, "", scene.detector.classes, taxonomy)
            near = max(left, key=lambda true: true[1].overlap(one.box), default=None)
            if near is None or near[1].overlap(one.box) < SAME_OBJECT:
                continue
            left.remove(near)
            suit, animal = (taxonomy.class_of(near[0], level) for level in ("suit", "animal"))
            counts["objects"] += 1
            counts["toons"] += animal is not None
            counts["toons, right label"] += animal is not None and near[0] == one.label
            counts["cogs"] += suit is not None
            counts["right suit"] += suit is not None and suit in (one.label, taxonomy.class_of(one.label, "suit"))
            counts["right label"] += near[0] == one.label
            counts["right label, or one of three keys"] += near[0] in (one.label, *one.others[:3])
            counts["models disagree"] += bool(one.doubts)
            counts["models disagree, wrong label"] += bool(one.doubts) and near[0] != one.label
    return dict(counts)


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
