"""What is decided and what is proposed about a screenshot, and how it is read and saved."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from toonvision.core.errors import RejectedItemError
from toonvision.core.files import sync_folder
from toonvision.data.attributes import encoded
from toonvision.data.boxes import Box, fit_object
from toonvision.data.listing import relative
from toonvision.data.own_annotations import (
    DONE,
    Annotation,
    AnnotationFile,
    LabelledBox,
    read_annotation,
    write_annotation,
)
from toonvision.data.sound_objects import attributes_of
from toonvision.data.workspace import Workspace
from toonvision.label.screenshots import Screenshot, fitted
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.taxonomy.labels import LABEL_LEVEL, Level, Taxonomy

_SOURCE = "the source"
"""What proposes an object of which a source knows no more than a class."""


@dataclass(frozen=True)
class Proposal:
    """A box that a model proposes.

    Attributes:
        label: What it may show.
        box: Where.
        score: How sure the model is of all that, 0 to 1.
        model: The model, or the models that worked together.
        level: The level of the taxonomy at which the label is sure, such as ``suit``.
        others: Other labels that it may have, the likeliest first.
        doubts: What speaks against it, each a short sentence, such as ``the suit's model says Sellbot``.
        levels: The class at each level that a model was asked about, the detector's first.
        probabilities: The probability of each of these, 0 to 1.
    """

    label: str
    box: Box
    score: float
    model: str
    level: str = ""
    others: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict, hash=False)
    probabilities: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def confidence(self) -> float:
        """How sure it is that there is something at all, whatever that is called, 0 to 1."""
        return next(iter(self.probabilities.values()), self.score)

    @property
    def found(self) -> str:
        """What the detector takes it for; empty where nothing is said of that."""
        return next(iter(self.levels.values()), "")

    @property
    def is_exact(self) -> bool:
        """Whether it has a label of the taxonomy, so that it can be accepted as it is."""
        return self.level in ("", LABEL_LEVEL)

    @property
    def id(self) -> str:
        """Name it among those of its screenshot; what is proposed again has the same."""
        return "p" + hashlib.sha256(json.dumps([self.model, self.label, self.box.xyxy]).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Sheet:
    """A screenshot under review.

    Attributes:
        annotation: What is decided.
        offered: All that is proposed, decided or not.
        is_own: Whether the workspace has an annotation of it; what a source says is not its own.
        is_new: Whether nobody has said anything of it.
        notes: What a person should know, such as objects of the source that cannot be shown.
        is_fitted: Whether the picture has another size than when it was annotated, so that not all may fit.
        picture: What another picture of the same name would differ in; see `Screenshot.stamp`.
    """

    annotation: Annotation
    offered: tuple[Proposal, ...] = ()
    is_own: bool = False
    is_new: bool = True
    notes: tuple[str, ...] = field(default=(), compare=False)
    is_fitted: bool = field(default=False, compare=False)
    picture: str = field(default="", compare=False)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What is proposed and not decided; once a review is ended, the source has no say any more."""
        is_ended = self.annotation.review == DONE
        offered = (one for one in self.offered if not (is_ended and one.model == _SOURCE))
        return undecided(offered, self.annotation)

    @property
    def state(self) -> str:
        """``new``, ``source``, ``open``, ``done``, ``empty``, ``skipped`` or ``unsure``."""
        if not self.is_own:
            return "new" if self.is_new else "source"
        is_empty = self.annotation.review == DONE and not self.annotation.boxes
        return "empty" if is_empty else self.annotation.review

    @property
    def version(self) -> str:
        """A hash of all that a change is based on."""
        boxes = [
            [replace(one, attributes={}), encoded(one.attributes)]
            for one in (*self.annotation.boxes, *self.annotation.rejected)
        ]
        decided = [replace(self.annotation, boxes=(), rejected=()), boxes, self.is_own, self.is_new]
        text = repr([*decided, len(self.annotation.boxes), [one.id for one in self.proposals], self.picture])
        return hashlib.sha256(text.encode()).hexdigest()[:24]


