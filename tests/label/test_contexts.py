import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from builders import SETTINGS_TEXT
from label.made import drawing
from toonvision.api.proposed import Proposed, proposed_blocks
from toonvision.api.workspace import open_workspace as opened
from toonvision.core.errors import RejectedItemError, UsageError
from toonvision.data.boxes import AnnotatedPicture
from toonvision.data.extraction import extract
from toonvision.data.own_annotations import read_annotation, write_annotation
from toonvision.data.reviews import read_reviews
from toonvision.data.workspace import Source, create_workspace, open_workspace
from toonvision.label.accepting import Accepted
from toonvision.label.changes import Change
from toonvision.label.context_proposing import propose_contexts
from toonvision.label.proposals import StoredContexts, contexts_of, write_contexts
from toonvision.label.screenshots import Screenshot, list_screenshots
from toonvision.label.session import Session
from toonvision.label.thresholds import choose_thresholds
from toonvision.metrics.intervals import Proportion

COLOURS = {"garden": (60, 150, 60), "house": (150, 90, 60)}


def draw(path, context, seed):
    """A picture of blurred noise around a context's colour, like no other one."""
    noise = np.random.default_rng(seed).normal(COLOURS[context], 45, (12, 16, 3)).clip(0, 255)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise.astype(np.uint8)).resize((128, 96)).save(path)


def made(root, *, each=6, contexts=("garden", "house"), settings=SETTINGS_TEXT):
    """A workspace with screenshots of each context, of a garden without a folder, and of a house in the wrong one."""
    root.mkdir(parents=True)
    (root / "toonvision.toml").write_text(settings, encoding="utf-8")
    for number, context in enumerate(contexts):
        for at in range(each):
            draw(
                root / "screenshots" / context / f"{context}-{'abcdefghij'[at % 10]}{at * 7}.png",
                context,
                100 * number + at,
            )
    draw(root / "screenshots" / "alone.png", "garden", 990)
    draw(root / "screenshots" / "garden" / "wrong.png", "house", 991)
    return open_workspace(root)


def by_name(workspace):
    return {shot.name: shot for shot in list_screenshots(workspace).screenshots}


@pytest.fixture
def workspace(tmp_path):
    return made(tmp_path / "w")


@pytest.fixture
def session(workspace):
    write_contexts(workspace, propose_contexts(workspace, list_screenshots(workspace), ()))
    return Session(workspace, contexts=contexts_of(workspace))


def test_what_has_no_context_gets_the_one_that_it_looks_like_and_how_often_that_is_right_is_measured(workspace):
    listed = list_screenshots(workspace)
    found = propose_contexts(workspace, listed, {shot.id for shot in listed.screenshots})
    assert found.right == Proportion(12, 13)
    (alone,) = found.shots.items()
    assert (alone[0], alone[1].context) == (by_name(workspace)["alone.png"].id, "garden")
    assert 0.5 < alone[1].score <= 1
    assert propose_contexts(workspace, listed, ()) == found


def test_a_folder_is_contradicted_where_that_is_known_to_be_sure(tmp_path):
    workspace = made(tmp_path / "w", each=70)
    found = propose_contexts(workspace, list_screenshots(workspace), ())
    shots = by_name(workspace)
    assert {shot: one.context for shot, one in found.shots.items()} == {
        shots["alone.png"].id: "garden", shots["garden/wrong.png"].id: "house",
    }  # fmt: skip


def test_there_have_to_be_two_contexts_and_what_was_proposed_before_goes(session, tmp_path):
    other = made(tmp_path / "other", contexts=("garden",))
    assert propose_contexts(other, list_screenshots(other), ()) is None
    shot = by_name(session.workspace)["alone.png"]
    assert contexts_of(session.workspace)(shot).context == "garden"
    write_contexts(session.workspace, None)
    write_contexts(session.workspace, None)
    assert contexts_of(session.workspace)(shot) is None


def test_without_contexts_in_the_taxonomy_a_folder_is_one(tmp_path):
    without = (
        SETTINGS_TEXT.partition("[taxonomy.contexts]")[0] + SETTINGS_TEXT[SETTINGS_TEXT.index("[taxonomy.tasks]") :]
    )
    workspace = made(tmp_path / "w", settings=without.partition("[taxonomy.targets]")[0])
    found = propose_contexts(workspace, list_screenshots(workspace), ())
    assert [one.context for one in found.shots.values()] == ["garden"]


def test_an_accepted_context_counts_while_the_picture_stays_where_it_is(session):
    workspace, shot = session.workspace, by_name(session.workspace)["alone.png"]
    assert session.proposed_context(shot.id, session.sheet(shot.id)).context == "garden"
    assert any("no folder" in str(one) for one in session.listed.findings)
    before = shot.path.read_bytes()
    session.change(shot.id, drawing())
    session.change(shot.id, Change("context", context="garden"))
    after = session.change(shot.id, Change("confirm"))
    assert session.proposed_context(shot.id, after) is None
    assert (session.context(shot.id), after.state) == ("garden", "done")
    assert (shot.path.read_bytes(), by_name(workspace)["alone.png"].context) == (before, "garden")
    assert read_reviews(workspace.reviews)[0][1]["context"] == "garden"
    listed = list_screenshots(workspace)
    assert not any("no folder" in str(one) for one in listed.findings)
    extract(workspace)
    assert [(crop.screenshot, crop.context) for crop in workspace.known_crops()] == [("alone.png", "garden")]


