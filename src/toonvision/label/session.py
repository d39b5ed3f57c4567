"""A review: the screenshots in their order, and decisions that are saved one by one, can be undone, and are counted.

A decision is saved as a file of the screenshot, then as a line of the log; both are on disk when a call returns.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from toonvision.core.errors import UsageError
from toonvision.core.folders import exclusive
from toonvision.data.own_annotations import Annotation
from toonvision.data.reviews import ReviewLog
from toonvision.data.workspace import Workspace
from toonvision.label.allowed import refines, require_context, require_labels
from toonvision.label.annotations import Proposal, Sheet, coarse_level, load_sheet, save_sheet
from toonvision.label.changes import Change, changed, differences
from toonvision.label.history import ConflictError, Decision, History, Step
from toonvision.label.progress import Pace, Progress, Tally, count_up, tally_of
from toonvision.label.proposals import ContextProposal
from toonvision.label.screenshots import Listed, Screenshot, list_screenshots
from toonvision.taxonomy.labels import Taxonomy

ProposalsOf = Callable[[Screenshot], Sequence[Proposal]]
"""Returns what is proposed for a screenshot; asked each time that one is looked at."""

ContextOf = Callable[[Screenshot], ContextProposal | None]
"""The same for where a screenshot was taken; None where nothing is known of that."""


class Session:
    """A review of the screenshots of a workspace; may be used by several threads.

    Attributes:
        workspace: The workspace.
        listed: Its screenshots, and what was known and wrong of them when the review began.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        proposals: ProposalsOf = lambda _: (),
        hidden: ProposalsOf = lambda _: (),
        contexts: ContextOf = lambda _: None,
        listed: Listed | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open a review; `open_session` does so with the right to write.

        Args:
            workspace: The workspace.
            proposals: Returns what is proposed for a screenshot.
            hidden: Returns what models see there too, but not surely enough to propose it.
            contexts: Returns the context that is proposed for it.
            listed: Its screenshots, where they are listed already.
            clock: Returns the time in seconds, for the pace.

        Raises:
            InputRejectedError: If there is no screenshot, or annotations contradict each other.
        """
        listed = listed or list_screenshots(workspace)
        self.workspace, self.listed = workspace, listed
        self._shots = {shot.id: shot for shot in listed.screenshots}
        self._order = [*self._shots]
        self._why: dict[str, str] = {}
        self._proposals, self._hidden, self._proposed_contexts = proposals, hidden, contexts
        self._log = ReviewLog(workspace.reviews)
        self._lock = threading.RLock()
        self._history = History()
        self._pace = Pace(clock)
        self._tallies: dict[str, Tally] = {}
        for shot in listed.screenshots:
            file = listed.files.get(shot.id)
            annotation = file.annotation if file else _given(shot, workspace.taxonomy)
            known = Sheet(annotation, is_own=file is not None, is_new=shot.given is None)
            self._tallies[shot.id] = _tally(shot, known)

    @property
    def screenshots(self) -> tuple[Screenshot, ...]:
        """The screenshots in the order in which they are shown."""
        return tuple(self._shots[shot_id] for shot_id in self._order)

    def put_in_order(self, ids: Sequence[str], *, why: Mapping[str, str] | None = None) -> None:
        """Show some screenshots first, by id, in this order; the others follow as before.

        Args:
            ids: Those that come first.
            why: A few words on what makes a screenshot worth a look, by id.
        """
        first = {shot_id: None for shot_id in ids if shot_id in self._shots}
        with self._lock:
            self._order = [*first, *(shot_id for shot_id in self._order if shot_id not in first)]
            self._why = dict(why or {})

    def why(self, shot_id: str) -> str:
        """Return what makes a screenshot worth a look; empty where nothing is said of it."""
        return self._why.get(shot_id, "")

    def has(self, shot_id: str) -> bool:
        """Return whether there is a screenshot of an id."""
        return shot_id in self._shots

    def screenshot(self, shot_id: str) -> Screenshot:
        """Return a screenshot by its id.

        Raises:
            UsageError: If there is none.
        """
        if shot_id not in self._shots:
            raise UsageError(f"there is no screenshot {shot_id!r} in this review.")
        return self._shots[shot_id]

    def tally(self, shot_id: str) -> Tally:
        """Return what is decided about a screenshot, in numbers."""
        return self._tallies[self.screenshot(shot_id).id]

    def tallies(self) -> Mapping[str, Tally]:
        """Return the same for every screenshot."""
        return dict(self._tallies)

    def context(self, shot_id: str) -> str:
        """Return where a screenshot was taken, as far as a person or its folder says."""
        return self.tally(shot_id).context or self._shots[shot_id].context

    def contexts(self) -> tuple[str, ...]:
        """Return the contexts that a screenshot can be in: those of screenshots, and those of the taxonomy."""
        own = (self.context(shot_id) for shot_id in self._order)
        return tuple(dict.fromkeys((*own, *(one.name for one in self.workspace.taxonomy.contexts))))

    def proposed_context(self, shot_id: str, sheet: Sheet) -> ContextProposal | None:
        """Return the context that is proposed for a screenshot; None where a person decided, or it is the folder's."""
        shot = self.screenshot(shot_id)
        found = None if sheet.annotation.context else self._proposed_contexts(shot)
        return found if found and found.context != shot.context else None

    def sheet(self, shot_id: str) -> Sheet:
        """Return what is decided and proposed about a screenshot, as it is on disk now.

        Raises:
            UsageError: If there is no such screenshot.
            RejectedItemError: If its picture or its annotation cannot be read.
        """
        shot = self.screenshot(shot_id)
        return load_sheet(self.workspace, shot, self._proposals(shot))

    def hidden(self, shot_id: str) -> Sequence[Proposal]:
        """Return what models see in a screenshot too, but not surely enough to propose it."""
        return self._hidden(self.screenshot(shot_id))

    def change(self, shot_id: str, change: Change, *, version: str | None = None) -> Sheet:
        """Make a decision and save it.

        Args:
            shot_id: The screenshot.
            change: The decision.
            version: That of the sheet that was looked at; None for whatever is there.

        Returns:
            The sheet afterwards.

        Raises:
            UsageError: If there is no such screenshot, or a label or a context is none of the taxonomy.
            ConflictError: If the screenshot has another version; nothing is changed.
            RejectedItemError: If the change cannot be made.
            OSError: If it cannot be saved.
        """
        with self._lock:
            before = self.sheet(shot_id)
            if version not in (None, before.version):
                raise ConflictError(before)
            taxonomy = self.workspace.taxonomy
            after = changed(before, replace(change, refines=refines(before, change, taxonomy)))
            require_labels(before, after, taxonomy)
            require_context(change, self.contexts())
            if after == before:
                return before
            self._save(shot_id, before, after, change.kind)
            self._history.add(Decision(shot_id, before, after))
            return after

    def undo(self) -> tuple[str, Sheet] | None:
        """Take the last decision back, whatever screenshot it was about; return that and its sheet.

        None is returned where there is nothing to undo.

        Raises:
            ConflictError: If the screenshot was changed by other means since; that decision stays.
        """
        return self._step("undo")

    def redo(self) -> tuple[str, Sheet] | None:
        """Make the decision again that was taken back last; as `undo`."""
        return self._step("redo")

    def _step(self, step: Step) -> tuple[str, Sheet] | None:
        with self._lock:
            decision = self._history.next(step)
            if decision is None:
                return None
            current = self.sheet(decision.shot)
            after = self._history.after(step, current)
            self._save(decision.shot, current, after, step)
            self._history.done(step)
            return decision.shot, after

    def progress(self) -> Progress:
        """Count what is reviewed and left, how quickly, and how good the proposals were."""
        with self._lock:
            return count_up(self._tallies.values(), self._pace)

    def _save(self, shot_id: str, before: Sheet, after: Sheet, kind: str) -> None:
        """Save a decision and write it down; where the latter cannot be, the file is put back."""
        shot = self._shots[shot_id]
        decided = differences(before.annotation, after.annotation)
        line = {"source": shot.source.key, "screenshot": shot.name, "action": kind, "state": after.state}
        if before.annotation.context != after.annotation.context:
            line["context"] = after.annotation.context
        save_sheet(shot, after)
        try:
            self._log.append({**line, "boxes": decided})
        except OSError:
            with suppress(OSError):
                save_sheet(shot, before)
            raise
        self._tallies[shot_id] = _tally(shot, after)
        self._pace.decided([(shot_id, one["id"]) for one in decided], undone=kind == "undo")


