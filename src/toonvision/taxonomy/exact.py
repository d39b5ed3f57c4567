"""What the classes at several levels say of an object together: one label, or the class of several."""

import math
from collections.abc import Mapping

from toonvision.taxonomy.labels import LABEL_LEVEL, Taxonomy


def exact_label(levels: Mapping[str, str], taxonomy: Taxonomy) -> str:
    """Return the only label that has these classes; where there are several or none, the class of the finest level.

    Args:
        levels: The class at each level, the coarsest first.
        taxonomy: What the labels mean.
    """
    if LABEL_LEVEL in levels:
        return levels[LABEL_LEVEL]
    matching = [
        label.name
        for label in taxonomy.labels
        if all(taxonomy.class_of(label.name, level) == name for level, name in levels.items())
    ]
    return matching[0] if len(matching) == 1 else list(levels.values())[-1]


def likely_labels(said: Mapping[str, Mapping[str, float]], taxonomy: Taxonomy) -> dict[str, float]:
    """Return the probability of each label by all levels together, the likeliest first; equal ones in their order.

    A label for which a level has no class is as likely after that level spoke as before.

    Args:
        said: Level to probability of each class there, 0 to 1; a class that is left out has none.
        taxonomy: What the labels mean.
    """
    weights = {}
    for label in taxonomy.labels:
        own = {level: taxonomy.class_of(label.name, level) for level in said}
        news = [len(said[level]) * said[level].get(name, 0.0) for level, name in own.items() if name is not None]
        weights[label.name] = math.prod(news)
    total = sum(weights.values()) or 1.0
    return {name: weights[name] / total for name in sorted(weights, key=lambda name: -weights[name])}
