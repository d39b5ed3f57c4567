from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import pytest

from toonvision.core.errors import UsageError
from toonvision.core.options import Option, settings_of


@dataclass(frozen=True)
class Oven:
    heat: Annotated[float, Option("How hot.", minimum=50, maximum=250, unit="degrees", flag="hot")] = 180.0
    minutes: Annotated[int, Option("How long.", minimum=1)] = 30
    mode: Annotated[Literal["fan", "grill"], Option("How.")] = "fan"
    name: str = "oven"


def test_the_settings_are_the_annotated_fields_in_their_order():
    found = settings_of(Oven)
    assert [(s.name, s.flag, s.kind, s.default, s.option.unit) for s in found.values()] == [
        ("heat", "--hot", float, 180.0, "degrees"),
        ("minutes", "--minutes", int, 30, ""),
        ("mode", "--mode", Literal["fan", "grill"], "fan", ""),
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("heat", 251, "--hot is at least 50 and at most 250; got 251."),
        ("heat", float("nan"), "--hot is a finite number; got nan."),
        ("heat", float("inf"), "--hot is a finite number; got inf."),
        ("minutes", 0, "--minutes is at least 1; got 0."),
        ("minutes", np.int64(-5), "--minutes is at least 1; got -5."),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_the_bounds(name, value, message):
    with pytest.raises(UsageError) as caught:
        settings_of(Oven)[name].check(value)
    assert str(caught.value) == message


def test_the_bounds_themselves_are_allowed():
    settings_of(Oven)["heat"].check(50)
    settings_of(Oven)["heat"].check(250)
