import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from figures import examples
from toonvision.data.boxes import Box
from toonvision.evaluation.advice import Trained, advice_from, advise
from toonvision.evaluation.evaluate import Evaluation, evaluate_run
from toonvision.tasks.base import Dataset
from toonvision.tasks.class_scores import ClassScores
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import DETECT, Task
from toonvision.training.recipes import settings_for
from toonvision.training.repeat import train_run

pytestmark = pytest.mark.usefixtures("eager")

STOPPED_EARLY = TrainingSettings(epochs=100)
LEARNED = ({"loss": 0.1, "accuracy": 1.0, "val_loss": 0.1, "val_accuracy": 1.0},)


def trained(
    matrix, *, settings=STOPPED_EARLY, learned=None, repeat=None, history=LEARNED, images=None, box=(0, 0, 20, 60)
):
    """A run with this confusion matrix, and so many training crops of each class."""
    matrix = np.array(matrix)
    classes = examples.classes_of(len(matrix))
    names = tuple(category.name for category in classes)
    y_true = np.repeat(np.arange(len(matrix)), matrix.sum(axis=1))
    predicted = np.concatenate([np.repeat(np.arange(len(matrix)), row) for row in matrix])
    targets = np.repeat(np.arange(len(matrix)), learned or [30] * len(matrix))
    record = examples.record(names, samples=len(y_true), repeats=1)
    repeats = tuple(dataclasses.replace(one, **(repeat or {})) for one in record.repeats)
    record = dataclasses.replace(record, settings=settings, repeats=repeats)
    scores = ClassScores(y_true, np.eye(len(matrix), dtype=np.float32)[predicted], names, {})
    made = np.zeros((len(targets), 60, 20, 3), np.uint8) if images is None else images[targets]
    crops = tuple(dataclasses.replace(examples.crop(names[at], "all", at), box=Box(*box)) for at in targets)
    dataset = Dataset(Task("label", "label"), made, targets, crops, names, indices={"train": np.arange(len(targets))})
    evaluation = Evaluation(classes, crops[: len(y_true)], made[: len(y_true)], (scores,), 0, record, "test")
    return Trained(evaluation, dataset, [history])


GOOD = [[30, 0, 0], [0, 30, 0], [0, 0, 30]]


def test_after_a_sound_training_there_is_nothing_to_say():
    assert advice_from(trained(GOOD)) == ()


def test_a_training_that_failed_is_to_learn_more_slowly():
    (said,) = advice_from(trained(GOOD, repeat={"diverged": True}))
    assert said.startswith("1 of 1 trainings failed: the loss became NaN. Try half the learning rate")
    assert said.endswith("--learning-rate 0.0005.")


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("classify", "predicts one class for every crop"),
        ("detect", "finds nothing: its highest confidence is the same in every screenshot"),
        ("segment", "names the pixels of every screenshot alike"),
    ],
)
def test_a_network_that_learned_nothing_is_described_as_its_kind_fails(kind, what):
    idle = trained(GOOD, repeat={"collapsed": True})
    record = dataclasses.replace(idle.evaluation.record, kind=kind)
    idle = dataclasses.replace(idle, evaluation=dataclasses.replace(idle.evaluation, record=record))
    (said,) = advice_from(idle)
    assert said.startswith(f"1 of 1 trainings failed: the network {what}. Try half the learning rate")


def test_a_loss_that_still_fell_in_the_last_epoch_asks_for_more_epochs():
    (said,) = advice_from(trained(GOOD, repeat={"epochs": 100, "best_epoch": 100}))
    assert said == "The loss was still falling in the last of 100 epochs. Train longer: --epochs 200."
    assert advice_from(trained(GOOD, repeat={"epochs": 100, "best_epoch": 99})) == ()


FALLING = ({"loss": 0.9, "accuracy": 0.4}, {"loss": 0.7, "accuracy": 0.4})
RISING = FALLING[::-1]
SHORT = dataclasses.replace(settings_for("compact"), epochs=10)


@pytest.mark.parametrize(
    ("history", "repeat", "end"),
    [
        (FALLING, {}, "after 10 epochs, where the recipe has 400. Train longer: --epochs 400."),
        (RISING, {}, "Try half the learning rate: --learning-rate 0.002."),
        (FALLING, {"epochs": 4}, "Try half the learning rate: --learning-rate 0.002."),
        (FALLING, {"diverged": True}, "Try half the learning rate: --learning-rate 0.002."),
    ],
)
def test_a_training_that_was_cut_short_is_to_take_longer_and_never_to_learn_more_slowly_too(history, repeat, end):
    ended = {"collapsed": True, "epochs": 10, **repeat}
    (said,) = advice_from(trained(GOOD, settings=SHORT, repeat=ended, history=history))
    assert said.endswith(end)


