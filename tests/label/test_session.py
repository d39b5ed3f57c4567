import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Shot, contents, files_property, make_workspace, tree, write_picture
from label.made import drawing, labelled, proposed, shots_of, unlabelled
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import RejectedItemError, UsageError, WorkspaceBusyError
from toonvision.data.attributes import write_attributes
from toonvision.data.boxes import Box
from toonvision.data.extraction import extract
from toonvision.data.own_annotations import Annotation, LabelledBox, write_annotation
from toonvision.data.reviews import read_reviews
from toonvision.label.accepting import accept_unasked
from toonvision.label.annotations import Proposal
from toonvision.label.changes import Change
from toonvision.label.history import ConflictError
from toonvision.label.session import Session, open_session
from toonvision.label.thresholds import Scored, choose_thresholds
from toonvision.metrics.boxes import SAME_OBJECT


@pytest.fixture
def workspace(tmp_path):
    return unlabelled(tmp_path)


@pytest.fixture
def session(workspace):
    return Session(workspace, proposals=proposed)


def first(session):
    return session.screenshots[0].id


def kinds(sheet):
    return [(one.label, one.origin) for one in sheet.annotation.boxes]


def test_objects_of_which_a_source_knows_but_a_class_are_proposed_until_each_has_a_label(tmp_path):
    known = [("fruit", (1, 1, 20, 20)), ("fruit", (30, 1, 50, 20)), ("stone", (1, 22, 20, 40))]
    workspace = make_workspace(tmp_path, [Shot("one", "garden", tuple(known))])
    assert extract(workspace).objects_kept == 1
    session = Session(workspace)
    shot = first(session)
    sheet = session.sheet(shot)
    assert kinds(sheet) == [("stone", "source")]
    assert [(one.label, one.level, one.is_exact) for one in sheet.proposals] == [("fruit", "kind", False)] * 2
    left, right = sheet.proposals
    with pytest.raises(RejectedItemError, match="no more than that this is a fruit"):
        session.change(shot, Change("confirm"))
    after = session.change(shot, Change("relabel", id=left.id, label="pear"))
    assert [one.id for one in after.proposals] == [right.id]
    session.change(shot, Change("relabel", id=right.id, label="apple"))
    session.change(shot, Change("confirm"))
    assert extract(workspace).objects_kept == 3


def test_what_a_source_says_of_screenshots_is_known_before_any_of_them_is_looked_at(tmp_path):
    known = (("fruit", (1, 1, 20, 20)), ("apple", (40, 30, -5, 1)), ("stone", (1, 22, 20, 40)), ("pear", (9, 9, 9, 20)))
    session = Session(make_workspace(tmp_path, [Shot("one", "garden", known)]))
    tally = session.tally(first(session))
    assert (tally.state, tally.labels, tally.boxes) == ("source", ("apple", "stone"), 2)


def test_what_a_person_took_away_is_not_proposed_by_the_source_once_the_review_is_ended(tmp_path):
    workspace = make_workspace(tmp_path, [Shot("one", "garden", (("fruit", (1, 1, 20, 20)),))])
    (shot,) = shots_of(workspace)
    write_annotation(shot.annotation, Annotation(shot.source.key, shot.name, (64, 48), review="open"))
    session = Session(workspace)
    assert [one.label for one in session.sheet(shot.id).proposals] == ["fruit"]
    write_annotation(shot.annotation, Annotation(shot.source.key, shot.name, (64, 48)))
    assert session.sheet(shot.id).proposals == ()
    skipped = session.change(shot.id, Change("skip"))
    assert skipped.version == session.sheet(shot.id).version


