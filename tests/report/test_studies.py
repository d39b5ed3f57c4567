import csv
import dataclasses
import html
import json

import numpy as np
import pytest

from builders import copied
from figures import examples
from report.made import curve_of, evaluation_of, judged_workspace, results_of, suspects_of
from toonvision.core.files import write_text
from toonvision.report.contents import SuspectLabels
from toonvision.report.figure_data import curve_data
from toonvision.report.gather import gather_results
from toonvision.report.render import write_report
from toonvision.report.studies import curve_picture, curve_table, suspects_picture, suspects_table
from toonvision.studies import curve, stress, suspects

MATRIX = [[6, 3, 1], [1, 19, 0], [0, 0, 10]]
CROPS = [examples.crop("RBC", "all", number) for number in range(3)]


def results(**changes):
    return dataclasses.replace(results_of(evaluation_of([MATRIX])), **changes)


def searched(standing=3, *, samples=290, **changes):
    study = dataclasses.replace(suspects_of(CROPS, likely="WBC", samples=290), **changes)
    pictures = np.zeros((min(standing, 2), 12, 12, 3), np.uint8)
    return results(suspects=SuspectLabels(study, study.suspects[:standing], pictures, samples))


def keep(folder, name, study):
    write_text(folder / name, json.dumps(dataclasses.asdict(study) | {"folder": ""}))


@pytest.fixture
def studied(small_workspace, tmp_path):
    """A workspace with a judged run, a learning curve, and three suspects of which one was corrected since."""
    workspace = copied(small_workspace, tmp_path / "workspace")
    run, evaluation = judged_workspace(workspace)
    with workspace.reading() as catalog:
        apples = [crop for crop in catalog.crops() if crop.label == "apple"]
    gone = dataclasses.replace(apples[0], file="apple_9999.png")
    keep(workspace.studies / "label" / "curve", curve.RESULT, curve_of())
    study = suspects_of([apples[2], gone, apples[1]], likely="pear", samples=24)
    keep(workspace.studies / "label" / "suspects", suspects.RESULT, study)
    return workspace, run, evaluation, apples


def test_the_newest_studies_of_the_task_join_the_report_and_leave_it_with_their_folders(studied):
    workspace, run, evaluation, _ = studied
    page = html.unescape(write_report(workspace, run, evaluation).read_text(encoding="utf-8"))
    assert curve_of().sentence() in page
    assert "3 of 24 labels are suspect" in page
    assert page.index("What to photograph next") < page.index("What more pictures would likely bring")
    assert page.index('id="data"') < page.index("Suspect labels: 2") < page.index('id="training"')
    for name in ("learning-curve", "suspects"):
        assert (run / "figures" / f"{name}.png").is_file()
        assert (run / "figures" / f"{name}.csv").is_file()
    workspace.studies.rename(workspace.root / "elsewhere")
    page = write_report(workspace, run, evaluation).read_text(encoding="utf-8")
    assert "What more pictures would likely bring" not in page
    assert "Suspect labels" not in page
    assert not list((run / "figures").glob("suspects.*")) + list((run / "figures").glob("learning-curve.*"))


def test_a_damaged_study_is_named_in_the_report_which_goes_on_without_it(studied):
    workspace, run, evaluation, _ = studied
    damaged = workspace.studies / "label" / "curve" / curve.RESULT
    damaged.write_text(damaged.read_text()[:100])
    write_text(run / stress.RESULT, "{}")
    page = html.unescape(write_report(workspace, run, evaluation).read_text(encoding="utf-8"))
    assert "What more pictures would likely bring" not in page
    assert "Suspect labels: 2" in page
    for path in (damaged, run / stress.RESULT):
        assert f"Left out of this report: {path}: not a" in page


def test_a_label_that_was_corrected_since_is_suspect_no_more(studied):
    workspace, run, evaluation, apples = studied
    found = gather_results(workspace, run, evaluation).suspects
    assert [one.file for one in found.standing] == [apples[2].file, apples[1].file]
    assert found.pictures.shape == (2, *evaluation.record.size_hw, 3)
    assert found.samples == 24


