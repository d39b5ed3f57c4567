import csv

import pytest
from matplotlib.figure import Figure

from toonvision.core.errors import UsageError
from toonvision.figures.watched import draw_count_lines, draw_lanes
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.labels import Category, Label, Taxonomy
from toonvision.taxonomy.loader import built_in
from toonvision.watch.diary import Diary
from toonvision.watch.log import LogFile
from toonvision.watch.loop import watch_frames
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
    assert facts[0] == "4 objects in 0:10.0 of 80 frames."
    page = path.read_text(encoding="utf-8")
    for words in (
        "Watched: game",
        "What was seen when",
        "Rarest sightings",
        "What to photograph next",
        "Bossbot",
        "Toon",
    ):
        assert words in page
    assert "Watched in dd and ttc." in page
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


def test_labels_have_their_titles_and_colours_in_a_taxonomy_without_levels():
    red = Label("knight", "Black knight", {}, "#aa0000")
    log = WatchedLog("log", (), (), (), (), Taxonomy("castle", (), (red,)))
    assert log.category("label", "knight") == Category("knight", "Black knight", "#aa0000")
    assert (log.title("knight"), log.title("ghost")) == ("Black knight", "ghost")
    assert log.category("suit", "bb").title == "bb"


def test_doubtful_are_those_that_nobody_is_sure_of(folder):
    log = WatchedLog.read(folder, TOONTOWN)
    assert {one.levels["kind"][0] for one in doubts(log.tracks)} == {"cog"}


def test_an_empty_log_has_a_report_too_and_none_has_none(tmp_path):
    log = LogFile(tmp_path / "empty", limit_mb=1)
    log.begin("the game", "", "models")
    log.close()
    _, facts = write_watch_report(tmp_path / "empty", TOONTOWN)
    assert facts == ("0 objects in 0:00.0 of 0 frames.",)
    with pytest.raises(UsageError, match="nothing was logged there"):
        write_watch_report(tmp_path / "none", TOONTOWN)
