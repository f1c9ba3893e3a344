"""A page's images, and the texts of one, or the reason to drop it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from html.entities import html5
from typing import NamedTuple

from metaclip.config.crawl import ExtractionLimits
from metaclip.crawl.scanner.record import TEXT_SOURCES, Outcomes
from metaclip.crawl.urls import HTTP, resolve

_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_LINE_ENDS = str.maketrans("\r\n", "  ")
# Very long numbers are no characters; Python refuses to read more than 4300 digits.
_LONGEST_ENTITY = 64


class RawImage(NamedTuple):
    """What a page says of an image: attribute values as they stand, None if missing."""

    src: str | None
    texts: Sequence[str | None]  # alt, title, data-image-title
    lazy: bool = False  # src is another attribute's, since its own was a placeholder


class Page(NamedTuple):
    """One HTML page of a crawl, not yet judged but for those of its `size` images that
    `outcomes` counts, with `pairs`; `images` has the others, by their numbers on the page.

    `base` is what their URLs resolve against.
    """

    url: str
    base: str | None
    warc_file: str | None
    warc_offset: int | None
    fetched_at: datetime | None
    size: int
    numbers: Sequence[int]
    images: Sequence[RawImage]
    outcomes: Outcomes | None = None
    pairs: int = 0


def unescape(text: str) -> str:
    """Complete HTML entities (those that end in `;`) become their characters, once."""
    return _ENTITY.sub(_replace, text) if "&" in text else text


def _replace(entity: re.Match[str]) -> str:
    return _character(entity[0]) if len(entity[0]) < _LONGEST_ENTITY else _long(entity[0])


@lru_cache(4096)  # a crawl has a few hundred
def _character(entity: str) -> str:
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _long(entity: str) -> str:
    return "\ufffd" if entity[1] == "#" else entity


def clean(text: str) -> str:
    """Newlines become spaces, then the text is stripped."""
    return text.translate(_LINE_ENDS).strip() if "\n" in text or "\r" in text else text.strip()


def without_surrogates(text: str) -> str:
    """Pairs of surrogates become the character they mean, lone ones U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def texts_of(image: RawImage, limits: ExtractionLimits) -> tuple[list[tuple[str, str]], str]:
    """(text, its source) of an image, equal texts once; else the reason for none."""
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    reason = "no_text"
    for source, raw in zip(TEXT_SOURCES, image.texts, strict=False):
        if not raw:
            continue
        text = clean(raw)
        if not text or text in seen:
            continue
        if len(text) * 4 > limits.max_text_bytes and len(text.encode()) > limits.max_text_bytes:
            reason = "long_text"
            continue
        seen.add(text)
        found.append((text, source))
    return found, "" if found else reason


def url_of(image: RawImage, base: str | None, limits: ExtractionLimits) -> tuple[str, str]:
    """(URL, "") of an image, or ("", reason): bad_url, not_http or long_url."""
    src = image.src.strip() if image.src else ""
    if not src:
        return "", "bad_url"
    if src[:5].lower() == "data:":  # always valid, and often megabytes
        return "", "not_http"
    if len(src) > limits.max_url_bytes:
        return "", "long_url"
    url = resolve(base, src)
    if url is None:
        return "", "bad_url"
    if not url.startswith(HTTP):
        return "", "not_http"
    return (url, "") if len(url) <= limits.max_url_bytes else ("", "long_url")


def parse_date(text: str | None) -> datetime | None:
    """A WARC-Date in UTC; None if it is missing or no such date."""
    if not text or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    except ValueError:
        return None
