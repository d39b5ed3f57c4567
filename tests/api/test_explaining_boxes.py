"""Which boxes are explained."""

import pytest

from toonvision.api.explaining_boxes import in_turn


@pytest.mark.parametrize(
    ("found", "alarms", "three"), [("abc", "xyz", "axb"), ("abc", "x", "axb"), ("a", "xyz", "axy"), ("abc", "", "abc")]
)
def test_as_many_boxes_are_explained_as_asked_for_found_objects_and_false_alarms_by_turns(found, alarms, three):
    assert "".join(in_turn(found, alarms)[:3]) == three
