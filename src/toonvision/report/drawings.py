"""The figures of a report: which there are, what they are called, and what they show in words."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toonvision.core.wording import counted, listed, percent
from toonvision.data.balance import Balance
from toonvision.data.split_summary import SplitSummary
from toonvision.evaluation.breakdown import FEW, Breakdown
from toonvision.evaluation.evaluate import Evaluation
from toonvision.figures.balance import draw_balance, shown_tables
from toonvision.figures.breakdown import draw_breakdowns
from toonvision.figures.calibration import draw_calibration
from toonvision.figures.confusion import draw_confusion
from toonvision.figures.contexts import draw_contexts
from toonvision.figures.curves import Curve, draw_curves
from toonvision.figures.gallery import Evaluated, draw_gallery, draw_unsure
from toonvision.figures.scores import draw_scores
from toonvision.figures.shortages import draw_shortages
from toonvision.figures.spread import draw_spread
from toonvision.figures.stress import draw_stress
from toonvision.figures.subsets import draw_subsets
from toonvision.report import figure_data as data
from toonvision.report.contents import Picture, class_rows
from toonvision.report.figure_files import keep_figure
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.stress import StressTest
from toonvision.taxonomy.labels import Taxonomy

MOST_WRONG, MOST_UNSURE, MOST_HARD = 20, 10, 10
_MEASURED = ("context", "label", "height", "sharpness", "brightness")


def balance_pictures(balance: Balance, taxonomy: Taxonomy, folder: Path) -> tuple[Picture, ...]:
    """Draw what was collected, and what is missing if anything is."""
    tables = shown_tables(balance, taxonomy)
    totals = [f"{c.title} {n:,}" for c, n in zip(tables[-1].classes, tables[-1].totals.tolist(), strict=True)]
    contexts = len(tables[0].columns)
    levels = listed([table.level.title for table in tables])
    found = [
        keep_figure(
            folder, "balance", draw_balance(balance, taxonomy), data.balance_data(tables),
            title="Balance",
            alternative=f"Bars of {counted(balance.crops, 'sample')} by {levels}"
            f"{f' and {contexts} contexts' if contexts > 1 else ''}. {listed(totals[:12])}.",
            caption=f"The dashed line is the target of {taxonomy.targets.per_label} samples of each label.",
        )
    ]  # fmt: skip
    if balance.shortages:
        missing = sum(shortage.missing for shortage in balance.shortages)
        found.append(
            keep_figure(
                folder, "shortages", draw_shortages(balance, taxonomy), data.shortages_data(balance),
                title="What is missing where",
                alternative=f"Map of labels and contexts with the {counted(missing, 'sample')} that are missing to "
                "the target.",
                caption="Each number says how many samples are still missing there; empty cells have enough.",
            )
        )  # fmt: skip
    return tuple(found)


def split_picture(split: SplitSummary, level: str, folder: Path, *, name: str = "split") -> Picture:
    """Draw how a split came out, at one level, into the file of that name."""
    table = next(table for table in split.tables if table.level.name == level)
    train, val, test = split.achieved
    return keep_figure(
        folder, name, draw_subsets(table), data.split_data(table),
        title="Split",
        alternative=f"Bars of samples a class in training, validation and test: {train:.1f}, {val:.1f} and "
        f"{test:.1f} percent of all.",
        caption="Behind each total stand the counts of training, validation and test.",
    )  # fmt: skip


def curves_picture(curves: Sequence[Curve], folder: Path) -> Picture:
    """Draw how the trainings went."""
    kept = next(curve for curve in curves if curve.chosen)
    which = f"epoch {kept.best_epoch}{_why_kept(kept)}"
    return keep_figure(
        folder, "curves", draw_curves(curves), data.curves_data(curves),
        title="Loss and accuracy after each epoch",
        alternative=f"Curves of loss and accuracy over {counted(len(kept.epochs), 'epoch')}; the weights of {which} "
        "were kept.",
        caption=f"The weights of {which} were kept (seed {kept.seed}).",
    )  # fmt: skip


def _why_kept(curve: Curve) -> str:
    """Say what distinguishes the kept epoch: a course of the learning rate ends with it whatever its loss is."""
    losses = [epoch.get("val_loss", math.nan) for epoch in curve.epochs]
    if curve.best_epoch and losses[curve.best_epoch - 1] == min(losses):
        return ", with the lowest validation loss,"
    return ", the last," if curve.best_epoch == len(losses) else ""


def spread_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    """Draw the spread over repeated trainings; None of a single one."""
    if len(evaluation.probabilities) < 2:
        return None
    spread = evaluation.spread
    seeds = [repeat.seed for repeat in evaluation.record.repeats]
    return keep_figure(
        folder, "spread", draw_spread(spread, seeds, evaluation.wrong_in, chosen=evaluation.chosen),
        data.spread_data(evaluation),
        title=f"Spread over {len(seeds)} trainings",
        alternative=f"Wrong predictions of each training: {listed([str(wrong) for wrong in spread.wrong])} of "
        f"{spread.total}.",
        caption="The same training with other seeds. Pictures that are wrong in every training may be hard or wrongly "
        "labelled; those that are wrong in only one may owe it to chance.",
    )  # fmt: skip


def score_pictures(evaluation: Evaluation, folder: Path) -> tuple[Picture, ...]:
    """Draw the scores of each class and who is taken for whom."""
    rows = class_rows(evaluation)
    said = [f"{row.category.title} {100 * row.f1:.0f} %" for row in rows[:12]]
    return (
        keep_figure(
            folder, "scores", draw_scores(rows), data.scores_data(evaluation),
            title="Precision, recall and F1",
            alternative=f"Scores of each class with intervals. F1: {listed(said)}.",
            caption="The lines are 95 % intervals, long where samples are few. The scale starts below the lowest.",
        ),
        keep_figure(
            folder, "confusion", draw_confusion(evaluation.matrix, evaluation.classes),
            data.confusion_data(evaluation),
            title="Confusion matrices",
            alternative=f"Confusion matrix of {counted(len(evaluation.classes), 'class', 'classes')}; "
            f"{counted(evaluation.report.wrong, 'prediction')} wrong.",
            caption="Rows are true classes, columns predictions. Blue is shaded by the share of its row, red by the "
            "largest number.",
        ),
    )  # fmt: skip


def breakdown_pictures(breakdowns: Sequence[Breakdown], folder: Path) -> tuple[Picture, ...]:
    """Draw wrong predictions by what was measured, and by what was recorded; each only where there is any."""
    measured = [one for one in breakdowns if one.name in _MEASURED]
    recorded = [one for one in breakdowns if one.name not in _MEASURED]
    return tuple(
        keep_figure(
            folder, name, draw_breakdowns(shown), data.breakdown_data(shown),
            title=title,
            alternative=f"Share of wrong predictions with intervals by {listed([one.title for one in shown])}. "
            f"{' '.join(one.finding for one in shown) or 'No group clearly differs from all others.'}",
            caption="Each dot is a group's share of wrong predictions, on its 95 % interval; beside it stands how many "
            f"were wrong. Groups of fewer than {FEW} pictures are faint: they prove nothing.",
        )
        for name, title, shown in (
            ("breakdown", "Where it is wrong: place, label, size and looks", measured),
            ("recorded", "Where it is wrong: what was recorded of the pictures", recorded),
        )
        if shown
    )  # fmt: skip


def calibration_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    """Draw whether confidence can be believed; None where no temperature could be fitted."""
    calibration = evaluation.calibration
    if calibration is None:
        return None
    before, after = calibration.before, calibration.after
    return keep_figure(
        folder, "calibration", draw_calibration(calibration), data.calibration_data(calibration),
        title="Can its confidence be believed?",
        alternative=f"Reliability diagrams. Expected calibration error as trained {percent(before.error)}, with "
        f"temperature {calibration.temperature:.2f} {percent(after.error)}.",
        caption=f"{_trust(before.overconfident)} Each dot is a group of about as many pictures: on the dashed line the "
        "model is right as often as it says. Below the line it promises too much; red where that is clear. "
        f"{calibration.caveat}".rstrip(),
    )  # fmt: skip


def contexts_picture(study: ContextStudy | None, folder: Path) -> Picture | None:
    """Draw how models do in places that they have not seen; None where that was not studied."""
    if study is None:
        return None
    return keep_figure(
        folder, "contexts", draw_contexts(study), data.contexts_data(study),
        title="In places that it has not seen",
        alternative=f"Accuracy in {counted(len(study.contexts), 'place')}, each left out of the training, "
        f"{percent(study.held_out.share)} in all; in the ordinary test {percent(study.usual.share)}.",
        caption=study.sentence(),
    )  # fmt: skip


def stress_picture(test: StressTest | None, folder: Path) -> Picture | None:
    """Draw how the run does under changes of light, lens, file and box; None where that was not measured."""
    if test is None:
        return None
    plain, *changed = test.scores
    worst = sorted(changed, key=lambda score: score.right.share)[:3]
    return keep_figure(
        folder, "stress", draw_stress(test), data.stress_data(test),
        title="Under stress",
        alternative=f"Accuracy under {len(changed)} changes of the pictures; {percent(plain.right.share)} as they are, "
        f"least with {listed([f'{s.kind}, {s.strength} ({percent(s.right.share)})' for s in worst])}.",
        caption=test.sentence(),
    )  # fmt: skip


def case_pictures(evaluation: Evaluation, folder: Path) -> tuple[Picture, ...]:
    """Show the gravest wrong predictions, those that most trainings have wrong, and the least confident ones."""
    drawn = (draw(evaluation, folder) for draw in (_wrong_picture, _hardest_picture, _unsure_picture))
    return tuple(picture for picture in drawn if picture is not None)


def _wrong_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    wrong = evaluation.wrong[:MOST_WRONG]
    if not len(wrong):
        return None
    shown = f"the {len(wrong)} gravest" if len(wrong) < len(evaluation.wrong) else "all, the gravest first"
    return keep_figure(
        folder, "wrong", draw_gallery(judged_cases(evaluation, wrong), evaluation.classes),
        data.cases_data(evaluation, wrong),
        title=f"Wrong predictions: {shown}",
        alternative=f"Pictures of {counted(len(wrong), 'wrong prediction')}: {_pairs(evaluation, wrong)}.",
        caption="Bold: the true class. Frame: the colour of the class that it was taken for. Gravest: least "
        "probability for the true class.",
    )  # fmt: skip


def _hardest_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    repeats, hardest = len(evaluation.probabilities), evaluation.hardest[:MOST_HARD]
    if repeats < 2 or not len(hardest):
        return None
    times = evaluation.wrong_in[hardest]
    return keep_figure(
        folder, "hardest", draw_gallery(judged_cases(evaluation, hardest), evaluation.classes),
        data.cases_data(evaluation, hardest),
        title=f"Wrong in most of {repeats} trainings",
        alternative=f"{counted(len(hardest), 'picture')} that {int(times.max())} to {int(times.min())} of {repeats} "
        f"trainings were wrong about, the hardest first.",
        caption="Wrong in every run: hard or mislabelled. Wrong in one: bad luck. What is written below is what the "
        "kept training says; the table lists them all.",
    )  # fmt: skip


def _unsure_picture(evaluation: Evaluation, folder: Path) -> Picture | None:
    unsure = evaluation.unsure[:MOST_UNSURE]
    if not len(unsure):
        return None
    return keep_figure(
        folder, "unsure", draw_unsure(judged_cases(evaluation, unsure), evaluation.classes),
        data.cases_data(evaluation, unsure),
        title="Least confident predictions",
        alternative=f"Probabilities of the {counted(len(unsure), 'least confident prediction')}, the first with "
        f"{100 * evaluation.own[unsure[0]].max():.0f} % for its most probable class.",
        caption="The first five as pictures, numbered as the bars are. A frame marks the true class.",
    )  # fmt: skip


def judged_cases(evaluation: Evaluation, places: npt.NDArray[np.int64]) -> list[Evaluated]:
    """Give samples with what was said about them, as galleries show them."""
    wrong_in = evaluation.wrong_in
    repeats = len(evaluation.probabilities)
    return [
        Evaluated(evaluation.pictures[place], int(evaluation.y_true[place]), evaluation.own[place],
               int(wrong_in[place]), repeats)
        for place in places.tolist()
    ]  # fmt: skip


def _trust(overconfident: float) -> str:
    """Say in words how far confidence and accuracy are apart."""
    size = f"{abs(100 * overconfident):.1f} percentage points"
    if abs(overconfident) < 0.01:
        return "On average it is right as often as it says."
    return f"On average it is {size} {'surer than it is right' if overconfident > 0 else 'less sure than it is right'}."


def _pairs(evaluation: Evaluation, places: npt.NDArray[np.int64]) -> str:
    titles = [category.title for category in evaluation.classes]
    predicted = evaluation.predicted
    return listed([f"{titles[evaluation.y_true[at]]} taken for {titles[predicted[at]]}" for at in places[:5].tolist()])
