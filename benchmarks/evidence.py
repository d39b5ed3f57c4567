"""Claim: on the sample world, networks find most of their evidence on the figure, not on the background.

Run: python benchmarks/evidence.py FOLDER

Every training of `baseline` and `tuned` (task suit) explains the test subset of the sample world in FOLDER/world, which
is drawn with masks. Existing runs are used, missing ones are trained with one seed.
"""

import argparse
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measure import arguments, write_result
from sample_workspace import sample_workspace

from toonvision.data.groups import group_keys
from toonvision.data.masks import Mask, crop_regions
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import ClassEvaluation, evaluate_run
from toonvision.explain.cam import class_maps
from toonvision.explain.evidence import GroupEvidence, distinctive, measure_evidence, summarise
from toonvision.explain.map_warnings import spot_warning
from toonvision.models.saving import load_model
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import read_record, repeat_folder, run_records
from toonvision.training.repeat import train_run

Shots = Sequence[Hashable]
_TASK, _NETWORKS = "suit", ("baseline", "tuned")
_SHOWN = ("figure", "cloth", "head", "hands", "other", "background")


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the results."""
    options = parser().parse_args(given)
    world = sample_workspace(options.folder / "world", masks=True)
    results = {network: _measure(world, network) for network in _NETWORKS}
    write_result("evidence", {"task": _TASK, "subset": "test", "networks": results})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__, folder=True)


def _measure(world: Workspace, network: str) -> dict[str, Any]:
    run = _find_or_train(world, network)
    evaluation = evaluate_run(world, run)
    record = evaluation.record
    found = [crop_regions(world, crop, record.size_hw, resize=record.resize) for crop in evaluation.crops]
    with_mask = np.array([at for at, mask in enumerate(found) if mask is not None])
    masks = [mask for mask in found if mask is not None]
    shots = group_keys([evaluation.crops[at] for at in with_mask])
    repeats: list[dict[str, Any]] = []
    for number, repeat in enumerate(record.repeats):
        predicted = evaluation.scores[number].predicted
        maps = class_maps(load_model(repeat_folder(run, repeat.seed)), evaluation.images).values
        distinctive_maps = distinctive(maps)
        rows = np.arange(len(predicted))
        repeats.append(
            {
                "seed": repeat.seed,
                "wrong": int((predicted != evaluation.best.y_true).sum()),
                "distinctive": _shares(distinctive_maps[with_mask, predicted[with_mask]], masks, shots),
                "plain": _shares(maps[with_mask, predicted[with_mask]], masks, shots),
                "fixed_spot": spot_warning(distinctive_maps[rows, predicted]),
            }
        )
        own = repeats[-1]["distinctive"]
        print(
            f"{network:<9} seed {repeat.seed}: wrong {repeats[-1]['wrong']:>3} of {len(predicted)};"
            + "".join(f" {name} {own[name]['share']:.0%} (area {own[name]['area']:.0%})" for name in _SHOWN)
        )
        if number == evaluation.best_index:
            groups = _by_group(evaluation, with_mask, distinctive_maps[with_mask, predicted[with_mask]], masks, shots)
            for group in groups:
                print(f"    {group.name:<28} {group.crops:>4} crops: figure {_figure_evidence(group)}")
    return {"run": record.title, "crops_with_masks": len(with_mask), "repeats": repeats}


def _find_or_train(world: Workspace, network: str) -> Path:
    for path in run_records(world.runs):
        record = read_record(path.parent)
        if (record.task, record.settings.network, record.status) == (_TASK, network, "done"):
            return path.parent
    return train_run(world, world.taxonomy.task(_TASK), TrainingSettings(network=network), seeds=[0])


def _shares(maps: npt.NDArray[np.float32], masks: list[Mask], shots: Shots) -> dict[str, dict[str, Any]]:
    (group,) = summarise(measure_evidence(maps, masks), ["all"] * len(masks), screenshots=shots)
    return {
        region.region: {"share": region.share, "interval_95": list(region.interval), "area": region.area}
        for region in group.regions
    }


def _by_group(
    evaluation: ClassEvaluation,
    with_mask: npt.NDArray[np.int64],
    maps: npt.NDArray[np.float32],
    masks: list[Mask],
    shots: Shots,
) -> tuple[GroupEvidence, ...]:
    evidence = measure_evidence(maps, masks)
    classes = [evaluation.classes[evaluation.best.y_true[at]].title for at in with_mask]
    contexts = [evaluation.crops[at].context for at in with_mask]
    return (*summarise(evidence, classes, screenshots=shots), *summarise(evidence, contexts, screenshots=shots))


def _figure_evidence(group: GroupEvidence) -> str:
    figure = group.of("figure")
    low, high = figure.interval
    return f"{figure.share:.0%} ({low:.0%}-{high:.0%}), its area {figure.area:.0%}"


if __name__ == "__main__":
    main()
