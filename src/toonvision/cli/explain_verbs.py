"""The command about reasons: explain."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from toonvision.cli.explain_display import explanation_data, explanation_renderables
from toonvision.cli.options import HERE, JsonOption, RunArgument, SeedOption, WorkspaceOption
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show

if TYPE_CHECKING:
    import keras
    import numpy as np
    import numpy.typing as npt

    from toonvision.core.errors import Finding
    from toonvision.data.arrays import Pictures
    from toonvision.data.workspace import Workspace
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.explain.cam import ClassMaps, Method
    from toonvision.explain.evidence import Evidence
    from toonvision.explain.explanation import Cases, Explanation, MaskedEvidence, Sections
    from toonvision.explain.trust import Randomisation, TrustCurves
    from toonvision.models.saving import ModelCard
    from toonvision.taxonomy.labels import Category

_FOLDER = Path("figures") / "explain"
_MOST_CHECKED, _MOST_ASCENDED = 12, 16
"""How many pictures are deleted and inserted step by step; how many filters of a layer are climbed to."""


def explain(
    run: RunArgument,
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(help="Pictures, or folders of pictures.", show_default="the wrong and least sure ones"),
    ] = None,
    workspace: WorkspaceOption = HERE,
    count: Annotated[int, typer.Option(min=1, help="Most pictures of the test part to explain.")] = 12,
    layer: Annotated[
        str | None, typer.Option(help="Whose activations the maps weigh.", show_default="the last with a map")
    ] = None,
    method: Annotated[
        Literal["exact", "gradcam"], typer.Option(help="exact splits the logit up; gradcam is as published.")
    ] = "exact",
    each: Annotated[bool, typer.Option("--each", help="Give each class's map its own scale.")] = False,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Show which places speak for which class, and whether that can be trusted."""
    from toonvision.core.folders import replacing_folder
    from toonvision.data.workspace import open_workspace
    from toonvision.models.backend import start_keras
    from toonvision.models.saving import load_model, read_card, require_taxonomy
    from toonvision.training.record import find_run

    opened = open_workspace(workspace)
    source = find_run(opened.runs, run)
    card = read_card(source)
    require_taxonomy(card, opened.taxonomy.digest, source)
    cases, findings = _given(opened, source, card, pictures) if pictures else (_chosen(opened, run, count), [])
    level = opened.taxonomy.level(card.level)
    classes = tuple(level.classes[level.order[name]] for name in card.classes)
    start_keras()
    _name_layers_afresh()
    model = load_model(source)
    folder = source / _FOLDER
    with replacing_folder(folder, purpose="explain") as built:
        found = _explained(opened, model, cases, classes, built, layer=layer, method=method, each=each, seed=seed)
    files = sorted(path.name for path in folder.iterdir())
    report_findings(findings, folder=folder)
    data = {
        "run": f"{card.task}/{source.name}",
        "folder": str(folder),
        "files": files,
        **explanation_data(found),
        "findings": [vars(finding) for finding in findings],
    }
    show(data, *explanation_renderables(found, folder, files), as_json=as_json)
    exit_for(findings)


def _name_layers_afresh() -> None:
    """Let Keras count layers from the start, so that they are called alike however many networks were loaded."""
    import keras

    keras.backend.clear_session()


def _chosen(opened: "Workspace", run: str, count: int) -> "Cases":
    """Choose the wrong ones of the test part, the gravest first, then the least sure."""
    from toonvision.cli.model_verbs import judge
    from toonvision.explain.explanation import gravest_cases

    judged, _ = judge(opened, run, "test")
    return gravest_cases(judged, count)


def _given(
    opened: "Workspace", source: Path, card: "ModelCard", paths: Sequence[Path]
) -> "tuple[Cases, list[Finding]]":
    """Read and predict the pictures that were asked for."""
    import numpy as np

    from toonvision.core.errors import InputRejectedError
    from toonvision.data.images import read_picture
    from toonvision.evaluation.predict import predict_files
    from toonvision.explain.explanation import Cases

    with progress_bar("predicting", "pictures") as progress:
        predictions, findings = predict_files(source, paths, progress=progress)
    if not predictions:
        report_findings(findings, folder=source)
        raise InputRejectedError(f"{paths[0]}: no picture can be read, so that there is nothing to explain.")
    cases = Cases(
        names=tuple(prediction.path.name for prediction in predictions),
        pictures=np.stack([read_picture(p.path, size_hw=card.size_hw, resize=card.resize) for p in predictions]),
        y_true=_known_classes(opened, card, [prediction.path for prediction in predictions]),
        probabilities=np.stack([prediction.probabilities for prediction in predictions]),
    )
    return cases, findings


def _known_classes(opened: "Workspace", card: "ModelCard", paths: Sequence[Path]) -> tuple[int | None, ...]:
    """Look up what is seen in pictures that are the workspace's own crops."""
    from toonvision.core.errors import InputRejectedError

    try:
        with opened.reading() as catalog:
            labels = {crop.file: crop.label for crop in catalog.crops()}
    except InputRejectedError:
        return (None,) * len(paths)
    crops = opened.crops.resolve()
    known = [labels.get(path.name) if path.resolve().parent == crops else None for path in paths]
    names = [opened.taxonomy.class_of(label, card.level) if label else None for label in known]
    return tuple(card.classes.index(name) if name in card.classes else None for name in names)


