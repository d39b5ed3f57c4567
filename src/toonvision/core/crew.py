"""The actors of a Ray cluster: hired on the nodes that may work, given jobs, and replaced where they die."""

import contextlib
import os
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from toonvision.core import nodes
from toonvision.core.errors import EnvironmentFaultError, Finding, ToonVisionError, printable
from toonvision.core.nodes import Seen
from toonvision.core.runner import Lost, Message, Room

_POLL_S = 0.2
_LOOK_EVERY_S = 2.0
_AHEAD = 2
"""Jobs for each actor: one that it does, and one that waits here, so that it never waits for us."""
_MOST_FAILURES = 3


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, shortened."""
    return printable(str(error).strip().partition("\n")[0][:200])


@dataclass(eq=False)
class _Node:
    """A node of the cluster; `failures` counts actors that died before their first job."""

    number: str
    name: str
    cores: int
    failures: int = 0


@dataclass(eq=False)
class _Actor:
    """An actor, and the node that it is bound to."""

    node: _Node
    handle: Any


class Crew:
    """Actors on the nodes of a cluster, one for each core, and the jobs that they do."""

    def __init__(self, ray: Any, look: Callable[[], Seen], function: Callable[..., Any], again: int, pipe: Any):
        self._ray, self._again, self._pipe = ray, again, pipe
        self._expected = look()
        self._function, self._folder = ray.put(function), str(Path.cwd())
        self._kind = _actor_kind(ray)
        self._look = ray.remote(num_cpus=0, max_retries=0)(look)
        self._known: set[str] = set()
        self._awaited: dict[Any, Callable[[Any], None]] = {}
        self._idle: deque[_Actor] = deque()
        self._jobs: deque[tuple[int, Any]] = deque()
        self._deaths: Counter[int] = Counter()
        self._refused: list[str] = []
        self._looked = float("-inf")
        self._received: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def run(self) -> None:
        """Work until the pipe says that there is no more to do."""
        while True:
            self._welcome()
            if not self._awaited and not self._idle:
                raise EnvironmentFaultError(_none_left(self._refused))
            ready, _ = self._ray.wait(list(self._awaited), timeout=_POLL_S) if self._awaited else ([], [])
            if not ready and not self._awaited:
                time.sleep(_POLL_S)
            for one in ready:
                self._awaited.pop(one)(one)
            while not self._received.empty():
                received = self._received.get()
                if received is None:
                    return
                self._jobs.append(received)
            while self._jobs and self._idle:
                self._start(self._idle.popleft(), *self._jobs.popleft())

    def _receive(self) -> None:
        """Always take what is sent, so that neither side waits for the other to read."""
        with contextlib.suppress(EOFError, OSError):
            while (received := self._pipe.recv()) is not None:
                self._received.put(received)
        self._received.put(None)

    def _welcome(self) -> None:
        """Look at nodes that have joined."""
        if time.monotonic() - self._looked < _LOOK_EVERY_S:
            return
        self._looked = time.monotonic()
        for one in self._ray.nodes():
            cores = int(one["Resources"].get("CPU", 0))
            if one["Alive"] and cores and one["NodeID"] not in self._known:
                self._known.add(one["NodeID"])
                node = _Node(one["NodeID"], _name(one), cores)
                reference = self._look.options(scheduling_strategy=self._on(node)).remote()
                self._awaited[reference] = partial(self._looked_at, node)

    def _looked_at(self, node: _Node, reference: Any) -> None:
        """Refuse a node that would answer otherwise, or hire its cores."""
        try:
            seen = self._ray.get(reference)
        except self._ray.exceptions.RayError:
            if self._alive(node):
                self._refuse(node, "cannot be looked at", "see its logs")
            return
        if why_not := nodes.difference(seen, self._expected):
            self._refuse(node, *why_not)
            return
        for _ in range(node.cores):
            self._hire(node, room=_AHEAD)

    def _refuse(self, node: _Node, reason: str, remedy: str) -> None:
        finding = Finding(f"the node {node.name}", f"{reason}; it does no work", remedy, "node-refused")
        self._refused.append(str(finding))
        self._pipe.send(finding)

    def _hire(self, node: _Node, *, room: int = 0) -> None:
        handle = self._kind.options(scheduling_strategy=self._on(node)).remote(self._function, self._folder)
        self._awaited[handle.ready.remote()] = partial(self._hired, _Actor(node, handle), room)

    def _hired(self, actor: _Actor, room: int, reference: Any) -> None:
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            actor.node.failures += 1
            if not self._alive(actor.node):
                return
            if actor.node.failures == _MOST_FAILURES:
                self._refuse(
                    actor.node, f"its workers die before they begin ({first_line(error)})", "free memory there"
                )
            elif actor.node.failures < _MOST_FAILURES:
                self._hire(actor.node, room=room)
            return
        self._idle.append(actor)
        if room:
            self._pipe.send(Room(room))

    def _start(self, actor: _Actor, number: int, job: Any) -> None:
        reference = actor.handle.do.remote(job)
        self._awaited[reference] = partial(self._done, actor, number, job)

    def _done(self, actor: _Actor, number: int, job: Any, reference: Any) -> None:
        """Send a result; a job whose actor died is done again, or given up."""
        try:
            result = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:  # a bug
            raise RuntimeError(str(error)) from None
        except self._ray.exceptions.RayError:
            self._died(actor, number, job)
            return
        if isinstance(result, Exception):
            raise result
        self._idle.append(actor)
        self._pipe.send(Message(number, result, done=True, by=actor.node.name))

    def _died(self, actor: _Actor, number: int, job: Any) -> None:
        self._deaths[number] += 1
        if self._deaths[number] > self._again:
            self._pipe.send(Message(number, Lost(f"a worker on the node {actor.node.name} died"), done=True))
        else:
            self._jobs.appendleft((number, job))
        with contextlib.suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor.handle)  # where it could not be reached alone
        if self._alive(actor.node):
            self._hire(actor.node)

    def _alive(self, node: _Node) -> bool:
        return any(one["NodeID"] == node.number and one["Alive"] for one in self._ray.nodes())

    def _on(self, node: _Node) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node.number, soft=False)


def _name(node: dict[str, Any]) -> str:
    """Return how people call a node: by the name that it was given, or its host and address."""
    name, address = str(node["NodeName"]), str(node["NodeManagerAddress"])
    return name if name != address else f"{node['NodeManagerHostname']} ({address})"


def _none_left(refused: Sequence[str]) -> str:
    if refused:
        return f"no node of the Ray cluster can do the work: {'; '.join(refused)}. Then run the same command again."
    return (
        "no node of the Ray cluster with a core is left. What was finished is kept. Start nodes, then run the same "
        "command again."
    )


def _actor_kind(ray: Any) -> Any:
    @ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)
    class Worker:
        """Does jobs, one after the other."""

        def __init__(self, function: Callable[..., Any], folder: str) -> None:
            self._function = function
            with contextlib.suppress(OSError):  # where it is not, no path is relative, or the node was refused
                os.chdir(folder)

        def ready(self) -> None:
            """Return once it runs."""

        def do(self, job: Any) -> Any:
            """Do a job; return an expected error as it is, since Ray would wrap it."""
            try:
                return self._function(job, lambda _: None)
            except (ToonVisionError, OSError) as error:
                return error

    return Worker
