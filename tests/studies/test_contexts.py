import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import builders
from figures import examples
from toonvision.core.errors import InputRejectedError
from toonvision.core.progress import unwatched
from toonvision.data.groups import group_keys
from toonvision.metrics.bootstrap import Estimate
from toonvision.studies import contexts
from toonvision.studies.comparison import ContextScore, ordinary_test
from toonvision.studies.contexts import (
    ContextStudy,
    contexts_panel,
    leave_out,
    scarce_classes,
)
from toonvision.studies.fold_assignment import hold_out, plan_contexts, require_contexts
from toonvision.studies.folds import Fold, StudyWatcher
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task

QUICK = TrainingSettings(network="4c3-p4-8c3-p4", epochs=2, batch_size=8)
TASK = Task("label", "label")
TAXONOMY = examples.plain_taxonomy("apple", "pear")


class Trained(StudyWatcher):
    """Counts what was trained, and can be killed in the first epoch of a training."""

    def __init__(self, *, die_at=None):
        self.names, self.known, self.die_at = [], 0, die_at

    def epoch_ended(self, job, epoch, _logs):
        if epoch == 1 and len(self.names) + 1 == self.die_at:
            raise KeyboardInterrupt
        if epoch == 1:
            self.names.append(f"{job.fold.name}/{job.seed}")

    def ended(self, *_, known):
        self.known += known


def samples_of(pairs, *, size=16, pictures=None):
    """Return samples of (label, context) pairs, each from a screenshot of its own."""
    crops = tuple(builders.crop(n, label, context=context) for n, (label, context) in enumerate(pairs))
    classes = tuple(sorted({label for label, _ in pairs}))
    targets = np.array([classes.index(label) for label, _ in pairs])
    if pictures is None:
        pictures = np.random.default_rng(0).integers(0, 256, (len(pairs), size, size, 3), dtype=np.uint8)
    return Dataset(TASK, pictures, targets, crops, classes)


def crossed(count, contexts=("east", "north", "west")):
    return [(label, context) for context in contexts for label in ("apple", "pear") for _ in range(count)]


SAMPLES = samples_of(crossed(10))


def ordinary_fold(samples):
    part = np.arange(len(samples.items)) % 5
    return Fold("split default", np.flatnonzero(part > 1), np.flatnonzero(part == 1), np.flatnonzero(part == 0))


def study(samples, folder=None, watcher=unwatched, *, seeds=(0, 1), settings=QUICK):
    folds, _ = plan_contexts(samples, TAXONOMY, seed=0)
    return leave_out(samples, folds, ordinary_fold(samples), settings, seeds=seeds, folder=folder, watcher=watcher)


def test_the_context_left_out_is_the_test_and_no_screenshot_straddles_parts(small_workspace):
    crops = small_workspace.known_crops()
    parts = hold_out(crops, "garden", seed=0)
    assert {crop.id for crop in crops if crop.context == "garden"} == {id_ for id_, p in parts.items() if p == "test"}
    keys = group_keys(crops)
    for key in set(keys):
        assert len({parts[crop.id] for crop, own in zip(crops, keys, strict=True) if own == key}) == 1
    counts = [list(parts.values()).count(part) for part in ("train", "val", "test")]
    assert sum(counts) == len(crops)
    assert counts[0] >= 2 * counts[1] > 0
    assert hold_out(crops, "garden", seed=0) == parts


def test_a_near_duplicate_of_a_picture_left_out_is_not_learned_from():
    crops = [builders.crop(n, context=("east", "west")[n % 2]) for n in range(12)]
    crops[1] = dataclasses.replace(crops[1], fingerprint=crops[0].fingerprint)
    assert 1 not in hold_out(crops, "east", seed=0)
    assert 0 not in hold_out(crops, "west", seed=0)


