import dataclasses
import json
import re
import shutil

import numpy as np
import pytest

import builders
from studies.made import Counted
from toonvision.cli.study_verbs import parse_sizes
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.core.progress import unwatched
from toonvision.metrics.power_law import PowerLaw, fit_power_law
from toonvision.studies.curve import (
    CurvePoint,
    LearningCurve,
    curve_panel,
    curve_table,
    fit_curve,
)
from toonvision.studies.curve_jobs import beginning, curve_jobs, nested_order
from toonvision.studies.folds import Fold
from toonvision.studies.sizes import train_sizes
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import for_fewer, settings_for

pytestmark = pytest.mark.usefixtures("eager")

QUICK = TrainingSettings(epochs=2, batch_size=16, patience=1)
SIZES = (0.25, 0.5, 1.0)

TASK = Task("label", "label")


def colored(count=60):
    rng = np.random.default_rng(0)
    truth = np.arange(count) % 3
    pictures = rng.integers(0, 90, (count, 16, 16, 3), dtype=np.uint8)
    pictures[np.arange(count), :, :, truth] += 40
    names = ("apple", "pear", "stone")
    return Dataset(
        TASK, pictures, truth, tuple(builders.crop(n, names[target]) for n, target in enumerate(truth)), names
    )


def whole_fold(samples):
    part = np.arange(len(samples.items)) // 3 % 5
    return Fold("split default", np.flatnonzero(part > 1), np.flatnonzero(part == 1), np.flatnonzero(part == 0))


def curve(folder=None, watcher=unwatched, *, seeds=(0, 1), sizes=SIZES, settings=QUICK):
    samples = colored()
    whole = whole_fold(samples)
    jobs, _ = curve_jobs(samples, whole, sizes=sizes, settings=settings, seeds=seeds)
    return fit_curve(train_sizes(samples, whole, jobs, folder=folder, watcher=watcher), "default", 100)


