"""Panels of a run: how the network learned and with which settings, the spread over trainings, and breakdowns."""

import math
from collections.abc import Sequence

import numpy as np

from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.wording import between, counted, interval, listed, percent
from toonvision.evaluation.breakdown import FEW, Breakdown
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.evaluation.floors import Floors
from toonvision.figures.values import TrainingCurve, TrainingSpread
from toonvision.metrics.intervals import Proportion
from toonvision.models.registry import TREES, find_network
from toonvision.models.starting import RANDOM
from toonvision.report.results import Results
from toonvision.tasks.classify_panels import INTERVAL, cells_of
from toonvision.tasks.registry import TASK_KINDS, kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY
from toonvision.training.history import metric_names, peaks

_MEASURED = ("context", "label", "height", "disturbance", "sharpness", "brightness")
_WHAT = {"wrong": "Wrong predictions", "missed": "Missed objects"}
_NO_DIFFERENCE = "No group clearly differs from all others."


def curves_panel(curves: tuple[TrainingCurve, ...]) -> FigurePanel:
    """Return the figure of loss and accuracy after each epoch."""
    best = next(curve for curve in curves if curve.best)
    names = tuple(dict.fromkeys(name for curve in curves for epoch in curve.epochs for name in epoch))
    rows = (
        (curve.seed, int(curve.best), number, int(number == curve.best_epoch), *(epoch.get(name, "") for name in names))
        for curve in curves
        for number, epoch in enumerate(curve.epochs, start=1)
    )
    which = f"{best.saved}{_why_saved(best)}"
    names_of = metric_names(best.epochs)
    what = "Loss and accuracy" if "accuracy" in names_of else "Loss and AP50" if "ap50" in names_of else "Losses"
    return FigurePanel(
        "curves",
        f"{what} after each epoch",
        f"Curves of {what[0].lower()}{what[1:]} over {counted(len(best.epochs), 'epoch')}; the saved weights are "
        f"{which}.",
        f"The saved weights are {which} (seed {best.seed}).",
        curves,
        (("seed", "best_training", "epoch", "best_epoch", *names), *rows),
    )


def peaks_table(curve: TrainingCurve) -> Table:
    """Return the best value of each metric of a training, and the epoch that reached it."""
    found = {name: (f"{value:.4f}", str(epoch)) for name, value, epoch in peaks(curve.epochs)}
    columns = ("Metric", "Training", "Epoch", "Validation", "Epoch")
    unknown = ("–", "–")
    rows = tuple(
        (name.capitalize().replace("_", " "), *found.get(name, unknown), *found.get(f"val_{name}", unknown))
        for name in metric_names(curve.epochs)
        if name in found or f"val_{name}" in found
    )
    note = f"The lowest loss, the highest of all others. The saved weights are {curve.saved}."
    return table("Best value of each metric", columns, rows, note=note)


def floors_table(evaluation: ClassEvaluation) -> Table | None:
    """Return what a run should beat, on the same crops; None where nothing was measured."""
    floors = evaluation.floors
    if not isinstance(floors, Floors) or not floors.listed:
        return None
    columns = ("Floor", "Wrong", "Accuracy", "95 % interval", "Difference", "95 % interval", "Beaten")
    rows = tuple(
        (floor.title.capitalize(), f"{floor.right.total - floor.right.count:,}", percent(floor.right.share),
         interval(floor.right), f"{100 * floor.difference.value:+.1f}",
         between(100 * floor.difference.low, 100 * floor.difference.high, "+.1f"), "yes" if floor.beaten else "no")
        for floor in floors.listed
    )  # fmt: skip
    return table(
        "Floors: what takes a second", columns, rows,
        note=f"{floors.sentence()} Difference: accuracy of the run minus that of the floor, in points, over all "
        "trainings; its interval is paired over screenshots and trainings.",
    )  # fmt: skip


