"""Taking screenshots into a workspace while somebody plays."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.api.base import Opened
from toonvision.api.result import Result
from toonvision.capture.areas import Area
from toonvision.capture.triggers import ENTER, LOOKS_A_SECOND, every, on_enter, on_key
from toonvision.core.errors import Finding, UsageError
from toonvision.core.files import require_writable
from toonvision.core.names import plain_name
from toonvision.core.wording import counted, listed
from toonvision.data.workspace import SCREENSHOTS
from toonvision.taxonomy.labels import did_you_mean

if TYPE_CHECKING:
    from toonvision.capture.keeping import Keeper
    from toonvision.capture.screens import Screen


@dataclass(frozen=True)
class CaptureOrder:
    """What to take pictures of, and when.

    Attributes:
        area: What of the screen.
        context: Where the game is played now: the folder of the screenshots.
        every: Seconds between pictures; None for another trigger. With `changes`, those between looks.
        changes: Whether to take one when the picture has changed enough.
        key: The key to take one at, or ``enter`` for a line of the terminal; None for another trigger.
        count: How many pictures to take at most; None for any number.
        seconds: After how many to stop; None to go on until Ctrl-C.

    Raises:
        UsageError: If two triggers are asked for.
    """

    area: Area
    context: str | None = None
    every: float | None = None
    changes: bool = False
    key: str | None = None
    count: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse two triggers."""
        given = [flag for flag, value in (("--every", self.every), ("--key", self.key)) if value is not None]
        if len(given) > 1 or (self.key is not None and self.changes):
            both = listed([*given, *["--changes"] * self.changes])
            raise UsageError(f"pictures are taken by one trigger; got {both}. Leave one out.")

    def moments(self) -> Iterator[None]:
        """Wait for the moments at which the screen is looked at; the time begins now.

        Raises:
            UsageError: If the key is none, or another program has taken it.
        """
        until = time.monotonic() + (float("inf") if self.seconds is None else self.seconds)
        if self.changes or self.every is not None:
            return every(self.every or 1 / LOOKS_A_SECOND, until=until)
        return on_enter(until=until) if self.key in (None, ENTER) else on_key(str(self.key), until=until)

    def trigger(self) -> str:
        """Return when pictures are taken, as the end of a sentence."""
        if self.changes:
            looks = f", which is looked at every {self.every:g} s" if self.every is not None else ""
            return f"whenever the picture has changed{looks}"
        if self.every is not None:
            return f"every {self.every:g} s"
        return "whenever you press Enter here" if self.key in (None, ENTER) else f"whenever {self.key} is pressed"


def capture(ws: Opened, order: CaptureOrder) -> "Result[Keeper]":
    """Take screenshots into ``screenshots/<context>/`` until enough are there, the time is over, or Ctrl-C.

    Pictures that repeat one of these are left out. Each file is whole or not there.

    Args:
        ws: The workspace.
        order: What to take pictures of, and when.

    Raises:
        UsageError: If there is no such context, monitor, window or key, or another program has taken the key.
        EnvironmentFaultError: If the screen cannot be seen.
        OSError: If a picture cannot be written; those before it are kept.
    """
    from toonvision.capture.keeping import Keeper
    from toonvision.capture.screens import Screen

    folder = capture_folder(ws, order.context)
    with Screen(order.area) as screen:
        folder.mkdir(parents=True, exist_ok=True)
        require_writable(folder)
        keeper, moments = Keeper(folder), order.moments()
        ws.watcher.say(f"Taking pictures of {screen.area} {order.trigger()}; Ctrl-C ends it.")
        findings = _take(ws, order, screen, keeper, moments)
    same = f"{counted(keeper.left_out, 'picture')} left out, which repeat others"
    said = f"Took {counted(len(keeper.kept), 'screenshot')} into {folder}; {same}."
    return Result(
        keeper,
        (said,),
        {
            "folder": str(folder),
            "screenshots": [str(path) for path in keeper.kept],
            "left_out": keeper.left_out,
        },
        findings=tuple(findings),
        next=ws.command("label") if keeper.kept else "",
    )


def capture_folder(ws: Opened, context: str | None) -> Path:
    """Return where screenshots of a context lie.

    Raises:
        UsageError: If the taxonomy has contexts and this is none of them, or the name cannot be a folder's.
    """
    folder, known = ws.root / SCREENSHOTS, [one.name for one in ws.files.taxonomy.contexts]
    if context is None and not known:
        return folder
    if context is None or (known and context not in known):
        got = "" if context is None else f"; got {context!r}"
        hint = did_you_mean(context or "", known)
        raise UsageError(f"screenshots lie by context: add --context, one of {', '.join(known)}{got}.{hint}")
    return folder / plain_name(context, "a context")


def _take(
    ws: Opened, order: CaptureOrder, screen: "Screen", keeper: "Keeper", moments: Iterator[None]
) -> list[Finding]:
    """Take pictures until the end; return what ended it, where nobody asked for that."""
    from toonvision.capture.x11 import WindowGoneError

    started = time.monotonic()
    try:
        for _ in moments:
            picture = screen.grab()
            if picture is None:
                ws.watcher.say(f"{screen.area} cannot be seen now; no picture was taken")
                continue
            if order.changes and not keeper.changed(picture):
                continue
            path, new = keeper.keep(picture, datetime.now())
            what = f"{len(keeper.kept)}: {path}" if new else f"left out: it repeats {path.name}"
            ws.watcher.say(what)
            if len(keeper.kept) == order.count:
                break
    except KeyboardInterrupt:
        pass  # how a person ends it
    except WindowGoneError as error:
        reason = f"ended after {time.monotonic() - started:.1f} s: {error}"
        return [Finding(str(screen.area), reason, code="window-closed")]
    return []
