"""The README and the pages: their length, their links, their place in the site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.documents import DOCS, README, anchors, links, pages

MOST_LINES = 150


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= MOST_LINES


def test_every_page_is_in_the_navigation() -> None:
    assert {page for page in pages() if page != README} == set(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    settings = ["--config-file", str(DOCS / "site" / "mkdocs.yml")]
    settings += ["--site-dir", str(tmp_path / "site")]
    run = subprocess.run([*command, *settings], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert (tmp_path / "site" / "reference" / "settings" / "index.html").exists()


def test_no_page_installs_the_package_from_an_index() -> None:
    for page in pages():
        text = page.read_text("utf-8")
        assert "pip install metaclip" not in text
        assert "pip install 'metaclip[" not in text