def trainings_table(results: Results, columns: Sequence[str], cells: Sequence[Sequence[str]], *, by: str = "") -> Table:
    """Return a row for each training: how long it took, and its scores.

    Args:
        results: What the report is made from.
        columns: Names of the scores.
        cells: The scores of each training.
        by: What is to be known of the loss that decides which training is the run's model.
    """
    evaluation = results.evaluation
    columns = ("Seed", "Epochs", "Saved epoch", "Validation loss", "Seconds", *columns)
    rows = [
        (f"{repeat.seed} (best)" if index == evaluation.best_index else str(repeat.seed), str(repeat.epochs),
         str(repeat.best_epoch), "NaN" if repeat.val_loss is None else f"{repeat.val_loss:.4f}",
         f"{repeat.seconds:,.0f}", *own)
        for index, (repeat, own) in enumerate(zip(evaluation.record.repeats, cells, strict=True))
    ]  # fmt: skip
    return table(
        "Trainings", columns, rows, shown=12,
        note=f"The run's model is the one with the lowest validation loss{by}; the test subset is not used for that.",
    )  # fmt: skip


def training_rows(settings: TrainingSettings) -> list[tuple[str, str]]:
    """Return how a network is trained, without its learning rate, which a search draws; or how trees are grown."""
    learned = ("Learned from", "train and val" if settings.with_validation else "train")
    weights = ("Class weights", "by inverse frequency" if settings.class_weights else "none")
    if settings.network == TREES:
        return [learned, weights]
    changes = [
        name if value is True else f"{name} {value:g}" for name, value in vars(settings.augmentation).items() if value
    ]
    until = f"at most {settings.epochs}, stopped after {settings.patience} without {_better(settings)}"
    return [
        learned,
        ("Starting weights", "random" if settings.start == RANDOM
                             else f"those of {settings.start}, which come with the package"),
        ("Epochs", f"all {settings.epochs}" if settings.takes_all_epochs else until),
        ("Learning-rate schedule", f"{settings.schedule} (Adam)"),
        ("Saved weights", f"their moving average, momentum {settings.averaging:g}" if settings.averaging
                          else "of the last epoch" if settings.takes_all_epochs else "of the best epoch"),
        ("Batch size", str(settings.batch_size)),
        ("Label smoothing", f"{settings.label_smoothing:g}" if settings.label_smoothing else "none"),
        weights,
        ("Augmentation", ", ".join(changes) or "none"),
    ]  # fmt: skip


def _better(settings: TrainingSettings) -> str:
    """Say what the training goes on for: a score that its kind of task watches, or a loss."""
    score = TASK_KINDS[find_network(settings.network).kind].watched
    if settings.with_validation:
        return "a lower training loss"
    return f"a higher validation {score.upper()}" if score else "a lower validation loss"


def settings_table(results: Results) -> Table:
    """Return everything that is needed to repeat the run."""
    record = results.evaluation.record
    settings = record.settings
    rows = (
        ("Run", record.title),
        ("Started", record.started),
        ("Predicts", f"the level {record.level}: {', '.join(record.classes)}"),
        ("Classes without samples", ", ".join(record.left_out) or "none"),
        ("Network", f"{settings.network}, {counted(record.parameters, 'parameter')}"),
        ("Input", f"{record.size_hw[0]} × {record.size_hw[1]} pixels (height × width), {record.resize}"),
        *training_rows(settings),
        *([] if settings.network == TREES else [("Learning rate", _rate(settings))]),
        ("Seeds", ", ".join(str(repeat.seed) for repeat in record.repeats)),
        ("Seed of the run's model", str(record.best_seed)),
        *([("Temperature", "none stored" if results.temperature is None else f"{results.temperature:.4f}")]
          if record.kind == CLASSIFY else []),
        ("Split", f"{record.split}, {'/'.join(map(str, record.ratios))}, seed {record.split_seed}" if record.ratios
                  else f"{record.split}, made by hand"),
        (f"{kind_of(record.as_task).unit.capitalize()}s",
         ", ".join(f"{subset} {count:,}" for subset, count in record.samples.items())),
        ("All screenshots", f"{results.screenshots:,} in {counted(results.split.groups, 'group')}"),
        ("Data hash", record.data_hash),
        ("Taxonomy", f"{record.taxonomy[0]}, digest {record.taxonomy[1]}"),
        ("Device", record.device),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    )  # fmt: skip
    return Table("This run", ("Setting", "Value"), rows)


def _rate(settings: TrainingSettings) -> str:
    return f"{settings.learning_rate:g}" + (", at its peak" if settings.takes_all_epochs else "")


