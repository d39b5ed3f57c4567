import contextlib
import csv
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from toonvision.core.errors import UsageError
from toonvision.core.panels import Table
from toonvision.figures.values import CountLine, Lane
from toonvision.figures.watched import draw_count_lines, draw_lanes
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.labels import Category, Label, Taxonomy
from toonvision.taxonomy.loader import built_in
from toonvision.watch.diary import Diary
from toonvision.watch.log import LOG, LogFile
from toonvision.watch.loop import watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.records import PaceRow
from toonvision.watch.report import watch_page, write_watch_report
from toonvision.watch.watched_log import WatchedLog, doubts
from watch.standins import ReadySource, ToldModels

TOONTOWN = built_in("toontown")


@pytest.fixture
def folder(tmp_path):
    """The log of two sessions: a Cog for four seconds, whose suit nobody is sure of, and twice a Toon for one."""

    def see(at):
        cog = FoundObject("cog", 0.9, (5.0, 5.0, 25.0, 45.0))
        toon = FoundObject("toon", 0.95, (40.0, 5.0, 60.0, 45.0))
        return (cog, toon) if 10 <= at < 20 else (cog,)

    for context in ("ttc", "dd"):
        log = LogFile(tmp_path / "game", limit_mb=10)
        diary = Diary(log, log.begin("the game", context, "models"))
        for frame in watch_frames(ReadySource(40, size_wh=(64, 48)), ToldModels(find_at=see, sure=0.5)):
            diary.see(frame)
        diary.close()
    return tmp_path / "game"


