import dataclasses

import numpy as np
import pytest

from figures import examples
from report.made import evaluation_of, results_of
from toonvision.evaluation.breakdown import Breakdown, Group
from toonvision.metrics.intervals import Proportion
from toonvision.report.detection import view_fact
from toonvision.report.facts import (
    confusion_fact,
    context_fact,
    data_fact,
    main_facts,
    next_fact,
    quality_fact,
    training_fact,
    warnings_of,
)
from toonvision.taxonomy.labels import Targets

GOOD = [[6, 3, 1], [1, 19, 0], [0, 0, 10]]
BETTER = [[8, 2, 0], [0, 20, 0], [0, 0, 10]]
WORSE = [[2, 8, 0], [0, 20, 0], [0, 2, 8]]


def test_there_are_exactly_five_sentences():
    facts = main_facts(results_of(evaluation_of([GOOD])))
    assert len(facts) == 5
    assert all(fact.endswith(".") and fact[0].isupper() for fact in facts)


def test_the_first_says_what_was_trained_on_what():
    assert training_fact(results_of(evaluation_of([GOOD]))) == (
        "The network baseline (14,620 parameters) was trained to distinguish 3 classes (Platelets, RBC and WBC), with "
        "120 training crops, 40 validation crops (which decide the best epoch) and 40 test crops from 145 screenshots."
    )


@pytest.mark.parametrize(("runs", "told"), [([GOOD], ""), ([GOOD, GOOD], " (which decide the best training)")])
def test_with_a_schedule_that_ends_the_validation_crops_decide_only_among_trainings(runs, told):
    results = results_of(evaluation_of(runs))
    record = results.evaluation.record
    settings = dataclasses.replace(record.settings, schedule="cosine")
    made = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, settings=settings))
    assert f"40 validation crops{told} and 40 test crops" in training_fact(
        dataclasses.replace(results, evaluation=made)
    )


def test_validation_crops_that_were_learned_from_are_said_to_be_training_crops():
    results = results_of(evaluation_of([GOOD]))
    record = results.evaluation.record
    settings = dataclasses.replace(record.settings, with_validation=True)
    made = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, settings=settings))
    fact = training_fact(dataclasses.replace(results, evaluation=made))
    assert "with 160 training crops, which include the 40 validation crops, and 40 test crops" in fact


def test_many_classes_are_counted_instead_of_named():
    made = examples.evaluation(examples.classes_of(32), samples=64)
    fact = training_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), evaluation=made))
    assert "was trained to distinguish 32 classes, with 192 training crops" in fact


def test_the_second_gives_the_share_its_interval_and_the_spread():
    assert quality_fact(evaluation_of([GOOD, BETTER, WORSE])) == (
        "Its accuracy is 87.5 %: 35 of 40 test crops are right (95 % interval 73.9–94.5 %). 3 trainings that differ "
        "only by their seed have 2 to 10 wrong predictions, with a median of 5."
    )


def test_trainings_with_as_many_wrong_predictions_have_so_many_each():
    assert quality_fact(evaluation_of([GOOD, GOOD])).endswith(" have 5 wrong predictions each.")


def test_a_single_training_is_said_to_prove_little():
    assert quality_fact(evaluation_of([GOOD])).endswith(
        ". It was trained with one seed only, so the variation between trainings is unknown."
    )


def test_another_subset_than_the_test_is_named():
    evaluated = dataclasses.replace(evaluation_of([GOOD]), subset="val")
    assert "35 of 40 validation crops" in quality_fact(evaluated)


def test_the_third_names_the_largest_confusion_in_both_directions_and_the_class_found_least():
    assert confusion_fact(evaluation_of([GOOD])) == (
        "The most frequent confusion is Platelets predicted as RBC: 3 times, and 1 time the other way round. The "
        "class with the lowest recall is Platelets: 6 of 10 crops are found (60.0 %, 95 % interval 31.3–83.2 %)."
    )


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[8, 2, 0], [2, 8, 0], [0, 0, 9]], "Platelets predicted as RBC: 2 times, and 2 times the other way round. "),
        ([[8, 2, 0], [0, 8, 2], [0, 0, 9]], "0 times the other way round (1 other pair just as often). "),
        ([[8, 2, 0], [2, 8, 2], [2, 0, 9]], "2 times the other way round (2 other pairs just as often). "),
    ],
)
def test_confusions_that_are_as_frequent_are_not_hidden(matrix, expected):
    assert expected in confusion_fact(evaluation_of([matrix]))


