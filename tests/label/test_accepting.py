from dataclasses import replace
from types import SimpleNamespace

import pytest

from builders import Shot, make_workspace, write_picture
from label.made import labelled, shots_of, unlabelled
from toonvision.api.workspace import open_workspace
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import read_annotation
from toonvision.data.splits import Split
from toonvision.label.accepting import Learned, accept_unasked, annotated, audit, compared
from toonvision.label.annotations import Proposal
from toonvision.label.changes import Change
from toonvision.label.proposals import (
    Proposals,
    StoredThresholds,
    picture_hash,
    proposals_of,
    read_proposals,
    write_proposals,
    write_thresholds,
)
from toonvision.label.queue import queue
from toonvision.label.screenshots import Screenshot, list_screenshots
from toonvision.label.session import open_session
from toonvision.label.thresholds import Limits, Scored, Thresholds, choose_thresholds, is_audited
from toonvision.metrics.intervals import Proportion

SURE = choose_thresholds([Scored("apple", 0.9, True)] * 100)


def boxes(count, score=0.95):
    """Proposals of apples, each at a place of its own."""
    return tuple(Proposal("apple", Box(n, 5, n + 1, 9), score, "m", "label") for n in range(count))


@pytest.fixture
def workspace(tmp_path):
    return unlabelled(tmp_path / "w")


def test_sure_boxes_are_accepted_with_their_model_and_score_but_for_those_that_are_audited(workspace):
    offered = boxes(50)
    with open_session(workspace, proposals=lambda _: offered) as session:
        done = accept_unasked(session, SURE)
        shot = session.screenshots[0]
        sheet = session.sheet(shot.id)
    expected = [one for one in offered if not is_audited(one)]
    assert done.unasked == len(expected) * 4
    assert done.audited == (50 - len(expected)) * 4 > 0
    assert {(one.origin, one.model, one.score) for one in sheet.annotation.boxes} == {("unasked", "m", 0.95)}
    assert sheet.state == "open"
    assert [one.id for one in sheet.proposals] == [one.id for one in offered if is_audited(one)]
    assert read_annotation(shot.annotation, workspace.annotations).annotation == sheet.annotation


def test_it_is_done_once_and_a_persons_decision_stays(workspace):
    offered = boxes(30)
    with open_session(workspace, proposals=lambda _: offered) as session:
        first, second = (shot.id for shot in session.screenshots[:2])
        session.change(first, Change("reject_all"))
        session.change(second, Change("empty"))
        before = [session.sheet(one).annotation for one in (first, second)]
        accept_unasked(session, SURE)
        lines = workspace.reviews.read_bytes()
        assert accept_unasked(session, SURE).unasked == 0
        assert [session.sheet(one).annotation for one in (first, second)] == before
    assert workspace.reviews.read_bytes() == lines


def test_the_audit_counts_what_a_person_says_of_those_that_were_asked_about_all_the_same(workspace):
    offered = boxes(60)
    assert audit(workspace, list_screenshots(workspace)).total == 0
    with open_session(workspace, proposals=lambda _: offered) as session:
        accept_unasked(session, SURE)
        shot = session.screenshots[0].id
        asked = [one.id for one in session.sheet(shot).proposals]
        session.change(shot, Change("reject", asked[0]))
        for one in asked[1:]:
            session.change(shot, Change("accept", one))
    found = audit(workspace, list_screenshots(workspace))
    assert (found.count, found.total) == (len(asked) - 1, len(asked))


def test_proposals_are_compared_with_annotated_screenshots_that_were_not_learned_from(workspace):
    shots = shots_of(workspace)
    (truth, other), third = boxes(2), replace(boxes(3)[2], label="pear")
    with open_session(workspace, proposals=lambda _: (truth,)) as session:
        for shot in shots[:2]:
            session.change(shot.id, Change("confirm"))
    listed = list_screenshots(workspace)
    assert annotated(listed, Learned()) == list(shots[:2])
    subsets = {shots[0].name: "val", shots[1].name: "train", shots[2].name: "val"}
    assert annotated(listed, Learned([Split("default", subsets)])) == [shots[0]]
    assert annotated(listed, Learned([Split("default", subsets)], with_validation=True)) == []
    reviewed_since = Split("default", {shots[1].name: "test"})
    assert annotated(listed, Learned([reviewed_since], with_validation=True)) == [shots[0]]
    proposed = Proposals("screenshots", shots[0].name, "", (64, 48), "m", "", (truth, other, third))
    rights = compared(workspace, [(shots[0], proposed)])
    assert [(one.label, one.is_right) for one in rights] == [("apple", True), ("apple", False), ("pear", False)]


def test_a_proposal_of_a_class_is_right_where_the_source_knows_no_more_than_that_class(tmp_path):
    xyxy = (1, 1, 20, 20)
    workspace = make_workspace(tmp_path, [Shot("one", "garden", (("fruit", xyxy),))])
    (shot,) = shots_of(workspace)
    fruit = Proposal("fruit", Box(*xyxy), 0.9, "m", "kind")
    for found, is_right in ((fruit, True), (replace(fruit, label="mineral"), False)):
        proposed = Proposals(shot.source.key, shot.name, "", (64, 48), "m", "", (found,))
        assert [(one.is_right, one.is_placed) for one in compared(workspace, [(shot, proposed)])] == [(is_right, True)]


