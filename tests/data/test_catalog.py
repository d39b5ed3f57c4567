import dataclasses
import hashlib
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from functools import partial

import pytest

import builders
from builders import CATALOGUE_DUMPS, make_workspace, open_to_all, restored, tree, tried, unprivileged
from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, WorkspaceBusyError
from toonvision.data.attributes import encoded
from toonvision.data.boxes import Box
from toonvision.data.catalog import Catalog, Crop, StoredScreenshot, schema
from toonvision.data.catalog.schema import MIGRATIONS
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY


def shot(name="garden/one.png", crops=(("apple", 0), ("pear", 0)), context="garden"):
    row = StoredScreenshot(0, "screenshots", name, context, (64, 48), "picture hash", "ab" * 72)
    return row, [
        Crop(
            0, label, number, f"{label}_{number:04}.png", f"hash {label} {number}", Box(number, 0, number + 5, 7), 0,
            "screenshots", name, context, "ab" * 72, f"one.xml, object {number + 1}",
        )
        for label, number in crops
    ]  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """A catalogue with two screenshots, three crops and an extraction."""
    path = tmp_path / "catalog.sqlite"
    with Catalog.open(path) as catalog:
        catalog.save_screenshots([shot(), shot("house/two.png", [("apple", 1)], context="house")])
        catalog.save_extraction({"objects_read": 3}, [Finding("a.xml, object 3", "is <odd> ü", "", "odd", 1, 0)])
    return path


def everything(path):
    with Catalog.open(path, read_only=True) as catalog:
        catalog.last_numbers()
        return catalog.screenshots(), catalog.crops(), catalog.last_extraction()


def sql(path, *statements):
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(statement).fetchall() for statement in statements]
    finally:
        connection.close()


def test_what_is_saved_is_given_back_by_label_and_number(path):
    screenshots, crops, (counts, findings) = everything(path)
    assert [(s.name, s.context, s.size_wh, s.picture_hash) for s in screenshots] == [
        ("garden/one.png", "garden", (64, 48), "picture hash"),
        ("house/two.png", "house", (64, 48), "picture hash"),
    ]
    assert [(c.label, c.number, c.file, c.hash, c.box, c.screenshot, c.context) for c in crops] == [
        ("apple", 0, "apple_0000.png", "hash apple 0", Box(0, 0, 5, 7), "garden/one.png", "garden"),
        ("apple", 1, "apple_0001.png", "hash apple 1", Box(1, 0, 6, 7), "house/two.png", "house"),
        ("pear", 0, "pear_0000.png", "hash pear 0", Box(0, 0, 5, 7), "garden/one.png", "garden"),
    ]
    assert counts == {"objects_read": 3}
    assert findings == [Finding("a.xml, object 3", "is <odd> ü", "", "odd", 1, 0)]


def test_known_crops_keep_their_rows(path):
    before = everything(path)
    with Catalog.open(path) as catalog:
        catalog.save_screenshots([shot(crops=[("apple", 0), ("pear", 1)])])
    crops = everything(path)[1]
    kept = next(crop for crop in crops if crop.file == "apple_0000.png")
    assert kept in before[1]
    assert {crop.file for crop in crops} == {"apple_0000.png", "apple_0001.png", "pear_0001.png"}


def test_a_forgotten_screenshot_takes_its_crops_but_not_their_numbers(path):
    with Catalog.open(path) as catalog:
        catalog.forget_screenshots([s.id for s in catalog.screenshots() if s.name == "house/two.png"])
        assert {crop.file for crop in catalog.crops()} == {"apple_0000.png", "pear_0000.png"}
        assert catalog.last_numbers() == {"apple": 1, "pear": 0}


def test_screenshots_are_saved_all_or_none(path):
    before = everything(path)
    clash, (crop,) = shot("house/three.png", [("apple", 1)])
    broken = dataclasses.replace(crop, label="plum", file="plum_0000.png", hash=None)
    with Catalog.open(path) as catalog, pytest.raises(sqlite3.IntegrityError):
        catalog.save_screenshots([shot("house/four.png", [("pear", 5)]), (clash, [broken])])
    assert everything(path) == before


