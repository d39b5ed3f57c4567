"""Claim: on one thread, a frame of 1280 x 720 is shrunk, searched and named in at most 8 ms, four crops included.

Run: python benchmarks/frame.py DETECTOR.onnx CLASSIFIER.onnx SCREENSHOTS

The frames are screenshots, decoded before. The detector's time is that of shrinking, of its network, and of the boxes;
naming is that of the four most confident boxes of a frame, cut from it in its full size. Where a frame has fewer boxes,
one in its middle is named instead. All parts are timed in turn, frame by frame.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from measure import alternate, arguments, medians, write_result
from PIL import Image

from toonvision.data.fitting import fit
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import named, namer_of_export
from toonvision.metrics.found_objects import FoundObject

CROPS = 4
LIMIT_MS = 8.0


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    detector, classifier = Detector(options.detector, threads=1), Classifier(options.classifier, threads=1)
    bundle, namer = detector.bundle, namer_of_export(classifier)
    paths = sorted(path for path in options.screenshots.rglob("*") if path.suffix in (".png", ".jpg"))
    frames = [Image.open(path).convert("RGB") for path in paths[: options.frames]]
    parts: dict[str, list[float]] = {"shrink": [], "network": [], "find": [], "name": []}
    for frame in frames:
        shrunk = fit(frame, size_hw=bundle.size_hw, resize=bundle.resize)[None]
        boxes = boxes_of(detector.predict(frame), frame.size)
        timed: dict[str, Callable[[], object]] = {
            "shrink": partial(fit, frame, size_hw=bundle.size_hw, resize=bundle.resize),
            "network": partial(detector.run_batch, shrunk),
            "find": partial(detector.predict, frame),
            "name": partial(named, frame, boxes, bundle.level, [namer]),
        }
        for part, seconds in medians(alternate(timed, repetitions=options.repetitions)).items():
            parts[part].append(1000 * seconds)
    found = {part: float(np.median(values)) for part, values in parts.items()}
    whole = found["find"] + found["name"]
    print(", ".join(f"{part} {value:.2f} ms" for part, value in found.items()))
    print(f"a frame with {CROPS} crops: {whole:.2f} ms; the claim is at most {LIMIT_MS:g} ms")
    write_result("frame", {"median_ms": found, "frame_ms": whole, "limit_ms": LIMIT_MS, "frames": len(frames)})


def boxes_of(found: Sequence[FoundObject], size_wh: tuple[int, int]) -> list[FoundObject]:
    """Return as many boxes as are named: the most confident ones, or one in the middle."""
    width, height = size_wh
    middle = FoundObject("cog", 1.0, (0.4 * width, 0.2 * height, 0.6 * width, 0.8 * height))
    return [*found[:CROPS], *[middle] * (CROPS - len(found[:CROPS]))]


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__)
    found.add_argument("detector", metavar="DETECTOR.onnx", type=Path, help="an exported detector")
    found.add_argument("classifier", metavar="CLASSIFIER.onnx", type=Path, help="an exported classifier")
    found.add_argument("screenshots", metavar="SCREENSHOTS", type=Path, help="a folder of screenshots")
    found.add_argument("--frames", type=int, default=30, help="how many of them (default: 30)")
    found.add_argument("--repetitions", type=int, default=9, help="timings of each frame (default: 9)")
    return found


if __name__ == "__main__":
    main()
