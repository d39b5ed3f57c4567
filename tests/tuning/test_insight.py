import dataclasses
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toonvision.tuning.importance import log_losses
from toonvision.tuning.insight import optimization_history, parallel_coordinates, slices
from toonvision.tuning.recipes import narrower_space
from toonvision.tuning.space import Choices, Range, Space, published_space, tighten
from tuning.made import drawn, one_block, plausible, study, trial

SPACE = published_space()
DRAWS = drawn(SPACE, 9)
some_studies = st.builds(
    plausible,
    st.integers(1, 30),
    seed=st.integers(0, 99),
    cut=st.sampled_from((0, 1, 3)),
    lost=st.sampled_from((0, 1)),
    diverged=st.sampled_from((0.0, 0.5, 1.0)),
    space=st.sampled_from((SPACE, one_block())),
)
few = settings(max_examples=40)


def trials(*losses, **changes):
    return [
        trial(n, draw, SPACE, loss=loss, **changes) for n, (draw, loss) in enumerate(zip(DRAWS, losses, strict=False))
    ]


def test_the_history_has_each_trial_that_ended_and_the_records():
    made = trials(1.0, 1.2, None, 0.8, 0.9)
    made += [trial(5, DRAWS[5], SPACE, loss=0.5, state="cut short"), trial(6, {**DRAWS[6]}, SPACE, state="lost")]
    made += [dataclasses.replace(made[-1], number=7, state="running", loss=None)]
    found = optimization_history(study(made))
    assert [(point.trial, point.loss, point.ending) for point in found.points] == [
        (0, 1.0, "best"), (1, 1.2, "done"), (2, None, "diverged"), (3, 0.8, "best"), (4, 0.9, "best"),
        (5, 0.5, "cut short"),
    ]  # fmt: skip
    assert found.best == ((0, 1.0), (3, 0.8))


@given(some_studies)
@few
def test_the_best_so_far_only_falls_and_ends_at_the_best(result):
    best = optimization_history(result).best
    losses = [loss for _, loss in best]
    assert losses == sorted(losses, reverse=True)
    assert not result.tried or best[-1] == (result.tried[0].number, result.tried[0].loss)


def test_the_best_tenth_is_three_trials_at_least_and_spans_the_narrower_space():
    result = plausible(47, raced=False)
    assert [t.number for t in result.best_tenth] == [t.number for t in result.tried[:4]]
    assert narrower_space(result) == tighten(SPACE, [t.draw for t in result.best_tenth])
    assert len(plausible(12, raced=False).best_tenth) == 3
    assert len(plausible(2, raced=False).best_tenth) == 2


@given(some_studies)
@few
def test_a_slice_has_every_trial_at_its_value_and_medians_of_three_or_more(result):
    for one in slices(result):
        for point in one.points:
            assert point.value == pytest.approx(result.by_number[point.trial].draw[one.name])
            assert not one.steps or point.value in one.steps
        for value, median in one.medians.items():
            losses = [p.loss for p in one.points if p.value == value and p.ending in ("best", "done")]
            assert len(losses) >= 3
            assert median == statistics.median(losses)


def test_hyperparameters_of_one_value_have_no_slice_and_ranges_know_their_steps():
    result = plausible(12, space=one_block())
    found = {one.name: one for one in slices(result)}
    assert list(found) == ["filters_1", "pool_1a", "pool_1b", "dropout_1", "learning_rate"]
    assert one_block().varied == list(found)
    assert found["pool_1a"].steps == (2.0, 3.0, 4.0, 5.0, 6.0)
    assert found["filters_1"].steps == ()  # sixteen are too many to name
    assert found["learning_rate"].log
    assert not found["pool_1b"].log
    assert {one.name: one.steps for one in slices(plausible(3))}["dropout_1"][3] == 0.3


def test_choices_a_factor_of_ten_apart_have_a_logarithmic_axis():
    coordinates = parallel_coordinates(plausible(5)).axes
    assert coordinates["learning_rate"] == ((0.0, "0.0001"), (pytest.approx(0.5), "0.001"), (1.0, "0.01"))
    assert coordinates["kernel_1"] == ((0.0, "3"), (1.0, "5"))
    assert [text for _, text in coordinates["dropout_1"]] == ["0", "0.2", "0.4", "0.6", "0.8"]


@given(some_studies)
@few
def test_lines_cross_all_coordinates_within_them_and_the_best_are_on_top(result):
    found = parallel_coordinates(result)
    assert list(found.axes) == [*result.settings.space.varied, "loss"]
    for line in found.lines:
        assert len(line.positions) == len(found.axes)
        assert all(-1e-9 <= position <= 1 + 1e-9 for position in line.positions)
        assert (line.ending == "diverged") == (result.by_number[line.trial].state == "diverged")
    endings = [line.ending for line in found.lines]
    assert endings == sorted(endings, key=("diverged", "done", "best").index)
    losses = [
        (result.by_number[line.trial].loss, line.positions[-1]) for line in found.lines if line.ending != "diverged"
    ]
    assert [position for _, position in sorted(losses)] == sorted(position for _, position in losses)


def test_what_diverged_ends_above_all_numbers():
    found = parallel_coordinates(study(trials(0.5, 2.0, None)))
    ends = {line.trial: line.positions[-1] for line in found.lines}
    assert ends == {0: 0.0, 1: pytest.approx(0.9), 2: 1.0}
    assert found.axes["loss"][-1] == (1.0, "diverged")
    assert parallel_coordinates(study(trials(0.5, 2.0))).lines[-1].positions[-1] in (0.0, 1.0)
    assert parallel_coordinates(study(trials(None, None))).axes["loss"] == ((1.0, "diverged"),)


def test_what_diverged_counts_as_in_the_race_and_what_was_cut_short_does_not():
    made = trials(0.5, None, 99.0)
    made.append(trial(3, DRAWS[3], SPACE, loss=0.1, state="cut short"))
    result = study(made)
    assert log_losses(result) == {0: math.log(0.5), 1: math.log(result.worst_loss), 2: math.log(result.worst_loss)}
    assert result.worst_loss == 2 * math.log(4)


def test_a_loss_of_zero_can_be_shown_on_a_logarithmic_scale():
    result = study(trials(0.0, 0.5))
    assert optimization_history(result).best[-1][1] > 0
    assert all(math.isfinite(position) for line in parallel_coordinates(result).lines for position in line.positions)
    assert all(map(math.isfinite, log_losses(result).values()))


def test_a_space_that_varies_nothing_has_the_loss_alone():
    fixed = Space({name: Choices((one.values if isinstance(one, Choices) else (one.low,))[:1])
                   for name, one in SPACE.dimensions.items()})  # fmt: skip
    result = study([trial(0, drawn(fixed, 1)[0], fixed)], space=fixed)
    assert slices(result) == ()
    assert list(parallel_coordinates(result).axes) == ["loss"]
    same = Space({**fixed.dimensions, "filters_1": Range(4, 4, 4)})
    assert same.varied == []
