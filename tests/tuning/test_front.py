import math

from hypothesis import given
from hypothesis import strategies as st

from toonvision.tuning.front import pareto_front

numbers = st.integers(0, 9).map(float)
costs = st.dictionaries(
    st.integers(0, 99), st.tuples(numbers, st.one_of(numbers, st.sampled_from([math.nan, math.inf])))
)


def beats(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@given(costs=costs)
def test_the_front_is_what_nothing_beats_each_pair_of_costs_once(costs):
    finite = {key: pair for key, pair in costs.items() if math.isfinite(pair[1])}
    unbeaten = {pair for pair in finite.values() if not any(beats(other, pair) for other in finite.values())}
    chosen = [costs[key] for key in pareto_front(costs)]
    assert chosen == sorted(unbeaten)
