import numpy as np
from PIL import Image

from toonvision.figures.panels import to_png
from toonvision.figures.segmentation import draw_class_iou, draw_iou, draw_mask_gallery
from toonvision.figures.style import new_figure
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.named_pixels import NamedPixels
from toonvision.report.answers import write_painted
from toonvision.tasks.pixel_scores import ClassPixels
from toonvision.tasks.segment_panels import MaskGallery, MaskView, PixelRow, painted
from toonvision.taxonomy.labels import Category

CLASSES = (Category("sky", "Sky", "#56B4E9"), Category("road", "Road", "#F0E442"))
ROWS = tuple(
    PixelRow(category, ClassPixels(category.name, share, Estimate(iou, iou - 0.1, iou + 0.05), Estimate(0.5, 0.4, 0.6)))
    for category, share, iou in zip(CLASSES, (0.25, 0.75), (0.62, 0.9), strict=True)
)


def test_each_class_is_a_dot_on_its_interval_with_its_share_beside_it():
    ax = draw_class_iou(new_figure(6, 3).subplots(), ROWS)
    dots = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [0.62, 0.9]
    assert [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "s"] == [0.5, 0.5]
    intervals = [tuple(map(float, line.get_xdata())) for line in ax.lines if len(line.get_xdata()) == 2]
    assert (0.52, 0.67) in intervals
    assert [text.get_text() for text in ax.texts] == ["25.0 % of the pixels", "75.0 % of the pixels"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Sky", "Road"]
    assert to_png(draw_iou(ROWS), dpi=20)


def test_each_screenshot_stands_with_the_true_classes_beside_the_predicted_ones():
    true, predicted = (np.full((9, 16, 3), value, np.uint8) for value in (10, 200))
    figure = draw_mask_gallery(
        MaskGallery(tuple(MaskView(true, predicted, f"{at} % right") for at in range(3)), CLASSES)
    )
    assert [ax.images[0].get_array()[0, 0, 0] for ax in figure.axes] == [10, 200] * 3
    words = [ax.texts[0].get_text() for ax in figure.axes]
    assert words == ["true", "predicted, 0 % right", "true", "predicted, 1 % right", "true", "predicted, 2 % right"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Sky", "Road"]
    assert to_png(figure, dpi=20)


def test_the_colours_of_classes_are_painted_over_and_what_does_not_count_is_not_painted():
    picture = np.array([[[0, 0, 0], [0, 0, 0], [10, 128, 255]]], np.uint8)
    shown = painted(picture, np.array([[0, 1, 255]], np.uint8), ["#FF0000", "#0000FF"])
    assert shown[0].tolist() == [[153, 0, 0], [0, 0, 153], [10, 128, 255]]


def test_the_names_of_the_painted_classes_stand_below_a_copy_on_their_colours(tmp_path):
    Image.new("RGB", (120, 40)).save(tmp_path / "a.png")
    named = NamedPixels(tmp_path / "a.png", (120, 40), np.zeros((40, 120), np.uint8), ("sky", "road"), 1.0)
    write_painted([named], CLASSES, tmp_path / "copies")
    (copy,) = (np.array(Image.open(path)) for path in (tmp_path / "copies").iterdir())
    assert copy.shape == (58, 120, 3)
    below = {tuple(color) for color in copy[40:].reshape(-1, 3).tolist()}
    assert (0x56, 0xB4, 0xE9) in below
    assert (0xF0, 0xE4, 0x42) not in below
