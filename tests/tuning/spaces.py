"""Spaces that Hypothesis makes: any that a person could write down."""

from hypothesis import strategies as st

from toonvision.tuning.space import Choices, Range, Space, step_value

_WHOLE = {"filters": (1, 64, 8), "kernel": (1, 15, 2), "pool": (1, 4, 1)}


@st.composite
def stepped(draw, low, high, step):
    """Return a range of some steps between two ends; the step is a multiple of a smallest one."""
    least = draw(st.integers(low, high))
    wide = draw(st.integers(1, 4)) * step
    return Range(least, least + wide * draw(st.integers(0, (high - least) // wide)), wide)


@st.composite
def fractions(draw, decimals=2, most=95):
    """Return a range such as 0.1 to 0.7 in steps of 0.2, as a person writes it."""
    unit = 10.0**-decimals
    whole = draw(stepped(0, most, 1))
    return Range(*(step_value(0.0, unit, int(one)) for one in (whole.low, whole.high, whole.step)))


def rates():
    """Return a range of learning rates by their orders of magnitude."""
    ends = st.floats(1e-6, 0.5)
    return st.tuples(ends, ends).map(lambda pair: Range(min(pair), max(pair), log=True))


def choices(values):
    return st.lists(values, min_size=1, max_size=5, unique=True).map(lambda kept: Choices(tuple(sorted(kept))))


def whole(part):
    low, high, step = _WHOLE[part]
    return st.one_of(stepped(low, high, step), choices(st.integers(low, high)))


dropouts = st.one_of(fractions(), choices(st.floats(0, 0.95)), st.floats(0, 0.5).map(lambda low: Range(low, 0.9)))


switches = st.sampled_from([Choices((0,)), Choices((1,)), Choices((0, 1))])


@st.composite
def spaces(draw, most_blocks=3):
    """Return a space of one block or more, whose smallest poolings leave something of a picture."""
    made = {}
    for n in range(1, draw(st.integers(1, most_blocks)) + 1):
        made[f"filters_{n}"] = draw(whole("filters"))
        made[f"kernel_{n}"] = draw(whole("kernel"))
        made[f"pool_{n}a"] = draw(whole("pool"))
        made[f"pool_{n}b"] = Choices((1, 2))
        made[f"dropout_{n}"] = draw(dropouts)
        if draw(st.booleans()):
            made[f"norm_{n}"] = draw(switches)
    if draw(st.booleans()):
        made["copy"] = draw(switches)
    made["learning_rate"] = draw(st.one_of(rates(), choices(st.floats(1e-6, 0.5))))
    return Space(made)