def spread_panel(evaluation: ClassEvaluation) -> FigurePanel | None:
    """Return the figure of the spread over repeated trainings; None for a single one."""
    spread, repeats = evaluation.spread, evaluation.record.repeats
    if len(repeats) < 2:
        return None
    by_seed = [
        ("training", repeat.seed, *cells_of(Proportion(wrong, spread.total)))
        for repeat, wrong in zip(repeats, spread.wrong, strict=True)
    ]
    counts = np.bincount(evaluation.wrong_in, minlength=len(repeats) + 1).tolist()
    by_times = [("wrong in so many", k, *cells_of(Proportion(n, spread.total))) for k, n in enumerate(counts)]
    return FigurePanel(
        "spread",
        f"Spread over {len(repeats)} trainings",
        f"Wrong predictions of each training: {listed([str(wrong) for wrong in spread.wrong])} of {spread.total}.",
        "The same training with different seeds. Crops that are wrong in every training may be difficult or wrongly "
        "labelled; those that are wrong in only one may be chance.",
        TrainingSpread(spread, tuple(repeat.seed for repeat in repeats), evaluation.wrong_in, evaluation.best_index),
        (("panel", "seed_or_times", "crops", "of", *INTERVAL), *by_seed, *by_times),
    )


def breakdown_panels(breakdowns: Sequence[Breakdown]) -> tuple[FigurePanel, ...]:
    """Return the figures of wrong predictions by what was measured, and by what was recorded; each if there is any."""
    head = ("divided_by", "group", "wrong", "of", *INTERVAL, "mean_over_trainings", "rest_wrong", "rest_of",
            "stands_out")  # fmt: skip
    what, things = (_WHAT[breakdowns[0].outcome], breakdowns[0].things) if breakdowns else ("", "")
    groups = (
        ("breakdown", f"{what} by context, label, size and image statistics",
         tuple(one for one in breakdowns if one.name in _MEASURED)),
        ("recorded", f"{what} by recorded attributes",
         tuple(one for one in breakdowns if one.name not in _MEASURED)),
    )  # fmt: skip
    return tuple(
        FigurePanel(
            name,
            title,
            f"Share of {what.lower()} with intervals by {listed([one.title for one in shown])}. "
            f"{' '.join(one.finding for one in shown if one.finding) or _NO_DIFFERENCE}",
            f"Each dot is a group's share of {what.lower()}, on its 95 % interval; beside it stands how many. "
            f"Groups of fewer than {FEW} {things} are faint: they allow no conclusion.",
            shown,
            (head, *((one.name, group.title, *cells_of(group.wrong), group.mean, group.rest.count, group.rest.total,
                      group.stands_out) for one in shown for group in one.groups)),
        )
        for name, title, shown in groups
        if shown
    )  # fmt: skip


def breakdown_table(breakdowns: Sequence[Breakdown]) -> Table | None:
    """Return the groups of all breakdowns with counts and intervals; None if there is no breakdown."""
    if not breakdowns:
        return None
    one = breakdowns[0]
    columns = ("Divided by", "Group", one.outcome.capitalize(), "Of", f"Share {one.outcome}", "95 % interval",
               "Mean of all trainings")  # fmt: skip
    rows = tuple(
        (breakdown.title, group.title, f"{group.wrong.count:,}", f"{group.wrong.total:,}", percent(group.wrong.share),
         interval(group.wrong), percent(group.mean))
        for breakdown in breakdowns
        for group in breakdown.groups
    )  # fmt: skip
    found = " ".join(breakdown.finding for breakdown in breakdowns if breakdown.finding)
    return table(
        f"{_WHAT[one.outcome]} by group", columns, rows, names=2, shown=12,
        note=f"{found or _NO_DIFFERENCE} A group is named only if its interval and that of all other {one.things} do "
        f"not overlap, and it has at least {FEW} {one.things}; of {len(rows):,} groups one may do so by chance.",
    )  # fmt: skip


def _why_saved(curve: TrainingCurve) -> str:
    """Say why an epoch's weights were saved: those of a schedule that ends are the last, whatever their loss."""
    found = [epoch.get("val_ap50", math.nan) for epoch in curve.epochs]
    measured = [value for value in found if math.isfinite(value)]
    if curve.best_epoch and measured and found[curve.best_epoch - 1] == max(measured):
        return ", which has the highest validation AP50"
    losses = [epoch.get("val_loss", math.nan) for epoch in curve.epochs]
    if curve.best_epoch and losses[curve.best_epoch - 1] == min(losses):
        return ", which has the lowest validation loss"
    return ", the last of its schedule" if curve.best_epoch == len(losses) else ""
