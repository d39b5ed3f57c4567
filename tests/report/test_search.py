import csv
import dataclasses
import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from report.test_report import Page
from toonvision.core.errors import UsageError
from toonvision.core.panels import Listing
from toonvision.report.search import search_page, write_search_report
from toonvision.report.search_facts import (
    next_command,
    next_fact,
    outcome_fact,
    race_fact,
    sampled_fact,
    search_facts,
    search_warnings,
    searched_fact,
    winner_fact,
)
from toonvision.report.search_panels import (
    architecture_panel,
    front_rows,
    front_table,
    race_rows,
    race_table,
    settings_table,
    trials_rows,
    trials_table,
)
from toonvision.tuning.insight import size_error_points
from toonvision.tuning.race import Score
from toonvision.tuning.recipes import narrower_space
from toonvision.tuning.settings import Bounds, RaceSettings
from toonvision.tuning.space import published_space, tighten
from toonvision.tuning.space_file import read_space
from tuning.made import EVALUATED, drawn, one_block, plausible, study, trial

SPACE = published_space()
DRAWS = drawn(SPACE, 8)
FIGURE_NAMES = ("race", "architecture", "front", "importance", "slices", "parallel", "history")
HOSTILE = "<b onclick=alert(1)>'x'&"


def trials(*losses, **changes):
    return [
        trial(n, draw, SPACE, loss=loss, **changes) for n, (draw, loss) in enumerate(zip(DRAWS, losses, strict=False))
    ]


def scored(loss, *wrong):
    return {seed: Score(loss * (1 + seed / 100), count, 4, 9.0) for seed, count in enumerate(wrong, start=1)}


def decided():
    """Return a study whose race trial 1 won after three rounds, though trial 0 was the better trial."""
    return study(trials(0.5, 0.6, wrong=20), {0: scored(0.9, 30, 31, 32), 1: scored(0.2, 9, 7, 12)},
                 race=RaceSettings(2, 6, 5))  # fmt: skip


def undecided():
    close = {0: scored(0.5, 20, 21, 22), 1: scored(0.5, 19, 22, 23)}
    close[1][2] = Score(0.4, 22, 4, 9.0)
    return study(trials(0.5, 0.6), close, race=RaceSettings(2, 6, 3))


def lost_but_one():
    return study(trials(None, None, 0.7, None))


def rows_of(path):
    return list(csv.DictReader(path.open(encoding="utf-8")))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    result = plausible(14, seed=2, cut=1, diverged=0.5, space=one_block())
    path = write_search_report(folder, result)
    return folder, result, path, Page(path.read_text(encoding="utf-8"))


def test_a_study_is_reported_in_one_file_that_fetches_nothing(written):
    folder, _, path, page = written
    assert path == folder / "report.html"
    assert not page.all("link")
    assert [script.get("src", "") for script in page.all("script")] == [""]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert all(link["href"].startswith("#") for link in page.all("a"))
    assert not re.search(r"https?://|@import|url\(", path.read_text(encoding="utf-8"))


def test_every_figure_lies_beside_the_report_with_its_values_and_says_what_it_shows(written):
    folder, _, _, page = written
    files = {file.name for file in (folder / "figures").iterdir()}
    assert files == {f"{name}{suffix}" for name in FIGURE_NAMES for suffix in (".png", ".csv")}
    assert len(page.all("img")) == len(FIGURE_NAMES)
    assert all(len(image["alt"]) > 20 for image in page.all("img"))
    assert all(rows_of(folder / "figures" / name) for name in files if name.endswith(".csv"))


def test_sections_come_in_their_order_and_the_sentences_on_top(written):
    _, result, _, page = written
    ids = [section["id"] for section in page.all("section")]
    assert ids == ["best", "front", "space", "trials", "settings"]
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in ids]
    assert " ".join(search_facts(result)) in " ".join(page.texts)
    assert "--from-study" in page.texts  # a piece of its own: code, which no line ends within


