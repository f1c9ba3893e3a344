"""The page of a report in Chromium: silent, offline, searchable, readable on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, sync_playwright

from metaclip.jobs.report_curation import report_curation
from tests.helpers.browser import CHROMIUM, FLAGS
from tests.helpers.report_pages import HOSTILE
from tests.helpers.runner import Runner

pytestmark = [pytest.mark.browser, pytest.mark.long]

CHARTS = 10
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def file(made: Runner) -> Path:
    """The page of a curation whose captions are hostile."""
    summary = made(report_curation, "balance.curation=default")
    return Path(summary["page"])


def look(page: Page, file: Path) -> tuple[list[str], list[str]]:
    """Open the page; return the lines of its console, and its requests."""
    lines: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri(), wait_until="load")
    # The icon is an empty one in the page.
    return lines, [url for url in requests if not url.startswith("data:")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_is_silent_and_offline(
    file: Path, theme: Literal["light", "dark"], width: int
) -> None:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = program.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        lines, requests = look(page, file)
        assert lines == []
        assert requests == [file.as_uri()]
        assert page.title() == "Curation default"
        assert page.evaluate(_OVERFLOW) == 0
        shown = page.eval_on_selector_all("figure svg", "all => all.map(one => one.clientWidth)")
        assert len(shown) == CHARTS
        assert min(shown) > 300
        sizes = page.eval_on_selector_all(
            "figure svg text", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert min(sizes) > 8
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (theme == "light")
        program.close()
    assert file.stat().st_size < 3_000_000


def test_the_table_is_searched_and_filtered(file: Path) -> None:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = program.new_page()
        look(page, file)
        rows = page.locator("#sample tbody tr:visible")
        everything = rows.count()
        page.fill("#search", "THE cat")
        found = rows.all_text_contents()
        assert 0 < len(found) < everything
        assert all("the" in text.lower() and "cat" in text.lower() for text in found)
        assert page.text_content("#found") == f"{len(found)} of {everything} pairs"
        page.fill("#search", "")
        page.select_option("#part", "tail")
        assert 0 < rows.count() < everything
        assert all(text.strip().startswith("tail") for text in rows.all_text_contents())
        page.fill("#search", "no such words")
        assert rows.count() == 0
        program.close()


def test_a_hostile_caption_is_shown_as_text(file: Path) -> None:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = program.new_page()
        look(page, file)
        texts = page.locator("#sample td:nth-child(3) bdi").all_text_contents()
        shown = [text for text in HOSTILE if any(text[:300] == one[:300] for one in texts)]
        assert shown, "no hostile caption was sampled"
        program.close()
