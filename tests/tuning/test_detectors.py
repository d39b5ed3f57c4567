"""Searches for detectors: what is drawn, what it may cost, and what trials are compared by."""

from dataclasses import replace

import pytest

from builders import finding_things
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.report.search import write_search_report
from toonvision.tuning.folders import run_of_study
from toonvision.tuning.options import SearchOptions
from toonvision.tuning.recipes import new_settings, with_times
from toonvision.tuning.result import read_result, write_result
from toonvision.tuning.sampling import BoundedSampler, parameters_of
from toonvision.tuning.settings import Bounds, RaceSettings, load_study_data, read_settings_text, settings_text
from toonvision.tuning.space import Choices, Range, detector_space
from toonvision.tuning.space_file import read_space, space_text
from tuning.studies import begin, found, search

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("detectors") / "workspace", level="kind")


@pytest.fixture(scope="module")
def task(workspace):
    return workspace.taxonomy.task("things")


def draw(width=1.0, shrink=1, rate=0.01, epochs=2):
    return {"shrink": shrink, "width": width, "learning_rate": rate, "epochs": epochs}


def test_a_search_draws_widths_rates_epochs_and_sizes_of_the_screenshots_shrunk_by_whole_numbers(workspace, task):
    settings = new_settings(workspace, task, SearchOptions(epochs=8))
    assert settings.screen_hw == (48, 64)
    assert settings.space.dimensions["epochs"] == Choices((4, 8))
    screens = replace(settings, screen_hw=(720, 1280), space=detector_space(epochs=8, factors=(2, 3, 4)))
    assert [screens.size_of(draw(shrink=one)) for one in (2, 3, 4)] == [(384, 640), (256, 448), (192, 320)]
    assert screens.title_of(draw(0.75, 2)) == "detector-0.75 at 384x640, 2 epochs"
    fixed = new_settings(workspace, task, SearchOptions(size_hw=(96, 96)))
    assert "shrink" not in fixed.space.dimensions
    assert fixed.size_of({"width": 1.0}) == (96, 96)


def test_sizes_of_which_the_input_is_the_same_are_drawn_once(workspace, task):
    settings = new_settings(workspace, task, SearchOptions())
    assert settings.space.dimensions["shrink"].steps == (1,)  # 64 x 64 is the smallest input


def test_a_draw_is_trained_with_its_own_network_rate_and_epochs_and_begins_with_weights_that_fit(workspace, task):
    settings = new_settings(workspace, task, SearchOptions())
    settings = replace(settings, training=replace(settings.training, start="toontown"))
    wide, narrow = (settings.training_of(draw(width, rate=0.005)) for width in (1.0, 0.5))
    assert (wide.network, wide.learning_rate, wide.epochs, wide.start) == ("detector", 0.005, 2, "toontown")
    assert (narrow.network, narrow.start) == ("detector-0.5", "none")


def test_settings_are_read_as_they_were_written(workspace, task):
    settings = replace(
        new_settings(workspace, task, SearchOptions(max_ms=9.0)), milliseconds={"detector at 64x64": 1.5}
    )
    assert read_settings_text(settings_text(settings), "here") == settings


@pytest.mark.parametrize(
    ("options", "flag"), [({"recipe": "compact"}, "--recipe"), ({"strategy": "hyperband"}, "--strategy")]
)
def test_options_without_a_meaning_for_detectors_are_refused(workspace, task, options, flag):
    with pytest.raises(UsageError, match=flag):
        new_settings(workspace, task, SearchOptions(**options))


def test_each_detector_that_can_be_drawn_is_timed_before_anything_is_trained(workspace, task):
    asked = []

    def measure(network, size_hw, classes):
        asked.append((network, size_hw, classes))
        return 10.0 if network == "detector-1.25" else 1.0

    settings = new_settings(workspace, task, SearchOptions(max_ms=5.0))
    timed = with_times(settings, 2, measure)
    assert asked == [(name, (64, 64), 2) for name in ("detector-0.5", "detector-0.75", "detector", "detector-1.25")]
    assert with_times(timed, 2, measure) is timed
    assert with_times(replace(settings, bounds=Bounds()), 2, measure).milliseconds == {}
    sampler = BoundedSampler(timed, classes=2)
    assert [sampler.accepts(draw(width)) for width in (0.5, 1.0, 1.25)] == [True, True, False]


