import dataclasses

import numpy as np
import pytest

from figures import examples
from toonvision.figures.panels import to_png
from toonvision.figures.pictures import draw_suspects
from toonvision.figures.studies import draw_contexts, draw_folds, draw_learning_curve, draw_stress
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.power_law import PowerLaw
from toonvision.studies.contexts import ContextScore, ContextStudy
from toonvision.studies.curve import CurvePoint, LearningCurve
from toonvision.studies.stress import StressScore, StressTest
from toonvision.studies.suspects import Suspect, SuspectCrops


def context_study(*, repeats=3, shared=20):
    scores = tuple(
        ContextScore(
            f"c{n}", f"Street {n}", examples.color_at(n), 80 + 10 * n, 500, (60 + n, 64 + n, 68 + n)[:repeats],
            (0.7, 0.75, 0.8)[:repeats], shared, (15, 16, 17)[:repeats], (18, 18, 19)[:repeats] if shared else (0,),
        )
        for n in range(4)
    )  # fmt: skip
    return ContextStudy(
        "suit", "baseline", tuple(range(repeats)), scores, (), "suit/five", 174, (150, 160), (0.84, 0.88), 516,
        4 * shared, Estimate(-0.05, -0.1, -0.01), {"suit": Estimate(0.2, 0.1, 0.3)},
    )  # fmt: skip


