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
from builders import contents, copied, encoded, make_workspace, scene, small_shots, tree, tried
from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, WorkspaceBusyError
from toonvision.core.locks import exclusive
from toonvision.data.attributes import write_attributes
from toonvision.data.catalog import Catalog
from toonvision.data.extraction import extract
from toonvision.data.rebuild import RecordedSplit, rebuild
from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Ratios, plan_split, split_digest


def rows_of(workspace, path=None):
    """Give all that a catalogue decides, without row numbers: screenshots, crops, numbers, splits by file."""
    with Catalog.open(path or workspace.catalog, read_only=True, untouched=True) as catalog:
        crops = catalog.crops()
        file_of = {crop.id: crop.file for crop in crops}
        return (
            [(s.source, s.name, s.context, s.size_wh, s.picture_hash, s.fingerprint) for s in catalog.screenshots()],
            [(c.label, c.number, c.file, c.hash, c.box, c.screenshot, c.context, c.attributes) for c in crops],
            catalog.last_numbers(),
            {s.name: (s.ratios, s.seed, s.grouped, {file_of[i]: p for i, p in s.parts.items()})
             for s in catalog.splits()},
        )  # fmt: skip


def state(workspace):
    return rows_of(workspace), contents(workspace.crops)


def recorded(workspace, name="default", level="kind", run="kind/one"):
    """Give what a run that was trained on a split remembers of it."""
    with workspace.reading() as catalog:
        crops, split = catalog.crops(), catalog.split(name)
    digest = split_digest([crop for crop in crops if workspace.taxonomy.class_of(crop.label, level)], split.parts)
    return RecordedSplit(run, name, Ratios(*split.ratios), split.seed, split.grouped, level, digest)


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
    """Give rows of crops without telling a picture from its copy."""
    return [(*row[:5], row[5].replace("_again", ""), *row[6:]) for row in rows]


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A workspace with a history: numbers that are not given again, a picture that is there twice, two splits."""
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
    with workspace.writing("split") as catalog:
        for name, seed, grouped in (("default", 3, True), ("naive", 1, False)):
            crops = catalog.crops()
            catalog.save_split(plan_split(crops, ratios=SIXTY_TWENTY_TWENTY, seed=seed, grouped=grouped, name=name))
    return workspace


@pytest.fixture
def own(grown, tmp_path):
    return copied(grown, tmp_path / "w")


def test_rebuilding_a_sound_workspace_changes_nothing(own):
    before, files, sources = rows_of(own), tree(own.crops), tree(own.root / "screenshots")
    summary = rebuild(own)
    assert (rows_of(own), tree(own.crops), tree(own.root / "screenshots")) == (before, files, sources)
    assert (summary.numbers_kept, summary.numbers_new, summary.losses) == (len(before[1]), 0, ())
    assert [(one.split.name, one.gone) for one in summary.splits] == [("default", 0), ("naive", 0)]


def test_the_old_catalogue_is_kept_beside_under_a_free_name(own):
    first = own.catalog.read_bytes()
    assert rebuild(own).old == own.root / "catalog.sqlite.before-rebuild"
    second = own.catalog.read_bytes()
    assert rebuild(own).old == own.root / "catalog.sqlite.before-rebuild-2"
    assert (own.root / "catalog.sqlite.before-rebuild").read_bytes() == first
    assert (own.root / "catalog.sqlite.before-rebuild-2").read_bytes() == second


def test_without_a_catalogue_crops_keep_their_numbers_and_a_split_that_a_run_proves_its_places(own):
    before, files, record = rows_of(own), tree(own.crops), recorded(own)
    own.catalog.unlink()
    with pytest.raises(InputRejectedError, match=r"was not made by an extraction.*toonvision rebuild"):
        extract(own)
    own.catalog.unlink()
    summary = rebuild(own, recorded=[record])
    screenshots, crops, numbers, splits = rows_of(own)
    assert (screenshots, alike(crops)) == (before[0], alike(before[1]))
    assert numbers == {label: max(c[1] for c in crops if c[0] == label) for label in builders.LABELS}
    assert splits == {"default": before[3]["default"]}
    assert tree(own.crops) == files
    assert (summary.old, summary.numbers_new, summary.losses) == (None, 0, ())
    assert [one.recorded_by for one in summary.splits] == ["kind/one"]


def test_a_split_that_planning_again_would_not_give_is_lost_and_named_with_how_to_make_it(own):
    record = recorded(own)
    (own.root / "screenshots" / "garden" / "shot_04.xml").write_text("<annotation/>")
    own.catalog.unlink()
    summary = rebuild(own, recorded=[record])
    assert summary.splits == ()
    assert [(loss.item, loss.code, loss.remedy) for loss in summary.losses] == [
        ("split default", "split-lost", "make it anew: toonvision split --name default --ratios 60/20/20 --seed 3")
    ]


def test_a_split_that_was_made_anew_after_a_run_is_not_replaced_by_what_the_run_remembers(own):
    record = recorded(own)
    with own.writing("split") as catalog:
        catalog.save_split(plan_split(catalog.crops(), ratios=SIXTY_TWENTY_TWENTY, seed=9), replace=True)
    before = rows_of(own)
    assert rebuild(own, recorded=[record]).losses == ()
    assert rows_of(own) == before


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"SQLite format 3\0" + b"x" * 9000], ids=["empty", "text", "rubbish"]
)
def test_a_catalogue_of_which_nothing_can_be_read_is_made_again_from_crops_and_runs(own, content):
    before, record = rows_of(own), recorded(own)
    own.catalog.write_bytes(content)
    summary = rebuild(own, recorded=[record])
    assert (rows_of(own)[0], alike(rows_of(own)[1])) == (before[0], alike(before[1]))
    assert rows_of(own)[3] == {"default": before[3]["default"]}
    assert [loss.reason for loss in summary.losses] == ["nothing of it could be read"]
    assert summary.old.read_bytes() == content


def test_whichever_page_of_the_catalogue_is_damaged_no_crop_loses_its_number_and_no_split_is_wrong(grown, tmp_path):
    before, files, record = rows_of(grown), contents(grown.crops), recorded(grown)
    pristine = grown.catalog.read_bytes()
    page = 4096
    lost = 0
    for number in range(len(pristine) // page):
        filler = (b"\0", b"\xff")[number % 2]
        own = copied(grown, tmp_path / str(number))
        own.catalog.write_bytes(pristine[: number * page] + filler * page + pristine[(number + 1) * page :])
        summary = rebuild(own, recorded=[record])
        screenshots, crops, _, splits = rows_of(own)
        assert (screenshots, alike(crops)) == (before[0], alike(before[1]))
        assert contents(own.crops) == files
        assert splits["default"] == before[3]["default"] or "split default" in {loss.item for loss in summary.losses}
        for name, (*_, parts) in splits.items():
            assert parts.items() <= before[3][name][3].items()
        lost += bool(summary.losses)
        shutil.rmtree(own.root)
    assert lost


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


def test_places_that_cannot_be_read_are_named_and_the_others_kept(own):
    before = rows_of(own)[3]["default"]
    sql(own, "PRAGMA ignore_check_constraints = ON", "UPDATE split_crops SET part = 'rest' WHERE crop_id IN (1, 2)")
    summary = rebuild(own)
    after = rows_of(own)[3]["default"]
    assert after[:3] == before[:3]
    assert after[3].items() < before[3].items()
    told = {loss.item: loss for loss in summary.losses}
    assert "rows read" in told["catalog.sqlite"].reason
    assert f"only {len(after[3])} of its places could be read" in told["split default"].reason
    assert told["split default"].remedy.endswith("--seed 3 --force")


def test_a_catalogue_of_a_newer_version_is_refused_unchanged(own):
    sql(own, "INSERT INTO migrations VALUES ('0099_of_the_future')")
    before = tree(own.root)
    with pytest.raises(InputRejectedError, match="a newer version wrote it"):
        rebuild(own)
    assert tree(own.root) == before


@pytest.mark.parametrize("table", ["migrations", "screenshots", "crops", "label_numbers", "splits", "split_crops"])
def test_a_table_whose_columns_have_other_names_is_made_again(own, table):
    before, record = rows_of(own), recorded(own)
    damaged = bytearray(own.catalog.read_bytes())
    column = damaged.index(f"CREATE TABLE {table} (".encode()) + len(f"CREATE TABLE {table} (")
    while damaged[column : column + 1].isspace():
        column += 1
    damaged[column] ^= 1
    own.catalog.write_bytes(damaged)
    rebuild(own, recorded=[record])
    assert (rows_of(own)[0], alike(rows_of(own)[1])) == (before[0], alike(before[1]))
    assert rows_of(own)[3].get("default", before[3]["default"]) == before[3]["default"]


def test_a_catalogue_of_the_first_version_is_read(own):
    before = rows_of(own)
    sql(own, "ALTER TABLE crops DROP COLUMN attributes", "DELETE FROM migrations WHERE name LIKE '0002%'")
    assert rebuild(own).losses == ()
    assert rows_of(own) == before


def test_a_picture_that_cannot_be_used_now_keeps_its_rows_and_places(own):
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


def test_the_number_of_a_crop_whose_picture_is_unusable_is_not_given_away_with_its_file_and_last_number_lost(own):
    label, last, file, _, _, screenshot, *_ = max(row for row in rows_of(own)[1] if row[0] == "stone")
    (own.crops / file).unlink()
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


def test_sources_that_are_not_there_are_refused_before_anything_is_written(own):
    before = own.catalog.read_bytes()
    for path in (own.root / "screenshots").rglob("*.*"):
        path.unlink()
    with pytest.raises(InputRejectedError, match="had annotated pictures at the last extraction and has none now"):
        rebuild(own)
    assert own.catalog.read_bytes() == before


def test_without_a_catalogue_too_empty_sources_are_refused_with_the_crops_left_in_place(own):
    own.catalog.unlink()
    for path in (own.root / "screenshots").rglob("*.*"):
        path.unlink()
    before = contents(own.crops)
    with pytest.raises(InputRejectedError, match="crops/ holds crops, but no source has an annotated picture"):
        rebuild(own)
    assert contents(own.crops) == before


@pytest.mark.parametrize("spoiled", ["", "shot_04.png", "shot_04.xml"])
def test_a_copy_that_was_not_extracted_yet_takes_neither_number_nor_place_of_the_original(own, spoiled):
    _, crops, _, splits = rows_of(own)
    folder = own.root / "screenshots" / "garden"
    for suffix in ("png", "xml"):
        shutil.copy(folder / f"shot_04.{suffix}", folder / f"a_copy.{suffix}")
    if spoiled:
        (folder / spoiled).write_bytes(b"<annotation>")
    assert rebuild(own).numbers_new == 2
    assert [row for row in rows_of(own)[1] if row[5] != "garden/a_copy.png"] == crops
    assert rows_of(own)[3] == splits


def test_a_picture_that_cannot_be_used_now_keeps_its_attributes(own):
    picture = own.root / "screenshots" / "garden" / "shot_04.png"
    write_attributes(picture.with_name("shot_04.attributes.json"), {1: {"far": True}})
    extract(own)
    before = state(own)
    picture.write_bytes(b"text")
    rebuild(own)
    assert state(own) == before


@pytest.mark.parametrize("damage", ["fingerprint = 'xyz'", "width = 0", "height = -1"])
def test_a_picture_that_cannot_be_used_now_and_whose_row_is_damaged_is_measured_once_it_can_be(own, damage):
    before = state(own)
    picture = own.root / "screenshots" / "garden" / "shot_04.png"
    good = picture.read_bytes()
    picture.write_bytes(b"text")
    sql(own, f"UPDATE screenshots SET {damage} WHERE name = 'garden/shot_04.png'")
    assert rebuild(own).losses == ()
    assert rows_of(own)[3] == before[0][3]
    picture.write_bytes(good)
    extract(own)
    assert state(own) == before


def test_without_room_for_temporary_files_the_environment_is_at_fault_and_nothing_is_written(own, monkeypatch):
    before = tree(own.root)
    monkeypatch.setattr(tempfile, "tempdir", str(own.root / "no such folder"))
    with pytest.raises(EnvironmentFaultError, match=r"no temporary folder can be written to.*TMPDIR"):
        rebuild(own)
    assert contents(own.root).keys() - before.keys() <= {".toonvision.lock"}
    assert {name: tree(own.root)[name] for name in before} == before


def killed_at(workspace, step, record):
    """Rebuild in a process that dies at its n-th write, flush, rename or removal; tell whether it came that far."""
    child = os.fork()
    if child == 0:
        steps = iter(range(step, -1, -1))
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "write_bytes")):
            setattr(owner, name, dying(getattr(owner, name), steps))
        try:
            rebuild(workspace, recorded=[record], workers=1)
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
    record, expected = recorded(grown), state(grown)
    damaged = bytearray(grown.catalog.read_bytes())
    damaged[-3 * 4096 :] = np.random.default_rng(0).bytes(3 * 4096)
    swapped = steps = 0
    while True:
        own = copied(grown, tmp_path / str(steps))
        own.catalog.write_bytes(damaged)
        min(own.crops.iterdir()).unlink()
        if not killed_at(own, steps, record):
            break
        kept = own.root / "catalog.sqlite.before-rebuild"
        if own.catalog.read_bytes() == damaged:
            rebuild(own, recorded=[record])
        else:
            swapped += 1
            assert kept.read_bytes() == damaged
        rows, files = state(own)
        assert (rows[0], alike(rows[1])) == (expected[0][0], alike(expected[0][1]))
        assert rows[3]["default"] == expected[0][3]["default"]
        assert files == expected[1]
        assert not [path for path in own.root.iterdir() if path.name.startswith(".tmp-") and "sqlite" in path.name]
        shutil.rmtree(own.root)
        steps += 1
    assert steps > 10
    assert swapped
