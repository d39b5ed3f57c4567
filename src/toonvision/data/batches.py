"""Examined pictures in batches, in the order of the pictures, whatever examines them: numbers of crops depend on it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from toonvision.core.runner import Report
from toonvision.core.workers import Workers
from toonvision.data.examination import ExtractionResult, PictureTask, examine, vocabulary_of
from toonvision.data.unknown_labels import Vocabulary
from toonvision.data.workspace import Workspace

_BATCH = 16
"""Screenshots per commit: few enough to lose little, enough that waiting for the disk does not count."""
_AHEAD = 64
"""Batches that a cluster may be ahead of what is stored: their crops wait in memory."""


def batches(examined: Iterable[ExtractionResult]) -> Iterator[Sequence[ExtractionResult]]:
    """Yield batches of pictures as they are examined."""
    results = iter(examined)
    while batch := list(islice(results, _BATCH)):
        yield batch


def batches_elsewhere(
    tasks: Sequence[PictureTask], workspace: Workspace, workers: Workers
) -> Iterator[Sequence[ExtractionResult]]:
    """Yield the same batches, examined by `workers`."""
    groups = [tasks[start : start + _BATCH] for start in range(0, len(tasks), _BATCH)]
    vocabulary = vocabulary_of((task.picture for task in tasks), workspace)
    work = partial(_examine_batch, vocabulary, workspace.crops)
    for _, batch in workers.results(work, groups, name=lambda task: task.picture.name, ahead=_AHEAD):
        yield batch


def _examine_batch(
    vocabulary: Vocabulary, crops: Path, tasks: Sequence[PictureTask], _report: Report
) -> list[ExtractionResult]:
    return [examine(task, vocabulary, crops) for task in tasks]
