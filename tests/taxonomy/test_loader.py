import tomllib
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import SETTINGS_TEXT, files_property, printable_labels, tried
from toonvision.core.errors import InputRejectedError
from toonvision.core.settings import read_settings
from toonvision.data.workspace import create_workspace, open_workspace
from toonvision.taxonomy.labels import PALETTE
from toonvision.taxonomy.loader import TaxonomyTable, infer


def load(text):
    return read_settings(Path("t.toml"), TaxonomyTable, text=text).build()


def folded(label):
    return unicodedata.normalize("NFC", label).casefold()


@given(labels=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_inferred_text_is_toml_that_holds_any_labels_in_their_order(labels):
    table = tomllib.loads(infer(labels))["taxonomy"]
    assert list(table["labels"].items()) == [(label, {"title": label}) for label in dict.fromkeys(labels)]
    assert table["tasks"] == {"label": "label"}


@files_property
@given(labels=st.lists(printable_labels(), min_size=1, max_size=6, unique_by=folded))
@example(labels=['<script>alert("1")</script>', "犬 'x' \\n"])
def test_an_inferred_taxonomy_opens_as_a_workspace_with_the_same_labels_and_any_context(tmp_path_factory, labels):
    root = tmp_path_factory.mktemp("inferred") / "workspace"
    create_workspace(root, taxonomy=infer(labels))
    taxonomy = open_workspace(root).taxonomy
    assert [label.name for label in taxonomy.labels] == labels
    assert [label.title for label in taxonomy.labels] == labels
    assert taxonomy.contexts == ()
    assert [category.name for category in taxonomy.level("label").classes] == labels
    assert [(task.name, task.level) for task in taxonomy.tasks] == [("label", "label")]


def test_a_detector_finds_each_of_few_labels_by_itself_and_of_many_objects_of_any():
    def inferred(count, **given):
        text = infer([*map(str, range(count))], **given)
        return TaxonomyTable.model_validate(tomllib.loads(text)["taxonomy"]).build()

    few, many = (inferred(count, has_boxes=True) for count in (8, 9))
    assert (few.task("detect").level, few.levels) == ("label", ())
    assert many.task("detect").level == "kind"
    assert [category.name for category in many.level("kind").classes] == ["object"]
    assert many.task("label").level == "label"
    assert inferred(9).levels == ()


def test_classes_that_are_not_listed_come_from_the_labels_in_their_order():
    taxonomy = load('[levels.kind]\n[labels]\na = {kind = "y"}\nb = {kind = "x"}\nc = {kind = "y"}\nd = {}\n')
    level = taxonomy.level("kind")
    assert [(c.name, c.title) for c in level.classes] == [("y", "y"), ("x", "b")]
    assert [(task.name, task.level) for task in taxonomy.tasks] == [("kind", "kind")]


def test_without_levels_each_label_is_a_class_of_the_one_task():
    taxonomy = load("[labels]\na = {}\nb = {title = 'B'}\n")
    assert [(task.name, task.level) for task in taxonomy.tasks] == [("label", "label")]
    assert [category.title for category in taxonomy.level("label").classes] == ["a", "B"]


def test_classes_of_pixels_have_the_order_and_the_colours_that_are_written():
    taxonomy = load(
        "tasks.t = {level = 'pixel', kind = 'segment'}\n[labels]\na = {}\n[pixels]\nx = {color = '#112233'}\ny = {}"
    )
    level = taxonomy.level("pixel")
    assert [(one.name, one.color) for one in level.classes] == [("x", "#112233"), ("y", PALETTE[1])]
    assert [(task.level, task.kind) for task in taxonomy.tasks] == [("pixel", "segment")]
    assert taxonomy.without({"b"}).tasks == taxonomy.tasks
    assert taxonomy.digest == replace(taxonomy, pixels=()).digest


BAD = {
    "level": ('[levels.kind]\n[labels]\na = {kidn = "x"}', "label 'a' names the level 'kidn'", "Did you mean kind?"),
    "class": (
        '[levels.kind.classes.cog]\n[labels]\na = {kind = "cogg"}',
        "label 'a' has kind 'cogg', which is not among ['cog']",
        "Did you mean cog?",
    ),
    "task": ("tasks.t = 'suit'\n[labels]\na = {}", "task 't' predicts the level 'suit'", "not among ['label']"),
    "no labels": ("[labels]\n", "line 1, labels: Dictionary should have at least 1 item", "got {}"),
    "kind of task": (
        'tasks.t = {level = "label", kind = "zz"}\n[labels]\na = {}',
        "tasks.t.kind: a kind of task is one of classify, detect, segment. Got 'zz'. Correct",
        "",
    ),
    "labels missing": ('name = "x"', "labels: Field required", ""),
    "reserved level": ("[levels.title]\n[labels]\na = {}", "line 1, levels: a level cannot be called 'title'", ""),
    "case": ("[labels]\nCat = {}\ncat = {}", "the labels 'Cat' and 'cat' differ by case or Unicode form alone", ""),
    "Unicode form": ('[labels]\n"é" = {}\n"e\u0301" = {}', r"'\xe9' and 'e\u0301' differ by", ""),
    "long title": (f"[labels]\na = {{title = '{'x' * 1001}'}}", "has 1,001 characters; at most 1,000 are", "xxx"),
    "title of two lines": (
        '[levels.kind.classes.cog]\ntitle = "a\\nb"\n[labels]\na = {kind = "cog"}',
        "has the control character '\\n'; none is allowed",
        "'a\\nb'",
    ),
    "name": ('name = "\\u001b[31m"\n[labels]\na = {}', "has the control character '\\x1b'; none is", "'\\x1b[31m'"),
    "colour": (
        "[labels]\na = {}\n[contexts]\nttc = {color = 'red'}",
        "line 4, contexts.ttc.color: String should match pattern",
        "got 'red'",
    ),
    "target": ("[labels]\na = {}\n[targets]\nper_label = -1", "line 4, targets.per_label: ", "got -1"),
    "pixels without names": (
        'tasks.t = {level = "pixel", kind = "segment"}\n[labels]\na = {}',
        "predicts the level 'pixel'",
        "['label']",
    ),
    "pixels of another kind": (
        'tasks.t = {level = "pixel"}\n[labels]\na = {}\n[pixels]\nx = {}\ny = {}',
        "a task of the kind segment has the level pixel, and no other kind has",
        "the kind 'classify'",
    ),
    "one class of pixels": ("[labels]\na = {}\n[pixels]\nx = {}", "masks have 2 to 255 classes of pixels", "got 1"),
    "reserved level of pixels": ("[levels.pixel]\n[labels]\na = {}", "a level cannot be called 'pixel'", ""),
    "unknown key": ("[labels]\na = {}\n[context]\n", "line 3, context: Extra inputs are not permitted", ""),
    "class is a number": ("[levels.kind]\n[labels]\na = {kind = 3}", "line 3, labels.a.kind: Input should be", "got 3"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_taxonomy_is_refused_with_file_rule_and_what_came(name):
    text, rule, received = BAD[name]
    with pytest.raises(InputRejectedError) as caught:
        load(text)
    message = str(caught.value)
    assert message.startswith("t.toml")
    assert rule in message
    assert received in message
    assert message.endswith("Correct this key and run again.")


def test_a_bad_taxonomy_in_a_workspace_names_the_workspaces_file_and_line(tmp_path):
    (tmp_path / "toonvision.toml").write_text(SETTINGS_TEXT.replace("per_label = 10", "per_label = 'ten'"))
    with pytest.raises(InputRejectedError) as caught:
        open_workspace(tmp_path)
    line = SETTINGS_TEXT.splitlines().index("per_label = 10") + 1
    assert f"{tmp_path / 'toonvision.toml'}, line {line}, taxonomy.targets.per_label: " in str(caught.value)
    assert "got 'ten'" in str(caught.value)


@given(
    text=st.lists(
        st.sampled_from(
            [
                "[labels]\n",
                "a",
                "={}\n",
                "b.kind='x'\n",
                "[levels.kind]\n",
                "tasks.t=",
                "'kind'\n",
                "[",
                "]",
                "=",
                "\n",
                "1",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_any_text_is_a_taxonomy_or_refused(text):
    taxonomy, error = tried(InputRejectedError, load, text)
    if error:
        assert str(error).startswith("t.toml")
    else:
        assert taxonomy.labels
        assert taxonomy.tasks


def test_heights_belong_to_labels():
    assert load("[labels]\na = {}\nb = {}\n[heights]\nb = 1.5\n").heights == {"b": 1.5}
    with pytest.raises(
        InputRejectedError, match=r"heights names the label 'king', which is not among the labels\. Did"
    ):
        load("[labels]\nkings = {}\n[heights]\nking = 1.5\n")
    with pytest.raises(InputRejectedError, match="greater than 0"):
        load("[labels]\na = {}\n[heights]\na = 0\n")


def test_heights_change_nothing_about_what_a_model_means():
    plain, high = load("[labels]\na = {}\n"), load("[labels]\na = {}\n[heights]\na = 2\n")
    assert plain.digest == high.digest