def test_every_beginning_has_the_labels_shares_and_holds_the_smaller_ones():
    labels = [("apple", "apple", "pear", "stone")[n % 4] for n in range(400)]
    order = nested_order(labels, [n // 2 for n in range(400)], rng=np.random.default_rng(0))
    assert sorted(place for group in order for place in group) == list(range(400))
    before: set[int] = set()
    for share in (0.05, 0.125, 0.5, 1.0):
        chosen = beginning(order, share)
        assert abs(len(chosen) - share * 400) <= 2
        counts = [sum(labels[place] == name for place in chosen) / len(chosen) for name in ("apple", "pear", "stone")]
        np.testing.assert_allclose(counts, [0.5, 0.25, 0.25], atol=0.08)
        assert before <= set(chosen.tolist())
        assert all(place ^ 1 in chosen for place in chosen)
        before = set(chosen.tolist())


def test_what_begins_with_weights_learns_small_parts_at_the_rate_for_so_few_images():
    samples = colored()
    whole = whole_fold(samples)
    recipe = settings_for("compact", images=len(whole.train), taxonomy="toontown")
    jobs, _ = curve_jobs(samples, whole, sizes=(1.0, 0.25, 0.5), settings=recipe, seeds=(0,))
    for row in jobs.values():
        alone = settings_for("compact", images=len(row[0].fold.train), taxonomy="toontown")
        assert row[0].settings.learning_rate == pytest.approx(alone.learning_rate)


@pytest.mark.parametrize("images", [39, 71, 75, 400, 451])
def test_a_training_on_all_images_keeps_its_very_settings_so_that_it_is_found_again(images):
    recipe = settings_for("compact", images=images, taxonomy="toontown")
    assert for_fewer(recipe, images, of=images) == recipe


def test_validate_and_test_stay_and_small_parts_are_trained_for_as_many_steps():
    samples = colored()
    whole = whole_fold(samples)
    jobs, findings = curve_jobs(samples, whole, sizes=(1.0, 0.25, 0.5), settings=QUICK, seeds=(3, 4))
    assert tuple(jobs) == SIZES
    assert findings == []
    for row in jobs.values():
        for job in row:
            assert job.fold.test.tolist() == whole.test.tolist()
            assert job.fold.val.tolist() == whole.val.tolist()
            assert set(job.fold.train) <= set(whole.train)
    assert [row[0].settings.epochs for row in jobs.values()] == [8, 4, 2]
    assert jobs[0.25][0].fold.train.tolist() != jobs[0.25][1].fold.train.tolist()
    assert jobs[1.0][0].fold.train.tolist() == whole.train.tolist()


def test_a_part_is_trained_for_as_long_as_the_share_that_it_reached_asks_for():
    samples = colored()
    settings = dataclasses.replace(QUICK, epochs=100, patience=5)
    jobs, _ = curve_jobs(samples, whole_fold(samples), sizes=(0.26, 0.5, 1), settings=settings, seeds=(0,))
    (smallest,) = jobs[0.26]
    assert len(smallest.fold.train) == 9
    assert (smallest.settings.epochs, smallest.settings.patience) == (400, 20)


def test_a_size_of_the_same_pictures_as_a_smaller_one_is_left_out_and_said():
    samples = colored()
    jobs, findings = curve_jobs(samples, whole_fold(samples), sizes=(0.25, 0.26, *SIZES), settings=QUICK, seeds=(0, 1))
    assert tuple(jobs) == SIZES
    assert [str(finding) for finding in findings] == ["size 0.26: selects the same crops as 0.25"]
    assert not findings[0].skips
    with pytest.raises(UsageError, match=r"three sizes that select different.*got 2 \(size 0.26: selects the same"):
        curve_jobs(samples, whole_fold(samples), sizes=(0.25, 0.26, 1.0), settings=QUICK, seeds=(0,))


def test_sizes_that_share_pictures_of_one_seed_alone_share_its_training():
    samples = colored()
    shots = [round((2 * n) ** 0.5) for n in range(60)]  # screenshots of one picture, two, three, ...
    crops = tuple(builders.crop(n, crop.label, shot=shots[n]) for n, crop in enumerate(samples.items))
    samples = dataclasses.replace(samples, items=crops)
    whole = Fold("all", np.arange(54), np.arange(54, 57), np.arange(57, 60))
    sizes = [percent / 100 for percent in range(50, 101, 2)]
    jobs, _ = curve_jobs(samples, whole, sizes=sizes, settings=QUICK, seeds=(0, 1, 2))
    listed = [job for row in jobs.values() for job in row]
    distinct = {(job.seed, tuple(job.fold.train)) for job in listed}
    assert len({id(job) for job in listed}) == len(distinct) < len(listed)


def test_a_size_without_a_class_is_skipped_and_too_few_sizes_are_refused():
    samples = colored()
    _, findings = curve_jobs(samples, whole_fold(samples), sizes=(0.02, *SIZES), settings=QUICK, seeds=(0,))
    assert [finding.item for finding in findings] == ["size 0.02"]
    with pytest.raises(UsageError, match="at least three sizes"):
        curve_jobs(samples, whole_fold(samples), sizes=(0.5, 1.0), settings=QUICK, seeds=(0,))
    with pytest.raises(UsageError, match=r"--sizes 0.125,0.25,0.5,1"):
        curve_jobs(samples, whole_fold(samples), sizes=(0.5, 1.5), settings=QUICK, seeds=(0,))


def rare_apples(*, on):
    """Return a few samples, one screenshot each; only those of some screenshots are apples."""
    samples = colored()
    crops = tuple(builders.crop(n, "apple" if n in on else "pear", shot=n) for n in range(12))
    truth = np.array([int(n not in on) for n in range(12)])
    return Dataset(TASK, samples.images[:12], truth, crops, ("apple", "pear"))


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2), (7, 8)])
def test_sizes_that_are_offered_instead_of_those_refused_can_be_used(seeds):
    samples = rare_apples(on=(3, 4, 9))
    whole = Fold("all", np.arange(8), np.arange(8, 10), np.arange(9, 12))
    asked = {"settings": QUICK, "seeds": seeds}
    with pytest.raises(UsageError, match="would have no sample to learn from") as refused:
        curve_jobs(samples, whole, sizes=(0.01, 0.02, 0.05, 1), **asked)
    offered = parse_sizes(re.search(r"Write --sizes ([0-9.,]+)\.$", str(refused.value))[1])
    jobs, findings = curve_jobs(samples, whole, sizes=offered, **asked)
    assert (tuple(jobs), findings) == (offered, [])
    assert offered[-1] == 1


