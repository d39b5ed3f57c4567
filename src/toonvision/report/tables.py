"""The tables of a report."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from toonvision.core.errors import Finding
from toonvision.core.wording import counted, interval, percent
from toonvision.data.balance import Balance, CountTable
from toonvision.data.split_summary import SplitSummary
from toonvision.evaluation.breakdown import FEW, Breakdown
from toonvision.evaluation.evaluate import Evaluation
from toonvision.figures.curves import Curve
from toonvision.metrics.calibration import Calibration
from toonvision.metrics.confidence import mostly_predicted
from toonvision.report.contents import Results, Table, class_rows, number_columns
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import LABEL_LEVEL, Taxonomy
from toonvision.training.history import MEASURES, peaks

_NEXT_SHOWN, _FINDINGS_SHOWN, _LEVEL_SHOWN, _NEAR_SHOWN = 20, 10, 12, 5
_GROUPS_SHOWN, _HARDEST_SHOWN = 12, 10


def split_tables(split: SplitSummary, level: str) -> tuple[Table, ...]:
    """Count samples a class and part: first for the predicted level, then for the labels if those are others."""
    wanted = [table for table in split.tables if table.level.name == level]
    others = [split.tables[0]] if split.tables[0].level.name != level else []
    return tuple(_split_table(table, split) for table in wanted + others)


def near_table(split: SplitSummary) -> Table | None:
    """List screenshots that are near-duplicates of each other; None where there are none."""
    if not split.near_duplicate_groups:
        return None
    rows = tuple((str(n), ", ".join(names)) for n, names in enumerate(split.near_duplicate_groups, start=1))
    note = "Each group stays in one subset." if not split.torn else "This split does not keep all of them together."
    return Table("Near-duplicate screenshots", ("Group", "Screenshots"), rows, note=note, shown=_NEAR_SHOWN)


def next_table(balance: Balance) -> Table | None:
    """List what to photograph next, the most needed first; None where nothing is missing."""
    if not balance.shortages:
        return None
    columns = ("Photograph", "Where", "There now", "Missing", "Everywhere", "Missing everywhere")
    rows = tuple(
        (s.label.title, s.context.title, *(f"{n:,}" for n in (s.count, s.missing, s.label_count, s.label_missing)))
        for s in balance.shortages
    )
    return Table(
        "What to photograph next", columns, rows, number_columns(columns, 2),
        note="The label furthest from its target comes first, with its emptiest places.", shown=_NEXT_SHOWN,
    )  # fmt: skip


def findings_table(counts: Mapping[str, int], findings: Sequence[Finding]) -> Table:
    """List what the last extraction found, with what it counted."""
    said = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in counts.items() if value)
    rows = tuple((f.item, f.reason, f.remedy, "left out" if f.skips else "kept") for f in findings)
    title = f"Findings of the last extraction: {len(findings):,}" if findings else "The last extraction found no faults"
    note = f"Counted: {said}." if said else ""
    return Table(title, ("Where", "What", "Remedy", "Result"), rows, note=note, shown=_FINDINGS_SHOWN)


def repeats_table(results: Results) -> Table:
    """Give one row a training: how long it took and how it did."""
    evaluation = results.evaluation
    columns = ("Seed", "Epochs", "Kept epoch", "Validation loss", "Seconds", "Wrong", "Accuracy", "95 % interval",
               "Macro F1")  # fmt: skip
    learned = ", on pictures that it learned from too" if evaluation.record.settings.with_validation else ""
    rows = []
    for place, repeat in enumerate(evaluation.record.repeats):
        report = evaluation.report_of(place)
        loss = "no number" if repeat.val_loss is None else f"{repeat.val_loss:.4f}"
        seed = f"{repeat.seed} (kept)" if place == evaluation.chosen else str(repeat.seed)
        rows.append(
            (seed, str(repeat.epochs), str(repeat.best_epoch), loss, f"{repeat.seconds:,.0f}",
             f"{report.wrong:,}", percent(report.accuracy.share), interval(report.accuracy),
             f"{report.macro.f1:.3f}")
        )  # fmt: skip
    return Table(
        "Trainings", columns, tuple(rows), number_columns(columns),
        note=f"The kept model is the one with the lowest validation loss{learned}; the test part has no say in it.",
        shown=12,
    )  # fmt: skip


def peaks_table(curve: Curve) -> Table:
    """Give the best value of each measure of the kept training, and the epoch that reached it."""
    found = {name: (f"{value:.4f}", str(epoch)) for name, value, epoch in peaks(curve.epochs)}
    columns = ("Measure", "Training", "Epoch", "Validation", "Epoch")
    unknown = ("–", "–")
    rows = [
        (name.capitalize(), *found.get(name, unknown), *found.get(f"val_{name}", unknown))
        for name in MEASURES
        if name in found or f"val_{name}" in found
    ]
    return Table(
        "Peaks of the kept training", columns, tuple(rows), number_columns(columns),
        note=f"The lowest loss, the highest of all others; the weights of epoch {curve.best_epoch} were kept.",
    )  # fmt: skip


def scores_table(evaluation: Evaluation) -> Table:
    """Give scores a class as scikit-learn's report does, with intervals."""
    columns = ("Class", "Precision", "95 % interval", "Recall", "95 % interval", "F1", "Support")
    rows = [
        (row.category.title, percent(row.precision.share), interval(row.precision), percent(row.recall.share),
         interval(row.recall), f"{row.f1:.3f}", f"{row.support:,}")
        for row in class_rows(evaluation)
    ]  # fmt: skip
    report = evaluation.report
    for title, mean in (("Macro average", report.macro), ("Weighted average", report.weighted)):
        rows.append(
            (title, percent(mean.precision), "", percent(mean.recall), "", f"{mean.f1:.3f}", f"{mean.support:,}")
        )
    accuracy = report.accuracy
    rows.append(("Accuracy", percent(accuracy.share), interval(accuracy), "", "", "", f"{accuracy.total:,}"))
    return Table("Scores of each class", columns, tuple(rows), number_columns(columns), shown=40, totals=3)


