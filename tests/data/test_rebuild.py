import hashlib
import os
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import builders
from builders import as_once, contents, copied, encoded, make_workspace, scene, small_shots, tree, tried
from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, WorkspaceBusyError
from toonvision.core.folders import exclusive
from toonvision.data import extraction
from toonvision.data.attributes import write_attributes
from toonvision.data.catalog import Catalog
from toonvision.data.extraction import extract
from toonvision.data.rebuild import rebuild
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, read_split, split_digest
from toonvision.data.workspace import open_workspace


def rows_of(workspace, path=None):
    """All that a catalogue says, without row numbers: screenshots, crops, last numbers."""
    with Catalog.open(path or workspace.catalog, read_only=True, untouched=True) as catalog:
        return (
            [(s.source, s.name, s.context, s.size_wh, s.picture_hash, s.fingerprint) for s in catalog.screenshots()],
            [
                (c.label, c.number, c.file, c.hash, c.box, c.screenshot, c.context, c.attributes)
                for c in catalog.crops()
            ],
            catalog.last_numbers(),
        )


def state(workspace):
    return rows_of(workspace), contents(workspace.crops)


def sql(workspace, *statements):
    connection = sqlite3.connect(workspace.catalog, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def write_unlike(workspace, shots):
    """Write annotated pictures no two boxes of which show the same."""
    builders.write_voc(workspace.root / "screenshots", shots)
    for shot in shots:
        scene(shot.stem).save(workspace.root / "screenshots" / shot.context / f"{shot.stem}.png")


def alike(rows):
    """Return rows of crops without telling a picture from its copy."""
    return [(*row[:5], row[5].replace("_again", ""), *row[6:]) for row in rows]


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A workspace with a history: numbers that are not used again, a picture that is there twice, a split."""
    shots = small_shots()
    workspace = make_workspace(tmp_path_factory.mktemp("grown") / "w", [])
    write_unlike(workspace, shots[:9])
    extract(workspace)
    for shot in shots[2:4]:
        for suffix in ("png", "xml"):
            (workspace.root / "screenshots" / shot.context / f"{shot.stem}.{suffix}").unlink()
    write_unlike(workspace, shots[9:])
    for suffix in ("png", "xml"):
        folder = workspace.root / "screenshots" / "garden"
        shutil.copy(folder / f"shot_00.{suffix}", folder / f"shot_00_again.{suffix}")
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=3)
    return workspace


@pytest.fixture
def own(grown, tmp_path):
    return copied(grown, tmp_path / "w")


def test_rebuilding_a_sound_workspace_changes_nothing(own):
    before, files = rows_of(own), {name: tree(own.root / name) for name in ("crops", "screenshots", "splits")}
    summary = rebuild(own)
    assert rows_of(own) == before
    assert {name: tree(own.root / name) for name in files} == files
    assert (summary.numbers_kept, summary.numbers_new, summary.losses) == (len(before[1]), 0, ())
    assert summary.splits == (read_split(own.splits, "default"),)


def test_the_old_catalogue_is_kept_beside_under_a_free_name(own):
    first = own.catalog.read_bytes()
    assert rebuild(own).old == own.root / "catalog.sqlite.before-rebuild"
    second = own.catalog.read_bytes()
    assert rebuild(own).old == own.root / "catalog.sqlite.before-rebuild-2"
    assert (own.root / "catalog.sqlite.before-rebuild").read_bytes() == first
    assert (own.root / "catalog.sqlite.before-rebuild-2").read_bytes() == second


def test_without_a_catalogue_crops_keep_their_numbers(own):
    before, files, splits = rows_of(own), tree(own.crops), tree(own.splits)
    own.catalog.unlink()
    with pytest.raises(InputRejectedError, match=r"was not made by an extraction.*toonvision rebuild"):
        extract(own)
    assert not own.catalog.exists()
    summary = rebuild(own)
    screenshots, crops, numbers = rows_of(own)
    assert (screenshots, alike(crops)) == (before[0], alike(before[1]))
    assert numbers == {label: max(c[1] for c in crops if c[0] == label) for label in builders.LABELS}
    assert (tree(own.crops), tree(own.splits)) == (files, splits)
    assert (summary.old, summary.numbers_new, summary.losses) == (None, 0, ())


def test_what_a_run_was_trained_on_is_the_same_after_a_catalogue_was_lost(own):
    split = read_split(own.splits, "default")
    before = split_digest(own.known_crops(), split)
    own.catalog.unlink()
    rebuild(own)
    assert split_digest(own.known_crops(), split) == before


def test_a_split_that_cannot_be_read_is_named(own):
    (own.splits / "mine.csv").write_text("screenshot\n")
    summary = rebuild(own)
    assert [split.name for split in summary.splits] == ["default"]
    assert [(loss.item, loss.code) for loss in summary.losses] == [("split mine", "split")]


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"SQLite format 3\0" + b"x" * 9000], ids=["empty", "text", "rubbish"]
)
def test_a_catalogue_of_which_nothing_can_be_read_is_made_again_from_sources_and_crops(own, content):
    before, files = rows_of(own), tree(own.crops)
    own.catalog.write_bytes(content)
    summary = rebuild(own)
    assert (rows_of(own)[0], alike(rows_of(own)[1])) == (before[0], alike(before[1]))
    assert tree(own.crops) == files
    assert summary.losses == ()
    assert summary.old.read_bytes() == content


def test_a_folder_in_the_place_of_the_catalogue_is_refused_and_nothing_is_written(own):
    own.catalog.unlink()
    own.catalog.mkdir()
    before = tree(own.root)
    with pytest.raises(InputRejectedError, match=r"catalog\.sqlite: is no regular file.*toonvision rebuild -w"):
        rebuild(own)
    assert tree(own.root) == before


def test_whichever_page_of_the_catalogue_is_damaged_no_crop_loses_its_number(grown, tmp_path):
    before, files = rows_of(grown), contents(grown.crops)
    pristine = grown.catalog.read_bytes()
    page = 4096
    own = copied(grown, tmp_path / "w")
    for number in range(len(pristine) // page):
        filler = (b"\0", b"\xff")[number % 2]
        own.catalog.write_bytes(pristine[: number * page] + filler * page + pristine[(number + 1) * page :])
        rebuild(own)
        screenshots, crops, _ = rows_of(own)
        assert (screenshots, alike(crops)) == (before[0], alike(before[1]))
        assert contents(own.crops) == files


def test_a_flipped_bit_never_stops_a_rebuilding_and_never_costs_a_crop(grown, tmp_path):
    pristine, crops = grown.catalog.read_bytes(), rows_of(grown)[1]
    rng = random.Random(0)
    own = copied(grown, tmp_path / "w")
    for _ in range(12):
        damaged = bytearray(pristine)
        damaged[rng.randrange(len(pristine))] ^= 1 << rng.randrange(8)
        own.catalog.write_bytes(damaged)
        _, refused = tried(InputRejectedError, rebuild, own)
        assert not refused or "a newer version wrote it" in str(refused)
        assert refused or {row[0] for row in rows_of(own)[1]} == {row[0] for row in crops}
        assert refused or len(rows_of(own)[1]) == len(crops)


def test_a_catalogue_of_a_newer_version_is_refused_unchanged(own):
    sql(own, "INSERT INTO migrations VALUES ('0099_of_the_future')")
    before = tree(own.root)
    with pytest.raises(InputRejectedError, match="a newer version wrote it"):
        rebuild(own)
    assert tree(own.root) == before


def test_the_splits_of_a_damaged_catalogue_of_an_earlier_version_are_said_to_be_lost(own):
    before = rows_of(own)
    as_once(own, version=2)
    sql(own, "UPDATE splits SET ratios = '60/20/30'")
    (loss,) = rebuild(open_workspace(own.root)).losses
    assert loss.code == "split-lost"
    assert "toonvision split --seed" in loss.remedy
    assert (rows_of(own)[0], alike(rows_of(own)[1])) == (before[0], alike(before[1]))
    assert not own.splits.exists()


def test_a_picture_that_cannot_be_used_now_keeps_its_rows(own):
    before = state(own)
    broken = {name: own.root / "screenshots" / "garden" / name for name in ("shot_04.xml", "shot_06.png")}
    good = {name: path.read_bytes() for name, path in broken.items()}
    for path in broken.values():
        path.write_bytes(b"<annotation>")
    summary = rebuild(own)
    assert state(own) == before
    assert sum(finding.pictures for finding in summary.extraction.findings) == 2
    assert all("earlier crops (2) stay" in f.reason for f in summary.extraction.findings if f.pictures)
    for name, path in broken.items():
        path.write_bytes(good[name])
    extract(own)
    assert state(own) == before


def test_what_is_measured_is_measured_again_and_not_believed(own):
    before = state(own)
    sql(own, "UPDATE screenshots SET fingerprint = fingerprint || 'x', width = 1, context = 'nowhere'")
    sql(own, "UPDATE crops SET hash = 'wrong'")
    assert rebuild(own).losses == ()
    assert state(own) == before


def test_crops_that_are_missing_or_damaged_are_cut_again_under_their_names(own):
    before = state(own)
    first, second, *_ = sorted(own.crops.iterdir())
    first.unlink()
    second.write_bytes(b"damaged")
    assert rebuild(own).numbers_new == 0
    assert state(own) == before


def test_a_crop_that_another_encoder_has_packed_stands(own):
    path = min(own.crops.iterdir())
    path.write_bytes(encoded(Image.open(path), "PNG", compress_level=9, optimize=True))
    packed = path.read_bytes()
    own.catalog.unlink()
    assert rebuild(own).numbers_new == 0
    assert path.read_bytes() == packed
    assert hashlib.sha256(packed).hexdigest() in {row[3] for row in rows_of(own)[1]}


def test_a_file_that_shows_no_object_is_moved_out_of_the_way_of_the_next_extraction_and_never_deleted(own):
    mine = {"apple_0050.png": encoded(Image.new("RGB", (9, 9))), "pear_0070.png": b"not even a picture"}
    for name, content in mine.items():
        (own.crops / name).write_bytes(content)
    (own.crops / "notes.txt").write_bytes(b"mine")
    own.catalog.unlink()
    summary = rebuild(own)
    assert summary.crops_aside == own.root / "crops.before-rebuild"
    assert contents(summary.crops_aside) == mine
    assert (own.crops / "notes.txt").exists()
    assert rows_of(own)[2]["apple"] == 50  # a number that a file had is not given to another crop


def test_a_new_object_gets_a_number_that_no_crop_ever_had(own):
    builders.write_voc(own.root / "screenshots", [builders.Shot("new", "house", (("stone", (1, 1, 20, 30)),))])
    last = rows_of(own)[2]["stone"]
    assert rebuild(own).numbers_new == 1
    assert rows_of(own)[2]["stone"] == last + 1


def test_a_file_with_a_number_that_no_crop_can_have_is_left_alone(own):
    (own.crops / f"apple_{10**30}.png").write_bytes(b"mine")
    own.catalog.unlink()
    assert rebuild(own).numbers_new == 0
    assert (own.crops / f"apple_{10**30}.png").read_bytes() == b"mine"


def test_the_number_of_a_crop_whose_picture_is_unusable_is_not_given_away_with_its_last_number_lost(own):
    label, last, _, _, _, screenshot, *_ = max(row for row in rows_of(own)[1] if row[0] == "stone")
    (own.root / "screenshots" / screenshot).write_bytes(b"text")
    sql(own, "DELETE FROM label_numbers WHERE label = 'stone'")
    builders.write_voc(own.root / "screenshots", [builders.Shot("new", "house", (("stone", (1, 1, 20, 30)),))])
    rebuild(own)
    numbers = {row[1]: row[5] for row in rows_of(own)[1] if row[0] == label}
    assert (numbers[last], numbers[last + 1]) == (screenshot, "house/new.png")


def test_a_journal_that_a_killed_writer_left_is_kept_with_the_old_catalogue_and_spoils_no_new_one(own):
    before = rows_of(own)
    journal = own.root / "catalog.sqlite-journal"
    connection = sqlite3.connect(own.catalog, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("UPDATE crops SET hash = hex(randomblob(20000))")
    found = {path: path.read_bytes() for path in (own.catalog, journal)}
    connection.execute("ROLLBACK")
    connection.close()
    for path, content in found.items():
        path.write_bytes(content)
    rebuild(own)
    assert rows_of(own) == before
    assert not journal.exists()
    assert rows_of(own, own.root / "catalog.sqlite.before-rebuild") == before


def test_nobody_else_writes_while_the_catalogue_is_rebuilt(own):
    seen = []

    def try_to_write(done, total):
        with exclusive(own.root, purpose="extract", patience_s=0):
            seen.append(done)

    with pytest.raises(WorkspaceBusyError, match=r"another process writes here \(process \d+, rebuild"):
        rebuild(own, progress=try_to_write)
    assert not seen


@pytest.mark.parametrize("lost", [False, True], ids=["with a catalogue", "without one"])
def test_empty_sources_are_refused_with_the_crops_left_in_place(own, lost):
    if lost:
        own.catalog.unlink()
    for path in (own.root / "screenshots").rglob("*.*"):
        path.unlink()
    before = contents(own.crops)
    with pytest.raises(InputRejectedError, match="crops/ holds crops, but no source has an annotated picture"):
        rebuild(own)
    assert contents(own.crops) == before


@pytest.mark.parametrize("spoiled", ["", "shot_04.png", "shot_04.xml"])
def test_a_copy_that_was_not_extracted_yet_does_not_take_the_number_of_the_original(own, spoiled):
    crops = rows_of(own)[1]
    folder = own.root / "screenshots" / "garden"
    for suffix in ("png", "xml"):
        shutil.copy(folder / f"shot_04.{suffix}", folder / f"a_copy.{suffix}")
    if spoiled:
        (folder / spoiled).write_bytes(b"<annotation>")
    assert rebuild(own).numbers_new == 2
    assert [row for row in rows_of(own)[1] if row[5] != "garden/a_copy.png"] == crops


def test_a_picture_that_cannot_be_used_now_keeps_its_attributes(own):
    picture = own.root / "screenshots" / "garden" / "shot_04.png"
    write_attributes(picture.with_name("shot_04.attributes.json"), {1: {"far": True}})
    extract(own)
    before = state(own)
    picture.write_bytes(b"text")
    rebuild(own)
    assert state(own) == before


def test_without_a_catalogue_the_crops_of_a_picture_that_cannot_be_used_now_are_set_aside_and_keep_their_subset(own):
    split = read_split(own.splits, "default")
    picture = own.root / "screenshots" / "garden" / "shot_04.png"
    good = picture.read_bytes()
    picture.write_bytes(b"text")
    own.catalog.unlink()
    summary = rebuild(own)
    assert len(list(summary.crops_aside.iterdir())) == 2
    assert {f.item for f in summary.extraction.findings if f.pictures} == {"garden/shot_04.png"}
    picture.write_bytes(good)
    extract(own)
    assert all(split.subset_of(crop) for crop in own.known_crops())


def test_without_room_for_temporary_files_the_environment_is_at_fault_and_nothing_is_written(own, monkeypatch):
    before = tree(own.root)
    monkeypatch.setattr(tempfile, "tempdir", str(own.root / "no such folder"))
    with pytest.raises(EnvironmentFaultError, match=r"no temporary folder can be written to.*TMPDIR"):
        rebuild(own)
    assert contents(own.root).keys() - before.keys() <= {".toonvision.lock"}
    assert {name: tree(own.root)[name] for name in before} == before


def killed_at(workspace, step):
    """Rebuild in a process that dies at its n-th write, flush, rename or removal; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        steps = iter(range(step, -1, -1))
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "write_bytes")):
            setattr(owner, name, dying(getattr(owner, name), steps))
        try:
            extraction.available_cores = lambda: 1  # so that the steps come in one order
            rebuild(workspace)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def dying(call, steps):
    def counted(*args, **options):
        if next(steps, 0) == 0:
            os._exit(9)
        return call(*args, **options)

    return counted


def test_a_rebuilding_killed_at_any_moment_leaves_the_old_catalogue_or_the_new_one(grown, tmp_path):
    expected, splits = state(grown), contents(grown.splits)
    damaged = bytearray(grown.catalog.read_bytes())
    damaged[-3 * 4096 :] = np.random.default_rng(0).bytes(3 * 4096)
    swapped = steps = 0
    while True:
        own = copied(grown, tmp_path / str(steps))
        own.catalog.write_bytes(damaged)
        if not killed_at(own, steps):
            break
        kept = own.root / "catalog.sqlite.before-rebuild"
        if own.catalog.read_bytes() == damaged:
            rebuild(own)
        else:
            swapped += 1
            assert kept.read_bytes() == damaged
        rows, files = state(own)
        assert (rows[0], alike(rows[1])) == (expected[0][0], alike(expected[0][1]))
        assert (files, contents(own.splits)) == (expected[1], splits)
        assert not [path for path in own.root.iterdir() if path.name.startswith(".tmp-") and "sqlite" in path.name]
        shutil.rmtree(own.root)
        steps += 1
    assert steps > 5
    assert swapped
