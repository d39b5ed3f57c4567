"""Watching a game: what is kept of it, its page, and what is said at the end."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from toonvision.api.base import Opened
from toonvision.api.result import Result
from toonvision.api.watch_words import Status, said
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.names import plain_name
from toonvision.watch.frames import Source
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.meter import Meter, WatchSummary
from toonvision.watch.models import WatchModels
from toonvision.watch.order import WatchOrder

if TYPE_CHECKING:
    from toonvision.watch.shown import Shown

FOLDER = "watch"


class Follower(Protocol):
    """Whatever uses the results of a watch."""

    def see(self, frame: WatchedFrame) -> None:
        """Use one result."""

    def close(self) -> None:
        """Finish."""


def watch(
    ws: Opened | None,
    order: WatchOrder,
    models: WatchModels,
    *,
    title: str = "",
    followers: Sequence[Follower] = (),
    source: Source | None = None,
    watcher: Watcher = NOBODY,
) -> Result[WatchSummary]:
    """Watch something to its end, or until Ctrl-C; keep what is asked for.

    Args:
        ws: The workspace, which the log lies in; without one nothing is logged.
        order: What is watched, and how.
        models: What finds and names.
        title: What people call the models.
        followers: What else uses the results; closed at the end.
        source: The opened source; by default that of the order is opened.
        watcher: What watches its progress.

    Raises:
        UsageError: If the source is none, or a file is there already.
        EnvironmentFaultError: If the screen cannot be seen, or something cannot be written.
        OSError: If the disk is full; what was logged is kept.
    """
    from toonvision.watch.sources import open_source

    meter, interrupted = Meter(), False
    with ExitStack() as open_things:
        opened = source or open_source(order.source, rate=order.rate)
        open_things.callback(opened.close)
        keeping = list[_Keeping]()
        for kept in _keeping(ws, order, models, title):
            open_things.callback(kept.follower.close)
            keeping.append(kept)
        for one in followers:
            open_things.callback(one.close)
        status = Status(watcher.say, meter)
        watcher.say(f"Watching {opened.title} with {title or 'your models'}; Ctrl-C ends it.")
        try:
            for frame in watch_frames(opened, models, realtime=order.realtime, seconds=order.seconds):
                for one in (meter, *(kept.follower for kept in keeping), *followers, status):
                    one.see(frame)
        except KeyboardInterrupt:  # how a person ends it
            interrupted = True
    summary, there = meter.summary(), [kept for kept in keeping if kept.is_there]
    files = tuple(kept.file for kept in there if kept.file)
    return Result(
        summary,
        (said(summary), *(f"{kept.title}: {kept.path}" for kept in there)),
        {
            **summary.plain(),
            "source": opened.title,
            "interrupted": interrupted,
            "files": [str(path) for path in files],
            "findings": [asdict(one) for one in opened.findings],
        },
        findings=tuple(opened.findings),
        files=files,
        next=_next(ws, order),
    )


def report_of_log(ws: Opened, name: str) -> Result[Path]:
    """Write the report of a log, and its tables as CSV.

    Args:
        ws: The workspace.
        name: ``watch/<name>``.

    Raises:
        UsageError: If nothing was logged there.
        InputRejectedError: If the log is damaged.
    """
    from toonvision.api.run import report_result
    from toonvision.watch.report import write_watch_report

    folder = ws.root / FOLDER / plain_name(name.removeprefix(f"{FOLDER}/"), "a log")
    page, facts = write_watch_report(folder, ws.files.taxonomy)
    return report_result(page, facts, (), ws.next_step())


@contextmanager
def watching_page(
    ws: Opened | None, order: WatchOrder, shown: "Shown", *, port: int, watcher: Watcher = NOBODY
) -> Iterator[str]:
    """Serve the page of a watch while the block runs.

    Args:
        ws: The workspace, which snapshots are kept in; without one none can be taken.
        order: What is watched.
        shown: What the page shows, a follower of the watch.
        port: The port wanted, or the next free one; 0 for any.
        watcher: What shows messages to a person.

    Yields:
        The address to open, with the key of the page.
    """
    from toonvision.watch.page import PageOptions, watching_app
    from toonvision.web.server import PageServer

    options = PageOptions()
    if ws is not None:
        contexts = [(one.name, one.title) for one in ws.files.taxonomy.contexts]
        options = PageOptions(contexts, order.context, partial(_keep_snapshot, ws))
    with PageServer(watching_app(shown, options), port=port, note=watcher.say).in_background() as access:
        yield access.url


def _keep_snapshot(ws: Opened, image: Image.Image, context: str) -> tuple[Path, bool]:
    """Keep a picture as a screenshot of a context, unless it repeats the newest one."""
    from toonvision.api.capturing import capture_folder
    from toonvision.capture.keeping import Keeper

    return Keeper(capture_folder(ws, context or None)).keep(image, datetime.now())


@dataclass(frozen=True)
class _Keeping:
    """What keeps something of a watch.

    Attributes:
        follower: Writes it.
        title: What people call what is kept.
        path: Where that is.
        file: Its file, where it is one.
    """

    follower: Follower
    title: str
    path: Path
    file: Path | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything was kept."""
        return self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir()))


def _keeping(ws: Opened | None, order: WatchOrder, models: WatchModels, title: str) -> Iterator[_Keeping]:
    """Open what keeps something of a watch."""
    if order.save_video is not None:
        from toonvision.watch.recording import VideoFile

        video = VideoFile(order.save_video, models.categories)
        yield _Keeping(video, "Video with boxes", video.path, video.path)
    if order.uncertain is not None:
        from toonvision.watch.recording import UncertainFrames

        yield _Keeping(UncertainFrames(order.uncertain), "Frames that the models were least sure of", order.uncertain)
    if ws is not None and order.log_mb:
        from toonvision.watch.diary import Diary
        from toonvision.watch.log import LogFile

        folder = ws.root / FOLDER / order.log_name
        log = LogFile(folder, limit_mb=order.log_mb)
        yield _Keeping(Diary(log, log.begin(order.source, order.context, title)), "Log", folder, log.path)


def _next(ws: Opened | None, order: WatchOrder) -> str:
    return ws.command("report", f"{FOLDER}/{order.log_name}") if ws is not None and order.log_mb else ""
