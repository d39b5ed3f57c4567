import csv
import importlib.resources

import pytest

from toonvision.core.errors import UsageError
from toonvision.taxonomy.labels import LABEL_LEVEL, PIXEL_LEVEL
from toonvision.taxonomy.loader import built_in
from toonvision.world import masks
from toonvision.world.entities import standing_height


@pytest.fixture(scope="module")
def toontown():
    return built_in("toontown")


def names(level):
    return [category.name for category in level.classes]


def test_every_label_is_as_high_as_it_is_drawn(toontown):
    assert set(toontown.heights) == {label.name for label in toontown.labels}
    for name, height in toontown.heights.items():
        assert height == pytest.approx(standing_height(name), abs=0.006)


def test_there_are_32_cogs_of_4_suits_11_animals_and_6_streets(toontown):
    assert len(toontown.level("entity").classes) == 32
    assert names(toontown.level("suit")) == ["bb", "lb", "cb", "sb"]
    assert len(toontown.level("animal").classes) == 11
    assert names(toontown.level("kind")) == ["cog", "toon"]
    assert [context.name for context in toontown.contexts] == ["br", "dd", "ddl", "dg", "mml", "ttc"]
    assert sum(label.classes["kind"] == "cog" for label in toontown.labels) == 32
    assert sum(label.classes["kind"] == "toon" for label in toontown.labels) == 11


def test_every_suit_has_8_cogs(toontown):
    suits = [label.classes.get("suit") for label in toontown.labels]
    assert {suit: suits.count(suit) for suit in names(toontown.level("suit"))} == dict.fromkeys(
        ["bb", "lb", "cb", "sb"], 8
    )


def of_table(text, taxonomy):
    rows = list(csv.reader(text.splitlines()))
    assert [label.name for label in taxonomy.labels] == [row[0] for row in rows[1:]]
    assert [context.name for context in taxonomy.contexts] == rows[0][1:]


def test_labels_and_streets_are_those_of_the_bundled_counts_in_their_order(toontown):
    bundled = importlib.resources.files("toonvision.world") / "entity_street_counts.csv"
    of_table(bundled.read_text(encoding="utf-8"), toontown)


def test_labels_and_streets_are_those_of_the_published_counts_in_their_order(toontown, shared_data):
    of_table((shared_data / "entity_street_counts.csv").read_text(encoding="utf-8"), toontown)


def test_a_labels_name_is_made_of_its_classes(toontown):
    for label in toontown.labels:
        c = label.classes
        expected = f"cog_{c['suit']}_{c['entity']}" if c["kind"] == "cog" else f"toon_{c['animal']}"
        assert label.name == expected


def test_the_tasks_and_the_levels_they_predict(toontown):
    assert {task.name: task.level for task in toontown.tasks} == {
        "binary": "kind",
        "suit": "suit",
        "entity": "entity",
        "animal": "animal",
        "label": LABEL_LEVEL,
        "detect": "kind",
        "street": PIXEL_LEVEL,
    }
    kinds = {task.name: task.kind for task in toontown.tasks if task.kind != "classify"}
    assert kinds == {"detect": "detect", "street": "segment"}


def test_the_classes_of_pixels_are_those_that_the_sample_world_draws(toontown):
    assert tuple(one.name for one in toontown.level(PIXEL_LEVEL).classes) == masks.CLASSES
    colors = ["#{:02X}{:02X}{:02X}".format(*one) for one in masks.CLASS_COLOURS]
    assert [one.color for one in toontown.level(PIXEL_LEVEL).classes] == colors


def test_the_published_targets_are_30_of_each_entity_and_5_on_each_street(toontown):
    assert (toontown.targets.per_label, toontown.targets.per_context) == (30, 5)


def test_an_entity_determines_its_suit_and_kind_and_a_kind_neither(toontown):
    assert [level.name for level in toontown.coarser("entity")] == ["kind", "suit"]
    assert [level.name for level in toontown.coarser("suit")] == ["kind"]
    assert [level.name for level in toontown.coarser("animal")] == ["kind"]
    assert toontown.coarser("kind") == ()
    assert toontown.parents("entity", "suit")["flunky"] == "bb"
    assert toontown.parents("suit", "entity") == {}
    assert [level.name for level in toontown.coarser(LABEL_LEVEL)] == ["kind", "suit", "entity", "animal"]


def test_levels_that_join_classes_are_those_with_fewer_classes(toontown):
    assert [level.name for level in toontown.grouping("label")] == ["kind", "suit"]
    assert [level.name for level in toontown.grouping("entity")] == ["suit"]
    assert [level.name for level in toontown.grouping("suit")] == []


def test_a_label_determines_every_level_as_far_as_it_has_one(toontown):
    suits, animals = (toontown.parents(LABEL_LEVEL, level) for level in ("suit", "animal"))
    assert suits["cog_bb_flunky"] == "bb"
    assert animals["toon_dog"] == "dog"
    assert len(suits) + len(animals) == len(toontown.labels)
    assert not set(suits) & set(animals)


@pytest.mark.parametrize("level", ["kind", "suit", "entity", "animal", LABEL_LEVEL])
def test_the_classes_of_a_level_have_distinct_colours_and_titles(toontown, level):
    classes = toontown.level(level).classes
    assert len({category.color.lower() for category in classes}) == len(classes)
    assert len({category.title for category in classes}) == len(classes)


def test_the_streets_have_distinct_colours_and_titles(toontown):
    assert len({context.color.lower() for context in toontown.contexts}) == 6
    assert [context.title for context in toontown.contexts] == [
        "The Brrrgh",
        "Donald's Dock",
        "Donald's Dreamland",
        "Daisy Gardens",
        "Minnie's Melodyland",
        "Toontown Central",
    ]


def test_classes_with_a_single_label_have_its_title(toontown):
    titles = {category.name: category.title for category in toontown.level("entity").classes}
    assert titles["movershaker"] == "Mover & Shaker"
    assert titles["twoface"] == "Two-Face"


@pytest.mark.parametrize("name", ["toontwon", "../labels", "", "toontown.toml", "TOONTOWN"])
def test_another_built_in_name_is_refused(name):
    with pytest.raises(UsageError, match="the only built-in taxonomy is 'toontown'; got"):
        built_in(name)