@pytest.mark.parametrize(("start", "recipe"), [("none", 176), ("toontown", 88)])
@pytest.mark.parametrize(("ap50", "said"), [(0.0, True), (float("nan"), True), (0.95, False)])
def test_a_detector_that_found_little_in_few_epochs_is_to_be_trained_longer(ap50, said, start, recipe):
    short = dataclasses.replace(settings_for("detector"), epochs=10, start=start)
    made = trained(GOOD, settings=short, repeat={"epochs": 10}, history=FALLING)
    scores = (SimpleNamespace(precision=SimpleNamespace(ap50=ap50)),)
    record = dataclasses.replace(made.evaluation.record, kind=DETECT)
    found = advice_from(
        dataclasses.replace(made, evaluation=dataclasses.replace(made.evaluation, record=record, scores=scores))
    )
    assert (
        found
        == (f"The training ended after 10 epochs, where the recipe has {recipe}. Train longer: --epochs {recipe}.",)
        * said
    )


@pytest.mark.parametrize(("accuracy", "said"), [(0.7, True), (0.95, False), (float("nan"), False)])
def test_with_a_schedule_what_was_learned_decides_whether_more_epochs_are_needed(accuracy, said):
    history = ({**LEARNED[0], "accuracy": accuracy},)
    found = advice_from(trained(GOOD, settings=settings_for("compact"), history=history))
    assert [one.endswith(f"Train longer: --epochs {2 * settings_for('compact').epochs}.") for one in found] == [
        True
    ] * said


def arrows():
    """Three images: an arrow to the left, the same to the right, and a bar."""
    left, bar = np.zeros((60, 20, 3), np.uint8), np.zeros((60, 20, 3), np.uint8)
    left[20:40, :8] = 200
    bar[:, 8:12] = 200
    return np.stack([left, left[:, ::-1], bar])


FLIPPED = dataclasses.replace(STOPPED_EARLY, augmentation=Augmentation(flip=True))
CONFUSED = [[15, 15, 0], [15, 15, 0], [0, 0, 30]]


def test_classes_that_are_each_others_mirror_image_are_not_to_be_mirrored():
    said = advice_from(trained(CONFUSED, settings=FLIPPED, images=arrows()))
    assert said == (
        "30 of 60 crops of Flunky and Pencil Pusher are confused, and mirrored crops of one look like the other. Do "
        "not mirror them: --no-flip.",
    )


@pytest.mark.parametrize(
    ("matrix", "settings", "images"),
    [
        (CONFUSED, STOPPED_EARLY, arrows()),  # nothing was mirrored
        (GOOD, FLIPPED, arrows()),  # nothing is confused
        (CONFUSED, FLIPPED, arrows()[[2, 2, 0]]),  # mirrored, they look as they did before
    ],
)
def test_without_a_reason_nobody_is_advised_not_to_mirror(matrix, settings, images):
    assert not any("--no-flip" in said for said in advice_from(trained(matrix, settings=settings, images=images)))


def test_a_class_that_is_clearly_worse_and_rare_needs_more_screenshots():
    found = advice_from(trained([[30, 0, 0], [0, 30, 0], [10, 10, 10]], learned=[60, 60, 20]))
    assert found == (
        "Yesman is wrong most often, 20 of 30, and has only 20 training crops, where half of the classes have 60 or "
        "more. Add screenshots of it.",
    )
    assert advice_from(trained([[30, 0, 0], [0, 30, 0], [10, 10, 10]])) == ()


def test_crops_that_are_much_larger_than_the_input_may_need_a_larger_one():
    wrong = [[29, 1, 0], [0, 30, 0], [0, 0, 30]]
    (said,) = advice_from(trained(wrong, box=(0, 0, 80, 200)))
    assert said.endswith("--size 120x40.")
    assert advice_from(trained(GOOD, box=(0, 0, 80, 200))) == ()
    assert advice_from(trained(wrong, box=(0, 0, 80, 60))) == ()


def test_a_real_run_is_advised_from_its_own_files(own_workspace):
    settings = TrainingSettings(network="4c3-p4-8c3-p2", epochs=1, batch_size=8)
    run = train_run(own_workspace, own_workspace.taxonomy.task("label"), settings, seeds=[0], size_hw=(32, 32))
    said = advise(own_workspace, run, evaluate_run(own_workspace, run))
    assert any("--epochs 100" in one or "--learning-rate" in one for one in said)
