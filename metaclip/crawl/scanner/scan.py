"""Scan a WAT record in kernels: note the offsets of its page's images and of a few fields.

Most of a WAT is links that are no images, so nothing is decoded here. The scan gives up, and
leaves the record to a decoder, on every form that Common Crawl does not write: bad JSON, a
repeated key, a value of another type, an escape in a key or path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.crawl.scanner.json_walk import (
    BRACE,
    BRACKET,
    COMMA,
    END_BRACE,
    END_BRACKET,
    QUOTE,
    after_colon,
    next_sign,
    same,
    skip_blanks,
    string_end,
    value_end,
)
from metaclip.crawl.scanner.record import (
    ALT,
    BASE,
    BYTES,
    CONTAINER,
    DATE,
    ENVELOPE,
    FILENAME,
    HEAD,
    HEADER,
    HTML,
    HTTP,
    IMAGE_TITLE,
    IMAGES,
    KINDS,
    LINKS,
    MET,
    NOTHING,
    OFFSET,
    PAGE_URL,
    PATH,
    PAYLOAD,
    RECORD,
    ROW,
    ROW_NUMBER,
    ROW_URL,
    ROWS,
    STRING_KINDS,
    TEXT_SOURCES,
    TITLE,
    URL,
)  # fmt: skip
from metaclip.jit.compiler import inlined_uncounted

GAVE_UP, NO_PAGE = -1, -2
"""Returned in place of the number of images: a decoder must read the record; it has no page."""

_PARENTS = {
    CONTAINER: RECORD,
    ENVELOPE: RECORD,
    HEADER: ENVELOPE,
    PAYLOAD: ENVELOPE,
    HTTP: PAYLOAD,
    HTML: HTTP,
    HEAD: HTML,
}
_PARENT = np.array([_PARENTS.get(kind, NOTHING) for kind in range(KINDS)])

_SCHEME = len("data:")
_ALT, _TITLE, _IMAGE_TITLE = (name.encode() for name in TEXT_SOURCES)


@inlined_uncounted
def _kind_in_link(data: Any, at: Any, size: Any) -> Any:
    if size == 3 and same(data, at, b"url"):
        return URL
    if size == len(_ALT) and same(data, at, _ALT):
        return ALT
    if size == 4 and same(data, at, b"path"):
        return PATH
    if size == len(_TITLE) and same(data, at, _TITLE):
        return TITLE
    return IMAGE_TITLE if size == len(_IMAGE_TITLE) and same(data, at, _IMAGE_TITLE) else NOTHING


@inlined_uncounted
def _kind_in_object(kind: Any, data: Any, at: Any, size: Any) -> Any:
    """Return the kind of the value that a key has in an object of this kind."""
    if kind == RECORD:
        if size == 8 and same(data, at, b"Envelope"):
            return ENVELOPE
        return CONTAINER if size == 9 and same(data, at, b"Container") else NOTHING
    if kind == CONTAINER:
        if size == 8 and same(data, at, b"Filename"):
            return FILENAME
        return OFFSET if size == 6 and same(data, at, b"Offset") else NOTHING
    if kind == ENVELOPE:
        if size == 20 and same(data, at, b"WARC-Header-Metadata"):
            return HEADER
        return PAYLOAD if size == 16 and same(data, at, b"Payload-Metadata") else NOTHING
    if kind == HEADER:
        if size == 15 and same(data, at, b"WARC-Target-URI"):
            return PAGE_URL
        return DATE if size == 9 and same(data, at, b"WARC-Date") else NOTHING
    if kind == PAYLOAD:
        return HTTP if size == 22 and same(data, at, b"HTTP-Response-Metadata") else NOTHING
    if kind == HTTP:
        return HTML if size == 13 and same(data, at, b"HTML-Metadata") else NOTHING
    if kind == HTML:
        if size == 4 and same(data, at, b"Head"):
            return HEAD
        return LINKS if size == 5 and same(data, at, b"Links") else NOTHING
    return BASE if size == 4 and same(data, at, b"Base") else NOTHING


@inlined_uncounted
def _next_key(data: Any, at: Any, end: Any, first: Any) -> Any:
    """Return (offset of the value, start and size of its key).

    At the end of the object the size is -1, and the first offset is the object's end.
    """
    at = skip_blanks(data, at)
    if data[at] == END_BRACE:
        return at + 1, at, -1
    if not first:
        if data[at] != COMMA:
            return -1, at, 0
        at = skip_blanks(data, at + 1)
    start = at + 1
    stop = next_sign(data, start, end) if data[at] == QUOTE else -1
    if stop < 0 or data[stop] != QUOTE:
        return -1, at, 0
    return after_colon(data, stop + 1), start, stop - start


@inlined_uncounted
def _take_string(data: Any, at: Any, end: Any, target: Any, found: Any) -> Any:
    """Note start and end of the string at `at`, return its end; null counts as missing."""
    if found[2 * target] >= 0:
        return -1
    if data[at] != QUOTE:
        return at + 4 if same(data, at, b"null") else -1
    stop = string_end(data, at + 1, end)
    if stop < 0:
        return -1
    found[2 * target], found[2 * target + 1] = at + 1, stop
    return stop + 1


@inlined_uncounted
def _take_image(data: Any, found: Any, rows: Any) -> Any:
    """Write the row of an image if it has text; return False if there is no room."""
    row, texts = found[ROWS], 0
    for target in range(ALT, IMAGE_TITLE + 1):
        texts += found[2 * target + 1] - found[2 * target]
    found[IMAGES] += 1
    if texts == 0:
        return True
    if row == rows.shape[0]:
        return False
    if same(data, found[2 * URL], b"data:"):  # the rest does not matter
        found[2 * URL + 1] = found[2 * URL] + _SCHEME
    rows[row, ROW_NUMBER] = found[IMAGES] - 1
    for i in range(ROW_URL, ROW):
        rows[row, i] = found[2 * URL + i - ROW_URL]
    found[ROWS] += 1
    found[BYTES] += texts + found[2 * URL + 1] - found[2 * URL]
    return True


@inlined_uncounted
def _take_link(data: Any, at: Any, end: Any, found: Any) -> Any:
    """Note the strings of the link at `at`; return its end."""
    for i in range(2 * PATH, 2 * IMAGE_TITLE + 2):
        found[i] = -1
    size, first = 0, True
    at = at + 1 if data[at] == BRACE else -1
    while at >= 0 and size >= 0:
        at, start, size = _next_key(data, at, end, first)
        first = False
        if at >= 0 and size >= 0:
            target = _kind_in_link(data, start, size)
            if target != NOTHING:
                at = _take_string(data, at, end, target, found)
            elif data[at] == QUOTE:  # as `value_end` does, but without a stack
                stop = string_end(data, at + 1, end)
                at = stop + 1 if stop >= 0 else -1
            else:
                at = value_end(data, at, end)
    return at


@inlined_uncounted
def _take_links(data: Any, at: Any, end: Any, found: Any, rows: Any) -> Any:
    """Write the rows of the links in the array at `at`; return its end."""
    if data[at] != BRACKET:
        return -1
    at = skip_blanks(data, at + 1)
    if data[at] == END_BRACKET:
        return at + 1
    while True:
        at = _take_link(data, at, end, found)
        if at < 0:
            return -1
        path, path_end = found[2 * PATH], found[2 * PATH + 1]
        if path_end - path == 8 and same(data, path, b"IMG@/src"):
            if not _take_image(data, found, rows):
                return -1
        elif path_end - path > 8 and next_sign(data, path, path_end) >= 0:
            return -1  # an escape: decoded, it may be an image's path
        at = skip_blanks(data, at)
        if data[at] == END_BRACKET:
            return at + 1
        if data[at] != COMMA:
            return -1
        at = skip_blanks(data, at + 1)


@inlined_uncounted
def _take_objects(data: Any, at: Any, end: Any, found: Any, rows: Any) -> Any:
    """Note the fields of the record at `at`; return its end."""
    kind, first = RECORD, True
    at = at + 1 if data[at] == BRACE else -1
    while at >= 0 and kind != NOTHING:
        at, start, size = _next_key(data, at, end, first)
        first = False
        if at >= 0 and size < 0:
            kind = _PARENT[kind]
        elif at >= 0:
            target = _kind_in_object(kind, data, start, size)
            if target == NOTHING:
                at = value_end(data, at, end)
            elif target < STRING_KINDS:
                at = _take_string(data, at, end, target, found)
            elif found[MET + target] > 0:
                at = -1
            else:
                found[MET + target] = 1
                if target == LINKS:
                    at = _take_links(data, at, end, found, rows)
                else:
                    kind, first = target, True
                    at = at + 1 if data[at] == BRACE else -1
    return at


@inlined_uncounted
def scan_record(data: Any, found: Any, rows: Any) -> Any:
    """Return the number of images of the page, GAVE_UP, or NO_PAGE if it describes none.

    Args:
        data: all of a `bytes` object.
        found: (SIZE,) gets the fields from STRINGS to BYTES; the others are set to 0.
        rows: (n, ROW) gets the images with text.
    """
    end = data.shape[0]
    found[:MET], found[MET:] = -1, 0
    at = _take_objects(data, skip_blanks(data, 0), end, found, rows)
    if at < 0 or skip_blanks(data, at) != end or found[MET + ENVELOPE] == 0:
        return GAVE_UP
    return found[IMAGES] if found[MET + HTML] > 0 else NO_PAGE
