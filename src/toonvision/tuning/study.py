"""A search from its options to its result: the folder, the storage, the processes."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import optuna

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.workspace import Workspace
from toonvision.models.backend import DEFAULT_BACKEND, installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import load_dataset
from toonvision.tuning.folders import find_study, new_study_folder, study_to_resume
from toonvision.tuning.options import SearchOptions
from toonvision.tuning.recipes import narrower_settings, new_settings, resumed_settings
from toonvision.tuning.result import RESULT, SCORES, StudyResult, read_result, read_scores, read_trials, write_result
from toonvision.tuning.retries import CARRIED
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.storage import (
    Place,
    Pulse,
    StoredStudy,
    file_url,
    open_study,
    patiently,
    reading,
    shown_url,
    storage_faults,
)
from toonvision.tuning.workers import Order, default_workers, run_workers, threads_for

STORE, LOGS = "study.sqlite", "tensorboard"


class SearchWatcher(Protocol):
    """Whoever wants to follow a search."""

    def started(self, settings: StudySettings, data: Dataset, name: str) -> None:
        """The data is loaded; the search of that name begins."""

    def update(self, result: StudyResult) -> None:
        """The search stands like this; called about twice a second."""


def tune(
    workspace: Workspace,
    task: str,
    options: SearchOptions | None = None,
    *,
    name: str | None = None,
    resume: bool = False,
    tighten: str | None = None,
    storage: str | None = None,
    workers: int | None = None,
    watcher: SearchWatcher | None = None,
) -> StudyResult:
    """Search for a small network that is good with every seed.

    Args:
        workspace: Where the data is; the study's folder is made there.
        task: What the networks predict.
        options: What to search; by default what was published.
        name: The study's name; by default the strategy and a number, or with `resume` the task's newest study.
        resume: Go on with a study; `options` may then have `trials` and `race` only.
        tighten: A study: search the part of its space that its best tenth spans; its trials there count.
        storage: The address of a database that machines share; by default a file in the study's folder.
        workers: Number of processes that train at once; by default what was measured as fastest.
        watcher: Follows the search.

    Raises:
        UsageError: If task, study or split are unknown, the name is taken, or options contradict each other or the
            study that goes on.
        InputRejectedError: If nothing can be learned from the data, or every trial diverged.
        EnvironmentFaultError: If the storage cannot be reached, or processes keep dying.
    """
    wanted, options = workspace.taxonomy.task(task), options or SearchOptions()
    earlier = read_result(find_study(workspace.studies, tighten)) if tighten else None
    if resume and tighten:
        raise UsageError("a study goes on in its own space; --tighten cannot be given with --resume.")
    if resume:
        folder = study_to_resume(workspace.studies, wanted.name, name)
        settings = resumed_settings(read_result(folder).settings, options)
    else:
        settings = narrower_settings(earlier, wanted, options) if earlier else new_settings(workspace, wanted, options)
        folder = new_study_folder(
            workspace.studies, wanted.name, strategy=settings.strategy, name=name, shared=storage is not None
        )
    data = _load(workspace, settings)
    settings = replace(settings, data=data.digest)
    if watcher:
        watcher.started(settings, data, folder.name)
    return run_study(
        workspace,
        folder,
        settings,
        data,
        storage=storage,
        workers=workers or default_workers(settings.size_hw),
        carry=earlier,
        watch=watcher.update if watcher else None,
    )


def run_study(
    workspace: Workspace,
    folder: Path,
    settings: StudySettings,
    data: Dataset,
    *,
    storage: str | None = None,
    workers: int = 1,
    carry: StudyResult | None = None,
    pulse: Pulse | None = None,
    watch: Callable[[StudyResult], None] | None = None,
) -> StudyResult:
    """Search until the study's trials and its race are done, or take part in a search that others began.

    Args:
        workspace: Where the data is.
        folder: The study's folder, made where it is not there.
        settings: What to search.
        data: The samples that `settings` speak of.
        storage: Where the study is kept; by default in a file in its folder.
        workers: How many processes train at once on this machine.
        carry: A study whose trials count as tried, as far as they lie in this one's space and have no more weights
            than it allows.
        pulse: How dead processes are noticed.
        watch: Called about twice a second with the result so far.

    Raises:
        UsageError: If a study of that name has other settings or is kept elsewhere, or no network is within the
            bounds.
        EnvironmentFaultError: If the storage cannot be reached, or processes keep dying.
        InputRejectedError: If every trial diverged.
    """
    place = Place(storage or file_url(folder / STORE), f"{settings.task}/{folder.name}", pulse or Pulse())
    known = read_result(folder) if (folder / RESULT).exists() else None
    if known:
        _require_kept_there(known, folder, storage, place)
    folder.mkdir(parents=True, exist_ok=True)
    blank = _without_trials(folder, settings, data, known, workers=workers, storage=storage)
    first_here = known is None and storage is None
    if first_here and not carry:
        write_result(folder, blank)  # so that a search that is killed now is found, and can go on
    study = open_study(place.url, place.name, settings, pulse=place.pulse)
    with storage_faults(place.url):
        if carry and not study.trials.get_trials(deepcopy=False):
            study.trials.set_user_attr(CARRIED, _carried(study, carry))
        if first_here and carry:
            write_result(folder, blank)  # only now is it stored which trials the study begins with
        _carry_over(study)
    record = _Record(folder, place.url, study, blank)
    result = record.renewed()
    if not result.finished:
        order = Order(workspace.root.resolve(), place, (folder / LOGS).resolve(), threads_for(workers))
        try:
            run_workers(order, workers=workers, watch=lambda: record.watched(watch))
        finally:
            result = record.renewed()
    if not result.tried:
        raise InputRejectedError(
            f"{result.title}: the loss of every trial became NaN. Lower the learning rates of the space."
        )
    return result


class _Record:
    """A study's result in its folder, kept up to date with the storage."""

    def __init__(self, folder: Path, url: str, study: StoredStudy, blank: StudyResult) -> None:
        self._folder, self._url, self._study, self._blank = folder, url, study, blank
        self._ended = 0

    def renewed(self) -> StudyResult:
        """Read the study and write its result."""
        result = self._read()
        write_result(self._folder, result)
        self._ended = result.ended
        return result

    def watched(self, watch: Callable[[StudyResult], None] | None) -> int:
        """Read the study, write its result if a training ended, and return how many did."""
        result = patiently(self._url, self._read)
        if result.ended > self._ended:
            write_result(self._folder, result)  # for whoever lists the studies meanwhile
        self._ended = result.ended
        if watch:
            watch(result)
        return result.ended

    def _read(self) -> StudyResult:
        with reading(self._url):
            scores = read_scores(self._study, judged=self._blank.judged)
            return replace(self._blank, trials=read_trials(self._study), scores=scores)


