import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SETTINGS_TEXT, contents, files_property, make_workspace, small_shots, tree, tried, write_voc
from toonvision.core.errors import InputRejectedError, ToonVisionError, UsageError
from toonvision.data.extraction import extract
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.taxonomy.labels import Task


def settings_of(root):
    return tomllib.loads((root / "toonvision.toml").read_text(encoding="utf-8"))


def test_the_settings_add_contexts_to_any_taxonomy(tmp_path):
    workspace = make_workspace(tmp_path, [])
    settings = tmp_path / "toonvision.toml"
    settings.write_text(settings.read_text() + '\n[contexts]\n"my pics" = {}\nhouse = { title = "Home" }\n')
    assert [one.title for one in open_workspace(tmp_path).taxonomy.contexts] == ["Garden", "Home", "my pics"]
    settings.write_text('taxonomy = "toontown"\n[contexts]\nhq = {}\n')
    built_in = open_workspace(tmp_path).taxonomy
    assert [one.name for one in built_in.contexts] == ["br", "dd", "ddl", "dg", "mml", "ttc", "hq"]
    assert len({one.color for one in built_in.contexts}) == 7
    assert built_in.labels != workspace.taxonomy.labels


def test_a_new_workspace_has_settings_and_a_place_for_screenshots(tmp_path):
    workspace = create_workspace(tmp_path / "w", taxonomy="toontown", size_hw=(96, 48))
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == ["screenshots", "toonvision.toml"]
    assert workspace == open_workspace(tmp_path / "w")
    assert workspace.size_hw == (96, 48)
    assert workspace.resize == "stretch"
    assert len(workspace.taxonomy.labels) == 43
    assert [(source.key, source.format) for source in workspace.sources] == [("screenshots", "voc")]


def test_the_folders_of_a_workspace_lie_in_it(tmp_path):
    workspace = create_workspace(tmp_path / "w", taxonomy="toontown")
    folders = [workspace.crops, workspace.cache, workspace.figures, workspace.masks, workspace.runs]
    assert [folder.name for folder in folders] == ["crops", "cache", "figures", "masks", "runs"]
    assert {folder.parent for folder in folders} == {workspace.root}


def test_a_workspace_is_never_overwritten(tmp_path):
    create_workspace(tmp_path, taxonomy="toontown")
    before = tree(tmp_path)
    with pytest.raises(UsageError, match="exists already; nothing was changed"):
        create_workspace(tmp_path, taxonomy="toontown", size_hw=(32, 32))
    assert tree(tmp_path) == before


def test_a_source_is_recorded_by_its_relative_path_and_nothing_is_copied(tmp_path):
    source = tmp_path / "my pictures"
    write_voc(source, small_shots()[:3])
    before = tree(source)
    workspace = create_workspace(
        tmp_path / "a" / "w", taxonomy=SETTINGS_TEXT.partition("\n\n")[2], source=("voc", source)
    )
    assert settings_of(workspace.root)["sources"] == [{"format": "voc", "path": "../../my pictures"}]
    assert [path.name for path in workspace.root.iterdir()] == ["toonvision.toml"]
    assert extract(workspace).pictures_kept == 3
    assert tree(source) == before


def test_workspace_and_source_can_be_moved_together(tmp_path):
    write_voc(tmp_path / "here" / "pictures", small_shots()[:3])
    text = SETTINGS_TEXT.partition("\n\n")[2]
    made = create_workspace(tmp_path / "here" / "w", taxonomy=text, source=("voc", tmp_path / "here" / "pictures"))
    extract(made)
    before = contents(made.crops)
    (tmp_path / "here").rename(tmp_path / "there")
    moved = open_workspace(tmp_path / "there" / "w")
    summary = extract(moved)
    assert (summary.pictures_unchanged, summary.crops_new) == (3, 0)
    assert contents(moved.crops) == before


names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=20)


@files_property
@given(name=names.filter(lambda name: name not in {".", ".."} and len(name.encode()) < 200))
def test_a_source_of_any_name_is_found_again(tmp_path_factory, name):
    base = tmp_path_factory.mktemp("named")
    (base / name).mkdir()
    workspace = create_workspace(base / "w", taxonomy="toontown", source=("voc", base / name)) if name != "w" else None
    if workspace:
        assert workspace.sources[0].root.samefile(base / name)


