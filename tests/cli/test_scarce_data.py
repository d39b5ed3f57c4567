"""Too little to learn from: what every verb that trains says to it."""

import pytest

from builders import Shot, contents, make_workspace

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def one_class(tmp_path_factory):
    from toonvision.data.extraction import extract
    from toonvision.data.split_plan import draw_split
    from toonvision.data.splits import SIXTY_TWENTY_TWENTY

    shots = [Shot(f"shot_{n}", "garden", (("apple", (2 + n, 3, 20, 30)),)) for n in range(4)]
    workspace = make_workspace(tmp_path_factory.mktemp("scarce") / "mine", shots)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    return workspace


@pytest.mark.parametrize("verb", ["train", "tune", "contexts", "suspects", "curve"])
def test_what_cannot_be_learned_is_refused_by_every_verb_that_trains_before_it_writes(run, one_class, verb):
    before = contents(one_class.root)
    outcome = run(verb, "label", "-w", one_class.root)
    assert outcome.code == 3
    if verb == "contexts":
        assert "this workspace has one context only" in outcome.err
    else:
        assert "training needs at least two classes with samples; got 1" in outcome.err
        assert "apple 2/1/1" in outcome.err or "apple 4" in outcome.err
    assert contents(one_class.root) == before
