"""Debian's Chromium, and waiting for what a person would read: never for the network to be quiet, which it never is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WITHIN_MS = 120_000


@contextmanager
def page(url: str, width: int = 1500, height: int = 950) -> Generator[Page]:
    """A page of the UI at ``url``; paths are relative to it."""
    with sync_playwright() as playwright:
        # Run as root in a container, Chromium can neither sandbox nor use /dev/shm.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        try:
            found = browser.new_page(base_url=url, viewport={"width": width, "height": height})
            found.set_default_timeout(WITHIN_MS)
            yield found
        finally:
            browser.close()


def reads(page: Page, *texts: str) -> None:
    """Wait until all texts stand on the page, each as a whole."""
    for text in texts:
        expect(page.get_by_text(text, exact=True).filter(visible=True).first).to_be_visible(timeout=WITHIN_MS)


def says(page: Page, text: str) -> None:
    """Wait until the text stands somewhere on the page."""
    expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=WITHIN_MS)


def picture(page: Page, path: Path) -> None:
    """Save what is seen, after transitions have ended."""
    page.wait_for_timeout(2_000)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
