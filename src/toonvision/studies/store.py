"""Where studies are saved: each in a folder of its own, ``studies/<task>/<name>/``, with the recipe that made it."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from toonvision.core.errors import ModelRefusedError, RejectedItemError, UsageError
from toonvision.core.files import parse_json, read_regular, write_text
from toonvision.core.names import NamedFolders, free_name, plain_name
from toonvision.core.options import check_fields, settings_of
from toonvision.core.seeds import seeds_from
from toonvision.core.settings import read_json, write_json
from toonvision.core.wording import listed
from toonvision.data.workspace import Workspace
from toonvision.models.backend import installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import RunRecord

RECIPE = "recipe.json"
_STUDIES = NamedFolders(RECIPE, "study", "suspects TASK")
_SHOWN = (".png", ".csv")
"""Suffixes of the files of a study that a person looks at."""

_LARGEST_FILE = 100_000_000
_BEFORE = {"contexts": "contexts", "suspects": "suspects", "curves": "curve"}
"""Folders of a workspace that held one kind of study each, and what that kind is called now."""


@dataclass(frozen=True)
class Study(ABC):
    """The result of a study. It is saved as JSON in its folder; the folder's path is not saved.

    Attributes:
        folder: The study's folder, or the run's for what belongs to a run.
    """

    FILE: ClassVar[str]
    """The name of its file, which says what kind of study it is."""
    WHAT: ClassVar[str]
    """What it is, for messages."""
    COMMAND: ClassVar[str]
    """The command that makes one, with its argument."""
    EARLIER_NAMES: ClassVar[Mapping[str, str]] = {}
    """Fields by what they were called in files of earlier versions."""

    folder: Path = field(default=Path(), compare=False, kw_only=True)

    @abstractmethod
    def sentence(self) -> str:
        """Return the result in plain words."""

    def save(self) -> Self:
        """Save the study in its folder, and return it."""
        values = asdict(self)
        del values["folder"]
        write_json(self.folder / self.FILE, values)
        return self

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a study from its folder.

        Raises:
            InputRejectedError: If there is none.
            ModelRefusedError: If it cannot be understood.
        """
        remedy = f"Run: toonvision {cls.COMMAND}"
        missing = f"{folder}: holds no {cls.WHAT}. {remedy}"
        current = cls._renamed if cls.EARLIER_NAMES else None
        what = f"a {cls.WHAT}"
        found = read_json(folder / cls.FILE, cls, what=what, missing=missing, remedy=remedy, current=current)
        return replace(found, folder=folder)

    @classmethod
    def _renamed(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {cls.EARLIER_NAMES.get(name, name): value for name, value in values.items()}

    @classmethod
    def newest(cls, workspace: Workspace, task: str, *, wanted: Callable[[Self], bool] = lambda _: True) -> Self | None:
        """Load the task's study that was saved last, of those that are wanted; None if there is none.

        Raises:
            ModelRefusedError: If it, or one that was saved later, cannot be understood.
        """
        bring_over(workspace.root)
        paths = (workspace.studies / task).glob(f"*/{cls.FILE}")
        newest_first = sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)
        return next(filter(wanted, (cls.load(path.parent) for path in newest_first)), None)


@dataclass(frozen=True)
class RunStudy(Study):
    """A study that says something of a run.

    Attributes:
        started: When that run was started, as its record says: a run that replaced it has its name. Empty where there
            is no run, and in files of earlier versions.
    """

    AGAIN: ClassVar[str]
    """The command that makes one of a run, with ``{task}`` and ``{run}``."""

    started: str = field(default="", kw_only=True)

    @property
    @abstractmethod
    def about(self) -> str:
        """The name of the run."""

    @classmethod
    def of_run(cls, workspace: Workspace, record: RunRecord) -> Self | None:
        """Load the study of a run that was saved last; None if there is none of a run of its name.

        Raises:
            ModelRefusedError: If there are only those of a run that it may have replaced, or one cannot be understood.
        """
        own = cls.newest(
            workspace,
            record.task,
            wanted=lambda one: (one.about, one.started) == (record.title, record.started),
        )
        if not own and (other := cls.newest(workspace, record.task, wanted=lambda one: one.about == record.title)):
            again = cls.AGAIN.format(task=record.task, run=record.title)
            raise ModelRefusedError(
                f"{other.folder}: this {cls.WHAT} is of a run that {record.title} has replaced, or of an earlier "
                f"version, which did not note when its run was started. Run: toonvision {again}"
            )
        return own


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What every study can be asked for.

    Attributes:
        network: Which network to train; by default the study's own choice.
        epochs: Most epochs; by default those of the network's recipe.
        size_hw: Height and width of the input in pixels; by default the study's own choice.
        repeat: How many trainings of each fold, with seeds ``seed``, ``seed + 1``, ...
        seed: Also decides which crops are in which fold.
        name: What to call the study.
        force: Replace a study of that name with other settings.

    Raises:
        UsageError: If a value is of another kind or out of bounds, or there is no training.
    """

    network: str | None = None
    epochs: Annotated[int | None, settings_of(TrainingSettings)["epochs"].option] = None
    size_hw: tuple[int, int] | None = None
    repeat: int = 3
    seed: int = 0
    name: str | None = None
    force: bool = False

    def __post_init__(self) -> None:
        """Refuse what it cannot be."""
        check_fields(self)
        _ = self.seeds

    @property
    def seeds(self) -> range:
        """The seeds of the trainings of each fold."""
        return seeds_from(self.seed, self.repeat)


def recipe_of(dataset: Dataset, settings: TrainingSettings, *, kind: str, **others: Any) -> dict[str, Any]:
    """Return all that decides a study's results, as plain data: a hash of the data, settings, and its own choices."""
    listed = [[crop.hash, crop.context, crop.screenshot_id] for crop in dataset.items]
    content = json.dumps([listed, dataset.truth_digest()])
    return {
        "data": hashlib.sha256(content.encode()).hexdigest()[:16],
        "size_hw": list(dataset.images.shape[1:3]),
        "resize": dataset.resize,
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


def bring_over(root: Path) -> list[Path]:
    """Move studies of earlier versions, which had a folder for each kind, to where they belong now.

    Returns:
        Their new folders; in a workspace that cannot be written to, nothing is moved.
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


def refuse_to_report(studies: Path, name: str) -> None:
    """Refuse a study of the data where a report is asked for, by its name below the studies or by its folder.

    Raises:
        UsageError: Naming its files, if there is such a study.
    """
    if _STUDIES.holds(studies, name):
        folder = _STUDIES.find(studies, name)
        files = [path.name for path in sorted(folder.iterdir()) if path.suffix in _SHOWN]
        shown_by = f" Look at {listed(files)} in {folder}." if files else ""
        raise UsageError(f"{name} is a study of the data, which has no report.{shown_by}")


def _read(path: Path) -> dict[str, Any]:
    """Return the values of a JSON file; none if it is missing or cannot be read."""
    try:
        found = parse_json(read_regular(path, limit=_LARGEST_FILE))
    except RejectedItemError:
        return {}
    return found if isinstance(found, dict) else {}