def test_a_workspace_without_a_source_is_labelled_and_extracted(workspace, session):
    assert [session.sheet(shot.id).state for shot in session.screenshots] == ["new"] * 4
    shot = session.screenshots[0]
    assert session.change(shot.id, drawing()).state == "open"
    assert extract(workspace).objects_kept == 0
    assert session.change(shot.id, Change("reject_all")).state == "open"
    assert session.change(shot.id, Change("confirm")).state == "done"
    assert session.change(session.screenshots[1].id, Change("empty")).state == "empty"
    found = extract(workspace)
    assert (found.pictures_kept, found.objects_kept, found.pictures_skipped) == (2, 1, 0)
    assert (workspace.annotations / "garden" / f"{shot.path.stem}.xml").is_file()


def test_an_annotation_of_the_workspace_takes_the_place_of_the_source_s_which_is_not_touched(tmp_path):
    workspace = labelled(tmp_path)
    before = tree(tmp_path / "screenshots")
    assert extract(workspace).objects_kept == 8
    session = Session(workspace)
    shot = session.screenshots[0]
    sheet = session.sheet(shot.id)
    assert (sheet.state, kinds(sheet)) == ("source", [("apple", "source"), ("pear", "source")])
    session.change(shot.id, Change("relabel", id="s1", label="stone"))
    session.change(shot.id, Change("delete", id="s2"))
    session.change(shot.id, Change("confirm"))
    found = extract(workspace)
    assert (found.pictures_kept, found.objects_kept, found.crops_new, found.crops_removed) == (4, 7, 1, 2)
    assert tree(tmp_path / "screenshots") == before
    with workspace.reading() as catalog:
        labels = [crop.label for crop in catalog.crops() if crop.screenshot == shot.name]
        origins = [crop.origin for crop in catalog.crops() if crop.screenshot == shot.name]
        attributes = [crop.attributes for crop in catalog.crops()]
    assert labels == ["stone"]
    assert origins == ["annotations/garden/shot_00.xml, object 1"]
    assert not any(attributes)
    shot.annotation.unlink()
    assert extract(workspace).objects_kept == 8


def test_what_the_source_knows_of_its_objects_stays_and_makes_no_conflict(tmp_path):
    workspace = labelled(tmp_path)
    known = {1: {"view": "back", "fog": 0.5, "distance": 3}}
    write_attributes(tmp_path / "screenshots/garden/shot_00.attributes.json", known)
    session = Session(workspace)
    shot = session.screenshots[0].id
    after = session.change(shot, Change("relabel", id="s2", label="stone"))
    assert session.sheet(shot).version == after.version
    session.change(shot, Change("confirm"), version=after.version)
    extract(workspace)
    assert [dict(crop.attributes) for crop in workspace.known_crops() if crop.screenshot == "garden/shot_00.png"] == [
        known[1], {},
    ]  # fmt: skip


def test_proposals_become_decisions_with_their_model_and_score(session):
    shot = first(session)
    sheet = session.sheet(shot)
    one, two, wrong = sheet.proposals
    session.change(shot, Change("accept", id=one.id))
    session.change(shot, Change("relabel", id=two.id, label="apple"))
    session.change(shot, Change("move", id=two.id, box=Box(30, 4, 60, 40)))
    session.change(shot, Change("reject", id=wrong.id))
    sheet = session.change(shot, Change("confirm"))
    assert kinds(sheet) == [(one.label, "accepted"), ("apple", "corrected")]
    assert [box.score for box in sheet.annotation.boxes] == [0.9, 0.8]
    assert [box.id for box in sheet.annotation.rejected] == [wrong.id]
    assert session.sheet(shot) == sheet
    counts = session.progress()
    assert (counts.reviewed, counts.left, counts.boxes) == (1, 3, 2)
    assert (counts.precision.count, counts.precision.total, counts.recall.share) == (1, 3, 1.0)


def test_precision_is_of_what_a_person_decided_and_recall_of_all_that_was_proposed(session):
    shot = first(session)
    one, two, wrong = session.sheet(shot).proposals
    session.change(shot, Change("unasked", ids=(one.id,)))
    session.change(shot, Change("accept", id=two.id))
    session.change(shot, Change("reject", id=wrong.id))
    session.change(shot, Change("confirm"))
    counts = session.progress()
    assert (counts.precision.count, counts.precision.total) == (1, 2)
    assert (counts.recall.count, counts.recall.total) == (2, 2)


