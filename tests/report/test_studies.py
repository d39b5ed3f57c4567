import dataclasses
import html
import os
from functools import partial

import numpy as np
import pytest

from builders import copied
from figures import examples
from figures.test_study_figures import context_study
from report.made import curve_of, evaluated_workspace, evaluation_of, results_of, suspects_of
from toonvision.core.errors import ModelRefusedError
from toonvision.core.files import write_text
from toonvision.metrics.bootstrap import Estimate
from toonvision.metrics.intervals import Proportion
from toonvision.report.page import REPORT
from toonvision.report.results import CurrentSuspects, gather_results
from toonvision.report.run import run_page, write_report
from toonvision.studies.box_contexts import BoxContextStudy
from toonvision.studies.contexts import ContextStudy
from toonvision.studies.curve import LearningCurve, curve_panel
from toonvision.studies.leakage import LeakageStudy
from toonvision.studies.stress import StressTest
from toonvision.studies.suspects import SuspectCrops

pytestmark = pytest.mark.usefixtures("eager")

MATRIX = [[6, 3, 1], [1, 19, 0], [0, 0, 10]]
CROPS = [examples.crop("RBC", "all", number) for number in range(3)]


def results(**changes):
    return dataclasses.replace(results_of(evaluation_of([MATRIX])), **changes)


def searched(current=3, *, pictured=3, samples=290):
    study = suspects_of(CROPS[:current], likely="WBC", samples=290)
    classes = {category.name: category for category in results().evaluation.classes}
    crops = SuspectCrops(study.suspects, (np.zeros((12, 12, 3), np.uint8),) * min(pictured, current), classes)
    return results(suspects=CurrentSuspects(study, len(CROPS) - current, crops), samples=samples)


def written(workspace, run, evaluation):
    """Return the HTML of a run's report."""
    write_report(workspace, run, evaluation)
    return (run / REPORT).read_text(encoding="utf-8")


def panel(made, title):
    """Return the panel of a page whose title begins so; None if there is none."""
    panels = [one for section in run_page(made).sections for one in section.panels]
    return next((one for one in panels if one.title.startswith(title)), None)


@pytest.fixture
def studied(small_workspace, tmp_path):
    """A workspace with an evaluated run, a learning curve, and three suspects of which one was corrected since."""
    workspace = copied(small_workspace, tmp_path / "workspace")
    run, evaluation = evaluated_workspace(workspace)
    apples = [crop for crop in workspace.known_crops() if crop.label == "apple"]
    gone = dataclasses.replace(apples[0], file="apple_9999.png")
    dataclasses.replace(curve_of(), folder=workspace.studies / "label" / "curve").save()
    study = suspects_of([apples[2], gone, apples[1]], likely="pear", samples=24)
    dataclasses.replace(study, folder=workspace.studies / "label" / "suspects").save()
    return workspace, run, evaluation, apples


def test_the_newest_studies_of_the_task_join_the_report_and_leave_it_with_their_folders(studied):
    workspace, run, evaluation, _ = studied
    page = html.unescape(written(workspace, run, evaluation))
    assert curve_of().sentence() in page
    assert "2 of 24 labels are suspect" in page
    assert page.index("What to photograph next") < page.index("What more training crops would probably bring")
    assert page.index('id="data"') < page.index("Suspect labels: 2") < page.index('id="training"')
    for name in ("learning-curve", "suspects"):
        assert (run / "figures" / f"{name}.png").is_file()
        assert (run / "figures" / f"{name}.csv").is_file()
    workspace.studies.rename(workspace.root / "elsewhere")
    page = written(workspace, run, evaluation)
    assert "What more training crops would probably bring" not in page
    assert "Suspect labels" not in page
    assert not list((run / "figures").glob("suspects.*")) + list((run / "figures").glob("learning-curve.*"))


def test_a_damaged_study_is_named_in_the_report_which_goes_on_without_it(studied):
    workspace, run, evaluation, _ = studied
    damaged = workspace.studies / "label" / "curve" / LearningCurve.FILE
    damaged.write_text(damaged.read_text()[:100])
    write_text(run / StressTest.FILE, "{}")
    page = html.unescape(written(workspace, run, evaluation))
    assert "What more training crops would probably bring" not in page
    assert "Suspect labels: 2" in page
    for path in (damaged, run / StressTest.FILE):
        assert f"Left out of this report: {path}: not a" in page


