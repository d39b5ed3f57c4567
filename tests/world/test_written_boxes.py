"""The boxes that are written beside a picture are those of the pixels in which a figure is really painted.

What is painted is found without asking the canvas: a figure is drawn once in glaring light and once in none, all else
being equal. Where the two pictures differ, it is seen.
"""

from dataclasses import replace

import numpy as np
import pytest

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.attributes import attributes_path, read_attributes
from toonvision.data.formats import pascal_voc
from toonvision.data.source_tree import SourceTree
from toonvision.world.canvas import SOLID_ALPHA
from toonvision.world.exposure import Exposure
from toonvision.world.screenshot_plans import plan_video
from toonvision.world.video import random_sequence

PLAIN = Exposure(brightness=1.0, gamma=1.0, cast=(1.0, 1.0, 1.0), blur_px=0.0)
GLARING, NONE = 1000.0, 0.0


def frame(plan, track, light):
    """Draw a picture of a sequence with one figure in another light."""
    sequence = random_sequence(plan.street, plan.labels, seed=plan.seed)
    walkers = list(sequence.walkers)
    walkers[track - 1] = replace(walkers[track - 1], actor=replace(walkers[track - 1].actor, light=(light,) * 3))
    shot = replace(sequence.shot, exposure=PLAIN)
    image = replace(sequence, shot=shot, walkers=tuple(walkers)).frame(plan.frame).image
    return np.asarray(image, dtype=np.int16)


def painted_box(plan, track):
    """Return the edges of the pixels that a figure covers as far as a pixel of the annotation must be covered."""
    change = np.abs(frame(plan, track, GLARING) - frame(plan, track, NONE)).max(axis=2)
    assert change.max() > 60
    covered = change >= change.max() * SOLID_ALPHA / 255
    across, down = np.flatnonzero(covered.any(axis=0)), np.flatnonzero(covered.any(axis=1))
    return across[0], down[0], across[-1] + 1, down[-1] + 1


@pytest.mark.parametrize("seed", [0, 1])
def test_written_boxes_are_those_of_the_painted_pixels(tmp_path, seed):
    draw_into(tmp_path, SampleOrder(seed=seed, video=2))
    occluded = []
    for plan in plan_video(2, seed=seed):
        annotation = tmp_path / "screenshots" / plan.street / f"{plan.name}.xml"
        known = read_attributes(attributes_path(annotation))
        (picture,) = (
            one for one in pascal_voc.read(SourceTree.of(annotation.parent)).pictures if one.path.stem == plan.name
        )
        assert len(picture.objects) >= 5
        for entry in picture.objects:
            track = known[entry.number]["track"]
            assert entry.label == plan.labels[track - 1]
            np.testing.assert_allclose(entry.xyxy, painted_box(plan, track), atol=1)
            occluded.append(known[entry.number]["occluded"])
    assert max(occluded) > 0.3, "a figure behind another must be among them"
