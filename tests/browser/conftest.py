"""Chromium, and pages that it opens from disk as a reader does."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cuealign.reporting.page.build import page_html
from cuealign.reporting.page.content import Page

REQUIRED = "CUEALIGN_BROWSER_REQUIRED"
"""Variable of the environment that turns a missing browser into a failure."""


def lacking(what: str) -> None:
    """Skip, or fail where the browser is required."""
    (pytest.fail if REQUIRED in os.environ else pytest.skip)(f"{what}; make test-browser says how the tests in a browser are run")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium without a network."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright is not installed here")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        lacking("there is no Chromium on the PATH")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
        arguments += ["--disable-sync", "--no-first-run", "--mute-audio", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


class Tab:
    """A tab of the browser that shows a page and keeps what it complained about and asked for."""

    def __init__(self, browser, file: Path, address: str = "", *, ready: str = "html[data-drawn]", **options) -> None:
        self.context = browser.new_context(accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(f"{file.as_uri()}{address}")
        self.page.wait_for_selector(ready, timeout=60_000)

    def found(self) -> int:
        """Number of utterances that are listed."""
        return int(self.page.inner_text("#found").split(" of ")[0].replace(",", ""))

    def choose(self, **fields: str) -> None:
        """Set fields of the explorer to values."""
        for name, value in fields.items():
            self.page.select_option(f"#controls [name={name}]", value)

    def settle(self, condition: str) -> None:
        """Wait until an expression of JavaScript holds. The page's policy forbids what Playwright's own waiting evaluates."""
        for _ in range(3000):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(20)
        pytest.fail(f"never came true: {condition}")


@pytest.fixture
def open_file(chromium) -> Iterator[Callable[..., Tab]]:
    """Open a file in a tab of its own."""
    tabs: list[Tab] = []

    def opened(file: Path, address: str = "", **options) -> Tab:
        tabs.append(Tab(chromium, file, address, **options))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.context.close()


@pytest.fixture
def open_page(open_file, tmp_path) -> Callable[..., Tab]:
    """Write a page and open it in a tab of its own."""

    def opened(page: Page, address: str = "", **options) -> Tab:
        file = tmp_path / "results" / "report" / "page.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page_html(page), encoding="utf-8")
        return open_file(file, address, **options)

    return opened
