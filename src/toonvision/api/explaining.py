"""What `explain` does: maps of some pictures, what every layer sees, checks of the maps, and evidence on masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from toonvision.api.base import StoredRun
from toonvision.api.result import Block, Result
from toonvision.core.errors import Finding, InputRejectedError, UsageError
from toonvision.core.folders import replacing_folder
from toonvision.core.options import require_kind
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.seeds import own_randomness
from toonvision.core.wording import between, percent
from toonvision.data.fitting import read_picture
from toonvision.data.groups import group_keys
from toonvision.data.images import Pictures
from toonvision.data.masks import crop_regions, has_masks
from toonvision.explain.activations import layer_activations
from toonvision.explain.cam import ClassMaps, Method, class_maps
from toonvision.explain.evidence import GroupEvidence, distinctive, measure_evidence, summarise
from toonvision.explain.explanation import Cases, Explanation, MaskedEvidence, Sections, own_maps, worst_cases
from toonvision.explain.filters import ascent, convolutions, first_filters, responses
from toonvision.explain.trust import Randomisation, TrustCurves, randomisation, trust_curves
from toonvision.figures.panels import write_panel
from toonvision.models.backend import start_backend
from toonvision.models.forest import BANDS
from toonvision.models.registry import TREES
from toonvision.models.saving import ModelCard, load_model, read_card
from toonvision.report import explain_panels as shown_as

if TYPE_CHECKING:
    import keras

    from toonvision.evaluation.evaluate import ClassEvaluation

_FOLDER = Path("figures") / "explain"
_MOST_CHECKED, _MOST_ASCENDED = 12, 16
"""How many pictures are deleted and inserted step by step; for how many filters of a layer inputs are sought."""


@own_randomness()
def explain(
    run: StoredRun,
    pictures: Sequence[Path] | None,
    *,
    count: int,
    layer: str | None,
    method: Method,
    each: bool,
    seed: int,
) -> Result[Explanation]:
    """Explain pictures, or the wrong and least sure ones of the test subset; see `Run.explain`."""
    require_kind("method", Method, method)
    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    if card.network == TREES:
        raise UsageError(
            f"{run.name}: explain shows what the layers of a network see, and trees have none: they count colours in "
            f"{BANDS} bands of rows. Explain a run of a network: toonvision runs"
        )
    cases, findings = _given(run, card, pictures) if pictures else (worst_cases(run.evaluation(), count), [])
    level = taxonomy.level(card.level)
    classes = tuple(level.classes[level.order[name]] for name in card.classes)
    start_backend(card.network, card.size_hw)
    import keras

    keras.backend.clear_session()  # so that layers have the same names however many networks were loaded
    model = load_model(run.folder)
    folder = run.folder / _FOLDER
    with replacing_folder(folder, purpose="explain") as built:
        progress = run.workspace.watcher.progress
        shown = cases.evaluation.images if cases.evaluation else cases.images
        with progress("weighing evidence", "pictures") as update:
            maps = class_maps(model, shown, layer=layer, method=method, progress=update)
        own = own_maps(cases, maps)
        panels = shown_as.map_grid_panels(cases, own, classes, each=each, exact=maps.exact)
        panels += _layer_panels(model, cases.images[0], seed=seed)
        curves, steps = _check(run, model, cases, own, maps, seed=seed)
        panels += shown_as.check_panels(curves, steps, cases.names[:_MOST_CHECKED])
        evidence = _evidence(run, cases.evaluation, maps, seed=seed) if cases.evaluation else None
        if cases.evaluation and evidence:
            panels.append(shown_as.evidence_panel(cases.evaluation, evidence))
        with progress("drawing", "figures") as update:
            for done, panel in enumerate(panels, start=1):
                write_panel(panel, built)
                update(done, len(panels))
    found = Explanation(cases, classes, maps, curves, steps, evidence)
    return _result(run, found, folder, findings)


def _given(run: StoredRun, card: ModelCard, paths: Sequence[Path]) -> tuple[Cases, list[Finding]]:
    """Read and predict the pictures that were asked for."""
    from toonvision.evaluation.evaluate import predict_files

    with run.workspace.watcher.progress("predicting", "pictures") as progress:
        predictions, findings = predict_files(run.folder, paths, progress=progress)
    if not predictions:
        said = f"{paths[0]}: no picture can be read, so that there is nothing to explain."
        raise InputRejectedError(said, findings)
    cases = Cases(
        names=tuple(prediction.path.name for prediction in predictions),
        images=np.stack([read_picture(p.path, size_hw=card.size_hw, resize=card.resize) for p in predictions]),
        y_true=_known_classes(run, card, [prediction.path for prediction in predictions]),
        probabilities=np.stack([prediction.probabilities for prediction in predictions]),
    )
    return cases, findings


def _known_classes(run: StoredRun, card: ModelCard, paths: Sequence[Path]) -> tuple[int | None, ...]:
    """Look up the classes of pictures that are the workspace's own crops."""
    files = run.workspace.files
    try:
        labels = {crop.file: crop.label for crop in files.known_crops()}
    except InputRejectedError:
        return (None,) * len(paths)
    crops = files.crops.resolve()
    known = [labels.get(path.name) if path.resolve().parent == crops else None for path in paths]
    names = [files.taxonomy.class_of(label, card.level) if label else None for label in known]
    return tuple(card.classes.index(name) if name in card.classes else None for name in names)


