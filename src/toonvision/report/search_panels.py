"""Panels of a search for networks: the race, size against error, hyperparameters, trials, settings."""

import math
import statistics
from collections.abc import Sequence

from toonvision.core.panels import FigurePanel, Rows, Table
from toonvision.core.wording import between, counted, listed, percent
from toonvision.figures.values import Race, SizeErrorFront
from toonvision.models.architecture import PUBLISHED, Architecture, describe
from toonvision.models.layout import Layout
from toonvision.report.run_panels import training_rows
from toonvision.tuning import insight
from toonvision.tuning.importance import Importance
from toonvision.tuning.insight import SizeErrorPoint, size_error_points
from toonvision.tuning.result import Racer, StudyResult, Trial
from toonvision.tuning.sampling import bounds_text

_SHOWN = 3
_NONE = "–"
_NUMBERS = frozenset(range(2, 8))


def race_panel(result: StudyResult) -> FigurePanel | None:
    """Return the figure of the race; None if there was none."""
    found = result.racers
    if not found:
        return None
    medians = [f"trial {one.trial.number} has a median of {one.median_wrong:g} wrong" for one in found]
    rows = []
    for racer in found:
        behind = ("", "", "") if racer.behind is None else (racer.behind.mean, racer.behind.low, racer.behind.high)
        rows += [
            (racer.trial.number, racer.trial.layout, seed, _cell(one.loss), one.wrong, racer.left_after or "", *behind)
            for seed, one in racer.scores.items()
        ]
    head = ("trial", "layout", "seed", "loss", "wrong", "left_after_round", "log_loss_behind", "behind_low",
            "behind_high")  # fmt: skip
    return FigurePanel(
        "race",
        "The race of the best networks",
        f"Wrong validation {result.unit}s of each training of {counted(len(found), 'network')}, the best first: "
        f"{listed(medians)}. Beside them the loss of each as a multiple of the leader's.",
        "Left: each dot is a training with a new seed, the same seeds for all. Right: the mean paired ratio of the "
        "losses with its 95 % interval; networks whose interval is right of the dashed line left the race.",
        Race(found, result.evaluated, result.unit),
        (head, *rows),
    )


def architecture_panel(result: StudyResult) -> FigurePanel | None:
    """Return the best networks, with the published ones beside them; None if no trial is finished, or of detectors."""
    best = result.leading(_SHOWN)
    if not best or result.settings.space.finds:  # detectors differ by their width alone
        return None
    size_hw, classes = result.settings.size_hw, len(result.classes)
    titled = [(Layout.parse(trial.layout), f"Trial {trial.number}: {trial.layout}") for trial in best]
    titled += [
        (layout, f"Published {name}: {layout}") for name, layout in PUBLISHED.items() if layout.smallest <= min(size_hw)
    ]
    shown = tuple(describe(layout, size_hw=size_hw, classes=classes, title=title) for layout, title in titled)
    head = ("network", "stage", "steps", "height", "width", "channels", "weights")
    return FigurePanel(
        "architecture",
        "Architecture of the best networks",
        " ".join(_in_words(one) for one in shown),
        "Boxes: the output of each block, its height and width to scale, its thickness the number of feature maps. "
        "Bars: where the weights are. The published networks are built for this input size and these classes.",
        shown,
        (head, *((one.title, number, "; ".join(stage.steps), *(stage.size_hw or ("", "")), stage.channels,
                  stage.weights) for one in shown for number, stage in enumerate(one.stages))),
    )  # fmt: skip


def front_panel(result: StudyResult) -> FigurePanel | None:
    """Return the figure of size against error; None if no trial is finished."""
    networks = size_error_points(result)
    if not networks:
        return None
    front = [
        f"trial {one.trial.number} with {one.trial.parameters:,} parameters, a loss of {one.loss:.3f} and "
        f"{one.median_wrong:g} wrong"
        for one in networks
        if one.on_front
    ]
    return FigurePanel(
        "front",
        "Size against error",
        f"{counted(len(networks), 'network')} by their parameters and their error. On the front, smallest first: "
        f"{listed(front)}.",
        "Numbers are trials. Left: the mean loss over all trainings of a network, which decides the front; small dots "
        "are single trainings. Right: the median wrong over the trainings of the race or, hollow, of the trial itself, "
        "which is too good because the network was selected for it. Bars: 95 % interval (Wilson) of that median, for "
        "other ones; small dots: other seeds.",
        SizeErrorFront(networks, result.evaluated, result.settings.bounds.parameters, result.measure),
        front_rows(networks, evaluated=result.evaluated),
    )


