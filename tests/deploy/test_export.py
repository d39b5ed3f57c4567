import dataclasses
import threading

import numpy as np
import pytest

from builders import contents, make_workspace
from toonvision.api.run_words import export_text
from toonvision.core.errors import InputRejectedError, ModelRefusedError, WorkspaceBusyError
from toonvision.core.folders import exclusive
from toonvision.data.extraction import extract
from toonvision.data.fitting import read_picture
from toonvision.deploy import parity
from toonvision.deploy.bundle import Parity
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.current import EXPORT, INT8_EXPORT, current_export, weights_digest
from toonvision.deploy.export import Export, export_run
from toonvision.deploy.parity import FEWEST, compare, parity_pictures, require_parity, spread_indices, worse
from toonvision.evaluation.evaluate import predict_files
from toonvision.metrics.calibration import with_temperature
from toonvision.models.saving import MEANING, WEIGHTS, load_model, read_card, store_temperature
from toonvision.tasks.registry import load_dataset
from toonvision.taxonomy.labels import DETECT

pytestmark = pytest.mark.usefixtures("eager")


def run_of(workspace, name="label/three"):
    return workspace.runs / name


@pytest.mark.parametrize("name", ["label/three", "kind/two"])
@pytest.mark.parametrize("temperature", [None, 2.5])
def test_an_export_says_of_files_what_keras_says_of_them(own, name, temperature):
    run = run_of(own, name)
    store_temperature(run, temperature)
    exported = export_run(own, run)
    assert exported.path == run / EXPORT
    assert exported.size == exported.path.stat().st_size
    wanted, _ = predict_files(run, [own.crops])
    found, findings = Classifier(exported.path).predict_files([own.crops])
    assert findings == []
    assert [one.path for one in found] == [one.path for one in wanted]
    assert [one.predicted for one in found] == [one.predicted for one in wanted]
    assert found[0].classes == wanted[0].classes
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=2e-6)


def test_an_export_says_what_it_is(own):
    run = run_of(own)
    store_temperature(run, 1.5)
    exported = export_run(own, run)
    said, card = Classifier(exported.path).bundle, read_card(run)
    assert said.classes == ("apple", "pear", "stone")
    assert said.titles == ("Apple", "Pear", "Stone")
    assert (said.taxonomy_name, said.taxonomy) == ("small", own.taxonomy.digest)
    assert (said.network, said.task, said.level) == ("baseline", "label", "label")
    assert (said.size_hw, said.resize, said.temperature) == (card.size_hw, card.resize, 1.5)
    assert said.weights == weights_digest(run, said.network)
    assert said.parity == exported.parity
    assert said.precision == "float32"


def test_it_is_compared_on_a_hundred_pictures_with_changed_copies_where_crops_are_few(own):
    exported = export_run(own, run_of(own))
    assert exported.crops == 24
    assert exported.parity.pictures == FEWEST
    assert exported.parity.disagreements == 0
    assert exported.parity.largest_difference < 1e-5


def test_parity_pictures_begin_with_the_crops_as_the_network_sees_them_and_are_always_the_same(trained):
    pictures, crops = parity_pictures(trained, size_hw=(32, 32), resize="stretch")
    dataset = load_dataset(trained, trained.taxonomy.task("label"), size_hw=(32, 32), split=None, resize="stretch")
    np.testing.assert_array_equal(pictures[:crops], dataset.images)
    np.testing.assert_array_equal(pictures, parity_pictures(trained, size_hw=(32, 32), resize="stretch")[0])
    distinct = len(np.unique(pictures.reshape(len(pictures), -1), axis=0))
    assert distinct > 2 * len(np.unique(pictures[:crops].reshape(crops, -1), axis=0))


def test_exporting_twice_writes_the_same_bytes(own):
    run = run_of(own)
    export_run(own, run)
    first = contents(run)
    export_run(own, run)
    assert contents(run) == first


def test_an_export_that_says_something_else_is_not_written_and_the_old_one_stays(own, monkeypatch):
    run = run_of(own)
    before = contents(run)
    y_true = parity.predict_probabilities
    monkeypatch.setattr(parity, "predict_probabilities", lambda *args, **options: y_true(*args, **options) + 2e-4)
    with pytest.raises(ModelRefusedError, match=r"label/three: .*for 0 of 100 .*difference is 0.0002. Nothing was"):
        export_run(own, run)
    assert contents(run) == before
    monkeypatch.undo()
    export_run(own, run)
    good = contents(run)
    monkeypatch.setattr(parity, "predict_probabilities", lambda *args, **options: y_true(*args, **options)[:, ::-1])
    with pytest.raises(ModelRefusedError, match="another class comes first"):
        export_run(own, run, int8=True)
    assert contents(run) == good


