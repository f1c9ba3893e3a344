"""Pairs of a WAT record's images, from its bytes straight into the columns of a batch.

Images whose strings or URLs are not simple are left to Python.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaclip.crawl.json_walk import COLON, same
from metaclip.crawl.plain import ABSOLUTE, NOT_PLAIN, OF_FOLDER, OF_HOST, OF_SCHEME, plain_url
from metaclip.crawl.scan import BASE, BYTES, FOUND, GAVE_UP, PAGE_URL, ROW, ROWS, scan_record
from metaclip.crawl.strings import LEFT, put_string, stripped, without_newlines
from metaclip.jit import compiled_uncounted, inlined_uncounted

#: what `append_record` returns if there is too little room for the pairs
NO_ROOM = -3
#: what becomes of an image; of the last kind Python has to say
KEPT, NO_TEXT, BAD_URL, NOT_HTTP, LONG_URL, OTHER = range(6)
#: places in its limits
LONGEST_TEXT, LONGEST_URL, MOST_IMAGES = range(3)

# Behind what `scan` notes stand in `found`:
#: numbers of images by what becomes of them
FATES = FOUND
#: rows, and bytes of URLs and texts, that there must be room for
NEEDS = FATES + 6
#: where the page's folder starts, and how much of it each form of URL lacks
FOLDER = NEEDS + 3
#: what the page's rows are ordered behind
FIRST_KEY = FOLDER + 5
#: length of `found`
APPENDED = FIRST_KEY + 1

_TEXTS = 3
_SLASH, _QUESTION, _HASH, _AMPERSAND, _LESS, _GREATER = (np.uint8(ord(sign)) for sign in "/?#&<>")


class Columns(NamedTuple):
    """Growing columns; of `ends` the one before a row's is where the row starts."""

    urls: NDArray[np.uint8]
    url_ends: NDArray[np.int32]
    texts: NDArray[np.uint8]
    text_ends: NDArray[np.int32]
    sources: NDArray[np.int8]
    keys: NDArray[np.int64]  # what rows are ordered by