def test_precision_and_recall_leave_out_screenshots_that_their_source_annotated(tmp_path):
    workspace = labelled(tmp_path)
    write_picture(tmp_path / "screenshots" / "garden" / "bare.png", Shot("bare", "garden", ()))
    session = Session(workspace, proposals=proposed)
    ids = {shot.path.stem: shot.id for shot in session.screenshots}
    for name, kind in (("shot_00", "confirm"), ("shot_01", "empty")):
        session.change(ids[name], Change(kind))
    counts = session.progress()
    assert (counts.reviewed, counts.precision, counts.recall) == (2, None, None)
    session.change(ids["bare"], drawing())
    session.change(ids["bare"], Change("confirm"))
    for counts in (session.progress(), Session(workspace).progress()):
        assert (counts.precision.count, counts.precision.total) == (1, 1)
        assert (counts.recall.count, counts.recall.total) == (1, 2)


def test_a_label_of_the_class_that_the_models_know_accepts_and_another_one_corrects(workspace):
    known = [Proposal("fruit", Box(n, 1, n + 9, 30), 0.9, "m", "kind") for n in (1, 20, 40)]
    session = Session(workspace, proposals=lambda _: known)
    shot = first(session)
    with pytest.raises(RejectedItemError, match="no more than that this is a fruit"):
        session.change(shot, Change("confirm"))
    for one, label in zip(known, ("pear", "stone", "apple"), strict=True):
        sheet = session.change(shot, Change("relabel", id=one.id, label=label))
    assert kinds(sheet) == [("pear", "accepted"), ("stone", "corrected"), ("apple", "accepted")]


def test_proposals_of_another_model_never_change_or_double_what_a_person_decided(workspace):
    session = Session(workspace, proposals=proposed)
    shot = first(session)
    sheet = session.sheet(shot)
    session.change(shot, Change("accept", id=sheet.proposals[0].id))
    session.change(shot, Change("reject", id=sheet.proposals[2].id))
    session.change(shot, drawing(xyxy=(30, 7, 53, 33)))
    done = session.change(shot, Change("confirm"))

    def again(one):
        moved = [replace(p, box=Box(*(edge + 1 for edge in p.box.xyxy)), model="detect/other") for p in proposed(one)]
        return [*moved, Proposal("pear", Box(50, 36, 62, 46), 0.5, "detect/other")]

    other = Session(workspace, proposals=again)
    assert other.sheet(shot).annotation == done.annotation
    assert [one.label for one in other.sheet(shot).proposals] == ["pear"]
    same = Session(workspace, proposals=lambda one: [*proposed(one), *proposed(one)])
    assert same.sheet(shot).proposals == ()


def test_where_nothing_was_proposed_there_is_no_recall(workspace):
    session = Session(workspace, proposals=lambda _: ())
    session.change(first(session), drawing())
    session.change(first(session), Change("confirm"))
    counts = session.progress()
    assert (counts.boxes, counts.precision, counts.recall) == (1, None, None)


BOXES = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), *[st.integers(0, 30)] * 2, *[st.integers(4, 18)] * 2)
OFFERED = st.lists(st.tuples(BOXES, st.sampled_from(["apple", "pear", "stone"]), st.floats(0, 1)), max_size=6)


