"""Setting up a workspace: an empty one, or one around annotated pictures."""

import statistics
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError, UsageError
from toonvision.core.files import write_bytes
from toonvision.core.settings import read_settings
from toonvision.data import images
from toonvision.data.boxes import AnnotatedPicture, Reading
from toonvision.data.formats import layout
from toonvision.data.formats.layout import Format
from toonvision.data.workspace import DEFAULT_SIZE_HW, SCREENSHOTS, SETTINGS, Workspace, create_workspace
from toonvision.taxonomy.loader import TaxonomyTable, built_in, infer, require_distinct

INFER, BUILT_IN = "infer", "toontown"
_TAXONOMY_FILE = "taxonomy.toml"
_SMALLEST, _LARGEST, _STEP = 48, 1000, 8
_MEASURED_PICTURES = 200


@dataclass(frozen=True)
class SetupSummary:
    """What setting up a workspace did.

    Attributes:
        workspace: The new workspace.
        source: Format and folder of the annotated pictures, if any.
        pictures: Number of annotated pictures found there.
        labels: Label to number of objects found there.
        taxonomy: Where the taxonomy came from, in words.
        findings: What of the source could not be read; pictures are decoded later, by an extraction.
    """

    workspace: Workspace
    source: tuple[Format, Path] | None
    pictures: int
    labels: Mapping[str, int]
    taxonomy: str
    findings: tuple[Finding, ...] = ()


def set_up(root: Path, *, source: Path | None = None, taxonomy: str | None = None) -> SetupSummary:
    """Make a workspace; pictures of a source stay where they are, nothing is copied.

    Args:
        root: The new workspace's folder.
        source: A folder of annotated pictures in any format that can be read.
        taxonomy: ``toontown``, ``infer``, or the path of a TOML file. By default ToonTown's, unless the source
            has labels of which it knows none.

    Raises:
        UsageError: If there is a workspace already, or `infer` is asked for without a source.
        InputRejectedError: If the source or the taxonomy cannot be used.
    """
    if (root / SETTINGS).exists():
        raise UsageError(f"{root / SETTINGS} exists already; nothing was changed. Edit it, or choose another folder.")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root}: is no folder. Choose another folder for the workspace.")
    if source is not None and source.resolve() == root.resolve():
        raise UsageError(
            f"{root}: a workspace cannot be its own source, since it would read its own crops. Make it in a folder of "
            f"its own, or move the pictures to {root / SCREENSHOTS}."
        )
    if source is None:
        if taxonomy == INFER:
            raise UsageError("a taxonomy is inferred from labels: name their folder with --from.")
        name, words = _given_taxonomy(root, taxonomy or BUILT_IN)
        return SetupSummary(create_workspace(root, taxonomy=name), None, 0, {}, words)
    format_ = layout.detect(source)
    reading = layout.read(format_, source)
    labels = Counter(entry.label for picture in reading.pictures for entry in picture.objects)
    findings = (*reading.findings, *(finding for picture in reading.pictures for finding in picture.findings))
    if not labels:
        others = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        seen = f" What was found is faulty: {findings[0]}{others}." if findings else ""
        raise InputRejectedError(f"{source}: no annotated object was found. Draw boxes first.{seen}")
    chosen = taxonomy or (INFER if labels.keys().isdisjoint(built_in(BUILT_IN).by_name) else BUILT_IN)
    if chosen == INFER:
        try:
            require_distinct(sorted(labels))
        except ValueError as error:
            remedy = "Correct one in the annotations, or say which labels count: --taxonomy FILE."
            raise InputRejectedError(f"{source}: {error}. {remedy}") from error
        contexts = sorted({picture.context for picture in reading.pictures})
        name, words = infer(sorted(labels), contexts), f"inferred from the {len(labels)} labels found"
    else:
        name, words = _given_taxonomy(root, chosen)
    size = suggest_size_hw(reading) if chosen == INFER else DEFAULT_SIZE_HW
    workspace = create_workspace(root, taxonomy=name, size_hw=size, source=(format_, source))
    return SetupSummary(
        workspace, (format_, source), len(reading.pictures), dict(labels.most_common()), words, findings
    )


def suggest_size_hw(reading: Reading) -> tuple[int, int]:
    """Suggest an input size with the shape of the typical box and about the pixels of the published size at most.

    Returns:
        Height and width in pixels, multiples of 8, from 48 to 1000.
    """
    sizes = [size for picture in reading.pictures[:_MEASURED_PICTURES] for size in _object_sizes(picture)]
    width = statistics.median(size[0] for size in sizes) if sizes else DEFAULT_SIZE_HW[1]
    height = statistics.median(size[1] for size in sizes) if sizes else DEFAULT_SIZE_HW[0]
    shrink = min(1.0, (DEFAULT_SIZE_HW[0] * DEFAULT_SIZE_HW[1] / max(1.0, width * height)) ** 0.5)
    steps = (round(side * shrink / _STEP) for side in (height, width))
    high, wide = (min(_LARGEST, max(_SMALLEST, step * _STEP)) for step in steps)
    return high, wide


def _object_sizes(picture: AnnotatedPicture) -> list[tuple[float, float]]:
    boxes = [entry.xyxy for entry in picture.objects if entry.xyxy]
    sizes = [(right - left, bottom - top) for left, top, right, bottom in boxes]
    if not boxes and picture.objects:
        with suppress(RejectedItemError, OSError):
            sizes.append(images.size_wh(picture.path))
    return [size for size in sizes if min(size) > 0]


def _given_taxonomy(root: Path, given: str) -> tuple[str, str]:
    """Check a taxonomy that was asked for; a file is copied into the workspace, so that the two stay together."""
    path = Path(given)
    if path.suffix != ".toml":
        built_in(given)
        return given, f"the built-in {given}"
    read_settings(path, TaxonomyTable).build()
    if (root / _TAXONOMY_FILE).exists() and path.resolve() != (root / _TAXONOMY_FILE).resolve():
        raise UsageError(f"{root / _TAXONOMY_FILE} exists already; nothing was changed. Move it away, or name it.")
    write_bytes(root / _TAXONOMY_FILE, path.read_bytes())
    return _TAXONOMY_FILE, f"that of {path}, copied to {root / _TAXONOMY_FILE}"
