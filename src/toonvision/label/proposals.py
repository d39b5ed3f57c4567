"""What models propose for screenshots, kept beside what a person decided, and never in its place.

A file a screenshot, ``proposals/<context>/<name>.json``, named as its annotation would be: derived, so that it can be
made again at any time.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import compress
from operator import not_
from pathlib import Path
from typing import TypeVar

from toonvision.core.errors import RejectedItemError, ToonVisionError
from toonvision.core.files import write_many
from toonvision.core.names import derived_name
from toonvision.core.settings import read_json, write_json
from toonvision.data.workspace import Workspace
from toonvision.label.annotations import Proposal
from toonvision.label.screenshots import Screenshot
from toonvision.label.thresholds import Thresholds
from toonvision.metrics.intervals import Proportion

T = TypeVar("T")

_THRESHOLDS = "thresholds.json"
_CONTEXTS = "contexts.json"
_MOST_HASHED = 64
"""Pictures whose hash is remembered."""


@dataclass(frozen=True)
class Proposals:
    """What models propose for a screenshot.

    Attributes:
        source: The key of its source.
        picture: Its path below the source, with slashes.
        sha256: Of the picture's file: what is proposed for another file of that name is of no use.
        size_wh: Its width and height in pixels.
        models: What identifies the models: a hash of their files.
        fingerprint: What near-duplicates are recognised by.
        objects: The objects, the surest first.
    """

    source: str
    picture: str
    sha256: str
    size_wh: tuple[int, int]
    models: str
    fingerprint: str
    objects: tuple[Proposal, ...]


def proposals_file(workspace: Workspace, shot: Screenshot) -> Path:
    """Return the file of the proposals of a screenshot."""
    beside = workspace.proposals / shot.annotation.relative_to(workspace.annotations)
    return beside.with_name(derived_name(beside.stem, ".json"))


def write_proposals(workspace: Workspace, proposed: Iterable[tuple[Screenshot, Proposals]]) -> None:
    """Write the proposals of some screenshots, each file whole or not at all."""
    folders: dict[Path, dict[str, bytes]] = {}
    for shot, one in proposed:
        path = proposals_file(workspace, shot)
        text = json.dumps(one, default=vars, ensure_ascii=False)
        folders.setdefault(path.parent, {})[path.name] = f"{text}\n".encode()
    with ThreadPoolExecutor() as pool:
        for folder, contents in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            write_many(folder, contents, pool)


def read_proposals(workspace: Workspace, shot: Screenshot) -> Proposals | None:
    """Return the stored proposals of a screenshot; None where there are none that can be used.

    Whether its picture is still the one that they were made for, only `proposals_of` asks.
    """
    found = _derived(proposals_file(workspace, shot), Proposals)
    return found if found and (found.source, found.picture) == (shot.source.key, shot.name) else None


def proposals_of(workspace: Workspace, *, hidden: bool = False) -> Callable[[Screenshot], tuple[Proposal, ...]]:
    """Return what a review asks for proposals: those for the picture as it is now that are worth showing.

    Args:
        workspace: The workspace.
        hidden: Whether it asks for the others, of which the models are less sure.
    """
    thresholds = read_thresholds(workspace)

    def of(shot: Screenshot) -> tuple[Proposal, ...]:
        found = read_proposals(workspace, shot)
        if found is None or picture_hash(shot) != found.sha256:
            return ()
        return divided(shot, found, thresholds)[hidden] or ()

    return of


def divided(
    shot: Screenshot, found: Proposals, stored: "StoredThresholds | None"
) -> tuple[tuple[Proposal, ...] | None, tuple[Proposal, ...]]:
    """Return the proposals of a screenshot that are worth showing, None where nobody asked for any; and the others."""
    if stored and shot.id in stored.passed_over:
        return None, found.objects
    if stored is None or stored.models != found.models:
        return found.objects, ()
    is_shown = [stored.thresholds.shows(one) for one in found.objects]
    return tuple(compress(found.objects, is_shown)), tuple(compress(found.objects, map(not_, is_shown)))


@dataclass(frozen=True)
class StoredThresholds:
    """The thresholds of some models.

    Attributes:
        models: What identifies the models, as in `Proposals`.
        thresholds: The thresholds.
        passed_over: By id the screenshots that nobody asked about: what is found there only measures.
    """

    models: str
    thresholds: Thresholds
    passed_over: frozenset[str] = frozenset()


def write_thresholds(workspace: Workspace, stored: StoredThresholds) -> None:
    """Write the thresholds of the models that proposed last."""
    write_json(workspace.proposals / _THRESHOLDS, {**asdict(stored), "passed_over": sorted(stored.passed_over)})


def read_thresholds(workspace: Workspace) -> StoredThresholds | None:
    """Return the stored thresholds; None where there are none that can be used."""
    return _derived(workspace.proposals / _THRESHOLDS, StoredThresholds)


@dataclass(frozen=True)
class ContextProposal:
    """Where a screenshot may have been taken.

    Attributes:
        context: The name of the context.
        score: How sure that is, 0 to 1.
        picture: The path of the screenshot below its source, with slashes.
        sha256: Of its file.
    """

    context: str
    score: float
    picture: str
    sha256: str


@dataclass(frozen=True)
class StoredContexts:
    """What is proposed for where screenshots were taken.

    Attributes:
        right: How often that was right, of screenshots of known contexts that were not learned from.
        shots: The proposals that are worth showing, by the id of the screenshot.
    """

    right: Proportion
    shots: Mapping[str, ContextProposal]


def write_contexts(workspace: Workspace, stored: StoredContexts | None) -> None:
    """Write where screenshots may have been taken; None takes away what was written before."""
    path = workspace.proposals / _CONTEXTS
    if stored is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    write_json(path, asdict(stored))


def contexts_of(workspace: Workspace) -> Callable[[Screenshot], ContextProposal | None]:
    """Return what a review asks for contexts: those that are proposed for the picture as it is now."""
    stored = _derived(workspace.proposals / _CONTEXTS, StoredContexts)
    shots = stored.shots if stored else {}

    def of(shot: Screenshot) -> ContextProposal | None:
        found = shots.get(shot.id)
        return found if found and picture_hash(shot) == found.sha256 else None

    return of


def _derived(path: Path, kind: type[T]) -> T | None:
    """Return what a file holds that is made again where it is missing or damaged; None then."""
    try:
        return read_json(path, kind, what=kind.__name__, missing="")
    except ToonVisionError:
        return None


def picture_hash(shot: Screenshot) -> str:
    """Return the SHA-256 of a screenshot's file; an empty text where it cannot be read."""
    try:
        return _hashed(shot, shot.stamp)
    except RejectedItemError:
        return ""


@lru_cache(_MOST_HASHED)
def _hashed(shot: Screenshot, _stamp: str) -> str:
    """Hash a file once for all that is asked about it while a person looks at it."""
    return hashlib.sha256(shot.content()).hexdigest()
