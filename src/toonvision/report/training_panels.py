"""Panels of training: how the network learned, and with which settings."""

import math

from toonvision.core.panels import FigurePanel, Table, number_columns
from toonvision.core.wording import counted, interval, percent
from toonvision.figures.values import TrainingCurve, TrainingCurves
from toonvision.report.results import Results
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.history import metric_names, peaks


def curves_panel(curves: tuple[TrainingCurve, ...]) -> FigurePanel:
    """Return the figure of loss and accuracy after each epoch."""
    best = next(curve for curve in curves if curve.best)
    names = tuple(dict.fromkeys(name for curve in curves for epoch in curve.epochs for name in epoch))
    rows = (
        (curve.seed, int(curve.best), number, int(number == curve.best_epoch), *(epoch.get(name, "") for name in names))
        for curve in curves
        for number, epoch in enumerate(curve.epochs, start=1)
    )
    which = f"epoch {best.best_epoch}{_why_saved(best)}"
    return FigurePanel(
        "curves",
        "Loss and accuracy after each epoch",
        f"Curves of loss and accuracy over {counted(len(best.epochs), 'epoch')}; the saved weights are those of "
        f"{which}.",
        f"The saved weights are those of {which} (seed {best.seed}).",
        TrainingCurves(curves),
        (("seed", "best_training", "epoch", "best_epoch", *names), *rows),
    )


def peaks_table(curve: TrainingCurve) -> Table:
    """Return the best value of each metric of a training, and the epoch that reached it."""
    found = {name: (f"{value:.4f}", str(epoch)) for name, value, epoch in peaks(curve.epochs)}
    columns = ("Metric", "Training", "Epoch", "Validation", "Epoch")
    unknown = ("–", "–")
    rows = tuple(
        (name.capitalize(), *found.get(name, unknown), *found.get(f"val_{name}", unknown))
        for name in metric_names(curve.epochs)
        if name in found or f"val_{name}" in found
    )
    note = f"The lowest loss, the highest of all others. The saved weights are those of epoch {curve.best_epoch}."
    return Table("Best value of each metric", columns, rows, number_columns(columns), note=note)


def repeats_table(results: Results) -> Table:
    """Return a row for each training: how long it took and how well it predicts."""
    evaluation = results.evaluation
    columns = ("Seed", "Epochs", "Saved epoch", "Validation loss", "Seconds", "Wrong", "Accuracy", "95 % interval",
               "Macro F1")  # fmt: skip
    learned = ", on crops that it learned from too" if evaluation.record.settings.with_validation else ""
    rows = []
    for index, repeat in enumerate(evaluation.record.repeats):
        report = evaluation.scores[index].report
        rows.append(
            (f"{repeat.seed} (best)" if index == evaluation.best_index else str(repeat.seed), str(repeat.epochs),
             str(repeat.best_epoch), "NaN" if repeat.val_loss is None else f"{repeat.val_loss:.4f}",
             f"{repeat.seconds:,.0f}", f"{report.wrong:,}", percent(report.accuracy.share), interval(report.accuracy),
             f"{report.macro.f1:.3f}")
        )  # fmt: skip
    return Table(
        "Trainings", columns, tuple(rows), number_columns(columns), shown=12,
        note=f"The run's model is the one with the lowest validation loss{learned}; the test subset is not used for "
        "that.",
    )  # fmt: skip


def training_rows(settings: TrainingSettings) -> list[tuple[str, str]]:
    """Return how a network is trained, without its learning rate, which a search draws."""
    changes = [
        name if value is True else f"{name} {value:g}" for name, value in vars(settings.augmentation).items() if value
    ]
    loss = "training loss" if settings.with_validation else "validation loss"
    until = f"at most {settings.epochs}, stopped after {settings.patience} without a lower {loss}"
    return [
        ("Epochs", f"all {settings.epochs}" if settings.takes_all_epochs else until),
        ("Learning-rate schedule", f"{settings.schedule} (Adam)"),
        ("Saved weights", f"their moving average, momentum {settings.averaging:g}" if settings.averaging
                          else "of the last epoch" if settings.takes_all_epochs else "of the best epoch"),
        ("Batch size", str(settings.batch_size)),
        ("Label smoothing", f"{settings.label_smoothing:g}" if settings.label_smoothing else "none"),
        ("Class weights", "by inverse frequency" if settings.class_weights else "none"),
        ("Augmentation", ", ".join(changes) or "none"),
    ]  # fmt: skip


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
        ("Learning rate", f"{settings.learning_rate:g}" + (", at its peak" if settings.takes_all_epochs else "")),
        ("Seeds", ", ".join(str(repeat.seed) for repeat in record.repeats)),
        ("Seed of the run's model", str(record.best_seed)),
        ("Temperature", "none stored" if results.temperature is None else f"{results.temperature:.4f}"),
        ("Split", f"{record.split}, {'/'.join(map(str, record.ratios))}, seed {record.split_seed}" if record.ratios
                  else f"{record.split}, made by hand"),
        ("Crops", ", ".join(f"{subset} {count:,}" for subset, count in record.samples.items())),
        ("Screenshots", f"{results.screenshots:,} in {counted(results.split.groups, 'group')}"),
        ("Data hash", record.data_hash),
        ("Taxonomy", f"{record.taxonomy[0]}, digest {record.taxonomy[1]}"),
        ("Device", record.device),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    )  # fmt: skip
    return Table("This run", ("Setting", "Value"), rows)


def _why_saved(curve: TrainingCurve) -> str:
    """Say why an epoch's weights were saved: those of a schedule that ends are the last, whatever their loss."""
    losses = [epoch.get("val_loss", math.nan) for epoch in curve.epochs]
    if curve.best_epoch and losses[curve.best_epoch - 1] == min(losses):
        return ", which has the lowest validation loss"
    return ", the last of its schedule" if curve.best_epoch == len(losses) else ""
