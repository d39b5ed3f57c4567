import numpy as np
import pytest

from toonvision.deploy.scene import NamedObject
from toonvision.label.naming import proposal_of
from toonvision.metrics.predictions import Verdict
from toonvision.taxonomy.loader import built_in

TOONTOWN = built_in("toontown")
KINDS = ("cog", "toon")
SUITS = {"bb": 0.7, "lb": 0.2, "cb": 0.06, "sb": 0.04}


def named(*, kind="cog", score=0.9, rejected=(), **shares):
    """An object of a kind, of which classifiers say so much; classes that are left out share the rest of theirs.

    At the levels in `rejected` it is none of their classes.
    """
    said = {level: completed(level, own) for level, own in shares.items()}
    levels = {"kind": kind} | {level: max(own, key=own.get) for level, own in said.items()}
    sure = {"kind": score} | {level: max(own.values()) for level, own in said.items()}
    verdicts = {
        level: Verdict(np.array([*own.values()]), tuple(own), novelty=2.0 if level in rejected else -2.0)
        for level, own in said.items()
    }
    return NamedObject(list(levels.values())[-1], score, (10.0, 10.0, 50.0, 90.0), levels, sure, verdicts)


def completed(level, own):
    names = {TOONTOWN.class_of(label.name, level) for label in TOONTOWN.labels} - {None} - set(own)
    return {**own, **dict.fromkeys(sorted(names), (1 - sum(own.values())) / max(1, len(names)))}


def proposal(one):
    return proposal_of(one, (100, 100), "models", KINDS, TOONTOWN)


def test_where_models_agree_their_label_is_proposed_and_the_likeliest_others_are_offered_in_their_order():
    found = proposal(named(suit=SUITS, entity={"flunky": 0.6, "yesman": 0.2, "downsizer": 0.1}))
    assert (found.label, found.level, found.is_exact, found.doubts) == ("cog_bb_flunky", "label", True, ())
    assert found.others[:2] == ("cog_bb_yesman", "cog_bb_downsizer")
    assert found.label not in found.others


def test_where_they_disagree_the_likeliest_label_of_all_together_is_proposed_with_what_speaks_against_it():
    found = proposal(named(suit=SUITS, entity={"bigwig": 0.5, "flunky": 0.4}))
    assert (found.label, found.others[0]) == ("cog_bb_flunky", "cog_lb_bigwig")
    assert found.doubts == ("the entity would be Big Wig",)
    assert found.score < proposal(named(suit=SUITS, entity={"flunky": 0.9})).score


@pytest.mark.parametrize(("sure", "label"), [({"flunky": 0.97}, "cog_bb_flunky"), ({}, "lb")])
def test_a_classifier_that_is_sure_overrules_one_that_is_not(sure, label):
    found = proposal(named(suit={"lb": 0.55, "bb": 0.35}, **({"entity": sure} if sure else {})))
    assert found.label == label
    assert found.doubts == (("the suit would be Lawbot",) if sure else ())


def test_what_several_labels_share_is_proposed_where_nothing_tells_them_apart():
    found = proposal(named(suit=SUITS))
    assert (found.label, found.level, found.is_exact) == ("bb", "suit", False)
    assert found.others[:2] == ("cog_bb_flunky", "cog_bb_pencilpusher")
    assert {TOONTOWN.class_of(name, "suit") for name in found.others[8:]} == {"lb"}
    assert 0 < found.score <= found.confidence == 0.9


def test_where_too_many_are_as_likely_none_is_offered():
    found = proposal(named())
    assert (found.label, found.level, found.others) == ("cog", "kind", ())


def test_a_classifier_of_labels_may_overrule_an_unsure_detector():
    found = proposal(named(kind="cog", score=0.2, label={"toon_dog": 0.98}))
    assert (found.label, found.doubts) == ("toon_dog", ("the kind would be Cog",))


def test_a_classifier_that_knows_nothing_like_the_object_does_not_name_it_and_is_a_doubt():
    found = proposal(named(suit=SUITS, rejected=("suit",)))
    assert (found.label, found.level) == ("cog", "kind")
    assert found.doubts == ("the suit is unlike all that its model learned",)
    found = proposal(named(suit=SUITS, entity={"flunky": 0.97}, rejected=("entity",)))
    assert (found.label, found.level) == ("bb", "suit")
    assert found.doubts == ("the entity is unlike all that its model learned",)
