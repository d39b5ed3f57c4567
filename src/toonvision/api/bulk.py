"""Predicting many pictures: in shards, on all cores or on a Ray cluster, straight into one CSV file."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.api.predicting import require_paths
from toonvision.api.result import Result, who_did
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.cluster import workers_at
from toonvision.core.errors import Finding
from toonvision.core.files import replacing
from toonvision.core.folders import exclusive
from toonvision.core.nodes import shared_file
from toonvision.core.runner import Report, available_cores
from toonvision.core.shards import SHARD, Shard, ShardFolder, shards_of
from toonvision.core.wording import counted
from toonvision.core.workers import Workers
from toonvision.data.picture_files import picture_files
from toonvision.data.videos import file_of, is_frame

MANY = 8 * SHARD
"""So many pictures are worth processes of their own, each of which takes a second or two to start."""
Answer = Callable[[Sequence[Path]], Result[Any]]
"""Predicts pictures; returns them as plain data, with findings."""


@dataclass(frozen=True)
class Answering:
    """What answers about pictures, ready to be sent to another process or machine.

    Attributes:
        identity: A text that differs where the answers would.
        open: Called with ``threads``, opens the models, which it holds as bytes.
        csv: Writes what was answered, with a heading.
        warn: Called with the pictures, here alone: returns what is to be known of them.
        next: The command that usually comes next.
    """

    identity: str
    open: Callable[..., Answer]
    csv: Callable[[Result[Any]], str]
    warn: Callable[[Sequence[Path]], list[Finding]] = lambda _: []
    next: str = ""


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        path: The file.
        pictures: How many pictures were read.
        known: How many of these were finished before.
        did: How many pictures each worker predicted.
    """

    path: Path
    pictures: int
    known: int
    did: dict[str, int]


def are_many(pictures: Sequence[Path]) -> bool:
    """Return whether pictures and folders are so many that `predict_to_file` is quicker."""
    return len(picture_files([path for path in pictures if path.exists()])[0]) >= MANY


def predict_to_file(
    answering: Answering,
    pictures: Sequence[Path],
    target: Path,
    *,
    every: int = 1,
    ray: str | None = None,
    watcher: Watcher = NOBODY,
) -> Result[Written]:
    """Predict pictures and write the answers to a CSV file, with the same bytes whatever does the work.

    Results of shards are stored beside the file as they come, and removed when it is complete. The same call goes on
    where one was stopped.

    Args:
        answering: What answers.
        pictures: Pictures, videos or folders.
        target: The file.
        every: Take every so many frames of videos.
        ray: The address of a Ray cluster; None for processes of this machine.
        watcher: What watches the progress.

    Raises:
        UsageError: If Ray is not installed, or has no such address.
        InputRejectedError: If a folder cannot be read.
        ModelRefusedError: If an output is NaN.
        EnvironmentFaultError: If a shard was lost again and again, or the cluster; what was finished is kept.
        WorkspaceBusyError: If another process writes the same file.
    """
    require_paths(pictures)
    paths, notes = picture_files(pictures, every=every)
    files = [shared_file(file_of(path)) for path in paths]
    named = [(str(path), size, changed) for path, (_, size, changed) in zip(paths, files, strict=True)]
    shards, folder = shards_of(named, answering.identity, size=SHARD), target.with_name(f"{target.name}.shards")
    folder.mkdir(parents=True, exist_ok=True)
    with exclusive(folder, purpose="predicting"):
        store = ShardFolder(folder)
        missing = [shard for shard in shards if not store.has(shard)]
        known = sum(len(shard.files) for shard in shards if store.has(shard))
        if known:
            watcher.say(f"{counted(known, 'picture')} of {len(files):,} were finished before.")
        programs = ("av",) if any(map(is_frame, paths)) else ()
        workers = workers_at(ray if missing else None, files, programs=programs, say=watcher.say)
        _work(answering, missing, store, workers, watcher)
        findings = [*notes, *workers.refused, *_join(store.results(shards), target), *answering.warn(paths)]
    shutil.rmtree(folder)
    return _result(Written(target, len(files), known, dict(workers.did)), findings, answering.next)


def _work(
    answering: Answering, missing: Sequence[Shard], store: ShardFolder, workers: Workers, watcher: Watcher
) -> None:
    """Do what is missing, and store it."""
    pictures = sum(len(shard.files) for shard in missing)
    processes = 0 if workers.leader is None and pictures < MANY else available_cores()
    if processes and not workers.leader:
        watcher.say(f"Starting {processes} processes.")
    work = _ShardWork(answering, 1 if processes else available_cores())
    groups = [shard.files for shard in missing]
    with watcher.progress("predicting", "pictures") as progress:
        for number, result in workers.results(work, groups, processes=processes):
            store.write(missing[number], result)
            progress(workers.did.total(), pictures)


class _ShardWork:
    """Predicts shards; the models are opened once in each process that it is sent to."""

    def __init__(self, answering: Answering, threads: int) -> None:
        self._open, self._csv = partial(answering.open, threads=threads), answering.csv
        self._answer: Answer | None = None

    def __call__(self, files: Sequence[str], _report: Report) -> dict[str, Any]:
        """Return the answers as CSV with a heading, how many there are, and the findings."""
        if self._answer is None:
            self._answer = self._open()
        result = self._answer([Path(file) for file in files])
        return {
            "csv": self._csv(result),
            "answers": len(result.value),
            "findings": [asdict(finding) for finding in result.findings],
        }


def _join(results: Iterable[Mapping[str, Any]], target: Path) -> list[Finding]:
    """Write the answers of shards into one file, under the heading of the first that has any; return the findings."""
    heading, findings = None, []
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        first = ""
        for result in results:
            head, _, rows = result["csv"].partition("\n")
            first = first or head
            if result["answers"] and heading is None:
                heading = head
                file.write(f"{heading}\n")
            file.write(rows)
            findings += [Finding(**finding) for finding in result["findings"]]
        if heading is None:
            file.write(f"{first}\n")
    return findings


def _result(written: Written, findings: Sequence[Finding], next_step: str) -> Result[Written]:
    return Result(
        written,
        who_did(written.did, "predicted", "pictures"),
        {
            "csv": str(written.path),
            "pictures": written.pictures,
            "finished_before": written.known,
            "workers": written.did,
        },
        findings=tuple(findings),
        folder=written.path.parent,
        next=next_step,
    )