def test_a_network_with_too_many_weights_is_not_drawn(workspace, task):
    settings = new_settings(workspace, task, SearchOptions(max_params=60_000))
    sampler = BoundedSampler(settings, classes=2)
    assert [sampler.accepts(draw(width)) for width in (0.5, 0.75, 1.0)] == [True, True, False]
    assert parameters_of("detector", (384, 640), 2) == 96_086


def test_a_file_of_a_space_names_what_is_searched_of_a_detector(tmp_path):
    usual = detector_space(epochs=8, factors=(2, 3))
    path = tmp_path / "space.toml"
    path.write_text("width = { low = 0.25, high = 0.75, step = 0.25 }\nepochs = [20, 40]\n")
    space = read_space(path, usual=usual)
    assert space.dimensions["width"] == Range(0.25, 0.75, 0.25)
    assert space.dimensions["shrink"] == usual.dimensions["shrink"]
    path.write_text(space_text(space))
    assert read_space(path, usual=usual) == space
    for line, rule in (("filters_1 = 4", "is none of shrink, width, learning_rate, epochs"),
                       ("width = { low = 0.5, high = 1.0 }", "a range needs a step"),
                       ("width = 3", r"width lies from 0\.25 to 2")):  # fmt: skip
        path.write_text(line + "\n")
        with pytest.raises(InputRejectedError, match=rule):
            read_space(path, usual=usual)


@pytest.fixture(scope="module")
def searched(workspace, task, small_bodies, tmp_path_factory):
    """A search that ended, at two sizes of the input, and the best of which raced."""
    folder = tmp_path_factory.mktemp("searched")
    settings = new_settings(workspace, task, SearchOptions(epochs=1, trials=3))
    settings = replace(
        settings, race=RaceSettings(2, 2, 1), screen_hw=(192, 192), size_hw=(192, 192),
        space=replace(settings.space, dimensions={
            **settings.space.dimensions, "shrink": Choices((1, 2)), "width": Choices((0.25, 0.5)),
        }),
    )  # fmt: skip
    data = load_study_data(workspace, settings)
    settings = replace(settings, data=data.digest)
    address, _ = begin(folder, settings)
    assert search(address, data, folder, load=lambda size: load_study_data(workspace, settings, size))
    from toonvision.tuning.storage import open_study

    return replace(found(open_study(address), data), name="random-1")


def test_trials_are_compared_by_what_ap50_lacks_of_one(searched):
    assert len(searched.tried) == 3
    assert searched.finished
    assert all(0 <= trial.loss <= 1 for trial in searched.tried)
    assert {trial.layout.partition(" at ")[0] for trial in searched.tried} <= {"detector-0.25", "detector-0.5"}
    assert {trial.layout.partition(" at ")[2].partition(",")[0] for trial in searched.tried} == {"192x192", "96x96"}
    assert searched.worst_loss == 1
    assert searched.validated == "3 validation screenshots"


def test_a_search_is_shown_and_its_winner_can_be_trained(searched, workspace):
    folder = workspace.studies / "things" / "random-1"
    write_result(folder, searched)
    page = write_search_report(folder, read_result(folder)).read_text(encoding="utf-8")
    assert "The search covers detectors for the task things" in page
    assert "1 - AP50" in page
    assert "nats" not in page
    assert "crop" not in page.partition("<body")[2].replace("cropped", "")
    planned = run_of_study(workspace, "things/random-1", None, task="things")
    winner = searched.winner
    assert planned.size_hw == searched.settings.size_of(winner.draw)
    assert planned.settings.network == winner.layout.partition(" at ")[0]
