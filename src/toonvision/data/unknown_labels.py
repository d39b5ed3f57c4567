"""Labels that the taxonomy does not know, and the ways out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.grouping import grouped
from toonvision.core.names import folded
from toonvision.data.label_rules import LabelRules, ignoring, joining
from toonvision.data.records import Crop
from toonvision.taxonomy.labels import Taxonomy, did_you_mean

_CODE = "unknown-label"
_MOST_LEFT_OUT = 20
"""Unknown labels that a remedy leaves out; where there are more, the taxonomy is most likely another one's."""


@dataclass(frozen=True)
class Vocabulary:
    """The labels that objects may have, and those that some have although nobody knows them.

    A remedy names all labels that it is for, since the settings have one line for them.

    Attributes:
        taxonomy: Knows the labels.
        rules: What the settings do to labels already.
        unknown: The labels of objects that the taxonomy does not know, each once.
    """

    taxonomy: Taxonomy
    rules: LabelRules
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, labels: Iterable[str], taxonomy: Taxonomy, rules: LabelRules) -> Self:
        """Return the vocabulary for objects of some labels, known and unknown ones, in any number."""
        return cls(taxonomy, rules, tuple(label for label in dict.fromkeys(labels) if label not in taxonomy.by_name))

    def refusal(self, label: str) -> RejectedItemError:
        """Return what is wrong with an object that has one of the unknown labels, and the ways out.

        The label may be a class of a level, as a model that knows no more writes it.
        """
        if level := self.taxonomy.level_with(label):
            reason = f"{label!r} is a class of the level {level.name}, and no label"
            return RejectedItemError(reason, "say which label each object has: toonvision label", code="class-of-level")
        reason = f"the taxonomy knows no label {label!r}{_hint(label, self.taxonomy)}"
        known = self.known_like(label)  # a taxonomy cannot have both
        ways = f"or {self.joining(known)}" if known else self._ways_out
        return RejectedItemError(reason, f"correct it, {ways}", code=_CODE)

    def known_like(self, label: str) -> str | None:
        """Return the known label that differs from an unknown one by case or Unicode form alone, if there is one."""
        return self._known_of.get(folded(label))

    def joining(self, known: str) -> str:
        """Return how to read as a known label all that differ from it by case or Unicode form alone."""
        return joining({known: self._alike[known]}, self.rules)

    @cached_property
    def _known_of(self) -> dict[str, str]:
        return {folded(known): known for known in self.taxonomy.by_name}

    @cached_property
    def _alike(self) -> dict[str | None, list[str]]:
        """The unknown labels by the known label that each is like."""
        return grouped(self.unknown, self.known_like)

    @cached_property
    def _ways_out(self) -> str:
        """The ways out for a label that is neither like a known one nor a class."""
        labels = [label for label in self._alike[None] if not self.taxonomy.level_with(label)]
        if len(labels) > _MOST_LEFT_OUT:
            return "or add it to the taxonomy"
        what = "it" if len(labels) == 1 else "all unknown labels"
        return f"add it to the taxonomy, or leave {what} out: {ignoring(labels, self.rules)}"


def unknown_labels(crops: Sequence[Crop], taxonomy: Taxonomy, rules: LabelRules) -> list[Finding]:
    """Report the labels of crops that the taxonomy no longer knows."""
    counts = Counter(crop.label for crop in crops if crop.label not in taxonomy.by_name)
    vocabulary = Vocabulary.of(sorted(counts.keys() - rules.gone), taxonomy, rules)
    findings = []
    for label, count in sorted(counts.items()):
        reason = f"is not in the taxonomy any more; its {count} crop{'s' * (count > 1)} count nowhere"
        remedy = "run toonvision extract"
        if label not in rules.gone:  # else an extraction does what the settings say
            reason += _hint(label, taxonomy)
            known = vocabulary.known_like(label)
            way = vocabulary.joining(known) if known else "add the label to the taxonomy"
            remedy = f"correct the annotations or {way}, then {remedy}"
        findings.append(Finding(f"label {label!r}", reason, remedy, _CODE, objects=count))
    return findings


def _hint(label: str, taxonomy: Taxonomy) -> str:
    """Return the most similar known label as what follows a reason; an empty text where none is similar."""
    hint = did_you_mean(label, taxonomy.by_name)
    return f".{hint}" if hint else ""
