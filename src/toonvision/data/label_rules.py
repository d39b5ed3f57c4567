"""What the settings do to labels: leave some out, and read several spellings as one."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.wording import counted, listed
from toonvision.data.boxes import AnnotatedObject, Reading, checked_label
from toonvision.data.listing import WORKSPACE_MARK
from toonvision.taxonomy.loader import Strict, quoted

AS_SET = "as-set"
"""The code of a finding that says what the settings did, as was asked."""
_IGNORE_LINE = re.compile(r"write ignore = (\[.*?\])(?= under \[labels\] )")


@dataclass(frozen=True)
class LabelRules:
    """Which labels are left out, and which are read as another one.

    Attributes:
        ignored: Labels whose objects are left out.
        kept_of: The label that is kept, by each other spelling of it.
    """

    ignored: frozenset[str] = frozenset()
    kept_of: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, ignore: Iterable[str] = (), same: Mapping[str, Iterable[str]] | None = None) -> "LabelRules":
        """Return the rules that leave out the labels `ignore`, and read the spellings in `same` as the label they have.

        A single label or spelling need not be in a list.

        Raises:
            ValueError: If a label is both left out and kept, or a spelling belongs to two labels.
        """
        ignored = frozenset(_several(ignore))
        kept_of: dict[str, str] = {}
        for kept, spellings in (same or {}).items():
            for spelling in _several(spellings):
                if spelling != kept and kept_of.setdefault(spelling, kept) != kept:
                    raise ValueError(
                        f"{spelling!r} is a spelling of both {kept_of[spelling]!r} and {kept!r}. Take it out of one"
                    )
        for label in (same or {}).keys() & kept_of.keys():
            raise ValueError(f"{label!r} is kept, and a spelling of {kept_of[label]!r}. Name all at one label")
        for label in ignored & ((same or {}).keys() | kept_of.keys()):
            raise ValueError(f"{label!r} is among ignore too. Take it out of one of the two")
        return cls(ignored, kept_of)

    @property
    def gone(self) -> frozenset[str]:
        """The labels that no object has any more."""
        return self.ignored | self.kept_of.keys()

    def spellings(self, label: str) -> list[str]:
        """Return the labels that are read as this one."""
        return sorted(spelling for spelling, kept in self.kept_of.items() if kept == label)

    def unused(self, reading: Reading) -> list[str]:
        """Return the labels that are left out or joined, and that no object of a reading has."""
        return sorted(self.gone - {entry.label for picture in reading.pictures for entry in picture.objects})

    def applied(self, reading: Reading) -> Reading:
        """Return a reading without what is left out, and with one spelling a label; objects keep their numbers.

        Where an object that is left out has a box, nobody need find an object. What was left out or joined is counted
        in a note for each label.
        """
        counts: Counter[str] = Counter()

        def kept(objects: Iterable[AnnotatedObject]) -> Iterator[AnnotatedObject]:
            for entry in objects:
                counts[entry.label] += entry.label in self.gone
                if entry.label not in self.ignored:
                    yield entry._replace(label=self.kept_of.get(entry.label, entry.label))

        if not self.gone:
            return reading
        pictures = []
        for picture in reading.pictures:
            objects = tuple(kept(picture.objects))
            left_out = [one for one in (*picture.objects, *picture.regions) if one.label in self.ignored]
            outlines = tuple(one._replace(label=self.kept_of.get(one.label, one.label)) for one in picture.outlines)
            regions = (
                *(
                    one._replace(label=self.kept_of.get(one.label, one.label))
                    for one in picture.regions
                    if one.label not in self.ignored
                ),
                *(one._replace(attributes={"ignore": True}) for one in left_out if one.xyxy),
            )
            ignored = len(picture.objects) - len(objects)
            pictures.append(picture._replace(objects=objects, ignored=ignored, outlines=outlines, regions=regions))
        notes = [self._note(label, count) for label, count in sorted((+counts).items())]
        return replace(reading, pictures=tuple(pictures), findings=(*reading.findings, *notes))

    def _note(self, label: str, count: int) -> Finding:
        done, key = "left out", "ignore"
        if label in self.kept_of:
            done, key = f"read as {self.kept_of[label]!r}", "same"
        objects = f"{counted(count, 'object')} {'is' if count == 1 else 'are'}"
        return Finding(f"label {label!r}", f"{objects} {done}, as [labels] {key} says", code=AS_SET)

    def text(self) -> str:
        """Return the tables of the settings that say so; empty where there are no rules."""
        blocks = []
        if self.ignored:
            blocks.append(f"[labels]\nignore = [{', '.join(map(quoted, sorted(self.ignored)))}]")
        if self.kept_of:
            kept = sorted(set(self.kept_of.values()))
            lines = [f"{quoted(one)} = [{', '.join(map(quoted, self.spellings(one)))}]" for one in kept]
            blocks.append("\n".join(["[labels.same]", *lines]))
        return "\n\n".join(blocks)


def _several(names: Iterable[str]) -> Iterable[str]:
    return [names] if isinstance(names, str) else names


def _spelling(value: object) -> object:
    """Check a label of the settings as one of an annotation is checked; blanks around it do not matter."""
    if not isinstance(value, str):
        return value
    try:
        return checked_label(value)
    except RejectedItemError as error:
        raise ValueError(f"a label {error.reason}" if error.code == "no-label" else error.reason) from error


Spelling = Annotated[str, BeforeValidator(_spelling)]


class LabelsTable(Strict):
    """The labels in `toonvision.toml` that are left out, and those that are spellings of another one."""

    ignore: tuple[Spelling, ...] = ()
    same: dict[Spelling, Annotated[tuple[Spelling, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @field_validator("same")
    @classmethod
    def _no_label_has_two_meanings(
        cls, same: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        LabelRules.of(info.data.get("ignore", ()), same)
        return same

    def build(self) -> LabelRules:
        """Return the value that the rest of the program uses."""
        return LabelRules.of(self.ignore, self.same)


AS_THEY_ARE = LabelRules()
"""No label is left out or joined."""


def joining(same: Mapping[str, Sequence[str]], rules: LabelRules) -> str:
    """Return how to read labels as another one, by that, besides what the rules do; in words that can be carried out.

    Examples:
        >>> joining({"cat": ["ca t"]}, AS_THEY_ARE)
        'write cat = ["ca t"] under [labels.same] in toonvision.toml'
        >>> joining({"cat": ["ca t"]}, LabelRules.of(same={"cat": "Cat"}))
        'write cat = ["Cat", "ca t"] under [labels.same] in toonvision.toml, in place of the line that begins with cat'
    """
    lines, replaced = [], []
    for label, others in same.items():
        spellings = [*rules.spellings(label), *(one for other in others for one in (other, *rules.spellings(other)))]
        lines.append(f"{_key(label)} = {_quoted(spellings)}")
        replaced += [_key(one) for one in (label, *others) if rules.spellings(one)]
    return f"write {' and '.join(lines)} under [labels.same] in {WORKSPACE_MARK}{_in_place_of(replaced)}"


def ignoring(labels: Sequence[str], rules: LabelRules) -> str:
    """Return how to leave labels out besides what the rules do, in words that can be carried out.

    Examples:
        >>> ignoring(["owl"], AS_THEY_ARE)
        'write ignore = ["owl"] under [labels] in toonvision.toml'
        >>> ignoring(["owl"], LabelRules.of(["bird"]))
        'write ignore = ["bird", "owl"] under [labels] in toonvision.toml, in place of the line that begins with ignore'
    """
    ignored = [*sorted(rules.ignored), *(one for label in labels for one in (label, *rules.spellings(label)))]
    words = f"write ignore = {_quoted(ignored)} under [labels] in {WORKSPACE_MARK}"
    words += _in_place_of(["ignore"] if rules.ignored else [])
    if joined := [_key(label) for label in labels if rules.spellings(label)]:  # a label has one rule at most
        words += f", and remove {_lines(joined)} under [labels.same]"
    return words


def in_one_line(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with one line for all labels that any of their remedies leaves out: the settings have but one."""
    found = tuple(findings)
    lines = dict.fromkeys(line for one in found for line in _IGNORE_LINE.findall(one.remedy))
    whole = _quoted([*dict.fromkeys(label for line in lines for label in json.loads(line))])

    def joined(line: re.Match[str]) -> str:
        longer = len(json.loads(whole)) > len(json.loads(line[1]))
        return f"with all others, write ignore = {whole}" if longer else line[0]

    return tuple(replace(one, remedy=_IGNORE_LINE.sub(joined, one.remedy)) for one in found)


def _in_place_of(keys: Sequence[str]) -> str:
    return f", in place of {_lines(keys)}" if keys else ""


def _lines(keys: Sequence[str]) -> str:
    return f"the line that begins with {keys[0]}" if len(keys) == 1 else f"the lines that begin with {listed(keys)}"


def _quoted(labels: Sequence[str]) -> str:
    return json.dumps(list(labels), ensure_ascii=False)


def _key(label: str) -> str:
    plain = label.isascii() and label.replace("_", "").replace("-", "").isalnum()
    return label if plain else json.dumps(label, ensure_ascii=False)
