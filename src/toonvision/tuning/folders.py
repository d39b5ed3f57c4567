"""The studies of a workspace: found by name, chosen for a new one, and runs of their networks planned."""

import math
import statistics
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.names import NamedFolders, free_name, plain_name
from toonvision.data.workspace import Workspace
from toonvision.training.recipes import PlannedRun
from toonvision.tuning.result import RESULT, read_result

STORE = "study.sqlite"
_STUDIES = NamedFolders(RESULT, "study", "tune TASK")
find_study, is_study, study_results = _STUDIES.find, _STUDIES.holds, _STUDIES.records


def study_to_resume(studies: Path, task: str, name: str | None) -> Path:
    """Return the folder of the named study of a task, or of its newest one.

    Raises:
        UsageError: If there is none.
    """
    if name is not None:
        return find_study(studies, f"{task}/{name}")
    started = {}
    for path in study_results(studies):
        if path.parent.parent.name == task:
            started[path.parent] = ""
            with suppress(ModelRefusedError):  # `toonvision studies` names those
                started[path.parent] = read_result(path.parent).started
    if not started:
        raise UsageError(f"there is no study of {task} to go on with. Run: toonvision tune {task}")
    return max(started, key=lambda folder: started[folder])


def new_study_folder(studies: Path, task: str, *, strategy: str, name: str | None, shared: bool) -> Path:
    """Choose the folder of a new study; without a name it is called after the strategy, with the next free number.

    Where machines share the storage, a study of that name is joined.

    Raises:
        UsageError: If the name cannot be a folder's, or is taken, also by a study that is no search.
    """
    free = free_name(studies / task, strategy, number_first=True)
    folder = studies / task / (free if name is None else plain_name(name, "a study"))
    held = {path.name for path in folder.glob("*")}
    if held and not held & {RESULT, STORE}:
        raise UsageError(f"{folder} holds something else than a search. Choose another --name.")
    if RESULT in held and not shared:
        raise UsageError(
            f"there is a study called {task}/{name} already. Add --resume to go on with it, or choose another --name."
        )
    return folder


def run_of_study(
    workspace: Workspace, study: str, number: int | None, *, task: str, with_validation: bool = False
) -> PlannedRun:
    """Plan a run of a study's winner, or of one of its trials, trained as the study did.

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
    trial = result.winner if number is None else result.by_number.get(number)
    if trial is None and number is None:
        raise UsageError(f"{result.title} has no finished trial yet. Run: toonvision tune {task} --resume")
    if trial is None or not trial.draw:
        known = ", ".join(str(one.number) for one in result.tried[:10])
        raise UsageError(f"{result.title} has no trial {number} with a network. Its best are: {known}.")
    training = result.settings.training_of(trial.draw)
    if with_validation:
        best = [score.best_epoch for score in result.scores_of(trial) if score.best_epoch]
        if not best:
            raise UsageError(
                f"{result.title}, trial {trial.number}: no training of it shows how many epochs are enough."
            )
        epochs = math.ceil(statistics.median(best))
        training = replace(training, with_validation=True, epochs=epochs, patience=epochs)
    name = free_name(workspace.runs / task, f"{folder.name}-trial-{trial.number}")
    return PlannedRun(training, result.settings.size_of(trial.draw), result.settings.split, name)
