import json
import os
import re
import shlex
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from builders import Shot, contents, make_workspace, scene, small_shots, write_coco, write_voc, write_yolo
from toonvision.core.folders import exclusive
from toonvision.data.splits import read_split
from toonvision.data.workspace import open_workspace


def test_init_around_a_source_copies_nothing_and_says_what_it_did(run, tmp_path):
    write_voc(tmp_path / "source", small_shots())
    before = contents(tmp_path / "source")
    outcome = run("init", tmp_path / "mine", "--from", tmp_path / "source")
    assert outcome.code == 0
    assert re.search(r"Format +Pascal VOC, .*\n Pictures +12\n Objects +24 of 3 labels", outcome.out)
    assert re.search(r"apple +8 +#{16}", outcome.out)
    assert "nothing was copied" in outcome.out
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["toonvision.toml"]
    assert contents(tmp_path / "source") == before


@pytest.mark.parametrize(("write", "name"), [(write_voc, "voc"), (write_yolo, "yolo"), (write_coco, "coco")])
def test_every_format_goes_from_init_to_a_split(run, tmp_path, write, name):
    write(tmp_path / "source", small_shots())
    workspace = tmp_path / "mine"
    made = run("init", workspace, "--from", tmp_path / "source", "--taxonomy", "infer", "--json").json
    assert made["source"][0] == name
    assert made["labels"] == {"apple": 8, "pear": 8, "stone": 8}
    extracted = run("extract", "-w", workspace, "--json")
    assert extracted.code == 0
    assert extracted.json["objects_kept"] == 24
    divided = run("split", "-w", workspace, "--json")
    assert divided.code == 0
    assert sum(sum(row.values()) for row in divided.json["tables"]["label"].values()) == 24


def test_what_has_one_label_is_found_not_named(run, tmp_path):
    shots = [replace(shot, objects=tuple(("face", box) for _, box in shot.objects)) for shot in small_shots()]
    write_voc(tmp_path / "source", shots)
    assert (
        "label (1 class, needs a second one), detect (1 class)."
        in run("init", tmp_path / "w", "--from", tmp_path / "source").out
    )
    run("extract", "-w", tmp_path / "w")
    assert run("split", "-w", tmp_path / "w").err.splitlines()[-1].startswith("Next: toonvision train detect ")


def test_init_never_overwrites_a_workspace(run, tmp_path):
    assert run("init", tmp_path / "mine").code == 0
    before = contents(tmp_path)
    outcome = run("init", tmp_path / "mine")
    assert outcome.code == 2
    assert "exists already; nothing was changed" in outcome.err
    assert contents(tmp_path) == before


def test_init_with_a_taxonomy_file_keeps_a_copy_in_the_workspace(run, tmp_path):
    (tmp_path / "fruit.toml").write_text("[labels]\napple = {}\npear = {}\nstone = {}\n", encoding="utf-8")
    write_voc(tmp_path / "source", small_shots())
    made = run("init", tmp_path / "mine", "--from", tmp_path / "source", "--taxonomy", tmp_path / "fruit.toml")
    assert made.code == 0
    assert (tmp_path / "mine" / "taxonomy.toml").read_bytes() == (tmp_path / "fruit.toml").read_bytes()
    assert run("extract", "-w", tmp_path / "mine").code == 0
    settings = tmp_path / "mine" / "toonvision.toml"
    before = settings.read_text(encoding="utf-8")
    settings.unlink()
    again = run("init", tmp_path / "mine", "--from", tmp_path / "source", "--taxonomy", tmp_path / "fruit.toml")
    assert again.code == 0
    assert settings.read_text(encoding="utf-8") == before


def test_crops_have_the_shape_of_the_boxes_whoever_names_the_labels(run, tmp_path):
    (tmp_path / "fruit.toml").write_text("[labels]\napple = {}\npear = {}\nstone = {}\n", encoding="utf-8")
    write_voc(tmp_path / "source", small_shots())
    for name, more in (("given", ["--taxonomy", tmp_path / "fruit.toml"]), ("inferred", [])):
        assert run("init", tmp_path / name, "--from", tmp_path / "source", *more).code == 0
    assert open_workspace(tmp_path / "given").size_hw == open_workspace(tmp_path / "inferred").size_hw


