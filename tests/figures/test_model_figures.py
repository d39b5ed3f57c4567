import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from figures import examples
from toonvision.figures.evaluation import draw_class_scores, draw_confusion
from toonvision.figures.panels import to_png
from toonvision.figures.pictures import draw_gallery, draw_probabilities, draw_unsure
from toonvision.figures.style import new_figure
from toonvision.figures.training import draw_curves, draw_spread
from toonvision.figures.values import TrainingCurve, TrainingSpread
from toonvision.metrics.classification import Spread
from toonvision.metrics.intervals import Proportion
from toonvision.tasks.classify_panels import Case, ClassRow, ConfusionMatrix, Gallery, LeastConfident


def texts(ax):
    return [text.get_text() for text in ax.texts]


def evaluated(count, classes, *, size_hw=(60, 20), repeats=3):
    made = examples.evaluation(examples.classes_of(classes), samples=count, repeats=repeats, size_hw=size_hw, skill=0)
    return tuple(
        Case(made.images[at], int(made.best.y_true[at]), made.best.probabilities[at], int(made.wrong_in[at]), repeats)
        for at in range(count)
    )


def test_curves_mark_the_saved_epoch_of_the_best_training():
    curves = [TrainingCurve(seed, examples.history(10, seed=seed), 4, seed == 1) for seed in range(3)]
    loss, accuracy = draw_curves(tuple(curves)).axes
    for ax, name in ((loss, "val_loss"), (accuracy, "val_accuracy")):
        value = curves[1].epochs[3][name]
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(4, value)]
        assert ax.get_title(loc="right") == f"validation {value:.3f} at epoch 4"


def test_the_best_training_is_strong_and_the_others_are_thin():
    curves = [TrainingCurve(seed, examples.history(5, seed=seed), 2, seed == 0) for seed in range(4)]
    (ax, _) = draw_curves(tuple(curves)).axes
    widths = [line.get_linewidth() for line in ax.lines if len(line.get_xdata()) == 5]
    assert sorted(widths) == [0.8] * 6 + [2.2] * 2


def test_a_loss_that_is_nan_leaves_a_gap_instead_of_breaking_the_figure():
    epochs = [*examples.history(3), {"loss": float("inf"), "accuracy": 0.3, "val_loss": float("nan")}]
    figure = draw_curves((TrainingCurve(0, epochs, 2, best=True),))
    assert np.isnan(figure.axes[0].lines[0].get_ydata()[3])
    assert to_png(figure, dpi=30)


def test_a_single_epoch_is_seen_as_dots():
    figure = draw_curves((TrainingCurve(0, examples.history(1), 1, best=True),))
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_the_matrix_writes_counts_and_leaves_zeros_empty():
    matrix = np.array([[5, 0, 1], [0, 1234, 0], [2, 0, 3]])
    every, wrong = draw_confusion(ConfusionMatrix(matrix, examples.classes_of(3))).axes
    assert texts(every) == ["5", "1", "1,234", "2", "3"]
    assert texts(wrong) == ["1", "2"]
    assert wrong.get_title(loc="left") == "Wrong predictions: 3"
    assert (every.get_xlabel(), every.get_ylabel()) == ("Predicted class", "True class")


def test_a_matrix_without_any_wrong_prediction_can_be_drawn():
    _, wrong = draw_confusion(ConfusionMatrix(np.diag([4, 4]), examples.classes_of(2))).axes
    assert texts(wrong) == []


def test_matrices_of_many_classes_stand_below_each_other():
    upper, lower = draw_confusion(ConfusionMatrix(np.eye(32, dtype=np.int64), examples.classes_of(32))).axes
    assert upper.get_subplotspec().rowspan != lower.get_subplotspec().rowspan
    assert upper.get_xticklabels()[0].get_text() == "Flunky"
    assert len(upper.get_yticklabels()) == 32


def test_wrong_predictions_name_the_true_and_the_predicted_class():
    classes = examples.classes_of(4)
    picture = np.zeros((60, 20, 3), dtype=np.uint8)
    one = Case(picture, 0, np.array([0.07, 0.9, 0.02, 0.01], dtype=np.float32), wrong_in=2, repeats=5)
    (ax,) = draw_gallery(Gallery((one,), classes)).axes
    assert texts(ax) == ["Flunky", "predicted\nPencil Pusher\n90 %, true 7 %\nwrong in 2 of 5"]
    assert to_hex(ax.spines["left"].get_edgecolor()).upper() == classes[1].color


def test_one_training_alone_is_not_counted_in_the_gallery():
    (ax,) = draw_gallery(Gallery(evaluated(1, 3, repeats=1), examples.classes_of(3))).axes
    assert "wrong in" not in "".join(texts(ax))


