import csv
import dataclasses
import io
import json

import numpy as np
import pytest

from builders import SETTINGS_TEXT, copied, encoded, make_workspace, scene, small_shots
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, read_split
from toonvision.data.workspace import open_workspace
from toonvision.evaluation.evaluate import evaluate_run, metrics_of, predict_files, predictions_csv, write_results
from toonvision.metrics.calibration import with_temperature
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network
from toonvision.models.saving import read_card
from toonvision.tasks.classify import predict_probabilities
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.record import read_record
from toonvision.training.repeat import train_run


@pytest.fixture(scope="module")
def evaluated(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("evaluated") / "workspace")
    settings = TrainingSettings(epochs=12, batch_size=4, learning_rate=0.01)
    run = train_run(workspace, workspace.taxonomy.task("label"), settings, seeds=[0, 1, 2])
    return workspace, run, evaluate_run(workspace, run)


def test_every_repeat_is_evaluated_on_every_test_sample(evaluated):
    workspace, _, evaluation = evaluated
    with workspace.reading() as catalog:
        split = read_split(workspace.splits, "default")
        test = [crop.id for crop in catalog.crops() if split.subset_of(crop) == "test"]
    assert sorted(crop.id for crop in evaluation.items) == sorted(test)
    assert [scores.probabilities.shape for scores in evaluation.scores] == [(len(test), 3)] * 3
    for scores in evaluation.scores:
        np.testing.assert_allclose(scores.probabilities.sum(axis=1), 1, atol=1e-5)
    assert [category.name for category in evaluation.classes] == ["apple", "pear", "stone"]


def test_the_targets_are_the_labels_of_the_crops(evaluated):
    _, _, evaluation = evaluated
    names = [evaluation.record.classes[place] for place in evaluation.best.y_true]
    assert names == [crop.label for crop in evaluation.items]


def test_wrong_in_k_of_n_agrees_with_the_spread(evaluated):
    _, _, evaluation = evaluated
    assert evaluation.wrong_in.sum() == sum(evaluation.spread.wrong)
    assert evaluation.spread.wrong[evaluation.best_index] == evaluation.best.report.wrong == len(evaluation.wrong)
    assert evaluation.best.matrix.sum() == len(evaluation.items)


def test_labels_are_rolled_up_to_the_level_that_they_determine(evaluated):
    _, _, evaluation = evaluated
    assert [up.level for up in evaluation.best.rolled_up] == ["kind"]
    (up,) = evaluation.best.rolled_up
    assert up.classes == ("fruit", "mineral")
    assert up.within + up.across == evaluation.best.report.wrong


def test_a_coarser_level_of_which_no_image_is_evaluated_is_left_out(tmp_path):
    text = SETTINGS_TEXT.replace(
        "[taxonomy.labels]", '[taxonomy.levels.mineral]\nclasses.hard = { title = "Hard" }\n\n[taxonomy.labels]'
    ).replace('kind = "mineral" }', 'kind = "mineral", mineral = "hard" }')
    shots = [
        dataclasses.replace(shot, objects=tuple(one for one in shot.objects if one[0] != "stone"))
        for shot in small_shots()
    ]
    workspace = make_workspace(tmp_path, shots, settings_text=text)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
    run = train_run(workspace, workspace.taxonomy.task("label"), TrainingSettings(epochs=1, batch_size=4), seeds=[0])
    evaluation = evaluate_run(workspace, run)
    assert "mineral" not in [up.level for up in evaluation.best.rolled_up]
    write_results(evaluation, run)


def test_predictions_and_metrics_are_written_with_all_probabilities(evaluated):
    _, run, evaluation = evaluated
    write_results(evaluation, run)
    rows = list(csv.DictReader(io.StringIO((run / "predictions.csv").read_text())))
    assert len(rows) == len(evaluation.items)
    for row, crop, given in zip(rows, evaluation.items, evaluation.best.probabilities, strict=True):
        assert row["crop"] == crop.file
        assert row["screenshot"] == crop.screenshot
        assert [float(row[f"p_{name}"]) for name in evaluation.record.classes] == pytest.approx(
            given.tolist(), abs=1e-6
        )
        assert row["y_pred"] == evaluation.record.classes[int(given.argmax())]
        assert row["repeats"] == "3"
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics == json.loads(json.dumps(metrics_of(evaluation)))
    assert metrics["wrong"]["worst"]["count"] == max(evaluation.spread.wrong)
    assert [repeat["seed"] for repeat in metrics["repeats"]] == [0, 1, 2]


