"""What is true of a figure in a picture, beyond its label and box: why a network may find it hard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Xyxy = tuple[int, int, int, int]
CAUSES: Final = ("figure", "obstacle", "prop", "nametag", "frame")
TELLING_SHARE: Final = 0.03


@dataclass(frozen=True)
class SeenFigure:
    """A figure as it is seen.

    Attributes:
        label: For example ``cog_bb_flunky``.
        xyxy: Pixel edges of its visible extent: left, top, right, bottom; half-open, inside the picture.
        track: Which figure of a sequence it is, from 1; None in a picture that stands alone.
        view: Side that it shows, one of the eight of `poses.view_of`.
        pose: ``standing``, ``walking``, ``fighting`` or ``flying``.
        distance: From the picture plane, in units of about a metre.
        fog: Share of its colour that has gone to haze, 0 to 0.85.
        shaded: Whether it stands in the shade.
        brightness: Of the picture; below 0.8 the light is bad.
        blur_px: Radius by which the picture is out of focus.
        hidden: Share of it that each of `CAUSES` hides, from 0 to 1; for ``frame`` the share outside the picture.
    """

    label: str
    xyxy: Xyxy
    track: int | None
    view: str
    pose: str
    distance: float
    fog: float
    shaded: bool
    brightness: float
    blur_px: float
    hidden: Mapping[str, float]

    @property
    def occluded(self) -> float:
        """The share of it that other things hide or that lies outside the picture, 0 to 1."""
        return sum(self.hidden.values())

    @property
    def disturbance(self) -> str:
        """What hides most of it, one of `CAUSES`, or ``none`` if nothing hides more than 3 %."""
        cause = max(CAUSES, key=lambda cause: self.hidden[cause])
        return cause if self.hidden[cause] > TELLING_SHARE else "none"

    def attributes(self) -> dict[str, str | float | bool]:
        """Give what is recorded beside the annotation, by name; shares and lengths are rounded."""
        identity = {} if self.track is None else {"track": self.track}
        return {
            **identity,
            "view": self.view,
            "pose": self.pose,
            "distance": round(self.distance, 2),
            "fog": round(self.fog, 3),
            "shaded": self.shaded,
            "brightness": round(self.brightness, 3),
            "blur_px": round(self.blur_px, 2),
            "occluded": round(self.occluded, 3),
            "disturbance": self.disturbance,
        }
