"""Claim: `toonvision --help` answers within 0.3 s of Python's own start. Run: python benchmarks/startup.py."""

import subprocess
import sys
from pathlib import Path

from measure import alternate, medians, write_result


def main() -> None:
    """Measure and print."""
    program = Path(sys.executable).with_name("toonvision")
    alternatives = {
        "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        "toonvision --help": lambda: subprocess.run([program, "--help"], check=True, stdout=subprocess.DEVNULL),
    }
    alternate(alternatives, repetitions=2)  # byte code is compiled, files are in memory
    found = medians(alternate(alternatives, repetitions=15))
    extra = found["toonvision --help"] - found["python -c pass"]
    for name, seconds in found.items():
        print(f"{name:<18} {seconds:.3f} s")
    print(f"toonvision --help takes {extra:.3f} s more")
    write_result("startup", {"median_s": found, "extra_s": extra, "limit_s": 0.3})


if __name__ == "__main__":
    main()
