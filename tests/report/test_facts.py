import dataclasses

import numpy as np
import pytest

from figures import examples
from report.made import evaluation_of, results_of
from toonvision.evaluation.breakdown import Breakdown, Group
from toonvision.metrics.intervals import Proportion
from toonvision.report.facts import (
    confusion_fact,
    data_fact,
    next_fact,
    place_fact,
    quality_fact,
    telling_facts,
    training_fact,
)
from toonvision.taxonomy.labels import Targets

GOOD = [[6, 3, 1], [1, 19, 0], [0, 0, 10]]
BETTER = [[8, 2, 0], [0, 20, 0], [0, 0, 10]]
WORSE = [[2, 8, 0], [0, 20, 0], [0, 2, 8]]


def test_there_are_exactly_five_sentences():
    facts = telling_facts(results_of(evaluation_of([GOOD])))
    assert len(facts) == 5
    assert all(fact.endswith(".") and fact[0].isupper() for fact in facts)


def test_the_first_says_what_was_trained_on_what():
    assert training_fact(results_of(evaluation_of([GOOD]))) == (
        "The network baseline, with 14,620 parameters, learned to tell 3 classes apart (Platelets, RBC and WBC) from "
        "120 crops; 40 more were used to choose its best epoch and 40 were kept for the test, 200 in all, "
        "from 145 screenshots."
    )


@pytest.mark.parametrize(
    ("runs", "told"), [([GOOD], "showed how it went"), ([GOOD, GOOD], "were used to choose among its trainings")]
)
def test_a_course_that_ends_by_itself_leaves_the_validation_part_the_choice_among_trainings_if_any(runs, told):
    results = results_of(evaluation_of(runs))
    record = results.evaluation.record
    settings = dataclasses.replace(record.settings, schedule="cosine")
    made = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, settings=settings))
    assert f"40 more {told} and 40 were kept" in training_fact(dataclasses.replace(results, evaluation=made))


def test_a_network_that_learned_from_the_validation_part_too_is_not_said_to_have_been_chosen_by_it():
    results = results_of(evaluation_of([GOOD]))
    record = results.evaluation.record
    settings = dataclasses.replace(record.settings, with_validation=True)
    made = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, settings=settings))
    fact = training_fact(dataclasses.replace(results, evaluation=made))
    assert (
        "from 160 crops; 40 of them are those of the validation part, which so says nothing of how good it is" in fact
    )


def test_many_classes_are_counted_instead_of_named():
    made = examples.evaluation(examples.classes_of(32), samples=64)
    fact = training_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), evaluation=made))
    assert "learned to tell 32 classes apart from 192 crops" in fact


def test_the_second_gives_the_share_its_interval_and_the_spread():
    assert quality_fact(evaluation_of([GOOD, BETTER, WORSE])) == (
        "It is right about 35 of 40 test crops, 87.5 % (95 % interval 73.9–94.5 %); over 3 trainings that differ by "
        "their seed alone, 5 predictions are wrong at the median, 2 at best and 10 at worst."
    )


def test_one_wrong_prediction_is_one():
    nearly = [[10, 0, 0], [0, 20, 0], [0, 1, 9]]
    assert "1 prediction is wrong at the median" in quality_fact(evaluation_of([nearly, nearly]))


def test_a_single_training_is_said_to_prove_little():
    assert quality_fact(evaluation_of([GOOD])).endswith(
        "; it was trained with one seed alone, so how much another seed would change this is not known."
    )


def test_another_part_than_the_test_is_named():
    judged = dataclasses.replace(evaluation_of([GOOD]), part="val")
    assert "35 of 40 validation crops" in quality_fact(judged)


def test_the_third_names_the_largest_confusion_in_both_directions_and_the_class_found_least():
    assert confusion_fact(evaluation_of([GOOD])) == (
        "What it confuses most are Platelets and RBC: 3 crops of Platelets were taken for RBC, 1 the other way round; "
        "the class found least is Platelets, 6 of 10 (60.0 %, 95 % interval 31.3–83.2 %)."
    )


def test_one_confusion_is_singular_and_none_is_said_in_words():
    fact = confusion_fact(evaluation_of([[[9, 1, 0], [0, 10, 0], [0, 0, 10]]]))
    assert "1 crop of Platelets was taken for RBC, none the other way round; the class" in fact


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[8, 2, 0], [2, 8, 0], [0, 0, 9]], "2 crops of Platelets were taken for RBC, as often the other way round; "),
        ([[8, 2, 0], [0, 8, 2], [0, 0, 9]], "none the other way round (1 other pair as often); "),
        ([[8, 2, 0], [2, 8, 2], [2, 0, 9]], "as often the other way round (2 other pairs as often); "),
    ],
)
def test_confusions_that_are_as_frequent_are_not_hidden(matrix, expected):
    assert expected in confusion_fact(evaluation_of([matrix]))


def test_a_model_without_faults_is_not_called_perfect():
    assert confusion_fact(evaluation_of([[[10, 0, 0], [0, 20, 0], [0, 0, 10]]])) == (
        "It confuses nothing among its 40 test crops, which a model that is wrong for up to 8.8 % of all pictures "
        "could still achieve (95 % interval)."
    )


def test_the_fourth_tells_the_imbalance_and_what_always_guessing_would_give():
    assert data_fact(results_of(evaluation_of([GOOD]))) == (
        "The largest class, RBC, has 200 crops, 5.0 times as many as the smallest, Platelets, with 40 (always "
        "answering RBC would be right for 50.0 % of the test crops); the split keeps all crops of one screenshot in "
        "one subset, and likewise those of near-duplicate screenshots (5 in 2 groups)."
    )


