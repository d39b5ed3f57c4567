"""Claim: `toonvision --help` answers within 0.3 s of Python's own start.

Run: python benchmarks/startup.py
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from measure import alternate, arguments, medians, write_result


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    toonvision_help = [sys.executable, "-m", "toonvision", "--help"]
    alternatives = {
        "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        "toonvision --help": lambda: subprocess.run(toonvision_help, check=True, stdout=subprocess.DEVNULL),
    }
    alternate(alternatives, repetitions=2)  # byte code is compiled, files are in memory
    found = medians(alternate(alternatives, repetitions=options.repetitions))
    extra = found["toonvision --help"] - found["python -c pass"]
    for name, seconds in found.items():
        print(f"{name:<18} {seconds:.3f} s")
    print(f"toonvision --help takes {extra:.3f} s more")
    write_result("startup", {"median_s": found, "extra_s": extra, "limit_s": 0.3})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__)
    options.add_argument("--repetitions", type=int, default=15, help="(default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
