"""The values that a model predicts, and predictions for files with any model."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.progress import Progress, silent
from toonvision.core.runner import available_cores
from toonvision.data.boxes import Box
from toonvision.data.images import Pictures, Resize, read_picture, read_shrunk
from toonvision.data.picture_kinds import unread, unread_kind
from toonvision.data.source_tree import SourceTree
from toonvision.data.videos import VIDEOS, frames_of, is_frame, is_video

Read = TypeVar("Read")
Row = TypeVar("Row")

Probabilities = npt.NDArray[np.float32]
"""Shape ``(samples, classes)``; each row sums to 1."""

GROUP = 64
"""Number of files that are predicted at once."""


@dataclass(frozen=True)
class Predictions:
    """What a model of any kind of task predicts for some images.

    Attributes:
        images: Number of images.
        image: The index of the image that each prediction belongs to, shape ``(predictions,)``, int64. A classifier has
            one prediction for each image, in order; a detector has as many as it finds objects.
        labels: The predicted classes, shape ``(predictions,)``, int64.
        scores: Confidence of each, shape ``(predictions,)``, float32, 0 to 1.
        probabilities: Of each class, shape ``(predictions, classes)``, float32; None where a kind has none.
        boxes: Bounding boxes as x_min, y_min, x_max, y_max in pixels of the image, shape ``(predictions, 4)``, float32;
            None where a kind has none.
        pixels: The class of each pixel of the images, shape ``(images, height, width)``, uint8; None where a model
            names none. Without boxes beside it there is one prediction for each image, in order: its most frequent
            class, and the mean confidence of the pixels.
    """

    images: int
    image: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    probabilities: Probabilities | None = None
    boxes: npt.NDArray[np.float32] | None = None
    pixels: npt.NDArray[np.uint8] | None = None

    @property
    def known_boxes(self) -> npt.NDArray[np.float32]:
        """The boxes of a detector's predictions."""
        if self.boxes is None:
            raise TypeError("these predictions have no boxes; a detector's have")
        return self.boxes


def concatenated(parts: Sequence[Predictions]) -> Predictions:
    """Return what was predicted for some images after one another, at least one of them, as of all of them."""
    names = [name for name, value in vars(parts[0]).items() if name not in ("images", "image") and value is not None]
    before = np.cumsum([0, *(part.images for part in parts)])
    return Predictions(
        int(before[-1]),
        np.concatenate([part.image + start for part, start in zip(parts, before[:-1], strict=True)]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )


@dataclass(frozen=True)
class Answers:
    """What a classifier answers about some images.

    Attributes:
        probabilities: Of each class.
        novelty: Novelty scores, shape ``(images,)``, float32: above 0 for an image unlike anything learned; None for a
            model without such a score.
    """

    probabilities: Probabilities
    novelty: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Verdict:
    """The prediction of one image.

    Attributes:
        probabilities: One per class, shape ``(classes,)``, summing to 1.
        classes: Names of the classes, in the same order.
        novelty: The novelty score, above 0 for an image unlike anything learned; None for a model without one.
    """

    probabilities: npt.NDArray[np.float32]
    classes: tuple[str, ...]
    novelty: float | None = field(default=None, kw_only=True)

    @property
    def none_of_these(self) -> bool:
        """Whether the image is unlike anything that the model learned; never for a model without a novelty score."""
        return self.novelty is not None and self.novelty > 0

    @property
    def predicted(self) -> str:
        """The most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """Its probability, 0 to 1."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class Prediction(Verdict):
    """The prediction of a file.

    Attributes:
        path: The file.
    """

    path: Path


@dataclass(frozen=True)
class BoxPrediction(Prediction):
    """The prediction of an annotated bounding box of a file.

    Attributes:
        number: The object's number in the annotation, from 1.
        label: Its label in the annotation.
        box: Its bounding box.
        size_wh: Width and height in pixels of the picture that the box was drawn on; a rotation in the EXIF data may
            exchange them.
    """

    number: int
    label: str
    box: Box
    size_wh: tuple[int, int]


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
        answers = answer(np.stack(images))
        novelty = [None] * len(shown) if answers.novelty is None else answers.novelty.tolist()
        rows = zip(answers.probabilities, shown, novelty, strict=True)
        predictions += [Prediction(row, classes, file, novelty=score) for row, file, score in rows]
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