def _explained(
    opened: "Workspace",
    model: "keras.Model",
    cases: "Cases",
    classes: "tuple[Category, ...]",
    folder: Path,
    *,
    layer: str | None,
    method: "Method",
    each: bool,
    seed: int,
) -> "Explanation":
    """Find out all about some cases, and draw it into a folder."""
    from toonvision.explain.cam import class_maps
    from toonvision.explain.explanation import Explanation, own_maps
    from toonvision.figures.panels import write_panel
    from toonvision.report.explain_panels import check_panels, evidence_panel, map_grid_panels

    shown = cases.judged.pictures if cases.judged else cases.pictures
    with progress_bar("weighing evidence", "pictures") as progress:
        maps = class_maps(model, shown, layer=layer, method=method, progress=progress)
    own = own_maps(cases, maps)
    panels = map_grid_panels(cases, own, classes, each=each, exact=maps.exact)
    with progress_bar("drawing maps", "images") as progress:
        for done, panel in enumerate(panels, start=1):
            write_panel(panel, folder)
            progress(done, len(panels))
    _show_layers(model, cases.pictures[0], folder, seed=seed)
    curves, steps = _check(model, cases, own, maps, seed=seed)
    for panel in check_panels(curves, steps, cases.names[:_MOST_CHECKED]):
        write_panel(panel, folder)
    evidence = _evidence(opened, cases.judged, maps, seed=seed) if cases.judged else None
    if cases.judged and evidence:
        write_panel(evidence_panel(cases.judged, evidence), folder)
    return Explanation(cases, classes, maps, curves, steps, evidence)


def _show_layers(model: "keras.Model", picture: "Pictures", folder: Path, *, seed: int) -> None:
    """Draw what every layer makes of a picture, and what every convolution looks for."""
    from toonvision.explain.activations import layer_activations
    from toonvision.explain.filters import ascent, convolutions, first_filters, responses
    from toonvision.figures.panels import write_panel
    from toonvision.report.explain_panels import activation_panels, filter_images_panel, first_filters_panel

    height, width, colours = picture.shape
    panels = activation_panels(layer_activations(model, picture), (height, width))
    first, *deeper = convolutions(model)
    if first.input.shape[-1] in {colours, 2 * colours}:
        panels.append(first_filters_panel(first.name, first_filters(model)))
    for number, one in enumerate(deeper, start=2):
        filters = range(min(_MOST_ASCENDED, one.output.shape[-1]))
        noise = ascent(model, one.name, filters, seed=seed, steps=0)
        climbed = ascent(model, one.name, filters, seed=seed)
        before, after = (responses(model, one.name, filters, pictures) for pictures in (noise, climbed))
        panels.append(filter_images_panel(one.name, number, climbed, before, after))
    for panel in panels:
        write_panel(panel, folder)


def _check(
    model: "keras.Model",
    cases: "Cases",
    own: "npt.NDArray[np.float32]",
    maps: "ClassMaps",
    *,
    seed: int,
) -> "tuple[TrustCurves, tuple[Randomisation, ...]]":
    """Delete, insert and randomise, for the first pictures."""
    import numpy as np

    from toonvision.explain.cam import class_maps
    from toonvision.explain.trust import randomisation, trust_curves

    pictures, predicted = cases.pictures[:_MOST_CHECKED], cases.predicted[:_MOST_CHECKED]
    rows = np.arange(len(pictures))

    def maps_of(network: "keras.Model") -> "npt.NDArray[np.float32]":
        values = class_maps(network, pictures, layer=maps.layer, method=maps.method).values
        chosen: npt.NDArray[np.float32] = values[rows, predicted]
        return chosen

    with progress_bar("deleting and inserting", "pictures") as progress:
        curves = trust_curves(model, pictures, own[rows, predicted], predicted, seed=seed, progress=progress)
    say("Drawing weights afresh.")
    steps = randomisation(model, maps_of, seed=seed)
    return curves, steps


def _evidence(opened: "Workspace", judged: "Evaluation", maps: "ClassMaps", *, seed: int) -> "MaskedEvidence | None":
    """Measure on what the evidence lies, for all crops of the judged part that have masks."""
    from toonvision.data.masks import crop_regions, has_masks
    from toonvision.explain.evidence import distinctive, measure_evidence
    from toonvision.explain.explanation import MaskedEvidence

    if not has_masks(opened):
        return None
    record, predicted = judged.record, judged.predicted
    found = [crop_regions(opened, crop, record.size_hw, resize=record.resize) for crop in judged.crops]
    places = tuple(at for at, mask in enumerate(found) if mask is not None)
    if not places:
        return None
    masks = [mask for mask in found if mask is not None]
    rows = list(places)
    told_apart = measure_evidence(distinctive(maps.values)[rows, predicted[rows]], masks)
    plain = measure_evidence(maps.values[rows, predicted[rows]], masks)
    sections = _sections(opened, judged, rows, told_apart, seed=seed)
    return MaskedEvidence(places, told_apart, plain, sections)


def _sections(
    opened: "Workspace", judged: "Evaluation", places: Sequence[int], evidence: "Evidence", *, seed: int
) -> "Sections":
    """Average evidence over all crops, by class and by place."""
    from toonvision.data.groups import group_keys
    from toonvision.explain.evidence import summarise

    titles = {context.name: context.title for context in opened.taxonomy.contexts}
    streets = [titles.get(judged.crops[at].context, judged.crops[at].context) for at in places]
    y_true = [judged.classes[judged.y_true[at]].title for at in places]
    shots = group_keys([judged.crops[at] for at in places])
    return [
        (title, summarise(evidence, groups, screenshots=shots, seed=seed))
        for title, groups in (("", ["All"] * len(places)), ("By class", y_true), ("By place", streets))
    ]
