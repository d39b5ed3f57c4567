"""Drawing the sample world into a workspace, as a person's annotated screenshots would lie there."""

import json
from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, create_workspace, open_workspace

_MARK = ".sample.json"


def draw_into(root: Path, *, seed: int, scale: float, progress: Progress = silent) -> tuple[int, int]:
    """Draw screenshots with Pascal VOC annotations into a workspace, which is made where there is none.

    Args:
        root: The workspace's folder.
        seed: Same seed and scale, same bytes.
        scale: Factor on the published counts of 1,035 objects.
        progress: Told how many screenshots are done.

    Returns:
        How many screenshots and objects there are.

    Raises:
        UsageError: If the workspace holds other screenshots, which are never touched.
    """
    from toonvision.data import pascal_voc
    from toonvision.data.boxes import AnnotatedObject
    from toonvision.world.sample_set import draw_sample_set, plan_sample_set

    folder = root / SCREENSHOTS
    mark, wanted = folder / _MARK, {"seed": seed, "scale": scale}
    if folder.is_dir() and any(folder.iterdir()) and (not mark.is_file() or json.loads(mark.read_text()) != wanted):
        raise UsageError(f"{folder} holds other screenshots, which are never overwritten. Choose another folder.")
    if not (root / SETTINGS).exists():
        create_workspace(root, taxonomy="toontown")
    open_workspace(root)
    write_text(mark, json.dumps(wanted))
    total = len(plan_sample_set(seed=seed, scale=scale))
    objects = 0
    for done, shot in enumerate(draw_sample_set(folder, seed=seed, scale=scale), start=1):
        entries = [
            AnnotatedObject(number, drawn.label, drawn.xyxy) for number, drawn in enumerate(shot.objects, start=1)
        ]
        picture = f"{shot.name}.png"
        pascal_voc.write(
            folder / shot.street / f"{shot.name}.xml", picture=picture, size_wh=shot.size_wh, objects=entries
        )
        objects += len(entries)
        progress(done, total)
    return total, objects
