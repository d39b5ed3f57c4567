import json
import re
import tomllib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Shot, make_workspace, printable_labels, small_shots, write_voc
from toonvision.api.workspace import create
from toonvision.api.workspace import open_workspace as opened
from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Outline
from toonvision.data.check import check_screenshots
from toonvision.data.extraction import extract
from toonvision.data.formats import layout
from toonvision.data.label_rules import LabelRules
from toonvision.data.trainable import untrainable
from toonvision.data.unknown_labels import Vocabulary, unknown_labels
from toonvision.data.workspace import WorkspaceTable, open_workspace
from toonvision.taxonomy.loader import built_in


def reading_of(root):
    shots = [
        Shot("a", "garden", (("apple", (1, 2, 20, 30)), ("pear", (30, 10, 60, 40)), ("Apple", (5, 5, 50, 45)))),
        Shot("b", "house", (("stone", (10, 10, 40, 40)),)),
    ]
    write_voc(root, shots)
    return layout.read("voc", root)


def test_an_ignored_label_is_left_out_and_counted_and_the_others_keep_their_numbers(tmp_path):
    reading = LabelRules.of(["apple", "stone"]).applied(reading_of(tmp_path))
    assert [[(one.number, one.label) for one in picture.objects] for picture in reading.pictures] == [
        [(2, "pear"), (3, "Apple")], []
    ]  # fmt: skip
    assert [(picture.object_count, picture.ignored) for picture in reading.pictures] == [(2, 1), (0, 1)]
    assert [str(finding) for finding in reading.findings] == [
        "label 'apple': 1 object is left out, as [labels] ignore says",
        "label 'stone': 1 object is left out, as [labels] ignore says",
    ]
    assert not any(finding.skips for finding in reading.findings)


def test_spellings_are_read_as_the_label_that_is_kept(tmp_path):
    reading = LabelRules.of(same={"fruit": ["apple", "Apple", "pear"]}).applied(reading_of(tmp_path))
    assert [[(one.number, one.label) for one in picture.objects] for picture in reading.pictures] == [
        [(1, "fruit"), (2, "fruit"), (3, "fruit")], [(1, "stone")]
    ]  # fmt: skip
    assert [finding.item for finding in reading.findings] == ["label 'Apple'", "label 'apple'", "label 'pear'"]


def test_spellings_of_outlines_are_read_as_the_label_that_is_kept(tmp_path):
    reading = reading_of(tmp_path)
    outlined = reading.pictures[0]._replace(outlines=(Outline("Apple", [[]]), Outline("pear", [[]])))
    applied = LabelRules.of(same={"apple": "Apple"}).applied(replace(reading, pictures=(outlined,)))
    assert [one.label for one in applied.pictures[0].outlines] == ["apple", "pear"]


def test_without_rules_a_reading_is_as_it_was(tmp_path):
    reading = reading_of(tmp_path)
    assert LabelRules().applied(reading) == LabelRules.of(["duck"]).applied(reading) == reading


@given(
    ignore=st.sets(printable_labels().map(lambda label: f"i{label}"), max_size=3),
    same=st.dictionaries(
        printable_labels().map(lambda label: f"k{label}"),
        st.sets(printable_labels().map(lambda label: f"s{label}"), min_size=1, max_size=3),
        max_size=3,
    ),
)
def test_rules_are_written_into_the_settings_and_read_again(ignore, same):
    spellings = [spelling for those in same.values() for spelling in those]
    if len(set(spellings)) < len(spellings):
        with pytest.raises(ValueError, match="is a spelling of both"):
            LabelRules.of(ignore, same)
        return
    rules = LabelRules.of(ignore, same)
    assert WorkspaceTable.model_validate(tomllib.loads(rules.text())).labels.build() == rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[labels]\nignore = ['cat']\n[labels.same]\ncat = ['Cat']\n", "3, labels.same: 'cat' is among ignore too"),
        ("[labels]\nignore = ['Cat ']\n[labels.same]\ncat = ['Cat']\n", "3, labels.same: 'Cat' is among ignore too"),
        ("[labels.same]\ncat = ['x']\ndog = ['x']\n", "1, labels.same: 'x' is a spelling of both 'cat' and 'dog'"),
        ("[labels.same]\ncat = ['Cat']\nCat = ['C']\n", "1, labels.same: 'Cat' is kept, and a spelling of 'cat'"),
        ("[labels]\nignore = ['  ']\n", "2, labels.ignore.0: a label has no label"),
        ("[labels]\nignore = 'bird'\n", "2, labels.ignore: Input should be a valid tuple"),
        ("[labels.same]\ncat = []\n", "2, labels.same.cat: Tuple should have at least 1 item"),
        ("[labels]\nignored = ['bird']\n", "2, labels.ignored: Extra inputs are not permitted"),
    ],
)
def test_rules_that_contradict_each_other_are_refused_with_line_key_and_repair(tmp_path, text, words):
    (tmp_path / "toonvision.toml").write_text(text)
    with pytest.raises(InputRejectedError) as caught:
        open_workspace(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'toonvision.toml'}, line {words}")
    assert str(caught.value).endswith("Correct this key and run again.")