def undecided(proposals: Iterable[Proposal], annotation: Annotation) -> tuple[Proposal, ...]:
    """Return the proposals that nothing is decided about, however often and by whatever model they are made.

    Left out is what has the place of a box, whatever that is called, and what has the place and the label of a
    proposal that was rejected. What one model proposes are several objects, however close they are.
    """
    known = {box.id for box in (*annotation.boxes, *annotation.rejected)}

    def is_decided(proposal: Proposal) -> bool:
        return any(
            proposal.box.overlap(box.box) >= SAME_OBJECT
            for box in (*annotation.boxes, *(box for box in annotation.rejected if box.label == proposal.label))
            if box.model != proposal.model
        )

    return tuple(one for one in proposals if one.id not in known and not is_decided(one))


def load_sheet(workspace: Workspace, shot: Screenshot, proposals: Sequence[Proposal] = ()) -> Sheet:
    """Read what is decided about a screenshot: by a person, or else by its source.

    Raises:
        RejectedItemError: If the annotation cannot be read, or the picture where there is no annotation that says its
            size.
    """
    stamp = shot.stamp
    if shot.annotation.exists():
        file = _own(workspace, shot)
        size_wh = file.annotation.size_wh if all(file.annotation.size_wh) else shot.size_wh()
        known = replace(file.annotation, source=shot.source.key, picture=shot.name, size_wh=size_wh)
        own, notes = fitted(known, shot)
        notes = (*map(str, file.findings), *notes)
        is_fitted = own is not known
        _, coarse, _ = _given_objects(shot, own.size_wh, workspace.taxonomy)
        offered = (*proposals, *coarse)
        return Sheet(own, offered, is_own=True, is_new=False, notes=notes, is_fitted=is_fitted, picture=stamp)
    size_wh = shot.size_wh()
    boxes, coarse, notes = _given_objects(shot, size_wh, workspace.taxonomy)
    given = Annotation(shot.source.key, shot.name, size_wh, boxes, review="open")
    return Sheet(given, (*proposals, *coarse), is_new=shot.given is None, notes=notes, picture=stamp)


def _own(workspace: Workspace, shot: Screenshot) -> AnnotationFile:
    try:
        return read_annotation(shot.annotation, workspace.annotations)
    except RejectedItemError as error:
        name = f"{workspace.annotations.name}/{relative(shot.annotation, workspace.annotations)}"
        remedy = f"move {name} away, then decide again"
        raise RejectedItemError(f"{name} {error.reason}", remedy, code=error.code) from error


def _given_objects(
    shot: Screenshot, size_wh: tuple[int, int], taxonomy: Taxonomy
) -> tuple[tuple[LabelledBox, ...], tuple[Proposal, ...], tuple[str, ...]]:
    """Return the boxes that the source has, those that have but a class as proposals, and what is wrong with others."""
    if shot.given is None:
        return (), (), ()
    attributes, complaints = attributes_of(shot.given, shot.source.root)
    boxes, coarse = [], []
    notes = [str(finding) for finding in (*shot.given.findings, *complaints)]
    for entry in shot.given.objects:
        try:
            box, _ = fit_object(entry, size_wh)
        except RejectedItemError as error:
            notes.append(str(error.finding(shot.given.item(entry.number))))
            continue
        if level := coarse_level(entry.label, taxonomy):
            coarse.append(Proposal(entry.label, box, 1.0, _SOURCE, level.name))
            continue
        known = attributes.get(entry.number, {})
        boxes.append(LabelledBox(f"s{entry.number}", entry.label, box, "source", attributes=known))
    return tuple(boxes), tuple(coarse), tuple(notes)


def coarse_level(label: str, taxonomy: Taxonomy) -> Level | None:
    """Return the level of which a source's label is but a class; None where it is a label, or nothing that is known."""
    return None if label in taxonomy.by_name else taxonomy.level_with(label)


def save_sheet(shot: Screenshot, sheet: Sheet) -> None:
    """Write what is decided; where nothing is the workspace's own, as before the first decision, the file goes."""
    if sheet.is_own:
        write_annotation(shot.annotation, sheet.annotation)
    else:
        shot.annotation.unlink(missing_ok=True)
        sync_folder(shot.annotation.parent)
