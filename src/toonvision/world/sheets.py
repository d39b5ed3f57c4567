"""Overview pictures for the documentation: every entity, and every street."""

from PIL import Image, ImageDraw, ImageFont

from toonvision.core.seeds import generator
from toonvision.world.entities import LABELS, draw_entity, standing_height
from toonvision.world.palette import STREETS
from toonvision.world.sample_set import draw_screenshot, plan_sample_set

CELL_WIDTH, COG_HEIGHT, TOON_HEIGHT = 170, 320, 226
PER_ROW = 8
PAPER = (206, 216, 222)


def contact_sheet(*, seed: int, yaw: float = 0.0) -> Image.Image:
    """Draw all 43 entities with their labels, a row for each suit and the Toons below.

    Args:
        seed: Decides the Toons' colours and the small differences.
        yaw: Turn of every figure in radians; 0 is the front.

    Returns:
        An RGB picture, 8 figures a row.
    """
    width = CELL_WIDTH
    heights = [TOON_HEIGHT if label.startswith("toon") else COG_HEIGHT for label in LABELS[::PER_ROW]]
    sheet = Image.new("RGB", (PER_ROW * width, sum(heights)), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for place, label in enumerate(LABELS):
        tall = standing_height(label)
        sprite = draw_entity(label, height_px=110 * tall, yaw=yaw, rng=generator(seed, "world", "sheet", label))
        x, y = place % PER_ROW * width + width // 2, sum(heights[: place // PER_ROW + 1]) - 26
        corner = (round(x - sprite.foot_xy[0]), round(y - sprite.foot_xy[1]))
        sheet.paste(sprite.image, corner, sprite.image)
        draw.text((x, y + 8), label, fill=(30, 34, 40), font=font, anchor="ma")
    return sheet


def street_sheet(*, seed: int) -> Image.Image:
    """Draw one screenshot of each street at half size, two a row.

    Args:
        seed: Decides the camera and what is seen.

    Returns:
        An RGB picture of 1720 x 1080 pixels.
    """
    sheet = Image.new("RGB", (1720, 1080), PAPER)
    plans = plan_sample_set(seed=seed)
    for place, street in enumerate(STREETS):
        plan = next(plan for plan in plans if plan.street == street and len(plan.labels) > 2)
        picture, _ = draw_screenshot(plan)
        sheet.paste(picture.reduce(2), (place % 2 * 860, place // 2 * 360))
    return sheet