def test_before_the_first_extraction_there_is_nothing(tmp_path):
    with Catalog.open(tmp_path / "new.sqlite") as catalog:
        assert (catalog.screenshots(), catalog.crops(), catalog.last_extraction()) == ([], [], ({}, []))


def test_migrations_are_named_in_their_order(path):
    names = [name for name, _ in MIGRATIONS]
    assert names == sorted(names)
    assert names[0] == "0001_screenshots_crops_splits"
    assert sql(path, "SELECT name FROM migrations ORDER BY rowid")[0] == [(name,) for name in names]


def test_what_was_committed_is_synchronised_without_a_write_ahead_log(path):
    with Catalog.open(path) as catalog:
        connection = catalog._connection
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


NEXT = ("0090_notes", "CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT NOT NULL) STRICT;")
BROKEN = ("0091_broken", "CREATE TABLE half (id INTEGER) STRICT; INSERT INTO half VALUES (1); SELECT * FROM nowhere;")


def test_an_older_catalogue_is_brought_up_to_date_and_keeps_its_rows(path, monkeypatch):
    before = everything(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, NEXT))
    with Catalog.open(path) as catalog:
        assert catalog.crops() == before[1]
    assert sql(path, "SELECT name FROM migrations ORDER BY name", "SELECT * FROM notes") == [
        [*((name,) for name, _ in MIGRATIONS), ("0090_notes",)],
        [],
    ]
    assert everything(path) == before


def test_an_older_catalogue_is_refused_for_reading_and_not_changed(path, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, NEXT))
    before = path.read_bytes()
    with pytest.raises(InputRejectedError) as caught:
        everything(path)
    advice = f"Run: toonvision extract -w {path.parent}"
    assert str(caught.value) == f"{path}: its schema is older than this version. {advice}"
    assert path.read_bytes() == before


def rows(path):
    """Return each table's rows, by name, as SQLite gives them."""
    (tables,) = sql(path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'")
    return {name: sql(path, f"SELECT * FROM {name}")[0] for (name,) in tables}


def test_there_is_a_catalogue_of_each_schema_that_there_ever_was():
    assert [dump.stem for dump in CATALOGUE_DUMPS] == [name for name, _ in MIGRATIONS]


@pytest.mark.parametrize("dump", CATALOGUE_DUMPS, ids=lambda dump: dump.stem)
def test_a_catalogue_of_each_schema_is_brought_up_to_date_and_keeps_every_row(dump, tmp_path):
    path = restored(dump, tmp_path / "catalog.sqlite")
    before = rows(path)
    assert all(before.values())
    open_for_writing(path)
    after = rows(path)
    for table, held in before.items():
        if table not in {"splits", "split_crops"}:
            assert [row[: len(held[0])] for row in after[table]] == held
    _, crops, (counts, findings) = everything(path)
    assert [(crop.label, crop.file, crop.box.xyxy) for crop in crops[:1]] == [
        ("apple", "apple_0000.png", (2, 3, 18, 23))
    ]
    assert counts["objects_skipped"] == sum(finding.objects for finding in findings) == 1
    with Catalog.open(path) as catalog:
        assert catalog.last_numbers() == {label: last for label, last in before["label_numbers"] if label}
        assert catalog.has_begun()


def test_regions_are_stored_beside_the_crops_and_replaced_with_those_of_their_screenshot(path):
    row, crops = shot()
    region = dataclasses.replace(
        crops[0], file="", hash="", number=0, origin="c.json, object 3", attributes={"ignore": True}
    )
    before = everything(path)
    for regions in ([region, region], [region], []):
        with Catalog.open(path) as catalog:
            catalog.save_screenshots([(row, [*crops, *regions])])
            stored = catalog.regions()
            assert [(one.label, one.box, one.origin, one.file) for one in stored] == [
                (region.label, region.box, region.origin, "") for _ in regions
            ]
            assert all(one.attributes == {"ignore": True} and one.screenshot == row.name for one in stored)
        assert everything(path) == before


@pytest.mark.parametrize("dump", CATALOGUE_DUMPS[:-1], ids=lambda dump: dump.stem)
def test_a_catalogue_of_an_older_schema_is_refused_for_reading_and_not_changed(dump, tmp_path):
    path = restored(dump, tmp_path / "catalog.sqlite")
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match="its schema is older than this version"):
        everything(path)
    assert path.read_bytes() == before


