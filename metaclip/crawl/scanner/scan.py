"""A walk over a WAT record, for kernels: where its page's images and few other fields stand.

Most of a WAT is links that are no images, so nothing is decoded here. The walk gives up, and
leaves the record to a decoder, on all that is not as Common Crawl writes it: bad JSON, a key
twice, a value of another type, an escape in a key or path.
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
    behind_colon,
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
    ROWS,
    STRING_KINDS,
    TITLE,
    URL,
)  # fmt: skip
from metaclip.jit.compiler import inlined_uncounted

#: what `scan_record` returns if not the number of images
GAVE_UP, NO_PAGE = -1, -2

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


@inlined_uncounted
def _link_target(data: Any, at: Any, size: Any) -> Any:
    if size == 3 and same(data, at, b"url"):
        return URL
    if size == 3 and same(data, at, b"alt"):
        return ALT
    if size == 4 and same(data, at, b"path"):
        return PATH
    if size == 5 and same(data, at, b"title"):
        return TITLE
    return IMAGE_TITLE if size == 16 and same(data, at, b"data-image-title") else NOTHING


@inlined_uncounted
def _target(kind: Any, data: Any, at: Any, size: Any) -> Any:
    """Return what the value of a key is for in an object of this kind."""
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
    """Return (place of the value, start and size of its key); at the end of the object a
    size of -1 and the place behind it.
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
    return behind_colon(data, stop + 1), start, stop - start


@inlined_uncounted
def _take_string(data: Any, at: Any, end: Any, target: Any, found: Any) -> Any:
    """Note where the string at `at` stands; null is as good as none."""
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
    """Write the row of an image if it has text; False if there is no room."""
    place, texts = found[ROWS], 0
    for target in range(ALT, IMAGE_TITLE + 1):
        texts += found[2 * target + 1] - found[2 * target]
    found[IMAGES] += 1
    if texts == 0:
        return True
    if place == rows.shape[0]:
        return False
    if same(data, found[2 * URL], b"data:"):  # nothing behind the scheme matters
        found[2 * URL + 1] = found[2 * URL] + _SCHEME
    rows[place, 0] = found[IMAGES] - 1
    for i in range(1, ROW):
        rows[place, i] = found[2 * URL + i - 1]
    found[ROWS] += 1
    found[BYTES] += texts + found[2 * URL + 1] - found[2 * URL]
    return True


@inlined_uncounted
def _take_link(data: Any, at: Any, end: Any, found: Any) -> Any:
    """Note the strings of the link at `at`; return the place behind it."""
    for i in range(2 * PATH, 2 * IMAGE_TITLE + 2):
        found[i] = -1
    size, first = 0, True
    at = at + 1 if data[at] == BRACE else -1
    while at >= 0 and size >= 0:
        at, start, size = _next_key(data, at, end, first)
        first = False
        if at >= 0 and size >= 0:
            target = _link_target(data, start, size)
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
    """Write the rows of the links of the array at `at`; return the place behind it."""
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
            return -1  # an escape: it may mean the same
        at = skip_blanks(data, at)
        if data[at] == END_BRACKET:
            return at + 1
        if data[at] != COMMA:
            return -1
        at = skip_blanks(data, at + 1)


@inlined_uncounted
def _take_objects(data: Any, at: Any, end: Any, found: Any, rows: Any) -> Any:
    """Note what the record at `at` holds; return the place behind it."""
    kind, first = RECORD, True
    at = at + 1 if data[at] == BRACE else -1
    while at >= 0 and kind != NOTHING:
        at, start, size = _next_key(data, at, end, first)
        first = False
        if at >= 0 and size < 0:
            kind = _PARENT[kind]
        elif at >= 0:
            target = _target(kind, data, start, size)
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
    """Return the number of images of the page; GAVE_UP; or NO_PAGE if it is about none.

    Args:
        data: all of a `bytes` object.
        found: gets the fields of the record up to BYTES.
        rows: (n, ROW), gets the images with text.
    """
    end = data.shape[0]
    found[:MET], found[MET:] = -1, 0
    at = _take_objects(data, skip_blanks(data, 0), end, found, rows)
    if at < 0 or skip_blanks(data, at) != end or found[MET + ENVELOPE] == 0:
        return GAVE_UP
    return found[IMAGES] if found[MET + HTML] > 0 else NO_PAGE
