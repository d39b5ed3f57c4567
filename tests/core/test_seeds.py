import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from toonvision.core.seeds import generator

seeds = st.integers(0, 2**64)
purposes = st.lists(st.text(max_size=10) | st.integers(), max_size=3).map(tuple)


@given(seed=seeds, names=purposes)
def test_the_same_seed_and_purpose_give_the_same_numbers(seed, names):
    assert (generator(seed, *names).integers(2**60, size=4) == generator(seed, *names).integers(2**60, size=4)).all()


@given(seed=seeds, one=purposes, other=purposes)
def test_streams_of_different_purposes_differ(seed, one, other):
    same = list(map(str, one)) == list(map(str, other))
    drawn = [tuple(generator(seed, *names).integers(2**60, size=4)) for names in (one, other)]
    assert (drawn[0] == drawn[1]) is same


def test_streams_of_neighbouring_seeds_and_purposes_are_uncorrelated():
    names = [("split", 0), ("split", 1), ("flip", 0), ("flip", 1), ("flip",), ()]
    streams = [generator(seed, *name).random(4000) for seed in (0, 1) for name in names]
    correlations = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlations).max() < 0.08  # five standard deviations of 1 / sqrt(4000)


def test_drawing_more_in_one_stream_changes_nothing_in_another():
    first, second = generator(3, "a"), generator(3, "b")
    first.random(1000)
    assert second.integers(10**9) == generator(3, "b").integers(10**9)


def test_the_numbers_are_the_same_on_every_machine():
    assert generator(0, "split", "default").integers(10**6, size=3).tolist() == [292060, 459969, 795577]