def learning_curve(**changes):
    law = PowerLaw(3.3, 0.54, 0.025)
    line = np.geomspace(64, 1032, 40)
    points = tuple(
        CurvePoint(share, (n, n, n), (wrong - 3, wrong, wrong + 3))
        for share, n, wrong in ((0.125, 64, 66), (0.5, 258, 33), (1.0, 516, 24))
    )
    made = LearningCurve(
        law, tuple(line), tuple(law.at(line) * 0.8), tuple(law.at(line) * 1.2), 100, 0.01, 0.001, 0.02,
        "suit", "baseline", (0, 1, 2), "default", 0.6, 174, points,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def suspects(count):
    return [
        Suspect(
            f"cog_bb_somebody_{n:04}.png",
            f"s/{n}.png",
            "s",
            (0, 0, 9, 9),
            "flunky",
            "c0",
            "c1",
            0.04,
            0.9,
            -0.86,
            sure=True,
        )
        for n in range(count)
    ]


def test_each_context_has_its_share_its_ordinary_share_and_its_crops():
    study = context_study()
    accuracy, f1 = draw_contexts(study).axes
    names = [label.get_text() for label in accuracy.get_yticklabels()]
    assert names == ["Street 0  (80)", "Street 1  (90)", "Street 2  (100)", "Street 3  (110)", "All together  (380)"]
    dots = [line.get_xdata()[0] for line in accuracy.lines if line.get_marker() == "o"]
    assert dots == [*(score.accuracy.share for score in study.contexts), study.held_out.share]
    usual = [line.get_xdata()[0] for line in accuracy.lines if line.get_marker() == "D"]
    assert usual == [*(score.ordinary.share for score in study.contexts), study.usual.share]
    assert [text.get_text() for text in f1.texts] == ["0.75"] * 4 + ["0.86", "ordinary test"]
    assert accuracy.get_title(loc="left") == "Accuracy on a context that was not seen (crops)"


@pytest.mark.parametrize(("repeats", "shared"), [(1, 20), (3, 0), (1, 0)])
def test_contexts_can_be_drawn_with_one_repeat_and_without_shared_crops(repeats, shared):
    figure = draw_contexts(context_study(repeats=repeats, shared=shared))
    assert to_png(figure, dpi=30)
    ticks = [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert len(ticks) == (4 if repeats > 1 else 0)


def test_the_curve_is_solid_where_there_are_pictures_and_dashed_beyond():
    made = learning_curve()
    (ax,) = draw_learning_curve(made).axes
    solid, dashed = ax.lines[:2]
    assert solid.get_xdata()[-1] == dashed.get_xdata()[0] == 516
    assert dashed.is_dashed()
    assert not solid.is_dashed()
    diamond = next(line for line in ax.lines if line.get_marker() == "D")
    assert diamond.get_xdata()[0] == 616
    assert diamond.get_ydata()[0] == pytest.approx(float(made.law.at(616)))
    assert any("1.0 points lower\n(0.1–2.0)" in text.get_text() for text in ax.texts)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["64", "258", "516", "616"]


def test_figures_say_how_many_trainings_diverged():
    made = learning_curve()
    first = dataclasses.replace(made.points[0], pictures=(64, 64), wrong=(60, 66), diverged=(2,))
    (ax,) = draw_learning_curve(dataclasses.replace(made, points=(first, *made.points[1:]), lost=(0.25,))).axes
    assert "left out: 4 that diverged" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert ax.get_xticklabels()[0].get_text() == "64"
    (legend,) = draw_contexts(dataclasses.replace(context_study(), lost=("north",))).legends
    assert "Left out: 3 that diverged" in [text.get_text() for text in legend.get_texts()]
    (ax,) = draw_learning_curve(made).axes
    assert not any("diverged" in text.get_text() for text in ax.get_legend().get_texts())


def test_a_curve_without_any_error_can_be_drawn():
    points = tuple(dataclasses.replace(point, wrong=(0, 0, 0)) for point in learning_curve().points)
    flat = (0.0,) * 40
    assert to_png(
        draw_learning_curve(learning_curve(points=points, law=PowerLaw(0, 0.5, 0), low=flat, high=flat)), dpi=30
    )


def test_suspects_are_numbered_with_both_classes_and_the_file():
    classes = {category.name: category for category in examples.classes_of(2)}
    pictures = [np.full((60, 20, 3), 90, np.uint8)] * 9
    figure = draw_suspects(SuspectCrops(tuple(suspects(9)), tuple(pictures), classes))
    assert len(figure.axes) == 9
    texts = [text.get_text() for text in figure.axes[4].texts]
    assert texts[0].strip() == "5"
    assert texts[1] == classes["c0"].title
    assert texts[2].startswith("predicted ")
    assert texts[3:] == ["90 % against 4 %", "cog_bb_somebody_0004"]
    assert to_png(figure, dpi=30)


def test_no_suspects_are_said_to_be_none():
    (ax,) = draw_suspects(SuspectCrops((), (), {})).axes
    assert [text.get_text() for text in ax.texts] == ["There is no suspect label."]


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("worst", [3, 174])
def test_a_stress_test_is_red_where_it_clearly_hurts(repeats, worst):
    counts = (2, 3, worst)
    scores = tuple(
        StressScore("blur" if at else "", f"{at} px", 174, wrong, (wrong,) * repeats) for at, wrong in enumerate(counts)
    )
    figure = draw_stress(StressTest("suit/five", "test", tuple(range(repeats)), scores))
    (ax,) = figure.axes
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert bold == (["0.0 %"] if worst == 174 else [])
    assert to_png(figure)


@pytest.mark.parametrize("seeds", [1, 3])
def test_folds_have_a_row_each_and_one_for_all_with_a_stroke_for_each_of_several_seeds(seeds):
    study = examples.cross_validation()
    folds = tuple(dataclasses.replace(fold, wrong=fold.wrong[:seeds]) for fold in study.folds)
    (ax,) = draw_folds(dataclasses.replace(study, seeds=study.seeds[:seeds], folds=folds)).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        *(f"Fold {n}  (25)" for n in range(4)),
        "All  (100)",
    ]
    strokes = [line for line in ax.lines if line.get_marker() == "|"]
    assert [len(line.get_xdata()) for line in strokes] == ([seeds] * 5 if seeds > 1 else [])
    assert ("3 seeds" in ax.get_title(loc="left")) == (seeds > 1)