@pytest.mark.parametrize(("size_hw", "columns"), [((60, 20), 10), ((40, 40), 7), ((20, 60), 5)])
def test_the_shape_of_the_pictures_decides_how_many_stand_in_a_row(size_hw, columns):
    figure = draw_gallery(Gallery(evaluated(12, 3, size_hw=size_hw), examples.classes_of(3)))
    tops = [round(ax.get_position().y0, 4) for ax in figure.axes]
    assert tops.count(max(tops)) == columns
    shape = figure.axes[0].get_position()
    ratio = (shape.height * figure.get_figheight()) / (shape.width * figure.get_figwidth())
    assert ratio == pytest.approx(size_hw[0] / size_hw[1])


def test_probability_bars_fill_the_row_and_frame_the_true_class():
    classes = examples.classes_of(4)
    rows = evaluated(3, 4)
    ax = draw_probabilities(new_figure(8, 3).subplots(), rows, classes)
    widths = [bar.get_width() for container in ax.containers for bar in container]
    np.testing.assert_allclose(np.reshape(widths, (3, 4)), [row.probabilities for row in rows], atol=1e-6)
    framed = [at for at, container in enumerate(ax.containers) if container[0].get_linewidth() > 1]
    assert framed == [4 * row + one.y_true for row, one in enumerate(rows)]


def test_of_many_classes_the_most_probable_and_the_true_one_are_shown():
    rows = evaluated(6, 32)
    ax = draw_probabilities(new_figure(8, 3).subplots(), rows, examples.classes_of(32))
    assert len(ax.containers) == 6 * 6
    widths = np.reshape([container[0].get_width() for container in ax.containers], (6, 6))
    np.testing.assert_allclose(widths.sum(axis=1), 1, atol=1e-5)
    assert sum(container[0].get_linewidth() > 1 for container in ax.containers) == 6


def test_the_first_five_unsure_predictions_are_shown_as_pictures():
    figure = draw_unsure(LeastConfident(evaluated(10, 4), examples.classes_of(4)))
    upper, lower = figure.subfigs
    assert [ax.get_title() for ax in upper.axes] == ["1", "2", "3", "4", "5"]
    assert len(lower.axes[0].get_yticks()) == 10


def test_fewer_unsure_predictions_than_five_can_be_drawn():
    assert to_png(draw_unsure(LeastConfident(evaluated(2, 3), examples.classes_of(3))), dpi=30)


def test_the_spread_shows_every_seed_with_its_interval():
    wrong_in = np.array([0, 0, 1, 3, 3, 2])
    left, right = draw_spread(TrainingSpread(Spread((4, 2, 3), 6), (0, 1, 2), wrong_in, best=1)).axes
    intervals = [line.get_ydata() for line in left.lines if list(line.get_xdata()) in ([0, 0], [1, 1], [2, 2])]
    expected = [[6 * bound for bound in Proportion(wrong, 6).interval] for wrong in (4, 2, 3)]
    np.testing.assert_allclose(intervals, expected)
    assert {"best 2", "median 3", "worst 4"} <= set(texts(left))
    assert [bar.get_height() for bar in right.patches] == [1, 1, 2]
    assert right.get_title(loc="left") == "2 of 6 crops are never wrong"


def test_wrong_predictions_are_counted_in_whole_numbers_and_marks_at_none_are_seen_whole():
    left, _ = draw_spread(TrainingSpread(Spread((0, 0), 27), (0, 1), np.zeros(27, dtype=np.int64), best=0)).axes
    assert all(float(tick).is_integer() for tick in left.get_yticks())
    assert left.get_ylim()[0] < 0


def test_equal_results_share_one_line():
    left, _ = draw_spread(TrainingSpread(Spread((3, 3), 9), (7, 8), np.zeros(9, dtype=np.int64), best=0)).axes
    assert "best, median and worst 3" in texts(left)


def test_scores_show_shares_intervals_and_support():
    category = examples.classes_of(1)[0]
    row = ClassRow(category, Proportion(8, 10), Proportion(8, 16), 8 / 13)
    ax = draw_class_scores(new_figure(8, 2).subplots(), [row])
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() in ("o", "s")]
    assert dots == [0.8, 0.5]
    assert tuple(ax.lines[0].get_xdata()) == Proportion(8, 10).interval
    assert texts(ax) == ["16 samples"]


def test_a_class_that_was_never_predicted_has_no_precision_dot():
    row = ClassRow(examples.classes_of(1)[0], Proportion(0, 0), Proportion(0, 1), 0.0)
    ax = draw_class_scores(new_figure(8, 2).subplots(), [row])
    assert [line.get_marker() for line in ax.lines if line.get_marker() in ("o", "s")] == ["s"]
    assert texts(ax) == ["1 sample"]


def test_a_case_knows_whether_it_is_right():
    (one,) = evaluated(1, 2)
    assert dataclasses.replace(one, y_true=one.predicted).right
    assert not dataclasses.replace(one, y_true=1 - one.predicted).right