def test_a_context_whose_class_is_nowhere_else_or_that_has_few_crops_is_skipped_with_a_reason():
    pairs = [*crossed(8, ("east", "north")), *[("stone", "west")] * 6, *[("apple", "south")] * 2]
    planned, skipped = plan_contexts(samples_of(pairs), TAXONOMY, seed=0)
    assert [context.name for context, _ in planned] == ["east", "north"]
    told = {finding.item: str(finding) for finding in skipped}
    assert "has 2 crops, fewer than 5 (Annotate more of it)" in told["context south"]
    assert "without it stone has no sample to learn from" in told["context west"]
    assert all(finding.skips for finding in skipped)


def test_a_class_that_is_rare_outside_a_context_is_named_and_the_conclusion_says_so():
    samples = samples_of([*crossed(10), *([("pear", "north")] * 90)])
    folds, _ = plan_contexts(samples, TAXONOMY, seed=0)
    (finding,) = scarce_classes(samples, folds)
    assert finding.item == "context north"
    assert finding.reason.startswith("only 20 of 120 crops of pear are from elsewhere, ")
    assert scarce_classes(SAMPLES, plan_contexts(SAMPLES, TAXONOMY, seed=0)[0]) == []
    worse = dataclasses.replace(STUDY, difference=Estimate(-0.2, -0.3, -0.1), shared=50)
    assert ": it relies on the context." in worse.sentence()
    warned = dataclasses.replace(worse, findings=(finding,))
    assert ": it relies on the context, or lacks classes that are rare elsewhere." in warned.sentence()


def test_a_single_context_cannot_be_left_out():
    with pytest.raises(InputRejectedError, match=r"no context can be left out.*east is the only one"):
        plan_contexts(samples_of(crossed(8, ("east",))), TAXONOMY, seed=0)


def test_a_workspace_of_one_context_is_refused_before_anything_is_loaded(small_workspace):
    require_contexts(small_workspace)
    crops = [builders.crop(0, "apple"), builders.crop(1, "pear")]
    workspace = SimpleNamespace(root="w", known_crops=lambda: crops)
    with pytest.raises(InputRejectedError, match="has one context only.*Put screenshots into folders, one a context"):
        require_contexts(workspace)


@pytest.fixture(scope="module")
def killed_once(eager, tmp_path_factory):
    """A study of two repeats that was killed before its fourth training: its folder, its result, what was trained."""
    folder = tmp_path_factory.mktemp("contexts") / "study"
    first, second = Trained(die_at=4), Trained()
    with pytest.raises(KeyboardInterrupt):
        study(SAMPLES, folder, first)
    return folder, study(SAMPLES, folder, second), first, second


def test_a_killed_study_goes_on_where_it_was(killed_once):
    _, _, first, second = killed_once
    names = [f"{name}/{seed}" for name in ("split default", "without-east", "without-north", "without-west")
             for seed in (0, 1)]  # fmt: skip
    assert first.names == names[:3]
    assert (second.known, second.names) == (3, names[3:])


def test_a_damaged_outcome_alone_is_trained_again_and_nothing_changes(killed_once, tmp_path):
    folder, result, *_ = killed_once
    shutil.copytree(folder, tmp_path / "study")
    fold_result = next((tmp_path / "study").rglob("without-east-seed-1*.npz"))
    encrypted = bytearray(fold_result.read_bytes())
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    for damaged in (b"PK broken", bytes(encrypted)):
        fold_result.write_bytes(damaged)
        again = Trained()
        assert study(SAMPLES, tmp_path / "study", again) == result
        assert (again.known, again.names) == (7, ["without-east/1"])


def test_other_settings_and_other_labels_use_nothing_of_before(killed_once):
    folder, *_ = killed_once
    flipped = dataclasses.replace(SAMPLES, targets=1 - SAMPLES.targets)
    for samples, settings in ((SAMPLES, dataclasses.replace(QUICK, learning_rate=0.01)), (flipped, QUICK)):
        with pytest.raises(KeyboardInterrupt):
            study(samples, folder, Trained(die_at=1), settings=settings)


