import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from toonvision.core.seeds import generator
from toonvision.world.exposure import random_exposure
from toonvision.world.sample_set import draw_sample_set, draw_screenshot
from toonvision.world.screenshot_plans import plan_sample_set, plan_video
from toonvision.world.settings import DEFAULT_SETTINGS, VARIED


def test_two_seeds_have_no_image_in_common():
    pictures = [draw_screenshot(plan).image.tobytes() for seed in (0, 1) for plan in plan_sample_set(seed=seed)[:3]]
    assert len(set(pictures)) == 6


@pytest.fixture(scope="module")
def few_plans():
    """Two screenshots of each of two streets, and two pictures of a sequence."""
    plans = plan_sample_set(seed=2, scale=0.05)
    chosen = [plan for street in ("dg", "ttc") for plan in [p for p in plans if p.street == street][:2]]
    return (*chosen, *plan_video(2, seed=2))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, few_plans):
    """The same plans drawn by one process and by two: folder and what was told."""
    folders = {workers: tmp_path_factory.mktemp(str(workers)) for workers in (1, 2)}
    return {
        workers: (folder, list(draw_sample_set(few_plans, folder / "shots", masks=folder / "masks", workers=workers)))
        for workers, folder in folders.items()
    }


def test_files_are_the_same_bytes_with_one_and_two_workers(drawn):
    (one, told_by_one), (two, told_by_two) = drawn[1], drawn[2]
    assert told_by_one == told_by_two
    digests = [
        {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.png")}
        for folder in (one, two)
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 4 * len(told_by_one)


def test_screenshots_come_in_the_order_of_the_plans_with_their_files(drawn, few_plans):
    folder, told = drawn[1]
    for plan, shot in zip(few_plans, told, strict=True):
        assert (shot.name, shot.street) == (plan.name, plan.street)
        with Image.open(folder / "shots" / shot.street / f"{shot.name}.png") as picture:
            assert (picture.size, picture.mode) == (shot.size_wh, "RGB")
    assert not list(folder.rglob(".tmp-*"))


def test_the_numbers_in_the_instance_mask_are_those_of_the_figures(drawn):
    folder, told = drawn[1]
    for shot in told:
        with Image.open(folder / "masks" / "instances" / shot.street / f"{shot.name}.png") as picture:
            values = set(np.unique(np.asarray(picture)).tolist()) - {0}
        assert values == set(range(1, len(shot.figures) + 1))


def test_figures_come_in_the_order_of_the_plan(drawn, few_plans):
    for plan, shot in zip(few_plans, drawn[1][1], strict=True):
        if plan.frame is None:
            assert tuple(figure.label for figure in shot.figures) == plan.labels


def test_screenshots_of_one_monitor_have_one_exposure_and_those_of_many_differ():
    def spread(monitors):
        settings = replace(DEFAULT_SETTINGS, monitors=monitors, dim_rate=0.0)
        drawn = [random_exposure(generator(seed, "test"), settings) for seed in range(50)]
        return np.std([[one.brightness, one.gamma, one.saturation, one.cast[0]] for one in drawn], axis=0)

    assert (spread(0.0) == 0).all()
    assert spread(0.5) == pytest.approx(spread(VARIED.monitors) / 2)


def test_varied_screenshots_show_the_same_figures_in_the_same_boxes(few_plans):
    for plan in few_plans[::2]:
        usual, varied = draw_screenshot(plan), draw_screenshot(plan, settings=VARIED)
        assert usual.image.tobytes() != varied.image.tobytes()
        assert [one.xyxy for one in usual.figures] == [one.xyxy for one in varied.figures]
