"""What any model predicts for picture files."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding
from toonvision.core.progress import Progress, silent
from toonvision.data.fitting import Resize, read_picture, read_shrunk
from toonvision.data.images import Pictures
from toonvision.data.picture_files import read_groups
from toonvision.metrics.predictions import Answers, Prediction, Predictions

Row = TypeVar("Row")


def predict_files_by(
    answer: Callable[[Pictures], Answers],
    paths: Sequence[Path],
    *,
    classes: tuple[str, ...],
    size_hw: tuple[int, int],
    resize: Resize,
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[list[Prediction], list[Finding]]:
    """Return predictions for picture files, and for all pictures in folders, with any model.

    Args:
        answer: Answers about images of the input size.
        paths: Pictures or folders.
        classes: Names of the classes, in the order of the probabilities.
        size_hw: Height and width of the input in pixels.
        resize: How pictures are resized to that size.
        threads: How many files are read at once; by default as many as there are cores.
        progress: Called with how many pictures are done.

    Returns:
        Predictions in the order of the paths, and a finding for each file that could not be read.

    Raises:
        InputRejectedError: If a folder cannot be read.
    """

    def read(file: Path) -> npt.NDArray[np.uint8]:
        return read_picture(file, size_hw=size_hw, resize=resize)

    predictions: list[Prediction] = []
    findings: list[Finding] = []
    for shown, images in read_groups(paths, read, findings, threads=threads, progress=progress):
        rows = zip(answer(np.stack(images)).rows, shown, strict=True)
        predictions += [Prediction(row, classes, file, novelty=score) for (row, score), file in rows]
    return predictions, findings


def answer_screenshots(
    answer: Callable[[Pictures], Predictions],
    rows: Callable[[Sequence[Path], Sequence[tuple[int, int]], Predictions], Iterable[Row]],
    paths: Sequence[Path],
    *,
    size_hw: tuple[int, int],
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[list[Row], list[Finding]]:
    """Return what a model of whole screenshots says of picture files, and of all pictures in folders.

    Args:
        answer: Predicts images of the input size, to which the pictures are shrunk.
        rows: Returns a row for each of some files, of their widths and heights in pixels and what is predicted.
        paths: Pictures or folders.
        size_hw: Height and width of the input in pixels.
        threads: How many files are read at once; by default as many as there are cores.
        progress: Called with how many pictures are done.

    Returns:
        The rows in the order of the paths, and a finding for each file that could not be read.

    Raises:
        InputRejectedError: If a folder cannot be read.
    """
    found: list[Row] = []
    findings: list[Finding] = []
    shrunk = partial(read_shrunk, size_hw=size_hw)
    for files, read in read_groups(paths, shrunk, findings, threads=threads, progress=progress):
        found += rows(files, [size_wh for _, size_wh in read], answer(np.stack([image for image, _ in read])))
    return found, findings
