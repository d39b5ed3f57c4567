"""Claim: on the sample world, most of what tells one class from the others lies on the figure, not on the street.

Every training of `baseline` and `tuned` for the suits explains the test part of a world with masks; runs that are there
are used, missing ones are trained (1 seed). Run, after sample --masks, extract and split:
python benchmarks/evidence.py WORLD
"""

import sys
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measure import write_result

from toonvision.data.masks import Mask, crop_subsets, has_masks
from toonvision.data.splits import group_keys
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.evaluation.evaluate import Evaluation, evaluate_run
from toonvision.explain.cam import class_maps
from toonvision.explain.evidence import GroupEvidence, distinctive, measure_evidence, summarise
from toonvision.explain.trust import fixed_spot, spot_warning
from toonvision.models.saving import load_model
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import read_record, repeat_folder, run_records
from toonvision.training.repeat import train_run

Shots = Sequence[Hashable]
_TASK, _NETWORKS = "suit", ("baseline", "tuned")
_SHOWN = ("figure", "cloth", "head", "hands", "other", "background")


def main() -> None:
    """Measure and print."""
    world = open_workspace(Path(sys.argv[1]))
    if not has_masks(world):
        sys.exit(f"{world.root} has no masks; draw it with: toonvision sample DIR --masks")
    results = {network: _measure(world, network) for network in _NETWORKS}
    write_result("evidence", {"task": _TASK, "part": "test", "networks": results})


def _measure(world: Workspace, network: str) -> dict[str, Any]:
    run = _find_or_train(world, network)
    judged = evaluate_run(world, run)
    record = judged.record
    found = [crop_subsets(world, crop, record.size_hw, resize=record.resize) for crop in judged.crops]
    places = np.array([at for at, mask in enumerate(found) if mask is not None])
    masks = [mask for mask in found if mask is not None]
    shots = group_keys([judged.crops[at] for at in places])
    repeats: list[dict[str, Any]] = []
    for number, repeat in enumerate(record.repeats):
        predicted = judged.probabilities[number].argmax(axis=1)
        maps = class_maps(load_model(repeat_folder(run, repeat.seed)), judged.pictures).values
        told_apart = distinctive(maps)
        rows = np.arange(len(predicted))
        repeats.append(
            {
                "seed": repeat.seed,
                "wrong": int((predicted != judged.y_true).sum()),
                "distinctive": _shares(told_apart[places, predicted[places]], masks, shots),
                "plain": _shares(maps[places, predicted[places]], masks, shots),
                "fixed_place": spot_warning(fixed_spot(told_apart[rows, predicted])),
            }
        )
        own = repeats[-1]["distinctive"]
        print(
            f"{network:<9} seed {repeat.seed}: wrong {repeats[-1]['wrong']:>3} of {len(predicted)};"
            + "".join(f" {name} {own[name]['share']:.0%} (area {own[name]['area']:.0%})" for name in _SHOWN)
        )
        if number == judged.chosen:
            groups = _by_group(judged, places, told_apart[places, predicted[places]], masks, shots)
            for group in groups:
                print(f"    {group.name:<28} {group.crops:>4} crops: figure {_said(group)}")
    return {"run": record.title, "crops_with_masks": len(places), "repeats": repeats}


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
    judged: Evaluation, places: npt.NDArray[np.int64], maps: npt.NDArray[np.float32], masks: list[Mask], shots: Shots
) -> tuple[GroupEvidence, ...]:
    evidence = measure_evidence(maps, masks)
    classes = [judged.classes[judged.y_true[at]].title for at in places]
    streets = [judged.crops[at].context for at in places]
    return (*summarise(evidence, classes, screenshots=shots), *summarise(evidence, streets, screenshots=shots))


def _said(group: GroupEvidence) -> str:
    figure = group.of("figure")
    low, high = figure.interval
    return f"{figure.share:.0%} ({low:.0%}-{high:.0%}), its area {figure.area:.0%}"


if __name__ == "__main__":
    main()
