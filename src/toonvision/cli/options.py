"""Options that several commands share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from toonvision.cli.panels import ADVANCED

HERE = Path()


def choice(text: str, default: str, *flags: str, advanced: bool = False, **limits: Any) -> Any:
    """Return an option that may be left out.

    Args:
        text: Its help.
        default: What the help says is used without it.
        *flags: Its names; by default that of the parameter.
        advanced: Whether the help shows it after the others.
        **limits: ``min`` and ``max`` of its number.
    """
    panel = ADVANCED if advanced else None
    return typer.Option(*flags, help=text, show_default=default, rich_help_panel=panel, **limits)


def given_flags(values: Mapping[str, object]) -> list[str]:
    """Return the flags whose values are given: neither None nor False."""
    return [flag for flag, value in values.items() if value is not None and value is not False]


def names_in(text: str | None) -> list[str]:
    """Return the names of a list with commas, in its order.

    Examples:
        >>> names_in("suit/one, animal/two,")
        ['suit/one', 'animal/two']
    """
    return [name for one in (text or "").split(",") if (name := one.strip())]


WorkspaceOption = Annotated[Path, choice("The workspace's folder.", "the current folder", "--workspace", "-w")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the report in the web browser.")]
SeedOption = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same result.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what has that name already.")]
TaskArgument = Annotated[str, typer.Argument(help="What to predict, for example label.")]
StudyNameOption = Annotated[
    str | None, choice("What to call it.", "the model, and a number where that is taken", "--name")
]
RunArgument = Annotated[str, typer.Argument(help="A run's name, such as label/compact-1, or its folder.")]
ScreenOption = Annotated[int | None, choice("A whole monitor, from 1; 0 is all of them.", "1", min=0)]
RegionOption = Annotated[str | None, choice("A part of the screen: LEFT,TOP,WIDTHxHEIGHT.", "the whole monitor")]
WindowOption = Annotated[str | None, choice("The window with this in its title, wherever it is.", "the whole monitor")]
