"""A search from its order to its result: the folder, the storage, the processes."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna

from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.names import free_name, plain_name
from toonvision.data.workspace import Workspace
from toonvision.models.backend import DEFAULT_BACKEND, installed_versions
from toonvision.tasks.base import Dataset
from toonvision.tuning.result import (
    LEAST_BEST,
    RESULT,
    SCORES,
    StudyResult,
    read_result,
    read_scores,
    read_trials,
    write_result,
)
from toonvision.tuning.retries import CARRIED
from toonvision.tuning.settings import StudySettings
from toonvision.tuning.space import Space, tighten
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
from toonvision.tuning.workers import Order, run_workers, threads_for

STORE, LOGS = "study.sqlite", "tensorboard"


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
    watch: Callable[[StudyResult], None] = lambda _result: None,
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
        watch: Told about twice a second how it stands.

    Raises:
        UsageError: If a study of that name was told something else or is kept elsewhere, or no network is within the
            bounds.
        EnvironmentFaultError: If the storage cannot be reached, or processes keep dying.
        InputRejectedError: If every trial diverged.
    """
    url = storage or file_url(folder / STORE)
    place = Place(url, f"{settings.task}/{folder.name}", pulse or Pulse())
    known = read_result(folder) if (folder / RESULT).exists() else None
    if known:
        _require_kept_there(known, folder, storage, place)
    folder.mkdir(parents=True, exist_ok=True)
    blank = _nothing_yet(folder, settings, data, known, workers=workers, storage=storage)
    begins = known is None and storage is None
    if begins and not carry:
        write_result(folder, blank)  # so that a search that is killed now is found, and can go on
    study = open_study(url, place.name, settings, pulse=place.pulse)
    with storage_faults(url):
        if carry and not study.trials.get_trials(deepcopy=False):
            study.trials.set_user_attr(CARRIED, _carried(study, carry))
        if begins and carry:
            write_result(folder, blank)  # not before it is known what it begins with
        _carry_over(study)

    def read() -> StudyResult:
        with reading(url):
            return replace(blank, trials=read_trials(study), scores=read_scores(study, judged=blank.judged))

    result = read()
    write_result(folder, result)

    def watched() -> int:
        nonlocal result
        before, result = result, patiently(url, read)
        if result.ended > before.ended:
            write_result(folder, result)  # for whoever lists the studies meanwhile
        watch(result)
        return result.ended

    order = Order(workspace.root.resolve(), place, (folder / LOGS).resolve(), threads_for(workers))
    if not result.finished:
        try:
            run_workers(order, workers=workers, watch=watched)
        finally:
            result = read()
            write_result(folder, result)
    if not result.tried:
        raise InputRejectedError(
            f"{result.title}: the loss of every trial became no number. Lower the learning rates of the space."
        )
    return result


def narrower_space(result: StudyResult) -> Space:
    """Propose the part of a study's space that its best tenth spans, three trials at least.

    Raises:
        UsageError: If fewer than three trials were finished.
    """
    best = result.best_tenth
    if len(best) < LEAST_BEST:
        raise UsageError(f"{result.title} has {len(best)} finished trials; a narrower space needs {LEAST_BEST}.")
    return tighten(result.settings.space, [trial.draw for trial in best])


def is_study(studies: Path, name: str) -> bool:
    """Tell whether `find_study` would find one."""
    return any((folder / RESULT).is_file() for folder in (studies / name, Path(name)))


def find_study(studies: Path, name: str) -> Path:
    """Find a study by its name, as in ``suit/random-1``, or by its path.

    Raises:
        UsageError: If there is none.
    """
    for folder in (studies / name, Path(name)):
        if (folder / RESULT).is_file():
            return folder
    known = [path.parent.relative_to(studies).as_posix() for path in study_results(studies)]
    listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision tune TASK"
    raise UsageError(f"no study is called {name!r}. {listed}")


def study_results(studies: Path) -> list[Path]:
    """List the results of all studies, by task and name."""
    return sorted(studies.glob(f"*/*/{RESULT}"))


def choose_study_folder(studies: Path, task: str, *, strategy: str, name: str | None) -> Path:
    """Choose the folder of a new study, or of one of that name on a shared storage.

    Args:
        studies: The folder of all studies.
        task: The task.
        strategy: What unnamed studies are called after.
        name: The name asked for; by default the strategy's with the next free number.

    Raises:
        UsageError: If the name cannot be a folder's.
    """
    if name is not None:
        return studies / task / plain_name(name, "a study")
    return studies / task / free_name(studies / task, strategy, number_first=True)


def _require_kept_there(known: StudyResult, folder: Path, storage: str | None, place: Place) -> None:
    """Refuse to go on with a study anywhere but where it is kept: it would begin anew, and its result be lost."""
    own = known.storage in {STORE, shown_url(file_url(folder / STORE))}  # the latter in studies of before
    if storage is None and not own:
        raise UsageError(f"{known.title} is kept in {known.storage}. Give its --storage again, with any password.")
    if storage is not None and own:
        raise UsageError(f"{known.title} is kept in its own folder. Leave out --storage, or choose another --name.")
    if known.trials:
        open_study(place.url, place.name, pulse=place.pulse)  # refuses where there is none of that name


def _nothing_yet(
    folder: Path,
    settings: StudySettings,
    data: Dataset,
    known: StudyResult | None,
    *,
    workers: int,
    storage: str | None,
) -> StudyResult:
    """Give all of a study's result but its trials; it began when what is known of it says so."""
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
