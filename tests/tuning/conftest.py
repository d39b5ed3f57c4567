"""A PostgreSQL server of our own, the data that searches learn from, and Optuna quiet."""

import os

import optuna
import pytest

from toonvision.tasks.registry import load_dataset
from toonvision.taxonomy.labels import Task
from tuning import studies
from tuning.servers import PostgresServer, why_not


@pytest.fixture(scope="session", autouse=True)
def quiet_optuna():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server; a test takes a database of its own from it."""
    reason = why_not()
    if reason and os.environ.get("TOONVISION_REQUIRE_POSTGRESQL"):
        pytest.fail(f"TOONVISION_REQUIRE_POSTGRESQL is set, and {reason}")
    if reason:
        pytest.skip(reason)
    server = PostgresServer.made()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def task_data(small_workspace):
    """The samples of `small_workspace` that searches learn from; its test part is among them and is not looked at."""
    return load_dataset(small_workspace, Task("label", "label"), size_hw=studies.SIZE_HW)
