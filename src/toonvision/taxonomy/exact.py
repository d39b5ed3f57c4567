"""What the classes at several levels say of an object together: one label, or the finest class that all agree on."""

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


def agreeing(levels: Mapping[str, str], taxonomy: Taxonomy) -> dict[str, str]:
    """Return the first levels, the coarsest first, whose classes some label has together.

    Args:
        levels: The class at each level, the coarsest first.
        taxonomy: What the labels mean.
    """
    found: dict[str, str] = {}
    possible = [label.name for label in taxonomy.labels]
    for level, name in levels.items():
        possible = [label for label in possible if taxonomy.class_of(label, level) == name]
        if not possible:
            break
        found[level] = name
    return found
