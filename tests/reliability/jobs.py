"""What is disturbed: the steps of the program that write, each in a workspace of its own."""

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

# What the jobs need is imported here, once for all that are forked from the process that has this module.
import filelock  # noqa: F401
import rich.progress  # noqa: F401
import typer

import toonvision.data.setup
import toonvision.report.data_panels  # noqa: F401
from toonvision.cli import app
from toonvision.core.files import write_bytes
from toonvision.core.folders import exclusive
from toonvision.data import extraction
from toonvision.data.catalog import Catalog
from toonvision.data.workspace import open_workspace
from toonvision.training.record import publish_run, unfinished_run

RUN = "label/kept"
READY = "ready"
"""The folder of the files that `save_run` saves."""


class InOrder(Executor):
    """Does at once, in the thread that asks, what a pool of threads would do."""

    def __init__(self, _threads: int) -> None:
        """Take what a pool takes."""

    def submit(self, function: Any, /, *args: Any, **options: Any) -> Future[Any]:
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **options))
        except BaseException as error:
            future.set_exception(error)
        return future


def extract(root: Path) -> None:
    """Extract, with as many threads as there are cores."""
    program("extract", "-w", root)


def extract_in_order(root: Path) -> None:
    """Extract with all calls in one thread, so that they come in the same order each time, and with three commits."""
    extraction.ThreadPoolExecutor = InOrder  # type: ignore[attr-defined, assignment]
    extraction._BATCH = 4
    extract(root)


def split(root: Path) -> None:
    """Plan, store and draw a split, in the place of an earlier one."""
    program("split", "-w", root, "--seed", 1, "--force")


def migrate(root: Path) -> None:
    """Bring an old catalogue up to date, and do nothing else."""
    as_command(lambda: _open_to_write(root))


def save_run(root: Path) -> None:
    """Save a run whose files are ready, in the place of an earlier one."""
    as_command(lambda: _save_run(root))


def init(root: Path) -> None:
    """Make a workspace around the pictures that lie beside it."""
    program("init", root / "new", "--from", root / "screenshots", "--taxonomy", "infer")


def program(*arguments: object) -> None:
    """Run the command line."""
    sys.argv = ["toonvision", *map(str, arguments)]
    app.main()


def as_command(work: Callable[[], object]) -> None:
    """Do something that is only a part of a command, and end as the command would."""
    app.app = typer.Typer(add_completion=False)
    app.app.command()(work)
    program()


def _open_to_write(root: Path) -> None:
    with exclusive(root, purpose="migrate"), Catalog.open(open_workspace(root, untouched=True).catalog):
        pass


def _save_run(root: Path) -> None:
    folder = root / "runs" / RUN
    with unfinished_run(root, folder.parent) as built:
        for path in sorted((root / READY).iterdir()):
            write_bytes(built / path.name, path.read_bytes())
        publish_run(root, built, folder, force=True)