def importance_panel(importance: Importance) -> FigurePanel | None:
    """Return which hyperparameters matter; None if nothing can be said."""
    if importance.reason:
        return None
    shares = [f"{name} {percent(share)}" for name, share in list(importance.shares.items())[:5]]
    above = importance.above_chance
    summary = f"Above chance: {listed(above)}." if above else "None is above what chance can reach."
    return FigurePanel(
        "importance",
        "Importance of hyperparameters",
        f"Shares of the variation between {importance.trials} trials, the largest first: {listed(shares)}. {summary}",
        f"{summary} The importance is fANOVA's: how much the log loss, predicted by a random forest, varies with a "
        "hyperparameter alone, within the whole space. Dashed: the largest share of any shuffled copy of the "
        f"hyperparameters in 19 fits, {percent(importance.chance)}. What the shares lack to 100 % went to the copies.",
        importance,
        (("hyperparameter", "share", "chance", "trials"),
         *((name, share, importance.chance, importance.trials) for name, share in importance.shares.items())),
    )  # fmt: skip


def slices_panel(result: StudyResult) -> FigurePanel | None:
    """Return each hyperparameter against the loss; None if none varied or no trial has a loss."""
    found = insight.slices(result)
    if not found or not found[0].points:
        return None
    rows = (
        (one.name, point.trial, point.value, point.ending, _cell(point.loss), _cell(one.medians.get(point.value)))
        for one in found
        for point in one.points
    )
    return FigurePanel(
        "slices",
        "Each hyperparameter against the loss",
        f"One panel for each of {listed([one.name for one in found])}: the {_named(result)} of "
        f"{counted(len(found[0].points), 'trial')} by its value.",
        f"{_best(result)} Bars are medians of the finished trials with a value, if there are at least three. Trials "
        "with the same value stand side by side. The number in a name is that of the block.",
        found,
        (("hyperparameter", "trial", "value", "outcome", "loss", "median_of_value"), *rows),
    )


def parallel_panel(result: StudyResult) -> FigurePanel | None:
    """Return trials through all hyperparameters; None if none varied or no trial has a loss."""
    found = insight.parallel_coordinates(result)
    if len(found.axes) == 1 or not found.lines:
        return None
    names = tuple(found.axes)[:-1]
    rows = []
    for line in found.lines:
        trial = result.by_number[line.trial]
        loss = "" if line.ending == "diverged" else _cell(trial.loss)
        rows.append((line.trial, line.ending, *(trial.draw[name] for name in names), loss))
    return FigurePanel(
        "parallel",
        "The best trials among all",
        f"{counted(len(found.lines), 'trial')} as lines through {listed(list(found.axes))}.",
        f"{_best(result)} Each line is a trial; lines with the same value are drawn a little apart. The loss, at the "
        "right, is logarithmic. Trials that were stopped early are left out.",
        found,
        (("trial", "outcome", *names, "loss"), *rows),
    )


def history_panel(result: StudyResult) -> FigurePanel | None:
    """Return the optimization history; None if no trial has a loss."""
    found = insight.optimization_history(result)
    if not found.points:
        return None
    lowest, finds = {number for number, _ in found.best}, result.settings.space.finds
    guess = math.log(max(2, len(result.classes)))
    guessing = "Finding nothing has a loss of 1." if finds else f"Guessing has a loss of {guess:.2f}."
    best = f" The lowest, {found.best[-1][1]:.3f}, is that of trial {found.best[-1][0]}." if found.best else ""
    return FigurePanel(
        "history",
        "Optimization history",
        f"The {_named(result)} of {counted(len(found.points), 'trial')} in their order.{best}",
        f"The line is the lowest loss of a finished trial so far. {guessing}",
        found,
        (("trial", "outcome", "loss", "best_so_far"),
         *((point.trial, point.ending, _cell(point.loss), int(point.trial in lowest)) for point in found.points)),
    )  # fmt: skip


