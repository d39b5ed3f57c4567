import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from toonvision.web.security import Access, Guard
from web.made import ACCESS, Counting, browser_headers


@pytest.fixture
def inside() -> Counting:
    return Counting()


@pytest.fixture
def client(inside) -> TestClient:
    return TestClient(Guard(inside.app, ACCESS), base_url=ACCESS.origin)


def test_the_page_itself_may_read_and_write(client, inside):
    headers = browser_headers(ACCESS)
    assert client.get("/", headers=headers).text == "hello"
    assert client.put("/kept", headers=headers, json={"a": 1}).json() == {"kept": 1}
    with client.websocket_connect("/live", headers=headers) as live:
        assert live.receive_text() == "hello"
    assert inside.reached == 3


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "", "http://localhost:8123"]
)
def test_a_page_of_another_origin_changes_nothing(client, inside, origin):
    headers = browser_headers(ACCESS, origin=origin)
    assert client.put("/kept", headers=headers, json={"a": 1}).status_code == 403
    assert (inside.reached, inside.kept) == (0, [])


def test_an_origin_that_is_that_of_the_request_s_own_host_is_no_reason_to_trust_it(client, inside):
    headers = browser_headers(ACCESS, host="evil.example:8123", origin="http://evil.example:8123")
    assert client.put("/kept", headers=headers, json={"a": 1}).status_code == 403
    assert inside.reached == 0


HOSTS = ["evil.example", "evil.example:8123", "[::1]:8123", "[::1]", "127.0.0.1", "127.0.0.1:9", "localhost:8123"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_is_refused_before_anything_is_read(inside, host):
    import anyio

    sent = []

    async def receive():
        raise AssertionError("nothing may be read")

    async def send(message):
        sent.append(message)

    async def ask():
        headers = [
            (name.lower().encode(), value.encode()) for name, value in browser_headers(ACCESS, host=host).items()
        ]
        scope = {"type": "http", "method": "PUT", "path": "/kept", "query_string": b"", "headers": headers}
        await Guard(inside.app, ACCESS)(scope, receive, send)
        await Guard(inside.app, ACCESS)({"type": "websocket", "path": "/live", "headers": headers}, receive, send)

    anyio.run(ask)
    assert sent[0]["status"] == 403
    assert sent[-1]["type"] == "websocket.close"
    assert inside.reached == 0


@pytest.mark.parametrize(
    "changed", [{"origin": "http://evil.example"}, {"origin": ""}, {"host": "evil.example"}, {"cookie": ""}]
)
def test_a_socket_of_another_page_is_not_opened(client, inside, changed):
    headers = browser_headers(ACCESS, **changed)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers=headers):
        pass
    assert inside.reached == 0


@pytest.mark.parametrize(
    "token",
    ["", "wrong", Access(8123).token, "right ", "ü"],
    ids=["none", "wrong", "of another start", "with a blank", "not ASCII"],
)
def test_without_the_token_of_this_start_nobody_comes_in(client, inside, token):
    answer = client.get("/", params={"token": token}, headers={"Origin": ""})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    for cookie in (f"{ACCESS.cookie}={token.strip() or 'x'}".encode(), b"toonvision-9=right", b"a=[;;=", b""):
        if cookie != b"toonvision-8123=right":
            assert client.get("/", headers={"Cookie": cookie}).status_code == 403
    assert inside.reached == 0


def test_the_token_of_the_printed_address_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(client, inside):
    answer = client.get(f"/?token={ACCESS.token}")
    assert answer.status_code == 200
    assert answer.headers["set-cookie"].split("; ") == [
        "toonvision-8123=right", "HttpOnly", "Path=/", "SameSite=strict",
    ]  # fmt: skip
    assert client.get("/").text == "hello"
    assert client.get("/?token=wrong").status_code == 403
    assert ACCESS.token not in repr(ACCESS)


def test_every_answer_forbids_foreign_and_inline_content(client):
    for answer in (client.get("/"), client.get("/", headers=browser_headers(ACCESS))):
        policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert not any("unsafe" in rule or "http" in rule for rule in policy.values())
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_what_is_sent_must_be_a_json_object_of_a_megabyte_at_most(client, inside):
    headers = browser_headers(ACCESS)
    assert client.put("/kept", headers=headers, content=b"[1]").status_code == 400
    assert client.put("/kept", headers=headers, content=b"{").status_code == 400
    assert client.put("/kept", headers=headers, content=b'{"a": "' + b"x" * 1_000_001 + b'"}').status_code == 413
    assert inside.kept == []
