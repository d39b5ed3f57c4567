"""What a program asks for that cannot be: one clear line each, and nothing is written."""

import math
import re

import numpy as np
import pytest
from PIL import Image

import toonvision
from builders import contents, copied, scene, small_shots, write_voc
from toonvision.core.errors import UsageError
from toonvision.deploy.packaged import packaged_scene

BATCH = np.full((2, 3), 1 / 3, np.float32)


@pytest.fixture(scope="module")
def ws(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("refusals") / "w")
    opened = toonvision.open(workspace.root)
    opened.train("kind", model="trees")
    return opened


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda ws: ws.tune("kind", strategy="x"), "--strategy is one of random, hyperband, bayesian, front; got 'x'."),
        (lambda ws: ws.tune("kind", recipe=5), "--recipe is one of published, compact; got 5."),
        (lambda ws: ws.tune("kind", trials="9"), "--trials is a whole number; got '9'."),
        (lambda ws: ws.tune("kind", trails=9), "an option is one of strategy, ...; got 'trails'. Did you mean trials?"),
        (lambda ws: ws.curve("kind", foo=1), "an option is one of model, ...; got 'foo'."),
        (lambda ws: ws.contexts("kind", epoch=1), "an option is one of ...; got 'epoch'. Did you mean epochs?"),
        (lambda ws: ws.suspects("kind", fold=3), "an option is one of ...; got 'fold'. Did you mean folds?"),
        (lambda ws: ws.curve("kind", repeat=0), "repeat is a whole number, 1 or more; got 0."),
        (lambda ws: ws.suspects("kind", seed=-1), "seed is a whole number, 0 or more; got -1."),
        (lambda ws: ws.contexts("kind", epochs="2"), "--epochs is a whole number; got '2'."),
        (lambda ws: ws.suspects("kind", epochs=0), "--epochs is at least 1; got 0."),
        (lambda ws: ws.suspects("kind", model="bianry"), "a model is one of ...; got 'bianry'. Did you mean binary?"),
        (lambda ws: ws.train("kind", epochs="2"), "--epochs is a whole number; got '2'."),
        (lambda ws: ws.train("kind", flip=1), "--flip is True or False; got 1."),
        (lambda ws: ws.train("kind", repeat=1.5), "repeat is a whole number, 1 or more; got 1.5."),
        (lambda ws: ws.train("kind", seed=True), "seed is a whole number, 0 or more; got True."),
        (lambda ws: ws.train("kind", size=96), "a size is height x width in pixels, ...; got 96. ..."),
        (lambda ws: ws.cross_validate("kind", repeat=0), "repeat is a whole number, 1 or more; got 0."),
        (lambda ws: ws.split(seed=-1), "seed is a whole number, 0 or more; got -1."),
        (lambda ws: ws.split(ratios=(60, 20, 20)), "split ratios are three whole percentages; got (60, 20, 20). ..."),
        (lambda ws: ws.export_annotations("nope", "ea"), "a target is one of voc, ...; got 'nope'."),
        (lambda ws: ws.propose(classifiers="kind/x"), "no run is called 'kind/x'. ..."),
        (lambda ws: toonvision.create(ws.root / "n", sauce="src"), "an option is one of source, ...; got 'sauce'."),
        (lambda ws: toonvision.create(ws.root / "n", source=5), "source is a Path or a text; got 5."),
    ],
)
def test_what_a_workspace_is_asked_is_refused_before_anything_is_written(ws, ask, says):
    before = contents(ws.root)
    refused(says, ask, ws)
    assert contents(ws.root) == before


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda run: run.evaluate("validate"), "a subset is one of train, val, test; got 'validate'."),
        (lambda run: run.explain(count=0), "count is a whole number, 1 or more; got 0."),
        (lambda run: run.explain(count=-3), "count is a whole number, 1 or more; got -3."),
        (lambda run: run.explain(seed=-1), "seed is a whole number, 0 or more; got -1."),
        (lambda run: run.explain(method="nope"), "method is one of exact, gradcam; got 'nope'."),
        (lambda run: run.explain([]), "there is no picture to explain. ..."),
    ],
)
def test_what_a_run_is_asked_is_refused(ws, ask, says):
    refused(says, ask, ws.run("kind/trees-1"))


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda: toonvision.settings_for("nope"), "a model is one of ...; got 'nope'."),
        (lambda: toonvision.with_temperature(BATCH, 0), "a temperature is a number above 0; got 0."),
        (lambda: toonvision.with_temperature(BATCH, math.nan), "a temperature is a number above 0; got nan."),
        (lambda: toonvision.with_temperature(BATCH * np.nan, 2), "probabilities are finite numbers; got NaN ..."),
        (lambda: toonvision.create("x", source=""), "source is a path; got an empty text."),
        (lambda: toonvision.create(""), "root is a path; got an empty text."),
        (lambda: toonvision.open(""), "root is a path; got an empty text."),
        (lambda: toonvision.reliability(np.array([0]), BATCH), "each row has a label; got 2 rows and 1 labels."),
        (lambda: toonvision.reliability(np.array([0, 7]), BATCH), "a label is ... of 3 classes, 0 to 2; got 7."),
        (lambda: toonvision.reliability(np.array([0, 1]), BATCH * np.nan), "probabilities are finite numbers; got ..."),
        (lambda: toonvision.reliability(np.array([], int), BATCH[:0]), "... on at least one sample; got none."),
        (lambda: toonvision.fit_temperature(np.array([0]), BATCH), "each row has a label; got 2 rows and 1 labels."),
        (lambda: toonvision.fit_temperature(np.array([0, -1]), BATCH), "a label is ... classes, 0 to 2; got -1."),
        (lambda: toonvision.fit_temperature(np.array([0, 1]), BATCH * np.inf), "probabilities are finite numbers; ..."),
        (lambda: toonvision.reliability(np.array([0, 1]), BATCH, bins=0), "bins is a whole number, 1 or more; got 0."),
        (lambda: toonvision.watch("new", rate=0), "--rate is at least 0.1 and at most 240; got 0."),
        (lambda: toonvision.watch("new", rate=math.inf), "--rate is a finite number; got inf."),
        (lambda: toonvision.watch("new", seconds=-1), "--seconds is at least 0.1; got -1."),
        (lambda: toonvision.watch("new", seconds=math.nan), "--seconds is a finite number; got nan."),
        (lambda: toonvision.watch(""), "a source is screen..., or a path; got ''."),
        (lambda: toonvision.watch("world", models="detect.onnx"), "models of your own are a toonvision.Scene(...; ..."),
        (lambda: toonvision.watch("world", models=[1]), "models of your own are a toonvision.Scene(...; got [1]."),
        (lambda: toonvision.watch("world", street="s.onnx"), "street is a toonvision.Segmenter, ...; got 's.onnx'."),
    ],
)
def test_what_the_package_is_asked_is_refused(ask, says):
    refused(says, ask)


