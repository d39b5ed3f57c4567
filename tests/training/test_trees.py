"""Trees in the place of a network: trained, evaluated, calibrated, exported and used like any other model."""

import numpy as np
import pytest

from builders import copied
from toonvision.api.workspace import open_workspace
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.deploy.check_runs import check_runs
from toonvision.deploy.classifier import Classifier
from toonvision.models.forest import Forest
from toonvision.models.saving import FOREST, load_model, read_card
from toonvision.training.recipes import changed, settings_for
from toonvision.training.record import read_record, repeat_folder


@pytest.fixture(scope="module")
def grown(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("trees") / "workspace")
    return open_workspace(workspace.root).train("label", model="trees", repeat=3)


def test_a_run_of_trees_has_a_forest_for_every_seed_and_no_keras(grown):
    record = read_record(grown.folder)
    assert (grown.name, record.status, record.device) == ("label/trees-1", "done", "numpy on cpu:0")
    assert [repeat.epochs for repeat in record.repeats] == [1, 1, 1]
    forests = [load_model(repeat_folder(grown.folder, seed)) for seed in (0, 1, 2)]
    assert all(isinstance(one, Forest) for one in forests)
    assert not np.array_equal(forests[0].features, forests[1].features)
    own = repeat_folder(grown.folder, record.best_seed) / FOREST
    assert (grown.folder / FOREST).read_bytes() == own.read_bytes()
    assert record.parameters == load_model(grown.folder).count_params()


def test_trees_learn_what_differs_by_colour(grown):
    evaluation = grown.evaluation("train")
    assert evaluation.best.error == 0
    assert evaluation.floors.listed == ()


def test_the_same_seed_grows_the_same_trees(grown, tmp_path):
    again = copied(grown.workspace.files, tmp_path / "again")
    run = open_workspace(again.root).train("label", model="trees", seed=1, name="again")
    own, other = (folder / FOREST for folder in (run.folder, repeat_folder(grown.folder, 1)))
    assert own.read_bytes() == other.read_bytes()


def test_two_classes_and_weighed_classes_are_grown_and_measured(small_workspace, tmp_path):
    workspace = open_workspace(copied(small_workspace, tmp_path / "two").root)
    run = workspace.train("kind", model="trees", class_weights=True, with_validation=True)
    assert read_card(run.folder).classes == ("fruit", "mineral")
    assert read_card(run.folder).temperature is None
    assert "Best values" in run.summary().blocks[0] + run.summary().blocks[1]


@pytest.mark.parametrize("temperature", [True, False])
def test_the_export_answers_as_the_trees_do_with_and_without_a_temperature(grown, tmp_path, temperature):
    run = open_workspace(copied(grown.workspace.files, tmp_path / "own").root).run("label/trees-1")
    run.calibrate(remove=not temperature)
    crops = sorted(run.workspace.files.crops.glob("*.png"))
    before = run.predict(crops).value
    exported = run.export()
    assert exported.value.parity.disagreements == 0
    assert "the same answers as the trees" in exported.blocks[0]
    after = run.predict(crops).value
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)
    assert check_runs(run.workspace.files, None).faults == ()


def test_an_export_takes_batches_of_any_size_and_is_the_same_bytes_each_time(grown, tmp_path):
    run = open_workspace(copied(grown.workspace.files, tmp_path / "own").root).run("label/trees-1")
    path = run.export().value.path
    first, classifier = path.read_bytes(), Classifier(path)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    np.testing.assert_allclose(classifier.run_batch(images), classifier.predict_batch(images), atol=1e-6)
    assert run.export().value.path.read_bytes() == first


def test_what_makes_no_sense_for_trees_is_said_in_one_line(grown):
    for wish in ({"epochs": 3}, {"flip": True}, {"learning_rate": 0.1}):
        with pytest.raises(UsageError, match=r"trees are grown at once, .* would change nothing\. Leave it out"):
            changed(settings_for("trees"), **wish)
    with pytest.raises(UsageError, match="explain shows what the layers of a network see, and trees have none"):
        grown.explain()
    with pytest.raises(UsageError, match="trees compare whole numbers, which 8 bits cannot hold. Leave out --int8"):
        grown.export(int8=True)
    with pytest.raises(UsageError, match="--levels adds branches to compact. Leave out --model trees"):
        grown.workspace.train("label", model="trees", levels=True)


def test_damaged_trees_are_found_by_check(grown, tmp_path):
    files = copied(grown.workspace.files, tmp_path / "own")
    (files.runs / "label" / "trees-1" / FOREST).write_bytes(b"no archive")
    (finding,) = check_runs(files, None).faults
    assert "trees.npz: is damaged" in finding.reason
    with pytest.raises(ModelRefusedError, match="trees.npz: is damaged"):
        open_workspace(files.root).run("label/trees-1").predict(sorted(files.crops.glob("*.png"))[:1])


def test_the_report_of_trees_has_no_curves_and_no_maps(grown, tmp_path):
    from toonvision.report.results import gather_results, with_details
    from toonvision.report.run import run_page

    files = copied(grown.workspace.files, tmp_path / "own")
    run = open_workspace(files.root).run("label/trees-1")
    page = run_page(with_details(gather_results(files, run.folder, run.evaluation()), files, run.folder))
    assert "Colour histograms with randomised trees" in " ".join(page.facts[:2])
    names = [figure.name for figure in page.figures]
    assert "curves" not in names
    assert not any(name.startswith("maps") for name in names)
    assert {"spread", "scores", "confusion"} <= set(names)
