import numpy as np
import pytest

from toonvision.explain.boxes import BoxCase, BoxEvidence
from toonvision.figures.detection import draw_box_evidence, draw_box_gallery, draw_box_spread, draw_precision_recall
from toonvision.figures.panels import to_png
from toonvision.figures.values import BoxSpread
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.detection import Curve, Found
from toonvision.tasks.box_scores import Interval
from toonvision.tasks.box_views import BoxGallery, Framed, View, ViewGroup
from toonvision.tasks.detect_panels import ClassCurve
from toonvision.taxonomy.labels import Category

COG, TOON = Category("cog", "Cog", "#546374"), Category("toon", "Toon", "#EF8A62")
CURVE = Curve(np.array([0.9, 0.4], np.float32), np.array([0.0, 0.1]), np.array([0.0, 0.6]))


def test_a_class_of_which_nothing_is_found_has_its_dot_as_well_unless_nothing_is_predicted():
    figure = draw_precision_recall(
        (ClassCurve(COG, CURVE, 0.4, Found(5, 0, 3)), ClassCurve(TOON, CURVE, 0.95, Found(5, 0, 0)))
    )
    (ax,) = figure.axes
    dots = [(line.get_color(), *line.get_xydata().tolist()) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [(COG.color, [0, 0])]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Cog (threshold 0.40)", "Toon (threshold 0.95: no prediction)"]


def test_the_legend_of_precision_and_recall_lies_where_no_curve_can():
    figure = draw_precision_recall((ClassCurve(COG, CURVE, 0.4, Found(5, 0, 3)),))
    figure.canvas.draw()
    (ax,) = figure.axes
    assert ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0


@pytest.mark.parametrize("count", [1, 3])
def test_boxes_are_shown_from_near_without_the_black_border_and_one_has_the_sheet_for_itself(count):
    case = BoxCase("a.png", np.full((64, 96, 3), 200, np.uint8), (48, 96), (10.0, 10.0, 20.0, 30.0), 0, "found")
    one = BoxEvidence(case, COG, np.zeros((8, 12), np.float32), np.zeros((64, 96), np.float32), 0.9, 0.8, 0.1)
    figure = draw_box_evidence((one,) * count)
    pictures = [ax.images[0].get_array().shape[:2] for ax in figure.axes if ax.images]
    assert pictures == [(48, 48)] * 3 * count
    headings = [ax.texts[0].get_text() for ax in figure.axes if not ax.images]
    assert headings == ["The box", "Its middle", "What speaks for it"] * min(2, count)


def test_both_scores_of_a_training_stand_beside_each_other():
    scores = Interval(ap=Estimate(0.4, 0.3, 0.5), ap50=Estimate(0.45, 0.35, 0.55))
    figure = draw_box_spread(BoxSpread((scores,), (0,), np.zeros(3, np.int64), best=0))
    x = [float(line.get_xdata()[0]) for line in figure.axes[0].lines if line.get_marker() == "D"]
    assert x[0] < 0 < x[1]


def test_groups_of_views_stand_beside_each_other_while_there_is_room():
    view = View(
        np.zeros((8, 8, 3), np.uint8), (Framed((1, 1, 5, 5), "#112233", predicted=False, subject=True),), "Cog", ()
    )
    groups = tuple(ViewGroup(f"At the screenshot's edge: {count}", (view,) * count) for count in (2, 4, 1, 8))
    figure = draw_box_gallery(BoxGallery(groups))
    headings = [ax for ax in figure.axes if not ax.images]
    left, top = (np.array([getattr(ax.get_position(), edge) for ax in headings]) for edge in ("x0", "y1"))
    assert top[0] == top[1] > top[2] > top[3]
    assert left[0] == left[2] == left[3] < left[1]
    assert [ax.texts[0].get_text().count("\n") for ax in headings] == [0, 0, 1, 0]
    assert len([ax for ax in figure.axes if ax.images]) == 15
    assert to_png(figure, dpi=20)
