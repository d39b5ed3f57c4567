import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.core.errors import UsageError
from toonvision.taxonomy.labels import PALETTE, Category, Level, Targets, Taxonomy, color_at, did_you_mean
from toonvision.taxonomy.loader import built_in

TOONTOWN = built_in("toontown")


def changed_label(**changes):
    first, *others = TOONTOWN.labels
    return dataclasses.replace(TOONTOWN, labels=(dataclasses.replace(first, **changes), *others))


def test_the_digest_does_not_change_with_titles_colours_contexts_tasks_or_targets():
    pale = tuple(
        dataclasses.replace(
            level,
            title=level.title.upper(),
            classes=tuple(dataclasses.replace(c, color="#ffffff", title=f"{c.title}!") for c in level.classes),
        )
        for level in TOONTOWN.levels
    )
    other = dataclasses.replace(
        TOONTOWN, name="else", levels=pale, contexts=(), tasks=TOONTOWN.tasks[:1], targets=Targets(1, 1)
    )
    assert other.digest == TOONTOWN.digest
    assert changed_label(title="Somebody").digest == TOONTOWN.digest


@pytest.mark.parametrize(
    "other",
    [
        changed_label(name="cog_bb_other"),
        changed_label(classes={"kind": "toon", "suit": "bb", "entity": "flunky"}),
        dataclasses.replace(TOONTOWN, labels=TOONTOWN.labels[::-1]),
        dataclasses.replace(TOONTOWN, labels=TOONTOWN.labels[:-1]),
        dataclasses.replace(TOONTOWN, levels=TOONTOWN.levels[:-1]),
        dataclasses.replace(
            TOONTOWN, levels=(dataclasses.replace(TOONTOWN.levels[0], classes=TOONTOWN.levels[0].classes[::-1]),)
        ),
    ],
    ids=["name", "class", "label order", "label gone", "level gone", "class order"],
)
def test_the_digest_changes_with_labels_classes_levels_and_their_order(other):
    assert other.digest != TOONTOWN.digest


def test_the_digest_does_not_change_between_processes_and_versions():
    assert TOONTOWN.digest == "662ebbf300e8b2a9"


def test_an_unknown_task_or_level_lists_the_known_ones():
    with pytest.raises(UsageError) as caught:
        TOONTOWN.task("entitty")
    assert str(caught.value) == (
        "a task of this taxonomy is one of binary, suit, entity, animal, label, detect, street; got 'entitty'. Did you "
        "mean entity?"
    )
    alone = dataclasses.replace(TOONTOWN, tasks=TOONTOWN.tasks[:1])
    with pytest.raises(
        UsageError, match=r"'forest'. How to add one that finds objects: docs/detection.md. How to add .*pixels"
    ):
        alone.task("forest")
    with pytest.raises(UsageError, match="a level is one of kind, suit, entity, animal; got 'street'"):
        TOONTOWN.level("street")


def test_the_class_of_a_label():
    assert TOONTOWN.class_of("cog_bb_flunky", "suit") == "bb"
    assert TOONTOWN.class_of("cog_bb_flunky", "animal") is None
    assert TOONTOWN.class_of("cog_bb_flunky", "label") == "cog_bb_flunky"
    assert TOONTOWN.class_of("nobody", "suit") is None
    assert TOONTOWN.class_of("nobody", "label") is None


def test_the_order_of_a_level_counts_its_classes_from_0():
    assert dict(TOONTOWN.level("suit").order) == {"bb": 0, "lb": 1, "cb": 2, "sb": 3}


def test_an_unknown_context_has_a_colour_that_depends_on_its_name_alone():
    free = dataclasses.replace(TOONTOWN, contexts=())
    assert free.context("cellar") == free.context("cellar")
    assert free.context("cellar").title == "cellar"
    assert free.context("cellar").color in PALETTE
    assert TOONTOWN.context("ttc").title == "Toontown Central"


def test_the_first_44_colours_are_distinct_and_the_first_11_are_the_palettes():
    assert tuple(color_at(index) for index in range(11)) == PALETTE
    assert len({color_at(index).lower() for index in range(44)}) == 44


@given(index=st.integers(0, 2000))
def test_every_colour_is_a_hexadecimal_one(index):
    color = color_at(index)
    assert len(color) == 7
    assert 0 <= int(color[1:], 16) <= 0xFFFFFF


@st.composite
def two_levels(draw):
    """Labels with classes at a fine and a coarse level, drawn at random."""
    rows = draw(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=6))
    from toonvision.taxonomy.labels import Label

    labels = tuple(Label(f"l{i}", f"l{i}", {"fine": fine, "coarse": coarse}) for i, (fine, coarse) in enumerate(rows))
    levels = tuple(
        Level(name, name, tuple(Category(c, c, "#000000") for c in classes))
        for name, classes in (("coarse", "xy"), ("fine", "abc"))
    )
    return Taxonomy("t", levels, labels), rows


@given(drawn=two_levels())
def test_parents_exist_exactly_if_each_class_has_one(drawn):
    taxonomy, rows = drawn
    pairs = set(rows)
    is_function = len({fine for fine, _ in pairs}) == len(pairs)
    assert taxonomy.parents("fine", "coarse") == (dict(pairs) if is_function else {})


@given(drawn=two_levels())
def test_a_coarser_level_is_determined_by_the_finer_one_and_not_the_other_way_round(drawn):
    taxonomy, rows = drawn
    coarser = [level.name for level in taxonomy.coarser("fine")]
    pairs = set(rows)
    up = len({fine for fine, _ in pairs}) == len(pairs)
    down = len({coarse for _, coarse in pairs}) == len(pairs)
    assert coarser == (["coarse"] if up and not down else [])


def test_a_near_miss_is_suggested_and_a_far_one_is_not():
    assert did_you_mean("cog_bb_flunkey", TOONTOWN.by_name) == " Did you mean cog_bb_flunky?"
    assert did_you_mean("zebra", TOONTOWN.by_name) == ""


def test_a_taxonomy_can_be_sent_to_another_process_after_its_names_were_looked_up():
    used = built_in("toontown")
    assert used.by_name["cog_bb_flunky"].classes["suit"] == "bb"
    assert all(level.by_name[name].name == name for level in used.all_levels for name in level.order)
    assert pickle.loads(pickle.dumps(used)) == used
    assert [level.name for level in used.all_levels] == [*(level.name for level in used.levels), "label"]
