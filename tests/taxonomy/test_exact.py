import pytest

from toonvision.taxonomy.exact import exact_label, likely_labels
from toonvision.taxonomy.loader import built_in

TOONTOWN = built_in("toontown")
SUITS = {"bb": 0.7, "lb": 0.2, "cb": 0.06, "sb": 0.04}


def shares(level, **sure):
    """What a classifier says of all classes of a level: what it is sure of, and that the others share the rest."""
    names = {TOONTOWN.class_of(label.name, level) for label in TOONTOWN.labels} - {None} - set(sure)
    return {**dict.fromkeys(sorted(names), (1 - sum(sure.values())) / len(names)), **sure}


@pytest.mark.parametrize(
    ("levels", "label"),
    [
        ({"kind": "cog", "suit": "bb", "entity": "flunky"}, "cog_bb_flunky"),
        ({"kind": "cog", "suit": "bb"}, "bb"),
        ({"kind": "toon", "animal": "dog"}, "toon_dog"),
        ({"kind": "cog", "label": "cog_bb_flunky"}, "cog_bb_flunky"),
    ],
)
def test_the_label_is_as_exact_as_the_levels_say(levels, label):
    assert exact_label(levels, TOONTOWN) == label


def test_labels_are_as_likely_as_all_levels_together_say():
    said = {"kind": {"cog": 0.9, "toon": 0.1}, "suit": SUITS, "entity": shares("entity", bigwig=0.5, flunky=0.4)}
    found = likely_labels(said, TOONTOWN)
    assert list(found)[:2] == ["cog_bb_flunky", "cog_lb_bigwig"]  # 0.7 x 0.4 against 0.2 x 0.5
    assert found["cog_bb_flunky"] / found["cog_lb_bigwig"] == pytest.approx(2.8)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_a_level_at_which_a_label_has_no_class_says_nothing_of_it():
    kinds = {"kind": {"cog": 0.5, "toon": 0.5}}
    before, after = (
        likely_labels(kinds, TOONTOWN),
        likely_labels({**kinds, "suit": dict.fromkeys(SUITS, 0.25)}, TOONTOWN),
    )
    assert after == pytest.approx(before)
    assert len(set(before.values())) == 1


def test_labels_that_no_level_tells_apart_are_as_likely_and_stay_in_their_order():
    found = likely_labels({"kind": {"cog": 1.0, "toon": 0.0}, "suit": SUITS}, TOONTOWN)
    bossbots = [label.name for label in TOONTOWN.labels if TOONTOWN.class_of(label.name, "suit") == "bb"]
    assert list(found)[:8] == bossbots
    assert len({found[name] for name in bossbots}) == 1
    assert found["toon_dog"] == 0.0
