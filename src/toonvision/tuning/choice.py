"""Taking a network out of a study, to train it for good."""

import math
import statistics
from dataclasses import dataclass, replace

from toonvision.core.errors import UsageError
from toonvision.data.workspace import Workspace
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.folders import find_study
from toonvision.tuning.result import StudyResult, Trial, read_result


@dataclass(frozen=True)
class Chosen:
    """A trial's network and how the study trained it.

    Attributes:
        name: What to call its run.
        settings: How it is trained.
        size_hw: Height and width of the input in pixels.
        split: Name of the split.
    """

    name: str
    settings: TrainingSettings
    size_hw: tuple[int, int]
    split: str


def chosen_of_study(
    workspace: Workspace, study: str, number: int | None, *, task: str, with_validation: bool = False
) -> Chosen:
    """Return a study's winner, or one of its trials.

    Args:
        workspace: Where the study is.
        study: Its name or folder.
        number: The trial; the winner by default.
        task: What is to be predicted.
        with_validation: Train on the validation subset too, for as many epochs as the median best epoch of its
            trainings in the study.

    Raises:
        UsageError: If there is no such study or trial, or it is of another task.
    """
    folder = find_study(workspace.studies, study)
    result = read_result(folder)
    if result.settings.task != task:
        raise UsageError(f"{result.title} searched networks for {result.settings.task}, not for {task}.")
    trial = _trial(result, number)
    settings = result.settings.training_of(trial.draw)
    if with_validation:
        epochs = _epochs(result, trial)
        settings = replace(settings, with_validation=True, epochs=epochs, patience=epochs)
    return Chosen(f"{folder.name}-trial-{trial.number}", settings, result.settings.size_hw, result.settings.split)


def _trial(result: StudyResult, number: int | None) -> Trial:
    if number is None:
        if result.winner is None:
            task = result.settings.task
            raise UsageError(f"{result.title} has no finished trial yet. Run: toonvision tune {task} --resume")
        return result.winner
    trial = result.by_number.get(number)
    if trial is None or not trial.draw:
        known = ", ".join(str(one.number) for one in result.tried[:10])
        raise UsageError(f"{result.title} has no trial {number} with a network. Its best are: {known}.")
    return trial


def _epochs(result: StudyResult, trial: Trial) -> int:
    scores = (*trial.scores, *result.scores.get(trial.number, {}).values())
    known = [score.best_epoch for score in scores if score.best_epoch]
    if not known:
        raise UsageError(f"{result.title}, trial {trial.number}: no training of it shows how many epochs are enough.")
    return math.ceil(statistics.median(known))
