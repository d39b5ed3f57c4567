import json
from dataclasses import replace

import pytest
from PIL import Image

from builders import make_workspace
from label.made import unlabelled
from toonvision.api.workspace import create, open_workspace
from toonvision.core.errors import ModelRefusedError, RejectedItemError, UsageError, WorkspaceBusyError
from toonvision.data.boxes import Box
from toonvision.data.workspace import create_workspace
from toonvision.deploy.packaged import DETECTOR, WEIGHTS
from toonvision.deploy.scene import Scene
from toonvision.label.annotations import Proposal
from toonvision.label.changes import Change
from toonvision.label.context_proposing import propose_contexts
from toonvision.label.proposals import picture_hash, proposals_file, proposals_of, read_proposals
from toonvision.label.proposing import Proposer, propose, require_taxonomy
from toonvision.label.screenshots import Listed, list_screenshots
from toonvision.label.session import open_session
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.taxonomy.loader import built_in
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan

FILES = WEIGHTS / "toontown"
PROPOSER = Proposer(FILES / DETECTOR, (FILES / "suit.onnx",), "packaged")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A workspace of three drawn screenshots that nobody has annotated, with what is proposed for them."""
    root = tmp_path_factory.mktemp("drawn") / "w"
    create_workspace(root, taxonomy="toontown")
    (root / "screenshots" / "ttc").mkdir(parents=True)
    for seed in (1, 2, 3):
        scene = draw_screenshot(ScreenshotPlan(f"ttc_{seed}", "ttc", ("cog_lb_bigwig", "cog_bb_flunky"), seed=seed))
        scene.image.save(root / "screenshots" / "ttc" / f"shot-{seed}.png")
    workspace = open_workspace(root)
    workspace.propose()
    return workspace


@pytest.fixture
def shots(drawn):
    return list_screenshots(drawn.files).screenshots


def test_what_models_find_is_stored_beside_the_screenshots_as_exact_as_they_agree(drawn, shots):
    found = [read_proposals(drawn.files, shot) for shot in shots]
    assert [one.picture for one in found] == ["ttc/shot-1.png", "ttc/shot-2.png", "ttc/shot-3.png"]
    objects = [thing for one in found for thing in one.objects]
    assert all(one.is_exact for one in objects)
    for label in ("cog_lb_bigwig", "cog_bb_flunky"):
        assert any(label in (one.label, *one.others[:3]) for one in objects)
    assert all(0 < one.score <= one.probabilities["kind"] for one in objects)


def test_without_a_model_of_labels_a_class_is_proposed_with_all_its_labels(drawn, shots):
    found = [one for _, one in propose(drawn.files, shots, PROPOSER)]
    drawn.propose()
    suits = [thing for one in found for thing in one.objects if thing.level == "suit"]
    assert {"bb", "lb"} <= {one.label for one in suits}
    assert all("cog_bb_flunky" in one.others for one in suits if one.label == "bb")
    assert not any(one.is_exact for one in suits)


def test_an_object_is_proposed_once(drawn, shots):
    for shot in shots:
        boxes = [one.box for one in read_proposals(drawn.files, shot).objects]
        for at, box in enumerate(boxes):
            assert all(box.overlap(other) < 0.62 for other in boxes[at + 1 :])


def test_the_same_models_propose_the_same_bytes_and_do_not_work_twice(drawn, shots):
    files = [proposals_file(drawn.files, shot) for shot in shots]
    before = [path.read_bytes() for path in files]
    marked = json.loads(before[0])
    marked["objects"] = []
    files[0].write_text(json.dumps(marked))
    drawn.propose()
    assert [path.read_bytes() for path in files[1:]] == before[1:]
    assert json.loads(files[0].read_text())["objects"] == []
    files[0].write_text("{")
    drawn.propose()
    assert [path.read_bytes() for path in files] == before


def test_proposals_for_another_picture_of_that_name_are_not_shown(drawn, shots):
    of = proposals_of(drawn.files)
    before = shots[0].path.read_bytes()
    assert of(shots[0])
    try:
        Image.new("RGB", (640, 360)).save(shots[0].path)
        assert of(shots[0]) == ()
    finally:
        shots[0].path.write_bytes(before)


def test_proposals_made_again_over_reviewed_screenshots_change_no_box_and_double_none(drawn, shots):
    shot = shots[1]
    with open_session(drawn.files, proposals=proposals_of(drawn.files)) as session:
        first, second, *_ = session.sheet(shot.id).proposals
        session.change(shot.id, Change("relabel", first.id, label="cog_lb_bigwig"))
        session.change(shot.id, Change("reject", second.id))
        before = shot.annotation.read_bytes()
    other = replace(PROPOSER, classifiers=(), title="another model")
    list(propose(drawn.files, shots, other))
    with open_session(drawn.files, proposals=proposals_of(drawn.files)) as session:
        shown = session.sheet(shot.id)
        assert shown.offered[0].model == "another model"
        (box,) = shown.annotation.boxes
        assert all(one.box.overlap(box.box) < SAME_OBJECT for one in shown.proposals)
    assert shot.annotation.read_bytes() == before
    list(propose(drawn.files, shots, PROPOSER))
    with open_session(drawn.files, proposals=proposals_of(drawn.files)) as session:
        left = {one.id for one in session.sheet(shot.id).proposals}
    assert not {first.id, second.id} & left


def test_models_of_another_taxonomy_are_refused_naming_both(tmp_path):
    workspace = make_workspace(tmp_path / "w")
    with pytest.raises(ModelRefusedError) as refused:
        require_taxonomy(Scene(PROPOSER.detector), workspace.taxonomy)
    said = str(refused.value)
    assert f"toontown ({built_in('toontown').digest})" in said
    assert f"small ({workspace.taxonomy.digest})" in said


def test_without_a_detector_and_with_none_in_the_package_the_way_to_one_is_said(tmp_path):
    make_workspace(tmp_path / "w")
    with pytest.raises(UsageError, match=r"this workspace's labels\. Add a task of the kind detect\."):
        open_workspace(tmp_path / "w").propose()
    (tmp_path / "labels.toml").write_text(
        'labels = { a = {}, b = {} }\ntasks = { find = { level = "label", kind = "detect" } }\n', encoding="utf-8"
    )
    bare = create(tmp_path / "bare", taxonomy=str(tmp_path / "labels.toml"))
    with pytest.raises(UsageError, match=r"First label some screenshots: toonvision label -w .*Train one: toonvision"):
        bare.propose()


def test_while_the_page_is_open_no_model_begins(drawn):
    with open_session(drawn.files), pytest.raises(WorkspaceBusyError, match="label"):
        drawn.propose(every=True)


def test_a_screenshot_is_decoded_once_for_its_objects_and_its_context(drawn, shots, monkeypatch):
    read = []
    monkeypatch.setattr(
        "toonvision.label.context_proposing.read_thumbnails",
        lambda _, unseen, *_rest, **_options: read.extend(unseen) or {},
    )
    thumbnails = {}
    list(propose(drawn.files, shots, replace(PROPOSER, classifiers=()), see=thumbnails.__setitem__))
    assert set(thumbnails) == {shot.id for shot in shots}
    assert all(thumbnails[shot.id].sha256 == picture_hash(shot) for shot in shots)
    known = [replace(shot, id=f"{shot.id}{at}", context=context) for shot in shots
             for at, context in enumerate(("ttc", "ttc", "dg", "dg"))]  # fmt: skip
    seen = {shot.id: thumbnails[shot.id[:16]] for shot in known[:-1]}
    propose_contexts(drawn.files, Listed(tuple(known), {}, ()), (), seen=seen)
    assert read == [known[-1]]
    again = {}
    list(propose(drawn.files, shots, replace(PROPOSER, classifiers=()), see=again.__setitem__))
    assert again == {}
    list(propose(drawn.files, shots, PROPOSER))


def test_annotated_and_reviewed_screenshots_are_left_out_unless_they_are_asked_for(drawn, shots):
    with open_session(drawn.files) as session:
        session.change(shots[2].id, Change("empty"))
    assert drawn.propose().data["screenshots"] == 2
    assert drawn.propose(every=True).data["screenshots"] == 3


def test_what_has_no_label_yet_is_accepted_with_one_alone(tmp_path):
    workspace = unlabelled(tmp_path / "w")
    exact = Proposal("apple", Box(1, 1, 9, 9), 0.9, "m", "label")
    vague = Proposal("fruit", Box(20, 20, 40, 40), 0.9, "m", "kind", ("apple", "pear"))
    with open_session(workspace, proposals=lambda _: (exact, vague)) as session:
        shot = session.screenshots[0].id
        for kind in ("accept", "confirm"):
            with pytest.raises(RejectedItemError, match="no more than that this is a fruit"):
                session.change(shot, Change(kind, vague.id))
        assert [one.label for one in session.change(shot, Change("accept_all")).annotation.boxes] == ["apple"]
        session.change(shot, Change("relabel", vague.id, label="pear"))
        assert session.change(shot, Change("confirm")).state == "done"
