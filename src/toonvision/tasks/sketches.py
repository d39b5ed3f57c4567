"""Predictions drawn onto images: quick sketches that show how a training gets on."""

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from toonvision.data.images import Pictures
from toonvision.metrics.predictions import Predictions
from toonvision.taxonomy.labels import color_at

_SURE = 0.3
_COVER = 0.5
"""How much of a pixel's colour is that of its class."""


def with_boxes(images: Pictures, predictions: Predictions) -> Pictures:
    """Return images with the predicted boxes of confidence 0.3 or more, in a colour for each class.

    Where pixels are named too, they are coloured as in `with_pixels`.
    """
    images = images if predictions.pixels is None else with_pixels(images, predictions)
    drawn = [Image.fromarray(image) for image in images]
    boxes = np.zeros((0, 4)) if predictions.boxes is None else predictions.boxes
    for at in np.flatnonzero(predictions.scores >= _SURE).tolist():
        x_min, y_min, x_max, y_max = np.rint(boxes[at]).tolist()
        outline = color_at(int(predictions.labels[at]))
        corners = (x_min, y_min, max(x_min, x_max), max(y_min, y_max))
        ImageDraw.Draw(drawn[predictions.image[at]]).rectangle(corners, outline=outline, width=2)
    return np.stack([np.asarray(one) for one in drawn])


def with_pixels(images: Pictures, predictions: Predictions) -> Pictures:
    """Return images in which half of each pixel's colour is that of its predicted class."""
    if predictions.pixels is None:
        raise TypeError("these predictions have no pixels; a segmenter's have")
    most = int(predictions.pixels.max(initial=0)) + 1
    colors = np.array([ImageColor.getrgb(color_at(label)) for label in range(most)], np.float32)
    mixed = (1 - _COVER) * images + _COVER * colors[predictions.pixels]
    return np.rint(mixed).astype(np.uint8)
