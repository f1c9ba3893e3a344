"""Append the pairs of a WAT record's images to the columns of a batch, in one kernel.

Images whose strings or URLs are not simple are left to Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaclip.crawl.scanner.base_prefix import take_base
from metaclip.crawl.scanner.json_walk import same
from metaclip.crawl.scanner.pair_columns import Columns
from metaclip.crawl.scanner.record import (
    BAD_URL,
    BYTES,
    FIRST_KEY,
    KEPT,
    KEYS_PER_IMAGE,
    LONG_URL,
    NEEDS_PYTHON,
    NO_BASE,
    NO_TEXT,
    NOT_HTTP,
    OUTCOMES,
    PREFIX,
    ROOM_ROWS,
    ROOM_TEXT_BYTES,
    ROOM_URL_BYTES,
    ROW,
    ROW_NUMBER,
    ROW_TEXTS,
    ROW_URL,
    ROWS,
    TEXT_SOURCES,
    Limits,
)  # fmt: skip
from metaclip.crawl.scanner.scan import GAVE_UP, scan_record
from metaclip.crawl.scanner.simple_url import ABSOLUTE, NO_FOLDER, NOT_SIMPLE_URL, simple_form
from metaclip.crawl.scanner.strings import NOT_SIMPLE, SPACE, put_string, stripped, without_newlines
from metaclip.jit.compiler import compiled_uncounted, inlined_uncounted

NEEDS_BASE, NO_ROOM = -3, -4
"""Returned in place of the number of rows: Python must resolve the base; the columns are full."""

_TEXTS = len(TEXT_SOURCES)


@inlined_uncounted
def _move(out: Any, start: Any, end: Any, to: Any) -> Any:
    """Copy bytes within `out`, over each other if need be; return the end of the copy."""
    if to < start:
        for i in range(end - start):
            out[to + i] = out[start + i]
    elif to > start:
        for i in range(end - start - 1, -1, -1):
            out[to + i] = out[start + i]
    return to + end - start


@inlined_uncounted
def _is_repeated(out: Any, ends: Any, first: Any, row: Any, end: Any) -> Any:
    """Return whether a row from `first` on has the text of `row`, which ends at `end`."""
    start = ends[row]
    for other in range(first, row):
        size, at = ends[other + 1] - ends[other], ends[other]
        equal = size == end - start
        for i in range(size if equal else 0):
            equal = equal and out[at + i] == out[start + i]
        if equal:
            return True
    return False


@inlined_uncounted
def _put_texts(data: Any, bounds: Any, limits: Any, columns: Any, first: Any) -> Any:
    """Write the texts of an image, equal ones once, as rows from `first` on.

    Return the row after them, or NOT_SIMPLE.
    """
    row, out, ends = first, columns.texts, columns.text_ends
    for i in range(_TEXTS):
        start, end = bounds[2 * i], bounds[2 * i + 1]
        if end - start > limits.text_bytes:
            return NOT_SIMPLE
        if end > start:
            end = put_string(data, start, end, out, ends[row], limits.entities)
            if end == NOT_SIMPLE:
                return NOT_SIMPLE
            without_newlines(out, ends[row], end)
            start, end = stripped(out, ends[row], end)
            end = _move(out, start, end, ends[row])
            if end > ends[row] and not _is_repeated(out, ends, first, row, end):
                columns.sources[row] = i
                row += 1
                ends[row] = end
    return row


@inlined_uncounted
def _put_url(
    data: Any, base: Any, start: Any, end: Any, limits: Any, found: Any, out: Any, at: Any
) -> Any:
    """Write the URL at data[start:end], resolved; return the outcome of its image, and its end."""
    longest = limits.url_bytes
    if start < 0:
        return BAD_URL, at
    if same(data, start, b"data:"):
        return NOT_HTTP, at
    if end - start > longest:
        return NEEDS_PYTHON, at
    end = put_string(data, start, end, out, at, limits.entities)
    if end == NOT_SIMPLE:
        return NEEDS_PYTHON, at
    start = at
    while start < end and out[start] <= SPACE:  # the URL standard strips these
        start += 1
    while start < end and out[end - 1] <= SPACE:
        end -= 1
    if start == end:
        return BAD_URL, at
    form = simple_form(out, start, end)
    if form == NOT_SIMPLE_URL:
        return NEEDS_PYTHON, at
    size = found[PREFIX + form] if form != ABSOLUTE else 0
    if form != ABSOLUTE and size == 0:
        return (BAD_URL if found[NO_BASE] > 0 else NEEDS_PYTHON), at
    end = _move(out, start, end, at + size)
    for i in range(size):
        out[at + i] = base[found[PREFIX] + i]
    return (KEPT if end - at <= longest else LONG_URL), end


@inlined_uncounted
def _put_image(
    data: Any, base: Any, row: Any, limits: Any, found: Any, columns: Any, first: Any
) -> Any:
    """Write the pairs of an image as rows from `first` on; return its outcome and the next row."""
    last = _put_texts(data, row[ROW_TEXTS:], limits, columns, first)
    if last == NOT_SIMPLE:
        return NEEDS_PYTHON, first
    if last == first:
        return NO_TEXT, first
    ends, start = columns.url_ends, np.int64(columns.url_ends[first])
    out = columns.urls
    outcome, end = _put_url(data, base, row[ROW_URL], row[ROW_URL + 1], limits, found, out, start)
    if outcome != KEPT:
        return outcome, first
    first_key = found[FIRST_KEY] + KEYS_PER_IMAGE * row[ROW_NUMBER]
    for i in range(first, last):
        ends[i + 1] = end + (i - first) * (end - start)
        for at in range(start if i > first else end, end):
            out[ends[i] + at - start] = out[at]
        columns.keys[i] = first_key + columns.sources[i]
    return outcome, last


@inlined_uncounted
def _has_room(found: Any, columns: Any, count: Any) -> Any:
    """Note the room that all rows need, each with three texts; return whether it is there."""
    prefix = found[PREFIX + NO_FOLDER] + 1
    found[ROOM_ROWS] = _TEXTS * found[ROWS]
    found[ROOM_URL_BYTES] = _TEXTS * (found[BYTES] + prefix * found[ROWS]) + 1
    found[ROOM_TEXT_BYTES] = found[BYTES] + 1
    return (
        columns.keys.shape[0] >= count + found[ROOM_ROWS]
        and columns.urls.shape[0] >= columns.url_ends[count] + found[ROOM_URL_BYTES]
        and columns.texts.shape[0] >= columns.text_ends[count] + found[ROOM_TEXT_BYTES]
    )


@compiled_uncounted
def append_record(
    data: NDArray[np.uint8],
    base: NDArray[np.uint8],
    bounds: tuple[int, ...],
    first_key: int,
    count: int,
    found: NDArray[np.int64],
    rows: NDArray[np.int64],
    urls: NDArray[np.uint8],
    url_ends: NDArray[np.int32],
    texts: NDArray[np.uint8],
    text_ends: NDArray[np.int32],
    sources: NDArray[np.int8],
    keys: NDArray[np.int64],
) -> int:
    """Append the pairs of a WAT record after `count` others; return their new number.

    Return GAVE_UP or NO_PAGE as `scan_record` does, or NEEDS_BASE, or NO_ROOM.

    Args:
        data: the record, all of a `bytes` object.
        base: of the page; empty as long as it is unknown, `-` if there is none.
        bounds: Limits, as a plain tuple: a call takes longer with a named one.
        first_key: the sort key of the page's first row.
        count: rows in the columns so far.
        found: (SIZE,) gets the record.
        rows: (n, ROW) gets, in front, the images that need Python.
        urls, url_ends, texts, text_ends, sources, keys: Columns; so for the same reason.
    """
    limits = Limits(*bounds)
    columns = Columns(urls, url_ends, texts, text_ends, sources, keys)
    images = scan_record(data, found, rows)
    if images < 0:
        return int(images)
    if images > limits.images:
        return GAVE_UP
    if not take_base(data, base, limits.url_bytes, found):
        return NEEDS_BASE
    if not _has_room(found, columns, count):
        return NO_ROOM
    text = base if base.shape[0] > 0 else data
    found[FIRST_KEY] = first_key
    found[OUTCOMES + NO_TEXT] = images - found[ROWS]
    for number in range(found[ROWS]):
        outcome, count = _put_image(data, text, rows[number], limits, found, columns, count)
        if outcome == NEEDS_PYTHON:
            for i in range(ROW):
                rows[found[OUTCOMES + NEEDS_PYTHON], i] = rows[number, i]
        found[OUTCOMES + outcome] += 1
    return count
