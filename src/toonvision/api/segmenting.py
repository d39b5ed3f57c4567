"""What a run that names pixels says: its scores, and the classes of the pixels of pictures."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageColor

from toonvision.api.base import StoredRun
from toonvision.api.result import Block, Result
from toonvision.api.run_words import beaten, spread_text
from toonvision.core.errors import Finding
from toonvision.core.files import write_bytes
from toonvision.core.folders import new_folders
from toonvision.core.names import derived_name, different_stems
from toonvision.core.panels import rows_csv, table
from toonvision.core.wording import counted, percent
from toonvision.metrics.named_pixels import NamedPixels, Pixels
from toonvision.taxonomy.labels import Category

if TYPE_CHECKING:
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.tasks.pixel_scores import PixelScores


def pixel_blocks(evaluation: "Evaluation[Any]") -> tuple[Block, ...]:
    """Return how good a run's maps of classes are, as a table and sentences."""
    from toonvision.tasks.segment_panels import pixels_table

    best = evaluation.best
    images = counted(len(evaluation.items), "screenshot")
    good = len(evaluation.items) - evaluation.spread.wrong[evaluation.best_index]
    lines = [
        quality_of_pixels(best),
        f"Nine in ten pixels or more are right in {good} of {images}.",
    ]
    if len(evaluation.scores) > 1:
        each = [float(one.quality.mean_iou) for one in evaluation.scores]
        lines.append(f"Over {len(each)} trainings: {spread_text('mean IoU', each)}.")
    lines += beaten(evaluation)
    return replace(pixels_table(evaluation), title=evaluation.title), "\n".join(lines)


def quality_of_pixels(scores: "PixelScores") -> str:
    """Return how good maps of classes are, as a sentence."""
    mean = scores.mean_iou
    return (
        f"Mean IoU {mean.value:.3f} ({mean.within()}), boundary F1 "
        f"{scores.mean_boundary_f1.value:.3f}; {percent(scores.right.value)} of the pixels of "
        f"{counted(len(scores.truth), 'screenshot')} are right."
    )


def segment(
    run: StoredRun, pictures: Sequence[Path], *, save: Path | None, masks: Path | None, keras: bool
) -> Result[list[NamedPixels]]:
    """Name the pixels of pictures with a run; see `Run.predict`.

    Raises:
        UsageError: If a folder to write to is not empty.
        InputRejectedError: If no such picture exists.
        ModelRefusedError: If the model cannot be used.
    """
    from toonvision.api.predicting import predict_files, require_paths
    from toonvision.models.saving import read_card

    taxonomy = run.workspace.files.taxonomy
    card = read_card(run.folder, taxonomy=taxonomy)
    require_paths(pictures, save=save, masks=masks)
    found, findings = predict_files(run, pictures, keras=keras)
    categories = taxonomy.level(card.level).by_name
    _keep(run, found, [categories[name] for name in card.classes], save=save, masks=masks)
    result = shares_result(found, findings, {name: categories[name].title for name in card.classes})
    return replace(result, folder=run.folder, next=run.next_step())


def shares_result(
    found: list[NamedPixels], findings: Sequence[Finding], titles: Mapping[str, str]
) -> Result[list[NamedPixels]]:
    """Return which share of the pixels each class has, as a table and as plain data; `titles` are those of classes."""
    from toonvision.api.predicting import NOTHING_READ

    data: list[dict[str, Any]] = [
        {"picture": str(one.path), "confidence": one.score, "shares": dict(one.shares)} for one in found
    ]
    rows = [[one["picture"], percent(one["confidence"]), *map(percent, one["shares"].values())] for one in data]
    columns = ["Picture", "Confidence", *titles.values()]
    text = f"Named the pixels of {counted(len(found), 'picture')}. The table shows which share each class has."
    blocks: tuple[Block, ...] = (table("Pixels", columns, rows), text) if found else (NOTHING_READ,)
    return Result(
        found,
        blocks,
        {"pictures": data, "classes": list(titles)},
        findings=tuple(findings),
    )


def _keep(
    run: StoredRun, found: Sequence[NamedPixels], classes: Sequence[Category], *, save: Path | None, masks: Path | None
) -> None:
    """Paint the classes over copies of the pictures, and write them as masks, where that was asked for."""
    watcher = run.workspace.watcher
    with new_folders(save, masks) as (painted_in, masks_in):
        if painted_in is not None:
            from toonvision.report.answers import write_painted

            write_painted(found, classes, painted_in)
        if masks_in is not None:
            write_masks([(one.path, one.whole) for one in found], classes, masks_in)
    if save is not None:
        watcher.say(f"Painted the classes over {counted(len(found), 'picture')} in {save}")
    if masks is not None:
        watcher.say(f"Wrote the masks of {counted(len(found), 'picture')} to {masks}")


def write_masks(found: Sequence[tuple[Path, Pixels]], classes: Sequence[Category], folder: Path) -> None:
    """Write the classes of the pixels of pictures as masks that can be learned from, numbered where two have one stem.

    A mask is a PNG as large as its picture, whose values are the classes; its colours are only for display.
    """
    palette = [channel for one in classes for channel in ImageColor.getrgb(one.color)]
    for (_, pixels), stem in zip(found, different_stems([path for path, _ in found]), strict=True):
        image, content = Image.fromarray(pixels), io.BytesIO()
        image.putpalette(palette)
        image.save(content, "PNG")
        write_bytes(folder / derived_name(stem, ".png"), content.getvalue())


def shares_csv(result: Result[list[NamedPixels]]) -> str:
    """Return a row for each picture: how sure the run is, and which share of its pixels each class has."""
    rows = (
        (one["picture"], f"{one['confidence']:.6f}", *(f"{share:.6f}" for share in one["shares"].values()))
        for one in result.data["pictures"]
    )
    return rows_csv((("picture", "confidence", *result.data["classes"]), *rows))