def test_a_search_that_found_nothing_joins_the_report_too(studied):
    workspace, run, evaluation, _ = studied
    study = suspects_of([], likely="pear", samples=24)
    keep(workspace.studies / "label" / "suspects", suspects.RESULT, study)
    gathered = gather_results(workspace, run, evaluation)
    assert suspects_picture(gathered, run) is None
    assert suspects_table(gathered).note.startswith("No label of 24 is suspect. Searched with the network binary")


def test_without_studies_there_is_nothing_to_show(tmp_path):
    shown = [show(results()) for show in (curve_table, suspects_table)]
    shown += [draw(results(), tmp_path) for draw in (curve_picture, suspects_picture)]
    assert shown == [None] * 4


def test_the_curve_has_a_row_a_size_and_one_of_what_more_would_bring(tmp_path):
    table = curve_table(results(curve=curve_of()))
    assert table.rows[0] == ("30", "37.5 %", "24.2–53.0 %", "35.0–40.0 %", "36.5 %")
    assert table.rows[-1] == ("220 (100 more)", "", "", "", "13.5 %")
    assert table.note == (
        "Measured with the network baseline, 2 trainings a size, on 40 test pictures of the split default."
    )
    picture = curve_picture(results(curve=curve_of()), tmp_path)
    assert picture.caption == curve_of().sentence()
    assert "37.5 % with 30, 26.2 % with 60 and 17.5 % with 120" in picture.alternative


def test_a_curve_of_another_network_or_other_pictures_says_so():
    curve = curve_of(network="tuned")
    curve = dataclasses.replace(
        curve, points=(*curve.points[:2], dataclasses.replace(curve.points[2], pictures=(90, 90)))
    )
    note = curve_table(results(curve=curve)).note
    assert "This run's network is another, baseline" in note
    assert note.endswith("This run learned from 120 pictures, not 90.")


def test_the_values_of_a_curve_are_its_trainings_its_fit_and_its_promise():
    data = curve_data(curve_of())
    rows = [dict(zip(data.columns, row, strict=True)) for row in data.rows]
    assert [row["what"] for row in rows] == ["training"] * 6 + ["fit"] * 3 + ["gain of 100 more"]
    assert [row["wrong"] for row in rows[:6]] == [14, 16, 10, 11, 7, 7]
    assert (rows[7]["pictures"], rows[7]["error"]) == (120.0, pytest.approx(2 / 120**0.5))
    assert (rows[-1]["pictures"], rows[-1]["error"], rows[-1]["error_low"]) == (220, 0.048, 0.01)


def test_suspects_are_listed_with_both_names_and_shown_the_first_of_them(tmp_path):
    made = searched()
    table = suspects_table(made)
    assert table.title == "Suspect labels: 3"
    assert table.rows[0] == (CROPS[0].file, CROPS[0].screenshot, "RBC", "WBC", "4.0 %", "90.0 %")
    picture = suspects_picture(made, tmp_path)
    assert picture.title == "Suspect labels: the 2 most suspect"
    assert picture.alternative.endswith("RBC, rather WBC; RBC, rather WBC.")
    rows = list(csv.DictReader((tmp_path / "suspects.csv").open(encoding="utf-8")))
    assert [(row["rank"], row["crop"]) for row in rows] == [("1", CROPS[0].file), ("2", CROPS[1].file)]


def test_what_has_changed_since_the_search_is_said():
    assert "changed" not in suspects_table(searched()).note
    note = suspects_table(searched(2, samples=300)).note
    assert "1 of its suspects has been changed since: not listed." in note
    assert note.endswith("There are 300 crops now: search again with toonvision suspects label.")
    assert suspects_table(searched(0)).note.startswith("3 of 290 labels are suspect")
