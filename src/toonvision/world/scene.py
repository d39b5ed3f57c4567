"""One screenshot: a street, the figures and things in it, the light, and the boxes of what is seen."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from toonvision.world.backdrop import draw_backdrop, haze_share
from toonvision.world.camera import HALF_STREET, SIZE_WH, STREET_LENGTH, Camera, random_camera
from toonvision.world.entities import draw_entity, standing_height
from toonvision.world.nametags import nametag
from toonvision.world.palette import STREETS
from toonvision.world.placement import TRIES, Standing, column_range, seen_shares
from toonvision.world.poses import random_pose
from toonvision.world.props import prop_sprite
from toonvision.world.shading import Light, Sprite
from toonvision.world.streets import STYLES, light_spot, prop_height


@dataclass(frozen=True)
class SceneSettings:
    """How hard the pictures are; every rate is a share of screenshots or figures from 0 to 1.

    Attributes:
        heights_px: Least and greatest height of a figure; drawn evenly on a logarithmic scale.
        crowded_rate: Screenshots in which figures may stand partly behind each other.
        screened_rate: Figures with a tree, lamp post or other thing partly in front.
        cut_rate: Figures that may be cut by the frame's side.
        nametag_rate: Figures with a name above their head.
        shadow_rate: Figures that stand in the shade.
        dim_rate: Screenshots in bad light.
        blur_rate: Screenshots that are out of focus.
        facing_rate: Figures that roughly face the camera; the others look anywhere.
        least_seen: Least share of a figure that is in the frame and not hidden.
    """

    heights_px: tuple[float, float] = (56, 640)
    crowded_rate: float = 0.35
    screened_rate: float = 0.16
    cut_rate: float = 0.12
    nametag_rate: float = 0.4
    shadow_rate: float = 0.25
    dim_rate: float = 0.25
    blur_rate: float = 0.12
    facing_rate: float = 0.55
    least_seen: float = 0.45


DEFAULT_SETTINGS: Final = SceneSettings()
SOLID_ALPHA: Final = 110
DARKEST_NIGHT: Final = 0.72
Box = tuple[int, int, int, int]
IdMap = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scene:
    """A composed screenshot.

    Attributes:
        image: RGB picture of 1720 x 720 pixels.
        ids: uint8 of shape (720, 1720): 1 + place of the label whose figure is seen in a pixel, or 0.
        boxes: Pixel edges (left, top, right, bottom) of each label's visible extent, half-open.
    """

    image: Image.Image
    ids: IdMap
    boxes: tuple[Box, ...]


def compose(
    street: str,
    labels: tuple[str, ...],
    *,
    rng: np.random.Generator,
    settings: SceneSettings = DEFAULT_SETTINGS,
) -> Scene:
    """Draw a screenshot of a street with one figure for each label.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        labels: Who is in it, 1 to 4.
        rng: Decides everything else.
        settings: How hard the picture is.

    Returns:
        The picture with the box of each label, in the order of `labels`.
    """
    camera = random_camera(rng)
    frame = draw_backdrop(street, camera, mirrored=bool(rng.random() < 0.5), sky_shift=float(rng.random()))
    light = _figure_light(street, camera)
    figures = [_figure(label, street, camera, light, rng, settings) for label in labels]
    things = _placed(figures, street, camera, rng, settings)
    ids: IdMap = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint8)
    for thing in sorted(things, key=lambda thing: -thing.distance):
        _set_down(frame, ids, thing, _place_of(thing, things), rng, settings)
    boxes = tuple(_box(ids, place + 1) for place in range(len(labels)))
    return Scene(_graded(frame, street, rng, settings), ids, boxes)


def _place_of(thing: Standing, things: list[Standing]) -> int:
    return things.index(thing) + 1 if thing.label else 0


def _figure_light(street: str, camera: Camera) -> Light:
    x, y, z = light_spot(street)
    c, s = math.cos(camera.yaw), math.sin(camera.yaw)
    night = street == "ddl"
    return Light((x * c - z * s, y, z * c + x * s), 0.5 if night else 0.58, 0.5 if night else 0.55)


def _figure(
    label: str, street: str, camera: Camera, light: Light, rng: np.random.Generator, settings: SceneSettings
) -> Standing:
    low, high = settings.heights_px
    height = math.exp(rng.uniform(math.log(low), math.log(high)))
    tall = standing_height(label)
    nearest = camera.focal * tall / height
    while _lowest_share(camera, height, nearest) < 0.62:
        height *= 0.92
        nearest = camera.focal * tall / height
    distance = min(nearest, STREET_LENGTH * 0.93)
    height = camera.focal * tall / distance
    yaw = rng.normal(0, 0.7) if rng.random() < settings.facing_rate else rng.uniform(-math.pi, math.pi)
    if rng.random() < settings.shadow_rate:
        light = Light(light.direction, light.ambient * 0.82, light.diffuse * 0.35)
    sprite = draw_entity(label, height_px=height, yaw=float(yaw), pose=random_pose(rng), light=light, rng=rng)
    sprite = faded(sprite, street, distance)
    return Standing(sprite, 0.0, camera.ground_row(distance), distance, label)


def _lowest_share(camera: Camera, height: float, distance: float) -> float:
    foot = camera.ground_row(distance)
    return (min(foot, SIZE_WH[1]) - max(foot - height, 0)) / height


def faded(sprite: Sprite, street: str, distance: float) -> Sprite:
    """Let a thing fade into the street's haze and lose its sharpness with distance."""
    share = float(haze_share(street, distance))
    alpha = sprite.image.getchannel("A")
    plain = Image.new("RGB", alpha.size, STREETS[street].haze)
    image = Image.blend(sprite.image.convert("RGB"), plain, share)
    image.putalpha(alpha)
    if distance > 12:
        image = image.convert("RGBa").filter(ImageFilter.GaussianBlur(min(0.9, distance / 45))).convert("RGBA")
    return Sprite(image, sprite.foot_xy)


