"""Whole screenshots, small: by their colours it is learned where they were taken."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import Leader, Lost, Report, available_cores, work_through
from toonvision.core.spread import AGAIN
from toonvision.data import images
from toonvision.data.fingerprints import fingerprint
from toonvision.data.workspace import Workspace
from toonvision.label.screenshots import Screenshot

_SIZE_HW = (90, 160)
_AT_ONCE = 16
"""Screenshots of a job."""


@dataclass(frozen=True)
class Look:
    """A screenshot, small: its source, its path below that, and what `groups.linked` asks for."""

    source: str
    screenshot: str
    fingerprint: str
    recording: str
    sha256: str
    image: images.Pictures


def look_at(image: Image.Image, shot: Screenshot, recording: str, *, sha256: str) -> Look:
    """Return what a decoded screenshot looks like."""
    small = images.fit(image, size_hw=_SIZE_HW)
    return Look(shot.source.key, shot.name, fingerprint(Image.fromarray(small)), recording, sha256, small)


def read_looks(
    workspace: Workspace, shots: Sequence[Screenshot], progress: Progress = silent, *, leader: Leader | None = None
) -> Iterator[tuple[str, Look]]:
    """Yield the ids of screenshots that can be read, and how they look; `toonvision check` names the others."""
    jobs = [
        tuple((shot, workspace.recording_of(shot.name)) for shot in shots[start : start + _AT_ONCE])
        for start in range(0, len(shots), _AT_ONCE)
    ]
    done = 0
    progress(done, len(shots))
    for message in work_through(_read, jobs, processes=available_cores(), leader=leader, again=AGAIN):
        if not isinstance(message.content, Lost):
            yield from message.content
        done += len(jobs[message.job])
        progress(done, len(shots))


def _read(shots: Sequence[tuple[Screenshot, str]], _: Report) -> list[tuple[str, Look]]:
    return [(shot.id, look) for shot, recording in shots if (look := _look(shot, recording))]


def _look(shot: Screenshot, recording: str) -> Look | None:
    try:
        with images.room_for(shot.path):
            content = shot.content()
            image = shot.decoded(content)
    except RejectedItemError:
        return None
    return look_at(image, shot, recording, sha256=hashlib.sha256(content).hexdigest())
