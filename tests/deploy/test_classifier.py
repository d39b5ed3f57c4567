import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from keras import layers
from PIL import Image

from builders import scene
from deploy.made import SIZE, expected, exported, network, pictures
from toonvision.core.errors import InputRejectedError, ModelRefusedError, UsageError
from toonvision.data.extraction import extract
from toonvision.data.fitting import fit
from toonvision.data.workspace import create_workspace
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.scene import Namer
from toonvision.taxonomy.loader import infer


def raising(error):
    """Make a function that always fails."""

    def fail(*_args, **_options):
        raise error

    return fail


@pytest.fixture(scope="module")
def small():
    return network(layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2))


@pytest.fixture(scope="module")
def path(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(exported(small))
    return path


@pytest.fixture(scope="module")
def opened(path):
    return Classifier(path)


def test_one_picture_of_any_size_is_resized_as_in_training(opened, small):
    image = scene(1, (70, 90))
    wanted = expected(small, fit(image, size_hw=SIZE)[None])[0]
    for picture in (image, np.asarray(image), np.asarray(image)[:, ::-1][:, ::-1]):
        verdict = opened.predict(picture)
        np.testing.assert_allclose(verdict.probabilities, wanted, atol=2e-6)
        assert verdict.predicted == "abc"[wanted.argmax()]
        assert verdict.confidence == pytest.approx(wanted.max(), abs=2e-6)
        assert verdict.classes == ("a", "b", "c")


def test_a_batch_answers_one_row_per_picture_in_order_and_none_for_none(opened, small):
    given = pictures(9)
    np.testing.assert_allclose(opened.predict_batch(given), expected(small, given), atol=2e-6)
    assert opened.predict_batch(given[:0]).shape == (0, 3)


def test_a_picture_is_predicted_the_same_alone_in_a_batch_and_from_many_threads(path, opened):
    given = pictures(40)
    alone = np.stack([Classifier(path, threads=1).predict_batch(one[None])[0] for one in given])
    np.testing.assert_array_equal(opened.predict_batch(given), alone)
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(list(pool.map(lambda one: opened.predict_batch(one[None])[0], given)), alone)


def test_a_transparent_picture_lies_on_black_as_everywhere(opened):
    layered = scene(2, (30, 30)).convert("RGBA")
    layered.putalpha(0)
    black = opened.predict(Image.new("RGB", (30, 30)))
    np.testing.assert_array_equal(opened.predict(layered).probabilities, black.probabilities)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros((4, 4), np.uint8), r"shape \(any, any, 3\); got \(4, 4\) of uint8"),
        (np.zeros((4, 4, 3), np.float32), "got .* of float32"),
        (np.zeros((0, 4, 3), np.uint8), r"got \(0, 4, 3\)"),
        ("crop.png", "got str"),
        (Image.new("F", (4, 4)), "holds floating-point pixels"),
    ],
)
def test_what_is_no_picture_is_refused(opened, given, words):
    with pytest.raises(UsageError, match=words):
        opened.predict(given)


def test_a_batch_of_another_size_is_refused_with_the_right_one(opened):
    with pytest.raises(UsageError, match=r"shape \(any, 24, 18, 3\); got \(2, 18, 24, 3\) of uint8"):
        opened.predict_batch(np.zeros((2, 18, 24, 3), np.uint8))


def test_a_folder_is_predicted_and_bad_pictures_are_named_one_line_each(opened, small, tmp_path):
    (tmp_path / "below").mkdir()
    images = {"a.png": scene(1), "below/b.jpg": scene(2), "below/c.png": scene(3)}
    for name, image in images.items():
        image.save(tmp_path / name)
    (tmp_path / "cut.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    (tmp_path / "text.png").write_text("no picture")
    seen = []
    predictions, findings = opened.predict_files(
        [tmp_path, tmp_path / "absent.png"], progress=lambda done, total: seen.append((done, total))
    )
    assert [one.path.relative_to(tmp_path).as_posix() for one in predictions] == list(images)
    for one in predictions:
        with Image.open(one.path) as image:
            wanted = expected(small, fit(image, size_hw=SIZE)[None])[0]
        np.testing.assert_allclose(one.probabilities, wanted, atol=2e-6)
    assert [finding.code for finding in findings] == ["damaged", "not-a-picture", "unreadable"]
    assert all("\n" not in str(finding) for finding in findings)
    assert seen[-1] == (6, 6)


def test_a_picture_that_exif_rotates_is_predicted_as_it_is_extracted_from_class_folders(opened, tmp_path):
    rotated = Image.Exif()
    rotated[0x0112] = 6
    source = tmp_path / "source"
    for label in ("apple", "pear"):
        (source / label).mkdir(parents=True)
        scene(label, (40, 24)).save(source / label / "a.png", exif=rotated)
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["apple", "pear"]), source=("folders", source))
    assert extract(workspace).findings == ()
    seen, seen_findings = opened.predict_files([source])
    cut, cut_findings = opened.predict_files([workspace.crops])
    assert (seen_findings, cut_findings) == ([], [])
    np.testing.assert_array_equal([one.probabilities for one in seen], [one.probabilities for one in cut])