def test_a_model_without_faults_is_not_called_perfect():
    assert confusion_fact(evaluation_of([[[10, 0, 0], [0, 20, 0], [0, 0, 10]]])) == (
        "It makes no error on its 40 test crops; with so few, its true error can still be up to 8.8 % (95 % interval)."
    )


def test_the_fourth_states_the_imbalance_and_the_accuracy_of_always_predicting_one_class():
    assert data_fact(results_of(evaluation_of([GOOD]))) == (
        "The largest class, RBC, has 200 crops, 5.0 times as many as the smallest, Platelets, with 40. Always "
        "predicting RBC would have an accuracy of 50.0 % on the test crops. The split keeps the crops of one "
        "screenshot, and those of near-duplicate screenshots (5 in 2 groups) in one subset."
    )


def test_even_classes_are_called_even():
    crops = [examples.crop(name, "all", number) for name in ("Platelets", "RBC", "WBC") for number in range(30)]
    fact = data_fact(results_of(evaluation_of([GOOD]), crops=crops))
    assert fact.startswith("All classes have 30 crops. The split keeps")


def test_a_class_without_any_crop_is_named():
    taxonomy = examples.plain_taxonomy("Platelets", "RBC", "WBC", "Parasite")
    fact = data_fact(results_of(evaluation_of([GOOD]), taxonomy=taxonomy))
    assert " Parasite has no crop. The split" in fact


def test_a_leaking_split_is_reported():
    assert data_fact(results_of(evaluation_of([GOOD]), torn=True)).endswith(
        " The split leaks: screenshots that belong together are in several subsets, so the scores are probably too "
        "good."
    )


def test_the_warning_of_a_leaking_split_names_the_command_that_draws_that_split():
    results = results_of(evaluation_of([GOOD]), torn=True)
    named = dataclasses.replace(results, split=dataclasses.replace(results.split, name="mine"))
    assert warnings_of(named)[0].endswith("To draw one that does not: toonvision split --name mine --force")


def test_a_split_without_near_duplicates_does_not_speak_of_them():
    results = results_of(evaluation_of([GOOD]))
    results = dataclasses.replace(results, split=dataclasses.replace(results.split, near_duplicate_groups=()))
    assert data_fact(results).endswith(" The split keeps the crops of one screenshot in one subset.")


def by_context(*groups):
    return Breakdown(
        "context", "Context", tuple(Group(t, Proportion(*w), 0.0, Proportion(*r)) for t, w, r in groups), 1
    )


def test_the_fourth_says_that_no_context_stands_out_where_none_does():
    divided = by_context(("Dock", (4, 31), (9, 143)), ("Alley", (1, 9), (12, 165)), ("Gardens", (2, 40), (11, 134)))
    results = dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,))
    assert context_fact(results) == (
        "The error by context goes from 5.0 % (2 of 40) in Gardens to 12.9 % (4 of 31) in Dock; no context clearly "
        "differs from the rest. To test it on contexts that it has not seen, run: toonvision contexts label"
    )
    assert main_facts(results)[3] == context_fact(results)


def test_a_context_that_clearly_stands_out_is_named():
    divided = by_context(("Dock", (20, 40), (2, 100)), ("Gardens", (2, 100), (20, 40)))
    fact = context_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,)))
    assert "Dock (more errors) and Gardens (fewer errors) clearly differ from the rest, so the context matters" in fact


def test_where_nothing_is_wrong_anywhere_the_fourth_gives_no_rate():
    divided = by_context(("Dock", (0, 40), (1, 5)), ("Gardens", (0, 30), (1, 15)), ("Alley", (1, 5), (0, 70)))
    ordered = dataclasses.replace(divided, groups=tuple(sorted(divided.groups, key=lambda g: -g.wrong.share)))
    fact = context_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(ordered,)))
    assert fact.startswith("It makes no error in any context with enough crops to compare.")


