"""What is disturbed, made once for all tests."""

import functools

import pytest

from reliability.injection import why_not
from reliability.sweeps import Subject


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """Return a subject by its name; its workspace is copied for each fault."""
    return functools.cache(lambda name: Subject.prepared(name, tmp_path_factory.mktemp("subject")))


@pytest.fixture
def subject(request, prepared):
    """The subject that the test names."""
    return prepared(request.param)


@pytest.fixture(scope="session")
def strace():
    """The test injects faults: it is skipped where that cannot be done."""
    if why_not():
        pytest.skip(why_not())