def test_crops_of_a_catalogue_without_attributes_have_none_and_can_be_given_some(tmp_path):
    path = restored(CATALOGUE_DUMPS[0], tmp_path / "catalog.sqlite")
    with Catalog.open(path) as catalog:
        assert {encoded(crop.attributes) for crop in catalog.crops()} == {"{}"}
        catalog.save_screenshots([with_attributes(ATTRIBUTES)])
        (changed,) = [crop for crop in catalog.crops() if crop.attributes]
        assert changed.attributes == ATTRIBUTES


ATTRIBUTES = {"view": "front <left> ü", "occluded": 0.25, "track": 3, "far": False}


def with_attributes(attributes):
    row, (crop,) = shot(crops=[("apple", 0)])
    return row, [dataclasses.replace(crop, attributes=attributes)]


def test_attributes_are_returned_and_replaced_without_touching_the_crops_row(path):
    before = everything(path)[1][0]
    for attributes in (ATTRIBUTES, {"track": True}, {}):
        with Catalog.open(path) as catalog:
            catalog.save_screenshots([with_attributes(attributes)])
        crop = everything(path)[1][0]
        assert crop == dataclasses.replace(before, attributes=attributes)
        assert repr(sorted(crop.attributes.items())) == repr(sorted(attributes.items()))


def test_crops_with_attributes_can_be_compared_and_kept_in_sets(path):
    with Catalog.open(path) as catalog:
        catalog.save_screenshots([with_attributes(ATTRIBUTES)])
        first, second = catalog.crops(), catalog.crops()
    assert set(first) == set(second)
    assert dataclasses.replace(first[0], attributes={}) not in set(first)
    assert pickle.loads(pickle.dumps(first)) == first


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"view"', '{"view": null}', '{"View": 1}', '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 9999],
)
def test_attributes_that_nobody_can_have_stored_are_damage(path, text):
    sql(path, f"UPDATE crops SET attributes = '{text}'")
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match=r"the catalogue is damaged .* was not changed"):
        everything(path)
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_nothing_of_itself(path, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, NEXT, BROKEN))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"), Catalog.open(path):
        pass
    tables, applied = sql(
        path, "SELECT name FROM sqlite_schema WHERE name IN ('notes', 'half')", "SELECT name FROM migrations ORDER BY 1"
    )
    assert tables == [("notes",)]
    assert applied == [*((name,) for name, _ in MIGRATIONS), ("0090_notes",)]
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, NEXT))
    assert len(everything(path)[1]) == 3


def test_a_newer_catalogue_is_refused_unchanged(path):
    sql(path, "INSERT INTO migrations VALUES ('0099_of_the_future')")
    before = path.read_bytes()
    for read_only in (True, False):
        with (
            pytest.raises(InputRejectedError, match=r"a newer version wrote it \(0099_of_the_future\)") as caught,
            Catalog.open(path, read_only=read_only),
        ):
            pass
        assert str(path) in str(caught.value)
        assert "it was not changed. Update toonvision" in str(caught.value)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["catalog.sqlite"]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE extractions",
        "ALTER TABLE crops RENAME COLUMN hash TO hasch",
        "CREATE TABLE mine (a)",
        "CREATE TRIGGER sqliteXstat AFTER INSERT ON extractions BEGIN DELETE FROM crops; END",
        "DELETE FROM migrations WHERE name LIKE '0001%'",
        "UPDATE migrations SET name = '0001_of_nobody' WHERE name LIKE '0001%'",
        "DROP TABLE migrations",
    ],
)
def test_a_catalogue_with_other_tables_than_its_version_is_refused_unchanged(path, statement):
    sql(path, statement)
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match="it was not changed"), Catalog.open(path):
        pass
    assert path.read_bytes() == before


