"""Name panels that float above heads, as players see them."""

import functools
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FIRST: Final = ("Bumble", "Crinkle", "Dizzy", "Fizzle", "Jolly", "Loopy", "Nutty", "Peppy", "Rusty", "Zippy")
LAST: Final = ("beak", "bounce", "doodle", "flip", "marble", "pebble", "snap", "thud", "whistle", "wobble")
TITLE: Final = {"bb": "Bossbot", "lb": "Lawbot", "cb": "Cashbot", "sb": "Sellbot"}

SPELLED: Final = {
    "pencilpusher": "Pencil Pusher",
    "yesman": "Yes Man",
    "headhunter": "Head Hunter",
    "corporateraider": "Corporate Raider",
    "thebigcheese": "The Big Cheese",
    "bottomfeeder": "Bottom Feeder",
    "doubletalker": "Double Talker",
    "ambulancechaser": "Ambulance Chaser",
    "backstabber": "Back Stabber",
    "spindoctor": "Spin Doctor",
    "legaleagle": "Legal Eagle",
    "bigwig": "Big Wig",
    "shortchange": "Short Change",
    "pennypincher": "Penny Pincher",
    "beancounter": "Bean Counter",
    "numbercruncher": "Number Cruncher",
    "moneybags": "Money Bags",
    "loanshark": "Loan Shark",
    "robberbaron": "Robber Baron",
    "coldcaller": "Cold Caller",
    "namedropper": "Name Dropper",
    "gladhander": "Glad Hander",
    "movershaker": "Mover & Shaker",
    "twoface": "Two-Face",
    "themingler": "The Mingler",
    "mrhollywood": "Mr. Hollywood",
}


@functools.lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def nametag(label: str, *, size: int, rng: np.random.Generator) -> Image.Image:
    """Draw a name panel.

    Args:
        label: The figure's label; Toons get an invented name.
        size: Height of the letters in pixels.
        rng: Decides the Toon's name and the Cog's level.

    Returns:
        An RGBA image, half transparent behind the letters.
    """
    parts = label.split("_")
    if parts[0] == "cog":
        text = f"{SPELLED.get(parts[2], parts[2].title())}\n{TITLE[parts[1]]}\nLevel {int(rng.integers(1, 13))}"
        ink, paper = (60, 60, 70, 255), (224, 224, 228, 160)
    else:
        text = f"{FIRST[int(rng.integers(len(FIRST)))]} {LAST[int(rng.integers(len(LAST)))].title()}"
        ink, paper = (40, 70, 170, 255), (240, 240, 250, 150)
    font, probe = _font(size), ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = probe.multiline_textbbox((0, 0), text, font=font, align="center", spacing=2)
    pad = max(2, size // 4)
    panel = Image.new("RGBA", (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad), paper)
    ImageDraw.Draw(panel).multiline_text((pad - left, pad - top), text, font=font, fill=ink, align="center", spacing=2)
    return panel
