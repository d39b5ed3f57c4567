"""From a step of the library to a command: parse, call, show."""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import typer

from toonvision.cli.options import HERE, JsonOption, WorkspaceOption
from toonvision.cli.output import show_result
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import EXIT_SOME_SKIPPED

if TYPE_CHECKING:
    from toonvision.api.result import Result

Step = Callable[..., "Result[Any]"]


def verb(step: Step, generated: Iterable[inspect.Parameter] = ()) -> Callable[..., None]:
    """Return a command that calls a step, shows what it returns, and ends with the promised exit code.

    A step whose first parameter is called `ws` is given the workspace of ``--workspace``. One that prints while it
    works has a parameter `as_json`, which says how.

    Args:
        step: The step; its parameters are the command's arguments and options.
        generated: Parameters that take the place of the step's `**settings`.
    """
    parameters = dict(inspect.signature(step).parameters)
    needs_workspace = parameters.pop("ws", None) is not None
    prints = parameters.pop("as_json", None) is not None
    parameters = {name: one for name, one in parameters.items() if one.kind is not inspect.Parameter.VAR_KEYWORD}
    common = [_keyword("as_json", JsonOption, False)]
    if needs_workspace:
        common.insert(0, _keyword("workspace", WorkspaceOption, HERE))
    elif own := parameters.pop("workspace", None):  # one that need not be there
        common.insert(0, own)
    listed = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*parameters.values(), *generated, *common)]

    @wraps(step)
    def command(*, as_json: bool, **given: Any) -> None:
        if needs_workspace:
            from toonvision.api.workspace import open_workspace

            untouched = step.__name__ == "check"
            given["ws"] = open_workspace(given.pop("workspace"), untouched=untouched, watcher=TERMINAL)
        if prints:
            given["as_json"] = as_json
        result = step(**given)
        show_result(result, as_json=as_json)
        if result.faulty or any(finding.skips for finding in result.findings):
            raise typer.Exit(EXIT_SOME_SKIPPED)

    command.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in listed}
    return command


def parameters_of(kind: type) -> list[inspect.Parameter]:
    """Return the parameters of a command that is given the fields of a dataclass, which say how Typer shows them."""
    return list(inspect.signature(kind).parameters.values())


def _keyword(name: str, annotation: Any, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
