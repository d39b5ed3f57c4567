"""Claim: boxes that were removed, moved or given another class are among the first suspects.

Run: python benchmarks/box_errors.py WORKSPACE TASK --into FOLDER

Needs a workspace with a task of the kind detect, of two classes or more, whose boxes are changed in memory alone.
Finished trainings are kept in FOLDER, so that a killed benchmark goes on.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toonvision.api.training import parse_size
from toonvision.core.seeds import generator
from toonvision.data.boxes import Box
from toonvision.data.records import Crop, Frame
from toonvision.data.workspace import open_workspace
from toonvision.metrics.boxes import overlaps
from toonvision.studies.box_suspects import BoxSuspect, compare_annotations
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import train_jobs
from toonvision.tasks import detect
from toonvision.training.recipes import settings_for

REMOVED, MOVED, RENAMED = "removed", "moved", "other class"
SHIFTS = (0.3, 0.5)
"""By which shares of its sides a box is moved, at least and at most, either way."""


@dataclass(frozen=True)
class WrongBox:
    """What was done to an object, and how it was before."""

    kind: str
    crop: Crop


def spoil(
    frames: Sequence[Frame], labels_of: dict[str, str | None], *, share: float, seed: int
) -> tuple[list[Frame], list[WrongBox]]:
    """Remove a share of the objects, move the boxes of as many, and give as many a label of another class."""
    rng = generator(seed, "box errors")
    every = [crop for frame in frames for crop in frame.crops]
    chosen = rng.permutation(len(every))[: 3 * round(share * len(every))]
    kind_of = {every[at].id: (REMOVED, MOVED, RENAMED)[number % 3] for number, at in enumerate(chosen)}
    spoiled, wrong = [], []
    for frame in frames:
        crops = []
        for crop in frame.crops:
            kind = kind_of.get(crop.id)
            wrong += [WrongBox(kind, crop)] if kind else []
            if kind == MOVED:
                crops.append(replace(crop, box=_moved(crop.box, frame.shot.size_wh, rng)))
            elif kind == RENAMED:
                others = sorted({one.label for one in every if labels_of[one.label] != labels_of[crop.label]})
                crops.append(replace(crop, label=others[rng.integers(len(others))]))
            elif kind is None:
                crops.append(crop)
        spoiled.append(replace(frame, crops=tuple(crops)))
    return spoiled, wrong


def _moved(box: Box, size_wh: tuple[int, int], rng: np.random.Generator) -> Box:
    """Move a box by a share of its sides, towards the side with more room."""
    edges = []
    for low, high, most in ((box.x_min, box.x_max, size_wh[0]), (box.y_min, box.y_max, size_wh[1])):
        step = round((high - low) * rng.uniform(*SHIFTS))
        edges.append(max(0, low - step) - low if low > most - high else min(most, high + step) - high)
    across, down = edges
    return Box(box.x_min + across, box.y_min + down, box.x_max + across, box.y_max + down)


def is_found(one: WrongBox, suspects: Sequence[BoxSuspect]) -> bool:
    """Whether one of some suspects names the object, or a box where it was."""
    was = np.array([one.crop.box.xyxy], np.float32)
    for suspect in suspects:
        if suspect.screenshot == one.crop.screenshot:
            here = suspect.likely_box and overlaps(np.array([suspect.likely_box], np.float32), was)[0, 0] >= 0.5
            if suspect.object == one.crop.where or (here and suspect.reason in ("missing", "badly placed")):
                return True
    return False


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments."""
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("workspace", type=Path)
    found.add_argument("task")
    found.add_argument("--size", default="192x320")
    found.add_argument("--epochs", type=int, default=20)
    found.add_argument("--folds", type=int, default=3)
    found.add_argument("--share", type=float, default=0.05, help="Of the objects, for each kind of fault.")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--into", type=Path, help="Where trainings are saved; by default they are not.")
    found.add_argument("--only", type=int, help="Train this fold alone, and print nothing.")
    return found


def main(given: Sequence[str] | None = None) -> None:
    """Spoil, search, and print how many of the wrong boxes are among the first suspects."""
    asked = parser().parse_args(given)
    workspace = open_workspace(asked.workspace)
    task = workspace.taxonomy.task(asked.task)
    frames = detect.items(workspace.known(), workspace, task)
    labels_of = {
        crop.label: workspace.taxonomy.class_of(crop.label, task.level) for frame in frames for crop in frame.crops
    }
    spoiled, wrong = spoil(frames, labels_of, share=asked.share, seed=asked.seed)
    dataset = detect.dataset_of(workspace, task, spoiled, size_hw=parse_size(asked.size))
    settings = replace(settings_for("detector"), epochs=asked.epochs, with_validation=True)
    jobs = fold_jobs(dataset, folds=asked.folds, settings=settings, repeats=1, seed=asked.seed)
    if asked.only is not None:
        train_jobs(dataset, [jobs[asked.only]], folder=asked.into)
        return
    results = train_jobs(dataset, jobs, folder=asked.into)
    study = compare_annotations(dataset, jobs, results, network="detector", folds=asked.folds, repeats=1)
    by_kind = Counter(one.kind for one in wrong)
    found = {
        f"first {len(wrong) * times}": {
            **{kind: sum(is_found(one, study.suspects[: len(wrong) * times]) for one in wrong if one.kind == kind)
               for kind in by_kind},
            "reasons": dict(Counter(one.reason for one in study.suspects[: len(wrong) * times])),
        }
        for times in (1, 2)
    }  # fmt: skip
    print(json.dumps({"screenshots": study.screenshots, "objects": study.objects, "ap50": round(study.ap50, 3),
                      "wrong": dict(by_kind), "suspects": len(study.suspects), "found": found}, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
