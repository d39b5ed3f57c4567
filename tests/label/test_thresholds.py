from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SETTINGS_TEXT
from toonvision.core.settings import read_settings
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import LabelledBox
from toonvision.data.workspace import WorkspaceTable
from toonvision.label.annotations import Proposal
from toonvision.label.sureness import Sureness, fit_sureness
from toonvision.label.thresholds import (
    ASKED,
    Scored,
    choose_thresholds,
    is_audited,
    limits_of,
    scored,
    sort_proposals,
)
from toonvision.metrics.intervals import Proportion

SMALL = read_settings(Path("small.toml"), WorkspaceTable, text=SETTINGS_TEXT).taxonomy.build()
KNOWN = st.lists(
    st.builds(
        Scored,
        st.sampled_from(["apple", "pear"]),
        st.integers(0, 20).map(lambda n: n / 20),
        st.sampled_from([True] * 9 + [False]),
    ),
    max_size=300,
)


def proposal(label="apple", score=0.9, box=(0, 0, 10, 10), **more):
    return Proposal(label, Box(*box), score, "m", **{"level": "label", **more})


@given(KNOWN, st.sampled_from([0.5, 0.8, 0.95]))
def test_what_is_accepted_without_asking_was_right_often_enough_and_no_lower_score_was(known, target):
    limits = limits_of(known, target=target)

    def lower_bound(least):
        above = [one.is_right for one in known if one.score >= least]
        return Proportion(sum(above), len(above)).interval[0]

    good = [one.score for one in known if lower_bound(one.score) >= target]
    assert limits.accept == min(good, default=ASKED)
    if good:
        assert limits.measured.interval[0] >= target


@given(KNOWN)
def test_what_is_hidden_would_take_more_actions_than_it_saves(known):
    shows = choose_thresholds(known).shows
    below = [2 if one.is_right else -1 for one in known if not shows(proposal(one.label, one.score))]
    assert sum(below) <= 0


@given(KNOWN, st.randoms())
def test_the_order_of_what_is_known_does_not_matter(known, random):
    shuffled = list(known)
    random.shuffle(shuffled)
    assert choose_thresholds(known) == choose_thresholds(shuffled)


@given(KNOWN)
def test_a_higher_target_accepts_no_more(known):
    assert limits_of(known, target=0.8).accept <= limits_of(known, target=0.95).accept


def test_it_takes_73_right_ones_for_95_percent():
    def right(count):
        return limits_of([Scored("apple", 0.9, True)] * count, target=0.95).accept

    assert right(72) == ASKED
    assert right(73) == 0.9


def test_labels_with_too_few_of_their_own_are_measured_together():
    known = [Scored(label, 0.9, True) for label in ("apple", "pear") for _ in range(40)]
    found = choose_thresholds(known)
    assert found.labels == {}
    assert found.of("apple").accept == found.of("stone").accept == 0.9
    wrong = [Scored("stone", 0.95, False)] * 20
    assert choose_thresholds([*known, *wrong]).of("apple").accept == ASKED


def test_a_proposal_is_right_where_its_label_is_at_its_place_and_an_object_counts_once():
    truth = [LabelledBox("1", "apple", Box(0, 0, 10, 10)), LabelledBox("2", "pear", Box(50, 50, 70, 70))]
    found = scored(
        [
            proposal(score=0.5, box=(0, 0, 10, 9)),
            proposal(score=0.8, box=(0, 0, 10, 10)),
            proposal(score=0.9, box=(50, 50, 70, 70)),
        ],
        truth,
        SMALL,
    )
    assert [(one.score, one.is_right) for one in found] == [(0.9, False), (0.8, True), (0.5, False)]


def test_a_class_of_several_labels_is_right_where_one_of_them_is_and_is_hidden_where_it_is_wrong():
    truth = [LabelledBox("1", "apple", Box(0, 0, 10, 10)), LabelledBox("2", "pear", Box(50, 50, 70, 70))]
    vague = [proposal("fruit", level="kind"), proposal("mineral", box=(50, 50, 70, 70), level="kind")]
    found = scored(vague, truth, SMALL)
    assert [(one.label, one.is_right, one.is_exact, one.is_placed) for one in found] == [
        ("fruit", True, False, True), ("mineral", False, False, True),
    ]  # fmt: skip
    known = [Scored("mineral", 0.2, False, is_exact=False)] * 20
    assert not choose_thresholds(known).shows(proposal("mineral", score=0.2, level="kind"))


def test_a_share_of_5_percent_is_asked_about_all_the_same_and_each_seed_chooses_others():
    many = [proposal(box=(n, 0, n + 10, 10)) for n in range(4_000)]
    chosen = {one.id for one in many if is_audited(one)}
    assert len(chosen) == pytest.approx(200, abs=45)
    assert chosen == {one.id for one in many if is_audited(one)}
    assert chosen != {one.id for one in many if is_audited(one, seed=1)}


def test_what_models_disagree_on_or_know_no_label_of_is_never_accepted_without_asking():
    thresholds = choose_thresholds([Scored("apple", 0.5, True)] * 100)
    sure, doubted, vague = proposal(), proposal(doubts=("no",)), proposal("apple", level="kind")
    found = sort_proposals([sure, doubted, vague], thresholds)
    assert (*found.unasked, *found.audited) == (sure,)
    assert all(map(thresholds.shows, (doubted, vague)))


