"""Labels that the taxonomy does not know, and the ways out."""

from collections import Counter
from collections.abc import Iterable, Sequence

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.names import folded
from toonvision.data.label_rules import ignoring, joining
from toonvision.data.records import Crop
from toonvision.taxonomy.labels import Taxonomy, did_you_mean

_CODE = "unknown-label"


def unknown_label(label: str, taxonomy: Taxonomy) -> RejectedItemError:
    """Return what is wrong with an object whose label is not in a taxonomy, and the ways out.

    It may be a class of a level, as a model that knows no more writes it.
    """
    if level := taxonomy.level_with(label):
        reason = f"{label!r} is a class of the level {level.name}, and no label"
        return RejectedItemError(reason, "say which label each object has: toonvision label", code="class-of-level")
    reason = f"the taxonomy knows no label {label!r}.{did_you_mean(label, taxonomy.by_name)}"
    ways = f"add it to the taxonomy, or leave it out: {ignoring([label])}"
    if known := _differs_by_case(label, taxonomy.by_name):  # a taxonomy cannot have both
        ways = f"or {joining({known: [label]})}"
    return RejectedItemError(reason, f"correct it, {ways}", code=_CODE)


def unknown_labels(crops: Sequence[Crop], taxonomy: Taxonomy) -> list[Finding]:
    """Report the labels of crops that the taxonomy no longer knows."""
    counts = Counter(crop.label for crop in crops if crop.label not in taxonomy.by_name)
    findings = []
    for label, count in sorted(counts.items()):
        reason = f"is not in the taxonomy any more; its {count} crop{'s' * (count > 1)} count nowhere."
        reason += did_you_mean(label, taxonomy.by_name)
        known = _differs_by_case(label, taxonomy.by_name)
        way = joining({known: [label]}) if known else "add the label to the taxonomy"
        remedy = f"correct the annotations or {way}, then run toonvision extract"
        findings.append(Finding(f"label {label!r}", reason, remedy, _CODE, objects=count))
    return findings


def _differs_by_case(label: str, known: Iterable[str]) -> str | None:
    """Return the known label that differs from a label by case or Unicode form alone, if there is one."""
    return next((one for one in known if folded(one) == folded(label)), None)