def test_a_folder_that_is_a_file_or_nothing_is_reported(opened, tmp_path):
    assert opened.predict_files([]) == ([], [])
    predictions, findings = opened.predict_files([tmp_path])
    assert predictions == []
    assert [str(finding) for finding in findings] == [
        f"{tmp_path}: holds no picture (name pictures, or folders of pictures)"
    ]
    (tmp_path / "sub").mkdir()
    assert opened.predict_files([tmp_path / "sub" / "x.png"])[1][0].code == "unreadable"


def test_a_file_that_the_runtime_cannot_open_is_refused_in_one_line(path, monkeypatch):
    monkeypatch.setattr("onnxruntime.InferenceSession", raising(RuntimeError("no such kernel\nat line 7")))
    with pytest.raises(ModelRefusedError, match=r"ONNX Runtime cannot open it \(no such kernel\)\.$"):
        Classifier(path)
    monkeypatch.setattr("onnxruntime.InferenceSession", raising(RuntimeError("\x1b[31m")))
    with pytest.raises(ModelRefusedError, match=r"open it \(\\x1b\[31m\)\.$"):
        Classifier(path)
    monkeypatch.setattr("onnxruntime.InferenceSession", raising(MemoryError()))
    with pytest.raises(MemoryError):
        Classifier(path)
    with pytest.raises(InputRejectedError):
        Classifier(path.with_name("absent"))


def test_a_model_that_the_runtime_cannot_run_is_refused_in_one_line(opened, monkeypatch):
    monkeypatch.setattr(opened, "_session", SimpleNamespace(run=raising(RuntimeError("no room\nat line 7"))))
    with pytest.raises(ModelRefusedError, match=r"ONNX Runtime cannot run it \(no room\)\.$"):
        opened.predict(scene(1))
    monkeypatch.setattr(opened, "_session", SimpleNamespace(run=raising(MemoryError())))
    with pytest.raises(MemoryError):
        opened.predict(scene(1))


def test_what_no_picture_and_no_thread_can_be_made_of_is_refused(opened, path):
    with pytest.raises(UsageError, match="got one of 0 x 5"):
        opened.predict(Image.new("RGB", (0, 5)))
    with pytest.raises(UsageError, match="uint8 arrays of shape"):
        opened.predict_batch(np.zeros((0,)))
    with pytest.raises(UsageError, match="threads must be 1 or more; got -1"):
        Classifier(path, threads=-1)
    with pytest.raises(UsageError, match="got 0"):
        Classifier(path, threads=0)


def test_files_may_be_named_by_texts(opened, tmp_path):
    scene(1).save(tmp_path / "a.png")
    for named in ([str(tmp_path)], str(tmp_path), tmp_path, str(tmp_path / "a.png")):
        assert [one.path.name for one in opened.predict_files(named)[0]] == ["a.png"]
    for odd in (5, [scene(1)]):
        with pytest.raises(UsageError, match=r"^pictures are named by paths of files or folders; got "):
            opened.predict_files(odd)


def test_using_an_export_imports_neither_keras_nor_anything_else_that_a_plain_installation_lacks(path, tmp_path):
    scene(1).save(tmp_path / "a.png")
    code = (
        "import sys; from pathlib import Path; import toonvision\n"
        f"classifier = toonvision.Classifier({str(path)!r})\n"
        f"predictions, _ = classifier.predict_files([Path({str(tmp_path)!r})])\n"
        "assert len(predictions) == 1\n"
        "lacking = {'keras', 'tensorflow', 'onnx', 'pydantic', 'filelock', 'scipy', 'sklearn', 'typer', 'rich'}\n"
        "print(sorted(lacking & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_classifier_is_asked_about_what_one_of_its_own_classes_can_be():
    kinds = {"kind": {"cog_bb_flunky": "cog", "toon_dog": "toon"}}
    namer = Namer("labels", "label", ("cog_bb_flunky",), (8, 8), "stretch", kinds, lambda _: None)
    assert namer.knows("cog", "kind")
    assert not namer.knows("toon", "kind")
    assert namer.knows("street", "context")
