"""Proposing: exported models find and name what is in screenshots, in several processes."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from toonvision.core.errors import Finding, ModelRefusedError, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import Report
from toonvision.core.workers import Workers
from toonvision.data import images
from toonvision.data.fingerprints import fingerprint
from toonvision.data.fitting import shrink
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import NamedObject, Scene, named
from toonvision.label.naming import proposal_of
from toonvision.label.proposals import Proposals, read_proposals, write_proposals
from toonvision.label.screenshots import Screenshot
from toonvision.label.thumbnails import Thumbnail, thumbnail_of
from toonvision.metrics.boxes import LOWEST
from toonvision.metrics.found_objects import distinct_objects, objects_of
from toonvision.taxonomy.labels import Taxonomy

_FLOOR = 0.4
"""Share of the confidence from which on a box counts; what is below that is not even stored."""
_AT_ONCE = 16
"""Screenshots of a job."""


@dataclass(frozen=True)
class Proposer:
    """The models that propose, by their files.

    Attributes:
        detector: The exported detector.
        classifiers: Exported classifiers, the one of the coarsest level first.
        title: What people call them, as in ``detect/detector-1 + suit/compact-1``.
    """

    detector: Path
    classifiers: tuple[Path, ...]
    title: str

    @property
    def usual_score(self) -> float:
        """The confidence from which on the detector counts a box."""
        return min(Detector(self.detector).thresholds, default=0.0)

    @property
    def identity(self) -> str:
        """A hash of their files."""
        digests = [hashlib.sha256(path.read_bytes()).digest() for path in (self.detector, *self.classifiers)]
        return hashlib.sha256(b"".join(digests)).hexdigest()


def propose(
    workspace: Workspace,
    shots: Sequence[Screenshot],
    proposer: Proposer,
    *,
    workers: Workers | None = None,
    see: Callable[[str, Thumbnail], None] | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[Screenshot, Proposals | Finding]]:
    """Propose objects for screenshots, and store that; what the same models proposed before is not made again.

    Args:
        workspace: Where the screenshots are.
        shots: The screenshots.
        proposer: The models.
        workers: What does the work; by default this machine.
        see: Receives the id and the thumbnail of each screenshot that had to be decoded.
        progress: Called with how many screenshots are done.

    Yields:
        Each screenshot with its proposals, or why it cannot be read, in the order in which they are done.

    Raises:
        ModelRefusedError: If a model cannot be used, or is of another taxonomy.
        EnvironmentFaultError: If processes died again and again over some screenshots; all others are done then.
    """
    require_taxonomy(Scene(proposer.detector, *proposer.classifiers), workspace.taxonomy)
    groups = [tuple(shots[start : start + _AT_ONCE]) for start in range(0, len(shots), _AT_ONCE)]
    done = 0
    progress(done, len(shots))
    work = _Work(proposer, workspace.root, thumbnails=see is not None)
    for number, found in (workers or Workers()).results(work, groups, name=lambda shot: shot.name):
        results = [(shot, one) for shot, (one, _) in zip(groups[number], found, strict=True)]
        for shot, (_, thumbnail) in zip(groups[number], found, strict=True):
            if see and thumbnail:
                see(shot.id, thumbnail)
        write_proposals(workspace, [(shot, one) for shot, one in results if isinstance(one, Proposals)])
        yield from results
        done += len(results)
        progress(done, len(shots))


def require_taxonomy(scene: Scene, taxonomy: Taxonomy) -> None:
    """Refuse models of another taxonomy than the workspace's.

    Raises:
        ModelRefusedError: Naming both.
    """
    bundle = scene.detector.bundle
    if bundle.taxonomy != taxonomy.digest:
        raise ModelRefusedError(
            f"the detector has the taxonomy {bundle.taxonomy_name} ({bundle.taxonomy}), this workspace {taxonomy.name} "
            f"({taxonomy.digest}). Train one here, or label in the workspace that it was trained in."
        )


class _Work:
    """Proposes for screenshots; the models travel as bytes, and are opened once in each process."""

    def __init__(self, proposer: Proposer, root: Path, *, thumbnails: bool) -> None:
        self.models, self.title, self.thumbnails = proposer.identity, proposer.title, thumbnails
        self._files = [path.read_bytes() for path in (proposer.detector, *proposer.classifiers)]
        self._root = root
        self._opened: tuple[Scene, Workspace] | None = None

    def __call__(
        self, shots: Sequence[Screenshot], _report: Report
    ) -> list[tuple[Proposals | Finding, Thumbnail | None]]:
        """Return the proposals for each screenshot, or why it cannot be read; and its thumbnail, if decoded."""
        if self._opened is None:
            detector, *classifiers = self._files
            namers = [Classifier(one, threads=1) for one in classifiers]
            scene = Scene(Detector(detector, threads=1), *namers)
            self._opened = scene, open_workspace(self._root, untouched=True)
        return [_propose_one(shot, self, *self._opened) for shot in shots]


def _propose_one(
    shot: Screenshot, work: _Work, scene: Scene, workspace: Workspace
) -> tuple[Proposals | Finding, Thumbnail | None]:
    try:
        with images.room_for(shot.path):
            content = shot.content()
            digest = hashlib.sha256(content).hexdigest()
            known = read_proposals(workspace, shot)
            if known and (known.sha256, known.models) == (digest, work.models):
                return known, None
            image = shot.decoded(content)
            objects, mark = _found(image, scene)
    except RejectedItemError as error:
        return error.finding(shot.name, pictures=1), None
    proposed = [proposal_of(one, image.size, work.title, scene.detector.classes, workspace.taxonomy) for one in objects]
    proposed.sort(key=lambda one: (-one.score, one.box, one.label))
    thumbnail = thumbnail_of(image, shot, workspace.recording_of(shot.name), sha256=digest) if work.thumbnails else None
    return Proposals(shot.source.key, shot.name, digest, image.size, work.models, mark, tuple(proposed)), thumbnail


def _found(image: Image.Image, scene: Scene) -> tuple[list[NamedObject], str]:
    """Find and name the objects of a screenshot, those too that do not count for the detector; and fingerprint it."""
    detector, size_hw = scene.detector, scene.detector.bundle.size_hw
    shrunk, floors = shrink(image, size_hw), [_FLOOR * one for one in scene.detector.thresholds]
    (found,) = objects_of(
        detector.find_batch(detector.fitted(shrunk), lowest=max(LOWEST, min(floors))),
        [image.size],
        classes=detector.classes,
        thresholds=floors,
        size_hw=size_hw,
    )
    return named(image, distinct_objects(found), detector.bundle.level, scene.namers), fingerprint(shrunk)