def _placed(
    figures: list[Standing], street: str, camera: Camera, rng: np.random.Generator, settings: SceneSettings
) -> list[Standing]:
    crowded = bool(rng.random() < settings.crowded_rate)
    cuts = [bool(rng.random() < settings.cut_rate) for _ in figures]
    screened = [bool(rng.random() < settings.screened_rate) for _ in figures]
    props = _props(street, camera, rng)
    best: tuple[float, list[Standing]] = (-1.0, figures)
    for attempt in range(TRIES):
        standing = [_somewhere(figure, camera, cut, rng) for figure, cut in zip(figures, cuts, strict=True)]
        screens = [
            _screen(figure, street, camera, rng) for figure, wanted in zip(standing, screened, strict=True) if wanted
        ]
        things = [*standing, *(screens if attempt < TRIES // 2 else []), *(props if attempt < TRIES * 0.8 else [])]
        worst = min(seen_shares(things)[: len(figures)])
        wanted = settings.least_seen if crowded or any(cuts) or screens else 0.6
        if worst > best[0]:
            best = (worst, things)
        if worst >= wanted:
            break
    return best[1]


def _somewhere(figure: Standing, camera: Camera, cut: bool, rng: np.random.Generator) -> Standing:
    low, high = column_range(camera, figure.distance, width=figure.sprite.image.width, cut=cut)
    return replace(figure, column=float(rng.uniform(low, high)))


def _props(street: str, camera: Camera, rng: np.random.Generator) -> list[Standing]:
    props = []
    for _ in range(int(rng.integers(2, 6))):
        distance = float(rng.uniform(5, 40))
        x = float(rng.choice((-1, 1)) * rng.uniform(0.62, 0.9) * HALF_STREET)
        column = camera.column(x, distance)
        if -0.1 * SIZE_WH[0] < column < 1.1 * SIZE_WH[0]:
            props.append(_prop(street, camera, column, distance, rng))
    return props


def _screen(figure: Standing, street: str, camera: Camera, rng: np.random.Generator) -> Standing:
    distance = figure.distance * float(rng.uniform(0.7, 0.95))
    aside = float(rng.choice((-1, 1)) * rng.uniform(0.2, 0.5)) * figure.sprite.image.width
    return _prop(street, camera, figure.column + aside, distance, rng)


def _prop(street: str, camera: Camera, column: float, distance: float, rng: np.random.Generator) -> Standing:
    kinds = STYLES[street].props
    kind, variant = kinds[int(rng.integers(len(kinds)))], int(rng.integers(3))
    whole = prop_sprite(kind, variant)
    factor = camera.focal * prop_height(kind) / distance / whole.foot_xy[1]
    size = tuple(max(1, round(side * factor)) for side in whole.image.size)
    image = whole.image.convert("RGBa").resize((size[0], size[1]), Image.Resampling.BILINEAR, reducing_gap=1.5)
    foot = (whole.foot_xy[0] * factor, whole.foot_xy[1] * factor)
    return Standing(
        faded(Sprite(image.convert("RGBA"), foot), street, distance), column, camera.ground_row(distance), distance
    )


def _set_down(
    frame: Image.Image, ids: IdMap, thing: Standing, place: int, rng: np.random.Generator, settings: SceneSettings
) -> None:
    image, corner = thing.sprite.image, thing.corner
    _shade_ground(frame, thing)
    frame.paste(image, corner, image)
    _mark(ids, image, corner, place)
    if thing.label and rng.random() < settings.nametag_rate:
        tall = thing.sprite.foot_xy[1]
        panel = nametag(thing.label, size=int(np.clip(tall * 0.055, 9, 20)), rng=rng)
        above = (round(thing.column - panel.width / 2), round(corner[1] - panel.height - 4 - tall * 0.02))
        if not _hides_a_face(ids, panel, above):
            frame.paste(panel, above, panel)
            _mark(ids, panel, above, 0)


def _hides_a_face(ids: IdMap, panel: Image.Image, corner: tuple[int, int]) -> bool:
    left, top = max(0, corner[0]), max(0, corner[1])
    below = ids[top : max(0, corner[1] + panel.height), left : max(0, corner[0] + panel.width)]
    return any((below == place).sum() > 0.1 * (ids == place).sum() for place in np.unique(below) if place)


def _shade_ground(frame: Image.Image, thing: Standing) -> None:
    wide = max(3, round(thing.sprite.foot_xy[1] * 0.34))
    ramp = np.maximum(0, 1 - np.hypot(*np.meshgrid(np.linspace(-1, 1, 48), np.linspace(-1, 1, 24))))
    blob = Image.fromarray((np.sqrt(ramp) * 105).astype(np.uint8)).resize((wide, max(2, wide // 4)))
    frame.paste((24, 22, 34), (round(thing.column - wide / 2), round(thing.row - blob.height / 2)), blob)


def _mark(ids: IdMap, image: Image.Image, corner: tuple[int, int], place: int) -> None:
    left, top = max(0, -corner[0]), max(0, -corner[1])
    right = min(image.width, SIZE_WH[0] - corner[0])
    bottom = min(image.height, SIZE_WH[1] - corner[1])
    if right <= left or bottom <= top:
        return
    solid = np.asarray(image.getchannel("A"))[top:bottom, left:right] >= SOLID_ALPHA
    ids[corner[1] + top : corner[1] + bottom, corner[0] + left : corner[0] + right][solid] = place


def _box(ids: IdMap, place: int) -> Box:
    rows, columns = np.flatnonzero((ids == place).any(axis=1)), np.flatnonzero((ids == place).any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _graded(frame: Image.Image, street: str, rng: np.random.Generator, settings: SceneSettings) -> Image.Image:
    dim = bool(rng.random() < settings.dim_rate)
    exposure = float(rng.uniform(0.52, 0.78) if dim else rng.uniform(0.85, 1.12))
    if street == "ddl":
        exposure = max(exposure, DARKEST_NIGHT)
    gamma = float(rng.uniform(0.9, 1.15))
    warmth = float(rng.normal(0, 0.05))
    factors = [
        part * exposure * (1 + warmth * side) for part, side in zip(STREETS[street].tint, (1, 0, -1), strict=True)
    ]
    levels = np.arange(256) / 255
    table = np.concatenate([np.clip((levels**gamma) * factor, 0, 1) * 255 for factor in factors])
    frame = frame.point(table.round().astype(int).tolist())
    if rng.random() < settings.blur_rate:
        frame = frame.filter(ImageFilter.BoxBlur(float(rng.uniform(0.5, 1.4))))
    return frame