def test_a_box_at_the_place_of_an_object_is_worth_showing_whatever_it_says():
    known = [Scored("apple", 0.4, False, is_placed=True)] * 20 + [Scored("apple", 0.2, False)] * 20
    thresholds = choose_thresholds(known)
    assert (thresholds.of("apple").accept, thresholds.floor) == (ASKED, 0.4)


def test_what_is_shown_is_decided_for_each_class_of_the_detector_that_has_enough_proposals():
    cogs = [Scored("flunky", 0.3, True, found="cog")] * 25 + [Scored("yesman", 0.2, False, found="cog")] * 25
    toons = [Scored("dog", 0.6, True, found="toon")] * 25 + [Scored("cat", 0.5, False, found="toon")] * 24
    thresholds = choose_thresholds([*cogs, *toons])
    assert (thresholds.floors, thresholds.floor) == ({"cog": 0.3}, 0.6)
    shown = [thresholds.shows(proposal("flunky", 0.4, levels={"kind": kind})) for kind in ("cog", "toon")]
    assert shown == [True, False]


def test_where_too_few_are_known_what_the_detector_counts_is_shown():
    few = [Scored("cog", 0.2, is_right=False)] * 3
    assert choose_thresholds(few, usual=0.35).floor == 0.35
    assert choose_thresholds([], usual=0.35).floor == 0.35


CONFIDENCES = st.floats(0.01, 1)
SEEN = st.lists(st.tuples(CONFIDENCES, st.booleans()), min_size=1, max_size=60)


def found(count, confidence, share, *, is_right=True, is_placed=True, **more):
    return [Scored("apple", confidence * share, is_right, True, is_placed, confidence, **more)] * count


@given(KNOWN, st.integers(0, 20).map(lambda n: n / 20))
def test_one_more_right_answer_never_raises_what_is_accepted(known, score):
    before = limits_of(known, target=0.8).accept
    assert limits_of([*known, Scored("apple", score, True)], target=0.8).accept <= before


@given(SEEN, st.tuples(CONFIDENCES, CONFIDENCES), st.tuples(CONFIDENCES, CONFIDENCES))
def test_sureness_is_a_probability_that_rises_with_both_confidences_and_is_the_same_each_time(known, one, other):
    sureness = fit_sureness(known)
    assert sureness == fit_sureness(known)
    low, high = ([low(pair) for pair in zip(one, other, strict=True)] for low in (min, max))
    sure = [sureness.of(confidence * share, confidence) for confidence, share in (low, high)]
    assert 0 <= sure[0] <= sure[1] * (1 + 1e-9) <= 1 + 1e-9


def test_a_confidence_is_as_sure_as_such_confidences_were_right():
    sureness = fit_sureness([(0.3, False)] * 300 + [(0.3, True)] * 100 + [(0.6, True)] * 396 + [(0.6, False)] * 4)
    assert sureness.of(0.3, 0.3) == pytest.approx(0.25, abs=0.01)
    assert sureness.of(0.6, 0.6) == pytest.approx(0.99, abs=0.005)
    assert sureness.of(0.3, 0.6) == pytest.approx(0.495, abs=0.005)


def test_where_the_detector_is_hardly_ever_wrong_the_label_decides():
    right = found(60, 0.6, 0.99) + found(60, 0.9, 0.99)
    doubtful = found(40, 0.9, 0.7, is_right=False)
    nothing = found(30, 0.3, 0.9, is_right=False, is_placed=False)
    thresholds = choose_thresholds([*right, *doubtful, *nothing])
    sure, doubted, high = (
        proposal(score=conf * share, probabilities={"kind": conf, "label": share})
        for conf, share in ((0.6, 0.99), (0.9, 0.7), (0.9, 0.99))
    )
    assert thresholds.accepts(sure)
    assert thresholds.accepts(high)
    assert not thresholds.accepts(doubted)
    assert thresholds.proven == Proportion(120, 120)
    assert limits_of([*right, *doubtful, *nothing], target=0.95).accept > 0.8  # the product would ask about `sure`


def test_only_what_could_have_been_accepted_counts():
    asked = found(100, 0.9, 0.99, is_right=False, is_doubted=True)
    thresholds = choose_thresholds([*found(100, 0.9, 0.99), *asked])
    assert thresholds.proven == Proportion(100, 100)


@given(KNOWN)
def test_nothing_is_accepted_whose_precision_was_not_proven(known):
    thresholds = choose_thresholds([one if one.is_right else Scored("apple", one.score, False) for one in known])
    for limits in (*thresholds.labels.values(), thresholds.others):
        assert (limits.accept == ASKED) == (limits.measured.total == 0)
        assert limits.accept == ASKED or limits.measured.interval[0] >= thresholds.target


def test_without_measured_confidences_the_score_counts_as_it_is():
    assert choose_thresholds([Scored("apple", 0.9, True)] * 80).sureness is None
    assert Sureness().of(0.42, 0.6) == pytest.approx(0.42)


def test_what_the_steepest_line_calls_impossible_is_not_sure_at_all():
    assert Sureness(50.0, -50.0).of(0.0, 0.0) == 0
    assert Sureness(50.0, 50.0).of(1.0, 1.0) == 1