def _layer_panels(model: "keras.Model", picture: Pictures, *, seed: int) -> list[FigurePanel]:
    """Return the output of every layer for a picture, and an input that each filter of a convolution answers to."""
    height, width, colors = picture.shape
    panels = shown_as.activation_panels(layer_activations(model, picture), (height, width))
    first, *deeper = convolutions(model)
    if first.input.shape[-1] in {colors, 2 * colors}:
        panels.append(shown_as.first_filters_panel(first.name, first_filters(model)))
    for number, one in enumerate(deeper, start=2):
        filters = range(min(_MOST_ASCENDED, one.output.shape[-1]))
        noise = ascent(model, one.name, filters, seed=seed, steps=0)
        climbed = ascent(model, one.name, filters, seed=seed)
        before, after = (responses(model, one.name, filters, pictures) for pictures in (noise, climbed))
        panels.append(shown_as.filter_images_panel(one.name, number, climbed, before, after))
    return panels


def _check(
    run: StoredRun, model: "keras.Model", cases: Cases, own: npt.NDArray[np.float32], maps: ClassMaps, *, seed: int
) -> tuple[TrustCurves, tuple[Randomisation, ...]]:
    """Delete, insert and randomise, for the first pictures."""
    pictures, predicted = cases.images[:_MOST_CHECKED], cases.predicted[:_MOST_CHECKED]
    rows = np.arange(len(pictures))

    def maps_of(network: "keras.Model") -> npt.NDArray[np.float32]:
        values = class_maps(network, pictures, layer=maps.layer, method=maps.method).values
        chosen: npt.NDArray[np.float32] = values[rows, predicted]
        return chosen

    watcher = run.workspace.watcher
    with watcher.progress("deleting and inserting", "pictures") as progress:
        curves = trust_curves(model, pictures, own[rows, predicted], predicted, seed=seed, progress=progress)
    watcher.say("Comparing with maps of random weights.")
    return curves, randomisation(model, maps_of, seed=seed)


def _evidence(run: StoredRun, evaluation: "ClassEvaluation", maps: ClassMaps, *, seed: int) -> MaskedEvidence | None:
    """Measure on what the evidence lies, for all crops of the test subset that have masks."""
    files = run.workspace.files
    if not has_masks(files):
        return None
    record, predicted = evaluation.record, evaluation.best.predicted
    found = [crop_regions(files, crop, record.size_hw, resize=record.resize) for crop in evaluation.crops]
    rows = [index for index, mask in enumerate(found) if mask is not None]
    if not rows:
        return None
    masks = [mask for mask in found if mask is not None]
    own = measure_evidence(distinctive(maps.values)[rows, predicted[rows]], masks)
    plain = measure_evidence(maps.values[rows, predicted[rows]], masks)
    contexts = [files.taxonomy.context(evaluation.crops[at].context).title for at in rows]
    y_true = [evaluation.classes[evaluation.best.y_true[at]].title for at in rows]
    shots = group_keys([evaluation.crops[at] for at in rows])
    sections = [
        (title, summarise(own, groups, screenshots=shots, seed=seed))
        for title, groups in (("", ["All"] * len(rows)), ("By class", y_true), ("By context", contexts))
    ]
    return MaskedEvidence(tuple(rows), own, plain, sections)