def test_after_the_labels_changed_the_next_step_is_not_about_a_run_of_the_labels_before(run, tmp_path):
    (tmp_path / "fruit.toml").write_text("[labels]\napple = {}\npear = {}\nstone = {}\n", encoding="utf-8")
    write_voc(tmp_path / "source", small_shots())
    game = tmp_path / "game"
    assert run("init", game, "--from", tmp_path / "source", "--taxonomy", tmp_path / "fruit.toml").code == 0
    for words in ("extract", "split", "train label --model trees"):
        assert run(*words.split(), "-w", game).code == 0
    assert run("runs", "-w", game).next[:2] == ["report", "label/trees-1"]
    with (game / "taxonomy.toml").open("a", encoding="utf-8") as file:
        file.write("plum = {}\n")
    assert run("runs", "-w", game).next[:2] == ["train", "label"]


def test_an_empty_workspace_says_that_it_is_for_toontown_and_how_it_comes_to_be_for_another_game(run, tmp_path):
    game = tmp_path / "mine"
    made, planned = run("init", game), run("init", tmp_path / "other", "--dry-run")
    assert "Its labels are assumed to be ToonTown's." in made.out
    remedy = f"For another game, remove {game}/toonvision.toml, and run init again with --taxonomy FILE"
    assert remedy in made.out.replace("\n", " ")
    assert "For another game, add --taxonomy FILE" in planned.out
    (game / "toonvision.toml").unlink()
    (tmp_path / "labels.toml").write_text("labels = { knight = {}, chest = {} }\n", encoding="utf-8")
    again = run("init", game, "--taxonomy", tmp_path / "labels.toml")
    assert again.code == 0
    assert "another game" not in again.out
    assert "Its labels are those of " in again.out


def test_the_next_step_is_to_take_screenshots_then_to_label_them_then_to_extract(run, tmp_path):
    game = tmp_path / "mine"
    assert run("init", game).next == ["capture", "--context", "br", "--changes", "-w", str(game)]
    (game / "screenshots" / "br").mkdir()
    scene("a", (64, 48)).save(game / "screenshots" / "br" / "a.png")
    assert run("runs", "-w", game).next == ["label", "-w", str(game)]
    assert run("extract", "-w", game).next == ["label", "-w", str(game)]
    (game / "annotations" / "br").mkdir(parents=True)
    (game / "annotations" / "br" / "a.xml").write_text("<annotation/>", encoding="utf-8")
    assert run("runs", "-w", game).next == ["extract", "-w", str(game)]


def test_where_most_screenshots_are_not_annotated_models_propose_next_and_each_is_named_once(run, tmp_path):
    cogs = (("cog_bb_flunky", (2, 3, 30, 40)),)
    write_voc(tmp_path / "s", [Shot(f"a{at}", "br", cogs) for at in range(2)])
    for at in range(4):
        scene(at).save(tmp_path / "s" / "br" / f"u{at}.png")
    made = run("init", tmp_path / "w", "--from", tmp_path / "s")
    assert made.next == ["label", "--propose", "-w", str(tmp_path / "w")]
    assert [(made.out + made.err).count(f"br/u{at}.png") for at in range(4)] == [1] * 4
    for at in range(2):
        (tmp_path / "s" / "br" / f"u{at}.png").unlink()
    assert run("init", tmp_path / "v", "--from", tmp_path / "s").next[0] == "extract"


def test_labels_that_the_taxonomy_lacks_are_named_when_the_workspace_is_made_and_next_they_are_said(run, tmp_path):
    labels = 'name = "own"\nlevels.kind.classes.fruit = {}\nlabels = { apple = { kind = "fruit" } }\n'
    (tmp_path / "labels.toml").write_text(labels, encoding="utf-8")
    write_voc(tmp_path / "found", [Shot("one", "garden", (("fruit", (1, 1, 9, 9)), ("aple", (20, 1, 40, 9))))])
    made = run("init", tmp_path / "w", "--from", tmp_path / "found", "--taxonomy", tmp_path / "labels.toml")
    assert made.code == 0, made.err
    shown = " ".join(made.out.split())
    assert "1 object called 'fruit': 'fruit' is a class of the level kind, and no label" in shown
    assert "1 object called 'aple': the taxonomy knows no label 'aple'. Did you mean apple?" in shown
    extracted = run(*made.next)
    assert (extracted.code, extracted.next) == (3, ["label", "-w", str(tmp_path / "w")])


