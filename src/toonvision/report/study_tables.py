"""The tables of a study's report."""

import math
import statistics
from collections.abc import Sequence

from toonvision.core.wording import counted
from toonvision.report.contents import Table
from toonvision.report.tables import training_rows
from toonvision.tuning.finalists import SizeErrorPoint, size_error_points
from toonvision.tuning.result import Racer, StudyResult, Trial
from toonvision.tuning.sampling import bounds_text

_TRIALS_SHOWN = 10
_NONE = "–"


def trials_table(result: StudyResult) -> Table | None:
    """List all trials, the best first; None where there are none."""
    if not result.trials:
        return None
    columns = ("Trial", "Network", "Parameters", "Learning rate", "Loss", "Wrong", "Epochs", "Seconds",
               "Outcome")  # fmt: skip
    best = [trial.number for trial in result.tried]
    rest = sorted((trial for trial in result.trials if trial.number not in best), key=lambda one: one.loss or math.inf)
    rows = tuple(_trial_row(trial) for trial in (*result.tried, *rest))
    of_epoch = "at the end" if result.settings.training.takes_all_epochs else "of the best epoch"
    several = f", the mean over {counted(result.settings.repeats, 'training')}" if result.settings.repeats > 1 else ""
    return Table(
        "Trials, the best first", columns, rows, frozenset(range(2, 8)),
        note=f"Validation loss in nats, {of_epoch}{several}; wrong of {counted(result.judged, 'validation picture')}. "
        "All trials have the same seeds, and the best of many owes something to luck: the race tells how much. All "
        "values are in trials.csv.", shown=_TRIALS_SHOWN,
    )  # fmt: skip


def race_table(result: StudyResult) -> Table | None:
    """Tell how each network did over its trainings in the race; None where there was none."""
    found = result.racers
    if not found:
        return None
    columns = ("Trial", "Network", "Parameters", "Median wrong", "Best–worst", "Mean loss", "Times leader's",
               "Left after")  # fmt: skip
    return Table(
        "The race", columns, tuple(map(_racer_row, found)),
        frozenset(range(2, 8)),
        note=f"Wrong of {counted(result.judged, 'validation picture')} over up to "
        f"{counted(result.standing.rounds, 'round')}, a training each. Times leader's: the mean paired ratio of the "
        "losses over the rounds that both ran, with its 95 % interval by Student's t; a network leaves after the round "
        "in which all of that is above 1. All trainings are in race.csv.",
    )  # fmt: skip


def front_table(result: StudyResult) -> Table | None:
    """List the networks that no other one beats both in weights and in loss; None where there are none."""
    front = [one for one in size_error_points(result) if one.on_front]
    if not front:
        return None
    columns = ("Trial", "Network", "Parameters", "Mean loss", "Raced", "Median wrong", "95 % interval",
               "Best–worst")  # fmt: skip
    return Table(
        "The front of size against error", columns, tuple(_front_row(one) for one in front), frozenset(range(2, 8)),
        note=f"Wrong of {counted(result.judged, 'validation picture')}; the interval (Wilson) is that of the median, "
        "and tells what other pictures could change. Raced: trainings of the race, which wrong is counted over; a "
        "network without any shows those that it was chosen for, which flatter it.",
    )  # fmt: skip


def study_table(result: StudyResult) -> Table:
    """List what is needed to make the study again."""
    settings = result.settings
    race = settings.race
    rows = (
        ("Study", result.title),
        ("Started", result.started),
        ("Predicts", f"the task {settings.task}: {', '.join(result.classes)}"),
        ("Strategy", settings.strategy),
        ("Bounds", bounds_text(settings)),
        ("Trials", f"{settings.trials:,}, each with {_seeds(settings.seeds())}"),
        ("Race", f"at most {race.candidates} networks, {race.rounds} rounds and {race.trainings} trainings, "
                 f"with {_seeds(settings.fresh_seeds())}" if race.trainings else "none"),
        ("Input", f"{settings.size_hw[0]} × {settings.size_hw[1]} pixels (height × width), {settings.resize}"),
        *training_rows(settings.training),
        ("Split", settings.split),
        ("Data hash", settings.data),
        ("Taxonomy", f"digest {settings.taxonomy}"),
        ("Storage", result.storage),
        ("Device", result.device),
        ("Versions", ", ".join(f"{name} {version}" for name, version in result.versions.items())),
    )  # fmt: skip
    return Table("This study", ("Setting", "Value"), rows)


def _seeds(seeds: Sequence[int]) -> str:
    return f"the seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _trial_row(trial: Trial) -> tuple[str, ...]:
    known = trial.loss is not None and trial.state != "diverged"
    return (
        str(trial.number), trial.layout or _NONE, f"{trial.parameters:,}" if trial.parameters else _NONE,
        f"{trial.draw['learning_rate']:.3g}" if trial.draw else _NONE, f"{trial.loss:.4f}" if known else _NONE,
        f"{statistics.fmean(trial.wrong):g}" if trial.wrong and known else _NONE,
        f"{trial.epochs}" if trial.epochs else _NONE, f"{trial.seconds:,.0f}" if trial.scores else _NONE, trial.state,
    )  # fmt: skip


def _racer_row(racer: Racer) -> tuple[str, ...]:
    wrong = racer.wrong
    known = [loss for loss in racer.losses if loss is not None]
    behind = _NONE
    if racer.behind is not None:
        mean, low, high = (math.exp(value) for value in (racer.behind.mean, racer.behind.low, racer.behind.high))
        behind = f"{mean:.2f} ({low:.2f}–{high:.2f})"
    lost = f" ({racer.diverged} diverged)" if racer.diverged else ""
    return (
        f"{racer.trial.number} (leads)" if racer.leads else str(racer.trial.number), racer.trial.layout,
        f"{racer.trial.parameters:,}", f"{racer.median_wrong:g}", f"{min(wrong):,}–{max(wrong):,}{lost}",
        f"{statistics.fmean(known):.4f}" if known else _NONE, behind, str(racer.left_after or _NONE),
    )  # fmt: skip


def _front_row(one: SizeErrorPoint) -> tuple[str, ...]:
    low, high = one.interval
    number = f"{one.trial.number} (winner)" if one.winner else str(one.trial.number)
    return (
        number, one.trial.layout, f"{one.trial.parameters:,}", f"{one.loss:.4f}",
        str(len(one.wrong)) if one.raced else _NONE, f"{one.median_wrong:g}", f"{low:.1f}–{high:.1f}",
        f"{min(one.wrong):,}–{max(one.wrong):,}",
    )  # fmt: skip
