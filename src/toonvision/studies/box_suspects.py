"""Suspect boxes: annotations of screenshots that detectors doubt which never saw these screenshots.

Every screenshot is searched by models that learned from others; what follows from the boxes that they find is computed
in `toonvision.metrics.suspect_boxes`.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import FigurePanel, Rows, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.wording import counted, listed, percent
from toonvision.data.arrays import screenshot_reader
from toonvision.data.boxes import Xyxy
from toonvision.data.images import Pictures
from toonvision.data.records import Crop, Frame, Known
from toonvision.data.workspace import Workspace
from toonvision.metrics.boxes import SAME_OBJECT, Boxes, Indices, overlaps
from toonvision.metrics.detection import OVERLAPS, Objects, Precision, match
from toonvision.metrics.found_objects import in_pictures
from toonvision.metrics.predictions import Predictions
from toonvision.metrics.suspect_boxes import REASONS, Reason, SuspectBox, find_suspect_boxes, joined
from toonvision.studies.box_training import plan_detectors
from toonvision.studies.fold_assignment import fold_jobs
from toonvision.studies.folds import FoldResult, Job, StudyWatcher, diverged_sentence, train_jobs
from toonvision.studies.store import Study, StudyOptions, recipe_of, study_folder
from toonvision.studies.suspects import suspects_title
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import DEFAULT_THRESHOLD
from toonvision.tasks.box_views import BoxGallery, Framed, View, ViewGroup, view_around
from toonvision.tasks.detect_targets import factors_of, objects_in
from toonvision.taxonomy.labels import Category, Taxonomy

MOST_PICTURED = 12
"""Of each reason."""
_SAME_BOX = 0.95
"""Intersection over union from which on a box is as it was; less than 1, since it was clipped and rounded."""
_LEARNED = 0.1
"""AP50 below which models have learned too little to doubt an annotation."""


@dataclass(frozen=True)
class BoxSuspect:
    """An annotation that is probably wrong.

    Attributes:
        reason: Why: the box of an object is missing, doubtful (no model sees the object), badly placed, or of a wrong
            class.
        source: The screenshot's source.
        screenshot: The screenshot.
        context: Where it was taken.
        object: Where a person finds the object; empty where one is missing.
        given: The object's class; empty where one is missing.
        box: Its box: x_min, y_min, x_max, y_max in pixels of the screenshot; None where one is missing.
        likely: The class that the models find; empty where they find nothing.
        likely_box: The box that they find; None where they find nothing.
        confidence: How sure they are of that, 0 to 1; 0 where they find nothing.
        overlap: Intersection over union of both boxes, 0 to 1.
        suspicion: How suspect the annotation is, 0 to 1.
    """

    reason: Reason
    source: str
    screenshot: str
    context: str
    object: str
    given: str
    box: Xyxy | None
    likely: str
    likely_box: Xyxy | None
    confidence: float
    overlap: float
    suspicion: float


@dataclass(frozen=True)
class BoxSuspectStudy(Study):
    """What out-of-fold predictions say of annotated boxes.

    Attributes:
        task: What is found.
        network: Which network was trained.
        folds: How many folds there were.
        repeats: How many models searched each screenshot.
        screenshots: How many were searched.
        objects: How many objects are annotated there, but for those to be ignored.
        ap50: How well the models together find them, 0 to 1.
        classes: Names of the classes.
        thresholds: The confidence from which on a box of each class counts.
        suspects: The most suspect first.
        diverged: How many trainings are left out because their loss became NaN.
        unsearched: Screenshots that no other training searched.
    """

    FILE, WHAT, COMMAND = "box-suspects.json", "search for suspect boxes", "suspects TASK"

    task: str
    network: str
    folds: int
    repeats: int
    screenshots: int
    objects: int
    ap50: float
    classes: tuple[str, ...]
    thresholds: tuple[float, ...]
    suspects: tuple[BoxSuspect, ...]
    diverged: int = 0
    unsearched: int = 0

    @property
    def total(self) -> int:
        """How many screenshots there were."""
        return self.screenshots + self.unsearched

    def current(self, known: Known, taxonomy: Taxonomy) -> "BoxSuspectStudy":
        """Return the search without suspects that were corrected since.

        Such a one has another class or box now, or is gone; where an object was missing, there is one.

        Args:
            known: What there is now.
            taxonomy: What names the classes now.
        """
        level, shots = taxonomy.task(self.task).level, {(shot.source, shot.name) for shot in known.screenshots}

        def still_holds(one: BoxSuspect) -> bool:
            key = (one.source, one.screenshot)
            crops = known.crops_of.get(key, ())
            if one.box is None:
                return key in shots and _overlap(one.likely_box, (*crops, *known.regions_of.get(key, ()))) < SAME_OBJECT
            own = [crop for crop in crops if taxonomy.class_of(crop.label, level) == one.given]
            return _overlap(one.box, own) >= _SAME_BOX

        return replace(self, suspects=tuple(filter(still_holds, self.suspects)))

    @property
    def learned(self) -> bool:
        """Whether the models find enough to doubt an annotation."""
        return self.ap50 >= _LEARNED

    def sentence(self) -> str:
        """Return what was found, in plain words."""
        rest = f"; {counted(self.unsearched, 'screenshot')} could not be searched" if self.unsearched else ""
        return self._found() + diverged_sentence([(f"in all{rest}", self.diverged, self.folds * self.repeats)])

    def _found(self) -> str:
        if not self.learned:
            return (
                f"The models have learned too little to doubt an annotation (AP50 {self.ap50:.2f}). Annotate more "
                "screenshots, or ask for more --epochs."
            )
        if not self.suspects:
            return f"No annotation of {counted(self.objects, 'object')} is suspect."
        return (
            f"{self._suspected()} Models that were trained without these screenshots (AP50 {self.ap50:.2f}) find "
            "something else. Look at them, the most suspect first: some may be right."
        )

    def _suspected(self) -> str:
        """Return how many of the annotated objects are suspect, and how many more may be missing."""
        by_reason = Counter(one.reason for one in self.suspects)
        missing = by_reason.pop("missing", 0)
        accused, of = by_reason.total(), counted(self.objects, "annotated object")
        each = listed([f"{by_reason[reason]} {reason}" for reason in REASONS if by_reason[reason]])
        said = [f"{accused} of {of} {'is' if accused == 1 else 'are'} suspect: {each}."] if accused else []
        if missing:
            said.append(f"{counted(missing, 'object')} may be missing beside the {of}.")
        return " ".join(said)


@dataclass(frozen=True, kw_only=True)
class BoxSuspectOptions(StudyOptions):
    """What a search for suspect boxes can be asked for; by default the network's recipe and input.

    Attributes:
        folds: How many folds; each is searched by models of the others.
    """

    folds: int = 4
    repeat: int = 1


def find_box_suspects(
    workspace: Workspace, task: str, options: BoxSuspectOptions, *, watcher: StudyWatcher = unwatched
) -> BoxSuspectStudy:
    """Find annotated boxes that are probably wrong, by models trained without their screenshots, and save the search.

    Raises:
        UsageError: If a name is unknown, or there are fewer than three folds.
        InputRejectedError: If a class cannot be learned without one of the folds, or every training diverged.
    """
    folds, seed = options.folds, options.seed
    dataset, settings = plan_detectors(workspace, task, options, learned=1 - 1 / folds)
    jobs = fold_jobs(dataset, folds=folds, settings=settings, repeats=options.repeat, seed=seed)
    recipe = recipe_of(dataset, settings, kind="suspects", seed=seed, folds=folds)
    folder = study_folder(workspace, task, recipe, name=options.name, force=options.force)
    results = train_jobs(dataset, jobs, folder=folder, watcher=watcher)
    study = compare_annotations(dataset, jobs, results, network=settings.network, folds=folds, repeats=options.repeat)
    return replace(study, folder=folder).save()


def compare_annotations(
    dataset: Dataset, jobs: Sequence[Job], results: Sequence[FoldResult], *, network: str, folds: int, repeats: int
) -> BoxSuspectStudy:
    """Compare the annotations of screenshots with what models find that did not learn from them.

    Raises:
        InputRejectedError: If no screenshot was searched.
    """
    asked = np.zeros(len(dataset.items), np.int64)
    for job, result in zip(jobs, results, strict=True):
        asked[job.fold.test] += not result.diverged
    searched = np.flatnonzero(asked)
    if not len(searched):
        raise InputRejectedError("every training diverged, so no box was checked. Train another network or size.")
    frames = [dataset.frames[at] for at in searched]
    each = [_of_all(job, result, searched) for job, result in zip(jobs, results, strict=True) if not result.diverged]
    found = joined(each, asked[searched])
    found = in_pictures(found, [frame.shot.size_wh for frame in frames], dataset.size_hw)
    truth = objects_in(dataset.targets[searched], factors_of(frames, dataset.size_hw))
    matches = [match(truth, found, label=label, thresholds=OVERLAPS) for label in range(len(dataset.classes))]
    ap50 = Precision.mean([Precision.of(one.average_precisions) for one in matches]).ap50
    thresholds = tuple(one.curve.best_threshold(DEFAULT_THRESHOLD) for one in matches)
    suspects = find_suspect_boxes(truth, found, thresholds) if ap50 >= _LEARNED else ()
    return BoxSuspectStudy(
        task=dataset.task.name,
        network=network,
        folds=folds,
        repeats=repeats,
        screenshots=len(searched),
        objects=int((~truth.ignored).sum()),
        ap50=0.0 if math.isnan(ap50) else ap50,
        classes=dataset.classes,
        thresholds=thresholds,
        suspects=tuple(_described(one, frames, truth, found, dataset.classes) for one in suspects),
        diverged=sum(result.diverged for result in results),
        unsearched=len(dataset.items) - len(searched),
    )


def box_suspects_rows(suspects: Sequence[BoxSuspect]) -> Rows:
    """Return one row for each suspect annotation, after a row with the columns' names."""
    edges = ("x_min", "y_min", "x_max", "y_max")
    head = ("rank", "reason", "screenshot", "context", "object", "given", *edges, "likely",
            *(f"likely_{edge}" for edge in edges), "confidence", "overlap", "suspicion")  # fmt: skip
    none = ("",) * len(edges)
    return (
        head,
        *((rank, one.reason, one.screenshot, one.context, one.object, one.given, *(one.box or none), one.likely,
           *(one.likely_box or none), one.confidence, one.overlap, one.suspicion)
          for rank, one in enumerate(suspects, start=1)),
    )  # fmt: skip


