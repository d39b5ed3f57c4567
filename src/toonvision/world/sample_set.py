"""The sample world: which screenshots there are, and drawing them with all cores."""

import csv
import functools
import importlib.resources
import multiprocessing
import os
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from toonvision.core.cores import available_cores
from toonvision.core.files import replacing
from toonvision.core.seeds import generator
from toonvision.world.camera import SIZE_WH
from toonvision.world.scene import compose

PER_SCREENSHOT: Final = (0.32, 0.37, 0.22, 0.09)
LEAST_PER_LABEL: Final = 2


@dataclass(frozen=True)
class DrawnObject:
    """A figure that is seen in a screenshot.

    Attributes:
        label: For example ``cog_bb_flunky``.
        xyxy: Pixel edges of its visible extent: left, top, right, bottom; half-open, inside the picture.
    """

    label: str
    xyxy: tuple[int, int, int, int]


@dataclass(frozen=True)
class DrawnScreenshot:
    """A screenshot that was drawn.

    Attributes:
        name: Stem of its file, for example ``ttc_0007``.
        street: For example ``ttc``.
        size_wh: Width and height in pixels.
        objects: Its figures, in the order of the plan.
    """

    name: str
    street: str
    size_wh: tuple[int, int]
    objects: tuple[DrawnObject, ...]


@dataclass(frozen=True)
class ScreenshotPlan:
    """Who stands in one screenshot: its name, street, labels (1 to 4), and the seed of the world."""

    name: str
    street: str
    labels: tuple[str, ...]
    seed: int


@functools.cache
def street_counts() -> dict[str, dict[str, int]]:
    """Read how many objects of each label stand on each street at scale 1: street to label to count."""
    source = importlib.resources.files("toonvision.world") / "entity_street_counts.csv"
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    streets = [column for column in rows[0] if column != "label"]
    return {street: {row["label"]: int(row[street]) for row in rows} for street in streets}


def plan_sample_set(*, seed: int, scale: float = 1.0) -> tuple[ScreenshotPlan, ...]:
    """Decide which labels stand in which screenshot.

    At scale 1 the counts of every label on every street are those of the bundled table, 1,035 objects. At any
    other scale each count is multiplied and rounded up or down at random, so that its mean is kept; a label
    that has any object at scale 1 keeps at least two in total, on the streets where it lives.

    Args:
        seed: Same seed, same plan.
        scale: Factor on all counts, above 0.

    Returns:
        The screenshots, street by street, each with 1 to 4 figures.

    Raises:
        ValueError: If `scale` is not a number above 0.
    """
    if not (0 < scale < float("inf")):
        raise ValueError(f"scale must be a number above 0; got {scale}. Write e.g. scale=1.0.")
    counts = _scaled_counts(seed, scale)
    return tuple(plan for street, labels in counts.items() for plan in _street_plan(street, labels, seed))


def _scaled_counts(seed: int, scale: float) -> dict[str, dict[str, int]]:
    whole = street_counts()
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
    labels = [labels[int(place)] for place in rng.permutation(len(labels))]
    start, number = 0, 0
    while start < len(labels):
        size = 1 + int(rng.choice(len(PER_SCREENSHOT), p=PER_SCREENSHOT))
        number += 1
        yield ScreenshotPlan(f"{street}_{number:04d}", street, tuple(labels[start : start + size]), seed)
        start += size


def draw_screenshot(plan: ScreenshotPlan) -> tuple[Image.Image, DrawnScreenshot]:
    """Draw one screenshot; the same plan always gives the same picture.

    Args:
        plan: Who stands where, as made by `plan_sample_set`.

    Returns:
        The RGB picture, and what is seen in it.
    """
    scene = compose(plan.street, plan.labels, rng=generator(plan.seed, "world", plan.name))
    objects = tuple(DrawnObject(label, box) for label, box in zip(plan.labels, scene.boxes, strict=True))
    return scene.image, DrawnScreenshot(plan.name, plan.street, SIZE_WH, objects)


def draw_sample_set(
    directory: Path, *, seed: int, scale: float = 1.0, workers: int | None = None
) -> Iterator[DrawnScreenshot]:
    """Draw the sample world into ``directory/<street>/<name>.png``.

    The pictures are the same bytes whatever `workers` is. They are drawn ahead of the caller.

    Args:
        directory: Where the folders of the streets are made.
        seed: Same seed, same pictures.
        scale: Factor on the number of objects; see `plan_sample_set`.
        workers: Processes that draw; by default as many as there are cores to use.

    Yields:
        What is seen in each screenshot, in the order of the plan, as soon as its file is complete.
    """
    plans = plan_sample_set(seed=seed, scale=scale)
    workers = workers or available_cores()
    targets = [directory / plan.street / f"{plan.name}.png" for plan in plans]
    if workers == 1:
        yield from map(_draw_file, plans, targets)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            yield from pool.map(_draw_file, plans, targets, chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """Let a worker process end when its parent does, even if that was killed."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _draw_file(plan: ScreenshotPlan, target: Path) -> DrawnScreenshot:
    image, drawn = draw_screenshot(plan)
    with replacing(target) as temporary:
        image.save(temporary, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return drawn
