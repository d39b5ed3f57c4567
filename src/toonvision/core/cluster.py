"""Work on a Ray cluster: a process of its own leads plain actors, one for each core of each node.

Ray's driver ends its own process when the cluster's head dies. So it is no part of the process that the user started,
which says what happened and ends as promised.
"""

import contextlib
import importlib.util
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from toonvision.core import nodes
from toonvision.core.crew import Crew, first_line
from toonvision.core.errors import EnvironmentFaultError, ToonVisionError, UsageError
from toonvision.core.nodes import SharedFile, some_of
from toonvision.core.runner import Leader, available_cores
from toonvision.core.workers import Workers

LOCAL = "local"
_STORE_BYTES = 100 * 1024 * 1024
"""Of a node that is started here: Ray's least is 75 MB, and results are small."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "15",
}
"""No telemetry; a head that is gone for so long is dead."""
_ANSWERS_WITHIN_S = 10.0


def ray_leader(address: str, files: Sequence[SharedFile], programs: Sequence[str] = ()) -> Leader:
    """Return what has jobs done on a Ray cluster.

    Args:
        address: ``local`` for a cluster of this machine alone, which is started and ended; ``auto`` or ``HOST:PORT``
            for one that this machine belongs to.
        files: Files that every node must see as this machine does.
        programs: Packages that every node must have as this machine does, besides those that all work needs.

    Raises:
        UsageError: If Ray is not installed, or the address is none of these.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("--ray needs Ray, which is not installed. Run: pip install 'toonvision[ray]'")
    host, _, port = address.rpartition(":")
    if address not in {LOCAL, "auto"} and not (host and port.isdigit() and "/" not in address):
        raise UsageError(f"--ray takes local, auto, or the HOST:PORT of a cluster's head; got {address!r}.")
    lead = partial(_lead, address, tuple(files), tuple(programs))
    return Leader(
        lead,
        f"the Ray cluster {address} is lost: its head, or the Ray of this machine, died. What was finished is kept. "
        "Start the cluster, then run the same command again.",
    )


def workers_at(
    address: str | None,
    files: Sequence[SharedFile],
    *,
    programs: Sequence[str] = (),
    say: Callable[[str], None],
) -> Workers:
    """Return what works on files: a Ray cluster, or this machine where no address is given.

    Args:
        address: As for `ray_leader`.
        files: All files, some of which every node is asked about.
        programs: As for `ray_leader`.
        say: Called at once with a message about nodes that may not work.

    Raises:
        UsageError: If Ray is not installed, or the address is none.
    """
    return Workers(ray_leader(address, some_of(files), programs) if address else None, say=say)


def _lead(
    address: str,
    files: Sequence[SharedFile],
    programs: Sequence[str],
    function: Callable[..., Any],
    again: int,
    pipe: Connection,
) -> None:
    """Run in a process of its own, until there are no more jobs."""
    os.environ.update(_SETTINGS)
    import ray

    try:
        with _quiet():
            _connect(ray, address)
            try:
                Crew(ray, nodes.portable_look(files, programs), function, again, pipe).run()
            finally:
                ray.shutdown()
    except (ToonVisionError, OSError) as error:
        pipe.send(error)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop what Ray's own code prints: what matters is said through the pipe."""
    kept = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        for number, copy in enumerate(kept, start=1):
            os.dup2(copy, number)


def _connect(ray: Any, address: str) -> None:
    own = {"num_cpus": available_cores(), "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        if ":" in address:  # Ray would end this process if nothing answers there
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN_S).close()
        ray.init(address, log_to_driver=False, logging_level="CRITICAL", **(own if address == LOCAL else {}))
    except Exception as error:  # of no common kind
        raise EnvironmentFaultError(
            f"the Ray cluster {address} cannot be joined ({first_line(error)}). Start it on this machine with ray "
            "start --head, or ray start --address=HOST:PORT, then run again."
        ) from error
