"""A search from its options to its result: the folder, the storage, the processes."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.progress import unwatched
from toonvision.data.workspace import Workspace
from toonvision.models.backend import DEFAULT_BACKEND, installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tuning.folders import STORE, find_study, new_study_folder, study_to_resume
from toonvision.tuning.options import SearchOptions
from toonvision.tuning.recipes import narrower_settings, new_settings, resumed_settings, with_times
from toonvision.tuning.result import RESULT, StudyResult, read_result, write_result
from toonvision.tuning.settings import StudySettings, load_study_data
from toonvision.tuning.storage import (
    Address,
    file_url,
    open_study,
    patiently,
    shown_url,
    storage_faults,
)
from toonvision.tuning.stored_trials import CARRIED, StoredStudy, carried_trials, carry_over, read_scores, read_trials
from toonvision.tuning.workers import default_workers, run_workers, threads_each

LOGS = "tensorboard"


class SearchWatcher(Protocol):
    """Follows a search. The methods do nothing; override those that you want to see."""

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
    watcher: SearchWatcher = unwatched,
    measure: Callable[[str, tuple[int, int], int], float] | None = None,
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
        measure: Returns the milliseconds of a detector for one screenshot, by its name, the size of its input and its
            number of classes.

    Raises:
        UsageError: If task, study or split are unknown, the name is taken, or options contradict each other or the
            study that goes on.
        InputRejectedError: If nothing can be learned from the data, or every trial diverged.
        EnvironmentFaultError: If the storage cannot be reached, or processes keep dying.
    """
    wanted, options, studies = workspace.taxonomy.task(task), options or SearchOptions(), workspace.studies
    if resume and tighten:
        raise UsageError("a study goes on in its own space; --tighten cannot be given with --resume.")
    earlier = read_result(find_study(studies, tighten)) if tighten else None
    if resume:
        folder = study_to_resume(studies, wanted.name, name)
        settings = resumed_settings(read_result(folder).settings, options)
    else:
        settings = narrower_settings(earlier, wanted, options) if earlier else new_settings(workspace, wanted, options)
        folder = new_study_folder(studies, wanted.name, strategy=settings.strategy, name=name, shared=bool(storage))
    data = load_study_data(workspace, settings)
    settings = replace(settings, data=data.digest)
    settings = with_times(settings, len(data.classes), measure) if measure else settings
    watcher.started(settings, data, folder.name)
    return run_study(
        workspace,
        folder,
        settings,
        data,
        address=Address(storage, f"{wanted.name}/{folder.name}") if storage else None,
        workers=workers or default_workers(settings.size_hw),
        carry=earlier,
        watch=watcher.update,
    )


def run_study(
    workspace: Workspace,
    folder: Path,
    settings: StudySettings,
    data: Dataset,
    *,
    address: Address | None = None,
    workers: int = 1,
    carry: StudyResult | None = None,
    watch: Callable[[StudyResult], None] = unwatched.update,
) -> StudyResult:
    """Search until the study's trials and its race are done, or take part in a search that others began; see `tune`.

    Args:
        workspace: Where the data is.
        folder: The study's folder, made where it is not there.
        settings: What to search.
        data: The dataset that `settings` name.
        address: Where the study is kept; by default in a file in its folder.
        workers: How many processes train at once on this machine.
        carry: A study whose trials count as tried, if they lie in this one's space and have no more weights than it
            allows.
        watch: Called about twice a second with the result so far.
    """
    own = Address(file_url(folder / STORE), f"{settings.task}/{folder.name}")
    address = address or own
    known = read_result(folder) if (folder / RESULT).exists() else None
    if known:
        _require_kept_there(known, address, own)
    folder.mkdir(parents=True, exist_ok=True)
    backend, threads = os.environ.get("KERAS_BACKEND", DEFAULT_BACKEND), threads_each(workers)
    blank = StudyResult(
        name=folder.name,
        settings=settings,
        classes=data.classes,
        evaluated=len(data.indices["val"]),
        guessed_wrong=None if settings.space.finds else _guessed_wrong(data),
        device=f"{backend}, {workers} process{'es' * (workers > 1)} of {threads} thread{'s' * (threads > 1)}",
        versions=installed_versions(),
        started=known.started if known else datetime.now(UTC).isoformat(timespec="seconds"),
        storage=STORE if address.url == own.url else shown_url(address.url),
    )
    study = _begun(address, folder, blank, carry, first=not known and address.url == own.url)
    run = partial(run_workers, workspace.root.resolve(), address, (folder / LOGS).resolve(), workers=workers)
    result = _completed(study, blank, folder, address.url, run, watch)
    if not result.tried:
        raise InputRejectedError(
            f"{result.title}: the loss of every trial became NaN. Lower the learning rates of the space."
        )
    return result


def _guessed_wrong(data: Dataset) -> int:
    counts = np.bincount(data.targets[data.indices["val"]])
    return int(counts.sum() - counts.max())


def _require_kept_there(known: StudyResult, address: Address, own: Address) -> None:
    """Refuse to go on with a study where it is not kept: another would begin, and overwrite its result."""
    kept_here = known.storage in {STORE, shown_url(own.url)}  # earlier versions wrote the latter
    if address.url == own.url and not kept_here:
        raise UsageError(f"{known.title} is kept in {known.storage}. Add its --storage again, with any password.")
    if address.url != own.url and kept_here:
        raise UsageError(f"{known.title} is kept in its own folder. Leave out --storage, or choose another --name.")
    if known.trials:
        open_study(address)  # refuses where there is none of that name


def _begun(
    address: Address, folder: Path, blank: StudyResult, carry: StudyResult | None, *, first: bool
) -> StoredStudy:
    """Open the study, or begin it with the trials that it carries over.

    A study in its own folder is found from its `first` moment on, so that it can go on after a kill; one that carries
    trials over not before it is stored which.
    """
    if first and not carry:
        write_result(folder, blank)
    study = open_study(address, blank.settings)
    with storage_faults(address.url):
        if carry and not study.trials.get_trials(deepcopy=False):
            study.trials.set_user_attr(CARRIED, carried_trials(study, carry.tried))
        if first and carry:
            write_result(folder, blank)
        carry_over(study)
    return study


def _completed(
    study: StoredStudy,
    blank: StudyResult,
    folder: Path,
    url: str,
    run: Callable[..., None],
    watch: Callable[[StudyResult], None],
) -> StudyResult:
    """Run processes until the study is finished, and keep its result in its folder up to date."""

    def read() -> StudyResult:
        with storage_faults(url, opening=True):
            return replace(blank, trials=read_trials(study), scores=read_scores(study, evaluated=blank.evaluated))

    result = read()
    write_result(folder, result)

    def watched() -> int:
        nonlocal result
        before, result = result, patiently(url, read)
        if result.ended > before.ended:
            write_result(folder, result)  # for whoever lists the studies meanwhile
        watch(result)
        return result.ended

    if not result.finished:
        try:
            run(watch=watched)
        finally:
            result = read()
            write_result(folder, result)
    return result
