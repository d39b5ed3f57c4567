import dataclasses
import random
import shutil
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from builders import files_property, tried
from toonvision.core.errors import EnvironmentFaultError, ModelRefusedError, ToonVisionError, UsageError
from toonvision.tuning import storage
from toonvision.tuning.settings import Bounds, RaceSettings, StudySettings, read_settings_text, settings_text
from toonvision.tuning.storage import FAULTS, Address, file_url, open_study, patiently, shown_url, storage_faults
from tuning.spaces import spaces
from tuning.studies import begin

PLAIN = StudySettings("suit", "data", "taxonomy")
SECRET = "s3cr3t"
GONE = r"^postgresql://tester:[^\n]+ cannot be used \([^\n]+"


@files_property
@given(space=spaces(), seed=st.integers(0, 2**32 - 1), most=st.none() | st.integers(1, 10**9), ms=st.floats(0.1, 9))
def test_settings_written_and_read_again_are_the_same(space, seed, most, ms):
    settings = dataclasses.replace(PLAIN, space=space, seed=seed, bounds=Bounds(most, ms), strategy="front")
    assert read_settings_text(settings_text(settings), "here") == settings


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"task": 3}'])
def test_settings_that_cannot_be_understood_are_refused_with_their_place(text):
    with pytest.raises(ModelRefusedError, match=r"^here: not the settings of a study[^\n]+$"):
        read_settings_text(text, "here")


def test_seeds_of_the_race_are_fresh_and_all_seeds_are_possible_ones():
    settings = dataclasses.replace(PLAIN, seed=2**32 - 2, repeats=3, race=RaceSettings(rounds=4))
    both = settings.seeds() + settings.fresh_seeds()
    assert len(set(both)) == 7
    assert all(0 <= seed < 2**32 for seed in both)


def test_a_study_is_found_again_with_its_settings(tmp_path):
    address, study = begin(tmp_path, PLAIN)
    study.trials.tell(study.trials.ask(), 0.5)
    again = open_study(address)
    assert again.settings == PLAIN
    assert [trial.value for trial in again.trials.get_trials()] == [0.5]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"data": "other"}, "data"),
        ({"taxonomy": "other"}, "taxonomy"),
        ({"bounds": Bounds(10), "repeats": 2}, "bounds, repeats"),
        ({"strategy": "front"}, "strategy"),
        ({"size_hw": (30, 30), "trials": 99}, "size_hw"),
    ],
)
def test_joining_with_other_settings_is_refused_and_names_them(tmp_path, changes, named):
    address, _ = begin(tmp_path, PLAIN)
    with pytest.raises(UsageError, match=rf"^the study 'study' was begun with other settings \({named}\)\. [^\n]+$"):
        open_study(address, dataclasses.replace(PLAIN, **changes))
    assert open_study(address).settings == PLAIN


def test_a_study_may_be_made_longer(tmp_path):
    address, _ = begin(tmp_path, PLAIN)
    longer = dataclasses.replace(PLAIN, trials=50, race=RaceSettings(trainings=60))
    assert open_study(address, longer).settings == longer
    assert open_study(address).settings == longer


def test_a_study_that_does_not_exist_is_named_with_its_storage(tmp_path):
    address, _ = begin(tmp_path, PLAIN)
    with pytest.raises(UsageError, match=r"^there is no study called 'suit/none' in sqlite:///.+study\.sqlite\.$"):
        open_study(Address(address.url, "suit/none"))


def test_a_study_that_was_begun_without_settings_can_get_some_or_is_named(tmp_path):
    address, _ = begin(tmp_path, PLAIN)
    storage = open_study(address).trials._storage
    optuna.create_study(study_name="half", storage=storage)
    with pytest.raises(UsageError, match="'half' in .+ has no settings"):
        open_study(Address(address.url, "half"))
    with pytest.raises(UsageError, match="has no settings"):  # it has one objective, and never gets a second
        open_study(Address(address.url, "half"), dataclasses.replace(PLAIN, strategy="front"))
    assert open_study(Address(address.url, "half"), PLAIN).settings == PLAIN


