"""Drawing the sample world into a workspace, as a person's annotated screenshots would lie there."""

import json
from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.core.files import write_text
from toonvision.core.progress import Progress, silent
from toonvision.data.workspace import SCREENSHOTS, SETTINGS, create_workspace, open_workspace

_MARK, _COMPLETE = ".sample.json", "\n"


def draw_into(root: Path, *, seed: int, scale: float, progress: Progress = silent) -> tuple[int, int]:
    """Draw screenshots with Pascal VOC annotations into a workspace, which is made where there is none.

    A drawing that was interrupted is drawn again, with the same bytes; a complete one is left as it is.

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
    from toonvision.data.setup import BUILT_IN
    from toonvision.taxonomy.loader import built_in
    from toonvision.world.sample_set import draw_sample_set, plan_sample_set

    folder = root / SCREENSHOTS
    mark, wanted = folder / _MARK, json.dumps({"seed": seed, "scale": scale})
    plans = plan_sample_set(seed=seed, scale=scale)
    total, objects = len(plans), sum(len(plan.labels) for plan in plans)
    begun = _read(mark)
    if folder.is_dir() and any(folder.iterdir()) and begun not in {wanted, wanted + _COMPLETE}:
        raise UsageError(f"{folder} holds other screenshots, which are never overwritten. Choose another folder.")
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root}: is no folder. Choose another place for the workspace.")
    workspace = open_workspace(root) if (root / SETTINGS).exists() else create_workspace(root, taxonomy=BUILT_IN)
    if workspace.taxonomy.digest != built_in(BUILT_IN).digest:
        raise UsageError(
            f"{root}: its taxonomy is not ToonTown's, which the sample world needs. Choose another folder."
        )
    if begun == wanted + _COMPLETE:
        progress(total, total)
        return total, objects
    write_text(mark, wanted)
    for done, shot in enumerate(draw_sample_set(folder, seed=seed, scale=scale), start=1):
        entries = [
            AnnotatedObject(number, drawn.label, drawn.xyxy) for number, drawn in enumerate(shot.objects, start=1)
        ]
        picture = f"{shot.name}.png"
        pascal_voc.write(
            folder / shot.street / f"{shot.name}.xml", picture=picture, size_wh=shot.size_wh, objects=entries
        )
        progress(done, total)
    write_text(mark, wanted + _COMPLETE)
    return total, objects


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