def _result(run: StoredRun, found: Explanation, folder: Path, findings: Sequence[Finding]) -> Result[Explanation]:
    files = sorted(folder.iterdir())
    data = _data(found)
    about = {"run": run.name, "folder": str(folder), "files": [path.name for path in files]}
    maps_first = sorted(files, key=lambda path: not path.name.startswith("maps"))
    return Result(
        found,
        (*_blocks(found, data), f"{len(files)} files in {folder}"),
        {**about, **data},
        findings=tuple(findings),
        folder=folder,
        files=tuple(maps_first),
        next=run.workspace.command("suspects", run.record.task),
    )


def _data(found: Explanation) -> dict[str, Any]:
    names = [category.name for category in found.classes]
    cases, area = found.cases, found.curves.area
    rows = zip(cases.names, cases.y_true, cases.predicted.tolist(), cases.probabilities, strict=True)
    return {
        "layer": found.maps.layer,
        "method": found.maps.method,
        "pictures": [
            {"picture": name, "y_true": None if y_true is None else names[y_true], "predicted": names[predicted],
             "confidence": float(shares[predicted])}
            for name, y_true, predicted, shares in rows
        ],
        "deletion": {"area": float(area("deletion").mean()), "random": float(area("random_deletion").mean())},
        "insertion": {"area": float(area("insertion").mean()), "random": float(area("random_insertion").mean())},
        "randomisation": [{"layer": step.layer, "fresh": step.fresh, "similarity": step.mean} for step in found.steps],
        "evidence": [{"by": title, **_group_data(group)} for title, members in found.sections for group in members],
        "warnings": found.warnings,
    }  # fmt: skip


def _group_data(group: GroupEvidence) -> dict[str, Any]:
    regions = {
        one.region: {"share": one.share if group.crops else None, "interval_95": list(one.interval), "area": one.area}
        for one in group.regions
    }
    counts = {"crops": group.crops, "screenshots": group.screenshots, "without_evidence": group.empty}
    return {"group": group.name, **counts, "regions": regions}


def _blocks(found: Explanation, data: Mapping[str, Any]) -> list[Block]:
    titles = {category.name: category.title for category in found.classes}
    rows = [
        [one["picture"], titles.get(one["y_true"], "-"), titles[one["predicted"]], percent(one["confidence"])]
        for one in data["pictures"]
    ]
    deletion, insertion = data["deletion"], data["insertion"]
    lines = [
        f"Deletion: area {deletion['area']:.2f}, random {deletion['random']:.2f} (lower is better).",
        f"Insertion: area {insertion['area']:.2f}, random {insertion['random']:.2f} (higher is better).",
        f"Similarity to maps of random weights: {found.steps[-1].mean:.2f} (lower is better; 1 means that the maps do "
        "not depend on what was learned).",
    ]
    blocks: list[Block] = [table("Explained", ["Picture", "True class", "Predicted", "Confidence"], rows, names=3)]
    if found.sections:
        blocks.append(_evidence_table(found.sections))
    elif found.cases.evaluation:
        lines.append("There are no masks, so it is not known how much of the evidence lies on the objects.")
    warnings = [f"Beware: {warning}" for warning in found.warnings] or ["No check speaks against these maps."]
    return [*blocks, "\n".join([*lines, *warnings])]


def _evidence_table(sections: Sections) -> Table:
    columns = ["Evidence on", "Crops", "Figure", "95 %", "Its area", "Cloth", "Head", "Hands", "Rest", "Background"]
    rows: list[list[object]] = []
    for group in (member for _, members in sections for member in members if member.crops):
        figure, (low, high) = group.of("figure"), group.of("figure").interval
        shares = [group.of(name).share for name in ("cloth", "head", "hands", "other", "background")]
        within = f"{between(100 * low, 100 * high, '.1f')} %"
        own = [group.name, group.crops, percent(figure.share), within, percent(figure.area)]
        rows.append([*own, *map(percent, shares)])
    return table("Where the evidence lies that distinguishes a picture from the average one", columns, rows)
