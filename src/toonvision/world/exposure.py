"""The exposure of a whole image: brightness, contrast, colours, sharpness, and what JPEG leaves of it."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from toonvision.world.settings import SceneSettings

BRIGHT: Final = (0.85, 1.15)
DIM: Final = (0.5, 0.75)
GAMMAS: Final = (0.8, 1.25)
SATURATIONS: Final = (0.75, 1.3)


@dataclass(frozen=True)
class Exposure:
    """The exposure of one image.

    Attributes:
        brightness: Factor; below 0.8 the light is bad.
        gamma: Exponent of values from 0 to 1; above 1 dark areas get darker.
        cast: Factors of red, green and blue.
        blur_px: Radius of the blur in pixels; 0 is sharp.
        saturation: Factor of the colours' distance from grey.
        quality: Of the JPEG file that it once was, 1 to 100; 0 if it never was one.
    """

    brightness: float
    gamma: float
    cast: tuple[float, float, float]
    blur_px: float
    saturation: float = 1.0
    quality: int = 0

    def develop(self, frame: Image.Image) -> Image.Image:
        """Return an RGB image with this exposure."""
        levels = (np.arange(256) / 255) ** self.gamma * self.brightness
        table = np.concatenate([np.clip(levels * factor, 0, 1) * 255 for factor in self.cast])
        frame = frame.point(table.round().astype(int).tolist())
        if self.saturation != 1.0:
            frame = ImageEnhance.Color(frame).enhance(self.saturation)
        if self.blur_px:
            frame = frame.filter(ImageFilter.BoxBlur(self.blur_px))
        if self.quality:
            file = io.BytesIO()
            frame.save(file, "JPEG", quality=self.quality)
            frame = Image.open(file)
            frame.load()
        return frame


def random_exposure(rng: np.random.Generator, settings: SceneSettings) -> Exposure:
    """Return a random exposure: another monitor, other settings, another way to save the screenshot."""

    def drawn(low: float, high: float) -> float:
        return settings.monitors * float(rng.uniform(low, high)) + (1 - settings.monitors)

    dim = rng.random() < settings.dim_rate
    brightness = float(rng.uniform(*DIM)) if dim else drawn(*BRIGHT)
    gamma, saturation = drawn(*GAMMAS), drawn(*SATURATIONS)
    warmth = settings.monitors * float(rng.normal(0, 0.04))
    blur = float(rng.uniform(0.5, 1.4)) if rng.random() < settings.blur_rate else 0.0
    quality = int(rng.integers(*settings.qualities)) if rng.random() < settings.jpeg_rate else 0
    return Exposure(brightness, gamma, (1 + warmth, 1.0, 1 - warmth), blur, saturation, quality)
