"""What is said of searches: from results that were made up, so that every state of a race is there."""

import dataclasses
from pathlib import Path

import pytest

from toonvision.api.search_results import search_result, study_row
from toonvision.tuning.race import Score
from toonvision.tuning.settings import RaceSettings
from tuning.made import plausible


def with_race(result, scores, race, **changes):
    """Return a study with another race."""
    return dataclasses.replace(
        result, scores=scores, settings=dataclasses.replace(result.settings, race=race, **changes)
    )


def alike(result, *, rounds, race, **changes):
    """Return a race of some rounds in which nobody is better: each candidate wins as often as the other."""
    told = with_race(result, {}, race, **changes)
    scores = {
        number: {
            seed: Score(0.3 if (place + turn) % 2 else 0.4, 9, 3, 1.0)
            for turn, seed in enumerate(told.settings.fresh_seeds()[:rounds])
        }
        for place, number in enumerate(told.candidates)
    }
    return dataclasses.replace(told, scores=scores)


def words(result):
    return search_result(result, Path("study"), Path("report.html"), "").sentences


@pytest.mark.parametrize(
    ("rounds", "race", "changes", "helps"),
    [
        (4, RaceSettings(2, 8, 10), {}, True),
        (4, RaceSettings(2, 80, 4), {}, False),
        (4, RaceSettings(2, 80, 10), {}, False),
        (4, RaceSettings(2, 8, 10), {"strategy": "front"}, False),
        (5, RaceSettings(1, 5, 10), {}, False),
    ],
    ids=["not decided", "all rounds done", "under way", "the whole front stays", "one network"],
)
def test_a_longer_race_is_proposed_only_where_it_would_help(rounds, race, changes, helps):
    said = words(alike(plausible(), rounds=rounds, race=race, **changes))
    assert ("A longer --race would separate them." in said) == helps


def test_a_race_that_has_begun_does_not_lend_one_networks_figures_to_another():
    result = plausible()
    first, second, *_ = result.candidates
    seed = result.settings.fresh_seeds()[0]
    begun = with_race(result, {second: {seed: Score(0.9, 77, 3, 1.0)}}, result.settings.race)
    assert begun.winner.number == first
    assert study_row(begun)[-2:] == ["-", "-"]
    assert "77" not in words(begun)
