import contextlib
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from toonvision.core.errors import EnvironmentFaultError, InputRejectedError, UsageError
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch import log as log_module
from toonvision.watch.diary import Diary
from toonvision.watch.log import LOG, LogFile, LogReader
from toonvision.watch.loop import watch_frames
from toonvision.watch.records import Batch, PaceRow, SecondRow, TrackRow
from toonvision.watch.watched_log import WatchedLog
from watch.standins import ReadySource, ToldModels

TOONTOWN = built_in("toontown")


def batch(second, session=1, thumbnail=b"x" * 500):
    track = TrackRow(session, second, "bb", {"kind": ("cog", 0.9)}, second, second + 1.0, 5, 0.8, {"bb": 5}, thumbnail)
    counts = (SecondRow(session, second, "kind", "cog", 2),)
    return Batch((track,), counts, PaceRow(session, second, 30, 0, 9.5))


def write_all(diary, source):
    try:
        for frame in watch_frames(source, ToldModels()):
            diary.see(frame)
    finally:
        diary.close()


def test_what_is_watched_is_logged_by_track_and_by_second(tmp_path):
    log = LogFile(tmp_path, limit_mb=10)
    diary = Diary(log, log.begin("the game", "garden", "models"))
    far = FoundObject("toon", 0.9, (50.0, 5.0, 60.0, 30.0))

    def see(at):
        near = FoundObject("cog", 0.9, (5.0 + at / 2, 5.0, 25.0 + at / 2, 45.0))
        return (near, far) if 9 <= at < 15 else (near,)

    for frame in watch_frames(ReadySource(35), ToldModels(find_at=see)):
        diary.see(frame)
    diary.close()
    reader = LogReader(tmp_path)
    (session,) = reader.sessions()
    assert (session.number, session.source, session.context, session.models) == (1, "the game", "garden", "models")
    cog, toon = reader.tracks()
    assert (cog.label, cog.hits, cog.levels["kind"][0], cog.levels["suit"][0]) == ("bb", 35, "cog", "bb")
    assert (cog.first_seen, cog.last_seen) == (0.1, 3.5)
    assert (toon.label, round(toon.first_seen, 1), round(toon.last_seen, 1), toon.hits) == ("toon", 1.0, 1.5, 6)
    assert cog.thumbnail.startswith(b"\xff\xd8")
    assert sum(cog.labels.values()) == 34, "a track counts from its second frame on"
    counts = {(one.second, one.level, one.name): one.count for one in reader.seconds()}
    assert counts[0, "kind", "cog"] == counts[3, "suit", "bb"] == counts[1, "kind", "toon"] == 1
    assert (3, "kind", "toon") not in counts
    assert [one.frames for one in reader.pace()] == [9, 10, 10, 6]


def test_watching_again_adds_a_session_and_changes_nothing_of_the_one_before(tmp_path):
    for _ in range(2):
        log = LogFile(tmp_path, limit_mb=10)
        session = log.begin("world", "", "models")
        log.add(batch(0, session.number))
        log.close()
    assert [one.number for one in LogReader(tmp_path).sessions()] == [1, 2]
    assert [one.session for one in LogReader(tmp_path).tracks()] == [1, 2]


def test_the_log_is_bounded_and_keeps_what_is_newest(tmp_path):
    log = LogFile(tmp_path, limit_mb=0.3)
    log._connection.execute("PRAGMA synchronous = OFF")  # nothing is killed here, and the disk need not be waited for
    log.begin("world", "", "models")
    for second in range(3_000):
        log.add(batch(second))
    log.close()
    assert (tmp_path / LOG).stat().st_size < 0.45e6
    seconds = [one.second for one in LogReader(tmp_path).pace()]
    assert seconds[-1] == 2_999
    assert 100 < len(seconds) < 1_000
    assert LogReader(tmp_path).tracks()[-1].number == 2_999


def test_a_full_disk_ends_it_with_the_log_whole(tmp_path):
    log = LogFile(tmp_path, limit_mb=10)
    diary = Diary(log, log.begin("world", "", "models"))
    log.add(batch(0))
    log._connection.execute("PRAGMA max_page_count = 8")

    def watch():
        for frame in watch_frames(ReadySource(4_000), ToldModels(wait_s=0.0005)):
            diary.see(frame)

    with pytest.raises(OSError, match="No space left on device") as failed:
        watch()
    assert failed.value.errno == errno.ENOSPC
    assert failed.value.filename == str(tmp_path / LOG)
    with pytest.raises(OSError, match="No space left on device"):
        diary.close()
    assert LogReader(tmp_path).tracks()[0].number == 0


