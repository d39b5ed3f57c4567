"""What was understood of a source, as a table for people and as plain data."""

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from toonvision.api.result import Block
from toonvision.core.errors import Finding, printable
from toonvision.core.panels import Table, table
from toonvision.core.wording import counted
from toonvision.data.label_rules import AS_SET
from toonvision.data.overview import FindingKind, SourceOverview
from toonvision.data.setup import SetupPlan
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import SCREENSHOTS, SETTINGS

FROM_SOURCE = "toonvision split --from-source"
_MOST_LABELS, _MOST_CONTEXTS = 30, 12
_BAR = 16
"""Characters of the longest bar."""
_LONGEST = 400
"""Characters of a finding that is shown in full in the table; a longer one is printed below, and its reason here."""


def setup_blocks(plan: SetupPlan, *, made: bool) -> tuple[Block, ...]:
    """Return what a workspace is made of, or would be made of, for people."""
    overview = plan.overview
    about = f"{'Made the workspace' if made else 'Nothing was made yet. The workspace would be'} {plan.root}. "
    about += f"Its labels are {plan.taxonomy_from}."
    if overview is None:
        folder = plan.root / SCREENSHOTS
        if plan.is_assumed:
            first = f"remove {plan.root / SETTINGS}, and run init again with" if made else "add"
            about += f"\nFor another game, {first} --taxonomy FILE, which names its labels: see docs/workspace.md."
        return (f"{about}\nPut screenshots, annotated or not, into {folder}, one folder for each context.",)
    source = f"Its pictures are read from {overview.root}, where they stay; nothing was copied."
    rare = [label for label, count in overview.labels.items() if count < len(SUBSETS)]
    if not made and rare and len(overview.labels) - len(rare) > 1:
        options = " ".join(f"--ignore {shlex.quote(label)}" for label in rare[:_MOST_LABELS])
        source += f"\nTo leave out the labels with too few objects, add: {options}"
    if made and any(kind.first.remedy for kind in (*overview.losses, *overview.notes)):
        again = (
            f"remove {plan.root / SETTINGS} and run init again: it reads the labels anew"
            if plan.is_inferred
            else "run toonvision extract: it reads the source anew"
        )
        source += f"\nWhen you have corrected the source, {again}."
    return (*overview_tables(overview), f"{about}\n{source}")


def shown_in_blocks(overview: SourceOverview) -> frozenset[Finding]:
    """Return the findings that the blocks show in full."""
    kinds = (kind.findings for kind in (*overview.losses, *overview.notes))
    first = (one for alike in kinds for one in (alike if alike[0].code == AS_SET else alike[:1]))
    return frozenset(one for one in first if len(str(one)) <= _LONGEST)


def setup_data(overview: SourceOverview | None) -> dict[str, Any]:
    """Return the same as plain data."""
    if overview is None:
        return {"source": None, "pictures": None, "labels": None, "understood": None}
    return {
        "source": [overview.layout.format, str(overview.root)],
        "pictures": len(overview.reading.pictures),
        "labels": dict(overview.labels),
        "understood": overview_data(overview),
    }


def overview_tables(overview: SourceOverview) -> tuple[Table, Table]:
    """Return the facts about a source, and its labels with the number of objects of each, as bars."""
    facts = _facts(overview).items()
    rows = [(name if index == 0 else "", text) for name, texts in facts for index, text in enumerate(texts)]
    return table("What was understood", ["About", "What"], rows, names=2), _label_table(overview.labels)


def overview_data(overview: SourceOverview) -> dict[str, Any]:
    """Return the same as plain data, ready for JSON; `findings` are listed beside it, all of them."""
    size = overview.typical_size_wh
    return {
        "format": overview.layout.format,
        "layout": overview.layout.words,
        "alternatives": [asdict(other) for other in overview.others],
        "pictures": len(overview.reading.pictures),
        "pictures_without_objects": overview.empty_pictures,
        "objects": overview.objects,
        "labels": dict(overview.labels),
        "contexts": dict(overview.contexts),
        "subsets": dict(overview.subsets),
        "groups": list(overview.groups),
        "attributes": dict(overview.attributes),
        "box_notes": dict(overview.box_notes),
        "typical_size_wh": list(size) if size else None,
        "left_out": [_kind_data(kind) for kind in overview.losses],
        "notes": [_kind_data(kind) for kind in overview.notes],
    }


def _facts(overview: SourceOverview) -> dict[str, list[str]]:
    """Return what is known of a source, by topic; a topic without anything to say is empty."""
    pictures, empty = len(overview.reading.pictures), overview.empty_pictures
    without = f", {empty:,} of them without objects" if empty else ""
    size = overview.typical_size_wh
    typical = f", typically {size[0]} x {size[1]} pixels" if size else ""
    notes = [kind for kind in overview.notes if kind.first.code != AS_SET]
    return {
        "Format": [
            overview.layout.words,
            *(f"or, with --format {other.format}: {other.words}" for other in overview.others),
        ],
        "Pictures": [f"{pictures:,}{without}"],
        "Objects": [
            f"{overview.objects:,} of {counted(len(overview.labels), 'label')}{typical}",
            *(f"{count:,}: {note}" for note, count in overview.box_notes.items()),
        ],
        "Attributes": [_counts(overview.attributes)] if overview.attributes else [],
        "Contexts": [_counts(overview.contexts)] if overview.contexts else [],
        "Subsets": [f"{_counts(overview.subsets)}; take them over: {FROM_SOURCE}"] if len(overview.subsets) > 1 else [],
        "Groups": list(overview.groups),
        "Labels": [str(finding) for kind in overview.notes if kind.first.code == AS_SET for finding in kind.findings],
        "Left out": [f"{kind.left_out}: {_example(kind)}" for kind in overview.losses],
        "Doubtful": [_example(kind) for kind in notes if kind.first.remedy],
        "Note": [_example(kind) for kind in notes if not kind.first.remedy],
    }


def _counts(counts: Mapping[Any, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in counts.items()]
    more = [f"and {len(shown) - _MOST_CONTEXTS:,} more"] if len(shown) > _MOST_CONTEXTS else []
    return ", ".join([*shown[:_MOST_CONTEXTS], *more])


def _example(kind: FindingKind) -> str:
    first, more = kind.first, len(kind.findings) - 1
    text = str(first) if len(str(first)) <= _LONGEST else f"{first.item}: {first.reason}"
    return f"{text}{f'; and {more:,} more like this' if more else ''}"


def _kind_data(kind: FindingKind) -> dict[str, Any]:
    totals = {name: sum(getattr(one, name) for one in kind.findings) for name in ("objects", "pictures", "files")}
    return {"code": kind.first.code, "count": len(kind.findings), **totals, "first": str(kind.first)}


def _label_table(labels: Mapping[str, int]) -> Table:
    shown = list(labels.items())[:_MOST_LABELS]
    rows = [(printable(label), f"{count:,}", _bar(count, max(labels.values()))) for label, count in shown]
    rest = sum(labels.values()) - sum(count for _, count in shown)
    if rest:
        rows.append((counted(len(labels) - len(shown), "more label"), f"{rest:,}", ""))
    return Table("Labels", ("Label", "Objects", ""), tuple(rows), frozenset({1}))


def _bar(count: int, most: int) -> str:
    return "#" * max(1, round(_BAR * count / most))