def test_an_export_that_says_something_else_of_a_batch_is_not_written(own, monkeypatch):
    actual = parity.in_batches
    monkeypatch.setattr(parity, "in_batches", lambda *args: [one[:, ::-1] for one in actual(*args)])
    with pytest.raises(ModelRefusedError, match="another class comes first"):
        export_run(own, run_of(own))
    assert not (run_of(own) / EXPORT).exists()


@pytest.mark.parametrize(("boxes", "said"), [(0, "neither finds a box"), (7, "a confidence is 0.0e+00")])
def test_where_no_box_was_found_no_difference_is_claimed(tmp_path, boxes, said):
    made = Export("detector", tmp_path / EXPORT, 9, Parity(100, 0.0, 0), 12, kind=DETECT, boxes=boxes)
    assert said in export_text(made)


@pytest.mark.parametrize(
    "seen", [Parity(100, 1e-4, 0), Parity(100, 1e-9, 1), Parity(99, 0.0, 0), Parity(100, float("nan"), 0)]
)
def test_too_little_parity_is_refused(seen):
    with pytest.raises(ModelRefusedError, match="Nothing was written"):
        require_parity(seen)
    require_parity(Parity(100, 9e-5, 0))


def test_an_answer_that_is_no_number_is_refused_in_whichever_comparison_it_is():
    plain, nan = Parity(100, 0.0, 0), Parity(100, float("nan"), 0)
    for one, other in ((plain, nan), (nan, plain)):
        with pytest.raises(ModelRefusedError, match="the largest difference is nan"):
            require_parity(worse(one, other))


def test_differences_and_disagreements_are_counted():
    expected = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]], np.float32)
    found = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1]], np.float32)
    seen = compare(expected, found)
    assert (seen.pictures, seen.disagreements) == (3, 1)
    assert seen.largest_difference == pytest.approx(0.4)
    assert spread_indices(3, 200) == [0, 1, 2]


