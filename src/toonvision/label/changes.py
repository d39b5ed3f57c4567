"""What a person does to a screenshot under review, as changes of an immutable sheet."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from toonvision.core.errors import RejectedItemError
from toonvision.data.boxes import Box, checked_label, fit_box
from toonvision.data.own_annotations import Annotation, LabelledBox
from toonvision.label.annotations import Proposal, Sheet, undecided

Kind = Literal[
    "accept", "accept_all", "unasked", "reject", "reject_all", "relabel", "draw", "move", "delete", "empty", "confirm",
    "skip", "unsure", "context",
]  # fmt: skip
"""`confirm` accepts what is left of the proposals and ends the review; `empty` says that there is nothing; `unasked`
accepts some for their score, without a person; `context` says where the screenshot was taken."""
_DIGITS = 4
"""Of a score, as it is stored."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: What is done.
        id: The box or the proposal that it is done to.
        label: The new label, of `relabel`.
        context: The new context, of `context`.
        box: The new place, of `move`.
        boxes: The new boxes, of `draw`.
        ids: The proposals, of `unasked`.
        refines: Whether the label, of `relabel`, is one of the class that is all that the models know: they were right.
    """

    kind: Kind
    id: str = ""
    label: str = ""
    context: str = ""
    box: Box | None = None
    boxes: tuple[LabelledBox, ...] = ()
    ids: tuple[str, ...] = ()
    refines: bool = False


def changed(sheet: Sheet, change: Change) -> Sheet:
    """Return a sheet after a change.

    Raises:
        RejectedItemError: If the box or the proposal is not there (any more), or the change lacks something.
    """
    review = sheet.annotation.review if sheet.is_own else "open"
    edited = replace(sheet.annotation, review="done" if review == "done" else "open")
    after = _CHANGES[change.kind](replace(sheet, annotation=edited), change)
    return replace(sheet, annotation=after, is_own=True, is_new=False)


def _accept(sheet: Sheet, change: Change) -> Annotation:
    return _with_boxes(sheet, [_accepted(_labelled(_proposal(sheet, change.id)))])


def _accept_all(sheet: Sheet, _: Change) -> Annotation:
    """Accept what has a label; what the models know a class of only stays until a person says its label."""
    return _with_boxes(sheet, (_accepted(one) for one in sheet.proposals if one.is_exact))


def _unasked(sheet: Sheet, change: Change) -> Annotation:
    sure = [_labelled(_proposal(sheet, one)) for one in change.ids]
    return _with_boxes(sheet, [replace(_accepted(one), origin="unasked") for one in sure])


def _reject(sheet: Sheet, change: Change) -> Annotation:
    return _rejecting(sheet, [_proposal(sheet, change.id)])


def _reject_all(sheet: Sheet, _: Change) -> Annotation:
    return _rejecting(sheet, sheet.proposals)


def _relabel(sheet: Sheet, change: Change) -> Annotation:
    after = _corrected(sheet, change.id, label=checked_label(change.label))
    if not change.refines:
        return after
    boxes = (replace(one, origin="accepted") if one.id == change.id else one for one in after.boxes)
    return replace(after, boxes=tuple(boxes))


def _move(sheet: Sheet, change: Change) -> Annotation:
    if change.box is None:
        raise RejectedItemError("a box is moved to nowhere", code="bad-change")
    box, _ = fit_box(change.box.xyxy, sheet.annotation.size_wh)
    return _corrected(sheet, change.id, box=box)


def _draw(sheet: Sheet, change: Change) -> Annotation:
    taken = {one.id for one in (*sheet.annotation.boxes, *sheet.annotation.rejected)}
    taken |= {one.id for one in sheet.offered}
    if taken & {one.id for one in change.boxes} or not all(one.id for one in change.boxes):
        raise RejectedItemError("a box with this id is there", code="bad-change")
    known = {(one.label, one.box) for one in sheet.annotation.boxes}
    drawn = []
    for one in change.boxes:
        box, _ = fit_box(one.box.xyxy, sheet.annotation.size_wh)
        if (one.label, box) not in known:  # another tab may have drawn the same
            drawn.append(LabelledBox(one.id, checked_label(one.label), box))
    return _with_boxes(sheet, drawn)


def _delete(sheet: Sheet, change: Change) -> Annotation:
    if any(one.id == change.id for one in sheet.proposals):
        return _reject(sheet, change)
    gone = _box(sheet, change.id)
    annotation = sheet.annotation
    left = tuple(one for one in annotation.boxes if one is not gone)
    return replace(annotation, boxes=left, rejected=(*annotation.rejected, *_as_rejected([gone])))


def _empty(sheet: Sheet, _: Change) -> Annotation:
    boxes = sheet.annotation.boxes
    bare = replace(sheet.annotation, boxes=(), rejected=(*sheet.annotation.rejected, *_as_rejected(boxes)))
    # Without the boxes nothing hides what was proposed at their place.
    return replace(_rejecting(replace(sheet, annotation=bare), undecided(sheet.offered, bare)), review="done")


def _confirm(sheet: Sheet, change: Change) -> Annotation:
    for one in sheet.proposals:
        _labelled(one)
    return replace(_accept_all(sheet, change), review="done")


def _skip(sheet: Sheet, _: Change) -> Annotation:
    return replace(sheet.annotation, review="skipped")


def _unsure(sheet: Sheet, _: Change) -> Annotation:
    return replace(sheet.annotation, review="unsure")


def _context(sheet: Sheet, change: Change) -> Annotation:
    return replace(sheet.annotation, context=change.context)


_CHANGES: Mapping[str, Callable[[Sheet, Change], Annotation]] = {
    "accept": _accept,
    "accept_all": _accept_all,
    "unasked": _unasked,
    "reject": _reject,
    "reject_all": _reject_all,
    "relabel": _relabel,
    "draw": _draw,
    "move": _move,
    "delete": _delete,
    "empty": _empty,
    "confirm": _confirm,
    "skip": _skip,
    "unsure": _unsure,
    "context": _context,
}


def _with_boxes(sheet: Sheet, boxes: Iterable[LabelledBox]) -> Annotation:
    return replace(sheet.annotation, boxes=(*sheet.annotation.boxes, *boxes))


def _rejecting(sheet: Sheet, proposals: Iterable[Proposal]) -> Annotation:
    return replace(sheet.annotation, rejected=(*sheet.annotation.rejected, *_as_rejected(map(_accepted, proposals))))


def _corrected(sheet: Sheet, box_id: str, **fields: Any) -> Annotation:
    """Change a box, or accept a proposal with a change; what is the same afterwards is no change."""
    proposal = next((one for one in sheet.proposals if one.id == box_id), None)
    before = _accepted(proposal) if proposal else _box(sheet, box_id)
    after = replace(before, **fields)
    if after != before and before.origin != "drawn":
        after = replace(after, origin="corrected")
    if proposal:
        return _with_boxes(sheet, [after])
    boxes = tuple(after if one is before else one for one in sheet.annotation.boxes)
    return replace(sheet.annotation, boxes=boxes)


def _accepted(proposal: Proposal) -> LabelledBox:
    score = round(proposal.score, _DIGITS)
    return LabelledBox(proposal.id, proposal.label, proposal.box, "accepted", proposal.model, score)


def _as_rejected(boxes: Iterable[LabelledBox]) -> list[LabelledBox]:
    """Return what a model proposed among boxes that are taken away: it is not proposed again."""
    return [LabelledBox(one.id, one.label, one.box, model=one.model, score=one.score) for one in boxes if one.model]


def _labelled(proposal: Proposal) -> Proposal:
    """Return a proposal that has a label of the taxonomy, not just a class that several labels have."""
    if proposal.is_exact:
        return proposal
    reason = f"the models know no more than that this is a {proposal.label}"
    raise RejectedItemError(reason, "choose its label, or reject it", code="no-label")


def _proposal(sheet: Sheet, proposal_id: str) -> Proposal:
    for one in sheet.proposals:
        if one.id == proposal_id:
            return one
    raise RejectedItemError("this proposal is not there any more", "look at the screenshot again", code="gone")


def _box(sheet: Sheet, box_id: str) -> LabelledBox:
    for one in sheet.annotation.boxes:
        if one.id == box_id:
            return one
    raise RejectedItemError("this box is not there any more", "look at the screenshot again", code="gone")


def differences(before: Annotation, after: Annotation) -> list[dict[str, object]]:
    """Return what a change did to boxes and rejections: each with its id, and how it was and is; None where not."""
    was = {one.id: (name, one) for name, boxes in _groups(before) for one in boxes}
    now = {one.id: (name, one) for name, boxes in _groups(after) for one in boxes}
    return [
        {"id": box_id, "was": _plain(was.get(box_id)), "is": _plain(now.get(box_id))}
        for box_id in dict.fromkeys((*was, *now))
        if was.get(box_id) != now.get(box_id)
    ]


def _groups(annotation: Annotation) -> tuple[tuple[str, tuple[LabelledBox, ...]], ...]:
    return (("", annotation.boxes), ("rejected", annotation.rejected))


def _plain(found: tuple[str, LabelledBox] | None) -> dict[str, object] | None:
    if found is None:
        return None
    decision, one = found
    plain: dict[str, object] = {"label": one.label, "xyxy": one.box.xyxy, "origin": decision or one.origin}
    return plain | ({"model": one.model, "score": one.score} if one.model else {})