@files_property
@given(first=OFFERED, again=OFFERED, kinds=st.lists(st.sampled_from(["accept", "reject", "relabel", ""]), min_size=6))
def test_whatever_is_proposed_again_changes_no_box_of_a_person_and_doubles_none(tmp_path_factory, first, again, kinds):
    def offered(model, found):
        made = {(box, label): Proposal(label, box, score, model) for box, label, score in found}
        return lambda _: tuple(made.values())

    workspace = unlabelled(tmp_path_factory.mktemp("again"), shots=1)
    session = Session(workspace, proposals=offered("one", first))
    shot = session.screenshots[0]
    session.change(shot.id, drawing())
    for one, kind in zip(session.sheet(shot.id).proposals, kinds, strict=False):
        if kind:
            session.change(shot.id, Change(kind, id=one.id, label="stone"))
    before, bytes_before = session.sheet(shot.id).annotation, shot.annotation.read_bytes()
    other = Session(workspace, proposals=offered("two", again)).sheet(shot.id)
    assert other.annotation == before
    assert shot.annotation.read_bytes() == bytes_before
    for one in other.proposals:
        assert all(one.box.overlap(box.box) < SAME_OBJECT for box in before.boxes)
        assert all(one.label != box.label or one.box.overlap(box.box) < SAME_OBJECT for box in before.rejected)
    known = {one.id for one in (*before.boxes, *before.rejected)}
    assert not known & {one.id for one in Session(workspace, proposals=offered("one", first)).sheet(shot.id).proposals}


def test_a_decision_based_on_what_is_not_there_any_more_is_told_and_changes_nothing(workspace, session):
    shot = first(session)
    version = session.sheet(shot).version
    after = session.change(shot, drawing(), version=version)
    before = contents(workspace.root)
    with pytest.raises(ConflictError) as conflict:
        session.change(shot, drawing("d2", "pear"), version=version)
    assert conflict.value.sheet == after
    assert contents(workspace.root) == before
    assert len(session.change(shot, drawing("d2", "pear"), version=after.version).annotation.boxes) == 2


def test_an_annotation_that_another_program_changes_meanwhile_is_a_conflict_too(session):
    shot = session.screenshots[0]
    sheet = session.change(shot.id, drawing())
    text = shot.annotation.read_text()
    shot.annotation.write_text(text.replace("apple", "pear"))
    with pytest.raises(ConflictError):
        session.change(shot.id, Change("confirm"), version=sheet.version)
    with pytest.raises(ConflictError):
        session.undo()
    assert "pear" in shot.annotation.read_text()


def test_undo_and_redo_go_across_screenshots_and_leave_no_file_where_there_was_none(workspace, session):
    one, two = session.screenshots[:2]
    session.change(one.id, drawing())
    session.change(two.id, Change("empty"))
    session.change(one.id, Change("confirm"))
    after = {shot.id: session.sheet(shot.id) for shot in (one, two)}
    assert [session.undo()[0] for _ in range(3)] == [one.id, two.id, one.id]
    assert session.undo() is None
    assert not one.annotation.exists()
    assert not two.annotation.exists()
    assert [session.sheet(shot.id).state for shot in (one, two)] == ["new", "new"]
    assert [session.redo()[0] for _ in range(3)] == [one.id, two.id, one.id]
    assert session.redo() is None
    assert {shot.id: session.sheet(shot.id) for shot in (one, two)} == after
    assert len(read_reviews(workspace.reviews)[0]) == 9


def test_skipped_and_unsure_screenshots_keep_what_is_drawn_and_are_not_extracted(workspace, session):
    shot = first(session)
    session.change(shot, drawing())
    assert session.change(shot, Change("unsure")).state == "unsure"
    assert session.change(shot, Change("skip")).state == "skipped"
    assert len(session.sheet(shot).annotation.boxes) == 1
    assert extract(workspace).pictures_kept == 0
    assert session.progress().put_off == 1
    assert session.change(shot, drawing("d2")).state == "open"


