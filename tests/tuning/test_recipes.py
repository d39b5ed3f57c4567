"""What a person asks for, and the settings that follow."""

import dataclasses

import pytest

from toonvision.core.errors import UsageError
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import settings_for
from toonvision.tuning.options import SearchOptions
from toonvision.tuning.recipes import narrower_settings, new_settings, resumed_settings
from toonvision.tuning.result import StudyResult, read_result, write_result
from toonvision.tuning.settings import Bounds, RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Space, compact_space, published_space
from toonvision.tuning.space_file import space_text
from toonvision.tuning.study import tune
from tuning.made import drawn, study, trial
from tuning.studies import tiny, tiny_space


@pytest.fixture
def task(small_workspace):
    return small_workspace.taxonomy.task("label")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "--trials is at least 1; got 0."),
        ({"race": -1}, "--race is at least 0; got -1."),
        ({"max_ms": 0.0}, "--max-ms is at least 0.001; got 0."),
        ({"seed": 2**32}, "--seed is at least 0 and at most"),
        ({"epochs": 0}, "--epochs is at least 1; got 0."),
    ],
)
def test_a_number_out_of_bounds_is_refused_when_it_is_given(options, message):
    with pytest.raises(UsageError, match=message):
        SearchOptions(**options)


def test_a_search_of_which_nothing_is_asked_is_the_published_one(small_workspace, task):
    settings = new_settings(small_workspace, task, SearchOptions())
    published = StudySettings("label", "", small_workspace.taxonomy.digest, size_hw=small_workspace.size_hw)
    flipping = dataclasses.replace(published.training.augmentation, flip=True)
    assert settings == dataclasses.replace(
        published, training=dataclasses.replace(published.training, augmentation=flipping)
    )


def test_what_is_asked_for_replaces_what_the_recipe_has(small_workspace, task):
    options = SearchOptions(
        recipe="compact", strategy="front", trials=7, max_params=6000, max_ms=2.0, race=0, repeats=2, epochs=5,
        batch_size=8, flip=False, size_hw=(64, 32), split="other", seed=4,
    )  # fmt: skip
    settings = new_settings(small_workspace, task, options)
    own = settings_for("compact")
    assert settings.training == dataclasses.replace(
        own, epochs=5, batch_size=8, augmentation=dataclasses.replace(own.augmentation, flip=False)
    )
    assert (settings.space, settings.bounds) == (compact_space(), Bounds(6000, 2.0))
    assert (settings.strategy, settings.trials, settings.repeats, settings.race.trainings) == ("front", 7, 2, 0)
    assert (settings.size_hw, settings.split, settings.seed) == ((64, 32), "other", 4)


def test_a_space_is_given_as_a_value_or_as_a_file(small_workspace, task, tmp_path):
    space = Space({**published_space().dimensions, "filters_1": Choices((8,))})
    file = tmp_path / "space.toml"
    file.write_text(space_text(space), encoding="utf-8")
    for given in (space, file, str(file)):
        assert new_settings(small_workspace, task, SearchOptions(space=given)).space == space


def test_a_search_goes_on_with_its_own_settings_only_longer():
    known = StudySettings("label", "data", "taxonomy", trials=3, race=RaceSettings(trainings=5))
    assert resumed_settings(known, SearchOptions()) == known
    longer = resumed_settings(known, SearchOptions(trials=9, race=0))
    assert longer == dataclasses.replace(known, trials=9, race=RaceSettings(trainings=0))
    with pytest.raises(UsageError, match=r"; --epochs, --size cannot be given with --resume\. Only --trials"):
        resumed_settings(known, SearchOptions(epochs=3, size_hw=(32, 32)))


def test_a_narrower_search_has_the_settings_of_the_earlier_one_and_a_length_of_its_own():
    space = published_space()
    earlier = study([trial(n, draw, space) for n, draw in enumerate(drawn(space, 3))], seed=5)
    task = Task("suit", "suit")
    settings = narrower_settings(earlier, task, SearchOptions(max_params=500))
    assert settings == dataclasses.replace(
        earlier.settings, space=settings.space, bounds=Bounds(500), trials=25, race=RaceSettings(6, 30, 5)
    )
    with pytest.raises(UsageError, match="--flip cannot be given with --tighten"):
        narrower_settings(earlier, task, SearchOptions(flip=True))


class Follower:
    """Remembers how a search began."""

    def __init__(self):
        self.begun = []

    def started(self, settings, data, name):
        self.begun.append((settings.task, settings.data == data.digest, name))

    def update(self, _result):
        raise AssertionError("nothing is trained, so nothing changes")


def test_one_call_searches_carries_over_and_goes_on(own_workspace, task_data):
    draws = drawn(tiny_space(), 3)
    trials = [trial(n, draw, tiny_space(), loss=0.1 + n, size_hw=(32, 32)) for n, draw in enumerate(draws)]
    earlier = StudyResult(tiny(task_data), task_data.classes, evaluated=4, trials=tuple(trials), name="earlier")
    write_result(own_workspace.studies / "label" / "earlier", earlier)
    follower, options = Follower(), SearchOptions(trials=3, race=0)
    found = tune(own_workspace, "label", options, tighten="label/earlier", workers=1, watcher=follower)
    assert (found.title, found.finished) == ("label/random-1", True)
    assert [one.loss for one in found.tried] == [0.1, 1.1, 2.1]
    assert read_result(own_workspace.studies / found.title) == found
    again = tune(own_workspace, "label", name="random-1", resume=True, watcher=follower)
    assert again == dataclasses.replace(found, device=again.device)
    assert follower.begun == [("label", True, "random-1")] * 2
    assert tune(own_workspace, "label", resume=True).name == "random-1"  # the newest
    with pytest.raises(UsageError, match="there is a study called label/random-1 already"):
        tune(own_workspace, "label", name="random-1")
    with pytest.raises(UsageError, match="--tighten cannot be given with --resume"):
        tune(own_workspace, "label", resume=True, tighten="label/earlier")
