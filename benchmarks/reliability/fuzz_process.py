"""Feeds one target until time is up or a promise is broken; started by `fuzzing.py`, with libFuzzer's own options."""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

_GUIDING = ["toonvision", "PIL", "defusedxml", "xml", "json", "yaml", "csv"]


def main(name: str, folder: Path, options: list[str]) -> None:
    """Feed a target, in a folder of its own; libFuzzer ends the process, whatever comes."""
    with atheris.instrument_imports(include=_GUIDING):
        from reliability.fuzz_targets import TARGETS

        run = TARGETS[name].start(folder)
        for seed in TARGETS[name].seeds():
            run(seed)  # readers of some kinds are imported only when the first of their kind comes
    atheris.Setup([__file__, *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
