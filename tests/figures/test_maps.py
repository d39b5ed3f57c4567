import numpy as np
import pytest

from figures import examples
from toonvision.figures.maps import EVIDENCE, draw_map_grid, draw_map_rows, superimposed
from toonvision.figures.panels import to_png
from toonvision.figures.values import MapGrid, MapRows


def made(classes=4, *, size_hw=(60, 20), count=3):
    evaluation = examples.evaluation(examples.classes_of(classes), samples=count, size_hw=size_hw, skill=0)
    maps = np.random.default_rng(0).normal(size=(count, classes, 6, 2)).astype(np.float32)
    return evaluation, maps


def grid(classes=4, *, y_true=1, predicted=2, maps=None, **options):
    evaluation, drawn = made(classes)
    shares = np.full(classes, 0.1 / (classes - 1), np.float32)
    shares[predicted] = 0.9
    drawn = drawn[0] if maps is None else maps
    return draw_map_grid(MapGrid(evaluation.images[0], drawn, evaluation.classes, y_true, shares, **options))


def titles(figure):
    return [ax.get_title(loc="center") for ax in figure.axes if ax.get_title(loc="center")]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def raw_maps(figure):
    return [ax.images[0] for ax in figure.axes if ax.images and ax.images[0].get_array().shape == (6, 2)]


def test_the_grid_has_one_column_a_class_with_the_map_above_and_the_picture_below():
    figure = grid()
    classes = examples.classes_of(4)
    assert titles(figure) == [category.title for category in classes]
    assert len(raw_maps(figure)) == 4
    pictures = [ax for ax in figure.axes if ax.images and ax.images[0].get_array().shape == (60, 20, 3)]
    assert len(pictures) == 5
    for upper, lower in zip([image.axes for image in raw_maps(figure)], pictures[:4], strict=True):
        above, below = upper.get_position(), lower.get_position()
        assert above.x0 == pytest.approx(below.x0)
        assert above.y0 > below.y1


def test_the_grid_marks_the_predicted_and_the_true_class():
    assert {"90 %\npredicted", "3 %\ntrue"} <= set(texts(grid()))
    assert "90 %\npredicted and true" in texts(grid(y_true=2))
    said = texts(grid())
    assert said[said.index("True class") + 1] == examples.classes_of(4)[1].title
    assert said[said.index("Predicted") + 1] == examples.classes_of(4)[2].title


def test_all_classes_share_one_symmetric_scale_with_a_bar():
    figure = grid()
    limits = {image.get_clim() for image in raw_maps(figure)}
    ((low, high),) = limits
    assert low == -high
    bar = figure.axes[-1]
    assert [tick.get_text() for tick in bar.get_yticklabels()] == [f"−{high:.2g}", "0", f"+{high:.2g}"]
    assert bar.get_ylabel() == "Evidence in logits: blue against, orange for the class"


def test_each_class_has_its_own_scale_by_option():
    maps = np.ones((4, 6, 2), np.float32) * np.array([1, 2, 3, 4], np.float32)[:, np.newaxis, np.newaxis]
    figure = grid(maps=maps, normalise_each=True)
    assert [image.get_clim()[1] for image in raw_maps(figure)] == [1, 2, 3, 4]
    assert "each map on its own scale" in figure.axes[-1].get_ylabel()


def test_maps_of_nothing_but_zeros_can_be_drawn():
    zeros = np.zeros((4, 6, 2), np.float32)
    assert to_png(grid(maps=zeros), dpi=30)
    assert to_png(grid(maps=zeros, normalise_each=True), dpi=30)


def test_of_many_classes_the_most_probable_and_the_true_one_are_shown():
    shown = titles(grid(32, y_true=31, predicted=5))
    classes = examples.classes_of(32)
    assert len(shown) == 8
    assert shown[0].startswith(classes[5].title[:6])
    assert any(title.startswith(classes[31].title[:6]) for title in shown)


@pytest.mark.parametrize("size_hw", [(60, 20), (30, 30), (20, 60)])
@pytest.mark.parametrize("classes", [2, 4, 8])
def test_grids_and_rows_stay_within_their_figures_whatever_the_shape(size_hw, classes):
    evaluation, maps = made(classes, size_hw=size_hw)
    rows = MapRows(evaluation.images, maps, evaluation.classes, evaluation.best.y_true, evaluation.best.probabilities)
    one = MapGrid(evaluation.images[0], maps[0], evaluation.classes, 0, evaluation.best.probabilities[0])
    for figure in (draw_map_rows(rows), draw_map_grid(one)):
        for ax in figure.axes:
            place = ax.get_position()
            assert min(place.x0, place.y0) >= -1e-9
            assert max(place.x1, place.y1) <= 1 + 1e-9
            if ax.images and ax.images[0].get_array().shape[:2] == size_hw:
                drawn = place.width * figure.get_figwidth() / (place.height * figure.get_figheight())
                assert drawn == pytest.approx(size_hw[1] / size_hw[0])
        assert to_png(figure, dpi=20)


def test_rows_show_each_picture_with_all_classes_and_say_what_was_predicted():
    evaluation, maps = made(count=3)
    shares = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0, 0.3, 0.6, 0.1]], np.float32)
    figure = draw_map_rows(MapRows(evaluation.images, maps, evaluation.classes, np.array([0, 0, 2]), shares))
    a, b, c, d = (category.title for category in evaluation.classes)
    heads = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert heads == [f"{a}, right", f"{a}, predicted {b}", f"{c}, right"]
    assert len([ax for ax in figure.axes if ax.images and ax.images[0].get_array().shape == (60, 20, 3)]) == 15
    below = [ax.texts[0].get_text().split("\n") for ax in figure.axes[1:5]]
    assert all(title.startswith(name.rstrip("…")) for (name, _), title in zip(below, (a, b, c, d), strict=True))
    assert [percent for _, percent in below] == ["90 %", "10 %", "0 %", "0 %"]


def test_only_evidence_has_colour_upon_a_picture():
    picture = examples.evaluation(examples.classes_of(2), samples=2, size_hw=(40, 40)).images[0]
    values = np.zeros((8, 8), np.float32)
    values[:, :3], values[:, 5:] = 1, -1
    laid = superimposed(picture, values, limit=1).astype(int)
    assert (laid[:, :5, 0] > laid[:, :5, 2] + 40).all()
    assert (laid[:, 35:, 2] > laid[:, 35:, 0] + 40).all()
    assert np.ptp(laid[:, 20], axis=-1).max() <= 1
    grey = superimposed(picture, np.zeros((8, 8), np.float32), limit=1).astype(int)
    assert np.ptp(grey, axis=-1).max() == 0


def test_a_plain_picture_can_be_laid_under_a_map():
    plain = np.zeros((10, 10, 3), np.uint8)
    assert superimposed(plain, np.full((2, 2), 5, np.float32), limit=1).shape == (10, 10, 3)


def test_evidence_for_and_against_differ_in_hue_and_are_equally_far_from_white():
    against, none, support = (np.array(EVIDENCE(value)[:3]) for value in (0.0, 0.5, 1.0))
    assert against.argmax() == 2
    assert support.argmax() == 0
    assert none.min() > 0.95