def test_contexts_with_few_crops_are_not_compared():
    divided = by_context(("Dock", (2, 4), (2, 9)), ("Gardens", (2, 9), (2, 4)))
    fact = context_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,)))
    assert fact.startswith("There are too few crops from each context to compare them.")


def test_with_all_crops_from_one_context_the_fourth_is_about_the_data():
    results = results_of(evaluation_of([GOOD]))
    assert context_fact(results) == ""
    assert main_facts(results)[3] == data_fact(results)


def test_the_fifth_names_the_emptiest_labels_and_contexts():
    balance, taxonomy = examples.toontown_balance()
    made = examples.evaluation(taxonomy.level("entity").classes, level="entity", taxonomy=taxonomy)
    results = dataclasses.replace(
        results_of(evaluation_of([GOOD])), evaluation=made, taxonomy=taxonomy, balance=balance
    )
    assert next_fact(results) == (
        "To photograph next: Corporate Raider in The Brrrgh, Donald's Dock and 4 other contexts (30 more); Robber "
        "Baron in The Brrrgh, Donald's Dock and 4 other contexts (30 more); Two-Face in The Brrrgh, Donald's Dock and "
        "2 other contexts (20 more); 25 other labels are short of the target too."
    )


@pytest.mark.parametrize("level", ["kind", "suit"])
def test_a_task_that_names_no_labels_asks_for_its_least_confident_class_and_for_labels_of_that_alone(level):
    balance, taxonomy = examples.toontown_balance()
    made = examples.evaluation(taxonomy.level(level).classes, level=level, taxonomy=taxonomy)
    results = dataclasses.replace(
        results_of(evaluation_of([GOOD])), evaluation=made, taxonomy=taxonomy, balance=balance
    )
    named, _, labels = next_fact(results).partition(" Of its labels first: ")
    title = named.removeprefix("Photograph next what the model is least confident about: ").partition(", which")[0]
    (own,) = (one.name for one in taxonomy.level(level).classes if one.title == title)
    listed = [part.partition(" in ")[0] for part in labels.split("; ")[:3]]
    by_title = {label.title: label.name for label in taxonomy.labels}
    assert {taxonomy.class_of(by_title[one], level) for one in listed} == {own}


def test_labels_outside_the_task_are_not_asked_for():
    balance, taxonomy = examples.toontown_balance()
    made = examples.evaluation(taxonomy.level("animal").classes, level="animal", taxonomy=taxonomy)
    results = dataclasses.replace(
        results_of(evaluation_of([GOOD])), evaluation=made, taxonomy=taxonomy, balance=balance
    )
    assert next_fact(results).startswith("To photograph next: Horse in Donald's Dock, Donald's Dreamland and 4 other")


def test_a_label_with_enough_in_each_context_but_too_few_in_all_is_asked_for():
    taxonomy = examples.plain_taxonomy("Platelets", "RBC", "WBC").with_targets(Targets(45, 5))
    assert next_fact(results_of(evaluation_of([GOOD]), taxonomy=taxonomy)) == (
        "To photograph next: Platelets (5 more)."
    )


def test_where_nothing_is_short_the_least_confident_class_is_named():
    assert next_fact(results_of(evaluation_of([GOOD]))) == (
        "All labels of this task have reached their target. Photograph next what the model is least confident about: "
        "Platelets, which gets a probability of 48.0 % on average."
    )


def test_a_class_without_test_crops_does_not_break_the_sentences():
    made = evaluation_of([[[0, 0, 0], [1, 19, 0], [0, 0, 10]]])
    facts = main_facts(results_of(made))
    assert "nan" not in " ".join(facts)
    assert np.isfinite(made.best.probabilities).all()


def test_a_detector_says_first_which_view_is_missed_most():
    views = (("in full view", (1, 20), (6, 20)), ("overlaps another object", (6, 20), (1, 20)))
    seen = dataclasses.replace(by_context(*views), name="disturbance")
    assert view_fact([by_context(("Dock", (1, 9), (2, 9))), seen]) == (
        "Missed by what disturbs the view: overlaps another object 30.0 % (6 of 20) and in full view 5.0 % (1 of 20)."
    )
    assert view_fact([]) == ""