def trials_table(
    result: StudyResult, trials: Sequence[Trial] | None = None, title: str = "Trials, the best first"
) -> Table:
    """Return trials; by default all of a search, the best first."""
    if trials is None:
        rest = [trial for trial in result.trials if trial not in result.tried]
        trials = [*result.tried, *sorted(rest, key=lambda one: one.loss or math.inf)]
    columns = ("Trial", "Network", "Parameters", "Learning rate", "Loss", "Wrong", "Epochs", "Seconds",
               "Outcome")  # fmt: skip
    of_epoch = "of the last epoch" if result.settings.training.takes_all_epochs else "of the best epoch"
    several = f", the mean over {counted(result.settings.repeats, 'training')}" if result.settings.repeats > 1 else ""
    return Table(
        title, columns, tuple(map(_trial_cells, trials)), _NUMBERS,
        note=f"{_named(result, upper=True)} {of_epoch}{several}; wrong of {result.validated}. All "
        "trials have the same seeds, so the best of many is partly lucky: the race shows how much. All values are in "
        "trials.csv.", shown=10,
    )  # fmt: skip


def race_table(result: StudyResult) -> Table | None:
    """Return how each network did over its trainings in the race; None if there was none."""
    found = result.racers
    if not found:
        return None
    columns = ("Trial", "Network", "Parameters", "Median wrong", "Best–worst", "Mean loss", "Times leader's",
               "Left after")  # fmt: skip
    return Table(
        "The race", columns, tuple(map(_racer_cells, found)), _NUMBERS,
        note=f"Wrong of {result.validated} over up to "
        f"{counted(result.standing.rounds, 'round')}, one training each. Times leader's: the mean paired ratio of the "
        "losses over the rounds that both ran, with its 95 % interval by Student's t; a network leaves after the round "
        "in which the whole interval is above 1. All trainings are in race.csv.",
    )  # fmt: skip


def front_table(result: StudyResult) -> Table | None:
    """Return the networks that no other one beats both in size and in loss; None if there are none."""
    front = [one for one in size_error_points(result) if one.on_front]
    if not front:
        return None
    columns = ("Trial", "Network", "Parameters", "Mean loss", "Raced", "Median wrong", "95 % interval",
               "Best–worst")  # fmt: skip
    return Table(
        "The front of size against error", columns, tuple(_front_cells(one) for one in front), _NUMBERS,
        note=f"Wrong of {result.validated}; the interval (Wilson) is that of the median, "
        "for other ones. Raced: trainings of the race, over which wrong is counted; a network without any "
        "has the numbers of its trial, which are too good because it was selected for them.",
    )  # fmt: skip


