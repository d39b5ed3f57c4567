"""From solids to a picture: a depth buffer, then light, folds and texture."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.seeds import generator
from toonvision.world.solids import FloatArray, Material, Solid, Vec

NOISE_CELLS = 128
CELL_PX = 8
SMALLEST_PART_PX = 1.5


@dataclass(frozen=True)
class Light:
    """Light on a figure: direction to the lamp (unit length), share of light from everywhere, and from it."""

    direction: Vec = (-0.45, 0.6, 0.66)
    ambient: float = 0.55
    diffuse: float = 0.55


@dataclass(frozen=True, eq=False)
class Sprite:
    """A drawn thing: an RGBA picture, and the pixel (x, y) in it that stands on the ground."""

    image: Image.Image
    foot_xy: tuple[float, float]

    @functools.cached_property
    def cells(self) -> npt.NDArray[np.bool_]:
        """Which cells of 8 x 8 pixels are mostly covered, bool; all of them if none is."""
        size = (max(1, round(self.image.width / CELL_PX)), max(1, round(self.image.height / CELL_PX)))
        small = np.asarray(self.image.getchannel("A").resize(size, Image.Resampling.BOX)) > 100
        return small if small.any() else np.ones_like(small)


@functools.cache
def fold_noise() -> FloatArray:
    """Give a fixed smooth noise, float32 of shape (128, 128), about -1 to 1, that repeats at its edges."""
    coarse = generator(0, "world", "folds").normal(size=(14, 9)).astype(np.float32)
    picture = Image.fromarray(np.tile(coarse, (3, 3))).resize((3 * NOISE_CELLS,) * 2, Image.Resampling.BICUBIC)
    middle = slice(NOISE_CELLS, 2 * NOISE_CELLS)
    return np.ascontiguousarray(np.clip(np.asarray(picture)[middle, middle] / 1.6, -1, 1))


class Stage:
    """A picture in the making: for every pixel the nearest solid, its depth, normal and texture place."""

    def __init__(self, width: int, height: int, *, left: float, top: float, scale: float) -> None:
        self._x = (left + (np.arange(width, dtype=np.float32) + 0.5) / scale)[None, :]
        self._y = (top - (np.arange(height, dtype=np.float32) + 0.5) / scale)[:, None]
        self._left, self._top, self._scale = left, top, scale
        self._depth = np.full((height, width), -np.inf, np.float32)
        self._owner = np.zeros((height, width), np.int16)
        self._normal = np.zeros((3, height, width), np.float32)
        self._uv = np.zeros((2, height, width), np.float32)
        self._drawn: list[tuple[Material, slice, slice]] = []

    def draw(self, solid: Solid) -> None:
        """Draw one solid where it is nearer than what is there; specks of less than a pixel are left out."""
        left, right, bottom, top = solid.extent()
        if max(right - left, top - bottom) * self._scale < SMALLEST_PART_PX:
            return
        rows = self._span(self._top - top, self._top - bottom)
        columns = self._span(left - self._left, right - self._left)
        hit = solid.hit(self._x[:, columns], self._y[rows])
        nearer = hit.inside & (hit.z > self._depth[rows, columns])
        self._drawn.append((solid.material, rows, columns))
        np.copyto(self._depth[rows, columns], hit.z, where=nearer)
        np.copyto(self._owner[rows, columns], len(self._drawn), where=nearer)
        for axis, normal in enumerate(hit.normal):
            np.copyto(self._normal[axis, rows, columns], normal, where=nearer)
        if solid.material.needs_uv:
            for axis, at in enumerate(hit.uv):
                np.copyto(self._uv[axis, rows, columns], at, where=nearer)

    def lit(self, light: Light) -> Image.Image:
        """Light what was drawn; gives an RGBA picture, transparent where nothing was drawn."""
        seen = self._owner > 0
        owner, normal = self._owner[seen], self._normal[:, seen]
        right, up, near = normal / (np.sqrt(np.einsum("cn,cn->n", normal, normal)) + np.float32(1e-9))
        x, y, z = light.direction
        wrapped = np.maximum((right * x + up * y + near * z) * 0.75 + 0.25, 0)
        shade = light.ambient + light.diffuse * wrapped + 0.12 * up
        shade *= 0.62 + 0.38 * np.minimum(near * 3, 1)
        size = math.sqrt(x * x + y * y + (z + 1) ** 2)
        eighth = np.maximum((right * x + up * y + near * (z + 1)) / size, 0) ** 2
        eighth *= eighth
        eighth *= eighth
        gloss = np.asarray([0.0, *(material.gloss for material, _, _ in self._drawn)], dtype=np.float32)
        glint = eighth * eighth * eighth * gloss[owner] * (400 * light.diffuse)
        picture = np.zeros((*seen.shape, 4), np.uint8)
        lit = np.full((len(owner), 4), 255, np.uint8)
        lit[:, :3] = np.clip(self._colours()[seen] * shade[:, None] + glint[:, None], 0, 255)
        picture[seen] = lit
        return Image.fromarray(picture)

    def _span(self, low: float, high: float) -> slice:
        return slice(max(0, math.floor(low * self._scale)), max(0, math.ceil(high * self._scale)))

    def _colours(self) -> FloatArray:
        plain = np.asarray([(0, 0, 0), *(material.colour for material, _, _ in self._drawn)], dtype=np.float32)
        colours: FloatArray = plain[self._owner]
        for number, (material, rows, columns) in enumerate(self._drawn, start=1):
            if material.needs_uv:
                own = self._owner[rows, columns] == number
                u, v = (at[rows, columns][own] for at in self._uv)
                colours[rows, columns][own] = _albedo(material, u, v, self._scale)
        return colours


def _albedo(material: Material, u: FloatArray, v: FloatArray, scale: float) -> FloatArray:
    colour: FloatArray = np.asarray(material.colour, dtype=np.float32)
    texture = material.texture
    if texture is not None:
        wanted = math.log2(max(1.0, texture.texels_per_unit / scale)) + 0.3
        level = min(int(wanted), len(texture.levels) - 1)
        picture = texture.levels[level]
        height, width = picture.shape[:2]
        if texture.tiled:
            step = texture.texels_per_unit / 2**level
            rows, columns = (v * step).astype(np.int32) % height, (u * step).astype(np.int32) % width
        else:
            rows = np.clip((v * height).astype(np.int32), 0, height - 1)
            columns = ((u / math.tau + 0.5) * width).astype(np.int32) % width
        colour = picture[rows, columns].astype(np.float32)
    if material.folds:
        rows = ((v * 90).astype(np.int32) + material.shift) % NOISE_CELLS
        columns = ((u * 20).astype(np.int32) + material.shift * 7) % NOISE_CELLS
        colour = colour * (1 + np.float32(material.folds) * fold_noise()[rows, columns])[:, None]
    return colour


def render(solids: Sequence[Solid], *, yaw: float, pixels_per_unit: float, light: Light, finer: float) -> Sprite:
    """Draw a figure.

    Args:
        solids: Its parts, facing the viewer.
        yaw: Turn in radians; at pi/2 the figure looks to the right, at pi it shows its back.
        pixels_per_unit: Scale of the result.
        light: How it is lit.
        finer: How many times finer it is drawn before it is made smaller, 1 or more.

    Returns:
        The picture, just large enough, with the place of the figure's origin.
    """
    seen = [solid.turned(yaw) for solid in solids]
    extents = np.asarray([solid.extent() for solid in seen])
    left, top = float(extents[:, 0].min()), float(extents[:, 3].max())
    width = max(1, math.ceil((float(extents[:, 1].max()) - left) * pixels_per_unit))
    height = max(1, math.ceil((top - float(extents[:, 2].min())) * pixels_per_unit))
    stage = Stage(
        math.ceil(width * finer), math.ceil(height * finer), left=left, top=top, scale=pixels_per_unit * finer
    )
    for solid in seen:
        stage.draw(solid)
    image = stage.lit(light)
    if finer > 1:
        image = image.convert("RGBa").resize((width, height), Image.Resampling.BOX).convert("RGBA")
    return Sprite(image, (-left * pixels_per_unit, top * pixels_per_unit))
