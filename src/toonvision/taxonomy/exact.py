"""What the classes at several levels say of an object together: one label, or the class of several."""

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
    matching = labels_with(levels, taxonomy)
    return matching[0] if len(matching) == 1 else list(levels.values())[-1]


def labels_with(levels: Mapping[str, str], taxonomy: Taxonomy) -> list[str]:
    """Return the labels that have these classes, by level, in their order."""
    found = list(taxonomy.by_name)
    for level, name in levels.items():
        own = taxonomy.classes_at(level)
        found = [label for label in found if own.get(label) == name]
    return found


def likely_labels(said: Mapping[str, Mapping[str, float]], taxonomy: Taxonomy) -> dict[str, float]:
    """Return the probability of each label by all levels together, the likeliest first; equal ones in their order.

    A label for which a level has no class is as likely after that level spoke as before.

    Args:
        said: Level to probability of each class there, 0 to 1; a class that is left out has none.
        taxonomy: What the labels mean.
    """
    weights = {label.name: 1.0 for label in taxonomy.labels}
    for level, shares in said.items():
        for label, name in taxonomy.classes_at(level).items():
            weights[label] *= len(shares) * shares.get(name, 0.0)
    total = sum(weights.values()) or 1.0
    return {name: weights[name] / total for name in sorted(weights, key=lambda name: -weights[name])}