def test_a_source_whose_path_is_not_unicode_is_refused_before_anything_is_written(tmp_path):
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    source.mkdir()
    with pytest.raises(UsageError, match="the path is not Unicode text"):
        create_workspace(tmp_path / "w", taxonomy="toontown", source=("voc", source))
    assert not (tmp_path / "w").exists()


def test_a_folder_without_settings_is_no_workspace(tmp_path):
    with pytest.raises(UsageError, match=r"not a workspace, it has no toonvision\.toml\. Make one: toonvision init"):
        open_workspace(tmp_path)
    (tmp_path / "toonvision.toml").mkdir()
    with pytest.raises(
        InputRejectedError, match=r"toonvision\.toml: is no regular file\. Move it away, then run: toonv"
    ):
        open_workspace(tmp_path)


@pytest.mark.parametrize(
    "taxonomy", ["toontwon", "../labels.toml", "[taxonomy.labels]\n", "not TOML\n", "[image]\nx=1\n"]
)
def test_a_taxonomy_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path, taxonomy):
    with pytest.raises(ToonVisionError):
        create_workspace(tmp_path / "w", taxonomy=taxonomy)
    assert not (tmp_path / "w").exists()


def test_an_impossible_size_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputRejectedError, match=r"image\.height: Input should be greater than or equal to 16; got 4"):
        create_workspace(tmp_path / "w", taxonomy="toontown", size_hw=(4, 32))
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("taxonomy = 'toontown'\n[imag]\nheight = 3\n", "line 2, imag: Extra inputs are not permitted"),
        ("[image]\nresize = 'crop'\n", "line 2, image.resize: Input should be 'stretch' or 'letterbox'; got 'crop'"),
        ("[image]\nheight = 30.5\n", "line 2, image.height: Input should be a valid integer"),
        ("[[sources]]\nformat = 'xml'\npath = 'a'\n", "line 2, sources.0.format: Input should be 'voc', 'yolo'"),
        ("[[sources]]\nformat = 'voc'\npath = ''\n", "line 3, sources.0.path: String should have at least 1 character"),
        ("[targets]\nper_label = -3\n", "line 2, targets.per_label: "),
        ("taxonomy = 3\n", "line 1, taxonomy: "),
    ],
)
def test_bad_settings_are_refused_with_file_line_key_rule_and_what_came(tmp_path, text, words):
    (tmp_path / "toonvision.toml").write_text(text)
    with pytest.raises(InputRejectedError) as caught:
        open_workspace(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'toonvision.toml'}, {words}")


@pytest.mark.parametrize("again", ["pictures", "./pictures", "../w/pictures", "pictures/"])
def test_a_source_that_is_named_twice_is_refused(tmp_path, again):
    root = tmp_path / "w"
    (root / "pictures").mkdir(parents=True)
    text = f"[[sources]]\nformat='voc'\npath='pictures'\n[[sources]]\nformat='voc'\npath='{again}'\n"
    (root / "toonvision.toml").write_text(text)
    with pytest.raises(InputRejectedError, match="are one folder"):
        open_workspace(root)


def test_the_workspaces_own_screenshots_cannot_be_a_source_too(tmp_path):
    (tmp_path / "screenshots").mkdir()
    (tmp_path / "toonvision.toml").write_text("[[sources]]\nformat='yolo'\npath='screenshots'\n")
    with pytest.raises(InputRejectedError, match="are one folder"):
        open_workspace(tmp_path)


def test_targets_of_the_settings_replace_those_of_the_taxonomy(tmp_path):
    (tmp_path / "toonvision.toml").write_text("taxonomy = 'toontown'\n[targets]\nper_label = 3\nper_context = 1\n")
    taxonomy = open_workspace(tmp_path).taxonomy
    assert (taxonomy.targets.per_label, taxonomy.targets.per_context) == (3, 1)


def test_a_taxonomy_may_lie_in_a_file_of_the_workspace_but_not_outside(tmp_path):
    root = tmp_path / "w"
    root.mkdir()
    for folder in (root, tmp_path):
        (folder / "labels.toml").write_text("[labels]\na = {}\nb = {}\n")
    (root / "toonvision.toml").write_text("taxonomy = 'labels.toml'\n")
    assert [label.name for label in open_workspace(root).taxonomy.labels] == ["a", "b"]
    (root / "toonvision.toml").write_text("taxonomy = '../labels.toml'\n")
    with pytest.raises(InputRejectedError, match="leads out of its folder"):
        open_workspace(root)


