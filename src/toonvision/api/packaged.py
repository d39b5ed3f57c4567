"""Predicting with the models that come with the package, before anything is annotated or trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.api.predicting import (
    NOTHING_READ,
    draw_answers,
    require_paths,
    verdict_cells,
    verdict_columns,
    verdict_data,
)
from toonvision.api.result import Block, Result
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.names import Paths, paths_of
from toonvision.core.panels import Table, rows_csv, table
from toonvision.core.wording import counted, percent
from toonvision.deploy.packaged import accuracy_text, packaged_accuracy, packaged_models
from toonvision.metrics.predictions import Prediction
from toonvision.taxonomy.labels import Category, Taxonomy
from toonvision.taxonomy.loader import built_in

if TYPE_CHECKING:
    from toonvision.deploy.classifier import Classifier


@dataclass(frozen=True)
class LevelPredictions:
    """What models of several levels predict for one picture.

    Attributes:
        path: The picture.
        by_level: The prediction of each level, the coarsest first; None where no class of the level belongs to what
            is predicted at a coarser one, as a Toon has no suit.
    """

    path: Path
    by_level: Mapping[str, Prediction | None]

    @property
    def finest(self) -> Prediction:
        """The prediction of the finest level that has one."""
        return [one for one in self.by_level.values() if one is not None][-1]


def predict_with(
    name: str, pictures: Paths, *, save: Path | str | None = None, watcher: Watcher = NOBODY
) -> Result[list[LevelPredictions]]:
    """Predict pictures of one object each with the models that come with the package; no workspace is needed.

    Args:
        name: The taxonomy that the models are for, such as ``toontown``.
        pictures: Pictures, or folders of pictures.
        save: A new folder for copies of the pictures with the answers drawn onto them.
        watcher: What watches the progress.

    Raises:
        UsageError: If the package has no models for that taxonomy, or `save` exists already.
        InputRejectedError: If no such picture exists.
    """
    models, taxonomy = packaged_models(name), built_in(name)
    paths, folder = paths_of(pictures) or [], None if save is None else Path(save)
    require_paths(paths, save=folder)
    result = predict_levels(models, taxonomy, paths, watcher=watcher)
    if folder is not None:
        categories = [category for level in models for category in taxonomy.level(level).classes]
        draw_answers([one.finest for one in result.value], categories, folder, watcher)
    return result


def predict_levels(
    models: "Mapping[str, Classifier]", taxonomy: Taxonomy, paths: Sequence[Path], *, watcher: Watcher = NOBODY
) -> Result[list[LevelPredictions]]:
    """Predict pictures with the opened models that come with the package for a taxonomy, by their levels."""
    name, found = taxonomy.name, dict[str, list[Prediction]]()
    for level, model in models.items():
        with watcher.progress(f"predicting the {level}", "pictures") as progress:
            found[level], findings = model.predict_files(paths, progress=progress)
    predictions = _joined(taxonomy, found)
    categories = {category.name: category for level in models for category in taxonomy.level(level).classes}
    data = {
        "predictions": [_data(one) for one in predictions],
        "classes": {level: list(model.classes) for level, model in models.items()},
        "accuracy": {level: share.plain() for level, share in packaged_accuracy(name).items()},
    }
    blocks: list[Block] = [NOTHING_READ]
    if predictions:
        blocks = [_table(list(models), categories, predictions), _none_text(predictions)]
    learned = f"These models learned from drawings alone; {accuracy_text(name)}."
    return Result(predictions, (*blocks, learned), data, findings=tuple(findings))


def _joined(taxonomy: Taxonomy, found: Mapping[str, Sequence[Prediction]]) -> list[LevelPredictions]:
    """Return for each picture those predictions of several levels, the coarsest first, that go together."""
    (coarsest, first), *finer = found.items()
    by_path = {level: {one.path: one for one in predictions} for level, predictions in finer}

    def joined(prediction: Prediction) -> LevelPredictions:
        kept: dict[str, Prediction | None] = {coarsest: prediction}
        for level, own in by_path.items():
            one = own.get(prediction.path)
            kept[level] = one if one and all(_belongs(taxonomy, level, one, *above) for above in kept.items()) else None
        return LevelPredictions(prediction.path, kept)

    return [joined(prediction) for prediction in first]


def _belongs(taxonomy: Taxonomy, level: str, own: Prediction, other: str, above: Prediction | None) -> bool:
    """Return whether a prediction of a level can be true if that of another level is."""
    parents = taxonomy.parents(level, other)
    if not parents:
        return True
    return above is not None and not above.none_of_these and parents.get(own.predicted) == above.predicted


def _table(levels: Sequence[str], categories: Mapping[str, Category], predictions: Sequence[LevelPredictions]) -> Table:
    def title(one: Prediction | None) -> str:
        return "-" if one is None else "none of these" if one.none_of_these else categories[one.predicted].title

    def sure(one: Prediction | None) -> str:
        return "-" if one is None else percent(one.confidence)

    columns = ["Picture", *(level.capitalize() for level in levels), f"Confidence: {levels[0]}", *levels[1:]]
    rows = [[one.path, *map(title, one.by_level.values()), *map(sure, one.by_level.values())] for one in predictions]
    return table("Predictions", columns, rows, names=1 + len(levels))


def _none_text(predictions: Sequence[LevelPredictions]) -> str:
    count = sum(one.finest.none_of_these for one in predictions)
    return (
        f"None of these: {count} of {counted(len(predictions), 'picture')}, unlike anything that the models learned; "
        "they learned from pictures of one figure each, cut out at its edges."
    )


def _data(one: LevelPredictions) -> dict[str, Any]:
    levels = {level: None if own is None else verdict_data(own) for level, own in one.by_level.items()}
    return {"picture": str(one.path), "levels": levels}


def level_predictions_csv(result: Result[list[LevelPredictions]]) -> str:
    """Return a row for each picture: for every level what is predicted, and all probabilities."""
    classes: Mapping[str, Sequence[str]] = result.data["classes"]
    rows = [("picture", *(name for level, own in classes.items() for name in verdict_columns(level, own)))]
    for one in result.data["predictions"]:
        cells = [
            cell
            for level, own in one["levels"].items()
            for cell in (verdict_cells(own) if own else [""] * len(verdict_columns(level, classes[level])))
        ]
        rows.append((one["picture"], *cells))
    return rows_csv(tuple(rows))
