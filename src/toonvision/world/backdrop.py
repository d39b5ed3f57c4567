"""An empty street as the camera sees it: sky, ground and three walls of houses, fading into haze."""

import itertools

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from toonvision.world.camera import HALF_STREET, SIZE_WH, STREET_LENGTH, Camera, plane_to_texture
from toonvision.world.palette import RGB, STREETS
from toonvision.world.streets import PX_PER_UNIT, WALL_HEIGHT, ground_texture, sky_texture, wall_textures

NEAR = 0.4
OVERLAP = 1.04  # the ground reaches a little under the houses
FINE_UNTIL = 14.0
MAGNIFIED_UNTIL = 8.0  # nearer than this, a texture's pixel covers several of the picture's
Vector = npt.NDArray[np.float64]


def draw_backdrop(street: str, camera: Camera, *, mirrored: bool, sky_shift: float) -> Image.Image:
    """Draw the street without anything in it.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        camera: Where it is seen from.
        mirrored: Whether the two sides of the street are exchanged.
        sky_shift: Which part of the sky is seen, 0 to 1.

    Returns:
        An RGB picture of 1720 x 720 pixels.
    """
    frame = Image.new("RGB", SIZE_WH, STREETS[street].haze)
    sky = sky_texture(street)
    left = round(sky_shift * (sky.width - SIZE_WH[0]))
    frame.paste(sky.crop((left, 0, left + SIZE_WH[0], sky.height)), (0, round(camera.horizon) - sky.height + 20))
    _paint_ground(frame, street, camera)
    left_wall, right_wall, far_wall = wall_textures(street)
    if mirrored:
        left_wall, right_wall = right_wall, left_wall
    _paint_far_wall(frame, street, camera, far_wall)
    for x, texture in ((-HALF_STREET, left_wall), (HALF_STREET, right_wall)):
        _paint_wall(frame, street, camera, x, texture)
    return frame


def haze_share(street: str, distance: npt.ArrayLike) -> Vector:
    """Give how much of a thing's colour has gone to haze at a distance in units, from 0 to 0.85."""
    gone = 1 - 0.5 ** (np.asarray(distance, dtype=np.float64) / STREETS[street].haze_reach)
    return np.asarray(np.minimum(gone, 0.85))


