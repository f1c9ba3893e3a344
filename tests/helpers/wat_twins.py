"""The slow, obvious twin of the WAT reader."""

from __future__ import annotations

import html
import io
import json
import re
from html.entities import html5
from typing import Any

import ada_url

from metaclip.config.crawl import ExtractionLimits
from metaclip.crawl.archive.members import read_pieces
from metaclip.crawl.archive.records import Record, read_records
from metaclip.crawl.archive.window import Window
from tests.helpers.archives import run, wat_record, zipped
from tests.helpers.shared_data import DATA

Pair = tuple[str, str, str]  # image URL, text, its source


def read_wat_slowly(block: bytes) -> list[Pair] | str | None:
    """Return the pairs of one record, None if it describes no HTML page, or the drop reason."""
    try:
        record = json.loads(block.decode("utf-8-sig", "replace"), strict=False)
    except ValueError:
        return "bad_json"
    envelope = child(record, "Envelope")
    if envelope is None:
        return "bad_json"
    page = child(
        child(child(envelope, "Payload-Metadata"), "HTTP-Response-Metadata"), "HTML-Metadata"
    )
    if page is None:
        return None
    page_url = string(child(envelope, "WARC-Header-Metadata"), "WARC-Target-URI") or ""
    base = absolute(page_url.removeprefix("<").removesuffix(">"), None)
    href = string(child(page, "Head"), "Base")
    if href is not None:
        moved = absolute(unescape(href), base)
        if moved is not None and moved.split(":")[0] not in ("data", "javascript"):
            base = moved
    found: list[Pair] = []
    links = page.get("Links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("path") == "IMG@/src":
            found += image_pairs(link, base)
    return found


def image_pairs(link: dict[str, Any], base: str | None) -> list[Pair]:
    src = unescape(string(link, "url") or "").strip("".join(map(chr, range(33))))
    url = absolute(src, base) if src else None
    if url is None or url.split(":")[0] not in ("http", "https"):
        return []
    found: list[Pair] = []
    for source in ("alt", "title", "data-image-title"):
        text = unescape(string(link, source) or "")
        text = text.replace("\n", " ").replace("\r", " ").strip()
        if text and text not in [t for _, t, _ in found]:
            found.append((url, text, source))
    return found


def child(parent: Any, name: str) -> dict[str, Any] | None:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, dict) else None


def string(parent: dict[str, Any] | None, name: str) -> str | None:
    value = (parent or {}).get(name)
    return re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else None


def absolute(url: str, base: str | None) -> str | None:
    try:
        return str(ada_url.URL(url, base).href)
    except ValueError:
        return None


def unescape(text: str) -> str:
    def character(entity: re.Match[str]) -> str:
        name = entity[1]
        known = name[0] == "#" or name + ";" in html5
        return html.unescape(entity[0]) if known else entity[0]

    return re.sub("&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z0-9]+);", character, text)


def real_blocks() -> list[bytes]:
    window = Window(io.BytesIO((DATA / "wat" / "part.warc.wat.gz").read_bytes()))
    found = read_records(read_pieces(window, 1 << 20), ExtractionLimits())
    return [one.block for one in found if isinstance(one, Record) and b"json" in one.header]


def agree(block: bytes) -> None:
    account, found = run(zipped(wat_record(block)))
    slow = read_wat_slowly(block)
    if slow is None:
        assert (account.others, found) == (1, [])
    elif isinstance(slow, str):
        assert account.dropped_records == {slow: 1}
    else:
        assert (account.pages, found) == (1, slow)
