"""Claim: maps of all 4 classes for 197 images take at most twice the time of predicting them.

Run: python benchmarks/maps.py

Random uint8 images of 600 x 200 pixels and fresh weights, as time depends on neither.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from measure import alternate, arguments, medians, write_result

from toonvision.core.seeds import generator
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network

_IMAGES, _CLASSES, _REPETITIONS = 197, 4, 5


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    parser().parse_args(given)
    start_keras()

    from toonvision.explain.cam import class_maps
    from toonvision.tasks.classify import predict_probabilities

    images = generator(0, "benchmark").integers(0, 256, (_IMAGES, 600, 200, 3), dtype=np.uint8)
    result = {}
    for name in ("baseline", "tuned", "binary"):
        model = build_network(name, size_hw=(600, 200), classes=_CLASSES)
        alternatives = {
            "predict": lambda model=model: predict_probabilities(model, images),
            "exact maps": lambda model=model: class_maps(model, images),
            "Grad-CAM": lambda model=model: class_maps(model, images, method="gradcam"),
        }
        alternate(alternatives, repetitions=1)  # graphs are traced
        seconds = medians(alternate(alternatives, repetitions=_REPETITIONS))
        ratios = {key: value / seconds["predict"] for key, value in seconds.items()}
        for key, ratio in ratios.items():
            print(f"{name:<9} {key:<11} {_IMAGES / seconds[key]:6.0f} images/s  {ratio:.2f} x predicting")
        result[name] = {key: round(ratio, 3) for key, ratio in ratios.items()}
    write_result("maps", {"images": _IMAGES, "classes": _CLASSES, "times_of_predicting": result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__)


if __name__ == "__main__":
    main()