def new_columns(rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Columns with room for so much."""
    return Columns(
        np.empty(url_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(text_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(rows, np.int8),
        np.empty(rows, np.int64),
    )


def with_room(columns: Columns, count: int, rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Columns that hold the first `count` rows of these and have room for so much more."""
    rows += count
    url_bytes += int(columns.url_ends[count])
    text_bytes += int(columns.text_ends[count])
    if (
        len(columns.keys) >= rows
        and len(columns.urls) >= url_bytes
        and len(columns.texts) >= text_bytes
    ):
        return columns
    larger = new_columns(2 * rows, 2 * url_bytes, 2 * text_bytes)
    pairs: Any = zip(columns, larger, strict=True)
    for old, new in pairs:
        kept = min(len(old), len(new))
        new[:kept] = old[:kept]
    return larger


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
    """Whether the text of `row`, up to `end`, is that of a row from `first` on."""
    start = ends[row]
    for other in range(first, row):
        size, at = ends[other + 1] - ends[other], ends[other]
        same = size == end - start
        for i in range(size if same else 0):
            same = same and out[at + i] == out[start + i]
        if same:
            return True
    return False


@inlined_uncounted
def _put_texts(data: Any, places: Any, longest: Any, columns: Any, first: Any) -> Any:
    """Write the texts of an image, in equal ones once, as rows from `first` on; return the
    row behind them, or LEFT.
    """
    row, out, ends = first, columns.texts, columns.text_ends
    for i in range(_TEXTS):
        start, end = places[2 * i], places[2 * i + 1]
        if end - start > longest:
            return LEFT
        if end > start:
            end = put_string(data, start, end, out, ends[row])
            if end == LEFT:
                return LEFT
            without_newlines(out, ends[row], end)
            start, end = stripped(out, ends[row], end)
            end = _move(out, start, end, ends[row])
            if end > ends[row] and not _is_repeated(out, ends, first, row, end):
                columns.sources[row] = i
                row += 1
                ends[row] = end
    return row


@inlined_uncounted
def _note_folder(data: Any, found: Any, longest: Any) -> None:
    """Note what of the page's base can stand before plain URLs, if it is plain itself."""
    start, end = found[2 * BASE], found[2 * BASE + 1]
    if start < 0:
        start, end = found[2 * PAGE_URL], found[2 * PAGE_URL + 1]
        if end > start and data[start] == _LESS:  # wget writes it as `<url>`
            start += 1
        if end > start and data[end - 1] == _GREATER:
            end -= 1
    for at in range(start, end):
        if data[at] == _QUESTION or data[at] == _HASH:
            end = at
            break
        if data[at] == _AMPERSAND:  # it may start an entity
            return
    if end - start > longest or plain_url(data, start, end) != ABSOLUTE:
        return
    scheme = start
    while data[scheme] != COLON:
        scheme += 1
    host = scheme + 3
    while data[host] != _SLASH:
        host += 1
    while data[end - 1] != _SLASH:
        end -= 1
    found[FOLDER] = start
    found[FOLDER + OF_SCHEME], found[FOLDER + OF_HOST] = scheme + 1 - start, host - start
    found[FOLDER + OF_FOLDER] = end - start


@inlined_uncounted
def _put_url(data: Any, start: Any, end: Any, longest: Any, found: Any, out: Any, at: Any) -> Any:
    """Write a URL; return (what becomes of its image, its end)."""
    if start < 0:
        return BAD_URL, at
    if same(data, start, b"data:"):
        return NOT_HTTP, at
    end = put_string(data, start, end, out, at) if end - start <= longest else LEFT
    if end == LEFT:
        return OTHER, at
    start, end = stripped(out, at, end)
    if start == end:
        return BAD_URL, at
    form = plain_url(out, start, end)
    if form == NOT_PLAIN or (form != ABSOLUTE and found[FOLDER + OF_FOLDER] == 0):
        return OTHER, at
    size = found[FOLDER + form] if form != ABSOLUTE else 0
    end = _move(out, start, end, at + size)
    for i in range(size):
        out[at + i] = data[found[FOLDER] + i]
    return (KEPT if end - at <= longest else LONG_URL), end


@inlined_uncounted
def _put_image(data: Any, row: Any, limits: Any, found: Any, columns: Any, first: Any) -> Any:
    """Write the pairs of an image as rows from `first` on; return (what becomes of it, the
    row behind them).
    """
    last = _put_texts(data, row[3:], limits[LONGEST_TEXT], columns, first)
    if last == LEFT:
        return OTHER, first
    if last == first:
        return NO_TEXT, first
    ends, start = columns.url_ends, np.int64(columns.url_ends[first])
    fate, end = _put_url(data, row[1], row[2], limits[LONGEST_URL], found, columns.urls, start)
    if fate != KEPT:
        return fate, first
    for i in range(first, last):
        ends[i + 1] = end + (i - first) * (end - start)
        for at in range(start if i > first else end, end):
            columns.urls[ends[i] + at - start] = columns.urls[at]
        columns.keys[i] = found[FIRST_KEY] + 4 * row[0] + columns.sources[i]
    return fate, last


@inlined_uncounted
def _has_room(found: Any, columns: Any, count: Any) -> Any:
    """Whether all rows fit, each with three texts; notes what room they need."""
    folder = found[FOLDER + OF_FOLDER] + 1
    found[NEEDS] = _TEXTS * found[ROWS]
    found[NEEDS + 1] = _TEXTS * (found[BYTES] + folder * found[ROWS]) + 1
    found[NEEDS + 2] = found[BYTES] + 1
    return (
        columns.keys.shape[0] >= count + found[NEEDS]
        and columns.urls.shape[0] >= columns.url_ends[count] + found[NEEDS + 1]
        and columns.texts.shape[0] >= columns.text_ends[count] + found[NEEDS + 2]
    )


@compiled_uncounted
def append_record(
    data: NDArray[np.uint8],
    limits: tuple[int, int, int],
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
    """Append the pairs of a WAT record behind `count` others; return how many there are then,
    or what `scan_record` does if it is no page that it can read, or NO_ROOM.

    `found` and `rows` are those of `scan`; what is left to Python is in the first
    `found[FATES + OTHER]` rows.
    """
    # Not an argument: Numba takes long to see what a tuple of arrays is.
    columns = Columns(urls, url_ends, texts, text_ends, sources, keys)
    images = scan_record(data, found, rows)
    if images < 0:
        return int(images)
    if images > limits[MOST_IMAGES]:
        return GAVE_UP
    _note_folder(data, found, limits[LONGEST_URL])
    if not _has_room(found, columns, count):
        return NO_ROOM
    found[FIRST_KEY] = first_key
    found[FATES + NO_TEXT] = images - found[ROWS]
    for number in range(found[ROWS]):
        fate, count = _put_image(data, rows[number], limits, found, columns, count)
        if fate == OTHER:
            for i in range(ROW):
                rows[found[FATES + OTHER], i] = rows[number, i]
        found[FATES + fate] += 1
    return count
