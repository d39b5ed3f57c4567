"""The watching page in a real browser."""

import re
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from builders import scene
from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.frames import Frame
from toonvision.watch.loop import watch_frames
from toonvision.watch.page import PageOptions, watching_app
from toonvision.watch.shown import Shown
from toonvision.web.server import PageServer
from watch.standins import COG, ReadySource, ToldModels
from web.browser import Tabs, opened_browser


@pytest.fixture(scope="module")
def browser():
    with opened_browser() as opened:
        yield opened


class Live(ReadySource):
    """A source that shows a patchwork until it is told to end, and says that `every_s` lie between its frames."""

    def __init__(self, every_s, **more):
        super().__init__(100_000, wait_s=0.05, **more)
        self.every_s = every_s

    def frames(self, stop):
        picture = scene("page", (640, 360))
        for frame in super().frames(stop):
            yield Frame(frame.number, frame.number * self.every_s, picture, frame.taken)


@contextmanager
def watched(options=None, title="the game", models=None, every_s=0.05, **more):
    """A page over a watch that goes on."""
    models, end = models or ToldModels(), Event()
    shown = Shown(models, title)

    def watch():
        for frame in watch_frames(Live(every_s, **more), models):
            shown.see(frame)
            if end.is_set():
                break
        shown.close()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    with PageServer(watching_app(shown, options or PageOptions()), port=0, note=print).in_background() as access:
        try:
            yield access, end
        finally:
            end.set()
            thread.join(10)


def goes_on(page):
    """Wait until frames come."""
    page.wait_for_function("() => document.querySelectorAll('#overlay rect.box').length > 0")


def time_of(page):
    return page.locator("#time").inner_text()


