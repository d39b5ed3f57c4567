import os
import signal
import socket
import subprocess
import sys
import time

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from toonvision.web.server import PageServer
from web.made import Counting, browser_headers

PROGRAM = """
import sys
from toonvision.cli.interrupts import listen
from toonvision.web.server import PageServer
from web.made import Counting
listen()
PageServer(Counting().app, port=0, note=print).run(browser=False)
print("ended")
"""


@pytest.fixture
def notes() -> list[str]:
    return []


def test_a_real_server_answers_its_page_and_refuses_the_rest(notes):
    inside = Counting()
    with PageServer(inside.app, port=0, note=notes.append).in_background() as access:
        assert httpx2.get(access.origin, headers=browser_headers(access)).text == "hello"
        assert httpx2.get(access.origin).status_code == 403
        assert httpx2.get(access.origin, headers=browser_headers(access, host="evil.example")).status_code == 403
        live = f"ws://{access.host}/live"
        cookie = browser_headers(access)["Cookie"]
        with connect(live, origin=access.origin, additional_headers={"Cookie": cookie}) as opened:
            assert opened.recv() == "hello"
        for origin, more in ((access.origin, {}), ("http://evil.example", {"Cookie": cookie})):
            with pytest.raises(InvalidStatus) as refused, connect(live, origin=origin, additional_headers=more):
                pass
            assert refused.value.response.status_code == 403
    assert inside.reached == 2
    assert notes == []


def test_only_loopback_is_served(notes):
    with PageServer(Counting().app, port=0, note=notes.append).in_background() as access:
        with pytest.raises(OSError, match="refused|assign|not supported"):  # a machine may have no IPv6
            socket.create_connection(("::1", access.port), timeout=5)
        outside = {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
        for address in outside:
            with pytest.raises(OSError, match="refused|unreachable|timed out"):
                socket.create_connection((address, access.port), timeout=5)


def test_the_next_free_port_is_taken_and_said_where_the_wanted_one_is_taken(notes):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with PageServer(Counting().app, port=taken, note=notes.append).in_background() as access:
            assert access.port > taken
            assert httpx2.get(access.origin, headers=browser_headers(access)).text == "hello"
    assert notes == [f"Port {taken} is taken by another program; this uses {access.port}."]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_line_is_the_address_and_ctrl_c_ends_cleanly(number):
    command = [sys.executable, "-c", PROGRAM]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}  # it finds what the tests share
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with httpx2.Client(timeout=60) as client:
        assert client.get(url).status_code == 200
        assert client.get(url.partition("?")[0]).text == "hello"
        started = time.monotonic()
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "ended\n", "")
    assert time.monotonic() - started < 15
