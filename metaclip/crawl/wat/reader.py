"""Read a WAT record into a page and its images."""

from __future__ import annotations

import json

import numpy as np

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.dates import parse_date
from metaclip.crawl.images import unescape, without_surrogates
from metaclip.crawl.page import Page, RawImage
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.scanner.append import NEEDS_BASE
from metaclip.crawl.scanner.record import (
    BASE,
    DATE,
    FILENAME,
    IMAGES,
    NEEDS_PYTHON,
    OFFSET,
    OUTCOMES,
    PAGE_URL,
    ROW,
    ROW_NUMBER,
    ROW_URL,
    SIZE,
    Limits,
    Outcomes,
)
from metaclip.crawl.scanner.scan import GAVE_UP, NO_PAGE
from metaclip.crawl.urls import bare_url, page_base
from metaclip.crawl.wat.decoder import WatOptions, decode_wat, parse_offset
from metaclip.crawl.wat.writer import WatWriter

# Enough for nearly all pages; those with more images are decoded.
_MOST_ROWS = 4096
# A base as the kernel is told it.
_UNKNOWN, _NOWHERE = b"", b"-"
_LENIENT = json.JSONDecoder(strict=False)


class WatReader:
    """Reads records one by one, by the scanner where they have Common Crawl's form.

    The scanner appends the pairs of simple images to `batch`; Python decides about the others.
    """

    def __init__(self, options: ExtractionOptions, batch: PairBatch) -> None:
        self.options, self.batch = options, batch
        self.writer = WatWriter()
        self.take_warcinfo = self.writer.take_warcinfo
        self.entities = True  # whether the record that is read still has them
        of = options.limits
        sizes = of.max_text_bytes, of.max_url_bytes, of.max_images_per_page
        # The kernel is compiled for plain tuples.
        self.limits = [tuple(Limits(*sizes, entities)) for entities in (0, 1)]
        # The scanner notes no fields that these options need.
        self.scans = not (options.opt_outs or options.status)
        self.found = np.empty(SIZE, np.int64)
        self.rows = np.empty((_MOST_ROWS, ROW), np.int64)

    def read(self, block: bytes) -> Page | str | None:
        """Return the page of one record; None if it is about no HTML page.

        The page is in the batch then, with the pairs of its simple images. A string is the
        reason to drop the record: `bad_json`, or `opt_out` where opt-outs are respected.
        """
        self.batch.start_page()
        page = self._read(block)
        if isinstance(page, Page):
            self.batch.describe_page(page)
        else:
            self.batch.drop_page()
        return page

    def _read(self, block: bytes) -> Page | str | None:
        self.entities = self.writer.leaves_entities(block)
        if not self.scans:
            return self._decode(block)
        before, base = self.batch.plain, None
        last = self._append(block, _UNKNOWN)
        if last == NEEDS_BASE:
            base = self._base(block)
            last = self._append(block, _NOWHERE if base is None else base.encode())
        if last == NO_PAGE:
            return None
        if last == GAVE_UP:
            return self._decode(block)
        return self._page(block, base, last - before)

    def _decode(self, block: bytes) -> Page | str | None:
        options = WatOptions(self.entities, self.options.opt_outs, self.options.status)
        return decode_wat(block, options)

    def _append(self, block: bytes, base: bytes) -> int:
        data, text = np.frombuffer(block, np.uint8), np.frombuffer(base, np.uint8)
        limits = self.limits[self.entities]
        return self.batch.append_record(data, text, limits, self.found, self.rows)

    def _base(self, block: bytes) -> str | None:
        bounds = self.found[: 2 * PAGE_URL + 2].tolist()
        url, base = (_string(block, *bounds[2 * i : 2 * i + 2]) for i in (PAGE_URL, BASE))
        return page_base(bare_url(url), unescape(base) if base and self.entities else base)

    def _page(self, block: bytes, base: str | None, pairs: int) -> Page:
        found = self.found.tolist()

        def field(target: int) -> str | None:
            return _string(block, found[2 * target], found[2 * target + 1])

        others = self.rows[: found[OUTCOMES + NEEDS_PYTHON]].tolist()
        return Page(
            bare_url(field(PAGE_URL)),
            base or (self._base(block) if others else None),
            field(FILENAME),
            parse_offset(field(OFFSET)),
            parse_date(field(DATE)),
            found[IMAGES],
            [row[ROW_NUMBER] for row in others],
            [self._image(block, row) for row in others],
            Outcomes(*found[OUTCOMES : OUTCOMES + NEEDS_PYTHON]),
            pairs,
        )

    def _image(self, block: bytes, row: list[int]) -> RawImage:
        src, *texts = [_string(block, *row[i : i + 2]) for i in range(ROW_URL, ROW, 2)]
        if self.entities:
            return RawImage(src and unescape(src), [text and unescape(text) for text in texts])
        return RawImage(src, texts)


def _string(block: bytes, start: int, end: int) -> str | None:
    """Return the JSON string between two quotes, whatever is in it."""
    if start < 0:
        return None
    text = block[start:end].decode("utf-8", "replace")
    return without_surrogates(_LENIENT.decode(f'"{text}"')) if "\\" in text else text