def test_a_bad_taxonomy_file_is_refused_before_anything_is_written(run, tmp_path):
    (tmp_path / "bad.toml").write_text('[labels]\napple = { kind = "fruit" }\n', encoding="utf-8")
    outcome = run("init", tmp_path / "mine", "--taxonomy", tmp_path / "bad.toml")
    assert outcome.code == 3
    assert "label 'apple' names the level 'kind'" in outcome.err
    assert not (tmp_path / "mine").exists()


def test_toontown_labels_get_the_built_in_taxonomy_unasked(run, tmp_path):
    from builders import Shot

    write_voc(tmp_path / "source", [Shot("one", "ttc", (("cog_bb_flunky", (1, 1, 20, 30)),))])
    assert run("init", tmp_path / "mine", "--from", tmp_path / "source", "--json").json["taxonomy"] == "toontown"


def test_init_names_what_it_cannot_read_and_ends_with_three(run, tmp_path):
    write_voc(tmp_path / "set", small_shots()[:3])
    (tmp_path / "set" / "garden" / "bad\x1b[31m.xml").write_text("<annotation/>")
    xml = tmp_path / "set" / "garden" / "shot_00.xml"
    xml.write_text(xml.read_text().replace("<xmin>2<", "<xmin>nan<"))
    outcome = run("init", tmp_path / "w", "--from", tmp_path / "set", "--json")
    assert outcome.code == 3
    codes = {finding["code"] for finding in outcome.json["findings"]}
    assert codes == {"no-picture", "bad-number", "few-objects"}
    assert outcome.json["pictures"] == 3
    assert "skipped: garden/shot_00.xml, object 1: xmin must be a decimal number; got 'nan'" in outcome.err
    assert "skipped: garden/bad\\x1b[31m.xml: has no picture of its name" in outcome.err
    assert (tmp_path / "w" / "toonvision.toml").is_file()


def test_in_a_pipe_forty_rare_labels_make_no_long_line_and_are_named_once_where_they_can_be_copied(run, tmp_path):
    rare = [f"rare label {number}" for number in range(38)]
    odd = [Shot(f"odd_{at}", "garden", ((label, (1, 1, 20, 30)),)) for at, label in enumerate(rare)]
    write_voc(tmp_path / "set", [*small_shots(), *odd])
    made = run("init", tmp_path / "w", "--from", tmp_path / "set")
    assert made.code == 0
    lines = made.out.splitlines()
    assert max(map(len, lines)) < 400
    assert [line for line in lines if line != line.rstrip()] == []
    (doubt,) = [line for line in lines if "Doubtful" in line]
    assert (doubt.count("rare label"), " and 33 more have fewer than 3 objects" in doubt) == (5, True)
    (note,) = [line for line in made.err.splitlines() if line.startswith("note: labels: ")]
    assert [note.count(f'"{label}"') for label in rare] == [1] * 38
    ignored = re.search(r"ignore = \[.*?\]", note).group()
    settings = tmp_path / "w" / "toonvision.toml"
    settings.write_text(f"{settings.read_text()}\n[labels]\n{ignored}\n", encoding="utf-8")
    assert run("extract", "-w", tmp_path / "w", "--json").json["objects_kept"] == 24


def test_pictures_without_annotation_are_a_note_and_no_reason_to_stop(run, tmp_path):
    write_voc(tmp_path / "set", small_shots()[:4])
    (tmp_path / "set" / "garden" / "shot_00.xml").unlink()
    words = "garden/shot_00.png: has no annotation (draw its boxes"
    made = run("init", tmp_path / "w", "--from", tmp_path / "set")
    assert (made.code, f"Doubtful   {words}" in made.out, made.err.count(words)) == (0, True, 0)
    extracted = run("extract", "-w", tmp_path / "w")
    assert (extracted.code, f"note: {words}" in extracted.err) == (0, True)


@pytest.mark.parametrize(
    ("write", "fault"),
    [
        (lambda path: Image.new("1", (9000, 6000)).save(path), "has 9000 x 6000 pixels, more than 50 million"),
        (lambda path: path.write_text("a text"), "is not a picture that can be read"),
    ],
)
def test_of_a_picture_on_which_nobody_can_draw_it_is_said_why_instead_of_that_its_boxes_are_missing(
    run, tmp_path, write, fault
):
    write_voc(tmp_path / "set", small_shots()[:4])
    assert run("init", tmp_path / "w", "--from", tmp_path / "set").code == 0
    write(tmp_path / "set" / "garden" / "more.png")
    for verb in ("check", "extract"):
        outcome = run(verb, "-w", tmp_path / "w")
        said = " ".join((outcome.out + outcome.err).split())
        assert f"garden/more.png: {fault}" in said
        assert "more.png: has no annotation" not in said


