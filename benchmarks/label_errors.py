"""Claim: wrong labels (5 % of the suits, changed at random) are found with precision and recall of at least 0.6.

Run: python benchmarks/label_errors.py FOLDER

Labels of the sample world in FOLDER/world are changed in memory alone. Finished trainings are kept in
FOLDER/world/studies/suit/planted-SEED, so that a killed benchmark goes on.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from measure import arguments, write_result
from sample_workspace import sample_workspace

from toonvision.api.training import parse_size
from toonvision.core.seeds import generator
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import FoldResult, Job, StudyWatcher, train_jobs
from toonvision.studies.suspects import SEARCH_SETTINGS, SEARCH_SIZE_HW, average_results, compare_labels
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import load_dataset


class Lines(StudyWatcher):
    """Prints a line for each training."""

    def ended(self, job: Job, result: FoldResult, number: int, total: int, *, known: bool) -> None:
        """Print it."""
        state = "known" if known else f"epoch {result.best_epoch} of {result.epochs}, {result.seconds:.0f} s"
        print(f"{number}/{total} {job.fold.name}: {state}", flush=True)


def with_wrong_labels(samples: Dataset, *, share: float, seed: int) -> tuple[Dataset, npt.NDArray[np.bool_]]:
    """Return samples with a share of the targets changed at random, and which targets those are."""
    rng = generator(seed, "label errors")
    count, classes = len(samples.targets), len(samples.classes)
    chosen = rng.choice(count, round(share * count), replace=False)
    targets = samples.targets.copy()
    targets[chosen] = (targets[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return replace(samples, targets=targets), targets != samples.targets


def main(given: Sequence[str] | None = None) -> None:
    """Change labels, search for them, compare."""
    order = parser().parse_args(given)
    workspace = sample_workspace(order.folder / "world")
    size_hw = parse_size(order.size) if order.size else SEARCH_SIZE_HW
    truth = load_dataset(workspace, workspace.taxonomy.task("suit"), size_hw=size_hw, split=None)
    samples, planted = with_wrong_labels(truth, share=order.share, seed=order.seed)
    settings = replace(SEARCH_SETTINGS, network=order.model or SEARCH_SETTINGS.network)
    settings = replace(settings, epochs=order.epochs or settings.epochs)
    jobs = fold_jobs(samples, folds=order.folds, settings=settings, repeats=order.repeat, seed=order.seed)
    folder = workspace.studies / "suit" / f"planted-{order.seed}"
    lines: StudyWatcher = Lines()  # type: ignore[abstract]  # the methods that it does not override do nothing
    probabilities = average_results(samples, jobs, train_jobs(samples, jobs, folder=folder, watcher=lines))
    study = compare_labels(samples, probabilities, network=settings.network, folds=order.folds, repeats=order.repeat)
    index_of = {crop.file: index for index, crop in enumerate(samples.crops)}
    ranked = [index_of[one.file] for one in study.suspects]
    found = np.isin(np.arange(len(planted)), ranked)
    hits = int((found & planted).sum())
    result = {
        "samples": len(planted),
        "planted": int(planted.sum()),
        "suspects": int(found.sum()),
        "hits": hits,
        "precision": hits / max(1, int(found.sum())),
        "recall": hits / max(1, int(planted.sum())),
        "renamed_rightly": sum(
            truth.classes[truth.targets[index]] == one.likely
            for index, one in zip(ranked, study.suspects, strict=True)
            if planted[index]
        ),
        "first_as_many_as_planted": int(planted[ranked[: int(planted.sum())]].sum()),
        "estimated_wrong": study.estimated_wrong,
        "right_about_true_labels": float((probabilities.argmax(axis=1) == truth.targets).mean()),
        "options": {key: str(value) for key, value in vars(order).items() if key != "folder"},
    }
    for key, value in result.items():
        print(f"{key:<26} {value:.3f}" if isinstance(value, float) else f"{key:<26} {value}")
    write_result("label_errors", result)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--share", type=float, default=0.05, help="of changed labels (default: %(default)s)")
    options.add_argument("--folds", type=int, default=5, help="(default: %(default)s)")
    options.add_argument("--repeat", type=int, default=3, help="trainings of each fold (default: %(default)s)")
    options.add_argument("--size", help="input height x width, as in 150x50 (default: as `suspects` has it)")
    options.add_argument("--model", help="network (default: as `suspects` has it)")
    options.add_argument("--epochs", type=int, help="of each training (default: as `suspects` has it)")
    options.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    return options


if __name__ == "__main__":
    main()
