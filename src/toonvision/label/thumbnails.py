"""Thumbnails of whole screenshots: by their colours it is learned where they were taken."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from toonvision.core.errors import RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import Leader, Lost, Report, available_cores, work_through
from toonvision.core.workers import AGAIN
from toonvision.data import fitting, images
from toonvision.data.fingerprints import fingerprint
from toonvision.data.workspace import Workspace
from toonvision.label.screenshots import Screenshot

_SIZE_HW = (90, 160)
_AT_ONCE = 16
"""Screenshots of a job."""


@dataclass(frozen=True)
class Thumbnail:
    """A screenshot, small: its source, its path below that, and what `groups.linked` asks for."""

    source: str
    screenshot: str
    fingerprint: str
    recording: str
    sha256: str
    image: images.Pictures


def thumbnail_of(image: Image.Image, shot: Screenshot, recording: str, *, sha256: str) -> Thumbnail:
    """Return the thumbnail of a decoded screenshot."""
    small = fitting.fit(image, size_hw=_SIZE_HW)
    return Thumbnail(shot.source.key, shot.name, fingerprint(Image.fromarray(small)), recording, sha256, small)


def read_thumbnails(
    workspace: Workspace, shots: Sequence[Screenshot], progress: Progress = silent, *, leader: Leader | None = None
) -> Iterator[tuple[str, Thumbnail]]:
    """Yield the ids of screenshots that can be read, and their thumbnails; `toonvision check` names the others."""
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


def _read(shots: Sequence[tuple[Screenshot, str]], _: Report) -> list[tuple[str, Thumbnail]]:
    return [(shot.id, thumbnail) for shot, recording in shots if (thumbnail := _thumbnail(shot, recording))]


def _thumbnail(shot: Screenshot, recording: str) -> Thumbnail | None:
    try:
        with images.room_for(shot.path):
            content = shot.content()
            image = shot.decoded(content)
    except RejectedItemError:
        return None
    return thumbnail_of(image, shot, recording, sha256=hashlib.sha256(content).hexdigest())
