"""Store what a browser shows for 200 pages: `python -m tests.helpers.browser_answers`."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from metaclip.config.crawl import ExtractionLimits
from metaclip.crawl.archive.fields import field_of
from metaclip.crawl.archive.members import read_pieces
from metaclip.crawl.archive.records import Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.images import clean
from metaclip.crawl.urls import resolve
from metaclip.crawl.warc.content_encoding import decode_body
from metaclip.crawl.warc.http_head import read_response
from tests.helpers.browser import Browser, RawProxy, Shown, browser
from tests.helpers.browser_pages import small_pages
from tests.helpers.shared_data import DATA

ANSWERS = DATA / "browser" / "answers.json.xz"
REAL = DATA / "warc" / "part.warc.gz"
# Fields about the transport, which a route does not undo, or that lead away from the page.
_LEFT_OUT = frozenset(
    {
        "content-encoding",
        "transfer-encoding",
        "content-length",
        "connection",
        "location",
        "refresh",
        "link",
        "set-cookie",
        "strict-transport-security",
        "content-disposition",
        "content-security-policy",
        "cross-origin-opener-policy",
        "cross-origin-embedder-policy",
    }
)
_LIMITS = ExtractionLimits()

Pairs = set[tuple[str, str]]
Answers = dict[str, list[list[str]] | None]


class Served(NamedTuple):
    """A page as the browser gets it by a route."""

    offset: int
    url: str
    fields: dict[str, str]
    body: bytes


def real_pages(path: Path) -> Iterator[Served]:
    """Yield the responses of an archive, their codings undone."""
    with path.open("rb") as stream:
        window = Window(stream)
        for record in read_records(read_pieces(window, _LIMITS.max_resync_bytes), _LIMITS):
            assert isinstance(record, Record)
            if field_of(record.header, b"WARC-Type") == "response":
                found = read_response(record.block)
                fields = {k: v for k, v in found.fields if k not in _LEFT_OUT}
                url = (field_of(record.header, b"WARC-Target-URI") or "").strip("<>")
                body = decode_body(found, _LIMITS.max_page_bytes)
                yield Served(record.offset, url, fields, body)


def shown_pairs(shown: list[Shown] | None) -> Pairs | None:
    """Return (URL, text) of what a browser shows; None where it shows no page.

    A blank `src` resolves to the page itself in a browser; here it is a bad URL.
    """
    if shown is None:
        return None
    return {
        (one.src, clean(text))
        for one in shown
        if (one.raw or "").strip() and one.src.startswith(("http:", "https:"))
        if not (one.raw == one.src and resolve(None, one.src) is None)  # no URL: left as it is
        for text in one[2:]
        if text and clean(text)
    }


def answer_small_pages() -> dict[str, Pairs | None]:
    """Return what the browser shows for each small response, served byte by byte."""
    with RawProxy() as proxy, browser(proxy.url) as program:
        found = {}
        for name, url, raw in small_pages():
            proxy.answers[url] = raw
            found[name] = shown_pairs(program.images(url))
        return found


def answer_real_page(program: Browser, page: Served) -> Pairs | None:
    """Return what the browser shows for a real page, None where its URL is none."""
    if resolve(None, page.url) is None:
        return None
    return shown_pairs(program.images_of(page.url, page.fields, page.body))


def load_answers() -> Answers:
    """Return the stored answers by name (small pages) or offset (real ones)."""
    found: Answers = json.loads(lzma.decompress(ANSWERS.read_bytes()))
    return found


def main() -> None:
    """Ask the browser and store its answers."""
    found: dict[str, Pairs | None] = answer_small_pages()
    with browser() as program:
        for page in real_pages(REAL):
            found[str(page.offset)] = answer_real_page(program, page)
    stored = {name: pairs if pairs is None else sorted(pairs) for name, pairs in found.items()}
    ANSWERS.parent.mkdir(exist_ok=True)
    ANSWERS.write_bytes(lzma.compress(json.dumps(stored, ensure_ascii=False).encode()))
    print(f"{ANSWERS}: {len(stored)} pages, {sum(len(one or ()) for one in stored.values())} pairs")


if __name__ == "__main__":
    main()
