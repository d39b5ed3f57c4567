"""Labelling screenshots in the browser: a page that this process serves until Ctrl-C."""

import math
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from toonvision.api.base import Opened
from toonvision.api.result import Result
from toonvision.core.errors import Finding, InputRejectedError, ModelRefusedError
from toonvision.core.wording import counted
from toonvision.label.order import LabelOrder

if TYPE_CHECKING:
    from toonvision.label.progress import Progress

_MOST_SAID = 10


def label(workspace: Opened, order: LabelOrder) -> "Result[Progress]":
    """Serve the labelling page; its address is printed as a line of its own.

    Raises:
        InputRejectedError: If there is no screenshot, or annotations contradict each other.
        WorkspaceBusyError: If another process reviews the workspace.
        EnvironmentFaultError: If no port can be had.
    """
    from toonvision.label.page import label_app
    from toonvision.label.proposals import contexts_of, proposals_of
    from toonvision.label.queue import queue
    from toonvision.label.session import open_session
    from toonvision.web.server import PageServer

    files = workspace.files
    proposals, hidden = proposals_of(files), proposals_of(files, hidden=True)
    with open_session(files, proposals=proposals, hidden=hidden, contexts=contexts_of(files)) as session:
        order_of_work = queue(files, session.listed, suspicions(workspace))
        session.put_in_order([*order_of_work], why=order_of_work)
        _say(workspace, session.listed.findings)
        app = label_app(session, then=order.then, end=lambda: server.stop())
        server = PageServer(app, port=order.port, note=workspace.watcher.say)
        too = ", and so does its key T" if order.then else ""
        workspace.watcher.say(f"Ctrl-C ends the page{too}; every decision is saved when it is made.")
        server.run(browser=order.browser, to=sys.stderr if order.as_json else sys.stdout)
        progress = session.progress()
    pace = progress.per_minute if math.isfinite(progress.per_minute) else None
    data = {**asdict(progress), "per_minute": pace}
    return Result(progress, (_text(progress),), data, next=workspace.command("extract"))


def suspicions(workspace: Opened) -> dict[tuple[str, str], float]:
    """Return how suspect the most suspect annotation of screenshots is, 0 to 1, by the source's key and the name.

    That is what the newest search for suspect boxes of each task says. One that cannot be read is named and left out.
    """
    files = workspace.files
    tasks = [task for task in files.taxonomy.finding if (files.studies / task).is_dir()]
    if not tasks:
        return {}
    from toonvision.studies.box_suspects import BoxSuspectStudy

    found: dict[tuple[str, str], float] = {}
    for task in tasks:
        try:
            study = BoxSuspectStudy.newest(files, task)
        except (InputRejectedError, ModelRefusedError) as error:
            workspace.watcher.say(str(error))
            continue
        for one in study.suspects if study else ():
            key = (one.source, one.screenshot)
            found[key] = max(found.get(key, 0.0), one.suspicion)
    return found


def _say(workspace: Opened, findings: tuple[Finding, ...]) -> None:
    """Say what is wrong before a person begins: nobody reads it afterwards."""
    for finding in findings[:_MOST_SAID]:
        workspace.watcher.say(str(finding))
    if len(findings) > _MOST_SAID:
        workspace.watcher.say(f"... and {len(findings) - _MOST_SAID:,} more; all are listed by: toonvision check")


def _text(progress: "Progress") -> str:
    """Write how far the review has come."""
    reviewed = f"{progress.reviewed:,} of {counted(progress.total, 'screenshot')} reviewed"
    put_off = f", {progress.put_off:,} put off" if progress.put_off else ""
    lines = [f"{reviewed}, with {counted(progress.boxes, 'box', 'boxes')}; {progress.left:,} left{put_off}."]
    if progress.precision:
        lines.append(f"Of what was proposed, {progress.precision} was accepted as it was.")
    if progress.recall:
        lines.append(f"Of the objects, {progress.recall} had been proposed.")
    return "\n".join(lines)
