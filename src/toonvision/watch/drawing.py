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
    """Return a copy of a frame with its tracks; one that is not seen now has a question mark.

    Args:
        image: In RGB.
        tracks: What is there, boxes in pixels of the image.
        categories: The titles and colours of the classes.
    """
    drawn = image.copy()
    draw, letters = ImageDraw.Draw(drawn), letters_of(image)
    for track in sorted(tracks, key=lambda one: one.found is not None):  # what is seen lies above
        one = finest(track, categories)
        share = list(track.evidence.confidences.values())[-1]
        text = f"{track.number} {one.title} {share:.0%}" if track.found else f"{track.number} {one.title}?"
        draw_box(draw, track.box, text, one.color, letters)
    return drawn
