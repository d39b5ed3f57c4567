"""One screenshot: a street, its figures and things, the light, and the ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from toonvision.world.actors import Actor, draw_actor, faded, random_actor
from toonvision.world.annotation import SeenFigure
from toonvision.world.backdrop import backdrop_classes, draw_backdrop, haze_share
from toonvision.world.camera import HALF_STREET, SIZE_WH, Camera, random_camera
from toonvision.world.canvas import Canvas, Tag
from toonvision.world.exposure import Exposure, random_exposure
from toonvision.world.masks import SceneMasks
from toonvision.world.nametags import nametag
from toonvision.world.placement import TRIES, Standing, column_range, seen_shares
from toonvision.world.poses import view_of
from toonvision.world.props import prop_sprite
from toonvision.world.settings import DEFAULT_SETTINGS, SceneSettings
from toonvision.world.shading import Sprite
from toonvision.world.streets import STYLES, prop_height

OBSTACLE_FROM: Final = 2.5
LEAST_SEEN_PX: Final = 40
UNDISTURBED: Final = 0.85


@dataclass(frozen=True)
class Shot:
    """A street as a camera sees it, without figures.

    Attributes:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        camera: The camera.
        mirrored: Whether the two sides of the street are exchanged.
        sky_shift: Which part of the sky is visible, 0 to 1.
        wall_shift: How far the houses are moved along the street, 0 to 1.
        exposure: Of the whole image.
    """

    street: str
    camera: Camera
    mirrored: bool
    sky_shift: float
    wall_shift: float
    exposure: Exposure


@dataclass(frozen=True, eq=False)
class Placed:
    """A figure at its position: the figure, its drawing, its name tag, and its number in a sequence."""

    actor: Actor
    standing: Standing
    tag: Tag | None
    track: int | None = None


@dataclass(frozen=True, eq=False)
class Scene:
    """A composed screenshot.

    Attributes:
        image: RGB image of 1720 x 720 pixels.
        figures: The ground truth of the visible figures, in the order of the labels.
        masks: What each pixel shows, if asked for.
    """

    image: Image.Image
    figures: tuple[SeenFigure, ...]
    masks: SceneMasks | None = None


def compose(
    street: str,
    labels: tuple[str, ...],
    *,
    rng: np.random.Generator,
    settings: SceneSettings = DEFAULT_SETTINGS,
    with_masks: bool = False,
    grey: bool = False,
) -> Scene:
    """Draw a screenshot of a street with one figure for each label.

    Args:
        street: ``br``, ``dd``, ``ddl``, ``dg``, ``mml`` or ``ttc``.
        labels: Labels of its figures, 1 to 4.
        rng: Decides everything else.
        settings: How hard the image is.
        with_masks: Also return masks of what each pixel shows; the image stays the same.
        grey: Paint cloth, head and hands of every figure in the same grey, to test what else reveals its label.

    Returns:
        The image with the ground truth of each figure, in the order of `labels`.
    """
    shot = random_shot(street, rng, settings)
    actors = [random_actor(label, shot.camera, rng, settings) for label in labels]
    drawn = [_standing(actor, shot, with_parts=with_masks, grey=grey) for actor in actors]
    things = _placed(drawn, shot, rng, settings)
    tags = [random_tag(actor, shot, rng, settings) for actor in actors]
    figures = [Placed(*found) for found in zip(actors, things, tags, strict=False)]
    return shoot(shot, figures, things[len(labels) :], settings, with_masks=with_masks)


def random_shot(street: str, rng: np.random.Generator, settings: SceneSettings) -> Shot:
    """Return a random camera and exposure of a street."""
    camera, mirrored = random_camera(rng), bool(rng.random() < 0.5)
    sky_shift, wall_shift = (float(shift) for shift in rng.random(2))
    return Shot(street, camera, mirrored, sky_shift, wall_shift, random_exposure(rng, settings))


def random_tag(actor: Actor, shot: Shot, rng: np.random.Generator, settings: SceneSettings) -> Tag | None:
    """Return a random name above a figure's head, larger for a nearer figure, or None."""
    if rng.random() >= settings.nametag_rate:
        return None
    sink = rng.uniform(0.03, 0.1) if rng.random() < settings.graze_rate else -rng.uniform(0.02, 0.05)
    letters = int(np.clip(0.055 * actor.height_px(shot.camera), 9, 20))
    return Tag(nametag(actor.label, size=letters, rng=rng), float(sink))


def shoot(
    shot: Shot,
    figures: Sequence[Placed],
    things: Sequence[Standing],
    settings: SceneSettings,
    *,
    with_masks: bool = False,
) -> Scene:
    """Draw the screenshot: the street, then figures and things from far to near, then the exposure.

    Figures with fewer than 40 visible pixels are not in the ground truth.
    """
    mirrored, wall_shift = shot.mirrored, shot.wall_shift
    frame = draw_backdrop(shot.street, shot.camera, mirrored=mirrored, sky_shift=shot.sky_shift, wall_shift=wall_shift)
    classes = None
    if with_masks:
        classes = backdrop_classes(shot.street, shot.camera, mirrored=mirrored, wall_shift=wall_shift)
    canvas = Canvas(frame, len(figures), classes)
    behind = [(figure.standing, number, figure.tag) for number, figure in enumerate(figures, start=1)]
    behind += [(thing, 0, None) for thing in things]
    for thing, number, tag in sorted(behind, key=lambda entry: -entry[0].distance):
        canvas.set_down(thing, number)
        if tag:
            canvas.hang(tag, thing, number, most_hidden=settings.most_named_over)
    numbers = [number for number in range(1, len(figures) + 1) if canvas.seen(number) >= LEAST_SEEN_PX]
    seen = tuple(_seen(figures[number - 1], number, shot, canvas) for number in numbers)
    return Scene(shot.exposure.develop(frame), seen, canvas.masks(numbers) if with_masks else None)


