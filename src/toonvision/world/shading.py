"""From solids to an image: a depth buffer, then texture, folds and painted shade."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from toonvision.core.seeds import generator
from toonvision.world.geometry import Extent, FloatArray, Seen, Vec
from toonvision.world.materials import PARTS, Material, Texture
from toonvision.world.solids import Solid

NOISE_CELLS = 128
CELL_PX = 8
SMALLEST_PART_PX = 2.0
CHUNK = 8192
OPAQUE = 255 << 24


@dataclass(frozen=True)
class Light:
    """How a figure is shaded; the game has no lamps, only shade that is painted on.

    Attributes:
        shade: How much darker surfaces are that look aside, 0 to 1; those that look down darken half as much more.
        colour: Factors of red, green and blue of the shaded image.
    """

    shade: float = 0.25
    colour: Vec = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Sprite:
    """A drawn thing.

    Attributes:
        image: RGBA image.
        foot_xy: Its pixel (x, y) on the ground; below the image if the thing is in the air.
        parts: Index into `PARTS` of what each pixel shows, uint8 of shape (height, width); 0 beside the figure.
    """

    image: Image.Image
    foot_xy: tuple[float, float]
    parts: npt.NDArray[np.uint8] | None = None

    @functools.cached_property
    def cells(self) -> npt.NDArray[np.bool_]:
        """Which cells of 8 x 8 pixels are mostly covered, bool; if none is, all of them."""
        size = (max(1, round(self.image.width / CELL_PX)), max(1, round(self.image.height / CELL_PX)))
        small = np.asarray(self.image.getchannel("A").resize(size, Image.Resampling.BOX)) > 100
        return small if small.any() else np.ones_like(small)


@functools.cache
def fold_noise() -> FloatArray:
    """Return fixed smooth noise, float32 of shape (128, 128), about -1 to 1, that repeats at its edges."""
    coarse = generator(0, "world", "folds").normal(size=(14, 9)).astype(np.float32)
    picture = Image.fromarray(np.tile(coarse, (3, 3))).resize((3 * NOISE_CELLS,) * 2, Image.Resampling.BICUBIC)
    middle = slice(NOISE_CELLS, 2 * NOISE_CELLS)
    return np.ascontiguousarray(np.clip(np.asarray(picture)[middle, middle] / 1.6, -1, 1))


class Stage:
    """An image before it is lit: the nearest solid of each pixel and its depth."""

    def __init__(self, width: int, height: int, *, left: float, top: float, scale: float) -> None:
        self._x = (left + (np.arange(width, dtype=np.float32) + 0.5) / scale)[None, :]
        self._y = (top - (np.arange(height, dtype=np.float32) + 0.5) / scale)[:, None]
        self._left, self._top, self._scale = left, top, scale
        self._depth = np.full((height, width), -np.inf, np.float32)
        self._owner = np.zeros((height, width), np.int16)
        self._drawn: list[Solid] = []

    def draw(self, solid: Solid, extent: Extent) -> None:
        """Draw one solid where it is the nearest; one that is too small or hidden is left out."""
        if max(extent.right - extent.left, extent.top - extent.bottom) * self._scale < SMALLEST_PART_PX:
            return
        rows = self._span(self._top - extent.top, self._top - extent.bottom)
        columns = self._span(extent.left - self._left, extent.right - self._left)
        depth, owner = self._depth[rows, columns], self._owner[rows, columns]
        if extent.near < depth.min():
            return
        z = solid.depth(self._x[:, columns], self._y[rows])
        nearer = z > depth
        self._drawn.append(solid)
        np.copyto(depth, z, where=nearer)
        np.copyto(owner, len(self._drawn), where=nearer)

    def lit(self, light: Light) -> npt.NDArray[np.uint8]:
        """Return the image, lit.

        Returns:
            uint8 of shape (height, width, 4): red, green, blue and opacity, all 0 where nothing was drawn.
        """
        owner = self._owner.ravel()
        places = np.flatnonzero(owner)
        places = places[np.argsort(owner[places], kind="stable")]
        normal, colours = self._surfaces(places)
        packed = np.empty(len(places), np.uint32)
        for start in range(0, len(places), CHUNK):
            own = slice(start, start + CHUNK)
            _shade(colours[:, own], normal[:, own], light)
            red, green, blue = colours[:, own].astype(np.uint32)
            packed[own] = red | green << 8 | blue << 16 | np.uint32(OPAQUE)
        picture = np.zeros(owner.size, "<u4")
        picture[places] = packed
        return picture.view(np.uint8).reshape(*self._owner.shape, 4)

    def parts(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return the part that each pixel of the image shows at another size, uint8 of shape (height, width)."""
        table = np.asarray([0, *(PARTS.index(solid.material.part) for solid in self._drawn)], np.uint8)
        rows, columns = (
            np.minimum(((np.arange(size) + 0.5) * fine / size).astype(np.intp), fine - 1)
            for size, fine in zip((height, width), self._owner.shape, strict=True)
        )
        return np.asarray(table[self._owner[np.ix_(rows, columns)]])

    def _span(self, low: float, high: float) -> slice:
        return slice(max(0, math.floor(low * self._scale)), max(0, math.ceil(high * self._scale)))

    def _surfaces(self, places: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
        """Return normals and colours, each (3, n), at pixels that are sorted by the solid they show."""
        counts = np.bincount(self._owner.ravel()[places], minlength=len(self._drawn) + 1)[1:]
        plain = [solid.material.plain_colour for solid in self._drawn]
        normals = np.empty((3, len(places)), np.float32)
        colours = np.repeat(np.asarray(plain, np.float32).reshape(-1, 3).T, counts, axis=1)
        row, column = np.divmod(places.astype(np.int32), np.int32(self._owner.shape[1]))
        x, y, z = self._x[0].take(column), self._y[:, 0].take(row), self._depth.ravel().take(places)
        ends = np.cumsum(counts)
        for solid, start, end in zip(self._drawn, (ends - counts).tolist(), ends.tolist(), strict=True):
            if start == end:
                continue
            own, first = slice(start, end), row[start]
            rows = self._y[first : row[end - 1] + 1, 0]
            found = solid.surface(Seen(x[own], y[own], z[own], rows, row[own] - first))
            for axis, part in enumerate(found.normal):
                normals[axis, own] = part
            if found.uv is not None:
                colours[:, own] = _albedo(solid.material, *found.uv, self._scale)
        return normals, colours


def _shade(colours: FloatArray, normal: FloatArray, light: Light) -> None:
    """Change colours (3, n) in place to their look under a light, 0 to 255."""
    _, up, near = normal / np.sqrt(np.einsum("cn,cn->n", normal, normal) + np.float32(1e-9))
    shade = (near - 1 + np.minimum(up, 0) / 2) * np.float32(light.shade) + np.float32(1)
    colours *= shade * np.asarray(light.colour, np.float32)[:, None]
    np.clip(colours, 0, 255, out=colours)


def _albedo(material: Material, u: FloatArray, v: FloatArray, scale: float) -> FloatArray:
    """Return a material's colour (3, n) at texture coordinates."""
    if material.texture is None:
        colour = np.asarray(material.plain_colour, np.float32)[:, None]
    else:
        colour = _texels(material.texture, u, v, scale).T * np.asarray(material.tint, np.float32)[:, None]
    if material.folds:
        rows = ((v * np.float32(90)).astype(np.int32) + material.shift) % NOISE_CELLS
        columns = ((u * np.float32(20)).astype(np.int32) + material.shift * 7) % NOISE_CELLS
        fold = fold_noise().ravel().take(rows * NOISE_CELLS + columns)
        colour = colour * (1 + np.float32(material.folds) * fold)
    return colour


def _texels(texture: Texture, u: FloatArray, v: FloatArray, scale: float) -> npt.NDArray[np.uint8]:
    """Return the texture at n points: uint8 of shape (n, 3)."""
    wanted = math.log2(max(1.0, texture.texels_per_unit / scale)) + 0.3
    level = min(int(wanted), len(texture.levels) - 1)
    picture = texture.levels[level]
    height, width = picture.shape[:2]
    if texture.tiled:
        step = np.float32(texture.texels_per_unit / 2**level)
        rows, columns = (v * step).astype(np.int32) % height, (u * step).astype(np.int32) % width
    else:
        rows = np.clip((v * np.float32(height)).astype(np.int32), 0, height - 1)
        columns = ((u * np.float32(1 / math.tau) + np.float32(0.5)) * np.float32(width)).astype(np.int32) % width
    found: npt.NDArray[np.uint8] = picture.reshape(-1, 3).take(rows * width + columns, axis=0)
    return found


def render(
    solids: Sequence[Solid],
    *,
    yaw: float,
    pixels_per_unit: float,
    light: Light,
    finer: float,
    with_parts: bool = False,
) -> Sprite:
    """Draw a figure.

    Args:
        solids: Its parts, facing the viewer.
        yaw: Rotation in radians; at pi/2 the figure looks to the right, at pi it shows its back.
        pixels_per_unit: Scale of the result.
        light: Its light.
        finer: Factor by which it is drawn larger before it is reduced, 1 or more.
        with_parts: Whether to return which part each pixel shows.

    Returns:
        The image, just large enough, with the pixel of the figure's origin.
    """
    seen = [solid.turned(yaw) for solid in solids]
    extents = [solid.extent() for solid in seen]
    left, top = min(extent.left for extent in extents), max(extent.top for extent in extents)
    right, bottom = max(extent.right for extent in extents), min(extent.bottom for extent in extents)
    width = max(1, math.ceil((right - left) * pixels_per_unit))
    height = max(1, math.ceil((top - bottom) * pixels_per_unit))
    stage = Stage(
        math.ceil(width * finer), math.ceil(height * finer), left=left, top=top, scale=pixels_per_unit * finer
    )
    with np.errstate(invalid="ignore"):
        for solid, extent in zip(seen, extents, strict=True):
            stage.draw(solid, extent)
    image = _image_of(stage.lit(light), width, height)
    parts = stage.parts(width, height) if with_parts else None
    return Sprite(image, (-left * pixels_per_unit, top * pixels_per_unit), parts)


def _image_of(picture: npt.NDArray[np.uint8], width: int, height: int) -> Image.Image:
    fine_height, fine_width = picture.shape[:2]
    image = Image.frombuffer("RGBa", (fine_width, fine_height), picture, "raw", "RGBa", 0, 1)
    if (fine_width, fine_height) != (width, height):
        image = image.resize((width, height), Image.Resampling.BOX)
    return image.convert("RGBA")
