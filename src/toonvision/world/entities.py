"""Any of the forty-three labels as a picture."""

from typing import Final

import numpy as np

from toonvision.world.animals import ANIMALS
from toonvision.world.cogs import COGS, cog_solids
from toonvision.world.poses import Pose
from toonvision.world.shading import Light, Sprite, render
from toonvision.world.toons import toon_solids

LABELS: Final[tuple[str, ...]] = (*COGS, *ANIMALS)
FINEST_PX: Final = 560


def draw_entity(
    label: str,
    *,
    height_px: float,
    yaw: float = 0.0,
    pose: Pose | None = None,
    light: Light | None = None,
    rng: np.random.Generator,
) -> Sprite:
    """Draw one Cog or Toon alone.

    Args:
        label: For example ``cog_bb_flunky`` or ``toon_bear``.
        height_px: Height from the ground to the top of the head, hats and horns included, in pixels.
        yaw: Turn in radians: 0 shows the front, pi/2 looks to the right, pi shows the back.
        pose: How it stands; standing if none is given.
        light: How it is lit; an even light from the upper left if none is given.
        rng: Decides colours and small differences.

    Returns:
        An RGBA picture with the pixel that stands on the ground.
    """
    pose = pose or Pose()
    solids = (cog_solids if label in COGS else toon_solids)(label, pose=pose, rng=rng)
    tall = standing_height(label)
    finer = float(np.clip(FINEST_PX / height_px, 1.15, 2.0))
    return render(solids, yaw=yaw, pixels_per_unit=height_px / tall, light=light or Light(), finer=finer)


def standing_height(label: str) -> float:
    """Give the height in units of a label's figure when it stands."""
    if label not in _HEIGHTS:
        parts = (cog_solids if label in COGS else toon_solids)(label, pose=Pose(), rng=np.random.default_rng(0))
        _HEIGHTS[label] = max(part.extent()[3] for part in parts)
    return _HEIGHTS[label]


_HEIGHTS: dict[str, float] = {}
