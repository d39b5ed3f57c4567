"""Figures before they are placed: label, pose, distance, light."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from toonvision.core.seeds import SEED_LIMIT
from toonvision.world.backdrop import haze_share
from toonvision.world.camera import SIZE_WH, STREET_LENGTH, Camera
from toonvision.world.entities import draw_entity, standing_height
from toonvision.world.palette import STREETS, random_tint
from toonvision.world.poses import LIFTS, POSE_RATES, TOON_POSE_RATES, Pose, random_pose
from toonvision.world.settings import SceneSettings
from toonvision.world.shading import Light, Sprite

LEAST_IN_FRAME: Final = 0.8
SHADE: Final = {False: 0.25, True: 0.6}  # painted on a figure, as in the game and stronger


@dataclass(frozen=True)
class Actor:
    """One figure, not yet placed across the street.

    Attributes:
        label: For example ``cog_bb_flunky``.
        yaw: Rotation in radians as seen by the camera; 0 shows the front.
        pose: Its pose.
        distance: From the image plane, in units.
        shaded: Whether it stands in the shade.
        light: Factors on red, green and blue of the light that falls on it.
        look: Random seed of its colours, clothes and small differences.
    """

    label: str
    yaw: float
    pose: Pose
    distance: float
    shaded: bool
    light: tuple[float, float, float]
    look: int

    def height_px(self, camera: Camera) -> float:
        """Return its height in pixels if it stands upright on the ground."""
        return camera.focal * standing_height(self.label) / self.distance


def random_actor(label: str, camera: Camera, rng: np.random.Generator, settings: SceneSettings) -> Actor:
    """Draw how a figure looks and how far it stands away, so near at most that its greater part is in the frame."""
    height = float(rng.uniform(*settings.heights_px))
    tall = camera.focal * standing_height(label)
    while _share_in_frame(camera, height, tall / height) < LEAST_IN_FRAME:
        height *= 0.92
    yaw = rng.normal(0, 0.7) if rng.random() < settings.facing_rate else rng.uniform(-math.pi, math.pi)
    pose = random_pose(rng, rates=POSE_RATES if label.startswith("cog") else TOON_POSE_RATES)
    # A flying figure keeps most of its body in the frame too; without room above, it stands.
    above = (camera.ground_row(tall / height) / height - LEAST_IN_FRAME) * standing_height(label)
    if pose.kind == "flying":
        pose = replace(pose, lift=min(pose.lift, above)) if above >= LIFTS[0] else Pose()
    return Actor(
        label,
        float(yaw),
        pose,
        min(tall / height, STREET_LENGTH * 0.93),
        bool(rng.random() < settings.shadow_rate),
        random_light(rng, settings),
        random_look(rng),
    )


def random_light(rng: np.random.Generator, settings: SceneSettings) -> tuple[float, float, float]:
    """Return random light on a figure: factors of red, green and blue."""
    strength, colour = settings.light_spread
    return random_tint(rng, brightness=strength, hue=colour)


def random_look(rng: np.random.Generator) -> int:
    """Return a random seed of a figure's colours and clothes."""
    return int(rng.integers(SEED_LIMIT))


def _share_in_frame(camera: Camera, height: float, distance: float) -> float:
    foot = camera.ground_row(distance)
    return (min(foot, SIZE_WH[1]) - max(foot - height, 0)) / height


def draw_actor(actor: Actor, street: str, camera: Camera, *, with_parts: bool = False, grey: bool = False) -> Sprite:
    """Draw a figure as it looks in a street: with the haze of its distance.

    Args:
        actor: The figure.
        street: The street that it stands in.
        camera: The camera.
        with_parts: Also return which part of it each pixel shows.
        grey: Paint cloth, head and hands in the same grey.
    """
    sprite = draw_entity(
        actor.label,
        height_px=actor.height_px(camera),
        yaw=actor.yaw,
        pose=actor.pose,
        light=Light(SHADE[actor.shaded], actor.light),
        rng=np.random.default_rng(actor.look),
        with_parts=with_parts,
        grey=grey,
    )
    return faded(sprite, street, actor.distance)


def faded(sprite: Sprite, street: str, distance: float) -> Sprite:
    """Return a thing with the haze of its distance."""
    share = float(haze_share(street, distance))
    if not share:
        return sprite
    alpha = sprite.image.getchannel("A")
    plain = Image.new("RGB", alpha.size, STREETS[street].haze)
    image = Image.blend(sprite.image.convert("RGB"), plain, share)
    image.putalpha(alpha)
    return Sprite(image, sprite.foot_xy, sprite.parts)
