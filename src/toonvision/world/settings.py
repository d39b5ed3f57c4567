"""How hard the images of the sample world are."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class SceneSettings:
    """How hard the images are; each rate is a share of screenshots or figures, from 0 to 1.

    The result is recorded for every object: see `toonvision.world.annotation`.

    Attributes:
        heights_px: Smallest and largest height of a figure; all between are as common.
        crowded_rate: Screenshots in which figures may overlap more than a little.
        screened_rate: Figures partly behind a tree, a lamp post or another thing.
        cut_rate: Figures at the left or right edge, which may cut them.
        nametag_rate: Figures with a name above their head.
        graze_rate: Names so low that they hide the top of the head.
        most_named_over: Largest share of a figure that the name of another may hide.
        shadow_rate: Figures that stand in the shade.
        dim_rate: Screenshots in bad light.
        blur_rate: Screenshots that are out of focus.
        jpeg_rate: Screenshots that were a JPEG file once.
        qualities: Lowest quality of such a file, and one above the highest, 1 to 100.
        facing_rate: Figures that roughly face the camera; the others look anywhere.
        least_seen: Smallest visible share of a crowded or screened figure, of what is between the upper and lower edge;
            names are not counted. If no position reaches it, the best of many is used.
        least_seen_cut: The same for a figure that may be cut by the left or right edge.
        monitors: How unlike the monitors and settings are that screenshots come from: 0 all the same, 1 from anywhere.
        light_spread: Variation of the light on figures: standard deviations of the logarithms of its strength and of
            its colour.
    """

    heights_px: tuple[float, float] = (40, 620)
    crowded_rate: float = 0.35
    screened_rate: float = 0.12
    cut_rate: float = 0.14
    nametag_rate: float = 0.85
    graze_rate: float = 0.15
    most_named_over: float = 0.2
    shadow_rate: float = 0.1
    dim_rate: float = 0.02
    blur_rate: float = 0.03
    jpeg_rate: float = 0.4
    qualities: tuple[int, int] = (88, 96)
    facing_rate: float = 0.1
    least_seen: float = 0.5
    least_seen_cut: float = 0.5
    monitors: float = 0.2
    light_spread: tuple[float, float] = (0.02, 0.008)


DEFAULT_SETTINGS: Final = SceneSettings()
"""As hard as real screenshots of one person."""
VARIED: Final = SceneSettings(
    dim_rate=0.06, blur_rate=0.08, qualities=(50, 96), monitors=1.0, light_spread=(0.04, 0.015)
)
"""What a model should learn from that is to hold on anybody's screenshots."""