def settings_table(result: StudyResult) -> Table:
    """Return everything that is needed to repeat the search."""
    settings = result.settings
    race = settings.race
    times = "; ".join(f"{name}: {found:.1f} ms" for name, found in settings.milliseconds.items())
    rows = (
        ("Study", result.title),
        ("Started", result.started),
        ("Predicts", f"the task {settings.task}: {', '.join(result.classes)}"),
        ("Strategy", settings.strategy),
        ("Bounds", bounds_text(settings)),
        *((("Time of one screenshot", times),) if times else ()),
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
    return Table("This search", ("Setting", "Value"), rows)


def trials_rows(result: StudyResult) -> Rows:
    """Return a row for each trial; wrong is the mean over its trainings, as the loss is."""
    names = tuple(result.settings.space.dimensions)
    head = ("number", "state", *names, "layout", "parameters", "loss", "wrong", "epochs", "seconds", "replaced",
            "attempt")  # fmt: skip
    return (
        head,
        *((trial.number, trial.state, *(trial.draw.get(name, "") for name in names), trial.layout,
           trial.parameters or "", _cell(trial.loss), statistics.fmean(trial.wrong) if trial.wrong else "",
           trial.epochs or "", trial.seconds if trial.scores else "", trial.replaced, trial.attempt)
          for trial in result.trials),
    )  # fmt: skip


def race_rows(result: StudyResult) -> Rows:
    """Return a row for each training of the race; the loss of one that diverged is empty."""
    return (
        ("trial", "seed", "loss", "wrong", "best_epoch", "seconds"),
        *((number, seed, _cell(score.loss), score.wrong, score.best_epoch or "", score.seconds)
          for number, scores in sorted(result.scores.items()) for seed, score in sorted(scores.items())),
    )  # fmt: skip


def front_rows(networks: Sequence[SizeErrorPoint], *, evaluated: int) -> Rows:
    """Return a row for each network: its size, its loss, its wrong predictions and the interval of their median."""
    head = ("trial", "layout", "parameters", "on_front", "winner", "loss", "loss_trainings", "raced",
            "wrong_trainings", "wrong_median", "wrong_best", "wrong_worst", "interval_low", "interval_high",
            "validation_crops")  # fmt: skip
    return (
        head,
        *((one.trial.number, one.trial.layout, one.trial.parameters, int(one.on_front), int(one.winner), one.loss,
           len(one.losses), int(one.raced), len(one.wrong), one.median_wrong, min(one.wrong), max(one.wrong),
           *one.interval, evaluated) for one in networks),
    )  # fmt: skip


def _best(result: StudyResult) -> str:
    count = len(result.best_tenth)
    return f"Blue: the best {f'{count} ' if count > 1 else ''}of {counted(len(result.tried), 'finished trial')}."


def _in_words(architecture: Architecture) -> str:
    stages = [f"{', '.join(stage.steps)} ({stage.weights:,} weights)" for stage in architecture.stages[1:]]
    return f"{architecture.title}: {'; '.join(stages)}; {architecture.weights:,} weights in all."


def _named(result: StudyResult, *, upper: bool = False) -> str:
    """Return what the loss is, in a sentence or at its beginning."""
    if result.settings.space.finds:
        return result.measure
    return "Validation loss" if upper else "validation loss"


def _seeds(seeds: Sequence[int]) -> str:
    return f"the seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def _cell(value: float | None) -> float | str:
    return "" if value is None else value


def _trial_cells(trial: Trial) -> tuple[str, ...]:
    known = trial.loss is not None and trial.state != "diverged"
    return (
        str(trial.number), trial.layout or _NONE, f"{trial.parameters:,}" if trial.parameters else _NONE,
        f"{trial.draw['learning_rate']:.3g}" if trial.draw else _NONE, f"{trial.loss:.4f}" if known else _NONE,
        f"{statistics.fmean(trial.wrong):g}" if trial.wrong and known else _NONE,
        f"{trial.epochs}" if trial.epochs else _NONE, f"{trial.seconds:,.0f}" if trial.scores else _NONE, trial.state,
    )  # fmt: skip


def _racer_cells(racer: Racer) -> tuple[str, ...]:
    wrong = racer.wrong
    known = [loss for loss in racer.losses if loss is not None]
    behind = _NONE
    if racer.behind is not None:
        mean, low, high = (math.exp(value) for value in (racer.behind.mean, racer.behind.low, racer.behind.high))
        behind = f"{mean:.2f} ({between(low, high, '.2f')})"
    lost = f" ({racer.diverged} diverged)" if racer.diverged else ""
    return (
        f"{racer.trial.number} (leads)" if racer.leads else str(racer.trial.number), racer.trial.layout,
        f"{racer.trial.parameters:,}", f"{racer.median_wrong:g}", f"{min(wrong):,}–{max(wrong):,}{lost}",
        f"{statistics.fmean(known):.4f}" if known else _NONE, behind, str(racer.left_after or _NONE),
    )  # fmt: skip


def _front_cells(one: SizeErrorPoint) -> tuple[str, ...]:
    low, high = one.interval
    return (
        f"{one.trial.number} (winner)" if one.winner else str(one.trial.number), one.trial.layout,
        f"{one.trial.parameters:,}", f"{one.loss:.4f}", str(len(one.wrong)) if one.raced else _NONE,
        f"{one.median_wrong:g}", between(low, high, ".1f"), f"{min(one.wrong):,}–{max(one.wrong):,}",
    )  # fmt: skip
