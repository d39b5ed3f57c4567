"""A browser for the tests of the labelling page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from web.browser import Tabs, opened_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Headless Chromium."""
    with opened_browser() as opened:
        yield opened


@pytest.fixture
def tabs(browser: "Browser") -> Iterator[Tabs]:
    """A fresh browser profile in a window of 1440 x 900 pixels."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield Tabs(context)
    context.close()