def test_a_detector_that_names_no_pixels_does_not_know_where_one_can_walk():
    detector = packaged_scene("toontown").detector
    refused("source is a text or a Path; got 1.", lambda: toonvision.watch(1))
    says = "where one can walk is known by the pixels of ...; detect names no pixels. Leave --street out."
    refused(says, lambda: toonvision.watch("world", street=detector))


def test_what_is_no_picture_is_refused_with_what_makes_it_one(tmp_path):
    detector = packaged_scene("toontown").detector
    closed = scene(1)
    closed.close()
    array = np.asarray(scene(1))
    scene(1).save(tmp_path / "a.png")
    cures = {
        " Give array[..., :3].": (np.asarray(scene(1).convert("RGBA")), lambda array: array[..., :3]),
        " Give Image.fromarray(array).": (array[..., 0], Image.fromarray),
        " Give Image.fromarray(array[..., 0]).": (array[..., :1], lambda array: Image.fromarray(array[..., 0])),
        ' Give (255 * array).round().astype("uint8").': (
            array / 255,
            lambda array: (255 * array).round().astype("uint8"),
        ),
        ' Give Image.fromarray((255 * array).round().astype("uint8")).': (
            array[..., 0] / 255,
            lambda array: Image.fromarray((255 * array).round().astype("uint8")),
        ),
        ' Give array.astype("uint8"), if its values are 0 to 255.': (
            array.astype(int),
            lambda array: array.astype("uint8"),
        ),
        " Give what Image.open(path) of Pillow returns.": (tmp_path / "a.png", Image.open),
        " A picture of Pillow will do, too.": (array.tolist(), lambda _: scene(1)),
        ". Open it again, with Image.open.": (closed, lambda _: Image.open(tmp_path / "a.png")),
    }
    for remedy, (given, cure) in cures.items():
        with pytest.raises(UsageError) as error:
            detector.predict(given)
        assert str(error.value).endswith(remedy)
        assert [one.label for one in detector.predict(cure(given))] == ["cog"]
    refused("a picture cannot be brought to RGB (...). Open it again, with Image.open.", detector.predict,
            scene(1).convert("LA").convert("La"))  # fmt: skip


def test_a_single_label_or_run_need_not_be_in_a_list(tmp_path):
    write_voc(tmp_path / "s", small_shots())
    made = toonvision.create(tmp_path / "w", source=tmp_path / "s", ignore="stone", same={"apple": "pear"})
    assert made.files.label_rules.gone == {"stone", "pear"}


def test_a_taxonomy_that_a_workspace_has_not_is_not_taken_for_its_own(tmp_path):
    toonvision.create(tmp_path / "w")
    refused("...: is a workspace already, with the taxonomy toontown, not infer. ...",
            lambda: toonvision.create(tmp_path / "w", taxonomy="infer"))  # fmt: skip
    write_voc(tmp_path / "s", small_shots())
    for _ in range(2):
        toonvision.create(tmp_path / "i", source=tmp_path / "s", taxonomy="infer")


def test_models_and_frames_say_what_they_are():
    scene_of_package = packaged_scene("toontown")
    assert repr(scene_of_package.detector) == "Detector for 384 x 864 pixels: cog and toon"
    assert repr(scene_of_package).startswith("Scene of Detector for 384 x 864 pixels: cog and toon, then suit by ")
    frames = toonvision.watch("world", seconds=0.3)
    assert re.fullmatch(r"WatchedFrame 1 at 0\.00 s: (nothing|[\w, ]+)", repr(next(frames)))
    frames.close()


def refused(says, ask, *of):
    """Make sure that it is refused in these words; three dots stand for any."""
    pattern = re.escape(says).replace(re.escape("..."), ".*")
    with pytest.raises(UsageError, match=f"^{pattern}$"):
        ask(*of)
