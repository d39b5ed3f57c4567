"""The processes of a search on this machine: started, watched, replaced, and ended with their parent."""

import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from toonvision.core.errors import EnvironmentFaultError, ToonVisionError
from toonvision.core.processes import WorkerProcess, start_process
from toonvision.core.runner import available_cores
from toonvision.models.backend import threads_for
from toonvision.tuning.settings import MOST_RETRIES
from toonvision.tuning.storage import Address

TRAININGS_A_PROCESS = 25
"""After so many another process takes its place, so that its memory cannot grow."""
_MOST_CRASHES = MOST_RETRIES + 2  # a training that kills its process may be retried, and the next show that it is that
_POLL_S = 0.5
_LARGE_AT_ONCE = 2


def run_workers(workspace: Path, address: Address, logs: Path, *, workers: int, watch: Callable[[], int]) -> None:
    """Run processes until the study is finished; they share the cores.

    Args:
        workspace: The folder of the workspace.
        address: Where the study is.
        logs: TensorBoard's folder.
        workers: How many run at once.
        watch: Called about twice a second; returns how many trainings ended so far.

    Raises:
        ToonVisionError: If a process raised one, or an `OSError`, for example on a full disk.
        EnvironmentFaultError: If processes die again and again without having finished a training.
    """

    def started() -> WorkerProcess:
        return start_process(_work, workspace, address, logs, threads_each(workers))

    running: list[WorkerProcess] = []
    crashes, ended, finished = 0, 0, False
    try:
        running.extend(started() for _ in range(workers))
        while running:
            before, ended = ended, watch()
            crashes = 0 if ended > before else crashes
            time.sleep(_POLL_S)
            for one in [one for one in running if not one.process.is_alive()]:
                running.remove(one)
                message = one.last_message()
                if isinstance(message, Exception):
                    raise message
                finished = finished or message is True
                crashes = 0 if isinstance(message, bool) else crashes + 1
                if crashes > _MOST_CRASHES * workers:
                    raise EnvironmentFaultError(
                        f"processes of the search died {crashes} times and no training ended (last exit code "
                        f"{one.process.exitcode}); memory may be short. Try fewer --workers, then --resume."
                    )
                if not finished:
                    running.append(started())
        watch()
    finally:
        for one in running:
            one.kill()


def default_workers(size_hw: tuple[int, int]) -> int:
    """Return how many processes a search starts: one for each core for small inputs, else two that share the threads.

    A small input does not keep a second core busy: measured on two (benchmarks/tuning_workers.py), one process for each
    brings 1.86 times as many trials an hour as one process with both. At 600 x 200 pixels two bring 1.09 times as many;
    each further one would take a gigabyte.
    """
    return available_cores() if threads_for(size_hw) == 1 else min(_LARGE_AT_ONCE, available_cores())


def threads_each(workers: int) -> int:
    """Return each process's share of the cores, at least one."""
    return max(1, available_cores() // workers)


def _work(folder: Path, address: Address, logs: Path, threads: int, pipe: Connection) -> None:
    """Run in a process of its own: send whether the study is finished, or what made it impossible to go on."""
    from toonvision.data.workspace import open_workspace
    from toonvision.models.backend import start_keras
    from toonvision.tuning.settings import load_study_data
    from toonvision.tuning.storage import open_study, patiently, storage_faults

    try:
        workspace = open_workspace(folder)
        study = patiently(address.url, lambda: open_study(address))
        data = load_study_data(workspace, study.settings)
        start_keras(threads=threads)
        from toonvision.tuning.search import Worker  # its log writer starts TensorFlow, as chatty as can be

        with storage_faults(address.url):
            load = partial(load_study_data, workspace, study.settings)
            pipe.send(Worker(address, study, data, logs=logs, load=load).work(most=TRAININGS_A_PROCESS))
    except (ToonVisionError, OSError) as error:
        pipe.send(error)
