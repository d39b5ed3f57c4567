import pytest

from builders import Shot, write_class_folders, write_voc, write_yolo
from toonvision.data.balance import measure_balance
from toonvision.data.extraction import extract
from toonvision.data.overview import understand
from toonvision.data.setup import SetupRequest, carry_out, plan_setup
from toonvision.data.workspace import open_workspace

OBJECTS = (("cog_bb_flunky", (2, 2, 30, 40)), ("toon_dog", (32, 2, 60, 40)))
COUNTS = {"br": 2, "ttc": 1}


def shots(around="{}"):
    places = zip("abc", ("br", "br", "ttc"), strict=True)
    return [Shot(stem, around.format(context), OBJECTS) for stem, context in places]


def set_up(root, **asked):
    """Plan and make a workspace around the source in `s`; return what was understood, and the workspace."""
    plan = plan_setup(root / "w", SetupRequest(root / "s", **asked))
    return plan.overview, carry_out(plan)


def outside(findings):
    return [finding for finding in findings if finding.code == "unknown-context"]


@pytest.mark.parametrize(
    "around", ["{}", "my pics/{}", "toontown-set/session 3/{}", "{}/rec1", "screenshots/{}", "set/frames/{}/day 2"]
)
@pytest.mark.parametrize("write", [write_voc, write_yolo])
def test_a_known_context_is_found_in_any_folder_of_a_path(tmp_path, around, write):
    write(tmp_path / "s", shots(around))
    overview, workspace = set_up(tmp_path)
    summary = extract(workspace)
    stored = [shot.context for shot in workspace.known_screenshots()]
    assert overview.contexts == {name: stored.count(name) for name in set(stored)} == COUNTS
    assert (summary.pictures_kept, summary.objects_kept) == (3, 6)
    assert outside([*summary.findings, *overview.findings]) == []


def test_a_context_is_known_whatever_its_case(tmp_path):
    write_voc(tmp_path / "s", shots("Summer/{}")[:2])
    (tmp_path / "s/Summer/br").rename(tmp_path / "s/Summer/BR")
    assert set_up(tmp_path)[0].contexts == {"br": 2}


def test_the_outermost_of_two_known_contexts_counts(tmp_path):
    write_voc(tmp_path / "s", [Shot("a", "x/dd/br", OBJECTS)])
    assert set_up(tmp_path)[0].contexts == {"dd": 1}


def test_any_folder_is_a_context_where_the_taxonomy_names_none(tmp_path):
    write_voc(tmp_path / "s", shots("Garden {}"))
    (tmp_path / "t.toml").write_text("[labels]\ncog_bb_flunky = {}\ntoon_dog = {}\n[tasks]\nlabel = 'label'\n")
    overview, workspace = set_up(tmp_path, taxonomy=str(tmp_path / "t.toml"))
    assert overview.contexts == {"Garden br": 2, "Garden ttc": 1}
    assert extract(workspace).pictures_kept == 3


def test_pictures_outside_of_the_contexts_are_counted_by_init_and_by_extract(tmp_path):
    write_voc(tmp_path / "s", [*shots(), Shot("d", "lake", OBJECTS), Shot("e", "", OBJECTS), Shot("f", "lake", ())])
    overview, workspace = set_up(tmp_path)
    summary = extract(workspace)
    (finding,) = outside(overview.findings)
    assert str(finding) == (
        "contexts: 3 pictures lie in no folder (1) and the folder 'lake' (2), which are no contexts of the taxonomy. "
        "(put them into folders named after contexts (br, dd, ddl, dg, mml, ttc), or choose the context of each on the "
        "page of toonvision label (key k), or add the contexts: write "
        '"all" = {} and "lake" = {} under [contexts] in toonvision.toml)'
    )
    assert outside(summary.findings) == [finding]
    assert (finding.pictures, finding.objects) == (summary.pictures_skipped, summary.objects_skipped) == (3, 4)
    assert (overview.contexts, overview.objects) == (COUNTS, summary.objects_kept)
    assert len(understand(tmp_path / "s").reading.pictures) == summary.pictures_read == 6


