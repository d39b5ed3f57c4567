"""The figures of a search: what they contain. What they show is computed, and tested, in `toonvision.tuning`."""

import dataclasses
import math

import numpy as np
import pytest

from toonvision.figures.architecture import draw_architectures
from toonvision.figures.panels import to_png
from toonvision.figures.race import draw_front, draw_race
from toonvision.figures.trials import draw_importance, draw_parallel, draw_search_history, draw_slices, mark
from toonvision.figures.values import Race, SizeErrorFront
from toonvision.models.architecture import PUBLISHED, describe
from toonvision.models.layout import Layout
from toonvision.tuning.importance import Importance
from toonvision.tuning.insight import optimization_history, parallel_coordinates, size_error_points, slices
from toonvision.tuning.race import Score
from tuning.made import EVALUATED, one_block, plausible, study, trial


def texts(ax):
    return [text.get_text() for text in ax.texts]


def marked(ax, ending):
    """Return the points that are marked for an ending."""
    wanted = (mark(ending)["marker"], mark(ending)["color"])
    lines = [line for line in ax.lines if (line.get_marker(), line.get_color()) == wanted]
    return [tuple(point) for line in lines for point in line.get_xydata().tolist()]


def bars(ax):
    return [bar.get_width() for bar in ax.patches]


@pytest.fixture(scope="module")
def result():
    return plausible(30, seed=2, cut=1, diverged=0.5)


def test_the_history_marks_each_trial_by_its_ending_and_steps_down_to_the_best(result):
    found = optimization_history(result)
    (ax,) = draw_search_history(found).axes
    for ending in ("best", "done", "cut short"):
        shown = [(point.value, point.loss) for point in found.points if point.ending == ending]
        assert shown
        assert marked(ax, ending) == shown
    lost = [point.value for point in found.points if point.ending == "diverged"]
    assert [at for at, _ in marked(ax, "diverged")] == lost
    assert texts(ax) == [f"best {result.tried[0].loss:.3f}"]
    assert ax.get_yscale() == "log"


def test_the_legend_explains_only_what_is_there(result):
    def words(figure):
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert words(draw_search_history(optimization_history(result))) == [
        "Best trials", "Other finished trials", "Diverged: no loss", "Cut short: lowest loss so far",
    ]  # fmt: skip
    assert words(draw_search_history(optimization_history(plausible(2)))) == ["Best trials"]


def test_each_hyperparameter_has_a_panel_with_its_values_and_its_medians(result):
    found = slices(result)
    axes = [ax for ax in draw_slices(found).axes if ax.axison]
    assert [ax.get_title(loc="left") for ax in axes] == [one.name for one in found]
    rates = axes[-1]
    assert [tick.get_text() for tick in rates.get_xticklabels()] == ["0.0001", "0.001", "0.01"]
    levels = [line.get_ydata()[0] for line in rates.lines if line.get_marker() == "None" and len(line.get_xdata()) == 2]
    assert levels == pytest.approx(list(found[-1].medians.values()))
    places = [round(at) for ending in ("best", "done") for at, _ in marked(rates, ending)]
    values = [p.value for ending in ("best", "done") for p in found[-1].points if p.ending == ending]
    assert [found[-1].steps[place] for place in places] == values


def test_trials_of_one_value_do_not_cover_each_other(result):
    for ax, one in zip(draw_slices(slices(result)).axes, slices(result), strict=False):
        spots = [spot for ending in ("best", "done", "cut short", "diverged") for spot in marked(ax, ending)]
        assert len({(round(x, 6), round(y, 6)) for x, y in spots}) == len(one.points)


def test_parallel_coordinates_name_each_axis_and_put_the_best_on_top(result):
    found = parallel_coordinates(result)
    (ax,) = draw_parallel(found).axes
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == list(found.axes)
    drawn = [line for line in ax.lines if len(line.get_xdata()) == len(found.axes)]
    assert len(drawn) == len(found.lines)
    ends = [line.get_ydata()[-1] for line in drawn]
    assert ends == pytest.approx([line.positions[-1] for line in found.lines])  # the loss alone is not moved apart
    assert all(abs(np.subtract(line.get_ydata(), one.positions)).max() <= 0.026
               for line, one in zip(drawn, found.lines, strict=True))  # fmt: skip
    widths = [line.get_linewidth() for line in drawn]
    assert widths[-3:] == [max(widths)] * 3
    assert {text for ticks in found.axes.values() for _, text in ticks} == set(texts(ax))


def test_the_race_shows_every_training_the_median_and_who_left_when(result):
    found = result.racers
    wrong, behind = draw_race(Race(found, EVALUATED)).axes
    for row, racer in enumerate(found):
        dots = [line for line in wrong.lines if line.get_marker() == "o" and abs(line.get_ydata().mean() - row) < 0.4]
        assert sorted(dots[0].get_xdata()) == sorted(racer.wrong)
    medians = [line.get_xdata()[0] for line in wrong.lines if line.get_marker() == "None"]
    assert medians == [racer.median_wrong for racer in found]
    notes = texts(wrong)
    assert notes[0] == f"median {found[0].median_wrong:g}"
    assert [("left after round" in note) for note in notes] == [racer.left_after is not None for racer in found]
    assert texts(behind)[0] == "leads"
    assert texts(behind)[1] == f"× {math.exp(found[1].behind.mean):.2f}"
    assert wrong.get_title(loc="left") == f"Wrong of {EVALUATED} validation crops"


