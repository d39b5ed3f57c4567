"""The workspace: a folder that a person can read, its settings, and the paths in it."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from toonvision.core.errors import InputRejectedError, RejectedItemError, ToonVisionError, UsageError
from toonvision.core.files import path_inside, write_text
from toonvision.core.folders import HALF_SWAPPED, LOCK, exclusive, settle_swaps
from toonvision.core.settings import read_settings
from toonvision.data.catalog import Catalog
from toonvision.data.catalog.database import is_older
from toonvision.data.fitting import Resize
from toonvision.data.formats.names import Format
from toonvision.data.group_pattern import GroupsTable, RecordingPattern
from toonvision.data.label_rules import LabelRules, LabelsTable
from toonvision.data.listing import WORKSPACE_MARK
from toonvision.data.records import Crop, Known, StoredScreenshot
from toonvision.taxonomy.labels import PIXEL_LEVEL, Taxonomy
from toonvision.taxonomy.loader import (
    CategoryTable,
    Pixels,
    Strict,
    TargetsTable,
    Tasks,
    TaxonomyTable,
    built_in,
    with_contexts,
    with_pixels,
    with_tasks,
)

SETTINGS = WORKSPACE_MARK
SCREENSHOTS = "screenshots"
DEFAULT_SIZE_HW = (600, 200)
MASKS = "masks"
ANNOTATIONS = "annotations"
_WRITTEN = ("crops", "cache", "figures", "splits", "runs", "studies", "proposals", ANNOTATIONS)
_PATIENCE_S = 0.5
_LEVELS = 3
"""Folders below the workspace's that links are looked for in: a run's figures lie in runs/<task>/<name>/figures."""


class SourceTable(Strict):
    """A folder of annotated pictures that the workspace reads but does not own."""

    format: Format
    path: Annotated[str, Field(min_length=1)]

    @field_validator("path")
    @classmethod
    def _path_can_be_one(cls, path: str) -> str:
        if "\0" in path:
            raise ValueError("a path has no zero byte")
        return path


class ImageTable(Strict):
    """How crops enter the networks."""

    height: Annotated[int, Field(ge=16, le=2000)] = DEFAULT_SIZE_HW[0]
    width: Annotated[int, Field(ge=16, le=2000)] = DEFAULT_SIZE_HW[1]
    resize: Literal["stretch", "letterbox"] = "stretch"


class WorkspaceTable(Strict):
    """All of `toonvision.toml`."""

    taxonomy: Annotated[
        Annotated[str, Tag("<name>")] | Annotated[TaxonomyTable, Tag("<table>")],
        Discriminator(lambda given: "<table>" if isinstance(given, dict | TaxonomyTable) else "<name>"),
    ] = "toontown"
    contexts: dict[str, CategoryTable] = Field(default_factory=dict)
    tasks: Tasks = Field(default_factory=dict)
    pixels: Pixels = Field(default_factory=dict)
    targets: TargetsTable | None = None
    image: ImageTable = ImageTable()
    labels: LabelsTable = LabelsTable()
    groups: GroupsTable = GroupsTable()
    sources: tuple[SourceTable, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where annotated pictures are read from; the catalogue calls it what the settings do, which is its `key`."""

    key: str
    format: Format
    root: Path


