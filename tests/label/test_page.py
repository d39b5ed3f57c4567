"""The labelling page's server, behind its guard, as its script and as others meet it."""

import errno
import io
import itertools
import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from builders import SETTINGS_TEXT, Shot, contents, files_property, small_shots, write_class_folders, write_picture
from label.made import proposed, unlabelled
from toonvision.data.boxes import AnnotatedObject
from toonvision.data.extraction import extract
from toonvision.data.formats import pascal_voc
from toonvision.data.workspace import open_workspace
from toonvision.label.changes import Change
from toonvision.label.page import label_app
from toonvision.label.proposals import StoredThresholds, write_thresholds
from toonvision.label.session import Session
from toonvision.label.thresholds import Scored, choose_thresholds
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.web.security import Guard
from web.made import ACCESS, browser_headers

STATIC = Path(__file__).parents[2] / "src" / "toonvision"


def client_of(session):
    return TestClient(Guard(label_app(session), ACCESS), base_url=ACCESS.origin, headers=browser_headers(ACCESS))


@pytest.fixture
def session(tmp_path):
    return Session(unlabelled(tmp_path), proposals=proposed)


@pytest.fixture
def client(session):
    return client_of(session)


def change(client, shot, version, **body):
    return client.post(f"/api/sheets/{shot}/changes", headers={"If-Match": f'"{version}"'}, json=body)


def test_what_the_page_asks_for_is_there(client, session):
    assert "<title>Label" in client.get("/").text
    given = client.get("/api/start").json()
    assert [one["name"] for one in given["labels"]] == ["apple", "pear", "stone"]
    assert len({one["code"] for one in given["labels"]}) == 3
    assert given["same_object"] == SAME_OBJECT
    ids = client.get("/api/queue").json()["ids"]
    assert ids == [shot.id for shot in session.screenshots]
    assert len(client.get(f"/api/rows?ids={','.join(ids)},nothing").json()["rows"]) == 4
    sheet = client.get(f"/api/sheets/{ids[0]}").json()
    assert (sheet["state"], sheet["size"], len(sheet["proposals"])) == ("new", [64, 48], 3)
    picture = client.get(f"/pictures/{ids[0]}")
    assert (picture.headers["content-type"], picture.content) == ("image/png", session.screenshots[0].path.read_bytes())
    assert client.put("/api/position", json={"shot": ids[2]}).status_code == 200
    assert client.get("/api/start").json()["position"] == {"shot": ids[2]}


def test_the_page_says_by_what_right_boxes_are_accepted_unasked(client, session):
    assert client.get("/api/start").json()["unasked"] == ""
    known = [Scored("apple", 0.9, True)] * 100
    write_thresholds(session.workspace, StoredThresholds("models", choose_thresholds(known)))
    said = "When models proposed last, boxes that are as sure were right in 100.0 % (96.3–100.0) of 100."
    assert client.get("/api/start").json()["unasked"] == said


NO_CONTEXTS = SETTINGS_TEXT.replace(
    '[taxonomy.contexts]\ngarden = { title = "Garden" }\nhouse = { title = "House" }\n', ""
)


@pytest.mark.parametrize(
    ("settings", "folder", "count"),
    [
        (SETTINGS_TEXT, "garden", 0),
        (SETTINGS_TEXT, "lake", 1),
        (SETTINGS_TEXT, "", 1),
        (NO_CONTEXTS, "lake", 0),
        (NO_CONTEXTS, "", 0),
    ],
)
def test_the_page_says_of_the_screenshots_that_an_extraction_leaves_out_that_they_are_outside(
    tmp_path, settings, folder, count
):
    (tmp_path / "toonvision.toml").write_text(settings)
    write_picture(tmp_path / "screenshots" / folder / "a.png", Shot("a", folder, ()))
    write_picture(tmp_path / "screenshots" / "house" / "b.png", Shot("b", "house", ()))
    assert outside_and_left_out(open_workspace(tmp_path)) == (count, count)


def test_the_page_says_of_crops_that_they_are_outside_as_a_review_gives_them_a_box(tmp_path):
    (tmp_path / "toonvision.toml").write_text(SETTINGS_TEXT)
    write_class_folders(tmp_path / "screenshots", small_shots()[:2])
    assert outside_and_left_out(open_workspace(tmp_path)) == (2, 2)