def test_init_says_why_no_object_was_found(run, tmp_path):
    write_voc(tmp_path / "set", small_shots()[:1])
    (tmp_path / "set" / "garden" / "shot_00.xml").write_text("<annotation>")
    outcome = run("init", tmp_path / "w", "--from", tmp_path / "set")
    assert outcome.code == 3
    assert "no annotated object was found" in outcome.err
    assert "skipped: garden/shot_00.xml: is not valid XML" in outcome.err
    assert not (tmp_path / "w").exists()


def test_a_source_without_annotated_pictures_is_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = run("init", tmp_path / "mine", "--from", tmp_path / "empty")
    assert outcome.code == 3
    assert "no annotated pictures were found" in outcome.err
    assert not (tmp_path / "mine").exists()


def test_extract_names_what_it_skipped_and_ends_with_three(run, tmp_path):
    workspace = make_workspace(tmp_path / "mine")
    (workspace.root / "screenshots" / "garden" / "broken.png").write_bytes(b"no picture")
    (workspace.root / "screenshots" / "garden" / "broken.xml").write_text("<annotation/>")
    outcome = run("extract", "-w", workspace.root)
    assert outcome.code == 3
    assert "skipped: garden/broken.png: is not a picture that can be read" in outcome.err
    assert "13 read = 12 kept + 1 skipped" in outcome.out


def test_of_many_findings_the_first_are_printed_and_all_are_in_a_file(run, tmp_path):
    workspace = make_workspace(tmp_path / "mine")
    for number in range(30):
        (workspace.root / "screenshots" / f"lonely_{number}.xml").write_text("<annotation/>")
    outcome = run("extract", "-w", workspace.root)
    assert outcome.err.count("has no picture of its name") == 20
    assert "... and 10 more like these (no-picture)" in outcome.err
    assert f"All 30 are in {workspace.root / 'toonvision-findings.txt'}" in outcome.err
    assert (workspace.root / "toonvision-findings.txt").read_text().count("\n") == 30


def test_a_rare_fault_is_never_hidden_behind_many_of_another_kind(run, tmp_path):
    workspace = make_workspace(tmp_path / "mine")
    garden = workspace.root / "screenshots" / "garden"
    for number in range(30):
        (workspace.root / "screenshots" / f"lonely_{number}.xml").write_text("<annotation/>")
    (garden / "zz_broken.png").write_bytes(b"no picture")
    (garden / "zz_broken.xml").write_text("<annotation/>")
    outcome = run("extract", "-w", workspace.root)
    assert outcome.err.count("skipped: ") == 21
    assert "skipped: garden/zz_broken.png: is not a picture" in outcome.err
    assert f"All 31 are in {workspace.root / 'toonvision-findings.txt'}" in outcome.err
    told = run("extract", "-w", workspace.root, "--json").json["findings"]
    assert len(told) == 31
    listed = (workspace.root / "toonvision-findings.txt").read_text().splitlines()
    assert sorted(line.partition(":")[0] for line in listed) == sorted(finding["item"] for finding in told)


def test_a_list_of_findings_stays_until_its_own_verb_has_few(run, tmp_path):
    workspace = make_workspace(tmp_path / "mine")
    lonely = [workspace.root / "screenshots" / f"lonely_{number}.xml" for number in range(21)]
    for path in lonely:
        path.write_text("<annotation/>")
    assert run("extract", "-w", workspace.root).code == 3
    run("runs", "-w", workspace.root)
    run("balance", "-w", workspace.root)
    assert (workspace.root / "toonvision-findings.txt").exists()
    lonely[0].unlink()
    assert run("extract", "-w", workspace.root).code == 3
    assert not (workspace.root / "toonvision-findings.txt").exists()