def test_trainings_of_the_race_that_diverged_are_named_and_do_not_stretch_the_axis():
    draws = plausible(2, raced=False).trials
    scores = {one.number: {seed: Score(0.5, 10 + seed, 3, 9.0) for seed in (1, 2, 3)} for one in draws}
    scores[0][2] = Score(None, EVALUATED, 0, 9.0)
    wrong, _ = draw_race(Race(study(draws, scores).racers, EVALUATED)).axes
    assert any("1 diverged" in text for text in texts(wrong))
    assert wrong.get_xlim()[1] < 20


def test_the_front_marks_the_winner_and_leaves_hollow_what_was_not_trained_again(result):
    networks = size_error_points(result)
    loss, wrong = draw_front(SizeErrorFront(networks, EVALUATED, 6032)).axes
    diamonds = [line for line in loss.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == [result.winner.parameters]
    front = [one for one in networks if one.on_front or one.winner]
    hollow = {line.get_xdata()[0]: line.get_markerfacecolor() == "white"
              for line in wrong.lines if line.get_markersize() >= 7 and line.get_marker() in "oD"}  # fmt: skip
    assert hollow == {one.trial.parameters: not one.raced for one in front}
    spans = [tuple(line.get_ydata()) for line in wrong.lines if line.get_linewidth() == 2.2]
    assert spans == [one.interval for one in front]
    assert [text for text in texts(loss) if text != "bound"] == [str(one.trial.number) for one in front]
    assert "bound" in texts(wrong)


def test_a_bound_far_away_is_not_drawn(result):
    loss, _ = draw_front(SizeErrorFront(size_error_points(result), EVALUATED, 10**9)).axes
    assert "bound" not in texts(loss)


def test_importance_is_coloured_where_it_is_above_chance():
    (ax,) = draw_importance(Importance({"learning_rate": 0.6, "dropout_1": 0.1, "kernel_1": 0.0}, 0.2, 25)).axes
    assert bars(ax) == [0.6, 0.1, 0.0]
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors[0] != colors[1] == colors[2]
    assert texts(ax) == ["60 %", "10 %", "0 %", "chance"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["learning_rate", "dropout_1", "kernel_1"]


def test_an_architecture_is_to_scale_and_says_its_shapes_steps_and_weights():
    told = describe(PUBLISHED["tuned"], size_hw=(600, 200), classes=4)
    (ax,) = draw_architectures((told,)).axes
    assert [text for text in texts(ax) if "×" in text and "filters" not in text] == [
        "600 × 200 × 3", "100 × 33 × 16", "16 × 5 × 12",
    ]  # fmt: skip
    assert "16 filters, 3 × 3\npool 3, then 2\ndropout 0.2" in texts(ax)
    assert texts(ax)[-1] == "6,032 weights"
    assert {"448 weights", "1,740 weights", "3,844 weights", "4 outputs"} <= set(texts(ax))
    fronts = [patch for patch in ax.patches if hasattr(patch, "get_height") and patch.get_y() > 0.5]
    picture, first = fronts[:2]
    assert first.get_height() / picture.get_height() == pytest.approx(100 / 600)
    assert first.get_width() / picture.get_width() == pytest.approx(16 / 3)
    shares = [patch.get_width() for patch in ax.patches if hasattr(patch, "get_height") and patch.get_y() < 0]
    assert np.divide(shares, sum(shares)) == pytest.approx([0, 448 / 6032, 1740 / 6032, 3844 / 6032])


@pytest.mark.parametrize(("layout", "columns"), [("16c3-p3", 2), ("4c3-p2-4c3-p2-4c3-p2-4c3-p2-4c3-p2-4c3-p2", 1)])
def test_architectures_stand_two_in_a_row_where_they_are_short(layout, columns):
    told = describe(Layout.parse(layout), size_hw=(128, 128), classes=2)
    figure = draw_architectures((told,) * 3)
    assert figure.axes[0].get_gridspec().ncols == columns
    assert to_png(figure, dpi=30)


@pytest.mark.parametrize(
    "made",
    [plausible(1), plausible(6, diverged=1.0), plausible(8, space=one_block()), plausible(3, raced=False)],
    ids=["one trial", "some diverged", "one block", "no race"],
)
def test_small_and_odd_studies_can_be_drawn(made):
    figures = [
        draw_search_history(optimization_history(made)), draw_slices(slices(made)),
        draw_parallel(parallel_coordinates(made)), draw_front(SizeErrorFront(size_error_points(made), EVALUATED)),
    ]  # fmt: skip
    found = made.racers
    figures += [draw_race(Race(found, EVALUATED))] if found else []
    assert all(to_png(figure, dpi=30) for figure in figures)


def test_a_search_of_which_everything_diverged_can_be_drawn():
    made = plausible(4, raced=False)
    lost = study([dataclasses.replace(one, state="diverged", loss=None) for one in made.trials])
    (ax,) = draw_search_history(optimization_history(lost)).axes
    assert len(marked(ax, "diverged")) == 4
    history, parallel = optimization_history(lost), parallel_coordinates(lost)
    for figure in (draw_slices(slices(lost)), draw_parallel(parallel), draw_search_history(history)):
        assert to_png(figure, dpi=30)


def test_names_with_dollars_are_written_as_they_are():
    draw = plausible(1).trials[0].draw
    space = plausible(1).settings.space
    made = study([dataclasses.replace(trial(0, draw, space), layout="$x^2$")])
    loss, _ = draw_front(SizeErrorFront(size_error_points(made), EVALUATED)).axes
    assert to_png(loss.get_figure(), dpi=30)