def _warp(
    frame: Image.Image,
    texture: Image.Image,
    to_texture: Vector,
    box: tuple[int, int, int, int],
    outline: list[tuple[float, float]] | None,
    haze: tuple[RGB, npt.NDArray[np.uint8]],
    *,
    magnified: bool = False,
) -> None:
    left, top, right, bottom = box
    shift = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]])
    coarse = 2 if magnified else 1
    mapping = to_texture @ shift @ np.diag((coarse, coarse, 1.0))
    mapping = mapping / mapping[2, 2]
    size = (right - left, bottom - top)
    drawn = (-(-size[0] // coarse), -(-size[1] // coarse))
    seen = texture.transform(
        drawn, Image.Transform.PERSPECTIVE, tuple(mapping.ravel()[:8].tolist()), Image.Resampling.BILINEAR
    )
    if magnified:
        seen = seen.resize((drawn[0] * 2, drawn[1] * 2), Image.Resampling.BILINEAR).crop((0, 0, *size))
    fade = Image.fromarray(haze[1]).resize(size, Image.Resampling.NEAREST)
    mask = None
    if outline is not None:
        mask = Image.new("L", size)
        shape = Image.new("1", size)
        ImageDraw.Draw(shape).polygon([(x - left, y - top) for x, y in outline], fill=1)
        mask.paste(seen.getchannel("X"), mask=shape)
    seen.paste((*haze[0], 255), mask=fade)
    frame.paste(seen, (left, top), mask)


def _paint_ground(frame: Image.Image, street: str, camera: Camera) -> None:
    levels = ground_texture(street)
    rows = [SIZE_WH[1], camera.ground_row(9.0), camera.ground_row(22.0), camera.horizon + 4]
    for level, (low, high) in enumerate(itertools.pairwise(rows)):
        top, bottom = max(0, round(high)), min(SIZE_WH[1], round(low))
        if bottom <= top:
            continue
        step = 2**level / PX_PER_UNIT * OVERLAP
        origin = np.array([-HALF_STREET * OVERLAP, 0, STREET_LENGTH * OVERLAP])
        to_texture = plane_to_texture(camera, origin, np.array([step, 0, 0]), np.array([0, 0, -step]))
        at = np.arange(top, bottom) + 0.5
        share = haze_share(street, camera.focal * camera.height / np.maximum(at - camera.horizon, 1))
        fade = (share * 255).astype(np.uint8)[:, None]
        haze = (STREETS[street].haze, fade)
        _warp(frame, levels[level], to_texture, (0, top, SIZE_WH[0], bottom), None, haze, magnified=level == 0)


def _paint_far_wall(frame: Image.Image, street: str, camera: Camera, levels: tuple[Image.Image, ...]) -> None:
    corners = [(-HALF_STREET, WALL_HEIGHT), (HALF_STREET, WALL_HEIGHT), (HALF_STREET, 0.0), (-HALF_STREET, 0.0)]
    outline = [_project(camera, (x, y, STREET_LENGTH)) for x, y in corners]
    step = 2 / PX_PER_UNIT
    to_texture = plane_to_texture(
        camera, np.array([-HALF_STREET, WALL_HEIGHT, STREET_LENGTH]), np.array([step, 0, 0]), np.array([0, -step, 0])
    )
    fade = np.full((1, 1), int(float(haze_share(street, STREET_LENGTH)) * 255), np.uint8)
    box = _box_of(outline)
    if box:
        _warp(frame, levels[1], to_texture, box, outline, (STREETS[street].haze, fade))


def _paint_wall(frame: Image.Image, street: str, camera: Camera, x: float, levels: tuple[Image.Image, ...]) -> None:
    first = max(0.0, (NEAR - (x - camera.x) * np.sin(camera.yaw)) / np.cos(camera.yaw))
    ends = (STREET_LENGTH, 30.0, FINE_UNTIL, MAGNIFIED_UNTIL, first)
    for level, (far, near) in zip((2, 1, 0, 0), itertools.pairwise(ends), strict=True):
        if far <= near:
            continue
        corners = [(WALL_HEIGHT, near), (WALL_HEIGHT, far), (0.0, far), (0.0, near)]
        outline = [_project(camera, (x, y, z)) for y, z in corners]
        box = _box_of(outline)
        if not box:
            continue
        step = 2**level / PX_PER_UNIT
        to_texture = plane_to_texture(
            camera, np.array([x, WALL_HEIGHT, 0]), np.array([0, 0, step]), np.array([0, -step, 0])
        )
        columns = np.arange(box[0], box[2], dtype=np.float64) + 0.5
        distance = np.clip(camera.wall_distance(x, columns), 0, STREET_LENGTH)
        fade = (haze_share(street, distance) * 255).astype(np.uint8)[None]
        magnified = far == MAGNIFIED_UNTIL
        _warp(frame, levels[level], to_texture, box, outline, (STREETS[street].haze, fade), magnified=magnified)


def _project(camera: Camera, place: tuple[float, float, float]) -> tuple[float, float]:
    column, row, depth = camera.matrix() @ np.array([*place, 1.0])
    return float(column / depth), float(row / depth)


def _box_of(outline: list[tuple[float, float]]) -> tuple[int, int, int, int] | None:
    columns, rows = zip(*outline, strict=True)
    left, right = max(0, int(np.floor(min(columns)))), min(SIZE_WH[0], int(np.ceil(max(columns))))
    top, bottom = max(0, int(np.floor(min(rows)))), min(SIZE_WH[1], int(np.ceil(max(rows))))
    return (left, top, right, bottom) if left < right and top < bottom else None
