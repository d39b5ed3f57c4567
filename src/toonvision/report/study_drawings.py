"""The figures of a study's report: which there are, what they are called, and what they show in words."""

import math
from pathlib import Path

from toonvision.core.wording import counted, listed, percent
from toonvision.figures.architecture import draw_architectures
from toonvision.figures.course import draw_course
from toonvision.figures.front import draw_front
from toonvision.figures.importance import draw_importance
from toonvision.figures.parallel import draw_parallel
from toonvision.figures.race import draw_race
from toonvision.figures.slices import draw_slices
from toonvision.models.architecture import PUBLISHED, Architecture, describe
from toonvision.models.layout import Layout
from toonvision.report import study_data as data
from toonvision.report.contents import Picture
from toonvision.report.figure_files import keep_figure
from toonvision.tuning.finalists import leading, size_error_points
from toonvision.tuning.importance import Importance
from toonvision.tuning.insight import optimization_history, parallel_coordinates, slices
from toonvision.tuning.result import StudyResult

FIGURE_NAMES = ("race", "architecture", "front", "importance", "slices", "parallel", "course")
_SHOWN = 3


def race_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw the race; None where there was none."""
    found = result.racers
    if not found:
        return None
    medians = [f"trial {one.trial.number} has a median of {one.median_wrong:g} wrong" for one in found]
    return keep_figure(
        folder, "race", draw_race(found, judged=result.judged), data.racers_data(found),
        title="The race of the best networks",
        alternative=f"Wrong validation pictures of each training of {counted(len(found), 'network')}, the best first: "
        f"{listed(medians)}. Beside them the loss of each as times the leader's.",
        caption="Left: each dot is a training with a fresh seed, the same seeds for all. Right: the mean paired ratio "
        "of the losses with its 95 % interval; whoever's lies to the right of the dashed line left the race.",
    )  # fmt: skip


def architecture_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw the best networks, and the published ones beside them; None where no trial is finished."""
    best = leading(result, _SHOWN)
    if not best:
        return None
    size_hw, classes = result.settings.size_hw, len(result.classes)
    shown = [
        describe(
            Layout.parse(trial.layout), size_hw=size_hw, classes=classes, title=f"Trial {trial.number}: {trial.layout}"
        )
        for trial in best
    ]
    shown += [
        describe(layout, size_hw=size_hw, classes=classes, title=f"Published {name}: {layout}")
        for name, layout in PUBLISHED.items()
        if layout.smallest <= min(size_hw)
    ]
    return keep_figure(
        folder, "architecture", draw_architectures(shown), data.architecture_data(shown),
        title="What the best networks look like",
        alternative=" ".join(_in_words(one) for one in shown),
        caption="Boxes: what each block hands on, its height and width to scale, its thickness the number of maps. "
        "Bars: where the weights are. The published networks are as they would be for these pictures and classes.",
    )  # fmt: skip


def front_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw size against error; None where no trial is finished."""
    networks = size_error_points(result)
    if not networks:
        return None
    front = [
        f"trial {one.trial.number} with {one.trial.parameters:,} parameters, a loss of {one.loss:.3f} and "
        f"{one.median_wrong:g} wrong"
        for one in networks
        if one.on_front
    ]
    return keep_figure(
        folder, "front", draw_front(networks, judged=result.judged, bound=result.settings.bounds.parameters),
        data.front_data(networks, judged=result.judged),
        title="Size against error",
        alternative=f"{counted(len(networks), 'network')} by their parameters and their error. The front, smallest "
        f"first: {listed(front)}.",
        caption="Numbers are trials. Left: the mean loss over all trainings of a network, which decides the front; "
        "small dots are single trainings. Right: the median wrong over the race's trainings, or, hollow, of the one "
        "that the network was chosen for, which flatters it. Bars: 95 % interval (Wilson) of that median, for what "
        "other pictures could change; small dots: what another seed changes.",
    )  # fmt: skip


def importance_picture(importance: Importance, folder: Path) -> Picture | None:
    """Draw which hyperparameters matter; None where nothing can be said."""
    if importance.reason:
        return None
    shares = [f"{name} {percent(share)}" for name, share in list(importance.shares.items())[:5]]
    telling = importance.telling
    said = f"Above chance: {listed(telling)}." if telling else "None is above what chance can do."
    return keep_figure(
        folder, "importance", draw_importance(importance), data.importance_data(importance),
        title="Which hyperparameters matter",
        alternative=f"Shares of the differences between {importance.trials} trials, the greatest first: "
        f"{listed(shares)}. {said}",
        caption=f"{said} The importance is fANOVA's: how much a random forest's logarithm of the loss varies with a "
        "hyperparameter alone, within the whole space. Dashed: the greatest share of any of as many copies with "
        f"shuffled values in 19 fits, {percent(importance.chance)}. What the shares lack to 100 % went to the copies.",
    )  # fmt: skip


def slices_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw each hyperparameter against the loss; None where none varied or nothing came of any trial."""
    found = slices(result)
    if not found or not found[0].points:
        return None
    names = listed([one.name for one in found])
    return keep_figure(
        folder, "slices", draw_slices(found), data.slices_data(found),
        title="Each hyperparameter against the loss",
        alternative=f"One panel for each of {names}: the validation loss of {counted(len(found[0].points), 'trial')} "
        "by its value.",
        caption=f"{_best(result)} Bars are medians of the finished trials of a value, where there are three or more. "
        "Trials of one value stand beside each other. The number in a name is that of the block.",
    )  # fmt: skip


def parallel_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw trials through all hyperparameters; None where none varied or nothing came of any trial."""
    found = parallel_coordinates(result)
    if len(found.axes) == 1 or not found.lines:
        return None
    names = listed(list(found.axes))
    return keep_figure(
        folder, "parallel", draw_parallel(found), data.parallel_data(found, result),
        title="The best trials among all",
        alternative=f"{counted(len(found.lines), 'trial')} as lines through {names}.",
        caption=f"{_best(result)} Each line is a trial; those of the same value run a little apart. The loss, at the "
        "right, is logarithmic. Trials that were cut short are left out.",
    )  # fmt: skip


def course_picture(result: StudyResult, folder: Path) -> Picture | None:
    """Draw the trials in their order; None where nothing came of any."""
    found = optimization_history(result)
    if not found.points:
        return None
    best = f" The lowest, {found.best[-1][1]:.3f}, is that of trial {found.best[-1][0]}." if found.best else ""
    return keep_figure(
        folder, "course", draw_course(found), data.course_data(found),
        title="How the search went",
        alternative=f"The validation loss of {counted(len(found.points), 'trial')} in their order.{best}",
        caption="The line is the lowest loss of a finished trial so far. Guessing has a loss of "
        f"{math.log(max(2, len(result.classes))):.2f}.",
    )  # fmt: skip


def _best(result: StudyResult) -> str:
    count = len(result.best_tenth)
    return f"Blue: the best {f'{count} ' if count > 1 else ''}of {counted(len(result.tried), 'finished trial')}."


def _in_words(architecture: Architecture) -> str:
    """Tell an architecture in a sentence."""
    stages = [f"{', '.join(stage.steps)} ({stage.weights:,} weights)" for stage in architecture.stages[1:]]
    return f"{architecture.title}: {'; '.join(stages)}; {architecture.weights:,} weights in all."
