"""Overview images for the documentation: entities, poses, streets, masks, and what makes figures hard to see."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from toonvision.core.seeds import generator
from toonvision.world.annotation import SeenFigure, Xyxy
from toonvision.world.camera import SIZE_WH
from toonvision.world.entities import LABELS, draw_entity, standing_height
from toonvision.world.palette import STREETS
from toonvision.world.poses import POSE_KINDS, Pose, view_of
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.scene import compose
from toonvision.world.screenshot_plans import plan_sample_set
from toonvision.world.settings import SceneSettings

CELL_WIDTH, COG_HEIGHT, TOON_HEIGHT = 170, 290, 226
PER_ROW = 8
PAPER = (206, 216, 222)


def contact_sheet(*, seed: int) -> Image.Image:
    """Draw all 43 entities with their labels, a row for each suit and the Toons below.

    Args:
        seed: Decides the Toons' colours and the small differences.

    Returns:
        An RGB image, 8 figures a row.
    """
    width = CELL_WIDTH
    heights = [TOON_HEIGHT if label.startswith("toon") else COG_HEIGHT for label in LABELS[::PER_ROW]]
    sheet = Image.new("RGB", (PER_ROW * width, sum(heights)), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for index, label in enumerate(LABELS):
        tall = standing_height(label)
        sprite = draw_entity(
            label,
            height_px=(95 if label.startswith("cog") else 110) * tall,
            rng=generator(seed, "world", "sheet", label),
        )
        x, y = index % PER_ROW * width + width // 2, sum(heights[: index // PER_ROW + 1]) - 26
        corner = (round(x - sprite.foot_xy[0]), round(y - sprite.foot_xy[1]))
        sheet.paste(sprite.image, corner, sprite.image)
        draw.text((x, y + 8), label, fill=(30, 34, 40), font=font, anchor="ma")
    return sheet


def street_sheet(*, seed: int) -> Image.Image:
    """Draw one screenshot of each street at half size, two a row.

    Args:
        seed: Decides the camera and the figures.

    Returns:
        An RGB image of 1720 x 1080 pixels.
    """
    sheet = Image.new("RGB", (1720, 1080), PAPER)
    plans = plan_sample_set(seed=seed)
    for index, street in enumerate(STREETS):
        plan = next(plan for plan in plans if plan.street == street and len(plan.labels) > 2)
        picture = draw_screenshot(plan).image
        sheet.paste(picture.reduce(2), (index % 2 * 860, index // 2 * 360))
    return sheet


@dataclass(frozen=True)
class _Example:
    """One thing that makes a figure hard to see: its name, a street, settings, and a test for it."""

    title: str
    street: str
    settings: SceneSettings
    shows: Callable[[SeenFigure], bool]
    labels: tuple[str, ...] = ("cog_lb_backstabber",)


_CALM: Final = SceneSettings(
    heights_px=(280, 320), crowded_rate=0, screened_rate=0, cut_rate=0, nametag_rate=0, shadow_rate=0, dim_rate=0,
    blur_rate=0, jpeg_rate=0, facing_rate=1,
)  # fmt: skip


def _hidden_by(cause: str) -> Callable[[SeenFigure], bool]:
    return lambda figure: figure.disturbance == cause and figure.hidden[cause] > 0.15


_EXAMPLES: Final = (
    _Example("nothing", "ttc", _CALM, lambda figure: figure.occluded == 0),
    _Example(
        "another figure", "mml", replace(_CALM, crowded_rate=1), _hidden_by("figure"),
        ("cog_lb_backstabber", "toon_bear", "cog_cb_moneybags"),
    ),
    _Example("a lamp post", "ddl", replace(_CALM, screened_rate=1), _hidden_by("obstacle")),
    _Example("a tree", "dg", replace(_CALM, screened_rate=1), _hidden_by("obstacle")),
    _Example("a thing", "dd", replace(_CALM, screened_rate=1), _hidden_by("prop")),
    _Example(
        "a nametag that grazes", "ttc", replace(_CALM, nametag_rate=1, graze_rate=1),
        lambda figure: figure.hidden["nametag"] > 0.02,
    ),
    _Example("the frame", "dg", replace(_CALM, cut_rate=1),
        lambda figure: figure.hidden["frame"] > 0.2 and (figure.xyxy[0] == 0 or figure.xyxy[2] == SIZE_WH[0]),
    ),
    _Example("tiny", "ttc", replace(_CALM, heights_px=(40, 42)), lambda figure: figure.occluded == 0),
    _Example(
        "huge", "mml", replace(_CALM, heights_px=(600, 640)), lambda figure: figure.xyxy[3] - figure.xyxy[1] > 500
    ),
    _Example("fog", "dd", replace(_CALM, heights_px=(45, 55)), lambda figure: figure.fog > 0.35),
    _Example("night", "ddl", _CALM, lambda figure: figure.occluded == 0),
    _Example("shade", "ttc", replace(_CALM, shadow_rate=1), lambda figure: figure.shaded),
    _Example("bad light", "dg", replace(_CALM, dim_rate=1), lambda figure: figure.brightness < 0.6),
    _Example("out of focus", "br", replace(_CALM, blur_rate=1), lambda figure: figure.blur_px > 1),
)  # fmt: skip


def disturbance_sheet(*, seed: int) -> Image.Image:
    """Draw a Lawbot in plain view and under all that makes it hard to see, each with its box, seven a row.

    Args:
        seed: Decides everything else.

    Returns:
        An RGB image of 1680 x 700 pixels.
    """
    wide, tall = 240, 350
    sheet = Image.new("RGB", (7 * wide, 2 * tall), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for index, example in enumerate(_EXAMPLES):
        x, y = index % 7 * wide, index // 7 * tall
        tile = _example_tile(example, seed, (wide - 8, tall - 40))
        sheet.paste(tile, (x + 4, y + 4))
        draw.text((x + wide // 2, y + tall - 30), example.title, fill=(30, 34, 40), font=font, anchor="ma")
    return sheet


def _example_tile(example: _Example, seed: int, size_wh: tuple[int, int]) -> Image.Image:
    for attempt in range(200):
        rng = generator(seed, "world", "disturbance", example.title, attempt)
        scene = compose(example.street, example.labels, rng=rng, settings=example.settings)
        if scene.figures and scene.figures[0].label == example.labels[0] and example.shows(scene.figures[0]):
            return _around(scene.image, scene.figures[0].xyxy, size_wh)
    raise LookupError(f"no picture of {example.title!r} came up in 200")


def _around(picture: Image.Image, xyxy: Xyxy, size_wh: tuple[int, int]) -> Image.Image:
    """Return a box with its surroundings, at the size asked for, with its edge drawn."""
    left, top, right, bottom = xyxy
    fitting = min(0.8 * size_wh[0] / (right - left), 0.8 * size_wh[1] / (bottom - top), 4.0)
    scale = max(fitting, size_wh[1] / picture.height)
    middle, half = ((left + right) / 2, (top + bottom) / 2), (size_wh[0] / scale / 2, size_wh[1] / scale / 2)
    corner = (
        min(max(0.0, middle[0] - half[0]), picture.width - 2 * half[0]),
        min(max(0.0, middle[1] - half[1]), picture.height - 2 * half[1]),
    )
    region = (corner[0], corner[1], corner[0] + 2 * half[0], corner[1] + 2 * half[1])
    tile = picture.transform(size_wh, Image.Transform.EXTENT, region, Image.Resampling.BICUBIC)
    edges = [
        ((left - corner[0]) * scale, (top - corner[1]) * scale),
        ((right - corner[0]) * scale, (bottom - corner[1]) * scale),
    ]
    ImageDraw.Draw(tile).rectangle(edges, outline=(255, 255, 255), width=2)
    return tile


def pose_sheet(*, seed: int) -> Image.Image:
    """Draw one Cog in every kind of pose, one per row, from eight sides.

    Args:
        seed: Decides the small differences.

    Returns:
        An RGB image, 8 figures a row.
    """
    label, row = "cog_sb_movershaker", 270
    sheet = Image.new("RGB", (PER_ROW * CELL_WIDTH, len(POSE_KINDS) * row), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for down, kind in enumerate(POSE_KINDS):
        for across in range(PER_ROW):
            yaw = across * math.tau / PER_ROW
            pose = Pose(kind, phase=0.9 + 0.8 * across, lift=0.25 if kind == "flying" else 0.0)
            sprite = draw_entity(label, height_px=170, yaw=yaw, pose=pose, rng=generator(seed, "world", "poses"))
            x, y = across * CELL_WIDTH + CELL_WIDTH // 2, (down + 1) * row - 26
            corner = (round(x - sprite.foot_xy[0]), round(y - sprite.foot_xy[1]))
            sheet.paste(sprite.image, corner, sprite.image)
            draw.text((x, y + 8), f"{kind}, {view_of(yaw)}", fill=(30, 34, 40), font=font, anchor="ma")
    return sheet


def mask_sheet(*, seed: int) -> Image.Image:
    """Draw a screenshot at half size with its masks: figures, classes and parts.

    Args:
        seed: Decides the screenshot.

    Returns:
        An RGB image of 1720 x 720 pixels.
    """
    plan = next(plan for plan in plan_sample_set(seed=seed) if plan.street == "dg" and len(plan.labels) == 4)
    scene = draw_screenshot(plan, with_masks=True)
    masks = scene.masks.pictures() if scene.masks else {}
    sheet = Image.new("RGB", (1720, 720), PAPER)
    for index, picture in enumerate((scene.image, *masks.values())):
        sheet.paste(picture.convert("RGB").reduce(2), (index % 2 * 860, index // 2 * 360))
    return sheet