@pytest.mark.parametrize("make", ["pipe", "folder", "link"])
@pytest.mark.parametrize("name", ["catalog.sqlite", "catalog.sqlite-journal"])
def test_a_catalogue_that_is_no_regular_file_is_refused_without_waiting(path, name, make):
    path.with_name(name).unlink(missing_ok=True)
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": partial(os.symlink, "nowhere")}[make](path.with_name(name))
    for read_only in (True, False):
        with (
            pytest.raises(InputRejectedError, match=r"is no regular file.*toonvision rebuild -w"),
            Catalog.open(path, read_only=read_only),
        ):
            pass
    assert not path.with_name("nowhere").exists()


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0", b"\0" * 4096, b"x" * 5000], ids=range(4))
def test_a_file_that_is_no_catalogue_is_refused_unchanged(tmp_path, content):
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(content)
    for read_only in (True, False):
        with (
            pytest.raises(InputRejectedError, match="it was not changed") as caught,
            Catalog.open(path, read_only=read_only),
        ):
            pass
        assert f"toonvision rebuild -w {tmp_path}" in str(caught.value) or "move the file away" in str(caught.value)
    assert path.read_bytes() == content


NOBODYS_VALUES = [
    "UPDATE screenshots SET fingerprint = 'x' || substr(fingerprint, 2)",
    "UPDATE screenshots SET fingerprint = substr(fingerprint, 2)",
    "UPDATE screenshots SET width = 0",
    "UPDATE screenshots SET height = -48",
    "UPDATE crops SET label = label || char(27)",
    "UPDATE crops SET label = '' WHERE id = 1",
    "UPDATE crops SET x_max = x_min",
    "UPDATE crops SET file = '../' || file",
    "UPDATE crops SET file = '..' WHERE id = 1",
    "UPDATE crops SET file = '' WHERE id = 1",
    "UPDATE crops SET file = 'a' || char(0) || '.png' WHERE id = 1",
    f"UPDATE crops SET file = '{'a' * 300}.png' WHERE id = 1",
    "UPDATE crops SET number = -1 WHERE id = 1",
    f"UPDATE crops SET number = {2**63 - 1} WHERE id = 1",
    f"UPDATE label_numbers SET last = {2**63 - 1} WHERE label <> ''",
    "UPDATE extractions SET counts = '[]'",
    'UPDATE extractions SET counts = \'{"objects_read": "3"}\'',
    "UPDATE extractions SET findings = '[{}]'",
    "UPDATE extractions SET findings = '{\"item\": 1}'",
    "UPDATE extractions SET findings = replace(findings, '\"is <odd>', '5, \"remedy\": \"')",
    f"UPDATE extractions SET findings = '{'[' * 9999}'",
    "DELETE FROM screenshots WHERE id = 1",
]


