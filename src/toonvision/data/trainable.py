"""Whether a model can learn to distinguish a set of labels, and the way out where it cannot."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.names import folded
from toonvision.core.wording import listed, some
from toonvision.data.balance import CountTable
from toonvision.data.label_rules import AS_THEY_ARE, LabelRules, ignoring, joining
from toonvision.data.splits import Made, Split, again
from toonvision.data.subsets import SUBSETS
from toonvision.taxonomy.labels import LABEL_LEVEL

MORE = "annotate more screenshots"
_ALIKE = 0.75
"""From this similarity on, a rare label may be another spelling of a common one."""
_PUNCTUATION = re.compile(r"[\W_]+")
_MOST_NAMED = 5
"""Labels that a reason names where the remedy, which can be copied, names all."""
_MOST_COMPARED = 50
"""Rare labels that are compared with all others, letter by letter, which takes time."""


def untrainable(
    labels: Mapping[str, int], *, finds: bool = False, rules: LabelRules = AS_THEY_ARE
) -> tuple[Finding, ...]:
    """Return what keeps a model from learning some labels well, by the number of objects of each; none is left out yet.

    A model is shown objects of train, the best epoch is found on those of val, and it is evaluated on those of test: a
    label needs an object for each.

    Args:
        labels: Number of objects by label.
        finds: Whether a model can learn to find objects, for which one label is enough.
        rules: What the settings did to the labels.
    """
    counts = {label: count for label, count in labels.items() if count}
    findings = []
    if len(counts) == 1 and not finds:
        ((label, count),) = counts.items()
        has = "the only object has" if count == 1 else f"all {count:,} objects have"
        reason = f"{has} the label {label!r}; a model needs at least two labels, to distinguish them"
        remedy = f"annotate something else too, such as what could be mistaken for {label!r}, under a label of its own"
        findings.append(Finding("labels", reason, remedy, "one-label"))
    if rare := {label: count for label, count in counts.items() if count < len(SUBSETS)}:
        names = some([f"{label!r} ({count})" for label, count in rare.items()], most=_named(rare, counts))
        has = f"the label {names} has" if len(rare) == 1 else f"the labels {names} have"
        reason = f"{has} fewer than {len(SUBSETS)} objects, but train, val and test need one each"
        if 1 in rare.values():
            reason += "; with a single one no model can be trained"
        findings.append(Finding("labels", reason, ways_out(list(rare), list(counts), rules), "few-objects"))
    if alike := _spelled_alike({label: count for label, count in counts.items() if label not in rare}):
        named = [listed([f"{label!r} ({counts[label]})" for label in group]) for group in alike]
        more = [f"and {len(named) - _MOST_NAMED:,} more"] if len(named) > _MOST_NAMED else []
        pairs = "; ".join([*named[:_MOST_NAMED], *more])
        same = {group[0]: group[1:] for group in alike}
        reason = f"labels are spelled alike, and a model learns to distinguish them: {pairs}"
        findings.append(Finding("labels", reason, f"if they are one, {joining(same, rules)}", "spelled-alike"))
    return tuple(findings)


def _spelled_alike(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the labels that differ by case, blanks and punctuation alone, the most frequent of each group first."""
    groups: dict[str, list[str]] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        composed = unicodedata.normalize("NFC", folded(label))  # an accent is no punctuation
        groups.setdefault(_PUNCTUATION.sub(" ", composed).strip(), []).append(label)
    return [group for words, group in groups.items() if words and len(group) > 1]


def ways_out(rare: Sequence[str], labels: Sequence[str], rules: LabelRules) -> str:
    """Return the remedies for labels with too few objects, of all the labels that the rules leave."""
    ways = [f"annotate more of {'it' if len(rare) == 1 else 'them'}"]
    if _can_be_left_out(rare, labels):
        ways.append(f"leave {'it' if len(rare) == 1 else 'them'} out: {ignoring(rare, rules)}")
    if same := _spellings(rare, labels):
        ways.append(f"join what is another spelling: {joining(same, rules)}")
    return ", or ".join(ways)


def _can_be_left_out(rare: Sized, labels: Sized) -> bool:
    return len(labels) - len(rare) > 1  # with one label that is left no model could be trained


def _named(rare: Sized, labels: Sized) -> int:
    """Return how many rare labels a reason names: all where no remedy does."""
    return _MOST_NAMED if _can_be_left_out(rare, labels) else len(rare)


def missing_labels(split: Made, table: CountTable, *, rules: LabelRules = AS_THEY_ARE) -> tuple[Finding, ...]:
    """Return the labels of which a subset of a split has none, so that they cannot be learned or evaluated.

    Args:
        split: The split, or how it came out.
        table: Its samples by label and subset.
        rules: What the settings did to the labels.
    """
    rows = [(one.name, counts) for one, counts in zip(table.classes, table.counts.tolist(), strict=True) if any(counts)]
    subsets = [column.name for column in table.columns]
    lacking = {label: [subset for subset, n in zip(subsets, counts, strict=True) if not n] for label, counts in rows}
    missing = {label: where for label, where in lacking.items() if where}
    if not missing:
        return ()
    by_subsets: dict[str, list[str]] = {}
    for label, where in missing.items():
        by_subsets.setdefault(listed(where), []).append(repr(label))
    most = _named(missing, rows)
    named = (f"{some(labels, most=most)} in {where}" for where, labels in by_subsets.items())
    reason = f"no object of {'; none of '.join(named)}"
    remedy = f"{ways_out(list(missing), [label for label, _ in rows], rules)}; {_then(split)}"
    return (Finding(f"split {split.name}", reason, remedy, "label-missing"),)


