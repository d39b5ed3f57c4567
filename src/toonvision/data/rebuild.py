"""Making the catalogue again: the sources are extracted again, and the decisions, which are files, are read.

Crops keep their files and numbers: a sound catalogue says which file belongs to which object; without one, a file below
`crops/` is recognised by its label and its pixels.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.core.files import TEMPORARY, read_regular, replacing
from toonvision.core.locks import exclusive
from toonvision.core.names import free_name
from toonvision.core.progress import Progress, silent
from toonvision.data import images
from toonvision.data.catalog import Catalog, Crop
from toonvision.data.catalog.database import NewerCatalogError, is_older, set_beside
from toonvision.data.examination import Cut, ExtractionResult
from toonvision.data.extraction import ExtractionSummary, claim_crops, crop_stem, extract_into, numbered_stem
from toonvision.data.sources import SourceReading, read_sources
from toonvision.data.splits import Split, read_split, split_names
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


def rebuild(workspace: Workspace, *, workers: int | None = None, progress: Progress = silent) -> RebuildSummary:
    """Make the catalogue again; the old one stays in use until the new one is complete, and is kept beside it then.

    Args:
        workspace: Where to read and write.
        workers: Threads that decode and encode; as many as there are cores by default.
        progress: Called with the number of pictures that are done.

    Raises:
        InputRejectedError: If a source cannot be read as a whole, no source has a picture although there are crops,
            or a newer version wrote the catalogue.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    readings = read_sources(workspace)
    with exclusive(workspace.root, purpose="rebuild"):
        for path in workspace.root.glob(f"{TEMPORARY}*{workspace.catalog.suffix}*"):
            path.unlink(missing_ok=True)  # a killed rebuilding left it
        _refuse_nothing(workspace, readings)
        losses = _lost_splits(workspace.catalog)
        with replacing(workspace.catalog) as temporary:
            _copy_sound(workspace.catalog, temporary)
            with Catalog.open(temporary) as catalog:
                claim_crops(workspace, catalog, lost=True)
                standing = _StandingCrops(workspace, claimed={crop.file for crop in catalog.crops()})
                catalog.keep_numbers(standing.last_numbers(_labels(workspace, readings)))
                extracted = extract_into(
                    catalog, workspace, readings, adopt=standing.adopt, workers=workers, progress=progress
                )
            old = set_beside(workspace.catalog)
        aside = _set_aside(extracted.strays, workspace)
    splits, broken = _read_splits(workspace)
    cuts = [cut for result in extracted.results for cut in result.cuts]
    kept = sum(cut.known is not None for cut in cuts)
    return RebuildSummary(extracted.summary, kept, len(cuts) - kept, splits, old, aside, (*losses, *broken))


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


def _labels(workspace: Workspace, readings: Iterable[SourceReading]) -> set[str]:
    found = {entry.label for _, reading in readings for picture in reading.pictures for entry in picture.objects}
    return found | workspace.taxonomy.by_name.keys()


def _refuse_nothing(workspace: Workspace, readings: Sequence[SourceReading]) -> None:
    """Refuse sources that are all empty: where the catalogue is lost too, only the crops show that they were not."""
    empty = not any(reading.pictures for _, reading in readings)
    if empty and any(numbered_stem(path.name) for path in workspace.crops.glob("*")):
        raise InputRejectedError(
            f"{workspace.root}: crops/ holds crops, but no source has an annotated picture; nothing was changed. Bring "
            "the pictures back, or move the crops away."
        )


def _lost_splits(path: Path) -> list[Finding]:
    """Report that the splits of an earlier version are lost with its catalogue."""
    if not is_older(path):
        return []
    reason = "an earlier version kept the splits in it, and they cannot be read"
    return [Finding(path.name, reason, "draw them again with their seeds: toonvision split --seed SEED", "split-lost")]


def _read_splits(workspace: Workspace) -> tuple[tuple[Split, ...], list[Finding]]:
    splits, broken = [], []
    for name in split_names(workspace.splits):
        try:
            splits.append(read_split(workspace.splits, name))
        except InputRejectedError as error:
            broken.append(Finding(f"split {name}", str(error), code="split"))
    return tuple(splits), broken


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
        shot = result.task.picture
        crop = Crop(
            0, cut.label, _number(file), file, self._hashes.get(file, ""), cut.box, 0, result.task.source.key,
            shot.name, shot.context, result.fingerprint, cut.origin,
        )  # fmt: skip
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