def _seen(figure: Placed, number: int, shot: Shot, canvas: Canvas) -> SeenFigure:
    actor = figure.actor
    return SeenFigure(
        label=actor.label,
        xyxy=canvas.box(number),
        track=figure.track,
        view=view_of(actor.yaw),
        pose=actor.pose.kind,
        distance=actor.distance,
        fog=float(haze_share(shot.street, actor.distance)),
        shaded=actor.shaded,
        brightness=shot.exposure.brightness,
        blur_px=shot.exposure.blur_px,
        hidden=canvas.hidden(number),
    )


def _standing(actor: Actor, shot: Shot, *, with_parts: bool, grey: bool) -> Standing:
    sprite = draw_actor(actor, shot.street, shot.camera, with_parts=with_parts, grey=grey)
    return Standing(sprite, 0.0, shot.camera.ground_row(actor.distance), actor.distance, actor.label)


def _placed(figures: list[Standing], shot: Shot, rng: np.random.Generator, settings: SceneSettings) -> list[Standing]:
    """Return figures at positions where enough of each is visible, then the things around them."""
    crowded = bool(rng.random() < settings.crowded_rate)
    cuts = [bool(rng.random() < settings.cut_rate) for _ in figures]
    screened = [bool(rng.random() < settings.screened_rate) for _ in figures]
    screens = [_screen(figure, index, shot, rng) for index, figure in enumerate(figures) if screened[index]]
    props = _props(shot, rng)
    floors = [
        _most_seen(figure)
        * (settings.least_seen_cut if cut else settings.least_seen if crowded or hidden else UNDISTURBED)
        for figure, cut, hidden in zip(figures, cuts, screened, strict=True)
    ]
    best: tuple[float, list[Standing]] = (-1.0, figures)
    for attempt in range(TRIES):
        standing = [_somewhere(figure, shot.camera, cut, rng) for figure, cut in zip(figures, cuts, strict=True)]
        things = standing.copy()
        if attempt < TRIES // 2:
            things += [replace(screen, column=standing[index].column + aside) for index, screen, aside in screens]
        if attempt < TRIES * 0.8:
            things += props
        reached = min(seen / floor for seen, floor in zip(seen_shares(things), floors, strict=False))
        if reached > best[0]:
            best = (reached, things)
        if reached >= 1:
            break
    return best[1]


def _most_seen(figure: Standing) -> float:
    """Return the largest share of a figure that can be between the frame's upper and lower edge."""
    return max(0.1, seen_shares([replace(figure, column=SIZE_WH[0] / 2)])[0])


def _somewhere(figure: Standing, camera: Camera, cut: bool, rng: np.random.Generator) -> Standing:
    wide = figure.sprite.image.width
    if cut:
        inside = float(rng.uniform(-0.15, 0.45)) * wide
        return replace(figure, column=inside if rng.random() < 0.5 else SIZE_WH[0] - inside)
    return replace(figure, column=float(rng.uniform(*column_range(camera, figure.distance, width=wide))))


def _props(shot: Shot, rng: np.random.Generator) -> list[Standing]:
    props = []
    for _ in range(int(rng.integers(3, 7))):
        distance = float(rng.uniform(3, 30))
        x = float(rng.choice((-1, 1)) * rng.uniform(0.62, 0.9) * HALF_STREET)
        column = shot.camera.column(x, distance)
        if -0.1 * SIZE_WH[0] < column < 1.1 * SIZE_WH[0]:
            props.append(random_prop(shot, column, distance, rng))
    return props


def _screen(figure: Standing, index: int, shot: Shot, rng: np.random.Generator) -> tuple[int, Standing, float]:
    """Return a random thing to stand before a figure: the figure's index, the thing, and its offset to the side."""
    aside = float(rng.choice((-1, 1)) * rng.uniform(0.2, 0.5)) * figure.sprite.image.width
    return index, random_prop(shot, 0.0, figure.distance * float(rng.uniform(0.7, 0.95)), rng), aside


def random_prop(shot: Shot, column: float, distance: float, rng: np.random.Generator) -> Standing:
    """Return a random thing of the street, in a column at a distance."""
    kinds = STYLES[shot.street].props
    return standing_prop(shot, kinds[int(rng.integers(len(kinds)))], int(rng.integers(3)), column, distance)


def standing_prop(shot: Shot, kind: str, variant: int, column: float, distance: float) -> Standing:
    """Return a thing in a column at a distance."""
    camera = shot.camera
    whole = prop_sprite(kind, variant)
    factor = camera.focal * prop_height(kind) / distance / whole.foot_xy[1]
    size = tuple(max(1, round(side * factor)) for side in whole.image.size)
    image = whole.image.convert("RGBa").resize((size[0], size[1]), Image.Resampling.BILINEAR, reducing_gap=1.5)
    foot = (whole.foot_xy[0] * factor, whole.foot_xy[1] * factor)
    sprite = faded(Sprite(image.convert("RGBA"), foot), shot.street, distance)
    row = camera.ground_row(distance)
    return Standing(sprite, column, row, distance, obstacle=prop_height(kind) >= OBSTACLE_FROM)
