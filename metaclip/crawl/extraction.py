"""One crawl file as a stream of bytes to batches of pairs and the account of the file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import pyarrow as pa

from metaclip.crawl.account import FileAccount
from metaclip.crawl.html import decode_html, parse_html
from metaclip.crawl.http import BodyError, parse_response
from metaclip.crawl.limits import ExtractionLimits
from metaclip.crawl.pairs import Drop, Page, image_id, pair_id, pairs_of
from metaclip.crawl.records import Record, read_records
from metaclip.crawl.wat import PageRecord, decode_record, read_page

PAIR_SCHEMA = pa.schema(
    [
        ("pair_id", pa.string()),
        ("image_id", pa.string()),
        ("image_url", pa.string()),
        ("text", pa.string()),
        ("text_source", pa.string()),
        ("page_url", pa.string()),
        ("fetched_at", pa.timestamp("us", tz="UTC")),
        ("warc_file", pa.string()),
        ("warc_offset", pa.int64()),
        ("source_id", pa.string()),
    ]
)
"""Columns of a pair; `source_id` is null but for imported pools."""

HTML_TYPES = ("text/html", "application/xhtml+xml")


def extract(
    stream: BinaryIO,
    path: str,
    limits: ExtractionLimits,
    account: FileAccount,
    batch_rows: int = 10_000,
) -> Iterator[pa.RecordBatch]:
    """Yield the pairs of one WAT or WARC file, gzipped or not, and fill its account.

    What the file is shows in its records: a WAT's are `metadata` with JSON. The account is
    final once the last batch was taken. Of a WAT, its own warcinfo record is not counted,
    so that a WAT and its WARC have the same number of records.

    Args:
        stream: read forward only; its OSErrors pass through, bad bytes raise nothing.
        path: its last part is the `warc_file` of a WARC's pairs.

    Yields:
        Batches of PAIR_SCHEMA with about `batch_rows` rows.
    """
    rows: list[tuple[object, ...]] = []
    name = path.rpartition("/")[2]
    for page in _pages(stream, name, limits, account):
        rows += _rows(page, limits, account)
        if len(rows) >= batch_rows:
            yield _batch(rows)
            rows = []
    account.close()
    if rows:
        yield _batch(rows)


def _pages(
    stream: BinaryIO, name: str, limits: ExtractionLimits, account: FileAccount
) -> Iterator[PageRecord]:
    first_info = False
    for record in read_records(stream, account, limits.max_record_bytes):
        kind = record.headers.get("warc-type", "").lower()
        wat = kind == "metadata" and record.body[:1] == b"{"
        if wat and first_info:
            account.records -= 1
            account.others -= 1
        first_info = kind == "warcinfo" and account.records == 1
        try:
            page = _wat_page(record) if wat else _warc_page(record, kind, name, limits)
        except BodyError as reason:
            account.dropped_records[str(reason)] += 1
            continue
        if page is None:
            account.others += 1
            continue
        account.pages += 1
        yield page


def _wat_page(record: Record) -> PageRecord | None:
    try:
        return read_page(decode_record(record.body))
    except (ValueError, KeyError, TypeError):
        raise BodyError("bad_json") from None


def _warc_page(
    record: Record, kind: str, name: str, limits: ExtractionLimits
) -> PageRecord | None:
    """Return the page of a response or resource record, None where it holds no HTML."""
    if kind == "response" and "application/http" in record.headers.get("content-type", "").lower():
        response = parse_response(record.body, limits.max_record_bytes)
        content_type, charset, body = response.content_type, response.charset, response.body
    elif kind == "resource":
        content_type = record.headers.get("content-type", "").partition(";")[0].strip().lower()
        charset, body = None, record.body
    else:
        return None
    if content_type not in HTML_TYPES:
        return None
    parsed = parse_html(decode_html(body, charset))
    return PageRecord(
        Page(record.headers.get("warc-target-uri", ""), parsed.base),
        record.headers.get("warc-date"),
        name,
        record.offset,
        parsed.images,
    )


def _rows(
    record: PageRecord, limits: ExtractionLimits, account: FileAccount
) -> Iterator[tuple[object, ...]]:
    account.images += len(record.images)
    over = len(record.images) - limits.max_images_per_page
    if over > 0:
        account.dropped_images["too_many_images"] += over
    fetched_at = _timestamp(record.fetched_at)
    place = (record.page.url, fetched_at, record.warc_file, record.warc_offset, None)
    for image in record.images[: limits.max_images_per_page]:
        try:
            pairs = list(pairs_of(record.page, image, limits))
        except Drop as reason:
            account.dropped_images[str(reason)] += 1
            continue
        account.images_kept += 1
        account.pairs += len(pairs)
        for url, source, text in pairs:
            yield (pair_id(url, text), image_id(url), url, text, source, *place)


def _timestamp(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _batch(rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, PAIR_SCHEMA, strict=True)],
        schema=PAIR_SCHEMA,
    )
