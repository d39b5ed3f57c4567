import re
import tomllib
from pathlib import Path

import pytest

from toonvision.cli.app import app
from toonvision.data.workspace import WorkspaceTable, open_workspace
from toonvision.taxonomy.loader import TaxonomyTable

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
VERBS = {command.callback.__name__ for command in app.registered_commands if command.callback}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_is_one_that_the_program_has(page):
    shown = set(re.findall(r"^\$ toonvision (\w+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert shown <= VERBS


def test_the_readme_holds_exactly_two_commands_to_run_on_a_fresh_machine():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert blocks[0].strip().endswith("toonvision demo")
    assert "pytest" in blocks[1]


def test_the_readme_names_the_versions_of_python_that_are_supported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert project["requires-python"] == f">={versions[0]},<3.{int(versions[-1].removeprefix('3.')) + 1}"
    assert f"Python {', '.join(versions[:-1])} or {versions[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_labels_of_another_game_that_are_shown_are_a_taxonomy_that_finds_and_names():
    blocks = [
        re.search(r"^```toml\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)[1]
        for page in ("README.md", "docs/labelling.md")
    ]
    assert blocks[0] == blocks[1]
    taxonomy = TaxonomyTable.model_validate(tomllib.loads(blocks[0])).build()
    assert [(task.name, task.kind) for task in taxonomy.tasks] == [("label", "classify"), ("detect", "detect")]


def test_the_settings_shown_in_the_documentation_are_valid(tmp_path):
    page = (ROOT / "docs" / "workspace.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    for block in blocks:
        WorkspaceTable.model_validate(tomllib.loads(block))
    (tmp_path / "toonvision.toml").write_text(blocks[-2], encoding="utf-8")
    chess = open_workspace(tmp_path).taxonomy
    assert [task.name for task in chess.tasks] == ["colour", "piece", "everything", "find"]
    assert [piece.name for piece in chess.level("piece").classes] == ["king", "pawn"]
