"""The page in a real browser, where there is one: headless Chromium."""

import re
import shutil
import subprocess

import pytest

from report.made import evaluation_of, results_of
from toonvision.report.assemble import build_contents
from toonvision.report.render import render_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
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


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    results = results_of(evaluation_of([[[6, 3, 1], [1, 19, 0], [0, 0, 10]]] * 2, grouped=False), findings=13)
    return render_report(build_contents(results, tmp_path_factory.mktemp("figures")))


def opened(text, folder, width):
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--enable-logging=stderr", f"--user-data-dir={folder}/profile", f"--window-size={width},900"]
    return subprocess.run(
        [*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, check=True, timeout=300
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_overflows_tables_sort_and_pictures_enlarge(page, tmp_path, width):
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    body, script = free.rsplit("<script>", 1)
    dom = opened(f"{body}<script>{script}".replace("</body>", f"{MEASURE}</body>"), tmp_path, width).stdout
    said = dict(pair.split("=", 1) for pair in re.search(r'id="said">(.*?)</p>', dom)[1].split(";") if pair)
    shots = [f"shot_{number}.xml" for number in range(13)]
    assert said == {
        "wide": "0", "outside": "0", "up": " ".join(shots), "down": " ".join(reversed(shots)), "whole": "true",
        "closed": "0",
    }  # fmt: skip


def test_the_page_runs_its_script_under_its_own_policy_without_a_complaint(page, tmp_path):
    done = opened(page, tmp_path, 1440)
    assert "CONSOLE" not in done.stderr
    assert 'title="Sort by this column"' in done.stdout