@pytest.mark.parametrize("statement", NOBODYS_VALUES)
def test_values_that_nobody_can_have_stored_are_damage(path, statement):
    sql(path, statement)
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match=r"the catalogue is damaged .* was not changed") as caught:
        everything(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("find", [bytes.find, bytes.rfind], ids=["first", "last"])
def test_a_table_and_its_index_that_disagree_are_refused(path, find):
    pristine, old, new = path.read_bytes(), b"pear_0000.png", b"peas_0000.png"
    place = find(pristine, old)
    path.write_bytes(pristine[:place] + new + pristine[place + len(old) :])
    with pytest.raises(InputRejectedError, match="the catalogue is damaged"):
        everything(path)


@pytest.mark.parametrize("dump", CATALOGUE_DUMPS, ids=lambda dump: dump.stem)
def test_an_index_that_names_another_table_is_refused_before_anything_is_brought_over(tmp_path, dump):
    path = restored(dump, tmp_path / "catalog.sqlite")
    sql(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET tbl_name = 'srops' WHERE name = 'crops_by_screenshot'",
    )
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match=r"the catalogue is damaged .* was not changed"), Catalog.open(path):
        pass
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("read_only", [True, False])
def test_a_catalogue_with_a_write_ahead_log_is_refused_before_sqlite_makes_files_beside_it(path, read_only):
    pristine = path.read_bytes()
    damaged = pristine[:18] + b"\2\2" + pristine[20:]
    for content in (damaged, damaged[:52]):
        path.write_bytes(content)
        with (
            pytest.raises(InputRejectedError, match="it is in a journal mode that this program never uses"),
            Catalog.open(path, read_only=read_only),
        ):
            pass
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]


def test_an_empty_catalogue_whose_texts_nobody_could_read_is_refused(tmp_path):
    path = tmp_path / "catalog.sqlite"
    sqlite3.connect(path).executescript("CREATE TABLE gone (name TEXT); DROP TABLE gone;")
    content = path.read_bytes()
    path.write_bytes(content[:56] + b"\0\0\x0d\0" + content[60:])
    before = path.read_bytes()
    with pytest.raises(InputRejectedError, match="its texts are not in UTF-8"), Catalog.open(path):
        pass
    assert path.read_bytes() == before


def flip(path, pristine, offset, bit):
    """Open a catalogue with one bit flipped and read all of it; tell whether it was refused."""
    path.write_bytes(pristine)
    before = everything(path)
    damaged = bytearray(pristine)
    damaged[offset] ^= 1 << bit
    path.write_bytes(damaged)
    read, reading = tried(InputRejectedError, everything, path)
    assert path.read_bytes() == damaged
    if read:
        assert_one_value_differs(before, read)
    _, writing = tried(InputRejectedError, open_for_writing, path)
    assert path.read_bytes() == damaged
    refusals = [error for error in (reading, writing) if isinstance(error, InputRejectedError)]
    assert all(str(path) in str(error) for error in refusals)
    return bool(refusals)


def assert_one_value_differs(before, after):
    """Check that nothing but one text or number is another: no row is gone, and none is new."""
    (shots, crops, _), (shots_after, crops_after, _) = before, after
    assert len(shots) == len(shots_after)
    assert len(crops) == len(crops_after)
    changed_shots = {shot.id for shot in set(shots_after) - set(shots)}
    changed_crops = {crop.id for crop in set(crops_after) - set(crops) if crop.screenshot_id not in changed_shots}
    assert len(changed_shots) + len(changed_crops) <= 1


def open_for_writing(path):
    with Catalog.open(path):
        pass


def flips(size, count):
    """Return bit flips, a third of them in the header and schema page."""
    rng = random.Random(1)
    return [(rng.randrange(100 if index % 3 == 0 else size), rng.randrange(8)) for index in range(count)]


def test_a_flipped_bit_is_refused_or_changes_one_value_and_the_file_is_never_changed(tmp_path):
    path = restored(CATALOGUE_DUMPS[-1], tmp_path / "catalog.sqlite", page_size=512)
    pristine = path.read_bytes()
    refused = [flip(path, pristine, *place) for place in flips(len(pristine), 200)]
    assert 20 < sum(refused) < len(refused) - 20