class _Inside:
    """A path in a workspace, by its name there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, workspace: "Workspace", _: object) -> Path:
        return workspace.root / self._name


@dataclass(frozen=True)
class Workspace:
    """An opened workspace: its settings, checked, and its paths; `crops` and `cache` can be made again.

    Attributes:
        root: The folder.
        taxonomy: What its labels mean.
        size_hw: Height and width in pixels at which crops enter a network.
        resize: How crops are brought to that size.
        sources: Where its pictures come from.
        label_rules: Which labels of the sources are left out, and which are read as another one.
        recording_of: Finds the recording of a screenshot in its path below its source.
    """

    root: Path
    taxonomy: Taxonomy
    size_hw: tuple[int, int]
    resize: Resize
    sources: tuple[Source, ...]
    label_rules: LabelRules = field(default_factory=LabelRules)
    recording_of: RecordingPattern = field(default_factory=RecordingPattern)

    catalog = _Inside("catalog.sqlite")
    crops = _Inside("crops")
    cache = _Inside("cache")
    figures = _Inside("figures")
    masks = _Inside(MASKS)
    annotations = _Inside(ANNOTATIONS)
    reviews = _Inside("reviews.jsonl")
    proposals = _Inside("proposals")
    splits = _Inside("splits")
    runs = _Inside("runs")
    studies = _Inside("studies")

    def own_folders(self) -> list["os.DirEntry[str]"]:
        """List the folders and links in it, down to runs/<task>/<name>/..., but no hidden ones, sources and masks."""
        read = {os.path.normpath(path) for path in (self.root / SCREENSHOTS, self.root / MASKS)}
        read |= {os.path.normpath(source.root) for source in self.sources}
        found: list[os.DirEntry[str]] = []
        waiting = [(str(self.root), 0)]
        for folder, level in waiting:
            with suppress(OSError), os.scandir(folder) as entries:
                own = [
                    entry for entry in entries
                    if (entry.is_symlink() or entry.is_dir()) and os.path.normpath(entry.path) not in read
                    and not (level == 0 and entry.name.startswith("."))
                ]  # fmt: skip
                found += sorted(own, key=lambda entry: entry.name)
                if level < _LEVELS:
                    waiting += [(entry.path, level + 1) for entry in own if not entry.is_symlink()]
        return found

    @contextmanager
    def reading(self, *, untouched: bool = False) -> Iterator[Catalog]:
        """Open the catalogue for reading; with `untouched`, a copy of it, as `Catalog.open` explains.

        Raises:
            InputRejectedError: If nothing was extracted yet, or the catalogue cannot be used.
        """
        if not self.catalog.exists():
            raise InputRejectedError(f"{self.root}: there are no crops yet. Run: toonvision extract -w {self.root}")
        with Catalog.open(self.catalog, read_only=True, untouched=untouched, recording_of=self.recording_of) as catalog:
            yield catalog

    def known(self) -> Known:
        """Return all that the catalogue says; see `reading`."""
        with self.reading() as catalog:
            return catalog.known()

    def known_crops(self) -> list[Crop]:
        """Return all crops by label and number; see `reading`."""
        with self.reading() as catalog:
            return catalog.crops()

    def known_screenshots(self) -> list[StoredScreenshot]:
        """Return all screenshots by source and name; see `reading`."""
        with self.reading() as catalog:
            return catalog.screenshots()


def open_workspace(root: Path, *, untouched: bool = False) -> Workspace:
    """Open the workspace in a folder.

    A catalogue of an earlier version is brought up to date, and folders whose replacing was killed halfway are put
    back, unless everything is to be left `untouched`.

    Raises:
        UsageError: If the folder is no workspace.
        InputRejectedError: If its settings are no file or wrong, with line, key and rule, a source lies where we write,
            or what we write to is a link.
    """
    settings = root / SETTINGS
    if settings.exists() and not settings.is_file():
        raise InputRejectedError(f"{settings}: is no regular file. Move it away, then run: toonvision init {root}")
    if not settings.is_file():
        raise UsageError(f"{root}: not a workspace, it has no {SETTINGS}. Make one: toonvision init {root}")
    table = read_settings(settings, WorkspaceTable)
    taxonomy = with_contexts(_taxonomy(root, table.taxonomy), table.contexts)
    taxonomy = with_pixels(taxonomy, table.pixels)
    try:
        taxonomy = with_tasks(taxonomy, table.tasks)
    except UsageError as error:
        if not taxonomy.pixels and any(task.level == PIXEL_LEVEL for task in table.tasks.values()):
            raise InputRejectedError(f"{settings}: tasks: {error} Name the classes of pixels in [pixels].") from None
        raise InputRejectedError(f"{settings}: tasks: {error} Correct the level of the task.") from None
    if table.targets:
        taxonomy = taxonomy.with_targets(table.targets.build())
    rules = table.labels.build()
    taxonomy = narrowed(taxonomy, rules, settings)
    own = [Source(SCREENSHOTS, "voc", root / SCREENSHOTS)] if (root / SCREENSHOTS).is_dir() else []
    others = [Source(source.path, source.format, root / source.path) for source in table.sources]
    sources = tuple(own + others)
    _refuse_repeated(settings, sources)
    size_hw = table.image.height, table.image.width
    workspace = Workspace(
        root, taxonomy, size_hw, table.image.resize, sources, rules, RecordingPattern(table.groups.pattern)
    )
    for source in sources:
        _refuse_among_ours(root, source.root)
    for entry in workspace.own_folders():
        beside = Path(entry).parent == root and entry.is_file()  # such as a linked README
        if entry.is_symlink() and not beside:  # it would choose which folder of this machine we write to
            raise InputRejectedError(
                f"{entry.path}: is a link; what is derived is only written inside the workspace. Remove the link."
            )
    if not untouched:
        _settle(workspace)
    return workspace


def narrowed(taxonomy: Taxonomy, rules: LabelRules, settings: Path) -> Taxonomy:
    """Return a taxonomy without the labels that no object has any more because of the rules in some settings.

    Raises:
        InputRejectedError: If nothing is left.
    """
    left = taxonomy.without(rules.gone)
    if not left.labels or not left.tasks:
        raise InputRejectedError(f"{settings}: labels.ignore leaves nothing to learn. Take a label out of it.")
    return left


def _refuse_among_ours(root: Path, source: Path) -> None:
    """Refuse a source where we write: its pictures would not be safe from us."""
    for folder in (root / name for name in _WRITTEN):
        if source.resolve().is_relative_to(folder.resolve()):
            raise InputRejectedError(
                f"{source}: a source cannot lie in {folder}, which is written by us. Move it out of there."
            )


def _settle(workspace: Workspace) -> None:
    """Bring a catalogue of an earlier version up to date, and put back folders whose replacing was killed halfway.

    Whoever cannot write, or would have to wait, reads on; whoever reads a catalogue that could not be says why.
    """
    swapped = {Path(entry).parent for entry in workspace.own_folders() if fnmatch(entry.name, HALF_SWAPPED)}
    # Where the folder around it has a lock of its own, a swap may be going on under that one.
    stopped = [parent for parent in sorted(swapped) if not (parent / LOCK).exists()]
    if stopped or is_older(workspace.catalog):
        with (
            suppress(ToonVisionError, OSError),
            exclusive(workspace.root, purpose="put in order what was left", patience_s=_PATIENCE_S),
        ):
            for parent in stopped:
                settle_swaps(parent)
            if is_older(workspace.catalog):
                with Catalog.open(workspace.catalog):
                    pass


def _refuse_repeated(settings: Path, sources: Iterable[Source]) -> None:
    """Refuse a folder that is named twice: each of its objects would count twice."""
    seen: dict[str, str] = {}
    for source in sources:
        folder = os.path.realpath(source.root)
        if folder in seen:
            raise InputRejectedError(
                f"{settings}: the sources {seen[folder]!r} and {source.key!r} are one folder. Remove one and run again."
            )
        seen[folder] = source.key


def _taxonomy(root: Path, given: str | TaxonomyTable) -> Taxonomy:
    """Load the taxonomy that the settings name: a file beside them, a built-in one, or a table of their own."""
    if isinstance(given, TaxonomyTable):
        return given.build()
    if not given.endswith(".toml"):
        return built_in(given)
    try:
        return read_settings(path_inside(root, given), TaxonomyTable).build()
    except RejectedItemError as error:
        raise InputRejectedError(f"{root / SETTINGS}: taxonomy: {error.reason}. Keep it in the workspace.") from error


def create_workspace(
    root: Path,
    *,
    taxonomy: str,
    size_hw: tuple[int, int] = DEFAULT_SIZE_HW,
    source: tuple[Format, Path] | None = None,
    rules: LabelRules | None = None,
) -> Workspace:
    """Make a workspace: its folder, its settings, and a folder for screenshots.

    Args:
        root: The folder; made where it is missing.
        taxonomy: The name of a built-in taxonomy, a TOML file in the folder, or the text of a ``[taxonomy]`` table.
        size_hw: Height and width in pixels at which crops enter a network.
        source: Format and folder of pictures to read from where they are.
        rules: Labels of the source that are left out, and spellings that are read as one label.

    Raises:
        UsageError: If the folder is a workspace already, or no taxonomy has that name.
        InputRejectedError: If the settings would be wrong; nothing is written then.
    """
    settings = root / SETTINGS
    if settings.exists():
        raise UsageError(f"{settings} exists already; nothing was changed. Edit it, or choose another folder.")
    if "\n" not in taxonomy:
        _taxonomy(root, taxonomy)
    text = workspace_settings(root, taxonomy=taxonomy, size_hw=size_hw, source=source, rules=rules)
    root.mkdir(parents=True, exist_ok=True)
    if source is None:
        (root / SCREENSHOTS).mkdir(exist_ok=True)
    write_text(settings, text)
    return open_workspace(root)


def workspace_settings(
    root: Path,
    *,
    taxonomy: str,
    size_hw: tuple[int, int],
    source: tuple[Format, Path] | None,
    rules: LabelRules | None = None,
) -> str:
    """Return the settings that `create_workspace` writes, checked; see there."""
    if source:
        _refuse_among_ours(root, source[1])
    blocks = [f'taxonomy = "{taxonomy}"'] if "\n" not in taxonomy else []
    blocks.append(
        "# The size in pixels at which crops enter a network; resize is stretch or letterbox.\n"
        f'[image]\nheight = {size_hw[0]}\nwidth = {size_hw[1]}\nresize = "stretch"'
    )
    if source:
        # Relative to the workspace, so that both can be moved together.
        path = Path(os.path.relpath(source[1].resolve(), root.resolve())).as_posix()
        if path != path.encode(errors="replace").decode():
            raise UsageError(f"{path}: the path is not Unicode text, as {SETTINGS} must be. Rename the folder.")
        blocks.append(
            "# Read where it is, never changed.\n"
            f'[[sources]]\nformat = "{source[0]}"\npath = {json.dumps(path, ensure_ascii=False)}'
        )
    if rules and rules.gone:
        blocks.append(rules.text())
    if "\n" in taxonomy:
        blocks.append(taxonomy.rstrip())
    text = "\n\n".join(blocks) + "\n"
    read_settings(root / SETTINGS, WorkspaceTable, text=text)
    return text