def _given(shot: Screenshot, taxonomy: Taxonomy) -> Annotation:
    """Return what the source says of a screenshot, as far as it is known without looking at the picture."""
    boxes = tuple(one for one in shot.given_boxes if not coarse_level(one.label, taxonomy))
    return Annotation(shot.source.key, shot.name, (0, 0), boxes, review="open")


def _tally(shot: Screenshot, sheet: Sheet) -> Tally:
    return tally_of(sheet, is_given=shot.given is not None and bool(shot.given.objects))


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Keep every other process from reviewing the same workspace until the block ends.

    Raises:
        WorkspaceBusyError: If another process reviews it.
    """
    workspace.annotations.mkdir(exist_ok=True)
    with exclusive(workspace.annotations, purpose="label"):
        yield


@contextmanager
def open_session(
    workspace: Workspace,
    *,
    proposals: ProposalsOf = lambda _: (),
    hidden: ProposalsOf = lambda _: (),
    contexts: ContextOf = lambda _: None,
) -> Iterator[Session]:
    """Open a review with the right to write, which no other process has until the block ends.

    Raises:
        WorkspaceBusyError: If another process reviews it.
        InputRejectedError: As `Session`.
    """
    with alone(workspace):
        yield Session(workspace, proposals=proposals, hidden=hidden, contexts=contexts)
