"""Each exit code, once, from the real program in a process of its own; 130 is in test_app.py."""

import json
import subprocess
import sys

from builders import contents, make_workspace, small_shots
from toonvision.core.folders import exclusive


def program(*arguments):
    """Run the program; give its exit code, the one JSON object that it printed, and its messages."""
    words = [sys.executable, "-m", "toonvision", *map(str, arguments), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_what_can_be_done_ends_with_0(small_workspace):
    code, told, err = program("runs", "-w", small_workspace.root)
    assert (code, told, err) == (0, {"runs": [], "findings": []}, "")


def test_every_json_result_lists_its_findings_which_of_a_set_without_any_are_none(small_workspace):
    code, told, _ = program("check", "-w", small_workspace.root)
    assert (code, told["faults"], told["findings"]) == (0, 0, [])


def test_what_is_done_but_for_some_items_ends_with_3(tmp_path):
    workspace = make_workspace(tmp_path / "mine", small_shots()[:2])
    (workspace.root / "screenshots" / "house" / "lonely.xml").write_text("<annotation/>")
    code, told, err = program("extract", "-w", workspace.root)
    assert (code, told["objects_kept"], len(told["findings"])) == (3, 4, 1)
    assert "skipped: house/lonely.xml: has no picture of its name" in err


def test_an_error_is_one_line_and_one_json_object_with_the_promised_code(own_workspace, tmp_path):
    root = own_workspace.root
    refused = own_workspace.runs / "label" / "bad"
    refused.mkdir(parents=True)
    for name in ("run.json", "model.json"):
        (refused / name).write_text('{"format": "of somebody else"}', encoding="utf-8")
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "toonvision.toml").write_text("taxonomy = 3", encoding="utf-8")
    before = contents(tmp_path)
    with exclusive(root, purpose="a test"):
        busy = program("split", "-w", root, "--name", "second")
    outcomes = {
        "a task of this taxonomy is one of label, kind; got 'suit'": (2, program("train", "suit", "-w", root)),
        f"{tmp_path / 'faulty' / 'toonvision.toml'}, line 1, taxonomy": (3, program("runs", "-w", tmp_path / "faulty")),
        f"{tmp_path / 'file' / 'mine'}: Not a directory": (4, program("init", tmp_path / "file" / "mine")),
        f"{root}: another process writes here (process": (5, busy),
        f"{refused / 'run.json'}: not the record of a run": (
            6,
            program("predict", "label/bad", "x.png", "-w", root),
        ),
    }
    for said, (code, (ended, told, err)) in outcomes.items():
        assert (ended, told) == (
            code,
            {"error": err.removeprefix("toonvision: ").removesuffix("\n"), "exit_code": code},
        )
        assert told["error"].startswith(said)
        assert err.count("\n") == 1
    assert contents(tmp_path) == before
