"""How hard the pictures of the sample world are."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class SceneSettings:
    """How hard the pictures are; every rate is a share of screenshots or figures from 0 to 1.

    What came of the rates is recorded for every object: see `toonvision.world.annotation`.

    Attributes:
        heights_px: Least, most common and greatest height of a figure; drawn from a triangle on a logarithmic scale.
        crowded_rate: Screenshots in which figures may stand partly behind each other; elsewhere they hardly do.
        screened_rate: Figures with a tree, lamp post or other thing partly in front.
        cut_rate: Figures that may be cut by the frame's side.
        nametag_rate: Figures with a name above their head.
        graze_rate: Names that hang so low that they hide the top of the head.
        most_named_over: Greatest share of a figure that another one's name may hide.
        shadow_rate: Figures that stand in the shade.
        dim_rate: Screenshots in bad light.
        blur_rate: Screenshots that are out of focus.
        facing_rate: Figures that roughly face the camera; the others look anywhere.
        least_seen: Share of a figure between the frame's upper and lower edge that is to be seen where it is crowded
            or screened; names are not counted, and where no place is found the best of many is taken.
        least_seen_cut: The same of a figure that may be cut by the frame's side.
        light_spread: How much the light on figures differs: standard deviations of its strength and of its colour,
            as logarithms.
    """

    heights_px: tuple[float, float, float] = (37, 250, 720)
    crowded_rate: float = 0.1
    screened_rate: float = 0.05
    cut_rate: float = 0.06
    nametag_rate: float = 0.4
    graze_rate: float = 0.15
    most_named_over: float = 0.2
    shadow_rate: float = 0.2
    dim_rate: float = 0.3
    blur_rate: float = 0.08
    facing_rate: float = 0.55
    least_seen: float = 0.7
    least_seen_cut: float = 0.6
    light_spread: tuple[float, float] = (0.06, 0.006)


DEFAULT_SETTINGS: Final = SceneSettings()
