"""The command about reasons: explain."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli.options import HERE, JsonOption, RunArgument, SeedOption, WorkspaceOption
from toonvision.cli.output import exit_for, progress_bar, report_findings, say, show, table

if TYPE_CHECKING:
    import keras
    import numpy as np
    import numpy.typing as npt

    from toonvision.core.errors import Finding
    from toonvision.data.batches import Pictures
    from toonvision.data.workspace import Workspace
    from toonvision.evaluation.judge import Evaluation
    from toonvision.explain.cam import ClassMaps
    from toonvision.explain.evidence import GroupEvidence
    from toonvision.explain.trust import Randomisation, TrustCurves
    from toonvision.models.saving import ModelCard
    from toonvision.taxonomy.labels import Category

_FOLDER = Path("figures") / "explain"
_MOST_CHECKED, _MOST_ASCENDED = 12, 16
"""How many pictures are deleted and inserted step by step; how many filters of a layer are climbed to."""


@dataclass(frozen=True, eq=False)
class _Cases:
    """The pictures to explain.

    Attributes:
        names: What to call them.
        pictures: Shape ``(pictures, height, width, 3)``, 0 to 255.
        actual: Places of the true classes; None where nobody knows.
        probabilities: Shape ``(pictures, classes)``.
        judged: The judged part that they are from; None of other pictures.
        places: Their places in that part.
    """

    names: tuple[str, ...]
    pictures: "Pictures"
    actual: tuple[int | None, ...]
    probabilities: "npt.NDArray[np.float32]"
    judged: "Evaluation | None" = None
    places: tuple[int, ...] = ()

    @property
    def predicted(self) -> "npt.NDArray[np.int64]":
        """Places of the predicted classes."""
        predicted: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predicted


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
    own = maps.values[list(cases.places)] if cases.judged else maps.values
    _draw_cases(cases, own, classes, written, each=each, exact=maps.exact)
    _draw_layers(model, cases, written, seed=seed)
    curves, steps = _check(model, cases, own, maps, written, seed=seed)
    groups = _evidence(opened, cases.judged, maps, written, seed=seed) if cases.judged else []
    warnings = _warnings(cases, own, maps, curves, steps, groups)
    report_findings(findings, folder=opened.root)
    data = {
        "run": f"{card.task}/{source.name}",
        "folder": str(written.path),
        "files": written.files,
        "layer": maps.layer,
        "method": maps.method,
        "pictures": _case_rows(cases, card.classes),
        "deletion": {"area": _mean(curves.area("deletion")), "random": _mean(curves.area("random_deletion"))},
        "insertion": {"area": _mean(curves.area("insertion")), "random": _mean(curves.area("random_insertion"))},
        "randomisation": [{"layer": step.layer, "fresh": step.fresh, "similarity": step.mean} for step in steps],
        "evidence": [{"by": title, **_group_data(group)} for title, members in groups for group in members],
        "warnings": warnings,
        "findings": [vars(finding) for finding in findings],
    }
    show(data, *_renderables(cases, classes, curves, steps, groups, warnings, written), as_json=as_json)
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


def _chosen(opened: "Workspace", run: str, count: int) -> _Cases:
    """Choose the wrong ones of the test part, the gravest first, then the least sure."""
    import numpy as np

    from toonvision.cli.model_verbs import judge

    judged, _ = judge(opened, run, "test")
    places = list(dict.fromkeys([*judged.wrong.tolist(), *judged.unsure.tolist()]))[:count]
    return _Cases(
        names=tuple(judged.crops[at].file for at in places),
        pictures=np.asarray(judged.pictures[places]),
        actual=tuple(int(judged.actual[at]) for at in places),
        probabilities=judged.own[places],
        judged=judged,
        places=tuple(places),
    )


def _given(
    opened: "Workspace", source: Path, card: "ModelCard", paths: Sequence[Path]
) -> "tuple[_Cases, list[Finding]]":
    """Read and predict the pictures that were asked for."""
    import numpy as np

    from toonvision.core.errors import UsageError
    from toonvision.data.batches import read_picture
    from toonvision.evaluation.predict import predict_files

    with progress_bar("predicting", "pictures") as progress:
        predictions, findings = predict_files(source, paths, progress=progress)
    if not predictions:
        report_findings(findings, folder=opened.root)
        exit_for(findings)
        raise UsageError(f"{paths[0]}: holds no picture. Name pictures, or folders of pictures.")
    cases = _Cases(
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
    cases: _Cases,
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


def _draw_layers(model: "keras.Model", cases: _Cases, written: _Folder, *, seed: int) -> None:
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
    cases: _Cases,
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
) -> "list[tuple[str, tuple[GroupEvidence, ...]]]":
    """Measure on what the evidence lies, for all crops of the judged part that have masks."""
    import numpy as np

    from toonvision.data.masks import REGIONS, crop_parts, has_masks
    from toonvision.data.splits import group_keys
    from toonvision.explain.evidence import distinctive, measure_evidence, summarise
    from toonvision.figures.trust import draw_evidence

    if not has_masks(opened):
        return []
    record, predicted = judged.record, judged.predicted
    found = [crop_parts(opened, crop, record.size_hw, resize=record.resize) for crop in judged.crops]
    places = [at for at, mask in enumerate(found) if mask is not None]
    if not places:
        return []
    masks = [mask for mask in found if mask is not None]
    evidence = measure_evidence(distinctive(maps.values)[places, predicted[places]], masks)
    plain = measure_evidence(maps.values[places, predicted[places]], masks)
    titles = {context.name: context.title for context in opened.taxonomy.contexts}
    streets = [titles.get(judged.crops[at].context, judged.crops[at].context) for at in places]
    actual = [judged.classes[judged.actual[at]].title for at in places]
    shots = group_keys([judged.crops[at] for at in places])
    sections = [
        (title, summarise(evidence, groups, screenshots=shots, seed=seed))
        for title, groups in (("", ["All"] * len(places)), ("By class", actual), ("By place", streets))
    ]
    written.draw("evidence", draw_evidence(sections))
    names = judged.class_names
    rows = (
        [judged.crops[at].file, judged.crops[at].context, names[judged.actual[at]], names[predicted[at]]]
        + [float(value) for row in (evidence.shares, plain.shares, evidence.areas) for value in row[number]]
        for number, at in enumerate(places)
    )
    written.rows(
        "evidence",
        ["crop", "context", "actual", "predicted"]
        + [f"{what}_{region}" for what in ("share", "share_of_plain_map", "area") for region in REGIONS],
        (["" if isinstance(cell, float) and np.isnan(cell) else cell for cell in row] for row in rows),
    )
    return sections


def _warnings(
    cases: _Cases,
    own: "npt.NDArray[np.float32]",
    maps: "ClassMaps",
    curves: "TrustCurves",
    steps: "Sequence[Randomisation]",
    groups: "Sequence[tuple[str, Sequence[GroupEvidence]]]",
) -> list[str]:
    """Say in plain words what the checks found, the gravest first."""
    import numpy as np

    from toonvision.explain.evidence import distinctive, evidence_warnings
    from toonvision.explain.trust import (
        check_maps,
        curves_warning,
        fixed_spot,
        map_warnings,
        randomisation_warning,
        spot_warning,
    )

    found = [randomisation_warning(steps), curves_warning(curves)]
    if cases.judged:
        told_apart = distinctive(maps.values)[np.arange(len(maps.values)), cases.judged.predicted]
        found.append(spot_warning(fixed_spot(told_apart)))
    found += [warning for _, members in groups for group in members for warning in evidence_warnings(group)]
    checks = check_maps(own[np.arange(len(own)), cases.predicted], size_hw=cases.pictures.shape[1:3])
    return [*(warning for warning in found if warning), *map_warnings(checks, cases.names)]


def _case_rows(cases: _Cases, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "picture": name,
            "actual": None if actual is None else names[actual],
            "predicted": names[predicted],
            "confidence": float(row[predicted]),
        }
        for name, actual, predicted, row in zip(
            cases.names, cases.actual, cases.predicted, cases.probabilities, strict=True
        )
    ]


def _group_data(group: "GroupEvidence") -> Mapping[str, Any]:
    return {
        "group": group.name,
        "crops": group.crops,
        "screenshots": group.screenshots,
        "without_evidence": group.empty,
        "regions": {
            region.region: {
                "share": region.share if group.crops else None,
                "interval_95": list(region.interval),
                "area": region.area,
            }
            for region in group.regions
        },
    }


def _renderables(
    cases: _Cases,
    classes: "Sequence[Category]",
    curves: "TrustCurves",
    steps: "Sequence[Randomisation]",
    groups: "Sequence[tuple[str, Sequence[GroupEvidence]]]",
    warnings: Sequence[str],
    written: _Folder,
) -> list[Any]:
    """Give the results as tables and sentences."""
    titles = [category.title for category in classes]
    rows = [
        [name, "-" if actual is None else titles[actual], titles[predicted], f"{row[predicted]:.1%}"]
        for name, actual, predicted, row in zip(
            cases.names, cases.actual, cases.predicted, cases.probabilities, strict=True
        )
    ]
    lines = [
        f"Deletion: area {_mean(curves.area('deletion')):.2f}, random {_mean(curves.area('random_deletion')):.2f} "
        "(lower is better).",
        f"Insertion: area {_mean(curves.area('insertion')):.2f}, random {_mean(curves.area('random_insertion')):.2f} "
        "(higher is better).",
        f"With all weights drawn afresh, maps are {steps[-1].mean:.2f} like the trained ones (lower is better).",
    ]
    shown: list[Any] = [table("Explained", ["Picture", "Actual", "Predicted", "Confidence"], rows, names=3)]
    if groups:
        shown.append(_evidence_table(groups))
    elif cases.judged:
        lines.append("There are no masks, so it is not known how much of the evidence lies on the figures.")
    told = [f"Beware: {warning}" for warning in warnings] or ["Nothing speaks against these maps."]
    return [*shown, "\n".join([*lines, *told, f"{len(written.files)} files in {written.path}"])]


def _evidence_table(groups: "Sequence[tuple[str, Sequence[GroupEvidence]]]") -> Any:
    columns = ["Evidence on", "Crops", "Figure", "95 %", "Its area", "Cloth", "Head", "Hands", "Rest", "Background"]
    rows: list[list[object]] = []
    for _, members in groups:
        for group in (member for member in members if member.crops):
            figure = group.of("figure")
            shares = [group.of(name).share for name in ("cloth", "head", "hands", "other", "background")]
            low, high = figure.interval
            rows.append(
                [group.name, group.crops, f"{figure.share:.0%}", f"{low:.0%}-{high:.0%}", f"{figure.area:.0%}"]
                + [f"{share:.0%}" for share in shares]
            )
    return table("Where the evidence lies that tells a picture from the average one", columns, rows)


def _mean(values: "npt.NDArray[np.float64]") -> float:
    return float(values.mean())
