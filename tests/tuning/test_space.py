import math
import warnings

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property
from toonvision.core.errors import InputRejectedError
from toonvision.tuning.space import Choices, Range, Space, compact_space, published_space, step_value, tighten
from toonvision.tuning.space_file import read_space, space_text
from tuning.made import drawn
from tuning.spaces import spaces


def written(tmp_path, text):
    path = tmp_path / "space.toml"
    path.write_text(text, encoding="utf-8")
    return path


@files_property
@given(space=spaces())
def test_a_space_written_and_read_again_is_the_same(tmp_path, space):
    assert read_space(written(tmp_path, space_text(space)), usual=published_space()) == space


def test_what_a_file_does_not_name_is_as_in_the_usual_space(tmp_path):
    assert read_space(written(tmp_path, ""), usual=published_space()) == published_space()
    path = written(tmp_path, "filters_1 = { low = 2, high = 8, step = 2 }\nkernel_3 = 7\n")
    only = read_space(path, usual=published_space())
    assert only.blocks == 3
    assert only.dimensions["filters_1"] == Range(2, 8, 2)
    assert only.dimensions["kernel_3"] == Choices((7,))
    assert only.dimensions["dropout_3"] == published_space().dimensions["dropout_2"]
    assert only.dimensions["learning_rate"] == Choices((0.0001, 0.001, 0.01))


def test_a_file_for_the_compact_space_leaves_normalisation_on_and_can_take_it_away(tmp_path):
    assert read_space(written(tmp_path, space_text(compact_space())), usual=compact_space()) == compact_space()
    deeper = read_space(written(tmp_path, "filters_4 = 8\nnorm_1 = 0\ncopy = 1"), usual=compact_space())
    layout = deeper.layout(drawn(deeper, 5, seed=0)[0])
    assert [block.normalized for block in layout.blocks] == [False, True, True, True]
    assert layout.with_copy


def test_the_published_space_is_the_published_one():
    block = {"filters": [4, 8, 12, 16], "kernel": [3, 5], "pool_a": [2, 3, 4], "pool_b": [1, 2, 3, 4]}
    held = {name: list(dimension.steps) for name, dimension in published_space().dimensions.items()}
    assert held.pop("learning_rate") == [0.0001, 0.001, 0.01]
    for n in (1, 2):
        found = {"filters": held.pop(f"filters_{n}"), "kernel": held.pop(f"kernel_{n}")}
        found |= {f"pool_{part}": held.pop(f"pool_{n}{part}") for part in "ab"}
        assert found == block
        assert held.pop(f"dropout_{n}") == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert not held


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ("filters_1 = 0", 1, "filters_1 lies from 1 to 512; got 0"),
        ("\n\npool_1a = 17", 3, "pool_1a lies from 1 to 16; got 17"),
        ("kernel_1 = [3, 2.5]", 1, "kernel_1 is made of whole numbers; got 2.5"),
        ("filters_1 = { low = 4, high = 5, step = 0.5 }", 1, "filters_1 is made of whole numbers; got 0.5"),
        ("filters_1 = { low = 4, high = 6 }", 1, "needs a step, such as 1"),
        ("filters_1 = { low = 4, high = 7, step = 2 }", 1, "high is low and some whole steps"),
        ("dropout_1 = { low = 0.5, high = 0.1 }", 1, "low is at most high"),
        ("dropout_1 = 0.96", 1, "dropout_1 lies from 0 to 0.95; got 0.96"),
        ("dropout_1 = true", 1, "valid number; got True"),
        ("learning_rate = nan", 1, "finite number; got nan"),
        ("learning_rate = 'fast'", 1, "valid number; got 'fast'"),
        ("learning_rate = { low = 0.0, high = 0.1, log = true }", 1, "log goes without a step, and above 0"),
        ("learning_rate = { low = 0.1, high = 0.2, step = 1e-9 }", 1, "at most 10,000 steps"),
        ("learning_rate = { low = 0.1, high = 0.2, step = inf }", 1, "finite number; got inf"),
        ("learning_rate = { low = 0.1, step = 1 }", 1, "learning_rate.high: Field required"),
        ("# my space\nkernel_2 = []", 2, "at least 1 item"),
        ("filters_7 = 4", 1, "filters_7 is none of filters_N"),
        ("norm_1 = 2", 1, "norm_1 lies from 0 to 1; got 2"),
        ("copy = { low = 0, high = 1 }", 1, "copy is made of whole numbers, so that its range needs a step"),
        ("filter_1 = 4", 1, "filter_1 is none of filters_N"),
        ("learning_rate_1 = 4", 1, "learning_rate_1 is none of"),
        ("[dropout_1]\nlow = 0.1\nhigh = 0.3\nstep = 0.1\nsteps = 2", 5, "dropout_1.steps: Extra inputs"),
    ],
)
def test_a_rejected_file_is_one_line_with_file_line_and_rule(tmp_path, text, line, rule):
    path = written(tmp_path, text)
    with pytest.raises(InputRejectedError) as caught:
        read_space(path, usual=published_space())
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}")
    assert rule in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["filters_1 =", "pool_1a = 16\npool_1b = 16\npool_2a = 16", "x" * 10])
