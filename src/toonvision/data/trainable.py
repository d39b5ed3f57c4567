"""Whether a model can learn to tell a set of labels apart, and the way out where it cannot."""

import difflib
import json
from collections.abc import Mapping, Sequence

from toonvision.core.errors import Finding
from toonvision.core.wording import counted, listed
from toonvision.data.subsets import SUBSETS

SETTINGS_FILE = "toonvision.toml"
_ALIKE = 0.75
"""From this similarity on, a rare label may be another spelling of a common one."""
_MOST_COMPARED = 50
"""Rare labels that are compared with all others, letter by letter, which takes time."""


def untrainable(labels: Mapping[str, int]) -> tuple[Finding, ...]:
    """Return what keeps a model from learning some labels, by the number of objects of each; nothing is left out yet.

    A model is shown objects of train, the best epoch is found on those of val, and it is evaluated on those of test: a
    label needs an object for each.
    """
    counts = {label: count for label, count in labels.items() if count}
    findings = []
    if len(counts) == 1:
        ((label, count),) = counts.items()
        has = "the only object has" if count == 1 else f"all {count:,} objects have"
        reason = f"{has} the label {label!r}; a model needs at least two labels, to tell them apart"
        remedy = f"annotate something else too, such as what could be mistaken for {label!r}, under a label of its own"
        findings.append(Finding("labels", reason, remedy, "one-label"))
    for count in (1, 2):
        rare = [label for label, number in counts.items() if number == count]
        if rare:
            findings.append(_too_rare(rare, count, counts))
    return tuple(findings)


def ways_out(rare: Sequence[str], labels: Sequence[str]) -> str:
    """Return the remedies for labels with too few objects, of all the labels there are."""
    ways = [f"annotate more of {'it' if len(rare) == 1 else 'them'}"]
    if len(labels) - len(rare) > 1:
        ways.append(f"leave {'it' if len(rare) == 1 else 'them'} out: {ignoring(rare)}")
    if same := _spellings(rare, labels):
        lines = " and ".join(f"{_key(label)} = {_quoted(others)}" for label, others in same.items())
        ways.append(f"join what is another spelling: write {lines} under [labels.same] in {SETTINGS_FILE}")
    return ", or ".join(ways)


def ignoring(labels: Sequence[str]) -> str:
    """Return how to leave labels out, in words that can be carried out."""
    return f"write ignore = {_quoted(labels)} under [labels] in {SETTINGS_FILE}"


def _too_rare(rare: Sequence[str], count: int, counts: Mapping[str, int]) -> Finding:
    names = listed([repr(label) for label in rare])
    what = f"the label {names} has" if len(rare) == 1 else f"the labels {names} have"
    number = f"{counted(count, 'object')}{' each' if len(rare) > 1 else ''}"
    needs = f"train, val and test need one each, so that {counted(len(SUBSETS) - count, 'subset')} will have none"
    code = "single-object" if count == 1 else "two-objects"
    return Finding("labels", f"{what} {number}; {needs}", ways_out(rare, list(counts)), code)


def _spellings(rare: Sequence[str], labels: Sequence[str]) -> dict[str, list[str]]:
    """Return the labels that rare ones may be other spellings of, each with those."""
    common = [label for label in labels if label not in set(rare)]
    found: dict[str, list[str]] = {}
    for label in rare[:_MOST_COMPARED]:
        for near in difflib.get_close_matches(label, common, n=1, cutoff=_ALIKE):
            if _digits(near) == _digits(label):  # class_1 is no misspelt class_2
                found.setdefault(near, []).append(label)
    return found


def _digits(label: str) -> str:
    return "".join(filter(str.isdigit, label))


def _quoted(labels: Sequence[str]) -> str:
    return json.dumps(list(labels), ensure_ascii=False)


def _key(label: str) -> str:
    plain = label.isascii() and label.replace("_", "").replace("-", "").isalnum()
    return label if plain else json.dumps(label, ensure_ascii=False)
