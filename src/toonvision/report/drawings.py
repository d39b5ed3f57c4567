"""The figures of a report: which there are, what they are called, and what they show in words."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.data.balance import Balance
from toonvision.data.splits import SplitSummary
from toonvision.evaluation.judge import Evaluation
from toonvision.figures.balance import draw_balance, shown_tables
from toonvision.figures.confusion import draw_confusion
from toonvision.figures.curves import Curve, draw_curves
from toonvision.figures.gallery import Judged, draw_gallery, draw_unsure
from toonvision.figures.parts import draw_parts
from toonvision.figures.save import Drawing, save_png
from toonvision.figures.scores import draw_scores
from toonvision.figures.shortages import draw_shortages
from toonvision.figures.spread import draw_spread
from toonvision.report.contents import Picture, class_rows
from toonvision.report.wording import counted, listed
from toonvision.taxonomy.labels import Taxonomy

MOST_WRONG, MOST_UNSURE = 20, 10


def balance_pictures(balance: Balance, taxonomy: Taxonomy, folder: Path) -> tuple[Picture, ...]:
    """Draw what was collected, and what is missing if anything is."""
    tables = shown_tables(balance, taxonomy)
    totals = [f"{c.title} {n:,}" for c, n in zip(tables[-1].classes, tables[-1].totals.tolist(), strict=True)]
    contexts = len(tables[0].columns)
    found = [
        _picture(
            folder, "balance", draw_balance(balance, taxonomy), "Balance",
            f"Bars of {counted(balance.crops, 'sample')} by {listed([table.level.title for table in tables])}"
            f"{f' and {contexts} contexts' if contexts > 1 else ''}. {listed(totals[:12])}.",
            f"The dashed line is the target of {taxonomy.targets.per_label} samples of each label.",
        )
    ]  # fmt: skip
    if balance.shortages:
        missing = sum(shortage.missing for shortage in balance.shortages)
        found.append(
            _picture(
                folder, "shortages", draw_shortages(balance, taxonomy), "What is missing where",
                f"Map of labels and contexts with the {counted(missing, 'sample')} that are missing to the target.",
                "Each number says how many samples are still missing there; empty cells have enough.",
            )
        )  # fmt: skip
    return tuple(found)


def split_picture(split: SplitSummary, level: str, folder: Path, *, name: str = "split") -> Picture:
    """Draw how a split came out, at one level, into the file of that name."""
    table = next(table for table in split.tables if table.level.name == level)
    train, validate, test = split.achieved
    return _picture(
        folder, name, draw_parts(table), "Split",
        f"Bars of samples a class in training, validation and test: {train:.1f}, {validate:.1f} and {test:.1f} "
        "percent of all.",
        "Behind each total stand the counts of training, validation and test.",
    )  # fmt: skip


def curves_picture(curves: Sequence[Curve], folder: Path) -> Picture:
    """Draw how the trainings went."""
    kept = next(curve for curve in curves if curve.chosen)
    return _picture(
        folder, "curves", draw_curves(curves), "Loss and accuracy after each epoch",
        f"Curves of loss and accuracy over {counted(len(kept.epochs), 'epoch')}; epoch {kept.best_epoch} has the "
        "lowest validation loss of the kept training.",
        f"The weights of epoch {kept.best_epoch}, with the lowest validation loss, were kept (seed {kept.seed}).",
    )  # fmt: skip


def spread_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    """Draw the spread over repeated trainings; None of a single one."""
    if len(evaluation.probabilities) < 2:
        return None
    spread = evaluation.spread
    seeds = [repeat.seed for repeat in evaluation.record.repeats]
    return _picture(
        folder, "spread", draw_spread(spread, seeds, evaluation.wrong_in, chosen=evaluation.chosen),
        f"Spread over {len(seeds)} trainings",
        f"Wrong predictions of each training: {listed([str(wrong) for wrong in spread.wrong])} of {spread.total}.",
        "The same training with other seeds. Pictures that are wrong in every training may be hard or wrongly "
        "labelled; those that are wrong in only one may owe it to chance.",
    )  # fmt: skip


def score_pictures(evaluation: Evaluation, folder: Path) -> tuple[Picture, ...]:
    """Draw the scores of each class and who is taken for whom."""
    rows = class_rows(evaluation)
    said = [f"{row.category.title} {100 * row.f1:.0f} %" for row in rows[:12]]
    return (
        _picture(folder, "scores", draw_scores(rows), "Precision, recall and F1",
                 f"Scores of each class with intervals. F1: {listed(said)}.",
                 "The lines are 95 % intervals, long where samples are few. The scale starts below the lowest."),
        _picture(folder, "confusion", draw_confusion(evaluation.matrix, evaluation.classes), "Confusion matrices",
                 f"Confusion matrix of {counted(len(evaluation.classes), 'class', 'classes')}; "
                 f"{counted(evaluation.report.wrong, 'prediction')} wrong.",
                 "Rows are true classes, columns predictions. Blue is shaded by the share of its row, red by the "
                 "largest number."),
    )  # fmt: skip


def case_pictures(evaluation: Evaluation, folder: Path) -> tuple[Picture, ...]:
    """Show the gravest wrong predictions and the least confident ones."""
    found = []
    wrong, unsure = evaluation.wrong[:MOST_WRONG], evaluation.unsure[:MOST_UNSURE]
    if len(wrong):
        shown = f"the {len(wrong)} gravest" if len(wrong) < len(evaluation.wrong) else "all, the gravest first"
        found.append(
            _picture(
                folder, "wrong", draw_gallery(_judged(evaluation, wrong), evaluation.classes),
                f"Wrong predictions: {shown}",
                f"Pictures of {counted(len(wrong), 'wrong prediction')}: {_pairs(evaluation, wrong)}.",
                "Bold: the true class. Frame: the colour of the class that it was taken for. Gravest: least "
                "probability for the true class.",
            )
        )  # fmt: skip
    if len(unsure):
        found.append(
            _picture(
                folder, "unsure", draw_unsure(_judged(evaluation, unsure), evaluation.classes),
                "Least confident predictions",
                f"Probabilities of the {counted(len(unsure), 'least confident prediction')}, "
                f"the first with {100 * evaluation.own[unsure[0]].max():.0f} % for its most probable class.",
                "The first five as pictures, numbered as the bars are. A frame marks the true class.",
            )
        )  # fmt: skip
    return tuple(found)


def _judged(evaluation: Evaluation, places: npt.NDArray[np.int64]) -> list[Judged]:
    wrong_in = evaluation.wrong_in
    repeats = len(evaluation.probabilities)
    return [
        Judged(evaluation.pictures[place], int(evaluation.actual[place]), evaluation.own[place], int(wrong_in[place]),
               repeats)
        for place in places.tolist()
    ]  # fmt: skip


def _pairs(evaluation: Evaluation, places: npt.NDArray[np.int64]) -> str:
    titles = [category.title for category in evaluation.classes]
    predicted = evaluation.predicted
    return listed([f"{titles[evaluation.actual[at]]} taken for {titles[predicted[at]]}" for at in places[:5].tolist()])


def _picture(folder: Path, name: str, figure: Drawing, title: str, alternative: str, caption: str) -> Picture:
    path = folder / f"{name}.png"
    content = save_png(figure, path)
    return Picture(path.name, title, alternative, caption, content, round(figure.get_figwidth() * 100))