def box_suspects_panel(workspace: Workspace, study: BoxSuspectStudy) -> FigurePanel | None:
    """Return the figure of the most suspect annotations for each reason, with a row for every one; None without one."""
    classes = workspace.taxonomy.level(workspace.taxonomy.task(study.task).level).by_name
    read = screenshot_reader(workspace)
    rows = {(shot.source, shot.name): shot.id for shot in workspace.known_screenshots()}
    groups = []
    for reason in REASONS:
        own = [one for one in study.suspects if one.reason == reason]
        shown = [one for one in own if (one.source, one.screenshot) in rows][:MOST_PICTURED]
        views = [_view(np.asarray(read(rows[one.source, one.screenshot])), one, classes) for one in shown]
        if views:
            groups.append(ViewGroup(f"{reason.capitalize()}: {len(own):,}", tuple(views)))
    if not groups:
        return None
    return FigurePanel(
        name="suspects",
        title="Suspect annotations: the most suspect for each reason",
        alternative=f"Parts of screenshots with suspect annotations: {'; '.join(group.title for group in groups)}.",
        caption=f"{study.sentence()} Solid: the annotated box. Dashed: what the models find, with their confidence. "
        "The colours are those of the classes.",
        value=BoxGallery(tuple(groups)),
        rows=box_suspects_rows(study.suspects),
    )


