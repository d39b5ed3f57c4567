"""Claims: the sample world is as hard as the published pictures, biased by street, and quickly drawn.

Run: python benchmarks/sample_world.py FOLDER [CLAIM ...]

The world is in FOLDER/world: the published counts, seed 0. All claims together take about two hours on two cores;
finished trainings are reused.

- hardness: wrong test crops of `baseline` and `tuned` (suits, published recipes, random flips) over ten seeds. `tuned`
  is trained twice: as the published search trained it, and as its author trained it again (2 to 50 wrong), on the
  subsets train and val together until the training loss has not fallen for five epochs.
- streets: `baseline` trained without one street and tested on it, for each street, against the ordinary test.
- speed: screenshots drawn and written per second, without and with masks, on all cores.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure import alternate, arguments, medians, some_of, write_result
from sample_workspace import sample_workspace

from toonvision.data.splits import Split, write_split
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import evaluate_run
from toonvision.metrics.intervals import Proportion
from toonvision.studies.fold_assignment import hold_out
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import RECORD
from toonvision.training.repeat import train_run
from toonvision.world.sample_set import draw_sample_set
from toonvision.world.screenshot_plans import plan_sample_set, street_counts

_SEEDS = range(10)
_HELD_OUT_SEEDS = range(3)
_A_STREET = 20
_PUBLISHED = {
    "tuned": TrainingSettings(network="tuned"),
    "tuned-again": TrainingSettings(network="tuned", with_validation=True),
    "baseline": TrainingSettings(network="baseline"),
}


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the claims."""
    options = parser().parse_args(given)
    for name in options.claims:
        _CLAIMS[name](options.folder)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    some_of(options, "claims", list(_CLAIMS), metavar="CLAIM")
    return options


def hardness(folder: Path) -> None:
    """Train the published networks ten times each."""
    workspace = sample_workspace(folder / "world")
    result: dict[str, Any] = {}
    for name in _PUBLISHED:
        scores = [right_share(workspace, name, seed, split="default") for seed in _SEEDS]
        wrong = [score.total - score.count for score in scores]
        mean = statistics.mean(score.share for score in scores)
        result[name] = {"wrong": wrong, "of": scores[0].total, "mean_accuracy": mean}
        print(
            f"{name:<11} wrong of {scores[0].total}: {wrong}; best {min(wrong)}, median "
            f"{statistics.median(wrong):g}, worst {max(wrong)}; mean accuracy {mean:.2%}"
        )
    write_result("sample_world_hardness", result)


def streets(folder: Path) -> None:
    """Hold out each street, with several seeds: one seed has four times as many errors as another."""
    workspace = sample_workspace(folder / "world")
    usual = statistics.mean(right_share(workspace, "baseline", seed, split="default").share for seed in _SEEDS)
    held_out: dict[str, list[Proportion]] = {}
    for street in workspace.taxonomy.contexts:
        _hold_out(workspace, street.name)
        split = f"without-{street.name}"
        found = [right_share(workspace, "baseline", seed, split=split) for seed in _HELD_OUT_SEEDS]
        print(f"{street.name:<4} held out: right {', '.join(f'{one.count} of {one.total}' for one in found)}")
        held_out[street.name] = found
    total = sum(found[0].total for found in held_out.values())
    shares = [sum(found[seed].count for found in held_out.values()) / total for seed in _HELD_OUT_SEEDS]
    mean = statistics.mean(shares)
    print(
        f"held out: right {', '.join(f'{share:.1%}' for share in shares)}, mean {mean:.1%}; ordinary test {usual:.1%}; "
        f"{100 * (usual - mean):.1f} points"
    )
    result = {"ordinary_mean_accuracy": usual, "held_out_accuracy": mean}
    streets = {name: {"right": [one.count for one in found], "of": found[0].total} for name, found in held_out.items()}
    write_result("sample_world_streets", {**result, "streets": streets})


def speed(_folder: Path) -> None:
    """Draw the first screenshots of every street again and again."""
    plans = plan_sample_set(seed=0)
    chosen = [plan for street in street_counts() for plan in [p for p in plans if p.street == street][:_A_STREET]]

    def draw(*, with_masks: bool) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            masks = Path(scratch) / "masks" if with_masks else None
            for _ in draw_sample_set(chosen, Path(scratch) / "pictures", masks=masks):
                pass

    alternatives = {"pictures": lambda: draw(with_masks=False), "and masks": lambda: draw(with_masks=True)}
    seconds = medians(alternate(alternatives, repetitions=5))
    rates = {name: len(chosen) / value for name, value in seconds.items()}
    ratio = seconds["and masks"] / seconds["pictures"]
    for name, rate in rates.items():
        print(f"{name:<10} {rate:5.1f} screenshots/s, the start of the processes included")
    print(f"masks cost {ratio - 1:.0%} more")
    write_result("sample_world_speed", {"screenshots_per_s": rates, "masks_ratio": ratio, "screenshots": len(chosen)})


def _hold_out(workspace: Workspace, street: str) -> None:
    """Write a split whose test subset is one street."""
    crops = workspace.known_crops()
    subset_of = hold_out(crops, street, seed=0)
    subsets = {crop.screenshot: subset_of[crop.id] for crop in crops if crop.id in subset_of}
    write_split(workspace.splits, Split(f"without-{street}", subsets), replace=True)


def right_share(workspace: Workspace, name: str, seed: int, *, split: str) -> Proportion:
    """Train once, or find the training; return how many test crops it has right."""
    run = workspace.runs / "suit" / f"{name}-{split}-{seed}"
    if not (run / RECORD).exists():
        train_run(
            workspace, workspace.taxonomy.task("suit"), _PUBLISHED[name], seeds=[seed], split_name=split, name=run.name
        )
    wrong = evaluate_run(workspace, run).spread.median
    print(f"  {run.name}: {wrong.count} wrong of {wrong.total}", flush=True)
    return Proportion(wrong.total - wrong.count, wrong.total)


_CLAIMS: dict[str, Callable[[Path], None]] = {"hardness": hardness, "streets": streets, "speed": speed}

if __name__ == "__main__":
    main()
