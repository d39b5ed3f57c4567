"""Where a study is kept: Optuna's tables, in a file of its own or on a PostgreSQL server that many machines share."""

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import optuna
import sqlalchemy
from optuna.study import StudyDirection
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, SQLAlchemyError

from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.tuning.settings import MAY_CHANGE, StudySettings, read_settings_text, settings_text
from toonvision.tuning.stored_trials import StoredStudy, retry

PATIENCE_S = 60.0
FAULTS = (SQLAlchemyError, optuna.exceptions.StorageInternalError)
"""What is raised where a database cannot be used."""

_CONNECT_S, _PAUSE_S, _MOST_OPENINGS = 10, 1.0, 10
_SETTINGS = "settings"

Result = TypeVar("Result")


class ServerGoneError(EnvironmentFaultError):
    """A server did not come back in time; waiting for it again is of no use."""


@dataclass(frozen=True)
class Address:
    """Where a study is, and how a dead process is noticed there.

    Attributes:
        url: The storage, such as ``sqlite:///study.sqlite`` or ``postgresql://user:password@host/database``.
        name: The study's name in there.
        heartbeat_s: Seconds from one sign of life of a process to the next.
        grace_s: Seconds of silence after which a process's trial is given to another, at most `MOST_RETRIES` times.
    """

    url: str
    name: str
    heartbeat_s: int = 10
    grace_s: int = 45


def file_url(path: Path) -> str:
    """Return the address of a study's own file."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def shown_url(url: str) -> str:
    """Return an address without its password, for messages and records."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "the storage"
    secrets = {key: "***" for key in parsed.query if "password" in key.lower()}
    return parsed.update_query_dict(secrets).render_as_string(hide_password=True)


def open_study(address: Address, settings: StudySettings | None = None) -> StoredStudy:
    """Open a study, or begin it.

    Args:
        address: Where it is.
        settings: What it should be; None to take it as it is.

    Raises:
        UsageError: If the address is none, if there is a study of that name with other settings, or if there is none
            and no settings are given.
        EnvironmentFaultError: If the storage cannot be reached, or holds something else.
        ModelRefusedError: If its settings cannot be understood.
    """
    url, name = address.url, address.name
    parsed = _parsed(url)
    with storage_faults(url, opening=True):
        storage = _storage(parsed, address)
        if settings is None and name not in optuna.get_all_study_names(storage):
            raise UsageError(f"there is no study called {name!r} in {shown_url(url)}.")
        directions = [StudyDirection.MINIMIZE] * (2 if settings and settings.strategy == "front" else 1)
        trials = optuna.create_study(study_name=name, storage=storage, directions=directions, load_if_exists=True)
        known = trials.user_attrs.get(_SETTINGS)
        stored = read_settings_text(known, shown_url(url)) if known else None
        if settings and stored:
            _require_same(settings, stored, name)
        agreed = settings or stored
        if not agreed or (not stored and len(trials.directions) != len(directions)):
            raise UsageError(f"the study {name!r} in {shown_url(url)} has no settings. Choose another --name.")
        if agreed != stored:
            trials.set_user_attr(_SETTINGS, settings_text(agreed))
        race = optuna.create_study(study_name=f"{name} race", storage=storage, load_if_exists=True)
    return StoredStudy(agreed, trials, race)


@contextlib.contextmanager
def storage_faults(url: str, *, opening: bool = False) -> Iterator[None]:
    """Turn what a database raises into one line.

    While a study is opened only tables are read, so that whatever else Optuna raises means that they are damaged.

    Raises:
        EnvironmentFaultError: If it cannot be used, or its driver is not installed.
    """
    damaged = (RuntimeError, AssertionError, LookupError, TypeError, ValueError) if opening else ()
    try:
        yield
    except FAULTS as error:
        raise _fault(url, error.__cause__ or error) from error
    except ImportError as error:
        if not opening:
            raise
        raise EnvironmentFaultError(
            f"{shown_url(url)}: the driver psycopg is not installed. Run: pip install 'toonvision[postgresql]'"
        ) from error
    except damaged as error:
        raise _fault(url, error) from error


