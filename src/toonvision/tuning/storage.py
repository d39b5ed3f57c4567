"""Where a study is kept: Optuna's tables, in a file of its own or on a PostgreSQL server that many machines share."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from toonvision.core.errors import EnvironmentFaultError, UsageError
from toonvision.tuning.settings import StudySettings, read_settings_text, settings_text

MOST_RETRIES = 3
_HEARTBEAT_S, _GRACE_S = 10, 45
_SETTINGS = "settings"
OUTCOME, DIVERGED, SURPLUS = "outcome", "diverged", "surplus"
CANDIDATE, SEED = "candidate", "seed"
_MAY_CHANGE = {"trials", "race"}


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
    return f"sqlite:///{path}"


def shown_url(url: str) -> str:
    """Give an address without its password, for messages and records."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the storage"


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
        UsageError: If there is a study of that name that was told something else, or none and no settings.
        EnvironmentFaultError: If the storage cannot be reached.
        ModelRefusedError: If its settings cannot be understood.
    """
    with storage_faults(url):
        storage = _storage(url, pulse or Pulse())
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
        if settings is None and stored is None:
            raise UsageError(f"the study {name!r} in {shown_url(url)} was begun and never told what to do.")
        agreed = _agreed(settings, stored, name)
        if agreed != stored:
            trials.set_user_attr(_SETTINGS, settings_text(agreed))
        race = optuna.create_study(study_name=f"{name} race", storage=storage, directions=[least], load_if_exists=True)
    return StoredStudy(agreed, trials, race)


@contextlib.contextmanager
def storage_faults(url: str) -> Iterator[None]:
    """Turn what a database raises into one line.

    Raises:
        EnvironmentFaultError: If it cannot be reached, or a part for it is not installed.
    """
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageError(
            f"a storage is an address such as postgresql://user:password@host/database; got {shown_url(url)}."
        ) from error
    except ImportError as error:
        raise EnvironmentFaultError(
            f"{shown_url(url)}: {error.name or 'its driver'} is not installed. Run: pip install "
            "'toonvision[postgresql]'"
        ) from error
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise EnvironmentFaultError(f"{shown_url(url)}: cannot be used ({reason}). Mend this and run again.") from error


def lineage(trial: FrozenTrial) -> int:
    """Give the number of the trial that this one goes back to: its own, or that of the first it retries."""
    history = retries(trial)
    return history[0] if history else trial.number


def retries(trial: FrozenTrial) -> list[int]:
    """Give the numbers of the trials that this one retries, first to last."""
    return optuna.storages.RetryHeartbeatStaleTrialCallback.retry_history(trial)


def given_up(trial: FrozenTrial) -> bool:
    """Tell whether a trial's process died, as did those of all its retries."""
    return trial.state is TrialState.FAIL and len(retries(trial)) >= MOST_RETRIES


def counted(study: optuna.Study) -> list[int]:
    """Give the lineages that count as tried or being tried, in order.

    A trial whose process died counts through its retry; one that was drawn too many, or whose retry was never put
    down, does not count.
    """
    kept = set()
    for trial in study.get_trials(deepcopy=False):
        if trial.user_attrs.get(OUTCOME) == SURPLUS:
            continue
        if trial.state is not TrialState.FAIL or given_up(trial) or trial.user_attrs.get(OUTCOME) == DIVERGED:
            kept.add(lineage(trial))
    return sorted(kept)


def _storage(url: str, pulse: Pulse) -> optuna.storages.RDBStorage:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Heartbeats and their retries have been Optuna's since 2021, and are still called experimental.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    arguments = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    return optuna.storages.RDBStorage(
        address,
        engine_kwargs=arguments,
        heartbeat_interval=pulse.every_s,
        grace_period=pulse.grace_s,
        heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES),
    )


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
