"""Draw the sample world into a workspace, like a person's own annotated screenshots."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, Workspace, create_workspace, open_workspace

if TYPE_CHECKING:
    from toonvision.world.sample_set import DrawnScreenshot
    from toonvision.world.screenshot_plans import ScreenshotPlan

_MARK, _COMPLETE = ".sample.json", "\n"


@dataclass(frozen=True)
class SampleOrder:
    """What to draw.

    Attributes:
        seed: The same order gives the same bytes.
        scale: Factor on the counts.
        balanced: The same number of objects of each label on each street, instead of the published counts.
        video: Number of frames of a sequence to draw instead of screenshots, or None.
        masks: Whether to write masks too.
        varied: Whether every screenshot comes from another monitor with other settings, to learn what holds on all.
    """

    seed: int
    scale: float = 1.0
    balanced: bool = False
    video: int | None = None
    masks: bool = False
    varied: bool = False

    def plans(self) -> "tuple[ScreenshotPlan, ...]":
        """Return the plans of the screenshots."""
        from toonvision.world.screenshot_plans import plan_sample_set, plan_video

        if self.video is not None:
            return plan_video(self.video, seed=self.seed)
        return plan_sample_set(seed=self.seed, scale=self.scale, balanced=self.balanced)


def draw_into(root: Path, order: SampleOrder, *, progress: Progress = silent) -> tuple[int, int]:
    """Draw screenshots, with annotations and attributes, into a workspace, which is created if it does not exist.

    After an interruption all is drawn again, with the same bytes; a complete set is not changed. Masks can be asked for
    later: the screenshots are written again with the same bytes, annotations are not changed.

    Args:
        root: The workspace's folder.
        order: What to draw.
        progress: Called with how many screenshots are done.

    Returns:
        The number of screenshots and objects.

    Raises:
        UsageError: If the workspace has other screenshots, which are never changed.
    """
    from toonvision.world.sample_set import draw_sample_set
    from toonvision.world.settings import DEFAULT_SETTINGS, VARIED

    folder = root / SCREENSHOTS
    mark, wanted = folder / _MARK, json.dumps(asdict(replace(order, masks=False)))
    plans = order.plans()
    begun = _read(mark)
    if folder.is_dir() and any(folder.iterdir()) and not begun.startswith(wanted):
        raise UsageError(f"{folder} holds other screenshots, which are never overwritten. Choose another folder.")
    workspace = _workspace(root)
    complete = begun.endswith(_COMPLETE)
    if complete and not order.masks:
        progress(len(plans), len(plans))
        return len(plans), int(begun.removeprefix(wanted))
    if not complete:
        write_text(mark, wanted)
    objects = 0
    settings, masks = VARIED if order.varied else DEFAULT_SETTINGS, workspace.masks if order.masks else None
    for done, shot in enumerate(draw_sample_set(plans, folder, settings=settings, masks=masks), 1):
        if not complete:  # otherwise a person may have corrected the annotations
            _annotate(shot, folder / shot.street)
        objects += len(shot.figures)
        progress(done, len(plans))
    write_text(mark, f"{wanted}{objects}{_COMPLETE}")
    return len(plans), objects


def _workspace(root: Path) -> Workspace:
    from toonvision.data.setup import BUILT_IN
    from toonvision.taxonomy.loader import built_in

    if root.exists() and not root.is_dir():
        raise UsageError(f"{root}: is no folder. Choose another folder for the workspace.")
    workspace = open_workspace(root) if (root / SETTINGS).exists() else create_workspace(root, taxonomy=BUILT_IN)
    if workspace.taxonomy.digest != built_in(BUILT_IN).digest:
        raise UsageError(
            f"{root}: its taxonomy is not ToonTown's, which the sample world needs. Choose another folder."
        )
    return workspace


def _annotate(shot: "DrawnScreenshot", folder: Path) -> None:
    from toonvision.data.attributes import attributes_path, write_attributes
    from toonvision.data.boxes import AnnotatedObject
    from toonvision.data.formats import pascal_voc

    annotation = folder / f"{shot.name}.xml"
    numbered = list(enumerate(shot.figures, start=1))
    write_attributes(attributes_path(annotation), {number: figure.attributes() for number, figure in numbered})
    objects = [AnnotatedObject(number, figure.label, figure.xyxy) for number, figure in numbered]
    pascal_voc.write(annotation, picture=f"{shot.name}.png", size_wh=shot.size_wh, objects=objects)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
