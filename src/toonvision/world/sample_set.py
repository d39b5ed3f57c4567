"""Drawing the screenshots of the sample world, on all cores."""

import functools
import multiprocessing
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from toonvision.core.files import replacing
from toonvision.core.processes import FreshContext
from toonvision.core.runner import available_cores
from toonvision.core.seeds import generator
from toonvision.world.annotation import SeenFigure
from toonvision.world.camera import SIZE_WH
from toonvision.world.scene import Scene, compose
from toonvision.world.screenshot_plans import ScreenshotPlan
from toonvision.world.settings import DEFAULT_SETTINGS, SceneSettings
from toonvision.world.video import random_sequence


@dataclass(frozen=True)
class DrawnScreenshot:
    """A screenshot that was drawn.

    Attributes:
        name: Stem of its file, for example ``ttc_0007``.
        street: For example ``ttc``.
        size_wh: Width and height in pixels.
        figures: The ground truth of its visible figures, in the order of the plan.
    """

    name: str
    street: str
    size_wh: tuple[int, int]
    figures: tuple[SeenFigure, ...]


def draw_screenshot(
    plan: ScreenshotPlan, *, settings: SceneSettings = DEFAULT_SETTINGS, with_masks: bool = False
) -> Scene:
    """Draw one screenshot; the same plan always gives the same image.

    Args:
        plan: A plan of `toonvision.world.screenshot_plans`.
        settings: How hard the image is.
        with_masks: Also return masks of what each pixel shows.

    Returns:
        The RGB image and its ground truth.
    """
    if plan.frame is not None:
        sequence = random_sequence(plan.street, plan.labels, seed=plan.seed, settings=settings)
        return sequence.frame(plan.frame, with_masks=with_masks)
    rng = generator(plan.seed, "world", plan.name)
    return compose(plan.street, plan.labels, rng=rng, settings=settings, with_masks=with_masks)


def draw_sample_set(
    plans: Sequence[ScreenshotPlan],
    directory: Path,
    *,
    settings: SceneSettings = DEFAULT_SETTINGS,
    masks: Path | None = None,
    workers: int | None = None,
) -> Iterator[DrawnScreenshot]:
    """Draw screenshots into ``directory/<context>/<name>.png``.

    The files are the same bytes for any number of workers. They are drawn before they are asked for.

    Args:
        plans: Plans of `toonvision.world.screenshot_plans`.
        directory: Where the folders of the streets are created.
        settings: How hard the images are.
        masks: Where to write ``<kind>/<context>/<name>.png`` for each kind of `SceneMasks`; None for no masks.
        workers: Number of processes; by default one per available core.

    Yields:
        Each screenshot, in the order of the plans, as soon as its files are complete.
    """
    workers = workers or available_cores()
    draw = functools.partial(_draw_files, directory=directory, settings=settings, masks=masks)
    if workers == 1:
        yield from map(draw, plans)
        return
    with ProcessPoolExecutor(workers, mp_context=FreshContext(), initializer=_end_with_parent) as pool:
        try:
            yield from pool.map(draw, plans, chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """End a worker process when its parent ends, even if that was killed."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _draw_files(
    plan: ScreenshotPlan, *, directory: Path, settings: SceneSettings, masks: Path | None
) -> DrawnScreenshot:
    scene = draw_screenshot(plan, settings=settings, with_masks=masks is not None)
    _save(scene.image, directory / plan.street / f"{plan.name}.png")
    if masks and scene.masks:
        for kind, picture in scene.masks.pictures().items():
            _save(picture, masks / kind / plan.street / f"{plan.name}.png")
    return DrawnScreenshot(plan.name, plan.street, SIZE_WH, scene.figures)


def _save(picture: Image.Image, target: Path) -> None:
    with replacing(target) as temporary:
        picture.save(temporary, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