def test_what_was_reviewed_since_the_training_lets_more_be_accepted(workspace, monkeypatch):
    offered = boxes(60)

    def again(_, shots, _proposer, **_more):
        made = [
            (one, Proposals("screenshots", one.name, picture_hash(one), (64, 48), "m", "", offered)) for one in shots
        ]
        write_proposals(workspace, made)
        yield from made

    models = SimpleNamespace(title="m", usual_score=0.3)
    monkeypatch.setattr("toonvision.label.proposing.propose", again)
    monkeypatch.setattr("toonvision.api.proposing.choose_proposer", lambda *_: (models, Learned()))
    opened = open_workspace(workspace.root)
    first = opened.propose()
    assert first.value.accepted.unasked == 0
    assert (
        "no annotated screenshot that the models did not learn from shows how often they are right" in first.sentences
    )
    with open_session(workspace, proposals=proposals_of(workspace)) as session:
        for shot in session.screenshots[:2]:
            session.change(shot.id, Change("confirm"))
    second = opened.propose()
    assert second.value.thresholds.proven == Proportion(120, 120)
    assert second.value.accepted.unasked + second.value.accepted.audited == 120
    assert "Boxes that are as sure were right in 100.0 % (96.9–100.0) of 120 on 2 annotated" in second.sentences
    with open_session(workspace, proposals=proposals_of(workspace)) as session:
        session.change(session.screenshots[2].id, Change("confirm"))
    asked = sum(is_audited(one) for one in offered)
    assert opened.propose().value.thresholds.proven == Proportion(120 + asked, 120 + asked)


def test_what_nobody_was_asked_about_proves_nothing_until_it_is_corrected(workspace):
    shot, offered = shots_of(workspace)[0], boxes(3)
    proposed = Proposals("screenshots", shot.name, "", (64, 48), "m", "", offered)
    with open_session(workspace, proposals=lambda _: offered) as session:
        session.change(shot.id, Change("unasked", ids=tuple(one.id for one in offered[:2])))
        session.change(shot.id, Change("relabel", offered[1].id, label="pear"))
        session.change(shot.id, Change("confirm"))
    assert [one.is_right for one in compared(workspace, [(shot, proposed)])] == [False, True]


def test_what_is_below_the_floor_is_not_shown_while_its_models_are_those_that_were_measured(workspace):
    shot = shots_of(workspace)[0]
    low, high = boxes(1, score=0.1)[0], boxes(2, score=0.8)[1]
    stored = Proposals("screenshots", shot.name, picture_hash(shot), (64, 48), "these", "", (high, low))
    write_proposals(workspace, [(shot, stored)])
    assert proposals_of(workspace)(shot) == (high, low)
    limits = Thresholds(0.95, {}, Limits(), floor=0.3)
    write_thresholds(workspace, StoredThresholds("these", limits))
    assert proposals_of(workspace)(shot) == (high,)
    assert proposals_of(workspace, hidden=True)(shot) == (low,)
    write_thresholds(workspace, StoredThresholds("others", limits))
    assert proposals_of(workspace)(shot) == (high, low)
    assert proposals_of(workspace, hidden=True)(shot) == ()


def test_what_measures_is_shown_on_annotated_screenshots_only_where_every_screenshot_was_asked_about(
    tmp_path, monkeypatch
):
    workspace, offered = labelled(tmp_path / "w"), boxes(2)

    def again(_, shots, _proposer, **_more):
        made = [(one, Proposals(one.source.key, one.name, picture_hash(one), (64, 48), "m", "", offered))
                for one in shots]  # fmt: skip
        write_proposals(workspace, made)
        yield from made

    models = SimpleNamespace(title="m", usual_score=0.3)
    monkeypatch.setattr("toonvision.label.proposing.propose", again)
    monkeypatch.setattr("toonvision.api.proposing.choose_proposer", lambda *_: (models, Learned()))
    opened, shot = open_workspace(workspace.root), shots_of(workspace)[0]
    for every in (False, True, False):
        said = opened.propose(every=every).sentences
        assert "8 proposed boxes with a label on 4 annotated screenshots that they did not learn from cannot" in said
        assert read_proposals(workspace, shot).objects == offered
        assert proposals_of(workspace)(shot) == (offered if every else ())
        assert proposals_of(workspace, hidden=True)(shot) == (() if every else offered)
        why = queue(workspace, list_screenshots(workspace))[shot.id]
        assert (why == "models and annotation differ") == every


def test_a_picture_is_hashed_once_until_it_is_replaced(workspace, monkeypatch):
    shot, read = shots_of(workspace)[0], []
    monkeypatch.setattr(Screenshot, "content", lambda one: read.append(one) or one.path.read_bytes())
    before = picture_hash(shot)
    assert (picture_hash(shot), len(read)) == (before, 1)
    write_picture(shot.path, Shot("another", shot.context, ()))
    assert picture_hash(shot) != before
    assert len(read) == 2
