"""What a node of a cluster must have in common with the machine that leads the work: programs, and shared files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SharedFile = tuple[str, int, int]
"""A path, its size in bytes, and when it was changed, in nanoseconds."""
Seen = Mapping[str, Any]
"""What a node sees: ``versions``, by what has them, and ``files``, those that it sees otherwise."""
_MISSING = "none"
_MOST_LOOKED_AT = 16


def shared_file(path: Path) -> SharedFile:
    """Return a file as it is seen here; one that is not there has no size."""
    try:
        status = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), status.st_size, status.st_mtime_ns


def some_of(files: Sequence[SharedFile]) -> list[SharedFile]:
    """Return files from the first to the last, absolute: a node that sees them sees the same storage."""
    step = max(1, len(files) // _MOST_LOOKED_AT)
    return [(str(Path(path).absolute()), size, changed) for path, size, changed in files[::step]]


def portable_look(files: Sequence[SharedFile], programs: Sequence[str]) -> Callable[[], Seen]:
    """Return a function that looks around on a node that may not have this package: it travels as it is.

    Args:
        files: Files to look at.
        programs: Packages whose versions matter, besides those that all work needs.
    """

    def look() -> Seen:
        import hashlib
        import importlib.metadata
        import importlib.util
        import os
        from pathlib import Path

        versions = {}
        for name in ("toonvision", "onnxruntime", "numpy", "pillow", *programs):
            try:
                versions[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                versions[name] = "none"
        found = importlib.util.find_spec("toonvision")
        digest = hashlib.sha256()
        for folder in (found.submodule_search_locations or ()) if found else ():
            for source in sorted(Path(folder).rglob("*")):
                if source.suffix in {".py", ".toml", ".onnx"}:
                    digest.update(str(source.relative_to(folder)).encode() + b"\0" + source.read_bytes())
        versions["the files of toonvision"] = digest.hexdigest()[:12] if found else "none"
        otherwise = []
        for path, size, changed in files:
            try:
                status = os.stat(path)  # noqa: PTH116 - as little as can be travels
                same = (status.st_size, status.st_mtime_ns) == (size, changed)
            except OSError:
                same = size < 0
            if not same:
                otherwise.append(path)
        return {"versions": versions, "files": otherwise}

    return look


def difference(seen: Seen, expected: Seen) -> tuple[str, str] | None:
    """Return why a node cannot take part and the remedy; None if it can."""
    for name, version in expected["versions"].items():
        own = seen["versions"].get(name, _MISSING)
        if own != version:
            return f"has another version of {name} ({own}, here {version})", "install the same there"
    if files := seen["files"]:
        return f"does not see {files[0]} as this machine does", "mount the same storage there, at the same path"
    return None
