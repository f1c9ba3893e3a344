"""Clean the texts of a page's images and resolve their URLs, or give the reason to drop them."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from html.entities import html5

from metaclip.config.crawl import ExtractionLimits
from metaclip.crawl.page import TEXT_SOURCES, UTF_8, RawImage
from metaclip.crawl.urls import BLANKS, HTTP, encode_query, resolve

_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_LINE_ENDS = str.maketrans("\r\n", "  ")
# Very long numbers are no characters; Python refuses to read more than 4300 digits.
_LONGEST_ENTITY = 64


def unescape(text: str) -> str:
    """Return the text with complete HTML entities (those that end in `;`) decoded, once."""
    return _ENTITY.sub(_replace, text) if "&" in text else text


def _replace(entity: re.Match[str]) -> str:
    return _character(entity[0]) if len(entity[0]) < _LONGEST_ENTITY else _long(entity[0])


@lru_cache(4096)  # a crawl has a few hundred
def _character(entity: str) -> str:
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _long(entity: str) -> str:
    return "\ufffd" if entity[1] == "#" else entity


def clean(text: str) -> str:
    """Return the text with spaces for newlines, stripped."""
    return text.translate(_LINE_ENDS).strip() if "\n" in text or "\r" in text else text.strip()


def without_surrogates(text: str) -> str:
    """Return the text with pairs of surrogates decoded and U+FFFD for lone ones."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def texts_of(image: RawImage, limits: ExtractionLimits) -> tuple[list[tuple[str, str]], str]:
    """Return (text, its source) of an image, equal texts once; or the reason for none."""
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


def url_of(
    image: RawImage, base: str | None, limits: ExtractionLimits, encoding: str = UTF_8
) -> tuple[str, str]:
    """Return (URL, "") of an image, or ("", reason): bad_url, not_http or long_url."""
    src = image.src.strip(BLANKS) if image.src else ""
    if not src:
        return "", "bad_url"
    if src[:5].lower() == "data:":  # always valid, and often megabytes
        return "", "not_http"
    if len(src) > limits.max_url_bytes:
        return "", "long_url"
    url = resolve(base, src if encoding == UTF_8 else encode_query(src, encoding))
    if url is None:
        return "", "bad_url"
    if not url.startswith(HTTP):
        return "", "not_http"
    return (url, "") if len(url) <= limits.max_url_bytes else ("", "long_url")