def test_balance_names_labels_that_left_the_taxonomy_with_their_crops_and_ends_with_three(run, own_workspace):
    settings = own_workspace.root / "toonvision.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("apple = {", "apples = {"), encoding="utf-8")
    outcome = run("balance", "-w", own_workspace.root)
    assert outcome.code == 3
    assert (
        "skipped: label 'apple': is not in the taxonomy any more; its 8 crops count nowhere. Did you mean apples? "
        "(correct the annotations or add the label to the taxonomy, then run toonvision extract)"
    ) in outcome.err
    assert [finding["objects"] for finding in run("balance", "-w", own_workspace.root, "--json").json["findings"]] == [
        8
    ]


def test_extract_of_an_empty_workspace_says_where_to_put_screenshots(run, tmp_path):
    run("init", tmp_path / "mine")
    outcome = run("extract", "-w", tmp_path / "mine")
    assert outcome.code == 0
    assert "Put screenshots and their annotations into" in outcome.out
    assert f"{tmp_path / 'mine' / 'screenshots'}, then run this again." in outcome.out


def test_identical_and_nearly_identical_screenshots_are_reported_and_kept_in_one_subset(run, tmp_path):
    workspace = make_workspace(tmp_path / "mine", [replace(shot, size_wh=(340, 240)) for shot in small_shots()])
    folder = workspace.root / "screenshots" / "garden"
    for name in ("again", "darker"):
        for suffix in (".png", ".xml"):
            shutil.copy(folder / f"shot_00{suffix}", folder / f"{name}{suffix}")
    Image.open(folder / "darker.png").point(lambda level: round(0.95 * level)).save(folder / "darker.png")
    outcome = run("extract", "-w", workspace.root)
    assert outcome.code == 0
    assert (
        "note: garden/shot_00.png: is the same file as garden/again.png; a split keeps both in one subset"
        in outcome.err
    )
    told = run("split", "-w", workspace.root, "--json").json
    alike = [f"garden/{name}.png" for name in ("again", "darker", "shot_00")]
    assert told["near_duplicates"] == [alike]
    crops = workspace.known_crops()
    split = read_split(workspace.splits, "default")
    assert len({split.subset_of(crop) for crop in crops if crop.screenshot in alike}) == 1


def test_balance_counts_draws_and_says_what_to_photograph_next(run, own_workspace):
    outcome = run("balance", "-w", own_workspace.root)
    assert outcome.code == 0
    assert "Samples by kind" in outcome.out
    assert "Photograph next" in outcome.out
    data = run("balance", "-w", own_workspace.root, "--json").json
    assert data["tables"]["kind"] == {"fruit": {"garden": 10, "house": 6}, "mineral": {"garden": 2, "house": 6}}
    counts = data["tables"]["label"]
    short = {(label, context) for label, row in counts.items() for context, count in row.items() if count < 5}
    assert {(s["label"], s["context"]) for s in data["photograph_next"]} == short != set()
    for figure in data["figures"]:
        assert Path(figure).read_bytes()[:4] == b"\x89PNG"


def test_another_split_takes_a_name_only_when_forced_and_the_same_split_may_be_asked_for_again(run, own_workspace):
    before = contents(own_workspace.root)
    again = run("split", "-w", own_workspace.root)
    assert again.code == 0
    outcome = run("split", "-w", own_workspace.root, "--seed", "7")
    assert outcome.code == 2
    assert "there is a split called 'default' already" in outcome.err
    assert {name: now for name, now in contents(own_workspace.root).items() if not name.startswith("figures")} == before
    assert run("split", "-w", own_workspace.root, "--force", "--seed", "7").code == 0


@pytest.mark.parametrize("ratios", ["60/20/30", "60/40", "a/b/c", "100/0/0", "٦٠/20/20"])
def test_bad_ratios_are_wrong_usage(run, own_workspace, ratios):
    outcome = run("split", "-w", own_workspace.root, "--ratios", ratios, "--name", "x")
    assert outcome.code == 2
    assert "Write e.g. --ratios 60/20/20." in outcome.err


@pytest.mark.parametrize("verb", ["extract", "balance", "split", "runs"])
def test_a_folder_that_is_no_workspace_is_wrong_usage_for_every_verb(run, tmp_path, verb):
    outcome = run(verb, "-w", tmp_path)
    assert outcome.code == 2
    assert f"{tmp_path}: not a workspace" in outcome.err


@pytest.mark.parametrize("verb", ["balance", "split"])
def test_a_workspace_without_crops_says_what_to_run(run, tmp_path, verb):
    run("init", tmp_path / "mine")
    before = contents(tmp_path / "mine")
    outcome = run(verb, "-w", tmp_path / "mine")
    assert outcome.code == 3
    assert "there are no crops yet. Run: toonvision extract" in outcome.err
    assert contents(tmp_path / "mine") == before


def test_errors_are_data_too_when_json_is_asked_for(run, tmp_path):
    outcome = run("extract", "-w", tmp_path, "--json")
    assert outcome.code == json.loads(outcome.out)["exit_code"] == 2
    assert "not a workspace" in outcome.json["error"]


def test_split_draws_samples_by_part_and_class(run, own_workspace):
    data = run("split", "-w", own_workspace.root, "--name", "drawn", "--json").json
    assert [Path(figure).name for figure in data["figures"]] == ["split-drawn-label.png", "split-drawn-kind.png"]
    assert all(Path(figure).read_bytes()[:4] == b"\x89PNG" for figure in data["figures"])


@pytest.mark.parametrize("name", ["../escape", "a/b", ""])
def test_a_split_name_that_is_no_plain_name_is_refused_before_anything_is_stored(run, own_workspace, name):
    before = contents(own_workspace.root)
    outcome = run("split", "-w", own_workspace.root, "--name", name)
    assert outcome.code == 2
    assert "the name of a split is made of" in outcome.err
    assert contents(own_workspace.root) == before


def test_a_second_writer_ends_with_5_within_5_s_and_names_the_first_and_readers_go_on(run, own_workspace):
    root = own_workspace.root
    assert run("extract", "-w", root).code == 0  # what it imports is not waited for again
    before = contents(root)
    with exclusive(root, purpose="extract"):
        began = time.monotonic()
        outcome = run("extract", "-w", root)
        assert time.monotonic() - began < 5
        assert outcome.code == 5
        assert f"process {os.getpid()}, extract, since " in outcome.err
        assert outcome.err.endswith("Wait for it to end.\n")
        assert run("balance", "-w", root).code == 0
        assert run("runs", "-w", root).code == 0
    assert {path: content for path, content in contents(root).items() if not path.startswith("figures/")} == before


def test_a_dry_run_of_init_says_all_and_makes_nothing(run, tmp_path):
    write_voc(tmp_path / "set", small_shots())
    before = contents(tmp_path)
    command = ("init", tmp_path / "my game", "--from", tmp_path / "set", "--ignore", "stone", "--same", "apple=pear")
    tried = run(*command, "--dry-run")
    assert tried.code == 0
    assert re.search(r"Labels +label 'pear': 8 objects are read as 'apple'", tried.out)
    assert "Nothing was made yet." in tried.out
    assert contents(tmp_path) == before
    assert not (tmp_path / "my game").exists()
    words = shlex.split(tried.err.strip().removeprefix("Next: "))
    assert words == ["toonvision", *map(str, command)]
    planned = run(*command, "--dry-run", "--json").json
    made = run(*words[1:], "--json").json
    assert made["understood"] == planned["understood"]
    assert planned["understood"]["labels"] == {"apple": 16}
    assert planned["understood"]["layout"].startswith("Pascal VOC")
    assert run("extract", "-w", tmp_path / "my game", "--json").json["objects_kept"] == 16


def test_a_refusal_lists_all_that_was_faulty_and_json_has_it_whole(run, tmp_path):
    write_voc(tmp_path / "set", [Shot(f"s{number}", "garden", ()) for number in range(25)])
    for path in (tmp_path / "set").rglob("*.xml"):
        path.write_text("<annotation>")
    outcome = run("init", tmp_path / "w", "--from", tmp_path / "set", "--json")
    assert outcome.code == 3
    assert len(outcome.json["findings"]) == 25
    assert outcome.err.count("skipped: ") == 20
    assert "... and 5 more like these (bad-xml)" in outcome.err
    assert "--json lists all 25" in outcome.err


def test_labels_with_an_equals_sign_are_joined_by_the_options_that_are_printed(run, tmp_path):
    boxes = (("a=b", (1, 1, 20, 30)), ("a=b", (5, 5, 20, 30)), ("A=B", (30, 1, 50, 30)), ("cat", (2, 2, 40, 40)))
    write_voc(tmp_path / "set", [Shot(f"s{number}", "garden", boxes) for number in range(3)])
    refused = run("init", tmp_path / "w", "--from", tmp_path / "set")
    assert refused.code == 3
    _, _, options = refused.err.partition("To read them as one label, add: ")
    made = run("init", tmp_path / "w", "--from", tmp_path / "set", *shlex.split(options), "--json")
    assert made.json["understood"]["labels"] == {"a=b": 9, "cat": 3}


@pytest.mark.parametrize("given", ["cat", "=Cat", "cat="])
def test_a_spelling_without_the_label_to_keep_is_wrong_usage(run, tmp_path, given):
    outcome = run("init", tmp_path / "w", "--from", tmp_path, "--same", given)
    assert outcome.code == 2
    assert "--same is KEEP=SPELLING, such as --same cat=Cat" in outcome.err


def test_quickstart_refuses_other_labels_than_the_workspace_has(run, tmp_path):
    write_voc(tmp_path / "set", small_shots())
    assert run("init", tmp_path / "w", "--from", tmp_path / "set").code == 0
    outcome = run("quickstart", tmp_path / "w", "--from", tmp_path / "set", "--ignore", "stone")
    assert outcome.code == 2
    assert "with another format or other [labels]. Edit" in outcome.err


def test_a_dry_run_names_the_option_that_leaves_out_a_label_with_too_few_objects(run, tmp_path):
    write_voc(tmp_path / "set", [*small_shots(), Shot("rare", "garden", (("old key", (1, 1, 20, 30)),))])
    tried = run("init", tmp_path / "w", "--from", tmp_path / "set", "--dry-run")
    assert "the label 'old key' (1) has fewer than 3 objects" in tried.out
    option = re.search(r"too few objects, add: (.*)", tried.out)[1]
    assert option == "--ignore 'old key'"
    made = run("init", tmp_path / "w", "--from", tmp_path / "set", *shlex.split(option), "--json")
    assert made.json["labels"] == {"apple": 8, "pear": 8, "stone": 8}
    assert [note["code"] for note in made.json["understood"]["notes"]] == ["as-set"]


def subset_folders(root, folders):
    """Write Pascal VOC with the pictures in folders that are called like subsets."""
    shots = [replace(shot, context=folder) for shot, folder in zip(small_shots(), folders, strict=True)]
    write_voc(root, [replace(shot, stem=f"{'abcdefghijkl'[at]}") for at, shot in enumerate(shots)])
    return root


def test_a_source_s_own_split_is_offered_and_taken_over(run, tmp_path):
    source = subset_folders(tmp_path / "source", ["train"] * 6 + ["valid"] * 3 + ["test"] * 3)
    run("init", tmp_path / "w", "--from", source)
    run("extract", "-w", tmp_path / "w")
    drawn = run("split", "-w", tmp_path / "w")
    assert drawn.code == 0
    assert "does not follow the split of the source: train 6 pictures, val 3 pictures, test 3 pictures" in drawn.err
    refused = run("split", "-w", tmp_path / "w", "--from-source")
    assert refused.code == 2
    taken = run("split", "-w", tmp_path / "w", "--name", "default", "--from-source", "--force", "--json")
    assert taken.code == 0
    assert taken.json["from_source"]
    assert taken.json["findings"] == []
    split = read_split(tmp_path / "w" / "splits", "default")
    assert {key.partition("/")[0] + "=" + subset for key, subset in split.subsets.items()} == {
        "train=train", "valid=val", "test=test",
    }  # fmt: skip
    assert "note" not in run("split", "-w", tmp_path / "w", "--from-source").err
    assert "Leave out --ratios" in run("split", "-w", tmp_path / "w", "--from-source", "--ratios", "80/10/10").err
    checked = run("check", "-w", tmp_path / "w", "--json").json
    assert (checked["faults"], checked["doubts"]) == (0, 0)


def test_a_source_s_own_split_that_leaks_is_taken_over_and_each_leak_is_named(run, tmp_path):
    source = subset_folders(tmp_path / "source", ["train"] * 6 + ["valid"] * 3 + ["test"] * 3)
    for at, path in enumerate([source / "train" / "a", source / "valid" / "g", source / "test" / "j"]):
        for suffix in (".png", ".xml"):
            shutil.move(path.with_suffix(suffix), path.with_name(f"same_png.rf.{at}123456789abcdef{suffix}"))
    run("init", tmp_path / "w", "--from", source)
    run("extract", "-w", tmp_path / "w")
    taken = run("split", "-w", tmp_path / "w", "--from-source")
    assert taken.code == 0
    assert "same (3 screenshots): copies of one source lie in train, val and test of the source" in taken.err
    assert "from 10 groups of screenshots that belong together." in taken.out
    assert run("check", "-w", tmp_path / "w").code == 3
    run("split", "-w", tmp_path / "w", "--force")
    assert run("check", "-w", tmp_path / "w").code == 0
    shutil.rmtree(source / "test")
    run("extract", "-w", tmp_path / "w")
    taken = run("split", "-w", tmp_path / "w", "--from-source", "--force")
    assert "copies of one source lie in train and val, which makes" in taken.err, "test is drawn, not of the source"


def test_a_split_says_which_groups_it_found_and_loudly_what_it_had_to_cut(run, tmp_path):
    shots = [replace(shot, stem=f"frame_{at}", context="garden") for at, shot in enumerate(small_shots())]
    workspace = make_workspace(tmp_path / "w", shots)
    run("extract", "-w", workspace.root)
    outcome = run("split", "-w", workspace.root)
    assert outcome.code == 0
    assert "Frames of one recording: garden/frame_0.png to garden/frame_11.png (12 screenshots)." in outcome.out
    assert "TEST RESULTS WILL LOOK BETTER THAN ON A NEW RECORDING (record more, at another time" in outcome.err


def test_a_pattern_for_groups_that_is_found_nowhere_is_reported(run, tmp_path):
    workspace = make_workspace(tmp_path / "w", small_shots())
    run("extract", "-w", workspace.root)
    settings = workspace.root / "toonvision.toml"
    settings.write_text(settings.read_text() + '\n[groups]\npattern = "session[0-9]"\n')
    outcome = run("split", "-w", workspace.root)
    assert "note: groups.pattern: 'session[0-9]' is found in no path, such as garden/shot_00.png" in outcome.err
    settings.write_text(settings.read_text().replace("session[0-9]", "shot_0[0-3]|shot_1"))
    outcome = run("split", "-w", workspace.root, "--force")
    assert "note" not in outcome.err
    assert "What the pattern joins: garden/shot_10.png = house/shot_11.png." in outcome.out


def test_check_names_no_next_step_that_would_be_refused(run, tmp_path):
    workspace = make_workspace(tmp_path / "w", small_shots()[:2])
    run("extract", "-w", workspace.root)
    checked = run("check", "-w", workspace.root)
    assert "a split needs at least 3 screenshots; got 2" in checked.out
    assert "Next:" not in checked.out + checked.err
    assert run("split", "-w", workspace.root).code == 3


def test_sets_that_cannot_train_are_told_at_every_step_and_the_setting_cures(run, tmp_path):
    odd = Shot("odd", "garden", (("old key", (1, 1, 20, 30)),))
    write_voc(tmp_path / "source", [*small_shots(), odd])
    w = tmp_path / "w"
    made = run("init", w, "--from", tmp_path / "source", "--json")
    assert [finding["code"] for finding in made.json["findings"]] == ["few-objects"]
    run("extract", "-w", w)
    split = run("split", "-w", w, "--json")
    assert (split.code, [finding["code"] for finding in split.json["findings"]]) == (0, ["label-missing"])
    doubts = [doubt for one in run("check", "-w", w, "--json").json["checked"] for doubt in one["doubts"]]
    assert "few-objects" in {doubt["code"] for doubt in doubts}
    refused = run("train", "label", "-w", w)
    assert refused.code == 3
    remedy = 'write ignore = ["old key"] under [labels] in toonvision.toml'
    assert all(remedy in text for text in (split.json["findings"][0]["remedy"], refused.err, doubts[0]["remedy"]))
    settings = w / "toonvision.toml"
    settings.write_text(settings.read_text() + '\n[labels]\nignore = ["old key"]\n')
    assert run("extract", "-w", w).code == 0
    assert run("split", "-w", w, "--force", "--json").json["findings"] == []
    assert run("check", "-w", w, "--json").json["doubts"] == 0


def test_the_subsets_of_a_source_are_offered_where_there_are_two(run, tmp_path):
    offer = "train 6, test 6; take them over: toonvision split --from-source"
    for folder, subset in (("garden", "train"), ("house", "test")):
        shots = [shot for shot in small_shots() if shot.context == folder]
        write_voc(tmp_path / "set" / subset, [replace(shot, context=".") for shot in shots])
    tried = run("init", tmp_path / "w", "--from", tmp_path / "set", "--dry-run")
    assert f"Subsets    {offer}" in tried.out
    (tmp_path / "set" / "test").rename(tmp_path / "set" / "training")
    alone = run("init", tmp_path / "w", "--from", tmp_path / "set", "--dry-run", "--json")
    assert alone.json["understood"]["subsets"] == {"train": 12}
    assert "Subsets" not in run("init", tmp_path / "w", "--from", tmp_path / "set", "--dry-run").out