@pytest.mark.slow
def test_a_planted_shortcut_of_each_context_is_caught():
    # Only a corner's colour tells the class, by another code in each context: easy to learn, worthless elsewhere.
    pairs = crossed(24)
    rng = np.random.default_rng(1)
    pictures = rng.integers(90, 110, (len(pairs), 32, 32, 3), dtype=np.uint8)
    colors = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250)]
    codes = dict(zip(dict.fromkeys(pairs), colors, strict=True))
    for picture, pair in zip(pictures, pairs, strict=True):
        picture[:12, :12] = codes[pair]
    settings = TrainingSettings(epochs=40, batch_size=8, learning_rate=0.01, patience=40)
    result = study(samples_of(pairs, pictures=pictures), settings=settings, seeds=(0,))
    assert result.usual.share >= 0.9
    assert result.held_out.share <= 0.75
    assert result.difference.high < 0
    assert "points worse" in result.sentence()
    assert "it relies on the context." in result.sentence()


def test_scores_are_of_all_crops_and_the_comparison_is_of_shared_ones(killed_once):
    _, result, *_ = killed_once
    assert [score.samples for score in result.contexts] == [20, 20, 20]
    assert [score.shared for score in result.contexts] == [4, 4, 4]
    assert result.shared == result.ordinary_samples == 12
    assert sum(score.ordinary_right[1] for score in result.contexts) == result.ordinary_right[1]
    unseen = sum(sum(score.shared_right) for score in result.contexts)
    usual = sum(sum(score.ordinary_right) for score in result.contexts)
    assert result.difference.value == pytest.approx((unseen - usual) / 24)
    rows = contexts_panel(result).rows
    assert len(rows) == 1 + 3 * 2
    assert all(len(row) == len(rows[0]) for row in rows)


def test_what_learned_from_val_too_says_so_in_every_line(eager):
    settings = dataclasses.replace(QUICK, with_validation=True, epochs=1)
    result = study(SAMPLES, seeds=(0,), settings=settings)
    whole, folds = ordinary_fold(SAMPLES), plan_contexts(SAMPLES, TAXONOMY, seed=0, learn_val=True)[0]
    assert result.ordinary_trained_on == len(whole.train) + len(whole.val)
    assert [one.trained_on for one in result.contexts] == [len(fold.train) + len(fold.val) for _, fold in folds]


def test_contexts_are_planned_for_trainings_that_learn_from_val_where_the_run_compared_with_did(
    small_workspace, monkeypatch
):
    def plan(*_, **asked):
        raise InputRejectedError(f"learn_val is {asked['learn_val']}")

    monkeypatch.setattr(contexts, "plan_contexts", plan)
    for learns in (True, False):
        settings = dataclasses.replace(QUICK, with_validation=learns)
        monkeypatch.setattr(contexts, "choose_comparison", lambda *_, chosen=settings, **__: (chosen, (32, 32), None))
        with pytest.raises(InputRejectedError, match=f"learn_val is {learns}"):
            contexts.study_contexts(small_workspace, "label", contexts.ContextOptions())


def test_a_training_that_diverged_is_in_no_mean_and_counted(killed_once, tmp_path):
    folder, whole, *_ = killed_once
    names = ("without-east-seed-0-*", "split*-seed-1-*")
    result = study(SAMPLES, builders.mark_diverged(shutil.copytree(folder, tmp_path / "study"), *names))
    east, before = result.contexts[0], whole.contexts[0]
    assert (east.right, east.macro_f1, east.diverged) == (before.right[1:], before.macro_f1[1:], (0,))
    assert east.ordinary_right == before.ordinary_right[:1]
    assert result.ordinary_right == whole.ordinary_right[:1]
    assert (result.diverged, result.ordinary_diverged) == (1, 1)
    unseen = sum(sum(score.shared_right) / len(score.shared_right) for score in result.contexts)
    usual = sum(score.ordinary_right[0] for score in result.contexts)
    assert result.difference.value == pytest.approx((unseen - usual) / 12)
    assert len(contexts_panel(result).rows) == 1 + 5
    assert result.sentence().endswith(
        " Trainings that diverged are left out: 1 of 2 without east; 1 of 2 of the ordinary test."
    )


