import shutil

import pytest

from builders import Shot, contents, copied, open_to_all, small_shots, tree, unprivileged, write_voc
from toonvision.data.extraction import extract


def spoil_pictures(workspace, count):
    for path in sorted((workspace.root / "screenshots").rglob("*.png"))[:count]:
        path.write_bytes(b"text")


def test_checking_a_sound_workspace_says_so_and_changes_nothing(run, small_workspace):
    before = tree(small_workspace.root)
    outcome = run("check", "-w", small_workspace.root)
    assert (outcome.code, tree(small_workspace.root)) == (0, before)
    assert outcome.out.splitlines()[-1] == "Nothing is wrong or doubtful; nothing was changed."
    told = run("check", "-w", small_workspace.root, "--json").json
    assert (told["faults"], told["doubts"]) == (0, 0)
    counts = {one["what"]: one["count"] for one in told["checked"]}
    assert (counts["Screenshots"], counts["Crops"], counts["Splits"], counts["Runs"]) == (12, 24, 1, 0)
    assert {"python", "pillow", "keras"} <= told["versions"].keys()


def test_faults_are_lines_with_file_reason_and_remedy_and_the_exit_code_is_3(run, own_workspace):
    spoil_pictures(own_workspace, 1)
    (own_workspace.crops / "apple_0000.png").unlink()
    before = tree(own_workspace.root)
    outcome = run("check", "-w", own_workspace.root)
    assert (outcome.code, tree(own_workspace.root)) == (3, before)
    faults = [line for line in outcome.out.splitlines() if line.startswith("fault: ")]
    assert faults[0].startswith("fault: garden/shot_00.png: is not a picture that can be read")
    assert faults[1] == "fault: crops/apple_0000.png: is missing (toonvision extract makes it again)"
    assert outcome.out.splitlines()[-1] == "2 faults, 0 doubts; nothing was changed."


def test_runs_are_listed_beside_a_damaged_catalogue(run, own_workspace):
    own_workspace.catalog.write_bytes(b"")
    outcome = run("runs", "-w", own_workspace.root)
    assert (outcome.code, outcome.err) == (0, "")
    assert "There is no run yet." in outcome.out


def test_the_next_step_after_a_loss_works_as_it_is_printed(run, own_workspace):
    own_workspace.catalog.unlink()
    refused = run("extract", "-w", own_workspace.root)
    assert (refused.code, own_workspace.catalog.exists()) == (3, False)
    rebuild = run("runs", "-w", own_workspace.root).next
    assert rebuild[0] == "rebuild"
    assert run(*rebuild).code == 0
    own_workspace.catalog.unlink()
    shutil.rmtree(own_workspace.crops)
    extract = run("runs", "-w", own_workspace.root).next
    assert extract[0] == "extract"
    assert run(*extract).code == 0
    assert run("check", "-w", own_workspace.root).code == 0


def test_checking_does_not_even_settle_a_run_whose_replacing_was_killed(run, own_workspace):
    (own_workspace.runs / "label" / ".kept-replaced").mkdir(parents=True)
    before = tree(own_workspace.root)
    outcome = run("check", "-w", own_workspace.root)
    assert (outcome.code, tree(own_workspace.root)) == (0, before)
    assert "doubt: runs/label/.kept-replaced: is the old form of a folder" in outcome.out


def test_doubts_alone_leave_the_exit_code_0(run, own_workspace):
    (own_workspace.crops / ".tmp-0123456789abcdef").write_bytes(b"")
    outcome = run("check", "-w", own_workspace.root)
    assert outcome.code == 0
    assert "doubt: crops/.tmp-0123456789abcdef: is not complete" in outcome.out


def test_the_first_20_faults_of_a_kind_are_listed_details_and_json_have_all(run, own_workspace):
    for path in own_workspace.crops.glob("*.png"):
        path.unlink()
    spoil_pictures(own_workspace, 2)
    outcome = run("check", "-w", own_workspace.root)
    assert (outcome.out.count("is missing"), outcome.out.count("is not a picture that can be read")) == (20, 2)
    assert "... and 4 more faults like these (missing)" in outcome.out
    assert outcome.out.splitlines()[-1] == "26 faults, 0 doubts; nothing was changed. --details lists each one."
    details = run("check", "-w", own_workspace.root, "--details").out
    assert (details.count("is missing"), details.count("is not a picture that can be read")) == (24, 2)
    told = run("check", "-w", own_workspace.root, "--json").json
    assert sum(len(one["faults"]) for one in told["checked"]) == told["faults"] == 26


