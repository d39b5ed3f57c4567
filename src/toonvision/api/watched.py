"""Watching a game: what is kept of it, its page, and what is said at the end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PIL import Image

from toonvision.api.base import Opened
from toonvision.api.capturing import capture_folder
from toonvision.api.result import Result
from toonvision.api.watch_words import Status, said
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.names import plain_name
from toonvision.core.wording import counted
from toonvision.data.listing import Listing
from toonvision.data.workspace import SCREENSHOTS
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
    ready: Callable[[], None] = lambda: None,
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
        ready: Called once all is open, before the first frame: from here on nothing is refused.
        watcher: What watches its progress.

    Raises:
        UsageError: If the source is none, the workspace has no such context, or a file is there already.
        EnvironmentFaultError: If the screen cannot be seen, or something cannot be written.
        OSError: If the disk is full; what was logged is kept.
    """
    from toonvision.watch.sources import open_source

    meter, interrupted = Meter(), False
    if ws is not None and order.context:
        capture_folder(ws, order.context)  # refuses one that the taxonomy lacks
    with ExitStack() as open_things:
        opened = source or open_source(order.source, rate=order.rate)
        open_things.callback(opened.close)
        keeping = list[_Keeping]()
        for kept in _keeping(ws, order, models, title):
            open_things.callback(kept.follower.close)
            keeping.append(kept)
        for one in followers:
            open_things.callback(one.close)
        ready()
        status = Status(watcher.say, meter, models.categories)
        watcher.say(f"Watching {opened.title} with {title or 'your models'}; Ctrl-C ends it.")
        try:
            for frame in watch_frames(opened, models, realtime=order.realtime, seconds=order.seconds):
                for one in (meter, *(kept.follower for kept in keeping), *followers, status):
                    one.see(frame)
        except KeyboardInterrupt:  # how a person ends it
            interrupted = True
    summary = meter.summary()
    files = tuple(path for kept in keeping for path in kept.files())
    return Result(
        summary,
        (said(summary), *(text for kept in keeping if (text := kept.said()))),
        {
            **summary.plain(),
            "source": opened.title,
            "interrupted": interrupted,
            "files": [str(path) for path in files],
        },
        findings=tuple(opened.findings),
        files=files,
        next=_next(ws, order, keeping),
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
    screenshots, following = ws.root / SCREENSHOTS, ws.next_step()
    with suppress(InputRejectedError):  # a folder cannot be read; labelling names it
        if screenshots.is_dir() and Listing.of(screenshots).pictures:
            following = _labelling(ws)
    return report_result(page, facts, (), following)


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
    from toonvision.capture.keeping import Keeper

    return Keeper(capture_folder(ws, context or None)).keep(image, datetime.now())


@dataclass(frozen=True)
class _Keeping:
    """What keeps something of a watch.

    Attributes:
        follower: Writes it.
        said: Says what was kept and where; an empty text where nothing was.
        files: Returns the files that are there.
    """

    follower: Follower
    said: Callable[[], str]
    files: Callable[[], Sequence[Path]]


def _keeping(ws: Opened | None, order: WatchOrder, models: WatchModels, title: str) -> Iterator[_Keeping]:
    """Open what keeps something of a watch."""
    if order.save_video is not None:
        from toonvision.watch.recording import VideoFile

        video = VideoFile(order.save_video, models.categories)
        made = partial(_there, video.path)
        yield _Keeping(video, lambda: f"Video with boxes: {video.path}" if made() else "", made)
    if order.uncertain is not None:
        from toonvision.watch.recording import UncertainFrames

        unsure = UncertainFrames(order.uncertain)
        yield _Keeping(unsure, lambda: _kept(len(unsure.files), unsure.keeper.folder), lambda: unsure.files)
    if ws is not None and order.log_mb:
        from toonvision.watch.diary import Diary
        from toonvision.watch.log import LogFile

        folder = ws.root / FOLDER / order.log_name
        log = LogFile(folder, limit_mb=order.log_mb)
        diary = Diary(log, log.begin(order.source, order.context, title))
        yield _Keeping(diary, lambda: f"Log: {folder}", partial(_there, log.path))


def _there(path: Path) -> Sequence[Path]:
    """Return a file, if it is there."""
    return (path,) if path.is_file() else ()


def _kept(count: int, folder: Path) -> str:
    if not count:
        return f"No new uncertain frame was kept in {folder}."
    return f"Kept {counted(count, 'frame')} that the models were least sure of in {folder}."


def _next(ws: Opened | None, order: WatchOrder, keeping: Sequence[_Keeping]) -> str:
    """Return the command that labels the frames that were kept as screenshots, or else shows what was seen."""
    if ws is None:
        return ""
    if order.uncertain is not None:
        from toonvision.watch.recording import UncertainFrames

        kept = any(isinstance(one.follower, UncertainFrames) and one.files() for one in keeping)
        if kept and order.uncertain.resolve().is_relative_to((ws.root / SCREENSHOTS).resolve()):
            return _labelling(ws)
    return ws.command("report", f"{FOLDER}/{order.log_name}") if order.log_mb else ""


def _labelling(ws: Opened) -> str:
    """Return the command that brings screenshots to a person: with proposals, where models can propose."""
    from toonvision.api.proposers import require_proposer

    try:
        require_proposer(ws, None, (), trained=())
    except UsageError:
        return ws.command("label")
    return ws.command("label", "--propose")
