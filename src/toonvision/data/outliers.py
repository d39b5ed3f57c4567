"""Crops unlike the others: boxes of an odd size or shape, blurred and dark pictures. They are doubts, not faults."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.errors import Finding
from toonvision.core.grouping import grouped
from toonvision.core.wording import percent
from toonvision.data.catalog import Crop

ENOUGH = 20
"""Fewest samples of a kind that one of them is compared with."""
CUTOFF = 3.5
"""Modified z-score from which on a value counts as an outlier, as Iglewicz and Hoaglin recommend."""
BLURRED = 1 / 20
"""Share of the median sharpness. Measured: of the sample world's 1,035 crops 92 are drawn with a blur of 0.6 to 1.4
pixels. The 84 least sharp are all among them, and the 10 below this share have a blur of 0.8 or more."""
SMALLEST_MODE = 1 / 5
"""Share of a label's boxes that a second typical shape must have."""
EXPLAINED = 0.8
"""Share of the variance that two typical shapes must explain."""
_STRIP = 256
"""Rows of a picture that are measured at a time."""
DARK = 1 / 3
"""Share of the median brightness of the crop's context: in some contexts it is night."""


def _aspect(crop: Crop) -> float:
    width, height = crop.box.size_wh
    return width / height


_MEASURES: Mapping[str, Callable[[Crop], float]] = {
    "height": lambda crop: crop.box.size_wh[1],
    "aspect ratio (width / height)": _aspect,
}


@dataclass(frozen=True)
class ImageStatistics:
    """How bright and how sharp a crop is.

    Attributes:
        brightness: Mean of its grey levels, 0 to 255.
        sharpness: Variance of its Laplacian over the variance of its grey levels; that of a flat picture is 1.
    """

    brightness: float
    sharpness: float


def measure_image(image: Image.Image) -> ImageStatistics:
    """Measure a crop in any mode.

    Source:
        The variance of the Laplacian: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
        Divided by the variance of the grey levels it does not depend on contrast and exposure.
    """
    padded = np.pad(np.asarray(image.convert("L")), 1, mode="edge")
    sums = np.zeros((2, 2))
    for top in range(0, image.height, _STRIP):  # as floating-point numbers a large picture would not fit into memory
        rows = padded[top : top + _STRIP + 2].astype(np.float32)
        grey = rows[1:-1, 1:-1]
        laplacian = rows[:-2, 1:-1] + rows[2:, 1:-1] + rows[1:-1, :-2] + rows[1:-1, 2:] - 4 * grey
        sums += [[values.sum(dtype=float), np.square(values).sum(dtype=float)] for values in (grey, laplacian)]
    means, squares = (sums / (image.width * image.height)).T
    contrast, sharpness = squares - means**2
    return ImageStatistics(float(means[0]), float((sharpness + 1) / (contrast + 1)))


def odd_boxes(crops: Sequence[Crop]) -> list[Finding]:
    """Report boxes whose height or aspect ratio is an outlier among those of their label.

    A label whose boxes have two typical shapes, such as cards that stand and cards that lie, is compared by shape.
    Groups of fewer than `ENOUGH` boxes are not compared.

    Source:
        The modified z-score: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC 1993. It is taken of the
        logarithm, since a box can be twice as high as others as well as half as high.
    """
    findings: dict[Crop, list[str]] = defaultdict(list)
    for group in _groups(crops, lambda crop: crop.label):
        for alike in _by_shape(group):
            for crop, reason in _odd_among(alike):
                findings[crop].append(reason)
    remedy = "check that it holds the whole object and nothing else"
    listed = {crop: f"{' and '.join(reasons)} of {crop.label!r}" for crop, reasons in findings.items()}
    return [
        Finding(crop.file, f"has an odd box ({crop.where}): {what}", remedy, "odd-box") for crop, what in listed.items()
    ]


def _by_shape(group: Sequence[Crop]) -> list[list[Crop]]:
    """Return the crops of a label by the typical shape of their boxes, the narrower ones first; see `two_modes`."""
    wide = two_modes(np.log([_aspect(crop) for crop in group]))
    return [[crop for crop, is_wide in zip(group, wide, strict=True) if is_wide == side] for side in (False, True)]


def _odd_among(alike: Sequence[Crop]) -> Iterator[tuple[Crop, str]]:
    """Return crops whose height or aspect ratio is an outlier among these, and why; none of fewer than `ENOUGH`."""
    for what, measure in _MEASURES.items() if len(alike) >= ENOUGH else ():
        values = np.log([measure(crop) for crop in alike])
        for crop, value, score in zip(alike, values, _modified_z(values), strict=True):
            if abs(score) > CUTOFF:
                yield crop, f"its {what} is {np.exp(value - np.median(values)):.2g} times the median"


def two_modes(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Separate values into two groups where they clearly form two.

    Args:
        values: Shape ``(values,)``, finite, at least 2.

    Returns:
        Which values belong to the upper group, shape ``(values,)``; none where there is but one group: where either
        would hold fewer than a fifth of the values, or the two would explain less than 80 % of the variance (a normal
        distribution cut in two explains 64 %, a uniform one 75 %).

    Source:
        Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 1979: the threshold of the
        largest between-class variance.
    """
    ordered = np.sort(values)
    below = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)[:-1]
    means = sums / below, (ordered.sum() - sums) / (len(ordered) - below)
    shares = below / len(ordered)
    between = shares * (1 - shares) * (means[1] - means[0]) ** 2
    between[(np.minimum(shares, 1 - shares) < SMALLEST_MODE) | (ordered[1:] == ordered[:-1])] = 0
    cut = int(between.argmax())
    if between[cut] < EXPLAINED * values.var() or not between[cut]:
        return np.zeros(len(values), dtype=np.bool_)
    upper: npt.NDArray[np.bool_] = values > ordered[cut]
    return upper


def odd_images(statistics: Mapping[Crop, ImageStatistics]) -> list[Finding]:
    """Report crops that are far less sharp than most, or far darker than most of their context."""
    sharpness = {crop: found.sharpness for crop, found in statistics.items()}
    brightness = {crop: found.brightness for crop, found in statistics.items()}
    findings = []
    for crop, share in _below(sharpness, BLURRED, lambda _: None):
        reason = f"is blurred ({crop.where}): {percent(share)} of the median sharpness"
        findings.append(Finding(crop.file, reason, "take a sharper screenshot, if you can", "blurred"))
    for crop, share in _below(brightness, DARK, lambda crop: crop.context):
        reason = f"is dark ({crop.where}): {percent(share)} of the median brightness of {crop.context}"
        findings.append(Finding(crop.file, reason, "take a brighter screenshot, if you can", "dark"))
    return findings


def _below(values: Mapping[Crop, float], least: float, key: Callable[[Crop], Hashable]) -> Iterator[tuple[Crop, float]]:
    """Return crops below a share of their group's median, and that share, the lowest of a group first."""
    for group in _groups(values, key):
        median = max(float(np.median([values[crop] for crop in group])), 1e-9)
        for crop in sorted(group, key=lambda crop: values[crop]):
            if values[crop] / median < least:
                yield crop, values[crop] / median


def _groups(crops: Iterable[Crop], key: Callable[[Crop], Hashable]) -> list[list[Crop]]:
    return [group for group in grouped(crops, key).values() if len(group) >= ENOUGH]


def _modified_z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the modified z-score of each value; all are 0 where half of the values are the same."""
    distance = values - np.median(values)
    deviation = float(np.median(np.abs(distance)))
    return np.zeros_like(distance) if deviation == 0 else 0.6745 * distance / deviation
