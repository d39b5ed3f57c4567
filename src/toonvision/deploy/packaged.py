"""Models that come with the package: for a taxonomy a folder with one export for each of some levels.

They learned from drawings alone (docs/make_weights.py), and were measured on real pictures, which are not part of this
project (benchmarks/packaged.py).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.core.wording import listed
from toonvision.metrics.intervals import Proportion

if TYPE_CHECKING:
    from toonvision.deploy.classifier import Classifier

WEIGHTS = Path(__file__).with_name("weights")
MEASURED = "measured.json"


def packaged_names() -> tuple[str, ...]:
    """Return the names of the taxonomies that models come with the package for."""
    return tuple(sorted(path.name for path in WEIGHTS.iterdir() if path.is_dir()))


def packaged_models(name: str) -> "dict[str, Classifier]":
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
    from toonvision.deploy.classifier import Classifier

    known = packaged_names()
    if name not in known:
        raise UsageError(f"models come with the package for {', '.join(known)}; got {name!r}.")
    opened = [Classifier(path) for path in sorted((WEIGHTS / name).glob("*.onnx"))]
    return {one.bundle.level: one for one in sorted(opened, key=lambda one: len(one.classes))}


def packaged_accuracy(name: str) -> dict[str, Proportion]:
    """Return how many crops of real screenshots each model of a taxonomy predicts right, by its level.

    It is empty where the models were made again and not measured since.
    """
    path = WEIGHTS / name / MEASURED
    measured = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {level: Proportion(one["right"], one["crops"]) for level, one in measured.items()}


def accuracy_text(name: str) -> str:
    """Return the same as the end of a sentence."""
    known = [f"{level} {share} of {share.total:,}" for level, share in packaged_accuracy(name).items()]
    return f"right on crops of real screenshots: {listed(known) or 'not measured'}"
