import numpy as np
from matplotlib.colors import to_hex

from figures import examples
from toonvision.evaluation.breakdown import Breakdown, Group
from toonvision.figures.evaluation import (
    draw_breakdown,
    draw_breakdowns,
    draw_calibration,
    draw_novelty,
    draw_reliability,
)
from toonvision.figures.panels import to_png
from toonvision.figures.style import WRONG, new_figure
from toonvision.metrics.calibration import Bin, Reliability, calibrate
from toonvision.metrics.intervals import Proportion
from toonvision.metrics.novelty import NoveltyScore, NoveltyTest


def group(title, wrong, total, rest=(5, 100), mean=0.2):
    return Group(title, Proportion(wrong, total), mean, Proportion(*rest))


GROUPS = (group("small", 12, 20), group("large", 3, 40), group("huge", 1, 4))


def test_each_group_is_a_dot_on_its_interval_with_its_counts_beside_it():
    ax = draw_breakdown(new_figure(6, 3).subplots(), Breakdown("height", "Height", GROUPS, 3))
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    assert dots == [one.wrong.share for one in GROUPS]
    intervals = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2][: len(GROUPS)]
    assert intervals == [one.wrong.interval for one in GROUPS]
    assert [text.get_text() for text in ax.texts] == ["12 of 20", "3 of 40", "1 of 4"]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "|"] == [0.2] * 3


def test_few_crops_are_faint_and_only_a_clear_difference_is_red():
    ax = draw_breakdown(new_figure(6, 3).subplots(), Breakdown("height", "Height", GROUPS, 1))
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_alpha() == 1.0 for dot in dots] == [True, True, False]
    assert [dot.get_color() == WRONG for dot in dots] == [True, False, False]
    assert not [line for line in ax.lines if line.get_marker() == "|"]


def test_all_breakdowns_stand_in_one_figure():
    several = [Breakdown(f"b{n}", f"Title {n}", GROUPS[: 1 + n % 3], 2) for n in range(5)]
    figure = draw_breakdowns(tuple(several))
    titles = {ax.get_title(loc="left") for ax in figure.axes}
    assert titles >= {f"Title {n}" for n in range(5)}
    assert to_png(figure, dpi=20)
    assert to_png(draw_breakdowns((several[0],)), dpi=20)


def test_a_bin_below_its_confidence_is_red_and_the_error_is_written():
    bins = (Bin(0.6, Proportion(12, 20), (0.5, 0.7)), Bin(0.95, Proportion(8, 20), (0.9, 1.0)))
    found = Reliability(bins, 0.275, (0.1, 0.4), 0.08, 0.9)
    ax = draw_reliability(new_figure(5, 4).subplots(), found, title="As trained")
    dots = [(line.get_xdata()[0], line.get_ydata()[0], line.get_color() == WRONG) for line in ax.lines
            if line.get_marker() == "o"]  # fmt: skip
    assert dots == [(0.6, 0.6, False), (0.95, 0.4, True)]
    (text,) = ax.texts
    assert text.get_text().startswith("calibration error 27.5 % (10.0–40.0)")
    assert ax.get_title(loc="left") == "As trained"


def test_calibration_stands_before_and_after_beside_each_other():
    made = examples.evaluation(examples.classes_of(3), samples=60)
    calibration = calibrate(
        made.best.y_true,
        made.best.probabilities,
        fit_y_true=made.best.y_true,
        fit_probabilities=made.best.probabilities,
    )
    before, after = draw_calibration(calibration).axes
    assert before.get_title(loc="left") == "As trained"
    assert after.get_title(loc="left") == f"With temperature {calibration.temperature:.2f}"
    assert np.isfinite(before.get_xlim()).all()


def test_a_temperature_fitted_on_the_evaluated_crops_is_drawn_as_such():
    made = examples.evaluation(examples.classes_of(3), samples=60)
    calibration = calibrate(
        made.best.y_true,
        made.best.probabilities,
        fit_y_true=made.best.y_true,
        fit_probabilities=made.best.probabilities,
        fitted_here=True,
    )
    _, after = draw_calibration(calibration).axes
    assert after.get_title(loc="left").endswith(", fitted on these crops")


def test_novelty_scores_stand_in_a_row_for_each_group_with_the_wrong_side_of_the_threshold_in_red():
    scores = np.array([-3.0, -2.0, 0.5], np.float32)
    beside = {"background": np.array([2.0, 3.0, -1.0, 4.0], np.float32)}
    test = NoveltyTest(scores, beside, NoveltyScore((1.0,), 0.0, 9, 9, 9))
    figure = draw_novelty(test)
    (ax,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()][1] == "On the wrong side"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["crops", "background"]
    assert {"1 of 3 rejected", "3 of 4 rejected"} <= {text.get_text() for text in ax.texts}
    red = [bar for bar in ax.patches if bar.get_height() and to_hex(bar.get_facecolor()).upper() == WRONG]
    assert {(bar.get_x() > -0.01, bar.get_y() < 1) for bar in red} == {(True, True), (False, False)}
