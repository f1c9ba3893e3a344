"""Pairs of plain images, from the bytes of a record straight into the columns of a batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metaclip.crawl.plain import ABSOLUTE, DATA, ampersand_size
from metaclip.jit import compiled, inlined

#: counts of images that `append_pairs` adds to
KEPT, NO_TEXT, BAD_URL, NOT_HTTP, LONG_URL = range(5)
_SPACE, _AMPERSAND, _TEXTS = 32, 38, 3


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


@inlined
def _copy(data: Any, start: Any, end: Any, out: Any, size: Any) -> Any:
    for i in range(start, end):
        out[size + i - start] = data[i]
    return size + end - start


@inlined
def _copy_url(data: Any, start: Any, end: Any, out: Any, size: Any) -> Any:
    """Copy with the entities of `&` decoded."""
    at = start
    while at < end:
        out[size] = data[at]
        at += ampersand_size(data, at) if data[at] == _AMPERSAND else 1
        size += 1
    return size


@inlined
def _equal(data: Any, start: Any, end: Any, other: Any, other_end: Any) -> Any:
    if end - start != other_end - other:
        return False
    for i in range(end - start):  # noqa: SIM110
        if data[start + i] != data[other + i]:
            return False
    return True


@inlined
def _strip_texts(data: Any, row: Any) -> Any:
    """Strip the three texts of a row and empty those that came before; return how many stay."""
    left = 0
    for i in range(4, 4 + 2 * _TEXTS, 2):
        while row[i] < row[i + 1] and data[row[i]] == _SPACE:
            row[i] += 1
        while row[i] < row[i + 1] and data[row[i + 1] - 1] == _SPACE:
            row[i + 1] -= 1
        for j in range(4, i, 2):
            if _equal(data, row[i], row[i + 1], row[j], row[j + 1]):
                row[i + 1] = row[i]
        left += row[i + 1] > row[i]
    return left


@compiled
def append_pairs(
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    folder: NDArray[np.uint8],
    ends: tuple[int, int, int, int, int],
    longest_url: int,
    first_key: int,
    count: int,
    urls: NDArray[np.uint8],
    url_ends: NDArray[np.int32],
    texts: NDArray[np.uint8],
    text_ends: NDArray[np.int32],
    sources: NDArray[np.int8],
    keys: NDArray[np.int64],
    images: NDArray[np.int64],
) -> int:
    """Append the pairs of `rows` (see `scan`) behind `count` others; return the new count.

    `folder` and `ends` are a `Folder`.
    """
    for number in range(rows.shape[0]):
        row = rows[number]
        form = row[1]
        if _strip_texts(data, row) == 0:
            images[NO_TEXT] += 1
        elif form == DATA:
            images[NOT_HTTP] += 1
        elif form != ABSOLUTE and folder.shape[0] == 0:
            images[BAD_URL] += 1
        else:
            start = np.int64(url_ends[count])
            size = _copy(folder, 0, ends[form], urls, start)
            size = _copy_url(data, row[2], row[3], urls, size)
            if size - start > longest_url:
                images[LONG_URL] += 1
                continue
            images[KEPT] += 1
            for i in range(_TEXTS):
                text, end = row[4 + 2 * i], row[5 + 2 * i]
                if end > text:
                    if url_ends[count] != start:
                        _copy(urls, start, size, urls, url_ends[count])
                    url_ends[count + 1] = url_ends[count] + size - start
                    text_ends[count + 1] = _copy(data, text, end, texts, text_ends[count])
                    sources[count], keys[count] = i, first_key + 4 * row[0] + i
                    count += 1
    return count
