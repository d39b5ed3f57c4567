"""The values of a study as rows: of its CSV files, and of each of its figures."""

import statistics
from collections.abc import Sequence

from toonvision.models.architecture import Architecture
from toonvision.report.figure_files import Data
from toonvision.tuning.finalists import SizeErrorPoint
from toonvision.tuning.importance import Importance
from toonvision.tuning.insight import OptimizationHistory, ParallelCoordinates, Slice
from toonvision.tuning.result import Racer, StudyResult, Trial


def trials_data(result: StudyResult) -> Data:
    """Give one row a trial; wrong is the mean over its trainings, as the loss is."""
    names = tuple(result.settings.space.dimensions)
    columns = ("number", "state", *names, "layout", "parameters", "loss", "wrong", "epochs", "seconds", "replaced",
               "attempt")  # fmt: skip
    return Data(columns, tuple(_trial(trial, names) for trial in result.trials))


def race_data(result: StudyResult) -> Data:
    """Give one row a training of the race; the loss of one that diverged is empty."""
    rows = [
        (number, seed, _cell(score.loss), score.wrong, score.best_epoch or "", score.seconds)
        for number, scores in sorted(result.scores.items())
        for seed, score in sorted(scores.items())
    ]
    return Data(("trial", "seed", "loss", "wrong", "best_epoch", "seconds"), tuple(rows))


def front_data(networks: Sequence[SizeErrorPoint], *, judged: int) -> Data:
    """Give one row a network: its size, its loss, and its wrong pictures with the interval of their median."""
    columns = ("trial", "layout", "parameters", "on_front", "winner", "loss", "loss_trainings", "raced",
               "wrong_trainings", "wrong_median", "wrong_best", "wrong_worst", "interval_low", "interval_high",
               "judged")  # fmt: skip
    rows = [
        (one.trial.number, one.trial.layout, one.trial.parameters, int(one.on_front), int(one.winner), one.loss,
         len(one.losses), int(one.raced), len(one.wrong), one.median_wrong, min(one.wrong), max(one.wrong),
         *one.interval, judged)
        for one in networks
    ]  # fmt: skip
    return Data(columns, tuple(rows))


def racers_data(racers: Sequence[Racer]) -> Data:
    """Give one row a training, with what is known of its network: when it left, and how far it is behind."""
    columns = ("trial", "layout", "seed", "loss", "wrong", "left_after_round", "log_loss_behind", "behind_low",
               "behind_high")  # fmt: skip
    rows = []
    for racer in racers:
        behind = ("", "", "") if racer.behind is None else (racer.behind.mean, racer.behind.low, racer.behind.high)
        rows += [
            (
                racer.trial.number,
                racer.trial.layout,
                seed,
                _cell(score.loss),
                score.wrong,
                racer.left_after or "",
                *behind,
            )
            for seed, score in racer.scores.items()
        ]
    return Data(columns, tuple(rows))


def importance_data(importance: Importance) -> Data:
    """Give the share of each hyperparameter, and what chance can do."""
    rows = [(name, share, importance.chance, importance.trials) for name, share in importance.shares.items()]
    return Data(("hyperparameter", "share", "chance", "trials"), tuple(rows))


def course_data(course: OptimizationHistory) -> Data:
    """Give the trials in their order, and whether each was better than all before it."""
    best = {number for number, _ in course.best}
    rows = [(point.trial, point.outcome, _cell(point.loss), int(point.trial in best)) for point in course.points]
    return Data(("trial", "outcome", "loss", "best_so_far"), tuple(rows))


def slices_data(slices: Sequence[Slice]) -> Data:
    """Give each hyperparameter's value and loss of each trial, with the median of the value where it is drawn."""
    rows = [
        (one.name, point.trial, point.value, point.outcome, _cell(point.loss), _cell(one.medians.get(point.value)))
        for one in slices
        for point in one.points
    ]
    return Data(("hyperparameter", "trial", "value", "outcome", "loss", "median_of_value"), tuple(rows))


def parallel_data(parallel: ParallelCoordinates, result: StudyResult) -> Data:
    """Give one row a line: the values that it runs through."""
    names = tuple(parallel.axes)[:-1]
    rows = []
    for line in parallel.lines:
        trial = result.by_number[line.trial]
        loss = "" if line.outcome == "diverged" else _cell(trial.loss)
        rows.append((line.trial, line.outcome, *(trial.draw[name] for name in names), loss))
    return Data(("trial", "outcome", *names, "loss"), tuple(rows))


def architecture_data(architectures: Sequence[Architecture]) -> Data:
    """Give one row a stage of a network."""
    rows = [
        (one.title, number, "; ".join(stage.steps), *(stage.size_hw or ("", "")), stage.channels, stage.weights)
        for one in architectures
        for number, stage in enumerate(one.stages)
    ]
    return Data(("network", "stage", "steps", "height", "width", "channels", "weights"), tuple(rows))


def _trial(trial: Trial, names: Sequence[str]) -> tuple[object, ...]:
    values = [trial.draw.get(name, "") for name in names]
    wrong = statistics.fmean(trial.wrong) if trial.wrong else ""
    return (
        trial.number, trial.state, *values, trial.layout, trial.parameters or "", _cell(trial.loss), wrong,
        trial.epochs or "", trial.seconds if trial.scores else "", trial.replaced, trial.attempt,
    )  # fmt: skip


def _cell(value: float | None) -> float | str:
    return "" if value is None else value
