"""Promise: whatever bytes an annotation, a picture or a catalogue holds, they are used or refused as is promised.

Run: python benchmarks/reliability/fuzzing.py [TARGET ...] [--minutes 30] [--folder FOLDER]

Coverage-guided fuzzing by libFuzzer: bytes are changed at random, and what reaches new code is changed further.
`tests/reliability/fuzz_targets.py` says what is fed and what breaks a promise. A process that dies, an input that takes
over 20 s, and more than 1 GB of memory break it too. A target ends at its first broken promise and keeps its input in
FOLDER. The corpus is kept there too, and a later run goes on from it. Needs `pip install atheris`.

Python code guides the search (ours, Pillow's, and the standard library's for XML and JSON). The C code of the decoders,
of Expat and of SQLite runs, but does not guide it.
"""

import argparse
import hashlib
import pyexpat
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from measure import arguments, read_result, some_of, write_result

from reliability.fuzz_targets import TARGETS, Target
from toonvision.models.backend import installed_versions

_RESULT = "fuzzing"
_LONGEST_S, _MOST_MEMORY_MB = 20, 1024
_BROKEN = ("crash-*", "timeout-*", "oom-*", "died-*")
_MEMORY = Path("/dev/shm")
"""A folder that is on no disk, where there is one."""


def main(given: Sequence[str] | None = None) -> int:
    """Fuzz targets, one after the other; return 1 if a promise was broken."""
    options = parser().parse_args(given)
    broken = [_fuzz(name, options.minutes, options.folder / name) for name in options.targets]
    return int(any(broken))


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__)
    some_of(options, "targets", list(TARGETS), metavar="TARGET")
    options.add_argument("--minutes", type=float, default=30, help="for each target (default: %(default)s)")
    default = Path(tempfile.gettempdir(), "toonvision-fuzzing")
    options.add_argument("--folder", metavar="FOLDER", type=Path, default=default, help="(default: %(default)s)")
    return options


def _fuzz(name: str, minutes: float, kept: Path) -> bool:
    """Fuzz one target; print and write the result, and return whether a promise was broken."""
    target, corpus = TARGETS[name], kept / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    before, started = _broken(kept), time.monotonic()
    log = kept / "log.txt"
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as scratch:
        with log.open("wb") as out:
            command = _command(name, target, minutes, kept, scratch)
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
        if code and _broken(kept) == before:  # it died silently; its last input is still there
            shutil.copytree(scratch, kept / f"died-{code}-{time.time_ns()}")
    found = sorted(_broken(kept) - before)
    result = {"minutes": round((time.monotonic() - started) / 60, 1), **_read(log), "broken": len(found)}
    print(f"{name}: " + ", ".join(f"{value} {key}" for key, value in result.items()))
    for path in found:
        print(f"Broken by {path}; see the end of {log}")
    _write(name, result)
    return bool(found)


def _command(name: str, target: Target, minutes: float, kept: Path, scratch: str) -> list[str]:
    dictionary = kept / "words.txt"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    options = {
        "max_total_time": round(minutes * 60),
        "timeout": _LONGEST_S,
        "rss_limit_mb": _MOST_MEMORY_MB,
        "max_len": target.longest,
        "dict": dictionary,
        "artifact_prefix": f"{kept}/",
        "print_final_stats": 1,
    }
    process = Path(__file__).with_name("fuzz_process.py")
    flags = [f"-{key}={value}" for key, value in options.items()]
    return [sys.executable, str(process), name, scratch, str(kept / "corpus"), *flags]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _broken(kept: Path) -> set[Path]:
    return {path for pattern in _BROKEN for path in kept.glob(pattern)}


def _read(log: Path) -> dict[str, int]:
    """Return from libFuzzer's log how much was tried, and how much code the seeds and all inputs reached."""
    text = log.read_text(encoding="utf-8", errors="replace")
    reached = [int(cover) for cover in re.findall(r"^#\d+\s+\w+\s+cov: (\d+)", text, re.MULTILINE)]
    return {
        "executions": max(map(int, re.findall(r"^#(\d+)\s", text, re.MULTILINE)), default=0),
        "coverage_of_seeds": min(reached, default=0),
        "coverage": max(reached, default=0),
        "peak_memory_mb": max(map(int, re.findall(r"rss: (\d+)Mb", text)), default=0),
    }


def _write(name: str, result: dict[str, Any]) -> None:
    """Add the result to those of the other targets."""
    libraries = {"atheris": version("atheris"), "sqlite": sqlite3.sqlite_version, "expat": pyexpat.EXPAT_VERSION}
    write_result(_RESULT, {**read_result(_RESULT), name: {**result, "versions": {**installed_versions(), **libraries}}})


if __name__ == "__main__":
    sys.exit(main())
