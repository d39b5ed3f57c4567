"""What a track is, by all of its frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toonvision.deploy.scene import NamedObject
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch.evidence import Evidence, said_of
from toonvision.watch.level_paths import LevelPaths

TOONTOWN = LevelPaths.of_taxonomy(built_in("toontown"), "kind", ["suit", "entity"])
MONSTERS = LevelPaths.of(
    "kind",
    {"kind": ["monster"], "label": ["knight", "dragon", "chest"]},
    {"label": {"kind": {"knight": "monster", "dragon": "monster"}}},
)
BOX = (0.0, 0.0, 10.0, 20.0)


def test_every_label_of_the_built_in_taxonomy_is_a_path():
    labels = built_in("toontown").labels
    paths = {
        tuple(classes[at] for at, classes in zip(path, TOONTOWN.levels.values(), strict=True) if at >= 0)
        for path in TOONTOWN.paths
    }
    assert paths == {
        tuple(label.classes[name] for name in TOONTOWN.levels if name in label.classes) for label in labels
    }


def test_levels_that_nothing_joins_are_independent():
    paths = LevelPaths.of("a", {"a": ["x", "y"], "b": ["1", "2"]}, {})
    assert len(paths.paths) == 4


def test_an_entity_speaks_for_its_suit_and_its_kind():
    entity = Evidence(TOONTOWN).with_said({"kind": {"cog": 0.6}, "entity": {"flunky": 0.9}}, 0.0)
    assert entity.path == {"kind": "cog", "suit": "bb", "entity": "flunky"}
    assert entity.label == "flunky"


def test_a_toon_has_no_suit_whatever_a_classifier_of_suits_says():
    toon = Evidence(TOONTOWN).with_said({"kind": {"toon": 0.95}, "suit": {"bb": 0.99}}, 0.0)
    assert toon.path == {"kind": "toon"}
    assert toon.probabilities["kind"]["toon"] == pytest.approx(0.905)
    assert sum(toon.probabilities["suit"].values()) == pytest.approx(0.095)


@pytest.mark.parametrize(("said", "labels"), [(None, ()), ("dragon", ("dragon",)), ("chest", ("knight", "dragon"))])
def test_what_a_detector_of_one_class_finds_is_of_that_class_whatever_a_classifier_says(said, labels):
    monster, found = Evidence(MONSTERS), said_of(FoundObject("monster", 0.95, BOX), MONSTERS)
    for at in range(3):
        monster = monster.with_said(found | ({"label": {said: 0.99}} if said else {}), at / 10)
    assert monster.path["kind"] == "monster"
    assert monster.confidences["kind"] == 1
    assert monster.label in (labels or ("monster",))


def test_a_single_mistake_among_many_frames_does_not_change_the_class():
    evidence = Evidence(TOONTOWN)
    for at in range(40):
        said = {"suit": {"lb" if at == 39 else "bb": 0.999}}
        evidence = evidence.with_said({"kind": {"cog": 0.9}, **said}, at / 10)
    assert evidence.path["suit"] == "bb"


def test_the_frame_rate_hardly_changes_how_sure_it_is():
    found = []
    for rate in (10, 60):
        evidence = Evidence(TOONTOWN)
        for at in range(3 * rate):
            evidence = evidence.with_said({"kind": {"cog": 0.7}}, at / rate)
        found.append(evidence.probabilities["kind"]["cog"])
    assert found[0] == pytest.approx(found[1], abs=0.02)


def test_a_class_that_nobody_knows_and_an_unknown_level_do_not_count():
    evidence = Evidence(TOONTOWN).with_said({"kind": {"cog": 0.8}, "colour": {"red": 1.0}}, 0.0)
    assert evidence.path == {"kind": "cog"}


def test_before_anything_is_said_there_is_no_label():
    assert Evidence(TOONTOWN).label == ""
    assert Evidence(TOONTOWN).probabilities == {}


def test_all_that_was_said_of_a_named_object_counts():
    named = NamedObject("bb", 0.8, BOX, levels={"kind": "cog", "suit": "bb"}, confidences={"kind": 0.8, "suit": 0.97})
    assert said_of(named, TOONTOWN) == {"kind": {"cog": pytest.approx(0.9)}, "suit": {"bb": 0.97}}
    assert said_of(FoundObject("toon", 0.5, BOX), TOONTOWN) == {"kind": {"toon": pytest.approx(0.75)}}


@given(st.lists(st.tuples(st.sampled_from(["bb", "lb", "cb", "sb"]), st.floats(0, 1)), min_size=1, max_size=30))
def test_probabilities_are_never_more_than_one_and_levels_agree(said):
    evidence = Evidence(TOONTOWN)
    for at, (suit, share) in enumerate(said):
        evidence = evidence.with_said({"kind": {"cog": share}, "suit": {suit: share}}, at / 10)
    for shares in evidence.probabilities.values():
        assert all(0 <= share <= 1 for share in shares.values())
        assert sum(shares.values()) <= 1 + 1e-9
    assert sum(evidence.probabilities["suit"].values()) == pytest.approx(evidence.probabilities["kind"]["cog"])
    assert ("suit" in evidence.path) == (evidence.path["kind"] == "cog")
    assert np.isfinite(list(evidence.confidences.values())).all()
