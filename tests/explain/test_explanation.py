import numpy as np
import pytest

from figures import examples
from toonvision.core.seeds import generator
from toonvision.explain.cam import ClassMaps
from toonvision.explain.evidence import Evidence, summarise
from toonvision.explain.explanation import Cases, Explanation, MaskedEvidence, own_maps, worst_cases
from toonvision.explain.trust import Randomisation, TrustCurves

CLASSES = examples.classes_of(3)


def evaluated():
    return examples.evaluation(CLASSES, samples=30, skill=0.8)


def maps_of(pictures, *, seed=0):
    values = generator(seed, "maps").normal(size=(pictures, 3, 6, 2)).astype(np.float32)
    return ClassMaps(values, "pool", "exact", np.zeros(3, np.float32), exact=True)


def explanation(cases, *, pictures, similarity=0.1, evidence=None):
    shares = np.linspace(0, 1, 3)
    falling, rising = np.tile([0.9, 0.2, 0.1], (2, 1)), np.tile([0.1, 0.8, 0.9], (2, 1))
    chance = np.tile([0.9, 0.5, 0.1], (2, 1))
    curves = TrustCurves(shares, falling, rising, chance, chance[:, ::-1])
    steps = (Randomisation("dense", 1, 1, np.full(2, similarity)),)
    return Explanation(cases, CLASSES, maps_of(pictures), curves, steps, evidence)


def test_wrong_ones_come_first_then_the_least_sure_and_none_twice():
    part = evaluated()
    cases = worst_cases(part, 20)
    wrong = len(part.wrong)
    assert 0 < wrong < 20
    assert cases.indices[:wrong] == tuple(part.wrong)
    assert len(set(cases.indices)) == 20
    rest = [at for at in part.best.unsure if at not in part.wrong]
    assert cases.indices[wrong:] == tuple(rest[: 20 - wrong])
    assert cases.names == tuple(part.items[at].file for at in cases.indices)
    assert cases.predicted.tolist() == part.best.predicted[list(cases.indices)].tolist()


def test_maps_of_a_evaluated_part_are_those_of_its_cases():
    cases = worst_cases(evaluated(), 4)
    found = explanation(cases, pictures=30)
    np.testing.assert_array_equal(own_maps(found.cases, found.maps), found.maps.values[list(cases.indices)])


def test_pictures_of_nobody_have_the_maps_in_their_order():
    part = evaluated()
    strangers = Cases(("a", "b"), part.images[:2], (None, None), part.best.probabilities[:2])
    found = explanation(strangers, pictures=2)
    np.testing.assert_array_equal(own_maps(found.cases, found.maps), found.maps.values)
    assert found.sections == ()


@pytest.mark.parametrize(
    ("similarity", "background", "named"), [(0.9, 0.1, "drawn afresh"), (0.1, 0.95, "the background")]
)
def test_what_speaks_against_the_maps_is_said_the_gravest_first(similarity, background, named):
    shares = np.tile([background, 0, 1 - background, 0, 0], (30, 1))
    areas = np.tile([0.5, 0, 0.5, 0, 0], (30, 1))
    evidence = Evidence(shares, areas)
    masked = MaskedEvidence(tuple(range(30)), evidence, evidence, [("", summarise(evidence, ["All"] * 30))])
    found = explanation(worst_cases(evaluated(), 2), pictures=30, similarity=similarity, evidence=masked)
    assert named in found.warnings[0]