def box_suspects_table(study: BoxSuspectStudy, suspects: Sequence[BoxSuspect], *, of: int = 0, note: str = "") -> Table:
    """Return suspect annotations of a study as a table, the first `of` so many; `note` follows its own note."""
    columns = ("Reason", "Screenshot", "Annotated", "Found", "Confidence", "Overlap", "Suspicion")
    rows = tuple(
        (one.reason, one.screenshot, one.given or "–", one.likely or "–",
         percent(one.confidence) if one.likely else "–", f"{one.overlap:.2f}", f"{one.suspicion:.2f}")
        for one in suspects
    )  # fmt: skip
    how = (
        f"Searched with the network {study.network}, {study.folds} folds, {counted(study.repeats, 'training')} each, "
        f"in {counted(study.screenshots, 'screenshot')}.{note}"
    )
    return table(
        suspects_title("annotations", len(suspects), of), columns, rows, names=4, shown=10,
        note=how if suspects else f"{study.sentence()} {how}",
    )  # fmt: skip


def _overlap(box: Xyxy | None, crops: Sequence[Crop]) -> float:
    """Return the highest intersection over union of a box and those of crops, 0 to 1; 0 without any."""
    others = np.array([crop.box.xyxy for crop in crops], np.float32).reshape(-1, 4)
    return float(overlaps(np.array([box], np.float32), others).max(initial=0))


