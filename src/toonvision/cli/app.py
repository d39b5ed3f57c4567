"""The command line: its root, its commands, and what happens to errors."""

import errno
import inspect
import io
import json
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from toonvision.cli import data_verbs as data
from toonvision.cli import model_verbs as runs
from toonvision.cli import predict_verb as predicting
from toonvision.cli import settings_options as settings
from toonvision.cli import start_verbs as start
from toonvision.cli import study_verbs as studies
from toonvision.cli import watch_verbs as watching
from toonvision.cli.interrupts import heed, ignore, listen
from toonvision.cli.output import report_findings
from toonvision.cli.panels import PanelCommand, PanelGroup
from toonvision.cli.verbs import Step, parameters_of, verb
from toonvision.core.errors import (
    EXIT_INTERRUPTED,
    EnvironmentFaultError,
    Finding,
    SettingsRejectedError,
    ToonVisionError,
    UsageError,
    printable,
)

app = typer.Typer(
    cls=PanelGroup,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FULL = {errno.ENOSPC, errno.EDQUOT}
# ENOENT, ENOTEMPTY: another program has removed the folder that we write to, or has written to it.
_ENVIRONMENT = {
    *_FULL, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.EEXIST, errno.ENOTDIR,
    errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOENT, errno.EFBIG, errno.EXDEV, errno.EBUSY, errno.ESTALE,
    errno.ENOTEMPTY,
}  # fmt: skip
# Typer has its own copy of click's usage error, whose name is private.
_WrongUsageError: type[Exception] = typer.BadParameter.__mro__[1]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Make small, explained, quick vision models from your own screenshots, and watch the game with them."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"toonvision {installed('toonvision')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


def _add(
    group: str, *steps: Step, generated: Sequence[inspect.Parameter] = (), defaults: settings.Defaults | None = None
) -> None:
    """Make each step a command, in a group of the program's help."""
    cls = settings.command_with_defaults(defaults) if defaults else PanelCommand
    for step in steps:
        app.command(cls=cls, rich_help_panel=group)(verb(step, generated))


# In the order of work.
_EPOCHS = settings.training_options(("epochs",))
_add("Start", start.demo, start.quickstart, start.init, start.sample)
_add("Data", data.capture, data.label, data.extract, data.balance, data.split, data.check, data.rebuild)
_add("Train", runs.train, generated=(runs.FOLDS, *settings.training_options()), defaults=settings.train_defaults)
_add("Train", studies.tune, generated=settings.search_options(), defaults=settings.search_defaults)
_add("Train", runs.runs, studies.studies)
_add("Evaluate", runs.evaluate, runs.calibrate, runs.report, runs.explain)
_add("Evaluate", studies.contexts, generated=_EPOCHS)
_add("Evaluate", studies.suspects, generated=_EPOCHS, defaults=settings.suspects_defaults)
_add("Evaluate", studies.curve, generated=settings.curve_options(), defaults=settings.train_defaults)
_add("Use", predicting.predict, generated=parameters_of(predicting.PredictOptions))
_add("Use", runs.export)
_add("Use", watching.watch, generated=settings.watch_options())


def main() -> NoReturn:
    """Run the command line and end with the promised exit code."""
    # Pillow prints its own warnings about odd pictures; we report those that cannot be used.
    warnings.filterwarnings("ignore", module="PIL")
    _prepare_streams()
    try:
        listen()
        heed()
        code = _run()
        sys.stdout.flush()  # what cannot be written fails here at the latest
    except ToonVisionError as error:
        faults = error.faults if isinstance(error, SettingsRejectedError) else [str(error)]
        code = _failed(faults, error.exit_code, getattr(error, "findings", ()))
    except _WrongUsageError as error:
        code = _failed([_usage_text(error)], UsageError.exit_code)
    except KeyboardInterrupt:
        ignore()  # a second one would interrupt the sentence
        code = _failed(["interrupted; what was saved is kept, run again to go on"], EXIT_INTERRUPTED)
    except BrokenPipeError:
        code = 0  # the reader of our output has closed it
    except (OSError, MemoryError) as error:
        code = _stopped(error)
    _end(code)


def _prepare_streams() -> None:
    """Make standard output and error accept any text; what is written to a closed stream is dropped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as we live
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run() -> int:
    """Run the command and raise its errors unchanged; Typer's own main would turn some of them into exit code 1."""
    try:
        with typer.main.get_command(app).make_context("toonvision", sys.argv[1:]) as context:
            context.command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _usage_text(error: Exception) -> str:
    """Return Typer's message about wrong usage as one line."""
    said = error.format_message().strip().rstrip(".")  # type: ignore[attr-defined]
    context: typer.Context | None = error.ctx  # type: ignore[attr-defined]
    end = "" if said.endswith("?") else "."
    return f"{' '.join(said.split())}{end} See: {context.command_path if context else 'toonvision'} --help"


def _stopped(error: OSError | MemoryError) -> int:
    """Report a fault of the environment; raise any other error again, which is a bug."""
    if isinstance(error, OSError) and error.errno not in _ENVIRONMENT:
        raise error
    what = f"{error.filename or 'the disk'}: {error.strerror}" if isinstance(error, OSError) else "memory is used up"
    full = isinstance(error, OSError) and error.errno in _FULL
    remedy = "free space on the disk" if full else "fix this"
    return _failed([f"{what}. What was saved is kept; {remedy} and run again."], EnvironmentFaultError.exit_code)


def _failed(faults: Sequence[str], code: int, findings: Sequence[Finding] = ()) -> int:
    with suppress(OSError):
        if "--json" in sys.argv:
            listed = {"findings": [asdict(finding) for finding in findings]} if findings else {}
            typer.echo(json.dumps({"error": "\n".join(faults), "exit_code": code, **listed}, ensure_ascii=False))
    with suppress(OSError):
        report_findings(findings, folder=None)
        for fault in faults:
            typer.echo(f"toonvision: {printable(fault)}", err=True)
    return code


def _end(code: int) -> NoReturn:
    """Leave; what cannot be written is thrown away, since Python would try once more, complain and end with 120."""
    ignore()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)