def test_a_log_that_is_overwritten_meanwhile_ends_it_with_what_is_to_be_done(tmp_path):
    log = LogFile(tmp_path, limit_mb=10)
    diary = Diary(log, log.begin("world", "", "models"))
    (tmp_path / LOG).write_bytes(b"something else" * 10_000)
    with pytest.raises(InputRejectedError, match=f"^{tmp_path / LOG}: is no log of this program, or is damaged. Move"):
        write_all(diary, ReadySource(20))


def test_a_kill_leaves_every_second_that_was_written(tmp_path):
    script = f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from pathlib import Path
        from toonvision.watch.log import LogFile
        from watch.test_log import batch
        log = LogFile(Path({str(tmp_path)!r}), limit_mb=10)
        log.begin("world", "", "models")
        for second in range(100_000):
            log.add(batch(second))
            print(second, flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline() for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    last = int([one for one in said if one.endswith("\n")][-1])
    seconds = [one.second for one in LogReader(tmp_path).pace()]
    assert seconds == list(range(len(seconds)))
    assert seconds[-1] >= last
    log = LogFile(tmp_path, limit_mb=10)
    assert log.begin("world", "", "models").number == 2
    log.close()


def test_a_file_that_is_no_log_and_a_folder_without_one_are_refused(tmp_path):
    with pytest.raises(UsageError, match="nothing was logged there. Watch first: toonvision watch SOURCE"):
        LogReader(tmp_path).tracks()
    (tmp_path / LOG).write_bytes(b"something else" * 100)
    for use in (lambda: LogFile(tmp_path, limit_mb=1), LogReader(tmp_path).tracks):
        with pytest.raises(InputRejectedError, match="is no log of this program, or is damaged. Move it away"):
            use()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session SET started = X'00ff'",
        "UPDATE session SET started = 'x'",
        "UPDATE session SET context = X'00ff'",
        "UPDATE session SET context = CAST(X'ff' AS TEXT)",
        "UPDATE track SET hits = 'x'",
        "UPDATE track SET best_score = 9e999",
        "UPDATE track SET thumbnail = 'x'",
        "UPDATE track SET levels = '[]'",
        'UPDATE track SET levels = \'{"kind": ["cog", "sure"]}\'',
        "UPDATE track SET labels = '{\"\\ud800\": 5}'",
        "UPDATE second SET count = -1",
        "UPDATE second SET name = X'00ff'",
        "UPDATE pace SET frames = 0.5",
        "UPDATE pace SET second = 1000000000000000",
        "UPDATE track SET session = 99",
        "UPDATE second SET session = 99",
        "DELETE FROM session",
        "ALTER TABLE pace ADD COLUMN more INT",
        "DROP TABLE second",
    ],
)
@pytest.mark.parametrize("strict", [True, False], ids=["a new log", "an older log"])
def test_a_log_with_values_that_no_watch_writes_is_damaged(change, strict, tmp_path, monkeypatch):
    if not strict:
        older = log_module._SCHEMA.replace(" STRICT,", "").replace(" STRICT;", ";")
        monkeypatch.setattr(log_module, "_SCHEMA", older)
    log = LogFile(tmp_path, limit_mb=10)
    log.begin("world", "garden", "models")
    log.add(batch(0))
    log.close()
    assert WatchedLog.read(tmp_path, TOONTOWN).whole_s == 1
    with contextlib.closing(sqlite3.connect(tmp_path / LOG)) as connection, connection:
        try:
            connection.execute(change)
        except sqlite3.IntegrityError:
            assert strict, "only a strict table refuses it"
            return
    with pytest.raises(InputRejectedError, match="is no log of this program, or is damaged. Move it away"):
        WatchedLog.read(tmp_path, TOONTOWN)


def test_a_log_that_another_program_writes_to_is_refused(tmp_path):
    first = LogFile(tmp_path, limit_mb=10)
    first._connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EnvironmentFaultError, match="cannot be used .* Close what uses it, then run again"):
        LogFile(tmp_path, limit_mb=10)
    first.close()