def test_a_label_that_was_corrected_since_is_suspect_no_more(studied):
    workspace, run, evaluation, apples = studied
    found = gather_results(workspace, run, evaluation).suspects
    assert [one.file for one in found.study.suspects] == [apples[2].file, apples[1].file]
    assert found.corrected == 1
    assert [picture.shape for picture in found.crops.pictures] == [(*workspace.size_hw, 3)] * 2
    assert found.study.total == gather_results(workspace, run, evaluation).samples == 24


def test_a_search_that_found_nothing_joins_the_report_too(studied):
    workspace, run, evaluation, _ = studied
    study = dataclasses.replace(
        suspects_of([], likely="pear", samples=24), folder=workspace.studies / "label" / "suspects"
    )
    study.save()
    gathered = gather_results(workspace, run, evaluation)
    assert "suspects" not in [one.name for one in run_page(gathered).figures]
    note = panel(gathered, "Suspect labels: 0").note
    assert note.startswith("No label of 24 is suspect. Searched with the network binary")


def test_without_studies_there_is_nothing_to_show():
    assert panel(results(), "Error by the number") is panel(results(), "Suspect labels") is None
    assert not {"learning-curve", "suspects", "contexts", "stress"} & {one.name for one in run_page(results()).figures}


def test_the_curve_has_a_row_a_size_and_one_of_what_more_would_bring():
    table = panel(results(curve=curve_of()), "Error by the number")
    assert table.rows[0] == ("30", "37.5 %", "24.2–53.0 %", "35.0–40.0 %", "36.5 %")
    assert table.rows[-1] == ("220 (100 more)", "", "", "", "13.5 %")
    assert table.note == (
        "Measured with the network baseline, 2 trainings a size, on 40 test crops of the split default."
    )
    figure = panel(results(curve=curve_of()), "What more training crops")
    assert figure.caption == curve_of().sentence()
    assert "37.5 % with 30, 26.2 % with 60 and 17.5 % with 120" in figure.alternative


def test_a_curve_of_another_network_or_other_crops_says_so():
    made = curve_of(network="tuned")
    points = (*made.points[:2], dataclasses.replace(made.points[2], pictures=(90, 90)))
    note = panel(results(curve=dataclasses.replace(made, points=points)), "Error by the number").note
    assert "This run has another network, baseline" in note
    assert note.endswith("This run learned from 120 crops, not 90.")


def test_the_values_of_a_curve_are_its_trainings_its_fit_and_its_gain():
    head, *rows = curve_panel(curve_of()).rows
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["what"] for row in told] == ["training"] * 6 + ["fit"] * 3 + ["gain of 100 more"]
    assert [row["wrong"] for row in told[:6]] == [14, 16, 10, 11, 7, 7]
    assert (told[7]["pictures"], told[7]["error"]) == (120.0, pytest.approx(2 / 120**0.5))
    assert (told[-1]["pictures"], told[-1]["error"], told[-1]["error_low"]) == (220, 0.048, 0.01)


def test_suspects_are_listed_with_both_names_and_shown_the_first_of_them():
    table = panel(searched(), "Suspect labels: 3")
    assert table.rows[0] == (CROPS[0].file, CROPS[0].screenshot, "RBC", "WBC", "4.0 %", "90.0 %")
    figure = panel(searched(pictured=2), "Suspect labels: the 2 most suspect")
    assert figure.alternative.endswith("RBC, predicted WBC; RBC, predicted WBC.")
    assert [row[:2] for row in figure.rows[1:]] == [(rank, CROPS[rank - 1].file) for rank in (1, 2, 3)]


def test_what_has_changed_since_the_search_is_said():
    assert "corrected" not in panel(searched(), "Suspect labels: 3").note
    note = panel(searched(2, samples=300), "Suspect labels: 2").note
    assert "1 of its suspects has been corrected since." in note
    assert note.endswith("There are 300 crops now. To search again, run toonvision suspects label.")
    none = panel(searched(0), "Suspect labels: 0").note
    assert none.startswith("No label of 290 is suspect.")
    assert none.endswith("3 of its suspects have been corrected since.")


