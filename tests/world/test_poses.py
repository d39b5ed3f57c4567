import math
from collections import Counter

import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.world.poses import POSE_KINDS, POSE_RATES, TOON_POSE_RATES, VIEWS, Pose, random_pose, view_of


def poses(count=2000, **options):
    rng = generator(0, "test", "poses")
    return [random_pose(rng, **options) for _ in range(count)]


def test_poses_come_as_often_as_their_rates_say():
    seen = Counter(pose.kind for pose in poses())
    for kind, rate in POSE_RATES.items():
        assert seen[kind] / 2000 == pytest.approx(rate, abs=0.035)


@pytest.mark.parametrize("rates", [POSE_RATES, TOON_POSE_RATES])
def test_rates_sum_to_one(rates):
    assert sum(rates.values()) == pytest.approx(1)


def test_a_figure_that_may_not_fly_does_not():
    assert {pose.kind for pose in poses(may_fly=False)} == set(POSE_KINDS) - {"flying"}


def test_other_rates_can_be_asked_for():
    assert {pose.kind for pose in poses(50, rates={"fighting": 1.0})} == {"fighting"}


def test_only_flying_lifts_off_the_ground():
    for pose in poses():
        assert (0.2 <= pose.lift <= 1.6) if pose.kind == "flying" else pose.lift == 0


def test_every_figure_leans_a_little_and_fighters_most():
    leans = {kind: np.std([pose.lean for pose in poses() if pose.kind == kind]) for kind in POSE_KINDS}
    assert min(leans.values()) > 0.01
    assert max(leans, key=leans.get) == "fighting"


def test_the_same_generator_draws_the_same_pose():
    assert random_pose(generator(4, "test")) == random_pose(generator(4, "test"))


@pytest.mark.parametrize("kind", POSE_KINDS)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_movement_has_no_jump(kind, side):
    phases = np.linspace(0, math.tau, 200)
    angles = np.asarray([(*Pose(kind, phase).arm(side), *Pose(kind, phase).leg(side)) for phase in phases])
    assert np.abs(np.diff(angles, axis=0)).max() < 0.06
    assert angles[0] == pytest.approx(angles[-1])


@pytest.mark.parametrize("turns", [-1, 0, 2])
def test_each_view_is_a_sector_of_45_degrees(turns):
    for place, name in enumerate(VIEWS):
        middle = math.radians(45 * place) + math.tau * turns
        assert view_of(middle) == view_of(middle - 0.38) == view_of(middle + 0.38) == name
