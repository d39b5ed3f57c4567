import dataclasses
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import copied, scene
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.data.boxes import Box
from toonvision.evaluation.evaluate import evaluate_run
from toonvision.studies.stress import CHANGES, StressScore, StressTest, stress_panel, stress_run
from toonvision.studies.stress import _cut_beside as cut_beside
from toonvision.studies.stress import _grown_map as grown_map
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.repeat import train_run

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(scope="module")
def evaluated(small_workspace, tmp_path_factory):
    workspace = copied(small_workspace, tmp_path_factory.mktemp("stress") / "workspace")
    settings = TrainingSettings(epochs=3, batch_size=4, learning_rate=0.01)
    run = train_run(workspace, workspace.taxonomy.task("label"), settings, seeds=[0, 1])
    return workspace, run, evaluate_run(workspace, run)


def test_every_training_is_evaluated_under_every_change(evaluated):
    workspace, run, evaluation = evaluated
    seen = []
    test = stress_run(workspace, run, evaluation, progress=lambda done, total: seen.append((done, total)))
    plain, *changed = test.scores
    assert plain.wrong == evaluation.spread.wrong
    assert [(score.kind, score.strength) for score in changed] == [(one.kind, one.strength) for one in CHANGES]
    assert all(len(score.wrong) == 2 and score.samples == len(evaluation.items) for score in test.scores)
    assert all(score.own == score.wrong[evaluation.best_index] for score in test.scores)
    assert seen[-1] == (len(evaluation.items), len(evaluation.items))
    assert StressTest.load(run) == test
    assert StressTest.load(run).folder == run


def test_a_change_that_changes_nothing_leaves_every_answer(evaluated, monkeypatch):
    workspace, run, evaluation = evaluated
    same = tuple(dataclasses.replace(CHANGES[0], of_crop=lambda image: image) for _ in range(2))
    still = dataclasses.replace(CHANGES[-1], shift=0.0)
    monkeypatch.setattr("toonvision.studies.stress.CHANGES", (*same, still))
    test = stress_run(workspace, run, evaluation)
    assert {score.wrong for score in test.scores} == {evaluation.spread.wrong}


def test_pictures_that_are_painted_over_cannot_be_known(evaluated, monkeypatch):
    workspace, run, evaluation = evaluated
    blank = dataclasses.replace(CHANGES[0], of_crop=lambda image: Image.new("RGB", image.size))
    monkeypatch.setattr("toonvision.studies.stress.CHANGES", (blank,))
    black = stress_run(workspace, run, evaluation).scores[1]
    counts = np.bincount(evaluation.best.y_true)
    assert black.samples - black.own in counts.tolist()


def test_a_screenshot_that_is_gone_is_named(evaluated, tmp_path):
    workspace, run, evaluation = evaluated
    other = copied(workspace, tmp_path / "workspace")
    shot = evaluation.items[0].screenshot
    (other.root / "screenshots" / shot).unlink()
    with pytest.raises(InputRejectedError, match=rf"{shot}: .*Extract again"):
        stress_run(other, run, evaluation)


def test_a_crop_or_a_screenshot_that_is_another_one_by_now_is_refused(evaluated, tmp_path):
    workspace, run, evaluation = evaluated
    crop = evaluation.items[0]
    other = next(one for one in evaluation.items if one.screenshot != crop.screenshot)
    for number, (place, one, another) in enumerate(
        [("crops", crop.file, other.file), ("screenshots", crop.screenshot, other.screenshot)]
    ):
        own = copied(workspace, tmp_path / f"{number}")
        shutil.copyfile(own.root / place / another, own.root / place / one)
        with pytest.raises(InputRejectedError, match=rf"{one}: is not what was extracted"):
            stress_run(own, run, evaluation)


def test_a_part_without_samples_is_refused(evaluated):
    workspace, run, evaluation = evaluated
    with pytest.raises(InputRejectedError, match="has no sample to evaluate"):
        stress_run(workspace, run, dataclasses.replace(evaluation, items=()))


@given(
    number=st.integers(0, 9), share=st.floats(0, 0.5), left=st.integers(0, 50), top=st.integers(0, 30),
    width=st.integers(1, 14), height=st.integers(1, 18),
)  # fmt: skip
def test_a_moved_box_keeps_its_size_and_stays_in_the_picture(number, share, left, top, width, height):
    whole = scene(number)
    cut = cut_beside(whole, Box(left, top, left + width, top + height), share, number)
    assert cut.size == (width, height)
    moved = {
        (x, y): whole.crop((left + x, top + y, left + x + width, top + y + height)).tobytes()
        for x in range(-left, whole.width - left - width + 1) for y in (0,)
    } | {
        (0, y): whole.crop((left, top + y, left + width, top + y + height)).tobytes()
        for y in range(-top, whole.height - top - height + 1)
    }  # fmt: skip
    assert cut.tobytes() in moved.values()


def made(*wrong):
    scores = [StressScore("" if not at else "blur", f"{at} px", 100, count, (count,)) for at, count in enumerate(wrong)]
    return StressTest("suit/one", "test", (0,), tuple(scores))


def test_pixels_of_a_smaller_screenshot_are_compared_where_they_are_in_the_screenshot_itself():
    small = np.zeros((6, 10), np.uint8)
    small[:3, :5] = 1  # of a figure that reaches to row 6 and column 10 of a screenshot that is twice as large
    assert grown_map(small, 2.0).all()
    assert (grown_map(small, 1.0) == small).all()
    assert grown_map(small, 1.4)[:4, :7].all()
    assert not grown_map(small, 1.4)[5:].any()


def test_the_sentence_names_the_worst_change_only_where_it_clearly_lowers_the_accuracy():
    assert made(5, 30, 6).sentence().startswith("The accuracy falls most with blur (1 px): 70.0 %")
    assert "1 of 2 changes do not clearly lower it" in made(5, 30, 6).sentence()
    assert made(5, 6, 7).sentence().startswith("No change clearly lowers the accuracy")


def test_rows_count_right_answers_of_every_training():
    head, plain, blurred = stress_panel(made(5, 30)).rows
    assert head[-1] == "right_seed_0"
    assert (plain[0], plain[3], plain[-1]) == ("none", 95, 95)
    assert (blurred[:4], blurred[-1]) == (("blur", "1 px", 100, 70), 70)


def test_a_damaged_result_is_refused_and_so_is_a_missing_one(tmp_path):
    with pytest.raises(InputRejectedError, match="evaluate RUN --stress"):
        StressTest.load(tmp_path)
    (tmp_path / StressTest.FILE).write_text('{"run": 3}')
    with pytest.raises(ModelRefusedError, match=StressTest.FILE):
        StressTest.load(tmp_path)
