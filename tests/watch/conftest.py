import pytest
from virtual_screen import virtual_screen

import screens


@pytest.fixture(scope="session")
def screen_name():
    screens.require()
    with virtual_screen((640, 400)) as name:
        yield name


@pytest.fixture
def display(screen_name):
    """A virtual screen that this process sees."""
    with screens.on_screen(screen_name):
        yield screen_name