def test_blanks_around_a_spelling_and_the_label_itself_among_its_spellings_do_not_matter(tmp_path):
    (tmp_path / "toonvision.toml").write_text("[labels.same]\n'toon_dog ' = ['Dog ', 'toon_dog']\n")
    assert open_workspace(tmp_path).label_rules == LabelRules.of(same={"toon_dog": ["Dog"]})


def with_rules(workspace, text):
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f"{text}\n{settings.read_text(encoding='utf-8')}", encoding="utf-8")
    return open_workspace(workspace.root)


def test_an_extraction_after_the_settings_were_edited_removes_the_crops_of_an_ignored_label(tmp_path):
    workspace = make_workspace(tmp_path)
    extract(workspace)
    changed = with_rules(workspace, "[labels]\nignore = ['stone']")
    assert any(finding.code == "stale" for finding in check_screenshots(changed, changed.known()).faults)
    summary = extract(changed)
    assert (summary.objects_read, summary.objects_kept, summary.crops_removed) == (16, 16, 8)
    assert [finding.item for finding in summary.findings] == ["label 'stone'"]
    assert sorted({crop.label for crop in changed.known().crops}) == ["apple", "pear"]
    checked = check_screenshots(changed, changed.known())
    assert (checked.faults, checked.doubts) == ((), ())


def test_classes_levels_and_tasks_that_only_ignored_labels_have_are_gone_from_the_taxonomy(tmp_path):
    workspace = with_rules(make_workspace(tmp_path), "[labels]\nignore = ['stone']")
    assert [one.name for one in workspace.taxonomy.level("kind").classes] == ["fruit"]
    assert [one.name for one in workspace.taxonomy.level("label").classes] == ["apple", "pear"]
    cogs = {label.name for label in built_in("toontown").labels if "suit" in label.classes}
    toons = built_in("toontown").without(cogs)
    assert [level.name for level in toons.levels] == ["kind", "animal"]
    assert [task.name for task in toons.tasks] == ["binary", "animal", "label", "detect", "street"]


def test_settings_that_leave_out_every_label_are_refused(tmp_path):
    workspace = make_workspace(tmp_path)
    with pytest.raises(InputRejectedError, match=r"labels\.ignore leaves nothing to learn\. Take a label out of it\."):
        with_rules(workspace, "[labels]\nignore = ['stone', 'apple', 'pear']")


def test_attributes_of_an_ignored_object_do_no_harm(tmp_path):
    workspace = make_workspace(tmp_path)
    shot = small_shots()[0]
    last = {"objects": [{"number": len(shot.objects), "pose": "walking"}]}
    beside = workspace.root / "screenshots" / shot.context / f"{shot.stem}.attributes.json"
    beside.write_text(json.dumps(last))
    changed = with_rules(workspace, f"[labels]\nignore = ['{shot.objects[-1][0]}']")
    assert [finding.code for finding in extract(changed).findings] == ["as-set"]


WAY = re.compile(
    r"write (?P<lines>.+?) under \[(?P<table>labels(\.same)?)\] in toonvision\.toml"
    r"(, in place of the lines? that begins? with (?P<replaced>.+?))?"
    r"(, and remove the lines? that begins? with (?P<removed>.+?) under \[labels\.same\])?(?=$|, or |; )"
)


def carry_out(settings, remedy, way):
    """Do in the settings what one of the ways of a remedy says, to the letter."""
    said = next(match for match in WAY.finditer(remedy) if way in match["lines"])
    keys = re.split(", | and ", f"{said['replaced'] or ''}, {said['removed'] or ''}")
    gone = {key.strip('"') for key in keys}
    lines = settings.read_text().splitlines()
    kept = [line for line in lines if "= [" not in line or line.split(" =")[0].strip('"') not in gone]
    header = f"[{said['table']}]"
    if header not in kept:
        kept += [header]
    at = kept.index(header) + 1
    new = re.sub(r"\] and ", "]\n", said["lines"])
    settings.write_text("\n".join([*kept[:at], new, *kept[at:], ""]))


def workspace_of(base, labels, **options):
    """Make a workspace of pictures with one object each, and return its settings and what was said of its labels."""
    if not (base / "s").exists():
        shots = [Shot(f"shot_{n:02}", ".", ((label, (2, 3, 18, 22 + n % 3)),)) for n, label in enumerate(labels)]
        write_voc(base / "s", shots)
    said = create(base / "w", source=base / "s", **options).about().findings
    return base / "w" / "toonvision.toml", [one for one in said if one.remedy]


