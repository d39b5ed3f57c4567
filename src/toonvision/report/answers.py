"""Copies of pictures with what a model says of them drawn onto them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from toonvision.core.files import write_bytes
from toonvision.core.grouping import grouped
from toonvision.core.names import derived_name
from toonvision.data import images
from toonvision.figures.style import ink_on
from toonvision.metrics.found_objects import FoundObjects
from toonvision.metrics.named_pixels import NamedPixels
from toonvision.metrics.predictions import BoxPrediction, Prediction
from toonvision.tasks.segment_panels import painted
from toonvision.taxonomy.labels import Category

_SMALLEST, _SHARE = 12, 0.03
"""Height of the letters in pixels at least, and as a share of the picture's height."""
_NARROWEST = 240


def write_answers(predictions: Sequence[Prediction], classes: Sequence[Category], folder: Path) -> int:
    """Write a copy of every picture with its answers: on its boxes where it has any, else in a band above it.

    The copies go into the folder as PNG, numbered; it is made where it is missing. Return how many there are.
    """
    by_path = grouped(predictions, lambda prediction: prediction.path)
    by_name = {category.name: category for category in classes}
    for number, (path, answers) in enumerate(by_path.items(), start=1):
        first = answers[0]
        drawn_on = first.size_wh if isinstance(first, BoxPrediction) else None
        image = images.read_whole(path, declared_wh=drawn_on)
        drawn = _with_answers(image, answers, by_name)
        write_bytes(_copy(folder, number, path), images.encode_png(drawn))
    return len(by_path)


def write_found(found: Sequence[FoundObjects], classes: Sequence[Category], folder: Path) -> int:
    """Write a copy of every picture with the boxes that were found in it; see `write_answers`."""
    by_name = {category.name: category for category in classes}
    for number, one in enumerate(found, start=1):
        image = images.read_whole(one.path)
        draw, letters = ImageDraw.Draw(image), letters_of(image)
        for thing in reversed(one.objects):  # the most confident is drawn last
            category = by_name[thing.label]
            draw_box(draw, thing.box, f"{category.title} {thing.score:.0%}", category.color, letters)
        write_bytes(_copy(folder, number, one.path), images.encode_png(image))
    return len(found)


def write_painted(found: Sequence[NamedPixels], classes: Sequence[Category], folder: Path) -> None:
    """Write a copy of every picture with the colours of its pixels' classes over it; see `write_answers`."""
    colors = [category.color for category in classes]
    for number, one in enumerate(found, start=1):
        picture = np.asarray(images.read_whole(one.path))
        shown = Image.fromarray(painted(picture, one.whole, colors))
        write_bytes(_copy(folder, number, one.path), images.encode_png(shown))


def _copy(folder: Path, number: int, path: Path) -> Path:
    """Return the path of the copy of a picture."""
    return folder / derived_name(f"{number:04}-{path.stem}", ".png")


def letters_of(image: Image.Image) -> int:
    """Return the height in pixels of letters that can be read on a picture."""
    return max(_SMALLEST, round(_SHARE * image.height))


def draw_box(
    draw: ImageDraw.ImageDraw, xyxy: tuple[float, float, float, float], text: str, color: str, letters: int
) -> None:
    """Draw a box with a text above it.

    Args:
        draw: What draws on the picture.
        xyxy: Left, upper, right and lower edge in pixels.
        text: What stands above it.
        color: Of the box and behind the text, ``#rrggbb``.
        letters: Height of the letters in pixels.
    """
    draw.rectangle(xyxy, outline=color, width=max(2, letters // 6))
    _write(draw, xyxy[0], max(0, xyxy[1] - _band(letters)), text, color, letters)


def _write(draw: ImageDraw.ImageDraw, left: float, top: float, text: str, color: str, letters: int) -> None:
    """Write a text onto a band of a colour."""
    font, band = ImageFont.load_default(letters), _band(letters)
    draw.rectangle((left, top, left + draw.textlength(text, font=font) + letters, top + band), fill=color)
    draw.text((left + letters / 2, top + band / 2), text, fill=ink_on(color), font=font, anchor="lm")


def _band(letters: int) -> int:
    return round(1.5 * letters)


def _with_answers(image: Image.Image, answers: Sequence[Prediction], classes: dict[str, Category]) -> Image.Image:
    whole = not isinstance(answers[0], BoxPrediction)
    if whole and image.width < _NARROWEST:  # a crop may be narrower than its answer
        image = image.resize((_NARROWEST, round(image.height * _NARROWEST / image.width)))
    letters = letters_of(image)
    band = _band(letters)
    if whole:
        taller = Image.new("RGB", (image.width, image.height + band), "white")
        taller.paste(image, (0, band))
        image = taller
    draw = ImageDraw.Draw(image)
    for answer in answers:
        category = classes[answer.predicted]
        text = "none of these" if answer.none_of_these else f"{category.title} {answer.confidence:.0%}"
        if isinstance(answer, BoxPrediction):
            draw_box(draw, answer.box.xyxy, text, category.color, letters)
        else:
            _write(draw, 0, 0, text, category.color, letters)
    return image