def patiently(url: str, call: Callable[[], Result], *, patience_s: float = PATIENCE_S) -> Result:
    """Repeat a call that fails since a database server went down, until it is up again.

    A file is not waited for here: SQLite itself waits for others to finish, and no other fault goes away by itself.

    Args:
        url: The storage's address.
        call: What to call; it must be safe to call it twice.
        patience_s: Seconds after the first failure in which it must succeed; then its error is raised.
    """
    until: float | None = None
    while True:
        try:
            return call()
        except ServerGoneError:
            raise
        except (*FAULTS, EnvironmentFaultError):
            until = until or time.monotonic() + patience_s
            if url.startswith("sqlite") or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)


class _Storage(optuna.storages.RDBStorage):
    """Optuna's storage, in which a heartbeat that cannot be stored is only missed.

    Optuna's own would end the thread of the heartbeat, and print its traceback.
    """

    def record_heartbeat(self, trial_id: int) -> None:
        with contextlib.suppress(*FAULTS, ServerGoneError):
            super().record_heartbeat(trial_id)


def _storage(url: URL, address: Address) -> _Storage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Heartbeats and retries have been part of Optuna since 2021, and are still called experimental.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    in_file = url.get_backend_name() == "sqlite"
    wait_s = url.query.get("connect_timeout", _CONNECT_S)
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")  # it fills in braces
    storage = _with_tables(
        lambda: _Storage(
            text,
            engine_kwargs={
                "connect_args": {"timeout": PATIENCE_S} if in_file else {"connect_timeout": wait_s},
                "pool_pre_ping": not in_file,
            },
            heartbeat_interval=address.heartbeat_s,
            grace_period=address.grace_s,
            heartbeat_stale_trial_callback=retry,
        )
    )
    if in_file:
        _take_turns(storage.engine)
    else:
        _wait_for_server(storage.engine, url.set(drivername="postgresql"))
    return storage


def _with_tables(make: Callable[[], _Storage]) -> _Storage:
    """Make a storage; try again where another process is making the same tables."""
    for _ in range(_MOST_OPENINGS):
        try:
            return make()
        except DatabaseError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        except AssertionError:
            time.sleep(_PAUSE_S / 10)  # the tables are there, but not yet what is in them
    return make()


def _take_turns(engine: sqlalchemy.Engine) -> None:
    """Begin every transaction on a file with the right to write, so that what it read holds until it has written.

    Without it two processes can both take the same trial, or both store a retry of it: SQLite has no row to lock.
    """

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=EXTRA")

    def begun(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    engine.dispose()


def _wait_for_server(engine: sqlalchemy.Engine, address: URL) -> None:
    """Retry a lost connection for as long as a server takes to restart, so that trainings survive it.

    The first connection has been made by now, so a wrong address is reported at once. Once a server did not come back
    in time, each further call tries it once only.
    """
    gone_since: float | None = None

    def connect(dialect: Any, _record: object, arguments: Any, options: Any) -> Any:
        nonlocal gone_since
        while True:
            try:
                made = dialect.connect(*arguments, **options)
            except dialect.loaded_dbapi.OperationalError as error:
                gone_since = gone_since or time.monotonic()
                if time.monotonic() - gone_since > PATIENCE_S:
                    url = address.render_as_string(hide_password=False)
                    raise ServerGoneError(str(_fault(url, error))) from error
                time.sleep(_PAUSE_S)
            else:
                gone_since = None
                return made

    event.listen(engine, "do_connect", connect)


def _parsed(url: str) -> URL:
    """Read an address; refuse what is none, and other databases."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    kind = parsed.drivername.partition("+")[0] if parsed else ""
    if parsed and kind == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed and kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise UsageError(
        "a storage is an address such as postgresql://user:password@host/database or sqlite:///file.sqlite; got "
        f"{shown_url(url) if parsed else 'something else'}."
    )


def _fault(url: str, error: BaseException) -> EnvironmentFaultError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return EnvironmentFaultError(f"{shown_url(url)}: cannot be used ({reason}). Fix this and run again.")


def _require_same(wanted: StudySettings, stored: StudySettings, name: str) -> None:
    """Refuse other settings: a study may be made longer, and nothing else of it may change."""
    differ = [key for key in vars(stored) if getattr(stored, key) != getattr(wanted, key) and key not in MAY_CHANGE]
    if differ:
        raise UsageError(
            f"the study {name!r} was begun with other settings ({', '.join(differ)}). Use the same ones, or choose "
            "another --name."
        )