def outside_and_left_out(workspace):
    """Count what the page says is outside, and what an extraction leaves out once all is reviewed."""
    session = Session(workspace)
    client, shots = client_of(session), session.screenshots
    outside = [client.get(f"/api/sheets/{shot.id}").json()["outside"] for shot in shots]
    for shot in shots:
        session.change(shot.id, Change("confirm"))
    return sum(outside), extract(workspace).pictures_skipped


def test_the_queue_is_filtered_by_context_label_state_and_name(client, session):
    def ids(**filters):
        return client.get("/api/queue", params=filters).json()["ids"]

    one = session.screenshots[0].id
    sheet = client.get(f"/api/sheets/{one}").json()
    assert change(client, one, sheet["version"], kind="confirm").status_code == 200
    assert ids(state="reviewed") == ids(label="apple") == [one]
    assert len(ids(state="left")) == 3
    assert len(ids(context="house")) == 2
    assert ids(search="SHOT_03") == [session.screenshots[3].id]
    assert ids(state="left", label="apple") == []


@pytest.mark.parametrize(
    "path", ["/pictures/../toonvision.toml", "/pictures/%2e%2e%2ftoonvision.toml", "/pictures//etc/passwd",
             "/pictures/garden%2Fshot_00.png", "/pictures/0123456789abcdef", "/static/label/../page.py",
             "/static/label/%2e%2e/page.py", "/static/base//etc/passwd", "/api/sheets/..%2F..%2Fx"],
)  # fmt: skip
def test_pictures_and_files_are_served_by_id_and_name_alone(client, path):
    assert client.get(path).status_code == 404


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return client_of(Session(unlabelled(tmp_path_factory.mktemp("asked"))))


@given(path=st.lists(st.sampled_from(["..", ".", "/", "\\", "etc", "passwd", "garden", "shot_00.png", "~"])
                     | st.text(max_size=20), min_size=1, max_size=6).map("/".join))  # fmt: skip
def test_whatever_is_asked_for_that_is_no_id_is_not_there(asked, path):
    for place, safe in itertools.product(("pictures", "static/label", "static/base"), ("", "/")):
        dots = quote(path, safe=safe).replace(".", "%2E")  # bare ones the client itself would take away
        assert not asked.get(f"/{place}/{dots}", follow_redirects=False).is_success


NAMES = st.text(st.sampled_from("<>&\"'` =aä;:()script"), min_size=1, max_size=30).map(str.strip)


@files_property
@given(name=NAMES.filter(lambda name: name not in {"", ".", ".."}))
def test_a_file_name_is_sent_as_text_whatever_is_in_it(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("names")
    (root / "toonvision.toml").write_text(SETTINGS_TEXT)
    write_picture(root / "screenshots" / "garden" / f"{name}.png", Shot("x", "garden", ()))
    session = Session(open_workspace(root))
    shot = session.screenshots[0]
    client = client_of(session)
    for answer in (client.get(f"/api/sheets/{shot.id}"), client.get("/api/rows", params={"ids": shot.id})):
        assert answer.headers["content-type"] == "application/json"
        found = answer.json()
        assert found.get("name", shot.name) == found.get("rows", [{"name": shot.name}])[0]["name"] == shot.name
    assert shot.name == f"garden/{name}.png"


def test_a_second_tab_that_saves_is_told_and_loses_nothing(client, session):
    shot = session.screenshots[0].id
    sheet = client.get(f"/api/sheets/{shot}").json()
    one, two = (proposal["id"] for proposal in sheet["proposals"][:2])
    first = change(client, shot, sheet["version"], kind="accept", id=one)
    assert [box["id"] for box in first.json()["sheet"]["boxes"]] == [one]
    second = change(client, shot, sheet["version"], kind="accept", id=two)
    assert second.status_code == 412
    assert "in another tab" in second.json()["error"]
    assert second.json()["sheet"] == first.json()["sheet"]
    again = change(client, shot, second.json()["sheet"]["version"], kind="accept", id=two)
    assert [box["id"] for box in again.json()["sheet"]["boxes"]] == [one, two]
    assert client.post(f"/api/sheets/{shot}/changes", json={"kind": "confirm"}).status_code == 428


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "explode"}, 422),
        ({"kind": "move", "id": "x", "xyxy": [1, 2, 3]}, 422),
        ({"kind": "draw", "boxes": [{"id": "a", "label": "apple", "xyxy": [0, 0, 1e999, 4]}]}, 422),
        ({"kind": "draw", "boxes": [{"id": "a", "label": "kiwi", "xyxy": [0, 0, 4, 4]}]}, 400),
        ({"kind": "draw", "boxes": [{"id": "a\n", "label": "apple", "xyxy": [0, 0, 4, 4]}]}, 422),
        ({"kind": "draw", "boxes": [{"id": "a", "label": "apple", "xyxy": [9, 9, 4, 4]}]}, 422),
        ({"kind": "relabel", "id": "x", "label": 5}, 422),
    ],
)
def test_what_is_no_change_is_refused_in_words_and_nothing_is_written(client, session, body, status):
    shot = session.screenshots[0].id
    before = contents(session.workspace.root)
    version = client.get(f"/api/sheets/{shot}").json()["version"]
    text = str(body).replace("'", '"').replace("inf", "1e999").replace("\n", "\\n")
    answer = client.post(f"/api/sheets/{shot}/changes", headers={"If-Match": version}, content=text)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert contents(session.workspace.root) == before


