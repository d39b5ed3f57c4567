import dataclasses
import json
import shutil

import numpy as np
import pytest

import builders
from toonvision.api.workspace import Workspace
from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.curve import LearningCurve
from toonvision.studies.store import bring_over, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

TASK = Task("label", "label")


@pytest.fixture
def workspace(small_workspace, tmp_path):
    return dataclasses.replace(small_workspace, root=tmp_path)


def recipes(*marks):
    return [{"kind": "curve", "mark": mark} for mark in marks]


def test_a_recipe_differs_with_the_settings():
    crops = tuple(builders.crop(n) for n in range(4))
    samples = Dataset(TASK, np.zeros((4, 16, 16, 3), np.uint8), np.zeros(4, np.int64), crops, ("apple",))
    first = recipe_of(samples, TrainingSettings(), kind="curve", split="default")
    assert (first["kind"], first["split"], first["size_hw"]) == ("curve", "default", [16, 16])
    assert (
        recipe_of(dataclasses.replace(samples, resize="shrink"), TrainingSettings(), kind="curve", split="default")
        != first
    )
    assert recipe_of(samples, TrainingSettings(augmentation=Augmentation(flip=True)), kind="curve") != first


@pytest.mark.parametrize("drawn", ["targets", "instances", "pixels"])
def test_a_recipe_differs_with_each_truth_that_is_drawn_anew(drawn):
    masks = np.zeros((4, 16, 16), np.uint8)
    crops = tuple(builders.crop(n) for n in range(4))
    samples = Dataset(
        TASK,
        np.zeros((4, 16, 16, 3), np.uint8),
        np.zeros(4, np.int64),
        crops,
        ("apple",),
        instances=masks,
        pixels=masks,
    )
    truth = getattr(samples, drawn).copy()
    truth[2] = 1
    other = dataclasses.replace(samples, **{drawn: truth})
    assert recipe_of(other, TrainingSettings(), kind="curve") != recipe_of(samples, TrainingSettings(), kind="curve")
    assert other.truth_digest(np.array([0, 3])) == samples.truth_digest(np.array([0, 3]))
    assert other.truth_digest(np.array([0, 2])) != samples.truth_digest(np.array([0, 2]))


def test_a_report_of_a_study_of_the_data_is_refused_with_its_files(workspace):
    (recipe,) = recipes("a")
    folder = study_folder(workspace, "label", recipe, name="mine")
    for name in ("curve.png", "curve.csv", "curve.json"):
        (folder / name).touch()
    says = r"is a study of the data, which has no report\. Look at curve\.csv and curve\.png in .*mine\.$"
    for name in ("label/mine", str(folder)):
        with pytest.raises(UsageError, match=says):
            Workspace(workspace).report(name)


def test_a_study_of_the_same_recipe_is_resumed_and_one_of_another_is_never_overwritten(workspace):
    first, other = recipes("a", "b")
    assert study_folder(workspace, "label", first) == workspace.studies / "label" / "curve"
    assert study_folder(workspace, "label", other).name == "curve-2"
    assert study_folder(workspace, "label", first).name == "curve"
    assert study_folder(workspace, "label", first, name="mine").name == "mine"
    with pytest.raises(UsageError, match="another kind, other settings, other data or other versions"):
        study_folder(workspace, "label", other, name="mine")
    assert study_folder(workspace, "label", other, name="mine", force=True).name == "mine"
    with pytest.raises(UsageError, match="letters, digits"):
        study_folder(workspace, "label", first, name="../mine")
    assert LearningCurve.newest(workspace, "label") is None


def test_force_never_replaces_a_study_of_another_kind_or_a_search(workspace):
    study_folder(workspace, "label", {"kind": "contexts"}, name="mine")
    (workspace.studies / "label" / "random-1").mkdir()
    for name in ("mine", "random-1"):
        with pytest.raises(UsageError, match="another --name"):
            study_folder(workspace, "label", recipes("a")[0], name=name, force=True)


def test_force_without_a_name_takes_the_study_of_the_same_recipe_and_only_without_one_the_first(workspace):
    first, second, third = recipes("a", "b", "c")
    for recipe in (first, second):
        study_folder(workspace, "label", recipe)
    assert study_folder(workspace, "label", second, force=True).name == "curve-2"
    kept = workspace.studies / "label" / "curve" / "recipe.json"
    assert json.loads(kept.read_text()) == first
    assert study_folder(workspace, "label", third, force=True).name == "curve"
    assert json.loads(kept.read_text()) == third


def test_a_study_is_resumed_although_one_of_a_lower_number_is_gone(workspace):
    folders = [study_folder(workspace, "label", recipe) for recipe in recipes(*"abc")]
    shutil.rmtree(folders[1])
    assert study_folder(workspace, "label", recipes("c")[0]) == folders[2]
    assert study_folder(workspace, "label", recipes("d")[0]) == folders[1]


def test_studies_of_earlier_versions_are_moved_to_their_place_and_resumed(workspace):
    recipe = {"kind": "suspects", "mark": "a"}
    for before in ("suspects/label/binary", "contexts/label/compact", "contexts/label/mine"):
        (workspace.root / before).mkdir(parents=True)
    (workspace.root / "suspects/label/binary/recipe.json").write_text(json.dumps(recipe))
    (workspace.root / "contexts/label/mine/contexts.json").write_text("{}")
    assert study_folder(workspace, "label", recipe) == workspace.studies / "label" / "suspects-binary"
    assert {path.name for path in (workspace.studies / "label").iterdir()} == {
        "suspects-binary", "contexts-compact", "contexts-mine",
    }  # fmt: skip
    assert not (workspace.root / "suspects").exists()
    assert not (workspace.root / "contexts").exists()
    assert bring_over(workspace.root) == []
    with pytest.raises(ModelRefusedError, match="not a study of contexts"):
        ContextStudy.newest(workspace, "label")
