"""`python -m toonvision` is `toonvision`: the command line, if its libraries are installed."""

import sys
from typing import NoReturn

from toonvision.cli.interrupts import hold


def main() -> NoReturn:
    """Run the command line, or report which libraries it lacks."""
    hold()
    try:
        from toonvision.cli.app import main as run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "toonvision":
            raise
        print(
            f"toonvision: the commands need what this installation left out ({error.name}). toonvision.Classifier "
            "works without; for the commands run: pip install 'toonvision[train]'",
            file=sys.stderr,
        )
        sys.exit(4)
    run()


if __name__ == "__main__":
    main()
