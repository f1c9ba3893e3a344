"""Pairs to Arrow batches, with the ids that name them."""

from __future__ import annotations

from hashlib import sha224, sha256
from typing import Any

import pyarrow as pa

from metaclip.crawl.images import Page

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


def pair_id(image_url: str, text: str) -> str:
    """The first 32 hex digits of SHA-256 over URL, newline and text, in UTF-8."""
    return sha256(f"{image_url}\n{text}".encode()).hexdigest()[:32]


def image_id(image_url: str) -> str:
    """The first 24 hex digits of SHA-224 over the URL."""
    return sha224(image_url.encode()).hexdigest()[:24]


class PairBatch:
    """Columns of pairs that wait to become a record batch."""

    def __init__(self) -> None:
        self.columns: list[list[Any]] = [[] for _ in PAIR_SCHEMA]

    def __len__(self) -> int:
        return len(self.columns[0])

    def add(self, page: Page, url: str, texts: list[tuple[str, str]]) -> None:
        """One row per (text, source) of one image."""
        image = image_id(url)
        pair_ids, images, urls, texts_, sources, pages, dates, files, offsets, ids = self.columns
        for text, source in texts:
            pair_ids.append(pair_id(url, text))
            images.append(image)
            urls.append(url)
            texts_.append(text)
            sources.append(source)
            pages.append(page.url)
            dates.append(page.fetched_at)
            files.append(page.warc_file)
            offsets.append(page.warc_offset)
            ids.append(None)

    def take(self) -> pa.RecordBatch:
        """The rows as a batch of `PAIR_SCHEMA`; empty afterwards."""
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(self.columns, PAIR_SCHEMA, strict=True)
        ]
        self.columns = [[] for _ in PAIR_SCHEMA]
        return pa.RecordBatch.from_arrays(arrays, schema=PAIR_SCHEMA)