def test_the_narrower_space_can_be_copied_and_searched(written, tmp_path):
    _, result, _, page = written
    wanted = narrower_space(result)
    listed = next(text for text in page.texts[page.texts.index("A narrower space") :] if text.startswith("filters_1 ="))
    (tmp_path / "space.toml").write_text(listed, encoding="utf-8")
    found = read_space(tmp_path / "space.toml", usual=SPACE)
    assert found.dimensions.keys() == wanted.dimensions.keys()
    assert found.dimensions["filters_1"] == wanted.dimensions["filters_1"]
    assert "toonvision tune suit --tighten suit/random-1" in page.texts
    assert "toonvision train suit --from-study suit/random-1" in page.texts


def test_trials_race_and_front_are_written_with_all_their_values(written):
    folder, result, _, _ = written
    rows = rows_of(folder / "trials.csv")
    names = list(result.settings.space.dimensions)
    assert list(rows[0]) == ["number", "state", *names, "layout", "parameters", "loss", "wrong", "epochs", "seconds",
                             "replaced", "attempt"]  # fmt: skip
    assert [int(row["number"]) for row in rows] == [one.number for one in result.trials]
    best = result.tried[0]
    row = rows[best.number]
    assert float(row["loss"]) == pytest.approx(best.loss, rel=1e-5)
    assert float(row["learning_rate"]) == pytest.approx(best.draw["learning_rate"], rel=1e-5)
    assert (row["layout"], int(row["wrong"]), row["state"]) == (best.layout, best.wrong[0], "done")
    race = rows_of(folder / "race.csv")
    assert list(race[0]) == ["trial", "seed", "loss", "wrong", "best_epoch", "seconds"]
    assert len(race) == sum(len(scores) for scores in result.scores.values())
    front = rows_of(folder / "front.csv")
    assert [int(row["trial"]) for row in front] == [one.number for one in result.front]


def test_cells_of_what_is_not_known_are_empty():
    result = lost_but_one()
    gone = dataclasses.replace(result.trials[0], state="lost", draw={}, layout="", parameters=0, scores=(), epochs=0)
    head, *rows = trials_rows(dataclasses.replace(result, trials=(gone, *result.trials[1:])))
    first, second = (dict(zip(head, row, strict=True)) for row in rows[:2])
    assert {
        first[name] for name in ("filters_1", "learning_rate", "layout", "parameters", "loss", "wrong", "epochs")
    } == {""}
    assert (second["state"], second["loss"]) == ("diverged", "")
    scores = {2: {1: Score(None, EVALUATED, 0, 9.0)}}
    assert race_rows(dataclasses.replace(result, scores=scores))[1:] == ((2, 1, "", EVALUATED, "", 9.0),)


def test_the_front_has_the_interval_of_its_median():
    one = dict(zip(*front_rows(size_error_points(lost_but_one()), evaluated=EVALUATED), strict=True))
    assert [one[name] for name in ("wrong_median", "raced", "on_front", "winner")] == [40, 0, 1, 1]
    assert one["validation_crops"] == EVALUATED
    assert one["interval_low"] < 40 < one["interval_high"]


def test_what_was_searched_is_said_with_its_bounds():
    result = study(trials(0.5), bounds=Bounds(6032, 2.5))
    assert searched_fact(result) == (
        "The search covers networks of 2 blocks for the task suit (4 classes: bb, lb, cb and sb) with an input of "
        "600 × 200 pixels, each within 6,032 parameters and 2.5 ms for one image; 11 hyperparameters can vary."
    )
    assert "of any size; 5 hyperparameters" in searched_fact(plausible(2, space=one_block(), bounds=Bounds()))
    many = dataclasses.replace(result, classes=tuple("abcdefgh"))
    assert "(8 classes)" in searched_fact(many)


@pytest.mark.parametrize(
    ("strategy", "words"),
    [("random", "at random;"), ("hyperband", "Hyperband"), ("bayesian", "Parzen"), ("front", "of both")],
)
def test_how_networks_were_sampled_is_said_in_words(strategy, words):
    assert words in sampled_fact(study(trials(0.5), strategy=strategy))


