"""What a run that finds objects says: its scores, and the objects in pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toonvision.api.base import StoredRun
from toonvision.api.result import Block, Result
from toonvision.api.run_words import beaten, score_text, spread_text
from toonvision.api.segmenting import quality_of_pixels, write_masks
from toonvision.api.watching import Watcher
from toonvision.core.errors import Finding, UsageError
from toonvision.core.folders import new_folders
from toonvision.core.names import derived_name, different_stems
from toonvision.core.panels import rows_csv, table
from toonvision.core.wording import counted, percent
from toonvision.metrics.found_objects import FoundObject, FoundObjects
from toonvision.metrics.named_pixels import whole_pixels
from toonvision.taxonomy.labels import PIXEL_LEVEL, Taxonomy

if TYPE_CHECKING:
    from toonvision.evaluation.evaluate import Evaluation

_EDGES = ("x_min", "y_min", "x_max", "y_max")


def box_blocks(evaluation: "Evaluation[Any]", taxonomy: Taxonomy) -> tuple[Block, ...]:
    """Return how good a run's boxes are, and its pixels if it names them, as tables and sentences."""
    from toonvision.tasks.detect_panels import classes_table, heights_table
    from toonvision.tasks.joint_panels import joint_table

    best, counts = evaluation.best, evaluation.best.counts
    images = len(evaluation.items)
    lines = [
        f"Found: {counts.found} of {counted(counts.total, 'object')}, with "
        f"{counted(counts.false_alarms, 'false alarm')} in {counted(images, 'screenshot')}. "
        f"AP {score_text(best.precision.ap)}, AP50 {score_text(best.precision.ap50)}.",
        f"Without a miss or a false alarm: {images - evaluation.spread.wrong[evaluation.best_index]} of "
        f"{counted(images, 'screenshot')}.",
    ]
    if len(evaluation.scores) > 1:
        each = [one.precision for one in evaluation.scores]
        ap50, ap = spread_text("AP50", [one.ap50 for one in each]), spread_text("AP", [one.ap for one in each])
        lines.append(f"Over {len(each)} trainings: {ap50}; {ap}.")
    lines += beaten(evaluation)
    if best.pixels is not None:
        others = " Other screenshots have no mask." * (len(best.pixels.truth) < images)
        lines.append(f"{quality_of_pixels(best.pixels)}{others}")
    named = joint_table(evaluation, taxonomy)
    classes = replace(classes_table(evaluation), title=evaluation.title)
    return classes, heights_table(evaluation), *([named] if named else []), "\n".join(lines)


def detect(
    run: StoredRun,
    pictures: Sequence[Path],
    *,
    save: Path | None,
    voc: Path | None,
    masks: Path | None,
    keras: bool,
) -> Result[list[FoundObjects]]:
    """Find the objects in pictures with a run, and name their pixels if masks are asked for; see `Run.predict`.

    Raises:
        UsageError: If the run names no pixels, or a folder to write to is not empty.
        InputRejectedError: If no such picture exists.
        ModelRefusedError: If the model cannot be used.
    """
    from toonvision.api.predicting import predict_files, require_paths
    from toonvision.models.saving import read_card

    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    if masks is not None and not card.pixels:
        raise UsageError(f"--masks is for runs that name pixels; {run.name} finds boxes alone. Leave it out.")
    require_paths(pictures, save=save, voc=voc, masks=masks)
    found, findings = predict_files(run, pictures, keras=keras, pixels=masks is not None)
    keep(taxonomy, run.workspace.watcher, found, save=save, voc=voc, masks=masks)
    return of_run(run, found_result(card.level, taxonomy.all_parents(card.level), found, findings))


def keep(
    taxonomy: Taxonomy,
    watcher: Watcher,
    found: Sequence[FoundObjects],
    *,
    save: Path | None,
    voc: Path | None,
    masks: Path | None = None,
) -> None:
    """Draw the boxes onto copies of the pictures, write them as annotations, and the pixels as masks, where asked for.

    All of that is there afterwards, or nothing.
    """
    said = []
    with new_folders(save, voc, masks) as (drawn_in, boxes_in, masks_in):
        if drawn_in is not None:
            from toonvision.report.answers import write_found

            classes = [category for level in taxonomy.all_levels for category in level.classes]
            if drawn := write_found(found, classes, drawn_in):
                said.append(f"Drew the boxes onto {counted(drawn, 'picture')} in {save}")
        if boxes_in is not None:
            write_voc(found, boxes_in)
            said.append(f"Wrote the boxes of {counted(len(found), 'picture')} as Pascal VOC to {voc}")
        if masks_in is not None:
            named = [(one.path, whole_pixels(one.pixels, one.size_wh)) for one in found if one.pixels is not None]
            write_masks(named, taxonomy.level(PIXEL_LEVEL).classes, masks_in)
            said.append(f"Wrote the masks of {counted(len(named), 'picture')} to {masks}")
    for text in said:
        watcher.say(text)


