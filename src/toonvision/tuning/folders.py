"""The folders of a workspace's studies: found by name, chosen for a new one."""

from contextlib import suppress
from pathlib import Path

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.names import free_name, plain_name
from toonvision.tuning.result import RESULT, read_result


def is_study(studies: Path, name: str) -> bool:
    """Return whether `find_study` would find one."""
    return _found(studies, name) is not None


def find_study(studies: Path, name: str) -> Path:
    """Return the folder of a study, by its name, as in ``suit/random-1``, or by its path.

    Args:
        studies: The folder of all studies.
        name: The name or path.

    Raises:
        UsageError: If there is none.
    """
    if folder := _found(studies, name):
        return folder
    known = [path.parent.relative_to(studies).as_posix() for path in study_results(studies)]
    listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision tune TASK"
    raise UsageError(f"no study is called {name!r}. {listed}")


def study_results(studies: Path) -> list[Path]:
    """Return the result files of all studies, by task and name."""
    return sorted(studies.glob(f"*/*/{RESULT}"))


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
    """Choose the folder of a new study, or of one of that name on a shared storage.

    Args:
        studies: The folder of all studies.
        task: The task.
        strategy: Unnamed studies are called after it.
        name: The name asked for; by default the strategy's with the next free number.
        shared: Whether machines share the storage, so that a study of that name is joined.

    Raises:
        UsageError: If the name cannot be a folder's, or is taken.
    """
    if name is None:
        return studies / task / free_name(studies / task, strategy, number_first=True)
    folder = studies / task / plain_name(name, "a study")
    if (folder / RESULT).exists() and not shared:
        raise UsageError(
            f"there is a study called {task}/{name} already. Give --resume to go on with it, or choose another --name."
        )
    return folder


def _found(studies: Path, name: str) -> Path | None:
    return next((folder for folder in (studies / name, Path(name)) if (folder / RESULT).is_file()), None)