def test_seeds_and_patience_are_said():
    assert sampled_fact(study(trials(0.5))) == (
        "Networks were sampled at random; each was trained with seed 0 for at most 75 epochs, until 3 in a row brought "
        "no lower loss, and compared by its lowest loss on 174 validation crops."
    )
    assert "with the seeds 4, 5 and 6 for" in sampled_fact(study(trials(0.5), seed=4, repeats=3))


def test_trials_are_counted_by_their_outcome():
    made = trials(0.5, None, 0.7)
    made += [trial(3, DRAWS[3], SPACE, state="cut short"), trial(4, DRAWS[4], SPACE, state="lost", attempt=4)]
    assert outcome_fact(study(made)) == (
        "Of 5 trials: 2 finished, 1 stopped early, 1 diverged and 1 lost. 4 samples were out of bounds and replaced "
        "before training."
    )
    assert outcome_fact(study(trials(0.5, replaced=0))) == "Of 1 trial: 1 finished."
    again = outcome_fact(study([*trials(0.5), trial(1, DRAWS[1], SPACE, state="lost")]))
    assert again.startswith("Of 1 trial: 1 finished.")
    assert again.endswith(" 1 trial was retried because the process had died.")
    waiting = study([*trials(0.5), trial(1, DRAWS[1], SPACE, state="running")])
    assert "1 finished and 1 under way" in outcome_fact(waiting)


def test_the_winner_is_reported_with_its_median_best_and_worst_in_the_race_not_with_its_trial():
    result = decided()
    told = winner_fact(result)
    layout = result.trials[1].layout
    assert told.startswith(f"The winner is trial 1, {layout}, with {result.trials[1].parameters:,} parameters and a ")
    assert told.endswith(
        "In 3 trainings of the race with new seeds, the median of wrong predictions is 9 of 174 validation crops "
        "(5.2 %, 95 % interval 2.7–9.5 %), the best 7 and the worst 12."
    )
    assert " 20 of" not in told


@given(st.integers(1, 20), st.integers(0, 50))
@settings(max_examples=30)
def test_no_sentence_gives_the_winners_best_training_alone(count, seed):
    result = plausible(count, seed=seed)
    raced = next(one for one in result.racers if one.leads)
    told = winner_fact(result)
    assert f"the median of wrong predictions is {raced.median_wrong:g} of {EVALUATED} validation crops" in told
    assert f"the best {min(raced.wrong)} and the worst {max(raced.wrong)}" in told


def test_a_training_of_the_winner_that_diverged_counts_as_all_wrong_and_is_named():
    scores = {0: {1: Score(0.5, 9, 4, 9.0), 2: Score(None, EVALUATED, 0, 9.0), 3: Score(0.5, 8, 4, 9.0)}}
    told = winner_fact(study(trials(0.5), scores))
    assert "3 trainings of the race with new seeds (1 of them diverged, which counts as all wrong), the median" in told
    assert told.endswith("the best 8 and the worst 174.")


def test_without_a_race_the_best_trial_is_reported_with_the_luck_that_chose_it():
    told = winner_fact(study(trials(0.5, 0.6, 0.7, wrong=20)))
    assert told.startswith("The best trial is trial 0, ")
    assert told.endswith(
        "It was not retrained: 20 of 174 validation crops were wrong in its one training. It was selected from 3 "
        "trials for this, so new seeds will probably be worse."
    )
    assert race_fact(study(trials(0.5, 0.6))).startswith("The best trials were not retrained")


def test_a_trial_of_several_trainings_is_reported_with_all_of_them():
    several = tuple(Score(0.5, wrong, 4, 9.0) for wrong in (10, 30, 20))
    told = winner_fact(study([dataclasses.replace(one, scores=several) for one in trials(0.5)], repeats=3))
    assert "its 3 trainings the median of wrong predictions is 20 of 174 validation crops, the best 10 and the" in told
    assert told.endswith("How much another seed would change this is not known.")


