"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="The workspace's folder.", show_default="the current folder")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
SeedOption = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same result.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what has that name already.")]
SplitNameOption = Annotated[str, typer.Option("--split", help="The split to use.")]
RunArgument = Annotated[str, typer.Argument(help="A run's name, such as suit/baseline-1, or its folder.")]

HERE = Path()