def test_a_file_that_is_wrong_as_a_whole_is_one_line_with_the_file(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputRejectedError, match=r"^[^\n]+\.$") as caught:
        read_space(path, usual=published_space())
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["filters_1", "dropout_2", "learning_rate", "pool_1a", "depth"])
@pytest.mark.parametrize(
    "value", ["{}", "[[3]]", "-1", "1e400", "2020-01-01", "[nan]", "{ low = 1, high = 2, log = 3 }"]
)
def test_no_value_is_refused_without_its_line_one_line_a_fault(tmp_path, name, value):
    path = written(tmp_path, f"{name} = {value}")
    with pytest.raises(InputRejectedError) as caught:
        read_space(path, usual=published_space())
    assert all(line.startswith(f"{path}, line 1") for line in str(caught.value).splitlines())


@given(space=spaces(), seed=st.integers(0, 99))
def test_draws_lie_in_their_space_and_make_networks(space, seed):
    for draw in drawn(space, 5, seed=seed):
        assert space.holds(draw)
        layout = space.layout(draw)
        assert len(layout.blocks) == space.blocks
        assert [block.filters for block in layout.blocks] == [draw[f"filters_{n + 1}"] for n in range(space.blocks)]


@given(space=spaces(), seed=st.integers(0, 99))
def test_a_draw_with_a_value_outside_or_between_the_steps_or_with_other_names_is_not_held(space, seed):
    draw = drawn(space, 5, seed=seed)[0]
    assert not space.holds({**draw, "depth": 3})
    assert not space.holds({name: value for name, value in draw.items() if name != "learning_rate"})
    for name, dimension in space.dimensions.items():
        assert not space.holds({**draw, name: max(_ends(dimension)) * 1.001 + 0.001})
        if isinstance(dimension, Range) and dimension.step and dimension.low < dimension.high:
            assert not space.holds({**draw, name: dimension.low + dimension.step / 2})


@given(space=spaces(), seed=st.integers(0, 99), count=st.integers(1, 6))
def test_a_tightened_space_holds_the_best_and_never_more_than_before(space, seed, count):
    best = drawn(space, count, seed=seed)
    narrow = tighten(space, best)
    assert all(narrow.holds(draw) for draw in best)
    assert all(space.holds(draw) for draw in drawn(narrow, 5, seed=seed))
    for name, dimension in narrow.dimensions.items():
        wide, values = space.dimensions[name], [draw[name] for draw in best]
        assert min(_ends(wide)) <= min(_ends(dimension)) == pytest.approx(min(values))
        assert max(_ends(wide)) >= max(_ends(dimension)) == pytest.approx(max(values))
        assert type(dimension) is type(wide)


@given(space=spaces(), seed=st.integers(0, 99), count=st.integers(1, 6))
def test_optuna_takes_a_tightened_space_and_its_draws_as_they_are(space, seed, count):
    best = drawn(space, count, seed=seed)
    narrow = tighten(space, best)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Optuna warns where it moves an end
        distributions = narrow.distributions()
        for draw in best:
            optuna.create_trial(params=dict(narrow.nearest(draw)), distributions=distributions, value=0.0)


@given(low=st.integers(-50, 50), step=st.integers(1, 30), number=st.integers(0, 999))
def test_steps_are_numbers_as_a_person_writes_them(low, step, number):
    assert step_value(low / 100, step / 100, number) == (low + step * number) / 100


def test_tightening_keeps_how_a_range_is_drawn():
    space = Space({"learning_rate": Range(1e-4, 1e-1, log=True), "dropout_1": Range(0.0, 0.9, 0.1)})
    best = [{"learning_rate": 1e-3, "dropout_1": 0.1 * 3}, {"learning_rate": 1e-2, "dropout_1": 0.7}]
    assert tighten(space, best).dimensions == {
        "learning_rate": Range(1e-3, 1e-2, log=True),
        "dropout_1": Range(0.3, 0.7, 0.1),
    }


def _ends(dimension):
    ends = dimension.values if isinstance(dimension, Choices) else (dimension.low, dimension.high)
    assert all(map(math.isfinite, ends))
    return ends
