"""The picture files that paths mean, read in groups by several threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.data.picture_kinds import unread, unread_kind
from toonvision.data.source_tree import SourceTree
from toonvision.data.videos import VIDEOS, frames_of, is_frame, is_video

Read = TypeVar("Read")

GROUP = 64
"""Number of images that are read, or predicted, at once."""


def read_groups(
    paths: Sequence[Path],
    read: Callable[[Path], Read],
    findings: list[Finding],
    *,
    threads: int | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[list[Path], list[Read]]]:
    """Read picture files, and all pictures in folders, in groups.

    Args:
        paths: Pictures or folders.
        read: Reads one; raises `RejectedItemError` if it cannot.
        findings: Receives a finding for each file that could not be read.
        threads: How many files are read at once; by default as many as there are cores.
        progress: Called with how many pictures are done.

    Yields:
        Files in the order of the paths, and what was read of them, one or more at a time.

    Raises:
        InputRejectedError: If a folder cannot be read.
    """

    def tried(file: Path) -> Read | Finding:
        try:
            if not is_frame(file) and (kind := unread_kind(file)):
                raise unread(kind)
            return read(file)
        except RejectedItemError as error:
            return error.finding(str(file), pictures=1)

    files, notes = picture_files(paths)
    findings += notes
    with ThreadPoolExecutor(threads or available_cores()) as pool:
        for start in range(0, len(files), GROUP):
            group = files[start : start + GROUP]
            done = list(zip(group, pool.map(tried, group), strict=True))
            findings += [one for _, one in done if isinstance(one, Finding)]
            found = [(file, one) for file, one in done if not isinstance(one, Finding)]
            if found:
                yield [file for file, _ in found], [one for _, one in found]
            progress(start + len(group), len(files))


def picture_files(paths: Sequence[Path], *, every: int = 1) -> tuple[list[Path], list[Finding]]:
    """Return the pictures that paths mean, frames of videos among them, in their order, and what is to be known.

    Args:
        paths: Pictures, videos or folders.
        every: Take every so many frames of videos.

    Raises:
        InputRejectedError: If a folder cannot be read.
        EnvironmentFaultError: If there are videos, and PyAV is not installed.
    """
    files: list[Path] = []
    findings: list[Finding] = []
    for path in paths:
        pictures, videos, notes = _files(path)
        files += pictures
        findings += notes
        for video in videos:
            frames, wrong = frames_of(video, every=every)
            files += frames
            findings += wrong
    return files, findings


def _files(path: Path) -> tuple[Sequence[Path], Sequence[Path], list[Finding]]:
    """Return the pictures and the videos that a path means, and what is to be known of others."""
    if not path.is_dir():
        return ([], [path], []) if is_video(path) else ([path], [], [])
    tree = SourceTree.of(path)
    notes = [
        replace(finding, item=str(path / finding.item))
        for finding in (*tree.replaced_findings(), *tree.linked_folder_findings())
    ]
    videos = tree.with_suffix(*VIDEOS)
    if not tree.pictures and not videos:
        remedy = "name pictures, or folders of pictures"
        notes.append(Finding(str(path), "holds no picture", remedy, "no-picture", files=1))
    return tree.pictures, videos, notes
