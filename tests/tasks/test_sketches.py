import numpy as np

from toonvision.metrics.predictions import Predictions
from toonvision.tasks import classify
from toonvision.tasks.sketches import with_boxes, with_pixels
from toonvision.taxonomy.labels import color_at


def rgb(label):
    return tuple(bytes.fromhex(color_at(label).removeprefix("#")))


def test_boxes_that_a_model_is_sure_of_are_drawn_onto_their_image_in_the_colour_of_their_class():
    images = np.zeros((2, 40, 60, 3), np.uint8)
    boxes = np.array([[5, 6, 30, 35], [10, 10, 20, 20], [40, 3, 50, 9]], np.float32)
    found = Predictions(2, np.array([1, 1, 0]), np.array([2, 0, 1]), np.array([0.9, 0.2, 0.5], np.float32), boxes=boxes)
    drawn = with_boxes(images, found)
    assert tuple(drawn[1, 20, 5]) == rgb(2)
    assert not drawn[1, 15, 15].any()
    assert not drawn[1, 10, 15].any()
    assert drawn[0].any()
    assert not images.any()


def test_pixels_are_tinted_by_their_class():
    pixels = np.zeros((1, 4, 6), np.uint8)
    pixels[0, :, 3:] = 1
    images = np.full((1, 4, 6, 3), 100, np.uint8)
    found = Predictions(1, np.array([0]), np.array([0]), np.array([1], np.float32), pixels=pixels)
    drawn = with_pixels(images, found)
    for label, column in ((0, 0), (1, 5)):
        np.testing.assert_allclose(drawn[0, 0, column], 50 + np.array(rgb(label)) / 2, atol=0.5)


def test_one_class_for_an_image_is_no_drawing():
    assert classify.sketch is None
