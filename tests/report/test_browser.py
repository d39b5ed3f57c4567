"""The pages in a real browser, where there is one: headless Chromium."""

import pytest

from report.browser import CHROMIUM, measured, opened
from report.made import evaluation_of, results_of
from toonvision.report.page import write_page
from toonvision.report.run import run_page
from toonvision.report.search import search_page
from tuning.made import plausible

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

MEASURE = """<script>
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const outside = [...document.querySelectorAll("main > section > .block, header > *")].filter(
  (one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
const block = [...document.querySelectorAll(".block")].find((one) => one.innerText.includes("Findings of"));
const table = block.querySelector("table");
table.tHead.querySelector("button").click();
const up = [...table.tBodies[0].rows].map((row) => row.cells[0].innerText).join(" ");
table.tHead.querySelector("button").click();
const down = [...table.tBodies[0].rows].map((row) => row.cells[0].innerText).join(" ");
document.querySelector(".card img").click();
const big = document.querySelector(".card").getBoundingClientRect();
const whole = big.left === 0 && Math.round(big.width) === document.documentElement.clientWidth;
document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
const closed = document.querySelectorAll(".zoom:checked").length;
const said = { wide, outside: outside.length, up, down, whole, closed };
document.body.innerHTML = `<p id="said">${Object.entries(said).map((pair) => pair.join("=")).join(";")}</p>`;
</script>"""

ROOM = """<script>
const width = document.documentElement.clientWidth;
const wide = document.documentElement.scrollWidth - width;
const outside = [...document.querySelectorAll("main > section > .block, header > *, pre, figure")].filter(
  (one) => one.getBoundingClientRect().right > width + 1).length;
const ground = getComputedStyle(document.querySelector("pre")).backgroundColor;
const pictures = [...document.querySelectorAll("img")].filter((one) => one.naturalWidth === 0 || !one.alt).length;
document.body.innerHTML = `<p id="said">wide=${wide};outside=${outside};missing=${pictures};pre=${ground}</p>`;
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    results = results_of(evaluation_of([[[6, 3, 1], [1, 19, 0], [0, 0, 10]]] * 2), findings=13, torn=True)
    return write_page(run_page(results), tmp_path_factory.mktemp("run")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def study_page(tmp_path_factory):
    return write_page(search_page(plausible(9)), tmp_path_factory.mktemp("study")).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_overflows_tables_sort_and_pictures_enlarge(page, tmp_path, width):
    said = measured(page, MEASURE, tmp_path, width)
    shots = [f"shot_{number}.xml" for number in range(13)]
    assert said == {
        "wide": "0", "outside": "0", "up": " ".join(shots), "down": " ".join(reversed(shots)), "whole": "true",
        "closed": "0",
    }  # fmt: skip


def test_the_page_runs_its_script_under_its_own_policy_without_a_complaint(page, tmp_path):
    done = opened(page, tmp_path, 1440)
    assert "CONSOLE" not in done.stderr
    assert 'title="Sort by this column"' in done.stdout


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_of_a_study_overflows_and_every_picture_is_there(study_page, tmp_path, width):
    assert measured(study_page, ROOM, tmp_path, width) == {
        "wide": "0", "outside": "0", "missing": "0", "pre": "rgb(255, 255, 255)",
    }  # fmt: skip


def test_a_study_is_whole_without_its_script(study_page, tmp_path):
    start, end = study_page.rsplit("<script>", 1)
    silent = start + end.split("</script>", 1)[1]
    done = opened(silent, tmp_path, 1440)
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<img") == study_page.count("<img") == 6