def levels_table(evaluation: Evaluation, taxonomy: Taxonomy) -> Table | None:
    """Score the predictions at coarser levels; None where none tells classes apart."""
    told = [up for up in evaluation.rolled_up if len(up.classes) > 1]
    if not told:
        return None
    columns = ("Level", "Classes", "Accuracy", "95 % interval", "Wrong within a class", "Wrong across classes")
    rows = tuple(
        (taxonomy.level(up.level).title, str(len(up.classes)), percent(up.report.accuracy.share),
         interval(up.report.accuracy), f"{up.within:,}", f"{up.across:,}")
        for up in told
    )  # fmt: skip
    return Table(
        "The same predictions at coarser levels", columns, rows, number_columns(columns),
        note="Wrong within a class: another class was meant, but of the right coarser one.",
    )  # fmt: skip


def breakdown_table(breakdowns: Sequence[Breakdown]) -> Table | None:
    """List the groups of all breakdowns with counts and intervals, and say what clearly stands out."""
    if not breakdowns:
        return None
    columns = ("Divided by", "Group", "Wrong", "Of", "Share wrong", "95 % interval", "Mean of all trainings")
    rows = tuple(
        (breakdown.title, group.title, f"{group.wrong.count:,}", f"{group.wrong.total:,}", percent(group.wrong.share),
         interval(group.wrong), percent(group.mean))
        for breakdown in breakdowns
        for group in breakdown.groups
    )  # fmt: skip
    found = [breakdown.finding for breakdown in breakdowns if breakdown.finding]
    told = " ".join(found) if found else "No group clearly differs from all others."
    return Table(
        "Wrong predictions by place, label, size and looks", columns, rows, number_columns(columns, 2),
        note=f"{told} A group is named only where its interval and that of all other pictures do not overlap, and it "
        f"has at least {FEW} pictures; of {len(rows):,} groups one may do so by chance.", shown=_GROUPS_SHOWN,
    )  # fmt: skip


def hardest_table(evaluation: Evaluation) -> Table | None:
    """List pictures by how many trainings were wrong about them; None of a single training or without wrong ones."""
    repeats = len(evaluation.probabilities)
    places = evaluation.hardest
    if repeats < 2 or not len(places):
        return None
    wrong_in, mostly = evaluation.wrong_in, mostly_predicted(evaluation.probabilities)
    given = evaluation.probabilities[:, np.arange(len(evaluation.y_true)), evaluation.y_true].mean(axis=0)
    titles = [category.title for category in evaluation.classes]
    columns = ("Crop", "Screenshot", "It is", "Mostly taken for", f"Wrong, of {repeats}", "Truth")
    rows = tuple(
        (evaluation.crops[at].file, evaluation.crops[at].screenshot, titles[evaluation.y_true[at]], titles[mostly[at]],
         f"{wrong_in[at]}", percent(float(given[at])))
        for at in places.tolist()
    )  # fmt: skip
    always, once = int((wrong_in == repeats).sum()), int((wrong_in == 1).sum())
    return Table(
        f"Wrong in how many of {repeats} trainings", columns, rows, number_columns(columns, 4),
        note=f"Wrong in every training: hard or mislabelled ({counted(always, 'picture')}). Wrong in one: bad luck "
        f"({counted(once, 'picture')}). Truth: the mean probability of the true class.", shown=_HARDEST_SHOWN,
    )  # fmt: skip