def test_bad_settings_are_refused_as_everywhere(run, own_workspace):
    (own_workspace.root / "toonvision.toml").write_text("taxonomy = 3")
    outcome = run("check", "-w", own_workspace.root)
    assert outcome.code == 3
    assert "toonvision.toml, line 1, taxonomy" in outcome.err


def test_labels_cannot_be_compared_with_a_run_that_is_not_there(run, small_workspace):
    outcome = run("check", "-w", small_workspace.root, "--run", "label/none")
    assert outcome.code == 2
    assert "no run is called 'label/none'" in outcome.err


def test_a_rebuilding_says_what_it_kept(run, own_workspace):
    files = contents(own_workspace.crops)
    outcome = run("rebuild", "-w", own_workspace.root)
    assert outcome.code == 0
    assert "Crops: 24 keep their numbers, 0 have new ones." in outcome.out
    assert "Split default: 12 screenshots, as its file has them." in outcome.out
    assert "catalog.sqlite.before-rebuild" in outcome.out
    assert contents(own_workspace.crops) == files
    assert run("check", "-w", own_workspace.root).code == 0


def test_a_damaged_catalogue_is_named_with_the_command_that_makes_it_again_with_all_crops_and_splits(
    run, own_workspace
):
    files = contents(own_workspace.crops)
    own_workspace.catalog.write_bytes(b"rubbish")
    refused = run("balance", "-w", own_workspace.root)
    assert refused.code == 3
    assert f"toonvision rebuild -w {own_workspace.root}" in refused.err
    outcome = run("rebuild", "-w", own_workspace.root)
    assert outcome.code == 0
    assert contents(own_workspace.crops) == files
    assert run("check", "-w", own_workspace.root).code == 0
    told = run("rebuild", "-w", own_workspace.root, "--json")
    assert (told.code, told.json["numbers_kept"], told.json["lost"]) == (0, 24, [])


def test_a_rebuilding_that_skips_a_picture_names_it_and_ends_with_3(run, own_workspace):
    spoil_pictures(own_workspace, 1)
    outcome = run("rebuild", "-w", own_workspace.root)
    assert outcome.code == 3
    assert "skipped: garden/shot_00.png" in outcome.err
    assert "its earlier crops (2) stay as they are" in outcome.err


@pytest.mark.parametrize("verb", ["check", "rebuild"])
def test_a_folder_that_is_no_workspace_is_refused(run, tmp_path, verb):
    outcome = run(verb, "-w", tmp_path)
    assert outcome.code == 2
    assert "not a workspace" in outcome.err


def test_new_pictures_are_named_until_they_are_extracted(run, own_workspace):
    write_voc(own_workspace.root / "screenshots", [Shot("new", "house", small_shots()[0].objects)])
    assert "fault: house/new.png: was not extracted yet; it has 2 objects" in run("check", "-w", own_workspace.root).out
    extract(own_workspace)
    outcome = run("check", "-w", own_workspace.root)
    assert "fault: split default: does not know 2 of 26 crops" in outcome.out


def test_what_may_not_be_read_is_named_and_the_rest_is_shown(run, small_workspace):
    with open_to_all() as base:
        root = copied(small_workspace, base / "w").root
        for verb in ("runs", "check", "balance"):
            run(verb, "-w", root)  # imports what an unprivileged user may not read here
        closed, locked = (root / "runs" / "label" / name for name in ("mine", "yours"))
        for path, mode in ((closed, 0), (locked, 0o444), (root / "crops", 0), (root / "splits", 0)):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
        with unprivileged():
            listed, checked = run("runs", "-w", root), run("check", "-w", root)
        (root / "toonvision.toml").chmod(0)
        with unprivileged():
            balanced = run("balance", "-w", root)
    assert (listed.code, checked.code, balanced.code) == (0, 3, 4)
    for folder in (closed, locked):
        assert f"note: {folder}: may not be read (allow reading)" in listed.err
        assert f"fault: {folder}: may not be read (allow reading)" in checked.out
    assert "cannot be read (Permission denied) (allow reading)" in checked.out
    assert "Libraries" in checked.out
    assert "toonvision.toml: cannot be read (Permission denied). To fix it, allow reading it." in balanced.err


def test_a_catalogue_that_may_not_be_read_says_to_allow_reading(run, small_workspace):
    with open_to_all() as base:
        root = copied(small_workspace, base / "w").root
        run("balance", "-w", root)  # imports what an unprivileged user may not read here
        (root / "catalog.sqlite").chmod(0)
        with unprivileged():
            outcome = run("balance", "-w", root)
    assert outcome.code == 4
    assert "Allow reading, then run again." in outcome.err