def test_a_context_of_which_every_training_diverged_is_named_and_not_evaluated(killed_once, tmp_path):
    folder, whole, *_ = killed_once
    result = study(SAMPLES, builders.mark_diverged(shutil.copytree(folder, tmp_path / "study"), "without-north-*"))
    assert result.contexts == (whole.contexts[0], whole.contexts[2])
    assert (result.lost, result.shared, result.held_out.total) == (("north",), 8, 40)
    assert "2 of 2 without north, which has no result." in result.sentence()


@pytest.mark.parametrize(
    ("names", "told"), [("split*", "nothing to compare with"), ("without-*", "every training without a context")]
)
def test_a_study_of_which_one_side_diverged_is_refused(killed_once, tmp_path, names, told):
    with pytest.raises(InputRejectedError, match=told):
        study(SAMPLES, builders.mark_diverged(shutil.copytree(killed_once[0], tmp_path / "study"), names))


def test_macro_f1_of_a_context_is_over_the_classes_that_it_has():
    crops = [builders.crop(n) for n in range(4)]
    predicted = np.array([[0, 0, 1, 2]])
    scored = ordinary_test("a/b", crops, np.array([0, 0, 1, 1]), predicted, diverged=[False], trained_on=9)
    assert scored.macro_f1 == (pytest.approx((1 + 2 / 3) / 2),)
    assert scored.right.tolist() == [[True, True, True, False]]


SCORE = ContextScore("east", "East", "#332288", 20, 36, (14, 15), (0.6, 0.7), 4, (2, 3), (3, 3))
STUDY = ContextStudy(
    "label", "baseline", (0, 1), (SCORE,), ("south",), "split default", 12, (9, 10), (0.7, 0.8), 36, 4,
    Estimate(-0.1, -0.2, 0.0), {"label": Estimate(0.1, 0.0, 0.2)},
)  # fmt: skip


def test_a_study_is_loaded_as_it_was_saved(small_workspace, tmp_path):
    workspace = dataclasses.replace(small_workspace, root=tmp_path)
    folder = workspace.studies / "label" / "contexts"
    assert ContextStudy.newest(workspace, "label") is None
    with pytest.raises(InputRejectedError, match="toonvision contexts TASK"):
        ContextStudy.load(folder)
    dataclasses.replace(STUDY, folder=folder).save()
    assert ContextStudy.load(folder) == ContextStudy.newest(workspace, "label") == STUDY
    assert ContextStudy.load(folder).folder == folder


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (Estimate(-0.12, -0.19, -0.05), "12.0 points worse on 50 crops (95 % interval -19.0 to -5.0): "),
        (Estimate(-0.01, -0.04, 0.02), "these crops show no difference."),
        (Estimate(0.03, 0.01, 0.06), "it does not rely on the context."),
        (Estimate(0.0, -0.04, 0.02), "is as good as usual"),
        (Estimate(0.0, 0.0, 0.0), "these crops show no difference"),
        (Estimate(-0.1, -1.0, 1.0), "(too few groups of screenshots for an interval): this allows no conclusion."),
        (None, "nothing can be compared"),
    ],
)
def test_the_sentence_says_what_the_interval_allows(difference, told):
    result = dataclasses.replace(STUDY, difference=difference, shared=50)
    assert told in result.sentence()


def test_the_sentence_concludes_nothing_from_a_few_crops_and_warns_of_one_seed():
    few = dataclasses.replace(STUDY, difference=Estimate(-1.0, -1.0, -1.0), shared=1, seeds=(0,))
    assert "too few crops for a conclusion" in few.sentence()
    assert few.sentence().endswith("so the interval lacks the variation between trainings.")
    assert "one training only" not in dataclasses.replace(few, seeds=(0, 1)).sentence()