def _of_all(job: Job, result: FoldResult, searched: Indices) -> Predictions:
    """Return a training's boxes, whose images are those that were searched by any."""
    own = result.predictions
    return replace(own, images=len(searched), image=np.searchsorted(searched, job.fold.test[own.image]))


def _described(
    one: SuspectBox, frames: Sequence[Frame], truth: Objects, found: Predictions, classes: Sequence[str]
) -> BoxSuspect:
    """Return a suspect in a person's words."""
    frame, given, box, likely, likely_box = frames[one.image], "", None, "", None
    origin, confidence, overlap = "", 0.0, 0.0
    if one.truth is not None:
        row = one.truth - int(np.searchsorted(truth.image, one.image))
        origin, given, box = frame.crops[row].where, classes[truth.labels[one.truth]], truth.boxes[one.truth]
    if one.found is not None and found.boxes is not None:
        likely, likely_box = classes[found.labels[one.found]], found.boxes[one.found]
        confidence = float(found.scores[one.found])
    if box is not None and likely_box is not None:
        overlap = float(overlaps(box[None], likely_box[None])[0, 0])
    return BoxSuspect(
        one.reason, frame.source, frame.screenshot, frame.context, origin, given, _plain(box), likely,
        _plain(likely_box), confidence, overlap, one.suspicion,
    )  # fmt: skip


def _view(image: Pictures, suspect: BoxSuspect, classes: Mapping[str, Category]) -> View:
    boxes = [
        Framed(box, classes[name].color, predicted, subject=True)
        for box, name, predicted in ((suspect.box, suspect.given, False), (suspect.likely_box, suspect.likely, True))
        if box is not None
    ]
    names = [classes[name].title for name in (suspect.likely, suspect.given) if name]
    sure = f"{100 * suspect.confidence:.0f} % sure" if suspect.likely else "found by no model"
    notes = (sure, f"suspicion {suspect.suspicion:.2f}")
    height, width = image.shape[:2]
    return view_around(image, boxes, title=", not ".join(dict.fromkeys(names)), notes=notes, shown_hw=(height, width))


def _plain(box: Boxes | None) -> Xyxy | None:
    if box is None:
        return None
    left, top, right, bottom = (round(float(edge), 1) for edge in box)
    return left, top, right, bottom
