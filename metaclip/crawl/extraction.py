"""One crawl file as a stream of bytes to batches of pairs and the account of the file."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from io import BufferedIOBase
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
from fastwarc.stream_io import FastWARCError, GZipStream, StreamError
from fastwarc.warc import ArchiveIterator, WarcRecordType

from metaclip.crawl.account import FileAccount
from metaclip.crawl.html import decode_html, parse_html
from metaclip.crawl.pairs import Drop, Image, Page, image_id, pair_id, pairs_of
from metaclip.crawl.wat import decode_record, read_page

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
