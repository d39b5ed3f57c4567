"""The command about reasons: explain."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli.explain_display import explanation_data, explanation_renderables
from toonvision.cli.options import HERE, JsonOption, RunArgument, SeedOption, WorkspaceOption
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show

if TYPE_CHECKING:
    import keras
    import numpy as np
    import numpy.typing as npt

    from toonvision.core.errors import Finding
    from toonvision.data.workspace import Workspace
    from toonvision.evaluation.judge import Evaluation
    from toonvision.explain.cam import ClassMaps
    from toonvision.explain.evidence import Evidence
    from toonvision.explain.explanation import Cases, MaskedEvidence, Sections
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
    from toonvision.data.workspace import open_workspace
    from toonvision.explain.cam import class_maps
    from toonvision.explain.explanation import Explanation, own_maps
    from toonvision.models.backend import start_keras
    from toonvision.models.saving import load_model, read_card, require_taxonomy
    from toonvision.training.record import find_run

    opened = open_workspace(workspace)
    source = find_run(opened.runs, run)
    card = read_card(source)
    require_taxonomy(card, opened.taxonomy.digest, source)
    cases, findings = _given(opened, source, card, pictures) if pictures else (_chosen(opened, run, count), [])
    start_keras()
    _name_layers_afresh()
    model = load_model(source)
    shown = cases.judged.pictures if cases.judged else cases.pictures
    with progress_bar("weighing evidence", "pictures") as progress:
        maps = class_maps(model, shown, layer=layer, method=method, progress=progress)
    level = opened.taxonomy.level(card.level)
    classes = tuple(level.classes[level.order[name]] for name in card.classes)
    written = _Folder(source / _FOLDER)
    own = own_maps(cases, maps)
    _draw_cases(cases, own, classes, written, each=each, exact=maps.exact)
    _draw_layers(model, cases, written, seed=seed)
    curves, steps = _check(model, cases, own, maps, written, seed=seed)
    evidence = _evidence(opened, cases.judged, maps, written, seed=seed) if cases.judged else None
    found = Explanation(cases, classes, maps, curves, steps, evidence)
    report_findings(findings, folder=opened.root)
    data = {
        "run": f"{card.task}/{source.name}",
        "folder": str(written.path),
        "files": written.files,
        **explanation_data(found),
        "findings": [vars(finding) for finding in findings],
    }
    show(data, *explanation_renderables(found, written.path, written.files), as_json=as_json)
    exit_for(findings)


def _name_layers_afresh() -> None:
    """Let Keras count layers from the start, so that they are called alike however many networks were loaded."""
    import keras

    keras.backend.clear_session()


class _Folder:
    """Where figures and their data go, and what went there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[str] = []
        for old in path.glob("maps-*.*"):
            old.unlink()

    def draw(self, name: str, figure: Any) -> None:
        """Save a figure."""
        from toonvision.figures.save import save_png

        save_png(figure, self.path / f"{name}.png")
        self.files.append(f"{name}.png")

    def rows(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Save a figure's data."""
        from toonvision.core.files import write_text

        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row] for row in rows)
        write_text(self.path / f"{name}.csv", buffer.getvalue())
        self.files.append(f"{name}.csv")


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

    from toonvision.core.errors import UsageError
    from toonvision.data.batches import read_picture
    from toonvision.evaluation.predict import predict_files
    from toonvision.explain.explanation import Cases

    with progress_bar("predicting", "pictures") as progress:
        predictions, findings = predict_files(source, paths, progress=progress)
    if not predictions:
        report_findings(findings, folder=opened.root)
        exit_for(findings)
        raise UsageError(f"{paths[0]}: holds no picture. Name pictures, or folders of pictures.")
    cases = Cases(
        names=tuple(prediction.path.name for prediction in predictions),
        pictures=np.stack([read_picture(p.path, size_hw=card.size_hw, resize=card.resize) for p in predictions]),
        actual=_known_classes(opened, card, [prediction.path for prediction in predictions]),
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


def _draw_cases(
    cases: "Cases",
    own: "npt.NDArray[np.float32]",
    classes: "Sequence[Category]",
    written: _Folder,
    *,
    each: bool,
    exact: bool,
) -> None:
    """Draw the maps of all classes, one figure a picture."""
    import numpy as np

    from toonvision.figures.maps import draw_map_grid

    total = len(cases.names)
    with progress_bar("drawing maps", "pictures") as progress:
        for at, (name, actual, predicted) in enumerate(zip(cases.names, cases.actual, cases.predicted, strict=True)):
            figure = draw_map_grid(
                cases.pictures[at], own[at], classes, actual, int(predicted),
                cases.probabilities[at], normalise_each=each, unit="Evidence in logits" if exact else "Evidence",
            )  # fmt: skip
            stem = f"maps-{at + 1:02}-{Path(name).stem[:60]}"
            written.draw(stem, figure)
            cells = ([classes[k].name, row, column, float(v)] for (k, row, column), v in np.ndenumerate(own[at]))
            written.rows(stem, ["class", "row", "column", "evidence"], cells)
            progress(at + 1, total)


def _draw_layers(model: "keras.Model", cases: "Cases", written: _Folder, *, seed: int) -> None:
    """Draw what every layer makes of the first picture, and what every convolution looks for."""
    import numpy as np

    from toonvision.explain.activations import layer_activations
    from toonvision.explain.filters import ascent, convolutions, first_filters
    from toonvision.figures.activations import draw_activation
    from toonvision.figures.filters import draw_ascent, draw_first_filters

    of_kind: Counter[str] = Counter()
    for number, activation in enumerate(layer_activations(model, cases.pictures[0]), start=1):
        of_kind[activation.kind] += 1
        figure = draw_activation(activation, cases.pictures.shape[1:3], number=of_kind[activation.kind])
        written.draw(f"activations-{number:02}-{activation.name}", figure)
    first, *deeper = convolutions(model)
    if first.input.shape[-1] == cases.pictures.shape[-1]:
        weights = first_filters(model)
        written.draw(f"filters-01-{first.name}", draw_first_filters(weights))
        places = ([n, row, column, "RGB"[c], float(v)] for (row, column, c, n), v in np.ndenumerate(weights))
        written.rows(f"filters-01-{first.name}", ["filter", "row", "column", "colour", "weight_0_to_1"], places)
    for number, one in enumerate(deeper, start=2):
        filters = range(min(_MOST_ASCENDED, one.output.shape[-1]))
        written.draw(
            f"filters-{number:02}-{one.name}", draw_ascent(ascent(model, one.name, filters, seed=seed), number=number)
        )


def _check(
    model: "keras.Model",
    cases: "Cases",
    own: "npt.NDArray[np.float32]",
    maps: "ClassMaps",
    written: _Folder,
    *,
    seed: int,
) -> "tuple[TrustCurves, tuple[Randomisation, ...]]":
    """Delete, insert and randomise, for the first pictures, and draw how it went."""
    import numpy as np

    from toonvision.explain.cam import class_maps
    from toonvision.explain.trust import randomisation, trust_curves
    from toonvision.figures.trust import draw_randomisations, draw_trust_curves

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
    written.draw("deletion-insertion", draw_trust_curves(curves))
    names = ("deletion", "insertion", "random_deletion", "random_insertion")
    written.rows(
        "deletion-insertion",
        ["picture", "share_of_pixels", *names],
        (
            [cases.names[row], float(share), *(float(getattr(curves, name)[row, at]) for name in names)]
            for row in rows.tolist()
            for at, share in enumerate(curves.shares)
        ),
    )
    written.draw("randomisation", draw_randomisations(steps))
    written.rows(
        "randomisation",
        ["picture", "fresh_layers", "last_fresh_layer", "rank_correlation"],
        ([cases.names[row], s.fresh, s.layer, float(s.similarity[row])] for s in steps for row in rows.tolist()),
    )
    return curves, steps


def _evidence(
    opened: "Workspace", judged: "Evaluation", maps: "ClassMaps", written: _Folder, *, seed: int
) -> "MaskedEvidence | None":
    """Measure on what the evidence lies, for all crops of the judged part that have masks, and draw it."""
    from toonvision.data.masks import crop_parts, has_masks
    from toonvision.explain.evidence import distinctive, measure_evidence
    from toonvision.explain.explanation import MaskedEvidence

    if not has_masks(opened):
        return None
    record, predicted = judged.record, judged.predicted
    found = [crop_parts(opened, crop, record.size_hw, resize=record.resize) for crop in judged.crops]
    places = tuple(at for at, mask in enumerate(found) if mask is not None)
    if not places:
        return None
    masks = [mask for mask in found if mask is not None]
    rows = list(places)
    told_apart = measure_evidence(distinctive(maps.values)[rows, predicted[rows]], masks)
    plain = measure_evidence(maps.values[rows, predicted[rows]], masks)
    sections = _sections(opened, judged, rows, told_apart, seed=seed)
    evidence = MaskedEvidence(places, told_apart, plain, sections)
    _draw_evidence(judged, evidence, written)
    return evidence


def _sections(
    opened: "Workspace", judged: "Evaluation", places: Sequence[int], evidence: "Evidence", *, seed: int
) -> "Sections":
    """Average evidence over all crops, by class and by place."""
    from toonvision.data.splits import group_keys
    from toonvision.explain.evidence import summarise

    titles = {context.name: context.title for context in opened.taxonomy.contexts}
    streets = [titles.get(judged.crops[at].context, judged.crops[at].context) for at in places]
    actual = [judged.classes[judged.actual[at]].title for at in places]
    shots = group_keys([judged.crops[at] for at in places])
    return [
        (title, summarise(evidence, groups, screenshots=shots, seed=seed))
        for title, groups in (("", ["All"] * len(places)), ("By class", actual), ("By place", streets))
    ]


def _draw_evidence(judged: "Evaluation", evidence: "MaskedEvidence", written: _Folder) -> None:
    import numpy as np

    from toonvision.data.masks import REGIONS
    from toonvision.figures.trust import draw_evidence

    written.draw("evidence", draw_evidence(evidence.sections))
    names, predicted = judged.class_names, judged.predicted
    tables = (evidence.told_apart.shares, evidence.plain.shares, evidence.told_apart.areas)
    rows = (
        [judged.crops[at].file, judged.crops[at].context, names[judged.actual[at]], names[predicted[at]]]
        + [float(value) for values in tables for value in values[number]]
        for number, at in enumerate(evidence.places)
    )
    written.rows(
        "evidence",
        ["crop", "context", "actual", "predicted"]
        + [f"{what}_{region}" for what in ("share", "share_of_plain_map", "area") for region in REGIONS],
        (["" if isinstance(cell, float) and np.isnan(cell) else cell for cell in row] for row in rows),
    )