def calibration_table(calibration: Calibration | None, stored: float | None) -> Table | None:
    """Compare calibration as trained with that of the fitted temperature; None where nothing could be fitted."""
    if calibration is None:
        return None
    both = (calibration.before, calibration.after)
    measures = (
        ("Expected calibration error", [percent(one.error) for one in both]),
        ("95 % interval of it", [f"{100 * one.interval[0]:.1f}–{100 * one.interval[1]:.1f} %" for one in both]),
        ("A calibrated model would stay below", [percent(one.noise) for one in both]),
        ("Mean confidence less accuracy", [f"{100 * one.overconfident:+.1f} %" for one in both]),
        ("Mean negative log likelihood", [f"{one.likelihood:.3f}" for one in both]),
    )
    columns = ("Measure", "As trained", f"With temperature {calibration.temperature:.2f}")
    rows = tuple((name, *values) for name, values in measures)
    kept = (
        "It is not stored: toonvision evaluate RUN --temperature does that."
        if stored is None
        else f"Stored with the model, and used by predict: {stored:.2f}."
    )
    return Table(
        "Calibration", columns, rows, number_columns(columns),
        note=f"The temperature was fitted on {counted(calibration.fitted_on, 'validation crop')}; it changes no "
        f"prediction, only how sure it is. {kept} {calibration.caveat}".rstrip(),
    )  # fmt: skip


def training_rows(settings: TrainingSettings) -> list[tuple[str, str]]:
    """List how a network is trained, but for its learning rate, which a search draws."""
    changes = [
        name if value is True else f"{name} {value:g}" for name, value in vars(settings.augmentation).items() if value
    ]
    loss = "training loss" if settings.with_validation else "validation loss"
    until = f"at most {settings.epochs}, stopped after {settings.patience} without a better {loss}"
    return [
        ("Epochs", f"all {settings.epochs}" if settings.takes_all_epochs else until),
        ("Course of the learning rate", f"{settings.schedule} (Adam)"),
        ("Weights kept", f"their moving average, momentum {settings.averaging:g}" if settings.averaging
                         else "of the last epoch" if settings.takes_all_epochs else "of the best epoch"),
        ("Batch size", str(settings.batch_size)),
        ("Label smoothing", f"{settings.label_smoothing:g}" if settings.label_smoothing else "none"),
        ("Class weights", "by inverse frequency" if settings.class_weights else "none"),
        ("Augmentation", ", ".join(changes) or "none"),
    ]  # fmt: skip


def settings_table(results: Results) -> Table:
    """List what is needed to make the run again."""
    record = results.evaluation.record
    settings = record.settings
    rows = [
        ("Run", record.title),
        ("Started", record.started),
        ("Predicts", f"the level {record.level}: {', '.join(record.classes)}"),
        ("Classes without samples", ", ".join(record.left_out) or "none"),
        ("Network", f"{settings.network}, {counted(record.parameters, 'parameter')}"),
        ("Input", f"{record.size_hw[0]} × {record.size_hw[1]} pixels (height × width), {record.resize}"),
        *training_rows(settings),
        ("Learning rate", f"{settings.learning_rate:g}" + (", the greatest" if settings.takes_all_epochs else "")),
        ("Seeds", ", ".join(str(repeat.seed) for repeat in record.repeats)),
        ("Seed of the kept model", str(record.best_seed)),
        ("Temperature", "none stored" if results.temperature is None else f"{results.temperature:.4f}"),
        ("Split", f"{record.split}, {'/'.join(map(str, record.ratios))}, seed {record.split_seed}" if record.ratios
                  else f"{record.split}, made by hand"),
        ("Crops", ", ".join(f"{part} {count:,}" for part, count in record.samples.items())),
        ("Screenshots", f"{results.screenshots:,} in {counted(results.split.groups, 'group')}"),
        ("Data hash", record.data_hash),
        ("Taxonomy", f"{record.taxonomy[0]}, digest {record.taxonomy[1]}"),
        ("Device", record.device),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    ]  # fmt: skip
    return Table("This run", ("Setting", "Value"), tuple(rows))


def _split_table(table: CountTable, split: SplitSummary) -> Table:
    columns = (table.level.title, *(part.title for part in table.columns), "All", "In percent")
    rows = [
        (category.title, *(f"{n:,}" for n in counts), f"{sum(counts):,}", _shares(counts))
        for category, counts in zip(table.classes, table.counts.tolist(), strict=True)
        if sum(counts)
    ]
    sums = table.counts.sum(axis=0).tolist()
    rows.append(("All", *(f"{n:,}" for n in sums), f"{sum(sums):,}", _shares(sums)))
    level = table.level.title
    return Table(
        f"Split {split.name}: samples by {level.lower() if level.istitle() else level} and part", columns, tuple(rows),
        number_columns(columns), note=_split_note(table, split), shown=_LEVEL_SHOWN,
        totals=1,
    )  # fmt: skip


def _split_note(table: CountTable, split: SplitSummary) -> str:
    if split.largest_deviation is None:
        return "Made by hand."
    note = f"Asked for {split.ratios}, drawn with seed {split.seed}."
    name, samples = split.largest_deviation
    if table.level.name != LABEL_LEVEL or not samples:
        return note
    title = table.classes[table.level.order[name]].title
    return f"{note} The label furthest from that is {title}, by {samples:.1f} samples."


def _shares(counts: Sequence[int]) -> str:
    """Write shares in percent that sum to 100."""
    total = sum(counts)
    bounds = [round(100 * sum(counts[:stop]) / total) for stop in range(len(counts) + 1)]
    return " / ".join(str(after - before) for before, after in pairwise(bounds))
