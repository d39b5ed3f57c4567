"""Claim: maps of all 4 classes for 197 pictures take at most twice the time of predicting them.

Random uint8 pictures of 600 x 200 pixels and fresh weights, as time depends on neither. Run: python benchmarks/maps.py
"""

import numpy as np
from measure import alternate, medians, write_result

from toonvision.core.seeds import generator
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network

_PICTURES, _CLASSES, _REPETITIONS = 197, 4, 5


def main() -> None:
    """Measure and print."""
    start_keras()

    from toonvision.explain.cam import class_maps
    from toonvision.tasks.classify import predict_probabilities

    pictures = generator(0, "benchmark").integers(0, 256, (_PICTURES, 600, 200, 3), dtype=np.uint8)
    result = {}
    for name in ("baseline", "tuned", "binary"):
        model = build_network(name, size_hw=(600, 200), classes=_CLASSES)
        alternatives = {
            "predict": lambda model=model: predict_probabilities(model, pictures),
            "exact maps": lambda model=model: class_maps(model, pictures),
            "Grad-CAM": lambda model=model: class_maps(model, pictures, method="gradcam"),
        }
        alternate(alternatives, repetitions=1)  # graphs are traced
        seconds = medians(alternate(alternatives, repetitions=_REPETITIONS))
        ratios = {key: value / seconds["predict"] for key, value in seconds.items()}
        for key, ratio in ratios.items():
            print(f"{name:<9} {key:<11} {_PICTURES / seconds[key]:6.0f} pictures/s  {ratio:.2f} x predicting")
        result[name] = {key: round(ratio, 3) for key, ratio in ratios.items()}
    write_result("maps", {"pictures": _PICTURES, "classes": _CLASSES, "times_of_predicting": result})


if __name__ == "__main__":
    main()
