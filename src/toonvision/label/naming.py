"""What models say of an object together, as it is proposed: a label, or a class that several labels have."""

from collections.abc import Mapping, Sequence

from toonvision.data.boxes import fit_box
from toonvision.deploy.scene import NamedObject
from toonvision.label.annotations import Proposal
from toonvision.taxonomy.exact import exact_label, labels_with, likely_labels
from toonvision.taxonomy.labels import LABEL_LEVEL, Taxonomy

_MOST_OTHERS = 12
"""Labels that are offered beside the likeliest; none where the models leave more that are all as likely."""


def proposal_of(
    one: NamedObject, size_wh: tuple[int, int], title: str, classes: Sequence[str], taxonomy: Taxonomy
) -> Proposal:
    """Return an object as it is proposed: with the likeliest label by all models, and what speaks against it.

    Where the models leave several labels that are all as likely, that is the class that these share. A model that says
    that the object is none of its classes does not count, and speaks against what is proposed.

    Args:
        one: What was found, and what classifiers say of it.
        size_wh: Width and height of the screenshot in pixels.
        title: What people call the models.
        classes: The detector's classes.
        taxonomy: What the labels mean.
    """
    detected, *_ = one.levels
    rest = (1 - one.score) / len(classes)
    found = {name: rest + (one.score if name == one.levels[detected] else 0.0) for name in classes}
    trusted = one.trusted
    shares = {level: own for level, own in one.shares.items() if level in trusted}
    likely = likely_labels({detected: found, **shares}, taxonomy)
    best, *_ = likely
    levels = {level: name for level in trusted if (name := taxonomy.class_of(best, level)) is not None}
    label = exact_label(levels, taxonomy)
    is_exact = label in taxonomy.by_name
    alike = [label] if is_exact else labels_with(levels, taxonomy)
    others = [other for other in likely if other != label][:_MOST_OTHERS] if len(alike) <= _MOST_OTHERS else ()
    box, _ = fit_box(one.box, size_wh)
    return Proposal(
        label,
        box,
        round(one.score * sum(likely[other] for other in alike), 6),
        title,
        LABEL_LEVEL if is_exact else list(levels)[-1],
        tuple(others),
        _doubts(one, levels, taxonomy),
        dict(one.levels),
        {level: round(float(share), 6) for level, share in one.confidences.items()},
    )


def _doubts(one: NamedObject, proposed: Mapping[str, str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return what each level's model says that contradicts the proposed classes."""
    doubts = []
    for level, name in one.levels.items():
        known = taxonomy.level(level)
        if level not in one.trusted:
            doubts.append(f"the {known.title.lower()} is unlike all that its model learned")
        elif proposed.get(level) != name:
            titles = {category.name: category.title for category in known.classes}
            doubts.append(f"the {known.title.lower()} would be {titles.get(name, name)}")
    return tuple(doubts)