def test_a_report_says_who_was_seen_when_and_whom_the_models_are_not_sure_of(folder):
    path, facts = write_watch_report(folder, TOONTOWN)
    assert path == folder / "report.html"
    assert facts[0] == "4 objects in 80 frames, within 10 seconds."
    page = path.read_text(encoding="utf-8")
    for words in (
        "Watched: game",
        "What was seen when",
        "What to photograph next",
        "Bossbot",
        "Toon",
    ):
        assert words in page
    assert "Watched in Donald&#39;s Dock and Toontown Central." in page
    with (folder / "tracks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["session"] for row in rows] == ["1", "1", "2", "2"]
    with (folder / "seconds.csv").open(newline="") as file:
        counts = list(csv.DictReader(file))
    assert {row["count"] for row in counts} == {"1"}


def test_what_the_timeline_shows_is_what_was_logged(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    assert log.starts == {1: 0.0, 2: 5.0}
    (timeline,) = (panel for panel in watch_page(log).figures if panel.name == "timeline")
    spans = {lane.category.name: lane.spans for lane in timeline.value.lanes}
    assert [tuple(round(at, 2) for at in span) for span in spans["toon"]] == [(1.1, 2.0), (6.1, 7.0)]
    figure = Figure()
    lanes, lines = figure.subplots(2, 1)
    draw_lanes(lanes, timeline.value.lanes, seconds=10)
    draw_count_lines(lines, timeline.value.lines, seconds=10)
    assert [text.get_text() for text in lanes.get_yticklabels()][-1] == "Toon"
    assert {text.get_text() for text in lines.get_legend().get_texts()} == {"Cog", "Toon"}


def test_a_damaged_picture_of_an_object_is_not_shown(folder):
    with contextlib.closing(sqlite3.connect(folder / LOG)) as connection, connection:
        connection.execute("UPDATE track SET thumbnail = X'ffd8ff00'")
    page = watch_page(WatchedLog.read(folder, TOONTOWN))
    assert [panel.name for panel in page.figures] == ["timeline"]


def test_labels_have_their_titles_and_colours_in_a_taxonomy_without_levels():
    red = Label("knight", "Black knight", {}, "#aa0000")
    log = WatchedLog("log", (), (), (), (), Taxonomy("castle", (), (red,)))
    assert log.category("label", "knight") == Category("knight", "Black knight", "#aa0000")
    assert (log.title("knight"), log.title("ghost")) == ("Black knight", "ghost")
    assert log.category("suit", "bb").title == "bb"


def test_a_class_that_the_taxonomy_lacks_has_one_colour_on_the_page_and_in_the_report():
    taxonomy = Taxonomy("castle", (), (Label("knight", "Black knight", {}, "#aa0000"),))
    detector = SimpleNamespace(bundle=SimpleNamespace(level="kind"), classes=("ghost",))
    models = WatchModels(detector)
    log = WatchedLog("log", (), (), (), (), taxonomy)
    assert models.categories["kind"]["ghost"] == log.category("kind", "ghost") == taxonomy.context("ghost")


def lanes_of(*spans, seconds=10.0):
    """The drawn lane of a class with these spans."""
    ax = Figure().subplots()
    draw_lanes(ax, [Lane(Category("knight", "Knight", "#aa0000"), spans)], seconds=seconds)
    return ax


def test_figures_of_a_class_that_were_there_at_once_lie_below_one_another():
    apart, at_once = lanes_of((0, 2), (3, 5)), lanes_of((0, 4), (3, 5), (4, 5))
    assert len(apart.collections) == 1
    tops = [rows.get_paths()[0].vertices[:, 1].min() for rows in at_once.collections]
    bottoms = [rows.get_paths()[0].vertices[:, 1].max() for rows in at_once.collections]
    assert len(tops) == 2
    assert bottoms[0] <= tops[1]
    assert [len(rows.get_paths()) for rows in at_once.collections] == [2, 1]


@pytest.mark.parametrize(("seconds", "marks"), [(2, ["0:00", "0:01", "0:02"]), (90, ["0:00", "0:15", "0:30"])])
def test_no_two_marks_of_the_time_read_the_same(seconds, marks):
    ax = lanes_of((0, 1), seconds=seconds)
    said = [ax.xaxis.get_major_formatter()(at, None) for at in ax.get_xticks() if 0 <= at <= seconds]
    assert said[:3] == marks
    assert len(set(said)) == len(said)


def test_the_legend_lies_above_the_lines():
    figure = Figure()
    ax = figure.subplots()
    lines = [CountLine(Category(name, name, "#aa0000"), (0,), (3,)) for name in "abcdefg"]
    draw_count_lines(ax, lines, seconds=3)
    figure.canvas.draw()
    legend, title = ax.get_legend().get_window_extent(), ax.title.get_window_extent()
    assert ax.get_window_extent().y1 <= legend.y0
    assert legend.y1 <= max(title.y0, ax._left_title.get_window_extent().y0)


def test_pictures_of_the_commonest_label_are_not_its_rarest(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    assert not [panel for panel in watch_page(log).figures if panel.name == "rare"], "both labels were seen twice"
    cog, toon = log.tracks[:2]
    more = [replace(cog, number=10 + at) for at in range(12)]
    log = replace(log, tracks=(*more, *(replace(toon, number=30 + at) for at in range(5))))
    (rare,) = (panel for panel in watch_page(log).figures if panel.name == "rare")
    assert [card.category.title for card in rare.value.cards] == [log.finest(toon).title] * 4


def tables_of(log):
    """The tables of a log's page, by their titles."""
    found = [panel for one in watch_page(log).sections for panel in one.panels if isinstance(panel, Table)]
    return {one.title: one for one in found}


def test_the_time_in_sight_leaves_out_what_was_hidden(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    toon = next(one for one in log.tracks if one.levels["kind"][0] == "toon")
    assert log.in_sight_s(replace(toon, first_seen=1.0, last_seen=4.0)) == pytest.approx(toon.hits / 10, rel=0.3)
    assert log.in_sight_s(replace(toon, first_seen=1.0, last_seen=1.2)) == pytest.approx(0.2)
    no_pace = replace(log, pace=())
    assert no_pace.in_sight_s(replace(toon, first_seen=1.0, last_seen=4.0)) == 3.0


def test_seconds_without_a_frame_count_in_how_quickly_it_was_and_how_long_a_figure_was_in_sight(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    slow = tuple(PaceRow(1, second, 1, 0, 5.0) for second in range(0, 50, 10))
    log = replace(log, pace=slow)
    assert log.in_sight_s(replace(log.tracks[0], first_seen=0.0, last_seen=40.0, hits=5)) == 40
    sessions = tables_of(log)["Sessions"]
    assert sessions.columns[6] == "Frames a second of the source", "of a file, seconds are not those of the clock"
    rates = [row[6] for row in sessions.rows]
    assert rates == ["0.1", "–"], "4 frames in 40 whole seconds; none in the second session"


def test_next_to_photograph_is_what_is_seldom_badly_or_never_seen_and_nothing_else(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    tables = tables_of(log)
    assert [row[0] for row in tables["What to photograph next"].rows] == ["Bossbot"], "the Toons are sure, and as many"
    assert ("Suit", "3", "Lawbot, Cashbot and Sellbot") in tables["Never seen"].rows
    facts = watch_page(log).facts
    assert not [fact for fact in facts if fact.startswith("Most often seen")], "both were seen twice"


def test_doubtful_are_those_that_nobody_is_sure_of(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    assert {one.levels["kind"][0] for one in doubts(log.tracks)} == {"cog"}


def test_an_empty_log_has_a_report_too_and_none_has_none(tmp_path):
    log = LogFile(tmp_path / "empty", limit_mb=1)
    log.begin("the game", "", "models")
    log.close()
    _, facts = write_watch_report(tmp_path / "empty", TOONTOWN)
    assert facts == ("0 objects in 0 frames, within 0 seconds.",)
    with pytest.raises(UsageError, match="nothing was logged there"):
        write_watch_report(tmp_path / "none", TOONTOWN)
