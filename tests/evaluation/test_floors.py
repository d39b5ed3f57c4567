import dataclasses

import numpy as np
import pytest

from builders import copied
from figures import examples
from report.made import evaluation_of, results_of
from toonvision.api.workspace import open_workspace
from toonvision.evaluation.evaluate import evaluate_run, metrics_of
from toonvision.evaluation.floors import MAJORITY, NEIGHBOUR, Floors, compared, floor_rights
from toonvision.evaluation.score_floors import ScoreFloor, ScoreFloors
from toonvision.metrics.bootstrap import Estimate
from toonvision.models.registry import TREES
from toonvision.report.facts import main_facts
from toonvision.report.run_panels import floors_table
from toonvision.tasks.registry import load_dataset

CROPS = tuple(examples.crop("RBC", "all", number) for number in range(100))


def rights(wrong):
    """Return whether each of 100 predictions is right, the last `wrong` are not."""
    return np.arange(100) < 100 - wrong


def floors(*, wrong, by_name, network="compact"):
    own = np.stack([rights(count) for count in wrong])
    return compared(Floors("label", network), own, {name: rights(count) for name, count in by_name.items()}, CROPS)


def test_a_model_that_is_clearly_better_beats_all_its_floors():
    found = floors(wrong=(2, 4, 3), by_name={MAJORITY: 70, NEIGHBOUR: 40, TREES: 30})
    assert found.unbeaten is None
    assert found.best.name == TREES
    assert found.best.difference.value == pytest.approx(0.27)
    assert found.sentence().startswith(
        "The model compact clearly beats the best floor, colour histograms with randomised trees (30 of 100 wrong, "
        "compact 3.0 on average; difference +27.0 points, 95 % interval "
    )


def test_the_errors_that_a_floor_is_compared_with_are_the_mean_of_which_the_difference_is():
    found = floors(wrong=(0, 1, 14), by_name={MAJORITY: 70})
    assert "(70 of 100 wrong, compact 5.0 on average; difference +65.0 points, " in found.sentence()


@pytest.mark.parametrize(("trees", "clearly"), [(10, False), (12, False), (1, True)])
def test_a_model_that_is_no_better_than_a_floor_is_told_so_with_the_way_to_it(trees, clearly):
    found = floors(wrong=(12, 11, 13), by_name={MAJORITY: 70, TREES: trees})
    assert found.unbeaten.name == TREES
    sentence = found.sentence()
    verdict = "is clearly worse than" if clearly else "does not clearly beat"
    assert sentence.startswith(f"The model compact {verdict} its floor, colour histograms with randomised trees (")
    assert sentence.endswith("). Run toonvision train label --model trees to use that.")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.2, "clearly beats"), (-0.1, 0.1, "does not clearly beat"), (-0.2, -0.1, "is clearly worse than")],
)
def test_a_score_is_said_to_be_better_than_its_floor_or_worse_or_neither(low, high, said):
    own, difference = Estimate(0.3, 0.2, 0.4), Estimate((low + high) / 2, low, high)
    floor = ScoreFloor("largest", "the largest box", "ap50", 0.3, own, difference)
    assert ScoreFloors("detector", (floor,)).sentence().startswith(f"The model detector {said} its floor, the largest")


def test_one_group_of_screenshots_shows_nothing_of_a_floor_and_it_is_said_so():
    found = compared(Floors("label", "compact"), rights(2)[None], {MAJORITY: rights(70)}, [0] * 100)
    assert found.unbeaten.name == MAJORITY
    assert found.sentence() == (
        "The model compact does not clearly beat its floor, always predicting the most frequent class (70 of 100 "
        "wrong, compact 2.0 on average; difference +68.0 points, too few groups of screenshots for an interval)."
    )
    nothing = np.zeros(0)
    floor = ScoreFloor.of("largest", "the largest box", "ap50", values=(0.9, 0.1), drawn=(nothing, nothing))
    assert ScoreFloors("detector", (floor,)).sentence() == (
        "The model detector does not clearly beat its floor, the largest box (AP50 0.100, detector 0.900, too few "
        "groups of screenshots for an interval; difference +0.800, too few groups of screenshots for an interval)."
    )


