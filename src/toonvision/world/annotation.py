"""The ground truth of a drawn figure: its label, its bounding box, and what may make it hard to recognise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Xyxy = tuple[int, int, int, int]
CAUSES: Final = ("figure", "obstacle", "prop", "nametag", "frame")
LEAST_HIDDEN: Final = 0.03


@dataclass(frozen=True)
class SeenFigure:
    """A visible figure.

    Attributes:
        label: For example ``cog_bb_flunky``.
        xyxy: Bounding box of its visible pixels: left, top, right, bottom; half-open, inside the image.
        track: Its number in a sequence, from 1; None in a single screenshot.
        view: The side that it shows, one of the eight of `poses.view_of`.
        pose: ``standing``, ``walking``, ``fighting`` or ``flying``.
        distance: From the image plane, in units of about a metre.
        fog: Share of the haze in its colour, 0 to 0.85.
        shaded: Whether it stands in the shade.
        brightness: Of the image; below 0.8 the light is bad.
        blur_px: Radius of the image's blur in pixels.
        hidden: Share of it, from 0 to 1, that each of `CAUSES` hides; for ``frame`` the share outside the image.
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
        """The share of it that is hidden or outside the image, 0 to 1."""
        return sum(self.hidden.values())

    @property
    def disturbance(self) -> str:
        """The cause that hides most of it, one of `CAUSES`, or ``none`` if none hides more than 3 %."""
        cause = max(CAUSES, key=lambda cause: self.hidden[cause])
        return cause if self.hidden[cause] > LEAST_HIDDEN else "none"

    def attributes(self) -> dict[str, str | float | bool]:
        """Return the attributes that are stored beside the annotation, by name, rounded."""
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
