"""From one image of a page to its pairs: URLs, texts, ids and the reasons for drops.

The semantics are DESIGN.md's "Crawl files"; WAT and WARC share this module, so that both
give the same pairs.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import ada_url

from metaclip.crawl.limits import ExtractionLimits

TEXT_SOURCES = ("alt", "title", "data-image-title")
_COMPLETE_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,7}|[A-Za-z][A-Za-z0-9]{1,40});")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEWLINES = str.maketrans("\n\r", "  ")


class Image(NamedTuple):
    """One `<img>` of a page: its raw `src` and its texts in the order of TEXT_SOURCES."""

    src: str | None
    texts: tuple[str | None, str | None, str | None]


class Drop(Exception):  # noqa: N818 - not an error: the reason why an image gives no pair
    """An image that gives no pair; the only argument is the reason."""


def pair_id(image_url: str, text: str) -> str:
    """Return the first 32 hex digits of SHA-256 over URL, newline and text."""
    return hashlib.sha256(f"{image_url}\n{text}".encode()).hexdigest()[:32]


def image_id(image_url: str) -> str:
    """Return the first 24 hex digits of SHA-224 over the URL, as MetaCLIP's."""
    return hashlib.sha224(image_url.encode()).hexdigest()[:24]


def decode_entities(text: str) -> str:
    """Return `text` with its complete HTML entities (those that end in `;`) decoded once."""
    return _COMPLETE_ENTITY.sub(_decode_entity, text) if "&" in text else text


def _decode_entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def replace_surrogates(text: str) -> str:
    """Return `text` with lone surrogates, which UTF-8 can't hold, as U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clean_texts(image: Image) -> list[tuple[str, str]]:
    """Return the (source, text) of an image that are not blank, equal texts once."""
    found: dict[str, str] = {}
    for source, text in zip(TEXT_SOURCES, image.texts, strict=True):
        if text:
            text = replace_surrogates(text.translate(_NEWLINES)).strip()
            if text:
                found.setdefault(text, source)
    return [(source, text) for text, source in found.items()]


class Page:
    """Where the images of one page stand: resolves their URLs by the WHATWG rules."""

    def __init__(self, url: str, base: str | None) -> None:
        self.url = replace_surrogates(url.strip().removeprefix("<").removesuffix(">"))
        self._base: str | None = self.url
        if base:
            # A base that can't be resolved, or is data: or javascript:, counts as none.
            resolved = join(self.url, replace_surrogates(base.strip()))
            if resolved and not resolved.startswith(("data:", "javascript:")):
                self._base = resolved

    def resolve(self, src: str | None) -> str:
        """Return the absolute http(s) URL of an image.

        Raises:
            Drop: `bad_url` or `not_http`.
        """
        if not src or not src.strip():
            raise Drop("bad_url")
        url = join(self._base, replace_surrogates(src))
        if url is None:
            raise Drop("bad_url")
        if not url.startswith(("http://", "https://")):
            raise Drop("not_http")
        return url


def join(base: str | None, url: str) -> str | None:
    """Return `url` resolved against `base`; where there is no valid base, `url` alone."""
    for attempt in ((base, url), (None, url)):
        try:
            if attempt[0] is None:
                return ada_url.normalize_url(url)
            return ada_url.join_url(attempt[0], url)
        except ValueError:
            continue
    return None


def pairs_of(page: Page, image: Image, limits: ExtractionLimits) -> Iterator[tuple[str, str, str]]:
    """Yield (image URL, source, text) of one image.

    Raises:
        Drop: the first reason that applies of `no_text`, `bad_url` and `not_http`, or the
            bound that it is above.
    """
    texts = clean_texts(image)
    if not texts:
        raise Drop("no_text")
    texts = [(s, text) for s, text in texts if len(text.encode()) <= limits.max_text_bytes]
    if not texts:
        raise Drop("text_too_long")
    url = page.resolve(image.src)
    if len(url) > limits.max_url_bytes:
        raise Drop("url_too_long")
    for source, text in texts:
        yield url, source, text
