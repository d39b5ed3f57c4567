import io
import json
import struct

import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from toonvision.core.errors import UsageError
from toonvision.watch.loop import watch_frames
from toonvision.watch.page import PageOptions, watching_app
from toonvision.watch.shown import Shown
from toonvision.web.security import Guard
from watch.standins import COG, ReadySource, ToldModels
from web.made import ACCESS, browser_headers


@pytest.fixture
def shown():
    """What a page shows after 25 frames of one Cog."""
    models = ToldModels()
    state = Shown(models, "the game")
    for frame in watch_frames(ReadySource(25, size_wh=(320, 180)), models):
        state.see(frame)
    return state


def unpacked(content):
    (length,) = struct.unpack("<I", content[:4])
    return json.loads(content[4 : 4 + length]), Image.open(io.BytesIO(content[4 + length :]))


def test_a_page_gets_the_newest_frame_with_its_boxes_in_one_message(shown):
    client = TestClient(watching_app(shown, PageOptions()))
    with client.websocket_connect("/live") as socket:
        socket.send_text("next")
        data, picture = unpacked(socket.receive_bytes())
        assert (data["frame"], data["size"], picture.size) == (25, [320, 180], (320, 180))
        assert data["tracks"][0]["levels"] == {"kind": "cog", "suit": "bb"}
        assert data["summary"]["frames"] == 25
        socket.send_text("next")
        assert json.loads(socket.receive_text()) == {"ended": False}
        shown.close()
        socket.send_text("next")
        assert json.loads(socket.receive_text()) == {"ended": True}


def test_a_program_gets_results_without_the_picture(shown):
    client = TestClient(watching_app(shown, PageOptions()))
    with client.websocket_connect("/live") as socket:
        socket.send_text("result")
        assert json.loads(socket.receive_text()) == shown.newest().plain()


def test_a_message_of_bytes_closes_the_socket(shown):
    client = TestClient(watching_app(shown, PageOptions()))
    with client.websocket_connect("/live") as socket:
        socket.send_bytes(b"next")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1003


def test_a_wide_picture_is_sent_smaller_and_its_boxes_stay_those_of_the_frame():
    models = ToldModels()
    state = Shown(models, "wide")
    (frame,) = list(watch_frames(ReadySource(1, size_wh=(2560, 1080)), models))
    data, content = state.message(frame)
    assert data["size"] == [2560, 1080]
    assert Image.open(io.BytesIO(content)).size == (1280, 540)


def test_charts_begin_with_what_was_counted_before_the_page_was_opened(shown):
    client = TestClient(watching_app(shown, PageOptions()))
    history = client.get("/history").json()
    assert [one["second"] for one in history] == [0, 1, 2]
    assert history[1]["counts"] == {"kind": {"cog": 1}, "suit": {"bb": 1}}
    about = client.get("/about").json()
    assert about["title"] == "the game"
    assert [level["name"] for level in about["levels"]] == ["kind", "suit"]
    assert about["levels"][0]["classes"][0]["color"].startswith("#")
    assert b"plotly.js" in client.get("/plotly.js").content[:200]


def test_charts_go_back_a_fixed_time_and_each_second_has_its_own_counts(monkeypatch):
    monkeypatch.setattr("toonvision.watch.shown._HISTORY_S", 3)
    models = ToldModels(find_at=lambda at: COG if at < 40 else ())
    state = Shown(models, "the game")
    for frame in watch_frames(ReadySource(60, size_wh=(320, 180)), models):
        state.see(frame)
    history = state.history()
    assert [one["second"] for one in history] == [4, 5, 6]
    assert state.about()["history_s"] == 3
    assert [one["counts"] for one in history] == [{"kind": {"cog": 1}, "suit": {"bb": 1}}, {}, {}]


def test_a_snapshot_keeps_the_frame_that_the_page_shows(shown, tmp_path):
    kept = []

    def keep(image, context):
        if context == "nowhere":
            raise UsageError("screenshots lie by context")
        kept.append((image.getpixel((0, 0)), context))
        return tmp_path / "ttc" / "one.png", len(kept) == 1

    options = PageOptions([("ttc", "Toontown Central")], "ttc", keep)
    client = TestClient(watching_app(shown, options))
    with client.websocket_connect("/live") as socket:
        socket.send_text("next")
        socket.receive_bytes()
    asked = {"frame": 25, "context": "ttc"}
    assert client.post("/snapshot", json=asked).json() == {"file": "one.png", "folder": "ttc", "new": True}
    assert client.post("/snapshot", json=asked).json()["new"] is False
    assert kept[0] == ((25, 25, 25), "ttc")
    gone = client.post("/snapshot", json={"frame": 3, "context": "ttc"})
    assert (gone.status_code, gone.json()["error"][:19]) == (409, "This frame is gone.")
    wrong = client.post("/snapshot", json={"frame": 25, "context": "nowhere"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "screenshots lie by context")
    without = TestClient(watching_app(shown, PageOptions())).post("/snapshot", json=asked)
    assert without.status_code == 409
    assert "There is no workspace" in without.json()["error"]


@pytest.mark.parametrize(("asked", "context"), [({}, "yard"), ({"context": ""}, "yard"), ({"context": "hall"}, "hall")])
def test_a_snapshot_that_names_no_context_is_of_the_one_that_is_watched(shown, tmp_path, asked, context):
    def keep(_, where):
        return tmp_path / where / "one.png", True

    shown.message(shown.newest())
    client = TestClient(watching_app(shown, PageOptions((), "yard", keep)))
    assert client.post("/snapshot", json={"frame": 25, **asked}).json()["folder"] == context


def test_what_is_remembered_is_bounded(shown):
    models = ToldModels()
    for frame in watch_frames(ReadySource(60), models):
        shown.message(frame)
    assert sum(shown.image(number) is not None for number in range(1, 61)) == 16


def test_the_page_is_served_to_nobody_but_the_browser_that_has_its_address(shown):
    guarded = Guard(watching_app(shown, PageOptions(snapshot=lambda *_: pytest.fail("a picture was kept"))), ACCESS)
    client = TestClient(guarded, base_url=ACCESS.origin)
    assert client.get("/about", headers=browser_headers(ACCESS)).status_code == 200
    for headers in (
        browser_headers(ACCESS, cookie=""),
        browser_headers(ACCESS, cookie=f"{ACCESS.cookie}=wrong"),
        browser_headers(ACCESS, host="evil.example"),
    ):
        assert client.get("/history", headers=headers).status_code == 403
    foreign = browser_headers(ACCESS, origin="http://evil.example")
    assert client.post("/snapshot", json={"frame": 25, "context": ""}, headers=foreign).status_code == 403
    for headers in (foreign, browser_headers(ACCESS, cookie="")):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers=headers):
            pass
    assert client.get("/static/watch/../page.py", headers=browser_headers(ACCESS)).status_code == 404
