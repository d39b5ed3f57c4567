"""Where the evidence lies: how much of what speaks for a class is on the figure, its body parts, and the background.

A share says little alone: if a figure fills 60 % of its crop, an even map has 60 % of its weight on it. So the area's
share, which an even map would have, stands beside every share. Intervals come from resampling screenshots, not crops:
crops of one screenshot share its light and its context, and say less together than as many of other screenshots.

A map by itself is a poor measure, too. One part of it is the same for every image, and the bias takes it off again;
another is the same for every class, so that the softmax never sees it. `distinctive` removes both. On images with a
planted mark it separates a network that looks at the figure from one that looks at the mark far more clearly
(tests/explain/test_shortcut.py).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.seeds import generator
from toonvision.core.wording import between, percent
from toonvision.data.masks import REGIONS, Mask
from toonvision.explain.activations import Values
from toonvision.metrics.bootstrap import estimate, group_weights

Shares = npt.NDArray[np.float64]

FIGURE = "figure"
SHOWN_REGIONS = (FIGURE, *REGIONS[1:], REGIONS[0])
"""The whole figure, its body parts, and the background."""

_DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Evidence:
    """Where the positive evidence of each crop lies.

    Attributes:
        shares: Share of a crop's positive evidence on each of `REGIONS`, shape ``(crops, regions)``, 0 to 1; a row sums
            to 1, or is NaN where nothing speaks for the class.
        areas: Share of its pixels in each of `REGIONS`, same shape; a row sums to 1.
    """

    shares: Shares
    areas: Shares

    def share(self, region: str) -> Shares:
        """Return the shares of one of `SHOWN_REGIONS`, shape ``(crops,)``."""
        return _column(self.shares, region)

    def area(self, region: str) -> Shares:
        """Return the areas of one of `SHOWN_REGIONS`, shape ``(crops,)``."""
        return _column(self.areas, region)


@dataclass(frozen=True)
class RegionShare:
    """How much of the evidence lies on one region, on average over crops.

    Attributes:
        region: One of `SHOWN_REGIONS`.
        share: Mean share of the positive evidence, 0 to 1; NaN without crops.
        interval: Its 95 % bootstrap interval over screenshots; 0 to 1 for fewer than two of them.
        area: Mean share of the pixels, which an even map would have.
    """

    region: str
    share: float
    interval: tuple[float, float]
    area: float


@dataclass(frozen=True)
class GroupEvidence:
    """The evidence of the crops of one group: a class, a context, or all.

    Attributes:
        name: The group.
        crops: How many crops were averaged.
        screenshots: How many screenshots those are from.
        empty: How many more had no positive evidence anywhere.
        regions: One entry for each of `SHOWN_REGIONS`, in that order.
    """

    name: str
    crops: int
    screenshots: int
    empty: int
    regions: tuple[RegionShare, ...]

    def of(self, region: str) -> RegionShare:
        """Return the share of one of `SHOWN_REGIONS`."""
        return self.regions[SHOWN_REGIONS.index(region)]


def distinctive(values: Values) -> Values:
    """Return what distinguishes an image from the average one, and a class from the others.

    Where the maps decompose logits (`ClassMaps.exact`), these are the Shapley values of a linear model: the weight
    times the activation's difference from its mean, here as differences between logits, which are all that the
    softmax sees.

    Args:
        values: Maps of all classes, shape ``(images, classes, height, width)``, signed; for more than a few images, of
            all classes, since their mean stands for the average image.

    Returns:
        The same shape. Summed over all cells, the difference between two classes is that between their logits, minus
        the same of the average image.

    Source:
        Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017, corollary 1.
    """
    centred = values - values.mean(axis=0)
    return np.asarray(centred - centred.mean(axis=1, keepdims=True), dtype=np.float32)


def measure_evidence(maps: Sequence[Values] | Values, masks: Sequence[Mask]) -> Evidence:
    """Measure on which regions the positive evidence of maps lies.

    Args:
        maps: One map a crop, of the class to explain: shape ``(height, width)`` each, signed.
        masks: One mask a crop at the network's input size, of indices into `REGIONS`.

    Returns:
        Shares and areas, one row a crop. Maps are enlarged to the mask's size before their positive part is taken.
    """
    shares = np.full((len(masks), len(REGIONS)), np.nan)
    areas = np.zeros_like(shares)
    for row, (one, mask) in enumerate(zip(maps, masks, strict=True)):
        flat = mask.ravel()
        areas[row] = np.bincount(flat, minlength=len(REGIONS)) / flat.size
        positive = np.maximum(enlarge(one, mask.shape), 0).ravel().astype(np.float64)
        if (total := positive.sum()) > 0:
            shares[row] = np.bincount(flat, weights=positive, minlength=len(REGIONS)) / total
    return Evidence(shares, areas)


def summarise(
    evidence: Evidence, groups: Sequence[str], *, screenshots: Sequence[Hashable] | None = None, seed: int = 0
) -> tuple[GroupEvidence, ...]:
    """Average over groups, with intervals.

    Args:
        evidence: One row a crop.
        groups: The group of each crop.
        screenshots: A key for the screenshot of each crop, such as those of `groups.group_keys`; by default each crop
            counts as from a screenshot of its own, which makes intervals too narrow where that is not so.
        seed: Decides the resampling for the intervals.

    Returns:
        One entry a group, in the order in which groups first appear.
    """
    names = np.array(groups, dtype=object)
    shots = range(len(groups)) if screenshots is None else screenshots
    return tuple(_group(evidence, names == name, name, shots, seed) for name in dict.fromkeys(groups))


def bootstrap_intervals(
    values: Shares, screenshots: Sequence[Hashable], rng: np.random.Generator
) -> tuple[tuple[float, float], ...]:
    """Return the 95 % percentile interval of each column's mean, by drawing screenshots with all their crops.

    Args:
        values: Shape ``(crops, columns)``, 0 to 1.
        screenshots: The screenshot of each crop; with fewer than two of them the intervals are 0 to 1.
        rng: Draws them.

    Source:
        Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979); that whole clusters
        are drawn: Davison and Hinkley, "Bootstrap methods and their application", 1997, section 3.8.
    """
    if len(set(screenshots)) < 2:
        return tuple((0.0, 1.0) for _ in values.T)
    weights = group_weights(screenshots, draws=_DRAWS, rng=rng)
    drawn = weights @ values / weights.sum(axis=1, keepdims=True)
    means = (estimate(*column) for column in zip(values.mean(axis=0), drawn.T, strict=True))
    return tuple((mean.low, mean.high) for mean in means)


def evidence_warnings(group: GroupEvidence) -> tuple[str, ...]:
    """Return warnings if the evidence of a group of crops is not on its figures."""
    figure, background = group.of(FIGURE), group.of("background")
    found = []
    if group.empty:
        found.append(
            f"{group.name}: in {group.empty} of {group.crops + group.empty} images nothing speaks for the class."
        )
    if group.screenshots < 2:
        return tuple(found)
    if background.interval[0] > background.area:
        found.append(
            f"{group.name}: the background decides more than it should: {percent(background.share, 0)} of the evidence "
            f"lies there ({_range(background)}), on {percent(background.area, 0)} of the area. Suspect the context, or "
            "a mark at the edge."
        )
    elif figure.interval[1] >= figure.area >= figure.interval[0]:
        found.append(
            f"{group.name}: the evidence does not look for the figure: {percent(figure.share, 0)} of it lies there "
            f"({_range(figure)}), where an even map would have {percent(figure.area, 0)}."
        )
    return tuple(found)


def enlarge(one: Values, size_hw: tuple[int, ...]) -> Values:
    """Return a map, shape ``(height, width)``, resized smoothly to an image's size in pixels, float32."""
    image = Image.fromarray(np.ascontiguousarray(one, dtype=np.float32))
    return np.asarray(image.resize((size_hw[1], size_hw[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def _column(table: Shares, region: str) -> Shares:
    if region == FIGURE:
        return 1 - table[:, 0]
    column: Shares = table[:, REGIONS.index(region)]
    return column


def _group(
    evidence: Evidence, members: npt.NDArray[np.bool_], name: str, screenshots: Sequence[Hashable], seed: int
) -> GroupEvidence:
    known = members & np.isfinite(evidence.shares[:, 0])
    own = [screenshots[index] for index in np.flatnonzero(known).tolist()]
    shares = np.stack([evidence.share(region)[known] for region in SHOWN_REGIONS], axis=1)
    means = shares.mean(axis=0) if own else np.full(len(SHOWN_REGIONS), np.nan)
    intervals = bootstrap_intervals(shares, own, generator(seed, "evidence", name))
    regions = tuple(
        RegionShare(region, float(mean), interval, float(evidence.area(region)[members].mean()))
        for region, mean, interval in zip(SHOWN_REGIONS, means, intervals, strict=True)
    )
    return GroupEvidence(name, len(own), len(set(own)), int(members.sum()) - len(own), regions)


def _range(region: RegionShare) -> str:
    return f"95 % interval {between(100 * region.interval[0], 100 * region.interval[1], '.0f')} %"
