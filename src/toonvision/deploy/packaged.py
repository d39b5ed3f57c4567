"""Models that come with the package: for a taxonomy a folder with one export for each of some levels.

They learned from drawings alone (docs/make_weights.py), and were measured on real pictures, which are not part of this
project (benchmarks/packaged.py).
"""

import json
from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.deploy.classifier import Classifier
from toonvision.metrics.intervals import Proportion

WEIGHTS = Path(__file__).with_name("weights")
MEASURED = "measured.json"


def packaged_names() -> tuple[str, ...]:
    """Return the names of the taxonomies that models come with the package for."""
    return tuple(sorted(path.name for path in WEIGHTS.iterdir() if path.is_dir()))


def packaged_models(name: str) -> dict[str, Classifier]:
    """Open the models that come with the package for a taxonomy; a plain installation is enough for them.

    Args:
        name: The taxonomy, for example ``toontown``.

    Returns:
        A classifier by the level that it answers at, from the fewest classes to the most.

    Raises:
        UsageError: If there are none of that name.

    Examples:
        >>> packaged_models("toontown")["suit"].classes
        ('bb', 'lb', 'cb', 'sb')
    """
    known = packaged_names()
    if name not in known:
        raise UsageError(f"models come with the package for {', '.join(known)}; got {name!r}.")
    opened = [Classifier(path) for path in sorted((WEIGHTS / name).glob("*.onnx"))]
    return {one.bundle.level: one for one in sorted(opened, key=lambda one: len(one.classes))}


def packaged_accuracy(name: str) -> dict[str, Proportion]:
    """Return how many crops of real screenshots each of the models of a taxonomy predicts right, by its level."""
    measured = json.loads((WEIGHTS / name / MEASURED).read_text(encoding="utf-8"))
    return {level: Proportion(one["right"], one["crops"]) for level, one in measured.items()}