def test_a_floor_with_more_errors_is_not_offered_though_it_is_not_clearly_beaten():
    sentence = floors(wrong=(2,), by_name={TREES: 4}).sentence()
    assert sentence.startswith("The model compact does not clearly beat its floor")
    assert "--model trees" not in sentence


def test_two_models_without_an_error_are_equal_so_that_the_floor_is_not_beaten():
    assert floors(wrong=(0,), by_name={TREES: 0}).unbeaten.name == TREES


def test_without_floors_nothing_is_said():
    none = Floors("label", "compact")
    assert (none.best, none.unbeaten, none.sentence()) == (None, None, "")


def test_the_first_sentence_of_a_report_is_the_floor_that_is_not_beaten():
    made = evaluation_of([[[30, 2, 0], [1, 30, 1], [0, 2, 34]]])
    weak = dataclasses.replace(made, floors=floors(wrong=(12,), by_name={TREES: 10}))
    sound = dataclasses.replace(made, floors=floors(wrong=(2,), by_name={TREES: 40}))
    assert main_facts(results_of(weak))[0] == weak.floors.sentence()
    assert main_facts(results_of(sound)) == main_facts(results_of(made))
    assert len(main_facts(results_of(weak))) == 6


def test_the_table_of_a_report_has_a_row_for_each_floor():
    made = dataclasses.replace(
        evaluation_of([[[30, 2, 0], [1, 30, 1], [0, 2, 34]]]),
        floors=floors(wrong=(3,), by_name={MAJORITY: 70, TREES: 3}),
    )
    table = floors_table(made)
    assert [row[0] for row in table.rows] == [
        "Always predicting the most frequent class", "Colour histograms with randomised trees",
    ]  # fmt: skip
    assert [(row[1], row[-1]) for row in table.rows] == [("70", "yes"), ("3", "no")]
    assert floors_table(dataclasses.replace(made, floors=None)) is None


@pytest.fixture(scope="module")
def dataset(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("floors") / "workspace")
    return load_dataset(workspace, workspace.taxonomy.task("label"), size_hw=(64, 64))


def test_the_majority_is_right_about_its_class_alone_and_colours_tell_colours(dataset):
    learned = np.flatnonzero(dataset.targets != 2)[1:]
    found = floor_rights(dataset, learned, np.arange(len(dataset.items)))
    counts = np.bincount(dataset.targets[learned])
    np.testing.assert_array_equal(found[MAJORITY], dataset.targets == counts.argmax())
    assert found[NEIGHBOUR][learned].all()
    assert found[TREES][learned].all()
    assert not found[NEIGHBOUR][dataset.targets == 2].any()
    assert floor_rights(dataset, learned, learned, without=TREES).keys() == {MAJORITY, NEIGHBOUR}


def test_a_run_is_compared_on_its_own_split_and_not_on_what_it_learned_from(small_workspace, tmp_path):
    workspace = open_workspace(copied(small_workspace, tmp_path / "workspace").root)
    run = workspace.train("label", model="4c3-p4-8c3-p2", epochs=1, size=(32, 32))
    evaluation = run.evaluation()
    assert {floor.name for floor in evaluation.floors.listed} == {MAJORITY, NEIGHBOUR, TREES}
    assert all(floor.right.total == len(evaluation.items) for floor in evaluation.floors.listed)
    assert [one["name"] for one in metrics_of(evaluation)["floors"]] == [one.name for one in evaluation.floors.listed]
    assert evaluation.floors.unbeaten
    for result in (run.summary(), run.evaluate()):
        said = "\n".join(block for block in result.blocks if isinstance(block, str))
        assert result.blocks[0] == evaluation.floors.sentence()
        assert said.count(evaluation.floors.sentence()) == 1
    assert run.evaluation("train").floors.listed == ()
    assert evaluate_run(workspace.files, run.folder).floors is None
