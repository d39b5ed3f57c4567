import numpy as np

from toonvision.explain.activations import LayerActivation
from toonvision.figures.activations import draw_activation, draw_filter_images, draw_first_filters
from toonvision.figures.panels import to_png
from toonvision.figures.values import ActivationTiles, FilterImages, FirstFilters


def activation(channels=5):
    values = np.random.default_rng(0).random((6, 4, channels), dtype=np.float32) * np.arange(channels, dtype=np.float32)
    return LayerActivation("conv2d_7", "convolution", values)


def names(figure):
    return [ax.get_xlabel() for ax in figure.axes]


def test_every_channel_is_a_tile_on_one_scale_and_an_inactive_one_is_named_so():
    figure = draw_activation(ActivationTiles(activation(), (60, 40), number=2))
    assert names(figure) == ["0, inactive", "1", "2", "3", "4"]
    assert len({ax.images[0].get_clim() for ax in figure.axes}) == 1
    assert figure.texts[0].get_text().startswith("Convolution 2: 5 channels of 6 x 4, bright where active (up to ")
    assert to_png(figure, dpi=30)


def test_tiles_have_the_shape_of_the_picture_and_stay_within_the_figure():
    figure = draw_activation(ActivationTiles(activation(40), (600, 200)))
    width, height = figure.get_size_inches()
    for ax in figure.axes:
        place = ax.get_position()
        assert 0 <= place.x0 < place.x1 <= 1
        assert 0 <= place.y0 < place.y1 <= 1
        assert abs(place.width * width / (place.height * height) - 1 / 3) < 1e-6


def test_a_layer_that_is_inactive_throughout_can_be_drawn():
    silent = LayerActivation("pool", "pooling", np.zeros((3, 3, 2), np.float32))
    assert names(draw_activation(ActivationTiles(silent, (3, 3)))) == ["0, inactive", "1, inactive"]


def test_filters_are_drawn_one_a_tile():
    weights = np.random.default_rng(0).random((3, 3, 3, 7), dtype=np.float32)
    figure = draw_first_filters(FirstFilters(weights))
    assert names(figure) == [str(number) for number in range(7)]
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), weights[..., 4])
    climbed = draw_filter_images(FilterImages(np.zeros((2, 8, 8, 3), np.uint8), number=2))
    assert climbed.texts[0].get_text() == "Images that activate the 2 filters of convolution 2 most"
    assert names(climbed) == ["0", "1"]