def test_a_decided_race_says_so_and_by_which_test():
    told = race_fact(decided())
    assert told.startswith("2 networks raced over 5 rounds") or told.startswith("2 networks raced over 3 rounds")
    assert "the race is decided: all others left" in told
    assert "95 % interval of its mean paired difference in log loss to the leader lies above 0 (Student's t" in told
    assert "without a correction" in told


def test_an_undecided_race_names_who_is_still_in_it():
    told = race_fact(undecided())
    assert "the race is not decided: trials 1 and 0 are in it" in told or "trials 0 and 1 are in it" in told
    assert "which of them is best is not known" in told


def test_a_winner_that_only_guesses_is_no_recommendation():
    good = dataclasses.replace(study(trials(0.5, wrong=40)), guessed_wrong=41)
    assert "commonest" not in winner_fact(good)
    assert "--from-study" in next_fact(good)
    poor = dataclasses.replace(good, guessed_wrong=40)
    assert winner_fact(poor).endswith(
        "no better than always answering the commonest class, which is wrong about 40: nothing useful was found yet."
    )
    assert next_fact(poor).endswith("run: toonvision tune suit --name random-1 --resume --trials 2")
    for result, title, command in (
        (good, "To train the winner", "train suit"),
        (poor, "To search longer", "tune suit"),
    ):
        (best, *_) = search_page(result).sections
        (listing,) = (one for one in best.panels if isinstance(one, Listing))
        assert listing.title.startswith(title)
        assert listing.text == next_command(result)
        assert listing.text.startswith(f"toonvision {command}")


def test_other_races_say_what_they_are():
    alone = study(trials(0.5), {0: scored(0.5, 8, 9, 10)}, race=RaceSettings(1, 3, 3))
    assert race_fact(alone).endswith("there was no other network to race against.")
    too_few = study(trials(0.5, 0.6), {0: scored(0.5, 8, 9, 10)}, race=RaceSettings(2, 3, 3))
    assert "1 other finished trial did not race: 3 trainings (--race) are too few" in race_fact(too_few)
    front = study(trials(0.5, 0.6), undecided().scores, strategy="front", race=RaceSettings(2, 6, 3))
    assert "None had to leave" in race_fact(front)
    begun = study(trials(0.5, 0.6), {0: scored(0.5, 8), 1: scored(0.4, 8)}, race=RaceSettings(2, 10, 5))
    assert "is still under way" in race_fact(begun)


def test_the_test_subset_is_said_to_be_unused_and_how_to_use_it():
    told = next_fact(decided())
    assert told.startswith("The test subset was used neither by the search nor by the race.")
    assert told.endswith("run: toonvision train suit --from-study suit/random-1")
    assert "toonvision" not in next_fact(study(trials(None, None)))


def test_names_are_quoted_in_commands_where_a_shell_needs_it():
    assert next_command(study(trials(0.5), name="a b")) == "toonvision train suit --from-study 'suit/a b'"
    assert next_command(study(trials(0.5), name="x;reboot")) == "toonvision train suit --from-study 'suit/x;reboot'"


def test_what_must_be_known_first_is_a_warning():
    assert search_warnings(study(trials(0.5, 0.6))) == ()
    unfinished = study([*trials(0.5), trial(1, DRAWS[1], SPACE, state="running")])
    (warning,) = search_warnings(unfinished)
    assert warning.endswith("run toonvision tune with --name random-1 and --resume.")
    (warning,) = search_warnings(lost_but_one())
    assert warning.startswith("The loss of 3 of 4 trials became NaN")