def test_flipped_bits_of_names_and_numbers_are_refused_in_the_same_words(path):
    pristine = path.read_bytes()
    for word in (b"screenshots", b"x_min", b"0001_screenshots", b"objects_read", b'"item"'):
        for place in (pristine.find(word), pristine.rfind(word)):
            for bit in (0, 3, 7):
                flip(path, pristine, place, bit)
    path.write_bytes(pristine)
    damaged = pristine.replace(b'"item"', b'"jtem"')
    path.write_bytes(damaged)
    with pytest.raises(InputRejectedError, match=r"the catalogue is damaged .* Make it again.*: toonvision rebuild -w"):
        everything(path)


def test_reading_writes_nothing(path):
    before = tree(path.parent)
    everything(path)
    with pytest.raises(EnvironmentFaultError, match="readonly"), Catalog.open(path, read_only=True) as catalog:
        catalog.save_extraction({}, [])
    assert tree(path.parent) == before


def test_reading_makes_no_catalogue_where_there_is_none(tmp_path):
    with pytest.raises(EnvironmentFaultError), Catalog.open(tmp_path / "none.sqlite", read_only=True):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_locked_catalogue_is_busy_within_5_s(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(WorkspaceBusyError, match="another process keeps it locked"):
        everything(path)
    connection.close()
    assert len(everything(path)[1]) == 3


def test_a_reader_that_meets_a_short_write_waits_for_it(path):
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.3, lambda: connection.execute("ROLLBACK"))
    release.start()
    assert len(everything(path)[1]) == 3
    release.join()
    connection.close()


def test_a_full_disk_is_a_fault_of_the_environment_and_keeps_what_was_committed(path):
    before = everything(path)
    many = [shot(f"{index}.png", [("pear", index)]) for index in range(10, 2000)]

    def fill():
        with Catalog.open(path) as catalog:
            catalog._connection.execute("PRAGMA max_page_count = 40")
            catalog.save_screenshots(many)

    with pytest.raises(EnvironmentFaultError, match="full"):
        fill()
    assert everything(path) == before


DIE_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from toonvision.data.catalog import Catalog
with Catalog.open(Path(sys.argv[1])) as catalog:
    catalog._connection.execute("PRAGMA cache_size = 1")
    with catalog._transaction() as run:
        run.execute("UPDATE crops SET hash = 'half done' || hex(randomblob(20000))")
        run.execute("DELETE FROM extractions")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def half_write(path):
    """Let a process be killed in the middle of a change."""
    died = subprocess.run([sys.executable, "-c", DIE_WHILE_WRITING, str(path)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert path.with_name("catalog.sqlite-journal").exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_what_a_killed_writer_left_half_done_is_rolled_back_by_whoever_comes_next(path, read_only):
    before = everything(path)
    half_write(path)
    with Catalog.open(path, read_only=read_only) as catalog:
        assert catalog.crops() == before[1]
        assert catalog.last_extraction() == before[2]


def test_reading_a_catalogue_untouched_leaves_what_a_killed_writer_has_left(path):
    half_write(path)
    before = tree(path.parent)
    with Catalog.open(path, read_only=True, untouched=True) as catalog:
        assert len(catalog.crops()) == 3
    assert tree(path.parent) == before
    assert len(everything(path)[1]) == 3  # the next reader rolls back
    assert [entry.name for entry in path.parent.iterdir()] == ["catalog.sqlite"]


def test_a_read_only_workspace_with_blanks_and_umlauts_is_read_and_not_written_to():
    with open_to_all() as folder:
        root = folder / "mein Spiel #1? 50%"
        workspace = make_workspace(root, builders.small_shots()[:2])
        extract(workspace)
        before = tree(root)
        for path in [root, *root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        with unprivileged():
            assert len(workspace.known_crops()) == 4
            with pytest.raises(EnvironmentFaultError):
                extract(workspace)
            with pytest.raises(EnvironmentFaultError):
                draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0)
        assert tree(root) == before


def test_hashes_in_the_catalogue_are_those_of_the_files(small_workspace):
    with small_workspace.reading() as catalog:
        for crop in catalog.crops():
            assert hashlib.sha256((small_workspace.crops / crop.file).read_bytes()).hexdigest() == crop.hash
