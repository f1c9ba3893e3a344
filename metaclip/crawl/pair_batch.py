"""Collect pairs into Arrow batches, with their ids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from metaclip.crawl.page import Page
from metaclip.crawl.scanner.append import NO_ROOM, append_record
from metaclip.crawl.scanner.pair_columns import new_columns, with_room
from metaclip.crawl.scanner.record import (
    KEYS_PER_IMAGE,
    ROOM_ROWS,
    ROOM_TEXT_BYTES,
    ROOM_URL_BYTES,
    TEXT_SOURCES,
)
from metaclip.warehouse.ids import id_arrays
from metaclip.warehouse.tables import PAIR_SCHEMA

_OF_PAGE = ("page_url", "fetched_at", "warc_file", "warc_offset")


class PairBatch:
    """Pairs of the next record batch, in the order of pages, images and texts.

    Pairs of the scanner are in columns already, others in lists; a key orders both.
    """

    def __init__(self) -> None:
        self.columns = new_columns(0, 0, 0)
        self._clear()

    def _clear(self) -> None:
        self.plain = 0  # rows in `columns`
        self.urls: list[str] = []
        self.texts: list[str] = []
        self.sources: list[int] = []
        self.keys: list[int] = []
        # Columns, not rows: Python's garbage collector has few objects to visit.
        self.pages: tuple[list[str], list[datetime | None], list[str | None], list[int | None]]
        self.pages = ([], [], [], [])
        self.firsts: list[int] = []  # key of each page's first image
        self.next = 0

    def __len__(self) -> int:
        return self.plain + len(self.urls)

    def start_page(self) -> None:
        """Begin a page: pairs that are added from now on belong to it."""
        self.firsts.append(self.next)

    def describe_page(self, page: Page) -> None:
        """Give the page that was begun last its columns, once all of it was read."""
        urls, dates, files, offsets = self.pages
        urls.append(page.url)
        dates.append(page.fetched_at)
        files.append(page.warc_file)
        offsets.append(page.warc_offset)
        self.next += page.size * KEYS_PER_IMAGE

    def drop_page(self) -> None:
        """Take back the page that was begun last, which has no pairs."""
        self.firsts.pop()

    def add(self, number: int, url: str, texts: list[tuple[str, str]]) -> None:
        """Add a row for each (text, source) of the image of this number on the page."""
        key = self.firsts[-1] + KEYS_PER_IMAGE * number
        for index, (text, source) in enumerate(texts):
            self.urls.append(url)
            self.texts.append(text)
            self.sources.append(TEXT_SOURCES.index(source))
            self.keys.append(key + index)

    def append_record(
        self,
        data: NDArray[np.uint8],
        base: NDArray[np.uint8],
        limits: tuple[int, ...],
        found: NDArray[np.int64],
        rows: NDArray[np.int64],
    ) -> int:
        """Run the kernel of this name, with `Limits`, for the page that was begun last."""
        count = self.plain
        while True:
            last = append_record(data, base, limits, self.next, count, found, rows, *self.columns)
            if last != NO_ROOM:
                self.plain = max(count, last)
                return last
            room = (int(found[i]) for i in (ROOM_ROWS, ROOM_URL_BYTES, ROOM_TEXT_BYTES))
            self.columns = with_room(self.columns, count, *room)

    def take(self) -> pa.RecordBatch:
        """Return the rows as a batch of `PAIR_SCHEMA`; none are left."""
        columns, rows = self.columns, self.plain
        keys = np.concatenate([columns.keys[:rows], np.array(self.keys, np.int64)])
        order = np.argsort(keys)
        page = pa.array(np.searchsorted(self.firsts, keys[order], side="right") - 1)

        def merged(plain: pa.Array, others: list[Any]) -> pa.Array:
            both = [plain, pa.array(others, plain.type)]
            return pa.concat_arrays(both).take(pa.array(order))

        urls = merged(_strings(columns.urls, columns.url_ends, rows), self.urls)
        texts = merged(_strings(columns.texts, columns.text_ends, rows), self.texts)
        sources = merged(pa.array(columns.sources[:rows].copy()), self.sources)
        pair_ids, image_ids = id_arrays(urls, texts)
        found = {
            "pair_id": pair_ids,
            "image_id": image_ids,
            "image_url": urls,
            "text": texts,
            "text_source": pa.array(TEXT_SOURCES).take(sources),
            "source_id": pa.nulls(len(urls), pa.string()),
        }
        for name, values in zip(_OF_PAGE, self.pages, strict=True):
            found[name] = pa.array(values, PAIR_SCHEMA.field(name).type).take(page)
        self._clear()
        arrays = [found[name] for name in PAIR_SCHEMA.names]
        return pa.RecordBatch.from_arrays(arrays, schema=PAIR_SCHEMA)


def _strings(data: NDArray[np.uint8], ends: NDArray[np.int32], rows: int) -> pa.Array:
    """Return the first `rows` strings, copied: the columns are filled again."""
    buffers = (pa.py_buffer(part.copy()) for part in (ends[: rows + 1], data[: ends[rows]]))
    return pa.StringArray.from_buffers(rows, *buffers)
