"""A WAT record to a page and its images."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from metaclip.crawl.images import Page, PlainImages, RawImage, parse_date, unescape
from metaclip.crawl.limits import ExtractionOptions
from metaclip.crawl.plain import ABSOLUTE, OF_FOLDER, OF_HOST, OF_SCHEME
from metaclip.crawl.scan import (
    BASE,
    BYTES,
    DATE,
    FILENAME,
    FOUND,
    GAVE_UP,
    NO_PAGE,
    OFFSET,
    OTHER,
    PAGE_URL,
    PLAIN,
    ROW,
    URL_FORM,
    scan_record,
)
from metaclip.crawl.urls import Folder, bare_url, folder_of, page_base
from metaclip.crawl.wat_json import decode_wat, parse_offset

# Enough for nearly all pages; those with more images are decoded.
_MOST_ROWS = 4096
_RELATIVE = (OF_SCHEME, OF_HOST, OF_FOLDER)
_STRING = msgspec.json.Decoder(str)


class WatReader:
    """Reads records one by one, by a scan if they are as Common Crawl writes them.

    A page's plain images are only there until the next record is read.
    """

    def __init__(self, options: ExtractionOptions) -> None:
        self.options, self.limits = options, options.limits
        self.found = np.empty(FOUND, np.int64)
        self.rows = np.empty((_MOST_ROWS, ROW), np.int64)

    def read(self, block: bytes) -> Page | str | None:
        """The page of one record; None if it is about no HTML page.

        A string is the reason to drop it: `bad_json`, or `opt_out` where these count.
        """
        if self.options.opt_outs:  # what these need is not scanned
            return decode_wat(block, opt_outs=True)
        data = np.frombuffer(block, np.uint8)
        images = scan_record(data, self.limits.max_text_bytes, self.found, self.rows)
        if images == NO_PAGE:
            return None
        if images == GAVE_UP or images > self.limits.max_images_per_page:
            return decode_wat(block)
        try:
            return self._page(block, data, images) or decode_wat(block)
        except (UnicodeDecodeError, msgspec.MsgspecError):
            return decode_wat(block)

    def _page(self, block: bytes, data: NDArray[np.uint8], images: int) -> Page | None:
        """The page; None if its base is one that plain URLs can't simply be put behind."""
        found = self.found.tolist()

        def field(target: int) -> str | None:
            return _string(block, found[2 * target], found[2 * target + 1])

        url, base = bare_url(field(PAGE_URL)), field(BASE)
        if base is not None:
            base = page_base(url, unescape(base))
        else:
            base = url if found[URL_FORM] == ABSOLUTE else page_base(url, None)
        folder = folder_of(base)
        if folder is None:
            return None
        others = self.rows[_MOST_ROWS - found[OTHER] :].tolist()
        plain = self.rows[: found[PLAIN]]
        return Page(
            url,
            base,
            field(FILENAME),
            parse_offset(field(OFFSET)),
            parse_date(field(DATE)),
            images,
            [row[0] for row in others],
            [_image(block, row, folder) for row in others],
            PlainImages(data, plain, found[BYTES], folder) if found[PLAIN] else None,
        )


def _image(block: bytes, row: list[int], folder: Folder) -> RawImage:
    _, form, start, end, *places = row
    src = _string(block, start, end)
    texts = [_string(block, *places[i : i + 2]) for i in (0, 2, 4)]
    texts = [text and unescape(text) for text in texts]
    src = src and unescape(src)
    # Without a folder only an absolute URL is one.
    known = form == ABSOLUTE or (form in _RELATIVE and folder.start)
    url = folder.start[: folder.ends[form]].decode() + src if src and known else None
    return RawImage(src, texts, url=url)


def _string(block: bytes, start: int, end: int) -> str | None:
    """The JSON string between two quotes; raises what decoding raises."""
    if start < 0:
        return None
    text = block[start:end]
    return _STRING.decode(block[start - 1 : end + 1]) if b"\\" in text else text.decode()
