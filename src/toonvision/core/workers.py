"""Work on many files, in groups that processes of this machine or the nodes of a cluster share."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from toonvision.core.errors import EnvironmentFaultError, Finding
from toonvision.core.runner import Leader, Lost, Message, Report, available_cores, work_through
from toonvision.core.wording import counted, some

Item = TypeVar("Item")
Result = TypeVar("Result")
AGAIN = 3
"""How often a group is done again where what did it died."""
HERE = "this machine"


class Workers:
    """Those that do the work: processes of this machine or a cluster, and what is to be said of them afterwards.

    Attributes:
        leader: What has it done on a cluster; None for this machine.
        did: How many files each worker did.
        refused: The nodes that may not work, and why.
    """

    def __init__(self, leader: Leader | None = None, *, say: Callable[[str], None] = lambda _: None) -> None:
        """Take what leads them; `say` is called at once with what becomes of nodes."""
        self.leader, self._say = leader, say
        self.did: Counter[str] = Counter()
        self.refused: list[Finding] = []

    def results(
        self,
        function: Callable[[Sequence[Item], Report], Result],
        groups: Sequence[Sequence[Item]],
        *,
        processes: int | None = None,
        name: Callable[[Item], str] = str,
        ahead: int | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Do all groups.

        Args:
            function: Does one, as in `work_through`.
            groups: The files.
            processes: How many processes of this machine work, if no cluster does: by default one for each core; 0 does
                all in this one.
            name: What people call a file.
            ahead: Yield in the order of the groups, and do none that is so far ahead of the first that is not done:
                results that came too early wait in memory.

        Yields:
            The index of a group and its result, as they are done.

        Raises:
            EnvironmentFaultError: If what did a group died again and again; all others are done then. Or if the cluster
                is lost.
        """
        lost: dict[int, Lost] = {}
        early: dict[int, Message[Result]] = {}
        due = 0
        for message in self._messages(function, groups, processes, ahead):
            early[message.job if ahead else due] = message
            while due in early:
                done = early.pop(due)
                due += 1
                if isinstance(done.content, Lost):
                    lost[done.job] = done.content
                    continue
                self.did[done.by or HERE] += len(groups[done.job])
                yield done.job, done.content
        if lost:
            raise _given_up([[name(one) for one in groups[job]] for job in lost], next(iter(lost.values())))

    def _messages(
        self,
        function: Callable[[Sequence[Item], Report], Result],
        groups: Sequence[Sequence[Item]],
        processes: int | None,
        ahead: int | None,
    ) -> Iterator[Message[Result]]:
        if processes == 0 and self.leader is None:
            return (Message(number, function(group, lambda _: None), done=True) for number, group in enumerate(groups))
        at_once = processes or available_cores()
        if self.leader:
            self._say("Starting to work on the Ray cluster.")
        return work_through(
            function, groups, processes=at_once, leader=self.leader, again=AGAIN, ahead=ahead, note=self._note
        )

    def _note(self, finding: Finding) -> None:
        self.refused.append(finding)
        self._say(str(finding))


def _given_up(files: Sequence[Sequence[str]], lost: Lost) -> EnvironmentFaultError:
    """Return the error that names files, in groups, that were given up after all others were done."""
    ranges = [f"{group[0]} to {group[-1]}" for group in files]
    return EnvironmentFaultError(
        f"{counted(sum(map(len, files)), 'picture')}, {some(ranges)}: {lost.reason}, {AGAIN + 1} times. All others are "
        "finished, and kept. Free memory, or move these pictures away, then run the same command again."
    )
