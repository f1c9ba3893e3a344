"""The WARC and the WAT of the same real pages give the same pairs, but for named classes."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.archive.members import read_pieces
from metaclip.crawl.archive.records import Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.images import clean
from metaclip.crawl.page import Page
from metaclip.crawl.urls import resolve
from metaclip.crawl.warc.charset import decode_text
from metaclip.crawl.warc.content_encoding import decode_body
from metaclip.crawl.warc.content_type import extract_mime_type
from metaclip.crawl.warc.html import read_html
from metaclip.crawl.warc.http_head import read_response
from metaclip.crawl.wat.decoder import decode_wat
from tests.helpers.archives import image, response, run, wat, wat_record, zipped
from tests.helpers.shared_data import SHARED, needs_shared

WAT, WARC = SHARED / "wat" / "realpages.warc.wat.gz", SHARED / "warc" / "realpages.warc.gz"
OPTIONS = ExtractionOptions()
# Elements whose content is text, or another document, to an HTML parser.
RAW = re.compile(
    r"(?is)<(script|template|textarea|noscript|style|xmp|iframe)\b.*?</\1\s*>|<!--.*?-->"
)


class Row(NamedTuple):
    page: str
    url: str
    text: str
    source: str


def pairs(path: Path) -> list[Row]:
    account = FileAccount()
    with path.open("rb") as stream:
        batches = list(extract(stream, path.name, OPTIONS, account))
    names = ("page_url", "image_url", "text", "text_source")
    return [Row(*(row[name] for name in names)) for b in batches for row in b.to_pylist()]


def records(path: Path) -> list[Record]:
    window = Window(io.BytesIO(path.read_bytes()))
    found = read_records(read_pieces(window, OPTIONS.limits.max_resync_bytes), OPTIONS.limits)
    return [record for record in found if isinstance(record, Record)]


def wat_images() -> dict[str, set[str | None]]:
    """Resolved URLs of all images that the WAT lists, by page."""
    found: dict[str, set[str | None]] = {}
    for record in records(WAT):
        page = decode_wat(record.block) if b"json" in record.header else None
        if isinstance(page, Page):
            urls = {resolve(page.base, (image.src or "").strip()) for image in page.images}
            found.setdefault(page.url, set()).update(urls)
    return found


def html_pages() -> dict[str, str]:
    found: dict[str, str] = {}
    for record in records(WARC):
        uri = re.search(rb"(?i)\nwarc-target-uri: *(\S+)", record.header)
        if uri and record.block.startswith(b"HTTP/"):
            response = read_response(record.block)
            media = extract_mime_type(response.values("content-type"))
            text, _ = decode_text(decode_body(response, 1 << 23), media and media.charset)
            page = uri[1].decode("utf-8", "replace").strip("<>")
            found[page] = found.get(page, "") + text
    return found


def outline(text: str) -> str:
    """Return the ASCII letters of a text: they depend on no charset and no white space."""
    return re.sub(r"[^A-Za-z0-9]+", "", text)


def in_raw_text(row: Row, html: str) -> bool:
    """Return whether the text occurs only inside of scripts, templates and the like."""

    def images(html: str) -> set[str | None]:
        return {clean(t) for image in read_html(html).images for t in image.texts if t}

    return row.text not in images(html) and row.text in images(
        "\n".join(re.sub(r"(?i)\A<\w+[^>]*>|<!--", "", m[0]) for m in RAW.finditer(html))
    )


def class_of_wat(row: Row, other: dict[tuple[str, str], list[str]], html: str) -> str:
    texts = other.get((row.page, row.url), [])
    if any(" ".join(t.split()) == " ".join(row.text.split()) for t in texts):
        return "white space"
    if not row.text.isascii() and any(outline(t) == outline(row.text) for t in texts):
        return "charset"
    if in_raw_text(row, html):
        return "image in a script or template"
    return "other"


def class_of_warc(
    row: Row, other: dict[tuple[str, str], list[str]], listed: set[str | None], html: str
) -> str:
    if row.source == "data-image-title":
        return "data-image-title"
    texts = other.get((row.page, row.url), [])
    if any(" ".join(t.split()) == " ".join(row.text.split()) for t in texts):
        return "white space"
    if not row.text.isascii() and texts:
        return "charset"
    if any(row.text in image for image in re.findall(r"(?i)<image\b[^>]*", html)):
        return "<image> for <img>"
    if row.url not in listed:
        return "image that the WAT does not list"
    return "other"


@pytest.mark.long
@needs_shared
def test_real_pages_agree() -> None:
    of_wat, of_warc = pairs(WAT), pairs(WARC)
    wat_pairs, warc_pairs = ({(r.url, r.text) for r in rows} for rows in (of_wat, of_warc))
    jaccard = len(wat_pairs & warc_pairs) / len(wat_pairs | warc_pairs)
    html, listed = html_pages(), wat_images()
    by_image: dict[str, dict[tuple[str, str], list[str]]] = {"wat": {}, "warc": {}}
    for name, rows in (("wat", of_wat), ("warc", of_warc)):
        for row in rows:
            by_image[name].setdefault((row.page, row.url), []).append(row.text)
    classes: dict[tuple[str, str, str], str] = {}
    for row in of_wat:
        if (row.url, row.text) not in warc_pairs:
            classes["WAT", row.url, row.text] = class_of_wat(row, by_image["warc"], html[row.page])
    for row in of_warc:
        if (row.url, row.text) not in wat_pairs:
            classes["WARC", row.url, row.text] = class_of_warc(
                row, by_image["wat"], listed[row.page], html[row.page]
            )
    print(f"Jaccard {jaccard:.4f}: {len(wat_pairs)} of the WAT, {len(warc_pairs)} of the WARC")
    for (side, name), size in Counter((k[0], v) for k, v in classes.items()).most_common():
        print(f"  only {side}: {name}: {size}")
    assert jaccard >= 0.97
    assert sum(name == "other" for name in classes.values()) <= 10


@pytest.mark.parametrize(
    ("html", "base", "links"),
    [
        ('<img src="a.png" alt="a cat" title="t">', None, [image("a.png", "a cat", title="t")]),
        ('<base href="/b/"><img src=a.png alt="1">', "/b/", [image("a.png", "1")]),
        (
            '<img src="/a?x=1&amp;y=2" alt="&eacute; &amp;amp; &copy;">',
            None,
            [image("/a?x=1&amp;y=2", "&eacute; &amp;amp; &copy;")],
        ),
        (
            '<img src="//h.example/a" alt=" two\nlines ">',
            None,
            [image("//h.example/a", " two\nlines ")],
        ),
        (
            '<img src="data:,x" alt="x"><img src="" alt="y">',
            None,
            [image("data:,x", "x"), image("", "y")],
        ),
        ("<noscript><img src=a alt=b></noscript>", None, [image("a", "b")]),
    ],
)
def test_small_pages_agree(html: str, base: str | None, links: list[dict[str, str | None]]) -> None:
    of_warc, of_wat = response(html), wat_record(wat(links, base=base))
    (warc, its_pairs), (its_wat, wat_pairs) = run(zipped(of_warc)), run(zipped(of_wat))
    assert its_pairs == wat_pairs
    assert (warc.images, warc.dropped_images) == (its_wat.images, its_wat.dropped_images)
