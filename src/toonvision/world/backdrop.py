"""An empty street as the camera sees it: sky, ground and three walls of houses, fading into haze."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from toonvision.world.camera import HALF_STREET, SIZE_WH, STREET_LENGTH, Camera, plane_to_texture
from toonvision.world.masks import CLASSES
from toonvision.world.palette import RGB, STREETS
from toonvision.world.streets import KERB, PX_PER_UNIT, WALL_HEIGHT, ground_texture, sky_texture, wall_textures

NEAR = 0.4
OVERLAP = 1.04  # the ground reaches a little under the houses
GROUND_GAP = 4  # rows under the horizon that the ground leaves free
FINE_UNTIL = 14.0
MAGNIFIED_UNTIL = 8.0  # nearer than this, a texture's pixel covers several of the picture's
SHIFT_TURNS = (1, 3, 5)  # turns of the left, right and far houses while `wall_shift` goes from 0 to 1
SOLID = 128
DOUBLE = np.array([[2.0, 0, -0.5], [0, 2, -0.5], [0, 0, 1]])
LOW_BITS = np.uint32(0x7F7F7F7F)
Box = tuple[int, int, int, int]
Vector = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
ClassMap = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Patch:
    """A piece of a plane as the camera sees it.

    Attributes:
        texture: RGBX, X is alpha.
        to_texture: 3x3 map from screen pixels to the texture's.
        box: Its pixel edges in the frame: left, top, right, bottom.
        coarse: The texture is sampled at every column and row (1) or at every second one (2), the others are averaged.
        haze: Share of the haze in the colour at each sample, shape (rows, 1) or (1, columns).
        nearest: Whether the nearest pixel of the texture is used instead of the mean of four.
        opaque: Whether alpha is ignored.
        outline: Corners in the frame of what is visible, if the texture is larger.
    """

    texture: Image.Image
    to_texture: Vector
    box: Box
    coarse: tuple[int, int]
    haze: Vector
    nearest: bool = False
    opaque: bool = False
    outline: tuple[tuple[float, float], ...] = ()

    def seen(self, texture: Image.Image, coarse: tuple[int, int], resample: Image.Resampling) -> Image.Image:
        """Return the visible part of an image that has the position of the texture."""
        (left, top, right, bottom), (wide, high) = self.box, coarse
        place = np.array([[wide, 0, left - (wide - 1) / 2], [0, high, top - (high - 1) / 2], [0, 0, 1]])
        mapping = self.to_texture @ place
        size = (-((left - right) // wide), -((top - bottom) // high))
        numbers = tuple((mapping / mapping[2, 2]).ravel()[:8].tolist())
        return texture.transform(size, Image.Transform.PERSPECTIVE, numbers, resample)

    def paint(self, frame: Image.Image, colour: RGB) -> None:
        """Draw it into an RGBX frame, mixed with the colour of the haze."""
        resample = Image.Resampling.NEAREST if self.nearest else Image.Resampling.BILINEAR
        pixels = _hazed(np.asarray(self.seen(self.texture, self.coarse, resample)), colour, self.haze)
        left, top, right, bottom = self.box
        pixels = _finer(pixels, self.coarse)[: bottom - top, : right - left]
        picture = Image.fromarray(pixels, "RGBX")
        frame.paste(picture, (left, top), None if self.opaque else self._cut(picture.getchannel("X")))

    def solid(self) -> npt.NDArray[np.bool_]:
        """Return which pixels of the box it covers, bool of shape (height, width)."""
        alpha = self.texture.getchannel("X")
        return np.asarray(self._cut(self.seen(alpha, (1, 1), Image.Resampling.NEAREST))) >= SOLID

    def _cut(self, alpha: Image.Image) -> Image.Image:
        if not self.outline:
            return alpha
        inside, whole = Image.new("1", alpha.size), Image.new("L", alpha.size)
        corners = [(column - self.box[0], row - self.box[1]) for column, row in self.outline]
        ImageDraw.Draw(inside).polygon(corners, fill=1)
        whole.paste(alpha, mask=inside)
        return whole


def draw_backdrop(
    street: str, camera: Camera, *, mirrored: bool, sky_shift: float, wall_shift: float = 0.0
) -> Image.Image:
    """Draw the street without anything in it.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        camera: The camera.
        mirrored: Whether the two sides of the street are exchanged.
        sky_shift: Which part of the sky is visible, 0 to 1.
        wall_shift: How far the houses are moved along the walls, 0 to 1; a different distance for each wall.

    Returns:
        An RGB image of 1720 x 720 pixels.
    """
    frame, haze = _sky(street, camera, sky_shift), STREETS[street].haze
    for patch in itertools.chain(_ground(street, camera), _walls(street, camera, mirrored, wall_shift)):
        patch.paint(frame, haze)
    return frame.convert("RGB")


def backdrop_classes(street: str, camera: Camera, *, mirrored: bool, wall_shift: float = 0.0) -> ClassMap:
    """Return what `draw_backdrop` shows in each pixel.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        camera: The camera.
        mirrored: Whether the two sides of the street are exchanged.
        wall_shift: How far the houses are moved along the walls, 0 to 1.

    Returns:
        Indices into `CLASSES`, uint8 of shape (720, 1720): sky, building (roofs too), road between the kerbs, or the
        ground beside it.
    """
    classes: ClassMap = np.full((SIZE_WH[1], SIZE_WH[0]), CLASSES.index("sky"), np.uint8)
    top = _ground_top(camera)
    depths, columns = _ground_depth(camera, _centres(top, SIZE_WH[1])), _centres(0, SIZE_WH[0])
    kerb = (HALF_STREET - KERB) * OVERLAP
    sides = [np.array([camera.column(x, depth) for depth in depths.tolist()])[:, None] for x in (-kerb, kerb)]
    road = (columns >= sides[0]) & (columns <= sides[1])
    classes[top:] = np.where(road, np.uint8(CLASSES.index("road")), np.uint8(CLASSES.index("ground")))
    for patch in _walls(street, camera, mirrored, wall_shift):
        left, top, right, bottom = patch.box
        classes[top:bottom, left:right][patch.solid()] = CLASSES.index("building")
    return classes


def haze_share(street: str, distance: npt.ArrayLike) -> Vector:
    """Return the share of the haze in a thing's colour at a distance in units, from 0 to 0.85."""
    gone = 1 - 0.5 ** (np.asarray(distance, dtype=np.float64) / STREETS[street].haze_reach)
    return np.asarray(np.minimum(gone, 0.85))


