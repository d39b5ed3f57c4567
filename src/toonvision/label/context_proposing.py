"""Proposing where screenshots were taken: trees on the colours of whole ones, learned from those of known contexts."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from toonvision.core.progress import Progress, silent
from toonvision.core.runner import Leader
from toonvision.data import images
from toonvision.data.groups import linked
from toonvision.data.workspace import Workspace
from toonvision.label.proposals import ContextProposal, StoredContexts
from toonvision.label.screenshots import Listed, Screenshot
from toonvision.label.thresholds import TARGET, Scored, limits_of
from toonvision.label.thumbnails import Thumbnail, read_thumbnails
from toonvision.metrics.classification import Indices
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.predictions import Probabilities
from toonvision.models.forest import Forest
from toonvision.taxonomy.labels import NO_CONTEXT, Taxonomy

_FOLDS = 5
_MOST = 100
"""Screenshots of a context that are learned from; more take longer, and know little more."""


def propose_contexts(
    workspace: Workspace,
    listed: Listed,
    asked: Collection[str],
    *,
    seen: Mapping[str, Thumbnail] | None = None,
    seed: int = 0,
    leader: Leader | None = None,
    progress: Progress = silent,
) -> StoredContexts | None:
    """Propose a context for each screenshot that has none, and for those that look like another one's than theirs.

    Five folds, which near-duplicates and recordings never straddle, show how often that is right, and from which score
    on it is sure enough to contradict a folder.

    Args:
        workspace: Where the screenshots are.
        listed: The screenshots.
        asked: The ids of those that have a context and may be contradicted, besides those that are learned from.
        seen: Thumbnails of screenshots that were read already, by id.
        seed: Same seed, same proposals.
        leader: What has the others read elsewhere than on this machine.
        progress: Called with how many screenshots are read.

    Returns:
        What is proposed; None where there are not two contexts with at least five screenshots each, or where all are
        of fewer than five recordings.
    """
    known = _by_context(listed, workspace.taxonomy)
    names = sorted(name for name, shots in known.items() if name and len(shots) >= _FOLDS)
    if len(names) < 2:
        return None
    learned = [shot for name in names for shot in _spread(known[name])]
    ids = {shot.id for shot in learned}
    others = known[""] + [shot for name in names for shot in known[name] if shot.id in asked and shot.id not in ids]
    thumbnails = dict(seen or {})
    unseen = [shot for shot in (*learned, *others) if shot.id not in thumbnails]
    thumbnails |= read_thumbnails(workspace, unseen, progress, leader=leader)
    learned, others = ([shot for shot in shots if shot.id in thumbnails] for shots in (learned, others))
    groups = _groups([thumbnails[shot.id] for shot in learned])
    targets = np.array([names.index(shot.context) for shot in learned])
    if len(set(groups)) < _FOLDS or np.bincount(targets).max() < _FOLDS:
        return None
    pictures = np.stack([thumbnails[shot.id].image for shot in learned])
    held_out = _held_out(pictures, targets, groups, classes=len(names), seed=seed)
    shares = held_out
    if others:
        forest = _grown(pictures, targets, classes=len(names), seed=seed)
        of_others = forest.predict_on_batch(np.stack([thumbnails[shot.id].image for shot in others]))
        shares = np.concatenate([held_out, of_others])
    rights = held_out.argmax(axis=1) == targets
    alone = {shot.id for shot in known[""]}
    sure = _sure_from(held_out, rights)
    found = {}
    for shot, (context, score) in zip([*learned, *others], _best(shares, names), strict=True):
        if shot.id in alone or (context != shot.context and score >= sure):
            found[shot.id] = ContextProposal(context, round(score, 4), shot.name, thumbnails[shot.id].sha256)
    return StoredContexts(Proportion(int(rights.sum()), len(rights)), found)


def _by_context(listed: Listed, taxonomy: Taxonomy) -> Mapping[str, list[Screenshot]]:
    """Return the screenshots of each context; under an empty text those of which nothing is known."""
    found: dict[str, list[Screenshot]] = defaultdict(list)
    names = {context.name for context in taxonomy.contexts}
    for shot in listed.screenshots:
        is_known = shot.context in names if names else shot.context != NO_CONTEXT
        found[shot.context if is_known else ""].append(shot)
    return found


def _best(shares: Probabilities, names: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Yield the likeliest context of each screenshot with its score."""
    for row in shares:
        yield names[int(row.argmax())], float(row.max())


def _sure_from(held_out: Probabilities, rights: npt.NDArray[np.bool_]) -> float:
    """Return the score from which on contexts are sure enough to contradict a folder."""
    scores = held_out.max(axis=1).tolist()
    known = [Scored("", score, right) for score, right in zip(scores, rights.tolist(), strict=True)]
    return limits_of(known, target=TARGET).accept


def _spread(shots: Sequence[Screenshot]) -> list[Screenshot]:
    """Return some of many screenshots, evenly spread."""
    if len(shots) <= _MOST:
        return list(shots)
    return [shots[at * len(shots) // _MOST] for at in range(_MOST)]


def _groups(thumbnails: Sequence[Thumbnail]) -> list[int]:
    """Return a number for each screenshot that those share that belong together."""
    number = {(one.source, one.screenshot): at for at, group in enumerate(linked(thumbnails)) for one in group.shots}
    return [number[one.source, one.screenshot] for one in thumbnails]


def _held_out(
    pictures: images.Pictures, targets: Indices, groups: Sequence[int], *,
    classes: int, seed: int,
) -> Probabilities:  # fmt: skip
    """Return the probabilities of each picture by trees that learned from the other folds."""
    from toonvision.studies.fold_assignment import grouped_folds

    fold_of = grouped_folds(targets, groups, folds=_FOLDS, seed=seed)
    shares = np.zeros((len(targets), classes), np.float32)
    for fold in range(_FOLDS):
        test = fold_of == fold
        if test.any():
            forest = _grown(pictures[~test], targets[~test], classes=classes, seed=seed)
            shares[test] = forest.predict_on_batch(pictures[test])
    return shares


def _grown(pictures: images.Pictures, targets: Indices, *, classes: int, seed: int) -> Forest:
    from toonvision.training.forest import grown

    return grown(pictures, targets, classes=classes, seed=seed)
