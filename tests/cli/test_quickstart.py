"""One command from pictures to a report, and the page that opens in the browser."""

import webbrowser
from dataclasses import replace

import pytest

from builders import Shot, contents, small_shots, write_voc
from toonvision.training import recipes

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture
def quick(monkeypatch):
    """Let `compact` train for two epochs: what is tested is the way to the report, not the model."""
    monkeypatch.setattr(recipes, "_COMPACT", replace(recipes._COMPACT, epochs=2))


@pytest.fixture
def opened(monkeypatch):
    """The addresses that the web browser was asked to open."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_one_command_goes_from_pictures_to_a_report_and_a_second_call_reads_what_is_new(run, quick, opened, tmp_path):
    write_voc(tmp_path / "mine", small_shots())
    before = contents(tmp_path / "mine")
    folder = tmp_path / "game"
    first = run("quickstart", folder, "--from", tmp_path / "mine", "--open")
    assert first.code == 0, first.err
    report = folder / "runs" / "label" / "compact-1" / "report.html"
    assert opened == [report.resolve().as_uri()]
    assert f"Report: {report}" in first.out.replace("\n", "")
    assert f"Next: toonvision export label/compact-1 -w {folder}" in first.err.replace("\n", " ")
    assert "Objects: 24 read = 24 kept" in first.err

    write_voc(tmp_path / "mine", [*small_shots(), Shot("new", "garden", (("apple", (2, 2, 20, 20)),))])
    again = run("quickstart", folder, "--from", tmp_path / "mine", "--json")
    assert again.code == 0, again.err
    assert again.json["run"] == "label/compact-2"
    assert "Objects: 25 read = 25 kept" in again.err
    assert opened == [report.resolve().as_uri()], "a page is opened when asked for alone"
    assert {name: contents(tmp_path / "mine")[name] for name in before} == before, "sources are only read"


def test_quickstart_names_what_it_cannot_use_and_ends_with_three(run, quick, tmp_path):
    write_voc(tmp_path / "mine", small_shots())
    broken = next((tmp_path / "mine").rglob("*.png"))
    broken.write_bytes(b"no picture")
    outcome = run("quickstart", tmp_path / "game", "--from", tmp_path / "mine")
    assert outcome.code == 3
    assert broken.name in outcome.err
    assert (tmp_path / "game" / "runs" / "label" / "compact-1" / "report.html").is_file()


def test_quickstart_without_pictures_makes_nothing(run, tmp_path):
    outcome = run("quickstart", tmp_path / "game", "--from", tmp_path / "nowhere")
    assert outcome.code != 0
    assert "nowhere" in outcome.err
    assert not (tmp_path / "game").exists()
