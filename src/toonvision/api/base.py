"""What an opened workspace and a run know, without their steps."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, ModelRefusedError
from toonvision.data.listing import Listing
from toonvision.data.splits import DEFAULT_SPLIT, has_split
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import SCREENSHOTS
from toonvision.data.workspace import Workspace as WorkspaceFiles
from toonvision.tasks.registry import kind_of, require_step
from toonvision.taxonomy.labels import CLASSIFY, DETECT, require_known
from toonvision.training.record import RunRecord, read_record, readable_records

if TYPE_CHECKING:
    from toonvision.data.subsets import Subset
    from toonvision.evaluation.evaluate import Evaluation

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Opened:
    """An opened workspace.

    Attributes:
        files: Its settings and the paths of what lies in it.
        watcher: What watches its steps.
    """

    files: WorkspaceFiles
    watcher: Watcher = field(default=NOBODY, compare=False)

    @property
    def root(self) -> Path:
        """The folder."""
        return self.files.root

    def command(self, *words: str) -> str:
        """Return a command about this workspace, as it can be typed in a shell.

        Examples:
            >>> from types import SimpleNamespace
            >>> Opened(SimpleNamespace(root=Path("my game"))).command("train", "label")
            "toonvision train label -w 'my game'"
        """
        there = [] if self.root == Path() else ["-w", str(self.root)]
        return shlex.join(["toonvision", *words, *there])

    def next_step(self, *, after: str = "") -> str:
        """Return the command that brings the workspace forward; none where its catalogue is damaged.

        Args:
            after: The verb that was just done, where that matters.
        """
        try:
            return self._following(after)
        except (PermissionError, EnvironmentFaultError):  # what may not be read is named where it is needed
            return ""

    def _following(self, after: str) -> str:
        try:
            labels = self._labels() if self.files.catalog.is_file() else set()
        except (InputRejectedError, EnvironmentFaultError):
            return ""
        if not labels:
            return self._first_step(after)
        if after == "extract":
            return self.command("balance")
        if not has_split(self.files.splits, DEFAULT_SPLIT):
            return self.command("split")
        digest = self.files.taxonomy.digest
        newest = next((run for run in self.readable_runs() if run.record.taxonomy[1] == digest), None)
        if after in ("balance", "split") or newest is None:
            return self.command("train", self._learnable(labels), "--repeat", "5")
        return newest.next_step()

    def readable_runs(self) -> "Iterator[StoredRun]":
        """Yield the runs, the one that was started last first, without damaged ones."""
        for folder, record in readable_records(self.files.runs):
            run = StoredRun(self, folder)
            vars(run)["record"] = record  # which is read once
            yield run

    def _first_step(self, after: str) -> str:
        """Return the command that extracts annotations; without any, that labels screenshots, or takes some.

        Where extracting found no object that can be used, labels are what is missing. Crops that no catalogue knows
        show that it was lost; extracting refuses them.
        """
        from toonvision.data.extraction import numbered_stem

        lost = not self.files.catalog.exists()
        if lost and any(numbered_stem(path.name) for path in self.files.crops.glob("*")):
            return self.command("rebuild")
        with suppress(InputRejectedError):  # a folder cannot be read; extracting names it
            if not self.is_annotated():
                own = self.files.root / SCREENSHOTS
                if own.is_dir() and Listing.of(own).pictures:
                    return self.command("label")
                context = [word for one in self.files.taxonomy.contexts[:1] for word in ("--context", one.name)]
                return self.command("capture", *context, "--changes")
        return self.command("label" if after == "extract" else "extract")

    def is_annotated(self) -> bool:
        """Return whether there are annotations, of a source or of a person, as far as the names of files say.

        Raises:
            InputRejectedError: If a folder cannot be read.
        """
        own = self.files.root / SCREENSHOTS
        if any(source.root != own for source in self.files.sources):
            return True
        folders = [folder for folder in (own, self.files.annotations) if folder.is_dir()]
        return any(Listing.of(folder).with_suffix(".xml") for folder in folders)

    def first_task(self) -> str:
        """Return the name of the first task that can be learned: to name objects takes two classes among the crops."""
        return self._learnable(self._labels())

    def _labels(self) -> set[str]:
        return {crop.label for crop in self.files.known_crops()}

    def _learnable(self, labels: set[str]) -> str:
        taxonomy = self.files.taxonomy
        for task in taxonomy.tasks:
            classes = {taxonomy.class_of(label, task.level) for label in labels} - {None}
            if len(classes) >= (2 if task.kind == CLASSIFY else 1):
                return task.name
        return taxonomy.tasks[0].name

    def require_step(self, task: str, what: str) -> None:
        """Refuse a step that is not for the kind of a task.

        Raises:
            UsageError: Naming the tasks that it is for, or if there is no task of that name.
        """
        taxonomy = self.files.taxonomy
        require_step(taxonomy.task(task), taxonomy, what=what)


@dataclass(frozen=True, repr=False)
class StoredRun:
    """A run in its folder.

    Attributes:
        workspace: Where it was trained.
        folder: Where it is.
    """

    workspace: Opened
    folder: Path
    _evaluations: "dict[Subset, Evaluation[Any]]" = field(default_factory=dict, compare=False)

    @cached_property
    def record(self) -> RunRecord:
        """How it was trained, and what came out."""
        return read_record(self.folder)

    @property
    def name(self) -> str:
        """Its name, such as ``label/compact-1``."""
        return self.record.title

    @property
    def unit(self) -> str:
        """What its images show: crops or screenshots."""
        return f"{kind_of(self.record.as_task).unit}s"

    def next_step(self) -> str:
        """Return the command that brings the run forward: its report, its export, and what it is for.

        Screens are watched with a detector; without one, it is trained, or where no task finds, the run explained.
        """
        workspace, taxonomy = self.workspace, self.workspace.files.taxonomy
        for verb, file in (("report", "report.html"), ("export", "model.onnx")):
            if not (self.folder / file).is_file():
                return workspace.command(verb, self.name)
        if self.record.kind == DETECT:
            return workspace.command("watch", "screen", "--detector", self.name)
        if any(run.record.kind == DETECT for run in workspace.readable_runs()):
            return workspace.command("label", "--propose")
        if taxonomy.finding:
            return workspace.command("train", taxonomy.finding[0])
        return workspace.command("explain", self.name)

    def require_step(self, what: str) -> None:
        """Refuse a step that is not for runs of this kind.

        Raises:
            UsageError: Naming the tasks that it is for.
        """
        require_step(self.record.as_task, self.workspace.files.taxonomy, what=what)

    def evaluation(self, subset: "Subset" = "test") -> "Evaluation[Any]":
        """Return all predictions for one subset; they are computed once, and written into the run's folder.

        Raises:
            UsageError: If there is no such subset.
            ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
            InputRejectedError: If the split or the crops are not those that it was trained with.
        """
        from toonvision.core.files import require_writable
        from toonvision.evaluation.evaluate import evaluate_run, write_results
        from toonvision.models.backend import start_backend

        require_known("a subset", subset, SUBSETS)
        if subset not in self._evaluations:
            require_writable(self.folder)
            watcher = self.workspace.watcher
            watcher.say(f"Evaluating on {start_backend(self.record.settings.network, self.record.size_hw)}.")
            with watcher.progress("evaluating", self.unit) as progress:
                evaluation = evaluate_run(
                    self.workspace.files, self.folder, subset=subset, floors=True, progress=progress
                )
            write_results(evaluation, self.folder)
            self._evaluations[subset] = evaluation
        return self._evaluations[subset]


def read_each(
    files: Iterable[Path], read: Callable[[Path], T], *, code: str
) -> tuple[list[tuple[Path, T]], list[Finding]]:
    """Read what lies in the folder of each file; return the folders with that, and a finding for each damaged one."""
    found, damaged = [], []
    for path in files:
        try:
            found.append((path.parent, read(path.parent)))
        except ModelRefusedError as error:
            damaged.append(Finding(str(path), str(error).removeprefix(f"{path}: "), code=code))
        except InputRejectedError:
            continue  # it is being replaced at this moment
    return found, damaged
