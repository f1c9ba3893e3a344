"""Read the README and the pages of `docs`: blocks of commands, links, headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.helpers.runner import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
_FENCE = re.compile(r"^(```+)([a-z]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`\n]*`")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_NOT_A_WORD = re.compile(r"[^\w\s-]")


class Block(NamedTuple):
    """A fenced block: its page, its language, its text."""

    page: Path
    language: str
    text: str


def pages() -> list[Path]:
    """Return README and all pages, in the order of the site's navigation."""
    settings = yaml.safe_load((DOCS / "site" / "mkdocs.yml").read_text("utf-8"))
    return [README, *(DOCS / name for name in _files(settings["nav"]))]


def _files(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for item in nav.values():
            yield from _files(item)
    elif isinstance(nav, list):
        for item in nav:
            yield from _files(item)


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    found = _FENCE.findall(page.read_text("utf-8"))
    return [Block(page, language, text) for _, language, text in found]


def commands(text: str) -> list[list[str]]:
    """Return the words of each command of a block, its continued lines joined."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip() and not line.startswith("#")]


def links(page: Path) -> list[str]:
    """Return the targets of the links of a page, outside of code."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    return _LINK.findall(_CODE.sub("", text)) + _LINK.findall(text)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MkDocs make them."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    return {
        re.sub(r"\s+", "-", _NOT_A_WORD.sub("", heading.lower()).strip())
        for heading in _HEADING.findall(text)
    }