def test_where_no_three_sizes_can_be_used_the_label_to_annotate_more_of_is_said():
    whole = Fold("all", np.arange(3), np.arange(8, 10), np.arange(9, 12))
    for on, said in (((2,), r"Annotate more screenshots that show apple\.$"), ((0, 1, 2), "that show pear")):
        with pytest.raises(UsageError, match=said):
            curve_jobs(rare_apples(on=on), whole, sizes=(0.125, 0.25, 0.5, 1), settings=QUICK, seeds=(0, 1, 2, 3))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A curve of three sizes and two repeats: its folder and the curve."""
    folder = tmp_path_factory.mktemp("curves") / "curve"
    watcher = Counted()
    result = curve(folder, watcher)
    assert (watcher.trained, watcher.known) == (6, 0)
    return folder, result


def test_a_curve_goes_on_with_what_was_trained_and_new_sizes_join_it(made):
    folder, first = made
    watcher = Counted()
    assert curve(folder, watcher) == first
    assert (watcher.trained, watcher.known) == (0, 6)
    assert curve(folder, watcher, sizes=(0.25, 0.26, 0.5, 1.0)) == first
    assert (watcher.trained, watcher.known) == (0, 12)
    more = curve(folder, watcher, sizes=(*SIZES, 0.75))
    assert (watcher.trained, watcher.known) == (2, 18)
    assert [point.share for point in more.points] == [0.25, 0.5, 0.75, 1.0]


def test_a_curve_gives_counts_and_an_interval_around_its_gain(made):
    _, result = made
    assert result.tested == 12
    assert [point.mean_pictures for point in result.points] == [9, 18, 36]
    assert all(0 <= wrong <= 12 for point in result.points for wrong in point.wrong)
    assert result.gain_low <= result.gain_high
    assert result.line[-1] >= result.largest + result.more


def test_a_training_that_diverged_is_in_no_mean_and_counted(made, tmp_path):
    folder, whole = made
    result = curve(builders.mark_diverged(shutil.copytree(folder, tmp_path / "curve"), "share-0.25-seed-0-*"))
    first, before = result.points[0], whole.points[0]
    assert (first.wrong, first.pictures, first.diverged) == (before.wrong[1:], before.pictures[1:], (0,))
    assert result.points[1:] == whole.points[1:]
    assert (result.diverged, result.lost, result.seeds) == (1, (), (0, 1))
    assert "1 of 2 at size 0.25." in result.sentence()
    assert result.gain_low <= result.gain_high


def test_a_size_of_which_every_training_diverged_has_no_point(made, tmp_path):
    folder, _ = made
    broken = builders.mark_diverged(shutil.copytree(folder, tmp_path / "curve"), "share-0.25-*")
    result = curve(broken, sizes=(*SIZES, 0.75))
    assert [point.share for point in result.points] == [0.5, 0.75, 1.0]
    assert (result.lost, result.diverged) == ((0.25,), 2)
    assert result.line[0] == 18
    with pytest.raises(InputRejectedError, match="three sizes at which a training did not diverge; got 2"):
        curve(broken)


def test_a_loss_that_is_nan_is_noticed():
    wild = dataclasses.replace(QUICK, learning_rate=1e30)
    with pytest.raises(InputRejectedError, match="did not diverge; got 0"):
        curve(seeds=(0,), settings=wild)


POINTS = (CurvePoint(0.25, (9, 9), (6, 4)), CurvePoint(0.5, (18, 18), (4, 3)), CurvePoint(1.0, (36, 36), (2, 3)))
CURVE = LearningCurve(
    PowerLaw(0.2, 0.5, 0.1), (9.0, 236.0), (0.1, 0.0), (0.5, 0.2), 100, 0.012, 0.004, 0.02,
    "label", "baseline", (0, 1), "default", 0.6, 12, POINTS,
)  # fmt: skip


def test_a_curve_has_a_row_a_training_and_one_a_point_of_the_fit():
    head, *rows = curve_panel(CURVE).rows
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["wrong"] for row in told if row["what"] == "training"] == [6, 4, 4, 3, 2, 3]
    assert [row["pictures"] for row in told if row["what"] == "fit"] == [9.0, 236.0]
    assert (told[-1]["what"], told[-1]["error"]) == ("gain of 100 more", 0.012)


@pytest.mark.parametrize("scale", [3.0, 0.2, 0.01])
def test_what_is_gained_is_the_difference_of_both_errors_as_written(scale):
    made = dataclasses.replace(CURVE, law=PowerLaw(scale, 0.5, 0.03))
    first, last, gained = map(float, re.search(r"from (\S+) % to (\S+) %, by (\S+) points", made.sentence()).groups())
    assert first - last == pytest.approx(gained)
    assert gained == pytest.approx(100 * (made.law.at(36) - made.law.at(136)), rel=0.06)


def test_a_curve_whose_error_does_not_fall_promises_nothing():
    rising = dataclasses.replace(CURVE, law=fit_power_law((9, 18, 36), (0.034, 0.054, 0.078), tested=100))
    assert rising.sentence() == (
        "The error does not fall with more training crops here, so that nothing can be estimated: train longer "
        "(--epochs), or each size more often (--repeat)."
    )
    trees = dataclasses.replace(rising, network="trees")
    assert trees.sentence().endswith("nothing can be estimated: train each size more often (--repeat).")
    assert "fitted" not in curve_panel(rising).alternative
    assert len(curve_table(rising).rows) == len(POINTS)
    perfect = dataclasses.replace(CURVE, law=fit_power_law((9, 18, 36), (0.0, 0.0, 0.0), tested=100))
    assert perfect.falls


def test_a_curve_is_loaded_as_it_was_saved(small_workspace, tmp_path):
    workspace = dataclasses.replace(small_workspace, root=tmp_path)
    folder = workspace.studies / "label" / "curve"
    assert LearningCurve.newest(workspace, "label") is None
    with pytest.raises(InputRejectedError, match="toonvision curve TASK"):
        LearningCurve.load(folder)
    dataclasses.replace(CURVE, folder=folder).save()
    assert LearningCurve.load(folder) == LearningCurve.newest(workspace, "label") == CURVE


def test_a_curve_that_was_saved_before_forecasts_had_a_class_of_their_own_is_loaded(tmp_path):
    points = [{"share": one.share, "pictures": one.pictures, "wrong": one.wrong, "diverged": []} for one in POINTS]
    before = {
        "task": "label", "network": "baseline", "seeds": [0, 1], "split": "default", "train_share": 0.6, "tested": 12,
        "points": points,
        "law": {"scale": 0.2, "exponent": 0.5, "floor": 0.1}, "line": [9.0, 236.0], "low": [0.1, 0.0],
        "high": [0.5, 0.2], "more": 100, "gain": 0.012, "gain_low": 0.004, "gain_high": 0.02, "lost": [],
        "findings": [],
    }  # fmt: skip
    (tmp_path / "curve.json").write_text(json.dumps(before), encoding="utf-8")
    assert LearningCurve.load(tmp_path) == CURVE


def test_the_sentence_says_what_more_crops_bring_and_when_that_could_be_nothing():
    assert "by 1.6 points (95 % interval: 0.4–2.0)." in CURVE.sentence()
    assert "about 167 new crops are needed" in CURVE.sentence()
    assert "; there may be no gain." in dataclasses.replace(CURVE, gain_low=0.0).sentence()


def test_the_sentence_warns_of_one_seed():
    assert "--repeat 3" in dataclasses.replace(CURVE, seeds=(0,)).sentence()


def test_the_sentence_counts_trainings_that_diverged_and_names_a_size_that_lost_all():
    assert "diverged" not in CURVE.sentence()
    first = CurvePoint(0.25, (9,), (4,), diverged=(0,))
    told = dataclasses.replace(CURVE, points=(first, *POINTS[1:]), lost=(0.125,))
    assert told.sentence().endswith(
        " Trainings that diverged are left out: 1 of 2 at size 0.25; 2 of 2 at size 0.125, which has no point."
    )
    assert told.diverged == 3
    head, row, *rest = curve_panel(told).rows
    assert row[head.index("seed")] == 1
    assert sum(one[0] == "training" for one in rest) == 4