@pytest.mark.parametrize(("width", "tag"), [(1440, r"1 Bb \d+ %"), (390, "1")])
def test_where_the_picture_is_narrow_the_tags_are_numbers_alone_which_the_list_names(browser, width, tag):
    context = browser.new_context(viewport={"width": width, "height": 900})
    tabs = Tabs(context)
    with watched(models=ToldModels(lambda _: COG)) as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        page.wait_for_function("() => document.querySelector('#tracks li .what')?.textContent === 'Bb'")
        assert re.fullmatch(tag, page.locator("#overlay text").first.text_content())
    assert tabs.complaints == []
    context.close()


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_page_shows_the_picture_who_is_there_and_charts_and_fits_into_the_window(browser, width, theme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    tabs = Tabs(context)
    with watched() as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        assert page.locator("#title").inner_text() == "the game"
        assert "Bb" in page.locator("#tracks li .what").first.inner_text()
        assert "Cog" in page.locator("#tracks li .more").first.inner_text()
        page.wait_for_function("() => document.querySelectorAll('#chart .scatterlayer .trace').length === 1")
        page.locator("#level").select_option("suit")
        page.wait_for_function("() => document.querySelector('#chart .legendtext')?.textContent === 'Bb'")
        page.wait_for_function("() => parseFloat(document.querySelector('#rate').textContent) > 0")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box, canvas = page.locator("#overlay").bounding_box(), page.locator("#picture").bounding_box()
        assert box == canvas, "boxes lie over the picture"
        hosts = {url.split("/")[2] for url in tabs.asked if "://" in url and not url.startswith(("data:", "blob:"))}
        assert hosts == {access.host}, "nothing comes from a network"
    assert tabs.complaints == []
    context.close()


def many(_):
    """Twelve Cogs in two rows, of which those outside reach beyond the picture."""
    places = [(-20.0 + 122 * (at % 6), -10.0 + 250 * (at // 6)) for at in range(12)]
    return tuple(FoundObject("cog", 0.9, (left, top, left + 70, top + 130)) for left, top in places)


def test_boxes_are_drawn_within_the_picture_and_many_objects_have_a_readable_scale(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    tabs = Tabs(context)
    with watched(models=ToldModels(find_at=many)) as (access, _):
        page = tabs.open(access.url)
        page.wait_for_function("() => document.querySelectorAll('#overlay rect.box').length === 12")
        edges = page.evaluate(
            "() => [...document.querySelectorAll('#overlay rect')].map(({ x, y, width, height }) =>"
            " [x, y, width, height].map((one) => one.baseVal.value))"
        )
        assert all(x >= 0 and y >= 0 and x + wide < 640.01 and y + high < 360.01 for x, y, wide, high in edges)
        page.wait_for_function("() => document.querySelector('#chart').layout?.yaxis.range[1] > 12")
        marks = page.locator("#chart .ytick text").all_text_contents()
        assert 2 < len(marks) < 9
        assert all(mark.isdigit() for mark in marks)
        page.close()
    assert tabs.complaints == []
    context.close()


def test_no_text_of_a_figure_hides_that_of_another(browser):
    crowd = [FoundObject("cog", 0.9, (5.0 + 3 * at, 30.0, 25.0 + 3 * at, 45.0)) for at in range(0, 12, 3)]
    context = browser.new_context()
    tabs = Tabs(context)
    with watched(models=ToldModels(find_at=lambda _: tuple(crowd))) as (access, _):
        page = tabs.open(access.url)
        page.wait_for_function("() => document.querySelectorAll('#overlay text').length >= 3")
        texts = page.evaluate(
            "() => [...document.querySelectorAll('#overlay text')]"
            ".map(one => one.previousSibling.getBoundingClientRect())"
            ".map(({left, right, top, bottom}) => [left, right, top, bottom])"
        )
    for at, (left, right, top, bottom) in enumerate(texts):
        for start, end, upper, lower in texts[:at]:
            assert right <= start or end <= left or bottom <= upper + 0.1 or lower <= top + 0.1
    assert tabs.complaints == []
    context.close()


def test_a_snapshot_waits_for_the_place_where_the_game_is_played(browser, tmp_path):
    kept = []

    def keep(image, context):
        kept.append(context)
        return tmp_path / context / "one.png", True

    context = browser.new_context()
    tabs = Tabs(context)
    with watched(PageOptions([("ttc", "Toontown Central"), ("dd", "Daisy Gardens")], "", keep)) as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        page.keyboard.press("s")
        page.wait_for_function("() => document.querySelector('#message').textContent.startsWith('Choose first')")
        assert kept == []
        page.locator("#context").select_option("ttc")
        page.keyboard.press("s")
        page.wait_for_function("() => document.querySelector('#message').textContent.startsWith('Kept as ttc/')")
        page.locator("#context").select_option("")
        for key in ("s", "ArrowDown", "ArrowDown", "Enter", "s"):
            page.keyboard.press(key)
        page.wait_for_function("() => document.querySelector('#message').textContent.startsWith('Kept as dd/')")
    assert kept == ["ttc", "dd"]
    assert tabs.complaints == []
    context.close()


def test_ways_are_drawn_under_the_boxes_and_can_be_switched_off_with_one_key(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    tabs = Tabs(context)
    with watched(models=ToldModels(street="a street")) as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        free = page.locator("#overlay rect.free").first
        assert page.locator("#overlay > g").first.get_attribute("class") == "ways"
        assert free.is_visible()
        page.keyboard.press("w")
        assert not free.is_visible()
        assert page.locator("#ways").get_attribute("aria-pressed") == "false"
        page.locator("#ways").click()
        assert free.is_visible()
        page.close()  # it would ask for the program that is gone, and complain
    with watched() as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        assert not page.locator("#ways").is_visible()
    assert tabs.complaints == []
    context.close()


def test_a_held_picture_stays_and_a_snapshot_of_it_is_kept_with_one_key(browser, tmp_path):
    kept = []

    def keep(image, context):
        kept.append((image.size, context))
        return tmp_path / "ttc" / "one.png", True

    options = PageOptions([("ttc", "Toontown Central"), ("dd", "Daisy Gardens")], "dd", keep)
    context = browser.new_context()
    tabs = Tabs(context)
    with watched(options) as (access, _):
        page = tabs.open(access.url)
        goes_on(page)
        page.keyboard.press("Space")
        page.wait_for_function("() => document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
        held = page.locator("#overlay").inner_html()
        page.wait_for_timeout(2_500)  # frames enough to forget it, were they asked for
        assert page.locator("#overlay").inner_html() == held
        page.keyboard.press("s")
        page.wait_for_function("() => document.querySelector('#message').textContent.startsWith('Kept as ttc/one.png')")
        assert kept == [((640, 360), "dd")]
        page.keyboard.press("Space")
        page.wait_for_function("held => document.querySelector('#overlay').innerHTML !== held", arg=held)
        page.locator("#pause").click()
        page.wait_for_function("() => document.querySelector('#pause').getAttribute('aria-pressed') === 'true'")
        page.keyboard.press("S")  # CapsLock
        page.wait_for_timeout(500)
        page.keyboard.press("Space")
        page.wait_for_function("() => document.querySelector('#pause').getAttribute('aria-pressed') === 'false'")
    assert len(kept) == 2
    assert tabs.complaints == []
    context.close()


def test_the_chart_shows_what_was_counted_while_the_picture_was_held(browser):
    last = "document.querySelector('#chart')?.data?.[0]?.x.at(-1)"
    context = browser.new_context()
    tabs = Tabs(context)
    with watched() as (access, _):
        page = tabs.open(access.url)
        page.wait_for_function(f"() => {last} >= 1")
        page.keyboard.press("Space")
        held = page.evaluate(last)
        while page.evaluate("async () => (await (await fetch('/history')).json()).at(-1).second") < held + 3:
            page.wait_for_timeout(200)
        page.keyboard.press("Space")
        page.wait_for_function(f"held => {last} > held + 4", arg=held)
        shown = page.evaluate("(({ x, y }) => ({ x, y }))(document.querySelector('#chart').data[0])")
        assert shown["x"] == list(range(len(shown["x"])))
        assert set(shown["y"]) == {1}
        page.close()
    assert tabs.complaints == []
    context.close()


def test_the_chart_of_a_source_that_is_slower_than_a_frame_a_second_does_not_say_that_nothing_was_there(browser):
    context = browser.new_context()
    tabs = Tabs(context)
    with watched(models=ToldModels(find_at=lambda _: COG), every_s=1.25) as (access, _):
        page = tabs.open(access.url)
        page.wait_for_function("() => document.querySelector('#chart')?.data?.[0]?.x.at(-1) > 20")
        shown = page.evaluate("(({ x, y }) => ({ x, y }))(document.querySelector('#chart').data[0])")
        assert set(shown["y"][2:]) == {1}  # a track begins with its second frame
        page.close()
    assert tabs.complaints == []
    context.close()


def test_a_source_that_shows_nothing_for_seconds_is_no_old_picture_without_a_word(browser):
    hidden = Event()
    context = browser.new_context()
    tabs = Tabs(context)
    with watched(before=lambda number: number == 20 and hidden.wait(60)) as (access, _):
        page = tabs.open(access.url)
        page.wait_for_function("() => document.querySelector('#away').textContent.startsWith('No new picture comes')")
        hidden.set()
        page.wait_for_selector("#away", state="hidden")
        page.close()
    assert tabs.complaints == []
    context.close()


def test_the_end_is_said_and_nothing_of_a_title_is_taken_for_html(browser):
    context = browser.new_context()
    tabs = Tabs(context)
    title = "<img src=x onerror=alert(1)>"
    with watched(title=title) as (access, end):
        page = tabs.open(access.url)
        goes_on(page)
        assert page.locator("#title").inner_text() == title
        end.set()
        page.wait_for_function("() => document.querySelector('#away').textContent.startsWith('This is the end')")
        assert page.locator("#away").inner_text() == "This is the end: nothing more comes."  # there may be no log
    assert tabs.complaints == []
    context.close()