def test_even_classes_are_called_even():
    crops = [examples.crop(name, "all", number) for name in ("Platelets", "RBC", "WBC") for number in range(30)]
    fact = data_fact(results_of(evaluation_of([GOOD]), crops=crops))
    assert fact.startswith("All classes have 30 crops; the split keeps")


def test_a_class_without_any_crop_is_named():
    taxonomy = examples.plain_taxonomy("Platelets", "RBC", "WBC", "Parasite")
    fact = data_fact(results_of(evaluation_of([GOOD]), taxonomy=taxonomy))
    assert "; Parasite has none at all; the split" in fact


def test_a_leaking_split_is_told():
    assert data_fact(results_of(evaluation_of([GOOD]), torn=True)).endswith(
        "; the split leaks, since it does not keep near-duplicate screenshots together: the scores are too good."
    )


def test_a_split_without_near_duplicates_says_so():
    results = results_of(evaluation_of([GOOD]))
    results = dataclasses.replace(results, split=dataclasses.replace(results.split, near_duplicate_groups=()))
    assert data_fact(results).endswith("in one subset, and there are no near-duplicate screenshots.")


def places(*groups):
    return Breakdown("context", "Place", tuple(Group(t, Proportion(*w), 0.0, Proportion(*r)) for t, w, r in groups), 1)


def test_the_fourth_says_that_no_place_stands_out_where_none_does():
    divided = places(("Dock", (4, 31), (9, 143)), ("Alley", (1, 9), (12, 165)), ("Gardens", (2, 40), (11, 134)))
    results = dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,))
    assert place_fact(results) == (
        "By place it is wrong about from 5.0 % (2 of 40) in Gardens to 12.9 % (4 of 31) in Dock, in none clearly more "
        "or less often than elsewhere, so nothing here shows that it leans on the place; whether it would cope with a "
        "place that it has never seen is what toonvision contexts label tests."
    )
    assert telling_facts(results)[3] == place_fact(results)


def test_a_place_that_clearly_stands_out_is_named():
    divided = places(("Dock", (20, 40), (2, 100)), ("Gardens", (2, 100), (20, 40)))
    fact = place_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,)))
    assert "in Dock and Gardens clearly more or less often than elsewhere, so the place matters to it" in fact


def test_where_nothing_is_wrong_anywhere_the_fourth_gives_no_rate():
    divided = places(("Dock", (0, 40), (1, 5)), ("Gardens", (0, 30), (1, 15)), ("Alley", (1, 5), (0, 70)))
    ordered = dataclasses.replace(divided, groups=tuple(sorted(divided.groups, key=lambda g: -g.wrong.share)))
    fact = place_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(ordered,)))
    assert fact.startswith("It is wrong in none of the places of which there are crops enough to tell, so nothing")


def test_places_with_few_pictures_prove_nothing():
    divided = places(("Dock", (2, 4), (2, 9)), ("Gardens", (2, 9), (2, 4)))
    fact = place_fact(dataclasses.replace(results_of(evaluation_of([GOOD])), breakdowns=(divided,)))
    assert fact.startswith("Too few of its crops are from each place to say")


def test_with_all_pictures_from_one_place_the_fourth_tells_of_the_data():
    results = results_of(evaluation_of([GOOD]))
    assert place_fact(results) == ""
    assert telling_facts(results)[3] == data_fact(results)


def test_the_fifth_names_the_emptiest_labels_and_places():
    balance, taxonomy = examples.toontown_balance()
    made = examples.evaluation(taxonomy.level("suit").classes, level="suit", taxonomy=taxonomy)
    results = dataclasses.replace(
        results_of(evaluation_of([GOOD])), evaluation=made, taxonomy=taxonomy, balance=balance
    )
    assert next_fact(results) == (
        "To photograph next: Corporate Raider in The Brrrgh, Donald's Dock and 4 other places (30 more); Robber Baron "
        "in The Brrrgh, Donald's Dock and 4 other places (30 more); Two-Face in The Brrrgh, Donald's Dock and 2 other "
        "places (20 more); 25 other labels are short of the target too."
    )


def test_labels_outside_the_task_are_not_asked_for():
    balance, taxonomy = examples.toontown_balance()
    made = examples.evaluation(taxonomy.level("animal").classes, level="animal", taxonomy=taxonomy)
    results = dataclasses.replace(
        results_of(evaluation_of([GOOD])), evaluation=made, taxonomy=taxonomy, balance=balance
    )
    assert next_fact(results).startswith("To photograph next: Horse in Donald's Dock, Donald's Dreamland and 4 other")


def test_a_label_with_enough_in_each_place_but_too_few_in_all_is_asked_for():
    taxonomy = examples.plain_taxonomy("Platelets", "RBC", "WBC").with_targets(Targets(45, 5))
    assert next_fact(results_of(evaluation_of([GOOD]), taxonomy=taxonomy)) == (
        "To photograph next: Platelets (5 more)."
    )


def test_where_nothing_is_short_the_least_sure_class_is_named():
    assert next_fact(results_of(evaluation_of([GOOD]))) == (
        "No label of this task is short of its target, so photograph next what the model is least sure of: "
        "Platelets, to which it gives a probability of 48.0 % on average."
    )


def test_a_class_without_test_crops_does_not_break_the_sentences():
    made = evaluation_of([[[0, 0, 0], [1, 19, 0], [0, 0, 10]]])
    facts = telling_facts(results_of(made))
    assert "nan" not in " ".join(facts)
    assert np.isfinite(made.own).all()