def test_another_subset_does_not_overwrite_the_results_of_the_test_subset(evaluated):
    workspace, run, evaluation = evaluated
    write_results(evaluation, run)
    before = (run / "predictions.csv").read_bytes()
    write_results(evaluate_run(workspace, run, subset="train"), run)
    assert (run / "predictions.csv").read_bytes() == before
    assert (run / "predictions-train.csv").read_text().count("\n") == read_record(run).samples["train"] + 1


def test_evaluating_twice_gives_the_same_bytes(evaluated):
    workspace, run, evaluation = evaluated
    assert predictions_csv(evaluate_run(workspace, run)) == predictions_csv(evaluation)


def test_a_run_is_not_evaluated_on_a_split_that_was_made_anew(evaluated, tmp_path):
    workspace, run, _ = evaluated
    other = copied(workspace, tmp_path / "workspace")
    draw_split(other, ratios=SIXTY_TWENTY_TWENTY, seed=3, replace=True)
    with pytest.raises(InputRejectedError, match="is not what it was when the run was trained"):
        evaluate_run(other, other.runs / "label" / run.name)


def test_a_run_sees_images_as_it_was_trained_whatever_the_workspace_says_now(evaluated, tmp_path):
    workspace, run, evaluation = evaluated
    other = copied(workspace, tmp_path / "workspace")
    settings = other.root / "toonvision.toml"
    settings.write_text(settings.read_text().replace("[image]", '[image]\nresize = "letterbox"'))
    again = evaluate_run(open_workspace(other.root), other.runs / "label" / run.name)
    np.testing.assert_array_equal(again.images, evaluation.images)


def test_a_run_of_another_taxonomy_is_refused(evaluated):
    workspace, run, _ = evaluated
    settings = workspace.root / "toonvision.toml"
    text = settings.read_text()
    settings.write_text(text.replace('kind = "mineral"', 'kind = "fruit"'))
    try:
        with pytest.raises(ModelRefusedError, match="was trained with taxonomy"):
            evaluate_run(open_workspace(workspace.root), run)
    finally:
        settings.write_text(text)


def test_pictures_and_folders_are_predicted_and_what_cannot_be_read_is_named(evaluated, tmp_path):
    workspace, run, evaluation = evaluated
    (tmp_path / "good.png").write_bytes(encoded(scene(1)))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    crops = [workspace.crops / crop.file for crop in evaluation.items]
    predictions, findings = predict_files(run, [*crops, tmp_path, tmp_path / "absent.png"])
    assert [p.path for p in predictions] == [*crops, tmp_path / "good.png"]
    assert [finding.item for finding in findings] == [str(tmp_path / "broken.png"), str(tmp_path / "absent.png")]
    assert all(finding.pictures == 1 for finding in findings)
    temperature = read_card(run).temperature
    assert temperature == pytest.approx(evaluation.best.calibration.temperature)
    for prediction, given in zip(
        predictions, with_temperature(evaluation.best.probabilities, temperature), strict=False
    ):
        np.testing.assert_allclose(prediction.probabilities, given, atol=1e-6)


def test_a_sigmoid_is_the_probability_of_the_second_class():
    start_keras()
    model = build_network("baseline", size_hw=(32, 32), classes=2)
    model.layers[-1].bias.assign([3.0])
    model.layers[-1].kernel.assign(np.zeros(model.layers[-1].kernel.shape))
    pictures = np.zeros((4, 32, 32, 3), np.uint8)
    expected = 1 / (1 + np.exp(-3.0))
    np.testing.assert_allclose(predict_probabilities(model, pictures), [[1 - expected, expected]] * 4, atol=1e-6)


def test_two_classes_that_look_different_are_distinguished(evaluated):
    workspace, *_ = evaluated
    settings = TrainingSettings(epochs=25, batch_size=4, learning_rate=0.01)
    run = train_run(workspace, workspace.taxonomy.task("kind"), settings, seeds=[0])
    evaluation = evaluate_run(workspace, run, subset="train")
    assert evaluation.record.classes == ("fruit", "mineral")
    assert evaluation.best.report.accuracy.share >= 0.9
    assert evaluation.best.rolled_up == ()
