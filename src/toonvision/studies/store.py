"""Where studies lie: each in a folder of its own, ``studies/<task>/<name>/``, with the recipe that made it."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from toonvision.core.documents import parse_json
from toonvision.core.errors import RejectedItemError, UsageError
from toonvision.core.files import read_regular, write_text
from toonvision.core.names import free_name, plain_name
from toonvision.core.settings import read_json
from toonvision.data.workspace import Workspace
from toonvision.models.backend import installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings

RECIPE = "recipe.json"

_LARGEST_FILE = 100_000_000
_BEFORE = {"contexts": "contexts", "suspects": "suspects", "curves": "curve"}
"""Folders of a workspace that held one kind of study each, and what that kind is called now."""


class Study(Protocol):
    """A result that knows the folder where it is saved; the path itself is not saved."""

    @property
    def folder(self) -> Path:
        """The study's folder, or the run's for what belongs to a run."""


Result = TypeVar("Result", bound=Study)


def recipe_of(dataset: Dataset, settings: TrainingSettings, *, kind: str, **others: Any) -> dict[str, Any]:
    """Return everything that decides a study's results: a hash of the data, the settings, and the study's own choices.

    Args:
        dataset: All samples of the task.
        settings: How to train.
        kind: Which study.
        others: What else decides, as plain data.
    """
    listed = [[crop.hash, crop.context, crop.screenshot_id] for crop in dataset.items]
    content = json.dumps([listed, dataset.targets.tolist(), dataset.classes])
    return {
        "data": hashlib.sha256(content.encode()).hexdigest()[:16],
        "size_hw": list(dataset.images.shape[1:3]),
        "settings": asdict(settings),
        "versions": installed_versions(),
        "kind": kind,
        **others,
    }


def study_folder(
    workspace: Workspace, task: str, recipe: Mapping[str, Any], *, name: str | None = None, force: bool = False
) -> Path:
    """Choose a study's folder: one with the same recipe is resumed, one with another is not overwritten.

    Args:
        workspace: Where the study goes.
        task: What is predicted.
        recipe: Of `recipe_of`; its kind is the name where none is asked for, with a number if that is taken.
        name: The name asked for.
        force: Replace a study of that name and kind with another recipe, unless some study has this recipe.

    Raises:
        UsageError: If the name cannot be a folder's, or is that of another study and `force` is not set.
    """
    bring_over(workspace.root)
    parent, kind = workspace.studies / task, recipe["kind"]
    text = json.dumps(recipe, indent=2, sort_keys=True) + "\n"
    same = [path.parent for path in parent.glob(f"*/{RECIPE}") if _read(path) == json.loads(text)]
    wanted = parent / (plain_name(name, "a study") if name else kind)
    if wanted in same or (same and not name):
        return wanted if wanted in same else min(same, key=lambda folder: (len(folder.name), folder.name))
    if wanted.exists() and not (force and _read(wanted / RECIPE).get("kind") == kind):
        if name:
            raise UsageError(
                f"{wanted} holds a study of another kind, other settings, other data or other versions. Choose another "
                "--name; --force replaces a study of the same kind."
            )
        wanted = parent / free_name(parent, kind)
    write_text(wanted / RECIPE, text)
    return wanted


def save_study(study: Study, result: str) -> None:
    """Save a study as JSON in its folder.

    Args:
        study: A dataclass of plain values.
        result: The file's name, which says what kind of study it is.
    """
    values = {name: value for name, value in asdict(study).items() if name != "folder"}  # type: ignore[call-overload]
    write_text(study.folder / result, json.dumps(values, indent=2, allow_nan=False) + "\n")


def load_study(folder: Path, result: str, kind: type[Result], *, what: str, verb: str) -> Result:
    """Load a study from its folder.

    Args:
        folder: The study's folder.
        result: The file's name.
        kind: The dataclass.
        what: What it is, for messages.
        verb: The command that makes one, with its argument.

    Raises:
        InputRejectedError: If there is none.
        ModelRefusedError: If it cannot be understood.
    """
    missing = f"{folder}: holds no {what}. Run: toonvision {verb}"
    loaded = read_json(folder / result, kind, what=f"a {what}", missing=missing, remedy=f"Run: toonvision {verb}")
    return replace(loaded, folder=folder)  # type: ignore[type-var]


def newest_study(workspace: Workspace, task: str, result: str, *, network: str | None = None) -> Path | None:
    """Return the folder of the task's study that was saved last; None if there is none.

    Args:
        workspace: Where the studies are.
        task: What is predicted.
        result: The name of the result's file.
        network: Only studies of this network.
    """
    bring_over(workspace.root)
    paths = (workspace.studies / task).glob(f"*/{result}")
    found = [path for path in paths if network is None or _read(path).get("network") == network]
    return max(found, key=lambda path: path.stat().st_mtime).parent if found else None


def bring_over(root: Path) -> list[Path]:
    """Move studies of earlier versions, which lay in a folder for each kind, to where they belong now.

    Args:
        root: The workspace's folder; in one that cannot be written to, nothing is moved.

    Returns:
        Their new folders.
    """
    moved = []
    for before, kind in _BEFORE.items():
        for folder in sorted((root / before).glob("*/*/")):
            parent = root / "studies" / folder.parent.name
            with suppress(OSError):
                parent.mkdir(parents=True, exist_ok=True)
                moved.append(folder.rename(parent / free_name(parent, f"{kind}-{folder.name}")))
        for emptied in (*(root / before).glob("*/"), root / before):
            with suppress(OSError):
                emptied.rmdir()
    return moved


def _read(path: Path) -> dict[str, Any]:
    """Return the values of a JSON file; none if it is missing or cannot be read."""
    try:
        found = parse_json(read_regular(path, limit=_LARGEST_FILE))
    except RejectedItemError:
        return {}
    return found if isinstance(found, dict) else {}