def _then(split: Made) -> str:
    return f"then run toonvision extract and {again(split)}"


def after_annotating(remedy: str, split: Split) -> str:
    """Return what to annotate, and how a split knows of it then, as a sentence."""
    return f"{remedy[0].upper()}{remedy[1:]}; {_then(split)}."


def empty_reason(what: str, empty: Sequence[str]) -> str:
    """Return why there is no training with empty subsets.

    Examples:
        >>> empty_reason("objects", ["val", "test"])
        'needs objects in every subset; val and test have none'
    """
    return f"needs {what} in every subset; {listed(empty)} {'has' if len(empty) == 1 else 'have'} none"


def to_fill(split: Split, groups: Iterable[int]) -> str:
    """Return how the empty subsets of a split are filled, as a sentence.

    Args:
        split: The split; one of the source's own is empty again where it is taken over again.
        groups: In how many groups of screenshots that stay together each class lies that has any sample.
    """
    counts = list(groups)
    if split.from_source or not counts:
        return after_annotating(MORE, split)
    if min(counts) >= len(SUBSETS):
        return f"There are enough for each: {again(split)}"
    return after_annotating(f"{MORE}, of other scenes", split)


def require_trainable(
    table: CountTable,
    split: Split,
    finding: Sequence[str],
    groups: Callable[[], Mapping[str, int]],
    *,
    rules: LabelRules = AS_THEY_ARE,
) -> None:
    """Refuse to train where a class of the task's level could not be learned or evaluated.

    Args:
        table: The samples by class and subset.
        split: Which made the subsets.
        finding: The tasks that find objects, and can be trained with one class.
        groups: Counts in how many groups of screenshots that stay together each class lies; called only where that
            matters, since it takes time.
        rules: What the settings did to the labels.

    Raises:
        InputRejectedError: With all classes and counts, if there are fewer than two classes, a class with a single
            sample, or an empty subset.
    """
    present = [(c.name, row) for c, row in zip(table.classes, table.counts.tolist(), strict=True) if sum(row)]
    shares = ", ".join(f"{name} {'/'.join(map(str, row))}" for name, row in present) or "none"
    single = [name for name, row in present if sum(row) == 1]
    empty = [column.name for column, count in zip(table.columns, table.counts.sum(axis=0), strict=True) if not count]
    unseen = [name for name, row in present if not row[0]]
    if len(present) < 2:
        reason = f"needs at least two classes with samples; got {len(present)}"
    elif single:
        reason = f"needs two samples of every class that has any; {', '.join(single)} has one"
    elif empty:
        reason = empty_reason("samples", empty)
    elif unseen:
        reason = f"needs samples of every class to learn from; {', '.join(unseen)} has none in train"
    else:
        return
    remedy = after_annotating(MORE, split)
    if len(present) == 1:
        remedy = f"{after_annotating(another_class(table.level.name), split)}{instead_of_naming(finding)}"
    elif empty and not single:
        remedy = to_fill(split, groups().values())
    elif table.level.name == LABEL_LEVEL and (rare := [name for name, row in present if name in {*single, *unseen}]):
        remedy = after_annotating(ways_out(rare, [name for name, _ in present], rules), split)
    raise InputRejectedError(f"training {reason}. Samples in train/val/test: {shares}. {remedy}")


def another_class(level: str) -> str:
    """Return what to do where all objects are of one class of a level."""
    what = "under a label of its own" if level == LABEL_LEVEL else f"of another class of the level {level}"
    return f"annotate something else too, {what}"


def instead_of_naming(finding: Sequence[str]) -> str:
    """Return what can be trained with one class, with a leading blank; an empty text if nothing can."""
    return f" To find such objects without naming them: toonvision train {finding[0]}" if finding else ""


def _spellings(rare: Sequence[str], labels: Sequence[str]) -> dict[str, list[str]]:
    """Return the labels that rare ones may be other spellings of, each with those."""
    common = {folded(label): label for label in labels if label not in set(rare)}
    found: dict[str, list[str]] = {}
    for label in rare[:_MOST_COMPARED]:
        spelled = folded(label)
        for near in difflib.get_close_matches(spelled, common, n=1, cutoff=_ALIKE):
            if _digits(near) == _digits(spelled) and _are_alike(near, spelled):  # class_1 is no misspelt class_2
                found.setdefault(common[near], []).append(label)
    return found


def _are_alike(*labels: str) -> bool:
    """Return whether the words that two labels do not share are alike: toon_horse is no misspelt toon_mouse.

    Alike are also words whose letters have changed places, of which short ones have too few to be similar otherwise.
    """
    one, other = (_PUNCTUATION.sub(" ", label).split() for label in labels)
    first = " ".join(word for word in one if word not in other)
    second = " ".join(word for word in other if word not in one)
    return sorted(first) == sorted(second) or difflib.SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _digits(label: str) -> str:
    return "".join(filter(str.isdigit, label))
