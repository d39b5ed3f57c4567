"""The processes of a search on this machine: started, watched, started again, and ended with their parent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from toonvision.core.cores import available_cores
from toonvision.core.errors import EnvironmentFaultError, ToonVisionError, UsageError
from toonvision.core.runner import WorkerProcess, start_process
from toonvision.training import parallel
from toonvision.tuning.retries import MOST_RETRIES
from toonvision.tuning.storage import Place

TRAININGS_A_PROCESS = 25
_MOST_CRASHES = MOST_RETRIES + 2  # a training that kills its process may do so, and the next one show that it is that
_POLL_S = 0.5
_LARGE_AT_ONCE = 2


@dataclass(frozen=True)
class Order:
    """What a process is told.

    Attributes:
        workspace: The folder of the workspace.
        place: Where the study is.
        logs: Where TensorBoard finds its trials.
        threads: How many threads it may compute with.
        trainings: After how many trainings it ends, so that nothing it gathers can grow; another takes its place.
    """

    workspace: Path
    place: Place
    logs: Path
    threads: int
    trainings: int = TRAININGS_A_PROCESS


def run_workers(order: Order, *, workers: int, watch: Callable[[], int]) -> None:
    """Run processes until the study is finished.

    Args:
        order: What each is told.
        workers: How many run at once.
        watch: Called about twice a second; gives how many trainings ended so far.

    Raises:
        ToonVisionError: What a process could not go on for.
        OSError: What the machine stopped a process with.
        EnvironmentFaultError: If processes die again and again without having finished a training.
    """
    running: list[WorkerProcess] = []
    crashes, ended, finished = 0, 0, False
    try:
        running.extend(start_process(_work, order) for _ in range(workers))
        while running:
            before, ended = ended, watch()
            crashes = 0 if ended > before else crashes
            time.sleep(_POLL_S)
            for one in [one for one in running if not one.process.is_alive()]:
                running.remove(one)
                word = one.last_message()
                if isinstance(word, Exception):
                    raise word
                finished = finished or word is True
                crashes = 0 if isinstance(word, bool) else crashes + 1
                if crashes > _MOST_CRASHES * workers:
                    raise EnvironmentFaultError(
                        f"processes of the search died {crashes} times and no training ended (last exit code "
                        f"{one.process.exitcode}); memory may be short. Try fewer --workers, then --resume."
                    )
                if not finished:
                    running.append(start_process(_work, order))
        watch()
    finally:
        for one in running:
            one.kill()


def default_workers(size_hw: tuple[int, int]) -> int:
    """Give how many processes a search starts: one a core for small inputs, else two that share the threads.

    A small input does not fill a second core: measured on two (benchmarks/tuning_workers.py), a process for each brings
    1.86 times the trials an hour of one with both. With 600 x 200 pixels two bring 1.09 times as many; more of them
    would each take a gigabyte.

    Args:
        size_hw: Height and width of the input in pixels.
    """
    return available_cores() if parallel.threads_for(size_hw) == 1 else min(_LARGE_AT_ONCE, available_cores())


def threads_for(workers: int) -> int:
    """Divide the cores among processes, at least one each."""
    return max(1, available_cores() // workers)


def _work(order: Order, words: Connection) -> None:
    """Run in a process of its own."""
    from toonvision.data.workspace import open_workspace
    from toonvision.models.backend import start_keras
    from toonvision.tasks.registry import load_dataset
    from toonvision.tuning.storage import open_study, patiently, storage_faults

    try:
        workspace, place = open_workspace(order.workspace), order.place
        study = patiently(place.url, lambda: open_study(place.url, place.name, pulse=place.pulse))
        settings = study.settings
        task = workspace.taxonomy.task(settings.task)
        data = load_dataset(workspace, task, size_hw=settings.size_hw, split=settings.split, resize=settings.resize)
        if data.digest != settings.data:
            raise UsageError("the split was changed while the search ran. Start another study.")
        start_keras(threads=order.threads)
        from toonvision.tuning.search import Worker  # its log writer starts TensorFlow, as chatty as can be

        with storage_faults(place.url):
            words.send(Worker(place, study, data, logs=order.logs).work(most=order.trainings))
    except (ToonVisionError, OSError) as error:
        words.send(error)
