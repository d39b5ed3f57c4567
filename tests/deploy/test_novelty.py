"""A run with a novelty score: in its folder, in its export, and in what is said of pictures."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from builders import copied
from deploy.made import bundle, exported, network, pictures
from toonvision.api.predicting import predictions_csv as predictions_table
from toonvision.api.workspace import open_workspace as opened
from toonvision.core.errors import ModelRefusedError
from toonvision.data.workspace import open_workspace
from toonvision.deploy import parity
from toonvision.deploy.checks import checked
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.conversion import to_onnx, with_novelty, with_probabilities
from toonvision.deploy.export import export_run
from toonvision.deploy.parity import require_same_novelty
from toonvision.evaluation.evaluate import evaluate_run, metrics_of, predict_files, predictions_csv
from toonvision.metrics import novelty
from toonvision.metrics.novelty import NoveltyScore
from toonvision.models.features import band_features
from toonvision.models.registry import build_network
from toonvision.models.saving import NOVELTY, load_model, read_novelty, store_novelty
from toonvision.tasks.novelty_panels import novelty_panel, novelty_sentence, rejected_panel
from toonvision.tasks.outliers import novelty_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.training import repeat
from toonvision.training.repeat import train_run

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module", params=["compact", "baseline"])
def workspace(request, small_workspace, tmp_path_factory):
    """A workspace with a run that has a novelty score, fitted on fewer images than it takes outside of tests."""
    workspace = copied(small_workspace, tmp_path_factory.mktemp("novelty") / "workspace")
    settings = TrainingSettings(network=request.param, epochs=1, batch_size=8, learning_rate=0.01)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "FEWEST", 2)
        patch.setattr(repeat, "FEWEST", 2)
        train_run(workspace, workspace.taxonomy.task("label"), settings, seeds=[0], size_hw=(32, 32), name="new")
    return workspace


@pytest.fixture
def run(workspace, tmp_path):
    return copied(workspace, tmp_path / "workspace").runs / "label" / "new"


def test_a_run_stores_the_score_of_its_own_model_and_evaluates_it(workspace):
    run = workspace.runs / "label" / "new"
    score, evaluation = read_novelty(run), evaluate_run(workspace, run)
    assert len(score.weights) == band_features(load_model(run)).shape[1]
    assert set(evaluation.novelty.outliers) == {"boxes of background", "whole screenshots"}
    assert len(evaluation.novelty.scores) == len(evaluation.items)
    assert metrics_of(evaluation)["novelty"]["rejected"]["total"] == len(evaluation.items)
    head, *rows = predictions_csv(evaluation).splitlines()
    assert head.endswith(",none_of_these,novelty")
    said = [row.split(",")[-2:] for row in rows]
    assert [(answer == "yes") for answer, _ in said] == [float(score) > 0 for _, score in said]
    assert "whole screenshots" in novelty_sentence(evaluation.novelty)
    panel = novelty_panel(evaluation)
    assert panel.rows[0] == ("images", "score")
    assert len(panel.rows) == 1 + sum(map(len, (evaluation.novelty.scores, *evaluation.novelty.outliers.values())))


def test_the_exported_file_answers_with_the_same_scores_as_keras(workspace):
    run = workspace.runs / "label" / "new"
    exported = export_run(workspace, run)
    wanted, _ = predict_files(run, [workspace.crops])
    found, _ = Classifier(exported.path).predict_files([workspace.crops])
    np.testing.assert_allclose([one.novelty for one in found], [one.novelty for one in wanted], atol=1e-2)
    assert [one.none_of_these for one in found] == [one.novelty > 0 for one in found]
    assert Classifier(exported.path).answer_batch(pictures(0, (32, 32))).novelty.shape == (0,)


@pytest.mark.parametrize(("bias", "said"), [(1e3, "yes (+"), (-1e3, "no (-")])
def test_predict_says_which_pictures_are_none_of_the_classes(run, bias, said):
    score = read_novelty(run)
    store_novelty(run, replace(score, bias=score.bias + bias))
    result = opened(run.parents[2]).run("label/new").predict(run.parents[2] / "crops", keras=True)
    count = len(result.value) if bias > 0 else 0
    assert len(result.value) == 24
    assert f"None of these: {count} of 24 answers" in result.sentences
    assert said in str(result)
    assert {one["none_of_these"] for one in result.data["predictions"]} == {bias > 0}
    head, first, *_ = predictions_table(result).splitlines()
    assert head.startswith("picture,predicted,confidence,kind,none_of_these,novelty,p_apple")
    assert first.split(",")[4] == ("yes" if bias > 0 else "no")


def test_a_score_of_before_is_of_the_last_map_alone_also_in_an_export(run):
    width = band_features(load_model(run), version=1).shape[1]
    earlier = NoveltyScore(tuple(np.linspace(-1, 1, width).tolist()), 0.1, 20, 20, 20, features=1)
    values = asdict(earlier)
    del values["features"]
    (run / NOVELTY).write_text(json.dumps(values))
    assert read_novelty(run) == earlier
    images = pictures(4, (32, 32))
    found = Classifier(export_run(open_workspace(run.parents[2]), run).path).answer_batch(images).novelty
    np.testing.assert_allclose(found, novelty_of(load_model(run), earlier)(images), atol=1e-2)


def test_an_8_bit_export_answers_with_scores_too(run):
    small = export_run(open_workspace(run.parents[2]), run, int8=True).int8
    assert Classifier(small.path).answer_batch(pictures(4, (32, 32))).novelty.shape == (4,)


def test_rejected_crops_are_shown_and_without_any_there_is_no_such_panel(workspace):
    evaluation = evaluate_run(workspace, workspace.runs / "label" / "new")
    count = len(evaluation.items)
    scores = np.linspace(-1, 1, count).astype(np.float32)
    shown = rejected_panel(replace(evaluation, novelty=replace(evaluation.novelty, scores=scores)))
    assert shown.rows[1][1] == evaluation.items[count - 1].file
    assert rejected_panel(replace(evaluation, novelty=replace(evaluation.novelty, scores=scores - 2))) is None
    without = replace(evaluation, novelty=None)
    assert (rejected_panel(without), novelty_panel(without)) == (None, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bias": "x"}, "not a novelty score"),
        ({"weights": [1.0], "bias": 0.0}, "1 weights for"),
        ({"bias": float("nan")}, "finite"),
    ],
)
def test_a_damaged_score_is_refused(run, change, said):
    path = run / NOVELTY
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelRefusedError, match=said):
        predict_files(run, [run])


def test_a_model_without_a_score_predicts_without_one():
    made = Classifier(exported(network()))
    assert made.has_novelty is False
    verdict = made.predict(pictures(1)[0])
    assert (verdict.novelty, verdict.none_of_these) == (None, False)
    assert made.answer_batch(pictures(2)).novelty is None


def test_an_export_whose_scores_differ_is_not_written(run, monkeypatch):
    (run / "model.onnx").unlink(missing_ok=True)
    monkeypatch.setattr(parity, "LARGEST_NOVELTY_DIFFERENCE", -1.0)
    with pytest.raises(ModelRefusedError, match="novelty scores of its network"):
        export_run(open_workspace(run.parents[2]), run)
    assert not (run / "model.onnx").exists()
    with pytest.raises(ModelRefusedError, match="largest difference is inf"):
        require_same_novelty(np.zeros(2, np.float32), None)


def test_a_file_that_names_its_second_output_otherwise_is_refused():
    model = build_network("baseline", size_hw=(32, 32), classes=3)
    score = NoveltyScore((0.5,) * band_features(model).shape[1], -1.0, 20, 20, 20)
    answering = with_novelty(with_probabilities(model, classes=3, temperature=None), model, score)
    held = bundle(3, (32, 32)).to_metadata()
    good = to_onnx(answering, held, ("probabilities", "novelty"))
    assert checked(good).classes == ("a", "b", "c")
    given = pictures(3, (32, 32))
    np.testing.assert_allclose(Classifier(good).answer_batch(given).novelty, novelty_of(model, score)(given), atol=1e-3)
    with pytest.raises(ModelRefusedError, match="its inputs or outputs are not those"):
        checked(to_onnx(answering, held, ("probabilities", "strange")))


def test_storing_and_reading_give_the_same_score(tmp_path):
    score = NoveltyScore((0.1, -2.5), 0.3, 30, 40, 50)
    assert read_novelty(tmp_path) is None
    store_novelty(tmp_path, score)
    assert read_novelty(tmp_path) == score