def _centres(first: int, end: int, step: int = 1) -> Vector:
    return np.arange(first, end, step, dtype=np.float64) + 0.5


def _hazed(pixels: Pixels, colour: RGB, share: Vector) -> Pixels:
    if not share.any():
        return pixels
    kept = np.rint(256 * (1 - share)).astype(np.uint16)
    kept = kept if kept.shape[1] == 1 else np.repeat(kept, 4, axis=1)
    flat = pixels.reshape(len(pixels), -1) * kept
    flat >>= np.uint16(8)
    flat += (np.tile(np.array((*colour, 0), np.uint16), pixels.shape[1]) * (np.uint16(256) - kept)) >> np.uint16(8)
    hazed = flat.astype(np.uint8).reshape(pixels.shape)
    hazed[..., 3] = pixels[..., 3]
    return hazed


def _finer(pixels: Pixels, coarse: tuple[int, int]) -> Pixels:
    whole = np.ascontiguousarray(pixels).view(np.uint32)[..., 0]
    if coarse[0] == 2:
        whole = _between(whole.T).T
    if coarse[1] == 2:
        whole = _between(whole)
    return np.ascontiguousarray(whole).view(np.uint8).reshape(*whole.shape, 4)


def _between(rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    # The mean of two pixels, all four bytes at once: what both have, and half of what only one has.
    after = np.concatenate((rows[1:], rows[-1:]))
    finer = np.empty_like(rows, shape=(2 * len(rows), rows.shape[1]))
    finer[::2] = rows
    finer[1::2] = (rows & after) + (((rows ^ after) >> np.uint32(1)) & LOW_BITS)
    return finer


def _sky(street: str, camera: Camera, shift: float) -> Image.Image:
    frame, sky = Image.new("RGBX", SIZE_WH, STREETS[street].haze), sky_texture(street)
    frame.paste(sky, (-round(shift * (sky.width - SIZE_WH[0])), round(camera.horizon) - sky.height + 20))
    return frame


def _ground_top(camera: Camera) -> int:
    return min(SIZE_WH[1], max(0, round(camera.horizon + GROUND_GAP)))


def _ground_depth(camera: Camera, rows: Vector) -> Vector:
    return np.asarray(camera.focal * camera.height / np.maximum(rows - camera.horizon, 1))


def _ground(street: str, camera: Camera) -> Iterator[_Patch]:
    levels = ground_texture(street)
    edges = [SIZE_WH[1], round(camera.ground_row(9.0)), round(camera.ground_row(22.0)), _ground_top(camera)]
    for level, (low, high) in enumerate(itertools.pairwise(edges)):
        top, bottom = max(0, high), min(SIZE_WH[1], low)
        if bottom <= top:
            continue
        step = 2**level / PX_PER_UNIT * OVERLAP
        origin = np.array([-HALF_STREET * OVERLAP, 0, levels[level].height * step])
        to_texture = plane_to_texture(camera, origin, np.array([step, 0, 0]), np.array([0, 0, -step]))
        coarse = (2, 2 if level == 0 else 1)
        rows = _centres(top, bottom, coarse[1])[:, None]
        nearest = float(_ground_depth(camera, rows[-1, 0]))
        sides = [camera.column(side * HALF_STREET * OVERLAP, nearest) for side in (-1, 1)]
        left, right = max(0, int(sides[0])), min(SIZE_WH[0], int(sides[1]) + 1)
        haze = haze_share(street, _ground_depth(camera, rows))
        if left < right:
            yield _Patch(levels[level], to_texture, (left, top, right, bottom), coarse, haze, opaque=True)


def _walls(street: str, camera: Camera, mirrored: bool, shift: float) -> Iterator[_Patch]:
    walls = wall_textures(street)
    shifts = [
        round(shift * turns % 1 * wall[2].width) / wall[2].width for turns, wall in zip(SHIFT_TURNS, walls, strict=True)
    ]
    left, right = (1, 0) if mirrored else (0, 1)
    yield from _far_wall(street, camera, walls[2], shifts[2])
    yield from _side_wall(street, camera, -HALF_STREET, walls[left], shifts[left])
    yield from _side_wall(street, camera, HALF_STREET, walls[right], shifts[right])


def _far_wall(street: str, camera: Camera, levels: tuple[Image.Image, ...], shift: float) -> Iterator[_Patch]:
    box = _box_of(_outline(camera, (-HALF_STREET, STREET_LENGTH), (HALF_STREET, STREET_LENGTH)))
    if box:
        texture = _piece(levels[2], (0, 0, *levels[2].size), shift)
        step = 4 / PX_PER_UNIT
        origin = np.array([-HALF_STREET, WALL_HEIGHT, STREET_LENGTH])
        to_texture = plane_to_texture(camera, origin, np.array([step, 0, 0]), np.array([0, -step, 0]))
        haze = np.full((1, 1), haze_share(street, STREET_LENGTH))
        yield _Patch(_doubled(texture), DOUBLE @ to_texture, box, (1, 1), haze, nearest=True)


def _side_wall(
    street: str, camera: Camera, x: float, levels: tuple[Image.Image, ...], shift: float
) -> Iterator[_Patch]:
    first = max(0.0, (NEAR - (x - camera.x) * np.sin(camera.yaw)) / np.cos(camera.yaw))
    ends = (STREET_LENGTH, 24.0, FINE_UNTIL, MAGNIFIED_UNTIL, first)
    for level, (far, near) in zip((2, 1, 0, 0), itertools.pairwise(ends), strict=True):
        outline = _outline(camera, (x, near), (x, far)) if near < far else ()
        box = _box_of(outline) if outline else None
        if not box:
            continue
        step = 2**level / PX_PER_UNIT
        cut = _texels_in(camera, x, (near, far), box, step)
        near_by = far == MAGNIFIED_UNTIL
        texture = _piece(levels[level], cut, shift, below=2 if near_by else 0)
        origin = np.array([x, WALL_HEIGHT - cut[1] * step, cut[0] * step])
        to_texture = plane_to_texture(camera, origin, np.array([0, 0, step]), np.array([0, -step, 0]))
        coarse = (2, 2) if near_by else (1, 1)
        columns = _centres(box[0], box[2], coarse[0])[None]
        haze = haze_share(street, np.clip(camera.wall_distance(x, columns), 0, STREET_LENGTH))
        if near_by:
            yield _Patch(texture, to_texture, box, coarse, haze, outline=outline)
        else:
            yield _Patch(_doubled(texture), DOUBLE @ to_texture, box, coarse, haze, nearest=True)


def _texels_in(camera: Camera, x: float, reach: tuple[float, float], box: Box, step: float) -> Box:
    """Return which part of a wall's texture is visible in a box; its columns may exceed the texture, which repeats."""
    columns = np.array([box[0], box[2]], dtype=np.float64)
    depths = camera.wall_distance(x, columns)
    seen = [camera.unproject(column, depth)[1] for column, depth in zip(columns, depths, strict=True)]
    near, far = np.clip(sorted(seen), *reach)
    depth = max(camera.project(x, near)[2], camera.project(x, far)[2])
    highest = camera.height + (camera.horizon - box[1]) * depth / camera.focal
    top = max(0, int((WALL_HEIGHT - highest) / step) - 1)
    return int(near / step) - 1, top, int(far / step) + 2, round(WALL_HEIGHT / step)


def _piece(texture: Image.Image, cut: Box, shift: float, *, below: int = 0) -> Image.Image:
    """Return a box of a texture that repeats to the side; its last row is repeated `below` times."""
    left, top, right, bottom = cut
    piece = Image.new("RGBX", (right - left, bottom - top + below))
    start = (left + round(shift * texture.width)) % texture.width
    for turn in range(3):
        piece.paste(texture, (turn * texture.width - start, -top))
    for row in range(bottom - top, piece.height):
        piece.paste(piece.crop((0, bottom - top - 1, piece.width, bottom - top)), (0, row))
    return piece


def _doubled(texture: Image.Image) -> Image.Image:
    return Image.fromarray(_finer(np.asarray(texture), (2, 2)), "RGBX")


def _outline(camera: Camera, start: tuple[float, float], end: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """Return the corners in the frame of a wall between two world points (x, z)."""
    corners = [(*start, 0.0), (*start, WALL_HEIGHT), (*end, WALL_HEIGHT), (*end, 0.0)]
    seen = [camera.matrix() @ np.array([x, y, z, 1.0]) for x, z, y in corners]
    return tuple((float(column / depth), float(row / depth)) for column, row, depth in seen)


def _box_of(outline: tuple[tuple[float, float], ...]) -> Box | None:
    columns, rows = zip(*outline, strict=True)
    left, right = max(0, int(np.floor(min(columns)))), min(SIZE_WH[0], int(np.ceil(max(columns))))
    top, bottom = max(0, int(np.floor(min(rows)))), min(SIZE_WH[1], int(np.ceil(max(rows))))
    return (left, top, right, bottom) if left < right and top < bottom else None
