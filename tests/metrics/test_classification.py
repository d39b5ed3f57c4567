import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import classification_report as sklearn_report
from sklearn.metrics import confusion_matrix as sklearn_matrix

from toonvision.metrics.classification import (
    NONE_OF_THESE,
    Spread,
    classification_report,
    confusion_matrix,
    roll_up,
    wrong_only,
)
from toonvision.taxonomy.loader import built_in

NAMES = ("bb", "lb", "cb", "sb", "none")
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def columns(pairs):
    y_true, predicted = np.array(pairs).T
    return y_true, predicted


@given(PAIRS)
def test_the_report_equals_that_of_scikit_learn(pairs):
    y_true, predicted = columns(pairs)
    present = np.union1d(y_true, predicted)
    names = [NAMES[place] for place in present]
    expected = sklearn_report(
        y_true, predicted, labels=present, target_names=names, output_dict=True, zero_division=0.0
    )
    ours = classification_report(y_true, predicted, NAMES)
    assert [scores.name for scores in ours.classes] == names
    for scores in (*ours.classes, ours.macro, ours.weighted):
        row = expected[scores.name]
        assert (scores.precision, scores.recall, scores.f1) == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"])
        )
        assert scores.support == row["support"]
    assert ours.accuracy.share == pytest.approx(np.mean(y_true == predicted))
    assert ours.wrong == int((y_true != predicted).sum())


@given(PAIRS)
def test_the_confusion_matrix_equals_that_of_scikit_learn_and_wrong_only_has_an_empty_diagonal(pairs):
    y_true, predicted = columns(pairs)
    matrix = confusion_matrix(y_true, predicted, 5)
    np.testing.assert_array_equal(matrix, sklearn_matrix(y_true, predicted, labels=range(5)))
    wrong = wrong_only(matrix)
    assert np.diag(wrong).sum() == 0
    assert wrong.sum() == (y_true != predicted).sum()


@given(PAIRS)
def test_rolled_up_errors_are_either_within_or_across_the_coarser_classes(pairs):
    y_true, predicted = columns(pairs)
    parents = dict(zip(NAMES, ("cold", "cold", "warm", "warm", "warm"), strict=True))
    up = roll_up(y_true, predicted, NAMES, parents, level="heat")
    assert up.within + up.across == int((y_true != predicted).sum())
    assert up.report.wrong == up.across
    assert up.classes == ("cold", "warm")


def test_an_entity_taken_for_another_of_its_suit_is_right_about_the_suit():
    parents = {"flunky": "bb", "yesman": "bb", "bigwig": "lb"}
    y_true, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2])
    up = roll_up(y_true, predicted, tuple(parents), parents, level="suit")
    assert (up.within, up.across) == (1, 1)
    assert up.report.accuracy.count == 3


def test_of_an_even_number_of_trainings_the_median_is_the_mean_of_the_two_in_the_middle():
    spread = Spread((0, 1, 3, 4), 4)
    assert (spread.best.count, spread.median.count, spread.worst.count) == (0, 2, 4)
    assert Spread((3, 4), 8).median.plain()["count"] == 3.5


def test_an_entity_is_scored_as_suit_and_as_kind():
    toontown = built_in("toontown")
    names = tuple(entity.name for entity in toontown.level("entity").classes)
    place = {name: index for index, name in enumerate(names)}
    y_true = np.array([place["flunky"], place["yesman"], place["bigwig"]])
    predicted = np.array([place["flunky"], place["flunky"], place["loanshark"]])
    ups = {
        level.name: roll_up(y_true, predicted, names, toontown.parents("entity", level.name), level=level.name)
        for level in toontown.coarser("entity")
    }
    assert (ups["suit"].within, ups["suit"].across) == (1, 1)
    assert (ups["kind"].within, ups["kind"].across) == (2, 0)
    assert ups["kind"].classes == ("cog",)


def test_what_has_no_coarser_class_is_not_evaluated_there_and_what_is_taken_for_it_is_wrong():
    parents = {"flunky": "bb", "bigwig": "lb"}
    y_true, predicted = np.array([0, 0, 1, 2, 2]), np.array([0, 2, 1, 2, 0])
    up = roll_up(y_true, predicted, ("flunky", "bigwig", "dog"), parents, level="suit")
    assert up.classes == ("bb", "lb")
    assert (up.report.accuracy.count, up.report.accuracy.total) == (2, 3)
    assert (up.within, up.across) == (0, 1)
    assert {scores.name: scores.support for scores in up.report.classes} == {"bb": 2, "lb": 1, NONE_OF_THESE: 0}