def test_tables_say_what_there_is():
    result = decided()
    race = race_table(result)
    assert race.rows[0][:2] == ("1 (leads)", result.trials[1].layout)
    assert race.rows[0][3:5] == ("9", "7–12")
    assert race.rows[0][6] == "–"
    assert race.rows[1][0] == "0"
    assert race.rows[1][6] == "4.50 (4.50–4.50)"
    assert race.rows[1][7] == "3"
    assert race_table(study(trials(0.5))) is None
    front = front_table(result)
    assert any(row[0] == "1 (winner)" and row[4] == "3" for row in front.rows)
    assert front_table(study(trials(None))) is None
    rows = trials_table(study([*trials(0.7, None, 0.5), trial(3, DRAWS[3], SPACE, loss=0.1, state="cut short")])).rows
    assert [(row[0], row[4], row[-1]) for row in rows] == [
        ("2", "0.5000", "done"), ("0", "0.7000", "done"), ("3", "0.1000", "cut short"), ("1", "–", "diverged"),
    ]  # fmt: skip
    settings_of = dict(settings_table(result).rows)
    assert settings_of["Trials"] == "2, each with the seed 0"
    assert settings_of["Race"] == "at most 2 networks, 5 rounds and 6 trainings, with the seeds 1, 2, 3, 4, 5"
    assert dict(settings_table(study(trials(0.5))).rows)["Race"] == "none"


@pytest.mark.parametrize(
    ("result", "missing", "ids"),
    [
        (study(trials(0.5, 0.6, 0.7)), {"race", "importance"}, ["best", "front", "space", "trials", "settings"]),
        (lost_but_one(), {"race", "importance"}, ["best", "front", "space", "trials", "settings"]),
        (study(trials(0.5)), {"race", "importance"}, ["best", "front", "space", "trials", "settings"]),
        (study(trials(None, None)), {"race", "architecture", "front", "importance"}, ["space", "trials", "settings"]),
        (study([]), set(FIGURE_NAMES), ["settings"]),
    ],
    ids=["no race", "all but one diverged", "one trial", "all diverged", "nothing yet"],
)
def test_what_there_is_not_is_left_out(tmp_path, result, missing, ids):
    page = Page(write_search_report(tmp_path, result).read_text(encoding="utf-8"))
    assert [section["id"] for section in page.all("section")] == ids
    names = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert names == set(FIGURE_NAMES) - missing
    assert ("A narrower space" in page.texts) == (len(result.tried) >= 3)


def test_a_reason_stands_where_importance_cannot_be_computed():
    page = search_page(study(trials(0.5, 0.6)))
    lead = next(one for one in page.sections if one.id == "space").lead
    assert lead.endswith("Too few finished trials to say which hyperparameters matter: 2, at least 10.")


def test_writing_again_removes_figures_that_no_longer_hold(tmp_path):
    write_search_report(tmp_path, decided())
    assert (tmp_path / "figures" / "race.png").is_file()
    write_search_report(tmp_path, study(trials(0.5, 0.6)))
    assert not list((tmp_path / "figures").glob("race.*"))
    assert rows_of(tmp_path / "race.csv") == []


def test_names_cannot_break_out_of_the_page(tmp_path):
    result = study(trials(0.5, 0.6, 0.7), name=HOSTILE)
    result = dataclasses.replace(result, classes=(HOSTILE, "b", "c", "d"), device=HOSTILE, storage=HOSTILE)
    text = write_search_report(tmp_path, result).read_text(encoding="utf-8")
    page = Page(text)
    assert not any("onclick" in attributes for _, attributes in page.tags)
    assert HOSTILE not in text
    assert f"suit/{HOSTILE}" in html.unescape(text)


def test_the_networks_that_are_shown_are_the_best_three_and_the_published_ones_that_fit():
    panel = architecture_panel(plausible(8))
    titles = list(dict.fromkeys(row[0] for row in panel.rows[1:]))
    assert [title.split()[0] for title in titles] == ["Trial", "Trial", "Trial", "Published", "Published"]
    assert "6,032 weights in all" in panel.alternative
    small = [trial(0, drawn(one_block(), 1)[0], one_block(), size_hw=(20, 20))]
    rows = architecture_panel(study(small, space=one_block(), size_hw=(20, 20))).rows
    assert not any("tuned" in str(row[0]) for row in rows)


def test_too_few_trials_propose_no_space():
    with pytest.raises(UsageError):
        narrower_space(study(trials(0.5)))
    assert tighten(SPACE, [DRAWS[0]]).holds(DRAWS[0])
