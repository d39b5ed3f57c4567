"""Making the catalogue again: the sources are extracted again, and the decisions, which are files, are read.

Crops keep their files and numbers: a sound catalogue says which file belongs to which object; without one, a file below
`crops/` is recognised by its label and its pixels.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import TEMPORARY, read_regular, replacing
from toonvision.core.folders import exclusive
from toonvision.core.names import free_name
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.catalog import Catalog
from toonvision.data.catalog.database import NewerCatalogError, holds_splits, refuse_irregular, set_beside
from toonvision.data.examination import Cut, ExtractionResult, read_sources
from toonvision.data.extraction import ExtractionSummary, claim_crops, crop_stem, extract_into, numbered_stem
from toonvision.data.splits import Split, read_splits
from toonvision.data.workspace import Workspace


@dataclass(frozen=True)
class RebuildSummary:
    """What rebuilding kept and lost.

    Attributes:
        extraction: What was read and cut.
        numbers_kept: Crops that kept their number.
        numbers_new: Crops that got a new one.
        splits: The splits, as their files have them.
        old: Where the old catalogue is kept; None where there was none.
        crops_aside: Where files of crops are that show no object any more; None where there are none.
        losses: What could not be kept.
    """

    extraction: ExtractionSummary
    numbers_kept: int
    numbers_new: int
    splits: tuple[Split, ...]
    old: Path | None
    crops_aside: Path | None
    losses: tuple[Finding, ...]


def rebuild(workspace: Workspace, *, progress: Progress = silent) -> RebuildSummary:
    """Make the catalogue again; the old one stays in use until the new one is complete, and is kept beside it then.

    Raises:
        InputRejectedError: If a source cannot be read as a whole, no source has a picture although there are crops,
            a newer version wrote the catalogue, or it is no regular file.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    refuse_irregular(workspace.catalog)
    readings = read_sources(workspace)
    with exclusive(workspace.root, purpose="rebuild"):
        for path in workspace.root.glob(f"{TEMPORARY}*{workspace.catalog.suffix}*"):
            path.unlink(missing_ok=True)  # a killed rebuilding left it
        if not any(reading.pictures for _, reading in readings):
            _refuse_nothing(workspace)
        losses = []
        if holds_splits(workspace.catalog):
            reason = "an earlier version kept the splits in it, and they cannot be read"
            remedy = "draw them again with their seeds: toonvision split --seed SEED"
            losses.append(Finding(workspace.catalog.name, reason, remedy, "split-lost"))
        with replacing(workspace.catalog) as temporary:
            _copy_sound(workspace.catalog, temporary)
            with Catalog.open(temporary) as catalog:
                claim_crops(workspace, catalog, lost=True)
                standing = _StandingCrops(workspace, claimed={crop.file for crop in catalog.crops()})
                pictures = [picture for _, reading in readings for picture in reading.pictures]
                labels = {entry.label for picture in pictures for entry in picture.objects}
                catalog.keep_numbers(standing.last_numbers(labels | workspace.taxonomy.by_name.keys()))
                reported, results, strays = extract_into(
                    catalog, workspace, readings, adopt=standing.adopt, progress=progress
                )
            old = set_beside(workspace.catalog)
        aside = _set_aside(strays, workspace)
    splits, broken = read_splits(workspace.splits)
    cuts = [cut for result in results for cut in result.cuts]
    kept = sum(cut.known is not None for cut in cuts)
    return RebuildSummary(reported, kept, len(cuts) - kept, tuple(splits), old, aside, (*losses, *broken))


def _copy_sound(path: Path, copy: Path) -> None:
    """Copy the old catalogue if nothing in it is damaged.

    Raises:
        NewerCatalogError: If a newer version wrote it.
    """
    if not path.is_file():
        return
    try:
        with Catalog.open(path, read_only=True, untouched=True) as old:
            old.require_sound()
            old.copy_to(copy)
    except NewerCatalogError:
        raise
    except InputRejectedError:
        copy.unlink(missing_ok=True)


def _refuse_nothing(workspace: Workspace) -> None:
    """Refuse sources without a picture where there are crops, which show that there were some."""
    if any(numbered_stem(path.name) for path in workspace.crops.glob("*")):
        raise InputRejectedError(
            f"{workspace.root}: crops/ holds crops, but no source has an annotated picture; nothing was changed. Bring "
            "the pictures back, or move the crops away."
        )


class _StandingCrops:
    """The files below `crops/`, recognised by what they show; each becomes the file of one object.

    A claimed one, which the catalogue assigns to an object, becomes that of no other object that looks the same.
    """

    def __init__(self, workspace: Workspace, *, claimed: set[str]) -> None:
        self._claimed = claimed
        self._hashes: dict[str, str] = {}
        self._same: dict[tuple[str, str], list[str]] = {}
        self._numbers: dict[str, int] = {}
        for path in sorted(workspace.crops.iterdir()):
            stem = numbered_stem(path.name)
            if stem is None:
                continue
            self._numbers[stem] = max(_number(path.name), self._numbers.get(stem, -1))
            try:
                content = read_regular(path, limit=images.LARGEST_FILE)
                self._same.setdefault((stem, _pixels(content)), []).append(path.name)
            except RejectedItemError:
                continue  # it is cut again
            self._hashes[path.name] = hashlib.sha256(content).hexdigest()

    def last_numbers(self, labels: set[str]) -> dict[str, int]:
        """Return the highest number in the names of each label's files."""
        stems = {label: crop_stem(label) for label in labels}
        return {label: self._numbers[stem] for label, stem in stems.items() if stem in self._numbers}

    def adopt(self, result: ExtractionResult) -> ExtractionResult:
        """Find the crops of a picture that have a file already."""
        return replace(result, cuts=tuple(self._adopt(cut, result) for cut in result.cuts))

    def _adopt(self, cut: Cut, result: ExtractionResult) -> Cut:
        same = self._same.get((crop_stem(cut.label), _pixels(cut.content)), [])
        file = cut.known.file if cut.known else next((file for file in same if file not in self._claimed), None)
        if file is None:
            return cut
        stands = file in same
        if stands:
            same.remove(file)
        crop = result.crop_of(cut, number=_number(file), file=file, digest=self._hashes.get(file, ""))
        return replace(cut, known=crop, content=b"" if stands else cut.content)


def _number(file: str) -> int:
    return int(file.rpartition("_")[2].removesuffix(".png"))


def _pixels(content: bytes) -> str:
    """Hash what a picture shows, however it is packed."""
    image = images.decode(content)
    return hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()


def _set_aside(strays: Sequence[Path], workspace: Workspace) -> Path | None:
    """Move files that show no object any more out of `crops/`, where the next extraction would delete them."""
    aside = workspace.root / free_name(workspace.root, f"{workspace.crops.name}.before-rebuild")
    for path in strays:
        if path.name.startswith(TEMPORARY):
            path.unlink(missing_ok=True)
            continue
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)
    return aside if aside.exists() else None