@pytest.mark.parametrize(
    "change",
    [
        Change("accept", id="nothing"),
        Change("move", id="nothing", box=Box(0, 0, 2, 2)),
        Change("move", id="nothing"),
        drawing(xyxy=(100, 100, 200, 200)),
        Change("draw", boxes=(LabelledBox("", "apple", Box(0, 0, 2, 2)),)),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(workspace, session, change):
    with pytest.raises(RejectedItemError):
        session.change(first(session), change)
    assert not workspace.annotations.exists()
    assert not workspace.reviews.exists()


def test_labels_and_screenshots_that_do_not_exist_are_refused(session):
    with pytest.raises(UsageError, match="has no label 'kiwi'"):
        session.change(first(session), drawing(label="kiwi"))
    with pytest.raises(UsageError, match="no screenshot '../x'"):
        session.sheet("../x")


def test_a_second_process_that_would_label_the_same_workspace_is_refused(workspace):
    with open_session(workspace), pytest.raises(WorkspaceBusyError, match="label"), open_session(workspace):
        pass


def test_the_log_has_a_line_for_each_decision_and_tolerates_half_a_one(workspace, session):
    shot = first(session)
    session.change(shot, drawing())
    with workspace.reviews.open("ab") as file:
        file.write(b'{"half')
    session.change(shot, Change("move", id="d1", box=Box(2, 2, 20, 20)))
    decisions, findings = read_reviews(workspace.reviews)
    assert [one["action"] for one in decisions] == ["draw", "move"]
    assert decisions[1]["boxes"] == [
        {
            "id": "d1",
            "was": {"label": "apple", "xyxy": [1, 2, 30, 40], "origin": "drawn"},
            "is": {"label": "apple", "xyxy": [2, 2, 20, 20], "origin": "drawn"},
        }
    ]
    assert [str(one) for one in findings] == [
        "reviews.jsonl, line 2: is not whole, as a killed process leaves it; the annotation that it was about is"
    ]
    assert json.loads(workspace.reviews.read_text().splitlines()[0])["screenshot"] == "garden/shot_00.png"


def test_the_pace_leaves_long_pauses_out(workspace):
    now = [0.0]
    session = Session(workspace, clock=lambda: now[0])
    for number, second in enumerate((10, 20, 3600), start=1):
        now[0] = second
        session.change(first(session), drawing(f"d{number}", xyxy=(number, 2, 30, 40)))
    assert session.progress().per_minute == pytest.approx(3 / (10 + 10 + 60) * 60)


def test_the_pace_counts_each_box_once_and_none_whose_decision_was_taken_back(workspace):
    now = [0.0]
    session = Session(workspace, clock=lambda: now[0])
    for number, step in enumerate((session.undo, session.redo, session.undo, session.redo), start=1):
        session.change(first(session), drawing(f"d{number}", xyxy=(number, 2, 30, 40)))
        step()
    session.change(first(session), Change("relabel", id="d4", label="stone"))
    now[0] = 60.0
    session.change(first(session), drawing("d5", xyxy=(5, 2, 30, 40)))
    assert session.progress().per_minute == 3


CHANGES = st.sampled_from(
    [Change(kind) for kind in ("accept_all", "reject_all", "empty", "confirm", "skip", "unsure")]
    + [drawing(f"d{n}", xyxy=(n, n, 20 + n, 30)) for n in range(4)]
    + [
        Change(kind, id=f"d{n}", label="pear", box=Box(3, 3, 9, 9))
        for kind in ("move", "relabel", "delete")
        for n in (0, 1)
    ]
)


@files_property
@given(changes=st.lists(CHANGES, min_size=1, max_size=8))
def test_whatever_is_done_is_read_back_the_same_and_undone_to_the_beginning(tmp_path_factory, changes):
    session = Session(unlabelled(tmp_path_factory.mktemp("review"), shots=1), proposals=proposed)
    shot = session.screenshots[0]
    start = session.sheet(shot.id)
    for change in changes:
        try:
            after = session.change(shot.id, change, version=session.sheet(shot.id).version)
        except RejectedItemError:
            continue
        assert session.sheet(shot.id) == after
        assert session.sheet(shot.id).version == after.version
        ids = [one.id for one in (*after.annotation.boxes, *after.annotation.rejected, *after.proposals)]
        assert len(ids) == len(set(ids))
    while session.undo():
        pass
    assert session.sheet(shot.id) == start
    assert session.sheet(shot.id).version == start.version


def test_ids_say_nothing_of_paths_and_differ(workspace):
    ids = {shot.id for shot in shots_of(workspace)}
    assert len(ids) == 4
    assert all(len(one) == 16 and one.isalnum() for one in ids)


def test_a_picture_of_another_size_is_reviewed_again_and_then_extracted(tmp_path):
    workspace = unlabelled(tmp_path, shots=1)
    session = Session(workspace)
    (shot,) = session.screenshots
    for name, xyxy in (("a", (2, 2, 12, 12)), ("b", (20, 10, 34, 30)), ("c", (50, 30, 60, 44))):
        session.change(shot.id, drawing(name, xyxy=xyxy))
    session.change(shot.id, Change("confirm"))
    write_picture(shot.path, Shot(shot.path.stem, shot.context, (), (32, 40)))
    assert extract(workspace).objects_kept == 0
    session = Session(workspace)
    assert session.tally(shot.id).state == "open"
    sheet = session.sheet(shot.id)
    assert (sheet.annotation.size_wh, sheet.state) == ((32, 40), "open")
    assert [one.box.xyxy for one in sheet.annotation.boxes] == [(2, 2, 12, 12), (20, 10, 32, 30)]
    assert "has 32x40 pixels, but was annotated with 64x48" in sheet.notes[0]
    written = shot.annotation.read_bytes()
    seen = Proposal("apple", Box(2, 30, 12, 39), 0.99, "m", "label")
    sure = choose_thresholds([Scored("apple", 0.9, True)] * 100)
    assert accept_unasked(Session(workspace, proposals=lambda _: (seen,)), sure).unasked == 0
    handed = open_workspace(workspace.root).export_annotations
    with pytest.raises(UsageError, match="has 32x40 pixels, but its annotation says 64x48 .*annotate this one again"):
        handed("voc", tmp_path / "handed")
    assert shot.annotation.read_bytes() == written  # only a person changes it
    session.change(shot.id, Change("confirm"))
    found = extract(workspace)
    assert (found.pictures_kept, found.objects_kept, found.findings) == (1, 2, ())
    assert session.sheet(shot.id).notes == ()
    assert handed("voc", tmp_path / "handed").value.boxes == 2


def test_a_decision_on_a_picture_that_was_replaced_since_is_a_conflict(session):
    shot = session.screenshots[0]
    sheet = session.sheet(shot.id)
    write_picture(shot.path, Shot("another", shot.context, ()))
    with pytest.raises(ConflictError) as raised:
        session.change(shot.id, drawing(), version=sheet.version)
    after = session.change(shot.id, drawing(), version=raised.value.sheet.version)
    assert after.picture == session.sheet(shot.id).picture != sheet.picture
    _, undone = session.undo()
    assert undone.version == session.sheet(shot.id).version


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_text("garbage <"), "is not valid XML"),
        (lambda path: (path.unlink(), path.mkdir()), "is no regular file"),
    ],
    ids=["garbage", "folder"],
)
def test_what_is_wrong_with_an_annotation_names_its_file_and_the_remedy_cures(session, damage, reason):
    shot = session.screenshots[0]
    session.change(shot.id, drawing())
    damage(shot.annotation)
    name = f"annotations/{shot.context}/{shot.path.stem}.xml"
    with pytest.raises(RejectedItemError) as raised:
        session.change(shot.id, drawing("d2"))
    assert raised.value.reason.startswith(f"{name} {reason}")
    assert raised.value.remedy == f"move {name} away, then decide again"
    shot.annotation.rename(session.workspace.root / "aside")
    assert kinds(session.change(shot.id, drawing("d2"))) == [("apple", "drawn")]


def test_a_box_that_repeats_another_exactly_is_not_drawn(session):
    session.change(first(session), drawing("d1"))
    session.change(first(session), drawing("d2"))
    assert [one.id for one in session.sheet(first(session)).annotation.boxes] == ["d1"]
    session.change(first(session), drawing("d3", label="pear"))
    assert [one.id for one in session.sheet(first(session)).annotation.boxes] == ["d1", "d3"]
