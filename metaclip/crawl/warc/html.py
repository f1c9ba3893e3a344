"""A page's HTML to its images, base and meta fields."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from resiliparse.parse.html import HTMLTree

from metaclip.crawl.images import RawImage

_LAZY = ("data-src", "data-original", "data-lazy-src")
_SCRIPT = re.compile(r"(?is)<script\b.*?(?:</script|\Z)")
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
_TAG = re.compile(r"<[a-zA-Z]")
_MAX_TAG_CHARS = 64 * 1024
_MAX_TAG_WORDS = 5000
_FIRST_OF_SRCSET = re.compile(r"[\s,]*([^\s]*[^\s,])")


class HtmlImages(NamedTuple):
    """What one HTML page holds."""

    base: str | None
    metas: list[tuple[str, str]]
    images: list[RawImage]


def read_html(text: str, *, lazy_images: bool = False, metas: bool = False) -> HtmlImages:
    """Every `<img>` in the order of the page, with its attributes as the parser reads them.

    `metas` are empty unless asked for: a page has dozens of them.
    """
    document: Any = HTMLTree.parse(text).document
    images = []
    for node in _elements(document, "img"):
        src = node.getattr("src")
        lazy = _lazy_url(node) if lazy_images and is_placeholder(src) else None
        texts = (node.getattr("alt"), node.getattr("title"), node.getattr("data-image-title"))
        images.append(RawImage(lazy or src, texts, lazy is not None))
    bases = (node.getattr("href") for node in _elements(document, "base"))
    fields = [
        (node.getattr("name") or "", node.getattr("content") or "")
        for node in (_elements(document, "meta") if metas else [])
    ]
    base = next((href for href in bases if href is not None), None)
    return HtmlImages(base, fields, images)


def is_tag_bomb(text: str) -> bool:
    """Whether a tag has thousands of attributes: the parser compares each with each, and
    100,000 of them take 40 seconds. A quick scan for what is long and has no `>`: it sees
    accidents and plain attacks, not a bomb whose values hold `>`.
    """
    return _has_long_tag(text) and _has_long_tag(_SCRIPT.sub("", text))


def _has_long_tag(text: str) -> bool:
    at = 0
    while at + _MAX_TAG_CHARS < len(text):
        end = text.rfind(">", at, at + _MAX_TAG_CHARS)
        if end < 0:
            end = text.find(">", at)
            end = len(text) if end < 0 else end
            tag = _TAG.search(text, at, end)
            if tag and len(_QUOTED.sub("", text[tag.start() : end]).split()) > _MAX_TAG_WORDS:
                return True
        at = end + 1
    return False


def _elements(document: Any, name: str) -> list[Any]:
    # The collection is live: each step of an iteration over it collects it again.
    return list(document.get_elements_by_tag_name(name).values())


def is_placeholder(src: str | None) -> bool:
    """Whether `src` stands in for an image that a script loads later."""
    return not src or not src.strip() or src.strip()[:5].lower() == "data:"


def _lazy_url(node: Any) -> str | None:
    for name in _LAZY:
        value = node.getattr(name)
        if not is_placeholder(value):
            return str(value)
    for name in ("srcset", "data-srcset"):
        first = _FIRST_OF_SRCSET.match(node.getattr(name) or "")
        if first and not is_placeholder(first[1]):
            return first[1]
    return None
