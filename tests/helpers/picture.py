"""Draw the top of a report page as a picture, in headless Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.helpers.browser import CHROMIUM, FLAGS

_WIDTH, _HEIGHT = 1100, 1500


def draw(page: Path, picture: Path) -> None:
    """Write the first screen of `page` to `picture`, a PNG of 1100 × 1500 pixels."""
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        tab = program.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        tab.screenshot(path=picture)
        program.close()


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
