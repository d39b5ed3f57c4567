"""The labelling page in a real browser."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from builders import SETTINGS_TEXT, Shot, free_port, small_shots, write_picture
from label.made import proposed, unlabelled
from toonvision.api.workspace import open_workspace as opened_workspace
from toonvision.data.boxes import Box
from toonvision.data.extraction import extract
from toonvision.data.own_annotations import read_annotation
from toonvision.data.reviews import read_reviews
from toonvision.data.workspace import open_workspace
from toonvision.label.annotations import Proposal
from toonvision.label.order import LabelOrder
from toonvision.label.page import label_app
from toonvision.label.proposals import ContextProposal
from toonvision.label.session import Session
from toonvision.web.server import PageServer
from web.browser import Tabs


@contextmanager
def served(session):
    with PageServer(label_app(session), port=0, note=print).in_background() as access:
        yield access


def shown(page, shot):
    """Wait until a screenshot is on the stage."""
    page.wait_for_function("id => document.body?.dataset.shown === id", arg=shot)


def saved(page):
    """Wait until the server has all."""
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('toonvision-label'))")


def remembered(page, shot, *, state):
    """Wait until the server knows at which screenshot the page is, and what it is filtered by."""

    def tells(response):
        if not response.url.endswith("/api/position"):
            return False
        told = response.request.post_data_json
        return (told["shot"], told["filters"]["state"]) == (shot, state)

    return page.expect_response(tells)


def fetched_ahead(page, shot):
    """Wait until the page has the picture and the boxes of a screenshot."""
    page.wait_for_function(
        "id => performance.getEntriesByType('resource').filter((one) => one.name.endsWith(`/${id}`)).length >= 2",
        arg=shot,
    )


def titles(page):
    return [text.strip() for text in page.locator("#boxes .name").all_inner_texts()]


def decided(session, index):
    """The boxes of a screenshot as they are on disk: label and origin."""
    shot = session.screenshots[index]
    if not shot.annotation.exists():
        return None
    annotation = read_annotation(shot.annotation, session.workspace.annotations).annotation
    return annotation.review, [(one.label, one.origin) for one in annotation.boxes]


def press(page, *keys):
    """Press keys; a capital is one with Shift, not with CapsLock."""
    for key in keys:
        page.keyboard.press(f"Shift+{key}" if re.fullmatch("[A-Z]", key) else key)


@pytest.fixture
def session(tmp_path):
    return Session(unlabelled(tmp_path), proposals=proposed)


def test_thirty_screenshots_are_reviewed_by_keyboard_alone(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=30), proposals=proposed)
    ids = [shot.id for shot in session.screenshots]
    known = {f"{one.context}/{one.stem}": [label for label, _ in one.objects] for one in small_shots()}
    expected = []
    with served(session) as access:
        page = tabs.open(access.url)
        for index, shot in enumerate(session.screenshots):
            shown(page, shot.id)
            labels = known.get(f"{shot.context}/{shot.path.stem}", [])
            done = [(label, "accepted") for label in labels]
            way = index % 6
            if not labels:  # the one wrong proposal
                press(page, "e" if way else "s")
                expected.append(("done", []) if way else ("skipped", []))
                continue
            if way == 1:  # accept one by one; the wrong one is left and rejected
                press(page, "a", "a", "x", "Enter")
            elif way == 2:  # another label, by its code
                press(page, "l", "s", "t", "Tab", "Delete", "Enter")
                done[0] = ("stone", "corrected" if labels[0] != "stone" else "accepted")
            elif way == 3:  # a nudge, then taken back and made again
                press(page, "ArrowRight", "ArrowDown", "Shift+ArrowRight", "u", "r", "X", "Enter")
                done = [(labels[0], "corrected")]
            elif way == 4:  # one more box, drawn
                press(page, "Tab", "Tab", "x", "b", "Shift+ArrowRight", "l", "a", "p", "Enter")
                done = [("apple", "drawn"), *done]
            elif way == 5:  # nothing of it
                press(page, "m")
                done = []
            else:
                press(page, "Tab", "Tab", "x", "Enter")
            expected.append(("unsure" if way == 5 else "done", sorted(done)))
        page.wait_for_selector("text=This was the last one")  # which is said for a few seconds only
        saved(page)
        reviewed = sum(review == "done" for review, _ in expected)
        assert page.locator("#progress").inner_text().startswith(f"{reviewed} / 30")
    found = [(review, sorted(boxes)) for review, boxes in (decided(session, index) for index in range(30))]
    assert found == expected
    assert tabs.complaints == []
    assert all(url.startswith((access.origin, "blob:")) for url in tabs.asked)
    decisions, findings = read_reviews(session.workspace.reviews)
    assert (len(decisions) > 45, findings) == (True, [])
    assert ids == [shot.id for shot in session.screenshots]
    assert extract(session.workspace).pictures_kept == reviewed > 20


def test_screenshots_of_a_large_screen_are_shown_whole_with_boxes_at_their_places(tmp_path, tabs):
    (tmp_path / "toonvision.toml").write_text(SETTINGS_TEXT)
    objects = (("apple", (300, 200, 700, 900)), ("stone", (1500, 100, 1900, 1000)))
    for name in ("a", "b"):
        write_picture(tmp_path / "screenshots" / "garden" / f"{name}.png", Shot(name, "garden", objects, (1920, 1080)))
    session = Session(open_workspace(tmp_path))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        stage = page.locator("#stage").bounding_box()
        canvas = page.locator("#picture").bounding_box()
        scale = canvas["width"] / 1920
        page.mouse.move(canvas["x"] + 300 * scale, canvas["y"] + 200 * scale)
        page.mouse.down()
        page.mouse.move(canvas["x"] + 500 * scale, canvas["y"] + 500 * scale)
        page.mouse.move(canvas["x"] + 700 * scale, canvas["y"] + 900 * scale)
        page.mouse.up()
        press(page, "Enter")  # the label that the chooser offers first
        page.mouse.move(canvas["x"] + 500 * scale, canvas["y"] + 500 * scale)
        page.mouse.down()
        page.mouse.move(canvas["x"] + 600 * scale, canvas["y"] + 520 * scale)
        page.mouse.up()
        page.mouse.move(canvas["x"] + 800 * scale, canvas["y"] + 920 * scale)
        page.mouse.down()
        page.mouse.move(canvas["x"] + 830 * scale, canvas["y"] + 950 * scale)
        page.mouse.up()
        press(page, "Enter")
        shown(page, session.screenshots[1].id)
        saved(page)
        press(page, "v", "Enter")
        saved(page)
    assert canvas["width"] <= stage["width"]
    for shot in session.screenshots:
        (box,) = session.sheet(shot.id).annotation.boxes
        assert box.box.xyxy == pytest.approx((400, 220, 830, 950), abs=3)
    assert tabs.complaints == []


def test_two_tabs_cannot_overwrite_each_other_and_nothing_is_lost(session, tabs):
    shot = session.screenshots[0].id
    with served(session) as access:
        one, two = tabs.open(access.url), tabs.open(access.url)
        shown(one, shot)
        shown(two, shot)
        press(one, "a")
        saved(one)
        press(two, "Tab", "a")
        two.wait_for_selector("#conflict:not([hidden])")
        assert "changed in another tab" in two.locator("#conflict").inner_text()
        assert len(session.sheet(shot).annotation.boxes) == 1
        two.click("text=Do it here too")
        saved(two)
        assert len(session.sheet(shot).annotation.boxes) == 2
        assert sorted(titles(two)) == sorted(["Apple", "Pear", "Stone"])
        assert two.locator("#conflict").is_hidden()
    assert [text for text in tabs.complaints if "412" not in text] == []


def test_what_two_tabs_draw_alike_is_one_box(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=1))
    (shot,) = session.screenshots
    with served(session) as access:
        one, two = tabs.open(access.url), tabs.open(access.url)
        for page in (one, two):
            shown(page, shot.id)
        press(one, "b")
        saved(one)
        press(two, "b")
        saved(two)
        two.wait_for_function("() => document.querySelectorAll('#boxes li').length === 1")
        assert two.locator("#conflict").is_hidden()
    assert decided(session, 0) == ("open", [("apple", "drawn")])


def test_a_key_that_accepts_what_is_left_does_not_say_that_a_screenshot_is_empty(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "Enter")
        page.wait_for_selector("text=There is no box. Draw one, or press e if it is empty on purpose.")
        press(page, "Enter")
        saved(page)
        assert decided(session, 0) is None
        press(page, "e")
        shown(page, session.screenshots[1].id)
        press(page, "p")
        shown(page, session.screenshots[0].id)
        press(page, "Enter")  # what was said stays
        shown(page, session.screenshots[1].id)
        saved(page)
    assert decided(session, 0) == ("done", [])


def test_a_picture_that_is_replaced_is_shown_before_a_change_is_made_on_it(session, tabs):
    shot = session.screenshots[0]
    pixel = "() => [...document.getElementById('picture').getContext('2d').getImageData(1, 1, 1, 1).data].slice(0, 3)"
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, shot.id)
        Image.new("RGB", (32, 40), "#ff0000").save(shot.path)
        press(page, "a")
        page.wait_for_selector("#conflict:not([hidden])")
        page.wait_for_function(f"() => String(({pixel})()) === '255,0,0'")
        assert page.evaluate("() => document.getElementById('picture').width") == 32
        assert decided(session, 0) is None
        page.click("text=Do it here too")
        saved(page)
    assert decided(session, 0) == ("open", [("apple", "accepted")])
    assert session.sheet(shot.id).annotation.size_wh == (32, 40)
    assert [text for text in tabs.complaints if "412" not in text] == []


def test_a_change_of_a_damaged_annotation_is_kept_until_its_file_was_moved_away_as_is_said(session, tabs):
    shot = session.screenshots[0]
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, shot.id)
        press(page, "a")
        saved(page)
        shot.annotation.write_text("garbage <")
        press(page, "a")
        page.wait_for_selector("#conflict:not([hidden])")
        name = f"annotations/{shot.context}/{shot.path.stem}.xml"
        said = page.locator("#conflict span").inner_text().strip()
        assert said.startswith(f"{shot.name}: {name} is not valid XML")
        assert said.endswith(f"(move {name} away, then decide again). Your last change was not saved.")
        press(page, "b")
        page.wait_for_selector("text=Your last 2 changes were not saved.")
        page.click("text=Do it again")
        page.wait_for_selector("#message:not([hidden])")
        assert page.locator("#conflict").is_visible()
        shot.annotation.rename(session.workspace.root / "aside")
        page.click("text=Do it again")
        page.wait_for_selector("#conflict", state="hidden")
        saved(page)
    assert [label for label, _ in decided(session, 0)[1]] == ["pear", "apple"]
    assert [text for text in tabs.complaints if "422" not in text] == []


def test_the_page_comes_back_where_it_was(session, tabs):
    ids = [shot.id for shot in session.screenshots]
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, ids[0])
        with remembered(page, ids[0], state=""):
            page.select_option("#filter-state", "")
        with remembered(page, ids[2], state=""):
            press(page, "Escape", "n")
            shown(page, ids[1])
            press(page, "n")
            shown(page, ids[2])
        page.close()
        page = tabs.open(access.url)
        shown(page, ids[2])
        assert page.locator("#filter-state").input_value() == ""


def test_the_address_lets_a_browser_in_and_no_script_sees_its_key(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        assert page.url == f"{access.origin}/"
        assert page.evaluate("() => [document.cookie, document.referrer]") == ["", ""]
        (cookie,) = tabs.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["value"]) == (True, "Strict", access.token)
    with served(session) as later:
        page.goto(f"{later.origin}/?token={access.token}")
        assert "earlier start" in page.locator("body").inner_text()
        page.goto(later.origin)
        assert "the address that the terminal shows" in page.locator("body").inner_text()


FOREIGN = '<!doctype html><form id="f" method="post" action="{at}"><input name="kind" value="empty"></form>'
ASK = """([at, mode, headers]) => fetch(at, {
  method: "POST", mode, headers, credentials: "include", body: '{"kind": "empty"}',
}).then(() => "answered", () => "refused")"""


def test_a_page_of_another_origin_that_is_open_in_the_same_browser_changes_nothing(session, tabs, tmp_path):
    shot = session.screenshots[0]
    (tmp_path / "foreign").mkdir()
    with served(session) as access:
        at = f"{access.origin}/api/sheets/{shot.id}/changes"
        (tmp_path / "foreign" / "index.html").write_text(FOREIGN.format(at=at))
        shown(tabs.open(access.url), shot.id)
        version = session.sheet(shot.id).version
        handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "foreign")
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            page = tabs.context.new_page()
            page.goto(f"http://127.0.0.1:{other.server_port}/")
            page.evaluate(ASK, [at, "no-cors", {}])
            assert page.evaluate(ASK, [at, "cors", {"If-Match": f'"{version}"'}]) == "refused"
            with page.expect_navigation():
                page.evaluate("() => document.getElementById('f').submit()")
            assert "Another page asked for this" in page.locator("body").inner_text()
            other.shutdown()
    assert session.sheet(shot.id).version == version
    assert not shot.annotation.exists()


def test_who_types_a_whole_name_gets_that_label_and_nothing_else_happens(tmp_path, tabs):
    names = ("monster_blue_1", "monster_blue_2", "monster_red_1", "monster_red_2")
    listed = "".join(f'{name} = {{ kind = "fruit" }}\n' for name in names)
    settings = SETTINGS_TEXT.replace("[taxonomy.labels]\n", f"[taxonomy.labels]\n{listed}")
    (tmp_path / "toonvision.toml").write_text(settings)
    write_picture(tmp_path / "screenshots" / "garden" / "a.png", Shot("a", "garden", ()))
    session = Session(open_workspace(tmp_path))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "b", "l")
        page.keyboard.type("monster_red_2", delay=20)
        press(page, "Enter")
        saved(page)
    assert decided(session, 0) == ("open", [("monster_red_2", "drawn")])


def test_undo_chooses_the_box_that_it_was_about_so_that_the_next_key_is_about_that(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2), proposals=proposed)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        first, *others = titles(page)
        press(page, "a", "u", "x")
        saved(page)
        assert (titles(page), first in others) == (others, False)
        press(page, "u", "A", "u")
        saved(page)
        chosen = page.locator("#boxes li[aria-current=true] .name")
        assert chosen.all_inner_texts() == [first]
        press(page, "r", "X", "x")
        saved(page)
        assert titles(page) == others
    assert tabs.complaints == []


def test_keys_that_need_a_box_say_so_where_none_is_chosen(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "Escape")
        for key in ("a", "x", "l", "c", "ArrowUp", "Shift+ArrowRight"):
            page.evaluate("() => { document.getElementById('message').hidden = true; }")
            press(page, key)
            assert page.locator("#message").inner_text().startswith("No box is chosen."), key
        saved(page)
    assert decided(session, 0) is None


def test_capslock_changes_no_key(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2), proposals=proposed)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        before = len(titles(page))
        page.keyboard.press("X")  # a capital without Shift
        page.wait_for_function("before => document.querySelectorAll('#boxes .name').length < before", arg=before)
        assert len(titles(page)) == before - 1 > 0
        page.keyboard.press("Shift+x")
        page.wait_for_function("() => document.querySelectorAll('#boxes .name').length === 0")
        saved(page)


def test_a_digit_says_what_the_next_box_is_called_where_none_is_chosen(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "1", "Escape", "1")
        named = page.locator("#message").inner_text().removesuffix(".").rpartition(" that you draw is called ")[2]
        saved(page)
        assert named.lower() == decided(session, 0)[1][0][0]


def test_letters_of_a_name_are_ignored_while_it_is_typed_and_are_keys_again_soon_after(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "b", "l", "a", "p", "p")
        assert '"p" was ignored' in page.locator("#message").inner_text()
        press(page, "l", "a", "p")
        page.wait_for_timeout(500)
        press(page, "p")
        page.wait_for_selector("text=This is the first one")
        saved(page)


def test_names_and_labels_with_html_are_text(tmp_path, tabs):
    evil = "<img src=x onerror=alert(1)>"
    settings = SETTINGS_TEXT.replace("[taxonomy.labels]\n", f'[taxonomy.labels]\n"{evil}" = {{ title = "{evil}" }}\n')
    (tmp_path / "toonvision.toml").write_text(settings)
    write_picture(tmp_path / "screenshots" / "garden" / f"{evil}.png", Shot("x", "garden", ()))
    session = Session(open_workspace(tmp_path))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "b", "l")
        page.keyboard.type("img")
        press(page, "Enter", "Enter")
        saved(page)
        assert page.locator("#title").inner_text().endswith(f"{evil}.png")
        assert titles(page) == [evil]
        assert page.locator("img").count() == 0
    assert [one.label for one in session.sheet(session.screenshots[0].id).annotation.boxes] == [evil]
    assert tabs.complaints == []


def test_of_what_models_know_only_a_class_a_person_says_the_label(tmp_path, tabs):
    found = [Proposal("fruit", Box(2, 3, 18, 23), 0.8, "detect/d-1", "kind", ("pear", "apple")),
             Proposal("stone", Box(30, 8, 52, 33), 0.7, "detect/d-1", "label")]  # fmt: skip
    session = Session(unlabelled(tmp_path, shots=2), proposals=lambda _: found)
    one, two = (shot.id for shot in session.screenshots)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, one)
        assert titles(page) == ["Fruit", "Stone"]
        press(page, "Enter")
        offered = page.locator("#chooser-list li:visible").all_inner_texts()
        assert [text.split()[1] for text in offered] == ["Pear", "Apple", "Stone"]
        press(page, "p", "e", "Enter")
        shown(page, two)
        press(page, "A")
        saved(page)
        assert titles(page) == ["Fruit", "Stone"]
        assert page.locator("#boxes li.proposal").count() == 1
        press(page, "Escape", "Tab", "ArrowRight", "ArrowRight")
        page.wait_for_selector("#chooser[open]")  # what is moved has to have a label
        press(page, "a", "p")
        saved(page)
        assert sorted(titles(page)) == ["Apple", "Stone"]
    assert decided(session, 0) == ("done", [("pear", "accepted"), ("stone", "accepted")])
    assert decided(session, 1) == ("open", [("stone", "accepted"), ("apple", "corrected")])
    assert tabs.complaints == []


def test_a_long_name_is_cut_at_the_left_and_a_single_context_is_not_told(tmp_path, tabs):
    workspace = unlabelled(tmp_path, shots=3)
    for folder in list((tmp_path / "screenshots").iterdir()):
        if folder.name != "garden":
            shutil.rmtree(folder)
    workspace = replace(workspace, taxonomy=replace(workspace.taxonomy, contexts=()))
    session = Session(workspace, proposals=proposed)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        name = page.locator("#rows .name").first
        assert name.inner_text() == session.screenshots[0].name
        style = "one => [getComputedStyle(one).direction, getComputedStyle(one).textAlign]"
        assert name.evaluate(style) == ["rtl", "left"]
        assert page.locator("#filter-context option").count() == 2
        assert page.locator("#why").inner_text().split(" · ")[0] == "not annotated"
        assert "garden" not in page.locator("#why").inner_text().lower()


def test_nothing_is_decided_about_a_screenshot_that_cannot_be_shown_but_to_skip_it(tmp_path, tabs):
    workspace = unlabelled(tmp_path, shots=3)
    session = Session(workspace, proposals=proposed)
    _, broken, last = session.screenshots
    broken.path.write_bytes(broken.path.read_bytes()[:300])
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "n")
        page.wait_for_selector("#stage-note:not([hidden])")
        assert page.locator("#title").inner_text() == broken.name
        assert titles(page) == []
        press(page, "e", "b", "A", "Enter")
        assert "nothing can be decided" in page.locator("#message").inner_text()
        assert page.locator("#title").inner_text() == broken.name
        assert decided(session, 1) is None
        press(page, "s")
        shown(page, last.id)
        assert page.locator("#message").is_hidden()  # it was of the screenshot before
        saved(page)
    assert decided(session, 1) == ("skipped", [])


def test_who_leaves_a_screenshot_while_dragging_draws_nothing(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        canvas = page.locator("#picture").bounding_box()
        page.mouse.move(canvas["x"] + 0.2 * canvas["width"], canvas["y"] + 0.2 * canvas["height"])
        page.mouse.down()
        page.mouse.move(canvas["x"] + 0.6 * canvas["width"], canvas["y"] + 0.6 * canvas["height"])
        press(page, "n")
        shown(page, session.screenshots[1].id)
        page.mouse.up()
        assert titles(page) == []
        saved(page)
    assert [decided(session, at) for at in (0, 1)] == [None, None]
    assert tabs.complaints == []


def test_an_answer_from_before_a_decision_does_not_take_it_back(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2), proposals=proposed)
    one, two = (shot.id for shot in session.screenshots)
    held = []
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, one)
        fetched_ahead(page, two)
        page.route(f"**/api/sheets/{two}", lambda route: held.append((route, route.fetch())))
        press(page, "n")
        shown(page, two)
        while not held:  # what is known of the screenshot is asked for again
            page.wait_for_timeout(10)
        press(page, "A")
        saved(page)
        ((route, answer),) = held
        with page.expect_event("requestfinished", lambda request: request.url.endswith(two)):
            route.fulfill(response=answer)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert page.locator("#boxes li.proposal").count() == 0
        press(page, "Enter")
        saved(page)
    assert decided(session, 1)[0] == "done"
    assert tabs.complaints == []


def test_a_key_gives_the_chosen_proposal_a_likely_label_in_the_order_of_the_models(tmp_path, tabs):
    vague = Proposal("fruit", Box(2, 3, 18, 23), 0.8, "detect/d-1", "kind", ("pear", "apple", "stone"))
    exact = Proposal("stone", Box(30, 8, 52, 33), 0.7, "detect/d-1", "label", ("apple", "pear"))
    session = Session(unlabelled(tmp_path, shots=2), proposals=lambda _: (vague, exact))
    one, two = (shot.id for shot in session.screenshots)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, one)

        def keyed():
            return page.locator("#keyed .likely span").all_inner_texts()

        assert keyed() == ["Pear", "Apple", "Stone"]
        press(page, "2")
        assert keyed() == ["Apple", "Pear"]
        press(page, "2", "Enter")
        shown(page, two)
        press(page, "c", "Tab", "c", "Enter")
        saved(page)
    assert decided(session, 0) == ("done", [("apple", "accepted"), ("pear", "corrected")])
    assert decided(session, 1) == ("done", [("pear", "accepted"), ("apple", "corrected")])
    assert tabs.complaints == []


def test_what_is_drawn_where_models_see_something_is_called_what_they_take_it_for(tmp_path, tabs):
    seen = [Proposal("apple", Box(40, 30, 60, 44), 0.09, "detect/d-1", "label"),
            Proposal("stone", Box(16, 12, 48, 36), 0.04, "detect/d-1", "label", ("pear", "apple"))]  # fmt: skip
    session = Session(unlabelled(tmp_path, shots=1), hidden=lambda _: seen)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        assert titles(page) == []
        canvas = page.locator("#picture").bounding_box()
        scale = canvas["width"] / 64
        page.mouse.move(canvas["x"] + 20 * scale, canvas["y"] + 12 * scale)
        page.mouse.down()
        page.mouse.move(canvas["x"] + 48 * scale, canvas["y"] + 36 * scale)
        page.mouse.up()
        offered = page.locator("#chooser-list li:visible").all_inner_texts()
        assert [text.split()[1] for text in offered] == ["Stone", "Pear", "Apple"]
        press(page, "Enter")
        saved(page)
        assert titles(page) == ["Stone"]
        assert page.locator("#keyed .likely span").all_inner_texts() == ["Pear", "Apple"]
        press(page, "1", "Enter")
        saved(page)
    assert decided(session, 0) == ("done", [("pear", "drawn")])
    assert tabs.complaints == []


def test_a_click_takes_the_box_that_models_see_there_though_not_surely_enough_to_propose_it(tmp_path, tabs):
    proposed = Proposal("pear", Box(2, 3, 14, 13), 0.9, "detect/d-1", "label")
    seen = [Proposal("apple", Box(40, 30, 60, 44), 0.09, "detect/d-1", "label"),
            Proposal("stone", Box(16, 12, 48, 36), 0.04, "detect/d-1", "label", ("pear", "apple")),
            Proposal("stone", Box(1, 3, 14, 13), 0.03, "detect/d-1", "label")]  # fmt: skip
    session = Session(unlabelled(tmp_path, shots=1), proposals=lambda _: (proposed,), hidden=lambda _: seen)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        canvas = page.locator("#picture").bounding_box()
        scale = canvas["width"] / 64

        def click(x, y):
            page.mouse.click(canvas["x"] + x * scale, canvas["y"] + y * scale)

        click(60, 4)
        click(1.5, 4)  # what is seen there is the proposal
        assert titles(page) == ["Pear"]
        click(41.5, 31.5)  # two are seen there: its middle is nearer to that of the stone
        assert titles(page) == ["Pear", "Stone"]
        assert page.locator("#keyed .likely span").all_inner_texts() == ["Pear", "Apple"]
        click(60, 4)
        assert page.locator("#boxes li[aria-current=true]").count() == 0
        click(56, 41)
        assert titles(page) == ["Pear", "Stone", "Apple"]
        press(page, "u")
        saved(page)
        assert titles(page) == ["Pear", "Stone"]
        press(page, "Enter")
        saved(page)
    assert decided(session, 0) == ("done", [("stone", "drawn"), ("pear", "accepted")])
    assert tabs.complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_title_of_a_label_takes_one_line(tmp_path, browser, width):
    title = ("An endless title " * 40).strip()
    settings = SETTINGS_TEXT.replace("[taxonomy.labels]\n", f'[taxonomy.labels]\nendless = {{ title = "{title}" }}\n')
    (tmp_path / "toonvision.toml").write_text(settings)
    write_picture(tmp_path / "screenshots" / "garden" / "a.png", Shot("a", "garden", ()))
    seen = Proposal("endless", Box(2, 3, 18, 23), 0.8, "detect/d-1", "label", ("pear", "endless"))
    other = replace(seen, label="pear", box=Box(30, 8, 52, 33), others=("endless",))
    session = Session(open_workspace(tmp_path), proposals=lambda _: (other, seen))
    context = browser.new_context(viewport={"width": width, "height": 844})
    with served(session) as access:
        page = Tabs(context).open(access.url)
        shown(page, session.screenshots[0].id)
        assert titles(page) == ["Pear", title]
        press(page, "l")
        page.wait_for_selector("#chooser[open]")
        for place in ("#boxes .name", "#keyed button", "#chooser li"):
            boxes = [one.bounding_box() for one in page.locator(place).all()]
            assert boxes
            assert all(box["height"] < 50 and box["x"] + box["width"] <= width for box in boxes)
        assert page.locator("#chooser .name").first.get_attribute("title") == title
        tags = [one.text_content() for one in page.locator(".tag-text").all()]
        assert all(len(text) < 40 for text in tags)
        assert len(tags) == (2 if width > 900 else 1)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_overflows_and_buttons_work_by_touch(session, browser, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, has_touch=True)
    tabs = Tabs(context)
    first = session.screenshots[0].id
    session.put_in_order([first], why={first: "models and annotation differ"})
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, first)
        outside = page.evaluate(
            "() => [...document.querySelectorAll('header *, #actions *, #boxes *, #zoom *')].filter((one) => "
            "one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML)"
        )
        assert outside == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("#why").inner_text() == "not annotated · Garden · models and annotation differ"
        assert page.locator("#why").evaluate("(one) => one.scrollWidth <= one.clientWidth")
        page.locator("#actions button", has_text=re.compile("^Reject")).tap()
        page.locator("#actions button", has_text="Accept all").tap()
        shown(page, session.screenshots[1].id)
        saved(page)
        ink, paper = page.evaluate(
            "() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
        )
    light = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in (ink, paper)]
    assert (light[0] < light[1]) == (scheme == "light")
    assert len(session.sheet(session.screenshots[0].id).annotation.boxes) == 2
    assert tabs.complaints == []
    context.close()


def program(root, port):
    """Start the command in a process of its own; return it and its address."""
    command = [sys.executable, "-m", "toonvision", "label", "-w", str(root), "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_while_the_server_is_away_edits_are_kept_and_saved_when_it_is_back(tmp_path, tabs):
    workspace = unlabelled(tmp_path)
    port = free_port()
    process, url = program(tmp_path, port)
    page = tabs.open(url)
    shots = Session(workspace).screenshots
    shown(page, shots[0].id)
    fetched_ahead(page, shots[1].id)
    process.kill()
    process.communicate()
    press(page, "b", "Enter")
    page.wait_for_selector("#away:not([hidden])")
    assert "The server is away" in page.locator("#away").inner_text()
    shown(page, shots[1].id)  # which was fetched ahead
    press(page, "e")
    assert not workspace.annotations.joinpath("garden", "shot_00.xml").exists()
    process, again = program(tmp_path, port)
    assert again != url
    page.wait_for_function("() => document.getElementById('away').textContent.includes('started again')")
    tabs.open(again)
    saved(page)
    page.wait_for_selector("#away", state="hidden")
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    session = Session(workspace)
    assert decided(session, 0) == ("done", [("apple", "drawn")])
    assert decided(session, 1) == ("done", [])
    assert process.returncode == 0
    assert "2 of 4 screenshots reviewed, with 1 box; 2 left." in out
    assert "Traceback" not in err


def test_what_several_tabs_decided_while_the_server_was_away_is_saved_once_though_all_were_closed(tmp_path, tabs):
    workspace = unlabelled(tmp_path)
    port = free_port()
    process, url = program(tmp_path, port)
    shots = Session(workspace).screenshots
    one = tabs.open(url)
    shown(one, shots[0].id)
    two = tabs.open(url.split("?")[0])
    shown(two, shots[0].id)
    press(two, "n")
    shown(two, shots[1].id)
    fetched_ahead(two, shots[2].id)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=120)
    press(one, "b", "Enter")
    press(two, "m", "e")
    for page in (one, two):
        page.wait_for_selector("#away:not([hidden])")
    two.close()
    one.close()
    process, again = program(tmp_path, port)
    page = tabs.open(again)
    saved(page)
    shown(page, shots[3].id)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=120)
    session = Session(workspace)
    assert [decided(session, at) for at in range(4)] == [
        ("done", [("apple", "drawn")]), ("unsure", []), ("done", []), None,
    ]  # fmt: skip
    assert len(read_reviews(workspace.reviews)[0]) == 4


def test_a_proposed_context_stands_beside_the_title_and_is_accepted_by_a_key(session, tabs):
    picture = session.screenshots[0]
    house = ContextProposal("house", 0.93, picture.name, "")
    session = Session(session.workspace, contexts=lambda shot: house if shot == picture else None)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, picture.id)
        assert page.locator("#context").inner_text().split() == ["House?", "93", "%", "k"]
        press(page, "k")
        page.wait_for_selector("#context", state="hidden")
        assert "House" in page.locator("#why").inner_text()
        saved(page)
        assert session.context(picture.id) == "house"
        press(page, "u")
        page.wait_for_selector("#context", state="visible")
        page.click("#context")
        saved(page)
    assert session.context(picture.id) == "house"
    assert tabs.complaints == []


def in_no_context(root):
    """Make a workspace of one screenshot, which lies in no folder of a context."""
    workspace = unlabelled(root, shots=1)
    (picture,) = (root / "screenshots").rglob("*.png")
    picture.rename(root / "screenshots" / "bare.png")
    return workspace


def test_a_screenshot_in_no_context_says_so_and_a_key_chooses_one(tmp_path, tabs):
    workspace = in_no_context(tmp_path)
    session = Session(workspace)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        assert page.locator("#why").inner_text() == "not annotated · No context"
        assert page.locator("#filter-context").inner_text().split("\n") == [
            "All contexts",
            "Garden",
            "House",
            "No context",
        ]
        assert page.locator("#context").inner_text().split() == ["Choose", "a", "context", "k"]
        press(page, "e")
        page.wait_for_selector("text=toonvision extract leaves it out. Choose one (k)")
        assert decided(session, 0) is None
        press(page, "k")
        assert page.locator("#chooser-list .name").all_inner_texts() == ["Garden", "House"]
        press(page, "h", "o")
        page.wait_for_selector("#context", state="hidden")
        press(page, "e")
        saved(page)
    assert (decided(session, 0), session.context(session.screenshots[0].id)) == (("done", []), "house")
    assert extract(workspace).pictures_kept == 1
    assert tabs.complaints == []


def test_a_row_names_the_models_of_the_package_once_and_all_under_the_pointer(tmp_path, tabs):
    model = "suit/mine + the package's detector + the package's label"
    found = Proposal("apple", Box(2, 3, 18, 23), 0.8, model, "label")
    session = Session(unlabelled(tmp_path, shots=1), proposals=lambda _: (found,))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        row = page.locator("#boxes li")
        assert row.locator(".muted").inner_text().endswith("· suit/mine + the package's models")
        assert row.get_attribute("title") == f"Apple\n{model}"


def test_who_ends_the_review_of_a_screenshot_in_no_context_again_may(tmp_path, tabs):
    session = Session(in_no_context(tmp_path))
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "e", "e")
        saved(page)
    assert decided(session, 0) == ("done", [])


def test_a_key_ends_a_review_that_training_follows_once_a_person_agrees(session, tabs, monkeypatch):
    ended, out = [], io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    order = LabelOrder(browser=False, port=0, then=("kind", "label"))
    workspace = opened_workspace(session.workspace.root)
    thread = threading.Thread(target=lambda: ended.append(workspace.label(order).value), daemon=True)
    thread.start()
    while not out.getvalue().endswith("\n"):
        time.sleep(0.01)
    page = tabs.open(out.getvalue().strip())
    shown(page, session.screenshots[0].id)
    press(page, "T", "Enter")
    assert page.locator("#end").is_hidden()
    press(page, "e", "T")
    assert "train kind, label?" in page.locator("#end-text").inner_text()
    assert ended == []
    page.click("text=End and train")
    page.wait_for_selector("text=The review has ended.")
    thread.join(30)
    assert [one.reviewed for one in ended] == [1]
    assert decided(session, 0) == ("done", [])


def test_where_no_training_follows_the_key_says_how_one_would(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "T")
        assert "--then-train TASK" in page.locator("#message").inner_text()
        assert page.evaluate("() => fetch('/api/end', { method: 'POST', body: '{}' }).then((one) => one.status)") == 409


def test_what_a_moved_proposal_is_called_is_asked_before_another_screenshot_is_shown(tmp_path, tabs):
    found = [Proposal("fruit", Box(2, 3, 18, 23), 0.8, "detect/d-1", "kind", ("pear", "apple"))]
    session = Session(unlabelled(tmp_path, shots=2), proposals=lambda _: found)
    one, two = (shot.id for shot in session.screenshots)
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, one)
        fetched_ahead(page, two)
        press(page, "ArrowRight", "n")
        page.wait_for_selector("#chooser[open]")
        assert page.evaluate("() => document.body.dataset.shown") == one
        press(page, "p", "e")
        shown(page, two)
        saved(page)
    assert [(box.label, box.box) for box in session.sheet(one).annotation.boxes] == [("pear", Box(3, 3, 19, 23))]
    assert decided(session, 1) is None
    assert tabs.complaints == []


def test_nothing_is_decided_about_a_screenshot_before_its_picture_is_shown(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=3), proposals=proposed)
    one, two, _ = (shot.id for shot in session.screenshots)
    held = []
    with served(session) as access:
        page = tabs.context.new_page()
        page.route(f"**/pictures/{two}", lambda route: held.append(route))
        page.goto(access.url)
        shown(page, one)
        press(page, "Enter", "Enter", "a", "x")
        page.wait_for_selector("text=still loading")
        while not held:
            page.wait_for_timeout(10)
        held.pop().continue_()
        shown(page, two)
        saved(page)
        assert [decided(session, at) and decided(session, at)[0] for at in range(3)] == ["done", None, None]
        press(page, "Enter")
        saved(page)
    assert decided(session, 1)[0] == "done"


def test_a_picture_that_a_restarted_server_refuses_is_shown_once_its_address_was_opened(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=2), proposals=proposed)
    two = session.screenshots[1].id
    with served(session) as access:
        page = tabs.context.new_page()
        page.route(f"**/pictures/{two}", lambda route: route.fulfill(status=403, json={"error": "no"}))
        page.goto(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "n")
        page.wait_for_selector("#away:not([hidden])")
        assert "started again" in page.locator("#away").inner_text()
        page.unroute_all(behavior="wait")
        shown(page, two)
        page.wait_for_selector("#away", state="hidden")


def test_a_screenshot_that_the_server_no_longer_knows_is_asked_for_once(session, tabs):
    asked = []
    with served(session) as access:
        page = tabs.context.new_page()
        page.on("request", lambda request: "/api/rows" in request.url and asked.append(request.url))
        page.route("**/api/rows?*", lambda route: route.fulfill(json={"rows": []}))
        page.goto(access.url)
        page.wait_for_selector("text=no longer there")
        page.evaluate("async () => { for (let at = 0; at < 10; at++) await new Promise(requestAnimationFrame); }")
    assert len(asked) == 1


def test_the_list_is_that_of_the_filter_that_was_chosen_last(session, tabs):
    held = []
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        page.route("**/api/queue?state=empty*", lambda route: held.append(route))
        page.select_option("#filter-state", "empty")
        while not held:
            page.wait_for_timeout(10)
        with page.expect_response("**/api/queue?state=left*"):
            page.select_option("#filter-state", "left")
        with page.expect_event("requestfinished", lambda request: "state=empty" in request.url):
            held.pop().continue_()
        page.evaluate("() => new Promise(requestAnimationFrame)")
        assert page.locator("#count").inner_text() == "4 screenshots"
        assert page.locator("#title").inner_text() == session.screenshots[0].name


def test_each_undo_while_the_server_is_away_takes_one_decision_back(session, tabs):
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, session.screenshots[0].id)
        press(page, "a")
        saved(page)
        tabs.context.set_offline(True)
        press(page, "b")
        page.wait_for_selector("#away:not([hidden])")
        press(page, "u", "u")
        tabs.context.set_offline(False)
        saved(page)
    assert session.sheet(session.screenshots[0].id).annotation.boxes == ()


def test_a_click_on_a_box_that_keys_have_moved_leaves_it_there(tmp_path, tabs):
    session = Session(unlabelled(tmp_path, shots=1), proposals=proposed)
    (shot,) = session.screenshots
    first = proposed(shot)[0].box
    with served(session) as access:
        page = tabs.open(access.url)
        shown(page, shot.id)
        canvas = page.locator("#picture").bounding_box()
        scale = canvas["width"] / session.sheet(shot.id).annotation.size_wh[0]
        left, top, right, bottom = first.xyxy
        press(page, "ArrowRight")
        page.mouse.click(canvas["x"] + scale * (left + right) / 2, canvas["y"] + scale * (top + bottom) / 2)
        saved(page)
        page.wait_for_function("() => document.querySelectorAll('#boxes li:not(.proposal)').length === 1")
    (box,) = session.sheet(shot.id).annotation.boxes
    assert box.box == Box(left + 1, top, right + 1, bottom)
