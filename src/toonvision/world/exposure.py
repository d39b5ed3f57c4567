"""The exposure of a whole image: brightness, contrast, colour cast, sharpness."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from toonvision.world.palette import STREETS
from toonvision.world.settings import SceneSettings

DARKEST_NIGHT: Final = 0.85
BRIGHT: Final = (0.85, 1.2)
DIM: Final = (0.5, 0.75)


@dataclass(frozen=True)
class Exposure:
    """The exposure of one image.

    Attributes:
        brightness: Factor; below 0.8 the light is bad.
        gamma: Exponent of values from 0 to 1; above 1 dark areas get darker.
        cast: Factors of red, green and blue.
        blur_px: Radius of the blur in pixels; 0 is sharp.
    """

    brightness: float
    gamma: float
    cast: tuple[float, float, float]
    blur_px: float

    def develop(self, frame: Image.Image) -> Image.Image:
        """Return an RGB image with this exposure."""
        levels = (np.arange(256) / 255) ** self.gamma * self.brightness
        table = np.concatenate([np.clip(levels * factor, 0, 1) * 255 for factor in self.cast])
        frame = frame.point(table.round().astype(int).tolist())
        return frame.filter(ImageFilter.BoxBlur(self.blur_px)) if self.blur_px else frame


def random_exposure(street: str, rng: np.random.Generator, settings: SceneSettings) -> Exposure:
    """Return a random exposure for a street, whose own tint is part of the cast."""
    brightness = float(rng.uniform(*(DIM if rng.random() < settings.dim_rate else BRIGHT)))
    if street == "ddl":
        brightness = max(brightness, DARKEST_NIGHT)
    gamma, warmth = float(rng.uniform(0.85, 1.2)), float(rng.normal(0, 0.03))
    red, green, blue = STREETS[street].tint
    blur = float(rng.uniform(0.5, 1.4)) if rng.random() < settings.blur_rate else 0.0
    return Exposure(brightness, gamma, (red * (1 + warmth), green, blue * (1 - warmth)), blur)
