"""Claims: the sample world is as hard as the published pictures, biased by street, and quickly drawn.

Run: python benchmarks/sample_world.py FOLDER [hardness] [streets] [speed]

FOLDER gets the workspace `world`: the published counts, seed 0. Without the name of a claim all are measured, which
takes about an hour and a half on two cores; trainings that are there already are used again.

- hardness: `baseline` and `tuned` (random flips on) over ten seeds, suits, published recipe: wrong test crops.
- streets: `baseline` trained without one street and tested on it, for each street, against the ordinary test.
- speed: screenshots a second, drawing and writing, without and with masks, on all cores.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure import alternate, medians, write_result

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.catalog import StoredSplit
from toonvision.data.extraction import extract
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, plan_split
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.evaluation.judge import Evaluation, evaluate_run
from toonvision.training.record import RECORD
from toonvision.training.repeat import train_run
from toonvision.training.settings import TrainingSettings
from toonvision.world.plans import plan_sample_set, street_counts
from toonvision.world.sample_set import draw_sample_set

_SEEDS = range(10)
_A_STREET = 20


def main(folder: Path, claims: Sequence[str]) -> None:
    """Measure and print the claims."""
    known: dict[str, Callable[[Path], None]] = {"hardness": hardness, "streets": streets, "speed": speed}
    for name in claims or known:
        known[name](folder)


def hardness(folder: Path) -> None:
    """Train the published networks ten times each."""
    workspace = _world(folder / "world")
    result: dict[str, Any] = {}
    for network in ("baseline", "tuned"):
        judged = _judged(workspace, network, _SEEDS, split="default", name=f"{network}-ten")
        wrong = [int(count) for count in judged.spread.wrong]
        shares = [1 - count / len(judged.actual) for count in wrong]
        result[network] = {"wrong": wrong, "of": len(judged.actual), "mean_accuracy": statistics.mean(shares)}
        print(
            f"{network:<9} wrong of {len(judged.actual)}: {wrong}; best {min(wrong)}, median "
            f"{statistics.median(wrong):g}, worst {max(wrong)}; mean accuracy {statistics.mean(shares):.2%}"
        )
    write_result("sample_world_hardness", result)


def streets(folder: Path) -> None:
    """Hold out each street once."""
    workspace = _world(folder / "world")
    ordinary = _judged(workspace, "baseline", _SEEDS, split="default", name="baseline-ten")
    usual = 1 - statistics.mean(map(int, ordinary.spread.wrong)) / len(ordinary.actual)
    result: dict[str, Any] = {"ordinary_mean_accuracy": usual, "streets": {}}
    hits = total = 0
    for street in workspace.taxonomy.contexts:
        name = f"without-{street.name}"
        _hold_out(workspace, street.name, name)
        judged = _judged(workspace, "baseline", _SEEDS[:2], split=name, name=name)
        right = [len(judged.actual) - int(count) for count in judged.spread.wrong]
        result["streets"][street.name] = {"right": right, "of": len(judged.actual)}
        hits, total = hits + sum(right), total + len(right) * len(judged.actual)
        print(f"{street.name:<4} held out: right {right} of {len(judged.actual)}")
    result["held_out_accuracy"] = hits / total
    print(f"held out {hits / total:.2%} against {usual:.2%} in the ordinary test: {100 * (usual - hits / total):.1f}")
    write_result("sample_world_streets", result)


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


def _world(root: Path) -> Workspace:
    draw_into(root, SampleOrder(seed=0))
    workspace = open_workspace(root)
    extract(workspace)
    with workspace.writing("split") as catalog:
        crops = catalog.crops()
        catalog.save_split(plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=0), replace=True)
    return workspace


def _hold_out(workspace: Workspace, street: str, name: str) -> None:
    """Store a split whose test part is one street; the others are divided 4 to 1 into train and validate."""
    with workspace.writing("split") as catalog:
        crops = catalog.crops()
        rest = plan_split([c for c in crops if c.context != street], ratios=SIXTY_TWENTY_TWENTY, seed=0)
        parts = {crop: "train" if part == "test" else part for crop, part in rest.parts.items()}
        parts |= {crop.id: "test" for crop in crops if crop.context == street}
        catalog.save_split(StoredSplit(name, (60, 20, 20), 0, True, parts), replace=True)


def _judged(workspace: Workspace, network: str, seeds: Sequence[int], *, split: str, name: str) -> Evaluation:
    run = workspace.runs / "suit" / name
    if not (run / RECORD).exists():
        settings = TrainingSettings(network=network)
        train_run(workspace, workspace.taxonomy.task("suit"), settings, seeds=seeds, split_name=split, name=name)
    return evaluate_run(workspace, run)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
