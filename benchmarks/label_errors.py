"""Claim: planted label errors (5 % of the suits flipped) are found with precision and recall of at least 0.6 each.

Run: python benchmarks/label_errors.py FOLDER [--share 0.05] [--folds 5] [--repeat 3] [--size 150x50] [--model NAME]
     [--epochs N] [--seed 0]

FOLDER is an extracted workspace of the sample world. Its labels are flipped in memory alone; finished trainings are
kept in FOLDER/suspects/suit/planted-SEED, so that a killed benchmark goes on.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measure import write_result

from toonvision.api.training import parse_size
from toonvision.core.seeds import generator
from toonvision.data.arrays import Samples, load_samples
from toonvision.data.workspace import open_workspace
from toonvision.studies.folds import FoldResult, Job, Unwatched
from toonvision.studies.suspects import (
    SEARCH_SETTINGS,
    SEARCH_SIZE_HW,
    find_suspects,
    fold_jobs,
    out_of_fold,
    suspects_folder,
)


class Lines(Unwatched):
    """Prints a line a training."""

    def ended(self, job: Job, result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """Print it."""
        told = "known" if known else f"epoch {result.best_epoch} of {result.epochs}, {result.seconds:.0f} s"
        print(f"{number}/{total} {job.division.name}: {told}", flush=True)


def flipped(samples: Samples, *, share: float, seed: int) -> tuple[Samples, npt.NDArray[np.bool_]]:
    """Give a copy with a share of the targets turned into another class at random, and which ones they are."""
    rng = generator(seed, "label errors")
    count, classes = len(samples.targets), len(samples.classes)
    chosen = rng.choice(count, round(share * count), replace=False)
    targets = samples.targets.copy()
    targets[chosen] = (targets[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return replace(samples, targets=targets), targets != samples.targets


def main(order: argparse.Namespace) -> None:
    """Flip, search, compare."""
    workspace = open_workspace(order.folder)
    with workspace.reading() as catalog:
        crops = catalog.crops()
    size_hw = parse_size(order.size) if order.size else SEARCH_SIZE_HW
    truth = load_samples(workspace, crops, level="suit", size_hw=size_hw, resize=workspace.resize)
    samples, planted = flipped(truth, share=order.share, seed=order.seed)
    settings = replace(SEARCH_SETTINGS, network=order.model or SEARCH_SETTINGS.network)
    settings = replace(settings, epochs=order.epochs or settings.epochs)
    jobs = fold_jobs(samples, folds=order.folds, settings=settings, repeats=order.repeat, seed=order.seed)
    folder = suspects_folder(workspace.root, "suit") / f"planted-{order.seed}"
    probabilities = out_of_fold(samples, jobs, folder=folder, watcher=Lines())
    study = find_suspects(
        samples, probabilities, task="suit", network=settings.network, folds=order.folds, repeats=order.repeat
    )
    found = np.isin(np.arange(len(planted)), [one.place for one in study.suspects])
    hits = int((found & planted).sum())
    result = {
        "samples": len(planted),
        "planted": int(planted.sum()),
        "suspects": int(found.sum()),
        "hits": hits,
        "precision": hits / max(1, int(found.sum())),
        "recall": hits / max(1, int(planted.sum())),
        "renamed_rightly": sum(
            truth.classes[truth.targets[s.place]] == s.likely for s in study.suspects if planted[s.place]
        ),
        "first_as_many_as_planted": int(planted[[s.place for s in study.suspects[: int(planted.sum())]]].sum()),
        "estimated_wrong": study.estimated_wrong,
        "right_about_true_labels": float((probabilities.argmax(axis=1) == truth.targets).mean()),
        "options": {key: str(value) for key, value in vars(order).items() if key != "folder"},
    }
    for key, value in result.items():
        print(f"{key:<26} {value:.3f}" if isinstance(value, float) else f"{key:<26} {value}")
    write_result("label_errors", result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--size")
    parser.add_argument("--model")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    main(parser.parse_args())
