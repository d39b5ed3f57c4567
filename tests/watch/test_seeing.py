"""Where one can walk, while something is watched."""

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.deploy.packaged import packaged_scene
from toonvision.deploy.segmenter import Segmenter
from toonvision.metrics.named_pixels import whole_pixels
from toonvision.taxonomy.loader import built_in
from toonvision.watch.loop import watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.walkable import ways
from watch.standins import ReadySource, ToldModels

SIZE_HW = (360, 640)


@dataclass
class Halves(Segmenter):
    """A segmenter for which the upper half of its input is the first class, the lower half the second."""

    bundle: object
    classes: tuple = ("sky", "road")

    def name_batch(self, pictures):
        pixels = np.zeros(pictures.shape[:3], np.uint8)
        pixels[:, SIZE_HW[0] // 2 :] = 1
        return SimpleNamespace(pixels=pixels)


def halves(scene, **changed):
    own = scene.detector.bundle
    known = {
        "size_hw": SIZE_HW,
        "resize": own.resize,
        "taxonomy": own.taxonomy,
        "taxonomy_name": "it",
        "task": "street",
    }
    return Halves(SimpleNamespace(**(known | changed)))


@pytest.fixture(scope="module")
def scene():
    return packaged_scene("toontown")


def test_ways_are_looked_for_five_times_a_second_at_most_and_kept_in_between():
    models = ToldModels(street="a street")
    found = list(watch_frames(ReadySource(40), models))
    assert models.seen_ways <= 20
    assert models.asked == 40, "a frame whose ways are looked for is looked at once"
    assert all(frame.ahead and 0 <= frame.seconds - frame.ahead.seconds < 0.25 for frame in found)


def test_ways_are_plain_data_for_a_bot():
    plain = json.loads(json.dumps(list(watch_frames(ReadySource(4), ToldModels(street="a street")))[-1].plain()))
    assert plain["ways_seconds"] == 0.4
    assert [set(one) for one in plain["ways"]] == [{"bearing_deg", "free", "top"}] * 15
    bearings = [one["bearing_deg"] for one in plain["ways"]]
    assert bearings == sorted(bearings)
    middle, edge = plain["ways"][7], plain["ways"][0]
    assert middle["free"] > edge["free"]
    assert middle["top"] == pytest.approx(50 / 90, abs=0.001)
    assert edge["top"] > middle["top"]


def test_without_a_street_nothing_is_said_about_ways():
    assert "ways" not in list(watch_frames(ReadySource(3), ToldModels()))[-1].plain()


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1281, 721)])
def test_the_ways_of_a_shrunk_picture_are_those_of_the_whole_one(scene, size):
    models = WatchModels.of(scene, built_in("toontown"), halves(scene))
    image = Image.new("RGB", size)
    found, pixels = models.find_with_pixels(image)
    assert found == models.find(image)
    own = models.street.name_batch(np.zeros((1, *SIZE_HW, 3), np.uint8)).pixels[0]
    small, whole = ways(pixels, models.pixel_classes), ways(whole_pixels(own, size), models.pixel_classes)
    for one, other in zip(small, whole, strict=True):
        assert one.bearing == pytest.approx(other.bearing, abs=0.5)
        assert one.top == pytest.approx(other.top, abs=0.01)


def test_what_names_pixels_of_another_taxonomy_is_refused_naming_both(scene):
    own = scene.detector.bundle
    with pytest.raises(ModelRefusedError, match=rf"the taxonomy it \(0000\), the detector \S+ \({own.taxonomy}\)"):
        WatchModels.of(scene, built_in("toontown"), halves(scene, taxonomy="0000"))


def test_what_knows_no_ground_is_refused(scene):
    street = replace(halves(scene), classes=("sky", "water"))
    with pytest.raises(UsageError, match="road and ground; street names sky and water. Leave --street out"):
        WatchModels.of(scene, built_in("toontown"), street)
