"""A review that is killed at every call that writes: nothing that was acknowledged is lost, nothing is half there."""

import os
import shutil
from pathlib import Path

import pytest

from label.made import drawing, proposed, unlabelled
from reliability.injection import KILL, KILLED, calls_of, disturbed
from toonvision.data.boxes import Box
from toonvision.data.extraction import extract
from toonvision.data.reviews import read_reviews
from toonvision.data.workspace import open_workspace
from toonvision.label.changes import Change
from toonvision.label.session import Session, open_session

WRITING = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink", "unlinkat")
pytestmark = pytest.mark.usefixtures("strace")


def steps(session: Session):
    """The decisions of a review, each as a call that makes it and returns the screenshot."""
    one, two = (shot.id for shot in session.screenshots[:2])
    found = session.sheet(one).proposals
    changes = [
        (one, Change("accept", id=found[0].id)),
        (one, Change("move", id=found[1].id, box=Box(30, 4, 60, 40))),
        (one, Change("reject", id=found[2].id)),
        (two, drawing()),
        (two, Change("context", context="house")),
        (one, Change("confirm")),
        (two, Change("empty")),
    ]
    yield from ((lambda shot=shot, change=change: (shot, session.change(shot, change))) for shot, change in changes)
    yield session.undo
    yield session.undo
    yield session.redo


def review(root: Path) -> None:
    with open_session(open_workspace(root), proposals=proposed) as session:
        for step in steps(session):
            shot, sheet = step()
            os.write(1, f"{shot} {sheet.version}\n".encode())


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    root = tmp_path_factory.mktemp("review") / "w"
    unlabelled(root, shots=2)
    return root


@pytest.fixture(scope="module")
def versions(pristine, tmp_path_factory):
    """The versions of both screenshots after each decision of an undisturbed review, from before the first."""
    root = shutil.copytree(pristine, tmp_path_factory.mktemp("whole") / "w")
    session = Session(open_workspace(root), proposals=proposed)
    ids = [shot.id for shot in session.screenshots]
    found = [[session.sheet(shot).version for shot in ids]]
    for step in steps(session):
        step()
        found.append([session.sheet(shot).version for shot in ids])
    return found


def broken(root: Path, acknowledged: int, versions: list[list[str]]) -> list[str]:
    """Say what does not hold after a fault."""
    session = Session(open_workspace(root), proposals=proposed)
    now = [session.sheet(shot.id).version for shot in session.screenshots]
    found = [] if now in versions[acknowledged : acknowledged + 2] else ["neither what was acknowledged nor the next"]
    found += [str(finding) for finding in session.listed.findings]
    decisions, _ = read_reviews(root / "reviews.jsonl")
    found += [] if len(decisions) >= acknowledged else [f"{len(decisions)} of {acknowledged} decisions are in the log"]
    for shot in session.screenshots:
        session.change(shot.id, drawing("after", "stone", (40, 1, 50, 9)))
        session.change(shot.id, Change("confirm"))
    after, _ = read_reviews(root / "reviews.jsonl")
    found += [] if len(after) > len(decisions) else ["the log cannot be continued"]
    summary = extract(open_workspace(root))
    return found + ([] if summary.pictures_kept == 2 else ["what was reviewed cannot be extracted"])


def test_killed_at_every_write_of_a_review_what_was_acknowledged_is_there_whole(pristine, versions, tmp_path):
    calls = calls_of(review, shutil.copytree(pristine, tmp_path / "calls"), WRITING)
    found, hits = [], 0
    for call in calls:
        root = shutil.copytree(pristine, tmp_path / "swept")
        ending = disturbed(review, root, call, KILL)
        hits += ending.code == KILLED
        acknowledged = len(ending.said.splitlines())
        found += [f"{call.name} {call.number}: {words}" for words in broken(root, acknowledged, versions)]
        shutil.rmtree(root)
    assert found == []
    assert hits == len(calls) >= 40
