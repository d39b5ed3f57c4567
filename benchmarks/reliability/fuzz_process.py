"""Feeds one target until time is up or a promise is broken; started by `fuzzing.py`, with libFuzzer's own options."""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

_GUIDING = ["toonvision", "PIL", "defusedxml", "xml", "json"]
_MEMORY = Path("/dev/shm")
"""A folder that is on no disk, where there is one."""


def main(name: str, options: list[str]) -> None:
    """Feed a target; libFuzzer ends the process, whatever comes."""
    folder = tempfile.mkdtemp(prefix="toonvision-fuzzing-", dir=_MEMORY if _MEMORY.is_dir() else None)
    with atheris.instrument_imports(include=_GUIDING):
        from reliability.fuzz_targets import TARGETS

        run = TARGETS[name].start(Path(folder))
        for seed in TARGETS[name].seeds():
            run(seed)  # readers of some kinds are imported only when the first of their kind comes
    atheris.Setup([__file__, *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
