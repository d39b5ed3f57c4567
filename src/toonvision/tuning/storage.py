"""Where a study is kept: Optuna's tables, in a file of its own or on a PostgreSQL server that many machines share."""

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import optuna

from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.tuning.retries import retry
from toonvision.tuning.settings import StudySettings, read_settings_text, settings_text

if TYPE_CHECKING:
    import sqlalchemy

PATIENCE_S = 60.0
CANDIDATE, SEED = "candidate", "seed"
_HEARTBEAT_S, _GRACE_S = 10, 45
_CONNECT_S, _PAUSE_S, _MOST_OPENINGS = 10, 1.0, 10
_SETTINGS = "settings"
_MAY_CHANGE = {"trials", "race"}

Result = TypeVar("Result")


class ServerGoneError(EnvironmentFaultError):
    """A server did not come back while it was waited for; nobody need wait for it again."""


@dataclass(frozen=True)
class Pulse:
    """How it is noticed that a process died: by its heartbeat.

    Attributes:
        every_s: Seconds from one to the next.
        grace_s: Silence in seconds after which its trial is given to another, at most `MOST_RETRIES` times.
    """

    every_s: int = _HEARTBEAT_S
    grace_s: int = _GRACE_S


@dataclass(frozen=True)
class Place:
    """Where a study is.

    Attributes:
        url: The storage's address.
        name: The study's name in there.
        pulse: How dead processes are noticed.
    """

    url: str
    name: str
    pulse: Pulse


@dataclass(frozen=True)
class StoredStudy:
    """An opened study.

    Attributes:
        settings: What it was told.
        trials: The search's trials.
        race: The race's trainings, one a trial, with ``candidate`` and ``seed`` among their attributes.
    """

    settings: StudySettings
    trials: optuna.Study
    race: optuna.Study


def file_url(path: Path) -> str:
    """Give the address of a study's own file."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(path)).render_as_string()


def shown_url(url: str) -> str:
    """Give an address without its password, for messages and records."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        return "the storage"
    secrets = {key: "***" for key in made.query if "password" in key.lower()}
    return made.update_query_dict(secrets).render_as_string(hide_password=True)


def open_study(
    url: str, name: str, settings: StudySettings | None = None, *, pulse: Pulse | None = None
) -> StoredStudy:
    """Open a study, or begin it.

    Args:
        url: An address such as ``sqlite:///study.sqlite`` or ``postgresql://user:password@host/database``.
        name: The study's name in there.
        settings: What it should be; None to take it as it is.
        pulse: How dead processes are noticed.

    Raises:
        UsageError: If the address is none, if there is a study of that name that was told something else, or if there
            is none and no settings.
        EnvironmentFaultError: If the storage cannot be reached, or holds something else.
        ModelRefusedError: If its settings cannot be understood.
    """
    address = _address(url)
    with reading(url):
        storage = _storage(address, pulse or Pulse())
        if settings is None and name not in optuna.get_all_study_names(storage):
            raise UsageError(f"there is no study called {name!r} in {shown_url(url)}.")
        least = optuna.study.StudyDirection.MINIMIZE
        directions = [least, least] if settings and settings.strategy == "front" else [least]
        try:
            trials = optuna.load_study(study_name=name, storage=storage)
        except KeyError:
            trials = optuna.create_study(study_name=name, storage=storage, directions=directions, load_if_exists=True)
        known = trials.user_attrs.get(_SETTINGS)
        stored = read_settings_text(known, shown_url(url)) if known else None
        if stored is None and (settings is None or len(trials.directions) != len(directions)):
            raise UsageError(
                f"the study {name!r} in {shown_url(url)} was begun and never told what to do. Choose another --name."
            )
        agreed = _agreed(settings, stored, name)
        if agreed != stored:
            trials.set_user_attr(_SETTINGS, settings_text(agreed))
        race = optuna.create_study(study_name=f"{name} race", storage=storage, directions=[least], load_if_exists=True)
    return StoredStudy(agreed, trials, race)


@contextlib.contextmanager
def storage_faults(url: str) -> Iterator[None]:
    """Turn what a database raises into one line.

    Raises:
        EnvironmentFaultError: If it cannot be used.
    """
    try:
        yield
    except faults() as error:
        raise _fault(url, error.__cause__ or error) from error


@contextlib.contextmanager
def reading(url: str) -> Iterator[None]:
    """Turn what a database raises, and what Optuna raises over tables that make no sense to it, into one line.

    Raises:
        EnvironmentFaultError: If it cannot be used, or its driver is not installed.
    """
    with storage_faults(url):
        try:
            yield
        except ImportError as error:
            raise EnvironmentFaultError(
                f"{shown_url(url)}: the driver psycopg is not installed. Run: pip install 'toonvision[postgresql]'"
            ) from error
        except (RuntimeError, AssertionError, LookupError, TypeError, ValueError) as error:
            raise _fault(url, error) from error