def _load(workspace: Workspace, settings: StudySettings) -> Dataset:
    """Load a study's samples.

    Raises:
        UsageError: If they are not those that the study began with.
    """
    task = workspace.taxonomy.task(settings.task)
    data = load_dataset(workspace, task, size_hw=settings.size_hw, split=settings.split, resize=settings.resize)
    if settings.data and (settings.data, settings.taxonomy) != (data.digest, workspace.taxonomy.digest):
        raise UsageError(
            f"the split {settings.split!r}, the crops or the taxonomy were changed since that study began. Begin "
            "another one."
        )
    return data


def _require_kept_there(known: StudyResult, folder: Path, storage: str | None, place: Place) -> None:
    """Refuse to go on with a study anywhere but where it is kept: it would begin anew, and its result be lost."""
    own = known.storage in {STORE, shown_url(file_url(folder / STORE))}  # the latter in studies of before
    if storage is None and not own:
        raise UsageError(f"{known.title} is kept in {known.storage}. Give its --storage again, with any password.")
    if storage is not None and own:
        raise UsageError(f"{known.title} is kept in its own folder. Leave out --storage, or choose another --name.")
    if known.trials:
        open_study(place.url, place.name, pulse=place.pulse)  # refuses where there is none of that name


def _without_trials(
    folder: Path,
    settings: StudySettings,
    data: Dataset,
    known: StudyResult | None,
    *,
    workers: int,
    storage: str | None,
) -> StudyResult:
    """Return a study's result without its trials; it began when the known one did."""
    return StudyResult(
        name=folder.name,
        settings=settings,
        classes=data.classes,
        judged=len(data.indices["val"]),
        trials=(),
        scores={},
        device=_device(workers),
        versions=installed_versions(),
        started=known.started if known else datetime.now(UTC).isoformat(timespec="seconds"),
        storage=STORE if storage is None else shown_url(storage),
    )


def _carried(study: StoredStudy, earlier: StudyResult) -> list[dict[str, Any]]:
    """Give the trials of another study that this one could have drawn, as its own storage keeps them."""
    space, most = study.settings.space, study.settings.bounds.parameters
    return [
        {
            "draw": dict(space.nearest(trial.draw)),
            "loss": trial.loss,
            "parameters": trial.parameters,
            SCORES: [asdict(score) for score in trial.scores],
        }
        for trial in earlier.tried
        if (most is None or trial.parameters <= most) and space.holds(trial.draw) and trial.loss is not None
    ]


def _carry_over(study: StoredStudy) -> None:
    """Begin a study with the trials that it was given; after a kill, with those that it has not got yet.

    A machine that joins at this moment adds some of them too; of such twins the first counts.
    """
    given: list[dict[str, Any]] = study.trials.user_attrs.get(CARRIED, [])
    there = {trial.user_attrs.get(CARRIED) for trial in study.trials.get_trials(deepcopy=False)}
    for number, one in enumerate(given):
        if number not in there:
            study.trials.add_trial(
                optuna.create_trial(
                    params=one["draw"],
                    distributions=study.settings.space.distributions(),
                    values=[one["loss"], one["parameters"]][: len(study.trials.directions)],
                    user_attrs={"parameters": one["parameters"], SCORES: one[SCORES], CARRIED: number},
                )
            )


def _device(workers: int) -> str:
    backend = os.environ.get("KERAS_BACKEND", DEFAULT_BACKEND)
    threads = threads_for(workers)
    return f"{backend}, {workers} process{'es' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}"
