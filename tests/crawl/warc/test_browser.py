"""Pages as a real browser shows them: stored answers, and Chromium itself."""

from __future__ import annotations

import io
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.archive.fields import field_of
from metaclip.crawl.archive.members import read_pieces
from metaclip.crawl.archive.records import Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.warc.charset import encoding_of
from metaclip.crawl.warc.content_type import extract_mime_type
from metaclip.crawl.warc.prescan import declared_labels, xml_label
from tests.helpers.archives import record
from tests.helpers.browser import RawProxy, browser
from tests.helpers.browser_answers import (
    REAL,
    Pairs,
    Served,
    answer_real_page,
    answer_small_pages,
    load_answers,
    real_pages,
    shown_pairs,
)
from tests.helpers.browser_pages import small_pages
from tests.helpers.shared_data import SHARED, needs_shared

OPTIONS = ExtractionOptions()
DIFFERENT = {
    "body 13": "Chromium writes | as %7C; the URL standard leaves it",
    "body 20": "Chromium resolves against a bad <base>; the HTML standard ignores it",
    "coding 2": "Chromium takes br over https only",
    "coding 3": "Chromium takes zstd over https only",
    "coding 4": "Chromium takes br over https only",
}
"""Small pages that are read in another way on purpose."""
SMALL = {name: (url, raw) for name, url, raw in small_pages()}


def pairs_of(raw: bytes, url: str) -> Pairs:
    account = FileAccount()
    batches = extract(io.BytesIO(record("response", raw, url)), "x", OPTIONS, account)
    return {(row["image_url"], row["text"]) for batch in batches for row in batch.to_pylist()}


@cache
def pairs_by_offset(path: Path) -> dict[int, Pairs]:
    found: dict[int, Pairs] = {}
    with path.open("rb") as stream:
        for batch in extract(stream, path.name, OPTIONS, FileAccount()):
            for row in batch.to_pylist():
                pair = row["image_url"], row["text"]
                found.setdefault(row["warc_offset"], set()).add(pair)
    return found


@cache
def stored() -> dict[str, Pairs]:
    answers = load_answers()
    assert len(answers) >= 200
    return {name: {(u, t) for u, t in pairs or ()} for name, pairs in answers.items()}


@pytest.mark.parametrize("name", SMALL)
def test_small_pages_give_what_the_browser_showed(name: str) -> None:
    url, raw = SMALL[name]
    assert (pairs_of(raw, url) == stored()[name]) == (name not in DIFFERENT)


def is_declared(page: Served) -> bool:
    """Return whether the charset of a page is declared, so that a browser does not guess."""
    media = extract_mime_type([page.fields.get("content-type", "")])
    labels = [(media and media.charset) or "", xml_label(page.body) or ""]
    labels += declared_labels(page.body[:1024])
    return page.body[:2] in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff") or any(
        encoding_of(label) for label in labels
    )


def without_bars(pairs: Pairs) -> Pairs:
    return {(url.replace("%7C", "|"), text) for url, text in pairs}


def class_of(page: Served, ours: Pairs, theirs: Pairs | None) -> str:
    if theirs is None:
        return "not shown"
    if ours == theirs:
        return "equal"
    if not is_declared(page):
        return "undeclared charset"
    if without_bars(ours) == without_bars(theirs):
        return "| for %7C"
    if {(u.replace("https", "http", 1), t) for u, t in theirs} == ours:
        return "http for https"
    return "other"


def compare(pages: list[tuple[Served, Pairs | None]], path: Path) -> tuple[float, Counter[str]]:
    """Jaccard similarity of the declared pages' pairs, and the number of pages by class."""
    of_page, classes = pairs_by_offset(path), Counter[str]()
    both: set[tuple[str, str]] = set()
    either: set[tuple[str, str]] = set()
    for page, shown in pages:
        ours = of_page.get(page.offset, set())
        classes[name := class_of(page, ours, shown)] += 1
        if shown is not None and name != "undeclared charset":
            both |= ours & shown
            either |= ours | shown
            if name == "other":
                print(page.url, sorted(ours ^ shown))
    return len(both) / max(1, len(either)), classes


def test_real_pages_give_what_the_browser_showed() -> None:
    pages = [(page, stored()[str(page.offset)]) for page in real_pages(REAL)]
    jaccard, classes = compare([*pages], REAL)
    assert jaccard >= 0.999
    assert classes["other"] == 0
    assert classes["equal"] >= 60


@pytest.mark.browser
@pytest.mark.long
def test_the_stored_answers_are_the_browsers() -> None:
    answers = {name: pairs or set() for name, pairs in answer_small_pages().items()}
    with browser() as program:
        for page in real_pages(REAL):
            answers[str(page.offset)] = answer_real_page(program, page) or set()
    assert answers == stored()


@pytest.mark.browser
@pytest.mark.long
@needs_shared
def test_all_real_pages_are_what_the_browser_shows() -> None:
    path = SHARED / "warc" / "realpages.warc.gz"
    with browser() as program:
        pages = [(page, answer_real_page(program, page)) for page in real_pages(path)]
    jaccard, classes = compare(pages, path)
    print(f"\nJaccard {jaccard:.5f} of unique pairs; pages by class: {dict(classes)}")
    assert jaccard >= 0.999
    assert classes["other"] <= 5


BETTER = {
    "07-content-types.warc": 1,  # the browser downloads a quoted type
    "10-encoding-header-left-behind.warc": 3,  # it refuses a body that lacks its coding
    "14-zstd-content-encoding.warc": 1,  # it takes zstd over https only
    "13-two-content-encoding-fields.warc": 1,  # br likewise
    "31-identified-type.warc": 1,  # it downloads application/octet-stream
}
"""Records of the shared small inputs that are read in another way on purpose."""


@pytest.mark.browser
@pytest.mark.long
@needs_shared
def test_small_shared_pages_are_what_the_browser_shows() -> None:
    different: Counter[str] = Counter()
    with RawProxy() as proxy, browser(proxy.url) as program:
        for path in sorted((SHARED / "hunt").glob("*.warc")):
            window = Window(io.BytesIO(path.read_bytes()))
            for one in read_records(read_pieces(window, 1 << 20), OPTIONS.limits):
                if not isinstance(one, Record) or not one.block.startswith(b"HTTP"):
                    continue
                url = field_of(one.header, b"WARC-Target-URI") or ""
                proxy.answers[url] = one.block
                shown = shown_pairs(program.images(url)) or set()
                media = field_of(one.header, b"WARC-Identified-Payload-Type")
                ours = pairs_of(one.block, url) if not media else {("", "")}
                different[path.name] += ours != shown
    assert +different == BETTER