DERIVED = ["crops", "cache", "figures", "runs", "runs/kind", "runs/kind/one", "runs/kind/one/figures", "studies",
           "studies/kind/one", "splits", "anything/else"]  # fmt: skip


@pytest.mark.parametrize("name", [*DERIVED, "catalog.sqlite"])
def test_a_link_where_we_write_is_refused_and_nothing_is_written_behind_it(tmp_path, name):
    (tmp_path / "outside").mkdir()
    link = make_workspace(tmp_path / "w", small_shots()[:1]).root / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "outside" / ("new.sqlite" if name == "catalog.sqlite" else ""))
    with pytest.raises(InputRejectedError, match="is a link; what is derived is only written inside the workspace"):
        open_workspace(tmp_path / "w")
    assert contents(tmp_path / "outside") == {}


def test_links_where_we_only_read_are_nobodys_business(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    workspace = make_workspace(tmp_path / "w", small_shots()[:1])
    (tmp_path / "readme").write_text("mine")
    for name in (".git", "masks", "screenshots/more"):
        (workspace.root / name).symlink_to(outside)
    (workspace.root / "README").symlink_to(tmp_path / "readme")
    open_workspace(workspace.root)


@pytest.mark.parametrize("name", ["crops", "splits", "runs/kind", "studies"])
def test_a_source_where_we_write_is_refused(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    (tmp_path / "toonvision.toml").write_text(f"[[sources]]\nformat='voc'\npath='{name}'\n")
    with pytest.raises(InputRejectedError, match="a source cannot lie in .*, which is written by us"):
        open_workspace(tmp_path)
    (tmp_path / "toonvision.toml").unlink()
    with pytest.raises(InputRejectedError, match="a source cannot lie in .*, which is written by us"):
        create_workspace(tmp_path, taxonomy="toontown", source=("voc", tmp_path / name))
    assert not (tmp_path / "toonvision.toml").exists()


def test_reading_before_an_extraction_says_what_to_run(tmp_path):
    workspace = make_workspace(tmp_path, small_shots()[:1])
    with (
        pytest.raises(InputRejectedError, match="there are no crops yet. Run: toonvision extract"),
        workspace.reading(),
    ):
        pass


PIECES = """[image]|[[sources]]|[taxonomy]|[taxonomy.labels]|height = 32|a = {}|format = 'voc'|path = 'x'|[targets]
path = "\\u0000"|taxonomy = 'toontown'|per_label = 3|name = 'x'|x|= 1|[taxonomy.levels.kind]|label = 'label'"""
pieces = st.sampled_from([f"{piece}\n" for piece in PIECES.replace("\n", "|").split("|")])


@files_property
@given(text=st.lists(pieces, max_size=8).map("".join))
def test_any_settings_open_or_are_refused(tmp_path_factory, text):
    root = tmp_path_factory.mktemp("any")
    (root / "toonvision.toml").write_text(text)
    workspace, error = tried(ToonVisionError, open_workspace, root)
    assert error or workspace.taxonomy.labels


def test_a_source_whose_path_cannot_be_one_is_refused_in_words(tmp_path):
    (tmp_path / "toonvision.toml").write_text("[[sources]]\nformat = 'voc'\npath = \"a\\u0000b\"\n")
    with pytest.raises(InputRejectedError, match=r"sources\.0\.path: a path has no zero byte; got 'a\\x00b'\. Correct"):
        open_workspace(tmp_path)


def test_tasks_can_be_added_to_any_taxonomy_and_a_level_that_there_is_not_is_refused(tmp_path):
    (tmp_path / "toonvision.toml").write_text(
        'taxonomy = "toontown"\n[tasks]\nfind-suits = { level = "suit", kind = "detect" }\nsuit = "entity"\n'
    )
    taxonomy = open_workspace(tmp_path).taxonomy
    assert taxonomy.task("find-suits") == Task("find-suits", "suit", "detect")
    assert taxonomy.task("suit").level == "entity"
    assert taxonomy.task("detect").level == "kind"
    (tmp_path / "toonvision.toml").write_text('taxonomy = "toontown"\n[tasks]\nfind = { level = "suits" }\n')
    with pytest.raises(InputRejectedError, match="tasks: a level is one of kind, .*; got 'suits'"):
        open_workspace(tmp_path)
    (tmp_path / "toonvision.toml").write_text('taxonomy = "toontown"\n[tasks]\n"a/b" = "suit"\n')
    with pytest.raises(InputRejectedError, match="must be made of letters"):
        open_workspace(tmp_path)
