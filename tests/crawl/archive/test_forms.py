"""Forms of archives that real writers give: gzip heads, line ends, versions and dates."""

from __future__ import annotations

import gzip
import io
import zlib
from datetime import UTC, datetime

import pytest

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.dates import parse_date
from metaclip.crawl.extraction import FileAccount, extract
from tests.helpers.archives import response, run, zipped

PAIR = ("http://h.example/i.png", "a cat", "alt")
PAGE = response('<img src="http://h.example/i.png" alt="a cat">')


def member(data: bytes, extra: bytes | None, name: bytes | None, comment: bytes | None) -> bytes:
    """A gzip member with optional fields of its head (RFC 1952, 2.3)."""
    flags, fields = 0, b""
    if extra is not None:
        flags, fields = flags | 4, fields + len(extra).to_bytes(2, "little") + extra
    for flag, text in ((8, name), (16, comment)):
        if text is not None:
            flags, fields = flags | flag, fields + text + b"\0"
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(data) + packer.flush()
    tail = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes((flags, 0, 0, 0, 0, 0, 3)) + fields + body + tail


@pytest.mark.parametrize("size", [1, 5, 300, 16_374, 16_384, 17_000, 40_000, 65_535])
def test_gzip_heads_of_every_length_and_field(size: int) -> None:
    fields = [b"x" * size, None, b"n" * (size % 999)]
    members = [
        member(PAGE, extra, name, comment)
        for extra in fields
        for name in fields
        for comment in fields
    ]
    assert gzip.decompress(members[0]) == PAGE
    account, found = run(b"".join(members))
    assert (account.status, found) == ("done", [PAIR] * 27)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
@pytest.mark.parametrize("version", [b"WARC/1.0", b"warc/1.0", b"Warc/1.1", b"WARC/0.18 "])
def test_line_ends_and_versions(end: bytes, version: bytes) -> None:
    page = PAGE.replace(b"WARC/1.0", version, 1)
    head, _, block = page.partition(b"\r\n\r\n")
    page = head.replace(b"\r\n", end) + end + end + block.removesuffix(b"\r\n\r\n") + end + end
    for data in (page * 3, zipped(page, page, page)):
        account, found = run(data)
        assert (account.status, found) == ("done", [PAIR] * 3)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016", (2016, 1, 1)),
        ("2016-02", (2016, 2, 1)),
        ("2016-02-11", (2016, 2, 11)),
        ("2016-01-11T23:24Z", (2016, 1, 11, 23, 24)),
        ("2016-01-11T23:24:25Z", (2016, 1, 11, 23, 24, 25)),
        ("2016-01-11T23:24:25.5Z", (2016, 1, 11, 23, 24, 25, 500_000)),
        ("2016-01-11T23:24:25.412030987Z", (2016, 1, 11, 23, 24, 25, 412_030)),
        ("2016-01-11T23:24:25+01:30", (2016, 1, 11, 21, 54, 25)),
        ("2016-01-11T23:24:25", (2016, 1, 11, 23, 24, 25)),
        ("2016-13", None),
        ("2016-02-30", None),
        ("20160211", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_of_every_precision(text: str | None, moment: tuple[int, ...] | None) -> None:
    assert parse_date(text) == (moment and datetime(*moment, tzinfo=UTC))  # type: ignore[misc, arg-type]


def test_a_date_without_a_day_is_the_first() -> None:
    data = zipped(PAGE.replace(b"2024-05-18T12:00:00Z", b"2016-01"))
    (batch,) = extract(io.BytesIO(data), "x", ExtractionOptions(), FileAccount())
    assert batch["fetched_at"].to_pylist() == [datetime(2016, 1, 1, tzinfo=UTC)]
