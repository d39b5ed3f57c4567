"""The command line: its root, its commands, and what happens to errors."""

import errno
import io
import json
import os
import signal
import sys
import warnings
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from toonvision.cli import (
    care_verbs,
    data_verbs,
    demo,
    deploy_verbs,
    explain_verbs,
    model_verbs,
    study_verbs,
    tune_verbs,
)
from toonvision.core.errors import EXIT_INTERRUPTED, EnvironmentFaultError, ToonVisionError, UsageError, printable


class _InterruptedError(ToonVisionError):
    """The user, or the system, asked us to stop."""

    exit_code = EXIT_INTERRUPTED


class _Root(TyperGroup):
    """The root command; an interrupt keeps its own exit code, which Typer would make 1."""

    # Typer declares its own copy of click's context here, whose name is private.
    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _InterruptedError("interrupted; what was saved is kept, run again to go on") from None


app = typer.Typer(
    cls=_Root,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_ENVIRONMENT = {
    *_FULL,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.EMFILE,
    errno.ENOMEM,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
}


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Turn annotated screenshots into small, explained, quick image classifiers."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"toonvision {installed('toonvision')}")
        raise typer.Exit


for command in (
    demo.demo, data_verbs.init, data_verbs.sample, data_verbs.extract, data_verbs.balance, data_verbs.split,
    care_verbs.check, care_verbs.rebuild,
    model_verbs.train, model_verbs.evaluate, model_verbs.report, model_verbs.predict, deploy_verbs.export,
    model_verbs.runs,
    tune_verbs.tune, tune_verbs.studies,
    explain_verbs.explain, study_verbs.contexts, study_verbs.suspects, study_verbs.curve,
):  # fmt: skip
    app.command()(command)


def main() -> NoReturn:
    """Run the command line and end with the promised exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    # Pillow warns of odd pictures in lines of its own; those that cannot be used are named in ours.
    warnings.filterwarnings("ignore", module="PIL")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ToonVisionError as error:
        _fail(str(error), error.exit_code)
    except SystemExit as ended:
        if ended.code == UsageError.exit_code and "--json" in sys.argv:
            # Typer has said on standard error what was wrong.
            typer.echo(json.dumps({"error": "wrong usage", "exit_code": UsageError.exit_code}))
        raise
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain again when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno not in _ENVIRONMENT:
            raise
        what = (
            f"{error.filename or 'the disk'}: {error.strerror}" if isinstance(error, OSError) else "memory is used up"
        )
        full = isinstance(error, OSError) and error.errno in _FULL
        remedy = "free space on the disk" if full else "mend this"
        _fail(f"{what}. What was saved is kept; {remedy} and run again.", EnvironmentFaultError.exit_code)
    sys.exit(0)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _fail(message: str, code: int) -> NoReturn:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": message, "exit_code": code}, ensure_ascii=False))
    for line in message.splitlines():
        typer.echo(f"toonvision: {printable(line)}", err=True)
    sys.exit(code)
