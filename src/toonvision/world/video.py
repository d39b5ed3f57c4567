"""A short sequence of frames: figures walk, the camera moves, and every figure keeps its identity."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from toonvision.core.seeds import generator
from toonvision.world.actors import Actor, draw_actor, random_light, random_look
from toonvision.world.camera import HALF_STREET, SIZE_WH, Camera
from toonvision.world.canvas import Tag
from toonvision.world.placement import Standing
from toonvision.world.poses import Pose
from toonvision.world.scene import Placed, Scene, Shot, random_shot, random_tag, shoot, standing_prop
from toonvision.world.settings import DEFAULT_SETTINGS, SceneSettings
from toonvision.world.streets import STYLES

FRAMES_PER_SECOND: Final = 10
SPEED: Final = (0.7, 1.6)
STEP_LENGTH: Final = 0.75
WALKS_IN: Final = (6.0, 30.0)  # never behind a camera that stands at 0 and looks along the street
Place = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Walker:
    """A figure that walks back and forth between two points.

    Attributes:
        actor: The figure; its yaw, pose and distance change as it walks.
        start: Where it turns back: across and along the street, in units.
        end: Where it turns back again.
        speed: In units per second.
        lead: Distance in units that it has walked when the sequence begins.
        tag: The name above its head, or None.
    """

    actor: Actor
    start: Place
    end: Place
    speed: float
    lead: float
    tag: Tag | None

    def at(self, seconds: float) -> tuple[Place, Place, float]:
        """Return its position, the direction in which it walks, and the distance walked."""
        walked = self.lead + self.speed * seconds
        way = math.dist(self.start, self.end)
        back, along = divmod(walked, way)
        (x0, z0), (x1, z1) = (self.end, self.start) if back % 2 else (self.start, self.end)
        share = along / way
        return (x0 + (x1 - x0) * share, z0 + (z1 - z0) * share), ((x1 - x0) / way, (z1 - z0) / way), walked


@dataclass(frozen=True, eq=False)
class Sequence:
    """A sequence of frames: its figures, things and camera.

    Attributes:
        shot: The street at the beginning.
        walkers: Its figures; the number of each, from 1, is its `track`.
        props: The things: kind, variant and position.
        drift: Speed of the camera to the side, in units per second.
        pan: Rotation of the camera, in radians per second.
        settings: How hard the frames are.
    """

    shot: Shot
    walkers: tuple[Walker, ...]
    props: tuple[tuple[str, int, Place], ...]
    drift: float
    pan: float
    settings: SceneSettings

    def frame(self, number: int, *, with_masks: bool = False) -> Scene:
        """Draw one frame of the sequence.

        Args:
            number: Its number, from 0; ten frames per second.
            with_masks: Also return masks of what each pixel shows.

        Returns:
            The frame with its visible figures; `track` identifies each.
        """
        seconds = number / FRAMES_PER_SECOND
        shot = replace(self.shot, camera=self._camera(seconds))
        figures = [
            _placed(walker, track, seconds, shot, with_parts=with_masks)
            for track, walker in enumerate(self.walkers, start=1)
        ]
        things = [_prop(shot, kind, variant, place) for kind, variant, place in self.props]
        return shoot(shot, figures, things, self.settings, with_masks=with_masks)

    def _camera(self, seconds: float) -> Camera:
        camera = self.shot.camera
        # A slow swing, not a straight line, keeps the camera in the street in a long sequence too.
        swing = math.sin(0.4 * seconds) / 0.4
        return replace(camera, x=camera.x + self.drift * swing, yaw=camera.yaw + self.pan * swing)


def random_sequence(
    street: str, labels: tuple[str, ...], *, seed: int, settings: SceneSettings = DEFAULT_SETTINGS
) -> Sequence:
    """Draw a sequence in a street.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        labels: Labels of its figures.
        seed: Decides everything else.
        settings: How hard the frames are.
    """
    rng = generator(seed, "world", "sequence", street)
    shot = random_shot(street, rng, settings)
    camera = replace(shot.camera, x=shot.camera.x * 0.5, yaw=shot.camera.yaw * 0.4)
    shot = replace(shot, camera=camera)
    walkers = tuple(_random_walker(label, shot, rng, settings) for label in labels)
    kinds = STYLES[street].props
    props = tuple(
        (kinds[int(rng.integers(len(kinds)))], int(rng.integers(3)), (_beside(rng), float(rng.uniform(6, 30))))
        for _ in range(int(rng.integers(4, 8)))
    )
    drift, pan = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.08, 0.08))
    return Sequence(shot, walkers, props, drift, pan, settings)


def _beside(rng: np.random.Generator) -> float:
    return float(rng.choice((-1, 1)) * rng.uniform(0.62, 0.9) * HALF_STREET)


def _random_walker(label: str, shot: Shot, rng: np.random.Generator, settings: SceneSettings) -> Walker:
    start, end = (_somewhere(rng) for _ in range(2))
    while math.dist(start, end) < 4:
        end = _somewhere(rng)
    shaded = bool(rng.random() < settings.shadow_rate)
    actor = Actor(label, 0.0, Pose("walking"), start[1], shaded, random_light(rng, settings), random_look(rng))
    return Walker(
        actor, start, end, float(rng.uniform(*SPEED)), float(rng.uniform(0, 8)), random_tag(actor, shot, rng, settings)
    )


def _somewhere(rng: np.random.Generator) -> Place:
    return float(rng.uniform(-0.6, 0.6) * HALF_STREET), float(rng.uniform(*WALKS_IN))


def _placed(walker: Walker, track: int, seconds: float, shot: Shot, *, with_parts: bool) -> Placed:
    (x, z), (ahead_x, ahead_z), walked = walker.at(seconds)
    column, row, depth = shot.camera.project(x, z)
    # A figure that walks away from the camera, along z, shows its back.
    aside = math.atan2(column - SIZE_WH[0] / 2, shot.camera.focal)
    yaw = math.atan2(ahead_x, -ahead_z) + shot.camera.yaw + aside
    pose = Pose("walking", phase=walked / STEP_LENGTH * math.pi % math.tau)
    actor = replace(walker.actor, yaw=math.remainder(yaw, math.tau), pose=pose, distance=depth)
    sprite = draw_actor(actor, shot.street, shot.camera, with_parts=with_parts)
    return Placed(actor, Standing(sprite, column, row, depth, actor.label), walker.tag, track)


def _prop(shot: Shot, kind: str, variant: int, place: Place) -> Standing:
    column, _, depth = shot.camera.project(*place)
    return standing_prop(shot, kind, variant, column, depth)