def faults() -> tuple[type[Exception], ...]:
    """Give what is raised where a database cannot be used."""
    from sqlalchemy.exc import SQLAlchemyError

    return (SQLAlchemyError, optuna.exceptions.StorageInternalError)


def patiently(url: str, call: Callable[[], Result], *, patience_s: float = PATIENCE_S) -> Result:
    """Call again what failed since a database server went down, until it is up again.

    A file is not waited for here: SQLite itself waits for others to finish, and nothing else mends itself.

    Args:
        url: The storage's address.
        call: What to call; it is safe to do so twice.
        patience_s: Seconds after the first failure in which it must succeed.

    Raises:
        Exception: What the last call raised.
    """
    broken: tuple[type[Exception], ...] = (*faults(), EnvironmentFaultError)
    until: float | None = None
    while True:
        try:
            return call()
        except ServerGoneError:
            raise
        except broken:
            until = until or time.monotonic() + patience_s
            if url.startswith("sqlite") or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)


class _Storage(optuna.storages.RDBStorage):
    """Optuna's storage, where a heartbeat that cannot be put down is one missed and no more.

    Optuna's own would end the thread that beats, and print its traceback.
    """

    def record_heartbeat(self, trial_id: int) -> None:
        with contextlib.suppress(*faults(), ServerGoneError):
            super().record_heartbeat(trial_id)


def _storage(address: "sqlalchemy.URL", pulse: Pulse) -> _Storage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Heartbeats and their retries have been Optuna's since 2021, and are still called experimental.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    in_file = address.get_backend_name() == "sqlite"
    wait_s = address.query.get("connect_timeout", _CONNECT_S)
    text = address.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")  # it fills in braces
    storage = _with_tables(
        lambda: _Storage(
            text,
            engine_kwargs={
                "connect_args": {"timeout": PATIENCE_S} if in_file else {"connect_timeout": wait_s},
                "pool_pre_ping": not in_file,
            },
            heartbeat_interval=pulse.every_s,
            grace_period=pulse.grace_s,
            heartbeat_stale_trial_callback=retry,
        )
    )
    if in_file:
        _take_turns(storage.engine)
    else:
        _wait_for_server(storage.engine, address.set(drivername="postgresql"))
    return storage


def _with_tables(make: Callable[[], _Storage]) -> _Storage:
    """Make a storage, again where another process was making the same tables."""
    from sqlalchemy.exc import DatabaseError, IntegrityError

    for _ in range(_MOST_OPENINGS):
        try:
            return make()
        except DatabaseError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        except AssertionError:
            time.sleep(_PAUSE_S / 10)  # the tables are there, and not yet what is in them
    return make()


def _take_turns(engine: "sqlalchemy.Engine") -> None:
    """Let every transaction on a file begin with the right to write, so that what it read holds until it has written.

    Without it two processes can both take the same trial, or both put down a retry of it: SQLite has no row to lock.
    """
    from sqlalchemy import event

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=EXTRA")

    def begun(connection: "sqlalchemy.Connection") -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    engine.dispose()


def _wait_for_server(engine: "sqlalchemy.Engine", address: "sqlalchemy.URL") -> None:
    """Let a lost connection be made again for as long as a server takes to restart, so that trainings live through it.

    The first connection has been made by now: an address that leads nowhere is told at once. Once a server was waited
    for in vain, it is only tried.
    """
    from sqlalchemy import event

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


def _address(url: str) -> "sqlalchemy.URL":
    """Read an address, and refuse what is none of ours."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        made = None
    kind = made.drivername.partition("+")[0] if made else ""
    if made and kind == "postgresql":
        return made.set(drivername="postgresql+psycopg")
    if made and kind == "sqlite" and made.database not in (None, "", ":memory:"):
        return made
    raise UsageError(
        "a storage is an address such as postgresql://user:password@host/database or sqlite:///file.sqlite; got "
        f"{shown_url(url) if made else 'something else'}."
    )


def _fault(url: str, error: BaseException) -> EnvironmentFaultError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return EnvironmentFaultError(f"{shown_url(url)}: cannot be used ({reason}). Mend this and run again.")


def _agreed(wanted: StudySettings | None, stored: StudySettings | None, name: str) -> StudySettings:
    """Give the settings to go on with: a study may be made longer, and nothing else of it may change."""
    if wanted is None or stored is None:
        settings = wanted or stored
        assert settings is not None
        return settings
    differ = [key for key in vars(stored) if getattr(stored, key) != getattr(wanted, key) and key not in _MAY_CHANGE]
    if differ:
        raise UsageError(
            f"the study {name!r} was begun with other settings ({', '.join(differ)}). Give it the same ones, or choose "
            "another --name."
        )
    return wanted
