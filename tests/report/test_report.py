import base64
import csv
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest

from figures import examples
from report.made import evaluated_workspace, evaluation_of, results_of
from toonvision.core.errors import InputRejectedError
from toonvision.core.panels import Table, rows_csv
from toonvision.evaluation.breakdown import Breakdown, Group
from toonvision.figures.panels import draw
from toonvision.figures.values import TrainingCurve
from toonvision.metrics.intervals import Proportion
from toonvision.report.data_panels import near_table, next_table, write_balance_figures
from toonvision.report.facts import main_facts, warnings_of
from toonvision.report.page import REPORT, write_page
from toonvision.report.results import gather_results
from toonvision.report.run import run_page, write_report
from toonvision.report.run_panels import breakdown_table, curves_panel, peaks_table, settings_table, training_rows
from toonvision.tasks.classify_panels import (
    calibration_panel,
    calibration_table,
    class_rows,
    hardest_table,
    levels_table,
    scores_table,
)
from toonvision.tasks.settings import TrainingSettings

pytestmark = pytest.mark.usefixtures("eager")

MATRIX = [[6, 3, 1], [1, 19, 0], [0, 0, 10]]
SCRIPT = "<script>alert(1)</script>"
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(HTMLParser):
    """What a page is made of; fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def written(small_workspace, tmp_path_factory):
    from builders import copied

    workspace = copied(small_workspace, tmp_path_factory.mktemp("report") / "workspace")
    run, evaluation = evaluated_workspace(workspace)
    write_report(workspace, run, evaluation)
    path = run / REPORT
    return workspace, run, evaluation, path, Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def contents():
    return run_page(results_of(evaluation_of([MATRIX, MATRIX]), findings=13, torn=True))


@pytest.fixture(scope="module")
def text(contents, tmp_path_factory):
    return write_page(contents, tmp_path_factory.mktemp("page")).read_text(encoding="utf-8")


def test_a_report_is_one_file_that_fetches_nothing(written):
    page = written[4]
    assert [script.get("src", "") for script in page.all("script")] == [""]
    assert not page.all("link")
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert all(link["href"].startswith("#") for link in page.all("a"))
    text = written[3].read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)


def test_every_figure_lies_beside_the_report_and_stands_in_it(written):
    _, run, _, path, page = written
    files = {file.name for file in (run / "figures").iterdir()}
    assert files >= {"balance.png", "split.png", "curves.png", "spread.png", "scores.png", "confusion.png"}
    assert len(page.all("img")) == sum(name.endswith(".png") for name in files)
    assert path == run / "report.html"


def test_every_figure_says_in_words_what_there_is_to_see(written):
    assert all(len(image["alt"]) > 20 for image in written[4].all("img"))


def test_the_five_sentences_stand_at_the_top(written):
    workspace, run, evaluation, _, page = written
    facts = main_facts(gather_results(workspace, run, evaluation))
    first = page.texts.index(facts[0])
    assert tuple(page.texts[first : first + 5]) == facts
    assert first < page.texts.index("Balance")


def test_sections_come_in_their_order_and_can_be_jumped_to(written):
    page = written[4]
    ids = [section["id"] for section in page.all("section")]
    assert ids == ["data", "training", "evaluation", "settings"]  # no explanations without a model
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in ids]


def test_settings_seeds_versions_and_hashes_are_at_the_end(written):
    _, _, evaluation, _, page = written
    record = evaluation.record
    end = " ".join(page.texts[page.texts.index("This run") :])
    for wanted in (record.data_hash, record.taxonomy[1], record.device, "keras 3", "0, 1", "14,620 parameters"):
        assert wanted in end


def test_an_unchanged_run_has_no_warning(written):
    assert not any("warning" in (tag.get("class") or "") for tag in written[4].all("p"))


def test_writing_again_replaces_the_report_and_removes_figures_that_no_longer_hold(own_workspace):
    run, evaluation = evaluated_workspace(own_workspace, repeats=2)
    write_report(own_workspace, run, evaluation)
    assert (run / "figures" / "spread.png").is_file()
    one = dataclasses.replace(
        evaluation,
        record=dataclasses.replace(evaluation.record, repeats=evaluation.record.repeats[:1]),
        scores=evaluation.scores[:1],
    )
    write_report(own_workspace, run, one)
    assert not (run / "figures" / "spread.png").exists()


@pytest.mark.parametrize("content", [None, b"x"], ids=["missing", "damaged"])
def test_a_crop_that_cannot_be_read_is_named_with_what_to_do(own_workspace, content):
    run, evaluation = evaluated_workspace(own_workspace, repeats=1)
    path = own_workspace.crops / evaluation.items[0].file
    path.unlink()
    if content:
        path.write_bytes(content)
    with pytest.raises(InputRejectedError, match=re.escape(f"{path}: ") + ".*can be made again: toonvision extract"):
        write_report(own_workspace, run, evaluation)


def test_a_leaking_split_is_warned_of_before_anything_else(contents, text):
    page = Page(text)
    warnings = [index for index, text in enumerate(page.texts) if text == "Warning."]
    assert page.texts[warnings[0] + 1].startswith("The split leaks: screenshots that belong together (near-duplicates")
    assert warnings[0] < page.texts.index(contents.facts[0])


def test_what_people_wrote_is_never_markup(tmp_path):
    names = (SCRIPT, "a & b", 'c" onerror="x')
    path = write_page(run_page(results_of(evaluation_of([MATRIX], names), findings=1)), tmp_path)
    page_text = path.read_text(encoding="utf-8")
    assert SCRIPT not in page_text
    page = Page(page_text)
    assert len(page.all("script")) == 1
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert SCRIPT in page.texts


def test_long_tables_are_folded_after_their_first_rows(contents, text):
    findings = next(
        panel for section in contents.sections for panel in section.panels
        if isinstance(panel, Table) and panel.title.startswith("Findings")
    )  # fmt: skip
    assert (len(findings.rows), findings.shown) == (13, 10)
    page = Page(text)
    assert "3 more" in page.texts
    assert page.texts.index("shot_9.xml") < page.texts.index("3 more") < page.texts.index("shot_10.xml")


def test_every_figure_has_its_values_beside_it(written):
    folder = written[1] / "figures"
    pictures = sorted(file.stem for file in folder.glob("*.png"))
    assert sorted(file.stem for file in folder.glob("*.csv")) == pictures
    for name in pictures:
        head, *rows = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert rows
        assert len({len(row) for row in csv.reader([head, *rows])}) == 1


def test_the_values_beside_a_figure_are_those_of_the_run(written):
    _, run, evaluation, *_ = written
    rows = list(csv.DictReader((run / "figures" / "confusion.csv").open(encoding="utf-8")))
    counts = [int(row["samples"]) for row in rows]
    assert counts == evaluation.best.matrix.ravel().tolist()
    groups = list(csv.DictReader((run / "figures" / "breakdown.csv").open(encoding="utf-8")))
    labels = [row for row in groups if row["divided_by"] == "label"]
    assert {row["group"] for row in labels} == {crop.label.capitalize() for crop in evaluation.items}
    assert sum(int(row["wrong"]) for row in labels) == evaluation.best.report.wrong


def test_only_the_reports_own_script_may_run_and_every_picture_can_be_enlarged_without_it(written):
    page = written[4]
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    text = written[3].read_text(encoding="utf-8")
    script = re.search(r"<script>(.*?)</script>", text, flags=re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    boxes = [box["id"] for box in page.all("input")]
    assert boxes == [label["for"] for label in page.all("label")]
    assert len(boxes) == len(set(boxes)) == len(page.all("img"))


def test_rows_that_sum_up_others_stay_below_them(text):
    scores = text[text.index("<h3>Scores of each class</h3>") :]
    body, foot = scores.split("<tfoot>", 1)
    assert "Platelets" in body
    assert "Macro average" not in body
    assert "Accuracy" in foot.split("</tfoot>")[0]


def test_crops_are_listed_by_how_many_trainings_are_wrong_about_them():
    one, two = [[4, 1, 0], [0, 5, 0], [0, 0, 1]], [[5, 0, 0], [0, 5, 0], [0, 0, 1]]
    made = evaluation_of([one, one, two])
    table = hardest_table(made)
    assert table.rows == ((made.items[4].file, made.items[4].screenshot, "Platelets", "RBC", "2", "33.3 %"),)
    assert "difficult or wrongly labelled (0 crops)" in table.note
    assert hardest_table(evaluation_of([one])) is None


def test_a_breakdown_has_a_table_with_counts_and_intervals():
    group = Group("Alley", Proportion(3, 10), 0.25, Proportion(0, 10))
    table = breakdown_table([Breakdown("context", "Context", (group,), 2)])
    assert table.rows == (("Context", "Alley", "3", "10", "30.0 %", "10.8–60.3 %", "25.0 %"),)
    assert table.note.startswith("No group clearly differs from all others.")
    assert breakdown_table([]) is None


def calibrated(made, *, subset):
    validation = made.best.y_true, made.best.probabilities
    best = dataclasses.replace(made.best, validation=validation, on_validation=subset == "val")
    return dataclasses.replace(made, subset=subset, scores=(best,))


def test_calibration_says_whether_its_temperature_is_stored():
    made = evaluation_of([MATRIX])
    evaluated = calibrated(made, subset="test")
    assert "It is not stored with the model." in calibration_table(evaluated.best.calibration, None).note
    assert (
        "Stored with the model, and used by predict: 1.50." in calibration_table(evaluated.best.calibration, 1.5).note
    )
    assert calibration_table(made.best.calibration, None) is None


@pytest.mark.parametrize(("subset", "said"), [("val", True), ("test", False)])
def test_calibration_on_the_validation_subset_is_said_to_look_too_good(subset, said):
    made = evaluation_of([MATRIX])
    evaluated = calibrated(made, subset=subset)
    shown = (
        calibration_panel(evaluated.best.calibration).caption,
        calibration_table(evaluated.best.calibration, None).note,
    )
    assert [text.endswith("evaluate the test subset instead.") for text in shown] == [said, said]


def test_each_table_scrolls_inside_its_own_box_and_names_its_columns(text):
    page = Page(text)
    boxes = [div for div in page.all("div") if "scroll" in (div.get("class") or "")]
    assert len(boxes) == len(page.all("table")) + len(page.all("img"))
    assert all(head["scope"] in ("col", "row") for head in page.all("th"))


def test_every_figure_has_a_name_of_its_own_words_values_and_can_be_drawn(contents):
    names = [panel.name for panel in contents.figures]
    assert len(set(names)) == len(names) > 8
    for panel in contents.figures:
        assert all((panel.title, panel.alternative, panel.caption))
        assert len({len(row) for row in panel.rows}) == 1
        assert draw(panel.value).axes or draw(panel.value).subfigs
    assert rows_csv(contents.figures[0].rows).startswith("level,class,context,samples\n")


def test_scores_have_intervals_and_averages_as_scikit_learn_gives_them():
    table = scores_table(evaluation_of([MATRIX]))
    assert table.rows[0] == ("Platelets", "85.7 %", "48.7–97.4 %", "60.0 %", "31.3–83.2 %", "0.706", "10")
    assert [row[0] for row in table.rows[3:]] == ["Macro average", "Weighted average", "Accuracy"]
    assert table.rows[5] == ("Accuracy", "87.5 %", "73.9–94.5 %", "", "", "", "40")


def test_class_scores_equal_those_of_the_classification_report():
    evaluated = evaluation_of([MATRIX])
    for row, scores in zip(class_rows(evaluated), evaluated.best.report.classes, strict=True):
        assert (row.category.name, row.support) == (scores.name, scores.support)
        assert (row.precision.share, row.recall.share, row.f1) == pytest.approx(
            (scores.precision, scores.recall, scores.f1)
        )


def with_parents(evaluated, parents):
    return dataclasses.replace(evaluated, scores=(dataclasses.replace(evaluated.best, parents={"label": parents}),))


def test_coarser_levels_have_a_table_where_they_tell_classes_apart():
    evaluated = evaluation_of([MATRIX])
    taxonomy = examples.plain_taxonomy(*evaluated.record.classes)
    parents = dict.fromkeys(evaluated.record.classes, "cell")
    assert levels_table(evaluated, taxonomy) is None
    assert levels_table(with_parents(evaluated, parents), taxonomy) is None
    table = levels_table(with_parents(evaluated, {**parents, "WBC": "other"}), taxonomy)
    assert table.rows == (("Label", "2", "97.5 %", "87.1–99.6 %", "4", "1"),)


def test_peaks_give_value_and_epoch_of_training_and_validation():
    epochs = [{"loss": 0.9, "val_loss": 0.8}, {"loss": 0.4, "val_loss": 0.6}, {"loss": 0.5, "val_loss": 0.5}]
    table = peaks_table(TrainingCurve(0, epochs, 3, best=True))
    assert table.rows == (("Loss", "0.4000", "2", "0.5000", "3"),)


@pytest.mark.parametrize(
    ("best_epoch", "said"),
    [
        (2, "The saved weights are those of epoch 2, which has the lowest validation loss (seed 5)."),
        (3, "The saved weights are those of epoch 3, the last of its schedule (seed 5)."),
        (1, "The saved weights are those of epoch 1 (seed 5)."),
    ],
)
def test_the_curves_say_why_the_weights_of_an_epoch_were_saved(best_epoch, said):
    epochs = [{"loss": 1.0, "val_loss": loss, "accuracy": 0.5, "val_accuracy": 0.5} for loss in (0.9, 0.3, 0.4)]
    assert curves_panel((TrainingCurve(5, epochs, best_epoch, best=True),)).caption == said


def test_the_curves_say_that_a_moving_average_of_the_weights_was_saved():
    curve = TrainingCurve(5, [{"loss": 0.4, "val_loss": loss} for loss in (0.3, 0.4)], 2, best=True, averaged=True)
    said = "The saved weights are the moving average up to epoch 2"
    assert curves_panel((curve,)).caption == f"{said}, the last of its schedule (seed 5)."
    assert peaks_table(curve).note.endswith(f"{said}.")


@pytest.mark.parametrize(
    ("changed", "name", "said"),
    [
        ({}, "Starting weights", "random"),
        ({"start": "toontown"}, "Starting weights", "those of toontown, which come with the package"),
        ({}, "Learned from", "train"),
        ({"with_validation": True}, "Learned from", "train and val"),
        ({}, "Epochs", "at most 100, stopped after 5 without a lower validation loss"),
        ({"with_validation": True}, "Epochs", "at most 100, stopped after 5 without a lower training loss"),
        ({"network": "detector"}, "Epochs", "at most 100, stopped after 5 without a higher validation AP50"),
    ],
)
def test_all_that_decides_a_training_is_listed_to_repeat_it(changed, name, said):
    assert dict(training_rows(TrainingSettings(**changed)))[name] == said


@pytest.mark.parametrize(("kind", "listed"), [("classify", True), ("detect", False), ("segment", False)])
def test_a_temperature_is_listed_for_classes_only(kind, listed):
    evaluated = evaluation_of([MATRIX])
    evaluated = dataclasses.replace(evaluated, record=dataclasses.replace(evaluated.record, kind=kind))
    assert ("Temperature" in dict(settings_table(results_of(evaluated)).rows)) == listed


def test_the_table_of_what_to_photograph_shows_twenty_rows_first():
    balance, _ = examples.toontown_balance()
    table = next_table(balance)
    assert table.shown == 20
    assert table.rows[0] == ("Corporate Raider", "The Brrrgh", "0", "5", "0", "30")
    assert len(table.rows) == len(balance.shortages)


def test_near_duplicates_are_listed_and_it_is_said_whether_they_stay_together():
    split = results_of(evaluation_of([MATRIX])).split
    table = near_table(split)
    assert table.rows == (("1", "a.png, b.png"), ("2", "c.png, d.png, e.png"))
    assert table.note == "Each group is in one subset."
    torn = dataclasses.replace(split, torn=split.near_duplicate_groups)
    assert near_table(torn).note == "This split does not keep all of them together."
    assert near_table(dataclasses.replace(split, near_duplicate_groups=())) is None


def test_warnings_name_newer_crops_and_seeds_that_diverged_or_predict_one_class():
    results = results_of(evaluation_of([MATRIX]))
    record = results.evaluation.record
    diverged = (dataclasses.replace(record.repeats[0], seed=7, diverged=True),)
    evaluated = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, repeats=diverged))
    first, second = warnings_of(dataclasses.replace(results, evaluation=evaluated, newer=1))
    idle = (dataclasses.replace(record.repeats[0], seed=8, collapsed=True),)
    evaluated = dataclasses.replace(results.evaluation, record=dataclasses.replace(record, repeats=idle))
    (third,) = warnings_of(dataclasses.replace(results, evaluation=evaluated))
    assert third.startswith(
        "With seed 8 the network predicts one class for every crop, even among those that it learned from"
    )
    assert first == "1 newer crop is not part of the split. To use them, make the split again."
    assert second.startswith("The loss became NaN with seed 7")


def test_balance_figures_are_files_and_say_nothing_of_shortages_that_are_none(tmp_path):
    balance, taxonomy = examples.toontown_balance()
    assert write_balance_figures(balance, taxonomy, tmp_path) == [tmp_path / "balance.png", tmp_path / "shortages.png"]
    results = results_of(evaluation_of([MATRIX]))
    assert write_balance_figures(results.balance, results.taxonomy, tmp_path) == [tmp_path / "balance.png"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["balance.csv", "balance.png"]


def test_a_flawless_model_has_a_report_without_a_gallery(tmp_path):
    results = results_of(evaluation_of([[[5, 0, 0], [0, 5, 0], [0, 0, 5]]]))
    contents = run_page(results)
    assert "wrong" not in [panel.name for panel in contents.figures]
    assert contents.facts == main_facts(results)
    assert Page(write_page(contents, tmp_path).read_text(encoding="utf-8")).all("img")
