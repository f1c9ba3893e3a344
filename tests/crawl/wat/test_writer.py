"""Entities of WATs by their writer; a WAT and the WARC of the same page give the same pairs."""

from __future__ import annotations

import html
import json
import random
from typing import Any

import pytest

from metaclip.config.crawl import ExtractionOptions
from tests.helpers.archives import image, record, response, run, wat, wat_record, zipped

CC_NAME = "CC-MAIN-20240517233122-20240518023122-00000.warc.gz"
OLD_NAME = "CC-MAIN-20190517233122-20190518023122-00000.warc.gz"
CC_INFO = "Software-Info: ia-web-commons.1.1.10-SNAPSHOT-20240513074037\r\n"
IIPC_INFO = "software: ia-web-commons.3.0.4-20260502020850\r\n"
TEXT = "Tom &amp; &lt;Jerry&gt; &copy;"


def info(fields: str, name: str = "") -> bytes:
    found = record("warcinfo", fields.encode(), media="application/warc-fields")
    named = f"WARC-Filename: {name}\r\nWARC-Type".encode()
    return found.replace(b"WARC-Type", named, 1) if name else found


def described(name: str | None, **options: Any) -> dict[str, Any]:
    value = wat([image("http://h.example/?a=1&amp;b", TEXT)], **options)
    value["Container"]["Filename"] = name
    return value


@pytest.mark.parametrize(
    ("warcinfo", "name", "left"),
    [
        (info(CC_INFO, CC_NAME), CC_NAME, False),
        (info(CC_INFO), "my.warc.gz", False),
        (info(CC_INFO, OLD_NAME), OLD_NAME, True),
        (info(f"{CC_INFO}Extracted-Date: Fri, 31 May 2024 01:16:45 GMT\r\n"), "x", False),
        (info(f"{CC_INFO}Extracted-Date: Fri, 31 May 2013 01:16:45 GMT\r\n"), "x", True),
        (info(IIPC_INFO), CC_NAME, True),
        (info("software: something else\r\n"), CC_NAME, True),
        (info("format: WARC File Format 1.0\r\n"), CC_NAME, False),
        (b"", CC_NAME, False),
        (b"", OLD_NAME, True),
        (b"", "crawl.warc.gz", True),
        (b"", None, True),
    ],
)
def test_who_wrote_a_wat_decides_about_its_entities(
    warcinfo: bytes, name: str | None, left: bool
) -> None:
    expected = ("http://h.example/?a=1&b", "Tom & <Jerry> ©") if left else (
        "http://h.example/?a=1&amp;b", TEXT
    )  # fmt: skip
    block = json.dumps(described(name))
    forms = [wat_record(described(name)), wat_record((block[:-1] + ',"x":"\\ud800"}').encode())]
    for one in forms:  # the scanner's, and one for a lenient decoder
        data = zipped(*([warcinfo] if warcinfo else []), one)
        assert [row[:2] for row in run(data)[1]] == [expected]
        asked = run(data, ExtractionOptions(opt_outs=True))[1]
        assert [row[:2] for row in asked] == [expected]


def test_the_wat_and_the_warc_of_a_page_of_common_crawl_give_the_same_pairs() -> None:
    rng = random.Random(14)
    parts = ["&amp;", "&lt;", "&-", ";", "&copy;", "&#39;", "a", "=", "&amp;amp;", " x ", "é"]
    for _ in range(300):
        alt, query = ("".join(rng.choices(parts, k=rng.randrange(1, 8))) for _ in range(2))
        src = f"/i?q={query.replace(' ', '')}"
        page = response(f'<meta charset=utf-8><img src="{src}" alt="{alt}">')
        # Common Crawl's extractor writes attribute values after the parser.
        value = wat([image(html.unescape(src), html.unescape(alt))])
        value["Container"]["Filename"] = CC_NAME
        assert run(zipped(wat_record(value)))[1] == run(zipped(page))[1], (src, alt)


@pytest.mark.parametrize("where", ["Envelope"])
def test_a_page_url_that_is_a_list_is_its_first(where: str) -> None:
    value = wat([image("i.png")])
    header = value[where]["WARC-Header-Metadata"]
    header["WARC-Target-URI"] = ["http://example.org/dir/", "http://other.example/"]
    assert run(zipped(wat_record(value)))[1][0][0] == "http://example.org/dir/i.png"
    header["WARC-Target-URI"] = []
    assert run(zipped(wat_record(value)))[0].dropped_images == {"bad_url": 1}


def test_pages_of_another_status_are_dropped() -> None:
    values = [wat([image("http://h.example/i.png")]) for _ in range(4)]
    for value, status in zip(values, ["200", 200, "404", None], strict=True):
        http = value["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]
        http["Response-Message"] = {"Status": status, "Version": "HTTP/1.1", "Reason": "x"}
    data = zipped(*map(wat_record, values))
    assert run(data)[0].pages == 4
    account, found = run(data, ExtractionOptions(status=200))
    assert (account.pages, len(found), account.dropped_records) == (2, 2, {"status": 2})


def test_blanks_beyond_ascii_stay_at_the_ends_of_a_url() -> None:
    data = zipped(wat_record(wat([image("\u00a0/a.png\u3000"), image(" /b.png\t", "b")])))
    urls = [row[0] for row in run(data)[1]]
    assert urls == ["http://example.org/folder/%C2%A0/a.png%E3%80%80", "http://example.org/b.png"]