MANY = ["cat"] * 6 + ["dog"] * 6 + ["fox"] * 6
RULES_AND_WAYS = [
    ({"ignore": ["bird"]}, ["bird", "owl"], "ignore", LabelRules.of(["bird", "owl"])),
    ({"same": {"cat": ["Cat"]}}, ["Cat", "ca t"], "cat =", LabelRules.of(same={"cat": ["Cat", "ca t"]})),
    ({"same": {"cat": ["Cat"]}}, ["Cat", "ca t"], "ignore", LabelRules.of(["ca t"], {"cat": ["Cat"]})),
    ({"same": {"owl": ["Owl"]}}, ["owl", "Owl"], "ignore", LabelRules.of(["owl", "Owl"])),
    (
        {"ignore": ["bird"], "same": {"owl": ["Owl"]}},
        ["bird", "owl", "Owl"],
        "ignore",
        LabelRules.of(["bird", "owl", "Owl"]),
    ),
    ({"same": {"ca t": ["Cat"]}}, ["Cat", "ca t"], "cat =", LabelRules.of(same={"cat": ["ca t", "Cat"]})),
    (
        {"same": {"cat": ["Cat"], "dog": ["Dog"]}},
        ["Cat", "Dog", "ca t", "do g"],
        "cat =",
        LabelRules.of(same={"cat": ["Cat", "ca t"], "dog": ["Dog", "do g"]}),
    ),
]


@pytest.mark.parametrize(("options", "rare", "way", "rules"), RULES_AND_WAYS)
def test_what_a_remedy_writes_keeps_what_the_settings_said_and_cures(tmp_path, options, rare, way, rules):
    settings, (said,) = workspace_of(tmp_path, [*MANY, *rare], **options)
    carry_out(settings, said.remedy, way)
    workspace = open_workspace(settings.parent)
    assert workspace.label_rules == rules
    assert not any(finding.skips for finding in extract(workspace).findings)
    counts = Counter(crop.label for crop in workspace.known_crops())
    assert set(counts) == {"cat", "dog", "fox"}
    assert untrainable(counts, finds=True, rules=rules) == ()


def test_one_line_leaves_out_all_labels_that_a_taxonomy_does_not_know(tmp_path):
    taxonomy = tmp_path / "animals.toml"
    taxonomy.write_text('name = "animals"\n[labels]\ncat = {}\ndog = {}\nfox = {}\n[tasks]\nlabel = "label"\n')
    labels = [*MANY, "bird", "cta", "dgo", "Cat", "CAT"]
    settings, said = workspace_of(tmp_path, labels, ignore=["bird"], taxonomy=str(taxonomy))
    remedies = sorted({one.remedy for one in said})
    assert remedies == [
        'correct it, add it to the taxonomy, or leave all unknown labels out: write ignore = ["bird", "cta", "dgo"] '
        "under [labels] in toonvision.toml, in place of the line that begins with ignore",
        'correct it, or write cat = ["Cat", "CAT"] under [labels.same] in toonvision.toml',
    ]
    extracted = extract(open_workspace(settings.parent)).findings
    assert {one.remedy for one in extracted if one.code == "unknown-label"} == set(remedies)
    for remedy, way in zip(remedies, ("ignore", "cat"), strict=True):
        carry_out(settings, remedy, way)
    assert not any(finding.skips for finding in extract(open_workspace(settings.parent)).findings)


def checked_in(root):
    """Return what a check of a workspace finds once its source was extracted."""
    workspace = opened(root)
    workspace.extract()
    return [finding for area in workspace.check().value for finding in (*area.faults, *area.doubts)]


def test_all_that_can_be_left_out_stands_in_one_line(tmp_path):
    taxonomy = tmp_path / "animals.toml"
    labels = "cat = {}\ndog = {}\nfox = {}\nowl = {}\n"
    taxonomy.write_text(f'name = "animals"\n[labels]\n{labels}[tasks]\nlabel = "label"\n')
    settings, said = workspace_of(tmp_path, [*MANY, "owl", "cta"], taxonomy=str(taxonomy))
    for findings in (said, checked_in(settings.parent)):
        remedies = [one.remedy for one in findings if one.code in ("unknown-label", "few-objects")]
        lines = {match["lines"] for remedy in remedies for match in WAY.finditer(remedy) if "ignore" in match["lines"]}
        assert len(remedies) == 2
        assert lines == {'ignore = ["cta", "owl"]'}
    carry_out(settings, remedies[0], "ignore")
    assert not {"unknown-label", "few-objects"} & {one.code for one in checked_in(settings.parent)}


def test_where_most_labels_are_unknown_none_is_left_out(tmp_path):
    vocabulary = Vocabulary.of([f"thing {number}" for number in range(21)], built_in("toontown"), LabelRules())
    assert vocabulary.refusal("thing 0").remedy == "correct it, or add it to the taxonomy"


def test_crops_whose_label_is_left_out_by_now_go_with_the_next_extraction(tmp_path):
    workspace = make_workspace(tmp_path, small_shots())
    extract(workspace)
    settings = workspace.root / "toonvision.toml"
    settings.write_text(f'{settings.read_text()}\n[labels]\nignore = ["stone"]\n')
    workspace = open_workspace(workspace.root)
    (finding,) = unknown_labels(workspace.known_crops(), workspace.taxonomy, workspace.label_rules)
    assert finding.remedy == "run toonvision extract"
    extract(workspace)
    assert unknown_labels(workspace.known_crops(), workspace.taxonomy, workspace.label_rules) == []
