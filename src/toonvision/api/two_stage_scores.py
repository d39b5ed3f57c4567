"""How often two stages are right from end to end: the box and the name of an object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toonvision.api.base import StoredRun
from toonvision.api.result import Result
from toonvision.api.two_stage import named_in, namer_of
from toonvision.core.errors import UsageError
from toonvision.core.panels import Table, table
from toonvision.core.wording import counted, interval, percent
from toonvision.data.arrays import screenshot_reader
from toonvision.deploy.scene import NamedObject, Namer
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.detection import HALF, match
from toonvision.metrics.found_objects import FoundObject, FoundObjects
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Predictions
from toonvision.tasks.box_outcomes import height_bands
from toonvision.training.repeat import load_run_data


@dataclass(frozen=True)
class StageCounts:
    """How many objects of some heights are found, and named rightly.

    Attributes:
        title: The heights, in pixels of the screenshot.
        at_input: The same in pixels of the detector's input.
        total: Objects that have a class at the classifier's level.
        found: Those whose box is right.
        right: Those whose box and class are right.
    """

    title: str
    at_input: str
    total: int
    found: int
    right: int


@dataclass(frozen=True)
class TwoStageScores:
    """How often a detector and a classifier are right together.

    Attributes:
        classifier: The run that names.
        level: The level of the taxonomy at which it does.
        bands: The counts by height, then of all.
    """

    classifier: str
    level: str
    bands: tuple[StageCounts, ...]

    @property
    def all(self) -> StageCounts:
        """The counts of all objects."""
        return self.bands[-1]

    def plain(self) -> dict[str, Any]:
        """Return the counts as plain data, for JSON."""
        return {
            "classifier": self.classifier,
            "level": self.level,
            "heights": [
                {"heights": one.title, "at_input": one.at_input, "objects": one.total, "box_right": one.found,
                 "right": Proportion(one.right, one.total).plain()}
                for one in self.bands
            ],
        }  # fmt: skip


def evaluate_stages(
    detector: StoredRun, classifiers: Sequence[StoredRun], evaluation: Evaluation[Any]
) -> Result[list[TwoStageScores]]:
    """Count the objects of the detector's test subset whose box and class are right, at each classifier's level.

    A box is right if it overlaps the object by half or more, whatever the detector calls it; a classifier is asked
    about it as `find_and_name` does.

    Raises:
        UsageError: If a classifier learned from one of these screenshots.
        InputRejectedError: If a classifier's split is not what it was, or a screenshot cannot be read.
        ModelRefusedError: If a model cannot be used.
    """
    for run in classifiers:
        _require_unseen(detector, run, evaluation)
    namers = [namer_of(run, detector.workspace.files.taxonomy) for run in classifiers]
    named = _name_all(detector, namers, evaluation)
    scores = [_count(detector, namer, named, evaluation) for namer in namers]
    data = {"classifiers": [one.plain() for one in scores]}
    next_step = detector.workspace.command("report", detector.name)
    return Result(scores, tuple(_table(one) for one in scores), data, next=next_step)


def _require_unseen(detector: StoredRun, run: StoredRun, evaluation: Evaluation[Any]) -> None:
    data = load_run_data(run.workspace.files, run.record)
    learned = {data.items[at].screenshot_id for subset in ("train", "val") for at in data.indices[subset]}
    seen = sum(frame.screenshot_id in learned for frame in evaluation.frames)
    if seen:
        again = run.workspace.command("train", run.record.task, "--split", detector.record.split)
        raise UsageError(
            f"{run.name} learned from {seen} of the {counted(len(evaluation.frames), 'screenshot')} on which "
            f"{detector.name} is evaluated. Train it on that run's split: {again}"
        )


def _name_all(detector: StoredRun, namers: Sequence[Namer], evaluation: Evaluation[Any]) -> list[FoundObjects]:
    """Name what the detector finds in each screenshot, cut from the screenshot in its full size."""
    files, best = detector.workspace.files, evaluation.best
    read = screenshot_reader(files)
    found = []
    with detector.workspace.watcher.progress("naming", "screenshots") as progress:
        for number, frame in enumerate(evaluation.frames):
            own = np.flatnonzero(best.taken.image == number)
            objects = tuple(
                FoundObject(best.classes[int(best.taken.labels[at])], float(best.taken.scores[at]),
                            tuple(best.taken.boxes[at].tolist()))
                for at in own
            )  # fmt: skip
            one = FoundObjects(files.root / frame.screenshot, frame.shot.size_wh, objects)
            level = evaluation.record.level
            found.append(named_in(read(frame.screenshot_id), one, level, namers, files.taxonomy)[0])
            progress(number + 1, len(evaluation.frames))
    return found


def _count(
    detector: StoredRun, namer: Namer, named: Sequence[FoundObjects], evaluation: Evaluation[Any]
) -> TwoStageScores:
    taxonomy, level, truth = detector.workspace.files.taxonomy, namer.level, evaluation.best.truth
    listed = [(image, one) for image, found in enumerate(named) for one in found.objects]
    predictions = Predictions(
        len(named),
        np.array([image for image, _ in listed], np.int64),
        np.zeros(len(listed), np.int64),
        np.array([one.score for _, one in listed], np.float32),
        boxes=np.array([one.box for _, one in listed], np.float32).reshape(-1, 4),
    )
    matches = match(truth, predictions, thresholds=HALF)
    pairs = zip(matches.prediction.tolist(), matches.objects[:, 0].tolist(), strict=True)
    said = {own: _class_at(listed[at][1], level) for at, own in pairs}
    wanted = [taxonomy.class_of(crop.label, level) for frame in evaluation.frames for crop in frame.crops]
    heights = truth.boxes[:, 3] - truth.boxes[:, 1]
    counted_ones = [at for at, name in enumerate(wanted) if name is not None and not truth.ignored[at]]

    def counts(title: str, at_input: str, which: Sequence[int]) -> StageCounts:
        found = [at for at in which if at in said]
        return StageCounts(title, at_input, len(which), len(found), sum(said[at] == wanted[at] for at in found))

    bands = [
        counts(band.title, band.at_input, [at for at in counted_ones if band.holds(heights[at])])
        for band in height_bands(evaluation)
    ]
    found = (*(one for one in bands if one.total), counts("All", "", counted_ones))
    return TwoStageScores(namer.title, level, found)


def _class_at(found: FoundObject, level: str) -> str | None:
    return found.trusted.get(level) if isinstance(found, NamedObject) else None


def _table(scores: TwoStageScores) -> Table:
    shrunk = any(one.at_input != one.title for one in scores.bands[:-1])
    columns = ["Height of the object", *["At the input"] * shrunk, "Objects", "Box right", "Box and class right",
               "Share", "95 %"]  # fmt: skip
    rows = [
        [one.title, *[one.at_input] * shrunk, one.total, one.found, one.right, percent(share.share), interval(share)]
        for one in scores.bands
        if (share := Proportion(one.right, one.total)).total
    ]
    return table(f"Found, and its {scores.level} named rightly by {scores.classifier}", columns, rows, names=1 + shrunk)