@pytest.mark.parametrize(
    "url",
    [
        "studies.sqlite",
        "",
        "oracle://host/studies",
        "postgresql",
        f"postgresql://me:{SECRET}@host:port/studies",
        f"mysql://me:{SECRET}@host/studies",
        f"postgres://me:{SECRET}@host/studies",
        f"://me:{SECRET}@host",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_what_is_no_address_is_refused_in_one_line_without_a_password(url):
    with pytest.raises(UsageError, match=r"^a storage is an address such as [^\n]+$") as caught:
        open_study(Address(url, "study"), PLAIN)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", [f"postgresql://me:{SECRET}@127.0.0.1:1/studies", f"postgresql://me@127.0.0.1:1/studies?password={SECRET}"]
)
def test_a_server_that_does_not_answer_is_reported_in_one_line_without_its_password(url):
    pytest.importorskip("psycopg")
    with pytest.raises(
        EnvironmentFaultError, match=r"^postgresql://me[^\n]+cannot be used \([^\n]+\)\.[^\n]+$"
    ) as caught:
        open_study(Address(url, "study"), PLAIN)
    assert SECRET not in str(caught.value)
    assert SECRET not in shown_url(url)


@pytest.mark.parametrize(
    "content", [b"no database at all, but a text that is long enough to have a header", b"\0" * 9000]
)
def test_a_file_that_is_no_database_is_reported_in_one_line(tmp_path, content):
    (tmp_path / "study.sqlite").write_bytes(content)
    with pytest.raises(EnvironmentFaultError, match=r"^sqlite:///[^\n]+ cannot be used \([^\n]+\)\. Fix this[^\n]+$"):
        open_study(Address(file_url(tmp_path / "study.sqlite"), "study"), PLAIN)
    assert (tmp_path / "study.sqlite").read_bytes() == content


def test_a_missing_folder_and_a_folder_instead_of_a_file_are_reported_in_one_line(tmp_path):
    for path in (tmp_path / "none" / "study.sqlite", tmp_path):
        with pytest.raises(EnvironmentFaultError, match=r"^[^\n]+unable to open database file[^\n]+$"):
            open_study(Address(file_url(path), "study"), PLAIN)


def test_tables_of_another_optuna_are_reported_in_one_line(tmp_path):
    address, _ = begin(tmp_path, PLAIN)
    with sqlite3.connect(tmp_path / "study.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
    connection.close()
    with pytest.raises(EnvironmentFaultError, match=r"^[^\n]+is no longer compatible with the table schema[^\n]+$"):
        open_study(address)


def test_a_damaged_file_is_reported_in_one_line_or_does_no_harm(tmp_path):
    address, study = begin(tmp_path, PLAIN)
    for number in range(10):
        trial = study.trials.ask()
        trial.set_user_attr("scores", [{"loss": number}])
        study.trials.tell(trial, number)
    sound = (tmp_path / "study.sqlite").read_bytes()
    rng = random.Random(0)
    for _ in range(40):
        damaged = bytearray(sound if rng.random() < 0.7 else sound[: rng.randrange(len(sound))])
        for _ in range(rng.randint(0, 30)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path = tmp_path / "damaged.sqlite"
        path.write_bytes(damaged)
        _, error = tried(ToonVisionError, read_all, file_url(path), address.name)
        assert "\n" not in str(error)


def read_all(url, name):
    with storage_faults(url, opening=True):
        return open_study(Address(url, name)).trials.get_trials()


@pytest.mark.parametrize(
    "name", ["with blanks and ümlauts", "100%25", "what?", "a#b", "{braces}", "me@home:1", "a&b=c"]
)
def test_a_file_may_lie_in_a_folder_of_any_name(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    address, _ = begin(folder, PLAIN)
    assert [path.name for path in folder.iterdir()] == ["study.sqlite"]
    assert open_study(address).settings == PLAIN


def test_a_file_is_written_so_that_it_survives_a_loss_of_power(tmp_path):
    _, study = begin(tmp_path, PLAIN)
    with study.trials._storage._backend.engine.connect() as connection:
        held = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    assert held == [3, "delete"]


def test_of_many_processes_only_one_takes_a_waiting_trial_and_only_one_fails_a_silent_one(tmp_path):
    address, study = begin(tmp_path, PLAIN, heartbeat_s=1, grace_s=1)
    for number in range(12):
        study.trials.enqueue_trial({}, user_attrs={"number": number})

    def take(_process):
        own = open_study(address).trials
        taken = []
        while any(trial.state is TrialState.WAITING for trial in own.get_trials()):
            taken.append(own.ask())
            own._storage.record_heartbeat(taken[-1]._trial_id)
        return [trial.user_attrs["number"] for trial in taken if trial.user_attrs]

    def bury(_process):
        own = open_study(address).trials
        while any(trial.state is TrialState.RUNNING for trial in own.get_trials()):
            optuna.storages.fail_stale_trials(own)

    with ThreadPoolExecutor(4) as pool:
        taken = [number for numbers in pool.map(take, range(4)) for number in numbers]
        assert sorted(taken) == list(range(12))
        list(pool.map(bury, range(4)))
    trials = study.trials.get_trials()
    waiting = [trial for trial in trials if trial.state is TrialState.WAITING]
    retried = [trial.user_attrs["number"] for trial in waiting if trial.user_attrs]
    assert sorted(retried) == list(range(12))


def test_many_processes_may_begin_a_study_at_once(tmp_path):
    url = file_url(tmp_path / "study.sqlite")
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda _: open_study(Address(url, "study"), PLAIN).settings.task, range(6))) == {"suit"}
    assert len(optuna.get_all_study_names(open_study(Address(url, "study")).trials._storage)) == 2


def test_a_heartbeat_that_cannot_be_stored_is_only_missed(tmp_path):
    _, study = begin(tmp_path, PLAIN)
    trial = study.trials.ask()
    (tmp_path / "study.sqlite").write_bytes(b"damaged" * 100)
    study.trials._storage.record_heartbeat(trial._trial_id)
    with pytest.raises(EnvironmentFaultError), storage_faults("sqlite:///x", opening=True):
        study.trials.get_trials()


def test_a_server_is_waited_for_and_a_file_is_not():
    calls = []

    def fails_twice():
        calls.append(1)
        if len(calls) < 3:
            raise FAULTS[1]("gone")
        return "back"

    assert patiently("postgresql://host/studies", fails_twice) == "back"
    calls.clear()
    with pytest.raises(FAULTS[1]):
        patiently("sqlite:///file", fails_twice)
    with pytest.raises(FAULTS[1]):
        patiently("postgresql://host/studies", fails_twice, patience_s=0)


def test_a_study_can_be_moved_with_its_folder(tmp_path):
    (tmp_path / "old").mkdir()
    begin(tmp_path / "old", PLAIN)
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert open_study(Address(file_url(tmp_path / "new" / "study.sqlite"), "study")).settings == PLAIN


def test_a_server_that_is_gone_for_good_is_waited_for_once_and_then_reported(postgres, monkeypatch):
    monkeypatch.setattr(storage, "PATIENCE_S", 2.0)
    url = postgres.database()
    study = open_study(Address(url, "study"), PLAIN)
    study.trials.tell(study.trials.ask(), 0.5)
    postgres.stop(signal.SIGQUIT)
    try:
        for least_s, most_s in ((2, 20), (0, 2)):  # waited for, then only tried
            began = time.monotonic()
            with pytest.raises(
                EnvironmentFaultError, match=r"^postgresql://tester:[^\n]+ cannot be used \([^\n]+"
            ) as caught:
                patiently(url, lambda: read_values(url, study))
            assert least_s <= time.monotonic() - began < most_s
            assert caught.value.exit_code == 4
            assert "sécret" not in str(caught.value)
            assert "s%C3%A9cret" not in str(caught.value)
        study.trials._storage.record_heartbeat(0)  # is missed, and says nothing
    finally:
        postgres.start()
    assert patiently(url, lambda: read_values(url, study)) == [0.5]


def read_values(url, study):
    with storage_faults(url, opening=True):
        return [trial.value for trial in study.trials.get_trials()]


def test_a_file_that_another_process_keeps_locked_is_waited_for_and_then_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "PATIENCE_S", 1.0)
    address, study = begin(tmp_path, PLAIN)
    other = sqlite3.connect(tmp_path / "study.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(EnvironmentFaultError, match=r"^sqlite:///[^\n]+ cannot be used \([^\n]*locked[^\n]+$"):
        read_values(address.url, study)
    Timer(0.3, other.execute, ["COMMIT"]).start()
    assert read_values(address.url, study) == []
    other.close()