def test_an_accepted_context_can_be_undone(session):
    shot = by_name(session.workspace)["alone.png"]
    session.change(shot.id, Change("context", context="garden"))
    _, sheet = session.undo()
    assert not shot.annotation.exists()
    assert (session.context(shot.id), session.proposed_context(shot.id, sheet).context) == (shot.context, "garden")
    session.redo()
    assert session.context(shot.id) == "garden"


def test_a_context_that_is_none_is_refused_and_one_that_could_be_no_folder_is_not_read(session):
    shot = by_name(session.workspace)["alone.png"]
    with pytest.raises(UsageError, match="there is no context 'moon'"):
        session.change(shot.id, Change("context", context="moon"))
    sheet = session.change(shot.id, drawing())
    for context in ("../garden", ".hidden", "a\\b", "a\nb"):
        write_annotation(shot.annotation, replace(sheet.annotation, context=context))
        assert read_annotation(shot.annotation, session.workspace.annotations).annotation.context == ""


def test_a_proposal_for_another_picture_of_that_name_and_a_damaged_file_propose_nothing(session):
    workspace, shot = session.workspace, by_name(session.workspace)["alone.png"]
    path = workspace.proposals / "contexts.json"
    assert shot.id in json.loads(path.read_text())["shots"]
    draw(shot.path, "house", 5)
    assert contexts_of(workspace)(shot) is None
    path.write_text('{"right": 3')
    assert contexts_of(workspace)(shot) is None


def test_pictures_that_cannot_be_read_are_left_out(workspace):
    for name in ("alone.png", "garden/wrong.png"):
        (workspace.root / "screenshots" / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    found = propose_contexts(workspace, list_screenshots(workspace), ())
    assert (found.shots, found.right) == ({}, Proportion(12, 12))


def test_proposing_stores_contexts_and_says_how_often_they_are_right(tmp_path):
    root = tmp_path / "w"
    create_workspace(root, taxonomy="toontown")
    for number, (context, look) in enumerate({"ttc": "garden", "dg": "house"}.items()):
        for at in range(5):
            draw(root / "screenshots" / context / f"{'abcde'[at]}{at * 7}.png", look, 100 * number + at)
    draw(root / "screenshots" / "alone.png", "house", 990)
    workspace = opened(root)
    result = workspace.propose()
    assert "A context is proposed for 1 screenshot. That is right in " in result.blocks[0]
    shot = by_name(workspace.files)["alone.png"]
    assert contexts_of(workspace.files)(shot) == result.value.contexts.shots[shot.id]
    assert result.data["contexts"]["right"]["total"] == 10
    (one,) = result.data["contexts"]["screenshots"]
    assert one["picture"] == "alone.png"
    assert (one["id"], one["context"], one["score"] > 0.5) == (shot.id, "dg", True)


def test_where_no_context_is_proposed_nothing_is_said_of_contexts():
    known = StoredContexts(Proportion(12, 12), {})
    thresholds = choose_thresholds([], target=0.95, usual=0.5)
    value = Proposed((), thresholds, Accepted(0, 0, 0), Proportion(0, 0), known)
    (said,) = proposed_blocks("models", value, asked=1, compared=0, screenshots=0)
    assert "context" not in said
    assert "how often they are right. What" in said


@pytest.mark.parametrize(("declared", "shown"), [((96, 128), (96, 128)), ((128, 96), (128, 96)), (None, None)])
def test_a_screenshot_is_turned_as_its_boxes_were_drawn_and_refused_where_nobody_knows(tmp_path, declared, shown):
    path = tmp_path / "a.jpg"
    draw(path, "garden", 1)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(path) as image:
        image.save(path, exif=exif)
    given = AnnotatedPicture(path, "a.jpg", "a.xml", "garden", size_wh=declared)
    shot = Screenshot("1", Source("s", "voc", tmp_path), path, "a.jpg", "garden", tmp_path / "a.xml", given)
    if shown:
        assert shot.decoded(shot.content()).size == shown
        return
    with pytest.raises(RejectedItemError, match="which way its boxes were drawn"):
        shot.decoded(shot.content())


@pytest.mark.parametrize(
    ("asked", "said"),
    [(0, "Every screenshot is annotated or reviewed;"), (2, "Nothing is proposed: 2 screenshots cannot be read.")],
)
def test_where_nothing_is_proposed_the_reason_is_said(asked, said):
    thresholds = choose_thresholds([], target=0.95, usual=0.5)
    value = Proposed((), thresholds, Accepted(0, 0, 0), Proportion(0, 0))
    assert proposed_blocks("models", value, asked=asked, compared=0, screenshots=0)[0].startswith(said)