def write_voc(found: Sequence[FoundObjects], folder: Path) -> None:
    """Write the objects of each picture as a Pascal VOC file, numbered as the pictures are where two have one stem."""
    from toonvision.data.boxes import AnnotatedObject
    from toonvision.data.formats import pascal_voc

    for one, stem in zip(found, different_stems([one.path for one in found]), strict=True):
        objects = [AnnotatedObject(at, thing.label, thing.box) for at, thing in enumerate(one.objects, start=1)]
        pascal_voc.write(
            folder / derived_name(stem, ".xml"), picture=one.path.name, size_wh=one.size_wh, objects=objects
        )


def of_run(run: StoredRun, result: Result[list[FoundObjects]]) -> Result[list[FoundObjects]]:
    """Return the objects that a run found, with its folder, and the command that comes next."""
    return replace(result, folder=run.folder, next=run.next_step())


def found_result(
    level: str, above: Mapping[str, Mapping[str, str]], found: list[FoundObjects], findings: Sequence[Finding]
) -> Result[list[FoundObjects]]:
    """Return what a detector of a level found; `above` has the class at each coarser level of each of its classes."""

    def levels(one: FoundObject) -> dict[str, Any]:
        return {"levels": {level: one.label, **{name: names.get(one.label) for name, names in above.items()}}}

    def cells(one: FoundObject) -> list[str]:
        return [one.label, *(names.get(one.label) or "-" for names in above.values()), percent(one.score)]

    columns = ["Object", *(name.capitalize() for name in above), "Confidence"]
    return objects_result([level, *above], found, findings, columns, cells, levels)


def objects_result(
    levels: Sequence[str],
    found: list[FoundObjects],
    findings: Sequence[Finding],
    columns: Sequence[str],
    cells_of: Callable[[FoundObject], Sequence[str]],
    data_of: Callable[[FoundObject], dict[str, Any]],
    *,
    classes: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Result[list[FoundObjects]]:
    """Return the objects of pictures as a table and as plain data.

    Args:
        levels: The levels of which an object may have a class, that of the detector first.
        found: The objects.
        findings: What could not be read, and what is to be known.
        columns: What the table says of an object beside its picture and its box.
        cells_of: Returns the same of an object.
        data_of: Returns what else is known of an object: ``levels``, a class or None for each level, and more, such as
            ``verdicts``, what classifiers say.
        classes: The classes of each classifier, by its level.
    """
    from toonvision.api.predicting import NOTHING_READ

    data: list[dict[str, Any]] = [
        {
            "picture": str(picture.path),
            "objects": [
                {"label": one.label, "score": one.score, "box": list(one.box), **data_of(one)}
                for one in picture.objects
            ],
        }
        for picture in found
    ]
    rows = [[picture.path, *cells_of(one), *one.box] for picture in found for one in picture.objects]
    without = sum(not picture.objects for picture in found)
    text = f"{counted(len(rows), 'object')} in {counted(len(found), 'picture')}; {without} of them without any."
    blocks: tuple[Block, ...] = (text,) if found else (NOTHING_READ,)
    return Result(
        found,
        (table("Objects", ["Picture", *columns, *_EDGES], rows, names=1 + len(columns)), *blocks) if rows else blocks,
        {
            "pictures": data,
            "levels": list(levels),
            "classes": {level: list(names) for level, names in classes.items()},
        },
        findings=tuple(findings),
    )


def objects_csv(result: Result[list[FoundObjects]]) -> str:
    """Return a row for each object: its class at every level, how sure the detector is, and its box.

    Behind that stands what classifiers say of it, with all probabilities.
    """
    from toonvision.api.predicting import verdict_cells, verdict_columns

    classes: Mapping[str, Sequence[str]] = result.data["classes"]
    found, *others = result.data["levels"]
    names = [found, *(name for name in others if name not in classes)] if classes else others
    own = ("picture", "label", *names, "score", *_EDGES)
    said = {level: verdict_columns(level, listed) for level, listed in classes.items()}
    columns = tuple(dict.fromkeys((*own, *(name for listed in said.values() for name in listed))))
    rows = []
    for picture in result.data["pictures"]:
        for one in picture["objects"]:
            verdicts = {
                name: cell
                for level, verdict in one.get("verdicts", {}).items()
                for name, cell in zip(said[level], verdict_cells(verdict), strict=True)
            }
            levels = [one["levels"].get(name) or "" for name in names]
            cells = (picture["picture"], one["label"], *levels, f"{one['score']:.6f}", *map(str, one["box"]))
            row = verdicts | dict(zip(own, cells, strict=True))  # at the level `label` both have that column
            rows.append(tuple(row.get(name, "") for name in columns))
    return rows_csv((columns, *rows))
