"""Headless Chromium for the tests of pages; they skip where it is not installed, but never on CI."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
LETTERS = """[...document.querySelectorAll("svg text")].filter(text => text.checkVisibility()).map(text => {
    const {a, b} = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
})"""


@pytest.fixture(scope="module")
def browser():
    """Chromium, started for the tests of one file."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: make lint installs it")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        assert "CI" not in os.environ, "CI must install Chromium"
        pytest.skip("needs Chromium, which is not installed")
    with (
        playwright.sync_playwright() as started,
        started.chromium.launch(executable_path=executable, args=QUIET) as chromium,
    ):
        yield chromium


@pytest.fixture(scope="module")
def phone(browser):
    """A window of a phone's width in the dark; `set_content` opens a page's text."""
    return browser.new_page(viewport={"width": 375, "height": 800}, color_scheme="dark")


@pytest.fixture(scope="session")
def letter_sizes():
    """A window to the sizes of the letters in its plots, in pixels as drawn."""
    return lambda window: window.evaluate(LETTERS)