def test_a_folder_that_is_called_as_pictures_without_one_are_is_named_as_a_folder(tmp_path):
    write_voc(tmp_path / "s", [*shots(), Shot("e", "all", OBJECTS)])
    (finding,) = outside(set_up(tmp_path)[0].findings)
    assert finding.reason == "1 picture lies in the folder 'all', which is no context of the taxonomy."


def test_many_folders_that_are_no_contexts_are_not_all_named(tmp_path):
    write_voc(tmp_path / "s", [Shot(f"{n}", f"rec {n}", OBJECTS[:1]) for n in range(40)])
    (finding,) = outside(set_up(tmp_path)[0].findings)
    assert (finding.pictures, finding.reason.count("the folder"), "10 more" in finding.reason) == (40, 30, True)


def test_class_folders_of_a_game_with_contexts_are_read_without_any_context(tmp_path):
    write_class_folders(tmp_path / "s", [Shot(f"{n}", "", (OBJECTS[n % 2],)) for n in range(4)])
    overview, workspace = set_up(tmp_path)
    assert (overview.objects, overview.contexts, outside(overview.findings)) == (4, {}, [])
    summary = extract(workspace)
    assert (summary.objects_kept, outside(summary.findings)) == (4, [])
    balance = measure_balance(workspace.known_crops(), workspace.taxonomy)
    assert [column.name for column in balance.tables[0].columns] == ["all"]
    assert int(balance.tables[0].counts.sum()) == 4
    flunky = next(one for one in balance.shortages if one.label.name == "cog_bb_flunky")
    assert (flunky.context.name, flunky.count, flunky.missing) == ("all", 2, 28)


@pytest.mark.parametrize(
    ("folders", "is_context"),
    [
        ({"n02085620-Chihuahua": "Chihuahua", "n02085782-Japanese_spaniel": "Japanese_spaniel"}, False),
        ({"n02085620": "n02085620", "n02085782": "n02085782"}, False),
        ({"Cats": "cat", "dogs 2": "dog", "empty": None}, False),
        ({"garden": "cat", "house": "dog"}, True),
        ({"hotcat": "cat", "dog": "dog"}, True),
        ({"cat": "cat", "garden": "dog"}, True),
    ],
)
@pytest.mark.parametrize("write", [write_voc, write_yolo])
def test_folders_that_are_named_after_the_one_label_in_them_are_no_contexts(tmp_path, folders, is_context, write):
    shots = [
        Shot(f"{folder} {n}", folder, ((label, (2, 2, 30, 40)),) if label else ())
        for folder, label in folders.items()
        for n in range(2)
    ]
    write(tmp_path, shots)
    contexts = dict.fromkeys(folders, 2) if is_context else {}
    assert understand(tmp_path).contexts == contexts


def test_a_folder_with_objects_of_two_labels_is_a_context_though_it_is_named_after_one(tmp_path):
    write_voc(tmp_path, [Shot("a", "cat", (("cat", (2, 2, 30, 40)), ("dog", (2, 2, 30, 40)))), Shot("b", "dog", ())])
    assert understand(tmp_path).contexts == {"cat": 1, "dog": 1}


def test_a_context_that_left_the_taxonomy_keeps_its_crops_until_it_is_back(tmp_path):
    write_voc(tmp_path / "s", [Shot("a", "lake", OBJECTS)])
    settings = set_up(tmp_path)[1].root / "toonvision.toml"
    without = settings.read_text()
    settings.write_text(without + "[contexts]\nlake = {}\n")
    assert extract(reopened(tmp_path)).objects_kept == 2
    settings.write_text(without)
    summary = extract(reopened(tmp_path))
    assert (summary.pictures_skipped, summary.crops_removed) == (1, 0)
    assert "its earlier crops (2) stay as they are" in outside(summary.findings)[0].reason
    settings.write_text(without + "[contexts]\nlake = {}\n")
    assert (extract(reopened(tmp_path)).pictures_unchanged) == 1


def reopened(root):
    return open_workspace(root / "w")
