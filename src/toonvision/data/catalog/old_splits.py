"""Splits of earlier versions, which stood in the catalogue crop by crop: brought over to files."""

import logging
from pathlib import Path

from toonvision.core.files import write_bytes
from toonvision.data.catalog.schema import Connection
from toonvision.data.splits import Ratios, Split, screenshot_keys, split_text, write_split
from toonvision.data.subsets import Subset

_SUBSETS: dict[str, Subset] = {"train": "train", "validate": "val", "test": "test"}


def bring_over_splits(connection: Connection, path: Path) -> None:
    """Write the splits of an earlier catalogue as files, and say so.

    A split that tears screenshots apart, as ``split --naive`` once made them, cannot be one of screenshots: it is
    named, and a copy of the old catalogue is kept beside the new one.

    Raises:
        ValueError: If the tables hold what nobody can have stored.
    """
    folder = path.parent / "splits"
    done, left = [], []
    for name, subsets, ratios, seed in _old_splits(connection):
        split = Split(name, subsets or {}, ratios, seed)
        file = folder / f"{name}.csv"
        if subsets is None:
            left.append(f"{name} (it tears screenshots apart, so that its scores are too good)")
        elif not file.exists():
            write_split(folder, split)
            done.append(name)
        elif file.read_bytes() != split_text(split).encode():
            left.append(f"{name} (there is a {file} already)")
    log = logging.getLogger("toonvision")
    if done:
        log.warning("%s: splits are files now. Brought over into %s: %s.", path, folder, ", ".join(done))
    if left:
        kept = path.with_name(f"{path.name}.before-splits")
        write_bytes(kept, path.read_bytes())
        log.warning("%s: not brought over: %s. The old catalogue is kept as %s.", path, ", ".join(left), kept)


def _old_splits(connection: Connection) -> list[tuple[str, dict[str, Subset] | None, Ratios, int]]:
    """Read name, subsets, ratios and seed of each split; no subsets where it tears screenshots apart."""
    keys = screenshot_keys(connection.execute("SELECT source, name FROM screenshots"))
    found = []
    for row, name, ratios, seed in connection.execute("SELECT id, name, ratios, seed FROM splits ORDER BY name"):
        subsets: dict[str, Subset] | None = {}
        for source, shot, part in connection.execute(
            "SELECT DISTINCT s.source, s.name, p.part FROM split_crops p JOIN crops c ON c.id = p.crop_id "
            "JOIN screenshots s ON s.id = c.screenshot_id WHERE p.split_id = ?",
            (row,),
        ):
            if part not in _SUBSETS:
                raise ValueError(f"a split has a part {part!r}")
            key = keys[source, shot]
            if subsets is not None and subsets.setdefault(key, _SUBSETS[part]) != _SUBSETS[part]:
                subsets = None
        found.append((name, subsets, Ratios.parse(ratios), seed))
    return found
