import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import finding_things, mark_of
from label.made import labelled, unlabelled
from toonvision.api.labelling import suspicions
from toonvision.api.workspace import open_workspace
from toonvision.data.boxes import Box
from toonvision.label.annotations import Proposal
from toonvision.label.changes import Change
from toonvision.label.proposals import Proposals, StoredThresholds, write_proposals, write_thresholds
from toonvision.label.queue import Waiting, in_order, queue
from toonvision.label.screenshots import list_screenshots
from toonvision.label.session import open_session
from toonvision.label.thresholds import Limits, Thresholds
from toonvision.studies.box_suspects import BoxSuspect, BoxSuspectStudy


def seen(score=0.97, label="apple", box=(0, 0, 10, 10), **more):
    return Proposal(label, Box(*box), score, "m", **{"level": "label", **more})


def ordered(*waiting, labels=None, contexts=None):
    return list(reasoned(*waiting, labels=labels, contexts=contexts))


def reasoned(*waiting, labels=None, contexts=None):
    labels = {"apple": 1000, "pear": 1000} if labels is None else labels
    return in_order(waiting, labels=labels, contexts=contexts or {"garden": 1000, "house": 1000})


SURE = Waiting("sure", "garden", (seen(),), (("apple", Box(0, 0, 10, 10)),))


@pytest.mark.parametrize(
    ("better", "why"),
    [
        (replace(SURE, id="x", proposals=(seen(0.5),)), "the model is unsure"),
        (replace(SURE, id="x", proposals=(seen(doubts=("the kind would be Mineral",)),)), "models disagree"),
        (replace(SURE, id="x", proposals=(seen(), seen(box=(30, 30, 40, 40)))), "models and annotation differ"),
        (replace(SURE, id="x", boxes=(*SURE.boxes, ("pear", Box(30, 30, 40, 40)))), "models and annotation differ"),
        (replace(SURE, id="x", suspicion=0.5), "an annotation is suspect"),
        (replace(SURE, id="x", proposals=(seen(label="stone"),)), "a rare label"),
        (replace(SURE, id="x", context="cellar"), "a rare context"),
    ],
    ids=["unsure", "levels disagree", "not annotated", "not seen", "suspect", "rare label", "rare context"],
)
def test_what_a_person_is_needed_for_comes_first_and_the_reason_is_said(better, why):
    assert list(reasoned(SURE, better).items()) == [("x", why), ("sure", "")]


def test_what_is_not_shown_makes_no_screenshot_worth_a_look_but_is_no_sign_that_a_box_is_wrong():
    weak = tuple(seen(0.2, "stone", (n, 20, n + 9, 30), doubts=("the kind would be Fruit",)) for n in range(9))
    place = ("pear", Box(0, 20, 9, 30))
    boxes = (*SURE.boxes, place)
    assert reasoned(replace(SURE, boxes=boxes, hidden=weak)) == {"sure": ""}
    assert reasoned(replace(SURE, boxes=boxes)) == {"sure": "models and annotation differ"}


def test_a_context_is_rare_only_where_another_has_more():
    new = Waiting("new", "cellar", None)
    for contexts, why in (
        ({}, ""),
        ({"cellar": 1}, ""),
        ({"cellar": 1, "garden": 1}, ""),
        ({"garden": 1}, "a rare context"),
    ):
        assert in_order([new], labels={}, contexts=contexts) == {"new": why}


def test_what_was_accepted_for_its_score_leaves_nothing_to_ask():
    middling = replace(SURE, id="x", proposals=(seen(0.6),))
    assert ordered(SURE, middling) == ["x", "sure"]
    assert ordered(SURE, replace(middling, decided={middling.proposals[0].id})) == ["sure", "x"]


def test_of_screenshots_that_look_the_same_one_comes_early_and_the_others_late():
    unsure = Waiting("a", "garden", (seen(0.5),), None, mark_of(1))
    twin, other = replace(unsure, id="b"), replace(unsure, id="c", fingerprint=mark_of(2))
    assert ordered(unsure, twin, other) == ["a", "c", "b"]


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["garden", "house"])), max_size=20))
def test_every_screenshot_is_in_the_order_once_and_it_is_always_the_same(drawn):
    waiting = [Waiting(str(at), context, (seen(score),)) for at, (score, context) in enumerate(drawn)]
    found = ordered(*waiting)
    assert sorted(found) == sorted(one.id for one in waiting)
    assert found == ordered(*waiting)


def test_reviewed_screenshots_do_not_wait(tmp_path):
    workspace = unlabelled(tmp_path / "w")
    with open_session(workspace) as session:
        session.change(session.screenshots[0].id, Change("empty"))
        waiting = queue(workspace, list_screenshots(workspace))
        assert sorted(waiting) == sorted(shot.id for shot in session.screenshots[1:])
    given = labelled(tmp_path / "l")
    assert len(queue(given, list_screenshots(given))) == 4


def test_the_order_counts_the_proposals_that_the_page_shows(tmp_path):
    workspace = unlabelled(tmp_path / "w")
    shots = list_screenshots(workspace).screenshots
    weak = tuple(seen(0.2, box=(n, 20, n + 9, 30)) for n in range(9))
    for shot, objects in ((shots[0], weak), (shots[1], (seen(0.6),))):
        write_proposals(workspace, [(shot, Proposals("screenshots", shot.name, "", (64, 48), "m", "", objects))])
    assert next(iter(queue(workspace, list_screenshots(workspace)))) == shots[0].id
    write_thresholds(workspace, StoredThresholds("m", Thresholds(0.95, {}, Limits(), floor=0.3)))
    waiting = queue(workspace, list_screenshots(workspace))
    assert next(iter(waiting)) == shots[1].id
    assert waiting[shots[0].id] != "the model is unsure"


def test_screenshots_whose_annotations_a_search_suspects_come_first_the_most_suspect_before_all(tmp_path):
    files = finding_things(labelled(tmp_path / "l"), tmp_path / "w", level="kind")
    shots = list_screenshots(files).screenshots
    found = [
        BoxSuspect("missing", shot.source.key, shot.name, "", "", "", None, "fruit", (1, 1, 9, 9), 0.9, 0, suspicion)
        for shot, suspicion in ((shots[2], 0.3), (shots[3], 0.4), (shots[3], 0.8))
    ]
    folder = files.studies / "things" / "suspects"
    folder.mkdir(parents=True)
    BoxSuspectStudy("things", "detector", 4, 1, 4, 8, 0.9, ("fruit",), (0.5,), tuple(found), folder=folder).save()
    first, second, *rest = queue(files, list_screenshots(files), suspicions(open_workspace(files.root))).items()
    assert (first, second[0]) == ((shots[3].id, "an annotation is suspect"), shots[2].id)
    assert {why for _, why in rest} == {""}
    (folder / "box-suspects.json").write_text("{", encoding="utf-8")
    assert suspicions(open_workspace(files.root)) == {}


def test_5000_screenshots_are_in_order_within_seconds():
    waiting = [
        Waiting(str(at), "garden", tuple(seen(0.1 + (at * n) % 80 / 100) for n in range(5)), None, mark_of(at))
        for at in range(5_000)
    ]
    begun = time.process_time()
    assert len(ordered(*waiting)) == 5_000
    assert time.process_time() - begun < 20
