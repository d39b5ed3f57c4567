"""The section of a report that shows where a model sees evidence."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.wording import counted
from toonvision.explain.map_warnings import map_warnings
from toonvision.figures.maps import draw_map_rows
from toonvision.metrics.classification import Indices
from toonvision.report.contents import MappedCases, Picture, Results
from toonvision.report.figure_data import maps_data
from toonvision.report.figure_files import keep_figure

_MOST_WARNINGS = 3


def explanation_pictures(results: Results, folder: Path) -> tuple[Picture, ...]:
    """Draw maps of the gravest wrong and the least sure predictions; none where there are no maps."""
    cases = results.mapped
    if cases is None:
        return ()
    wrong = slice(0, len(cases.wrong))
    unsure = slice(len(cases.wrong), None)
    drawn = (
        _maps_picture(results, cases, wrong, folder, "maps-wrong", "gravest wrong prediction"),
        _maps_picture(results, cases, unsure, folder, "maps-unsure", "least sure other prediction"),
    )
    return tuple(picture for picture in drawn if picture is not None)


def _maps_picture(
    results: Results, cases: MappedCases, rows: slice, folder: Path, name: str, what: str
) -> Picture | None:
    evaluation, places, maps = results.evaluation, cases.places[rows], cases.maps.values[rows]
    if not len(places):
        return None
    unit = "Evidence in logits" if cases.maps.exact else "Evidence"
    figure = draw_map_rows(
        evaluation.pictures[places], maps, evaluation.classes, evaluation.y_true[places], evaluation.own[places],
        unit=unit,
    )  # fmt: skip
    total = "All evidence for a class, with a constant, is its logit. " if cases.maps.exact else ""
    return keep_figure(
        folder, name, figure, maps_data(evaluation, places, cases.maps, rows),
        title=f"Evidence: the {counted(len(places), what)}",
        alternative=f"Class activation maps of {counted(len(places), 'picture')} for "
        f"{counted(len(evaluation.classes), 'class', 'classes')}, laid over the greyed pictures.",
        caption=f"Orange speaks for the class named below a map, blue against it, all on one scale; a strong frame "
        f"marks the prediction. {total}Layer {cases.maps.layer}.{_warned(results, places, maps)}",
    )  # fmt: skip


def _warned(results: Results, places: Indices, maps: npt.NDArray[np.float32]) -> str:
    """Warn of maps of the predicted classes that explain little, the first few by name."""
    evaluation = results.evaluation
    own = maps[np.arange(len(places)), evaluation.predicted[places]]
    names = [evaluation.crops[at].file for at in places.tolist()]
    found = map_warnings(own, names, size_hw=evaluation.record.size_hw)
    more = f" {len(found) - _MOST_WARNINGS} more are like that." if len(found) > _MOST_WARNINGS else ""
    return f" Beware: {' '.join(found[:_MOST_WARNINGS])}{more}" if found else ""
