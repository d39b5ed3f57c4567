"""Workspaces to be labelled, and proposals for them."""

from pathlib import Path

from builders import SETTINGS_TEXT, Shot, make_workspace, small_shots, write_picture
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import LabelledBox
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.label.annotations import Proposal
from toonvision.label.changes import Change
from toonvision.label.screenshots import Screenshot, list_screenshots


def unlabelled(root: Path, shots: int = 4) -> Workspace:
    """A workspace whose screenshots/ holds pictures that nobody has annotated, and that names no source."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "toonvision.toml").write_text(SETTINGS_TEXT, encoding="utf-8")
    for shot in [*small_shots(), *(Shot(f"more_{n:04}", "garden", ()) for n in range(max(0, shots - 12)))][:shots]:
        write_picture(root / "screenshots" / shot.context / f"{shot.stem}.png", shot)
    return open_workspace(root)


def labelled(root: Path) -> Workspace:
    """A workspace whose screenshots/ holds four annotated ones."""
    return make_workspace(root, small_shots()[:4])


def proposed(shot: Screenshot, *, model: str = "detect/compact-1", score: float = 0.9) -> list[Proposal]:
    """What a model that finds every object, and one too many, proposes for a screenshot of the small ones."""
    known = {f"{one.context}/{one.stem}": one for one in small_shots()}.get(f"{shot.context}/{shot.path.stem}")
    found = [
        Proposal(label, Box(*map(int, edges)), score - 0.1 * n, model, "label", ("stone", "apple"))
        for n, (label, edges) in enumerate(known.objects if known else ())
    ]
    wrong = Proposal("stone", Box(2, 34, 12, 44), 0.31, model, "label", (), ("the kind's model says Fruit",))
    return [*found, wrong]


def shots_of(workspace: Workspace) -> tuple[Screenshot, ...]:
    return list_screenshots(workspace).screenshots


def drawing(box_id: str = "d1", label: str = "apple", xyxy: tuple[int, int, int, int] = (1, 2, 30, 40)) -> Change:
    return Change("draw", boxes=(LabelledBox(box_id, label, Box(*xyxy)),))
