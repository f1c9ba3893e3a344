"""Grow the columns of pairs that kernels append to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Columns(NamedTuple):
    """Buffers of columns. A row's string starts at `ends[row]` and ends at `ends[row + 1]`."""

    urls: NDArray[np.uint8]
    url_ends: NDArray[np.int32]
    texts: NDArray[np.uint8]
    text_ends: NDArray[np.int32]
    sources: NDArray[np.int8]
    keys: NDArray[np.int64]  # sort keys of the rows


def new_columns(rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Return columns with room for so many rows and bytes."""
    return Columns(
        np.empty(url_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(text_bytes, np.uint8),
        np.zeros(rows + 1, np.int32),
        np.empty(rows, np.int8),
        np.empty(rows, np.int64),
    )


def with_room(columns: Columns, count: int, rows: int, url_bytes: int, text_bytes: int) -> Columns:
    """Return columns with the first `count` rows of these and room for so many more."""
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
