"""A real browser: headless Chromium, driven by Playwright; and what its pages complain about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_PATIENCE_MS = 120_000
"""How long what comes is waited for: other tests may keep the machine busy."""


@contextmanager
def opened_browser() -> "Iterator[Browser]":
    """Start Chromium; the test is skipped where there is none, unless TOONVISION_REQUIRE_BROWSER is set."""
    if CHROMIUM is None:
        if os.environ.get("TOONVISION_REQUIRE_BROWSER"):
            pytest.fail("TOONVISION_REQUIRE_BROWSER is set, and there is no Chromium")
        pytest.skip("needs Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], timeout=_PATIENCE_MS
        )
        yield browser
        browser.close()


class Tabs:
    """Pages of one browser profile, and all that they complain about."""

    def __init__(self, context: "BrowserContext") -> None:
        self.context = context
        context.set_default_timeout(_PATIENCE_MS)
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        context.on("request", lambda request: self.asked.add(request.url.split("?")[0]))
        context.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def open(self, url: str) -> "Page":
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.goto(url)
        return page
