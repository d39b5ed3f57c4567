import csv
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from builders import copied
from toonvision.api.workspace import open_workspace
from toonvision.data.growth import ErrorPoint, Growth, measure_growth, screenshot_rows, time_of
from toonvision.figures.growth import draw_areas
from toonvision.figures.panels import draw
from toonvision.figures.values import GrowthAreas, ObjectGrowthAreas
from toonvision.label.changes import Change
from toonvision.label.session import open_session
from toonvision.taxonomy.labels import Category, Level, Taxonomy

DAY_1, DAY_2, DAY_3 = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 5))


@pytest.fixture
def workspace(small_workspace, tmp_path):
    """A workspace whose annotations are of the first day, and one of which was emptied on the third."""
    own = copied(small_workspace, tmp_path / "w")
    for path in (own.root / "screenshots").rglob("*.*"):
        os.utime(path, (DAY_1.timestamp(), (DAY_2 if path.suffix == ".png" else DAY_1).timestamp()))
    return own


def test_the_time_of_a_screenshot_is_in_its_name_or_that_of_its_file(tmp_path):
    path = tmp_path / "plain.png"
    path.touch()
    os.utime(path, (0, DAY_1.timestamp()))
    assert time_of(path) == DAY_1
    for name in ("Screenshot 2026-03-02 12-00-00", "shot_20260302_120000", "20260302T120000"):
        assert time_of(Path(f"{name}.png")) == DAY_2
    assert time_of(Path("2026-03-02.png")) == datetime(2026, 3, 2, tzinfo=UTC)
    assert time_of(tmp_path / "shot-20269999.png") is None


def test_labels_and_screenshots_are_summed_up_by_day_origin_and_context(workspace):
    ws = open_workspace(workspace.root)
    before = len(workspace.known_crops())
    with open_session(workspace) as session:
        shot = next(one for one in session.screenshots if session.sheet(one.id).annotation.boxes)
        boxes = len(session.sheet(shot.id).annotation.boxes)
        session.change(shot.id, Change("relabel", session.sheet(shot.id).annotation.boxes[0].id, label="stone"))
        session.change(shot.id, Change("confirm"))
    log = workspace.reviews
    log.write_text("".join(f"{json.dumps(json.loads(line) | {'time': DAY_3.isoformat()})}\n" for line in log.open()))
    ws.extract()
    crops = workspace.known_crops()
    rows = screenshot_rows(workspace)
    errors = [
        ErrorPoint(DAY_2, "label/one", 0.2),
        ErrorPoint(DAY_3, "kind/two", 0.1),
        ErrorPoint(DAY_3, "label/two", 0.1),
    ]
    growth = measure_growth(workspace, rows, crops, errors)
    assert growth.days == (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 5))
    assert sum(counts[-1] for counts in growth.labels.values()) == len(crops) == before
    assert boxes > 1
    assert growth.labels == {"source": (before - 1,) * 3, "corrected": (0, 0, 1)}
    assert {name: counts[1] for name, counts in growth.screenshots.items()} == {"garden": 6, "house": 6}
    assert growth.objects["kind"]["fruit"][:1] == (0,)
    assert sum(counts[-1] for counts in growth.objects["kind"].values()) == len(crops)
    figure = draw(GrowthAreas(growth, workspace.taxonomy))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Labels", "Screenshots", "Wrong on test, %"]
    assert [text.get_text() for text in figure.axes[2].get_legend().get_texts()] == ["kind", "label"]
    assert [text.get_text() for text in figure.axes[2].texts] == ["two", "one", "two"]
    figure = draw(ObjectGrowthAreas(growth, workspace.taxonomy))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [level.title for level in workspace.taxonomy.levels]


def test_each_tick_of_a_figure_over_time_names_day_month_and_year():
    days = [date(2026, 11, day) for day in (10, 30)]
    ax = draw_areas(Figure().subplots(), days, [Category("a", "A", "#000000")], [[1, 2]])
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert len(ticks) > 3
    assert all(re.fullmatch(r"\d+ (Nov|Dec) 2026", tick) for tick in ticks), ticks


def test_of_a_level_with_many_classes_those_with_most_objects_are_drawn_and_the_others_as_one():
    days = (date(2026, 3, 1), date(2026, 3, 2))
    classes = tuple(Category(f"c{n}", f"C{n}", "#000000") for n in range(30))
    level = Level("kind", "Kind", classes)
    sums = {one.name: (n, 2 * n) for n, one in enumerate(classes)}
    growth = Growth(days, {}, {}, {"kind": sums})
    figure = draw(ObjectGrowthAreas(growth, Taxonomy("t", (level,), ())))
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == [*(f"C{n}" for n in range(21, 30)), "21 others"]


def test_balance_writes_what_every_screenshot_shows(workspace):
    result = open_workspace(workspace.root).balance()
    assert not any("one day" in str(block) for block in result.blocks)
    with (workspace.figures / "screenshots.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[0]["time"] == "2026-03-02T12:00:00+00:00"
    assert all(int(row["objects"]) == int(row["kind_fruit"]) + int(row["kind_mineral"]) for row in rows)
    assert (workspace.figures / "growth.png").is_file()
    assert (workspace.figures / "growth-objects.png").is_file()
    assert result.data["growth"][-1]["screenshots_garden"] == 6


def test_what_is_of_one_day_is_not_drawn_and_that_is_said(workspace):
    open_workspace(workspace.root).balance()
    for path in (workspace.root / "screenshots").rglob("*.*"):
        os.utime(path, (DAY_1.timestamp(), DAY_1.timestamp()))
    result = open_workspace(workspace.root).balance()
    assert "All is of one day, so growth over time is not drawn yet." in result.blocks
    assert not list(workspace.figures.glob("growth.*"))
    assert len(result.data["growth"]) == 1