@pytest.mark.parametrize("when", ["written", "renamed"])
def test_an_export_that_is_stopped_leaves_the_old_one_whole(own, monkeypatch, when):
    run = run_of(own)
    export_run(own, run)
    store_temperature(run, 3.0)
    before = contents(run)

    def stop(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("toonvision.core.files._sync" if when == "written" else "pathlib.Path.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        export_run(own, run)
    monkeypatch.undo()
    assert contents(run) == before


def test_a_run_that_is_trained_again_meanwhile_is_not_given_the_old_export(own, monkeypatch):
    run = run_of(own)
    other = (run_of(own, "kind/two") / WEIGHTS).read_bytes()

    def compared(*args):
        (run / WEIGHTS).write_bytes(other)
        return compare(*args)

    monkeypatch.setattr(parity, "compare", compared)
    with pytest.raises(WorkspaceBusyError, match="was trained again or calibrated meanwhile; nothing was written"):
        export_run(own, run)
    assert not (run / EXPORT).exists()


def test_a_run_that_is_calibrated_meanwhile_is_not_given_the_old_export(own, monkeypatch):
    run = run_of(own)

    def compared(*args):
        store_temperature(run, 2.0)
        return compare(*args)

    monkeypatch.setattr(parity, "compare", compared)
    with pytest.raises(WorkspaceBusyError, match="calibrated meanwhile; nothing was written"):
        export_run(own, run)
    assert not (run / EXPORT).exists()


def test_titles_may_hold_what_any_script_needs(own):
    titles = ("A\u00a0B", "می\u200cروم", "x" * 1000)
    labels = tuple(dataclasses.replace(one, title=t) for one, t in zip(own.taxonomy.labels, titles, strict=True))
    titled = dataclasses.replace(own, taxonomy=dataclasses.replace(own.taxonomy, labels=labels))
    assert Classifier(export_run(titled, run_of(own)).path).bundle.titles == titles


def test_a_busy_workspace_is_reported(own, monkeypatch):
    held, done = threading.Event(), threading.Event()

    def hold():
        with exclusive(own.root, purpose="test"):
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(WorkspaceBusyError, match="another process writes here"):
            export_run(own, run_of(own))
    finally:
        done.set()
        thread.join()


def test_a_changed_crop_another_taxonomy_and_no_crops_are_refused(own, tmp_path):
    run = run_of(own)
    other = dataclasses.replace(own, taxonomy=dataclasses.replace(own.taxonomy, labels=own.taxonomy.labels[:2]))
    with pytest.raises(ModelRefusedError, match="was trained with taxonomy"):
        export_run(other, run)
    next(own.crops.glob("*.png")).write_bytes(b"changed")
    with pytest.raises(InputRejectedError, match="is not what was extracted. Crops can be made again"):
        export_run(own, run)
    empty = make_workspace(tmp_path / "empty", [])
    extract(empty)
    with pytest.raises(InputRejectedError, match="there is no crop to compare on"):
        parity_pictures(empty, size_hw=(32, 32), resize="stretch")
    assert not (run / EXPORT).exists()


def test_many_crops_are_compared_from_all_over_the_catalogue(trained, monkeypatch):
    monkeypatch.setattr(parity, "FEWEST", 4)
    monkeypatch.setattr(parity, "MOST", 5)
    pictures, crops = parity_pictures(trained, size_hw=(32, 32), resize="letterbox")
    listed = trained.known_crops()
    assert (len(pictures), crops) == (5, 5)
    for picture, index in zip(pictures, (0, 6, 12, 17, 23), strict=True):
        seen = read_picture(trained.crops / listed[index].file, size_hw=(32, 32), resize="letterbox")
        np.testing.assert_array_equal(picture, seen)


def test_only_an_export_of_just_these_weights_stands_for_a_run(own):
    run = run_of(own)
    assert current_export(run, read_card(run)) == (None, "")
    export_run(own, run)
    current, why_not = current_export(run, read_card(run))
    assert isinstance(current, Classifier)
    assert why_not == ""
    store_temperature(run, 2.0)
    assert current_export(run, read_card(run))[1].endswith("before the run's temperature was changed")
    export_run(own, run)
    assert current_export(run, read_card(run))[0] is not None
    (run / WEIGHTS).write_bytes((run_of(own, "kind/two") / WEIGHTS).read_bytes())
    assert current_export(run, read_card(run))[1].endswith("from other weights than the run has now")
    (run / WEIGHTS).unlink()
    assert current_export(run, read_card(run))[1].endswith("from other weights than the run has now")
    (run / EXPORT).write_bytes(b"damaged")
    assert "is no ONNX file" in current_export(run, read_card(run))[1]


def test_an_export_of_another_run_does_not_stand_for_it_even_with_the_same_weights(own):
    run, two = run_of(own), run_of(own, "kind/two")
    for one in (run, two):
        store_temperature(one, 1.2)
    export_run(own, two)
    (run / EXPORT).write_bytes((two / EXPORT).read_bytes())
    (run / WEIGHTS).write_bytes((two / WEIGHTS).read_bytes())
    assert current_export(run, read_card(run))[1].endswith("is not an export of this run")


@pytest.mark.parametrize("name", ["label/three", "kind/two"])
def test_eight_bits_are_written_beside_it_with_what_they_cost(own, name):
    run = run_of(own, name)
    store_temperature(run, 1.2)
    exported = export_run(own, run, int8=True)
    small = exported.int8
    assert small.path == run / INT8_EXPORT
    assert small.size == small.path.stat().st_size
    opened = Classifier(small.path)
    assert opened.bundle.precision == "int8"
    assert opened.bundle.parity == small.parity
    assert opened.bundle.temperature == 1.2
    assert small.parity.pictures == small.right.total == small.int8_right.total > 0
    assert 0 < small.parity.largest_difference < 0.2
    assert small.latency_ms > 0
    assert small.int8_latency_ms > 0
    assert abs(small.right.count - small.int8_right.count) <= small.parity.disagreements


def test_an_export_without_eight_bits_leaves_no_older_one_of_them(own):
    run = run_of(own)
    export_run(own, run, int8=True)
    store_temperature(run, 1.2)
    export_run(own, run)
    assert not (run / INT8_EXPORT).exists()


def test_eight_bits_are_measured_only_on_the_subsets_that_the_run_was_trained_with(own):
    run = run_of(own)
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"data_hash": "', '"data_hash": "0'))
    with pytest.raises(InputRejectedError, match="is not what it was when the run was trained"):
        export_run(own, run, int8=True)
    assert not (run / EXPORT).exists()
    assert export_run(own, run).int8 is None


def test_a_run_without_a_model_has_none_to_export(own):
    (run_of(own) / MEANING).unlink()
    with pytest.raises(InputRejectedError, match="holds no trained model"):
        export_run(own, run_of(own))


def test_the_export_is_of_the_best_model(own):
    run = run_of(own)
    export_run(own, run)
    pictures, _ = parity_pictures(own, size_hw=(32, 32), resize="stretch")
    wanted = with_temperature(load_model(run).predict_on_batch(pictures), read_card(run).temperature)
    np.testing.assert_allclose(Classifier(run / EXPORT).predict_batch(pictures), wanted, atol=2e-6)
