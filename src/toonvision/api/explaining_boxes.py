"""What `explain` does for a run that finds objects: what in the picture speaks for a box."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from toonvision.api.base import StoredRun
from toonvision.api.result import Result
from toonvision.core.errors import Finding, InputRejectedError, UsageError
from toonvision.core.folders import replacing_folder
from toonvision.data.images import Pictures, fit, read_whole, room_for
from toonvision.data.picture_files import read_groups
from toonvision.explain.boxes import BoxEvidence, Values, boxes_panel, boxes_table, measure_box
from toonvision.figures.panels import write_panel
from toonvision.metrics.predictions import Predictions
from toonvision.models.backend import start_backend
from toonvision.models.saving import load_model, read_card
from toonvision.tasks.base import network_outputs
from toonvision.tasks.detect import decode
from toonvision.tasks.detect_targets import factors_of

_FOLDER = Path("figures") / "explain"
Case = tuple[str, Pictures, tuple[float, float, float, float], int, str]
"""A picture's name, what the network sees of it, a box in it, the box's class, and what is known of it."""


def explain_boxes(
    run: StoredRun, pictures: Sequence[Path] | None, *, count: int, odd: bool = False
) -> Result[tuple[BoxEvidence, ...]]:
    """Explain the most confident box of each picture; by default found objects and false alarms of the test subset.

    Args:
        run: A run of the kind ``detect``.
        pictures: Pictures, or folders of pictures.
        count: How many boxes at most.
        odd: Whether options were given that are for class activation maps alone.

    Raises:
        UsageError: If they were.
        InputRejectedError: If nothing is found.
        ModelRefusedError: If the model cannot be used.
    """
    if odd:
        raise UsageError(
            f"--layer, --method and --each are for runs that name one object; {run.name} finds objects. Leave them out."
        )
    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy.digest)
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
        for number, (name, image, box, label, note) in enumerate(cases[:count], start=1):
            category = level.classes[level.order[card.classes[label]]]
            listed.append(measure_box(answer, np.asarray(image), box=box, label=label, category=category, name=name,
                                      note=note))  # fmt: skip
            progress(number, len(cases[:count]))
    evidence, folder = tuple(listed), run.folder / _FOLDER
    panel = boxes_panel(evidence)
    with replacing_folder(folder, purpose="explain") as built:
        write_panel(panel, built)
    named = zip(panel.rows[0], zip(*panel.rows[1:], strict=True), strict=True)
    table = {str(name): list(column) for name, column in named}
    data = {"run": run.name, **table, "findings": [asdict(one) for one in findings]}
    files_written = (folder / "boxes.png", folder / "boxes.csv")
    of_test = "the surest found objects and false alarms of the test subset, as many of each where there are"
    which = f"{'the surest one of each picture' if pictures else of_test}; {count} at most (--count)"
    return Result(evidence, (boxes_table(evidence, which), f"Saved in {folder}"), data, findings=tuple(findings),
                  folder=folder, files=files_written, next=run.workspace.command("report", run.name))  # fmt: skip


def _of_files(
    pictures: Sequence[Path],
    size_hw: tuple[int, int],
    find: Callable[[Pictures], Predictions],
    findings: list[Finding],
) -> list[Case]:
    """Return the most confident box of each picture; `findings` receives one for each that could not be read."""

    def read(file: Path) -> Pictures:
        with room_for(file):
            return fit(read_whole(file), size_hw=size_hw, resize="shrink")

    cases: list[Case] = []
    for files, images in read_groups(pictures, read, findings):
        found = find(np.stack(images))
        for at, file in enumerate(files):
            own = np.flatnonzero(found.image == at)
            if len(own) and found.boxes is not None:
                best = own[found.scores[own].argmax()]
                box, label = _edges(found.boxes[best]), int(found.labels[best])
                cases.append((str(file), images[at], box, label, "most sure"))
    return cases


def _of_test(run: StoredRun, count: int) -> list[Case]:
    """Return found objects and false alarms of the test subset in turn, the most confident first."""
    evaluation = run.evaluation()
    best = evaluation.best
    if best.taken.boxes is None:
        return []
    size_hw = (evaluation.images.shape[1], evaluation.images.shape[2])
    factors = factors_of(evaluation.frames, size_hw)
    listed: list[Case] = []
    for outcome in ("found", "false alarm"):
        own = [one for one in best.outcomes if one.outcome == outcome and one.prediction is not None]
        own.sort(key=lambda one: -float(best.taken.scores[one.prediction or 0]))
        for one in own[: max(1, count // 2)]:
            at = one.prediction or 0
            box = _edges(best.taken.boxes[at] / factors[one.image])
            item = evaluation.items[one.image]
            listed.append((item.screenshot, evaluation.images[one.image], box, int(best.taken.labels[at]), outcome))
    return listed


def _edges(box: Values) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(edge) for edge in box)
    return left, top, right, bottom
