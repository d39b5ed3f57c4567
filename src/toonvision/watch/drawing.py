"""Drawing what is known of a frame onto it: boxes in the colours of the classes, with label and number."""

from collections.abc import Mapping

from PIL import Image, ImageDraw

from toonvision.report.answers import draw_box, letters_of
from toonvision.taxonomy.labels import Category
from toonvision.watch.track import Track

Categories = Mapping[str, Mapping[str, Category]]
"""Level to class to its title and colour."""


def finest(track: Track, categories: Categories) -> Category:
    """Return the class of a track at the finest level that is known."""
    level, name = list(track.evidence.path.items())[-1]
    return categories[level][name]


def draw_tracks(image: Image.Image, tracks: tuple[Track, ...], categories: Categories) -> Image.Image:
    """Return a copy of a frame with the figures that are seen in it.

    Args:
        image: In RGB.
        tracks: What is there, boxes in pixels of the image.
        categories: The titles and colours of the classes.
    """
    drawn = image.copy()
    draw, letters = ImageDraw.Draw(drawn), letters_of(image)
    for track in tracks:
        if track.found is not None:
            one, share = finest(track, categories), list(track.evidence.confidences.values())[-1]
            draw_box(draw, track.box, f"{track.number} {one.title} {share:.0%}", one.color, letters)
    return drawn
