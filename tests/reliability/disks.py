"""Real disks of a few kilobytes, in memory, and real folders that nobody can write to; mounting asks for the right."""

import contextlib
import functools
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@functools.cache
def why_not() -> str:
    """Say why nothing can be mounted here; nothing where it can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), size=1 << 16):
                return ""
        except (OSError, subprocess.CalledProcessError):
            return "this process may not mount a disk"


def on_a_disk(test: Callable[..., None]) -> Callable[..., None]:
    """Skip a test of a full or read-only disk where a process may not mount one, as in a container."""
    return pytest.mark.skipif(bool(why_not()), reason=why_not())(test)


@contextlib.contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[Path]:
    """Return an empty disk of so many bytes in a folder that is there."""
    with _mounted("-t", "tmpfs", "-o", f"size={size}", "toonvision-test", folder):
        yield folder


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Let a folder be one that nobody can write to, whatever they may."""
    with _mounted("--bind", folder, folder):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True, capture_output=True)
        yield folder


def fill_but(folder: Path, free: int) -> Path:
    """Fill a disk until so many bytes are left; give the file that fills it."""
    status, filler = os.statvfs(folder), folder / "filler"
    filler.write_bytes(bytes(max(0, status.f_bavail * status.f_frsize - free)))
    return filler


@contextlib.contextmanager
def _mounted(*options: object) -> Iterator[None]:
    subprocess.run(["mount", *map(str, options)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(options[-1])], check=True, capture_output=True)
