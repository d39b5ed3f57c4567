"""Plans of the sample world's screenshots: how many, of which street, with which figures."""

import csv
import functools
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from toonvision.core.seeds import generator

PER_SCREENSHOT: Final = (0.32, 0.37, 0.22, 0.09)
LEAST_PER_LABEL: Final = 2
PER_STREET: Final = 5


@dataclass(frozen=True)
class ScreenshotPlan:
    """The plan of one screenshot.

    Attributes:
        name: Stem of its file.
        street: Its street.
        labels: Labels of its 1 to 4 figures; for a frame, of all figures of the sequence.
        seed: The seed of the world.
        frame: Number in a sequence, from 0; None for a single screenshot.
    """

    name: str
    street: str
    labels: tuple[str, ...]
    seed: int
    frame: int | None = None


@functools.cache
def street_counts() -> dict[str, dict[str, int]]:
    """Load how many objects of each label each street has at scale 1: street to label to count."""
    source = importlib.resources.files("toonvision.world") / "entity_street_counts.csv"
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    streets = [column for column in rows[0] if column != "label"]
    return {street: {row["label"]: int(row[street]) for row in rows} for street in streets}


def plan_sample_set(*, seed: int, scale: float = 1.0, balanced: bool = False) -> tuple[ScreenshotPlan, ...]:
    """Return which labels are in which screenshot.

    At scale 1 there are as many objects of each label on each street as in the bundled table (1,035 in total), or, if
    balanced, five of each of the 43 labels on each street (1,290). At another scale each count is multiplied and
    rounded up or down at random, with the same mean; a label with any objects at scale 1 keeps at least two in total,
    on its own streets.

    Args:
        seed: The same seed gives the same plan.
        scale: Factor on all counts, above 0.
        balanced: The same number of objects of each label on each street.

    Returns:
        The plans, street by street, each with 1 to 4 figures.

    Raises:
        ValueError: If `scale` is not a number above 0.
    """
    if not (0 < scale < float("inf")):
        raise ValueError(f"scale must be a number above 0; got {scale}. Write e.g. scale=1.0.")
    whole = street_counts()
    if balanced:
        whole = {street: dict.fromkeys(row, PER_STREET) for street, row in whole.items()}
    counts = _scaled_counts(whole, seed, scale)
    return tuple(plan for street, labels in counts.items() for plan in _street_plan(street, labels, seed))


def plan_video(frames: int, *, seed: int) -> tuple[ScreenshotPlan, ...]:
    """Return the frames of a sequence in one street, in which four Cogs and two Toons of that street walk.

    Args:
        frames: How many frames, ten per second.
        seed: The same seed gives the same sequence; it also chooses the street.

    Raises:
        ValueError: If `frames` is below 1.
    """
    if frames < 1:
        raise ValueError(f"a video needs at least one frame; got {frames}. Write e.g. frames=50.")
    rng = generator(seed, "world", "video")
    counts = street_counts()
    street = sorted(counts)[int(rng.integers(len(counts)))]
    living = sorted(label for label, count in counts[street].items() if count)
    cogs, toons = ([label for label in living if label.startswith(kind)] for kind in ("cog", "toon"))
    labels = (*_some(cogs, 4, rng), *_some(toons, 2, rng))
    return tuple(
        ScreenshotPlan(f"{street}_video_{frame + 1:04d}", street, labels, seed, frame) for frame in range(frames)
    )


def _some(labels: list[str], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    return tuple(labels[int(index)] for index in rng.choice(len(labels), min(count, len(labels)), replace=False))


def _scaled_counts(whole: dict[str, dict[str, int]], seed: int, scale: float) -> dict[str, dict[str, int]]:
    if scale == 1.0:
        return whole
    rng = generator(seed, "world", "scale")
    counts: dict[str, dict[str, int]] = {street: {} for street in whole}
    for label in next(iter(whole.values())):
        wanted = {street: whole[street][label] * scale for street in whole}
        for street, share in wanted.items():
            counts[street][label] = int(share) + int(rng.random() < share - int(share))
        homes = [street for street in whole if whole[street][label]]
        while homes and sum(counts[street][label] for street in whole) < LEAST_PER_LABEL:
            weights = np.array([whole[street][label] for street in homes], dtype=np.float64)
            counts[homes[int(rng.choice(len(homes), p=weights / weights.sum()))]][label] += 1
    return counts


def _street_plan(street: str, counts: dict[str, int], seed: int) -> Iterator[ScreenshotPlan]:
    rng = generator(seed, "world", street, "plan")
    labels = [label for label, count in counts.items() for _ in range(count)]
    labels = [labels[int(index)] for index in rng.permutation(len(labels))]
    start, number = 0, 0
    while start < len(labels):
        size = 1 + int(rng.choice(len(PER_SCREENSHOT), p=PER_SCREENSHOT))
        number += 1
        yield ScreenshotPlan(f"{street}_{number:04d}", street, tuple(labels[start : start + size]), seed)
        start += size
