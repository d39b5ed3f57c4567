"""What `explain` does for a run that finds objects: what in the picture speaks for a box."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from toonvision.api.base import StoredRun
from toonvision.api.result import Result
from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.folders import replacing_folder
from toonvision.data.arrays import load_instances
from toonvision.data.boxes import Xyxy
from toonvision.data.fitting import fit, shown_hw
from toonvision.data.groups import frame_keys
from toonvision.data.images import Pictures, read_whole, room_for
from toonvision.data.picture_files import read_groups
from toonvision.explain.activations import Values
from toonvision.explain.boxes import (
    BoxCase,
    BoxEvidence,
    boxes_panel,
    boxes_table,
    figures_sentence,
    measure_box,
)
from toonvision.figures.panels import write_panel
from toonvision.metrics.predictions import Predictions
from toonvision.models.backend import start_backend
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.detect import decode
from toonvision.tasks.detect_targets import factors_of
from toonvision.tasks.networks import network_outputs

_FOLDER = Path("figures") / "explain"
T = TypeVar("T")


def explain_boxes(run: StoredRun, pictures: Sequence[Path] | None, *, count: int) -> Result[tuple[BoxEvidence, ...]]:
    """Explain the most confident box of each picture; by default found objects and false alarms of the test subset.

    Args:
        run: A run of the kind ``detect``.
        pictures: Pictures, or folders of pictures.
        count: How many boxes at most.

    Raises:
        InputRejectedError: If nothing is found.
        ModelRefusedError: If the model cannot be used.
    """
    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    level = taxonomy.level(card.level)
    start_backend(card.network, card.size_hw)
    model = load_model(run.folder)

    def answer(images: Pictures) -> Values:
        return (1 / (1 + np.exp(-network_outputs(model, images)[0]))).astype(np.float32)

    def find(images: Pictures) -> Predictions:
        return decode(network_outputs(model, images))

    findings: list[Finding] = []
    cases = _of_files(pictures, card.size_hw, find, findings) if pictures else _of_test(run, count)
    if not cases:
        raise InputRejectedError(f"{run.name} finds nothing there, so there is no box to explain. Train it longer.")
    listed = []
    with run.workspace.watcher.progress("covering parts", "boxes") as progress:
        for number, case in enumerate(cases[:count], start=1):
            category = level.classes[level.order[card.classes[case.label]]]
            listed.append(measure_box(answer, case, category))
            progress(number, len(cases[:count]))
    evidence, folder = tuple(listed), run.folder / _FOLDER
    panel = boxes_panel(evidence)
    with replacing_folder(folder, purpose="explain") as built:
        write_panel(panel, built)
    named = zip(panel.rows[0], zip(*panel.rows[1:], strict=True), strict=True)
    table = {str(name): [None if value == "" else value for value in column] for name, column in named}
    data = {"run": run.name, **table}
    files_written = (folder / "boxes.png", folder / "boxes.csv")
    of_test = "the surest found objects and false alarms of the test subset, as many of each where there are"
    which = f"{'the surest one of each picture' if pictures else of_test}; {count} at most (--count)"
    on_figures = () if pictures else (figures_sentence(evidence),)
    blocks = (boxes_table(evidence, which), *on_figures, f"Saved in {folder}")
    return Result(evidence, blocks, data, findings=tuple(findings), folder=folder, files=files_written,
                  next=run.workspace.command("report", run.name))  # fmt: skip


def _of_files(
    pictures: Sequence[Path],
    size_hw: tuple[int, int],
    find: Callable[[Pictures], Predictions],
    findings: list[Finding],
) -> list[BoxCase]:
    """Return the most confident box of each picture; `findings` receives one for each that could not be read."""

    def read(file: Path) -> tuple[Pictures, tuple[int, int]]:
        with room_for(file):
            whole = read_whole(file)
            return fit(whole, size_hw=size_hw, resize="shrink"), shown_hw(whole.size, size_hw)

    cases: list[BoxCase] = []
    for files, pairs in read_groups(pictures, read, findings):
        found = find(np.stack([image for image, _ in pairs]))
        for at, file in enumerate(files):
            own = np.flatnonzero(found.image == at)
            if len(own) and found.boxes is not None:
                best = own[found.scores[own].argmax()]
                box, label = _edges(found.boxes[best]), int(found.labels[best])
                cases.append(BoxCase(str(file), *pairs[at], box, label, "most sure"))
    return cases


def _of_test(run: StoredRun, count: int) -> list[BoxCase]:
    """Return so many found objects and false alarms of the test subset in turn, the most confident first."""
    evaluation = run.evaluation()
    best = evaluation.best
    if best.taken.boxes is None:
        return []
    frames = evaluation.frames
    size_hw = (evaluation.images.shape[1], evaluation.images.shape[2])
    factors, screenshots = factors_of(frames, size_hw), frame_keys(frames)
    instances = load_instances(run.workspace.files, frames, size_hw=size_hw)
    each = [
        sorted(
            (one for one in best.outcomes if one.outcome == outcome and one.prediction is not None),
            key=lambda one: -float(best.taken.scores[one.prediction or 0]),
        )
        for outcome in ("found", "false alarm")
    ]
    cases = []
    for one in in_turn(*each)[:count]:
        at, image = one.prediction or 0, one.image
        figure = None
        if instances is not None and one.truth is not None:
            row = one.truth - int(np.searchsorted(best.truth.image, image))
            figure = np.asarray(instances[image]) == row + 1
        cases.append(
            BoxCase(
                evaluation.items[image].screenshot, np.asarray(evaluation.images[image]),
                shown_hw(frames[image].shot.size_wh, size_hw), _edges(best.taken.boxes[at] / factors[image]),
                int(best.taken.labels[at]), one.outcome, screenshots[image],
                figure if figure is not None and figure.any() else None,
            )
        )  # fmt: skip
    return cases


def in_turn(first: Sequence[T], second: Sequence[T]) -> list[T]:
    """Return the items of two sequences by turns; what one of them has more stands at the end."""
    shared = min(len(first), len(second))
    turns = [one for pair in zip(first, second, strict=False) for one in pair]
    return [*turns, *first[shared:], *second[shared:]]


def _edges(box: Values) -> Xyxy:
    left, top, right, bottom = (float(edge) for edge in box)
    return left, top, right, bottom