def test_a_cross_validation_of_other_crops_than_there_are_now_says_so():
    study = examples.cross_validation()
    table = panel(results(folds=study, samples=study.samples), "Cross-validation of compact")
    assert table.note == ""
    table = panel(results(folds=study, samples=130), "Cross-validation of compact")
    run = results().evaluation.record.title
    assert table.note == f"There are 130 crops now. To repeat it, run toonvision evaluate {run} --folds 4."


def naive_of(workspace, evaluation, name="leakage", **changes):
    """Save a comparison of a run with a naive split, and return it."""
    record = evaluation.record
    made = LeakageStudy(record.title, 0, Proportion(30, 40), Proportion(39, 40), started=record.started)
    return dataclasses.replace(made, folder=workspace.studies / "label" / name, **changes).save()


def test_a_comparison_with_a_naive_split_stands_in_the_report_of_its_run_alone(studied):
    workspace, run, evaluation, _ = studied
    study = naive_of(workspace, evaluation)
    assert LeakageStudy.load(study.folder) == study
    table = panel(gather_results(workspace, run, evaluation), "The same training on a naive split")
    assert table.rows[1][1:4] == ("39", "40", "97.5 %")
    assert "22.5 points higher" in table.note
    assert table.note.endswith("do not trust its scores.")
    naive_of(workspace, evaluation, run="label/other")
    assert panel(gather_results(workspace, run, evaluation), "The same training on a naive split") is None


KINDS = (ContextStudy, BoxContextStudy, LeakageStudy)


def saved_of(kind, workspace, record, name):
    """Save a study of some kind that says something of a run, and return it."""
    title, started = record.title, record.started
    made = {
        LeakageStudy: partial(LeakageStudy, title, 0, Proportion(30, 40), Proportion(39, 40)),
        ContextStudy: partial(dataclasses.replace, context_study(), ordinary=title),
        BoxContextStudy: partial(
            BoxContextStudy, "label", "detector", (0,), (), Estimate(0.5, 0.4, 0.6), against=title
        ),
    }
    return made[kind](started=started, folder=workspace.studies / record.task / name).save()


@pytest.mark.parametrize("kind", KINDS)
def test_a_newer_study_of_another_run_hides_none_of_the_run_that_is_reported(studied, kind):
    workspace, _, evaluation, _ = studied
    record = evaluation.record
    own = saved_of(kind, workspace, record, "own")
    other = saved_of(kind, workspace, dataclasses.replace(record, name="other"), "other")
    later = (own.folder / own.FILE).stat().st_mtime + 10
    os.utime(other.folder / other.FILE, (later, later))
    assert kind.of_run(workspace, record) == own


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("started", ["2020-01-01T00:00:00.000+00:00", ""])
def test_a_study_of_a_run_that_was_replaced_or_of_an_earlier_version_is_refused(studied, kind, started):
    workspace, _, evaluation, _ = studied
    record = evaluation.record
    other = saved_of(kind, workspace, dataclasses.replace(record, started=started), "before")
    with pytest.raises(ModelRefusedError) as refused:
        kind.of_run(workspace, record)
    reason = f"{other.folder}: this {other.WHAT} is of a run that {record.title} has replaced, or"
    assert str(refused.value).startswith(reason)
    again = f"evaluate {record.title} --naive" if kind is LeakageStudy else f"contexts label --against {record.title}"
    assert str(refused.value).endswith(f"Run: toonvision {again}")
    own = saved_of(kind, workspace, record, "after")
    assert kind.of_run(workspace, record) == own


def test_a_report_says_which_studies_it_leaves_out_since_the_run_was_replaced(studied):
    workspace, run, evaluation, _ = studied
    replaced = dataclasses.replace(evaluation.record, started="2020-01-01T00:00:00.000+00:00")
    for kind in (ContextStudy, LeakageStudy):
        saved_of(kind, workspace, replaced, kind.__name__)
    gathered = gather_results(workspace, run, evaluation)
    assert gathered.contexts is gathered.leakage is None
    assert [reason.partition(":")[0] for reason in gathered.unread] == [
        str(workspace.studies / "label" / kind.__name__) for kind in (ContextStudy, LeakageStudy)
    ]
    shown = html.unescape(written(workspace, run, evaluation))
    assert all(f"Left out of this report: {reason.partition(' Run:')[0]}" in shown for reason in gathered.unread)
