"""Work on many files in shards, each of which is stored as soon as it is done, and never done again.

A shard is called by what it depends on: what works, and its files with their sizes and times. So a run that was stopped
goes on where it was, and what has changed since is done anew.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toonvision.core.errors import EnvironmentFaultError, RejectedItemError
from toonvision.core.files import TEMPORARY, parse_json, read_regular, write_text
from toonvision.core.nodes import SharedFile

SHARD = 64
"""Files of a shard: a few seconds of work, which is what a kill costs at most."""
_LARGEST = 1 << 30


@dataclass(frozen=True)
class Shard:
    """Some of the files, in their order.

    Attributes:
        name: A digest of what its result depends on.
        files: Their paths.
    """

    name: str
    files: tuple[str, ...]


def shards_of(files: Sequence[SharedFile], identity: str, *, size: int = SHARD) -> list[Shard]:
    """Cut files into shards.

    Args:
        files: In their order.
        identity: A text that differs where results would differ that are not the files' doing.
        size: How many files a shard has at most.
    """
    return [_shard(files[start : start + size], identity) for start in range(0, len(files), size)]


def _shard(files: Sequence[SharedFile], identity: str) -> Shard:
    digest = hashlib.sha256(identity.encode())
    for path, size, changed in files:
        digest.update(b"\0" + os.fsencode(path) + f"\0{size}\0{changed}".encode())
    return Shard(digest.hexdigest()[:32], tuple(path for path, _, _ in files))


class ShardFolder:
    """The results of shards that are done, each a JSON object in a file of its own."""

    def __init__(self, folder: Path) -> None:
        """Look at what is in a folder, which need not exist."""
        self.folder = folder
        self._done = {path.stem for path in folder.glob("*.json") if not path.name.startswith(TEMPORARY)}

    def has(self, shard: Shard) -> bool:
        """Return whether a shard is done."""
        return shard.name in self._done

    def write(self, shard: Shard, result: Mapping[str, Any]) -> None:
        """Store the result of a shard, completely or not at all."""
        write_text(self._path(shard), json.dumps(result, separators=(",", ":")))
        self._done.add(shard.name)

    def results(self, shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
        """Read the results of shards, one after the other.

        Raises:
            EnvironmentFaultError: If a file was damaged; it is removed, so that its shard is done again.
        """
        for shard in shards:
            path = self._path(shard)
            try:
                found = parse_json(read_regular(path, limit=_LARGEST))
            except RejectedItemError as error:
                path.unlink(missing_ok=True)
                raise EnvironmentFaultError(
                    f"{path}: {error.reason}. It was removed; run the same command again."
                ) from error
            assert isinstance(found, dict)
            yield found

    def _path(self, shard: Shard) -> Path:
        return self.folder / f"{shard.name}.json"
