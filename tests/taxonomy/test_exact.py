import pytest

from toonvision.taxonomy.exact import agreeing, exact_label
from toonvision.taxonomy.loader import built_in

TOONTOWN = built_in("toontown")


@pytest.mark.parametrize(
    ("levels", "agreed", "label"),
    [
        ({"kind": "cog", "suit": "bb", "entity": "flunky"}, ["kind", "suit", "entity"], "cog_bb_flunky"),
        ({"kind": "cog", "suit": "bb", "entity": "bigwig"}, ["kind", "suit"], "bb"),
        ({"kind": "toon", "suit": "bb"}, ["kind"], "toon"),
        ({"kind": "toon", "animal": "dog"}, ["kind", "animal"], "toon_dog"),
        ({"kind": "cog", "label": "toon_dog"}, ["kind"], "cog"),
        ({"kind": "cog", "label": "cog_bb_flunky"}, ["kind", "label"], "cog_bb_flunky"),
    ],
)
def test_the_label_is_as_exact_as_the_levels_agree(levels, agreed, label):
    found = agreeing(levels, TOONTOWN)
    assert list(found) == agreed
    assert exact_label(found, TOONTOWN) == label
