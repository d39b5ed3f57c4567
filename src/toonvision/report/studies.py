"""What studies of the same task add to a report: what more pictures would bring, and which labels are suspect."""

from pathlib import Path

from toonvision.core.wording import counted, interval, listed, percent
from toonvision.figures.learning_curve import draw_learning_curve
from toonvision.figures.suspects import draw_suspects
from toonvision.metrics.intervals import Proportion
from toonvision.report import figure_data as data
from toonvision.report.contents import Picture, Results, SuspectLabels, Table, number_columns
from toonvision.report.figure_files import keep_figure
from toonvision.studies.curve import CurvePoint, LearningCurve
from toonvision.studies.suspects import SuspectCrops
from toonvision.taxonomy.labels import Category

_SUSPECTS_SHOWN = 10


def curve_picture(results: Results, folder: Path) -> Picture | None:
    """Draw what more pictures would likely bring; None where that was not measured."""
    curve = results.curve
    if curve is None:
        return None
    then = curve.largest + curve.more
    points = [f"{percent(point.mean_wrong / curve.tested)} with {point.mean_pictures:,.0f}" for point in curve.points]
    return keep_figure(
        folder, "learning-curve", draw_learning_curve(curve), data.curve_data(curve),
        title="What more pictures would likely bring",
        alternative=f"Error of {curve.network} by the number of training pictures: {listed(points)}. The fitted curve "
        f"has {percent(float(curve.law.at(then)))} at {then:,.0f}.",
        caption=curve.sentence(),
    )  # fmt: skip


def curve_table(results: Results) -> Table | None:
    """List the errors of the learning curve; None where there is none."""
    curve = results.curve
    if curve is None:
        return None
    columns = ("Training pictures", "Mean error", "95 % interval", "Lowest to highest training", "Fitted error")
    rows = [_curve_row(curve, point) for point in curve.points]
    then = curve.largest + curve.more
    rows.append((f"{then:,.0f} ({curve.more:,} more)", "", "", "", percent(float(curve.law.at(then)))))
    return Table(
        "Error by the number of training pictures", columns, tuple(rows), number_columns(columns),
        note=_curve_note(results, curve), totals=1,
    )  # fmt: skip


def suspects_picture(results: Results, folder: Path) -> Picture | None:
    """Show labels that are probably wrong; None where that was not searched for, or none is left."""
    found = results.suspects
    if found is None or not len(found.pictures):
        return None
    shown = found.standing[: len(found.pictures)]
    classes = _classes(results)
    pairs = [f"{classes[one.given].title}, rather {classes[one.likely].title}" for one in shown[:5]]
    which = f"the {len(shown)} most suspect" if len(shown) < len(found.standing) else "all, the most suspect first"
    return keep_figure(
        folder, "suspects", draw_suspects(SuspectCrops(tuple(shown), tuple(found.pictures), classes)),
        data.suspects_data(found),
        title=f"Suspect labels: {which}",
        alternative=f"{counted(len(shown), 'picture')} whose label is probably wrong, the most suspect first: "
        f"{'; '.join(pairs)}.",
        caption=f"{found.study.sentence()} Above each picture stands its label; frame and bold name are what the "
        "models take it for, with their confidence in that and in the label.",
    )  # fmt: skip


def suspects_table(results: Results) -> Table | None:
    """List labels that are probably wrong; None where that was not searched for."""
    found = results.suspects
    if found is None:
        return None
    classes = _classes(results)
    columns = ("Crop", "Screenshot", "Label", "Rather", "Confidence in the label", "In the other")
    rows = tuple(
        (one.file, one.screenshot, classes[one.given].title, classes[one.likely].title, percent(one.self_confidence),
         percent(one.likely_confidence))
        for one in found.standing
    )  # fmt: skip
    return Table(
        f"Suspect labels: {len(found.standing):,}", columns, rows, number_columns(columns, 4),
        note=_suspects_note(found), shown=_SUSPECTS_SHOWN,
    )  # fmt: skip


def _curve_row(curve: LearningCurve, point: CurvePoint) -> tuple[str, ...]:
    mean = Proportion(round(point.mean_wrong), curve.tested)
    low, high = (wrong / curve.tested for wrong in (min(point.wrong), max(point.wrong)))
    return (
        f"{point.mean_pictures:,.0f}", percent(point.mean_wrong / curve.tested), interval(mean),
        f"{100 * low:.1f}–{100 * high:.1f} %", percent(float(curve.law.at(point.mean_pictures))),
    )  # fmt: skip


def _curve_note(results: Results, curve: LearningCurve) -> str:
    """Say what the curve was measured with, and in what this run differs."""
    record = results.evaluation.record
    note = (
        f"Measured with the network {curve.network}, {counted(len(curve.seeds), 'training')} a size, on "
        f"{counted(curve.tested, 'test picture')} of the split {curve.split}."
    )
    if curve.network != record.settings.network:
        note += f" This run's network is another, {record.settings.network}: for it the numbers may differ."
    last = curve.points[-1]
    if last.share == 1 and round(last.mean_pictures) != record.samples["train"]:
        note += f" This run learned from {record.samples['train']:,} pictures, not {last.mean_pictures:,.0f}."
    return note


def _suspects_note(found: SuspectLabels) -> str:
    """Say how the labels were searched, and what has changed since."""
    study = found.study
    note = (
        f"Searched with the network {study.network}, {study.folds} folds, {counted(study.repeats, 'training')} each, "
        f"in {counted(study.samples, 'crop')}."
    )
    if not found.standing:
        note = f"{study.sentence()} {note}"
    changed = len(study.suspects) - len(found.standing)
    if changed:
        note += f" {changed:,} of its suspects {'has' if changed == 1 else 'have'} been changed since: not listed."
    if study.samples != found.samples:
        note += f" There are {found.samples:,} crops now: search again with toonvision suspects {study.task}."
    return note


def _classes(results: Results) -> dict[str, Category]:
    level = results.taxonomy.level(results.evaluation.record.level)
    return {category.name: category for category in level.classes}
