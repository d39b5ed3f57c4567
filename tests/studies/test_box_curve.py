"""Learning curves of a detector: who learns, what is fitted, and what is saved."""

from dataclasses import replace

import numpy as np
import pytest

from builders import finding_things
from studies.made import answered
from toonvision.core.errors import UsageError
from toonvision.figures.studies import draw_learning_curve
from toonvision.metrics.bootstrap import training_shares
from toonvision.studies.box_curve import BoxCurve, box_curve_panel, box_curve_table, fit_box_curve, measure_box_curve
from toonvision.studies.curve_jobs import curve_jobs
from toonvision.studies.folds import Fold
from toonvision.studies.sizes import CurveOptions, TrainedSizes
from toonvision.tasks.registry import kind_of, load_dataset
from toonvision.training.recipes import settings_for

pytestmark = pytest.mark.usefixtures("eager", "small_bodies")

SIZES = (0.3, 0.6, 1.0)


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return finding_things(small_workspace, tmp_path_factory.mktemp("box-curve") / "workspace", level="kind")


@pytest.fixture(scope="module")
def dataset(workspace):
    return load_dataset(workspace, workspace.taxonomy.task("things"), size_hw=(64, 64))


@pytest.fixture(scope="module")
def whole(dataset):
    return Fold("split default", *(dataset.indices[subset] for subset in ("train", "val", "test")))


@pytest.fixture(scope="module")
def jobs(dataset, whole):
    return curve_jobs(dataset, whole, sizes=SIZES, settings=settings_for("detector"), seeds=(0, 1))[0]


def fitted(dataset, whole, jobs, *, diverged=()):
    """Fit a curve whose smallest size finds nothing of one test screenshot, and whose largest finds all."""
    gone = {0.3: set(whole.test[:1].tolist())}
    results = {
        size: [
            answered(dataset, job, leave_out=gone.get(size, ()), diverged=(size, job.seed) in diverged) for job in row
        ]
        for size, row in jobs.items()
    }
    return fit_box_curve(TrainedSizes(dataset, whole, jobs, results), split="default", more=50)


def test_each_size_holds_the_smaller_ones_every_class_and_the_same_test_screenshots(dataset, whole, jobs):
    assert tuple(jobs) == SIZES
    for small, large in ((0.3, 0.6), (0.6, 1.0)):
        for one, other in zip(jobs[small], jobs[large], strict=True):
            assert set(one.fold.train) < set(other.fold.train) <= set(whole.train)
    for job in (job for row in jobs.values() for job in row):
        assert job.fold.test.tolist() == whole.test.tolist()
        assert kind_of(dataset.task).occurrences(dataset)[job.fold.train].sum(axis=0).all()
        assert not job.settings.with_validation
    smallest, largest = jobs[0.3][0], jobs[1.0][0]
    assert smallest.settings.epochs * len(smallest.fold.train) >= largest.settings.epochs * len(largest.fold.train)


def test_the_error_of_a_point_is_what_ap50_lacks_of_one(dataset, whole, jobs, tmp_path):
    curve = fitted(dataset, whole, jobs)
    first, *_, last = curve.points
    assert last.ap50 == pytest.approx((1, 1))
    assert first.ap50[0] == first.ap50[1] < 1
    assert curve.errors(0) == pytest.approx([1 - first.ap50[0]] * 2)
    low, high = curve.interval(0)
    assert low <= curve.mean_error(0) <= high
    assert 0 <= curve.gain_low <= curve.gain_high
    assert curve.tested == len(whole.test)
    assert "50 more training screenshots would probably raise AP50 from" in curve.sentence()
    assert BoxCurve.load(replace(curve, folder=tmp_path).save().folder) == curve


def test_a_training_that_diverged_is_left_out_and_counted(dataset, whole, jobs):
    curve = fitted(dataset, whole, jobs, diverged={(0.3, 1)})
    assert (len(curve.points[0].ap50), curve.points[0].diverged, curve.diverged) == (1, (1,), 1)
    assert "1 of 2 at size 0.3" in curve.sentence()
    rows = box_curve_panel(curve).rows
    assert sum(row[0] == "training" for row in rows) == 5


def test_a_curve_is_shown_as_a_table_and_a_figure(dataset, whole, jobs):
    curve = fitted(dataset, whole, jobs)
    assert [row[0] for row in box_curve_table(curve).rows][-1].endswith("(50 more)")
    assert len(box_curve_table(curve).rows) == 4
    (ax,) = draw_learning_curve(curve).axes
    assert ax.get_xlabel() == "Training screenshots (logarithmic)"
    assert ax.get_title(loc="left") == f"1 - AP50 of detector on {curve.tested} test screenshots"


def test_trainings_are_drawn_together_and_those_that_do_not_count_have_no_share():
    valid = np.array([[True, True, False], [True, True, True]])
    shares = training_shares(valid, draws=200, rng=np.random.default_rng(0))
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    assert not shares[:, 0, 2].any()
    alone = shares[:, 1, 0] == 1
    assert alone.any()
    assert (shares[alone, 0, 0] == 1).all()


def test_trainings_are_saved_and_not_repeated(workspace):
    asked = CurveOptions(sizes=SIZES, epochs=1, repeat=1)
    curve = measure_box_curve(workspace, "things", asked)
    folder = workspace.studies / "things" / "curve"
    before = sorted((folder / "trainings").iterdir())
    assert len(before) == 3
    assert measure_box_curve(workspace, "things", asked) == curve == BoxCurve.newest(workspace, "things")
    assert sorted((folder / "trainings").iterdir()) == before
    with pytest.raises(UsageError, match="at least three sizes that select different"):
        measure_box_curve(workspace, "things", replace(asked, sizes=(0.5, 1.0)))


def test_a_curve_with_a_size_that_was_not_asked_for_is_not_overwritten_unless_forced(workspace):
    asked = CurveOptions(sizes=SIZES, epochs=1, repeat=1, name="kept")
    first = measure_box_curve(workspace, "things", asked)
    saved = first.folder / BoxCurve.FILE
    other = replace(asked, sizes=(*SIZES[1:], 0.7))
    every = ",".join(f"{size:g}" for size in sorted({*SIZES, 0.7}))
    with pytest.raises(UsageError, match=rf"write --sizes {every}\. Or choose another --name; --force replaces it"):
        measure_box_curve(workspace, "things", other)
    assert BoxCurve.load(first.folder) == first
    more = measure_box_curve(workspace, "things", replace(asked, sizes=(*SIZES, 0.7)))
    assert len(more.points) == len(SIZES) + 1
    assert len(measure_box_curve(workspace, "things", replace(other, force=True)).points) == len(SIZES)
    saved.write_text("{")
    assert len(measure_box_curve(workspace, "things", replace(asked, sizes=SIZES)).points) == len(SIZES)
