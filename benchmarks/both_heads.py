"""Claim: a file that finds objects and names pixels does both in at most 1.5 times the time of a detector alone.

Run: python benchmarks/both_heads.py

Fresh weights, two classes of objects and eight of pixels, 384 x 640 pixels, one thread of ONNX Runtime. The two
networks on their own and the file that has both take turns; what counts is processor time. Decoding is not timed.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
from measure import alternate, arguments, medians, write_result

from toonvision.core.seeds import generator
from toonvision.deploy.bundle import FORMAT, Bundle
from toonvision.deploy.checks import BOXES_NAME, PIXELS_NAME, SCORES_NAME
from toonvision.deploy.detector import Detector
from toonvision.deploy.segmenter import Segmenter
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network

_SIZE_HW, _OBJECTS = (384, 640), ("cog", "toon")
_PIXELS = ("sky", "building", "road", "ground", "obstacle", "prop", "cog", "toon")
LIMIT = 1.5


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    start_keras()
    picture = generator(0, "benchmark").integers(0, 256, (1, *_SIZE_HW, 3), dtype=np.uint8)
    alone, both = (Detector(exported(name), threads=1) for name in ("detector", "detector+pixels"))
    segmenter = Segmenter(exported("segmenter"), threads=1)
    alternatives = {
        "detector": lambda: alone.run_batch(picture),
        "segmenter": lambda: segmenter.run_batch(picture),
        "both": lambda: both.run_batch_with_pixels(picture),
    }
    alternate(alternatives, repetitions=5)
    seconds = medians(alternate(alternatives, repetitions=options.repetitions, clock=time.thread_time))
    ratios = {name: value / seconds["detector"] for name, value in seconds.items()}
    for name, value in seconds.items():
        print(f"{name:<9} median {1000 * value:6.2f} ms, {ratios[name]:.2f} times the detector alone")
    print(f"the claim is at most {LIMIT} times for boxes and pixels")
    write_result("both_heads", {"median_s": seconds, "ratio": ratios, "limit": LIMIT})


def exported(name: str) -> bytes:
    """Return the file of a network with fresh weights."""
    from toonvision.deploy.conversion import to_onnx
    from toonvision.models.detector import answering

    pixels = name == "segmenter"
    classes = _PIXELS if pixels else _OBJECTS
    bundle = Bundle(
        format=FORMAT,
        toonvision="0",
        network=name,
        task="pixels" if pixels else "detect",
        level="pixel" if pixels else "kind",
        classes=classes,
        titles=classes,
        taxonomy_name="toontown",
        taxonomy="0" * 16,
        size_hw=_SIZE_HW,
        resize="shrink",
        temperature=None,
        weights="0" * 64,
        precision="float32",
        parity=None,
        thresholds=None if pixels else (0.5, 0.5),
        pixels=_PIXELS if name == "detector+pixels" else None,
    )
    model = build_network(name, size_hw=_SIZE_HW, classes=len(classes), pixels=len(_PIXELS))
    if pixels:
        return to_onnx(model, bundle.to_metadata(), (PIXELS_NAME,), any_width=True)
    names = (SCORES_NAME, BOXES_NAME, *([PIXELS_NAME] if bundle.pixels else []))
    return to_onnx(answering(model), bundle.to_metadata(), names, any_width=True)


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__)
    found.add_argument("--repetitions", type=int, default=200, help="timings of each (default: 200)")
    return found


if __name__ == "__main__":
    main()
