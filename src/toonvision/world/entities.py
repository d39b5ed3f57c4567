"""Any of the 43 labels as an image."""

import functools
from dataclasses import replace
from typing import Final

import numpy as np

from toonvision.world.animals import ANIMALS
from toonvision.world.cogs import COGS, cog_solids
from toonvision.world.materials import Material
from toonvision.world.palette import RGB
from toonvision.world.poses import Pose
from toonvision.world.shading import Light, Sprite, render
from toonvision.world.solids import Solid
from toonvision.world.toons import toon_solids

LABELS: Final[tuple[str, ...]] = (*COGS, *ANIMALS)
FINEST_PX: Final = 560
JAGGED_RATE: Final = 0.5  # figures with jagged edges, as a game without smoothing shows them
GREY: Final[RGB] = (128, 128, 128)
REVEALING_PARTS: Final = ("cloth", "head", "hands")


def draw_entity(
    label: str,
    *,
    height_px: float,
    yaw: float = 0.0,
    pose: Pose | None = None,
    light: Light | None = None,
    rng: np.random.Generator,
    with_parts: bool = False,
    grey: bool = False,
) -> Sprite:
    """Draw one Cog or Toon alone.

    Args:
        label: For example ``cog_bb_flunky`` or ``toon_bear``.
        height_px: Height of the standing figure from the ground to the top of its head, in pixels, with the
            hats and horns that all of its kind have.
        yaw: Rotation in radians: 0 shows the front, pi/2 looks to the right, pi shows the back.
        pose: Its pose; standing by default.
        light: Its light; by default the shade of the game.
        rng: Decides colours and small differences.
        with_parts: Whether to return which part of the figure each pixel shows.
        grey: Whether to paint cloth, head and hands in the same grey, to test what the rest reveals.

    Returns:
        An RGBA image with the pixel on the ground below the figure's middle.
    """
    pose, unit = pose or Pose(), drawn_height(label) / standing_height(label)
    solids = (cog_solids if label in COGS else toon_solids)(label, pose=replace(pose, lift=pose.lift * unit), rng=rng)
    return render(
        [_greyed(solid) for solid in solids] if grey else solids,
        yaw=yaw,
        pixels_per_unit=height_px / drawn_height(label),
        light=light or Light(),
        finer=1.0 if rng.random() < JAGGED_RATE else float(np.clip(FINEST_PX / height_px, 1.15, 2.0)),
        with_parts=with_parts,
    )


def _greyed(solid: Solid) -> Solid:
    part = solid.material.part
    return replace(solid, material=Material(GREY, part=part)) if part in REVEALING_PARTS else solid


def standing_height(label: str) -> float:
    """Return the height in units of a label's standing figure, with the hats and horns that all of its kind have."""
    return COGS[label].height if label in COGS else drawn_height(label)


@functools.cache
def drawn_height(label: str) -> float:
    """Return the height of a label's standing figure in the units of its solids."""
    rng = np.random.default_rng(0)
    if label in COGS:
        solids = cog_solids(label, pose=Pose(), rng=rng)
    else:
        solids = toon_solids(label, pose=Pose(), rng=rng, dressed=False)
    return max(solid.extent().top for solid in solids)
