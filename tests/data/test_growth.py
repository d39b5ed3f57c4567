import csv
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from builders import copied
from toonvision.api.workspace import open_workspace
from toonvision.data.growth import ErrorPoint, measure_growth, screenshot_rows, time_of
from toonvision.figures.panels import draw
from toonvision.figures.values import GrowthAreas
from toonvision.label.changes import Change
from toonvision.label.session import open_session

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
    with workspace.reading() as catalog:
        before = len(catalog.crops())
    with open_session(workspace) as session:
        shot = next(one for one in session.screenshots if session.sheet(one.id).annotation.boxes)
        boxes = len(session.sheet(shot.id).annotation.boxes)
        session.change(shot.id, Change("relabel", session.sheet(shot.id).annotation.boxes[0].id, label="stone"))
        session.change(shot.id, Change("confirm"))
    os.utime(shot.annotation, (0, DAY_3.timestamp()))
    ws.extract()
    with workspace.reading() as catalog:
        crops = catalog.crops()
    rows = screenshot_rows(workspace)
    growth = measure_growth(workspace, rows, crops, [ErrorPoint(DAY_3, "label/one", 0.2)])
    assert growth.days == (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 5))
    assert sum(counts[-1] for counts in growth.labels.values()) == len(crops) == before
    assert growth.labels["source"][0] == before - boxes
    assert {name: counts[1] for name, counts in growth.screenshots.items()} == {"garden": 6, "house": 6}
    figure = draw(GrowthAreas(growth, workspace.taxonomy))
    assert [ax.get_title(loc="left") for ax in figure.axes][:2] == [
        "Labels", "Screenshots",
    ]  # fmt: skip


def test_balance_writes_what_every_screenshot_shows(workspace):
    result = open_workspace(workspace.root).balance()
    assert not any("one day" in str(block) for block in result.blocks)
    with (workspace.figures / "screenshots.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert rows[0]["time"] == "2026-03-02T12:00:00+00:00"
    assert all(int(row["objects"]) == int(row["kind_fruit"]) + int(row["kind_mineral"]) for row in rows)
    assert (workspace.figures / "growth.png").is_file()
    assert result.data["growth"][-1]["screenshots_garden"] == 6


def test_what_is_of_one_day_is_not_drawn_and_that_is_said(workspace):
    open_workspace(workspace.root).balance()
    for path in (workspace.root / "screenshots").rglob("*.*"):
        os.utime(path, (DAY_1.timestamp(), DAY_1.timestamp()))
    result = open_workspace(workspace.root).balance()
    assert "All is of one day, so growth over time is not drawn yet." in result.blocks
    assert not list(workspace.figures.glob("growth.*"))
    assert len(result.data["growth"]) == 1
