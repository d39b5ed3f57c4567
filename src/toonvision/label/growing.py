"""Growing a data set: what is new joins the train and val subsets, the test subset stays, and two trainings compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from toonvision.core.folders import exclusive
from toonvision.core.seeds import generator
from toonvision.data.groups import linked
from toonvision.data.records import Crop, Frame, Item, StoredScreenshot
from toonvision.data.split_plan import divide
from toonvision.data.splits import DEFAULT_SPLIT, Split, read_split, screenshot_keys, write_split
from toonvision.data.subsets import Subset
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.bootstrap import DIFFERENCE, Estimate, estimate, paired_difference
from toonvision.tasks.box_scores import BoxScores, chosen, of_screenshots
from toonvision.tasks.class_scores import ClassScores

_NO_TEST: Mapping[Subset, int] = {"train": 80, "val": 20}


@dataclass(frozen=True)
class Grown:
    """How a split grew.

    Attributes:
        split: The split afterwards.
        train: Screenshots that joined the train subset.
        val: Those that joined the val subset.
        left_out: New screenshots that look like one of the test subset, or belong to it otherwise: none may learn them.
    """

    split: Split
    train: int
    val: int
    left_out: tuple[str, ...]


def grow_split(workspace: Workspace, name: str = DEFAULT_SPLIT, *, seed: int = 0) -> Grown:
    """Put the screenshots that a split does not know into its train and val subsets, and write it.

    Raises:
        InputRejectedError: If there is no such split, or nothing was extracted.
        WorkspaceBusyError: If another process writes to the workspace.
    """
    with workspace.reading() as catalog, exclusive(workspace.root, purpose="split"):
        known = catalog.known()
        grown = with_new(read_split(workspace.splits, name), known.screenshots, known.crops, seed=seed)
        if grown.train or grown.val:
            write_split(workspace.splits, grown.split, replace=True)
    return grown


def with_new(split: Split, screenshots: Sequence[StoredScreenshot], crops: Sequence[Crop], *, seed: int = 0) -> Grown:
    """Put new screenshots into the train and val subsets of a split; those that it knows keep theirs.

    One that belongs to a known one, as a near-duplicate or a frame of its recording, joins it; one that belongs to a
    screenshot of the test subset is left out. The others are dealt by label, in groups, as a new split deals them. The
    same seed gives the same split.
    """
    keys = screenshot_keys([(shot.source, shot.name) for shot in screenshots])
    subsets: dict[str, Subset] = {
        keys[shot.source, shot.name]: subset for shot in screenshots if (subset := split.subset_of(shot))
    }
    joined: dict[str, Subset] = {}
    left_out, free = [], []
    for group in linked(screenshots):
        new = [shot for shot in group.shots if keys[shot.source, shot.name] not in subsets]
        lying = {subset for shot in group.shots if (subset := subsets.get(keys[shot.source, shot.name]))}
        if "test" in lying:
            left_out += [shot.name for shot in new]
        elif lying:
            joined.update({keys[shot.source, shot.name]: "train" if "train" in lying else "val" for shot in new})
        else:
            free += new
    joined |= _dealt(free, crops, keys, seed=seed)
    added = list(joined.values())
    grown = replace(split, subsets={**split.subsets, **joined}, ratios=None, seed=None, from_source=False)
    return Grown(grown if joined else split, added.count("train"), added.count("val"), tuple(left_out))


def _dealt(
    shots: Sequence[StoredScreenshot], crops: Sequence[Crop], keys: dict[tuple[str, str], str], *, seed: int
) -> dict[str, Subset]:
    """Deal screenshots that belong to no known one; where there are too few to deal, all join the train subset."""
    ids = {shot.id for shot in shots}
    own = [crop for crop in crops if crop.screenshot_id in ids]
    if len(linked(shots)) < len(_NO_TEST) + 1 or not own:
        return {keys[shot.source, shot.name]: "train" for shot in shots}
    return divide(own, shots, keys, _NO_TEST, seed=seed)


@dataclass(frozen=True)
class Round:
    """What a round of labelling and training brought.

    Attributes:
        before: The error of the earlier run on the test images that both runs have, 0 to 1.
        after: That of the new one.
        change: The difference, with its 95 % interval over screenshots: below 0 the new one is better.
        images: How many crops or screenshots were compared.
        alone: How many test images one of the two runs has alone.
        measure: What the error is.
    """

    before: float
    after: float
    change: Estimate
    images: int
    alone: int
    measure: str


def compare_rounds(before: Evaluation[Any], after: Evaluation[Any]) -> Round | None:
    """Compare two runs of a task on the test images that both have; None where they share none.

    What is true is what the new run says, so that a test screenshot whose objects were corrected counts for both. A
    crop whose box was moved shows something else; it is no shared image.

    Args:
        before: The earlier run on its test subset.
        after: The new run on its own.
    """
    index_of = {_seen(item): index for index, item in enumerate(before.items)}
    pairs = [(index_of[_seen(item)], index) for index, item in enumerate(after.items) if _seen(item) in index_of]
    if not pairs:
        return None
    old, new = np.array(pairs).T
    images, alone = len(pairs), len(before.items) - len(set(old.tolist())) + len(after.items) - len(pairs)
    class_of = {name: label for label, name in enumerate(after.record.classes)}
    labels = np.array([class_of.get(name, -1) for name in before.record.classes])  # -1: a class that there is no more
    if isinstance(after.best, BoxScores):
        late, found = of_screenshots(after.best, new), of_screenshots(before.best, old).predictions
        known = labels[found.labels]
        early = replace(late, predictions=chosen(replace(found, labels=known), known >= 0))
        errors = [1 - scores.precision.ap50 for scores in (early, late)]
        change = estimate(errors[1] - errors[0], early.drawn.mean[:, 0] - late.drawn.mean[:, 0], widest=DIFFERENCE)
        return Round(errors[0], errors[1], change, images, alone, "1 - AP50")
    if isinstance(after.best, ClassScores):
        wrong = [labels[scores.predicted[old]] != after.best.y_true[new] for scores in before.scores]
    else:
        wrong = [scores.wrong[old] for scores in before.scores]
    rights = ~np.stack(wrong), ~np.stack([scores.wrong[new] for scores in after.scores])
    groups = [(after.items[at].source, after.items[at].screenshot) for at in new]
    change = paired_difference([rights], groups, rng=generator(0, "rounds"))
    old_error, new_error = (float(1 - right.mean()) for right in rights)
    return Round(old_error, new_error, change, images, alone, "share wrong")


def _seen(item: Item) -> tuple[str, str, str]:
    """Return what two items have in common whose pictures are the same; where masks are learned, these are, too."""
    shown = item.shot.picture_hash if isinstance(item, Frame) and item.mask is None else item.hash
    return item.source, item.screenshot, shown
