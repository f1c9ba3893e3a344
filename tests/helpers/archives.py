"""Archives made by hand, record by record."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from typing import Any

import pyarrow as pa

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.warehouse.tables import PAIR_SCHEMA

PAGE = "http://example.org/folder/page.html"


def record(kind: str, block: bytes, url: str = PAGE, media: str = "application/http") -> bytes:
    header = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2024-05-18T12:00:00Z\r\nContent-Type: {media}\r\n"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def response(body: bytes | str, *fields: str, url: str = PAGE) -> bytes:
    """A WARC record of an HTML page; `fields` are more lines of its HTTP header."""
    if not any(field.lower().startswith("content-type") for field in fields):
        fields = ("Content-Type: text/html", *fields)
    head = "\r\n".join(("HTTP/1.1 200 OK", *fields)) + "\r\n\r\n"
    return record(
        "response", head.encode() + (body.encode() if isinstance(body, str) else body), url
    )


def wat(links: Any, url: str = PAGE, base: str | None = None) -> dict[str, Any]:
    """A WAT record's object."""
    head = {} if base is None else {"Base": base}
    page = {"Head": head, "Links": links}
    return {
        "Container": {"Filename": "crawl.warc.gz", "Offset": "17"},
        "Envelope": {
            "WARC-Header-Metadata": {"WARC-Target-URI": url, "WARC-Date": "2024-05-18T12:00:00Z"},
            "Payload-Metadata": {"HTTP-Response-Metadata": {"HTML-Metadata": page}},
        },
    }


def wat_record(value: Any) -> bytes:
    """Return a metadata record of `value`: bytes unchanged, others as JSON."""
    block = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return record("metadata", block, media="application/json")


def image(url: str | None, alt: str | None = "a cat", **more: str) -> dict[str, str | None]:
    return {"path": "IMG@/src", "url": url, "alt": alt, **more}


def zipped(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, 6, mtime=0) for one in records)


def run(
    data: bytes, options: ExtractionOptions | None = None
) -> tuple[FileAccount, list[tuple[str, str, str]]]:
    """The account, which adds up, and (image URL, text, its source) of all pairs."""
    account = FileAccount()
    stream = io.BytesIO(data)
    batches = list(extract(stream, "x.warc.gz", options or ExtractionOptions(), account))
    assert account.records == account.pages + account.others + sum(account.dropped_records.values())
    assert account.images == account.images_kept + sum(account.dropped_images.values())
    rows = pa.Table.from_batches(batches, PAIR_SCHEMA)
    assert rows.num_rows == account.pairs
    columns = (rows[name].to_pylist() for name in ("image_url", "text", "text_source"))
    return account, list(zip(*columns, strict=True))


def members(data: bytes) -> list[bytes]:
    """The gzip members of an archive, one for each record."""
    found = []
    while data:
        inflater = zlib.decompressobj(31)
        inflater.decompress(data)
        size = len(data) - len(inflater.unused_data)
        found.append(data[:size])
        data = data[size:]
    return found


def with_other_hosts(data: bytes, number: int) -> bytes:
    """A copy of a WAT whose URLs are others: every host gets a prefix of that number."""
    prefix = b"c%d." % number

    def change(member: bytes) -> bytes:
        header, _, block = gzip.decompress(member).partition(b"\r\n\r\n")
        block = re.sub(rb'(:|")//', rb"\1//" + prefix, block.removesuffix(b"\r\n\r\n"))
        length = b"Content-Length: %d" % len(block)
        header = re.sub(rb"(?i)content-length: *\d+", length, header)
        return gzip.compress(header + b"\r\n\r\n" + block + b"\r\n\r\n", 1, mtime=0)

    return b"".join(map(change, members(data)))