def test_undo_and_redo_answer_with_the_screenshot_that_they_were_about(client, session):
    shot = session.screenshots[1].id
    version = client.get(f"/api/sheets/{shot}").json()["version"]
    change(client, shot, version, kind="empty")
    assert client.post("/api/undo").json()["sheet"]["id"] == shot
    assert client.post("/api/undo").json() == {"sheet": None}
    assert client.post("/api/redo").json()["sheet"]["state"] == "empty"


@pytest.mark.parametrize("where", ["toonvision.label.session.save_sheet", "toonvision.data.reviews.os.fsync"])
def test_a_full_disk_is_told_changes_nothing_and_the_same_change_is_saved_once_there_is_room(
    client, session, monkeypatch, where
):
    shot = session.screenshots[0].id
    sheet = client.get(f"/api/sheets/{shot}").json()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "reviews.jsonl")

    with monkeypatch.context() as patched:
        patched.setattr(where, full)
        answer = change(client, shot, sheet["version"], kind="confirm")
    assert answer.status_code == 507
    assert answer.json()["error"].startswith("reviews.jsonl: No space left on device. What was saved is kept")
    assert client.get(f"/api/sheets/{shot}").json() == sheet
    assert client.post("/api/undo").json() == {"sheet": None}
    assert change(client, shot, sheet["version"], kind="confirm").status_code == 200


def test_a_picture_that_cannot_be_read_is_told_by_its_page_alone(client, session):
    shot = session.screenshots[0]
    shot.path.write_bytes(b"no picture")
    assert client.get(f"/api/sheets/{shot.id}").status_code == 422
    assert client.get(f"/api/sheets/{session.screenshots[1].id}").status_code == 200


@pytest.mark.parametrize("declared", [None, (64, 48), (48, 64)])
def test_a_picture_that_its_camera_rotated_is_shown_as_it_is_extracted(tmp_path, declared):
    from PIL import Image

    (tmp_path / "toonvision.toml").write_text(SETTINGS_TEXT)
    write_picture(tmp_path / "screenshots" / "garden" / "a.png", Shot("a", "garden", ()))
    with Image.open(tmp_path / "screenshots" / "garden" / "a.png") as image:
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(tmp_path / "screenshots" / "garden" / "a.jpg", exif=exif)
    (tmp_path / "screenshots" / "garden" / "a.png").unlink()
    if declared:
        path = tmp_path / "screenshots" / "garden" / "a.xml"
        pascal_voc.write(path, picture="a.jpg", size_wh=declared, objects=[AnnotatedObject(1, "apple", (4, 5, 24, 30))])
    session = Session(open_workspace(tmp_path))
    shot = session.screenshots[0]
    answer = client_of(session).get(f"/pictures/{shot.id}")
    assert answer.headers["content-type"] == "image/png"
    sheet = session.sheet(shot.id)
    assert sheet.annotation.size_wh == (declared or (64, 48))
    assert [box.box.xyxy for box in sheet.annotation.boxes] == ([(4, 5, 24, 30)] if declared else [])
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert shown.size == sheet.annotation.size_wh


def test_no_page_has_a_script_a_style_or_an_address_in_it():
    for page in (*STATIC.glob("*/static/*.html"), *STATIC.glob("*/static/*.svg")):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=", text), page
    for folder in STATIC.glob("*/static"):
        for path in (one for one in folder.iterdir() if one.suffix in {".js", ".css", ".html"}):
            addresses = re.findall(r"https?://[^\s\"')]+", path.read_text(encoding="utf-8"))
            assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path
            assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text("utf-8")), (
                path
            )
