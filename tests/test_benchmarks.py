"""The commands that the documentation prints beside its numbers, read from the documentation itself."""

import importlib
import json
import re
import shlex
from pathlib import Path

import measure
import pytest
import typer.main

from toonvision.cli.app import app

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHARED = {"measure", "sample_workspace", "tiny_search", "fuzz_process", "hostile_cases", "shown_window", "drawn_videos"}
SHARED |= {"hostile_annotations", "hostile_names", "hostile_pictures", "virtual_screen", "tracking_scores"}
SHARED |= {"drawn_ways"}
COMMAND = re.compile(r"`python (benchmarks/[\w/]+\.py)([^`]*)`")
PRINTED = sorted({found for page in PAGES for found in COMMAND.findall(page.read_text(encoding="utf-8"))})
TABLES = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def benchmark(script: str):
    return importlib.import_module(Path(script).stem)


@pytest.mark.parametrize(("script", "arguments"), PRINTED, ids=lambda value: value.strip().replace("/", " ") or "alone")
def test_a_printed_benchmark_takes_the_printed_arguments(script, arguments):
    assert (ROOT / script).is_file()
    benchmark(script).parser().parse_args(shlex.split(arguments))


@pytest.mark.parametrize("script", sorted({script for script, _ in PRINTED}), ids=lambda script: Path(script).stem)
def test_the_help_of_a_benchmark_says_how_to_run_it(script, capsys):
    with pytest.raises(SystemExit) as ended:
        benchmark(script).main(["--help"])
    assert ended.value.code == 0
    assert f"Run: python {script}" in capsys.readouterr().out


def test_every_benchmark_stands_in_the_table():
    scripts = {path for path in BENCHMARKS.rglob("*.py") if path.stem not in SHARED}
    printed = {ROOT / script for script, _ in COMMAND.findall(TABLES)}
    assert printed == scripts


def test_the_program_has_every_command_of_the_table():
    commands = [shlex.split(found) for found in re.findall(r"`toonvision ([a-z][^`]*)`", TABLES)]
    assert commands
    group = typer.main.get_command(app)
    with group.make_context("toonvision", ["runs"]) as context:
        for command in commands:
            name, verb, arguments = group.resolve_command(context, command)
            verb.make_context(name, arguments, parent=context)


def test_a_wrong_name_of_a_claim_is_refused_with_all_names(capsys):
    with pytest.raises(SystemExit):
        benchmark("export.py").parser().parse_args(["FOLDER", "latencies"])
    assert "choose from latency, network, throughput, start, size; got 'latencies'" in capsys.readouterr().err


def test_a_benchmark_that_starts_from_nothing_refuses_a_folder_that_exists(tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark("hostile_folder.py").main([str(tmp_path)])
    assert "name a new folder" in capsys.readouterr().err


def test_extraction_is_measured_and_its_result_is_written(tmp_path, own_workspace, monkeypatch, capsys):
    monkeypatch.setattr(measure, "RESULTS", tmp_path / "results")
    extraction = benchmark("extraction.py")
    monkeypatch.setattr(extraction, "sample_workspace", lambda _root, **_options: own_workspace)
    extraction.main([str(tmp_path), "--repetitions", "1"])
    assert "times as long as decoding once (12 screenshots)" in capsys.readouterr().out
    result = json.loads((tmp_path / "results" / "extraction.json").read_text(encoding="utf-8"))
    assert result["screenshots"] == 12
    assert result["measured_on"]["cores"] > 0


def test_reading_is_measured_for_every_format_and_its_result_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "RESULTS", tmp_path / "results")
    reading = benchmark("reading.py")
    reading.main([str(tmp_path), "--annotations", "20", "--repetitions", "1"])
    printed = capsys.readouterr().out
    result = json.loads((tmp_path / "results" / "reading.json").read_text(encoding="utf-8"))
    for kind in ("voc", "yolo", "coco", "coco-boxes"):
        assert kind in printed
        assert result[kind]["ratio"] > 0
        assert result[kind]["peak_mb"] > 1
