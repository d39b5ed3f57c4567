"""Copies of pictures with what a model says of them drawn onto them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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
        shown = [(thing, by_name[thing.label]) for thing in one.objects]  # the most confident is the first
        draw_boxes(image, [TitledBox(it.box, f"{what.title} {it.confidence:.0%}", what.color) for it, what in shown])
        write_bytes(_copy(folder, number, one.path), images.encode_png(image))
    return len(found)


def write_painted(found: Sequence[NamedPixels], classes: Sequence[Category], folder: Path) -> None:
    """Write a copy of every picture with the colours of its pixels' classes over it, and below it their names.

    For the copies see `write_answers`.
    """
    colors = [category.color for category in classes]
    for number, one in enumerate(found, start=1):
        picture = np.asarray(images.read_whole(one.path))
        painted_over = Image.fromarray(painted(picture, one.whole, colors))
        shown = _with_names(painted_over, [classes[at] for at in np.unique(one.whole).tolist()])
        write_bytes(_copy(folder, number, one.path), images.encode_png(shown))


def _copy(folder: Path, number: int, path: Path) -> Path:
    """Return the path of the copy of a picture."""
    return folder / derived_name(f"{number:04}-{path.stem}", ".png")


def letters_of(image: Image.Image) -> int:
    """Return the height in pixels of letters that can be read on a picture."""
    return max(_SMALLEST, round(_SHARE * image.height))


class TitledBox(NamedTuple):
    """A box to draw onto a picture.

    Attributes:
        xyxy: Left, upper, right and lower edge in pixels.
        text: What stands above it.
        color: Of the box and behind the text, ``#rrggbb``.
    """

    xyxy: tuple[float, float, float, float]
    text: str
    color: str


def draw_boxes(image: Image.Image, boxes: Sequence[TitledBox]) -> None:
    """Draw boxes onto a picture, the most important ones first; no text hides another one, where there is room."""
    draw, letters = ImageDraw.Draw(image), letters_of(image)
    for one in reversed(boxes):
        draw.rectangle(one.xyxy, outline=one.color, width=max(2, letters // 6))
    taken: list[tuple[float, float, float, float]] = []
    for one in boxes:
        wide, high = _width(one.text, letters), _band(letters)
        left = max(0.0, min(one.xyxy[0], image.width - wide))
        top = _free_top((left, left + wide), high, max(0.0, one.xyxy[1] - high), taken, within=image.height)
        taken.append((left, top, left + wide, top + high))
        _write(draw, left, top, one.text, one.color, letters)


def _free_top(
    sides: tuple[float, float],
    high: float,
    wanted: float,
    taken: Sequence[tuple[float, float, float, float]],
    *,
    within: float,
) -> float:
    """Return the upper edge of a text: where it is wanted, or else the nearest free place, in the picture if it can."""
    beside = [(upper, lower) for start, upper, end, lower in taken if sides[0] < end and start < sides[1]]
    places = [wanted, *(upper - high for upper, _ in beside), *(lower for _, lower in beside)]
    free = [top for top in places if top >= 0 and all(top + high <= up or low <= top for up, low in beside)]
    return min(free, key=lambda top: (top + high > within, abs(top - wanted)))


def _with_names(image: Image.Image, classes: Sequence[Category]) -> Image.Image:
    """Return an image with the names of classes below it, each on its colour, in as many lines as they need."""
    letters = letters_of(image)
    left, top = 0.0, image.height
    places: list[tuple[float, float]] = []
    for category in classes:
        wide = _width(category.title, letters)
        if places and left + wide > image.width:
            left, top = 0.0, top + _band(letters)
        places.append((left, top))
        left += wide
    taller = Image.new("RGB", (image.width, top + _band(letters)), "white")
    taller.paste(image)
    draw = ImageDraw.Draw(taller)
    for category, place in zip(classes, places, strict=True):
        _write(draw, *place, category.title, category.color, letters)
    return taller


def _write(draw: ImageDraw.ImageDraw, left: float, top: float, text: str, color: str, letters: int) -> None:
    """Write a text onto a band of a colour."""
    font, band = ImageFont.load_default(letters), _band(letters)
    draw.rectangle((left, top, left + _width(text, letters), top + band), fill=color)
    draw.text((left + letters / 2, top + band / 2), text, fill=ink_on(color), font=font, anchor="lm")


def _width(text: str, letters: int) -> float:
    return ImageFont.load_default(letters).getlength(text) + letters


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
    said = [(answer, _text(answer, classes), classes[answer.predicted].color) for answer in answers]
    draw_boxes(image, [TitledBox(one.box.xyxy, *shown) for one, *shown in said if isinstance(one, BoxPrediction)])
    if whole:
        for _, text, color in said:
            _write(ImageDraw.Draw(image), 0, 0, text, color, letters)
    return image


def _text(answer: Prediction, classes: dict[str, Category]) -> str:
    if answer.none_of_these:
        return "none of these"
    return f"{classes[answer.predicted].title} {answer.confidence:.0%}"
