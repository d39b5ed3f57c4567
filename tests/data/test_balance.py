import dataclasses
import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import CONTEXTS, LABELS, SETTINGS_TEXT, crop
from toonvision.core.errors import InputRejectedError
from toonvision.data.balance import measure_balance
from toonvision.data.workspace import WorkspaceTable
from toonvision.taxonomy.labels import Targets
from toonvision.taxonomy.loader import built_in

SMALL = WorkspaceTable.model_validate(tomllib.loads(SETTINGS_TEXT)).taxonomy.build()


def crops_of(counts):
    """Make crops from (label, context) to count."""
    pairs = [pair for pair, count in counts.items() for _ in range(count)]
    return [crop(index, label, context=context) for index, (label, context) in enumerate(pairs)]


HAND_MADE = {("apple", "garden"): 7, ("apple", "house"): 2, ("pear", "house"): 5, ("stone", "garden"): 1}


def test_the_tables_are_those_made_by_hand():
    balance = measure_balance(crops_of(HAND_MADE), SMALL)
    labels, kinds = balance.tables
    assert balance.crops == 15
    assert [category.name for category in labels.columns] == ["garden", "house"]
    assert [category.name for category in labels.classes] == ["apple", "pear", "stone"]
    assert labels.counts.tolist() == [[7, 2], [0, 5], [1, 0]]
    assert labels.totals.tolist() == [9, 5, 1]
    assert kinds.level.name == "kind"
    assert [category.name for category in kinds.classes] == ["fruit", "mineral"]
    assert kinds.counts.tolist() == [[7, 7], [1, 0]]


def test_shortages_come_with_the_label_furthest_from_its_target_and_its_emptiest_contexts_first():
    balance = measure_balance(crops_of(HAND_MADE), SMALL)
    listed = [
        (s.label.name, s.context.name, s.count, s.missing, s.label_count, s.label_missing) for s in balance.shortages
    ]
    assert listed == [
        ("stone", "house", 0, 5, 1, 9),
        ("stone", "garden", 1, 4, 1, 9),
        ("pear", "garden", 0, 5, 5, 5),
        ("apple", "house", 2, 3, 9, 1),
    ]


def test_nothing_is_short_where_all_targets_are_met():
    full = crops_of({(label, context): 5 for label in LABELS for context in CONTEXTS})
    assert measure_balance(full, SMALL).shortages == ()
    assert measure_balance([], SMALL.with_targets(Targets(0, 0))).shortages == ()


def test_a_label_whose_contexts_are_full_still_lacks_its_own_target_spread_over_them():
    full = crops_of({(label, context): 5 for label in LABELS for context in CONTEXTS})
    shortages = measure_balance(full, SMALL.with_targets(Targets(per_label=13, per_context=5))).shortages
    assert [(s.label.name, s.context.name, s.missing, s.label_missing) for s in shortages] == [
        (label, context, missing, 3) for context, missing in zip(CONTEXTS, (2, 1), strict=True) for label in LABELS
    ]


def test_where_no_contexts_are_named_those_found_are_the_columns():
    free = dataclasses.replace(SMALL, contexts=())
    balance = measure_balance(crops_of({("apple", "zoo"): 1, ("pear", "attic"): 2}), free)
    assert [column.name for column in balance.tables[0].columns] == ["attic", "zoo"]
    assert balance.tables[0].counts.tolist() == [[0, 1], [2, 0], [0, 0]]


def test_crops_of_no_context_count_for_their_labels_and_nobody_is_sent_there():
    balance = measure_balance(crops_of({("apple", "all"): 8, ("apple", "garden"): 5}), SMALL)
    assert [column.name for column in balance.tables[0].columns] == [*CONTEXTS, "all"]
    assert balance.tables[0].counts[0].tolist() == [5, 0, 8]
    apple = [one for one in balance.shortages if one.label.name == "apple"]
    assert [(one.context.name, one.missing, one.label_count) for one in apple] == [("house", 5, 13)]


def test_crops_in_contexts_that_the_taxonomy_no_longer_knows_are_refused():
    with pytest.raises(InputRejectedError, match="contexts that the taxonomy does not know: attic, zoo"):
        measure_balance(crops_of({("apple", "zoo"): 1, ("pear", "attic"): 2}), SMALL)


counted = st.dictionaries(st.tuples(st.sampled_from(LABELS), st.sampled_from(CONTEXTS)), st.integers(0, 12), max_size=6)


@given(counts=counted, targets=st.builds(Targets, st.integers(0, 30), st.integers(0, 8)))
def test_photographing_all_that_is_short_reaches_every_target(counts, targets):
    taxonomy = SMALL.with_targets(targets)
    crops = crops_of(counts)
    balance = measure_balance(crops, taxonomy)
    assert [int(table.counts.sum()) for table in balance.tables] == [len(crops), len(crops)]
    assert all(shortage.missing > 0 for shortage in balance.shortages)
    short = Counter[str]()
    for one in balance.shortages:
        short[one.label.name] += one.missing
        gaps = sum(max(0, targets.per_context - counts.get((one.label.name, context), 0)) for context in CONTEXTS)
        assert short[one.label.name] <= max(one.label_missing, gaps)
    order = [(-shortage.label_missing, -shortage.missing) for shortage in balance.shortages]
    assert order == sorted(order)
    photographed = Counter({(s.label.name, s.context.name): s.missing for s in balance.shortages})
    assert measure_balance(crops_of(Counter(counts) + photographed), taxonomy).shortages == ()


def test_the_published_counts_add_up_to_1035(shared_data):
    rows = [line.split(",") for line in (shared_data / "entity_street_counts.csv").read_text().splitlines()]
    streets = rows[0][1:]
    counts = {(row[0], street): int(n) for row in rows[1:] for street, n in zip(streets, row[1:], strict=True)}
    tables = {t.level.name: t for t in measure_balance(crops_of(counts), built_in("toontown")).tables}
    assert tables["label"].counts.tolist() == [[int(n) for n in row[1:]] for row in rows[1:]]
    assert tables["label"].counts.sum() == 1035
    assert tables["kind"].totals.tolist() == [int(tables["entity"].counts.sum()), int(tables["animal"].counts.sum())]
