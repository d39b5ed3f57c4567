"""What a person asks of a watch. This module loads nothing heavy: the command line makes its options from it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from toonvision.core.names import plain_name
from toonvision.core.options import Option, check_fields

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class WatchOrder:
    """What is watched, as `toonvision.watch.sources.open_source` reads it, and how.

    Raises:
        UsageError: If a value is of another kind, or out of bounds.
    """

    source: str
    realtime: Annotated[bool, Option("A file at the speed at which it was taken.")] = False
    seconds: Annotated[
        float | None, Option("Stop after so many seconds of the source.", minimum=0.1, otherwise="its end, or Ctrl-C")
    ] = None
    rate: Annotated[
        float | None,
        Option("Frames a second of a screen or a folder.", minimum=0.1, maximum=240, otherwise="30 and 10"),
    ] = None
    context: Annotated[str, Option("Where you are in the game, for the log and for pictures.", otherwise="none")] = ""
    name: Annotated[str | None, Option("What to call the log in watch/.", otherwise="the source")] = None
    log_mb: Annotated[float, Option("Size the log is kept within; 0 for no log.", minimum=0)] = 256
    save_video: Annotated[Path | None, Option("Write a video with boxes to this new .mp4 or .mkv.", otherwise="no")] = (
        None
    )
    uncertain: Annotated[
        Path | None, Option("Keep the frames that the models are least sure of in this folder.", otherwise="no")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what it cannot be."""
        check_fields(self)

    @property
    def log_name(self) -> str:
        """The name of the log's folder.

        Examples:
            >>> WatchOrder("window:Toontown Offline").log_name, WatchOrder("films/one.mp4").log_name
            ('window-Toontown-Offline', 'one.mp4')
        """
        if self.name is not None:
            return plain_name(self.name, "a log")
        text = self.source if ":" in self.source else Path(self.source).name
        return _NOT_IN_NAMES.sub("-", text).strip("-._")[:60] or "watch"
