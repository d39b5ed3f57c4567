import dataclasses
import shutil

import numpy as np
import pytest

import builders
from toonvision.core.errors import InputRejectedError, UsageError
from toonvision.data.arrays import Samples
from toonvision.studies.curve_study import beginning, curve_jobs, measure_curve, nested_order
from toonvision.studies.folds import Fold, Unwatched
from toonvision.tasks.settings import TrainingSettings

QUICK = TrainingSettings(epochs=2, batch_size=16, patience=1)
SIZES = (0.25, 0.5, 1.0)


class Counted(Unwatched):
    def __init__(self):
        self.known, self.trained = 0, 0

    def ended(self, *_, known):
        self.known += known
        self.trained += not known


def colored(count=60):
    rng = np.random.default_rng(0)
    truth = np.arange(count) % 3
    pictures = rng.integers(0, 90, (count, 16, 16, 3), dtype=np.uint8)
    pictures[np.arange(count), :, :, truth] += 40
    names = ("apple", "pear", "stone")
    return Samples(pictures, truth, tuple(builders.crop(n, names[target]) for n, target in enumerate(truth)), names)


def division(samples):
    part = np.arange(len(samples.crops)) // 3 % 5
    return Fold("split default", np.flatnonzero(part > 1), np.flatnonzero(part == 1), np.flatnonzero(part == 0))


def curve(folder=None, watcher=None, *, seeds=(0, 1), sizes=SIZES, settings=QUICK):
    samples = colored()
    whole = division(samples)
    jobs, kept, _ = curve_jobs(samples, whole, sizes=sizes, settings=settings, seeds=seeds)
    return measure_curve(
        samples, whole, jobs=jobs, sizes=kept, task="label", split="default", folder=folder, watcher=watcher
    )


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


def test_validate_and_test_stay_and_small_parts_are_trained_for_as_many_steps():
    samples = colored()
    whole = division(samples)
    jobs, kept, skipped = curve_jobs(samples, whole, sizes=(1.0, 0.25, 0.5), settings=QUICK, seeds=(3, 4))
    assert kept == SIZES
    assert skipped == []
    for row in jobs:
        for job in row:
            assert job.division.test.tolist() == whole.test.tolist()
            assert job.division.val.tolist() == whole.val.tolist()
            assert set(job.division.train) <= set(whole.train)
    assert [row[0].settings.epochs for row in jobs] == [8, 4, 2]
    assert jobs[0][0].division.train.tolist() != jobs[0][1].division.train.tolist()
    assert jobs[-1][0].division.train.tolist() == whole.train.tolist()


def test_a_part_is_trained_for_as_long_as_the_share_that_it_reached_asks_for():
    samples = colored()
    settings = dataclasses.replace(QUICK, epochs=100, patience=5)
    (smallest, *_), *_ = curve_jobs(samples, division(samples), sizes=(0.26, 0.5, 1), settings=settings, seeds=(0,))
    assert len(smallest[0].division.train) == 9
    assert (smallest[0].settings.epochs, smallest[0].settings.patience) == (400, 20)


def test_a_size_of_the_same_pictures_as_a_smaller_one_is_left_out_and_said():
    samples = colored()
    jobs, kept, skipped = curve_jobs(
        samples, division(samples), sizes=(0.25, 0.26, *SIZES), settings=QUICK, seeds=(0, 1)
    )
    assert (len(jobs), kept) == (3, SIZES)
    assert [str(finding) for finding in skipped] == ["size 0.26: chooses the same pictures as 0.25"]
    assert not skipped[0].skips
    with pytest.raises(UsageError, match=r"three sizes of different pictures.*got 2 \(size 0.26: chooses the same"):
        curve_jobs(samples, division(samples), sizes=(0.25, 0.26, 1.0), settings=QUICK, seeds=(0,))


def test_sizes_that_share_pictures_of_one_seed_alone_share_its_training():
    samples = colored()
    shots = [round((2 * n) ** 0.5) for n in range(60)]  # screenshots of one picture, two, three, ...
    crops = tuple(builders.crop(n, crop.label, shot=shots[n]) for n, crop in enumerate(samples.crops))
    samples = dataclasses.replace(samples, crops=crops)
    whole = Fold("all", np.arange(54), np.arange(54, 57), np.arange(57, 60))
    sizes = [percent / 100 for percent in range(50, 101, 2)]
    jobs, *_ = curve_jobs(samples, whole, sizes=sizes, settings=QUICK, seeds=(0, 1, 2))
    listed = [job for row in jobs for job in row]
    distinct = {(job.seed, tuple(job.division.train)) for job in listed}
    assert len({id(job) for job in listed}) == len(distinct) < len(listed)


def test_a_size_without_a_class_is_skipped_and_too_few_sizes_are_refused():
    samples = colored()
    *_, skipped = curve_jobs(samples, division(samples), sizes=(0.02, *SIZES), settings=QUICK, seeds=(0,))
    assert [finding.item for finding in skipped] == ["size 0.02"]
    with pytest.raises(UsageError, match="at least three sizes"):
        curve_jobs(samples, division(samples), sizes=(0.5, 1.0), settings=QUICK, seeds=(0,))
    with pytest.raises(UsageError, match=r"--sizes 0.125,0.25,0.5,1"):
        curve_jobs(samples, division(samples), sizes=(0.5, 1.5), settings=QUICK, seeds=(0,))


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
    assert "1 of 2 of size 0.25." in result.sentence()
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


def test_a_loss_that_is_no_number_is_noticed():
    wild = dataclasses.replace(QUICK, learning_rate=1e30)
    with pytest.raises(InputRejectedError, match="did not diverge; got 0"):
        curve(seeds=(0,), settings=wild)
