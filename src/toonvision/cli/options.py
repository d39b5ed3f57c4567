"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace's folder.", show_default="the current folder")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the report in the web browser.")]
SeedOption = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same result.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what has that name already.")]
SplitNameOption = Annotated[str, typer.Option("--split", help="The split to use.")]
TaskArgument = Annotated[str, typer.Argument(help="What to predict, for example label.")]
SizeOption = Annotated[
    str | None, typer.Option("--size", help="Input height x width.", show_default="what the network wants")
]
StudyNameOption = Annotated[
    str | None,
    typer.Option("--name", help="What to call it.", show_default="the model, and a number where that is taken"),
]
RunArgument = Annotated[str, typer.Argument(help="A run's name, such as label/compact-1, or its folder.")]

HERE = Path()
DEFAULT_NETWORK = "compact"
